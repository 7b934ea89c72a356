# SPDX-License-Identifier: GPL-2.0-only
# Rollouts of generations that are really published and signed, through a real cluster of etcd, with a real leader. The hosts are only
# reports, which this file writes.

lead_pids=() # of `fwctl rollout lead`
follow_pid=

# fwctl on the admin's machine, for the fleet.
admin_fwctl() { on_node admin "$fwctl" "$@" --config "$fleet_dir/trial.conf"; }

# An empty fleet, besides that of the other cases, of h1 (ring first), h2 and h3 (ring second) and h4 (ring third), which run nothing.
rollout_up() {
	local host
	etcd_up && nginx_up && etcd_ctl del --prefix /fw/trial/ >/dev/null || return 1
	rm -rf "${fleet_dir:?}/www/trial" "$fleet_dir/trial.rules"
	mkdir -p "$fleet_dir/www/trial" && chmod 755 "$fleet_dir/www/trial"
	[ -e "$fleet_dir/signer.key" ] || "$fwctl" keys make "$fleet_dir/signer" >/dev/null || return 1
	[ -e "$fleet_dir/other.key" ] || "$fwctl" keys make "$fleet_dir/other" >/dev/null || return 1
	echo "$fleet_password" >"$fleet_dir/password"
	cat >"$fleet_dir/trial.conf" <<-END
		fleet trial
		url https://198.18.0.21/trial
		keys $fleet_dir/signer.pub
		etcd $etcd_urls
		user agent
		password $fleet_dir/password
		ca $fleet_dir/ca.pem
	END
	cat >"$fleet_dir/rings.json" <<-END
		{"rings": [{"name": "first", "hosts": "h1", "share": 1, "soak": 1},
			{"name": "second", "hosts": "h2 h3", "soak": 1},
			{"name": "third", "percent": 100, "soak": 1}]}
	END
	admin_fwctl rollout rings "$fleet_dir/rings.json" >/dev/null || fail "the rings are refused" || return 1
	for host in h1 h2 h3 h4; do host_puts $host "$(ring_of $host)" idle null null; done
}
ring_of() { case $1 in h1) echo first ;; h2 | h3) echo second ;; *) echo third ;; esac; }

# host_puts HOST RING STATE RUNNING WANTED [WHY]: a report; generations as in heads.
host_puts() {
	etcd_ctl put "/fw/trial/host/$1" "{\"host\":\"$1\",\"ring\":\"$2\",\"state\":\"$3\",\"running\":$4,\"wanted\":$5,
		\"worse\":false,\"dropped\":0,\"since\":$EPOCHSECONDS,\"why\":\"${6:-}\"}" >/dev/null
}
head_of() { etcd_ctl get --print-value-only "/fw/trial/ring/$1"; }
rollout_field() { etcd_ctl get --print-value-only /fw/trial/rollout | jq -r "$1"; }
rollout_is() { [ "$(rollout_field .state)" = "$1" ]; }

# Hosts run what the heads of their rings say.
hosts_obey() { # HOST...
	local host wanted
	for host; do
		wanted=$(head_of "$(ring_of "$host")")
		[ -z "$wanted" ] || host_puts "$host" "$(ring_of "$host")" confirmed "$wanted" "$wanted"
	done
}
obeyed_until() { # STATE; all hosts
	local until=$((SECONDS + 60))
	until rollout_is "$1"; do
		[ $SECONDS -lt $until ] || return 1
		hosts_obey h1 h2 h3 h4
		sleep 0.2
	done
}

lead_start() { # NUMBER
	: >"$fleet_dir/lead$1"
	nsenter --net="/run/netns/$(node_space admin)" "$fwctl" rollout lead --config "$fleet_dir/trial.conf" >"$fleet_dir/lead$1" 2>&1 &
	lead_pids[$1]=$!
}
lead_end() { # NUMBER [SIGNAL]
	[ -n "${lead_pids[$1]:-}" ] || return 0
	kill "-${2:-TERM}" "${lead_pids[$1]}" 2>/dev/null
	wait "${lead_pids[$1]}" 2>/dev/null
	lead_pids[$1]=
}
leads() { grep -q ' leads$' "$fleet_dir/lead$1"; }

