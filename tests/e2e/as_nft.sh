# SPDX-License-Identifier: GPL-2.0-only
# The same random rules in fwd, at the host's hooks, and in nft, and the same random packets through both: each rule must count the same
# packets and bytes, and what fwd drops must not go on. Sourced by run.sh. FW_AS_NFT=ROUNDS runs more rounds of 1000 packets, FW_SEED
# a failure again.

as_nft_rounds=${FW_AS_NFT:-10} as_nft_packets=1000

as_nft_make() { python3 "$here/as_nft.py" "$@"; }
# Interfaces, neighbours and routes that never ask anything; hosts that do not answer by themselves.
as_nft_net() {
	local i mute='table inet mute { chain in { type filter hook input priority 0; policy drop; meta l4proto icmpv6 icmpv6 type 133-136 accept; }; }'
	state_mac
	state_router && in_server ip link set r1 address $frames_mac || return 1
	in_client nft "$mute" && enter "$inside" nft "$mute" || return 1
	in_server sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.s0.rp_filter=0 net.ipv4.conf.r1.rp_filter=0
	for i in 2 3 4 5; do
		in_server ip neigh replace ${inside4%.*}.$i lladdr 02:00:00:00:00:09 dev r1 nud permanent &&
			in_server ip neigh replace ${inside6%::*}::$i lladdr 02:00:00:00:00:09 dev r1 nud permanent || return 1
	done
	for i in $client4 $listed4 $other4 $client6 $listed6; do
		in_server ip neigh replace "$i" lladdr 02:00:00:00:00:09 dev s0 nud permanent || return 1
	done
}
# While it is shut, neither sees a packet.
as_nft_shut() {
	in_server nft 'table inet gate {
		chain in { type filter hook prerouting priority -500; policy drop; }
		chain out { type filter hook output priority -500; policy drop; }
	}'
}
as_nft_of_nft() { in_server nft -j list counters table inet ref | jq -r '.nftables[].counter | select(.) | "\(.name) \(.packets) \(.bytes)"' | sort; }
as_nft_of_fwd() {
	ctl --json counters | jq -r 'select(.name // .policy) | "\(.name // "policy-\(.policy)") \(.packets) \(.bytes)"' | grep -v '^quiet' | sort
}
# seen, dropped, passed at HOOK
as_nft_let_pass() {
	awk -v hook="$1" '{ n[$1] = $2 } END { exit n["seen-" hook] - n["dropped-" hook] != n["passed-" hook] }' "$tmp/of-nft"
}
as_nft_compare() {
	local hook
	as_nft_of_nft >"$tmp/of-nft"
	as_nft_of_fwd >"$tmp/of-fwd"
	diff <(grep -vE '^(seen|dropped|passed)-| 0 0$' "$tmp/of-nft") <(grep -v ' 0 0$' "$tmp/of-fwd") >"$tmp/differ" ||
		fail "nft (<) and fwd (>) count: $(cat "$tmp/differ")" || return 1
	for hook in input forward output; do
		as_nft_let_pass $hook || fail "what went on at $hook: $(grep -- "-$hook " "$tmp/of-nft")" || return 1
	done
}
as_nft_round() { # SEED
	as_nft_shut && as_nft_make rules "$1" "$tmp" && ok load --yes "$tmp/fw.rules" && ok counters --reset && in_server nft -f "$tmp/ref.nft" &&
		in_server sysctl -qw net.netfilter.nf_conntrack_tcp_loose=$(($1 % 2)) && in_server nft delete table inet gate || return 1
	as_nft_make send "$1" $as_nft_packets "$client" "$inside" && as_nft_shut && sleep 0.02 && as_nft_compare
}
as_nft() {
	local seed=${FW_SEED:-$(date +%s)} round
	as_nft_net && start_fwd && ok attach --host && host_attached || return 1
	for ((round = seed; round < seed + as_nft_rounds; round++)); do
		as_nft_round $round || fail "seed $round (FW_SEED)" || return 1
		grep ^seen- "$tmp/of-nft" >>"$tmp/seen"
	done
	echo "      seed $seed (FW_SEED), $as_nft_rounds rounds, packets at the hooks and by state: $(as_nft_seen)"
	[ $as_nft_rounds -lt 10 ] || is "what was seen" "$(as_nft_seen | wc -w)" 16
}
# What all rounds have seen, unless it is nothing.
as_nft_seen() { awk '{ n[$1] += $2 } END { for (i in n) if (n[i]) print substr(i, 6), n[i] }' "$tmp/seen" | sort | xargs; }
# The other cases ping across these links, so nothing of this may stay, not even answers that are sent again.
as_nft_end() {
	local i
	in_server ss -tK state connected >/dev/null
	in_client nft delete table inet mute
	in_server nft flush ruleset
	for i in $client4 $listed4 $other4 $client6 $listed6; do in_server ip neigh del "$i" dev s0; done
	return "$1"
}
case_as_nft() {
	as_nft
	as_nft_end $?
	state_down $?
}
