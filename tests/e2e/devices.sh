# SPDX-License-Identifier: GPL-2.0-only
# Cases of fwd with interfaces that appear, disappear, and change their names and modes; sourced by run.sh.

# Prints the interface's object in the status.
device() { ask status | grep -o "{\"dev\":\"$1\"[^}]*}"; }
device_is() { device "$1" | grep -qF "$2"; }
# device_becomes DEV TEXT: waits until its object contains it.
device_becomes() { wait_until device_is "$1" "$2" || fail "$1 is not $2: $(device "$1")"; }
attach() { answers 0 ask attach "$1"; }
change() { printf '%s\n' "$@" >"$tmp/change" && answers 0 ask change '{}' "$tmp/change"; }
pair() { in_server ip link add "$1" type veth peer name "$2"; }

# Nothing gets through while the mode changes.
case_devices_modes() {
	start_fwd || return 1
	change "policy in drop" && attach '{"dev":"s0"}' && told '"mode":"native"' || return 1
	in_client ping -q -i 0.002 -w 4 $server4 >"$tmp/ping" 2>&1 &
	local ping=$!
	for _ in 1 2 3; do
		for mode in generic native tc generic tc native; do
			attach "{\"dev\":\"s0\",\"mode\":\"$mode\"}" && told "\"mode\":\"$mode\"" || return 1
		done
	done
	! wait $ping || fail "a packet got through: $(cat "$tmp/ping")" || return 1
	grep -q " 0 received" "$tmp/ping" || fail "$(cat "$tmp/ping")" || return 1
	attach '{"dev":"s0","mode":"generic"}' && told "generic XDP is slow" && attach '{"dev":"s0","mode":"auto"}' &&
		told '"warning":null'
}

# Outgoing packets, and rules that XDP cannot match, as rules are added and deleted.
case_devices_follow_rules() {
	start_fwd || return 1
	attach '{"dev":"s0"}' && told '"out":false' || return 1
	change "add rule name o out proto udp drop" && device_becomes s0 '"out":true' && change "del rule o" &&
		device_becomes s0 '"out":false' && change "policy out accept" && device_becomes s0 '"out":true' || return 1
	attach '{"dev":"s0","out":"no"}' && told '"out":false' && attach '{"dev":"s0","out":"yes"}' && told '"out":true' || return 1
	change "add rule name m in mark 7 drop" && device_becomes s0 '"mode":"tc"' &&
		answers 1 ask attach '{"dev":"s0","mode":"native"}' && told "on the mark" && device_is s0 '"mode":"tc"' &&
		change "del rule m" && device_becomes s0 '"mode":"native"' || return 1
	attach '{"dev":"s0","mode":"native"}' && change "add rule name m in mark 7 drop" &&
		device_becomes s0 'on the mark' && device_is s0 '"mode":"native"' || return 1
	echo "rule in drop" >"$tmp/rules"
	answers 0 ask load '{}' "$tmp/rules" && device_becomes s0 '"warning":null'
}

case_devices_come_and_go() {
	start_fwd || return 1
	answers 1 ask attach '{"dev":"late0"}' && told "there is no interface" || return 1
	attach '{"dev":"late0","later":true}' && told '"state":"missing"' || return 1
	pair late0 late1 && device_becomes late0 '"state":"attached"' || return 1
	in_server ip link del late0 && device_becomes late0 '"state":"missing"' || return 1
	pair late0 late1 && device_becomes late0 '"state":"attached"' || return 1
	fwd_kill KILL
	in_server ip link del late0 && start_fwd && device_is late0 '"state":"missing"' && pair other0 other1 &&
		in_server ip link set other0 name late0 && device_becomes late0 '"state":"attached"' || return 1
	in_server ip -d link show late0 | grep -q prog/xdp || fail "no XDP on late0" || return 1
	answers 0 ask detach '{"dev":"late0"}' && answers 1 ask detach '{"dev":"late0"}' || return 1
	! in_server ip -d link show late0 | grep -q prog/xdp || fail "XDP is left on late0" || return 1
	in_server ip link del late0
}

# An interface stays filtered after a rename; it can be attached by the new name, or detached by the old one.
case_devices_rename() {
	start_fwd || return 1
	change "policy in drop" && attach '{"dev":"s0"}' || return 1
	in_server ip link set s0 down && in_server ip link set s0 name renamed0 && in_server ip link set renamed0 up || return 1
	device_becomes s0 "renamed to renamed0" && expect no try_ping $server4 || return 1
	attach '{"dev":"renamed0"}' && device_is s0 '"error":null' && answers 0 ask detach '{"dev":"s0"}' &&
		expect no try_ping $server4 && device_is renamed0 '"state":"attached"' || return 1
	in_server ip link set renamed0 down && in_server ip link set renamed0 name s0 && server_up || return 1
	device_becomes renamed0 "renamed to s0" && answers 0 ask detach '{"dev":"renamed0"}' && expect yes try_ping $server4
}

# A foreign program is not replaced; when it is removed, ours is attached if it was requested.
case_devices_foreign_program() {
	start_fwd || return 1
	compile_bpf other 'SEC("xdp") int other(void *ctx) { return 2; }' && pair q0 q1 && attach '{"dev":"q0"}' || return 1
	in_server ip link del q0 && device_becomes q0 missing || return 1
	pair g0 g1 && in_server ip link set g0 xdp obj "$tmp/other.o" sec xdp || return 1
	answers 1 ask attach '{"dev":"g0"}' && told "not ours" && [ -z "$(device g0)" ] || fail "$(device g0)" || return 1
	in_server ip link set g0 name q0 && device_becomes q0 '"state":"failed"' && device_is q0 "not ours" || return 1
	in_server ip link set q0 up && in_server ip link set q0 xdp off && device_becomes q0 '"state":"attached"' || return 1
	# Also if nothing else happens: the kernel does not report it.
	fwd_kill KILL
	exits 0 nsenter --target "$fwd_space" --net --mount "$fwd" --detach --socket "$tmp/fwd/sock" --pins "$tmp/bpffs/fwd" &&
		in_server ip link set q0 down && in_server ip link set q0 xdp obj "$tmp/other.o" sec xdp && start_fwd &&
		device_is q0 '"state":"failed"' && in_server ip link set q0 xdp off && device_becomes q0 '"state":"attached"' || return 1
	in_server ip link del q0
}

# Without its store, fwd does not stop the filtering of its pins; --detach does.
case_devices_adopt_and_detach() {
	start_fwd || return 1
	change "policy in drop" && attach '{"dev":"s0","mode":"tc","out":"yes"}' || return 1
	fwd_kill KILL
	rm -f "$tmp/fwd/store"*
	echo "policy in drop" >"$tmp/rules"
	start_fwd --rules "$tmp/rules" && device_is s0 '"state":"attached"' && device_is s0 '"wanted":"tc"' && device_is s0 '"out":true' || return 1
	expect no try_ping $server4 || return 1
	fwd_kill TERM
	expect no try_ping $server4 || return 1
	exits 0 nsenter --target "$fwd_space" --net --mount "$fwd" --detach --socket "$tmp/fwd/sock" \
		--pins "$tmp/bpffs/fwd" || return 1
	expect yes try_ping $server4 && fw_gone || fail "something is left on the interface"
}
