# SPDX-License-Identifier: GPL-2.0-only
# Cases of chains: packets on their way through them, changes under traffic, and those who may change one chain only. Sourced by run.sh.

chain_rules() {
	cat >"$tmp/chain.rules" <<-END
		policy input drop
		policy forward drop
		chain early
		chain web
		chain deep
		chain local
		rule 1 in jump early
		rule 2 name icmp6 input ip6 proto icmp6 accept
		rule 3 name icmp input proto icmp accept
		rule 4 input proto tcp jump web
		rule 5 name after input from $other4 proto tcp accept
		rule 6 input proto udp goto local
		rule 7 name never input proto udp accept
		rule 8 forward jump deep
		rule 9 name replies forward proto tcp sport 80 accept
		rule 10 input log jump deep
		rule 11 name early-icmp chain early from $listed4 proto icmp drop
		rule 12 name web-listed chain web from $listed4 drop
		rule 13 name web-back chain web from $other4 return
		rule 14 chain web proto tcp dport 80 jump deep
		rule 15 name deep-ok chain deep proto tcp dport 80 accept
		rule 16 name local-listed chain local from $listed4 accept
	END
}
chains_attached() {
	chain_rules && far_up && ok load "$tmp/chain.rules" && ok attach s0 && ok attach --host && host_attached
}
chains_filter() {
	expect yes try_tcp $server4 80 && expect yes try_tcp $server6 80 && expect no try_tcp $server4 25 && expect no try_udp $server4 53 &&
		expect yes try_udp $server4 53 $listed4 && expect no try_ping $server4 $listed4 && expect yes try_ping $server4
}

# jump, goto and return, within each other, at the hooks of their callers; each rule has one counter, and a plain call has none.
case_chains_traffic() {
	local n
	share_fwd && chains_attached && chains_filter || return 1
	n=$(counted deep-ok)
	expect no try_tcp $server4 80 $listed4 && is_counted web-listed 1 && is_counted deep-ok "$n" || return 1
	expect yes try_tcp $server4 25 $other4 && is_counted web-back 1 && is_counted after 1 && packets deep-ok "$n" || return 1
	expect yes try_tcp $far4 80 && expect yes try_tcp $far6 80 && expect no try_ping $far4 && is_counted deep-ok $((n + 2)) || return 1
	packets never 0 && is_counted local-listed 1 && is_counted early-icmp 1 && is_counted icmp 1 || return 1
	for n in 1 4 6 8 14; do
		! ctl --json show rule $n | grep -q '"packets"' || fail "rule $n counts packets" || return 1
	done
	ctl --json show rule 10 | grep -q '"packets"' || fail "a call that logs does not count"
}

# ways_are OPTION...: what classify answers on the way of packets through chains.
ways_are() {
	exits 0 ctl classify "$@" "tcp 192.0.2.2:999 > $server4:80 input" && says "  by       rule 15 name deep-ok" &&
		says "  through  rule 4 input proto tcp jump web" && says "           rule 14 chain web proto tcp dport 80 jump deep" || return 1
	exits 0 ctl classify --json "$@" "tcp 192.0.2.2:999 > $server4:80 input" "tcp $other4:999 > $server4:80 input" \
		"udp $listed4:999 > $server4:53 input" "udp 192.0.2.2:999 > $server4:53 input" || return 1
	is ways "$(jq -c 'select(.verdict) | [.rule.id, .rule.chain, [.through[].id], [.counted[].id]]' "$tmp/out" | xargs)" \
		'[15,deep,[4,14],[]] [5,null,[],[13]] [16,local,[6],[]] [null,null,[],[]]'
}
# classify shows the rules that led to the chain of the one that decides, and those of its chain that it shadows.
case_chains_classify() {
	chain_rules
	ways_are --rules "$tmp/chain.rules" && start_fwd && ok load "$tmp/chain.rules" && ways_are || return 1
	ok add rule chain deep first name deep-first proto tcp dport 80 accept && exits 0 ctl classify "tcp 192.0.2.2:999 > $server4:80 input" &&
		says "  by       rule 17 name deep-first" && says "           rule 14 chain web" || return 1
	echo 'rule 17 chain deep proto tcp drop' >>"$tmp/chain.rules"
	exits 0 "$fwctl" classify --rules "$tmp/chain.rules" "tcp 192.0.2.2:999 > $server4:80 input" &&
		says "  shadows  rule 17 chain deep proto tcp drop"
}

# A chain's rules are added, replaced and deleted one by one; packets notice at once, and by no other chain.
case_chains_change() {
	share_fwd && chains_attached && expect yes try_tcp $server4 80 || return 1
	ok add rule chain deep first name deep-no proto tcp dport 80 drop && expect no try_tcp $server4 80 && expect no try_tcp $far4 80 &&
		is_counted deep-no 2 || return 1
	ok replace rule deep-no input proto tcp dport 80 drop && expect no try_tcp $server4 80 && expect yes try_tcp $far4 80 &&
		ok del rule deep-no && expect yes try_tcp $server4 80 || return 1
	ok add rule --confirm 60s chain web first name web-no drop && expect no try_tcp $server4 80 && ok undo && expect yes try_tcp $server4 80 || return 1
	ok add rule before 4 name call input proto tcp jump local && expect yes try_tcp $server4 80 $listed4 && ok del rule call &&
		expect no try_tcp $server4 80 $listed4 || return 1
	refuses 1 "" chain del deep && refuses 1 "" add rule chain deep jump web && says "deep" && chains_filter
}

