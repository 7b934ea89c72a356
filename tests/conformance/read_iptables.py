# SPDX-License-Identifier: GPL-2.0-only
"""Reads what iptables-save and ip6tables-save print, for corners.py."""
import contextlib
import ipaddress
import re
import shlex

from corners import Match, Rule

FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "NONE": 0, "ALL": 63}
PROTOS = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58, "icmpv6": 58, "sctp": 132, "dccp": 33, "udplite": 136, "gre": 47, "esp": 50,
          "ah": 51, "igmp": 2, "ipv6": 41, "ipencap": 4, "ospf": 89, "vrrp": 112, "pim": 103}
BASES = {"PREROUTING": ("input", "forward"), "INPUT": ("input",), "FORWARD": ("forward",), "OUTPUT": ("output",)}
FILTERING = ("raw", "mangle", "filter")


def net(text):
    n = ipaddress.ip_network(text, strict=False)
    return int(n[0]), int(n[-1])


def span(text):
    low, _, high = text.partition("-")
    return int(ipaddress.ip_address(low)), int(ipaddress.ip_address(high or low))


def numbers(text, most=65535):
    result = []
    for part in text.split(","):
        low, colon, high = part.partition(":")
        result.append((int(low or 0), int(high or (most if colon else low))))
    return result


def bits(text, most=0xffffffff):
    value, _, mask = text.partition("/")
    return [(int(value, 0), int(mask, 0) if mask else most)]


def protocol(text):
    number = PROTOS.get(text, int(text) if text.isdigit() else None)
    return [(number, number)] if number else []


def icmp(field_family):
    def read(text, no):
        if not re.fullmatch(r"\d+(/\d+)?", text):
            return []
        kind, _, code = text.partition("/")
        matches = [Match("type", [(int(kind), int(kind))], no, family=field_family)]
        return matches + ([Match("code", [(int(code), int(code))], family=field_family)] if code else [])
    return read


def interface(field):
    return lambda text, no: [Match(field, [text[:-1] + "*" if text.endswith("+") else text], no, "name")]


def ranges(field, read):
    def make(text, no):
        values = read(text)
        return [Match(field, values, no)] if values else []
    return make


def addresses(field, read):
    return lambda text, no: [Match(field, [read(text)], no, family=6 if ":" in text else 4)]


def kind_of(field):
    return lambda text, no: [Match(field, text.split(","), no, "name")]


def states(text, no):
    names = {"NEW": "new", "ESTABLISHED": "established", "RELATED": "related", "INVALID": "invalid", "UNTRACKED": "untracked"}
    values = [names[s] for s in text.split(",") if s in names]
    return [Match("state", values, no, "name")] if values else []


ttl = {"eq": lambda n: [(n, n)], "lt": lambda n: [(0, n - 1)], "gt": lambda n: [(n + 1, 255)]}
OPTIONS = {
    "-s": addresses("src", net), "-d": addresses("dst", net), "--src-range": addresses("src", span), "--dst-range": addresses("dst", span),
    "-i": interface("came"), "-o": interface("goes"), "-p": ranges("proto", protocol),
    "--sport": ranges("sport", numbers), "--dport": ranges("dport", numbers), "--sports": ranges("sport", numbers),
    "--dports": ranges("dport", numbers), "--ports": ranges("port", numbers),
    "--icmp-type": icmp(4), "--icmpv6-type": icmp(6), "--state": states, "--ctstate": states, "--length": ranges("length", numbers),
    "--mark": lambda text, no: [Match("mark", bits(text), no, "bits")],
    "--uid-owner": ranges("uid", lambda text: numbers(text.replace("-", ":"))),
    "--gid-owner": ranges("gid", lambda text: numbers(text.replace("-", ":"))),
    "--mac-source": kind_of("mac"), "--pkt-type": kind_of("cast"), "--dst-type": kind_of("to-kind"), "--src-type": kind_of("from-kind"),
    "--dscp": ranges("dscp", lambda text: [(int(text, 0),) * 2]), "--mss": ranges("mss", numbers), "--rt-type": ranges("rt", numbers),
    **{f"--{word}-{op}": ranges("ttl", lambda text, of=of: of(int(text))) for word in ("ttl", "hl") for op, of in ttl.items()},
}


class Sets:
    """The elements of ipsets, from `ipset save`."""

    def __init__(self, text):
        self.kinds, self.elements = {}, {}
        for line in text.splitlines():
            words = line.split()
            if words[:1] == ["create"]:
                self.kinds[words[1]] = words[2]
                self.elements[words[1]] = []
            elif words[:1] == ["add"] and len(self.elements[words[1]]) < 5000:
                self.elements[words[1]].append(words[2])

    def match(self, name, sides, no):
        kind = self.kinds.get(name, "").partition(":")[2].split(",")
        sides = sides.split(",")
        if kind == ["set"]:
            return [m for member in self.elements[name][:1] for m in self.match(member, ",".join(sides), no)]
        values = [(net if "-" not in e else span)(e.split(",")[0]) for e in self.elements.get(name, []) if kind[0] in ("ip", "net")]
        if not values:
            return []
        family = 6 if ":" in self.elements[name][0] else 4
        return [Match("src" if sides[0] == "src" else "dst", values, no, family=family)]


def rule(line, sets):
    """(chain, rule) of a line that begins with -A."""
    tokens = shlex.split(line)
    matches, target, no, at = [], None, False, 2
    while at < len(tokens):
        word = tokens[at]
        at += 1
        if word == "!":
            no = True
            continue
        if word in ("-j", "-g"):
            target = tokens[at]
        elif word == "--tcp-flags":
            of = [sum(FLAGS[f] for f in tokens[at + i].split(",")) for i in (0, 1)]
            matches.append(Match("flags", [(of[1], of[0])], no, "bits"))
        elif word == "--match-set":
            matches += sets.match(tokens[at], tokens[at + 1], no)
        elif word in OPTIONS:
            with contextlib.suppress(ValueError): # a mask that is no prefix, for example
                matches += OPTIONS[word](tokens[at], no)
        no = False
    return tokens[1], Rule(matches, target)


def read(text, family, sets, result):
    """Adds what is in the tables that filter to a ruleset."""
    table, known = None, Sets(sets)
    result.families.add(family)
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif table not in FILTERING:
            continue
        elif line.startswith("-A"):
            chain, made = rule(line, known)
            made.matches.append(Match("ttl", [(0, 255)], family=family))
            made.target = made.target and (family, table, made.target)
            result.chains[family, table, chain].append(made)
            result.early |= chain == "PREROUTING"
        elif line.startswith(":"):
            chain = line[1:].split()[0]
            result.chains[family, table, chain] = []
            result.bases += [(hook, (family, table, chain)) for hook in BASES.get(chain, ())]
