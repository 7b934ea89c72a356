# SPDX-License-Identifier: GPL-2.0-only
"""A box: a network namespace with a filter under test, and around it one that has the far ends of its links.

A packet says by its source MAC, or by its socket's mark, where the box is to route it, so that any address can be that of the box, or of
a host beyond any of its links:

	02:fa mm MM 00 RR    RR 1: to the box itself, 16 + n: out on link n; MM mm is the mark that the filter sees

Before all filters each packet is logged with its state (group ASKED), after them again (group PASSED). One to the box is then taken away,
once it is in the table of connections. So nothing is sent by itself but refusals: no host is there that answers.
"""
import contextlib
import ctypes
import os
import socket
import subprocess

import netlink

PASSED, ASKED = 7, 5
LOCAL, LINKS = 1, 16
SNAP = 160
CLONE_NEWNET = 0x40000000
SOL_PACKET, IGNORE_OUTGOING = 263, 23
IPV6_HDRINCL = 36
ETH_P_ALL = 3
BARRIER = bytes.fromhex("88b5") + b"barrier" + bytes(40)
MOST_LINKS = 14
libc = ctypes.CDLL(None, use_errno=True)

STATES = ["new", "established", "related", "invalid", "untracked"]
SEE_STATE = "ct state vmap { " + ", ".join(f"{state} : jump {state}" for state in STATES) + " }"


def chain(name, hook, priority, *rules):
    kind = f"type filter hook {hook} priority {priority}; " if hook else ""
    return "\n".join([f"chain {name} {{ {kind}", *rules, "}"])


def log(group, prefix=""):
    return f'log prefix "{prefix}" group {group} queue-threshold 1 snaplen {SNAP}'


TAP = "\n".join([
    "table inet conformance {",
    *(chain(state, None, 0, log(ASKED, state)) for state in STATES),
    *(chain(f"to-{hook}", hook, -99, SEE_STATE) for hook in ("input", "forward", "output")),
    *(chain(f"clear-{hook}", hook, -2147483648, "meta mark set meta mark & 0xffff") for hook in ("input", "forward", "output")),
    chain("steer", "prerouting", 2147483646, "@ll,48,16 0x02fa meta mark set @ll,64,32"),
    *(chain(f"let-{hook}", hook, 2147483646, log(PASSED)) for hook in ("forward", "output")),
    chain("end", "input", 2147483647, log(PASSED), "drop"),
    "}", "table netdev conformance {",
    chain("barrier", "ingress device tap0", 0, "fwd to tap0"),
    "}"])

# Local addresses are asked last, so that a mark comes before them.
RULES = f"""
route add local default dev lo table 1001
rule add pref 20 fwmark {LOCAL << 24:#x}/0xff000000 lookup 1001
rule add pref 100 lookup local
rule del pref 0
"""

SYSCTLS = {
    "net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1, "net.ipv4.icmp_echo_ignore_all": 1, "net.ipv6.icmp.echo_ignore_all": 1,
    "net.ipv4.icmp_ratelimit": 0, "net.ipv6.icmp.ratelimit": 0, "net.ipv4.icmp_msgs_per_sec": 1000000, "net.ipv4.icmp_msgs_burst": 1000000,
    "net.ipv4.igmp_max_memberships": 1000, "net.ipv6.auto_flowlabels": 0, "net.ipv6.conf.all.accept_ra": 0,
    "net.netfilter.nf_conntrack_udp_timeout": 3600, "net.netfilter.nf_conntrack_icmp_timeout": 3600,
    "net.netfilter.nf_conntrack_icmpv6_timeout": 3600, "net.netfilter.nf_conntrack_generic_timeout": 3600,
    **{f"net.ipv4.conf.{of}.{name}": value for of in ("all", "default") for name, value in
       {"rp_filter": 0, "accept_local": 1, "route_localnet": 1, "send_redirects": 0, "accept_source_route": 1}.items()},
    **{f"net.ipv6.conf.{of}.{name}": value for of in ("all", "default") for name, value in
       {"accept_dad": 0, "router_solicitations": 0, "accept_redirects": 0, "accept_source_route": 1}.items()},
}


