# SPDX-License-Identifier: GPL-2.0-only
# Cases of the host's hooks input, forward and output; sourced by run.sh. The server is a router too:
#
#	client c0 --- s0 server f1 --- f0 far, 192.0.3.2 and 2001:db8:0:3::2, where nc listens

far=fwe2e-$$-f
far4=192.0.3.2 far6=2001:db8:0:3::2
in_far() { enter "$far" "$@"; }

# Makes the far side of the router, once. Other cases may have ended the forwarding.
far_up() {
	in_server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	in_client sh -c "ip route replace 192.0.3.0/24 via $server4; ip route replace 2001:db8:0:3::/64 via $server6"
	[ -e "/run/netns/$far" ] && return 0
	ip netns add "$far" && spaces+=("$far") && ip link add f0 netns "$far" type veth peer name f1 netns "$server" || return 1
	in_far sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	in_far sh -c "ip link set lo up; ip link set f0 up; ip addr add $far4/24 dev f0; ip addr add $far6/64 dev f0 nodad
		ip route add default via 192.0.3.1; ip route add default via 2001:db8:0:3::1"
	in_server sh -c "ip link set f1 up; ip addr add 192.0.3.1/24 dev f1; ip addr add 2001:db8:0:3::1/64 dev f1 nodad"
	for family in 4 6; do
		nsenter --net="/run/netns/$far" nc -$family -lk 80 >/dev/null 2>&1 </dev/null &
		pids+=($!)
	done
	wait_until try_tcp $far4 80 && wait_until try_tcp $far6 80 || fail "no way through the router"
}

host_attached() { ctl --json status | grep -q '"host":{"state":"attached"'; }
# No link, no pin and no table of ours in the server's namespace.
host_gone() {
	! ctl --json status 2>/dev/null | grep -q '"host":{"state":"attached"' && ! in_server nft list tables 2>/dev/null | grep -q fwd_host &&
		! in_fwd_mounts find "$tmp/bpffs" -name 'input-*' -o -name 'forward-*' -o -name 'output-*' 2>/dev/null | grep -q .
}
# by_table COMMAND...: with an fwd to which the kernel seems to have no links on netfilter's hooks, as before 6.4.
by_table() {
	local fwd_before=$fwd code
	printf '#!/bin/sh\nREFUSED=netfilter LD_PRELOAD=%s exec %s "$@"\n' "$top/build/refusing.so" "$fwd" >"$tmp/older" && chmod +x "$tmp/older"
	fwd=$tmp/older
	start_fwd
	local fwd_shared=yes
	"$@"
	code=$?
	in_server nft delete table inet fwd_host 2>/dev/null
	fwd=$fwd_before
	return $code
}
is_by_table() { ctl --json status | grep -q '"by":"table"'; }
# counted NAME: packets of a rule of fwd
counted() { ctl --json list | grep -F "\"name\":\"$1\"" | grep -o '"packets":[0-9]*' | cut -d: -f2; }
is_counted() { [ "$(counted "$1")" -ge "$2" ] || fail "rule $1 counted $(counted "$1") packets, expected at least $2"; }

# The policies and rules of each hook decide its packets, and no other ones.
case_host_hooks() {
	share_fwd && far_up && ok attach --host && says "host" && host_attached || return 1
	ok batch <<-END || return 1
		add rule name in-ping input proto icmp icmp-type echo-request accept
		add rule name in-ping6 input ip6 proto icmp6 accept
		add rule name in-web input proto tcp dport 80 accept
		add rule name in-replies input proto tcp sport 80 accept
		policy input drop
	END
	expect yes try_ping $server4 && expect yes try_ping $server6 && expect yes try_tcp $server4 80 && expect yes try_tcp $server6 80 &&
		expect no try_tcp $server4 25 && expect no try_tcp $server6 25 && expect no try_udp $server4 53 &&
		expect yes try_ping $far4 && expect yes try_tcp $far6 80 || return 1
	is_counted in-ping 1 && is_counted in-web 2 || return 1

	ok batch <<-END || return 1
		policy input accept
		policy forward drop
		add rule name through forward proto tcp dport 80 accept
		add rule name back forward proto tcp sport 80 accept
	END
	expect yes try_tcp $far4 80 && expect yes try_tcp $far6 80 && expect no try_ping $far4 && expect no try_ping $far6 &&
		expect yes try_ping $server4 && is_counted through 6 && is_counted back 4 || return 1

	ok batch <<-END || return 1
		policy forward accept
		policy output drop
		add rule name out-ping output proto icmp accept
	END
	in_server ping -q -c1 -W5 $client4 >/dev/null || fail "no ping goes out" || return 1
	expect no try_tcp $server4 80 && expect yes try_ping $far4 && expect no try_ping $server6 && is_counted out-ping 1 || return 1
	ok detach --host && host_gone && expect yes try_tcp $server4 25
}

