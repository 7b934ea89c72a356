# SPDX-License-Identifier: GPL-2.0-only
# Cases of the examples, sourced by run.sh. A host, or a router with a LAN and servers, keeps its addresses, names, time
# and path MTU when it is filtered by its example: real DHCP clients and servers (dhclient, dnsmasq) and lookups (drill),
# by native XDP, generic XDP and tc.
#
#   far                             isp                                s, under test       lan, srv (of a router)
#   198.18.1.9 ------ MTU 1300 ---- 198.18.1.1, 198.18.0.1 ----------- 198.18.0.50   ----- 10.1.0.50, 203.0.113.17
#   2001:db8:78::9                  2001:db8:78::1, 2001:db8:77::1     2001:db8:77::50     2001:db8:1000::50
isp4=198.18.0.1 isp6=2001:db8:77::1
remote4=198.18.1.9 remote6=2001:db8:78::9
tested4=198.18.0.50 tested6=2001:db8:77::50
tested_mac=02:00:00:00:77:50 tested_link6=fe80::ff:fe00:7750
example_pids=() example_spaces=()

space_of() { echo "fwe2e-$$-$1"; }
at() { enter "$(space_of "$1")" "${@:2}"; }
in_background() { # SPACE COMMAND...: runs until example_down
	nsenter --net="/run/netns/$(space_of "$1")" "${@:2}" >>"$tmp/background.log" 2>&1 </dev/null &
	example_pids+=($!)
}

# Makes a network namespace; lib.sh deletes those that are left at the end.
space() {
	ip netns add "$(space_of "$1")" || return 1
	spaces+=("$(space_of "$1")") example_spaces+=("$(space_of "$1")")
	at "$1" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 net.ipv4.icmp_ratelimit=0 \
		net.ipv6.icmp.ratelimit=0 && at "$1" ip link set lo up
}
# routes SPACE [0|1]: a router accepts no address from advertisements.
routes() { at "$1" sysctl -qw "net.ipv4.ip_forward=${2:-1}" "net.ipv6.conf.all.forwarding=${2:-1}"; }

# link SPACE DEV SPACE DEV OPTION...
link() { ip link add "$2" netns "$(space_of "$1")" "${@:5}" type veth peer name "$4" netns "$(space_of "$3")" "${@:5}"; }
addresses() { # SPACE DEV ADDRESS...
	local a
	at "$1" ip link set "$2" up
	for a in "${@:3}"; do at "$1" ip addr add "$a" dev "$2" || return 1; done
}

# dnsmasq_at SPACE DEV RANGE4 RANGE6 OPTION...: DHCP, router advertisements and DNS.
dnsmasq_at() {
	in_background "$1" dnsmasq --conf-file=/dev/null --keep-in-foreground --no-hosts --no-resolv --user=root --pid-file= \
		--dhcp-leasefile="$tmp/leases.$1" --no-ping --dhcp-authoritative --enable-ra --ra-param="$2,10" --interface="$2" --bind-dynamic \
		--dhcp-range="$3,2m" --dhcp-range="$4,slaac,64,2m" --edns-packet-max=4096 "${@:5}"
	wait_until serves_names "$1" "[::1]" || fail "no DNS server in $1: $(tail -5 "$tmp/background.log")"
}
serves_names() { at "$1" ss -Hlun "sport = :53" | grep -qF "$2"; }

# The provider. isp_up DEV-UNDER-TEST; s is no router, whatever cases before made of it.
isp_up() {
	space isp && space far && routes isp && routes s 0 && link s "$1" isp p0 && link isp q0 far f0 mtu 1300 || return 1
	in_server ip link set "$1" address $tested_mac && in_server ip link set "$1" up || return 1
	addresses isp p0 $isp4/24 $isp6/64 && addresses isp q0 198.18.1.1/24 2001:db8:78::1/64 &&
		addresses far f0 $remote4/24 $remote6/64 && at far ip route add default via 198.18.1.1 &&
		at far ip route add default via 2001:db8:78::1 || return 1
	dnsmasq_at isp p0 $tested4,$tested4 $tested6,$tested6 --host-record=small.test,192.0.2.7,2001:db8::7 \
		"--txt-record=big.test$(printf ',%0200d' {1..15})"
}