# load --chain replaces one chain at once: a flow that both versions accept loses no packet, and other chains keep rules and counters.
case_chains_load() {
	local before after pinging i
	share_fwd && chains_attached || return 1
	ok batch <<-END || return 1
		add rule before icmp6 input proto icmp jump early
		add rule chain early name ping proto icmp accept
	END
	echo 'rule name ping proto icmp accept' >"$tmp/chain.1"
	printf 'rule from 10.%d.0.0/16 drop\n' $(seq 0 199) >"$tmp/chain.2"
	printf '%s\n' 'rule name first ip proto icmp accept' 'rule name ping drop' >>"$tmp/chain.2"
	in_client ping -q -c 400 -i 0.01 -W 5 $server4 >"$tmp/pinged" &
	pinging=$!
	before=$(counted deep-ok)
	for i in $(seq 20); do
		ok load --chain early "$tmp/chain.$((1 + i % 2))" || return 1
	done
	wait $pinging
	grep -q "400 received" "$tmp/pinged" || fail "packets are lost: $(cat "$tmp/pinged")" || return 1
	after=$(counted deep-ok)
	is "counter of another chain" "$after" "$before" && ok list chain early && says "ping" && is_counted ping 1 || return 1
	echo 'rule proto tcp jump nowhere' >"$tmp/chain.bad"
	refuses 1 "nowhere" load --chain early "$tmp/chain.bad" && expect yes try_ping $server4
}

s0_filters_out() { ctl --json status | grep -o '"dev":"s0"[^}]*' | grep -q "\"out\":$1"; }
# What goes out is filtered only as long as packets get to a chain there; warnings are of rules that none gets to.
case_chains_hooks() {
	local how
	share_fwd || return 1
	ok batch <<-END || return 1
		chain create web
		add rule name call input jump web
		add rule chain web name rest reject
	END
	ok attach s0 && s0_filters_out false && ok add rule name more out proto udp jump web && wait_until s0_filters_out true &&
		ok replace rule more in proto udp jump web && wait_until s0_filters_out false && ok add rule chain web proto tcp out accept &&
		s0_filters_out false || fail "$(ctl --json status)" || return 1
	printf '%s\n' 'chain a' 'chain b' 'rule 1 input jump a' 'rule 2 in jump b' 'rule 3 chain a out drop' >"$tmp/chain.warn"
	for how in "$fwctl check" "ctl load --check"; do
		# shellcheck disable=SC2086 # words
		exits 0 $how "$tmp/chain.warn" && says "chain.warn:5: rule 3 of chain a matches nothing: it holds at out, and the chain is called at input" &&
			says "chain.warn:4: the chain 'b', which rule 2 calls, is empty" || return 1
	done
}

# Changes and load --chain warn as loads do, of the chains and rules that they change.
case_chains_warn() {
	start_fwd || return 1
	ok chain create web && ok add rule name one chain web proto tcp dport 80 accept && says "no rule calls the chain 'web', so no packets get to its rules" &&
		ok chain create other && ok add rule name call input jump other && says "the chain 'other', which rule 2 (call) calls, is empty" &&
		ok add rule input jump web && ! grep -q warning "$tmp/out" || fail "$(cat "$tmp/out")" || return 1
	ok add rule chain web from $other4 proto tcp dport 80 drop && says "is shadowed: rule 1 (one)" &&
		ok add rule chain web name up out drop && says "rule 5 (up) of chain web matches nothing: it holds at out, and the chain is called at input" || return 1
	printf '%s\n' 'rule proto udp accept' 'rule proto udp dport 53 drop' 'rule out accept' >"$tmp/chain.warn"
	ok load --chain other "$tmp/chain.warn" && says "is shadowed" && says "matches nothing" && ! grep -q 'web\|empty' "$tmp/out" ||
		fail "$(cat "$tmp/out")" || return 1
	: >"$tmp/chain.warn"
	ok load --chain other "$tmp/chain.warn" && says "the chain 'other', which rule" && refuses 1 "nowhere" load --chain nowhere "$tmp/chain.warn" &&
		refuses 1 "nowhere" add rule chain nowhere drop && refuses 1 "nowhere" add rule jump nowhere
}

# The store has chains: after an end of any kind they are there, with owner, order and ids.
case_chains_restart() {
	local end
	start_fwd && chains_attached && ok chain create mine owner 7 && ok add rule chain mine name own drop && ok save "$tmp/chain.saved" || return 1
	for end in TERM KILL; do
		fwd_kill $end
		chains_filter && start_fwd && ok save "$tmp/chain.again" || return 1
		cmp "$tmp/chain.saved" "$tmp/chain.again" || fail "after $end: $(diff "$tmp/chain.saved" "$tmp/chain.again")" || return 1
		chains_filter || return 1
	done
	grep -q '^chain mine owner 7' "$tmp/chain.saved" || fail "$(cat "$tmp/chain.saved")"
}

