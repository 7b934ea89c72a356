# SPDX-License-Identifier: GPL-2.0-only
# Cases of confirmation, undo and history; sourced by run.sh.

# becomes NAME...: waits until these are the names of the rules.
becomes_order() { wait_until order "$@" || order "$@"; }

# Each command that changes something, one per line: it waits for confirmation, undo reverts it, and confirm keeps it.
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

# The counter of a deleted rule is restored with it, also after a restart.
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

# Confirming too late fails, and the numbers are those of the change that was undone.
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

# Changes are in the log and in the history, also after a restart; a name cannot forge a line of either.
case_history() {
	start_fwd && ok add rule name old in accept || return 1
	printf 'rule name %s in drop\n' a b c >"$tmp/g.rules"
	logged() { wait_until grep -qF -- "$1" "$tmp/fwd.log" || fail "the log does not say '$1': $(cat "$tmp/fwd.log")"; }
	ok load "$tmp/g.rules" && logged "fwd: load $tmp/g.rules: 3 rules, 3 rules added, 1 rule removed, by fwctl (pid " &&
		ok set create s 10.0.0.1 && ok set add s 10.0.0.2 && refuses 1 "nosuch" del rule nosuch &&
		logged "refused: del rule nosuch: line 1: " && ok load "$tmp/g.rules" --confirm 1s &&
		logged "rollback: load $tmp/g.rules: not confirmed within 1 s" && ok load "$tmp/g.rules" --confirm 5m &&
		refuses 1 "waits until" add rule drop && logged "refused: add rule drop: 'load $tmp/g.rules' waits" && ok undo &&
		logged "undo: load $tmp/g.rules: taken back by \`fwctl undo\`, by fwctl (pid " &&
		ok counters --reset && logged "fwd: reset all counters, by fwctl" &&
		ok del rule a --confirm 5m && ok confirm && logged "confirm: del rule a, by fwctl" || return 1
	printf 'add rule in drop\nnonsense\n' >"$tmp/change"
	answers 1 ask change '{"name":"x\nfwd: load forged\u001b[2J"}' "$tmp/change" && logged 'batch x\nfwd: load forged\x1b[2J' || return 1
	grep -q '^fwd: load forged' "$tmp/fwd.log" && { fail "a line is forged: $(cat "$tmp/fwd.log")"; return 1; }
	fwd_kill KILL && start_fwd && ok history && says "root fwctl[" && says "load $tmp/g.rules: 3 rules, 3 rules added" &&
		says "set add s 10.0.0.2: 1 element added" && says "refused: del rule nosuch" && says "confirm: del rule a" &&
		says "start of fwd" && says 'forged\x1b' || return 1
	is "entries" "$(ctl history --limit 2 | wc -l)" 2 && ctl --json history >"$tmp/json" && "$jsonl" <"$tmp/json" || return 1
	grep '"action":"change"' "$tmp/json" | grep '"what":"set create s 10.0.0.1"' | grep '"sets_created":1' | grep -q '"uid":0' ||
		fail "$(cat "$tmp/json")" || return 1
	head -1 "$tmp/json" | grep -q '"action":"start"' || fail "the start is not the newest: $(head -1 "$tmp/json")"
}

# Many entries of one kind neither fill the log nor displace the others.
case_history_flood() {
	start_fwd --group games && ok set create s && ok add rule name old in accept || return 1
	chmod 711 "$tmp" "$tmp/fwd"
	local i
	for i in $(seq 60); do ok set add s 10.0.0.$i || return 1; done
	for i in $(seq 60); do answers 3 as groups=games ask flush || return 1; done
	is "what is kept of the others" "$(ctl history --limit 5000 | grep -c 'add rule name old')" 1 &&
		is "what is kept of the sets" "$(ctl history --limit 5000 | grep -c 'element added')" 60 || return 1
	[ "$(ctl history --limit 5000 | grep -c 'refused: flush: only root')" -ge 20 ] || fail "no refusals" || return 1
	ok del rule old && wait_until grep -q "fwd: del rule old" "$tmp/fwd.log"
}

