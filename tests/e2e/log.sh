# SPDX-License-Identifier: GPL-2.0-only
# The log of packets; sourced by run.sh. Events that tests write into the ring show what becomes of them.

events=${EVENTS:-$top/build/events}

# logs N HOOK SLOT|POLICY VERDICT INTERFACE PACKET: writes events as the programs do, and sets `written`.
logs() {
	local ring
	ring=$(echo "$tmp"/bpffs/fwd/*/maps/ring-1)
	in_fwd_mounts test -e "$ring" || ring=$(in_fwd_mounts sh -c 'echo "$1"/fwd/*/maps/ring-1' - "$tmp/bpffs")
	written=$(in_fwd_mounts "$events" "$ring" "$@") || fail "cannot write events"
}
slot_of() { ctl --json show rule "$1" | grep -o '"slot":[0-9]*' | cut -d: -f2; }

# follows FILE ARGUMENT...: follows the log into a file; `follower` is its process.
followers=()
follows() {
	local file=$1 n
	shift
	: >"$file"
	n=$(ctl --json status | grep -o '"followers":[0-9]*' | cut -d: -f2)
	"$fwctl" --socket "$tmp/fwd/sock" log --follow "$@" >"$file" 2>"$file.err" &
	follower=$!
	pids+=($follower)
	followers+=($follower)
	wait_until followers_are $((n + 1)) || fail "nobody follows: $(cat "$file.err")"
}
followers_are() { ctl --json status | grep -q "\"followers\":$1[,}]"; }
lines_are() { [ "$(wc -l <"$1")" = "$2" ]; }
has_line() { grep -qF -- "$2" "$1"; }

log_rules() {
	[ ${#followers[@]} = 0 ] || kill -9 "${followers[@]}" 2>/dev/null
	followers=()
	start_fwd "$@" && ok add rule 17 name web in proto tcp dport 80 drop && ok add rule 18 in proto udp accept &&
		web_slot=$(slot_of web) && udp_slot=$(slot_of 18) && s0_index=$(index_of s0) || return 1
}

case_log_shows() {
	log_rules || return 1
	ok log && is "an empty log" "$(cat "$tmp/out")" "" || return 1
	logs 2 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.1:999 > 192.0.2.1:80" && logs 1 tc-egress "$udp_slot" accept "$s0_index" "udp [2001:db8::1]:5 > [2001:db8::2]:6 out" &&
		logs 1 xdp non-ip drop "$s0_index" "icmp 10.0.0.3 > 192.0.2.1" && logs 1 xdp 99 drop 9999 "icmp 10.0.0.4 > 192.0.2.1" || return 1
	ok log && is entries "$(wc -l <"$tmp/out")" 5 && says "drop     xdp         s0           rule 17 web       tcp 10.0.0.1:999 > 192.0.2.1:80 in flags syn length 40" &&
		says "accept   tc-egress   >s0          rule 18           udp [2001:db8::1]:5 > [2001:db8::2]:6 out length 48" &&
		says "policy non-ip     icmp 10.0.0.3" && says "-            rule gone         icmp 10.0.0.4" || return 1
	ok --json log && "$jsonl" <"$tmp/out" && says '"rule":17,"name":"web","policy":null' && says '"in":"s0","in_index":'"$s0_index"',"out":null' &&
		says '"in":null,"in_index":9999' && says '{"ok":true,"count":5}' || return 1
	while read -r n match; do
		# shellcheck disable=SC2086 # words on purpose
		ok log $match && is "entries of '$match'" "$(wc -l <"$tmp/out")" "$n" || return 1
	done <<-END
		2 proto tcp
		2 dport 80 drop
		0 dport 80 accept
		1 out
		4 in
		1 from 10.0.0.3
		2 from 10.0.0.0/29 proto icmp
		0 from not 10.0.0.0/8 drop
		4 on s0
		0 from 10.0.0.4 on not s0 proto icmp drop
		2 --rule 17
		2 --rule web
		0 --rule 3
		3 --limit 3
		1 --limit 1 proto tcp
		2 proto icmp --limit 7
	END
	refuses 1 "sporty" log sporty 3 && marked sporty || return 1
	# Names and rules are as they were.
	ok del rule web && ok log --rule 17 && is "entries of a rule that is gone" "$(wc -l <"$tmp/out")" 2
}

case_log_capture() {
	log_rules || return 1
	logs 1 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.1:999 > 192.0.2.1:80 vlan 5 length 1400" && logs 1 tc-egress "$udp_slot" accept "$s0_index" "udp 10.0.0.1:5 > 10.0.0.2:6 out" || return 1
	ok log --pcap "$tmp/p.pcap" && says "2 packets" || return 1
	[ "$(stat -c %a "$tmp/p.pcap")" = 640 ] || fail "mode $(stat -c %a "$tmp/p.pcap")" || return 1
	grep -aq "drop at xdp by rule 17 web" "$tmp/p.pcap" && grep -aq "accept at tc-egress by rule 18" "$tmp/p.pcap" || fail "no comments" || return 1
	refuses 2 "not JSON" --json log --pcap "$tmp/x" && refuses 1 "cannot write" log --pcap "$tmp/none/x" || return 1
	ctl log --pcap - proto udp >"$tmp/out.pcap" 2>"$tmp/err" && has_line "$tmp/err" "1 packet" || fail "$(cat "$tmp/err")" || return 1
	ok classify --pcap "$tmp/out.pcap" && says "udp 10.0.0.1:5 > 10.0.0.2:6" && says "rule 18" || return 1
	if command -v tcpdump >/dev/null; then
		tcpdump -enr "$tmp/p.pcap" >"$tmp/out" 2>"$tmp/err" && says "vlan 5" && says "length 1418" && says "10.0.0.1.5 > 10.0.0.2.6: UDP" || return 1
	fi
	# One that is followed has its name, and is whole, after each packet.
	follows "$tmp/f.out" --pcap "$tmp/follow.pcap" proto tcp || return 1
	logs 3 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.7:999 > 192.0.2.1:80" && wait_until log_captured 3 || fail "$(ls -l "$tmp"; cat "$tmp/f.out.err")" || return 1
	kill $follower && log_captured 3
}
log_captured() { [ "$(ctl classify --pcap "$tmp/follow.pcap" | grep -c 10.0.0.7)" = "$1" ]; }

case_log_follows() {
	log_rules || return 1
	logs 5 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.1:999 > 192.0.2.1:80" && follows "$tmp/f1" || return 1
	logs 3 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.2:999 > 192.0.2.1:80" && wait_until lines_are "$tmp/f1" 3 || fail "$(cat "$tmp/f1")" || return 1
	kill $follower && wait_until followers_are 0 || fail "it is still there" || return 1
	follows "$tmp/f2" --limit 2 --json from 10.0.0.1 && wait_until lines_are "$tmp/f2" 2 || fail "$(cat "$tmp/f2")" || return 1
	# While nothing happens fwd sleeps.
	local before
	before=$(cpu_of "$fwd_pid")
	sleep 2
	[ $(($(cpu_of "$fwd_pid") - before)) -lt 20 ] || fail "an idle fwd used $(($(cpu_of "$fwd_pid") - before)) ticks in 2 s" || return 1
	logs 1 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.1:999 > 192.0.2.1:80" && wait_until lines_are "$tmp/f2" 3 || fail "$(cat "$tmp/f2")" || return 1
	kill $follower
}
cpu_of() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# What is logged while fwd does not run waits in the kernel; who follows waits for fwd, and misses nothing.
case_log_restart() {
	log_rules || return 1
	follows "$tmp/f" || return 1
	logs 2 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.1:999 > 192.0.2.1:80" && wait_until lines_are "$tmp/f" 2 || fail "$(cat "$tmp/f")" || return 1
	local signal n=2
	for signal in KILL TERM; do
		fwd_kill $signal && exits 3 ctl log && says "fwd is not running" || return 1
		logs 4 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.5:999 > 192.0.2.1:80" && fwd_start || return 1
		n=$((n + 6))
		wait_until lines_are "$tmp/f" $n || fail "after SIG$signal: $(cat "$tmp/f")" || return 1
		ok log && is "entries after a restart" "$(wc -l <"$tmp/out")" 4 && says "xdp         s0           rule 17 web" || return 1
	done
	has_line "$tmp/f" "# fwd is not running" && has_line "$tmp/f" "# fwd is running again" || return 1
	kill $follower
}

# More than fwd can read: what is lost is counted and told, fwd answers, and a client that does not read disturbs nobody.
case_log_flood() {
	log_rules || return 1
	follows "$tmp/slow" && kill -STOP $follower || return 1
	local slow=$follower n flood
	follows "$tmp/quick" || return 1
	logs 100000 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.1:999 > 192.0.2.1:80" &&
		ok add rule 20 name meanwhile in proto icmp accept && ok status || return 1
	flood=$written
	[ "$flood" -ge 4800 ] || fail "only $written found room" || return 1
	logs 1 xdp "$udp_slot" accept "$s0_index" "udp 10.0.0.9:1 > 10.0.0.2:2" && wait_until has_line "$tmp/quick" "10.0.0.9" || fail "$(tail -n 3 "$tmp/quick")" || return 1
	# The one that sleeps gets what its socket holds, and how much it has missed.
	kill -CONT "$slow" && wait_until has_line "$tmp/slow" "10.0.0.9" && has_line "$tmp/slow" "were missed: they were not read in time" ||
		fail "$(grep '#' "$tmp/slow" | tail -n 3)" || return 1
	n=$(grep -c "10.0.0.1:999" "$tmp/slow")
	is "read and missed" $((n + $(awk '/were missed/ { n += $2 } /was missed/ { n++ } END { print n + 0 }' "$tmp/slow"))) "$flood" || return 1
	ok log && [ "$(grep -vc '#' "$tmp/out")" -le 4096 ] && kill "$slow" $follower
}

# Reading the log is a right of its own.
case_log_rights() {
	start_fwd --group games --admin-group staff || return 1
	chmod 711 "$tmp" "$tmp/fwd"
	exits 1 by_fwctl 4001 games log && says "only root and members of the group 'staff' may ask for 'log'" &&
		exits 0 by_fwctl 4001 games status && exits 0 by_fwctl 4002 games,staff log
}

# Without a journal they are lines of fwd's log.
case_log_journal() {
	log_rules --log-journal on || return 1
	logs 2 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.1:999 > 192.0.2.1:80" || return 1
	wait_until has_line "$tmp/fwd.log" "drop at xdp from s0 by rule 17 web: tcp 10.0.0.1:999 > 192.0.2.1:80 in flags syn length 40" || fail "$(cat "$tmp/fwd.log")" || return 1
	logs 2000 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.2:999 > 192.0.2.1:80" && wait_until has_line "$tmp/fwd.log" "more packets within a second, not shown here" ||
		fail "$(tail -n 3 "$tmp/fwd.log")" || return 1
	[ "$(grep -c 10.0.0.2:999 "$tmp/fwd.log")" -lt 1600 ] || fail "too many lines"
}

# In the journal they have fields, and the level of the rule.
# The last of all cases: its journal stays in the mounts that they share.
case_written_to_journal() {
	log_journal_fields
	local code=$?
	fwd_kill TERM
	kill "$log_fake_journal" 2>/dev/null
	in_fwd_mounts umount /run/systemd 2>/dev/null
	return $code
}
log_fake_journal=
log_journal_fields() {
	command -v python3 >/dev/null || { skip "no python3"; return; }
	log_rules || return 1
	fwd_kill TERM
	in_fwd_mounts sh -c 'mount -t tmpfs none /run/systemd 2>/dev/null || { mkdir -p /run/systemd && mount -t tmpfs none /run/systemd; }' &&
		in_fwd_mounts mkdir /run/systemd/journal || fail "no place for a journal" || return 1
	nsenter --target "$fwd_space" --mount python3 -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("/run/systemd/journal/socket")
while True:
    print(s.recv(65536).decode().replace("\n", "|"), flush=True)
' >"$tmp/journal" 2>&1 &
	log_fake_journal=$!
	wait_until in_fwd_mounts test -S /run/systemd/journal/socket || fail "$(cat "$tmp/journal")" || return 1
	JOURNAL_STREAM=$(stat -c %d:%i "$tmp/fwd.log") fwd_start --log-journal on || return 1
	logs 1 xdp "$web_slot" drop "$s0_index" "tcp 10.0.0.1:999 > 192.0.2.1:80" && wait_until has_line "$tmp/journal" "FWD_RULE=17" || fail "$(cat "$tmp/journal")" || return 1
	has_line "$tmp/journal" "MESSAGE=drop at xdp from s0 by rule 17 web: tcp 10.0.0.1:999 > 192.0.2.1:80 in flags syn length 40|PRIORITY=4|SYSLOG_IDENTIFIER=fwd|FWD_RULE=17|FWD_NAME=web|FWD_HOOK=xdp|FWD_VERDICT=drop|FWD_IN=s0|FWD_SOURCE=10.0.0.1|FWD_DESTINATION=192.0.2.1|FWD_PROTO=6|FWD_SOURCE_PORT=999|FWD_DESTINATION_PORT=80|FWD_LENGTH=40|" ||
		fail "$(cat "$tmp/journal")" || return 1
	! has_line "$tmp/fwd.log" "drop at xdp" || fail "it is in the other log too"
}

# Real packets at each hook, with the prefix and level of their rule or policy.
case_log_packets() {
	start_fwd || return 1
	printf '%s\n' 'policy in log prefix "else " level err drop' \
		'rule 1 name seen in proto tcp dport 7001 log prefix "scan: " level notice' \
		'rule 2 in proto tcp dport 7001 drop' 'rule 3 in proto icmp log level debug accept' \
		'rule 4 in proto icmp6 accept' 'rule 5 out proto udp dport 7002 log drop' >"$tmp/log.rules"
	ok load "$tmp/log.rules" && ok attach s0 || return 1
	try_tcp $server4 7001
	try_tcp $server4 7003
	in_client ping -q -c1 -W1 $server4 >/dev/null || fail "no ping" || return 1
	in_server sh -c "echo x | nc -u -w1 -q0 $client4 7002" >/dev/null 2>&1
	ok log && says "rule 1 seen       scan: tcp $client4:" && says "continue xdp" && says "policy in         else tcp $client4:" &&
		says "accept   xdp         s0           rule 3            icmp $client4 > $server4 in mac" && says " type echo-request" &&
		says "drop     tc-egress   >s0          rule 5            udp $server4:" || return 1
	! grep -E " (state|uid|gid) " "$tmp/out" || fail "it says what no rule asks for" || return 1
	ok --json log && says '"prefix":"scan: ","level":"notice"' && says '"prefix":"else ","level":"err"' && says '"level":"debug"' &&
		says '"level":"warning"' || return 1
	ok log --rule 5 --pcap "$tmp/p.pcap" && ok detach s0 && ok attach s0 --mode tc || return 1
	in_client ping -q -c1 -W1 $server4 >/dev/null || fail "no ping" || return 1
	ok log --limit 1 proto icmp && says "accept   tc-ingress  s0           rule 3            icmp $client4 > $server4" || return 1
	# A rule that logs cannot be tried without fwd.
	exits 1 in_server "$fwctl" run "$tmp/log.rules" --dev s0 && says "needs fwd"
}

# A flood costs what the rate allows: the rest is counted and told.
case_log_rate() {
	start_fwd && ok add rule 7 in proto udp log rate 20/second burst 10 drop && ok attach s0 && follows "$tmp/f" || return 1
	local start=$SECONDS n
	in_client "$frames" c0 20000 "udp 198.18.0.1:1000 > 192.0.2.1:4444" || fail "cannot send" || return 1
	n=$((SECONDS - start + 1))
	wait_until has_line "$tmp/f" "packets were not logged: they were above the rate of their rule" || fail "$(tail -n 3 "$tmp/f")" || return 1
	local logged
	logged=$(grep -c "udp 198.18.0.1" "$tmp/f")
	[ "$logged" -ge 10 ] && [ "$logged" -le $((11 + 20 * (n + 1))) ] || fail "$logged logged in $n s" || return 1
	sum_is() { [ $(($(grep -c "udp 198.18.0.1" "$tmp/f") + $(awk '/were not logged/ { n += $2 } END { print n + 0 }' "$tmp/f"))) = 20000 ]; }
	wait_until sum_is || fail "$logged logged, and $(grep '#' "$tmp/f")" || return 1
	packets 7 20000 && ok status && says "more above the rates of their rules, 0 lost"
}

# The host's own hooks, beside those of an interface.
case_log_host() {
	start_fwd || return 1
	printf '%s\n' 'rule 1 input proto icmp log prefix "in " accept' 'rule 2 output proto udp dport 7002 log drop' >"$tmp/log.rules"
	ctl attach --host >"$tmp/out" 2>&1 || { skip "the kernel has no such hooks: $(head -n 1 "$tmp/out")"; return; }
	ok load "$tmp/log.rules" || return 1
	in_client ping -q -c1 -W1 $server4 >/dev/null || fail "no ping" || return 1
	in_server sh -c "echo x | nc -u -w1 -q0 $client4 7002" >/dev/null 2>&1
	ok log && says "accept   input       s0           rule 1            in icmp $client4 > $server4" &&
		says "drop     output      >s0          rule 2            udp $server4:" || return 1
	ok log input && is "entries of input" "$(grep -c input "$tmp/out")" 1 && ok log to-if s0 && says "rule 2" && ok detach --host
}
