#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The same random rules for fwd and for nft, and random packets through both; for as_nft.sh.

    as_nft.py rules SEED DIR              writes DIR/fw.rules and DIR/ref.nft
    as_nft.py send SEED N CLIENT INSIDE   sends N packets on c0 of the namespace CLIENT and on i0 of INSIDE

A rule of fwd becomes one or more rules of nft, by family and value, with one counter between them. Those of nft come first and let
everything pass; fwd drops. Addresses, ports and values are few, so that rules overlap and packets meet them.
"""
import ctypes
import os
import random
import socket
import struct
import sys

MAC = bytes.fromhex("020000000002")
CLIENT = {4: ["192.0.2.2", "203.0.113.66", "198.51.100.9"], 6: ["2001:db8:0:1::2", "2001:db8:bad::66"]}
SERVER = {4: ["192.0.2.1"], 6: ["2001:db8:0:1::1"]}
INSIDE = {4: ["198.18.77.%d" % i for i in range(2, 6)], 6: ["2001:db8:77::%d" % i for i in range(2, 6)]}
NETS = {4: ["192.0.2.0/24", "192.0.2.0/30", "203.0.113.64-203.0.113.66", "198.18.0.0/15", "198.18.77.2/31", "198.18.77.4"],
        6: ["2001:db8::/32", "2001:db8:0:1::/64", "2001:db8:bad::66", "2001:db8:77::2-2001:db8:77::3", "2001:db8:77::4/126"]}
PORTS = [22, 25, 53, 80, 443, 7001, 8080, 9000]
SOURCE_PORTS = [53, 1024, 2000, 2001, 30000, 65535]
STATES = ["new", "established", "related", "invalid", "untracked"]
PROTOS = {"tcp": 6, "udp": 17, "icmp": 1, "icmp6": 58, "sctp": 132, "gre": 47, "esp": 50}
FLAGS = ["fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"]
WITH_HEADER = ["port", "flags", "-type", "-code"]
OF_FAMILY = {"icmp": 4, "icmp6": 6}
REFUSING = ["drop", "reject"]
HOOKS = ["input", "forward", "output"]


# Rules

class Draft:
    """A rule: its text for fwd, and for each family the matches of nft, as a list of alternatives."""

    def __init__(self):
        self.text = ""
        self.nft = {4: [""], 6: [""]}

    def both(self, text, *alternatives):
        self.each(text, alternatives, alternatives)

    def each(self, text, v4, v6):
        self.text += " " + text if text else ""
        for family, more in ((4, v4), (6, v6)):
            self.nft[family] = [a + " " + b for a in self.nft[family] for b in more]


def some(values, most=3):
    return random.sample(values, random.randint(1, min(most, len(values))))


def listed(values):
    return values[0] if len(values) == 1 else "{ " + ", ".join(values) + " }"


def chance(percent):
    return random.randrange(100) < percent


def match_values(draft, word, nft, values, no=30):
    """Values of a field of both families, with `not` or without. Each of @nft is the field in a family."""
    no = chance(no)
    braces = "{ " + ", ".join(values) + " }"
    v4, v6 = ([f"{field} {'!= ' if no else ''}{braces}"] if field else [] for field in nft)
    draft.each(f"{word} {'not ' if no else ''}{listed(values)}", v4, v6)


def numbers(top, corners):
    """A few values and ranges, that do not overlap."""
    cuts = sorted(random.sample(corners, random.randint(1, min(4, len(corners)))))
    if len(cuts) == 2 and chance(60):
        return [f"{cuts[0]}-{cuts[1]}"]
    if len(cuts) == 3 and chance(60):
        return [str(cuts[0]), f"{cuts[1]}-{min(cuts[2], top)}"]
    return [str(c) for c in cuts]


def match_address(draft, word, nft, family):
    nets = some(NETS[4]) if family != 6 and (family or chance(60)) else []
    nets6 = some(NETS[6]) if family != 4 and (chance(60) or not nets) else []
    no = chance(25)
    alternatives = {}
    for family, of, key in ((4, nets, "ip"), (6, nets6, "ip6")):
        if of:
            # Without overlaps, which sets of nft refuse: one alternative each, or all of them negated.
            each = [f"{key} {nft} {'!= ' if no else ''}{net}" for net in of]
            alternatives[family] = [" ".join(each)] if no else each
        else:
            alternatives[family] = [""] if no else []
    draft.each(f"{word} {'not ' if no else ''}{listed(nets + nets6)}", alternatives[4], alternatives[6])


def match_ports(draft):
    for word, corners in (("sport", SOURCE_PORTS + PORTS), ("dport", PORTS)):
        if chance(50):
            match_values(draft, word, [f"th {word}"] * 2, numbers(65535, sorted(set(corners))))


def match_flags(draft):
    mask = random.sample(FLAGS, random.randint(1, 5))
    value = [f for f in mask if chance(50)]
    no = chance(30)
    bits = sum(1 << FLAGS.index(f) for f in value)
    of = sum(1 << FLAGS.index(f) for f in mask)
    draft.both(f"flags {'not ' if no else ''}{','.join(value) or 'none'}/{','.join(mask)}",
               f"tcp flags & {of:#x} {'!=' if no else '=='} {bits:#x}")


def match_icmp(draft, proto):
    word, types = (("icmp", [0, 3, 5, 8, 11, 12]) if proto == "icmp" else ("icmp6", [1, 2, 3, 4, 128, 129]))
    nft = "icmpv6" if proto == "icmp6" else "icmp"
    if chance(80):
        match_values(draft, f"{word}-type", [f"{nft} type"] * 2, numbers(255, types))
    if chance(20):
        match_values(draft, f"{word}-code", [f"{nft} code"] * 2, numbers(255, [0, 1, 3, 4]))


def match_proto(draft):
    icmps = [name for name, family in OF_FAMILY.items() if draft.nft[family]]
    protos = [random.choice(["tcp", "udp"] + icmps)] if chance(70) else some(list(PROTOS))
    if chance(20):
        protos = ["tcp", "udp"]
    match_values(draft, "proto", ["meta l4proto"] * 2, protos, 0 if len(protos) == 1 else 10)
    draft.nft = {f: [a.replace("icmp6", "icmpv6") for a in alternatives] for f, alternatives in draft.nft.items()}
    if len(protos) == 1 and protos[0] in OF_FAMILY:
        draft.nft[10 - OF_FAMILY[protos[0]]] = []
    if "proto not" in draft.text:
        return
    if set(protos) <= {"tcp", "udp", "sctp"}:
        match_ports(draft)
    if protos == ["tcp"] and chance(50):
        match_flags(draft)
    if protos in (["icmp"], ["icmp6"]):
        match_icmp(draft, protos[0])


def match_header(draft):
    """A later fragment has no ports, flags or types: nft takes its first bytes for them."""
    if any(word in draft.text for word in WITH_HEADER):
        draft.each("", ["ip frag-off & 0x1fff == 0"], ["exthdr frag missing", "frag frag-off 0"])


def match_frag(draft):
    kind = random.choice(["no", "first"] if any(word in draft.text for word in WITH_HEADER) else
                         ["no", "later", "not no", "any"])
    later4, later6 = "ip frag-off & 0x1fff != 0", "frag frag-off != 0"
    first4, first6 = "ip frag-off & 0x3fff == 0x2000", "frag frag-off 0 frag more-fragments 1"
    kinds = {"no": (["ip frag-off & 0x3fff == 0"], ["exthdr frag missing", "frag frag-off 0 frag more-fragments 0"]),
             "first": ([first4], [first6]), "later": ([later4], [later6]), 
             "not no": ([first4, later4], [first6, later6]), "any": ([""], [""])}
    draft.each(f"frag {kind}", *kinds[kind])


def match_interfaces(draft, hooks):
    """`on` is the interface in at input, and that out at output."""
    names = {"in": ["s0", "r1", "lo", "none0"], "out": ["s0", "r1", "lo"]}
    if hooks == ["forward"]:
        for word, key in (("from-if", "iifname"), ("to-if", "oifname")):
            if chance(50):
                match_values(draft, word, [key] * 2, some(names["in"], 2))
    elif hooks in (["input"], ["output"]) and chance(50):
        key = "iifname" if hooks == ["input"] else "oifname"
        match_values(draft, "on", [key] * 2, some(names["in"], 2))


def draft_rule(stateful):
    """A rule that some packet can match: fwd refuses others."""
    while True:
        hooks, draft = draft_any_rule(stateful)
        if draft.nft[4] or draft.nft[6]:
            return hooks, draft


def draft_any_rule(stateful):
    draft = Draft()
    hooks = some(HOOKS) if chance(85) else []
    draft.text = " ".join(hooks)
    family = random.choice([None, None, 4, 6])
    if family:
        draft.text += " ip" if family == 4 else " ip6"
        draft.nft[10 - family] = []
    if chance(45):
        match_address(draft, "from", "saddr", family)
    if chance(45):
        match_address(draft, "to", "daddr", family)
    if chance(70):
        match_proto(draft)
    if stateful and hooks and chance(50):
        match_values(draft, "state", ["ct state"] * 2, some(STATES))
    if chance(15):
        match_interfaces(draft, hooks)
    if chance(10):
        match_values(draft, "ttl", ["ip ttl", "ip6 hoplimit"], numbers(255, [1, 2, 31, 32, 63, 64, 255]))
    if chance(10):
        match_values(draft, "length", ["meta length"] * 2, numbers(65535, [28, 40, 44, 60, 61, 100, 500, 1000]))
    if chance(10):
        match_values(draft, "dscp", ["ip dscp", "ip6 dscp"], numbers(63, [0, 10, 46, 48]))
    if chance(10):
        match_values(draft, "mark", ["meta mark"] * 2, numbers(255, [0, 1, 2, 3]))
    if chance(5 if stateful else 25):
        match_frag(draft)
    match_header(draft)
    return hooks or HOOKS, draft


def write_rules(folder):
    stateful, rejecting = chance(75), random.choice([0, 0, 2])
    chains = {hook: [] for hook in HOOKS}
    names = []
    # What a host does by itself is left out on both sides.
    quiet = "meta l4proto icmpv6 icmpv6 type { 130-137, 143 } accept", "meta l4proto igmp accept"
    rules = ["rule name quiet6 input forward output proto icmp6 icmp6-type { 130-137, 143 } accept",
             "rule name quiet4 input forward output proto igmp accept"]
    before = []
    for number in range(random.randint(5, 40)):
        hooks, draft = draft_rule(stateful)
        name = f"r{number}"
        verdict = random.choice(["accept"] * 5 + ["drop"] * 3 + ["continue"] + ["reject"] * rejecting)
        rules.append(f"rule name {name} {draft.text} {verdict}")
        names.append(name)
        for hook in hooks:
            matches = [f"meta nfproto ipv{family}{matches} counter name {name}" for family in (4, 6) for matches in draft.nft[family]]
            dropped = f" counter name dropped-{hook}" if verdict in REFUSING else ""
            if verdict == "continue":
                # A chain of its own, so that only the first of the alternatives counts.
                before += [f"chain {name}-{hook} {{", *(m + " return" for m in matches), "}"]
                chains[hook].append(f"jump {name}-{hook}")
            else:
                chains[hook] += [f"{m}{dropped} accept" for m in matches]
    names += [f"seen-{state}" for state in STATES]
    for hook in HOOKS:
        verdict = random.choice(["accept"] * 7 + ["drop"] * 2 + ["reject" if rejecting else "drop"])
        rules.insert(0, f"policy {hook} {verdict}")
        names += [f"policy-{hook}", f"dropped-{hook}", f"passed-{hook}", f"seen-{hook}"]
        end = f" counter name dropped-{hook}" if verdict in REFUSING else ""
        chains[hook].append(f"counter name policy-{hook}{end}")
    with open(f"{folder}/fw.rules", "w") as f:
        f.write("\n".join(rules) + "\n")
    with open(f"{folder}/ref.nft", "w") as f:
        f.write("table inet ref\ndelete table inet ref\n" + reference(before, chains, names, quiet, stateful))


def reference(before, chains, names, quiet, stateful):
    """The counters, the rules in front of fwd, what comes after it; and marks, packets that are not tracked, NAT."""
    text = ["table inet ref {"] + [f"counter {name} {{ }}" for name in names] + before
    for hook in HOOKS:
        text += [f"chain before-{hook} {{ type filter hook {hook} priority -10;", *quiet, f"counter name seen-{hook}",
                 *([f"ct state {state} counter name seen-{state}" for state in STATES] if stateful else []), *chains[hook], "}",
                 f"chain after-{hook} {{ type filter hook {hook} priority 10;", *quiet, f"counter name passed-{hook}", "}"]
    for hook in ("prerouting", "output"):
        text += [f"chain raw-{hook} {{ type filter hook {hook} priority -300;", "meta length 60-99 meta mark set 1",
                 "meta l4proto tcp meta mark set 2", "ip ttl 63 meta mark set 3"]
        text += ["udp dport 443 notrack", "udp sport 443 notrack"] if stateful else []
        text += ["}"]
    if stateful and chance(50):
        text += ["chain nat-in { type nat hook prerouting priority -100;", "iifname s0 tcp dport 8080 dnat ip to 198.18.77.3:7001",
                 "iifname s0 udp dport 9000 dnat ip6 to 2001:db8:77::3", "}",
                 "chain nat-out { type nat hook postrouting priority 100;", "oifname s0 ip saddr 198.18.77.4 masquerade", "}"]
    return "\n".join(text) + "\n}\n"


# Packets

def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def packed(address):
    return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)


def summed(src, dst, proto, data, at):
    """@data with the checksum of a transport header at @at; rarely a wrong one, which makes it invalid."""
    pseudo = packed(src) + packed(dst) + struct.pack("!II", len(data), proto)
    value = checksum(pseudo + data) if chance(99) else 0xbad
    return data[:at] + struct.pack("!H", value) + data[at + 2:]


def tcp(src, dst, sport, dport, flags, seq=0, ack=0, data=b""):
    head = struct.pack("!HHIIBBHHH", sport, dport, seq & 0xffffffff, ack & 0xffffffff, 5 << 4, flags, 60000, 0, 0)
    return 6, summed(src, dst, 6, head + data, 16)


def udp(src, dst, sport, dport, data=b""):
    return 17, summed(src, dst, 17, struct.pack("!HHHH", sport, dport, 8 + len(data), 0) + data, 6)


def icmp(src, dst, kind, code, rest, data=b""):
    body = struct.pack("!BBHI", kind, code, 0, rest) + data
    if ":" in src:
        return 58, summed(src, dst, 58, body, 2)
    return 1, body[:2] + struct.pack("!H", checksum(body) if chance(99) else 0xbad) + body[4:]


def ip4(src, dst, proto, data, ttl, tos, frag, ident):
    options = b"\x01\x01\x01\x00" if chance(5) else b""
    head = struct.pack("!BBHHHBBH4s4s", 0x45 + len(options) // 4, tos, 20 + len(options) + len(data), ident, frag, ttl, proto, 0,
                       packed(src), packed(dst)) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + data


def ip6(src, dst, proto, data, ttl, tos, frag, ident):
    if frag is not None:
        data = struct.pack("!BBHI", proto, 0, (frag & 0x1fff) << 3 | frag >> 13 & 1, ident) + data
        proto = 44
    if chance(10):
        data = struct.pack("!BBBBI", proto, 0, 1, 4, 0) + data
        proto = random.choice([0, 60])
    return struct.pack("!IHBB16s16s", 6 << 28 | tos << 20, len(data), proto, ttl, packed(src), packed(dst)) + data


def packets(src, dst, transport):
    """One packet, or its fragments."""
    proto, data = transport
    ttl, tos, ident = random.choice([1, 2, 32, 33, 64, 64, 64, 64, 255]), random.choice([0, 0, 40, 184, 192]), random.getrandbits(16)
    make, none = (ip6, None) if ":" in src else (ip4, 0)
    # The first one holds the whole header: fwd drops others as malformed before any rule.
    if len(data) > 24 and chance(8):
        cut = 8 * random.randint(3, (len(data) - 1) // 8)
        pair = [make(src, dst, proto, data[:cut], ttl, tos, 0x2000, ident), make(src, dst, proto, data[cut:], ttl, tos, cut // 8, ident)]
        return some(pair, 2) if chance(30) else pair
    return [make(src, dst, proto, data, ttl, tos, 0 if chance(1) and none is None else none, ident)]


class Flow:
    """A conversation of a client with the server or a host inside, either of which may have begun it."""

    def __init__(self):
        self.family = random.choice([4, 6])
        self.proto = random.choice(["tcp"] * 5 + ["udp"] * 3 + ["echo"] * 2 + ["sctp", "other"])
        ends = [("c0", random.choice(CLIENT[self.family])),
                ("r1", random.choice(INSIDE[self.family])) if chance(70) else ("here", random.choice(SERVER[self.family]))]
        if chance(25):
            ends.reverse()
        self.ends = ends
        self.ports = [random.choice(SOURCE_PORTS) if chance(30) else random.randint(1024, 65535), random.choice(PORTS)]
        self.seq = [random.getrandbits(32), random.getrandbits(32)]
        self.last = b""
        self.step = 0

    def next(self):
        """The next packet: (side, frames), of whichever end is not the server itself."""
        way = 0 if self.step == 0 else random.randrange(2)
        if self.ends[way][0] == "here":
            way = 1 - way
        side, src = self.ends[way]
        dst = self.ends[1 - way][1]
        if self.last and chance(6):
            frames = packets(src, dst, self.error(src, dst))
        else:
            frames = packets(src, dst, getattr(self, self.proto)(src, dst, way))
            self.last = frames[0]
        self.step += 1
        return side, frames

    def error(self, src, dst):
        # About the last packet, whoever sent it; sometimes about nothing that was there.
        quoted = self.last[:120] if chance(80) else bytes(random.randbytes(60))
        kind, code = random.choice([(3, 1), (3, 3), (3, 4), (11, 0), (12, 0), (5, 1)] if self.family == 4
                                   else [(1, 0), (1, 4), (2, 0), (3, 0), (4, 1)])
        return icmp(src, dst, kind, code, 1400 if (kind, code) in ((3, 4), (2, 0)) else 0, quoted)

    def tcp(self, src, dst, way):
        data = bytes(random.randint(0, 200)) if chance(40) and self.step > 2 else b""
        if chance(15):
            return tcp(src, dst, self.ports[way], self.ports[1 - way], random.getrandbits(8), random.getrandbits(32), 0, data)
        flags = {0: 0x02, 1: 0x12, 2: 0x10}.get(self.step, random.choice([0x10, 0x18, 0x18, 0x11, 0x14 if chance(20) else 0x10]))
        if flags == 0x12 and way == 0:
            flags = 0x02
        result = tcp(src, dst, self.ports[way], self.ports[1 - way], flags, self.seq[way], self.seq[1 - way] if flags != 2 else 0, data)
        self.seq[way] += len(data) + (flags & 3 != 0)
        return result

    # An empty one would be the end of all data for nc, which listens and would then read nothing again and again.
    def udp(self, src, dst, way):
        return udp(src, dst, self.ports[way], self.ports[1 - way], bytes(random.choice([1, 5, 32, 300, 1000])))

    def echo(self, src, dst, way):
        request, reply = (8, 0) if self.family == 4 else (128, 129)
        return icmp(src, dst, reply if way else request, 0, self.ports[0] << 16 | self.step, bytes(56))

    def sctp(self, src, dst, way):
        return 132, struct.pack("!HHII", self.ports[way], self.ports[1 - way], 0, 0) + struct.pack("!BBH", 1, 0, 20) + bytes(16)

    def other(self, src, dst, way):
        return random.choice([(47, bytes(24)), (50, bytes(40)), (59, b""), (200, bytes(8))])


def open_in(space, name):
    fd = os.open(f"/run/netns/{space}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns")
    s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    s.bind((name, 0))
    return s


def send(count, client, inside):
    ways = {"c0": open_in(client, "c0"), "r1": open_in(inside, "i0")}
    flows = []
    while count > 0:
        if len(flows) < 300 and (not flows or chance(25)):
            flows.append(Flow())
        flow = random.choice(flows)
        side, frames = flow.next()
        for frame in frames:
            ways[side].send(MAC + MAC[:5] + b"\x09" + (b"\x08\x00" if frame[0] >> 4 == 4 else b"\x86\xdd") + frame)
            count -= 1
        if flow.step > 20:
            flows.remove(flow)


def main():
    random.seed(int(sys.argv[2]))
    if sys.argv[1] == "rules":
        write_rules(sys.argv[3])
    else:
        send(int(sys.argv[3]), sys.argv[4], sys.argv[5])


main()
