# SPDX-License-Identifier: GPL-2.0-only
"""From rules to packets: each match of each rule just in and just out, on the ways on which packets come to its chain.

Of a foreign ruleset only what its matches compare is read (read_iptables.py, read_nft.py). A match that is not understood here is no
loss of truth, since it is the kernel that says what a packet gets, but of packets that meet it.
"""
import fnmatch
import random

import packet

HOOKS = ("input", "forward", "output")
MOST_WAYS = 3
EXTENSIONS = (0, 43, 44, 51, 60, 135, 139, 140) # headers of IPv6 that another one follows
MOST_LENGTH = 1500
WIDTH = {"proto": 8, "sport": 16, "dport": 16, "port": 16, "type": 8, "code": 8, "length": 16, "ttl": 8, "dscp": 6, "mark": 16, "uid": 32, "gid": 32,
         "mss": 16, "rt": 8, "next": 8}

SOME_OPTIONS = [(), (), (), ("window",), ("timestamp", "sack-permitted"), ("sack",), ("md5",)]

OTHERS = {"state": ["new", "established", "related", "invalid"], "mac": ["02:12:34:56:78:9a"], "cast": ["unicast", "multicast", "broadcast"],
          "to-kind": ["LOCAL", "BROADCAST", "MULTICAST", "UNICAST"], "from-kind": ["LOCAL", "UNICAST"]}