# Protocols without sockets here, and fragments: each by itself, as nothing reassembles them.
case_host_frames() { host_frames; state_mac_back $?; }
host_frames() {
	share_fwd && far_up && ok attach --host && state_mac || return 1
	ok batch <<-END || return 1
		add rule name sctp forward ip proto sctp dport 9 accept
		add rule name sctp6 forward ip6 proto sctp dport 9 drop
		add rule name gre forward proto gre drop
		add rule name first forward proto udp frag first accept
		add rule name later forward frag later drop
	END
	in_client "$top/build/frames" c0 20 "sctp $client4:7 > $far4:9" 10 "sctp [$client6]:7 > [$far6]:9" 5 "gre $client4 > $far4" \
		3 "udp $client4:7 > $far4:9 frag first" 4 "udp $client4 > $far4 frag later" 2>"$tmp/err" || fail "$(cat "$tmp/err")" || return 1
	[ "$(counted sctp) $(counted sctp6) $(counted gre) $(counted first) $(counted later)" = "20 10 5 3 4" ] ||
		fail "$(counted sctp) $(counted sctp6) $(counted gre) $(counted first) $(counted later)" || return 1
	in_client ping -q -c 2 -i 0.01 -W60 $far4 >/dev/null || fail "no ping" || return 1
	in_client ping -q -c 2 -i 0.01 -W1 -s 4000 $far4 >/dev/null && { fail "a fragmented ping got through"; return 1; }
	is_counted later 6
}

# Options, the type and the sender of the frame and routing headers, on the wire and at the host's hooks.
case_host_fields() { host_fields native; state_mac_back $?; }
case_host_fields_tc() { host_fields tc; state_mac_back $?; }
host_fields() {
	share_fwd && ok attach --host && ok attach s0 --mode "$1" && state_mac || return 1
	local hook rule n=0
	for hook in in input; do
		while read -r rule; do
			ok add rule name "$hook-$((++n % 8))" "$hook" $rule continue || return 1
		done <<-END
			proto tcp tcp-option sack-permitted,mss mss 1000-1399
			proto tcp tcp-option not mss
			packet-type broadcast
			packet-type multicast proto udp
			ip-option router-alert
			ip6 rt-type 0
			packet-type unicast proto udp sport 7
			mac { 02:00:00:00:00:fd, 02:00:00:00:00:fe } proto udp
		END
	done
	in_client "$top/build/frames" c0 3 "tcp $client4:7 > $server4:9 tcp-option sack-permitted,timestamp mss 1399" \
		4 "tcp [$client6]:7 > [$server6]:9 mss 1400" 5 "tcp $client4:7 > $server4:9 tcp-option timestamp" \
		6 "udp $client4:7 > $server4:9 packet-type broadcast" 7 "udp $client4:7 > $server4:9 packet-type multicast" \
		8 "udp $client4:7 > $server4:9 ip-option router-alert" 9 "udp [$client6]:7 > [$server6]:9 rt-type 0" \
		10 "udp $client4:7 > $server4:9 mac 02:00:00:00:00:fe" 2>"$tmp/err" ||
		fail "$(cat "$tmp/err")" || return 1
	for hook in in input; do
		local seen=
		for n in 1 2 3 4 5 6 7 0; do seen="$seen $(counted $hook-$n)"; done
		[ "$seen" = " 3 5 6 7 8 9 27 10" ] || fail "$hook:$seen" || return 1
	done
}

