# SPDX-License-Identifier: GPL-2.0-only
# Cases of elements that leave sets when their time is over, in real time; sourced by run.sh.

timeouts() { ctl --json status | head -1 | jq -c ".timeouts$1"; }
set_is() { [ "$(ctl set list banned)" = "set banned dynamic {$1}" ]; }

# An element stays for its time, also while fwd does not run, and is prolonged by adding it again.
case_timeouts_end() {
	start_fwd || return 1
	banned_rules
	ok load "$tmp/rules" && ok attach s0 && ok set add banned $listed4 timeout 2s && ok set add banned $listed6 timeout 1h &&
		expect no try_ping $server4 $listed4 && ok set list banned && says "$listed4 timeout " &&
		says "$listed6 timeout 59m5" || return 1
	wait_until eval '! ctl set list banned | grep -q "$listed4"' || fail "it stays" || return 1
	expect yes try_ping $server4 $listed4 && expect no try_ping $server6 $listed6 || return 1
	# Over a kill: what is left counts on, and what is over by then never filters again.
	ok set add banned $listed4 timeout 2s && ok set add banned $other4 timeout 1h && fwd_kill KILL && sleep 4 && start_fwd || return 1
	expect yes try_ping $server4 $listed4 && expect no try_ping $server6 $listed6 && ok set list banned && says "$other4 timeout 59m5" || return 1
	# Prolonged, and not shortened.
	ok set add banned $other4 timeout 2h && says "1 element prolonged" && ok set add banned $other4 timeout 1m && says "0 elements added" &&
		ok set list banned && grep -Eq "$other4 timeout (2h|1h59m5)" "$tmp/out" && ok save "$tmp/saved" &&
		grep -Eq "$other4 timeout (2h|1h59m)" "$tmp/saved" && ok flush --yes && ok load "$tmp/saved" && ok set list banned &&
		grep -Eq "$other4 timeout (2h|1h5)" "$tmp/out" && says "$listed6 timeout 5" || return 1
	ok --json set list banned && jq -e '.left[0] > 3000 and (.left | length) == (.ranges | length)' <(head -1 "$tmp/out") >/dev/null ||
		fail "JSON: $(cat "$tmp/out")"
}

# Without a word of its own an element gets the timeout of its set.
case_timeouts_of_a_set() {
	share_fwd || return 1
	ok set create short dynamic timeout 1s size 5 "{ 192.0.2.1, 192.0.2.2 timeout never }" && ok set list short &&
		says "set short dynamic timeout 1s size 5 { 192.0.2.1 timeout 1s, 192.0.2.2 timeout never }" || return 1
	wait_until eval '[ "$(ctl set list short)" = "set short dynamic timeout 1s size 5 { 192.0.2.2 timeout never }" ]' ||
		fail "$(ctl set list short)" || return 1
	refuses 1 "it is not clear whether the timeout is for the addresses before this one" set add short 192.0.2.3 192.0.2.4 timeout 5s &&
		ok set create plain 192.0.2.1 && refuses 1 "only elements of dynamic sets have a timeout" set add plain 192.0.2.2 timeout 5s &&
		says "define it as" && refuses 1 "'soon' is not a time" set add short 192.0.2.3 timeout soon && marked soon
}

# Ten thousand at once: few transactions, and other requests are answered meanwhile. The time is reported, not asserted.
case_timeouts_of_ten_thousand() {
	start_fwd || return 1
	{
		echo "set banned dynamic timeout 3s {"
		seq 10000 | awk '{ printf "10.%d.%d.%d,\n", $1 / 16384, $1 / 64 % 256, $1 % 64 * 4 }'
		echo "}"
		echo "rule 10 in from @banned drop"
	} >"$tmp/rules"
	ok load "$tmp/rules" && [ "$(ctl set list banned | grep -c '10\.')" = 10000 ] || fail "not there" || return 1
	wait_until eval '[ "$(timeouts .elements)" = 10000 ]' || fail "$(timeouts)" || return 1
	[ "$(ctl set list banned)" = "set banned dynamic timeout 3s { }" ] || fail "$(ctl set list banned | head -2)" || return 1
	echo "      $(ctl --json status | head -1 | jq -c '{timeouts, loop: .loop}')" >&2
	[ "$(timeouts .transactions)" -le 3 ] || fail "so many transactions"
}
