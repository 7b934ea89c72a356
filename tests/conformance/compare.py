# SPDX-License-Identifier: GPL-2.0-only
"""Sends the same packets through two boxes and compares what becomes of each: where it went on, and what was answered."""
import random

import box
import flows
import netlink
import packet
from corners import Drawer

BATCH = 1500
# Time exceeded, too big: from the kernel's routing, which comes before the hook `forward` and after what drops at prerouting.
OF_ROUTING = (("icmp", 11), ("icmp6", 3), ("icmp6", 2))


class Sent:
    """A packet that is sent to both boxes, and what has become of it in each."""

    def __init__(self, p, tag, flow):
        self.p, self.tag, self.flow = p, tag, flow
        self.data = packet.build(p, tag)
        self.seen = ({}, {})
        self.asked = []
        self.number = None

    def outcome(self, which):
        """Out on a link, let go on at a hook of netfilter, answers of filters."""
        return tuple(sorted((o for o in self.seen[which] if o[:2] not in OF_ROUTING), key=str))


def send(where, sent):
    p = sent.p
    route = box.LOCAL if p["hook"] == "input" or p["goes"] == "lo" else box.LINKS + where.links[p["goes"]]
    for data in sent.data:
        if p["hook"] == "output":
            where.send_out(route, p["mark"], data, p["uid"], p["gid"])
        else:
            where.send_in(p["came"], route, p["mark"], data, mac_of(p))


def mac_of(p):
    return bytes.fromhex(p["mac"].replace(":", "")) if p.get("mac") else None


def collect(where, which, batch):
    """What the far ends of a box and its own end have seen of a batch."""
    tags = {sent.tag: sent for sent in batch}
    resets = {packet.reset_number(sent.p, len(sent.data[0]) - 40): sent.tag for sent in batch if sent.p["proto"] == packet.TCP}
    arrived = [(("out", link), data) for link, data in where.settle()]
    for what, data in arrived + [(("let", logged[0]), logged[5]) for logged in netlink.logged(where.passed)]:
        seen = packet.Seen(data)
        tag = resets.get(seen.number) if seen.number is not None else seen.tag
        if tag in tags:
            tags[tag].seen[which][seen.answer or what] = data
    for hook, came, goes, mark, state, data in netlink.logged(where.asked):
        seen = packet.Seen(data)
        if which == 0 and not seen.answer and seen.tag in tags:
            tags[seen.tag].asked.append((hook, where.indexes.get(came), where.indexes.get(goes), mark, state, data))


def play(boxes, steps):
    """Sends steps (packet, flow) through both boxes. All that was sent."""
    everything = []
    for first in range(0, len(steps), BATCH):
        batch = [Sent(p, 1 + (first + n) % packet.TAGS, flow) for n, (p, flow) in enumerate(steps[first:first + BATCH])]
        for which, where in enumerate(boxes):
            for sent in batch:
                send(where, sent)
            collect(where, which, batch)
        everything += batch
    for number, sent in enumerate(everything):
        sent.number = number
    return everything


def draw_flows(ruleset, links, count):
    """Flows of @count packets or a few more, of all corners first."""
    drawer, made, number = Drawer(ruleset, links), [], 0
    source = drawer.packets()
    while number < count:
        p = next(source, None) or drawer.any()
        if p:
            made.append(flows.flow(p))
            number += sum(phase for phase, _ in made[-1])
    return made


def steps_of(made, phase):
    """Those of a phase; flows of phase 1 begin in turn and overlap."""
    steps = [(random.random() * 50 + n + 20 * at, p, n) for n, flow in enumerate(made) for at, (of, p) in enumerate(flow) if of == phase]
    if phase == 0:
        return [(p, n) for _, p, n in steps]
    return [(p, n) for _, p, n in sorted(steps, key=lambda step: step[0])]
