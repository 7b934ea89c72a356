# SPDX-License-Identifier: GPL-2.0-only
# Cases of rules with `state`: what XDP, tc ingress and tc egress know of connections, and that tracking goes on. Sourced by run.sh.

# Frames of build/frames go to this address.
frames_mac=02:00:00:00:00:02
inside4=198.18.77.2 inside6=2001:db8:77::2
router4=198.18.77.1 router6=2001:db8:77::1
state_pids=()

state_mac() {
	state_own_mac=$(in_server ip -j link show s0 | jq -r '.[].address')
	in_server ip link set s0 address $frames_mac && in_client ip neigh flush dev c0
}
state_mac_back() { # CODE
	[ -z "$state_own_mac" ] || { in_server ip link set s0 address "$state_own_mac" && in_client ip neigh flush dev c0; }
	state_own_mac=
	return "$1"
}
state_own_mac= # of s0, while it has another; nothing: it has its own
state_tables() { in_server nft list tables | sort | xargs; }
state_tracks() { is "the tables of nftables" "$(state_tables)" "table inet fwd_track table inet fwd_track_0"; }
state_conntrack() { ctl --json status | jq -c "select(.conntrack) | .conntrack${1-}"; }
state_kill() {
	local pid
	for pid in "${state_pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	state_pids=()
	exec 8>&-
}
# Deletes all connections that the server tracks, by an empty IPCTNL_MSG_CT_DELETE.
state_forget() {
	in_server python3 -c '
import socket, struct
s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
s.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, 0, 0, 0))
s.recv(4096)'
}
# Ends what a case began, fwd first, which would put its table back, and returns the case's code: state_down CODE.
state_down() {
	fwd_stop
	state_kill
	in_server nft flush ruleset
	state_forget
	in_server sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0 net.netfilter.nf_conntrack_tcp_loose=1
	# At once: the end of a namespace takes its interfaces away only later.
	in_server ip link del r1 2>/dev/null
	[ ! -e "/run/netns/$inside" ] || ip netns del "$inside"
	in_client ip route flush proto static 2>/dev/null
	in_client ip -6 route flush proto static 2>/dev/null
	state_mac_back "$1"
}
inside=fwe2e-$$-i

# The server routes between the client and a host inside, on r1.
state_router() {
	ip netns add "$inside" && spaces+=("$inside") && ip link add i0 netns "$inside" type veth peer name r1 netns "$server" || return 1
	enter "$inside" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	in_server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	enter "$inside" ip link set lo up && enter "$inside" ip link set i0 up && in_server ip link set r1 up &&
		enter "$inside" ip addr add $inside4/24 dev i0 && enter "$inside" ip addr add $inside6/64 dev i0 nodad &&
		in_server ip addr add $router4/24 dev r1 && in_server ip addr add $router6/64 dev r1 nodad &&
		enter "$inside" ip route add default via $router4 && enter "$inside" ip -6 route add default via $router6 &&
		in_client ip route add ${inside4%.*}.0/24 via $server4 proto static &&
		in_client ip -6 route add ${inside6%::*}::/64 via $server6 proto static || fail "no router"
	wait_until in_client ping -q -c1 -W1 $inside6 && wait_until in_client ping -q -c1 -W1 $inside4 || fail "the router does not route"
}

# state_listen SPACE PORT...: by TCP, of both families.
state_listen() {
	local space=$1 port family
	shift
	for port; do
		for family in 4 6; do
			nsenter --net="/run/netns/$space" nc -$family -lk "$port" >/dev/null 2>&1 </dev/null &
			state_pids+=($!)
			wait_until state_listening "$space" $family "$port" || fail "nothing listens" || return 1
		done
	done
}
state_listening() { enter "$1" ss -Hltn"$2" "sport = :$3" | grep -q .; }

# An open TCP connection, which is kept by two processes: state_open FROM TO ADDRESS PORT. What is written to $tmp/ask comes back in $tmp/heard.
state_open() {
	rm -f "$tmp/ask" "$tmp/loop" "$tmp/heard"
	mkfifo "$tmp/ask" "$tmp/loop"
	nsenter --net="/run/netns/$2" nc -4 -l "$4" <>"$tmp/loop" >"$tmp/loop" 2>/dev/null &
	state_pids+=($!)
	wait_until state_listening "$2" 4 "$4" || fail "nothing listens" || return 1
	nsenter --net="/run/netns/$1" nc "$3" "$4" <"$tmp/ask" >"$tmp/heard" 2>/dev/null &
	state_pids+=($!)
	exec 8>"$tmp/ask"
}
# A line goes there and back on the open connection.
state_says() {
	local word=$RANDOM-$RANDOM-$RANDOM
	echo "$word" >&8 && wait_until grep -q $word "$tmp/heard" || fail "the connection is dead"
}

