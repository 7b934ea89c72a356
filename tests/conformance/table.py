# SPDX-License-Identifier: GPL-2.0-only
"""What a run shows: progress, what is wrong, and the table at its end."""
import collections
import time

KINDS = ["iptables", "ip6tables", "twins", "ipset", "nft", "iptables-t", "nft-t"]
MOST_REASONS = 25
COLUMNS = [("files", "files, lines"), ("accepted", "accepted"), ("whole", "import whole"), ("lines", "rules"), ("said", "rules imported"),
           ("compared", "packets compared"), ("answers", "answered"), ("excluded", "left out"), ("classified", "classified"),
           ("differ", "wrong")]


def progress(done, total, name, result):
    what = "broken" if "broken" in result else "not accepted" if not result["accepted"] else "refused" if not result["whole"] else \
        f"{result.get('compared', 0)} packets, {result.get('differ', 0)} wrong"
    print(f"{done:4}/{total} {result['seconds']:7.2f} s  {name}: {what}", flush=True)
    for text in result.get("wrong", []):
        print(f"    {text}", flush=True)
    if "broken" in result:
        print("    " + result["broken"].strip().replace("\n", "\n    "), flush=True)


def sums(results):
    rows = {kind: collections.Counter() for kind in KINDS}
    for result in results.values():
        row = rows[result["kind"]]
        row["files"] += result.get("files", 1) # a test suite's file has many
        row["broken"] += "broken" in result
        for name in ("compared", "answers", "excluded", "classified", "differ"):
            row[name] += result.get(name, 0)
        accepted = result.get("accepted", 0)
        row["accepted"] += accepted
        if accepted:
            row["whole"] += result["whole"]
            row["lines"] += result.get("lines", 0)
            row["said"] += result.get("lines", 0) - result.get("refused", 0)
    return {kind: row for kind, row in rows.items() if row["files"]}


def line(cells):
    return "| " + " | ".join(str(c) for c in cells) + " |\n"


def counted(results, what, title, most):
    """Lines of what was accepted, by what became of them."""
    total = collections.Counter()
    for result in results.values():
        if result.get("accepted"):
            total.update(result.get(what) or {})
    rows = "".join(line([n, text.replace("|", "\\|").replace("\n", " ")]) for text, n in total.most_common(most))
    return "\n" + line(["lines", title]) + line(["---", "---"]) + rows if rows else ""


def table(results, total, seconds):
    rows = sums(results)
    text = line(["", *(title for _, title in COLUMNS)]) + line(["---"] * (1 + len(COLUMNS)))
    for kind, row in rows.items():
        text += line([kind, *(row[name] for name, _ in COLUMNS)])
    whole = sum(rows.values(), collections.Counter())
    text += line(["all", *(whole[name] for name, _ in COLUMNS)])
    text += counted(results, "reasons", "became", 20) + counted(results, "why", "refused, the most common reasons", MOST_REASONS)
    text += f"\n{len(results)} of {total} files, {time.strftime('%Y-%m-%d')}, {seconds:.0f} s.\n"
    if whole["broken"]:
        text += f"{whole['broken']} files could not be run.\n"
    return text


def failed(results):
    return int(any(r.get("differ") or "broken" in r for r in results.values()) or not results)
