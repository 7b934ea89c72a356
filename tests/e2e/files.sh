# SPDX-License-Identifier: GPL-2.0-only
# Cases of files that root writes where others may write too, sourced by run.sh. The other user is nobody.

as_user() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }

# A folder of the user, one of root, and one where everybody may write, like /tmp.
three_folders() {
	chmod 711 "$tmp" && rm -rf "$tmp/his" "$tmp/ours" "$tmp/all" && mkdir -m 755 "$tmp/his" "$tmp/ours" && mkdir -m 1777 "$tmp/all" &&
		chown 65534:65534 "$tmp/his"
}
# owned FILE: prints mode and owner.
owned() { stat -c '%a %u' "$1"; }
nothing_left() { is "what is left" "$(find "$tmp/his" "$tmp/ours" "$tmp/all" -name '*fwctl*')" ""; }
is_ruleset() { grep -q 'rule 1 name saved' "$1" || fail "$1 is no ruleset: $(head -c 200 "$1")"; }

case_files_save_modes() {
	share_fwd && three_folders && ok add rule 1 name saved in drop || return 1
	local file
	for file in his all; do
		as_user sh -c 'echo his >"$1" && chmod 6777 "$1"' - "$tmp/$file/rules" || return 1
		ok save "$tmp/$file/rules" && is_ruleset "$tmp/$file/rules" && is "$file: mode" "$(owned "$tmp/$file/rules")" "640 0" || return 1
	done
	echo ours >"$tmp/ours/rules" && chmod 6751 "$tmp/ours/rules" && ok save "$tmp/ours/rules" &&
		is "of ours" "$(owned "$tmp/ours/rules")" "751 0" && chmod 600 "$tmp/ours/rules" && ok save "$tmp/ours/rules" &&
		is "of ours" "$(owned "$tmp/ours/rules")" "600 0" && ok save "$tmp/ours/new" &&
		is "new" "$(owned "$tmp/ours/new")" "640 0" || return 1
	(umask 077 && ok save "$tmp/ours/private") && is "by the umask" "$(owned "$tmp/ours/private")" "600 0" || return 1
	# A hard link keeps the old contents.
	ln "$tmp/ours/rules" "$tmp/ours/other" && echo kept >"$tmp/ours/rules" && ok save "$tmp/ours/rules" &&
		is "the other name" "$(cat "$tmp/ours/other")" kept && is_ruleset "$tmp/ours/rules" && nothing_left
}

# Files that are not regular are written to, and stay what they are.
case_files_save_as_it_is() {
	share_fwd && three_folders && ok add rule 1 name saved in drop || return 1
	mknod -m 666 "$tmp/ours/null" c 1 3 && mknod -m 666 "$tmp/ours/full" c 1 7 || { skip "no devices can be made here"; return; }
	ln -s null "$tmp/ours/link"
	ok save "$tmp/ours/null" && ok save "$tmp/ours/link" && [ -c "$tmp/ours/null" ] && [ -L "$tmp/ours/link" ] &&
		is "the device" "$(owned "$tmp/ours/null")" "666 0" || fail "the device was replaced" || return 1
	refuses 1 "No space left" save "$tmp/ours/full" && [ -c "$tmp/ours/full" ] || fail "the full device" || return 1
	mkfifo "$tmp/ours/pipe" || return 1
	cat "$tmp/ours/pipe" >"$tmp/got" &
	ok save "$tmp/ours/pipe" && wait $! && is_ruleset "$tmp/got" && [ -p "$tmp/ours/pipe" ] || fail "the pipe" || return 1
	nc -lU "$tmp/ours/socket" >"$tmp/got" </dev/null &
	wait_until test -S "$tmp/ours/socket" && ok save "$tmp/ours/socket" && wait $! && is_ruleset "$tmp/got" &&
		[ -S "$tmp/ours/socket" ] || fail "the socket" || return 1
	refuses 1 "refused" save "$tmp/ours/socket" && [ -S "$tmp/ours/socket" ] && refuses 1 "directory" save "$tmp/ours" &&
		refuses 1 "directory" save "$tmp/ours/" || fail "a dead socket, a folder" || return 1
	# Our own descriptors are written to at their position.
	{ echo first && ctl save /dev/stdout && ctl save /dev/fd/5 && ctl save /proc/self/fd/5; } >"$tmp/got" 5>"$tmp/five" || return 1
	is "first" "$(head -n 1 "$tmp/got")" first && is_ruleset "$tmp/got" && is "twice" "$(grep -c 'name saved' "$tmp/five")" 2 && nothing_left
}

