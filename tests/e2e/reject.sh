# SPDX-License-Identifier: GPL-2.0-only
# The verdict `reject` at XDP and tc, sourced by run.sh: what clients get, at once, and what they do not get.

reject_rules() { # POLICY...
	rules <<-END
		$(printf 'policy %s\n' "$@")
		rule 1 name tcp in proto tcp dport { 25, 26 } reject
		rule 2 name udp in proto udp dport 5353 reject
		rule 3 name tcp-out out proto tcp dport { 70, 71 } reject
		rule 4 name udp-out out proto udp dport 7070 reject
		rule 5 name replies proto { icmp, icmp6 } accept
	END
}

# The error of a client. What is only dropped takes a minute: then there is none. COMMAND tcp|udp ADDRESS PORT ERROR
fails_with() {
	local error
	# shellcheck disable=SC2016 # the arguments are the inner shell's
	error=$("$1" timeout 60 bash -c 'exec 3<>"/dev/$1/$2/$3" && echo x >&3 && read -r -u 3' - "$2" "$3" "$4" 2>&1)
	[[ ${error,,} == *"${5,,}"* ]] || fail "$1: $2 $3 $4: '$error', expected '$5'"
}
is_refused() { fails_with "$1" "$2" "$3" "$4" "Connection refused"; }
refused_both() { is_refused "$1" tcp "$2" "$3" && is_refused "$1" udp "$2" "$4"; }

reject_in() { # OPTION...
	reject_rules "in accept"
	start "$tmp/rules" "$@" || return 1
	refused_both in_client $server4 25 5353 && refused_both in_client $server6 26 5353 && expect yes try_tcp $server4 80 &&
		expect yes try_tcp $server6 80 && stop && expect_count tcp 2 && expect_counted udp
}

# Replies of native XDP pass a veth pair only to an end that has an XDP program.
case_reject_native() {
	local code=0
	compile_bpf pass 'SEC("xdp") int pass(void *ctx) { return 2; }' && in_client ip link set c0 xdpdrv obj "$tmp/pass.o" sec xdp ||
		return 1
	reject_in --xdp native || code=1
	in_client ip link set c0 xdpdrv off
	grep -q "replies to rejected packets are lost" "$tmp/err" || fail "no warning: $(cat "$tmp/err")" || code=1
	return $code
}
case_reject_generic() { reject_in --xdp generic; }
case_reject_tc() { reject_in --tc; }
case_reject_auto() { reject_in && grep -q "s0 (tc ingress" "$tmp/out" || fail "not by tc: $(cat "$tmp/out")"; }

# Packets of this machine. Rules that drop everything else let the replies pass, in and out.
case_reject_out() {
	reject_rules "in accept"
	start "$tmp/rules" --tc || return 1
	refused_both in_server $client4 70 7070 && refused_both in_server $client6 71 7070 && stop && expect_count tcp-out 2 &&
		expect_count udp-out 2
}
case_reject_replies_pass() {
	reject_rules "in drop" "out drop"
	sed -i 's/ proto { icmp, icmp6 } accept/ proto icmp6 icmp6-type { 133-136 } accept/' "$tmp/rules"
	start "$tmp/rules" --tc || return 1
	refused_both in_server $client4 70 7070 && refused_both in_server $client6 71 7070 &&
		refused_both in_client $server4 25 5353 && refused_both in_client $server6 26 5353 && stop
}

# What gets no reply: later fragments, and ICMP errors, which the server answers in another namespace.
case_reject_policy() {
	rules <<-END
		policy in reject
		rule 1 name neighbour in ip6 proto icmp6 icmp6-type { 133-136 } accept
		rule 2 name web in proto tcp dport 80 accept
	END
	start "$tmp/rules" --tc || return 1
	refused_both in_client $server4 9 9 && refused_both in_client $server6 9 9 && expect yes try_tcp $server6 80 && stop
}

