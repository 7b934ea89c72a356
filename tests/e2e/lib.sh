# SPDX-License-Identifier: GPL-2.0-only
# Two namespaces, a client and a server, joined by a veth pair; real traffic; and
# fwctl in the server's. Sourced by demo and run.sh. Everything that is created
# here is removed when the script ends, whatever happens.
#
#   client                              server
#   c0 192.0.2.2, 2001:db8:0:1::2  ---  s0 192.0.2.1, 2001:db8:0:1::1
#      203.0.113.66, 2001:db8:bad::66      nc listens
#      198.51.100.9 (no admin)

set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
fwctl=${FWCTL:-$top/build/fwctl}
exporter=${EXPORTER:-$top/build/fw-exporter}
frames=${FRAMES:-$top/build/frames}
fwd=${FWD:-$top/build/fwd}
fwgen=${FWGEN:-$top/build/fwgen}
jsonl=${JSONL:-$top/build/jsonl}
export PATH=$PATH:/usr/sbin:/sbin

client=fwe2e-$$-c
server=fwe2e-$$-s
tmp=
tc_folders=
fw_pid=
fwd_pid=    # fwd
fwd_shared= # yes: fwd is the one that cases share
fwd_space=  # a process that keeps the mount namespace of fwd
pids=()
spaces=()    # further namespaces

server4=192.0.2.1 server6=2001:db8:0:1::1
client4=192.0.2.2 client6=2001:db8:0:1::2
listed4=203.0.113.66 listed6=2001:db8:bad::66
other4=198.51.100.9

die() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# Runs a command in a namespace. Not by ip netns exec, nor by ip -n and tc -n, which mount /sys and fail where the root directory
# is no mount point (chroot). Background commands call nsenter themselves, so that $! is the command.
enter() { nsenter --net="/run/netns/$1" "${@:2}"; }
in_client() { enter "$client" "$@"; }
in_server() { enter "$server" "$@"; }
# The same in the namespaces of fwd, whose bpffs is mounted nowhere else.
in_fwd() { nsenter --target "$fwd_space" --net --mount "$@"; }
in_fwd_mounts() { nsenter --target "$fwd_space" --mount "$@"; }

cleanup() {
	trap '' INT TERM
	[ -n "$fw_pid" ] && kill -TERM "$fw_pid" 2>/dev/null && wait "$fw_pid" 2>/dev/null
	fwd_stop
	[ -n "${fleet_dir:-}" ] && fleet_down
	[ -n "${guide_roots[*]:-}" ] && guide_down
	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	for space in "$client" "$server" "${spaces[@]}"; do ip netns del "$space" 2>/dev/null; done
	[ -n "$tmp" ] && rm -rf "$tmp"
	[ -n "$tc_folders" ] && tc_folders_remove
}

# The empty folders that ip and tc leave in bpffs when they load a program.
tc_folders_remove() {
	for link in ip xdp; do
		[ -L /sys/fs/bpf/$link ] && rm -f /sys/fs/bpf/$link
	done
	rmdir /sys/fs/bpf/tc/globals /sys/fs/bpf/tc 2>/dev/null
}

# Sets up the server's interface, with everything that it loses when it is down.
server_up() {
	in_server ip link set s0 up
	in_server ip addr replace $server4/24 dev s0
	in_server ip addr replace $server6/64 dev s0 nodad
	for net in 203.0.113.0/24 198.51.100.0/24 2001:db8:bad::/48; do in_server ip route replace $net dev s0; done
}

# Makes namespaces, interfaces and addresses. Exits if that is not possible.
net_up() {
	[ "$(id -u)" = 0 ] || die "needs root"
	for tool in ip ping nc; do
		command -v $tool >/dev/null || die "$tool is missing: run make deps"
	done
	[ -x "$fwctl" ] || die "$fwctl is missing: run make"
	trap cleanup EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
	[ -e /sys/fs/bpf/tc ] || tc_folders=new
	tmp=$(mktemp -d)
	ip netns add "$client" && ip netns add "$server" || die "cannot make network namespaces"
	ip link add c0 netns "$client" type veth peer name s0 netns "$server" || die "cannot make a veth pair"
	in_client sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	in_server sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
	for a in $client4/24 $listed4/32 $other4/32; do in_client ip addr add $a dev c0; done
	for a in $client6/64 $listed6/128; do in_client ip addr add $a dev c0 nodad; done
	for ns in "$client" "$server"; do enter "$ns" ip link set lo up; done
	in_client ip link set c0 up
	server_up
	wait_until try_ping $server6 || die "no IPv6 between the namespaces"
}

# Repeats a command until it succeeds, for up to a minute, because machines may be slow and busy. The command must look up itself
# what it compares.
wait_until() {
	local until=$((SECONDS + 60))
	while ! "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.05
	done
}

listening() { in_server ss -Hln${1}6 "sport = :$2" | grep -q . && in_server ss -Hln${1}4 "sport = :$2" | grep -q .; }

