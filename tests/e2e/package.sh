#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The package on a clean Debian 12, which systemd boots in a container, with a veth pair to a client: installed, filtering, upgraded
# under traffic, rebooted, removed, purged. Steps build on each other: prints PASS for each, and ends with the first that fails.
#
#	package.sh DEB NEXT FOLDER     NEXT: a higher version with another BPF program; FOLDER: keeps the clean system
set -u
. "$(dirname "$0")/lib.sh"

deb=$1 next=$2 folder=$3
base=$folder/base
root=$folder/root
machine=fwpackage-$$
client=$machine-c
nspawn=
good=192.0.2.2 bad=192.0.2.66 here4=192.0.2.1

fail() {
	echo "      $*" >&2
	return 1
}
is() { [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"; }

# Runs a command in the container.
leader() { pgrep -P "$nspawn" 2>/dev/null | head -n 1; }
inside() { nsenter -t "$(leader)" -m -u -i -n -p -r -w -- "$@"; }

# Makes the clean system. Its apt cache has the packages that are installed later, because the container has no network.
make_base() {
	if [ ! -e "$base/made" ]; then
		rm -rf "$base" && mkdir -p "$base" || return 1
		debootstrap --variant=minbase --include=systemd,systemd-sysv,iproute2,iputils-ping bookworm "$base" \
			>"$folder/log" 2>&1 && touch "$base/made" || return 1
	fi
	rm -rf "$base/root/debs" && mkdir "$base/root/debs" && cp "$deb" "$next" "$base/root/debs" &&
		cp -L --remove-destination /etc/resolv.conf "$base/etc/resolv.conf" || return 1
	download >"$folder/log" 2>&1 || { chroot "$base" apt-get update -q && download; } >"$folder/log" 2>&1
}
download() {
	chroot "$base" apt-get install -y -q --no-install-recommends --download-only "/root/debs/$(basename "$next")" \
		prometheus curl procps nftables
}
make_root() {
	rm -rf "$root" && cp -a "$base" "$root" && bpffs_service >"$root/etc/systemd/system/bpffs.service" &&
		ln -s ../bpffs.service "$root/usr/lib/systemd/system/sysinit.target.wants/"
}
# systemd mounts it on a real machine, but not in a container.
bpffs_service() {
	cat <<-'END'
		[Unit]
		DefaultDependencies=no
		Before=local-fs-pre.target fwd.service
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=/bin/sh -c 'mkdir -p /sys/fs/bpf && mount -t bpf -o mode=0700 bpf /sys/fs/bpf'
	END
}

booted() { inside systemctl is-system-running | grep -qE "running${1:+|$1}"; }
boot() { # degraded: accepts failed units
	local keep=
	[ -d /run/systemd/system ] || keep=--keep-unit
	SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 setsid systemd-nspawn -D "$root" --machine="$machine" --boot --private-network \
		--register=no $keep --capability=all --system-call-filter=bpf </dev/null >"$folder/boot.log" 2>&1 &
	nspawn=$!
	wait_until booted "$@" || fail "it does not boot: $(inside systemctl --failed --no-legend; tail "$folder/boot.log")" || return 1
	ip link add c0 netns "$client" type veth peer name s0 netns "$(leader)" || return 1
	enter "$client" sh -c "ip addr add $good/24 dev c0; ip addr add $bad/24 dev c0; ip link set c0 up"
	inside sh -c "ip addr add $here4/24 dev s0; ip link set s0 up"
}
shut_down() {
	[ -n "$nspawn" ] || return 0
	kill -TERM "$nspawn" 2>/dev/null
	for _ in $(seq 100); do
		kill -0 "$nspawn" 2>/dev/null || break
		sleep 0.1
	done
	kill -KILL "$(leader)" "$nspawn" 2>/dev/null
	wait "$nspawn" 2>/dev/null
	nspawn=
}
clean_up() {
	trap '' INT TERM
	shut_down
	ip netns del "$client" 2>/dev/null
	rm -rf "$root"
	[ -d /run/systemd/system ] || no_cgroups
}
# Removes the cgroups that systemd-nspawn creates and leaves where no systemd runs.
no_cgroups() {
	local folder
	for folder in /sys/fs/cgroup/{,systemd/,unified/}{payload,supervisor}; do
		[ ! -d "$folder" ] || find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null
	done
}

# install PACKAGE...: by apt, offline; our packages are files
install() {
	inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${@/#*\//\/root\/debs\/}" \
		>"$folder/log" 2>&1 || fail "apt-get install: $(tail -n 20 "$folder/log")"
}
version_of() { dpkg-deb -f "$1" Version; }
answers() { inside fwctl status | sed -n 's/^fwd \([^,]*\),.*/\1/p'; } # its version
running() { inside systemctl is-active -q "$@"; }
program() { inside ls /sys/fs/bpf/fwd | grep -xE '[0-9a-f]{16}'; }
attached() { inside ip link show s0 | grep -q xdp; }

# pinged SOURCE NUMBER: exactly so many of its pings were answered
pinged() { enter "$client" ping -q -c "$2" -i 0.005 -W 0.2 -I "$1" $here4 | sed -n 's/.* \([0-9]*\) received.*/\1/p'; }
sent_good=0 sent_bad=0
# pings NUMBER: sends that many of both kinds; all good ones pass, and no bad one.
pings() {
	pinged $good "$1" >"$folder/good" &
	local pid=$!
	is "answered bad pings" "$(pinged $bad "$1")" 0 || return 1
	wait $pid
	sent_good=$((sent_good + $1)) sent_bad=$((sent_bad + $1))
	is "answered good pings" "$(cat "$folder/good")" "$1"
}
count_of() { inside fwctl show rule "$1" | awk '{ print $1 }'; }
counted() { is "counter of good" "$(count_of good)" $sent_good && is "counter of bad" "$(count_of bad)" $sent_bad; }

# Files with our names anywhere in the system, except for packages, their caches, and copies by the user.
ours() {
	inside find / -xdev \( -path /root/debs -o -path /etc/prometheus -o -path /var/cache -o -path /proc -o \
		-path /var/lib/apt \) -prune -o \
		\( -name '*fwd*' -o -name '*fwctl*' -o -name '*fw-exporter*' -o -name '*fw-agent*' -o -name 'fw.rules*' \) -print | sort
}

step_lintian() {
	local said
	said=$(lintian --fail-on error,warning "$deb" 2>&1) || fail "$said"
}
# Debian's hardening: position-independent code, immediate binding with read-only relocations, a non-executable stack, stack
# protection and fortified functions.
step_hardened() {
	local program headers
	rm -rf "$folder/unpacked" && dpkg-deb -x "$deb" "$folder/unpacked" || return 1
	for program in usr/sbin/fwd usr/sbin/fw-agent usr/bin/fwctl usr/bin/fw-exporter; do
		headers=$(readelf -hldW --dyn-syms "$folder/unpacked/$program")
		for want in 'Type: *DYN' 'FLAGS_1.* NOW.* PIE' 'GNU_RELRO' 'GNU_STACK.* RW ' '__stack_chk_fail' '__[a-z]*printf_chk'; do
			grep -q "$want" <<<"$headers" || fail "$program: no $want" || return 1
		done
	done
	# The daemon needs no library of a fleet.
	headers=$(readelf -dW "$folder/unpacked/usr/sbin/fwd")
	! grep -E 'NEEDED.*(curl|sodium|zstd)' <<<"$headers" || fail "fwd needs libraries of a fleet" || return 1
	rm -rf "$folder/unpacked"
}
step_boots() { make_base && make_root && boot || fail "$(tail "$folder/log")"; }

step_installs() {
	ours >"$folder/before"
	[ -s "$folder/before" ] && { fail "not clean: $(cat "$folder/before")"; return 1; }
	install "$deb" || return 1
	running fwd.service && running fwd.socket && running fw-exporter.socket || fail "$(inside journalctl -u 'fw*' | tail)" || return 1
	is version "$(answers)" "$(version_of "$deb")" &&
		is "what systemd says of the units" "$(inside systemd-analyze verify --man=no fwd.service fwd.socket fw-exporter.service \
			fw-exporter.socket fw-agent.service 2>&1 | grep fw)" ""
}

step_filters() {
	inside fwctl batch - >/dev/null <<-END && inside fwctl attach s0 >/dev/null && attached || return 1
		policy in drop
		add rule name good in from $good proto icmp accept
		add rule name bad in from $bad drop
	END
	pings 200 && counted && wait_until shows_status || fail "$(inside systemctl show -p StatusText fwd.service)"
}
shows_status() { inside systemctl show -p StatusText fwd.service | grep -qx 'StatusText=2 rules, generation [0-9]*'; }

# one_entry FIELD=VALUE...: the journal has one entry of fwd with these fields.
one_entry() { wait_until has_one_entry "$@" || fail "not one entry of $*: $(inside journalctl -u fwd -o verbose)"; }
has_one_entry() { [ "$(inside journalctl -q -u fwd -o cat "$@" | wc -l)" = 1 ]; }
# reload_fails WHY: `systemctl reload` fails, the journal has the reason, and fwd continues.
reload_fails() {
	! inside systemctl reload fwd 2>/dev/null || fail "the reload did not fail: $1" || return 1
	running fwd.service && wait_until said_by_fwd "$1" || fail "not in the journal: $1: $(inside journalctl -u fwd | tail)"
}
said_by_fwd() { inside journalctl -q -u fwd -o cat | grep -qF "$1"; }
# The file of the setting `rules`: a rule is removed from it and added again; an invalid file changes nothing.
step_reloads() {
	local rules=/etc/fwd/fw.rules
	reload_fails "no file of its own" && one_entry FWD_ACTION=load FWD_RESULT=refused FWD_WHAT=load || return 1
	inside sh -ec "fwctl save $rules; echo rules $rules >>/etc/fwd/fwd.conf; fwctl add rule name more drop; systemctl restart fwd" \
		>/dev/null && inside systemctl reload fwd || return 1
	one_entry FWD_ACTION=change FWD_PROCESS=fwctl FWD_RULES=3 && one_entry FWD_ACTION=load FWD_PROCESS=fwctl FWD_REMOVED=1 || return 1
	inside sh -c "echo 'rule frm 192.0.2.1 drop' >>$rules" && reload_fails "$rules:" || return 1
	one_entry FWD_ACTION=load FWD_RESULT=refused FWD_PROCESS=fwctl "FWD_WHAT=load $rules" || return 1
	is rules "$(inside fwctl list --terse | awk '{ print $4 }' | xargs)" "good bad" && pings 50 && counted || return 1
	inside sh -ec "sed -i '/^rule frm/d' $rules; systemctl reload fwd; rm $rules; sed -i '/^rules /d' /etc/fwd/fwd.conf"
}

# Members of fwd may only read, others nothing.
step_permits() {
	local as=(setpriv --reuid=4242 --regid=4242) group
	group=$(inside getent group fwd | cut -d: -f3)
	inside "${as[@]}" --groups "$group" fwctl status >/dev/null || fail "a member of fwd cannot read" || return 1
	! inside "${as[@]}" --groups "$group" fwctl add rule drop >/dev/null 2>&1 || fail "a member of fwd can make changes" || return 1
	! inside "${as[@]}" --clear-groups fwctl status >/dev/null 2>&1 || fail "everybody can read" || return 1
	return 0
}

metrics() {
	inside bash -c 'exec 3<>/dev/tcp/127.0.0.1/9479 && printf "GET /metrics HTTP/1.0\r\n\r\n" >&3 && cat <&3'
}
# metric SERIES: prints its value
metric() { metrics | awk -v want="$1" 'index($0, want " ") == 1 { print $NF }'; }
exported() {
	is "series of good" "$(metrics | sed -n 's/^fw_rule_packets_total{.*name="good".*} //p')" $sent_good &&
		is "series of bad" "$(metrics | sed -n 's/^fw_rule_packets_total{.*name="bad".*} //p')" $sent_bad
}
exporter() { pgrep --ns "$(leader)" --nslist pid -x fw-exporter; }
# The exporter is started by its first client, an unprivileged user; also while fwd does not run, with the counts of that time.
step_exports() {
	local uid
	is "fw_controller_up" "$(metric fw_controller_up)" 1 && exported || return 1
	uid=$(awk '/^Uid/ { print $2 }' "/proc/$(exporter)/status")
	[ "$uid" -ge 61184 ] || fail "it runs as $uid" || return 1
	inside systemctl stop fwd.socket fwd.service && pings 50 || return 1
	is "fw_controller_up" "$(metric fw_controller_up)" 0 && exported || fail "$(metrics)" || return 1
	inside systemctl start fwd.socket fwd.service && is "fw_controller_up" "$(metric fw_controller_up)" 1 && exported
}

fwd_start() { inside systemctl start fwd.socket fwd.service; }
fwd_detach() {
	inside systemctl stop fwd.socket fwd.service && inside fwd --detach || return 1
	! attached || fail "still attached" || return 1
	sent_good=0 sent_bad=0
}
# fwd is killed, and cannot start again.
counts_without_fwd() {
	fwd_start && wait_until attached && pings 50 || fail "$1: $(inside fwctl status)" || return 1
	inside sh -c 'echo "no such setting" >>/etc/fwd/fwd.conf' && inside systemctl kill -s KILL fwd.service && pings 50 || return 1
	is "$1: fw_controller_up" "$(metric fw_controller_up)" 0 && exported || fail "$1: $(metrics)" || return 1
	inside sed -i '/^no such setting/d' /etc/fwd/fwd.conf && inside systemctl reset-failed && fwd_start && exported
}
# An exporter that was started before fwd, also after `fwd --detach`.
step_counts_for_ever() {
	local pid
	fwd_detach && inside systemctl -q stop fw-exporter.service || return 1
	inside rmdir /sys/fs/bpf/fwd 2>/dev/null
	! inside test -e /sys/fs/bpf/fwd || fail "more than an empty folder is left" || return 1
	metrics | grep -q '^HTTP/1.1 503' || fail "without counters: $(metrics)" || return 1
	pid=$(exporter)
	counts_without_fwd "exporter before fwd" && fwd_detach && counts_without_fwd "after fwd --detach" &&
		is "the exporter's process" "$(exporter)" "$pid"
}

# The commands of docs/monitoring.md for setting up Prometheus, with the files of the package.
wiring() { inside sh -c 'cat /usr/share/doc/fwd/docs/monitoring.md' | sed -n '/^## Wiring up/,/^## /s/^    //p'; }
# api PATH [NAME=VALUE]: the reply of Prometheus
api() { inside curl -sG --max-time 10 "http://127.0.0.1:9090/api/v1/$1" ${2:+--data-urlencode "$2"}; }
value() { api query "query=$1" | jq -r '.data.result | if length == 1 then .[0].value[1] else tojson end'; }
has_value() { [ "$(value "$1")" = "$2" ]; }
becomes() { wait_until has_value "$1" "$2" || fail "$1 is $(value "$1"), not $2"; }
alerts() { api alerts | jq -c '[.data.alerts[] | "\(.labels.alertname) \(.state)"]'; }
calm() { [ "$(alerts)" = "[]" ]; }
# Prometheus has the counts, and no alert is firing or pending.
watched() {
	becomes 'up{job="fwd"}' 1 && becomes fw_controller_up 1 &&
		becomes 'sum(fw_rule_packets_total{name="good",verdict="accept"})' $sent_good &&
		becomes 'sum(fw_rule_packets_total{name="bad",verdict="drop"})' $sent_bad &&
		becomes 'fw_drops_total{reason="rule"}' $sent_bad || return 1
	wait_until calm || fail "alerts: $(alerts)"
}
rules_evaluated() {
	[ "$(api rules | jq '[.data.groups[].rules[] | select(.health == "ok")] | length')" = \
		"$(inside grep -cE '^ *- (record|alert): ' /usr/share/fwd/prometheus/fwd.rules.yml)" ]
}
step_shows_in_prometheus() {
	install prometheus curl procps && inside sed -i 's/^\(  [a-z]*_interval: *\)15s/\11s/' /etc/prometheus/prometheus.yml || return 1
	wiring >"$folder/wiring" && grep -q promtool "$folder/wiring" || fail "no commands in docs/monitoring.md" || return 1
	inside sh -e <"$folder/wiring" >"$folder/log" 2>&1 || fail "$(cat "$folder/wiring" "$folder/log")" || return 1
	becomes 'up{job="fwd"}' 1 && pings 100 && watched && wait_until rules_evaluated || fail "$(api rules | jq .data)"
}

# With the lines of the manual, and a key that only root may read.
step_exports_by_tls() {
	local unit=/etc/systemd/system/fw-exporter.service.d
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=fw -addext \
		subjectAltName=IP:127.0.0.1 -keyout "$root/etc/fwd/key.pem" -out "$root/etc/fwd/cert.pem" 2>/dev/null &&
		chmod 600 "$root/etc/fwd/key.pem" && mkdir -p "$root$unit" || return 1
	inside sh -c 'zcat -f /usr/share/man/man8/fw-exporter.8*' | sed -n '/^.SH TLS/,/^.SH SYSTEMD/ { /^\[Service\]/,/^.fi/p }' |
		sed -e '/^\.fi/d' -e 's/\\-/-/g' >"$root$unit/tls.conf"
	inside systemctl daemon-reload && inside systemctl -q stop fw-exporter.service || return 1
	is healthz "$(inside curl -s --cacert /etc/fwd/cert.pem https://127.0.0.1:9479/healthz | head -n 1)" ok ||
		fail "$(inside journalctl -u fw-exporter.service | tail -n 5; cat "$root$unit/tls.conf")" || return 1
	rm -r "${root:?}$unit" "$root/etc/fwd/key.pem" "$root/etc/fwd/cert.pem"
	inside systemctl daemon-reload && inside systemctl -q stop fw-exporter.service && watched
}

agent() { pgrep --ns "$(leader)" --nslist pid -x fw-agent; }
agent_status() { inside fwctl status | sed -n 's/^fleet *//p'; }
agent_says() { agent_status | grep -q "$1"; }
# Without settings of a fleet the agent does not start. With them it runs as a user of its own, may use fwd, and tells what it does, also
# to the exporter; when it is stopped, that is not believed for long, and the host filters on.
step_has_an_agent() {
	local uid
	! inside systemctl start fw-agent.service 2>/dev/null || fail "it runs without settings" || return 1
	inside sh -ec 'systemctl stop fw-agent.service; cp -p /etc/fwd/fleet.conf /root; fwctl keys make /root/edge >/dev/null; cp /root/edge.pub /etc/fwd/fleet.keys
		printf "%s\n" "fleet edge" "url http://127.0.0.1:1/edge" "poll 1" >/etc/fwd/fleet.conf' || return 1
	inside systemctl start fw-agent.service && running fw-agent.service || fail "$(inside journalctl -u fw-agent | tail)" || return 1
	uid=$(awk '/^Uid/ { print $2 }' "/proc/$(agent)/status")
	is "its user" "$uid" "$(inside id -u fw-agent)" && is "its capabilities" "$(awk '/^Cap(Prm|Bnd|Amb)/ { print $2 }' "/proc/$(agent)/status" | sort -u)" \
		0000000000000000 || return 1
	wait_until agent_says "edge: no generation yet, idle" || fail "$(agent_status; inside journalctl -u fw-agent | tail)" || return 1
	is "fw_fleet_agent_up" "$(metric fw_fleet_agent_up)" 1 && is "state" "$(inside stat -c '%U:%G %a' /run/fw-agent /var/lib/fw-agent | xargs)" \
		"fw-agent:fwd 750 fw-agent:fwd 700" || return 1
	[ "$(metric 'fw_fleet_errors_total{kind="fwd"}')" = 0 ] || fail "it may not use fwd: $(inside journalctl -u fw-agent | tail)" || return 1
	inside systemctl reload fw-agent.service && inside systemctl kill -s KILL fw-agent.service && wait_until running fw-agent.service || return 1
	inside systemctl stop fw-agent.service && inside test -e /run/fw-agent/status || fail "no status is left" || return 1
	inside sh -ec 'mv /root/fleet.conf /etc/fwd; rm -r /etc/fwd/fleet.keys /root/edge.key /root/edge.pub /run/fw-agent' && pings 50 && exported
}

step_upgrades_under_traffic() {
	local program pid
	program=$(program)
	pings 2000 &
	pid=$!
	install "$next" || return 1
	kill -0 $pid || fail "the pings ended before the upgrade" || return 1
	wait $pid || return 1
	sent_good=$((sent_good + 2000)) sent_bad=$((sent_bad + 2000))
	running fwd.service && running fwd.socket && running fw-exporter.socket || return 1
	is version "$(answers)" "$(version_of "$next")" || return 1
	[ "$(program)" != "$program" ] || fail "the program is the same: $program" || return 1
	pings 100 && counted && exported && watched
}

step_reboots() {
	shut_down
	boot && wait_until attached || fail "s0 is not filtered: $(inside fwctl status)" || return 1
	is rules "$(inside fwctl list --terse | awk '{ print $4 }' | xargs)" "good bad" && sent_good=0 sent_bad=0 &&
		pings 100 && counted && watched
}

# Nothing passes from boot until fwd filters: not before s0 exists, and not while the store is damaged.
step_fails_closed() {
	local store=/var/lib/fwd/fwd.db
	install nftables && is "what systemd says of it" "$(inside systemd-analyze verify --man=no fwd-closed.service 2>&1 | grep fw)" "" &&
		inside systemctl -q enable fwd-closed.service || return 1
	shut_down
	boot && wait_until attached && wait_until open || fail "closed: $(inside fwctl status; inside nft list ruleset)" || return 1
	running fwd-closed.service && sent_good=0 sent_bad=0 && pings 100 && counted || return 1
	inside sh -ec "systemctl stop fwd.socket fwd.service; cp -p $store /root/backup; dd if=/dev/urandom of=$store bs=4096 seek=1 \
		count=3 conv=notrunc status=none" || return 1
	shut_down
	boot degraded && wait_until inside systemctl -q is-failed fwd.service || fail "$(inside systemctl status fwd.service)" || return 1
	is "answered pings" "$(pinged $good 5) $(pinged $bad 5)" "0 0" && ! open || return 1
	inside sh -ec "systemctl stop fwd.socket; fwd --restore /root/backup; rm $store.2* /root/backup; systemctl reset-failed
		systemctl start fwd.socket fwd.service" >/dev/null || return 1
	wait_until open || fail "$(inside fwctl status; inside journalctl -u fwd.service | tail)" || return 1
	sent_good=0 sent_bad=0
	pings 100 && counted && inside systemctl -q disable --now fwd-closed.service
}
open() { ! inside nft list table inet fw_closed >/dev/null 2>&1; }

step_removes() {
	inside apt-get remove -y -q fwd >"$folder/log" 2>&1 || fail "$(tail "$folder/log")" || return 1
	! attached || fail "still attached" || return 1
	! inside test -e /sys/fs/bpf/fwd || fail "still pinned" || return 1
	is "answered bad pings" "$(pinged $bad 5)" 5 || return 1
	! pgrep --ns "$(leader)" --nslist pid -x 'fwd|fw-.*' || fail "still running" || return 1
	is "what is left" "$(ours | grep -v -e '^/var/lib/dpkg/' -e '^/var/lib/systemd/deb-systemd-helper' -e '^/etc/systemd/' | xargs)" \
		"/etc/fwd /etc/fwd/fwd.conf /var/lib/fw-agent /var/lib/fwd /var/lib/fwd/fwd.db"
}

step_purges() {
	inside apt-get purge -y -q fwd >"$folder/log" 2>&1 || fail "$(tail "$folder/log")" || return 1
	is "what is left" "$(ours | xargs)" ""
}

[ "$(id -u)" = 0 ] || die "needs root"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$folder" && ip netns add "$client" || exit 1
for step in lintian hardened boots installs filters reloads permits exports counts_for_ever has_an_agent shows_in_prometheus exports_by_tls \
	upgrades_under_traffic reboots fails_closed removes purges; do
	if ! "step_$step"; then
		echo "FAIL  package: $step"
		exit 1
	fi
	echo "PASS  package: $step"
done
