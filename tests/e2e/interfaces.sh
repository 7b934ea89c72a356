# SPDX-License-Identifier: GPL-2.0-only
# Cases of fwd with interfaces that have several names, swap names, or move to other network namespaces, and with programs of
# others on them; sourced by run.sh.

# The index of an interface; whether it has an XDP program according to the kernel. IFACE [NAMESPACE]
index_of() { enter "${2:-$server}" ip -o link show "$1" | cut -d: -f1; }
has_xdp() { enter "${2:-$server}" ip -d link show "$1" | grep -q prog/xdp; }
swap() { # A B: by way of a third name
	in_server ip link set "$1" name swap0 && in_server ip link set "$2" name "$1" && in_server ip link set swap0 name "$2"
}

# An alternative name means the same interface: it is one device, and detaching it by another name is refused.
case_interfaces_other_names() {
	start_fwd || return 1
	compile_bpf other 'SEC("xdp") int other(void *ctx) { return 2; }' || return 1
	ok policy in drop && ok attach s0 && in_server ip link property add dev s0 altname enp3s0 || return 1
	ok attach enp3s0 && says "s0 " && refuses 1 "another name of s0" detach enp3s0 && has_xdp s0 &&
		refuses 1 "no interface 's0:1'" attach s0:1 && refuses 1 "s0:1 is not attached" detach s0:1 && has_xdp s0 || return 1
	expect no try_ping $server4 || return 1
	ok attach enp3s0 --mode tc && in_server ip link set s0 xdp obj "$tmp/other.o" sec xdp &&
		refuses 1 "not ours to replace" attach enp3s0 --mode native && device_is s0 '"mode":"tc"' &&
		expect no try_ping $server4 && in_server ip link set s0 xdp off || return 1
	ok detach s0 && expect yes try_ping $server4 && ok attach enp3s0 && has_xdp s0 && device_is s0 '"state":"attached"' || return 1
	# A name that is attached in advance may appear as an alternative name.
	ok detach s0 && ok attach --later enq9 && in_server ip link property add dev s0 altname enq9 && device_becomes enq9 attached &&
		ok attach s0 && says enq9 && ok status && says "now called s0" && ok detach enq9 && expect yes try_ping $server4 || return 1
	in_server ip link property del dev s0 altname enp3s0 altname enq9
}

# Rules match an interface by any one of its names.
case_interfaces_rules_other_names() {
	start_fwd || return 1
	ok attach s0 && in_server ip link property add dev s0 altname enp3s0 && ok add rule name r in on enp3s0 drop || return 1
	expect no try_ping $server4 && ok classify "icmp 192.0.2.2 > $server4 in on s0" && says "enp3s0 drop" || return 1
	refuses 1 "both are names of interface s0" add rule in on s0 drop &&
		refuses 1 "both are names of interface s0" load - <<<"rule in on s0 drop
rule in on enp3s0 drop" || return 1
	ok replace rule r in on s0 drop && expect no try_ping $server4 && ok replace rule r in on enp3s0 drop &&
		expect no try_ping $server4 || return 1
	in_server ip link property del dev s0 altname enp3s0 && wait_until try_ping $server4 || fail "matches a name that is gone" || return 1
	ok add rule in on s0 accept && in_server ip link property add dev s0 altname enp3s0 &&
		wait_until eval "ctl --json status | grep -q 'those with .*do not match'" || fail "$(ctl --json status)" || return 1
	in_server ip link property del dev s0 altname enp3s0
}

