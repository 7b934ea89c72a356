# SPDX-License-Identifier: GPL-2.0-only
# Cases of fwd when things fail, sourced by run.sh. build/kills, which has its own namespaces, does most of the work; its summary is
# shown.

kills() { # TEST
	"${KILLS_PROGRAM:-$top/build/kills}" "$1" >"$tmp/kills" 2>&1 || { fail "$(cat "$tmp/kills")"; return 1; }
	sed -n -e '/^seed/s/^/      /p' -e '/^[0-9]/s/^/      /p' "$tmp/kills"
}

case_fwd_killed() { kills killed; }
case_fwd_power_cut() { kills power_cut; }
case_fwd_clients_at_once() { kills clients_at_once; }

fill_disk() { in_fwd_mounts sh -c "cat /dev/zero >'$tmp/disk/ballast'" 2>/dev/null; }

# Changes that cannot be stored are refused and have no effect; when there is room again, changes work again.
case_fwd_full_disk() {
	local there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk")
	start_fwd && fwd_kill TERM && mkdir -p "$tmp/disk" && in_fwd_mounts mount -t tmpfs -o size=6m none "$tmp/disk" || return 1
	start_fwd "${there[@]}" || return 1
	ok policy in drop && ok add rule name ping in proto icmp accept && ok add rule name web in proto tcp dport 80 accept &&
		ok attach s0 || return 1
	filters() { expect yes try_ping $server4 && expect yes try_tcp $server4 80 && expect no try_tcp $server4 25; }
	filters && fill_disk
	# more than may still fit into existing files
	seq -f 'add rule name r%g in from 10.0.0.1 drop comment "this takes some room on the disk"' 30000 >"$tmp/batch"
	{ cat "$tmp/batch" && echo 'del rule web'; } | exits 1 ctl batch - && says "no space left" && says "make room" &&
		order ping web && filters || return 1
	{ echo 'rule name all accept' && sed 's/^add //' "$tmp/batch"; } >"$tmp/rules"
	refuses 1 "0 MiB are free" load "$tmp/rules" && says "make room" && order ping web && filters || return 1
	fwd_kill KILL
	filters && start_fwd "${there[@]}" && order ping web && filters || return 1
	in_fwd_mounts rm "$tmp/disk/ballast"
	ok add rule name more in proto tcp dport 25 accept && order ping web more && expect yes try_tcp $server4 25 || return 1
	fwd_kill KILL
	start_fwd "${there[@]}" && order ping web more && expect yes try_tcp $server4 25
}
