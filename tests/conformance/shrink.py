# SPDX-License-Identifier: GPL-2.0-only
"""A disagreement made small: one flow, and as few rules as still show it."""
import ours
import packet


def shrunk(bench, tool, text, rules, made, wrong):
    """A text that tells the rules and packets of a disagreement."""
    flow = made[wrong[0].flow]
    first = describe(wrong[0], rules, None)
    if not differs(bench, tool, text, rules, [flow]):
        return first + "\n    only together with other packets"
    if tool.name == "nft":
        bench.clear(tool)
        bench.load_reference(tool, text)
        text = tool.listing(bench.reference)
        bench.clear(tool)
    text, rules = fewer_rules(bench, tool, text, rules, flow)
    flow = fewer_steps(bench, tool, text, rules, flow)
    sent = differs(bench, tool, text, rules, [flow])
    return describe(sent, rules, text) if sent else first


def differs(bench, tool, text, rules, made):
    """The first packet that differs, if the rulesets can be loaded."""
    try:
        sent = bench.play(tool, text, rules, made)
    except ours.Unloadable:
        return None
    return next((s for s in sent if s.outcome(0) != s.outcome(1)), None)


def import_again(bench, tool, text):
    """What becomes of a smaller ruleset."""
    bench.clear(tool)
    if bench.load_reference(tool, text):
        return None
    rules, report = ours.imported(tool.importable(bench.reference, text), tool.name, bench.folder)
    tool.keep(report)
    return rules


def fewer_rules(bench, tool, text, rules, flow):
    """Leaves out rules, half of them at first, as long as it still differs."""
    size = max(1, len(tool.rules(text)) // 2)
    while size:
        at = 0
        while at < len(tool.rules(text)):
            gone = set(tool.rules(text)[at:at + size])
            smaller = "\n".join(line for n, line in enumerate(text.splitlines()) if n not in gone) + "\n"
            made = import_again(bench, tool, smaller)
            if made is not None and differs(bench, tool, smaller, made, [flow]):
                text, rules = smaller, made
            else:
                at += size
        size //= 2
    return text, rules


def fewer_steps(bench, tool, text, rules, flow):
    for step in list(flow):
        less = [s for s in flow if s is not step]
        if less and differs(bench, tool, text, rules, [less]):
            flow = less
    return flow


def describe(sent, rules, text):
    p = sent.p
    address = lambda a: packet.address(a, p["family"])
    way = " ".join(str(p[w]) for w in ("hook", "came", "goes") if p[w])
    more = {k: v for k, v in p.items() if k not in ("src", "dst", "hook", "came", "goes", "family", "quoted") and v}
    asked = "; ".join(packet.words(d, {1: "input", 2: "forward", 3: "output"}[hook], came, goes, mark, state, (p["uid"], p["gid"]))
                      for hook, came, goes, mark, state, d in sent.asked)
    lines = [f"kernel {sent.outcome(0)}, ours {sent.outcome(1)}", f"{way} {address(p['src'])} > {address(p['dst'])} {more}", asked]
    if text:
        lines += ["rules:", *text.splitlines(), "became:", *rules.splitlines()]
    return "\n    ".join(lines)
