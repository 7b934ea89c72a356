# SPDX-License-Identifier: GPL-2.0-only
# Cases of what waits to be confirmed and of what was done; sourced by run.sh.

# becomes NAME...: the names of the rules, soon.
becomes_order() { wait_until order "$@" || order "$@"; }

# Each command that changes something, as a line: it waits, is taken back by undo, and stays when it is confirmed.
case_confirm_commands() {
	start_fwd || return 1
	local rules=$tmp/confirm.rules before after command
	echo 'rule 5 name a in accept' >"$rules"
	echo 'rule name new in drop' >"$tmp/confirm.load"
	printf 'add rule name %s in drop\n' x y >"$tmp/confirm.batch"
	all() { ctl save - && ctl --json status | grep -o '"devices":\[[^]]*\]' | sed 's/"index":[0-9]*,//g'; }
	while read -r command; do
		ok load "$rules" && ok set create s 10.0.0.1 && ok policy in accept && before=$(all) || return 1
		# shellcheck disable=SC2086 # words on purpose
		ok $command --confirm 5m && says "fwctl confirm" && after=$(all) || return 1
		[ "$before" != "$after" ] || fail "$command changes nothing" || return 1
		refuses 1 "$command" add rule drop && refuses 1 "$command" load "$rules" && refuses 1 "$command" flush --yes &&
			ok status && says "$command: by" && ok undo && says "undone: $command" || return 1
		is "what is there after undo of $command" "$(all)" "$before" && refuses 1 "too late: '$command'" confirm &&
			refuses 1 "too late" undo && ok status && says "$command (" || return 1
		# shellcheck disable=SC2086
		ok $command --confirm 5m && ok confirm && says "confirmed: $command" &&
			is "what is there after confirm of $command" "$(all)" "$after" &&
			refuses 1 "nothing is waiting to be confirmed" confirm || return 1
	done <<-END
		add rule name b in drop
		replace rule a in drop
		del rule 5
		set add s 10.0.0.2
		set del s 10.0.0.1
		set destroy s
		set create t 10.0.0.1
		policy in drop
		batch $tmp/confirm.batch
		load $tmp/confirm.load
	END
}

# The counter of a rule that was deleted comes back with it, also over a restart.
case_confirm_counters() {
	start_fwd && ok add rule name ping in proto icmp accept && ok attach s0 || return 1
	in_client ping -q -c 3 -i 0.01 -W1 $server4 >/dev/null || fail "no ping" || return 1
	packets ping 3 && ok del rule ping --confirm 5m && order && ok undo && packets ping 3 || return 1
	ok del rule ping --confirm 5m && fwd_kill KILL && start_fwd && order && refuses 1 "del rule ping" add rule drop &&
		ok undo && packets ping 3 || return 1
	ok del rule ping --confirm 1s && becomes_order ping && packets ping 3 && ok --json status &&
		says '"reason":"not confirmed within 1 s"' || return 1
	ok del rule ping --confirm 2s && fwd_kill KILL && sleep 3 && start_fwd && becomes_order ping && packets ping 3
}

# Too late is a failure, and the numbers are those of what was undone.
case_confirm_too_late() {
	start_fwd && ok add rule name old in accept || return 1
	printf 'rule name %s in drop\n' a b c >"$tmp/g.rules"
	refuses 1 "nothing is waiting to be confirmed" confirm && refuses 1 "nothing is waiting to be undone" undo &&
		ok load "$tmp/g.rules" --confirm 1s && becomes_order old || return 1
	refuses 1 "too late: 'load $tmp/g.rules' was undone at 20" confirm && ok status &&
		says "load $tmp/g.rules (3 rules) at" && says "not confirmed within 1 s; 1 rule came back" &&
		ok --json status && says '"rules":3,"restored":1' || return 1
	fwd_kill TERM && start_fwd && refuses 1 "too late" confirm && ok load "$tmp/g.rules" --confirm 5m && ok confirm &&
		refuses 1 "nothing is waiting" confirm && ok flush --yes --confirm 5m && order && ok undo && order a b c || return 1
	refuses 2 "--confirm" load "$tmp/g.rules" --check --confirm 1s && refuses 2 "--confirm" add rule drop --check --confirm 5s &&
		answers 1 ask change '{"check":true,"confirm":5}' "$tmp/g.rules" && told "leave out"
}
