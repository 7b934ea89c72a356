# SPDX-License-Identifier: GPL-2.0-only
# A fleet of three hosts: rulesets are published and rolled out while everything fails that can. host1 is the first ring, host2 and host3
# the rest. Whatever happens, a host filters by one whole generation, and by none that is older than the way back. Sourced by run.sh.

# A fleet that runs a generation, with traffic.
fleet_ready() {
	fleet_up || return 1
	[ $fleet_running != 0 ] && return 0
	fleet_publish && rolled_out && fleet_is $fleet_running
}

# One command publishes, one rolls out.
case_fleet_rollout() {
	local n
	fleet_ready && fleet_publish && rolled_out && fleet_is $fleet_running || return 1
	for n in 1 2 3; do host_filters $n || return 1; done
	grep -q 'ring first (1 of 2): 1 of 1 host has confirmed' "$fleet_dir/out" && grep -q 'done: all rings have it' "$fleet_dir/out" || fail "$(cat "$fleet_dir/out")"
}

# rollout_fails WHY [LINE...]: a generation with these rules stops in the first ring, and is undone there without a hand.
rollout_fails() {
	local why=$1 before=$fleet_running
	shift
	fleet_ready && before=$fleet_running && fleet_publish "$@" || return 1
	fleet_rollout start head --follow && { fail "rolled out: $(cat "$fleet_dir/out")"; return 1; }
	grep -q "$why" "$fleet_dir/out" || fail "not '$why': $(cat "$fleet_dir/out" "$fleet_dir/err")" || return 1
	fleet_is "$before" && host_filters 1 || return 1
	for n in 2 3; do
		in_host $n "$fwctl" --socket "$fleet_dir/host$n/sock" --json history | grep -q "edge/$fleet_published/" && { fail "host$n has loaded it"; return 1; }
	done
	# The next one goes well.
	fleet_publish && rolled_out && fleet_is $fleet_running
}
case_fleet_bad_ruleset() { rollout_fails "host1" "rule 3 name no-web in from 198.18.0.21 drop"; }
# The host does not hear of anything any more, so nobody can tell it to go back.
case_fleet_cut_off() { rollout_fails "host1" "rule 3 name nothing in drop"; }

# killed_during_a_rollout TIMES: the agent of host1, which filters on.
killed_during_a_rollout() {
	local i
	fleet_ready && fleet_publish && rollout_starts || return 1
	for ((i = 0; i < $1; i++)); do
		wait_until loaded_by_host1
		end_of host_agents 1 KILL
		host_filters 1 && host_runs 1 >/dev/null || fail "host1 runs no whole generation" || return 1
		host_agent_start 1
	done
}
loaded_by_host1() { [[ $(host_status 1 .state) =~ probing|taken-back|confirmed ]]; }
case_fleet_agent_killed() { killed_during_a_rollout 1 && rollout_ends "done" && fleet_is $fleet_running; }
# A ruleset during which it dies again and again is a bad one.
case_fleet_agent_dies() {
	killed_during_a_rollout 6 && rollout_ends failed && grep -q "the agent ended" "$fleet_dir/out" && fleet_is $fleet_running
}

case_fleet_fwd_killed() {
	local i
	fleet_ready && fleet_publish && rollout_starts || return 1
	for i in 1 2 3; do
		end_of host_fwds 1 KILL
		host_filters 1 && host_fwd_start 1 && host_runs 1 >/dev/null || fail "host1 runs no whole generation" || return 1
		sleep "0.$i"
	done
	rollout_ends "done" && fleet_is $fleet_running
}

# A host that does not hear of a new leader in the time that it watches itself goes back; the next rollout is like any other.
case_fleet_etcd_leader_dies() {
	local leader
	fleet_ready && fleet_publish && rollout_starts && leader=$(etcd_leader) && etcd_end "$leader" KILL || return 1
	rollout_ends_somehow && fleet_is $fleet_running && fleet_publish && rolled_out && fleet_is $fleet_running
}

