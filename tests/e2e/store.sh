# SPDX-License-Identifier: GPL-2.0-only
# Cases of failures of fwd's store, sourced by run.sh: the file is replaced, or the file system is read-only, full or gone. Packets are
# filtered all the time, and acknowledged changes are there afterwards.

# store_fwd OPTION...: starts an fwd with its store in a separate folder, filtering by the rules `ping` and `web`.
store_fwd() {
	start_fwd && fwd_kill TERM && mkdir -p "$tmp/disk" && start_fwd "${store_there[@]}" "$@" || return 1
	ok policy in drop && ok add rule name ping in proto icmp accept && ok add rule name web in proto tcp dport 80 accept &&
		ok attach s0
}
store_filters() { expect yes try_ping $server4 && expect yes try_tcp $server4 80 && expect no try_tcp $server4 25; }
store_clean() {
	fwd_stop
	rm -rf "$tmp/disk" "$tmp/backup" "$tmp/away"
}
shows_trouble() { ctl status | grep -q "CHANGES CANNOT BE KEPT: .*$1"; }
store_refuses() { # TEXT
	refuses 1 "$1" add rule name late in drop && says "hint: " && refuses 1 "$1" load "$tmp/rules" &&
		refuses 1 "$1" attach lo && refuses 1 "$1" flush --yes && store_filters || return 1
	wait_until shows_trouble "$1" || fail "status does not say '$1': $(ctl status)" || return 1
	ok save "$tmp/saved" && grep -q 'name web' "$tmp/saved" && ok add rule --check name late in drop
}

# replaced COMMAND: a backup with `ping` alone replaces the store, in different ways, and fwd is killed or ended.
replaced() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk") how=$1 end
	rules <<<'rule accept'
	for end in TERM KILL; do
		store_clean
		store_fwd && ok del rule web && fwd_kill TERM && cp "$tmp/disk/store" "$tmp/backup" || return 1
		start_fwd "${store_there[@]}" && ok add rule name web in proto tcp dport 80 accept &&
			ok load "$tmp/rules" --check && store_filters || return 1
		(cd "$tmp/disk" && eval "$how") || return 1
		store_refuses "the store was replaced" || return 1
		fwd_kill $end
		start_fwd "${store_there[@]}" && order ping && expect no try_tcp $server4 80 && ok add rule name more in accept &&
			order ping more || return 1
		fwd_kill KILL
		start_fwd "${store_there[@]}" && order ping more || return 1
	done
	# Before fwd can notice it.
	store_clean
	store_fwd && ok del rule web && fwd_kill TERM && cp "$tmp/disk/store" "$tmp/backup" || return 1
	start_fwd "${store_there[@]}" && ok add rule name web in proto tcp dport 80 accept && ok add rule name x in accept || return 1
	fwd_kill KILL
	(cd "$tmp/disk" && eval "$how") && start_fwd "${store_there[@]}" && order ping || return 1
	grep -q 'the store was replaced while fwd was not running' "$tmp/fwd.log" || fail "$(cat "$tmp/fwd.log")"
}
case_fwd_store_moved_over() { replaced 'mv ../backup store'; }
case_fwd_store_copied_over() { replaced 'cp ../backup store'; }

# The store was moved: until it is back, changes are refused.
case_fwd_store_moved_away() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk")
	rules <<<'rule accept'
	store_clean && store_fwd && mv "$tmp/disk" "$tmp/away" && store_refuses "not where it was" && mv "$tmp/away" "$tmp/disk" &&
		ok add rule name more out accept || return 1
	in_fwd_mounts mount --bind "$tmp" "$tmp/disk" && store_refuses "not where it was" && in_fwd_mounts umount "$tmp/disk" &&
		ok del rule more || return 1
	fwd_kill KILL
	start_fwd "${store_there[@]}" && order ping web && store_filters
}

# A change that waits for confirmation cannot be kept, and is undone in the end.
case_fwd_store_moved_over_confirm() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk")
	rules <<<'rule name all in accept'
	store_clean && store_fwd && fwd_kill TERM && cp "$tmp/disk/store" "$tmp/backup" && start_fwd "${store_there[@]}" || return 1
	ok load "$tmp/rules" --confirm 3s && expect yes try_tcp $server4 25 && mv "$tmp/backup" "$tmp/disk/store" || return 1
	refuses 1 "the store was replaced" confirm || return 1
	wait_until order ping web && store_filters
}