state_host_rules() {
	cat <<-END
		policy in drop
		policy out drop
		rule 1 name neighbour in ip6 proto icmp6 icmp6-type { 133-136 } accept
		rule 2 name known in proto { tcp, udp } state established accept
		rule 3 name told4 in proto icmp icmp-type { 3, 11, 12 } state related accept
		rule 4 name told6 in proto icmp6 icmp6-type { 1-4 } state related accept
		rule 5 name bad in proto { tcp, udp } state invalid drop
		rule 6 name web in proto tcp dport 80 state new accept
		rule 7 name dns in proto udp dport 53 state new accept
		rule 8 name ping in proto { icmp, icmp6 } accept
		rule 9 name away out state { new, established, related, untracked } accept
		rule 10 name odd out state invalid drop
	END
}

# Counts of rules: state_counts NAME=N|NAME=+ ...
state_counts() {
	local pair n
	for pair; do
		n=$(count_of "${pair%=*}")
		case ${pair#*=} in
		+) [ "$n" -gt 0 ] ;;
		*) [ "$n" = "${pair#*=}" ] ;;
		esac || fail "counter of $pair is $n" || return 1
	done
}

state_host() { # MODE
	state_mac
	start_fwd && state_host_rules >"$tmp/rules" && ok load "$tmp/rules" && state_tracks && ok attach s0 --mode "$1" --out yes || return 1
	state_listen "$client" 7000 || return 1
	expect yes try_tcp $server4 80 && expect yes try_tcp $server6 80 && expect no try_tcp $server4 25 && expect no try_tcp $server6 25 &&
		expect yes try_udp $server4 53 && expect no try_udp $server4 5353 || return 1
	# Connections of the host itself.
	in_server nc -z -w60 $client4 7000 && in_server nc -z -w60 $client6 7000 || fail "the host cannot connect" || return 1
	state_counts known=+ web=+ dns=+ away=+ odd=0 told4=0 told6=0 bad=0 || return 1
	# ICMP errors about what the host sends, and one about nothing that it sent.
	echo x | in_server nc -u -w1 $client4 9
	echo x | in_server nc -u -w1 $client6 9
	wait_until state_counts told4=+ told6=+ 2>/dev/null || fail "ICMP errors are not related" || return 1
	local told
	told=$(count_of told4)
	in_client "$frames" c0 3 "icmp $client4 > $server4 type 3 code 3" || return 1
	state_counts told4="$told" || return 1
	# What begins no connection.
	in_client "$frames" c0 2 "tcp $client4:5 > $server4:80 flags syn,ack" 3 "tcp $client4:6 > $server4:80 flags rst" \
		4 "tcp $client4:7 > $server4:80 flags fin,ack" 5 "tcp $client4:8 > $server4:80 flags none" \
		6 "tcp [$client6]:9 > [$server6]:80 flags syn,fin" || return 1
	state_counts bad=20 || return 1
	# Packet sockets go around the tracker.
	in_server "$frames" s0 7 "udp $server4:5 > $client4:7 length 30"
	state_counts odd=7 || return 1
	in_client ping -q -c 3 -i 0.01 -W60 $server4 >/dev/null && in_server ping -q -c 3 -i 0.01 -W60 $client6 >/dev/null || fail "no ping"
}
case_state_native() { state_host native; state_down $?; }
case_state_generic() { state_host generic; state_down $?; }
case_state_tc() { state_host tc; state_down $?; }

