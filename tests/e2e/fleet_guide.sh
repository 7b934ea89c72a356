# SPDX-License-Identifier: GPL-2.0-only
# docs/fleet.md as a new user follows it: its commands, as they are written there, on four machines with file systems of their own.
# Sourced by run.sh.

guide=$top/docs/fleet.md
guide_hosts="web1 web2 db1"
declare -A guide_roots=() # by machine: a process in its namespaces

guide_space() { echo "fwe2e-$$-g-$1"; } # MACHINE, or hub

# guide_in MACHINE COMMAND...
guide_in() { nsenter --target "${guide_roots[$1]}" --net --mount --uts -- env PATH="$tmp/guide/bin:$PATH" MACHINE="$1" GUIDE="$tmp/guide" "${@:2}"; }

# The indented lines below a heading. Addresses are those of the rig, and rulesets are watched for a shorter time.
guide_commands() { # HEADING
	awk -v want="### $1" '/^#/ { on = $0 == want } on && sub(/^    /, "")' "$guide" | sed -e 's/192\.0\.2\./198.18.0./g' -e 's/^lead on$/&\nconfirm 10/'
}
# Runs them on a machine; what they print is in $tmp/guide/said.
guide_run() { # MACHINE HEADING [OPTION]
	guide_commands "$2" >"$tmp/guide/commands"
	[ -s "$tmp/guide/commands" ] || fail "docs/fleet.md has no commands: $2" || return 1
	guide_in "$1" bash ${3--e} -c 'cd /root && . "$GUIDE/commands"' >"$tmp/guide/said" 2>&1 </dev/null
}
guide_works() { guide_run "$@" || fail "$1, $2: $(cat "$tmp/guide/commands" "$tmp/guide/said")"; }

# What a machine has instead of systemd and packages: commands that start the same programs.
guide_tools() {
	mkdir -p "$tmp/guide/bin" && ln -s "$(dirname "$fwctl")"/{fwd,fwctl,fw-agent} "$tmp/guide/bin/" || return 1
	printf '%s\n' '#!/bin/sh' 'exec "$@"' >"$tmp/guide/bin/sudo"
	cat >"$tmp/guide/bin/apt" <<-'END'
		#!/bin/sh
		# nginx is started by its package.
		printf 'daemon off; pid /run/nginx.pid; error_log /run/nginx.error; events { }
		http { access_log off; server { listen 80; root /var/www/html; } }' >/etc/nginx/guide.conf
		exec service_start nginx nginx -c /etc/nginx/guide.conf
	END
	cat >"$tmp/guide/bin/service_start" <<-'END'
		#!/bin/sh
		# service_start NAME COMMAND...
		name=$1
		shift
		"$@" >>"$GUIDE/$MACHINE.$name.log" 2>&1 </dev/null &
		echo $! >"/run/$name.pid.guide"
	END
	cat >"$tmp/guide/bin/systemctl" <<-'END'
		#!/bin/bash
		end_service() {
			[ ! -e "/run/$1.pid.guide" ] || { kill "$(cat "/run/$1.pid.guide")"; tail --pid="$(cat "/run/$1.pid.guide")" -f /dev/null; }
		}
		case "$*" in
		*etcd) set -a; . /etc/default/etcd; exec service_start etcd etcd --data-dir /var/lib/etcd/default ;;
		*fwd) end_service fwd; service_start fwd fwd
			until fwctl status >/dev/null 2>&1; do sleep 0.05; done ;;
		*fw-agent) end_service fw-agent; mkdir -p /run/fw-agent /var/lib/fw-agent && chown fw-agent:fwd /run/fw-agent /var/lib/fw-agent && chmod 750 /run/fw-agent &&
			service_start fw-agent setpriv --reuid fw-agent --regid fwd --groups fwd,fwd-admin --inh-caps -all --bounding-set -all fw-agent ;;
		esac
	END
	chmod +x "$tmp"/guide/bin/{sudo,apt,service_start,systemctl} && chmod 711 "$tmp" && chmod 755 "$tmp/guide" "$tmp/guide/bin"
}

