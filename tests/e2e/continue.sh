# SPDX-License-Identifier: GPL-2.0-only
# The verdict `continue`, sourced by run.sh: each rule that a packet matches counts it, and the first one with another verdict, or a
# policy, decides. Exact numbers of packets pass the links of prometheus.sh, which carry nothing else.


continue_rules() {
	cat <<-END
		policy in drop
		policy out accept
		rule 10 name udp in proto udp continue
		rule 20 name lab4 in from 198.18.0.0/15 continue
		rule 25 name lab6 in from 2001:db8:1::/64 continue
		rule 30 in proto udp dport { 4444, 4445 } continue counter
		rule 40 name web in proto udp dport 4444 accept
		rule 50 name no in proto udp dport 4446 drop
		rule 60 name away out proto udp continue
		rule 70 name asks out proto udp dport 53 continue
		rule 80 name leak out proto udp dport 53 drop
		rule 90 name never in proto udp dport 4447 continue
	END
}

# To LINK: N packets of each of four flows. Rules 10, 30 and 40; 10, 30 and policy in; 10, 30 and 40; 10 and 50; with those of the source.
continue_in() { # LINK N
	in_client "$frames" "${1}0" "$2" "udp 198.18.0.1:1000 > 192.0.2.1:4444 length 63" \
		"$2" "udp 198.18.0.1:1000 > 192.0.2.1:4445 length 63" \
		"$2" "udp [2001:db8:1::1]:1000 > [2001:db8:2::1]:4444 length 83" \
		"$2" "udp [2001:db8:1::1]:1000 > [2001:db8:2::1]:4446 length 83" || fail "cannot send"
}
# From LINK: rules 60, 70 and 80; 60 and policy out; of both families.
continue_out() { # LINK N
	in_server "$frames" "${1}1" "$2" "udp 192.0.2.1:1000 > 198.18.0.1:53 length 63" \
		"$2" "udp 192.0.2.1:1000 > 198.18.0.1:4444 length 63" \
		"$2" "udp [2001:db8:2::1]:1000 > [2001:db8:1::1]:53 length 83" \
		"$2" "udp [2001:db8:2::1]:1000 > [2001:db8:1::1]:4444 length 83" || fail "cannot send"
}

# Frames of IPv4 have 77 bytes, those of IPv6 97: `ID PACKETS BYTES VERDICT NAME|- CHAIN|-` after N packets of each flow in, and M out.
continue_wanted() {
	local n=$1 m=$2
	echo "10 $((4 * n)) $((n * (77 + 77 + 97 + 97))) continue udp -"
	echo "20 $((2 * n)) $((n * (77 + 77))) continue lab4 -"
	echo "25 $((2 * n)) $((n * (97 + 97))) continue lab6 -"
	echo "30 $((3 * n)) $((n * (77 + 77 + 97))) continue - -"
	echo "40 $((2 * n)) $((n * (77 + 97))) accept web -"
	echo "50 $n $((n * 97)) drop no -"
	echo "60 $((4 * m)) $((m * (77 + 77 + 97 + 97))) continue away -"
	echo "70 $((2 * m)) $((m * (77 + 97))) continue asks -"
	echo "80 $((2 * m)) $((m * (77 + 97))) drop leak -"
	echo "90 0 0 continue never -"
}
continue_maps_are() { read_maps && [ "$(rules_of_maps)" = "$1" ]; }

