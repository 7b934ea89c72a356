#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# End-to-end tests: real traffic on real interfaces. A case is a function, which starts and stops its own fwctl. Prints PASS, FAIL or
# SKIP with the reason for each case; exit code 1 if one fails.
# usage: tests/e2e/run.sh [CASE...]; without any: all of them
if [ "$(id -u)" != 0 ]; then
	echo "SKIP  end to end: needs root"
	exit 0
fi
. "$(dirname "$0")/lib.sh"
files="daemon limits clients shares faults store closed devices interfaces metrics prometheus exporter lists transcripts examples links diff history sets files names shell cost security continue log host timeouts reject state as_nft export import conformance chains owner agent_status fleet_rig fleet_hosts fleet_etcd fleet_rollout publish fleet_guide fleet"
for file in $files; do
	. "$here/$file.sh"
done
# Refuses functions that are defined twice; those that a case defines stay defined, too.
twice=$(for file in lib run $files; do sed -n 's/^[[:space:]]*\([a-z_0-9]*\)() .*/\1/p' "$here/$file.sh"; done | sort | uniq -d)
[ -z "$twice" ] || die "functions that are defined twice:" $twice
# The files share their variables: none may assign one that another assigns at its top.
assigned_elsewhere() {
	(cd "$here" && awk '
		pass == 1 && /^[a-z][a-z_0-9]*=/ { owner[substr($0, 1, index($0, "=") - 1)] = FILENAME }
		pass == 2 && !/local / {
			for (rest = $0; match(rest, /(^[ \t]*|&& |\|\| |[;(] ?|[{] |do |then )[a-z][a-z_0-9]*=/); rest = substr(rest, RSTART + RLENGTH)) {
				name = substr(rest, RSTART, RLENGTH - 1)
				sub(/^.*[^a-z_0-9]/, "", name)
				if (name in owner && owner[name] != FILENAME)
					print FILENAME ":" FNR ": " name " of " owner[name]
			}
		}' pass=1 $(printf '%s.sh ' $files) pass=2 $(printf '%s.sh ' $files))
}
twice=$(assigned_elsewhere)
[ -z "$twice" ] || die "variables of other files are assigned: $twice"

fail() {
	echo "      $*" >&2
	return 1
}

# skip REASON: ends a case that cannot run here: `skip ...; return`.
skip() {
	skipped=$*
	return 77
}

expect() { # yes|no COMMAND...
	local want=$1 seen=no patience=1
	shift
	[ "$want" = no ] || patience=60
	"$@" && seen=yes
	[ $seen = $want ] || fail "$*: got through: $seen, expected: $want"
}

expect_count() { # NAME NUMBER
	local n
	n=$(fw_count "$1")
	[ "$n" = "$2" ] || fail "counter of $1: $n, expected $2"
}

expect_counted() { # NAME; a sender may repeat an outgoing packet that is dropped
	[ "$(fw_count "$1")" -gt 0 ] || fail "counter of $1 is 0"
}

start() {
	fw_start "$@" || { fail "fwctl run $*: $(cat "$tmp/err")"; return 1; }
}

stop() {
	fw_stop || { fail "fwctl ended with code $?: $(cat "$tmp/err")"; return 1; }
	fw_gone || fail "something is left on the interface"
}

rules() { cat >"$tmp/rules"; }

# refused TEXT OPTION...: fwctl run fails with that message, and leaves nothing attached.
refused() {
	local want=$1
	shift
	if fw_start "$tmp/rules" "$@"; then
		fw_stop
		fail "not refused: $*"
		return 1
	fi
	grep -q "$want" "$tmp/err" || fail "refused without saying '$want': $(cat "$tmp/err")"
}

# compile_bpf NAME LINE...: compiles a small program to $tmp/NAME.o.
compile_bpf() {
	local name=$1
	shift
	printf '%s\n' '#define SEC(x) __attribute__((section(x), used))' "$@" \
		'SEC("license") char _license[] = "GPL";' >"$tmp/$name.c"
	clang -O2 -g -target bpf -I"/usr/include/$(gcc -print-multiarch)" -c "$tmp/$name.c" -o "$tmp/$name.o"
}

basic_rules() {
	rules <<-END
		policy in drop
		rule 1 name neighbour in ip6 proto icmp6 icmp6-type { 133-136 } accept
		rule 2 name listed in from { $listed4, $listed6 } drop
		rule 3 name ping4 in proto icmp icmp-type echo-request accept
		rule 4 name ping6 in proto icmp6 icmp6-type echo-request accept
		rule 5 name web in proto tcp dport 80 accept
		rule 6 name dns in proto udp dport 53 accept
	END
}

basic_traffic() {
	expect yes try_ping $server4 && expect yes try_ping $server6 && expect yes try_tcp $server4 80 &&
		expect yes try_tcp $server6 80 && expect no try_tcp $server4 25 && expect no try_tcp $server6 25 &&
		expect yes try_udp $server4 53 && expect no try_udp $server4 5353 &&
		expect no try_ping $server4 $listed4 && expect no try_ping $server6 $listed6
}

basic() { # MODE-SHOWN OPTION...
	local mode=$1
	shift
	basic_rules
	start "$tmp/rules" "$@" || return 1
	grep -q "s0 ($mode)" "$tmp/out" || fail "not attached by $mode: $(cat "$tmp/out")" || return 1
	basic_traffic || return 1
	stop && expect_count ping4 1 && expect_count ping6 1 && expect_count dns 1 && expect_count listed 2
}

case_native() { basic "native XDP" --xdp native; }
case_generic() { basic "generic XDP" --xdp generic; }
case_auto() { basic "native XDP"; }
case_tc() { basic "tc ingress" --tc; }

case_counters() {
	basic_rules
	start "$tmp/rules" --xdp native || return 1
	in_client ping -q -c 50 -i 0.005 $server4 >/dev/null
	in_client ping -q -c 30 -i 0.005 -W 0.1 -I $listed4 $server4 >/dev/null
	# It is attached after all of them.
	expect yes try_tcp $server4 80 || return 1
	stop && expect_count ping4 50 && expect_count listed 30
}

case_json() {
	basic_rules
	start "$tmp/rules" --json --interval 0.2 || return 1
	in_client ping -q -c 7 -i 0.01 $server4 >/dev/null
	wait_until grep -q '^{"event":"interval"' "$tmp/out" || fail "no intervals" || return 1
	stop || return 1
	grep -q '^{"event":"attached"' "$tmp/out" || fail "it does not say that it is attached" || return 1
	grep '^{"event":"total"' "$tmp/out" | grep -q '"name":"ping4"[^}]*"packets":7,' || fail "$(tail -1 "$tmp/out")"
}

case_egress() {
	rules <<-END
		rule 1 name no-dns out proto udp dport 53 drop
		rule 2 name marked out proto icmp mark 7 drop
		rule 3 name from-feed out to $listed4 drop
	END
	start "$tmp/rules" || return 1
	grep -q "tc egress" "$tmp/out" || fail "no tc egress" || return 1
	in_server ping -q -c3 -i 0.01 -W60 $client4 >/dev/null || fail "ping does not go out" || return 1
	in_server ping -q -c3 -i 0.01 -W0.2 -m 7 $client4 >/dev/null && { fail "a marked ping is sent"; return 1; }
	expect no try_ping $server4 $listed4 || return 1
	echo x | in_server nc -u -w1 -q0 $client4 53
	stop && expect_count no-dns 1 && expect_counted marked && expect_counted from-feed
}

case_both_by_tc() {
	rules <<-END
		rule 1 name ping-in in proto icmp icmp-type echo-request accept
		rule 2 name ping-out out proto icmp icmp-type echo-reply accept
	END
	start "$tmp/rules" --tc || return 1
	in_client ping -q -c 10 -i 0.01 $server4 >/dev/null
	stop && expect_count ping-in 10 && expect_count ping-out 10
}

# Tags the packets of the client by a tc program, because not every kernel has VLAN devices.
tag_on() {
	in_client tc qdisc add dev c0 clsact &&
		in_client tc filter add dev c0 egress bpf direct-action obj "$tmp/tag.o" sec tc
}

vlan() { # on|off OPTION...: does veth carry the tag outside of the packet? XDP only sees tags inside.
	local offload=$1
	shift
	rules <<-END
		rule 1 name tagged in vlan 9 proto icmp accept
		rule 2 name other in vlan 10 drop
		rule 3 name plain in vlan not 9 drop
	END
	compile_bpf tag '#include <linux/bpf.h>' 'static long (*push)(struct __sk_buff *, __be16, __u16) = (void *)18;' \
		'SEC("tc") int tag(struct __sk_buff *skb)' '{ push(skb, __builtin_bswap16(0x8100), 9); return 0; }' &&
		in_client ethtool -K c0 tx-vlan-offload "$offload" >/dev/null &&
		start "$tmp/rules" "$@" || return 1
	expect yes try_ping $server4 && tag_on || return 1
	in_client ping -q -c 5 -i 0.01 -W0.2 $server4 >/dev/null
	in_client tc qdisc del dev c0 clsact
	in_client ethtool -K c0 tx-vlan-offload on >/dev/null
	stop && expect_count tagged 5 && expect_count other 0 && expect_count plain 0
}

case_vlan_native() { vlan off --xdp native; }
case_vlan_tc_in_packet() { vlan off --tc; }
case_vlan_tc_beside_packet() { vlan on --tc; }

case_fragments() {
	rules <<-END
		rule 1 name first in proto icmp icmp-type echo-request frag first accept
		rule 2 name later in proto icmp frag later accept
		rule 3 name whole in proto icmp frag no accept
	END
	start "$tmp/rules" --xdp native || return 1
	in_client ping -q -c 4 -i 0.01 -W60 -s 4000 $server4 >/dev/null || fail "no fragmented ping"
	in_client ping -q -c 2 -i 0.01 -W60 $server4 >/dev/null || fail "no ping"
	stop && expect_count first 4 && expect_count later 8 && expect_count whole 2
}

case_fragments_dropped() {
	rules <<-END
		rule 1 name later6 in ip6 frag later drop
		rule 2 name later4 in ip frag later drop
	END
	start "$tmp/rules" --xdp native || return 1
	in_client ping -q -c 1 -W1 -s 4000 $server4 >/dev/null && { fail "a fragmented ping got through"; return 1; }
	in_client ping -q -c 1 -W1 -s 4000 $server6 >/dev/null && { fail "a fragmented ping got through"; return 1; }
	expect yes try_ping $server4 && expect yes try_ping $server6 || return 1
	stop && expect_count later4 2 && expect_count later6 2
}

case_interface_rule() {
	rules <<-END
		rule 1 name elsewhere in on nosuch0 drop
		rule 2 name here in on s0 proto icmp accept
		policy in drop
	END
	start "$tmp/rules" || return 1
	grep -q nosuch0 "$tmp/err" || fail "no warning of the missing interface" || return 1
	expect yes try_ping $server4 || return 1
	stop && expect_count here 1 && expect_count elsewhere 0
}

case_killed() {
	basic_rules
	start "$tmp/rules" --xdp native || return 1
	expect no try_tcp $server4 25 || return 1
	kill -9 "$fw_pid"
	wait "$fw_pid" 2>/dev/null
	fw_pid=
	wait_until fw_gone || fail "XDP outlives the process" || return 1
	expect yes try_tcp $server4 25
}

case_foreign_program() {
	compile_bpf other 'SEC("xdp") int other(void *ctx) { return 2; }' || return 1
	in_server ip link set s0 xdp obj "$tmp/other.o" sec xdp || return 1
	basic_rules
	refused "not ours" && refused "not ours" --xdp generic
	local code=$?
	in_server ip link show s0 | grep -q xdp || fail "the foreign program is gone" || code=1
	in_server ip link set s0 xdp off
	return $code
}

case_refusals() {
	rules <<<'rule 1 in mark 5 drop'
	refused "mark" || return 1
	start "$tmp/rules" --tc && stop || return 1
	rules <<<'rule 1 in proto icmp dport 5 drop'
	refused "ports" || return 1
	basic_rules
	in_server "$fwctl" run "$tmp/rules" --dev nosuch0 >/dev/null 2>&1
	[ $? = 1 ] || fail "an interface that does not exist" || return 1
	# The second interface does not exist: nothing may stay attached to the first.
	refused "nosuch0" --dev nosuch0 && { fw_gone || fail "something is left on the interface"; }
}

case_closed_output() {
	basic_rules
	in_server timeout 60 "$fwctl" run "$tmp/rules" --dev s0 --json --interval 0.1 2>/dev/null | head -1 >/dev/null
	[ "${PIPESTATUS[0]}" = 1 ] && fw_gone || fail "does not end when nobody reads its output"
}

case_classify_in_kernel() {
	basic_rules
	"$fwctl" classify --rules "$tmp/rules" --kernel "tcp $client4:999 > $server4:80 in" "udp [$listed6]:1 > [$server6]:53 in" \
		"tcp $client4:999 > $server4:25 in s0" "icmp $server4 > $client4 out" >"$tmp/answers" || return 1
	[ "$(grep -c 'kernel   the same' "$tmp/answers")" = 4 ] || fail "$(cat "$tmp/answers")"
}

# Cases of a fleet share it with those before them, but those that publish empty its folder.
fleet_of() {
	case $1 in
	fleet_publish*) echo publish ;;
	fleet_*) echo hosts ;;
	esac
}
run_case() {
	local code
	[ "$(fleet_of "$1")" = "$fleet_is_of" ] || fleet_down
	fleet_is_of=$(fleet_of "$1")
	"case_$1"
	code=$?
	case $code in
	0) echo "PASS  $1" ;;
	77) echo "SKIP  $1: $skipped" ;;
	*)
		echo "FAIL  $1"
		failures=$((failures + 1))
		[ -n "$fw_pid" ] && fw_stop
		fwd_stop
		;;
	esac
	stop_web
	clean_fwd || fwd_stop
}

net_up
listen tcp 25 80
listen udp 53 5353

failures=0 fleet_is_of=
for name in ${*:-$(declare -F | sed -n 's/^declare -f case_//p')}; do
	run_case "$name"
done
[ $failures = 0 ] || echo "$failures failed"
[ $failures = 0 ]