# guide_machine NAME LAST-BYTE: its network and a file system whose changes are its own.
guide_machine() {
	local hub space
	hub=$(guide_space hub) space=$(guide_space "$1")
	spaces+=("$space")
	ip netns add "$space" && ip link add eth0 netns "$space" type veth peer name "$1" netns "$hub" && enter "$hub" ip link set "$1" master br0 up &&
		enter "$space" ip link set lo up && enter "$space" ip addr add "198.18.0.$2/24" dev eth0 && enter "$space" ip link set eth0 up || return 1
	# shellcheck disable=SC2016 # the variables are the inner shell's
	nsenter --net="/run/netns/$space" unshare --mount --uts --propagation private sh -ec '
		hostname "$1"
		mount -t tmpfs tmpfs "$2"
		for f in etc var root; do
			mkdir "$2/$f" "$2/work.$f"
			mount -t overlay overlay -o "lowerdir=/$f,upperdir=$2/$f,workdir=$2/work.$f" "/$f"
		done
		mount -t tmpfs tmpfs /run
		mkdir -p /etc/fwd /run/fwd /var/lib/fwd /var/lib/etcd /var/www/html
		rm -rf /etc/fwd/* /var/www/html/*
		: >/etc/default/etcd
		for g in fwd fwd-admin; do getent group $g >/dev/null || groupadd --system $g; done
		getent passwd fw-agent >/dev/null || useradd --system --no-create-home fw-agent
		mount -t bpf none /sys/fs/bpf
		touch /run/ready
		exec sleep 10000' - "$1" "$tmp/guide/files" &
	guide_roots[$1]=$!
	pids+=($!)
	wait_until nsenter --target "${guide_roots[$1]}" --mount test -e /run/ready || fail "no machine $1"
}

guide_up() {
	local h n=30 hub
	hub=$(guide_space hub)
	spaces+=("$hub")
	mkdir -p "$tmp/guide/files" && guide_tools && ip netns add "$hub" && enter "$hub" ip link add br0 type bridge forward_delay 0 &&
		enter "$hub" ip link set br0 up && guide_machine depot 10 || return 1
	for h in $guide_hosts; do
		n=$((n + 1))
		guide_machine "$h" "$n" && guide_in "$h" systemctl restart fwd || return 1
	done
}
# Ends everything that was started on the machines, and removes them.
guide_down() {
	local h f
	for h in depot $guide_hosts; do
		[ -n "${guide_roots[$h]:-}" ] || continue
		for f in fw-agent etcd nginx fwd; do
			# shellcheck disable=SC2016 # the inner shell's
			guide_in "$h" sh -c '[ ! -e /run/$0.pid.guide ] || kill "$(cat /run/$0.pid.guide)"' $f 2>/dev/null
		done
		guide_in "$h" fwd --detach >/dev/null 2>&1
		kill "${guide_roots[$h]}" 2>/dev/null
		wait "${guide_roots[$h]}" 2>/dev/null
		ip netns del "$(guide_space "$h")" 2>/dev/null
	done
	ip netns del "$(guide_space hub)" 2>/dev/null
	rm -rf "$tmp/guide"
	guide_roots=()
}

guide_connected() { guide_in "$1" jq -e '.etcd and .state == "confirmed"' /run/fw-agent/status >/dev/null; }
# With users of etcd, whose rights are as narrow as they can be.
guide_users() {
	local h
	guide_works depot "On the depot, users of etcd" || return 1
	for h in $guide_hosts; do
		guide_works "$h" "On each host, a user of etcd" && wait_until guide_connected "$h" || fail "$h: $(guide_in "$h" cat /run/fw-agent/status; tail -5 "$tmp/guide/$h.fw-agent.log")" || return 1
	done
	guide_works depot "On the depot, who leads" && guide_all_run 5 || fail "$(cat "$tmp/guide/said")" || return 1
	! guide_in depot etcdctl --endpoints http://198.18.0.10:2379 --user host:host-secret put /fw/edge/ring/all '{}' >"$tmp/guide/said" 2>&1 ||
		fail "a host may tell others what to run"
}

guide_shows() { guide_in "$1" fwctl status | grep -q "^fleet .*$2"; } # MACHINE TEXT
guide_restored() { guide_shows "$1" ", confirmed since" && ! guide_in "$1" fwctl list | grep -q "name mine"; }
# While the host's own file exists, the host is its administrator's, whoever the owner is.
guide_overruled() {
	guide_in web2 touch /etc/fwd/local.rules
	wait_until guide_shows web2 OVERRULED && guide_in web2 fwctl add rule name mine drop >"$tmp/guide/said" 2>&1 ||
		fail "$(cat "$tmp/guide/said"; guide_in web2 fwctl status | grep -A2 ^fleet)" || return 1
	guide_in web2 rm /etc/fwd/local.rules
	wait_until guide_restored web2 || fail "$(guide_in web2 fwctl status | grep -A2 ^fleet; guide_in web2 fwctl list)"
}

guide_runs() { guide_in "$1" fwctl status | grep -q "^fleet .*: generation $2, "; }
guide_all_run() { # GENERATION
	local h
	for h in $guide_hosts; do
		wait_until guide_runs "$h" "$1" || fail "$h does not run generation $1: $(guide_in "$h" fwctl status | grep -A3 ^fleet; tail -5 "$tmp/guide/$h.fw-agent.log")" || return 1
	done
}

guide_followed() {
	local h
	guide_up && guide_works depot "On the depot" || return 1
	for h in $guide_hosts; do
		guide_in depot cat /root/edge.pub | guide_in "$h" tee /root/edge.pub >/dev/null
		guide_works "$h" "On each host" && wait_until eval "guide_in $h fwctl status | grep -q '^fleet .*edge'" || fail "$(cat "$tmp/guide/said")" || return 1
	done
	guide_works depot "On the depot, a first ruleset" && guide_all_run 1 && guide_works depot "On the depot, a change" && guide_all_run 2 || return 1
	guide_in web2 fwctl set add banned 203.0.113.9 >/dev/null
	# The rollout of a mistake fails in the first ring, without anybody's hand, and the repaired one is rolled out to all.
	guide_run depot "On the depot, a mistake" +e
	grep -q 'generation 3' "$tmp/guide/said" && grep -qi 'failed' "$tmp/guide/said" || fail "$(cat "$tmp/guide/said")" || return 1
	guide_all_run 4 && guide_in web2 fwctl list sets | grep -q 203.0.113.9 || fail "$(cat "$tmp/guide/said"; guide_in web2 fwctl list sets)" || return 1
	for h in $guide_hosts; do
		guide_works "$h" "On each host, its own administrator" || return 1
		guide_in "$h" fwctl add rule drop >"$tmp/guide/said" 2>&1
		grep -q "the user 'fw-agent' owns" "$tmp/guide/said" || fail "$(cat "$tmp/guide/said")" || return 1
	done
	guide_overruled && guide_users
}
case_fleet_guide() {
	local code
	mkdir -p "$tmp/overlay" && unshare --mount --propagation private sh -c 'mount -t tmpfs tmpfs "$0" && mkdir "$0/a" "$0/b" "$0/c" &&
		mount -t overlay overlay -o "lowerdir=$0/a,upperdir=$0/b,workdir=$0/c" "$0/a"' "$tmp/overlay" 2>/dev/null ||
		{ skip "the kernel refuses overlay file systems"; return; }
	guide_followed
	code=$?
	guide_down
	return $code
}