# What a rule must never pass does not pass while fwd is killed, started again, replaced and while others flush their rulesets; by a
# table, they do that only while fwd runs.
case_host_no_gap() {
	local flood n by
	start_fwd && far_up && ok attach --host || return 1
	ok batch <<-END || return 1
		add rule name never forward from $listed4 drop
		add rule name never6 forward from $listed6 drop
		add rule name never-in input from $listed4 drop
	END
	nsenter --net="/run/netns/$client" ping -q -i 0.002 -w 120 -I $listed4 $far4 >"$tmp/flood4" &
	flood=("$!")
	nsenter --net="/run/netns/$client" ping -q -i 0.002 -w 120 -I $listed6 $far6 >"$tmp/flood6" &
	flood+=("$!")
	nsenter --net="/run/netns/$client" ping -q -i 0.002 -w 120 -I $listed4 $server4 >"$tmp/flood" &
	flood+=("$!")
	for signal in KILL TERM KILL; do
		by=netfilter
		is_by_table && by="the table fwd_host"
		fwd_kill $signal
		[ "$by" != netfilter ] || in_server nft flush ruleset
		sleep 0.3
		exits 3 in_fwd "$fwctl" --socket "$tmp/fwd/sock" status --pins "$tmp/bpffs/fwd" && says "input, forward, output by $by" || return 1
		# Another version: with another pool of tables.
		start_fwd --pool "$([ $signal = TERM ] && echo maps || echo auto)" && host_attached && sleep 0.3 || return 1
		in_server sh -c 'nft add table inet other; nft flush ruleset'
		[ "$by" = netfilter ] || wait_until in_server nft list table inet fwd_host || return 1
	done
	kill -INT "${flood[@]}" && wait "${flood[@]}"
	for n in flood4 flood6 flood; do
		grep -q ' 0 received' "$tmp/$n" && ! grep -q '^[0-9]\{1,2\} packets' "$tmp/$n" || fail "$n: $(cat "$tmp/$n")" || return 1
	done
	expect yes try_ping $far4 && expect yes try_ping $far6 || return 1
	is_counted never 100 && is_counted never6 100 && is_counted never-in 100 || return 1
	ok detach --host && host_gone && expect yes try_ping $far4 $listed4
}

# Beside NAT of nft: a published port, as Docker does it, and masquerade. Rules see addresses after the DNAT, before the SNAT.
case_host_nat() {
	share_fwd && far_up || return 1
	in_server nft -f - <<-END || { skip "nft has no NAT here"; return; }
		table ip nat {
			chain pre { type nat hook prerouting priority -100; iifname s0 tcp dport 8080 dnat to $far4:80; }
			chain post { type nat hook postrouting priority 100; oifname f1 masquerade; }
		}
	END
	host_nat
	local code=$?
	in_server nft flush ruleset
	return $code
}
host_nat() {
	ok attach --host && ok batch <<-END || return 1
		policy forward drop
		add rule name published forward to $far4 proto tcp dport 80 accept
		add rule name answers forward from $far4 proto tcp sport 80 accept
	END
	expect yes try_tcp $server4 8080 && expect yes try_tcp $far4 80 && expect no try_ping $far4 && is_counted published 6 || return 1
	ok del rule published && expect no try_tcp $server4 8080 && in_server nft list table ip nat | grep -q dnat
}