# The file of the setting `rules` is loaded by SIGHUP and by load without a file; status tells if it differs from the live rules.
case_rules_file() {
	local file=$tmp/own.rules
	printf 'policy in accept\nset s { 10.0.0.1, 10.0.0.2 }\nrule name a from @s drop\n' >"$file"
	log_says() { wait_until grep -qF -- "$1" "$tmp/fwd.log" || fail "the log does not say '$1': $(cat "$tmp/fwd.log")"; }
	says_file() { wait_until eval "ctl status | grep -qF \"rules file     $file$1\"" || fail "not '$1': $(ctl status)"; }
	start_fwd --rules "$file" && order a && says_file ": same as the live ruleset" && refuses 1 "has the format" load --format classbench ||
		return 1
	# The same rules in other words do not differ.
	printf '# words\nset s { 10.0.0.2,10.0.0.1 }\npolicy   in accept\nrule  name a   from @s drop\n' >"$file"
	fwd_kill TERM && start_fwd --rules "$file" && says_file ": same as the live ruleset" && ok set add s 10.0.0.3 &&
		says_file ": same as the live ruleset before later changes" && fwd_kill TERM && start_fwd --rules "$file" &&
		says_file " differs" && log_says "$file differs from the live ruleset" && ok --json status && says '"differs":true' || return 1
	ok load --diff --check && says "10.0.0.3" && kill -HUP "$fwd_pid" && says_file ": same as the live ruleset" &&
		log_says "load $file (SIGHUP): 1 rule, 1 element removed, by run.sh (pid $$, uid 0)" || return 1
	ok add rule name b drop && ok load && order a && says_file ": same as the live ruleset" && ok add rule name b drop || return 1
	# An invalid file is reported and changes nothing.
	echo nonsense >>"$file"
	kill -HUP "$fwd_pid" && log_says "refused: load $file (SIGHUP): line 5" && order a b && refuses 1 "own.rules:5" load || return 1
	rm "$file"
	kill -HUP "$fwd_pid" && log_says "cannot read '$file'" && order a b && refuses 1 "$file" load &&
		log_says "refused: load $file: cannot read" && refuses 1 "$file" load --check || return 1
	fwd_kill TERM && start_fwd --rules "$file" && says_file ": not compared: cannot read" || return 1
	fwd_kill TERM && start_fwd && refuses 1 "no file of its own" load && log_says "refused: load: fwd has no file of its own" &&
		is "refusals of the file" "$(ctl history --limit 99 | grep -c 'refused: load [^(]*cannot read')" 1 &&
		kill -HUP "$fwd_pid" && order a b && ok status
}