# Signs and publishes rules; each time other ones. OPTION...: of publish
publish_next() {
	echo "rule $((RANDOM % 30000 + 1)) in proto tcp dport $((RANDOM + 1)) drop" >>"$fleet_dir/trial.rules"
	"$fwctl" publish "$fleet_dir/trial.rules" --to "$fleet_dir/www/trial" --key "$fleet_dir/signer.key" --fleet trial "$@" >"$fleet_dir/publish" 2>&1 ||
		fail "publish: $(cat "$fleet_dir/publish")"
}
rollout_start() {
	admin_fwctl rollout start "$@" >"$fleet_dir/start" 2>&1 || fail "rollout start: $(cat "$fleet_dir/start")"
}
# rollout_refused TEXT COMMAND...: refused with that message, and nothing has changed.
rollout_refused() {
	local want=$1 before after
	shift
	before=$(etcd_ctl get --prefix /fw/trial/r)
	admin_fwctl rollout "$@" >"$fleet_dir/refused" 2>&1 && { fail "not refused: rollout $*"; return 1; }
	grep -q -- "$want" "$fleet_dir/refused" || fail "rollout $*: refused without '$want': $(cat "$fleet_dir/refused")" || return 1
	after=$(etcd_ctl get --prefix /fw/trial/r)
	[ "$before" = "$after" ] || fail "rollout $*: refused, but something has changed"
}
heads_are() { # NUMBER NUMBER NUMBER; - for none
	local seen
	seen=$(for ring in first second third; do head_of $ring | jq -r .generation | grep . || echo -; done | xargs)
	[ "$seen" = "$*" ] || fail "heads: $seen, expected: $*"
}
rollout_end() {
	local code=$? i
	[ -z "$follow_pid" ] || kill "$follow_pid" 2>/dev/null
	follow_pid=
	for i in "${!lead_pids[@]}"; do lead_end "$i"; done
	return $code
}
# Generation 1 is rolled out, and 2 is published.
rollout_ready() {
	rollout_up && lead_start 1 && wait_until leads 1 && publish_next && rollout_start && obeyed_until done && publish_next
}

rollout_refusals() {
	rollout_up && publish_next || return 1
	rollout_refused "nobody leads" start || return 1
	lead_start 1
	wait_until leads 1 || return 1
	etcd_ctl del --prefix /fw/trial/host/ >/dev/null
	rollout_refused "no host of fleet trial reports" start || return 1
	host_puts h1 first idle null null
	rollout_refused "there is no rollout to pause" pause && rollout_refused "there is no rollout to abort" abort || return 1
	rollout_start || return 1
	rollout_refused "generation 1 is being rolled out" start &&
		rollout_refused "the rings cannot change" rings "$fleet_dir/rings.json" &&
		rollout_refused "only a paused rollout can be resumed" resume || return 1
	admin_fwctl rollout abort >/dev/null 2>&1 || return 1
	rollout_refused "told to go back already" abort && rollout_refused "only a running rollout" pause || return 1
	echo '{"rings": [{"name": "a b", "percent": 1}]}' >"$fleet_dir/bad.json"
	rollout_refused 'bad.json:1:13: ring 1: `name` has to be' rings "$fleet_dir/bad.json" || return 1
	sed -i 's/^user .*/user stranger/' "$fleet_dir/trial.conf"
	rollout_refused "etcd does not let us: .*permission denied" status || return 1
	sed -i '/^etcd /d' "$fleet_dir/trial.conf"
	rollout_refused "it does not name the endpoints of etcd" status || return 1
	rm "$fleet_dir/trial.conf"
	rollout_refused "trial.conf" status
}
case_fleet_rollout_refusals() { rollout_refusals; rollout_end; }

# What the web server has is not what a trusted key has signed, or not what hosts may take.
rollout_forgeries() {
	rollout_ready || return 1
	cp "$fleet_dir/www/trial/head" "$fleet_dir/head.good"
	sed -i 's/"rules":2/"rules":3/' "$fleet_dir/www/trial/head"
	rollout_refused "no key that is trusted here has signed it" start || return 1
	head -1 "$fleet_dir/head.good" >"$fleet_dir/www/trial/head"
	rollout_refused "it has no signature" start || return 1
	head -c 100 "$fleet_dir/head.good" >"$fleet_dir/www/trial/head"
	rollout_refused "is not used" start || return 1
	cp "$fleet_dir/head.good" "$fleet_dir/www/trial/head"
	# Another key has signed it.
	sed -i "s|^keys .*|keys $fleet_dir/other.pub|" "$fleet_dir/trial.conf"
	rollout_refused "no key that is trusted here has signed it" start || return 1
	sed -i "s|^keys .*|keys $fleet_dir/signer.pub|" "$fleet_dir/trial.conf"
	# An old head.
	rollout_start && obeyed_until done && publish_next || return 1
	cp "$fleet_dir/head.good" "$fleet_dir/www/trial/head"
	rollout_refused "the fleet runs generation 2 already" start &&
		rollout_refused "generation 1 is not newer than 2" start 1 || return 1
	# The way back of generation 3 is not what runs.
	publish_next --parent 1
	rollout_refused "hosts could not go back: they run generation 2, but the parent of generation 3 is 1" start || return 1
	grep -q 'publish it again with --parent 2' "$fleet_dir/refused" || fail "no hint: $(cat "$fleet_dir/refused")" || return 1
	rm -f "$fleet_dir/www/trial/head"
	rollout_refused "nothing has been published there" start || return 1
	nginx_down
	rollout_refused "198.18.0.21" start && nginx_up
}
case_fleet_rollout_forgeries() { rollout_forgeries; rollout_end; }

