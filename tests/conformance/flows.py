# SPDX-License-Identifier: GPL-2.0-only
"""From a packet that a case wants to the packets that give it its state.

A flow is a list of (phase, packet). Those of phase 0 are sent before any rules are loaded, so that all connections come about that
rules may ask for; those of phase 1 are compared.
"""
import random

import packet
from packet import ACK, ICMP, ICMP6, RST, SYN, TCP, UDP

PING = {8: 0, 0: 8, 128: 129, 129: 128}
ERRORS = {4: [(3, 1), (3, 3), (3, 13), (11, 0), (12, 0)], 6: [(1, 0), (1, 4), (3, 0), (4, 1)]}


def reply(p, **more):
    """The packet the other way."""
    hook = {"input": "output", "output": "input", "forward": "forward"}[p["hook"]]
    r = {**p, "hook": hook, "src": p["dst"], "dst": p["src"], "sport": p["dport"], "dport": p["sport"], "came": p["goes"],
         "goes": p["came"], "mac": None, "cast": None, "length": None, "mark": 0, "uid": 0, "gid": 0}
    if p["type"] in PING:
        # Its number is that of the request.
        r.update(type=PING[p["type"]], sport=p["sport"], dport=p["dport"])
    return {**r, **more}


def plain(p, **more):
    return {**p, "length": None, "mac": None, "cast": None, **more}


def established(p):
    """A connection that @p is part of, begun by either side."""
    other_first = random.random() < 0.5
    if p["proto"] == TCP:
        seq, ack = p["seq"], random.getrandbits(32)
        p["ack"] = ack if p["flags"] & ACK else 0
        before, there = (seq - 1) & 0xffffffff, (ack - 1) & 0xffffffff
        if other_first:
            opening = [reply(p, flags=SYN, seq=there, ack=0), plain(p, flags=SYN | ACK, seq=before, ack=ack),
                       reply(p, flags=ACK, seq=ack, ack=seq)]
        else:
            opening = [plain(p, flags=SYN, seq=before, ack=0), reply(p, flags=SYN | ACK, seq=there, ack=seq),
                       plain(p, flags=ACK, seq=seq, ack=ack)]
    elif p["proto"] in (ICMP, ICMP6):
        opening = [reply(p)] if p["type"] in (0, 129) else [plain(p), reply(p)]
    else:
        opening = [reply(p), plain(p)] if other_first else [plain(p), reply(p)]
    return [(0, step) for step in opening] + [(1, p)]


def error_about(p, quoted, back):
    """An ICMP error about a packet: whoever gets @quoted may send it back."""
    kind, code = random.choice(ERRORS[p["family"]])
    data = packet.build(quoted, 1)[0]
    return (reply if back else dict)(quoted, proto=ICMP if p["family"] == 4 else ICMP6, type=kind, code=code, rest=0, quoted=data[:120])


def related(p):
    inner = {**plain(p), "proto": random.choice([TCP, UDP]), "flags": SYN, "type": None}
    inner = reply(inner)
    error = error_about(p, inner, True)
    if p["proto"] in (ICMP, ICMP6) and p["type"] in (1, 2, 3, 4, 11, 12):
        error.update(type=p["type"], code=p["code"])
    return [(0, inner), (1, {**error, "length": None, "came": p["came"], "goes": p["goes"]})]


def invalid(p):
    if p["proto"] == TCP:
        return [(1, {**p, "flags": random.choice([SYN | RST, 0, 0x3f, SYN | 1])} if random.random() < 0.5 else {**p, "bad": True})]
    if p["proto"] in (ICMP, ICMP6) and p["type"] not in PING:
        return [(1, p)]
    return [(1, {**p, "bad": True})]


def new(p):
    """Alone, or a conversation: whatever the rules make of it."""
    steps = [(1, p)]
    if random.random() < 0.3:
        steps.append((1, reply(p, flags=SYN | ACK, seq=random.getrandbits(32), ack=p["seq"] + 1 & 0xffffffff)))
        steps.append((1, plain(p, flags=ACK, seq=p["seq"] + 1 & 0xffffffff, ack=steps[1][1]["seq"] + 1 & 0xffffffff)))
        if p["proto"] in (TCP, UDP) and random.random() < 0.3:
            steps.append((1, error_about(p, p, True)))
    return steps


MAKERS = {"established": established, "related": related, "invalid": invalid}


def flow(p):
    """The steps of a packet with the state that it wants."""
    steps = MAKERS.get(p["state"], new)(p)
    return [(phase, step) for phase, step in steps if step["hook"] != "output" or step["goes"]]
