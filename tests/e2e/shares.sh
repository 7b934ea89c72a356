# SPDX-License-Identifier: GPL-2.0-only
# Cases of clients that take more than their share; sourced by run.sh. Members of games may read, those of staff make changes.

# by UID GROUPS PEER-ARGUMENT...
by() { setpriv --reuid "$1" --regid nogroup --groups "$2" "$peer" "$tmp/fwd/sock" "${@:3}"; }
by_fwctl() { setpriv --reuid "$1" --regid nogroup --groups "$2" "$fwctl" --socket "$tmp/fwd/sock" "${@:3}"; }

# holds UID GROUPS PEER-ARGUMENT...: clients that stay until let_go.
holding=()
holds() {
	local out
	out=$(mktemp "$tmp/held.XXXXXX")
	setpriv --reuid "$1" --regid nogroup --groups "$2" "$peer" "$tmp/fwd/sock" "${@:3}" >"$out" &
	holding+=($!)
	pids+=($!)
	wait_until grep -q ready "$out" || fail "peer ${*:3} does not get ready"
}
let_go() {
	[ ${#holding[@]} = 0 ] || kill "${holding[@]}" 2>/dev/null
	wait "${holding[@]}" 2>/dev/null
	holding=()
}

start_shared() {
	holding=()
	start_fwd --group games --admin-group staff "$@" || return 1
	chmod 711 "$tmp" "$tmp/fwd"
}
load_many() {
	many_rules "$1"
	answers 0 ask load '{}' "$tmp/many"
}
children() { pgrep -P "$fwd_pid" | wc -l; }
children_are() { [ "$(children)" = "$1" ]; }

# Requests of all kinds of users succeed, with a change by root and by an admin.
everyone_gets_in() {
	echo "add rule name by-root in drop" >"$tmp/change"
	answers 0 ask change '{}' "$tmp/change" || return 1
	echo "del rule by-root" >"$tmp/change"
	chmod 644 "$tmp/change"
	answers 0 by 4004 games,staff ask change '{}' "$tmp/change" && answers 0 by 4002 games ask status &&
		answers 0 by 4003 games ask metrics
}

case_shares_idle_connections() {
	start_shared || return 1
	holds 4001 games open 200 && everyone_gets_in || return 1
	# The user too: the oldest of its own connections is closed.
	answers 0 by 4001 games ask status || return 1
	# Many users with one connection each, as from a user namespace.
	for uid in $(seq 5001 5140); do
		holds "$uid" games open 1 || return 1
	done
	everyone_gets_in || return 1
	# An admin shuts out neither root nor others.
	holds 4005 games,staff open 200 && everyone_gets_in || return 1
	let_go
	wait_until clients_are 1 || fail "the places are not free again"
}

# If no connection is idle, the user with most of them loses the one that has made no progress for longest.
case_shares_busy_connections() {
	start_shared || return 1
	load_many 30000 || return 1
	holds 4001 games unread 64 list '{}' && everyone_gets_in || return 1
	answers 1 by 4001 games ask status && told "busy: user 4001 has 64 of 64 connections, none of them idle" || return 1
	exits 1 by_fwctl 4001 games status && says "close some, or see clients-max in fwd.conf" || return 1
	holds 4006 games unread 64 list '{}' && everyone_gets_in || return 1
	let_go
}

case_shares_slow_saves() {
	start_shared || return 1
	load_many 30000 || return 1
	holds 4001 games unread 1 save '{}' || return 1
	answers 1 by 4001 games ask save && told "busy: user 4001 has 1 of 1 long replies under way: try again" || return 1
	holds 4006 games unread 1 save '{}' && holds 4007 games unread 1 save '{}' && holds 4008 games unread 1 save '{}' &&
		holds 4005 games,staff unread 2 save '{}' || return 1
	answers 0 ask save && told "dport 1 accept" && answers 0 ask metrics '{"rules":"all"}' &&
		answers 0 ask counters '{"top":10}' && answers 0 by 4004 games,staff ask save || return 1
	# A user without a connection takes precedence over one who has had enough time.
	answers 0 by 4009 games ask save && answers 0 by 4010 games ask metrics && told '"left_out"' || return 1
	let_go
	wait_until children_are 0 || fail "$(children) children are left"
}

# More replies than may be written at once: clients wait for each other.
case_shares_saves_take_turns() {
	local n saves=()
	start_shared || return 1
	load_many 30000 || return 1
	for n in $(seq 12); do
		by 4001 games ask save >"$tmp/saved.$n" 2>&1 &
		saves+=($!)
	done
	wait "${saves[@]}"
	is "saves that are whole" "$(grep -l '"ok":true' "$tmp"/saved.* | wc -l)" 12 || fail "$(tail -qn 1 "$tmp"/saved.*)"
}

# A user who sends requests without end takes turns with the others.
case_shares_floods() {
	start_shared || return 1
	load_many 30000 || return 1
	holds 4001 games flood 60 status '{}' && holds 4006 games flood 60 list '{"filter":"from 203.0.113.0/24"}' &&
		holds 4005 games,staff flood 64 metrics '{}' || return 1
	for _ in $(seq 20); do
		everyone_gets_in || return 1
	done
	kill -0 "${holding[@]}" || fail "a flooding client was turned away" || return 1
	let_go
}

# Of the changes that wait for a load, root's is made first, though it was sent last.
case_shares_root_first() {
	local n load changes=()
	start_shared || return 1
	many_rules 200000
	ask load '{"name":"many"}' "$tmp/many" >"$tmp/loading" &
	load=$!
	wait_until grep -q stage "$tmp/loading" || fail "no progress" || return 1
	for n in $(seq 10); do
		echo "add rule name admin-$n in drop" >"$tmp/change.$n"
		chmod 644 "$tmp/change.$n"
		by 4005 games,staff ask change '{}' "$tmp/change.$n" >"$tmp/changed.$n" &
		changes+=($!)
	done
	wait_until clients_are 12 || fail "$(status_of clients) clients" || return 1
	echo "add rule name by-root in drop" >"$tmp/change"
	answers 0 ask change '{}' "$tmp/change" || return 1
	wait $load "${changes[@]}" || fail "$(cat "$tmp/loading" "$tmp"/changed.*)" || return 1
	grep -o '"generation":[0-9]*' "$tmp/out" "$tmp"/changed.* | sort -t: -k3n | head -1 | grep -q "^$tmp/out:" ||
		fail "$(grep -o '"generation":[0-9]*' "$tmp/out" "$tmp"/changed.*)"
}

# No process is started for a client that has hung up, and one that has lost its client ends.
case_shares_hang_up() {
	local before after
	start_shared || return 1
	load_many 30000 || return 1
	before=$(status_of long_replies)
	by 4001 games hangup 2000 save && by 4001 games hangup 2000 list || return 1
	after=$(status_of long_replies)
	[ $((after - before)) -lt 200 ] || fail "$((after - before)) processes for 2000 clients that had hung up" || return 1
	holds 4001 games unread 1 save '{}' && wait_until children_are 1 || fail "$(children) children" || return 1
	let_go
	wait_until children_are 0 || fail "$(children) children are left" || return 1
	# Again at once, while the process before may still be ending.
	for _ in $(seq 20); do
		by 4001 games ask save 2>/dev/null | head -c 1000 >"$tmp/out"
		grep -q "dport 1 accept" "$tmp/out" || fail "the next save: $(cat "$tmp/out")" || return 1
	done
}

# A change whose client hangs up while waiting for a load is not made; the load is.
case_shares_hang_up_waiting() {
	local load
	start_shared && start_slow_load || return 1
	echo "add rule name late in drop" >"$tmp/change"
	"$peer" "$tmp/fwd/sock" ask change '{}' "$tmp/change" >"$tmp/out" 2>&1 &
	local change=$!
	wait_until clients_are 3 || return 1
	kill $change
	wait $change 2>/dev/null
	wait_until clients_are 2 || fail "its connection is still there" || return 1
	wait $load || fail "the load: $(cat "$tmp/loading")" || return 1
	is rules "$(status_of rules)" 200000
}

head_is_taken() { # UID
	by "$1" games,staff raw <"$tmp/head" >"$tmp/out" && ! grep -q busy "$tmp/out"
}

case_shares_large_requests() {
	local before after
	start_shared || return 1
	before=$(memory_of)
	holds 4005 games,staff announce 1 1073741824 || return 1
	printf '\0\0\0\100\7\0\2\0' >"$tmp/head"
	chmod 644 "$tmp/head"
	for _ in $(seq 30); do
		answers 0 by 4005 games,staff raw <"$tmp/head" &&
			told "busy: user 4005 has 1024 of 1024 MiB of requests under way: try again" || return 1
	done
	everyone_gets_in && load_many 30000 || return 1
	# A request that makes no progress gives way to others.
	wait_until head_is_taken 4006 || fail "user 4005 shuts 4006 out: $(cat "$tmp/out")" || return 1
	holds 4005 games,staff announce 1 1073741824 || return 1
	after=$(memory_of)
	[ $((after - before)) -lt 65536 ] || fail "announced loads cost $((after - before)) KiB" || return 1
	let_go
	wait_until clients_are 1 && is "bytes of requests" "$(ask status | grep -o '"request_bytes":[1-9]')" ""
}

# Unread replies are limited too.
case_shares_unread_replies() {
	local before after
	start_shared || return 1
	awk 'BEGIN { for (i = 0; i < 16000; i++) printf "rule name rule-with-a-long-name-%d in drop\n", i }' >"$tmp/many"
	answers 0 ask load '{}' "$tmp/many" || return 1
	before=$(memory_of)
	holds 4001 games unread 60 metrics '{"limit":16000}' || return 1
	after=$(memory_of)
	[ $((after - before)) -lt 65536 ] || fail "unread replies cost $((after - before)) KiB" || return 1
	answers 1 by 4001 games ask list && told "of 16 MiB of replies that have not been read" || return 1
	everyone_gets_in || return 1
	let_go
}

# Changes that arrive faster than grace periods end wait for one, instead of having all tables compiled again.
raw_changes() { "$peer" "$tmp/fwd/sock" raw <"$tmp/changes"; }
case_shares_changes_in_a_row() {
	local n
	start_shared || return 1
	load_many 30000 || return 1
	for n in $(seq 300); do
		printf '\67\0\0\0\6\0\2\0\2\0\0\0{}\55\0\0\0add rule first name zz in from 192.0.2.1 drop'
		printf '\25\0\0\0\6\0\2\0\2\0\0\0{}\13\0\0\0del rule zz'
	done >"$tmp/changes"
	answers 0 raw_changes || return 1
	is "changes" "$(grep -ao '"ok":true' "$tmp/out" | wc -l)" 600 &&
		is "changes that recompiled" "$(grep -ao '"rebuilt":true' "$tmp/out" | wc -l)" 0
}