case_fleet_etcd_dies() {
	local n
	fleet_ready && fleet_publish && rollout_starts || return 1
	for n in 1 2 3; do etcd_end $n KILL; done
	for n in 1 2 3; do host_filters $n || return 1; done
	# Without it nothing is said to be well that is not known.
	wait_until cut_off_noticed || fail "$(host_status 2 .)" || return 1
	# A host that was just watching the new generation could not tell whose fault it was, and went back.
	etcd_up && rollout_ends_somehow && fleet_is $fleet_running
}
cut_off_noticed() { [ "$(host_status 2 .etcd)" = false ]; }

# A host that is away keeps what it has, and gets the newest when it is back. Meanwhile what it missed was compacted.
host_away() { # HOW-IT-LEAVES HOW-IT-RETURNS
	local before
	fleet_ready && before=$fleet_running && $1 || return 1
	fleet_publish && rolled_out && fleet_publish && rolled_out && etcd_compact || return 1
	host_is 3 "$before" || fail "host3 runs another generation" || return 1
	$2
	fleet_is $fleet_running && host_filters 3
}
leave_by_partition() { node_cut host3; }
return_by_partition() { node_join host3; }
case_fleet_partition() { host_away leave_by_partition return_by_partition; }
leave_by_agent() { end_of host_agents 3 KILL; }
return_by_agent() { host_agent_start 3; }
case_fleet_compaction() { host_away leave_by_agent return_by_agent; }

case_fleet_full_disk() {
	fleet_ready && in_host 1 dd if=/dev/zero of="$fleet_dir/host1/state/rest" bs=4k >/dev/null 2>&1
	fleet_publish && fleet_rollout start head || return 1
	wait_until disk_noticed || fail "$(host_status 1 .)" || return 1
	host_is 1 $fleet_running || host_is 1 $fleet_published || fail "host1 runs no whole generation" || return 1
	in_host 1 rm "$fleet_dir/host1/state/rest"
	rollout_ends "done" && fleet_is $fleet_running
}
disk_noticed() { [ "$(host_status 1 .errors.disk)" -gt 0 ]; }

# corrupted SCRIPT: the web server has other bytes for the new generation, then the right ones again.
corrupted() {
	local object
	fleet_ready && fleet_publish || return 1
	object=$fleet_dir/www/object/$(head -1 "$fleet_dir/www/head" | jq -r '.delta.sha256 // .snapshot.sha256').zst
	cp "$fleet_dir/www/object/"* "$fleet_dir/kept/" 2>/dev/null || { mkdir -p "$fleet_dir/kept" && cp "$fleet_dir/www/object/"* "$fleet_dir/kept/"; }
	for object in $(head -1 "$fleet_dir/www/head" | jq -r '.delta.sha256 // empty, .snapshot.sha256'); do
		"$1" "$fleet_dir/www/object/$object.zst" || return 1
	done
	fleet_rollout start head || fail "$(cat "$fleet_dir/err")" || return 1
	wait_until object_noticed || fail "$(host_status 1 .)" || return 1
	fleet_is $fleet_running || return 1
	cp "$fleet_dir/kept/"* "$fleet_dir/www/object/"
	rollout_ends "done" && fleet_is $fleet_running
}
object_noticed() { [ "$(host_status 1 '.errors.object + .errors.fetch')" -gt 0 ]; }
truncate_object() { truncate -s -10 "$1"; }
overwrite_object() { printf XXXX | dd of="$1" bs=1 seek=20 conv=notrunc 2>/dev/null; }
remove_object() { rm "$1"; }
case_fleet_corrupt() { corrupted overwrite_object; }
case_fleet_truncated() { corrupted truncate_object; }
case_fleet_missing() { corrupted remove_object; }