# The router of the examples, with the NAT that its comment has, on the interfaces and addresses here.
case_host_router() {
	share_fwd && far_up || return 1
	sed -e 's/wan0/s0/g; s/lan0/f1/g; s/10\.1\.0\.80/192.0.3.2/; s/10\.1\.0\.0/192.0.3.0/; s/2001:db8:1000::/2001:db8:0:3::/' \
		"$top/examples/router.rules" >"$tmp/router"
	sed -n 's/^#\t//p' "$tmp/router" | in_server nft -f - || { skip "nft has no NAT here"; return; }
	host_router
	local code=$?
	in_server nft delete table ip nat
	return $code
}
host_router() {
	ok load "$tmp/router" && ok attach --host || return 1
	expect yes try_tcp $server4 8080 && expect yes try_ping $far4 && expect yes try_ping $far6 && expect no try_tcp $server4 80 &&
		expect no try_tcp $far6 80 && expect no try_udp $server4 53 || return 1
	nsenter --net="/run/netns/$client" nc -lk 7003 >/dev/null 2>&1 </dev/null &
	pids+=($!)
	wait_until in_client nc -z -w1 $client4 7003 && in_far nc -z -w60 $client4 7003 || fail "no way out" || return 1
	in_far ping -q -c1 -W60 $client6 >/dev/null && in_far ping -q -c1 -W60 192.0.3.1 >/dev/null || fail "no ping out" || return 1
	is_counted published 1 && is_counted lan-out 1 && is_counted known 4
}

# The way back of attach and detach, and what is refused.
case_host_confirm() {
	share_fwd && ok attach --host --confirm 3s && host_attached && wait_until host_off || return 1
	ok attach --host --confirm 60s && ok confirm && host_attached && ok detach --host --confirm 3s && host_off &&
		wait_until host_attached || return 1
	ok detach --host && refuses 1 "not attached" detach --host && refuses 2 "missing IFACE or --host" attach || return 1
	refuses 1 "there is no interface" attach --host nosuch0 && host_off || return 1
	ok policy input drop && ok status && says "nothing is attached there" && expect yes try_ping $server4
}
host_off() { ctl --json status | grep -q '"host":{"state":"off"'; }

# refused_at_once COMMAND...: it fails within a second, although it would wait for longer.
refused_at_once() {
	local start=${EPOCHREALTIME/./} took
	"$@" && { fail "$*: got through"; return 1; }
	took=$((${EPOCHREALTIME/./} - start))
	[ $took -lt 1000000 ] || fail "$*: refused after $took us"
}
slow_tcp() { in_client nc -z -w 20 "$1" "$2" >/dev/null 2>&1; }
# The error of a datagram that is answered by ICMP. With IP_RECVERR, else some are not reported.
udp_error() {
	in_client python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(3)
s.setsockopt(*((41, 25) if s.family == socket.AF_INET6 else (0, 11)), 1)
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b"x")
try:
    s.recv(1)
except OSError as e:
    print(e.errno or "timeout")' "$1" "$2"
}
udp_gets() { [ "$(udp_error "$1" "$2")" = "$3" ] || fail "UDP to $1 $2: $(udp_error "$1" "$2"), expected $3"; }
host_answers() { ctl --json status | grep -q '"answers":true'; }