# The numbers of `ct state` in nftables' prerouting and postrouting, and those of rules with `state` at `in` and `out`, on the same
# packets.
state_words="new established related invalid untracked"
state_errors4="{ 3, 4, 5, 11, 12 }"
state_reference() {
	local word
	echo 'table inet ref {'
	for word in $state_words; do printf 'counter %s { };\n' flow-$word told4-$word told6-$word out-$word; done
	echo 'chain seen { type filter hook prerouting priority 0;'
	for word in $state_words; do
		echo "iifname { s0, r1 } meta l4proto { tcp, udp } ct state $word counter name \"flow-$word\""
		echo "iifname { s0, r1 } icmp type $state_errors4 ct state $word counter name \"told4-$word\""
		echo "iifname { s0, r1 } icmpv6 type 1-4 ct state $word counter name \"told6-$word\""
	done
	printf '%s\n' '}' 'chain sent { type filter hook postrouting priority 300;'
	for word in $state_words; do echo "oifname { s0, r1 } ct state $word counter name \"out-$word\""; done
	printf '%s\n' '}' '}'
}
state_same_rules() {
	local word
	for word in $state_words; do
		echo "rule name flow-$word in proto { tcp, udp } state $word continue"
		echo "rule name told4-$word in proto icmp icmp-type $state_errors4 state $word continue"
		echo "rule name told6-$word in proto icmp6 icmp6-type { 1-4 } state $word continue"
		echo "rule name out-$word out state $word continue"
	done
}
state_of_nft() { in_server nft -j list counters | jq -r '.nftables[].counter | select(.) | "\(.name) \(.packets)"' | sort; }
state_of_fwd() { ctl --json list rules | jq -r 'select(.name) | "\(.name) \(.packets)"' | sort; }
state_same() { [ "$(state_of_nft)" = "$(state_of_fwd)" ]; }

# Connections through the router and to it, with port forwarding and masquerade, and packets that belong to none.
state_traffic() {
	local i
	for i in {1..5}; do
		in_client nc -z -w60 $server4 80 && in_client nc -z -w60 $server6 80 && in_client nc -z -w60 $server4 8080 &&
			in_client nc -z -w60 $inside6 7001 && enter "$inside" nc -z -w60 $client4 7000 || fail "cannot connect" || return 1
		echo x | in_client nc -u -w1 -q0 $server4 53
		echo x | enter "$inside" nc -u -w1 $client4 9
		echo x | in_client nc -u -w1 $inside6 9
		in_client nc -z -w1 $server4 9
	done
	state_says && state_says && state_says || return 1
	in_client ping -q -c 5 -i 0.01 -W60 $inside4 >/dev/null && in_client ping -q -c 5 -i 0.01 -W60 $server6 >/dev/null &&
		enter "$inside" ping -q -c 5 -i 0.01 -W60 $client4 >/dev/null || fail "no ping" || return 1
	in_client "$frames" c0 6 "sctp $client4:5 > $inside4:7" 7 "gre $client4 > $inside4" || return 1
	in_client "$frames" c0 11 "tcp $client4:5 > $server4:80 flags syn,ack" 12 "tcp $client4:6 > $server4:80 flags rst" \
		13 "tcp $client4:7 > $server4:80 flags fin,ack" 14 "tcp $client4:8 > $server4:80 flags none" \
		15 "tcp [$client6]:9 > [$server6]:80 flags syn,fin" 16 "tcp [$client6]:10 > [$server6]:80 flags fin,psh,urg" \
		17 "icmp $client4 > $server4 type 3 code 3" 18 "icmp $client4 > $server4 type 11 code 0" \
		1 "tcp $client4:20 > $server4:81 flags ack" 1 "tcp $client4:21 > $server4:81 flags ack,psh" 1 "udp $client4:22 > $server4:83" \
		19 "icmp $client4 > $server4 type 8 code 0"
}
state_as_nft() { # MODE
	state_mac
	in_server ethtool -K s0 gro off >/dev/null
	state_router && in_server nft -f - <<-END || return 1
		table inet nat {
			chain in { type nat hook prerouting priority -100; iifname s0 tcp dport 8080 dnat ip to $inside4:7001; }
			chain out { type nat hook postrouting priority 100; ip saddr $inside4 masquerade; }
		}
	END
	# It would answer by ICMP errors about packets that are neither TCP nor UDP.
	enter "$inside" nft 'table inet mute { chain in { type filter hook input priority 0; meta l4proto { sctp, gre } drop; }; }' || return 1
	state_listen "$inside" 7001 && state_listen "$client" 7000 && start_fwd && state_same_rules >"$tmp/rules" && ok load "$tmp/rules" &&
		ok attach s0 --mode "$1" --out yes && ok attach r1 --mode "$1" --out yes && state_open "$client" "$inside" $inside4 7002 && state_says || return 1
	# From now on, both count.
	sleep 0.3
	state_reference | in_server nft -f - && ok counters --reset && state_traffic || return 1
	wait_until state_same || fail "$(diff <(state_of_nft) <(state_of_fwd))" || return 1
	state_counts flow-new=+ flow-established=+ flow-invalid=+ told4-related=+ told4-invalid=+ told6-related=+ \
		out-new=+ out-established=+ out-related=+ out-invalid=+ || return 1
	# Connections are picked up in the middle only if the namespace does so.
	in_server sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0
	sleep 2.2
	in_client "$frames" c0 5 "tcp $client4:30 > $server4:84 flags ack" 1 "tcp $client4:31 > $server4:84 flags syn" || return 1
	wait_until state_same || fail "without tcp_loose: $(diff <(state_of_nft) <(state_of_fwd))"
}
case_state_as_nft_native() { state_as_nft native; state_down $?; }
case_state_as_nft_tc() { state_as_nft tc; state_down $?; }

