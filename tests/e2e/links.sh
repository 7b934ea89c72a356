# SPDX-License-Identifier: GPL-2.0-only
# Cases of encapsulated packets, and of interfaces without an Ethernet header. Sourced by run.sh.

# A frame in hexadecimal, after the addresses.
frame() { echo "0xffffffffffff020000000001$(printf %s "$@" | tr -d ' ')"; }
# 198.18.0.1:999 > 192.0.2.1:22
syn4='4500002800010000400600 00c6120001c0000201 03e700160000000100000000 5002ffff00000000'

# Encapsulations that are parsed, and those that are not, at each hook: each row is a frame and what counts it.
inside_rules() { # POLICY...
	rules <<-END
		$(printf 'policy %s\n' "$@")
		rule 1 name ssh proto tcp dport 22 drop
		rule 2 name web proto tcp dport 80 accept
		rule 3 name pbb ethertype 0x88e7 accept
	END
}
inside_frames=(
	1 "tcp 198.18.0.1:999 > 192.0.2.1:22" 2 "tcp 198.18.0.1:999 > 192.0.2.1:22 pppoe"
	4 "tcp [2001:db8:1::1]:999 > [2001:db8:2::1]:22 pppoe vlan 7" 8 "tcp [2001:db8:1::1]:999 > [2001:db8:2::1]:80 pppoe"
	16 "$(frame 8864 1100 0001 0029 21 "$syn4")"       # PPP's protocol in one byte
	32 "$(frame 8864 1100 0001 000a c021 0901000800000000)" # LCP, echo request
	64 "$(frame 8847 00010140 "$syn4")"                # MPLS
	128 "$(frame 0030 aaaa03 000000 0800 "$syn4")"     # SNAP
	256 "$(frame 8864 1100 0001 000a 00fd 0000000000000000)" # PPP, compressed
	512 "$(frame 88e7 00000000 0000)"
)

inside() { # NAMESPACE INTERFACE OPTION...
	local from=$1 dev=$2
	shift 2
	start "$tmp/rules" "$@" && enter "$from" "$frames" "$dev" "${inside_frames[@]}" && stop || return 1
	expect_count ssh 23 && expect_count web 8 && expect_count "policy non-ip accept" 32 && expect_count pbb 512
}

case_inside_native() {
	inside_rules "in drop" && inside "$client" c0 --xdp native && expect_count "policy not-parsed follow" 448
}
case_inside_generic() {
	inside_rules "in accept" && inside "$client" c0 --xdp generic && expect_count "policy not-parsed follow" 448
}
case_inside_tc() {
	inside_rules "in drop" "not-parsed accept" && inside "$client" c0 --tc && expect_count "policy not-parsed accept" 448
}
case_inside_out() {
	inside_rules "in accept" "out drop" && inside "$server" s0 && expect_count "policy not-parsed follow" 448
}

# Frames that are not parsed follow the policy of the direction, and the counters match what got through.
case_not_parsed_follows() {
	local way verdict
	start_fwd && attach '{"dev":"s0","out":"yes"}' || return 1
	change "add rule name web proto tcp dport 80 accept" || return 1
	for way in in out; do
		for verdict in drop accept; do
			change "policy in accept" "policy out accept" "policy $way $verdict" || return 1
			[ $way = in ] && in_client "$frames" c0 3 "$(frame 8847 00010140 "$syn4")"
			[ $way = out ] && in_server "$frames" s0 3 "$(frame 8847 00010140 "$syn4")"
			answers 0 ask list '{"what":"policy"}' &&
				told '"policy":"not-parsed","verdict":"follow","set":false' || return 1
		done
	done
	answers 0 ask metrics && told '{"hook":"xdp","direction":"in","verdict":"drop","packets":3' &&
		told '{"hook":"xdp","direction":"in","verdict":"accept","packets":3' &&
		told '{"hook":"tc-egress","direction":"out","verdict":"drop","packets":3' &&
		told '{"hook":"tc-egress","direction":"out","verdict":"accept","packets":3'
}

# The server's t1 and the client's t0 are a pair of tun interfaces; everything else is as with s0 and c0.
#   t0 10.99.0.2, 2001:db8:99::2  ---  t1 10.99.0.1, 2001:db8:99::1
tunpair=${TUNPAIR:-$top/build/tunpair}
tun4=10.99.0.1 tun6=2001:db8:99::1
tun_up() {
	rm -f "$tmp/tunpair"
	"$tunpair" t0 "/run/netns/$client" t1 "/run/netns/$server" >"$tmp/tunpair" &
	tun_pid=$!
	pids+=($tun_pid)
	wait_until grep -q ready "$tmp/tunpair" || fail "no pair of tun interfaces" || return 1
	in_client sysctl -qw net.ipv6.conf.t0.router_solicitations=0
	in_server sysctl -qw net.ipv6.conf.t1.router_solicitations=0
	in_client ip addr add 10.99.0.2/24 dev t0 && in_client ip addr add 2001:db8:99::2/64 dev t0 nodad &&
		in_client ip link set t0 up && in_server ip addr add $tun4/24 dev t1 &&
		in_server ip addr add $tun6/64 dev t1 nodad && in_server ip link set t1 up && wait_until try_ping $tun6
}

# on_tun COMMAND...: runs it with the pair, which is then removed.
on_tun() {
	local code=1
	tun_up && "$@" && code=0
	kill $tun_pid
	wait $tun_pid 2>/dev/null
	return $code
}

