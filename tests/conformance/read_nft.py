# SPDX-License-Identifier: GPL-2.0-only
"""Reads what `nft -j list ruleset` prints, for corners.py."""
import ipaddress
import random

from corners import Match, Rule, Ruleset
from read_iptables import PROTOS

FAMILIES = {"ip": {4}, "ip6": {6}, "inet": {4, 6}, "netdev": {4, 6}}
HOOKS = {"input": ["input"], "forward": ["forward"], "output": ["output"], "prerouting": ["input", "forward"], "ingress": ["input", "forward"],
         "postrouting": ["forward", "output"], "egress": ["forward", "output"]}
FIELDS = {("ip", "saddr"): "src", ("ip6", "saddr"): "src", ("ip", "daddr"): "dst", ("ip6", "daddr"): "dst", ("ip", "protocol"): "proto",
          ("ip6", "nexthdr"): "next", ("ip", "ttl"): "ttl", ("ip6", "hoplimit"): "ttl", ("ip", "dscp"): "dscp", ("ip6", "dscp"): "dscp",
          ("ip", "length"): "length", ("icmp", "type"): "type", ("icmp", "code"): "code", ("icmpv6", "type"): "type",
          ("icmpv6", "code"): "code", ("ether", "saddr"): "mac"}
META = {"iif": "came", "iifname": "came", "oif": "goes", "oifname": "goes", "l4proto": "proto", "length": "length", "mark": "mark",
        "skuid": "uid", "skgid": "gid", "pkttype": "cast", "nfproto": "family"}
CT = {"state": "state"}
NAMES = {"type": {"echo-reply": 0, "destination-unreachable": 3, "source-quench": 4, "redirect": 5, "echo-request": 8, "time-exceeded": 11,
                  "parameter-problem": 12, "timestamp-request": 13, "timestamp-reply": 14, "router-advertisement": 9,
                  "router-solicitation": 10, "info-request": 15, "info-reply": 16},
         "type6": {"destination-unreachable": 1, "packet-too-big": 2, "time-exceeded": 3, "parameter-problem": 4, "echo-request": 128,
                   "echo-reply": 129, "mld-listener-query": 130, "mld-listener-report": 131, "mld-listener-done": 132,
                   "mld-listener-reduction": 132, "nd-router-solicit": 133, "nd-router-advert": 134, "nd-neighbor-solicit": 135,
                   "nd-neighbor-advert": 136, "nd-redirect": 137, "mld2-listener-report": 143},
         "proto": {**PROTOS, "ipv6-icmp": 58}, "next": {**PROTOS, "ipv6-icmp": 58, "hopopt": 0, "ipv6-route": 43, "ipv6-frag": 44, "ipv6-opts": 60}, "family": {"ipv4": 4, "ipv6": 6}, "uid": {"root": 0}, "gid": {"root": 0},
         "dscp": {"cs0": 0, "cs1": 8, "cs2": 16, "cs3": 24, "cs4": 32, "cs5": 40, "cs6": 48, "cs7": 56, "ef": 46, "af11": 10, "af21": 18,
                  "af31": 26, "af41": 34}}
ASKED_AT = -99 # where the harness sees packets before filters
PORTS = ("tcp", "udp", "th", "sctp", "dccp", "udplite")
FLAG_BITS = {name: 1 << n for n, name in enumerate(("fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"))}
MOST_ELEMENTS = 40


