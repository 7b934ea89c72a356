# SPDX-License-Identifier: GPL-2.0-only
# Cases of sets that change while packets are filtered; sourced by run.sh.

banned_rules() {
	rules <<-END
		policy in drop
		set banned dynamic { }
		rule 5 name neighbour in ip6 proto icmp6 icmp6-type { 133-136 } accept
		rule 10 name ban in from @banned drop
		rule 20 name ping in proto icmp accept
		rule 21 name ping6 in proto icmp6 accept
	END
}

banned_is() { is "the set" "$(ctl set list banned)" "set banned dynamic { $1}"; }

# An element that was added at run time outlives restarts and loads, also of another file.
case_sets_outlive_loads() {
	start_fwd || return 1
	banned_rules
	ok load "$tmp/rules" && ok attach s0 && expect yes try_ping $server4 $listed4 || return 1
	ok set add banned { $listed4, $listed6 } && says "2 elements added" && ok load "$tmp/rules" || return 1
	expect no try_ping $server4 $listed4 && expect no try_ping $server6 $listed6 && expect yes try_ping $server4 || return 1
	echo 'rule 30 name web in proto tcp dport 80 accept' >>"$tmp/rules"
	ok load "$tmp/rules" && fwd_kill KILL && start_fwd && banned_is "$listed4, $listed6 " &&
		expect no try_ping $server4 $listed4 || return 1
	ok save "$tmp/saved" && grep -q "^set banned dynamic { $listed4, $listed6 }" "$tmp/saved" && ok load "$tmp/saved" &&
		ok set del banned $listed4 && says "1 element removed" && expect yes try_ping $server4 $listed4 || return 1
	# A file without the word `dynamic` determines the elements.
	sed -i 's/ dynamic//' "$tmp/rules"
	ok load "$tmp/rules" && expect yes try_ping $server6 $listed6 && is "the set" "$(ctl set list banned)" "set banned { }"
}

local_has() { ctl set list local | grep -q "[ 	]$1[, ]"; }

# @local follows the addresses of fwd's namespace, also while fwd does not run and while a load waits.
case_sets_local() {
	start_fwd || return 1
	rules <<-END
		policy in drop
		rule 5 name neighbour in ip6 proto icmp6 icmp6-type { 133-136 } accept
		rule 10 in proto { icmp, icmp6 } to @local accept
		rule 11 in to { @broadcast, @multicast } accept
	END
	ok load "$tmp/rules" && ok attach s0 && expect yes try_ping $server4 && expect yes try_ping $server6 &&
		ok set list broadcast && says "# built in" && says "192.0.2.255" && ok set list multicast && says "224.0.0.0/4, ff00::/8" || return 1
	in_server ip addr add 192.0.2.77/24 dev s0 && in_server ip addr add 2001:db8:0:1::77/64 dev s0 nodad
	wait_until local_has 192.0.2.77 && wait_until local_has 2001:db8:0:1::77 || fail "not there" || return 1
	expect yes try_ping 192.0.2.77 && expect yes try_ping 2001:db8:0:1::77 || return 1
	in_server ip addr del 192.0.2.77/24 dev s0
	wait_until eval '! local_has 192.0.2.77' && local_has 2001:db8:0:1::77 && local_has 127.0.0.0/8 || fail "it stays" || return 1
	fwd_kill KILL && in_server ip addr add 192.0.2.78/24 dev s0 && in_server ip addr del 2001:db8:0:1::77/64 dev s0 && start_fwd &&
		expect yes try_ping 192.0.2.78 && ! local_has 2001:db8:0:1::77 || fail "after a restart" || return 1
	# What comes back after a load has the addresses of then.
	ok load --confirm 10m "$tmp/rules" && in_server ip addr del 192.0.2.78/24 dev s0 && in_server ip addr add 192.0.2.79/24 dev s0 &&
		wait_until local_has 192.0.2.79 && expect yes try_ping 192.0.2.79 && ok undo && expect yes try_ping 192.0.2.79 &&
		! local_has 192.0.2.78 || fail "after undo" || return 1
	# It is not of the text, nor of what a load changes.
	ok save "$tmp/saved" && ! grep -q '^set' "$tmp/saved" && ok load --diff --check "$tmp/saved" && ! grep -q 'set ' "$tmp/out" &&
		refuses 1 "is built in" set add local 192.0.2.1 && refuses 1 "the name of a built-in set" set create local 192.0.2.1 &&
		exits 0 in_fwd "$fwctl" classify --rules "$tmp/saved" "icmp $client4 > 192.0.2.79" && says accept &&
		exits 0 in_fwd "$fwctl" classify --rules "$tmp/saved" "icmp $client4 > 192.0.2.78" && says drop || return 1
	in_server ip addr del 192.0.2.79/24 dev s0
}