example_down() {
	local pid s
	for pid in "${example_pids[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null; done
	for s in "${example_spaces[@]}"; do ip netns del "$s"; done
	routes s 0
	for s in t0 eth0 wan0 lan0 srv0; do in_server ip link del "$s" 2>/dev/null; done
	example_pids=() example_spaces=()
}

# lease 4|6 SPACE DEV ADDRESS: by a client that ends once it has the address.
lease() {
	cat >"$tmp/dhclient-script" <<-'END'
		#!/bin/sh
		case $reason in
		PREINIT*) ip link set "$interface" up ;;
		BOUND) ip addr replace "$new_ip_address/24" dev "$interface" && ip route replace default via "$new_routers" ;;
		BOUND6) ip addr replace "$new_ip6_address/128" dev "$interface" ;;
		esac
		case $reason in BOUND*) kill "$PPID" ;; esac
	END
	chmod +x "$tmp/dhclient-script"
	cp "$(command -v dhclient)" "$tmp/dhclient" # AppArmor confines the installed one to its own folders
	rm -f "$tmp/dhclient.leases" && : >"$tmp/dhclient.conf"
	at "$2" timeout "${lease_seconds:-60}" "$tmp/dhclient" "-$1" -1 -d -cf "$tmp/dhclient.conf" -lf "$tmp/dhclient.leases" --no-pid -D LL \
		-sf "$tmp/dhclient-script" "$3" >"$tmp/dhclient.log" 2>&1
	at "$2" ip addr show dev "$3" | grep -q "inet6* $4/" || fail "no lease of $4: $(cat "$tmp/dhclient.log")"
}

advertised() { at "$1" ip -6 addr show dev "$2" dynamic | grep -q "inet6 $3"; }
autoconfigured() { # SPACE DEV PREFIX: the host solicits the router when the interface is up; the router advertises every 10 s
	at "$1" ip link set "$2" down && at "$1" ip link set "$2" up && wait_until advertised "$@" || fail "no address by router advertisement"
}

# lookup SPACE SERVER OPTION...: short and longer than the path MTU by UDP, and by TCP.
lookup() {
	local size
	at "$1" drill -u small.test "@$2" | grep -q 192.0.2.7 || fail "$1 cannot look up at $2" || return 1
	at "$1" drill -t small.test "@$2" | grep -q 192.0.2.7 || fail "$1 cannot look up at $2 by TCP" || return 1
	size=$(at "$1" drill -u -b 4096 TXT big.test "@$2" | sed -n 's/;; MSG SIZE *rcvd: //p')
	[ "${size:-0}" -gt 3000 ] || fail "$1 gets no large answer from $2: ${size:-no} bytes"
}

# clock SPACE SERVER PORT: a reply from port 123 to PORT.
clock() {
	local got
	in_background isp bash -c "exec nc -u -l $2 123 <<<time"
	wait_until serves_time "$2" || fail "no time server" || return 1
	got=$(echo ask | at "$1" nc -u -w1 -p "$3" "$2" 123)
	kill "${example_pids[-1]}" && wait "${example_pids[-1]}" 2>/dev/null
	[ "$got" = time ] || fail "$1 gets no time from $2"
}
serves_time() { at isp ss -Hlun "sport = :123" | grep -qF "$1"; }

pinged() { # SPACE ADDRESS TEXT OPTION...
	at "$1" ping -c1 -W5 "${@:4}" "$2" >"$tmp/ping" 2>&1
	grep -q "$3" "$tmp/ping" || fail "ping from $1 to $2 does not say '$3': $(cat "$tmp/ping")"
}

# ICMP errors on the way to a host beyond a smaller MTU.
path() { # SPACE
	at "$1" ip route flush cache && at "$1" ip -6 route flush cache
	pinged "$1" $remote4 " 0% packet loss" && pinged "$1" $remote6 " 0% packet loss" &&
		pinged "$1" $remote4 "[Ff]rag needed" -M "do" -s 1400 && pinged "$1" $remote6 "mtu.1300" -M "do" -s 1400 &&
		pinged "$1" $remote4 "Time to live exceeded" -t 1 && pinged "$1" $remote6 "Hop limit" -t 1
	grep -q 'mtu 1300' <(at "$1" ip route get $remote4) || fail "$1 does not know the path MTU"
}