# as_owner CODE GROUPS COMMAND...: fwctl of nobody, in these groups.
as_owner() {
	exits "$1" setpriv --reuid nobody --regid nogroup --groups "$2" "$fwctl" --socket "$tmp/fwd/sock" "${@:3}"
}

# Members of the group that owns a chain change its rules, and nothing else.
case_chains_owner() {
	local what
	start_fwd --group games --admin-group staff || return 1
	chmod 711 "$tmp" "$tmp/fwd"
	ok batch <<-END || return 1
		chain create mine owner audio
		chain create other owner video
		chain create free
		add rule name main in jump mine
		add rule chain other name others drop
	END
	echo 'rule name ping proto icmp drop' >"$tmp/mine" && echo 'policy in drop' >"$tmp/more" && chmod 644 "$tmp/mine" "$tmp/more"
	as_owner 0 games,audio add rule chain mine name one proto udp drop && as_owner 0 games,audio replace rule one proto udp dport 1 drop &&
		as_owner 0 games,audio add rule before one name two proto tcp drop && as_owner 0 games,audio move rule two last &&
		as_owner 0 games,audio del rule one && as_owner 0 games,audio load --chain mine "$tmp/mine" && ok list chain mine && says ping &&
		as_owner 0 games,audio,video add rule chain other name both drop || return 1
	for what in "add rule name x drop" "add rule chain other name x drop" "add rule chain free name x drop" "del rule main" \
		"replace rule others accept" "move rule others last" "load --chain other $tmp/mine" "policy in drop" "set create x" \
		"chain del free" "chain create x" "load $tmp/more --yes" "flush --yes" "add rule --confirm 60s chain mine drop" undo "attach s0"; do
		# shellcheck disable=SC2086 # words
		as_owner 1 games,audio $what && grep -qE "hint: |group 'staff'" "$tmp/err" || fail "$what: $(cat "$tmp/err")" || return 1
	done
	as_owner 1 games,audio add rule chain other name x drop
	says "is in chain other, which no group of yours owns" && says "fwctl list chains" && as_owner 1 games add rule chain mine drop &&
		as_owner 0 games,staff chain del free && ok list && ! grep -q 'name x' "$tmp/out"
}

# Three who do not know each other: each replaces the chain of its group, and finds its rules as it left them; the main list is the administrator's.
case_chains_actors() {
	start_fwd --group games --admin-group staff && far_up && chmod 711 "$tmp" "$tmp/fwd" || return 1
	ok batch <<-END || return 1
		policy forward drop
		policy input drop
		set create banned dynamic timeout 1h
		chain create docker owner audio
		chain create bans owner video
		chain create admin owner cdrom
		add rule name bans jump bans
		add rule input ip6 proto icmp6 accept
		add rule name containers forward jump docker
		add rule name admin input jump admin
	END
	says "the chain 'bans', which rule 1 (bans) calls, is empty" || return 1
	printf '%s\n' 'rule name published proto tcp dport 80 accept' 'rule state { established, related } accept' >"$tmp/docker.chain"
	printf '%s\n' "rule name first from $listed4 drop" 'rule name set from @banned drop' >"$tmp/bans.chain"
	printf '%s\n' 'rule name ping proto icmp accept' 'rule name web proto tcp dport 80 accept' >"$tmp/admin.chain"
	chmod 644 "$tmp"/*.chain
	as_owner 0 games,audio load --chain docker "$tmp/docker.chain" && as_owner 0 games,video load --chain bans "$tmp/bans.chain" &&
		as_owner 0 games,cdrom load --chain admin "$tmp/admin.chain" && ok attach --host && host_attached || return 1
	expect yes try_ping $server4 && expect no try_ping $server4 $listed4 && expect yes try_tcp $far4 80 && expect no try_tcp $far4 25 || return 1
	# Again, with one more address: the others' rules, ids and counters stay, and so do those of the same text.
	local pings
	pings=$(counted ping)
	sed -i "2i rule name second from $other4 drop" "$tmp/bans.chain"
	as_owner 0 games,video load --chain bans "$tmp/bans.chain" && says "1 rule added" && as_owner 0 games,audio load --chain docker "$tmp/docker.chain" &&
		expect no try_ping $server4 $other4 && expect yes try_ping $server4 && is_counted ping $((pings + 1)) && is_counted first 1 || return 1
	as_owner 1 games,video load --chain docker "$tmp/admin.chain" && as_owner 1 games,audio load --chain bans "$tmp/docker.chain" &&
		as_owner 1 games,video set add banned $other4 && ok set add banned 192.0.2.99 && ok list chains && says docker && ok save "$tmp/all.rules" &&
		ok load --diff --check "$tmp/all.rules" && exits 0 "$fwctl" check "$tmp/all.rules"
}