# Tracking is on as long as a rule names `state`, and then off again.
state_tracking_case() {
	start_fwd && is "the tables" "$(state_tables)" "" && is conntrack "$(ctl --json status | jq -c .conntrack | head -1)" null || return 1
	ok add rule name stateless in proto tcp accept && is "the tables" "$(state_tables)" "" &&
		ok add rule name stateful in proto tcp state established accept && state_tracks || return 1
	ok add rule --check name other in proto udp state new accept && ok del rule stateful && is "the tables" "$(state_tables)" "" &&
		is conntrack "$(ctl --json status | jq -c .conntrack | head -1)" null || return 1
	ok add rule --check name other in proto udp state new accept && is "the tables" "$(state_tables)" "" || return 1
	echo 'rule 7 name late out state { new, established } accept' >"$tmp/rules"
	ok load "$tmp/rules" && state_tracks && ok status && says " tracked; " && says " gave way, " || return 1
	[ "$(state_conntrack .max)" -gt 0 ] || fail "no table: $(state_conntrack)" || return 1
	ok load --yes - <<<'rule 8 in accept' && is "the tables" "$(state_tables)" "" && ok load "$tmp/rules" && ok flush --yes &&
		is "the tables" "$(state_tables)" "" || return 1
	# It stays when fwd ends, however it ends, and goes when filtering does.
	ok load "$tmp/rules" && fwd_kill TERM && is "the tables" "$(state_tables)" "table inet fwd_track" && start_fwd && state_tracks &&
		fwd_kill KILL && is "the tables" "$(state_tables)" "table inet fwd_track" && start_fwd && state_tracks && fwd_kill KILL || return 1
	in_server nft flush ruleset
	start_fwd && state_tracks && fwd_kill TERM && in_fwd "$fwd" --detach --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" --pins "$tmp/bpffs/fwd" &&
		is "the tables" "$(state_tables)" ""
}
case_state_tracking() { state_tracking_case; state_down $?; }

# An established connection lives on while everything around it changes: loads, restarts, kill -9, flushes by others.
state_lives() {
	local i end
	start_fwd && state_host_rules >"$tmp/rules" && ok load "$tmp/rules" && ok attach s0 --mode "$1" --out yes || return 1
	sed -i 's/dport 80/dport { 80, 7002 }/' "$tmp/rules"
	ok load "$tmp/rules" && state_open "$client" "$server" $server4 7002 && state_says || return 1
	# Only what is established passes now.
	grep -v ' name web ' "$tmp/rules" >"$tmp/fewer" && ok load "$tmp/fewer" && state_says && expect no try_tcp $server4 80 || return 1
	for i in {1..10}; do ok load "$tmp/rules" && ok load "$tmp/fewer" && state_says || return 1; done
	for end in TERM KILL TERM KILL; do
		fwd_kill $end
		state_says && state_says && start_fwd && state_says || return 1
	done
	for i in {1..20}; do
		in_server nft flush ruleset
		state_says || return 1
	done
	wait_until state_tracks 2>/dev/null && [ "$(state_conntrack .restored)" -gt 0 ] || fail "the flushes were not noticed: $(state_conntrack)" || return 1
	ok status && says "others have deleted the table fwd_track of nftables" && state_counts bad=0 odd=0 || return 1
	expect no try_tcp $server4 80
}
case_state_lives_native() { state_lives native; state_down $?; }
case_state_lives_tc() { state_lives tc; state_down $?; }

