# SPDX-License-Identifier: GPL-2.0-only
# Cases of elements that leave sets when their time is over, in real time; sourced by run.sh.

timeouts() { ctl --json status | head -1 | jq -c ".timeouts${1:-}"; }
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

tracked() { ctl --json status | head -1 | jq -c ".connections${1:-}"; }
additions() { ctl --json status | head -1 | jq -c ".additions${1:-}"; }

# A scanner: more than three connections to a closed port within a minute, and it is banned for a while, by its own packets.
case_timeouts_scanner_is_banned() {
	start_fwd || return 1
	rules <<-END
		set banned dynamic { }
		rule 10 name ban in from @banned drop
		rule 20 name scan in proto tcp dport 22 flags syn/syn,ack limit over 3/minute burst 3 per from add from to @banned timeout 4s drop
		rule 30 name ssh in proto tcp dport 22 accept
	END
	ok load "$tmp/rules" && ok attach s0 && expect yes try_ping $server4 $listed4 || return 1
	for _ in 1 2 3 4 5; do in_client nc -z -w1 -s $listed4 $server4 22 2>/dev/null; done
	wait_until eval 'ctl set list banned | grep -q "$listed4 timeout "' || fail "not banned: $(ctl set list banned; additions)" || return 1
	expect no try_ping $server4 $listed4 && expect yes try_ping $server4 || return 1
	# It does not get longer by more packets, since nobody said `update`, and ends.
	wait_until try_ping $server4 $listed4 || fail "it stays banned: $(ctl set list banned)" || return 1
	is "added" "$(additions .added)" 1 && ok status && says "added by packets" && refuses 1 "is in use, by rule 10" set destroy banned || return 1
	# Bans outlive the end of fwd.
	ok replace rule scan name scan in proto tcp dport 22 add from to @banned timeout 1h drop || return 1
	in_client nc -z -w1 -s $listed4 $server4 22 2>/dev/null
	wait_until eval 'ctl set list banned | grep -q "$listed4 timeout 59m5"' || fail "not banned" || return 1
	fwd_kill KILL && start_fwd && ok set list banned && says "$listed4 timeout 59m" && expect no try_ping $server4 $listed4 || return 1
	# What packets sent while no fwd ran is added when the next one is there.
	ok set flush banned && fwd_kill KILL && { in_client nc -z -w1 -s $listed4 $server4 22 2>/dev/null; expect yes try_ping $server4 $listed4; } &&
		start_fwd && wait_until eval 'ctl set list banned | grep -q "$listed4 timeout"' || fail "$(ctl set list banned): $(additions)"
}

# An element that packets keep in the set by `update`; the set has a size; while a change waits to be confirmed.
case_timeouts_updates() {
	start_fwd || return 1
	rules <<-END
		set seen dynamic timeout 3s size 2 { 192.0.2.1 timeout 1h }
		rule 20 name seen in proto icmp update from to @seen
	END
	ok load "$tmp/rules" && ok attach s0 && ok add rule --confirm 600s first in from 192.0.2.77 drop && expect yes try_ping $server4 || return 1
	in_client ping -q -i 0.2 -c 40 $server4 >/dev/null &
	sleep 6
	ok set list seen && says "$client4 timeout " || return 1
	expect yes try_ping $server4 $listed4 && wait $! && wait_until eval '[ "$(additions .full)" -gt 0 ]' || fail "$(additions)" || return 1
	ok set list seen && ! says "$listed4" 2>/dev/null && ok undo || return 1
	wait_until eval '! ctl set list seen | grep -q "$client4"' || fail "it stays: $(ctl set list seen)"
}

# As many connections as allowed, and no more; a closed one makes room. A port each, since nc accepts one at a time.
case_timeouts_connections() {
	local clients=() n
	start_fwd || return 1
	rules <<-END
		rule 10 name many in proto tcp dport 8001-8005 flags syn/syn,ack connections per from over 3 drop
		rule 20 name some in proto tcp accept
	END
	ok load "$tmp/rules" && ok attach s0 || return 1
	listen tcp 8001 8002 8003 8004 8005
	for n in 1 2 3; do
		nsenter --net="/run/netns/$client" nc -d -s $listed4 $server4 800$n >/dev/null &
		clients+=($!)
	done
	wait_until eval '[ "$(tracked .told)" = 1 ]' || fail "$(tracked)" || return 1
	expect no try_tcp $server4 8004 $listed4 && expect yes try_tcp $server4 8005 || return 1
	kill "${clients[@]}" && wait "${clients[@]}" 2>/dev/null
	patience=2
	wait_until try_tcp $server4 8004 $listed4 || fail "closed ones count: $(tracked)" || return 1
	# Nobody asks any more.
	ok del rule many && is "connections" "$(tracked)" null
}