# listen tcp|udp PORT...: on both families; received UDP data is written to $tmp/udp.
listen() {
	local proto=$1 udp= port family
	shift
	[ "$proto" = udp ] && udp=-u
	for port; do
		for family in 4 6; do
			nsenter --net="/run/netns/$server" nc -$family $udp -lk "$port" >>"$tmp/$proto" 2>/dev/null </dev/null &
			pids+=($!)
		done
		wait_until listening "${proto:0:1}" "$port" || die "nothing listens on $proto port $port"
	done
}

# Their exit code tells whether the packet got through. ADDRESS [SOURCE]. `patience` is longer where it should, since a slow machine
# makes no dropped packet pass.
patience=1 # seconds
try_ping() { in_client ping -q -c1 -W$patience ${2:+-I "$2"} "$1" >/dev/null 2>&1; }
try_tcp() { in_client nc -z -w$patience ${3:+-s "$3"} "$1" "$2" >/dev/null 2>&1; }
try_udp() {
	local token=$RANDOM-$RANDOM-$RANDOM
	echo $token | in_client nc -u -w1 -q0 ${3:+-s "$3"} "$1" "$2" >/dev/null 2>&1
	for _ in $(seq $((10 * patience))); do
		grep -q $token "$tmp/udp" && return 0
		sleep 0.1
	done
	return 1
}

# fw_start RULES OPTION...: starts fwctl run in the server's namespace, and waits until it is attached.
fw_start() {
	local rules=$1
	shift
	rm -f "$tmp/out" "$tmp/err"
	nsenter --net="/run/netns/$server" "$fwctl" run "$rules" --dev "${fw_dev:-s0}" "$@" >"$tmp/out" 2>"$tmp/err" &
	fw_pid=$!
	wait_until fw_started
	[ -s "$tmp/out" ] && return 0
	fw_stop 2>/dev/null
	return 1
}
fw_started() { [ -s "$tmp/out" ] || fw_ended; }
fw_ended() { ! kill -0 "$fw_pid"; }

# Ends it; $tmp/out has its totals then. Returns its exit code; 99: it had to be killed.
fw_stop() {
	local code=99
	kill -TERM "$fw_pid"
	wait_until fw_ended
	if kill -KILL "$fw_pid" 2>/dev/null; then
		wait "$fw_pid" 2>/dev/null
	else
		wait "$fw_pid"
		code=$?
	fi
	fw_pid=
	return $code
}

# fw_count NAME: prints the packets of a rule, or of "policy in", after fw_stop.
fw_count() {
	awk -v what=" $1 " '/^total of/ { t = 1 } t && index($0 " ", what) { n = $1 } END { print n + 0 }' "$tmp/out"
}

# fwd_start OPTION...: starts fwd in the server's namespace, with its own bpffs, and waits until it answers. Until fwd_stop, the next
# one finds the store and the pins of the one before.
fwd_start() {
	if [ -z "$fwd_space" ]; then
		mkdir -p "$tmp/bpffs" "$tmp/fwd"
		# shellcheck disable=SC2016 # $1 is the inner shell's
		nsenter --net="/run/netns/$server" unshare --mount --propagation private \
			sh -c 'mount -t bpf none "$1" && exec sleep 10000' - "$tmp/bpffs" &
		fwd_space=$!
		wait_until grep -q "$tmp/bpffs" "/proc/$fwd_space/mounts" || return 1
	fi
	nsenter --target "$fwd_space" --net --mount "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" \
		--pins "$tmp/bpffs/fwd" "$@" >>"$tmp/fwd.log" 2>&1 &
	fwd_pid=$!
	wait_until fwd_started
	fwd_answers
}
fwd_answers() { "$fwctl" --socket "$tmp/fwd/sock" status >/dev/null 2>&1; }
fwd_started() { fwd_answers || ! kill -0 "$fwd_pid"; }

# fwd_kill SIGNAL: ends only the process; filtering continues.
fwd_kill() {
	kill "-$1" "$fwd_pid" 2>/dev/null
	wait "$fwd_pid" 2>/dev/null
	fwd_pid=
}

# Ends the process and removes its store and pins.
fwd_stop() {
	[ -n "$fwd_pid" ] && fwd_kill TERM
	[ -n "$fwd_space" ] && kill "$fwd_space" 2>/dev/null && wait "$fwd_space" 2>/dev/null
	fwd_space= fwd_shared=
	[ -n "$tmp" ] && rm -rf "$tmp/fwd" "$tmp/fwd.log"
}

# Is nothing of ours attached to the server's interface?
fw_gone() {
	! in_server ip -d link show s0 | grep -q xdp &&
		! in_server tc filter show dev s0 ingress 2>/dev/null | grep -q . &&
		! in_server tc filter show dev s0 egress 2>/dev/null | grep -q . &&
		! in_server tc qdisc show dev s0 | grep -q clsact
}