# Three rings, one after the other, and never a later one before its time.
rollout_rings() {
	rollout_ready && rollout_start && heads_are 2 1 1 || return 1
	admin_fwctl rollout status --follow >"$fleet_dir/follow" 2>&1 &
	follow_pid=$!
	hosts_obey h1 h2 h3 h4
	wait_until grep -q 'ring second (2 of 3)' "$fleet_dir/follow" || fail "$(cat "$fleet_dir/follow")" || return 1
	heads_are 2 2 1 || return 1
	hosts_obey h2
	admin_fwctl rollout status --json >"$fleet_dir/json" || return 1
	jq -se '.[0].rollout == "running" and (map(select(.ring == "second" and .head))[0] | .hosts == 2 and .needs == 2) and
		(map(select(.host)) | map(.host) == ["h3"])' "$fleet_dir/json" >/dev/null || fail "$(cat "$fleet_dir/json")" || return 1
	heads_are 2 2 1 && obeyed_until done && heads_are 2 2 2 || return 1
	wait $follow_pid || fail "follow ended with $?: $(cat "$fleet_dir/follow")" || return 1
	follow_pid=
	grep -q 'generation 2 done' "$fleet_dir/follow" && grep -q 'generation 2 is rolled out' "$fleet_dir/lead1"
}
case_fleet_rollout_rings() { rollout_rings; rollout_end; }

# A host that was taken back takes all back, from the second ring too; and so does one that falls silent.
rollout_worse() {
	local old new
	rollout_ready && old=$(head_of first) && rollout_start && new=$(head_of first) || return 1
	hosts_obey h1
	wait_until grep -q 'generation 2 goes to ring second' "$fleet_dir/lead1" || return 1
	host_puts h3 second taken-back "$old" "$new" "tcp:192.0.2.9:53 was not reached"
	wait_until rollout_is failed || fail "it has not failed" || return 1
	heads_are 1 1 1 || return 1
	[ "$(rollout_field .why)" = "ring second: host h3 taken-back: tcp:192.0.2.9:53 was not reached" ] || fail "$(rollout_field .why)" || return 1
	rollout_refused "host h3 still reports about generation 2 from before: taken-back: tcp:192.0.2.9:53 was not reached" start || return 1
	admin_fwctl rollout status --follow >"$fleet_dir/follow" && { fail "status --follow of a failed rollout succeeds"; return 1; }
	grep -q 'tcp:192.0.2.9:53' "$fleet_dir/follow" || fail "$(cat "$fleet_dir/follow")"
}
case_fleet_rollout_worse() { rollout_worse; rollout_end; }

rollout_silent() {
	rollout_ready || return 1
	sed -i 's/"share": 1,/"share": 1, "timeout": 3,/' "$fleet_dir/rings.json"
	admin_fwctl rollout rings "$fleet_dir/rings.json" >/dev/null && rollout_start && etcd_ctl del /fw/trial/host/h1 >/dev/null || return 1
	admin_fwctl rollout status >"$fleet_dir/status" && grep -q 'ring first .*0 of 1 host' "$fleet_dir/status" &&
		grep -q '^h1 .* silent  *has not reported' "$fleet_dir/status" || fail "$(cat "$fleet_dir/status")" || return 1
	wait_until rollout_is failed && heads_are 1 1 1
}
case_fleet_rollout_silent_host() { rollout_silent; rollout_end; }