@contextlib.contextmanager
def inside(space):
    """In a network namespace, this thread."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{space}", os.O_RDONLY)
    try:
        set_space(there)
        yield
    finally:
        set_space(home)
        os.close(home)
        os.close(there)


def set_space(fd):
    if libc.setns(fd, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def run(*command, text=None, env=None):
    """(exit code, output, errors)"""
    done = subprocess.run(command, input=text, capture_output=True, text=True, errors="surrogateescape", env=env)
    return done.returncode, done.stdout, done.stderr


class Box:
    def __init__(self, name):
        self.name, self.around = name, name + "-far"
        self.links = {}    # name: number
        self.fars = {}     # name of a far end: name of the link
        self.indexes = {}  # index of an interface of the box: its name
        self.ways = {}     # sockets to send on
        self.joined = {}
        for space in (self.name, self.around):
            self.must("ip", "netns", "add", space)
        for name in (self.around, self.name):
            self.do("ip", "link", "set", "lo", "up", space=name)
        for family in ("-4", "-6"):
            self.do("ip", family, "-batch", "-", text=RULES)
        self.sysctl(SYSCTLS)
        with inside(self.around):
            self.far = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
            self.far.setsockopt(socket.SOL_SOCKET, netlink.RCVBUFFORCE, netlink.ROOM)
            self.far.setsockopt(SOL_PACKET, IGNORE_OUTGOING, 1)
            self.far.setblocking(False)
        self.add_link("tap0")
        self.do("nft", "-f", "-", text=TAP)
        with inside(self.name):
            self.passed, self.asked = netlink.open_log(PASSED, SNAP), netlink.open_log(ASKED, SNAP)
            self.indexes[socket.if_nametoindex("lo")] = "lo"

    def must(self, *command, text=None):
        code, out, err = run(*command, text=text)
        if code:
            raise RuntimeError(f"{' '.join(command)}: {err.strip()}")
        return out

    def try_do(self, *command, text=None, space=None, env=None):
        return run("nsenter", f"--net=/run/netns/{space or self.name}", *command, text=text, env=env)

    def do(self, *command, text=None, space=None):
        return self.must("nsenter", f"--net=/run/netns/{space or self.name}", *command, text=text)

    def sysctl(self, values):
        # What a kernel lacks it does not do.
        self.try_do("sysctl", "-qe", *(f"{name}={value}" for name, value in values.items()))

    def mac(self, number, end):
        return bytes([2, 0, 0, 0, end, number])

    def add_link(self, name):
        number = next(n for n in range(256) if n not in self.links.values())
        far = f"far{number}"
        self.must("ip", "link", "add", name, "address", self.mac(number, 1).hex(":"), "netns", self.name, "type", "veth",
                  "peer", "name", far, "address", self.mac(number, 2).hex(":"), "netns", self.around)
        self.do("ip", "link", "set", far, "up", space=self.around)
        there, route = self.mac(number, 2).hex(":"), LINKS + number
        table, mark = 1000 + route, f"{route << 24:#x}/0xff000000"
        # Nobody is asked for MAC addresses.
        self.do("ip", "link", "set", name, "arp", "off", "up")
        self.do("ip", "-batch", "-", text=f"""
addr add 10.255.{number}.1/32 dev {name}
neigh replace 10.255.{number}.2 lladdr {there} dev {name} nud permanent
route add default via 10.255.{number}.2 dev {name} onlink table {table}
route add default via 10.255.{number}.2 dev {name} onlink metric {table}
rule add pref 20 fwmark {mark} lookup {table}
""")
        self.do("ip", "-6", "-batch", "-", text=f"""