# attach and detach wait too: undo filters the same interfaces again, in the same way.
case_confirm_attach() {
	start_fwd && ok policy in drop || return 1
	dev() { ctl --json status | grep -o "{\"dev\":\"$1\"[^}]*}"; }
	dev_is() { wait_until eval "dev $1 | grep -qF -- '$2'" || fail "$1 is not $2: $(dev "$1")"; }
	no_dev() { wait_until eval "[ -z \"\$(dev $1)\" ]" || fail "$1 is there: $(dev "$1")"; }
	ok attach s0 --confirm 5m && says "within 300 s" && expect no try_ping $server4 &&
		refuses 1 "attach s0" add rule drop && refuses 1 "attach s0" attach late0 --later && refuses 1 "attach s0" detach s0 &&
		ok status && says "attach s0: by" && ok undo && is "what undo says" "$(cat "$tmp/out")" "undone: attach s0" &&
		ok --json status && says '"what":"attach s0","rules":null,"restored":null' && no_dev s0 &&
		expect yes try_ping $server4 && fw_gone || return 1
	ok attach s0 --confirm 5m && ok confirm && says "confirmed: attach s0" && dev_is s0 '"mode":"native"' || return 1
	# Another mode, and another interface, also after a restart.
	ok attach s0 late0 --later --mode tc --confirm 5m && dev_is s0 '"mode":"tc"' && dev_is late0 '"missing"' &&
		fwd_kill KILL && start_fwd && refuses 1 "attach s0 late0" add rule drop && ok undo && no_dev late0 &&
		dev_is s0 '"mode":"native"' && expect no try_ping $server4 || return 1
	ok detach s0 --confirm 1s && dev_is s0 '"mode":"native"' && expect no try_ping $server4 &&
		refuses 1 "too late: 'detach s0'" confirm || return 1
	# The time runs while fwd does not.
	ok detach s0 --confirm 2s && fwd_kill KILL && sleep 3 && start_fwd && dev_is s0 '"attached"' &&
		expect no try_ping $server4 && refuses 1 "too late" confirm || return 1
	ok attach late0 --later --confirm 2s && fwd_kill KILL && sleep 3 && start_fwd && no_dev late0 && dev_is s0 '"attached"' || return 1
	ok attach s0 --mode generic --confirm 2s && dev_is s0 '"mode":"generic"' && fwd_kill KILL && sleep 3 && start_fwd &&
		dev_is s0 '"mode":"native"' && expect no try_ping $server4 || return 1
	# After a refused command nothing waits.
	refuses 1 "nosuch0" attach nosuch0 --confirm 5m && refuses 1 "" undo && ok add rule name y accept || return 1
	ok detach s0 --confirm 5m && ok confirm && no_dev s0 && expect yes try_ping $server4 && ok history &&
		says "attach s0: s0 attached (native), to be confirmed" && says "refused: attach nosuch0: there is no interface" &&
		says "rollback: detach s0: not confirmed within 1 s" && says "undo: attach s0 late0" && says "confirm: detach s0"
}

# add prints the id of the new rule.
case_add_says_id() {
	share_fwd || return 1
	ok add rule name db in drop && is "what add says" "$(cat "$tmp/out")" "rule 1 (db)" &&
		ok add rule 7 out drop && is "what add says" "$(cat "$tmp/out")" "rule 7" &&
		ok add rule first in drop && is "what add says" "$(cat "$tmp/out")" "rule 8" &&
		ok add rule --echo in drop && is "what add says" "$(cat "$tmp/out")" 9 || return 1
	ok add rule --check in drop && says "checked only" && ! grep -q "^rule" "$tmp/out"
}

# watch continues when fwd is restarted.
case_watch_restart() {
	start_fwd && ok add rule name ping in proto icmp accept && ok attach s0 || return 1
	rm -f "$tmp/watched" "$tmp/watched.json" # left by another case
	"$fwctl" --socket "$tmp/fwd/sock" watch --interval 0.2 >"$tmp/watched" 2>"$tmp/err" &
	local text=$!
	"$fwctl" --socket "$tmp/fwd/sock" watch --interval 0.2 --json >"$tmp/watched.json" 2>>"$tmp/err" &
	local json=$!
	wait_until grep -q interval "$tmp/watched.json" && fwd_kill KILL && wait_until grep -q "fwd is not running" "$tmp/watched" &&
		wait_until grep -q '"event":"away"' "$tmp/watched.json" || fail "$(cat "$tmp/watched" "$tmp/watched.json" "$tmp/err")" || return 1
	in_client ping -q -c 3 -i 0.05 -W1 $server4 >/dev/null
	start_fwd && wait_until grep -q "fwd is running again" "$tmp/watched" && wait_until grep -q "name ping" "$tmp/watched" &&
		wait_until grep -q '"event":"back"' "$tmp/watched.json" &&
		wait_until grep -q '"name":"ping".*"moved_packets":3' "$tmp/watched.json" ||
		fail "$(cat "$tmp/watched" "$tmp/watched.json" "$tmp/err")" || return 1
	kill -INT $text $json
	wait $text && wait $json && "$jsonl" active_rules <"$tmp/watched.json" && [ ! -s "$tmp/err" ] || fail "$(cat "$tmp/err")"
}