# What is rejected is answered by the kernel, at all hooks, in both families.
case_host_reject() {
	start_fwd && far_up && ok attach --host || return 1
	expect yes slow_tcp $server4 80 || return 1
	ok batch <<-END || return 1
		add rule name web input proto tcp dport 80 reject
		add rule name dns input proto udp dport 53 reject
		add rule name prohibited input proto udp dport 5353 reject with admin-prohibited
		add rule name through forward proto tcp dport 80 reject
		add rule name hosts forward proto udp reject with host-unreachable
		add rule name out output proto tcp dport 81 reject with tcp-reset
	END
	host_answers || fail "no table" || return 1
	refused_at_once slow_tcp $server4 80 && refused_at_once slow_tcp $server6 80 && refused_at_once slow_tcp $far4 80 &&
		refused_at_once slow_tcp $far6 80 || return 1
	# ECONNREFUSED, EHOSTUNREACH, EACCES
	udp_gets $server4 53 111 && udp_gets $server6 53 111 && udp_gets $server4 5353 113 && udp_gets $server6 5353 13 &&
		udp_gets $far4 9 113 && udp_gets $far6 9 113 || return 1
	expect yes try_ping $far4 && expect yes try_tcp $server4 25 && is_counted web 2 && is_counted through 2 || return 1
	[ "$(counted dns)" -le 4 ] || fail "counted more than once: $(counted dns)" || return 1
	refused_at_once in_server nc -z -w 20 $client4 81 || return 1

	# Others delete the table: dropped, and answered again.
	in_server nft flush ruleset
	expect no try_tcp $server4 80 && expect no try_tcp $far6 80 && wait_until refused_at_once slow_tcp $server4 80 &&
		refused_at_once slow_tcp $far6 80 && ok history && says "fwd_host" || return 1

	fwd_kill KILL
	# Still refused without fwd, and by another version.
	refused_at_once slow_tcp $server4 80 && refused_at_once slow_tcp $far6 80 && start_fwd --pool maps && wait_until host_answers &&
		refused_at_once slow_tcp $server6 80 || return 1
	# Nothing is rejected any more: the table is gone.
	ok flush --yes && { is_by_table || wait_until no_table; } && expect yes slow_tcp $server4 80 && expect yes try_udp $server4 53 || return 1
	ok policy input reject && wait_until host_answers && refused_at_once slow_tcp $server4 25 && ok detach --host && host_gone && no_table
}
no_table() { ! in_server nft list table inet fwd_host >/dev/null 2>&1; }

# Marks that rules set are there for routing and for the chains of others.
case_host_mark() {
	share_fwd && far_up && ok attach --host || return 1
	in_server nft -f - <<-END || { skip "no nft"; return; }
		table inet seen {
			counter a { }
			counter b { }
			chain after {
				type filter hook postrouting priority 0
				meta mark 0x8000abcd counter name a
				meta mark 0x5 counter name b
			}
		}
	END
	host_mark
	local code=$?
	in_server nft delete table inet seen
	return $code
}
seen() { in_server nft list counter inet seen "$1" | grep -o 'packets [0-9]*' | cut -d' ' -f2; }
host_mark() {
	ok batch <<-END || return 1
		add rule name m forward proto icmp mark set 0x8000abcd
		add rule name p forward proto icmp accept
		add rule name n output proto icmp to $client4 mark set 0x5/0xf accept
	END
	in_client ping -q -c 3 -i 0.01 $far4 >/dev/null && in_server ping -q -c 2 -i 0.01 $client4 >/dev/null || fail "no ping" || return 1
	[ "$(seen a) $(seen b)" = "6 2" ] || fail "marked: $(seen a) $(seen b), expected 6 2: $(in_server nft list ruleset)"
}

# Connection state, interfaces both ways, and the log. fwd switches tracking on by itself.
case_host_state() {
	start_fwd && far_up && ok attach --host || return 1
	ok batch <<-END || return 1
		policy forward drop
		add rule name known forward state established accept
		add rule name errors forward state related accept
		add rule name begin forward from-if s0 to-if f1 proto tcp dport 80 state new accept
		add rule name echo forward from-if s0 to-if f1 ip proto icmp icmp-type echo-request state new accept
		add rule name logged forward from-if f1 to-if s0 log prefix "from far" drop
	END
	expect yes try_tcp $far4 80 && expect yes try_tcp $far6 80 && expect yes try_ping $far4 && expect no try_ping $far6 || return 1
	in_far ping -q -c2 -i 0.1 -W1 $client4 >/dev/null && { fail "new packets pass from the far side"; return 1; }
	is_counted begin 2 && is_counted known 8 && is_counted echo 1 && is_counted logged 2 || return 1
	ok log && says "f1>s0        rule 5 logged" || return 1
	ok detach --host && host_gone
}