case_sets_exist() {
	share_fwd || return 1
	ok set create banned dynamic "{ 192.0.2.7 }" && banned_is "192.0.2.7 " || return 1
	refuses 1 "has this element already" set add banned 192.0.2.7 && says "set add --exist" &&
		refuses 1 "no such element" set del banned 192.0.2.8 && says "set del --exist" || return 1
	ok set add --exist banned 192.0.2.7 192.0.2.8 && says "1 element added" && banned_is "192.0.2.7, 192.0.2.8 " &&
		ok set add banned 192.0.2.8 --exist && says "0 elements added" &&
		ok set del banned --exist { 192.0.2.8, 192.0.2.9 } && says "1 element removed" || return 1
	printf '%s\n' 'set add --exist banned { 192.0.2.7, 192.0.2.1 }' 'set del --exist banned 192.0.2.99' \
		'set create other 192.0.2.3' >"$tmp/batch"
	ok batch "$tmp/batch" && says "2 elements added" && banned_is "192.0.2.1, 192.0.2.7 " || return 1
	ok set replace banned 192.0.2.5 192.0.2.1 && says "1 element added, 1 removed" && banned_is "192.0.2.1, 192.0.2.5 " &&
		ok --json set flush banned && says '"elements":{"added":0,"removed":2}' && banned_is ""
}

# The reply describes what the command did.
case_sets_say() {
	share_fwd || return 1
	ok set create s && is "of a new set" "$(cat "$tmp/out")" "" && ok set flush s && is "of an empty set" "$(cat "$tmp/out")" "0 elements removed" &&
		ok set del --exist s 192.0.2.1 && is "of no element" "$(cat "$tmp/out")" "0 elements removed" &&
		ok set add s 192.0.2.1 && is "of one" "$(cat "$tmp/out")" "1 element added" &&
		ok set flush s && is "of what went" "$(cat "$tmp/out")" "1 element removed" &&
		ok set destroy s && is "of a set that is gone" "$(cat "$tmp/out")" ""
}

case_sets_mapped_addresses() {
	share_fwd || return 1
	ok set create banned dynamic && refuses 1 "is IPv4-mapped" set add banned ::ffff:203.0.113.9 &&
		says "did you mean 203.0.113.9?" && marked ::ffff:203.0.113.9 &&
		refuses 1 "did you mean 203.0.113.0/24?" add rule from ::ffff:203.0.113.0/120 drop &&
		ok add rule from ::/0 drop && ok add rule from ::ffff:0:0/96 drop
}

# While a load waits for confirmation, elements can be added, but nothing else can change; they stay whether the load is undone or kept.
case_sets_while_a_load_waits() {
	start_fwd || return 1
	banned_rules
	ok load "$tmp/rules" && ok attach s0 && ok set add banned $listed6 && ok load --confirm 600s "$tmp/rules" &&
		ok set add banned $listed4 && refuses 1 "waits until" add rule drop || return 1
	expect no try_ping $server4 $listed4 && fwd_kill KILL && start_fwd && refuses 1 "waits until" policy in accept &&
		ok set add banned $other4 && ok undo && banned_is "$other4, $listed4, $listed6 " || return 1
	expect no try_ping $server4 $listed4 && ok load --confirm 600s "$tmp/rules" && ok set del banned $listed4 &&
		ok confirm && banned_is "$other4, $listed6 " && expect yes try_ping $server4 $listed4 &&
		expect no try_ping $server6 $listed6
}