# fwctl run tracks while it runs.
state_run_case() {
	rules <<-END
		policy in drop
		rule 1 name neighbour in ip6 proto icmp6 icmp6-type { 133-136 } accept
		rule 2 name known in proto { tcp, udp } state established accept
		rule 3 name web in proto tcp dport 80 state new accept
	END
	start "$tmp/rules" || return 1
	is "the tables" "$(state_tables)" "table inet fwd_track_0" && expect yes try_tcp $server4 80 && expect no try_tcp $server4 25 || return 1
	stop && is "the tables" "$(state_tables)" "" && expect_counted known && expect_counted web || return 1
	start "$tmp/rules" && kill -9 "$fw_pid" || return 1
	wait "$fw_pid" 2>/dev/null
	fw_pid=
	wait_until fw_gone && is "the tables" "$(state_tables)" ""
}
case_state_run() { state_run_case; state_down $?; }

# A flood of SYNs that no rule accepts leaves nothing in the table; connections live.
state_flood() {
	state_mac
	start_fwd && state_host_rules >"$tmp/rules" && sed -i 's/dport 80/dport { 80, 7002 }/' "$tmp/rules" && ok load "$tmp/rules" &&
		ok attach s0 --mode native --out yes && state_open "$client" "$server" $server4 7002 && state_says || return 1
	local before
	before=$(state_conntrack .entries)
	in_client "$frames" c0 spread 200000 "tcp 10.9.0.1:1 > $server4:81 flags syn" && state_says || return 1
	[ $(($(state_conntrack .entries) - before)) -lt 100 ] || fail "$before entries became $(state_conntrack .entries)" || return 1
	is "policy in" "$(ctl --json counters | jq -c 'select(.policy == "in") | .packets >= 200000')" true && expect yes try_tcp $server4 80
}
case_state_flood() { state_flood; state_down $?; }

# The server under attack of the examples: floods of one address, with and without SYN, leave little; scanners are banned.
state_attack() {
	state_mac
	start_fwd && ok load "$top/examples/attack.rules" && ok attach s0 --mode native && ok attach --host && host_attached || return 1
	expect yes try_tcp $server4 80 && expect yes try_tcp $server6 80 && expect yes try_ping $server4 && expect no try_tcp $server4 25 || return 1
	in_client "$frames" c0 spread 3000 "tcp 10.9.0.1:1 > $server4:80 flags syn" 3000 "tcp $listed4:2 > $server4:80 flags none" \
		spread 3000 "tcp 10.9.0.2:1 > $server4:80 flags ack" || return 1
	[ "$(count_of new-each)" -gt 6000 ] || fail "the floods are let in: $(count_of new-each)" || return 1
	[ "$(state_conntrack .entries)" -lt 2000 ] || fail "entries: $(state_conntrack .entries)" || return 1
	expect yes try_tcp $server4 80 || return 1
	in_client "$frames" c0 spread 20 "tcp 10.9.0.3:1 > $server4:23 flags syn" || return 1
	wait_until ok_banned || fail "no ban: $(ctl set list banned)" || return 1
	expect yes try_tcp $server4 80 && expect yes try_tcp $server4 80 $other4
}
ok_banned() { ctl set list banned | grep -qF '10.9.0.3 timeout'; }
case_state_attack() { state_attack; state_down $?; }

# The table is full: what is established passes, new connections do not, and the status says so.
state_full() {
	local max
	state_mac
	start_fwd && state_host_rules >"$tmp/rules" && sed -i -e 's/dport 80/dport { 80, 7002 }/' -e 's/udp dport 53/udp dport 9/' "$tmp/rules" &&
		ok load "$tmp/rules" && ok attach s0 --mode native --out yes && state_open "$client" "$server" $server4 7002 && state_says || return 1
	max=$(state_conntrack .max)
	[ "$max" -le 600000 ] || { skip "a table of $max connections"; return; }
	# Datagrams that are answered (by ICMP errors), so that no entry gives way.
	in_client "$frames" c0 spread $((max + 1000)) "udp 10.9.0.1:1 > $server4:9" && state_says || return 1
	[ "$(state_conntrack '| .entries * 100 >= .max * 90')" = true ] || fail "not full: $(state_conntrack)" || return 1
	ok status && says "NEARLY FULL" && [ "$(state_conntrack '| .early_drops + .drops')" -gt 0 ] || fail "nothing was dropped: $(state_conntrack)"
}
case_state_full() { state_full; state_down $?; }