case_files_save_links() {
	share_fwd && three_folders && ok add rule 1 name saved in drop || return 1
	echo old >"$tmp/ours/file"
	ln -s ../ours/file "$tmp/his/root-made" && ln -s file "$tmp/ours/link" && ln -s "$tmp/ours/link" "$tmp/ours/chain" &&
		ln -s missing "$tmp/ours/dangling" && ln -s loop "$tmp/ours/loop" && ln -s . "$tmp/ours/folder" || return 1
	ok save "$tmp/ours/chain" && is_ruleset "$tmp/ours/file" && [ -L "$tmp/ours/link" ] && [ -L "$tmp/ours/chain" ] &&
		[ ! -L "$tmp/ours/file" ] || fail "a link was replaced" || return 1
	ok save "$tmp/ours/dangling" && is_ruleset "$tmp/ours/missing" && [ -L "$tmp/ours/dangling" ] || fail "a dangling link" || return 1
	refuses 1 "symbolic links" save "$tmp/ours/loop" && ok save "$tmp/ours/folder/folder/new" && is_ruleset "$tmp/ours/new" || return 1
	# A link of the user may lead to files of the user.
	as_user sh -c 'cd "$1" && mkdir sub && ln -s sub/mine link && ln -s "$1/sub" way' - "$tmp/his" &&
		ok save "$tmp/his/link" && is_ruleset "$tmp/his/sub/mine" && [ -L "$tmp/his/link" ] && ok save "$tmp/his/way/too" &&
		is_ruleset "$tmp/his/sub/too" && nothing_left
}

# refused_link PATH: the save is refused, and nothing of ours has changed.
refused_link() {
	refuses 1 "symbolic link" save "$1" && says "hint: name the file" && is "the secret" "$(cat "$tmp/ours/secret")" secret &&
		[ ! -e "$tmp/ours/missing" ] || fail "through $1"
}
# Links of the user to files that the user cannot write.
case_files_save_planted() {
	share_fwd && three_folders && ok add rule 1 name saved in drop || return 1
	local folder
	echo secret >"$tmp/ours/secret" && mknod -m 600 "$tmp/ours/device" c 1 3 && ln -s "$tmp/ours/device" "$tmp/ours/to-device" || return 1
	for folder in his all; do
		as_user sh -c 'cd "$1" && ln -s ../ours/secret link && ln -s "$2/secret" there && ln -s link chain && ln -s "$2/missing" dangling &&
			ln -s "$2" way && ln -s "$2/device" device && ln -s "$2/to-device" device2 && ln -s /proc/self/fd/1 out' \
			- "$tmp/$folder" "$tmp/ours" || return 1
		refused_link "$tmp/$folder/link" && refused_link "$tmp/$folder/there" && refused_link "$tmp/$folder/chain" &&
			refused_link "$tmp/$folder/dangling" && refused_link "$tmp/$folder/way/secret" && refused_link "$tmp/$folder/way/missing" &&
			refused_link "$tmp/$folder/device" && refused_link "$tmp/$folder/device2" && refused_link "$tmp/$folder/out" || return 1
	done
	# Nor in a folder of the user where everybody may write, nor by a link of ours that the user could have moved.
	as_user ln -s "$tmp/his/free" "$tmp/all/free" && ln -s ../ours/secret "$tmp/his/moved" && refused_link "$tmp/all/free" &&
		refused_link "$tmp/his/moved" && [ ! -e "$tmp/his/free" ] || fail "a link was followed" || return 1
	as_user mkfifo "$tmp/all/pipe" && refuses 1 "Permission denied" save "$tmp/all/pipe" && [ -p "$tmp/all/pipe" ] || return 1
	nothing_left
}

# refused_fwd TEXT OPTION...: fwd fails with that message, and leaves nothing.
refused_fwd() {
	local want=$1
	shift
	exits 1 timeout 60 "$fwd" --pins "$tmp/bpffs/fwd" "$@" && says "$want"
}

