# SPDX-License-Identifier: GPL-2.0-only
"""One ruleset: loaded by its own tool and, imported, by fwd; the same packets through both."""
import collections
import re

import compare
import ours
import packet
import shrink
import tools

HOOKS = {1: "input", 2: "forward", 3: "output"} # netfilter's numbers
OTHER = "other7"
SAID = ("rule", "policy", "kernel") # what is no refusal


class Result(dict):
    """What came of a case; counters that are not set are 0."""

    def __missing__(self, key):
        return 0


def add_links(boxes, names):
    names = [n for n in dict.fromkeys([*names, OTHER]) if n != "lo" and re.fullmatch(r"[^\s/:]{1,15}", n) and n not in (".", "..", "tap0")]
    for where in boxes:
        for name in [n for n in where.links if n not in names and n != "tap0"] if len(where.links) + len(names) > 20 else []:
            where.del_link(name)
        for name in names[:15]:
            if name not in where.links:
                where.add_link(name)


class Bench:
    """Two boxes, one for the tools of others and one for fwd, and cases that run in them."""

    def __init__(self, reference, our_box, fwd, folder):
        self.boxes, self.reference, self.fwd, self.folder = (reference, our_box), reference, fwd, folder

    # Loading

    def load_reference(self, tool, text):
        """None or the tool's refusal; interfaces that it asks for are made."""
        for _ in range(20):
            error = tool.load(self.reference, text)
            missing = missing_interface(error or "")
            if not missing or missing in self.reference.links:
                return error
            add_links(self.boxes, [missing, *self.reference.links])
        return error

    def clear(self, tool):
        for where in self.boxes:
            tool.unload(where)
            where.leave()
            where.forget()
        self.fwd.unload()

    def load_both(self, tool, text, rules):
        """None, or why they cannot be loaded."""
        return tool.load(self.reference, text) or tool.load_rest(self.boxes[1], text) or self.fwd.load(rules)

    # Packets

    def play(self, tool, text, rules, made):
        """The flows through both, in the states that they ask for."""
        self.clear(tool)
        for where in self.boxes:
            for group in groups_of(made):
                where.join(group)
        compare.play(self.boxes, compare.steps_of(made, 0))
        error = self.load_both(tool, text, rules)
        if error:
            raise ours.Unloadable(error)
        sent = compare.play(self.boxes, compare.steps_of(made, 1))
        self.clear(tool)
        return sent

    def run(self, tool, text, count):
        result = Result(accepted=False, whole=False, wrong=[], reasons={})
        try:
            self.run_in(tool, text, count, result)
        except ours.Unloadable as e:
            result["differ"] = 1
            result["wrong"].append(f"imported, but refused: {e}")
        finally:
            self.clear(tool)
        return result

    def run_in(self, tool, text, count, result):
        error = self.load_reference(tool, text)
        result["accepted"] = not error
        if error:
            result["error"] = error
            files = tool.importable(self.reference, text) if tool.name != "nft" else None
        else:
            files = tool.importable(self.reference, text)
            ruleset = tool.read(self.reference)
        if not files:
            return
        rules, report = ours.imported(files, tool.name, self.folder)
        tool.keep(report)
        result["whole"] = rules is not None
        count_lines(report, result)
        if error or rules is None:
            return
        add_links(self.boxes, ruleset.interfaces())
        made = compare.draw_flows(ruleset, self.reference.links, count)
        self.judge(tool, text, rules, made, self.play(tool, text, rules, made), ruleset.early, result)

    def judge(self, tool, text, rules, made, sent, early, result):
        """Counts what was compared, and shrinks what differs. @early: some packets end before the hooks."""
        depends = self.of_time(rules, sent)
        reached = [s for s in sent if s.asked]
        result["packets"], result["reached"] = len(sent), len(reached)
        result["excluded"] = len(depends & {s.number for s in reached})
        compared = [s for s in sent if s.number not in depends]
        result["compared"] = sum(bool(s.asked or early) for s in compared)
        wrong = [s for s in compared if s.outcome(0) != s.outcome(1)]
        result["answers"] = sum(any(o[0] in ("reset", "icmp", "icmp6") for o in s.seen[0]) for s in compared)
        result["passed"] = sum(any(o[0] == "let" for o in s.seen[0]) for s in compared)
        result["states"] = dict(collections.Counter(a[4] for s in compared for a in s.asked[:1]))
        if wrong:
            result["differ"] = len(wrong)
            result["wrong"].append(shrink.shrunk(self, tool, text, rules, made, wrong))
        elif "dynamic" not in rules:
            differ = self.classify(rules, [s for s in compared if s.asked], result, tool.translates(text))
            result["wrong"] += differ[:3]
            result["differ"] = len(differ)

    @staticmethod
    def words(sent):
        return [packet.words(data, HOOKS[hook], came, goes, mark, state, (sent.p["uid"], sent.p["gid"]))
                for hook, came, goes, mark, state, data in sent.asked]

    def verdicts(self, rules, sent):
        """Of each packet what it meets at each hook."""
        words = {word: None for s in sent for word in self.words(s)}
        words = dict(zip(words, ours.classified(rules, list(words), self.folder, self.boxes[1])))
        return [[words[word] for word in self.words(s)] for s in sent]

    def of_time(self, rules, sent):
        """Packets whose verdict depends on whether rates are kept, and all others of their flows, whose state depends on it."""
        asked = [s for s in sent if s.asked]
        verdicts = [self.verdicts(text, asked) for text in ours.of_time(rules)]
        flows = {s.flow for s, *of in zip(asked, *verdicts) if any(v != of[0] for v in of)}
        return {s.number for s in sent if s.flow in flows}

    def classify(self, rules, sent, result, translates):
        """The packets that `fwctl classify` thinks otherwise of than the kernel."""
        differ = []
        for s, verdicts in zip(sent, self.verdicts(rules, sent)):
            result["classified"] += 1
            let = [("let", asked[0]) in s.seen[0] for asked in s.asked]
            # Translation drops packets that it finds no room for, and sends others in circles.
            if any(passed != (v == "accept") and not (translates and not passed) for passed, v in zip(let, verdicts)):
                differ.append(f"classify: {verdicts[:4]}, kernel: {s.outcome(0)}: {self.words(s)[:4]}")
        return differ


def missing_interface(error):
    lines = error.splitlines()
    for n, line in enumerate(lines[:-2]):
        if "Interface does not exist" in line:
            source, mark = lines[n + 1], lines[n + 2]
            if "^" in mark:
                return source[mark.index("^"):mark.rindex("^") + 1].strip('"')
    return None


def groups_of(made):
    """Multicast groups that packets go to, some of them."""
    groups = {}
    for flow in made:
        for _, p in flow:
            top = p["dst"] >> (28 if p["family"] == 4 else 120)
            if p["hook"] == "input" and top == (0xe if p["family"] == 4 else 0xff):
                groups[packet.address(p["dst"], p["family"])] = True
    return list(groups)[:12]


def count_lines(report, result):
    """By reason, and of rules those that filter."""
    result["reasons"] = {reason: n for reason, n in report.get("reasons", {}).items() if n}
    filters = [line for line in report.get("lines", []) if line.get("filters")]
    result["lines"] = len(filters)
    result["refused"] = sum(line["reason"] not in SAID for line in filters)
    why = collections.Counter(f"{line['reason']}: {line.get('message')}" for line in report.get("lines", []) if line["reason"] not in SAID)
    result["why"] = dict(why)
    if "error" in report and not report.get("lines"):
        result["why"] = {report["error"][:300]: 1}