# Everything that a host, or a router, behind isp needs to work.
host_lives() { # DEV
	autoconfigured s "$1" 2001:db8:77: && lease 4 s "$1" $tested4 && lease 6 s "$1" $tested6 || return 1
	lookup s $isp4 && lookup s $isp6 && clock s $isp4 123 && clock s $isp6 40123 && path s &&
		pinged isp $tested4 " 0% packet loss" && pinged isp $tested6 " 0% packet loss" &&
		pinged s 127.0.0.1 " 0% packet loss" && pinged s ::1 " 0% packet loss"
}

# The router's LAN, for which it is DHCP and DNS server, and its servers.
router_up() {
	space lan && space srv && link s lan0 lan t0 && link s srv0 srv t0 && routes s &&
		in_server sysctl -qw net.ipv6.conf.wan0.accept_ra=2 net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 &&
		addresses s lan0 10.1.0.1/24 2001:db8:1000::1/64 && addresses s srv0 203.0.113.30/28 2001:db8:2000::1/64 &&
		addresses srv t0 203.0.113.17/28 203.0.113.25/28 2001:db8:2000::25/64 &&
		at srv ip route add default via 203.0.113.30 && at srv ip route add default via 2001:db8:2000::1 || return 1
	local net
	for net in 10.1.0.0/16 203.0.113.16/28; do at isp ip route add $net via $tested4 || return 1; done
	for net in 2001:db8:1000::/52 2001:db8:2000::/64; do at isp ip route add $net via $tested_link6 dev p0 || return 1; done
	in_background srv nc -4 -lk 80
	in_background srv nc -6 -lk 25
	dnsmasq_at s lan0 10.1.0.50,10.1.0.50 2001:db8:1000::50,2001:db8:1000::50 --server=$isp4
}

connects() { at "$1" nc -z -w5 "$2" "$3" || fail "$1 cannot connect to $2 port $3"; }
router_serves() {
	autoconfigured lan t0 2001:db8:1000: && lease 4 lan t0 10.1.0.50 && lease 6 lan t0 2001:db8:1000::50 || return 1
	lookup lan 10.1.0.1 && lookup lan 2001:db8:1000::1 && lookup lan $isp4 && lookup lan $isp6 && path lan &&
		clock lan $isp4 123 && lookup srv $isp4 && lookup srv $isp6 && path srv || return 1
	connects far 203.0.113.17 80 && connects far 2001:db8:2000::25 25 && connects lan 203.0.113.17 80 &&
		pinged far 10.1.0.50 " 0% packet loss" || return 1
	! at far nc -z -w1 10.1.0.1 53 || fail "the router's DNS server is open to the WAN"
}

# example_filters MODE DEV...: with loaded rules; also on the loopback interface, which has no native XDP.
example_filters() {
	local dev
	for dev in "${@:2}"; do ok attach "$dev" --mode "$1" && says "$1" || return 1; done
	[ "$1" = native ] || ok attach lo --mode "$1"
}

example_host() { # NAME
	share_fwd && isp_up t0 && ok load "$top/examples/$1.rules" || return 1
	local mode
	for mode in native generic tc; do
		example_filters $mode t0 && host_lives t0 || fail "$1.rules, $mode" || return 1
		[ "$(count_of fragments)" -gt 1 ] || fail "no fragments were seen" || return 1
		ok counters --reset
	done
}

example() { # FUNCTION ARGUMENT...
	local code=0
	"$@" || code=1
	example_down
	return $code
}
# On the host's own hooks, with the state of connections.
example_stateful_host() {
	share_fwd && isp_up t0 && ok load "$top/examples/first.rules" && ok attach --host || return 1
	host_lives t0 || fail first.rules || return 1
	[ "$(count_of known)" -gt 10 ] || fail "few replies were known: $(count_of known)" || return 1
	connects isp $tested4 80 && connects isp $tested6 80 || return 1
	! at isp nc -z -w1 $tested4 22 && [ "$(count_of ssh)" = 0 ] || fail "ssh is open to all" || return 1
	ok detach --host
}
case_examples_first() { example example_stateful_host; }
case_examples_server() { example example_host server; }