# The numbers of every form, and what the policies and interfaces counted: each packet once, by its last verdict.
# Interfaces, and so drops by rules, are counted since they exist: also N and M packets of before a reset.
continue_counted() { # N M [N M]
	local n=$1 m=$2 all_n=$(($1 + ${3:-0})) all_m=$(($2 + ${4:-0})) want
	want=$(continue_wanted "$n" "$m")
	wait_until continue_maps_are "$want"
	is "the rules" "$(rules_of_maps)" "$want" && all_forms_agree "continue" && get /metrics && lint && same_as_fwctl || return 1
	is "policy in" "$(policies_of_maps | awk '/^in\// { n += $2 } END { print n + 0 }')" "$n" &&
		is "policy out" "$(policies_of_maps | awk '/^out\// { n += $2 } END { print n + 0 }')" $((2 * m)) &&
		is "policy turns" "$(policies_of_maps | awk '/^turns\// { n += $2 } END { print n + 0 }')" 0 &&
		is accepted "$(interfaces_of_maps | awk '$3 == "accept" { n += $4 } END { print n + 0 }')" $((2 * all_n + 2 * all_m)) &&
		is dropped "$(interfaces_of_maps | awk '$3 == "drop" { n += $4 } END { print n + 0 }')" $((2 * all_n + 2 * all_m)) &&
		is "drops by rules" "$(page_value 'fw_drops_total{reason="rule"}')" $((all_n + 2 * all_m)) &&
		is "drops by policy in" "$(page_value 'fw_drops_total{reason="in"}')" "$n" || return 1
	value_is 'fw_rule_packets_total{id="10",name="udp",verdict="continue"}' $((4 * n)) &&
		value_is 'fw_rule_bytes_total{id="25",name="lab6",verdict="continue"}' $((n * (97 + 97))) &&
		value_is 'fw_rule_packets_total{id="30",name="",verdict="continue"}' $((3 * n)) &&
		value_is 'fw_policy_packets_total{policy="turns",hook="xdp",direction="in",verdict="drop"}' 0
}

# What list, counters and classify say of them.
continue_shown() { # N-IN
	local n=$1
	ok list && [ "$(awk '/rule 10 name udp in proto udp continue$/ { print $1 }' "$tmp/out")" = $((4 * n)) ] &&
		ok counters && [ "$(awk '/rule 30 in proto udp dport .* continue counter$/ { print $1 }' "$tmp/out")" = $((3 * n)) ] ||
		fail "$(cat "$tmp/out")" || return 1
	is "list continue" "$(ctl --json list continue | jq -r 'select(.id) | .id' | xargs)" "10 20 25 30 60 70 90" &&
		is "counters --json" "$(ctl --json counters | jq -c 'select(.id == 30) | [.name, .verdict, .packets]')" "[null,\"continue\",$((3 * n))]" &&
		ok counters --top 1 && says "rule 10 name udp" || return 1
	ok classify "udp 198.18.0.1:1000 > 192.0.2.1:4444 in" && says "in length 28: accept" && says "  counted  rule 10 name udp in proto udp continue" &&
		says "           rule 20 name lab4 " && says "           rule 30 in " && says "  by       rule 40 name web " || return 1
	ok --json classify "udp [2001:db8:1::1]:1000 > [2001:db8:2::1]:4445 in" &&
		is classify "$(jq -c 'select(.packet) | [.verdict, .rule, .reason, [.counted[].id]]' "$tmp/out")" '["drop",null,"in",[10,25,30]]' || return 1
	ok save "$tmp/saved" && exits 0 "$fwctl" classify --rules "$tmp/saved" --kernel "udp 198.18.0.1:1000 > 192.0.2.1:4446 in" \
		"udp [2001:db8:2::1]:1000 > [2001:db8:1::1]:53 out" "udp 192.0.2.1:1000 > 198.18.0.1:4444 out" &&
		is "answers" "$(grep -c 'kernel   the same' "$tmp/out")" 3 && says "in length 28: drop" && says "           rule 70 name asks" &&
		says "  by       rule 80 name leak"
}

