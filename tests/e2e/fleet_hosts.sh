# SPDX-License-Identifier: GPL-2.0-only
# Hosts of a fleet on the rig of fleet_rig.sh: each has an fwd that filters its eth0, an fw-agent without privileges, and listens on
# TCP ports 80 and 25. What is published is told apart by its rule `genN`. Sourced by run.sh and fleet_faults.

agent=${AGENT:-$top/build/fw-agent}
host_spaces=("" "" "" "") # by host, from 1: a process that keeps its mount namespace
host_fwds=("" "" "" "")
host_agents=("" "" "" "")
host_listeners=("" "" "" "")
fleet_published=0 # the generation that was published last
fleet_running=0   # the one that was rolled out last
agent_user="setpriv --reuid nobody --regid nogroup --clear-groups"

in_host() { # HOST COMMAND...
	nsenter --target "${host_spaces[$1]}" --net --mount "${@:2}"
}
host_ctl() { # HOST ARGUMENT...
	in_host "$1" "$fwctl" --socket "$fleet_dir/host$1/sock" "${@:2}"
}
host_status() { # HOST JQ-FILTER: what its agent says
	jq -r "$2" "$fleet_dir/host$1/agent/status" 2>/dev/null
}

fleet_conf() { # HOST
	cat <<-END
		fleet edge
		host host$1
		url https://198.18.0.21
		keys $fleet_dir/fleet.keys
		etcd $etcd_urls
		user agent
		password $fleet_dir/password
		ca $fleet_dir/ca.pem
		confirm 10
		probes tcp:198.18.0.21:443
		state $fleet_dir/host$1/state
		status $fleet_dir/host$1/agent/status
		socket $fleet_dir/host$1/sock
		local $fleet_dir/host$1/local
		lead on
	END
}

host_fwd_start() { # HOST: and waits until it answers
	local folder=$fleet_dir/host$1
	nsenter --target "${host_spaces[$1]}" --net --mount "$fwd" --socket "$folder/sock" --store "$folder/store/fwd.db" --pins "$folder/bpffs/fwd" \
		--group nogroup --admin-group nogroup --owner nobody --local "$folder/local" >>"$folder/fwd.log" 2>&1 &
	host_fwds[$1]=$!
	wait_until host_ctl "$1" status
}
host_agent_start() { # HOST: without waiting
	# shellcheck disable=SC2086 # several words
	nsenter --target "${host_spaces[$1]}" --net --mount $agent_user "$agent" --config "$fleet_dir/host$1/conf" \
		>>"$fleet_dir/host$1/agent.log" 2>&1 &
	host_agents[$1]=$!
}
# end_of ARRAY HOST [SIGNAL]: ends a process of a host.
end_of() {
	local -n processes=$1
	[ -n "${processes[$2]}" ] || return 0
	kill "-${3:-TERM}" "${processes[$2]}" 2>/dev/null
	wait "${processes[$2]}" 2>/dev/null
	processes[$2]=
}

# host_up HOST: fwd and the agent run, and fwd filters.
host_up() {
	local n=$1 folder=$fleet_dir/host$1 port
	node_add "host$n" "3$n" && mkdir -p "$folder/bpffs" "$folder/state" "$folder/agent" "$folder/store" && chown nobody "$folder/agent" || return 1
	# shellcheck disable=SC2016 # $1 is the inner shell's
	nsenter --net="/run/netns/$(node_space "host$n")" unshare --mount --propagation private \
		sh -c 'mount -t bpf none "$1/bpffs" && mount -t tmpfs -o size=4m,mode=755,uid=65534 none "$1/state" && exec sleep 10000' - "$folder" &
	host_spaces[n]=$!
	wait_until grep -q "$folder/state" "/proc/${host_spaces[$n]}/mounts" || return 1
	for port in 80 25; do
		nsenter --target "${host_spaces[$n]}" --net nc -4 -lk $port >/dev/null 2>&1 </dev/null &
		host_listeners[n]+=" $!"
	done
	fleet_conf "$n" >"$folder/conf"
	host_fwd_start "$n" && host_ctl "$n" attach eth0 >/dev/null && host_agent_start "$n"
}
host_down() { # HOST
	local pid
	end_of host_agents "$1" KILL
	end_of host_fwds "$1" KILL
	for pid in ${host_listeners[$1]} ${host_spaces[$1]}; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	host_listeners[$1]='' host_spaces[$1]=''
	ip netns del "$(node_space "host$1")" 2>/dev/null
}