example_router() {
	share_fwd && isp_up wan0 && router_up && ok load "$top/examples/edge.rules" || return 1
	local mode
	for mode in native generic tc; do
		example_filters $mode wan0 lan0 srv0 && host_lives wan0 && router_serves || fail "edge.rules, $mode" || return 1
		ok counters --reset
	done
}
case_examples_edge() { example example_router; }

# What the rules for replies accept, and what they do not. EXAMPLE|VERDICT|PACKET
example_verdicts=(
	'server|accept|udp 198.51.100.1:67 > 255.255.255.255:68'
	'server|accept|udp 198.51.100.1:67 > 198.51.100.7:68'
	'server|drop|udp 198.51.100.9:68 > 255.255.255.255:67'
	'server|accept|udp [fe80::1]:547 > [fe80::2]:546'
	'server|accept|udp [fe80::1]:40000 > [fe80::2]:546'
	'server|drop|udp [2001:db8:9::1]:547 > [2001:db8:77::2]:546'
	'server|accept|udp 9.9.9.9:53 > 198.51.100.7:40000'
	'server|drop|udp 9.9.9.9:53 > 198.51.100.7:161'
	'server|drop|udp 9.9.9.9:5353 > 198.51.100.7:40000'
	'server|accept|udp 9.9.9.9:123 > 198.51.100.7:123'
	'server|accept|udp 9.9.9.9:123 > 198.51.100.7:40000'
	'server|drop|udp 9.9.9.9:123 > 198.51.100.7:1900'
	'server|accept|udp 9.9.9.9 > 198.51.100.7 frag later'
	'server|accept|udp 2001:db8:9::1 > 2001:db8:77::2 frag later'
	'server|drop|tcp 9.9.9.9 > 198.51.100.7 frag later'
	'server|accept|icmp 9.9.9.9 > 198.51.100.7 type destination-unreachable code 4'
	'server|accept|icmp 9.9.9.9 > 198.51.100.7 type time-exceeded'
	'server|accept|icmp 9.9.9.9 > 198.51.100.7 type echo-reply'
	'server|drop|icmp 9.9.9.9 > 198.51.100.7 type redirect'
	'server|accept|icmp6 2001:db8:9::1 > 2001:db8:77::2 type packet-too-big'
	'server|accept|icmp6 fe80::1 > ff02::1 type router-advertisement'
	'server|accept|icmp6 :: > ff02::1:ff00:1 type neighbour-solicitation'
	'server|accept|icmp6 fe80::1 > ff02::1 type 130'
	'server|accept|tcp 9.9.9.9:53 > 198.51.100.7:40000 flags syn,ack'
	'server|drop|tcp 9.9.9.9:53 > 198.51.100.7:40000 flags syn'
	'server|accept|tcp 127.0.0.1:40000 > 127.0.0.1:53 on lo'
	'server|accept|udp [::1]:40000 > [::1]:53 on lo'
	'first|accept|udp 9.9.9.9:53 > 198.51.100.7:40000 state established'
	'first|drop|udp 9.9.9.9:53 > 198.51.100.7:40000 state new'
	'first|accept|icmp 9.9.9.9 > 198.51.100.7 type destination-unreachable code 4 state related'
	'first|drop|icmp 9.9.9.9 > 198.51.100.7 type redirect state invalid'
	'first|accept|udp [fe80::1]:547 > [fe80::2]:546 state new'
	'first|drop|udp [2001:db8:9::1]:547 > [2001:db8:77::2]:546 state new'
	'first|accept|icmp6 :: > ff02::1:ff00:1 type neighbour-solicitation state untracked'
	'first|accept|icmp6 fe80::1 > ff02::1 type router-advertisement state untracked'
	'first|accept|tcp 9.9.9.9:4000 > 198.51.100.7:443 flags syn state new'
	'first|drop|tcp 9.9.9.9:4000 > 198.51.100.7:22 flags syn state new'
	'first|accept|tcp 127.0.0.1:40000 > 127.0.0.1:53 on lo state new'
	'router|drop|tcp 9.9.9.9:4000 > 198.51.100.7:22 flags syn on wan0 state new'
	'router|accept|udp 10.1.0.9:4000 > 10.1.0.1:53 on lan0 state new'
	'router|drop|udp 9.9.9.9:4000 > 10.1.0.1:53 on wan0 state new'
	'edge|accept|udp 198.18.0.1:67 > 255.255.255.255:68 on wan0'
	'edge|drop|udp 198.18.0.9:68 > 255.255.255.255:67 on wan0'
	'edge|accept|udp 0.0.0.0:68 > 255.255.255.255:67 on lan0'
	'edge|accept|udp 10.1.2.3:68 > 10.1.0.1:67 on lan0'
	'edge|drop|udp 0.0.0.0:5000 > 255.255.255.255:5000 on lan0'
	'edge|accept|udp [fe80::1]:547 > [fe80::2]:546 on wan0'
	'edge|drop|udp [fe80::1]:546 > [ff02::1:2]:547 on wan0'
	'edge|accept|udp [fe80::3]:546 > [ff02::1:2]:547 on lan0'
	'edge|drop|udp 9.9.9.9:53 > 198.18.0.50:161 on wan0'
	'edge|drop|udp 9.9.9.9:5353 > 10.1.2.3:40000 on wan0'
	'edge|drop|udp 9.9.9.9:443 > 198.18.0.50:40000 on wan0'
	'edge|drop|udp 9.9.9.9:40000 > 198.18.0.50:53 on wan0'
	'edge|drop|tcp 9.9.9.9:40000 > 10.1.0.1:53 flags syn on wan0'
	'edge|drop|tcp 9.9.9.9 > 10.1.2.3 frag later on wan0'
	'edge|accept|udp 9.9.9.9 > 10.1.2.3 frag later on wan0'
	'edge|accept|icmp6 fe80::1 > ff02::1 type router-advertisement on wan0'
	'edge|accept|icmp6 fe80::3 > ff02::16 type 143 on lan0'
	'edge|drop|udp 10.1.2.3:40000 > 10.1.0.1:161 on lan0'
	'edge|accept|tcp 127.0.0.1:40000 > 127.0.0.1:53 on lo'
)
case_examples_verdicts() {
	local row names verdict packet name hook
	for row in "${example_verdicts[@]}"; do
		IFS='|' read -r names verdict packet <<<"$row"
		for name in $names; do
			case $name in first | router) hook=input ;; *) hook=in ;; esac
			"$fwctl" classify --rules "$top/examples/$name.rules" "$packet $hook" | grep -q ": $verdict$" ||
				fail "$name.rules: not $verdict: $packet" || return 1
		done
	done
}