# veth NAME NET: a pair, whose other end the client has; the server has 10.77.NET.1.
veth() {
	in_server ip link add "$1" type veth peer name "p$2" netns "$client" && in_server ip addr add "10.77.$2.1/24" dev "$1" &&
		in_server ip link set "$1" up && in_client ip addr add "10.77.$2.2/24" dev "p$2" && in_client ip link set "p$2" up
}
veths_gone() {
	local name
	for name in vetha vethb lan0; do in_server ip link del $name 2>/dev/null; done
	return "$1"
}
rename() {
	in_server ip link set "$1" down && in_server ip link set "$1" name "$2" && in_server ip link set "$2" up
}
veth_pinged() { try_ping "10.77.$1.1"; }
# decides RULE NET yes|no: once fwd knows the interface, packets to it are this rule's, and get through or not.
decides() {
	local was
	was=$(counted "$1")
	wait_until counts_another "$1" "$2" "$was" && expect "$3" veth_pinged "$2" || fail "10.77.$2.1 is not decided by $1: $(ctl list)"
}
counts_another() {
	veth_pinged "$2"
	[ "$(counted "$1")" -gt "$3" ]
}
# Once an interface has another number, no packet may count on the rules before.
patterns_hold() {
	decides any 1 yes && decides exact 2 no
}
# patterns_on HOOK FIELD: an exact name that a pattern matches too, before the pattern, and after it what neither matches.
patterns_on() {
	local end
	start_fwd && ok batch <<-END || return 1
		add rule name exact $1 $2 vethb proto icmp drop
		add rule name any $1 $2 "veth*" proto icmp accept
		add rule name others $1 $2 not s0 proto icmp drop
	END
	if [ "$1" = in ]; then ok attach --later 'veth*'; else ok attach --host; fi && veth vetha 1 && veth vethb 2 && patterns_hold || return 1
	# Renamed: out of the pattern, into it, and to the exact name.
	rename vetha lan0 && decides others 1 no && in_server ip link property add dev lan0 altname vethz && decides others 1 no &&
		rename lan0 vetha && in_server ip link property del dev vetha altname vethz && decides any 1 yes &&
		rename vethb lan0 && rename vetha vethb && decides exact 1 no && decides others 2 no &&
		rename vethb vetha && rename lan0 vethb && patterns_hold || return 1
	# A new interface of the same name; and rules that begin and cease to name it.
	in_server ip link del vetha && veth vetha 1 && in_server ip link del vethb && veth vethb 2 && patterns_hold || return 1
	ok add rule first name mine $1 $2 vetha proto icmp drop && decides mine 1 no && ok del rule mine && patterns_hold &&
		ok del rule exact && decides any 2 yes && ok add rule first name exact $1 $2 vethb proto icmp drop && patterns_hold || return 1
	# Without fwd what is known stays so; what happened meanwhile is known again with it.
	for end in KILL TERM; do
		fwd_kill $end
		expect yes veth_pinged 1 && expect no veth_pinged 2 && in_server ip link del vethb && rename vetha lan0 && veth vethb 2 || return 1
		start_fwd && decides exact 2 no && decides others 1 no && rename lan0 vetha && patterns_hold || return 1
	done
}
# Patterns and an exact name that one of them matches, while interfaces appear, are renamed, get other names, are deleted and made again.
case_interfaces_patterns() {
	patterns_on in on
	veths_gone $?
}
case_interfaces_patterns_host() {
	patterns_on input from-if
	veths_gone $?
}

# Swapped in both orders, in steps and at once, while fwd runs and while it does not.
case_interfaces_swap() {
	local index0 index1
	start_fwd && pair a0 a1 && pair b0 b1 && ok attach a0 b0 || return 1
	index0=$(index_of a0) index1=$(index_of b0)
	for way in "a0 b0" "b0 a0" "a0 b0"; do
		# shellcheck disable=SC2086 # two words
		swap $way && wait_until device_is a0 "\"index\":$(index_of a0)" && wait_until device_is b0 "\"index\":$(index_of b0)" &&
			has_xdp a0 && has_xdp b0 && device_is a0 attached && device_is b0 attached || fail "$way: $(ctl status)" || return 1
		is devices "$(ctl --json status | grep -o '"dev"' | wc -l)" 2 || return 1
	done
	[ "$(index_of a0)" = "$index1" ] && [ "$(index_of b0)" = "$index0" ] || fail "not swapped" || return 1
	fwd_kill KILL
	swap a0 b0 && start_fwd && has_xdp a0 && has_xdp b0 && swap b0 a0 && wait_until device_is a0 "\"index\":$index1" &&
		has_xdp a0 && has_xdp b0 || fail "$(ctl status)" || return 1
	ok detach a0 && has_xdp b0 && ! has_xdp a0 || fail "$(ctl status)" || return 1
	in_server ip link del a0 && in_server ip link del b0
}

# The same store and pins in another namespace, with an interface of the same name and index.
case_interfaces_other_namespace() {
	local other=fwe2e-$$-o index
	ip netns add "$other" || return 1
	start_fwd && pair n0 n1 || return 1
	index=$(index_of n0)
	enter "$other" ip link add n0 index "$index" type veth peer name n1 && ok policy in drop && ok attach n0 || return 1
	fwd_kill TERM
	nsenter --target "$fwd_space" --mount nsenter --net="/run/netns/$other" "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" \
		--pins "$tmp/bpffs/fwd" >>"$tmp/fwd.log" 2>&1 &
	fwd_pid=$!
	wait_until ctl status && has_xdp n0 "$other" && has_xdp n0 && device_is n0 "\"index\":$index" && ok status &&
		says "xdp of interface $index in another network namespace" && ok detach n0 && has_xdp n0 && ! has_xdp n0 "$other" &&
		ok attach n0 || fail "$(ctl status)" || return 1
	fwd_kill KILL
	start_fwd && device_is n0 attached && ok status && says "in another network namespace" && ok detach n0 && ! has_xdp n0 &&
		has_xdp n0 "$other" || fail "$(ctl status)" || return 1
	fwd_kill TERM
	exits 0 nsenter --target "$fwd_space" --net --mount "$fwd" --detach --socket "$tmp/fwd/sock" --pins "$tmp/bpffs/fwd" &&
		! has_xdp n0 "$other" || return 1
	ip netns del "$other"
	in_server ip link del n0
}

