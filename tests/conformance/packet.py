# SPDX-License-Identifier: GPL-2.0-only
"""Packets: from what a case says of them to bytes, and back to what can be told of one that was seen.

Each packet carries a number, its tag, in the IPv4 header's identification or IPv6's flow label. Neither is changed on its way, and an
ICMP error quotes it. A TCP reset is found by its numbers.
"""
import ipaddress
import struct

TCP, UDP, ICMP, ICMP6, SCTP, DCCP, UDPLITE = 6, 17, 1, 58, 132, 33, 136
WITH_PORTS = (TCP, UDP, SCTP, DCCP, UDPLITE)
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
TAGS = 0xfffe
TCP_OPTIONS = {"mss": (2, 2), "window": (3, 1), "sack-permitted": (4, 0), "sack": (5, 8), "timestamp": (8, 8), "md5": (19, 16)}


def checksum(data):
    value = int.from_bytes(data + b"\0" if len(data) % 2 else data, "big") % 0xffff
    return 0xffff - value or 0xffff


def packed(address, family):
    return address.to_bytes(4 if family == 4 else 16, "big")


def with_sum(p, proto, data, at):
    pseudo = packed(p["src"], p["family"]) + packed(p["dst"], p["family"]) + struct.pack("!II", len(data), proto)
    value = checksum(pseudo + data) ^ (0x5555 if p.get("bad") else 0)
    return data[:at] + struct.pack("!H", value) + data[at + 2:]


def tcp_options(p):
    """Those that a case asks for, padded."""
    data = b""
    if p.get("mss") is not None:
        data += struct.pack("!BBH", 2, 4, p["mss"])
    for name in p.get("options", ()):
        kind, size = TCP_OPTIONS[name]
        if name != "mss" or p.get("mss") is None:
            data += bytes([kind, size + 2]) + bytes(size)
    return data + b"\1" * (-len(data) % 4)