# fwd neither creates nor trusts anything in a place that others control.
case_files_fwd_paths() {
	three_folders || return 1
	fwd_stop
	mkdir -p "$tmp/fwd" && as_user mkdir "$tmp/his/sub" "$tmp/all/his" && as_user ln -s "$tmp/ours" "$tmp/all/link" &&
		as_user ln -s "$tmp/ours/db" "$tmp/all/db" && mkdir -m 777 "$tmp/ours/open" || return 1
	local folder
	for folder in his his/sub his/new all/his all/link ours/open; do
		refused_fwd "other users could change" --socket "$tmp/$folder/sock" --store "$tmp/fwd/store" &&
			refused_fwd "other users could change" --socket "$tmp/fwd/sock" --store "$tmp/$folder/store" || return 1
	done
	refused_fwd "other users could change" --socket "$tmp/fwd/sock" --store "$tmp/all/db" &&
		is "made" "$(ls -A "$tmp/his/sub" "$tmp/all/his" "$tmp/ours/open"; find "$tmp/ours" -type f; ls -d "$tmp/his/new" 2>&1 | grep -v No)" \
			"$(ls -A "$tmp/his/sub" "$tmp/all/his" "$tmp/ours/open")" || return 1
	# A socket, a store, a log or a journal that a user has created in a sticky folder.
	as_user timeout 60 nc -lU "$tmp/all/sock" </dev/null >/dev/null 2>&1 &
	wait_until test -S "$tmp/all/sock" && refused_fwd "socket of another user" --socket "$tmp/all/sock" --store "$tmp/fwd/store" || return 1
	kill $! && as_user sh -c 'echo >"$1/sock2"; : >"$1/a"; : >"$1/b-wal"; : >"$1/c-journal"; ln -s a "$1/d-wal"' - "$tmp/all" || return 1
	refused_fwd "is no socket" --socket "$tmp/all/sock2" --store "$tmp/fwd/store" || return 1
	for folder in a b c d; do
		refused_fwd "belongs to another user" --socket "$tmp/fwd/sock" --store "$tmp/all/$folder" || return 1
	done
	: >"$tmp/ours/open-store" && chmod 666 "$tmp/ours/open-store" &&
		refused_fwd "may be written by other users" --socket "$tmp/fwd/sock" --store "$tmp/ours/open-store"
}

# A folder like /tmp works: fwd creates SQLite's files before another user can.
case_files_fwd_in_tmp() {
	three_folders && start_fwd --store "$tmp/all/store" && ok add rule 1 name saved in drop || return 1
	local file round
	for round in running stopped; do
		for file in store store-wal store-journal; do
			as_user sh -c '! { rm -f "$1" && : >"$1"; } && ! echo >>"$1"' - "$tmp/all/$file" 2>/dev/null ||
				fail "$round: another user can write $file" || return 1
		done
		[ $round = stopped ] || fwd_kill KILL
	done
	start_fwd --store "$tmp/all/store" && order saved && fwd_kill TERM && start_fwd --store "$tmp/all/store" && order saved
}

# What a user has created in the folder of pins, while everybody could write to it, is not taken over.
case_files_pins() {
	three_folders && start_fwd && fwd_kill TERM || return 1
	local pins=$tmp/bpffs/open
	in_fwd mkdir -m 1777 "$pins" && in_fwd setpriv --reuid=65534 --regid=65534 --clear-groups mkdir "$pins/readers" || return 1
	exits 1 in_fwd timeout 60 "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" --pins "$pins" && says "belongs to another user" &&
		in_fwd rmdir "$pins/readers" && start_fwd --pins "$pins" && is "pins" "$(in_fwd stat -c %A "$pins" | cut -c6,9)" "--" &&
		fwd_kill TERM && in_fwd chown 65534 "$pins" || return 1
	exits 1 in_fwd timeout 60 "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" --pins "$pins" && says "other users could change"
}

# fwd does not wait for a pipe in place of the rules.
case_files_rules_pipe() {
	three_folders && start_fwd && fwd_kill TERM && rm -rf "$tmp/fwd/store"* && mkfifo "$tmp/ours/rules" || return 1
	exits 1 nsenter --target "$fwd_space" --net --mount timeout -k 5 60 "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" \
		--pins "$tmp/bpffs/fwd" --rules "$tmp/ours/rules" && says "cannot read"
}