continue_counts() {
	local l n=0
	prometheus_links && start_fwd && continue_rules >"$tmp/rules" && ok load "$tmp/rules" && ok attach x1 --mode native --out yes &&
		ok attach g1 --mode generic && ok attach t1 --mode tc && start_web --rules all || return 1
	for l in x g t; do
		# The second time the flows are known.
		continue_in $l 1 && continue_in $l 300 && n=$((n + 301)) && continue_counted $n 0 || fail "on link $l" || return 1
	done
	continue_out x 1 && continue_out x 200 && continue_counted $n 201 && continue_shown $n || return 1
	# fwd is replaced: the kernel counts on.
	fwd_kill KILL
	continue_in x 50 && start_fwd && continue_counted $((n + 50)) 201 && ok counters --reset && continue_in g 7 && continue_out x 3 &&
		continue_counted 7 3 $((n + 50)) 201
}
case_continue_counts() {
	continue_counts
	local code=$?
	prometheus_stop
	return $code
}

# Frames that are not IP, by their ethertype: a policy decides.
continue_frames() {
	local lldp
	lldp=0x0180c200000e02000000000188cc$(printf '00%.0s' {1..46})
	prometheus_links && start_fwd && ok policy non-ip drop && ok add rule 1 name first in ethertype lldp continue &&
		ok add rule 2 name second in ethertype "{ arp, lldp }" continue && ok attach x1 --mode native && ok attach t1 --mode tc || return 1
	in_client "$frames" x0 30 "$lldp" && in_client "$frames" t0 12 "$lldp" && wait_until continue_maps_are "1 42 2520 continue first -
2 42 2520 continue second -"
	is "the rules" "$(rules_of_maps)" "1 42 2520 continue first -"$'\n'"2 42 2520 continue second -" &&
		is "policy non-ip" "$(policies_of_maps | awk '/^non-ip/ && $4 == "drop" && $2 > 0 { print $1, $2 }' | xargs)" "non-ip/tc-ingress 12 non-ip/xdp 30" ||
		return 1
	ok replace rule 2 name second in ethertype lldp accept && in_client "$frames" x0 8 "$lldp" && wait_until continue_maps_are "1 50 3000 continue first -
2 50 3000 accept second -" && is "policy non-ip" "$(policies_of_maps | awk '/^non-ip.xdp/ && $4 == "drop" { print $2 }')" 30
}
case_continue_frames() {
	continue_frames
	local code=$?
	prometheus_stop
	return $code
}

# The store has the verdict, whether fwd ends or is killed; so have saved rules and the diff.
case_continue_store() {
	local end
	start_fwd && ok policy in drop && ok add rule 10 name ping in proto icmp continue counter comment "only counts" &&
		ok add rule 20 name listed in from $listed4 drop && ok add rule 30 name let in proto icmp accept &&
		ok attach s0 --mode native && ok save "$tmp/saved.1" || return 1
	for end in TERM KILL; do
		fwd_kill $end
		expect yes try_ping $server4 && expect no try_ping $server4 $listed4 && start_fwd && order ping listed let || return 1
		ok show rule ping && says 'rule 10 name ping in proto icmp continue counter comment "only counts"' &&
			expect yes try_ping $server4 && expect no try_ping $server4 $listed4 || return 1
	done
	packets ping 8 && packets listed 4 && packets let 4 && ok save "$tmp/saved.2" && cmp "$tmp/saved.1" "$tmp/saved.2" ||
		fail "saved differently: $(cat "$tmp/saved.2")" || return 1
	ok flush --yes && ok load "$tmp/saved.2" && ok save && cmp "$tmp/saved.1" "$tmp/out" && exits 0 "$fwctl" check "$tmp/saved.1" || return 1
	sed 's/^rule 30 .*/rule 30 name let in proto icmp continue/' "$tmp/saved.1" >"$tmp/next.rules"
	ok load --check --diff "$tmp/next.rules" && shows "- rule 30 name let in proto icmp accept" &&
		shows "+ rule 30 name let in proto icmp continue  # keeps its counter" && says "1 changed" && order ping listed let || return 1
	ok --json load --diff "$tmp/next.rules" &&
		is "the diff" "$(jq -c 'select(.change) | [.change, .old.verdict, .rule.verdict]' "$tmp/out")" '["changed","accept","continue"]' &&
		expect no try_ping $server4 && packets let 1 && ok load "$tmp/saved.1" && expect yes try_ping $server4 && packets let 2
}