def transport(p, room):
    """The header after IP's and @room bytes of data, or as many as usual."""
    proto = p["proto"]
    if proto == TCP:
        options = tcp_options(p)
        head = struct.pack("!HHIIBBHHH", p["sport"], p["dport"], p["seq"], p["ack"], 5 + len(options) // 4 << 4, p["flags"], 60000, 0, 0)
        return with_sum(p, proto, pad(head + options, room), 16)
    if proto in (UDP, UDPLITE):
        data = pad(struct.pack("!HHHH", p["sport"], p["dport"], 0, 0) + bytes(4), room)
        return with_sum(p, proto, data[:4] + struct.pack("!H", len(data)) + data[6:], 6)
    if proto == (ICMP if p["family"] == 4 else ICMP6):
        data = pad(struct.pack("!BBHI", p["type"], p["code"], 0, p.get("rest", p["sport"] << 16)) + p.get("quoted", b""), room)
        if proto == ICMP:
            return data[:2] + struct.pack("!H", checksum(data)) + data[4:]
        return with_sum(p, proto, data, 2)
    if proto == SCTP:
        return pad(struct.pack("!HHIIBBHI", p["sport"], p["dport"], 0, 0, 1, 0, 20, 1) + bytes(12), room)
    if proto == DCCP:
        # A request: data offset 4 words, type 0, a long sequence number, a service code.
        return pad(struct.pack("!HHBBHBBHII", p["sport"], p["dport"], 5, 0, 0, 1, 0, 0, 1, 0), room)
    return pad(bytes(8), room)


def pad(data, room):
    return data + bytes(max(0, (room or 0) - len(data)))


def build(p, tag):
    """The bytes of a packet, as a list: a fragmented one has two."""
    family, length = p["family"], p.get("length")
    extra = extension(p)
    data = transport(p, length and length - (20 if family == 4 else 40) - len(extra))
    make = make4 if family == 4 else make6
    cut = len(data) // 2 & ~7
    if p.get("fragments") and cut >= 24:
        return [make(p, tag, data[:cut], 0x2000, b""), make(p, tag, data[cut:], cut // 8, b"")]
    return [make(p, tag, data, 0, extra)]


def extension(p):
    if p["family"] == 4 or p.get("rt") is None:
        return b""
    return bytes([p["proto"], 2, p["rt"], 0, 0, 0, 0, 0]) + bytes(16)


def make4(p, tag, data, frag, _):
    options = p.get("ip-options", b"")
    head = struct.pack("!BBHHHBBH", 0x45 + len(options) // 4, p["tos"], 20 + len(options) + len(data), tag, frag, p["ttl"], p["proto"], 0)
    head += packed(p["src"], 4) + packed(p["dst"], 4) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def make6(p, tag, data, frag, extra):
    proto = 43 if extra else p["proto"]
    if frag:
        extra, proto = struct.pack("!BBHI", p["proto"], 0, (frag & 0x1fff) << 3 | frag >> 13, tag), 44
    data = extra + data
    head = struct.pack("!IHBB", 6 << 28 | p["tos"] << 20 | tag, len(data), proto, p["ttl"])
    return head + packed(p["src"], 6) + packed(p["dst"], 6) + data


def reset_number(p, data):
    """The number in a reset that answers this packet."""
    if p["flags"] & ACK:
        return p["ack"]
    return p["seq"] + bool(p["flags"] & SYN) + bool(p["flags"] & FIN) + data & 0xffffffff


class Seen:
    """What a packet that was seen is: one of ours that passed, or an answer."""

    def __init__(self, data):
        self.tag, self.answer, self.number = 0, None, None
        if data[0] >> 4 == 4:
            self.read4(data)
        else:
            self.read6(data)

    def read4(self, d):
        head = (d[0] & 15) * 4
        self.tag, proto = d[4] << 8 | d[5], d[9]
        if proto == ICMP and d[1] & 0xe0 == 0xc0 and d[head] in (3, 11, 12) and len(d) >= head + 14:
            self.answer = ("icmp", d[head], d[head + 1])
            self.tag = d[head + 12] << 8 | d[head + 13]
        elif proto == TCP and self.tag == 0 and d[head + 13] & RST:
            self.reset(d, head)

    def read6(self, d):
        self.tag = d[2] << 8 | d[3]
        if self.tag:
            return
        if d[6] == ICMP6 and 1 <= d[40] <= 4 and len(d) >= 52:
            self.answer = ("icmp6", d[40], d[41])
            self.tag = d[50] << 8 | d[51]
        elif d[6] == TCP and d[53] & RST:
            self.reset(d, 40)

    def reset(self, d, head):
        self.answer = ("reset",)
        acked = d[head + 13] & ACK
        self.number = int.from_bytes(d[head + 8:head + 12] if acked else d[head + 4:head + 8], "big")


# The words of `fwctl classify`

NAMES = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmp6", 132: "sctp", 33: "dccp", 136: "udplite"}
FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"]


def transport_of(d):
    """(protocol, where its header begins, routing type) of an IP packet."""
    if d[0] >> 4 == 4:
        return d[9], (d[0] & 15) * 4, None
    proto, at, routing = d[6], 40, None
    while proto in (0, 43, 44, 60) and at + 8 < len(d):
        routing = d[at + 2] if proto == 43 else routing
        proto, at = d[at], at + (8 if proto == 44 else d[at + 1] * 8 + 8)
    return proto, at, routing


def option_words(options):
    """TCP's, those that have names."""
    names, value, at = {kind: name for name, (kind, _) in TCP_OPTIONS.items()}, "", 0
    found = []
    while at + 1 < len(options) and options[at]:
        if options[at] == 1:
            at += 1
            continue
        found += [names[options[at]]] if options[at] in names else []
        if options[at] == 2:
            value = f" mss {int.from_bytes(options[at + 2:at + 4], 'big')}"
        at += max(2, options[at + 1])
    return (f" tcp-option {','.join(found)}" if found else "") + value


def words(d, hook, came, goes, mark, state, owner):
    """A packet that was seen at a hook, as `fwctl classify` reads it."""
    v4 = d[0] >> 4 == 4
    proto, at, routing = transport_of(d)
    address = ipaddress.IPv4Address if v4 else ipaddress.IPv6Address
    src, dst = (str(address(d[a:b])) for a, b in ([(12, 16), (16, 20)] if v4 else [(8, 24), (24, 40)]))
    length = int.from_bytes(d[2:4], "big") if v4 else int.from_bytes(d[4:6], "big") + 40
    rest = ""
    if proto in WITH_PORTS:
        sport, dport = struct.unpack_from("!HH", d, at)
        src, dst = (f"{a if v4 else '[' + a + ']'}:{port}" for a, port in ((src, sport), (dst, dport)))
    if proto == TCP:
        flags = ",".join(name for bit, name in enumerate(FLAGS) if d[at + 13] & 1 << bit)
        rest += f" flags {flags or 'none'}" + option_words(d[at + 20:at + (d[at + 12] >> 4) * 4])
    if proto == (ICMP if v4 else ICMP6):
        rest += f" type {d[at]} code {d[at + 1]}"
    tos = d[1] if v4 else (d[0] & 15) << 4 | d[1] >> 4
    rest += f" ttl {d[8] if v4 else d[7]} dscp {tos >> 2} length {length}" + (f" mark {mark}" if mark else "")
    if routing is not None:
        rest += f" rt-type {routing}"
    interfaces = {"input": f"on {came}", "forward": f"from-if {came} to-if {goes}", "output": f"on {goes}"}[hook]
    if hook == "output":
        rest += f" uid {owner[0]} gid {owner[1]}"
    return f"{NAMES.get(proto, proto)} {src} > {dst} {hook} {interfaces} state {state}{rest}"


def address(number, family):
    return str(ipaddress.IPv4Address(number) if family == 4 else ipaddress.IPv6Address(number))