# Pauses, goes on, is aborted, and is aborted after it is done.
rollout_by_hand() {
	rollout_ready && rollout_start && admin_fwctl rollout pause wait for Ann >/dev/null || return 1
	rollout_field .why | grep -q '^by .*@.*: wait for Ann$' || fail "$(rollout_field .why)" || return 1
	hosts_obey h1 h2 h3 h4
	sleep 3 # nothing must happen
	rollout_is paused && heads_are 2 1 1 && admin_fwctl rollout resume >/dev/null || return 1
	wait_until grep -q 'generation 2 goes to ring second' "$fleet_dir/lead1" && admin_fwctl rollout abort >/dev/null && heads_are 1 1 1 &&
		rollout_start && obeyed_until done && heads_are 2 2 2 && admin_fwctl rollout abort too many tickets >"$fleet_dir/abort" || return 1
	grep -q 'all hosts go back to generation 1' "$fleet_dir/abort" && heads_are 1 1 1 && publish_next --parent 1 && rollout_start && heads_are 3 1 1
}
case_fleet_rollout_by_hand() { rollout_by_hand; rollout_end; }

# Other rings have what the fleet runs, and the heads of those that are gone go, too.
rollout_other_rings() {
	rollout_ready || return 1
	echo '{"rings": [{"name": "third", "hosts": "h4"}, {"name": "fourth", "percent": 50}, {"name": "fifth", "percent": 100}]}' >"$fleet_dir/rings.json"
	admin_fwctl rollout rings "$fleet_dir/rings.json" --check >"$fleet_dir/out" && heads_are 1 1 1 &&
		admin_fwctl rollout rings "$fleet_dir/rings.json" >/dev/null && heads_are - - 1 || return 1
	[ "$(head_of fourth)$(head_of fifth)" = "$(head_of third)$(head_of third)" ] || fail "other heads: $(head_of fourth)" || return 1
	host_puts h1 fourth confirmed "$(head_of third)" "$(head_of third)"
	admin_fwctl rollout status --json | jq -se 'map(select(.ring == "fourth" and .head))[0] | .confirmed == 1 and .moved' >/dev/null ||
		fail "$(admin_fwctl rollout status)" || return 1
	admin_fwctl rollout rings --json >"$fleet_dir/again.json" && admin_fwctl rollout rings "$fleet_dir/again.json" >/dev/null &&
		rollout_start && [ "$(head_of third | jq .generation)" = 2 ] && [ "$(head_of fifth | jq .generation)" = 1 ]
}
case_fleet_rollout_other_rings() { rollout_other_rings; rollout_end; }

# A leader that is killed is followed by another, which goes on.
rollout_leader_killed() {
	rollout_ready && lead_start 2 && wait_until grep -q "leads now" "$fleet_dir/lead2" && rollout_start || return 1
	hosts_obey h1
	wait_until grep -q 'generation 2 goes to ring second' "$fleet_dir/lead1" || return 1
	lead_end 1 KILL
	hosts_obey h2 h3
	wait_until leads 2 || fail "no other leads: $(cat "$fleet_dir/lead2")" || return 1
	obeyed_until done && heads_are 2 2 2 && grep -q 'generation 2 is rolled out' "$fleet_dir/lead2" || return 1
	# One that is ended gives the lead back at once.
	lead_start 3
	wait_until grep -q "leads now" "$fleet_dir/lead3" && lead_end 2 TERM
	[ "$(etcd_ctl get /fw/trial/leader | grep -c "fwctl.${lead_pids[3]}")" = 1 ] || wait_until leads 3
}
case_fleet_rollout_leader_killed() { rollout_leader_killed; rollout_end; }

# All of etcd dies in the middle, and comes back: the rollout goes on.
rollout_etcd_killed() {
	local n
	rollout_ready && rollout_start || return 1
	nsenter --net="/run/netns/$(node_space admin)" "$fwctl" rollout status --follow --config "$fleet_dir/trial.conf" >"$fleet_dir/follow" 2>&1 &
	follow_pid=$!
	wait_until grep -q 'ring first' "$fleet_dir/follow" || return 1
	for n in 1 2 3; do etcd_end $n KILL; done
	admin_fwctl rollout status >"$fleet_dir/out" 2>&1 && { fail "status without etcd succeeds"; return 1; }
	grep -q 'etcd does not answer' "$fleet_dir/out" || fail "$(cat "$fleet_dir/out")" || return 1
	wait_until grep -q 'etcd does not answer' "$fleet_dir/follow" || fail "$(cat "$fleet_dir/follow")" || return 1
	etcd_up && obeyed_until done && heads_are 2 2 2 || return 1
	wait $follow_pid || fail "follow ended with $?: $(cat "$fleet_dir/follow")" || return 1
	follow_pid=
}
case_fleet_rollout_etcd_killed() { rollout_etcd_killed; rollout_end; }