# Replaces rule 10 between accept and continue while packets arrive on x1, and sends some more after each change.
continue_replaced() { # VERDICT-OF-RULE-20
	local sender n=0 verdict dropped=0 before
	ok load --yes - <<-END || return 1
		policy in drop
		rule 10 name first in proto udp accept
		rule 20 name second in proto udp $1
	END
	ok counters --reset || return 1
	for _ in {1..20}; do
		nsenter --net="/run/netns/$client" "$frames" x0 4000 "udp 198.18.0.1:1000 > 192.0.2.1:4444 length 63" \
			4000 "udp [2001:db8:1::1]:1000 > [2001:db8:2::1]:4444 length 83" &
		sender=$!
		n=$((n + 8000))
		for verdict in continue accept continue; do ok replace rule 10 name first in proto udp "$verdict" || return 1; done
		wait $sender || fail "cannot send" || return 1
		# Exact between changes: 100 more are decided by rule 20.
		wait_until continue_first_is $n || fail "of $n packets rule 10 counted $(count_of 10)" || return 1
		before=$(count_of 20)
		in_client "$frames" x0 100 "udp 198.18.0.1:1000 > 192.0.2.1:4444 length 63" && n=$((n + 100)) &&
			wait_until continue_first_is $n && packets 20 $((before + 100)) || return 1
		before=$((before + 100))
		ok replace rule 10 name first in proto udp accept && in_client "$frames" x0 100 "udp 198.18.0.1:1000 > 192.0.2.1:4444 length 63" &&
			n=$((n + 100)) && wait_until continue_first_is $n && packets 20 $before || return 1
	done
	[ "$1" = drop ] && dropped=$before
	read_maps && is accepted "$(interfaces_of_maps | awk '$1 == "x1" && $3 == "accept" { print $4 }')" $((continue_accepted + n - dropped)) &&
		is dropped "$(interfaces_of_maps | awk '$1 == "x1" && $3 == "drop" { n = $4 } END { print n + 0 }')" "$dropped" &&
		is "policy in" "$(policies_of_maps | awk '/^in\// { n += $2 } END { print n + 0 }')" 0 || return 1
	continue_accepted=$((continue_accepted + n - dropped))
}
continue_first_is() { [ "$(count_of 10)" = "$1" ]; }
case_continue_replaced() {
	local continue_accepted=0 code
	prometheus_links && start_fwd && ok attach x1 --mode native && continue_replaced accept && continue_replaced drop
	code=$?
	prometheus_stop
	return $code
}

# `fwctl` refuses the command, with the rule and the number, and nothing changes.
too_many() { # RULE NUMBER COMMAND...
	local want="rule $1: $2 rules up to this one may let one packet go on, at most 15 can"
	shift 2
	refuses 1 "$want" "$@" && says "hint: give some of them matches that exclude each other" && ok save &&
		cmp -s "$tmp/saved" "$tmp/out" || fail "$*: changed: $(cat "$tmp/out")"
}
continuing() { seq -f 'rule %g in proto udp continue' "$@"; } # FIRST LAST