# fleet_rules GENERATION [LINE...]: a ruleset, as `fwctl save` prints it; the further lines are its first rules.
fleet_rules() {
	local n=$1
	shift
	printf '%s\n' 'policy in drop' "$@" 'rule 5 name ping in proto icmp accept' \
		'rule 6 name services in from 198.18.0.0/24 proto tcp sport { 443, 2379 } accept' \
		'rule 10 name web in proto tcp dport 80 accept' "rule 11 name gen$n in proto udp dport $((10000 + n)) accept"
}
# fleet_publish [LINE...]: publishes the next generation, which leads back to what runs now.
fleet_publish() {
	local n=$((fleet_published + 1)) parent=
	fleet_rules $n "$@" >"$fleet_dir/rules.$n"
	[ $fleet_running = 0 ] || parent="--parent $fleet_running"
	# shellcheck disable=SC2086 # two words or none
	"$fwctl" publish "$fleet_dir/rules.$n" --to "$fleet_dir/www" --key "$fleet_dir/edge.key" --fleet edge $parent \
		>"$fleet_dir/out" 2>"$fleet_dir/err" || fail "not published: $(cat "$fleet_dir/err")" || return 1
	fleet_published=$n
}
# fleet_rollout COMMAND...: from the admin's machine.
fleet_rollout() {
	on_node admin timeout 120 "$fwctl" rollout "$@" --config "$fleet_dir/admin.conf" >"$fleet_dir/out" 2>"$fleet_dir/err"
}
rolled_out() { # starts a rollout of the head, and waits until it is done
	fleet_rollout start head --follow || fail "not rolled out: $(cat "$fleet_dir/out" "$fleet_dir/err")" || return 1
	fleet_running=$fleet_published
}
# A rollout that has begun already.
rollout_ends() { # done|failed
	wait_until state_of_rollout_is "$1" || fail "the rollout is not $1: $(cat "$fleet_dir/out" "$fleet_dir/err")" || return 1
	[ "$1" != "done" ] || fleet_running=$fleet_published
}
rollout_ends_somehow() { wait_until rollout_has_ended || fail "the rollout goes on: $(cat "$fleet_dir/out" "$fleet_dir/err")"; }
rollout_has_ended() {
	if state_of_rollout_is "done"; then fleet_running=$fleet_published; else state_of_rollout_is failed; fi
}
state_of_rollout_is() { fleet_rollout status --json && [ "$(jq -rs '.[0].rollout' "$fleet_dir/out")" = "$1" ]; }
rollout_starts() { fleet_rollout start head || fail "the rollout does not start: $(cat "$fleet_dir/err")"; }

host_fwd_answers() { host_ctl "$1" save >"$fleet_dir/host$1/save" 2>"$fleet_dir/host$1/err"; }
# Prints the generation that filters at a host; fails if its ruleset is not exactly one that was published.
host_runs() {
	local n
	host_fwd_answers "$1" || return 1
	grep -v '^#' "$fleet_dir/host$1/save" | grep -v '^$' >"$fleet_dir/host$1/live"
	n=$(sed -n 's/.* name gen\([0-9]*\) .*/\1/p' "$fleet_dir/host$1/live")
	[ -n "$n" ] && cmp -s "$fleet_dir/host$1/live" "$fleet_dir/rules.$n" && echo "$n"
}
host_is() { [ "$(host_runs "$1")" = "$2" ]; }
fleet_is() { # GENERATION
	local n
	for n in 1 2 3; do
		wait_until host_is $n "$1" || fail "host$n does not run generation $1: $(cat "$fleet_dir/host$n/live"; tail -3 "$fleet_dir/host$n/agent.log")" || return 1
	done
}
reaches() { on_node admin nc -z -w1 "198.18.0.3$1" "$2" >/dev/null 2>&1; } # HOST PORT
# Does the host filter as its ruleset says?
host_filters() {
	wait_until reaches "$1" 80 || fail "host$1 does not answer on port 80" || return 1
	! reaches "$1" 25 || fail "host$1 lets port 25 pass"
}

# Starts what a case has ended.
fleet_heal() {
	local n
	for n in 1 2 3; do
		node_join "host$n"
		[ -n "${host_fwds[$n]}" ] || host_fwd_start $n || return 1
		[ -n "${host_agents[$n]}" ] || host_agent_start $n
	done
	wait_until fleet_reports || fail "not all hosts report: $(cat "$fleet_dir/out" "$fleet_dir/err")"
}

# Three hosts without a ruleset, and everything that they need.
fleet_up() {
	local n
	etcd_up && nginx_up || return 1
	[ -z "${host_spaces[1]}" ] || { fleet_heal; return; }
	fleet_published=0 fleet_running=0
	"$fwctl" keys make "$fleet_dir/edge" >/dev/null && cp "$fleet_dir/edge.pub" "$fleet_dir/fleet.keys" && echo "$fleet_password" >"$fleet_dir/password" || return 1
	chmod 644 "$fleet_dir/password"
	fleet_conf 0 | grep -vE '^(host|state|status|socket|local|lead)' >"$fleet_dir/admin.conf"
	echo '{"rings": [{"name": "first", "hosts": "host1", "soak": 1, "timeout": 60}, {"name": "rest", "percent": 100, "share": 0.5, "soak": 1, "timeout": 60}]}' >"$fleet_dir/rings"
	fleet_rollout rings "$fleet_dir/rings" || fail "no rings: $(cat "$fleet_dir/err")" || return 1
	for n in 1 2 3; do host_up $n || fail "host$n does not start: $(cat "$fleet_dir/host$n/fwd.log")" || return 1; done
	wait_until fleet_reports
}
fleet_reports() { fleet_rollout status --json --hosts && [ "$(jq -s 'map(select(.host)) | length' "$fleet_dir/out")" = 3 ]; }