# Very many elements at once are handled by the worker: other requests are answered, and changes wait.
case_sets_bulk() {
	start_fwd || return 1
	banned_rules
	ok load "$tmp/rules" && ok attach s0 || return 1
	{
		awk 'BEGIN { srand(7); for (i = 0; i < 60000; i++) printf "set add --exist banned 10.%d.%d.%d\n",
			rand() * 256, rand() * 256, rand() * 256 }'
		echo "set add banned $listed4"
		echo "add rule 40 name late in from @banned proto tcp drop"
		echo "set create more 10.0.0.1"
	} >"$tmp/batch"
	ok batch --check "$tmp/batch" && says "checked only" && banned_is "" && ok batch "$tmp/batch" &&
		says "1 rule added" || return 1
	expect no try_ping $server4 $listed4 && expect yes try_ping $server4 && ok list && says "rule 40 name late" || return 1
	ctl set list banned >"$tmp/before"
	fwd_kill KILL && start_fwd && ctl set list banned | cmp -s - "$tmp/before" || fail "elements are lost" || return 1
	# Errors have their position, and change nothing; a change that is sent meanwhile waits.
	echo "set add banned $listed4" >>"$tmp/batch"
	refuses 1 ":60001:16: the set 'banned' has this element already" batch "$tmp/batch" &&
		ctl set list banned | cmp -s - "$tmp/before" || fail "half of it was done" || return 1
	sed -i "/$listed4/d; /rule/d; s/create more/add more/; s/10.0.0.1$/10.0.0.2/" "$tmp/batch"
	ctl batch "$tmp/batch" >/dev/null &
	ok set del banned $listed4 && wait $! && expect yes try_ping $server4 $listed4 &&
		ok set list more && says "{ 10.0.0.1, 10.0.0.2 }"
}

# A list replaces the elements of a set in one transaction; the client reads the file.
case_sets_replace_by_file() {
	start_fwd || return 1
	banned_rules
	ok load "$tmp/rules" && ok set add banned 192.0.2.7 192.0.2.8 && mkdir -p "$tmp/li st" || return 1
	printf '# a feed\n192.0.2.8\t5\n10.0.0.0/8\n' >"$tmp/li st/feed"
	(cd "$tmp/li st" && ctl set replace banned file feed) >"$tmp/out" 2>"$tmp/err" && says "1 element added, 1 removed" &&
		banned_is "10.0.0.0/8, 192.0.2.8 " || return 1
	printf '192.0.2.9\nnosuch\n' >"$tmp/li st/bad"
	refuses 1 "bad:2:1: 'nosuch' is not an address" set replace banned file "$tmp/li st/bad" && banned_is "10.0.0.0/8, 192.0.2.8 " &&
		refuses 1 "cannot read $tmp/none" set replace banned file "$tmp/none" &&
		ok set replace banned file "$tmp/li st/bad" skip-bad && says "1 line skipped, first at line 2" &&
		banned_is "192.0.2.9 " || return 1
	: >"$tmp/li st/empty"
	refuses 1 "holds no address" set replace banned file "$tmp/li st/empty" &&
		ok set replace banned file "$tmp/li st/empty" may-be-empty && banned_is "" || return 1
	# In a batch a relative path starts from the batch's folder; also with a long list.
	seq 20000 | awk '{ printf "10.%d.%d.%d\n", $1 / 16384, $1 / 64 % 256, $1 % 64 * 4 }' >"$tmp/li st/long"
	printf '%s\n' 'set add banned ::1' 'set replace banned file "li st/long"' 'set add banned ::2' >"$tmp/batch"
	ok batch "$tmp/batch" && says "20002 elements added, 1 removed" && fwd_kill KILL && start_fwd &&
		[ "$(ctl set list banned | grep -c '10\.')" = 20000 ] || fail "the long list is not there"
}
