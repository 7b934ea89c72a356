/* SPDX-License-Identifier: GPL-2.0-only */
/* The agent's status as a file, for fwctl, exporters and people. */
#ifndef AGENT_STATUS_H
#define AGENT_STATUS_H

#include "agent.h"

/**
 * status_print - the status as one JSON object and a newline
 * @heard: seconds since 1970 when the fleet was last heard of; 0: never
 * @now:   seconds since 1970
 *
 *	{"fleet":"edge","host":"web1","ring":"canary",     null: it has none, or none is known yet
 *	 "state":"taken-back",                             a word of FW_REPORT_STATES
 *	 "since":1700000000,                               of the state; all times are seconds since 1970
 *	 "why":"tcp:10.0.0.1:22 is not reached",           null: there is nothing to say
 *	 "running":{"generation":11,"manifest":"SHA256"},  what fwd filters by, of the fleet; null: nothing
 *	 "wanted":{...},                                   what the head names; null: none, or not known yet
 *	 "confirmed":{...},                                the last one that was confirmed here; null: none yet
 *	 "worse":false,                                    it runs the wanted generation, and is not well
 *	 "dropped":0.02,                                   share of packets that are dropped now
 *	 "etcd":true,                                      connected; null: there is none, head is polled
 *	 "heard":1700000100,                               null: never since the agent's start
 *	 "written":1700000101,                             at least every 30 s while the agent runs
 *	 "errors":{"etcd":0,"fetch":2,"manifest":0,"object":0,"memory":0,"rules":0,"fwd":0,"probe":1,"disk":0}}
 *
 * Errors are counted since the agent's start: of etcd; when fetching; of manifests (no trusted signature, of another fleet, older) and
 * objects (other bytes than the manifest names); too little memory; rules that fwd refused; fwd did not answer; probes or dropped
 * packets that took a generation back; files of the agent's state.
 */
void status_print(struct fw_buf *b, const struct agent_setup *setup, const struct agent_status *s, uint64_t heard,
		  uint64_t now);

#endif
