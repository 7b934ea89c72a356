# SPDX-License-Identifier: GPL-2.0-only
"""Lines of the test suites of iptables (extensions/*.t) and of nft (tests/py), each as a ruleset of its own.

A line that only matches gets a verdict: without one it could be imported as nothing, unnoticed.
"""
import re

import case
import tools

KINDS = ("iptables-t", "nft-t")
PACKETS = 150
POLICIES = ":INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n"


def rules_for_sets(text):
    """Of iptables, one that asks each set."""
    sides = {"ip": "src", "net": "src", "port": "dst", "mac": "src", "iface": "src", "mark": "src", "set": "src"}
    rules = []
    for words in (line.split() for line in text.splitlines()):
        if words[:1] == ["create"]:
            kind = words[2].partition(":")[2].split(",")
            given = ["dst" if n == 2 and kind[n] in ("ip", "net") else sides.get(k, "src") for n, k in enumerate(kind)]
            rules.append(f"-A INPUT -m set --match-set {words[1]} {','.join(given)} -j DROP")
    return "*filter\n" + POLICIES + "\n".join(rules) + "\nCOMMIT\n"


def of_iptables(text, name):
    """(tool, ruleset) of each line that is right."""
    table, chains, family = "filter", ["INPUT"], 6 if "ip6t" in name else 4
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            chains = line[1:].split(",")
        elif line and line[0] not in "#%@" and line.endswith(";OK"):
            rule = line.split(";")[0]
            target = "" if re.search(r"(^|\s)-[jg]\s", rule) else " -j DROP"
            yield tools.Iptables((family,)), f"*{table}\n-A {chains[0]} {rule}{target}\nCOMMIT\n"


VERDICT = re.compile(r"\b(accept|drop|reject|return|continue|queue|vmap|jump|goto|counter|log|set|snat|dnat|masquerade|redirect|dup|fwd|"
                     r"notrack|tproxy|synproxy|limit|quota|flow|add|update|delete)\b")


def of_nft(text, _):
    """(tool, ruleset) of each line that is right, in each of its tables."""
    chains, tables, sets = {}, [], {}
    for line in text.splitlines():
        line = line.strip()
        if line.startswith(":"):
            name, _, what = line[1:].partition(";")
            chains[name] = what
        elif line.startswith("*"):
            tables.append(line[1:].split(";"))
        elif line.startswith("!"):
            name, _, what = line[1:].partition(" ")
            if what.endswith(";ok"):
                sets[name] = (what[:-3], [])
        elif line.startswith("?"):
            name, _, what = line[1:].partition(" ")
            if what.endswith(";ok") and name in sets:
                sets[name][1].append(what[:-3])
        elif line and line[0] not in "#-%" and re.search(r";\s*ok\s*(;|$)", line):
            rule = line.split(";")[0]
            for family, name, of in tables:
                chain = of.split(",")[0]
                if chain in chains:
                    yield tools.Nft(), ruleset(family, name, chain, chains[chain], sets, rule)


def ruleset(family, name, chain, what, sets, rule):
    parts = [f"table {family} {name} {{"]
    for of, (kind, elements) in sets.items():
        if f"@{of}" in rule:
            kind = kind if kind.startswith(("type", "typeof")) else f"type {kind}"
            parts += [f"set {of} {{ {kind}", *([f"elements = {{ {', '.join(elements)} }}"] if elements else []), "}"]
    verdict = "" if VERDICT.search(rule) else " drop"
    return "\n".join([*parts, f"chain {chain} {{ {what};", rule + verdict, "}", "}"]) + "\n"


def run(bench, kind, text, name):
    total = case.Result(accepted=0, whole=0, wrong=[], reasons={}, why={}, files=0)
    for tool, rules in (of_iptables if kind == "iptables-t" else of_nft)(text, name):
        result = bench.run(tool, rules, PACKETS)
        total["files"] = total["files"] + 1
        for name in ("accepted", "whole", "compared", "answers", "excluded", "classified", "differ", "lines", "refused"):
            total[name] = total[name] + result[name]
        for what in ("reasons", "why"):
            for reason, n in (result[what] or {}).items():
                total[what][reason] = total[what].get(reason, 0) + n
        total["wrong"] += result["wrong"]
    return total
