# SPDX-License-Identifier: GPL-2.0-only
"""The little of netlink that the harness needs: packets that nft logs to a group, and an empty connection table."""
import socket
import struct

NETFILTER = 12
REQUEST, ACK = 1, 4
LOG_PACKET, LOG_CONFIG = 0x400, 0x401
CONNTRACK_DELETE = 0x102
BIND, COPY_PACKET = 1, 2
PACKET_HDR, MARK, INDEV, OUTDEV, PAYLOAD, PREFIX = 1, 2, 4, 5, 9, 10
RCVBUFFORCE = 33
ROOM = 256 << 20


def attribute(kind, data):
    return struct.pack("=HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def message(kind, group, *attributes):
    body = struct.pack("!BBH", 0, 0, group) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, REQUEST | ACK, 0, 0) + body


def ask(sock, *args):
    sock.send(message(*args))
    error = struct.unpack_from("=i", sock.recv(4096), 16)[0]
    if error:
        raise OSError(-error, "netlink")


def forget_connections():
    """Of the current network namespace, all."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER) as sock:
        ask(sock, CONNTRACK_DELETE, 0)


def open_log(group, snap):
    """A socket that gets what the current namespace logs to this group, @snap bytes of each packet."""
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    sock.setsockopt(socket.SOL_SOCKET, RCVBUFFORCE, ROOM)
    sock.bind((0, 0))
    ask(sock, LOG_CONFIG, group, attribute(1, bytes([BIND])))
    ask(sock, LOG_CONFIG, group, attribute(2, struct.pack("!IBB", snap, COPY_PACKET, 0)))
    sock.setblocking(False)
    return sock


def logged(sock):
    """What has arrived: (hook, index of interface in, out, mark, prefix, payload) of each packet."""
    while True:
        try:
            data = sock.recv(1 << 16)
        except BlockingIOError:
            return
        at = 0
        while at + 20 <= len(data):
            size, kind = struct.unpack_from("=IH", data, at)
            if kind == LOG_PACKET:
                yield packet_of(data[at + 20:at + size])
            at += size + 3 & ~3


def packet_of(data):
    hook = came = goes = mark = 0
    prefix = payload = b""
    at = 0
    while at + 4 <= len(data):
        size, kind = struct.unpack_from("=HH", data, at)
        if kind == PAYLOAD:
            payload = data[at + 4:at + size]
        elif kind == PACKET_HDR:
            hook = data[at + 6]
        elif kind == INDEV:
            came = int.from_bytes(data[at + 4:at + 8], "big")
        elif kind == OUTDEV:
            goes = int.from_bytes(data[at + 4:at + 8], "big")
        elif kind == MARK:
            mark = int.from_bytes(data[at + 4:at + 8], "big")
        elif kind == PREFIX:
            prefix = data[at + 4:at + size - 1]
        at += size + 3 & ~3
    return hook, came, goes, mark, prefix.decode(), payload