# The client's gateway rejects, on its way in and on its way out: client - router - server.
reject_route() { # RULE OPTION...
	local router=fwe2e-$$-r code=0
	spaces+=("$router")
	ip netns add "$router" && ip link add r0 netns "$router" type veth peer name c1 netns "$client" &&
		ip link add r1 netns "$router" type veth peer name s1 netns "$server" || fail "no router" || return 1
	enter "$router" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0
	enter "$router" ip addr add 10.71.0.1/24 dev r0 && enter "$router" ip addr add 10.72.0.1/24 dev r1
	enter "$router" ip addr add 2001:db8:71::1/64 dev r0 nodad && enter "$router" ip addr add 2001:db8:72::1/64 dev r1 nodad
	in_client ip addr add 10.71.0.2/24 dev c1 && in_server ip addr add 10.72.0.2/24 dev s1
	in_client ip addr add 2001:db8:71::2/64 dev c1 nodad && in_server ip addr add 2001:db8:72::2/64 dev s1 nodad
	enter "$router" ip link set r0 up && enter "$router" ip link set r1 up && in_client ip link set c1 up &&
		in_server ip link set s1 up
	in_client ip route add 10.72.0.0/24 via 10.71.0.1 && in_client ip route add 2001:db8:72::/64 via 2001:db8:71::1
	in_server ip route add 10.71.0.0/24 via 10.72.0.1 && in_server ip route add 2001:db8:71::/64 via 2001:db8:72::1
	wait_until try_tcp 10.72.0.2 80 && wait_until try_tcp 2001:db8:72::2 80 || fail "the router does not route" || code=1
	rules <<<"$1"
	shift
	rm -f "$tmp/out"
	nsenter --net="/run/netns/$router" "$fwctl" run "$tmp/rules" "$@" >"$tmp/out" 2>"$tmp/err" &
	fw_pid=$!
	wait_until fw_started
	[ $code = 0 ] && refused_both in_client 10.72.0.2 25 5353 && refused_both in_client 2001:db8:72::2 26 5353 &&
		expect yes try_tcp 10.72.0.2 80 && expect yes try_tcp 2001:db8:72::2 80 || code=1
	fw_stop || code=1
	in_client ip link del c1
	in_server ip link del s1
	ip netns del "$router"
	return $code
}
case_reject_forward_in() { reject_route "rule 1 in proto { tcp, udp } dport { 25, 26, 5353 } reject" --dev r0 --tc; }
case_reject_forward_out() { reject_route "rule 1 out proto { tcp, udp } dport { 25, 26, 5353 } reject" --dev r1; }

# Interfaces without Ethernet header.
reject_on_tun() { # OPTION...
	reject_rules "in accept"
	start "$tmp/rules" --dev t1 "$@" || return 1
	refused_both in_client $tun4 25 5353 && refused_both in_client $tun6 26 5353 && refused_both in_server 10.99.0.2 70 7070 &&
		refused_both in_server 2001:db8:99::2 71 7070 && stop && expect_count tcp 2 && expect_count udp 2 &&
		expect_count tcp-out 2 && expect_count udp-out 2
}
case_reject_tun() { on_tun reject_on_tun && on_tun reject_on_tun --xdp generic; }

# fwd filters a veth pair by tc while rules reject, and tells of replies.
reject_silent() { [ "$(ctl --json status | jq -r 'select(.replies) | .replies.silent')" = "$1" ]; }
case_reject_fwd() {
	start_fwd --reject-rate 3 || return 1
	rules <<<'rule 1 name tcp in proto tcp dport 25 drop'
	ok load "$tmp/rules" && ok attach s0 && ok --json status && says '"mode":"native"' || return 1
	# What only the host's hooks reject needs no replies of XDP.
	rules <<<'rule 1 name tcp input proto tcp dport 25 reject'
	printf 'policy %s reject\n' input forward output out >>"$tmp/rules"
	ok load "$tmp/rules" && ok --json status && says '"mode":"native"' && ok load --yes - <<<'policy in reject' &&
		ok --json status && says '"mode":"tc"' || return 1
	rules <<<'rule 1 name tcp in proto tcp dport 25 reject'
	ok load "$tmp/rules" && ok --json status && says '"mode":"tc"' &&
		says '"replies":{"sent":0,"limited":0,"silent":0,"rate":3}' || return 1
	for _ in 1 2 3; do is_refused in_client tcp $server4 25 || return 1; done
	# None of these may be answered: the frames are for another host.
	in_client "$frames" c0 600 "tcp $client4:1000 > $server4:25 flags syn"
	wait_until reject_silent 600 || fail "$(ctl --json status | jq -c .replies)" || return 1
	ok status && says "answered at XDP and tc" || return 1
	ok attach s0 --mode native && says "replies to rejected packets are lost" && ok detach s0
}

# Each kind has its error.
case_reject_kinds() {
	local kind port=100 error
	rules <<-END
		rule in proto tcp dport 100 reject with tcp-reset
		rule in proto tcp dport 101 reject with port-unreachable
		rule in proto tcp dport 102 reject with host-unreachable
		rule in proto tcp dport 103 reject with net-unreachable
	END
	start "$tmp/rules" --tc || return 1
	for error in "Connection refused" "Connection refused" "No route to host" "Network is unreachable"; do
		fails_with in_client tcp $server4 $port "$error" && fails_with in_client tcp $server6 $port "$error" || return 1
		port=$((port + 1))
	done
	stop
}

# Others change tables of nftables while rules are loaded that reject, in turn with rules that do not.
case_reject_while_tables_change() {
	local tables code=0
	start_fwd && ok attach --host && host_attached || return 1
	rules <<<'rule name tcp input proto tcp dport 25 reject'
	nsenter --net="/run/netns/$server" bash -c 'while :; do nft "add table ip other; delete table ip other"; done' &
	tables=$!
	for _ in {1..8}; do
		ok load --yes - <<<'policy input accept' && ok load "$tmp/rules" && is_refused in_client tcp $server4 25 || { code=1; break; }
	done
	kill $tables && wait $tables 2>/dev/null
	return $code
}