# disk_fwd: store_fwd() with the store on a separate ext4; disk_mount OPTIONS: remounts it.
disk_mount() { in_fwd_mounts mount -o "loop,errors=remount-ro,$1" "$tmp/image" "$tmp/disk"; }
disk_fwd() {
	store_clean
	truncate -s 64M "$tmp/image" && mkfs.ext4 -q -F "$tmp/image" && start_fwd && fwd_kill TERM && mkdir -p "$tmp/disk" || return 1
	disk_mount rw 2>/dev/null || { skip "no loop device, or no ext4"; return 77; }
	start_fwd "${store_there[@]}" && ok policy in drop && ok add rule name ping in proto icmp accept &&
		ok add rule name web in proto tcp dport 80 accept && ok attach s0
}
disk_again() { in_fwd_mounts umount "$tmp/disk" && disk_mount "$1" && start_fwd "${store_there[@]}"; }
unfiltered() { in_server ip link set s0 xdp off; } # as after a boot

# Read-only from the start: the rules of the store and its log are filtered by, and changes are refused.
case_fwd_store_readonly() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk") end
	disk_fwd || return
	rules <<<'rule accept'
	for end in TERM KILL; do
		fwd_kill $end && in_fwd_mounts rm -rf "$tmp/bpffs/disk" && wait_until fw_gone && disk_again ro && order ping web && store_filters || return 1
		store_refuses "cannot be written: Read-only file system" && refuses 1 "nothing is waiting" confirm &&
			grep -q "Read-only file system" "$tmp/fwd.log" || return 1
		fwd_kill $end
		disk_again rw && order ping web && ok add rule name more in proto udp accept && ok del rule more || return 1
	done
	# A change that was not confirmed in time is undone all the same.
	rules <<<'rule name all in accept'
	ok load "$tmp/rules" --confirm 2s && fwd_kill KILL && sleep 2 && disk_again ro && order ping web && store_filters &&
		ctl status | grep -q 'undone  *load' || return 1
	fwd_kill KILL
	disk_again rw && order ping web && ctl status | grep -q 'undone  *load'
}

# No store, and none can be created: the rules are unknown, and fwd fails instead of filtering by none.
case_fwd_store_readonly_none() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk")
	disk_fwd || return
	fwd_kill TERM
	in_fwd_mounts rm "$tmp/disk/store" && in_fwd_mounts umount "$tmp/disk" && disk_mount ro || return 1
	exits 1 in_fwd_mounts "$fwd" --socket "$tmp/fwd/sock" --pins "$tmp/bpffs/disk" --store "$tmp/disk/store" &&
		says "Read-only file system" && says "$tmp/disk/store" || return 1
	exits 1 in_fwd_mounts "$fwd" --socket "$tmp/fwd/sock" --pins "$tmp/bpffs/disk" --store "$tmp/disk/new/store" &&
		says "Read-only file system" && store_filters
}

# The file system fails while fwd runs.
case_fwd_store_fails() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk") device
	disk_fwd || return
	device=/sys/fs/ext4/$(basename "$(in_fwd_mounts findmnt -no SOURCE "$tmp/disk")")
	echo 1 2>/dev/null >"$device/trigger_fs_error" || { skip "ext4 cannot be made to fail"; return; }
	refuses 1 "cannot store the change" add rule name late in accept && says "hint: " && store_filters && order ping web &&
		wait_until shows_trouble "could not be stored" || fail "$(ctl status)" || return 1
	fwd_kill KILL
	in_fwd_mounts umount "$tmp/disk" && { fsck.ext4 -y "$tmp/image" >/dev/null 2>&1; disk_mount rw; } && start_fwd "${store_there[@]}" &&
		order ping web && ok add rule name more in proto udp accept && ! shows_trouble . && store_filters
}

# No room when fwd starts, not even for a file.
case_fwd_store_full_at_start() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk") end
	rules <<<'rule accept'
	for end in TERM KILL; do
		store_clean
		start_fwd && fwd_kill TERM && mkdir -p "$tmp/disk" && in_fwd_mounts mount -t tmpfs -o size=2m,nr_inodes=8 none "$tmp/disk" &&
			start_fwd "${store_there[@]}" && ok policy in drop && ok add rule name ping in proto icmp accept &&
			ok add rule name web in proto tcp dport 80 accept && ok attach s0 && fwd_kill $end || return 1
		fill_disk
		in_fwd_mounts sh -c "for i in 1 2 3 4 5 6 7 8 9; do : >'$tmp/disk/'\$i; done" 2>/dev/null
		start_fwd "${store_there[@]}" && order ping web && store_filters && refuses 1 "o space left" add rule name late in accept ||
			return 1
		in_fwd_mounts sh -c "rm -f '$tmp/disk/ballast' '$tmp'/disk/[1-9]"
		fwd_kill KILL
		start_fwd "${store_there[@]}" && order ping web && ok add rule name more in proto udp accept && ! shows_trouble . || return 1
	done
}