tun_rules() { # POLICY...
	rules <<-END
		$(printf 'policy %s\n' "in drop" "$@")
		rule 1 name ssh proto tcp dport 22 drop
		rule 2 name web ip6 proto tcp dport 80 accept
		rule 3 name here on t1 proto udp dport 7 accept
		rule 4 name tagged vlan 0-4095 accept
		rule 5 name arp ethertype arp accept
		rule 6 name neighbour ip6 proto icmp6 accept
	END
}
tun_frames=(
	1 "tcp 198.18.0.1:999 > 192.0.2.1:22" 2 "tcp [2001:db8:1::1]:999 > [2001:db8:2::1]:22"
	4 "tcp [2001:db8:1::1]:999 > [2001:db8:2::1]:80" 8 "udp 198.18.0.1:999 > 192.0.2.1:7"
	16 "udp 198.18.0.1:999 > 192.0.2.1:9" 32 "$(frame 8847 00010140 "$syn4")" 64 "$(frame 0806 00010800 06040001)"
	cut 128 "udp 198.18.0.1:999 > 192.0.2.1:7"
)
tun_received() { in_server awk '$1 == "t1:" { n = $3 } END { exit n < '"$1"' }' /proc/net/dev; }

# tun_in OPTION...: incoming packets of t1.
tun_in() {
	local n
	n=$(in_server awk '$1 == "t1:" { print $3 }' /proc/net/dev) && start "$tmp/rules" --dev t1 "$@" &&
		in_client "$frames" t0 "${tun_frames[@]}" && wait_until tun_received $((n + 255)) && stop || return 1
	! in_server ip -d link show t1 | grep -q xdp || fail "something is left on t1" || return 1
	expect_count ssh 3 && expect_count web 4 && expect_count here 8 && expect_count "policy in drop" 16 && expect_count tagged 0
}
tun_auto() {
	tun_in && grep -q 't1 (tc ingress' "$tmp/out" && expect_count arp 64 && expect_count "policy not-parsed follow" 32 &&
		expect_count "policy malformed drop" 128
}
# On tun only the version tells what a packet is: two of the frames are no IP packets.
tun_generic() {
	tun_in --xdp generic && grep -q 't1 (generic XDP' "$tmp/out" && expect_count arp 0 &&
		expect_count "policy malformed drop" 224
}
tun_out() {
	start "$tmp/rules" --dev t1 && in_server "$frames" t1 "${tun_frames[@]}" && stop || return 1
	expect_count ssh 3 && expect_count web 4 && expect_count here 8 && expect_count "policy out drop" 16 &&
		expect_count arp 64 && expect_count "policy not-parsed accept" 32 && expect_count "policy malformed drop" 128
}
tun_native() { refused "packets with an Ethernet header" --dev t1 --xdp native; }

case_tun_auto() { tun_rules && on_tun tun_auto; }
case_tun_generic() { tun_rules && on_tun tun_generic; }
case_tun_out() { tun_rules "out drop" "not-parsed accept" && on_tun tun_out; }
case_tun_native() { tun_rules && on_tun tun_native; }

# Real traffic through fwd, also while the mode changes, and while fwd does not run.
tun_fwd() {
	start_fwd && change "policy in drop" && attach '{"dev":"t1"}' && told '"mode":"tc"' || return 1
	in_client ping -q -i 0.002 -w 3 $tun4 >"$tmp/ping" 2>&1 &
	local ping=$! mode
	for mode in generic tc generic auto generic; do
		attach "{\"dev\":\"t1\",\"mode\":\"$mode\",\"out\":\"yes\"}" || return 1
	done
	answers 1 ask attach '{"dev":"t1","mode":"native"}' && told "packets with an Ethernet header" && device_is t1 '"mode":"generic"' || return 1
	! wait $ping || fail "a packet got through: $(cat "$tmp/ping")" || return 1
	change "add rule name ping in proto icmp accept" "add rule name ping6 in ip6 proto icmp6 accept" &&
		expect yes try_ping $tun4 && expect yes try_ping $tun6 && expect no try_tcp $tun4 80 || return 1
	fwd_kill KILL
	expect yes try_ping $tun4 && expect no try_tcp $tun4 80 && start_fwd && device_is t1 '"state":"attached"' &&
		device_is t1 '"mode":"generic"' && expect yes try_ping $tun6 && expect no try_tcp $tun6 80 || return 1
	change "add rule name web in proto tcp accept" "add rule first name noreply out proto icmp drop" &&
		expect yes try_tcp $tun4 80 && expect yes try_tcp $tun6 80 && expect no try_ping $tun4 || return 1
	answers 0 ask detach '{"dev":"t1"}' && expect yes try_ping $tun4
}
case_tun_fwd() { on_tun tun_fwd; }

# Another version takes over the attachments of both programs, each by the right program.
tun_takeover() {
	local mode
	start_fwd || return 1
	change "policy in drop" "add rule name ping in proto icmp accept" "add rule name leak out proto udp drop" || return 1
	for mode in tc generic; do
		attach "{\"dev\":\"t1\",\"mode\":\"$mode\"}" && told '"out":true' || return 1
		fwd_kill KILL
		start_fwd --pool maps && device_is t1 "\"mode\":\"$mode\"" && expect yes try_ping $tun4 &&
			expect no try_tcp $tun4 80 && expect no try_ping $tun6 || return 1
		answers 0 ask classify '{"hook":"out","dev":"t1","packet":"udp 10.99.0.1:1 > 10.99.0.2:2"}' && told '"verdict":"drop"' || return 1
		fwd_kill KILL
		start_fwd && expect yes try_ping $tun4 && expect no try_tcp $tun6 80 || return 1
	done
}
case_tun_takeover() { on_tun tun_takeover; }

# Interfaces of other types are refused.
case_links_unknown() {
	in_server ip link add mon0 type nlmon 2>/dev/null || { echo "SKIP  links_unknown: the kernel has no nlmon"; return 0; }
	rules <<<'policy in drop'
	refused "interface type 824" --dev mon0
	local code=$?
	in_server ip link del mon0
	return $code
}