case_continue_limit() {
	share_fwd && ok policy in drop && ok attach s0 || return 1
	continuing 1 15 >"$tmp/rules"
	printf '%s\n' 'set apart { 10.0.0.0/8 }' 'policy in drop' 'rule 40 name other in proto udp accept' \
		'rule 50 name far in from @apart proto tcp continue' >>"$tmp/rules"
	exits 0 "$fwctl" check "$tmp/rules" && ok load "$tmp/rules" && ok save "$tmp/saved" && expect yes try_udp $server4 53 || return 1
	# load
	{ cat "$tmp/rules" && continuing 16 17; } >"$tmp/more"
	too_many 17 17 load "$tmp/more" && too_many 17 17 load --check "$tmp/more" && exits 1 "$fwctl" check "$tmp/more" &&
		says "more:21: rule 17: 17 rules up to this one may let one packet go on" || return 1
	# changes
	too_many "16 (late)" 16 add rule 16 name late in proto udp continue &&
		too_many "16 (late)" 16 add rule --check 16 name late in proto udp dport 53 continue &&
		too_many 15 16 add rule first 16 name late continue &&
		too_many "40 (other)" 16 replace rule 40 name other in proto udp continue &&
		too_many "50 (far)" 16 replace rule 50 name far in continue || return 1
	printf '%s\n' 'add rule first 60 name b drop' 'add rule 16 in proto udp continue' 'add rule 17 in proto udp continue' >"$tmp/batch"
	too_many 17 17 batch "$tmp/batch" && too_many 17 17 batch --check "$tmp/batch" || return 1
	# Rules that cannot match together, in any number; a set that makes them.
	printf '%s\n' 'set create late 192.0.2.128/25' 'replace rule 1 in from 192.0.2.0/25 proto udp continue' \
		'add rule 16 in from @late proto udp continue' 'add rule 17 in to 192.0.2.200 proto tcp dport 1000 continue' >"$tmp/batch"
	seq -f 'add rule in proto tcp dport %g continue' 1000 1030 >>"$tmp/batch"
	ok batch "$tmp/batch" && says "33 rules added" && ok save "$tmp/saved" && expect yes try_udp $server4 53 || return 1
	too_many 16 16 set add late 192.0.2.1 && too_many 16 16 set replace late 192.0.0.0/16 || return 1
	# One fewer, one more.
	ok set add late 10.9.0.0/16 && ok del rule 2 && ok add rule 18 in proto udp continue && ok move rule 18 first && expect yes try_udp $server4 53 &&
		is "policy turns" "$(ctl --json counters | jq -c 'select(.policy == "turns") | .packets')" 0 || return 1
	refuses 2 'hint: use `fwctl add rule ... continue`' continue || return 1
	# There is no policy to set.
	refuses 1 "there is no policy for 'turns'" policy turns accept && marked turns && refuses 1 "" policy in continue && marked continue &&
		ok list policy && says "policy turns drop  # by default"
}

# A dynamic set gets an element with which 16 rules of the ruleset before match a packet: that returns all the same, also in a new
# fwd, and such packets are dropped by the policy `turns`.
case_continue_undo() {
	local set='set d dynamic { 198.51.100.0/24 }' end
	start_fwd && ok attach s0 --mode native || return 1
	{
		echo "$set" && continuing 1 14 && echo "rule 15 in from $listed4 proto udp continue" &&
			echo 'rule 16 in from @d proto udp continue' && echo 'rule 30 name let in accept'
	} >"$tmp/rules"
	printf '%s\n' "$set" 'policy in drop' >"$tmp/next.rules"
	ok load "$tmp/rules" && ok load "$tmp/next.rules" --yes --confirm 1h && ok set add d $listed4 && ok undo &&
		is rules "$(ctl list rules | wc -l)" 17 || fail "$(ctl status)" || return 1
	for end in TERM KILL; do
		expect yes try_udp $server4 53 && expect no try_udp $server4 53 $listed4 && expect yes try_ping $server4 $listed4 &&
			fwd_kill $end && start_fwd || return 1
	done
	refuses 1 "rule 16: 16 rules up to this one" set add d 192.0.2.200 && ok set del d $listed4 && ok set add d 192.0.2.200 &&
		expect yes try_udp $server4 53 $listed4
}

# The rules with which fwd starts for the first time are checked as those of a load are.
case_continue_first_rules() {
	continuing 1 16 >"$tmp/rules"
	start_fwd && fwd_kill TERM && rm -rf "$tmp/fwd/store"* && in_fwd_mounts rm -rf "$tmp/bpffs/fwd" || return 1
	exits 1 in_fwd timeout 60 "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" --pins "$tmp/bpffs/fwd" --rules "$tmp/rules" &&
		says "rule 16: 16 rules up to this one may let one packet go on"
}