# head_put MANIFEST-FILE: somebody with etcd's password, but without the key, tells the first ring what to run.
head_put() {
	local sha
	sha=$(sha256sum <"$1" | cut -d' ' -f1)
	cp "$1" "$fleet_dir/www/manifest/$sha" && chmod 644 "$fleet_dir/www/manifest/$sha"
	etcd_ctl put /fw/edge/ring/first "{\"generation\":$(head -1 "$1" | jq .generation),\"manifest\":\"$sha\"}" >/dev/null
}
head_restore() { etcd_ctl put /fw/edge/ring/first "$1" >/dev/null; }
# refuses_head MANIFEST-FILE
refuses_head() {
	local was
	was=$(etcd_ctl get /fw/edge/ring/first --print-value-only) && head_put "$1" && wait_until refused_by_host1 ||
		fail "not refused: $(host_status 1 .)" || return 1
	host_is 1 $fleet_running || fail "host1 runs another generation" || return 1
	head_restore "$was" && wait_until confirmed_by_host1
}
refused_by_host1() { [ "$(host_status 1 .state)" = refused ]; }
confirmed_by_host1() { [ "$(host_status 1 .state)" = confirmed ]; }

case_fleet_wrong_key() {
	fleet_ready && "$fwctl" keys make "$fleet_dir/stranger" >/dev/null || return 1
	cp -r "$fleet_dir/www" "$fleet_dir/strange"
	fleet_rules 99 >"$fleet_dir/rules.99"
	"$fwctl" publish "$fleet_dir/rules.99" --to "$fleet_dir/strange" --key "$fleet_dir/stranger.key" --trust "$fleet_dir/edge.pub" >/dev/null 2>"$fleet_dir/err" ||
		fail "$(cat "$fleet_dir/err")" || return 1
	cp "$fleet_dir/strange/object/"* "$fleet_dir/www/object/"
	refuses_head "$fleet_dir/strange/head" || return 1
	# Nor is one with a signature of a trusted key on other bytes.
	sed '1s/"author":"/"author":"not /' "$fleet_dir/www/head" >"$fleet_dir/forged"
	refuses_head "$fleet_dir/forged"
}

# An old generation, with its true signature.
case_fleet_replay() {
	fleet_ready && cp "$fleet_dir/www/head" "$fleet_dir/old" && fleet_publish && rolled_out && fleet_publish && rolled_out && fleet_is $fleet_running || return 1
	refuses_head "$fleet_dir/old"
}

# The wall clock jumps by days, forward and back, while a ruleset is loaded.
case_fleet_clock() {
	local seconds
	fleet_ready && end_of host_agents 1 || return 1
	echo 0 >"$fleet_dir/clock"
	FW_CLOCK=$fleet_dir/clock agent_user="$agent_user env LD_PRELOAD=$top/build/clock.so FW_CLOCK=$fleet_dir/clock" host_agent_start 1
	for seconds in 864000 -864000; do
		fleet_publish && rollout_starts || return 1
		echo $seconds >"$fleet_dir/clock"
		rollout_ends "done" && fleet_is $fleet_running || return 1
	done
	end_of host_agents 1
}

# Without etcd the agent reads head.
case_fleet_polling() {
	fleet_ready && end_of host_agents 1 || return 1
	grep -vE '^(etcd|user|password|lead)' "$fleet_dir/host1/conf" >"$fleet_dir/host1/conf.new"
	echo 'poll 1' >>"$fleet_dir/host1/conf.new"
	cp "$fleet_dir/host1/conf" "$fleet_dir/host1/conf.etcd" && mv "$fleet_dir/host1/conf.new" "$fleet_dir/host1/conf"
	host_agent_start 1
	fleet_publish && wait_until host_is 1 $fleet_published && wait_until confirmed_by_host1
	local code=$?
	end_of host_agents 1
	mv "$fleet_dir/host1/conf.etcd" "$fleet_dir/host1/conf"
	host_agent_start 1
	[ $code = 0 ] || fail "not taken: $(host_status 1 .)" || return 1
	rolled_out && fleet_is $fleet_running
}

# Some of all these at once: tests/e2e/fleet_faults does more of them.
case_fleet_faults() {
	fleet_down
	FW_FAULTS=${FW_FAULTS:-10} "$here/fleet_faults" >"$tmp/faults" 2>&1 || fail "$(tail -n 60 "$tmp/faults")"
}
