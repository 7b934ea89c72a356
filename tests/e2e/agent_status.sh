# SPDX-License-Identifier: GPL-2.0-only
# What `fwctl status` and fw-exporter show of fw-agent's status file. Sourced by run.sh.

# agent_wrote SECONDS-AGO [JQ-CHANGE]: a status file, as an agent writes it.
agent_wrote() {
	jq -nc --argjson at $(($(date +%s) - $1)) '{"fleet":"edge","host":"web1","ring":"canary","state":"confirmed","since":($at - 60),"why":null,
		"running":{"generation":12,"manifest":"c"},"wanted":{"generation":12,"manifest":"c"},"confirmed":{"generation":12,"manifest":"c"},
		"worse":false,"dropped":0,"etcd":true,"heard":$at,"written":$at,
		"errors":{"etcd":0,"fetch":2,"manifest":0,"object":0,"memory":0,"rules":0,"fwd":0,"probe":0,"disk":0}} | '"${2:-.}" >"$tmp/agent.new" &&
		mv "$tmp/agent.new" "$tmp/agent"
}
agent_shown() { exits 0 ctl status --agent "$tmp/agent" && says "$@"; }
agent_page() { "$exporter" --once --socket "$tmp/fwd/sock" --pins "$tmp/bpffs/fwd" --agent "$tmp/agent" >"$tmp/page"; }

case_agent_status() {
	share_fwd && rm -f "$tmp/agent" && exits 0 ctl status --agent "$tmp/agent" && ! grep -q '^fleet' "$tmp/out" || fail "$(cat "$tmp/out")" || return 1
	agent_wrote 5 && agent_shown "fleet          edge, ring canary: generation 12, confirmed since" && ! grep -q 'NOT' "$tmp/out" || return 1
	agent_wrote 5 '.state = "taken-back" | .running.generation = 11 | .why = "tcp:10.0.0.1:22 is not \u001b[2Jreached"' &&
		agent_shown "edge, ring canary: generation 11, wanted 12, TAKEN BACK since" && agent_shown 'is not \x1b[2Jreached' || return 1
	agent_wrote 5 '.state = "idle" | .running = null | .wanted = null | .ring = null | .since = 0' && agent_shown "edge: no generation yet, idle" && ! grep -q "^fleet.*since" "$tmp/out" || return 1
	agent_wrote 5 '.state = "refused" | .etcd = false' && agent_shown "REFUSED since" && agent_shown "NOT CONNECTED to etcd; the fleet was last heard of at 20" || return 1
	agent_wrote 5 '.state = "overruled"' && agent_shown "OVERRULED by this host's own file" || return 1
	agent_wrote 5 '.state = "drifted" | .why = "rule 5 differs"' && agent_shown "CHANGED by others" && agent_shown "rule 5 differs" || return 1
	# Nothing of an agent that is gone is repeated.
	agent_wrote 500 && agent_shown "fleet          NOT KNOWN, by $tmp/agent: fw-agent has not written it for 50" && ! grep -q 'edge' "$tmp/out" || return 1
	echo '{"rules":[]}' >"$tmp/agent" && agent_shown "it is no status of fw-agent" || return 1
	agent_wrote 5 && exits 0 ctl --json status --agent "$tmp/agent" &&
		is "JSON" "$(jq -s -c '[.[0].pid > 0, .[1].fleet.status.running.generation, .[1].fleet.why, .[2].ok]' "$tmp/out")" '[true,12,null,true]' || return 1
	agent_wrote 500 && exits 0 ctl --json status --agent "$tmp/agent" &&
		is "JSON of an old one" "$(jq -s -c '.[1].fleet | [.status, .age > 400, .why[0:8]]' "$tmp/out")" '[null,true,"fw-agent"]'
}

# Also while fwd does not run.
case_agent_status_alone() {
	start_fwd && ok attach s0 && fwd_kill TERM && agent_wrote 5 || return 1
	exits 3 in_fwd "$fwctl" --socket "$tmp/fwd/sock" status --pins "$tmp/bpffs/fwd" --agent "$tmp/agent" && says "edge, ring canary: generation 12, confirmed" || return 1
	exits 3 in_fwd "$fwctl" --socket "$tmp/fwd/sock" --json status --pins "$tmp/bpffs/fwd" --agent "$tmp/agent" &&
		is "JSON" "$(jq -s -c '[.[0].fleet.status.fleet, .[1].running, .[2].ok]' "$tmp/out")" '["edge",false,false]'
}

case_agent_metrics() {
	share_fwd || return 1
	agent_wrote 5 '.state = "fetching" | .running.generation = 11 | .confirmed.generation = 10' && agent_page && promtool check metrics <"$tmp/page" >"$tmp/lint" 2>&1 ||
		fail "$(cat "$tmp/lint")" || return 1
	is "metrics" "$(grep -E '^fw_fleet_(generation|wanted|confirmed|agent_up|connected|state.*fetching)' "$tmp/page" | xargs)" \
		'fw_fleet_agent_up 1 fw_fleet_generation 11 fw_fleet_wanted 12 fw_fleet_confirmed 10 fw_fleet_state{state=fetching} 1 fw_fleet_connected 1' &&
		is "errors" "$(grep -c '^fw_fleet_errors_total' "$tmp/page")" 9 && agent_wrote 500 && agent_page &&
		is "of an agent that is gone" "$(grep -o '^fw_fleet_[a-z_]*' "$tmp/page" | xargs)" "fw_fleet_agent_up fw_fleet_status_age_seconds" || return 1
	rm "$tmp/agent" && agent_page && ! grep fw_fleet "$tmp/page"
}