# XDP drops before any packet socket, also that of dhclient; tc after those for all protocols.
case_examples_packet_sockets() { example behind_packet_sockets; }
behind_packet_sockets() {
	share_fwd && isp_up t0 && echo "policy in drop" >"$tmp/rules" && ok load "$tmp/rules" || return 1
	ok attach t0 --mode tc && lease 4 s t0 $tested4 || return 1
	in_server ip addr flush dev t0
	ok attach t0 --mode generic && ! lease_seconds=3 lease 4 s t0 $tested4 2>/dev/null || fail "a lease behind XDP"
}

# The output of fwctl with fwd that README and the guide show, command by command, except for times and counts.
case_examples_readme() { example document_shows README.md 4; }
case_examples_guide() { example document_shows docs/guide.md 9; }
document_shows() { # DOCUMENT COMMANDS
	start_fwd && isp_up eth0 && cp "$top/examples/first.rules" "$tmp/my.rules" && ln -sfn "$top/examples" "$tmp/examples" || return 1
	transcripts_wrong=0 transcripts_seen=0
	transcripts "$top/$1" '(sudo )?fwctl (confirm|(load|attach|detach|add|set|replace|list|classify .tcp) .*)'
	[ $transcripts_wrong = 0 ] && [ $transcripts_seen -ge "$2" ] || fail "$1: of $transcripts_seen, $transcripts_wrong differ"
}
transcript() {
	transcripts_seen=$((transcripts_seen + 1))
	diff <(of_no_moment <"$shown") <(cd "$tmp" && eval "ctl ${1#*fwctl}" 2>&1 | of_no_moment) >&2 && return
	fail "the document shows something else for: $1"
	transcripts_wrong=$((transcripts_wrong + 1))
}
of_no_moment() { sed -E 's/[0-9.]+ s(,|$)/N s\1/g; s/^ +[0-9]+ +[0-9.]+ [KMGT]?i?B  rule/rule/'; }