# A change is not confirmed, and when fwd starts there is no room to record the undo.
case_fwd_store_full_confirm() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk")
	rules <<<'rule name all in accept'
	store_clean
	start_fwd && fwd_kill TERM && mkdir -p "$tmp/disk" && in_fwd_mounts mount -t tmpfs -o size=40m none "$tmp/disk" &&
		start_fwd "${store_there[@]}" && ok policy in drop && ok add rule name ping in proto icmp accept &&
		ok add rule name web in proto tcp dport 80 accept && ok attach s0 && ok load "$tmp/rules" --confirm 2s || return 1
	fwd_kill TERM
	fill_disk
	sleep 2
	start_fwd "${store_there[@]}" && order ping web && store_filters && shows_trouble "cannot be written: No space left" || return 1
	in_fwd_mounts rm "$tmp/disk/ballast"
	fwd_kill KILL
	start_fwd "${store_there[@]}" && order ping web && store_filters && ok add rule name more in proto udp accept
}

# With an unreadable or damaged store fwd does not start, and filtering continues.
case_fwd_store_unreadable() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk") as
	store_clean && store_fwd && fwd_kill TERM || return 1
	as=(in_fwd_mounts setpriv --bounding-set -dac_override,-dac_read_search "$fwd" --socket "$tmp/fwd/sock" "${store_there[@]}")
	chmod 0 "$tmp/disk/store"
	exits 1 "${as[@]}" && says "Permission denied" && says "$tmp/disk/store" && store_filters || return 1
	chmod 600 "$tmp/disk/store"
	dd if=/dev/urandom of="$tmp/disk/store" bs=4096 seek=1 count=1 conv=notrunc status=none
	exits 1 "${as[@]}" && says "damaged" && store_filters && exits 1 fwd_offline --check-store && says "damaged"
}

fwd_offline() { # OPTION...: runs fwd once on the store of the case
	"$fwd" --socket "$tmp/fwd/sock" --store "$tmp/disk/store" --pins "$tmp/bpffs/disk" "$@"
}

# A store is checked and restored while fwd does not run; after an error nothing has changed.
case_fwd_store_restore() {
	local store_there=(--store "$tmp/disk/store" --pins "$tmp/bpffs/disk") sum
	store_clean && start_fwd "${store_there[@]}" && fwd_kill TERM && cp "$tmp/disk/store" "$tmp/blank" || return 1
	store_fwd && fwd_kill TERM && cp "$tmp/disk/store" "$tmp/backup" || return 1
	exits 0 fwd_offline --check-store && says "$tmp/disk/store: ok" && says "rules       2" && says "interfaces  1" || return 1
	start_fwd "${store_there[@]}" && ok del rule web && exits 1 fwd_offline --check-store && says "stop fwd.socket" &&
		exits 1 fwd_offline --restore "$tmp/backup" && says "fwd is running" && order ping || return 1
	fwd_kill KILL
	exits 0 fwd_offline --check-store && says "rules       1" || return 1

	# Not a store, or an incomplete one.
	rules <<<'rule accept'
	head -c 20480 "$tmp/backup" >"$tmp/short"
	: >"$tmp/empty"
	cp "$tmp/backup" "$tmp/trigger" && sqlite3 "$tmp/trigger" "CREATE TRIGGER t AFTER INSERT ON change BEGIN DELETE FROM change; END"
	cp "$tmp/backup" "$tmp/unsaid" && sqlite3 "$tmp/unsaid" "UPDATE change SET text = 'add rule accept'"
	sum=$(cat "$tmp/disk/store" "$tmp/disk/store-wal" | md5sum)
	refuses_restore() { exits 1 fwd_offline --restore "$tmp/$1" && says "$2" && says "$tmp/$1"; }
	refuses_restore rules "not a database" && refuses_restore short "" && refuses_restore empty "not a store of fwd" &&
		refuses_restore trigger "fwd did not create its trigger" && refuses_restore unsaid "is not what was written" &&
		refuses_restore blank "never did" && refuses_restore nosuch "No such file" || return 1
	is "the store" "$(cat "$tmp/disk/store" "$tmp/disk/store-wal" | md5sum)" "$sum" && is "files" "$(ls "$tmp/disk" | xargs)" \
		"store store-mark store-wal" || return 1

	# The former store is kept, with its log.
	exits 0 fwd_offline --restore "$tmp/backup" && says "restored from $tmp/backup" && says "the former store is $tmp/disk/store.2" &&
		start_fwd "${store_there[@]}" && order ping web && store_filters && fwd_kill TERM || return 1
	mv "$tmp"/disk/store.*Z "$tmp/old" && mv "$tmp"/disk/store.*Z-wal "$tmp/old-wal" || return 1
	exits 0 fwd_offline --restore "$tmp/old" && says "rules       1" && start_fwd "${store_there[@]}" && order ping && fwd_kill TERM || return 1

	# Without a store.
	rm -r "$tmp/disk" && exits 0 fwd_offline --restore "$tmp/backup" && start_fwd "${store_there[@]}" && order ping web
}
