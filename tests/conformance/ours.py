# SPDX-License-Identifier: GPL-2.0-only
"""fwd in a box, and what fwctl says without it: import and classify."""
import json
import os
import re
import subprocess
import tempfile
import time

import box

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FWCTL, FWD = (os.environ.get(name, f"{TOP}/build/{name.lower()}") for name in ("FWCTL", "FWD"))
OPEN = "policy input accept\npolicy forward accept\npolicy output accept\n"
CONDITION = re.compile(r" (limit (over )?\d+/\w+( burst \d+)?( per [a-z-]+(/\d+)*)?|connections per \w+(/\d+)* over \d+)")
FILLS = re.compile(r" (?:add|update) (?:from|to) to @(\S+)")
WIRE = re.compile(r"(?m)^(policy (in|out) |rule .*?\b(in|out)\b )")
PACKETS = 2000


class Unloadable(Exception):
    """What was imported cannot be loaded."""


class Ours:
    def __init__(self, where):
        self.box = where
        self.folder = tempfile.TemporaryDirectory(prefix="conformance")
        self.socket = f"{self.folder.name}/sock"
        os.mkdir(f"{self.folder.name}/bpffs")
        self.log = open(f"{self.folder.name}/log", "w+", encoding="utf-8")
        # bpffs is mounted for this process alone, and what is pinned there ends with it.
        self.fwd = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{where.name}", "unshare", "--mount", "--propagation", "private", "sh", "-c",
             'mount -t bpf none "$1/bpffs" && exec "$2" --socket "$1/sock" --store "$1/store" --pins "$1/bpffs/fwd"', "-",
             self.folder.name, FWD], stdout=self.log, stderr=self.log)
        until = time.time() + 60
        while self.ctl("status")[0]:
            if time.time() > until or self.fwd.poll() is not None:
                raise RuntimeError("fwd does not start: " + open(self.log.name, encoding="utf-8").read())
            time.sleep(0.05)
        self.must("attach", "--host")
        self.on_wire = []

    def ctl(self, *args, text=None):
        return box.run(FWCTL, "--socket", self.socket, *args, text=text)

    def must(self, *args, text=None):
        code, out, err = self.ctl(*args, text=text)
        if code:
            raise RuntimeError(f"fwctl {' '.join(args)}: {err.strip()}")
        return out

    def load(self, text):
        """None, or why fwd refuses it."""
        if WIRE.search(text):
            self.on_wire = ["lo", *(link for link in self.box.links if link != "tap0")]
            self.must("attach", "--mode", "tc", *self.on_wire)
        code, _, err = self.ctl("load", "--yes", "-", text=text)
        return err.strip() if code else None

    def unload(self):
        if self.on_wire:
            self.must("detach", *self.on_wire)
        self.on_wire = []
        self.must("load", "--yes", "-", text=OPEN)

    def close(self):
        self.ctl("detach", "--host")
        self.fwd.terminate()
        self.fwd.wait()
        self.log.close()
        self.folder.cleanup()


def imported(files, name, folder):
    """(rules or None, the report as fwctl prints it) for (name, text) of files."""
    paths = []
    for of, text in files:
        paths.append(f"{folder}/{of}")
        with open(paths[-1], "w", encoding="utf-8", errors="surrogateescape") as f:
            f.write(text)
    out = f"{folder}/fw.rules"
    if os.path.exists(out):
        os.unlink(out)
    code, report, err = box.run(FWCTL, "import", "--report", "--json", "-o", out, *paths)
    try:
        report = json.loads(report.partition("\n")[0])
    except ValueError:
        report = {"lines": [], "reasons": {}, "error": err.strip() or f"exit code {code}"}
    if code or not os.path.exists(out):
        report.setdefault("error", err.strip())
        return None, report
    with open(out, encoding="utf-8", errors="surrogateescape") as f:
        return f.read(), report


def classified(rules, packets, folder, where):
    """The verdict of each packet, which are given as words, in a box: its addresses are those of @local."""
    path = f"{folder}/classify.rules"
    with open(path, "w", encoding="utf-8", errors="surrogateescape") as f:
        f.write(rules)
    verdicts = []
    for first in range(0, len(packets), PACKETS):
        code, out, err = where.try_do(FWCTL, "classify", "--json", "--rules", path, *packets[first:first + PACKETS])
        answers = [json.loads(line) for line in out.splitlines()]
        if code or len(answers) < len(packets[first:first + PACKETS]):
            raise RuntimeError(f"fwctl classify: {err.strip()[:600]}")
        verdicts += [a["verdict"] for a in answers if "packet" in a]
    return verdicts


def of_time(rules):
    """The same rules with all rates kept and with all exceeded, and with what these add to sets or without; nothing if there are no rates."""
    lines = rules.splitlines()
    asked = [line for line in lines if CONDITION.search(line)]
    if not asked:
        return []
    variants = [[CONDITION.sub("", line) for line in lines], [line for line in lines if not CONDITION.search(line)]]
    names = "|".join(re.escape(name) for line in asked for name in FILLS.findall(line))
    if names:
        uses = re.compile(rf" (from|to) (not )?@({names})(?= )")
        match = lambda line: uses.search(FILLS.sub("", line))
        variants += [[uses.sub("", line) if match(line) else line for line in v] for v in variants] + \
            [[line for line in v if not match(line)] for v in variants]
    return ["\n".join(v) + "\n" for v in variants]