# What is logged at forward has both interfaces, the mark and the packet itself, without an Ethernet header.
case_host_log() {
	start_fwd && far_up && ok attach --host || return 1
	ok batch <<-END || return 1
		policy forward log prefix "else " level err drop
		add rule 1 name web forward proto tcp dport 80 mark set 7 log prefix "web " level notice accept
		add rule 2 name back forward proto tcp sport 80 accept
		add rule 3 name seen forward proto icmp6 icmp6-type echo-request log
	END
	expect yes try_tcp $far4 80 && expect no try_ping $far6 && expect no try_ping $far4 || return 1
	ok log && says "accept   forward     s0>f1        rule 1 web        web tcp $client4:" && says "continue forward" && says "rule 3 seen" &&
		says "drop     forward     s0>f1        policy forward    else icmp $client4 > $far4" &&
		says "drop     forward     s0>f1        policy forward    else icmp6 $client6 > $far6" || return 1
	ok --json log || return 1
	says '"prefix":"else ","level":"err","hook":"forward","verdict":"drop","in":"s0"' && says '"prefix":"web ","level":"notice","hook":"forward","verdict":"accept"' || return 1
	ok log --pcap "$tmp/forward.pcap" proto icmp && ok classify --pcap "$tmp/forward.pcap" && says "$far4"
}

# fwctl run filters there, too, by links and by a table, beside fwd or alone; nothing is left when it ends, however it ends.
run_host() {
	rm -f "$tmp/out"
	nsenter --net="/run/netns/$server" "$@" "$fwctl" run "$tmp/rules" --host >"$tmp/out" 2>"$tmp/err" &
	fw_pid=$!
	wait_until fw_started && [ -s "$tmp/out" ] || fail "$(cat "$tmp/err")"
}
run_host_case() { # link|table [COMMAND...]
	local by=$1
	shift
	run_host "$@" && grep -q "the host's hooks ($by)" "$tmp/out" || fail "$(cat "$tmp/out" "$tmp/err")" || return 1
	refused_at_once slow_tcp $server4 80 && refused_at_once slow_tcp $far6 80 && expect no try_ping $far4 && expect yes try_ping $server4 || return 1
	in_server nft flush ruleset
	refused_at_once slow_tcp $server6 80 && expect no try_ping $far6 || return 1
	fw_stop || fail "fwctl ended with code $?: $(cat "$tmp/err")" || return 1
	no_tables && expect yes try_tcp $server4 80 && expect yes try_ping $far4 && [ "$(fw_count web)" -ge 2 ] || return 1
	run_host "$@" && kill -KILL "$fw_pid" || return 1
	wait "$fw_pid" 2>/dev/null
	fw_pid=
	wait_until no_tables && wait_until try_ping $far4 && expect yes try_tcp $server4 80
}
no_tables() { ! in_server nft list tables | grep fwd; }
case_host_run() {
	far_up || return 1
	rules <<-END
		policy forward drop
		rule 1 name web input proto tcp dport 80 state new reject
		rule 2 name through forward proto tcp dport 80 reject
	END
	run_host_case link || return 1
	run_host_case table env REFUSED=netfilter LD_PRELOAD="$top/build/refusing.so" || return 1
	exits 2 in_server "$fwctl" run "$tmp/rules" && says "missing --dev DEV or --host" || return 1
	start "$tmp/rules" && grep -q "rules or policies of input, forward or output have no effect" "$tmp/err" || fail "no warning" || return 1
	stop && rules <<<"rule input proto tcp dport 80 connections per from over 3 drop" || return 1
	exits 1 in_server "$fwctl" run "$tmp/rules" --host && says "counts connections"
}

# The same without links: a table filters, and its guard.
case_host_table_hooks() { by_table case_host_hooks; }
case_host_table_frames() { by_table case_host_frames; }
case_host_table_nat() { by_table case_host_nat; }
case_host_table_router() { by_table case_host_router; }
case_host_table_no_gap() { by_table case_host_no_gap; }
case_host_table_confirm() { by_table case_host_confirm; }
case_host_table_reject() { by_table case_host_reject; }
case_host_table_mark() { by_table case_host_mark; }
case_host_table_state() { by_table case_host_state; }
case_host_table_fields() { by_table case_host_fields; }