class Reader:
    def __init__(self, objects):
        self.sets = {(o["set"]["family"], o["set"]["table"], o["set"]["name"]): o["set"].get("elem", []) for o in objects if "set" in o}
        self.sets.update({(o["map"]["family"], o["map"]["table"], o["map"]["name"]): o["map"].get("elem", []) for o in objects if "map" in o})
        self.table = None

    def field(self, left):
        """(field, family, protocol that it implies) of what a match compares, or None."""
        if "payload" in left and "protocol" in left["payload"]:
            of, name = left["payload"]["protocol"], left["payload"]["field"]
            if of in PORTS and name in ("sport", "dport"):
                return name, None, None if of == "th" else PROTOS[of]
            if (of, name) in FIELDS:
                proto = {"icmp": 1, "icmpv6": 58}.get(of)
                return FIELDS[of, name], {"ip": 4, "icmp": 4, "ip6": 6, "icmpv6": 6}.get(of), proto
            if (of, name) == ("tcp", "flags"):
                return "flags", None, 6
        if "meta" in left and left["meta"]["key"] in META:
            return META[left["meta"]["key"]], None, None
        if "ct" in left and left["ct"]["key"] in CT:
            return "state", None, None
        if "fib" in left and left["fib"].get("result") == "type":
            return ("to-kind" if "daddr" in left["fib"]["flags"] else "from-kind"), None, None
        return None

    def values(self, right):
        """The elements of a value: a list."""
        if isinstance(right, str) and right.startswith("@"):
            right = self.sets.get(self.table + (right[1:],), [])
        if isinstance(right, dict) and "set" in right:
            right = right["set"]
        if isinstance(right, dict) and "|" in right:
            right = right["|"]
        right = right if isinstance(right, list) else [right]
        right = [e["elem"]["val"] if isinstance(e, dict) and "elem" in e else e for e in right]
        return right if len(right) <= MOST_ELEMENTS else random.sample(right, MOST_ELEMENTS)

    def match(self, left, op, right):
        """Matches for an expression; none for what is not understood."""
        if "&" in left and isinstance(left, dict):
            return self.masked(left["&"], op, right)
        if "concat" in left:
            return self.concat(left["concat"], right)
        of = self.field(left)
        if not of:
            return []
        field, family, proto = of
        result = [Match("proto", [(proto, proto)], family=family)] if proto else []
        if field == "flags":
            return result + self.flags(op, right)
        values = [v for v in (value(field, family, e) for e in self.values(right)) if v is not None]
        if not values:
            return result
        return result + self.compared(field, family, op, values)

    @staticmethod
    def flags(op, right):
        names = right if isinstance(right, list) else right["|"] if isinstance(right, dict) and "|" in right else [right]
        number = sum(FLAG_BITS.get(n, 0) for n in names if isinstance(n, str))
        return [Match("flags", [(number, 0xff)], op == "!=", "bits")] if number and op != "in" else []

    @staticmethod
    def masked(pair, op, right):
        left, mask = pair
        key = "flags" if "payload" in left and left["payload"].get("field") == "flags" else "mark" if "meta" in left else None
        number = lambda of: of if isinstance(of, int) else sum(FLAG_BITS.get(n, 0) for n in (of.get("|", []) if isinstance(of, dict) else
                                                                                          of if isinstance(of, list) else [of]) if isinstance(n, str))
        return [Match(key, [(number(right), number(mask))], op == "!=", "bits")] if key else []

    @staticmethod
    def compared(field, family, op, values):
        if isinstance(values[0], str):
            return [Match(field, [v for v in values if isinstance(v, str)], op == "!=", "name", family)]
        if field == "family":
            return [Match("ttl", [(0, 255)], family=v[0]) for v in values[:1]]
        if field in ("src", "dst") and not family:
            return []
        if field == "mark":
            return [Match(field, [(low, 0xffffffff) for low, _ in values], op == "!=", "bits")]
        if op in ("<", "<=", ">", ">="):
            edge = values[0][0]
            values = [{"<": (0, edge - 1), "<=": (0, edge), ">": (edge + 1, 1 << 31), ">=": (edge, 1 << 31)}[op]]
        return [Match(field, values, op == "!=", family=family)]

    def concat(self, lefts, right):
        """One element of those, taken apart."""
        elements = [e for e in self.values(right) if isinstance(e, dict) and "concat" in e]
        if not elements:
            return []
        parts = random.choice(elements)["concat"]
        return [m for left, part in zip(lefts, parts) for m in self.match(left, "==", part)]

    def rules(self, expressions):
        """Rules for one of nft: several for a verdict map."""
        matches, result = [], []
        for e in expressions:
            (kind, of), = e.items() if isinstance(e, dict) else ((e, None),)
            if kind == "match":
                matches += self.match(of["left"], of["op"], of["right"])
            elif kind == "vmap":
                result += self.verdict_map(of, matches)
            elif kind in ("jump", "goto"):
                result.append(Rule(matches, of["target"]))
            elif kind in ("accept", "drop", "reject", "return", "queue"):
                result.append(Rule(matches))
        return result or [Rule(matches)]

    def verdict_map(self, of, matches):
        result = []
        for element in self.values(of["data"]):
            key, verdict = element
            key = key["elem"]["val"] if isinstance(key, dict) and "elem" in key else key
            more = self.match(of["key"], "==", {"set": [key]} if "concat" in of["key"] else key)
            target = [v["target"] for k, v in verdict.items() if k in ("jump", "goto")] if isinstance(verdict, dict) else []
            result.append(Rule(matches + more, *target))
        return result


def address_range(e):
    if isinstance(e, dict) and "prefix" in e:
        n = ipaddress.ip_network(f"{e['prefix']['addr']}/{e['prefix']['len']}", strict=False)
        return int(n[0]), int(n[-1])
    low, high = e["range"] if isinstance(e, dict) else (e, e)
    return int(ipaddress.ip_address(low)), int(ipaddress.ip_address(high))


def value(field, family, e):
    """(low, high), or a name; None if it is not understood."""
    try:
        if field in ("src", "dst"):
            return address_range(e)
        if field in ("came", "goes", "state", "mac", "cast"):
            return e if isinstance(e, str) else None
        if field in ("to-kind", "from-kind"):
            return e.upper() if isinstance(e, str) else None
        low, high = e["range"] if isinstance(e, dict) and "range" in e else (e, e)
        names = NAMES.get("type6" if field == "type" and family == 6 else field, {})
        return int(names.get(low, low)), int(names.get(high, high))
    except (ValueError, TypeError, KeyError):
        return None


def read(objects):
    reader, families = Reader(objects), set()
    result = Ruleset(families)
    for o in objects:
        if "chain" in o:
            c = o["chain"]
            key = c["family"], c["table"], c["name"]
            result.chains.setdefault(key, [])
            if c.get("hook") in HOOKS and c.get("type") == "filter" and c["family"] in FAMILIES:
                families |= FAMILIES[c["family"]]
                result.early |= c["hook"] in ("prerouting", "ingress") or c["prio"] < ASKED_AT
                result.bases += [(hook, key) for hook in HOOKS[c["hook"]]]
    for o in objects:
        if "rule" in o:
            r = o["rule"]
            reader.table = r["family"], r["table"]
            for rule in reader.rules(r["expr"]):
                rule.target = rule.target and reader.table + (rule.target,)
                of = FAMILIES.get(r["family"], {4, 6})
                if len(of) == 1:
                    rule.matches.append(Match("ttl", [(0, 255)], family=min(of)))
                result.chains.setdefault(reader.table + (r["chain"],), []).append(rule)
    result.families = families or {4, 6}
    return result
