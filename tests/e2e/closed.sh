# SPDX-License-Identifier: GPL-2.0-only
# Cases of a host that drops everything until fwd filters, sourced by run.sh: does what fwd-closed.service does, in the server's namespace.

close_host() {
	mkdir -p "$tmp/fwd" && touch "$tmp/fwd/closed" && in_server nft -f "$top/tools/systemd/closed.nft" &&
		in_server nft -f "$top/tools/systemd/closed-bridge.nft"
}
open_host() {
	rm -f "$tmp/fwd/closed"
	in_server nft flush ruleset
}
is_closed() { in_server nft list table inet fw_closed >/dev/null 2>&1; }
is_open() { ! is_closed && [ ! -e "$tmp/fwd/closed" ] && ! in_server nft list table bridge fw_closed >/dev/null 2>&1; }
lets_nothing_by() {
	expect no try_ping $server4 && expect no try_ping $server6 && expect no try_tcp $server4 80 &&
		! in_server ping -q -c1 -W1 $client4 >/dev/null && in_server ping -q -c1 -W1 127.0.0.1 >/dev/null || fail "not closed"
}

# Closed until fwd filters: forbidden packets never pass.
closed_lifted() {
	local flood
	start_fwd && ok policy in drop && ok add rule name listed in from { $listed4, $listed6 } drop &&
		ok add rule name ping in proto icmp accept && ok attach s0 && fwd_kill TERM || return 1
	in_fwd_mounts rm -rf "$tmp/bpffs/fwd"
	wait_until fw_gone && close_host && lets_nothing_by || return 1

	# fwd does not start: closed, also for a new interface.
	cp "$tmp/fwd/store" "$tmp/good" && head -c 5000 "$tmp/good" >"$tmp/fwd/store" || return 1
	exits 1 in_fwd_mounts nsenter --net="/run/netns/$server" "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" --pins "$tmp/bpffs/fwd" &&
		lets_nothing_by || return 1
	ip link add c9 netns "$client" type veth peer name s9 netns "$server" &&
		in_server sh -c 'ip addr add 198.18.0.1/24 dev s9; ip link set s9 up' &&
		in_client sh -c 'ip addr add 198.18.0.2/24 dev c9; ip link set c9 up' || return 1
	expect no try_ping 198.18.0.1 && in_client ip link del c9 || return 1

	cp "$tmp/good" "$tmp/fwd/store"
	in_client ping -q -i 0.002 -w 120 -I $listed4 $server4 >"$tmp/flood" &
	flood=$!
	start_fwd && wait_until is_open && expect yes try_ping $server4 && expect no try_tcp $server4 25 || return 1
	kill -INT $flood && wait $flood
	grep -q ' 0 received' "$tmp/flood" && ! grep -q '^[0-9]\{1,2\} packets' "$tmp/flood" || fail "$(cat "$tmp/flood")"
}
case_fwd_closed() {
	closed_lifted
	local code=$?
	open_host
	return $code
}

# An fwd that filters nothing, or not all that it should, does not open the host.
closed_stays() {
	start_fwd && close_host && ok add rule name ping in proto icmp accept && sleep 3 && lets_nothing_by && is_closed || return 1
	ok attach s0 && wait_until is_open && expect yes try_ping $server4 && fwd_kill TERM || return 1
	in_fwd_mounts rm -rf "$tmp/bpffs/fwd"
	wait_until fw_gone && compile_bpf other 'SEC("xdp") int other(void *ctx) { return 2; }' &&
		in_server ip link set s0 xdp obj "$tmp/other.o" sec xdp && close_host && start_fwd && ok attach lo || return 1
	sleep 3
	ok status && says "failed" && lets_nothing_by && in_server ip link set s0 xdp off && wait_until is_open && expect yes try_ping $server4
}
case_fwd_closed_stays() {
	closed_stays
	local code=$?
	in_server ip link set s0 xdp off 2>/dev/null
	open_host
	return $code
}
