# SPDX-License-Identifier: GPL-2.0-only
"""The tools that rulesets were made for: loading, listing and removing them in a box, and what they leave to the kernel."""
import json
import os
import re

import corners
import read_iptables
import read_nft

POLICIES = {"filter": "INPUT FORWARD OUTPUT", "nat": "PREROUTING INPUT OUTPUT POSTROUTING",
            "mangle": "PREROUTING INPUT FORWARD OUTPUT POSTROUTING", "raw": "PREROUTING OUTPUT", "security": "INPUT FORWARD OUTPUT"}
OURS = re.compile("conformance$|fwd") # tables of the harness and of fwd


class Iptables:
    """iptables or ip6tables, with ipset; a ruleset is the text of a file and that of its sets."""

    name = "iptables"

    def __init__(self, families, sets=""):
        self.families, self.sets, self.kept = families, sets, set()
        self.commands = {4: "iptables-legacy", 6: "ip6tables-legacy"}
        self.env = {**os.environ, "XTABLES_LOCKFILE": "/run/xtables.lock.conformance"}

    def call(self, box, *args, text=None):
        code, out, err = box.try_do(*args, text=text, env=self.env)
        return out if not code else None, err.strip()

    def text_of(self, _, text):
        """The part of a ruleset that is for the tool of a family."""
        return text

    def load(self, box, text):
        """None, or why the tool refuses it."""
        steps = [("ipset", self.sets)] if self.sets else []
        for command, of in steps + [(self.commands[family], self.text_of(family, text)) for family in self.families]:
            out, err = self.call(box, *([command, "restore"] if command == "ipset" else [f"{command}-restore", "-w"]), text=of)
            if out is None:
                return err or "refused"
        return None

    def unload(self, box):
        for family in self.families:
            used = (self.call(box, "cat", f"/proc/net/{'ip' if family == 4 else 'ip6'}_tables_names")[0] or "").split()
            empty = [line for t in used for line in (f"*{t}", *(f":{chain} ACCEPT" for chain in POLICIES[t].split()), "COMMIT")]
            self.call(box, f"{self.commands[family]}-restore", "-w", text="\n".join(empty) + "\n")
        if self.sets:
            self.call(box, "ipset", "destroy")

    def read(self, box):
        result = corners.Ruleset(set())
        for family in self.families:
            listing, _ = self.call(box, f"{self.commands[family]}-save")
            read_iptables.read(listing, family, self.call(box, "ipset", "save")[0] or "", result)
        return result

    def importable(self, box, text):
        """What `fwctl import` reads: (name, text) of files."""
        return [("rules" if len(self.families) > 1 else f"rules.v{self.families[0]}", text)] + ([("sets.ipset", self.sets)] if self.sets else [])

    def keep(self, report):
        """Notes which lines stay with the kernel."""
        self.kept = {line["line"] for line in report.get("lines", []) if line["reason"] == "kernel"}

    def load_rest(self, box, text):
        """Into our box what stays with the kernel: those lines and nothing else that decides."""
        if not self.kept:
            return None
        lines = text.splitlines()
        gone = {n for n in self.rules(text) if n + 1 not in self.kept}
        rest = [re.sub(r"^(:\S+)\s+DROP", r"\1 ACCEPT", line) for n, line in enumerate(lines)
                if n not in gone and not re.match(r"\s*(-P|--policy)\b", line)]
        return self.load(box, "\n".join(rest) + "\n")

    @staticmethod
    def translates(text):
        return bool(tables_of(text, "nat"))

    @staticmethod
    def rules(text):
        """Numbers of lines that can be left out."""
        return [n for n, line in enumerate(text.splitlines()) if re.match(r"\s*(-[AI]|--append|--insert)\b", line)]


def name_of(chain):
    return chain["family"], chain["table"], chain["name"]


class Twins(Iptables):
    """iptables and ip6tables, each with a file of its own, and ipset. A ruleset is the text of both, one after the other."""

    BETWEEN = "# ip6tables"

    def __init__(self, sets=""):
        super().__init__((4, 6), sets)

    @classmethod
    def together(cls, text4, text6):
        return "\n".join([*text4.splitlines(), cls.BETWEEN, *text6.splitlines()]) + "\n"

    def text_of(self, family, text):
        lines = text.splitlines()
        at = lines.index(self.BETWEEN)
        return "\n".join(lines[:at] if family == 4 else lines[at + 1:]) + "\n"

    def importable(self, box, text):
        return [(f"rules.v{family}", self.text_of(family, text)) for family in self.families] + super().importable(box, text)[1:]

    def keep(self, report):
        # Lines of the second file count from its own first one.
        self.kept = {(line["file"].endswith(".v6"), line["line"]) for line in report.get("lines", []) if line["reason"] == "kernel"}

    def load_rest(self, box, text):
        at = text.splitlines().index(self.BETWEEN) + 1
        kept, self.kept = self.kept, {line + at * second for second, line in self.kept}
        error = super().load_rest(box, text)
        self.kept = kept
        return error