# An interface that moves to another namespace is filtered there until it is detached.
case_interfaces_moved() {
	local other=fwe2e-$$-o
	ip netns add "$other" || return 1
	start_fwd && pair m0 m1 && ok attach m0 --out yes && in_server ip link set m0 netns "$other" || return 1
	device_becomes m0 "another network namespace" && has_xdp m0 "$other" && ok status && says 'fwctl detach m0' || return 1
	enter "$other" ip link set m0 netns "$server" && device_becomes m0 attached && device_is m0 '"error":null' &&
		in_server ip link set m0 netns "$other" && device_becomes m0 missing || return 1
	fwd_kill KILL
	start_fwd && device_is m0 "another network namespace" && ok detach m0 && ! has_xdp m0 "$other" && ok status &&
		! grep -q elsewhere "$tmp/out" || fail "$(ctl status)" || return 1
	[ -z "$(nsenter --target "$fwd_space" --mount find "$tmp/bpffs/fwd" -path '*/links/*')" ] || fail "a pin is left" || return 1
	ip netns del "$other"
}

# A program that is attached before fwd on tc does not stay first, and status names it meanwhile.
case_interfaces_in_front() {
	start_fwd || return 1
	compile_bpf pass 'SEC("tc") int pass(void *ctx) { return 0; }' || return 1
	ok policy in drop && in_server tc qdisc add dev s0 clsact &&
		in_server tc filter add dev s0 ingress bpf direct-action obj "$tmp/pass.o" sec tc && ok attach s0 --mode tc || return 1
	expect no try_ping $server4 && device_is s0 '"in_front":null' || return 1
	in_server tc qdisc del dev s0 clsact
}

# fwd warns when its pins are in a private mount namespace.
case_interfaces_private_pins() {
	start_fwd && grep -q "private mount namespace" "$tmp/fwd.log" && ok status && says "in a private mount namespace" || return 1
	exits 1 "$fwd" --socket "$tmp/fwd/other" --store "$tmp/fwd/others" --pins "$tmp/no/pins" &&
		says "mount -t bpf bpf $tmp/no/pins"
}

# fwctl run stays first too, and accepts any name of an interface.
case_interfaces_run() {
	compile_bpf pass 'SEC("tc") int pass(void *ctx) { return 0; }' && basic_rules &&
		in_server ip link property add dev s0 altname enp3s0 || return 1
	refused "same interface" --dev enp3s0 || return 1
	fw_dev=enp3s0 start "$tmp/rules" --tc && basic_traffic && stop || return 1
	rules <<<"rule in on enp3s0 proto icmp drop" && start "$tmp/rules" && expect no try_ping $server4 && stop || return 1
	rules <<<"rule in on { enp3s0, s0 } proto icmp drop" && refused "two names for the same interface" || return 1
	in_server ip link property del dev s0 altname enp3s0
}

# Errors have a hint; of several interfaces either all are attached or none.
case_interfaces_refused() {
	start_fwd && pair veth0 veth1 && pair veth2 veth3 || return 1
	compile_bpf other 'SEC("xdp") int other(void *ctx) { return 2; }' || return 1
	refuses 1 "no interface 'vteh0'" attach vteh0 && says "did you mean 'veth0'?" && refuses 1 "no interface 'eth 0'" attach 'eth 0' &&
		refuses 1 "no interface can be called 'eth 0'" attach --later 'eth 0' && refuses 1 "can be called 'a:1'" attach --later a:1 &&
		refuses 1 "no interface matches 'ppp*'" attach 'ppp*' && refuses 1 "nosuch0" attach veth0 nosuch0 && ok status &&
		says "nothing is filtered" || return 1
	in_server ip link set veth2 xdp obj "$tmp/other.o" sec xdp && refuses 1 "not ours to replace" attach 'veth*' && ok status &&
		says "nothing is filtered" && ! has_xdp veth0 && in_server ip link set veth2 xdp off || return 1
	ok attach 'veth*' && has_xdp veth0 && has_xdp veth3 && refuses 1 "nosuch0" detach veth0 nosuch0 && has_xdp veth0 &&
		ok detach 'veth*' && ! has_xdp veth0 && ok status && says "nothing is filtered" || return 1
	ok attach --later 'veth*' && wait_until has_xdp veth2 && pair veth8 veth9 && wait_until has_xdp veth8 &&
		refuses 1 "also attached as 'veth*'" detach veth8 && ok attach veth0 && refuses 1 "detach 'veth*' too" detach veth0 && has_xdp veth0 && ok detach 'veth*' && ! has_xdp veth8 && ok status && says "nothing is filtered" || return 1
	in_server ip link del veth0 && in_server ip link del veth2 && in_server ip link del veth8
}

# Random steps: status must agree with the kernel. FW_SEQUENCES=N for more of them.
case_interfaces_sequences() {
	"${SEQUENCES_PROGRAM:-$top/build/sequences}" >"$tmp/sequences" 2>&1 || fail "$(cat "$tmp/sequences")" || return 1
	sed -n -e '/^seed/s/^/      /p' -e '/^[0-9]/s/^/      /p' "$tmp/sequences"
}