# Fragments: the first has ports and so a state, later ones have none at XDP.
state_fragments_case() {
	start_fwd && ok load --yes - <<-END && ok attach s0 --mode native --out yes || return 1
		policy in drop
		rule name neighbour in ip6 proto icmp6 icmp6-type { 133-136 } accept
		rule name first in proto udp frag first state new accept
		rule name later in proto udp frag later state { new, established, related, invalid, untracked } accept
		rule name rest in proto udp frag later accept
		rule name replies out state not invalid accept
	END
	head -c 4000 /dev/zero | in_client nc -u -w1 -q0 $server4 53
	wait_until state_counts first=1 rest=2 later=0
}
case_state_fragments() { state_fragments_case; state_down $?; }

# The reply takes another way: the host sees one side only. A connection picked up in the middle stays `new`.
state_asymmetric() {
	state_mac
	start_fwd && ok load --yes - <<-END && ok attach s0 --mode native || return 1
		rule name new in proto tcp state new continue
		rule name known in proto tcp state established continue
		rule name bad in proto tcp state invalid continue
	END
	# The SYN/ACK never passes here; nftables drops what the host itself would answer.
	in_server nft -f - <<-END || return 1
		table inet quiet {
			chain out { type filter hook output priority 0; tcp flags rst drop; }
			chain in { type filter hook input priority 0; tcp dport 7999 drop; }
		}
	END
	in_client "$frames" c0 1 "tcp $client4:40 > $server4:7999 flags syn" && in_client "$frames" c0 4 "tcp $client4:40 > $server4:7999 flags ack" &&
		state_counts new=5 known=0 bad=0
}
case_state_asymmetric() { state_asymmetric; state_down $?; }

# The data connection of FTP, which the helper expects: `related` at tc egress, and at XDP from its second packet on.
state_helper() {
	start_fwd && ok load --yes - <<-END && ok attach s0 --mode native --out yes || return 1
		rule name control in proto tcp dport 21 accept
		rule name known in proto tcp state established accept
		rule name data out proto tcp dport 7010 state related accept
		rule name other out proto tcp dport 7010 accept
	END
	state_ftp && state_counts data=+ known=+
}
case_state_helper() { state_helper; state_down $?; }

# A client whose control connection announces a data connection, which the server opens.
state_ftp() {
	in_server nft -f - <<-END || { skip "no helper for FTP in nftables"; return; }
		table inet helpers {
			ct helper ftp { type "ftp" protocol tcp; l3proto ip; }
			chain pre { type filter hook prerouting priority 0; tcp dport 21 ct helper set "ftp"; }
		}
	END
	state_listen "$server" 21 && state_listen "$client" 7010 && rm -f "$tmp/ask" && mkfifo "$tmp/ask" || return 1
	nsenter --net="/run/netns/$client" nc $server4 21 <"$tmp/ask" >/dev/null 2>&1 &
	state_pids+=($!)
	exec 8>"$tmp/ask"
	# The helper reads from the second line on.
	printf 'USER x\r\n' >&8 && sleep 0.3 && printf 'PORT %s,27,98\r\n' "${client4//./,}" >&8
	wait_until state_expected || fail "nothing is expected" || return 1
	in_server nc -z -w60 $client4 7010 || fail "no data connection"
}
state_expected() { in_server cat /proc/self/net/nf_conntrack_expect | grep -q 7010; }

# The same at the host's hooks, where it is `related` from its first packet on. What nothing expects is not let out.
state_host_helper() {
	start_fwd && ok attach --host && ok batch <<-END || return 1
		policy input drop
		policy output drop
		add rule name neighbour input output proto icmp6 icmp6-type { 133-136 } accept
		add rule name known input output state established accept
		add rule name control input proto tcp dport 21 state new accept
		add rule name data output state related accept
	END
	state_ftp && is_counted data 1 && is_counted control 1 && expect no in_server nc -z -w1 $client4 7010
}
case_state_host_helper() { state_host_helper; state_down $?; }