def tables_of(text, *wanted):
    result, table = [], None
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:].strip()
        if table in wanted:
            result.append(line.rstrip())
    return "\n".join(result) + "\n" if result else ""


class Nft:
    name = "nft"

    def __init__(self):
        self.kept = set()

    def keep(self, report):
        """Notes which base chains stay with the kernel."""
        objects = [json.loads(line["text"]) for line in report.get("lines", []) if line["reason"] == "kernel"]
        self.kept = {name_of(o["chain"]) for o in objects if "chain" in o}

    @staticmethod
    def call(box, *args, text=None):
        code, out, err = box.try_do("nft", *args, text=text)
        return out if not code else None, err.strip()

    def load(self, box, text):
        # Our own table stays.
        out, err = self.call(box, "-f", "-", text=re.sub(r"(?m)^\s*flush\s+ruleset\b[^;\n]*;?", "", text))
        if out is None:
            return err or "refused"
        if self.call(box, "list", "tables")[0] is None:
            # Some rulesets that it takes make nft 1.0.6 abort when it lists them.
            for family, name in set(re.findall(r"(?m)^\s*table\s+(?:(ip6?|inet|arp|bridge|netdev)\s+)?([\w-]+)\s*\{", text)):
                self.call(box, "delete", "table", family or "ip", name)
            return "nft cannot list it"
        return None if all(self.listed(box, f"table {family} {name}") for family, name in self.tables(box)) else "nft cannot list it"

    def listed(self, box, what):
        out, _ = self.call(box, "-j", "list", *what.split())
        return json.loads(out)["nftables"] if out else []

    def tables(self, box):
        listed = [line.split() for line in (self.call(box, "list", "tables")[0] or "").splitlines()]
        return [(family, name) for _, family, name in listed if not OURS.match(name)]

    def unload(self, box):
        self.call(box, "-f", "-", text="".join(f"delete table {family} {name}\n" for family, name in self.tables(box)))

    def listing(self, box):
        return "".join(self.call(box, "list", "table", *table)[0] for table in self.tables(box))

    def objects(self, box):
        # Table by table: nft prints the rules of fwd's as they are, in the middle of the JSON.
        tables = [o for family, name in self.tables(box) for o in self.listed(box, f"table {family} {name}")]
        return [o for o in tables if "metainfo" not in o]

    def read(self, box):
        return read_nft.read(self.objects(box))

    def importable(self, box, _):
        return [("ruleset.json", json.dumps({"nftables": self.objects(box)}))]

    def load_rest(self, box, text):
        """Into our box what stays with the kernel: the ruleset without the base chains that became rules."""
        if not self.kept:
            return None
        error = self.load(box, text)
        gone = [" ".join(name_of(o["chain"])) for o in self.objects(box) if "hook" in o.get("chain", {}) and name_of(o["chain"]) not in self.kept]
        return error or self.call(box, "-f", "-", text="".join(f"{what} chain {c}\n" for what in ("flush", "delete") for c in gone))[1] or None

    @staticmethod
    def translates(text):
        # A packet that is changed in these fields is lost, or not known again, further on.
        changed = r"@\w+,\d+,\d+|ip (saddr|daddr|id|checksum|length|version|hdrlength|frag-off|protocol)|ip6 (saddr|daddr|length|nexthdr|flowlabel)"
        return bool(re.search(rf"type\s+nat\s+hook|({changed}) set\b", text))

    @staticmethod
    def rules(text):
        """Of a listing: lines in chains that are not what makes them chains."""
        result, depth = [], 0
        for n, line in enumerate(text.splitlines()):
            words = line.split()
            if depth == 2 and words and not re.match(r"type \w+ hook|}", line.strip()) and "{" not in line.replace("{ ", "") and chain:
                result.append(n)
            if line.endswith("{") and depth == 1:
                chain = words[0] == "chain"
            depth += line.endswith("{") - (line.strip() == "}")
        return result
