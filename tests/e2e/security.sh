# SPDX-License-Identifier: GPL-2.0-only
# The table of files in SECURITY.md, sourced by run.sh.

# The files of fwd have the modes and groups of the table.
case_security_modes() {
	start_fwd --store "$tmp/state/fwd.db" --group games || return 1
	local path mode group at rows=0
	while read -r path mode group; do
		group=${group:+games}
		case $path in
		/run/fwd/fwd.sock) at=$tmp/fwd/sock ;;
		/var/lib/fwd*) at=$tmp/state${path#/var/lib/fwd} ;;
		*/counters | */interfaces) at=$tmp/bpffs/fwd/${path##*/} && [ -z "$(no_files)" ] || continue ;;
		/sys/fs/bpf/fwd*) at=$tmp/bpffs/fwd${path#/sys/fs/bpf/fwd} ;;
		*) continue ;;
		esac
		is "$path" "$(in_fwd stat -c '%a %U %G' "$at")" "$mode root ${group:-root}" || return 1
		rows=$((rows + 1))
	done < <(sed -nE 's/^\| `(\/[^`]*)` \| ([0-7]{3})(, group `fwd`)? \|.*/\1 \2\3/p' "$here/../../SECURITY.md" | tr ',' ' ')
	[ $rows -ge 7 ] || fail "only $rows files of SECURITY.md were found"
}