class Match:
    """A field and what it is to be: ranges of numbers, (value, mask) of bits, or names. @family: of packets that it can be true for."""

    def __init__(self, field, values, no=False, kind="range", family=None):
        self.field, self.values, self.no, self.kind, self.family = field, values, no, kind, family

    def is_in(self, value):
        if self.kind == "range":
            return any(low <= value <= high for low, high in self.values)
        if self.kind == "bits":
            return any(value & mask == bits for bits, mask in self.values)
        return any(fnmatch.fnmatchcase(value, pattern) for pattern in self.values)

    def holds(self, value):
        return self.is_in(value) != self.no

    def corners(self):
        """Values just in and just out."""
        some = self.values if len(self.values) < 5 else random.sample(self.values, 4)
        for value in some:
            if self.kind == "range":
                low, high = value
                yield from (low, high, (low + high) // 2, low - 1, high + 1)
            elif self.kind == "bits":
                bits, mask = value
                yield from (bits, bits | 0xff & ~mask, bits ^ (mask & -mask), bits ^ random.getrandbits(8) & mask)
            else:
                yield from examples(value)


def examples(pattern):
    if not pattern.endswith("*"):
        return [pattern]
    return [pattern[:-1] + "0", pattern[:-1] + "7a"] if len(pattern) < 14 else [pattern[:-1]]


class Rule:
    def __init__(self, matches, target=None):
        self.matches, self.target = matches, target


class Ruleset:
    """@bases: (hook, chain); @chains: lists of rules; @families: of all packets that it sees; @early: has rules before routing."""

    def __init__(self, families):
        self.bases, self.chains, self.families, self.early = [], {}, families, False

    def names(self, field):
        return [v for rules in self.chains.values() for r in rules for m in r.matches if m.field == field for v in m.values]

    def interfaces(self):
        """Names of interfaces that a box needs: those named, two for each pattern."""
        return [n for v in dict.fromkeys(self.names("came") + self.names("goes")) for n in examples(v)]

    def ways(self):
        """(hook, chain, matches of the callers), at most some for each hook and chain."""
        found = [(hook, chain, []) for hook, chain in self.bases]
        count = {}
        for hook, chain, matches in found:
            for rule in self.chains.get(chain, []):
                key = hook, rule.target
                if rule.target in self.chains and count.get(key, 0) < MOST_WAYS and len(matches) < 64:
                    count[key] = count.get(key, 0) + 1
                    found.append((hook, rule.target, matches + rule.matches))
        return found


class Drawer:
    """Draws packets for rules."""

    def __init__(self, ruleset, links):
        self.ruleset, self.numbers = ruleset, links
        self.links = [link for link in links if link != "tap0"]
        self.pool = {}
        self.heads = bool(ruleset.names("next"))
        for rules in ruleset.chains.values():
            for rule in rules:
                for m in rule.matches:
                    if m.field in ("src", "dst"):
                        self.pool.setdefault(m.family, []).extend(v for v in m.corners() if self.allowed(m.field, m.family, v)
                                                                  and is_usual(v, m.family))

    def allowed(self, field, family, value):
        if field in ("src", "dst"):
            return 0 <= value < 1 << (32 if family == 4 else 128)
        if field in ("came", "goes"):
            return value in self.links or value == "lo"
        if field == "length":
            return (28 if family == 4 else 48) <= value <= MOST_LENGTH
        if field == "mark":
            return 0 <= value < 1 << 16
        return field not in WIDTH or 0 <= value < 1 << WIDTH[field]

    def value(self, matches, m, want, family):
        """A value for the field of @m that is in or out of it, and does what the other matches of this field want, if there is one."""
        same = [o for o in matches if o.field == m.field and o.kind == m.kind and o is not m]
        values = [v for o in [m] + same for v in o.corners()]
        if m.kind == "name" and m.field in ("came", "goes"):
            values += self.links + ["lo"]
        if m.kind == "name":
            values += OTHERS.get(m.field, [])
        if m.kind == "range":
            values += [random.getrandbits(WIDTH.get(m.field, 32 if family == 4 else 128)) for _ in range(3)]
        values = [v for v in values if self.allowed(m.field, family, v) and m.holds(v) == want]
        best = [v for v in values if all(o.holds(v) for o in same)] or values
        return random.choice(best) if best else None

    def address(self, family):
        """Of a rule, or any."""
        if self.pool.get(family) and random.random() < 0.6:
            return random.choice(self.pool[family])
        if family == 4:
            return random.choice([10 << 24, 192 << 24 | 168 << 16, 172 << 24 | 16 << 16, 203 << 24]) + random.getrandbits(16)
        return (0x20010db8 << 96) + random.getrandbits(64)

    def blank(self, hook, family, proto=None):
        sport = random.choice([random.randint(1024, 65535)] * 6 + [53, 123, 67, 22, 443])
        p = {"hook": hook, "family": family, "src": self.address(family), "dst": self.address(family), "came": random.choice(self.links),
             "goes": random.choice(self.links), "proto": proto or random.choice([6, 6, 6, 17, 17, 1, 132, 47]), "sport": sport,
             "dport": random.choice([22, 80, 443, 53, 8080, random.randint(1, 65535)]), "type": None, "code": 0,
             "flags": packet.SYN, "seq": random.getrandbits(32), "ack": 0, "ttl": 64, "tos": 0, "mark": 0, "uid": 0, "gid": 0, "state": None, "mss": random.choice([None, 1460]),
             "options": random.choice(SOME_OPTIONS)}
        if hook == "input":
            p["goes"] = None
        if hook == "output":
            p["came"] = None
        return p

    def draw(self, hook, matches, out=None, pick=None):
        """A packet that @matches are true of, as far as possible, but not @out; @pick is its value for @out. None if there is none."""
        families = {m.family for m in matches if m.family} or self.ruleset.families
        family = random.choice(sorted(families & self.ruleset.families or self.ruleset.families))
        p = self.blank(hook, family)
        for m in matches:
            if m.family in (None, family):
                self.put(p, m, pick if m is out and pick is not None else self.value(matches, m, m is not out, family))
        if self.heads and family == 6 and random.random() < 0.2:
            p["rt"] = random.choice([2, 4])
        self.special(p)
        return finish(p)

    def special(self, p):
        """Addresses of a kind."""
        number = self.numbers.get(p["came"] or p["goes"], 0)
        kinds = {"LOCAL": (10 << 24 | 255 << 16 | number << 8 | 1, (0xfd000255 << 96 | number << 80) + 1),
                 "BROADCAST": (0xffffffff, None), "MULTICAST": (0xe0000001, 0xff02 << 112 | 1)}
        for field, kind in (("dst", p.get("to-kind")), ("src", p.get("from-kind"))):
            address = kinds.get(kind, (None, None))[p["family"] == 6]
            if address is not None:
                p[field] = address

    @staticmethod
    def put(p, m, value):
        if value is None:
            return
        if m.field == "port":
            p[random.choice(["sport", "dport"])] = value
        elif m.field == "dscp":
            p["tos"] = value << 2
        elif m.field == "next":
            p["rt" if value == 43 else "proto"] = 4 if value == 43 else value
        elif m.field in ("came", "goes"):
            if p[m.field] is not None:
                p[m.field] = value
        else:
            p[m.field] = value

    def packets(self):
        """For each way to each rule: all matches true, each corner of each match."""
        ways = [(hook, rule, above) for hook, chain, above in self.ruleset.ways() for rule in self.ruleset.chains.get(chain, [])]
        random.shuffle(ways)
        for hook, rule, above in ways:
            matches = above + rule.matches
            yield self.draw(hook, matches)
            for m in rule.matches:
                for value in set(m.corners()):
                    if m.kind == "range" and self.allowed(m.field, m.family or 4, value):
                        yield self.draw(hook, matches, m, value)
                yield self.draw(hook, matches, m)

    def any(self):
        """A packet of values that some rules have, or none; sometimes one of a family that they do not see."""
        hook = random.choice(HOOKS)
        if random.random() < 0.05:
            p = self.blank(hook, random.choice([4, 6]))
            return finish(p)
        rules = [r for rules in self.ruleset.chains.values() for r in rules]
        matches = [m for r in random.sample(rules, min(2, len(rules))) for m in r.matches]
        return self.draw(hook, random.sample(matches, random.randint(0, len(matches))))


def is_usual(address, family):
    """An address that packets may come from at any link: no multicast, and no loopback of IPv6."""
    return address >> 28 < 0xe if family == 4 else address > 1 and address >> 120 < 0xff


def finish(p):
    """What is not said follows from the rest; ICMP is that of the family."""
    if p["proto"] in (packet.ICMP, packet.ICMP6):
        p["proto"] = packet.ICMP if p["family"] == 4 else packet.ICMP6
        if p["type"] is None:
            p["type"] = random.choice([8, 8, 0, 3, 11] if p["family"] == 4 else [128, 128, 129, 1, 3, 135])
    if p["family"] == 6 and p["proto"] in EXTENSIONS:
        return None
    if p["hook"] == "output" and p["goes"] is None or p["hook"] == "forward" and "lo" in (p["came"], p["goes"]):
        return None
    p["ack"] = random.getrandbits(32) if p["flags"] & packet.ACK else 0
    return p