addr add fd00:255:{number}::1/128 dev {name} nodad
neigh replace fe80::2 lladdr {there} dev {name} nud permanent
route add default via fe80::2 dev {name} table {table}
route add default via fe80::2 dev {name} metric {table}
rule add pref 20 fwmark {mark} lookup {table}
""")
        self.links[name] = number
        with inside(self.name):
            self.indexes[socket.if_nametoindex(name)] = name
        with inside(self.around):
            self.fars[far] = name
            way = self.ways[name] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            way.bind((far, 0))

    def del_link(self, name):
        number = self.links.pop(name)
        self.ways.pop(name).close()
        for sock in self.joined.pop(name, []):
            sock.close()
        self.do("ip", "link", "del", name)
        for family in ("-4", "-6"):
            self.do("ip", family, "rule", "del", "pref", "20", "fwmark", f"{LINKS + number << 24:#x}/0xff000000")
        for of in (self.fars, self.indexes):
            for index in [i for i, link in of.items() if link == name]:
                del of[index]

    def join(self, group):
        """Takes part in a multicast group on each link."""
        for name in self.links:
            with inside(self.name):
                family = socket.AF_INET6 if ":" in group else socket.AF_INET
                sock = socket.socket(family, socket.SOCK_DGRAM)
                index, packed = socket.if_nametoindex(name), socket.inet_pton(family, group)
                with contextlib.suppress(OSError):
                    if family == socket.AF_INET6:
                        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, packed + index.to_bytes(4, "little"))
                    else:
                        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, packed + bytes(4) + index.to_bytes(4, "little"))
                self.joined.setdefault(name, []).append(sock)

    def leave(self):
        for socks in self.joined.values():
            for sock in socks:
                sock.close()
        self.joined = {}

    def forget(self):
        with inside(self.name):
            netlink.forget_connections()

    def close(self):
        for space in (self.name, self.around):
            run("ip", "netns", "del", space)

    # Packets

    def send_in(self, link, route, mark, packet, mac=None):
        """Comes in on a link, or on lo."""
        way = self.ways.get(link) or self.open_lo()
        number = self.links.get(link)
        to = bytes(6) if number is None else self.mac(number, 1)
        source = mac or b"\x02\xfa" + mark.to_bytes(2, "little") + bytes([0, route])
        kind = b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd"
        self.attempt(way.send, to + source + kind + packet)

    def open_lo(self):
        with inside(self.name):
            way = self.ways["lo"] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            way.bind(("lo", 0))
        return way

    def send_out(self, route, mark, packet, uid=0, gid=0):
        """Is sent by a local process."""
        family = packet[0] >> 4
        key = (family, route, mark, uid, gid)
        way = self.ways.get(key) or self.open_raw(*key)
        if family == 4:
            self.attempt(way.sendto, packet, (socket.inet_ntoa(packet[16:20]), 0))
        else:
            self.attempt(way.sendto, packet, (socket.inet_ntop(socket.AF_INET6, packet[24:40]), 0))

    def open_raw(self, family, route, mark, uid, gid):
        with inside(self.name):
            libc.setfsgid(gid)
            libc.setfsuid(uid)
            try:
                way = socket.socket(socket.AF_INET if family == 4 else socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW)
            finally:
                libc.setfsuid(0)
                libc.setfsgid(0)
        way.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, route << 24 | mark)
        if family == 4:
            way.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        else:
            way.setsockopt(socket.IPPROTO_IPV6, IPV6_HDRINCL, 1)
        self.ways[family, route, mark, uid, gid] = way
        return way

    @staticmethod
    def attempt(send, *args):
        """A packet that the kernel refuses to send, by its filter or its routes, is one that does not arrive."""
        with contextlib.suppress(OSError):
            send(*args)

    def settle(self):
        """Everything that was sent has arrived where it goes: what the far ends have seen, as (link, IP packet)."""
        self.ways["tap0"].send(self.mac(self.links["tap0"], 1) + self.mac(self.links["tap0"], 2) + BARRIER)
        while True:
            try:
                frame, where = self.far.recvfrom(2048)
            except BlockingIOError:
                continue
            if frame[12:14] == BARRIER[:2]:
                return
            if frame[12:14] in (b"\x08\x00", b"\x86\xdd"):
                yield self.fars.get(where[0]), frame[14:]
