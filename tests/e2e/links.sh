# SPDX-License-Identifier: GPL-2.0-only
# Cases of packets that are inside something else, and of interfaces without an Ethernet header. Sourced by run.sh.

# A frame in hexadecimal, behind the addresses.
frame() { echo "0xffffffffffff020000000001$(printf %s "$@" | tr -d ' ')"; }
# 198.18.0.1:999 > 192.0.2.1:22
syn4='4500002800010000400600 00c6120001c0000201 03e700160000000100000000 5002ffff00000000'

# What frames hold, and what they are not looked into for, at each hook: each row is a frame, and what counts it.
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

# What is not looked into does as the direction, and what the counters say is what came through.
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
