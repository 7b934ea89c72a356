# SPDX-License-Identifier: GPL-2.0-only
# Cases of fwd with clients that misbehave, or lack permission; sourced by run.sh.

peer=${PEER:-$top/build/peer}

ask() { "$peer" "$tmp/fwd/sock" ask "$@"; }
# answers CODE COMMAND...: checks the exit code; the output is in $tmp/out.
answers() {
	local want=$1 code
	shift
	"$@" >"$tmp/out" 2>&1
	code=$?
	[ $code = "$want" ] || fail "$*: exit code $code, not $want: $(head -c 2000 "$tmp/out")"
}
told() { grep -qF -- "$1" "$tmp/out" || fail "does not say '$1': $(head -c 2000 "$tmp/out")"; }
# Prints a number of the status, by its name.
status_of() { ask status | grep -o "\"$1\":[0-9]*" | head -1 | cut -d: -f2; }
clients_are() { [ "$(status_of clients)" = "$1" ]; }
clients_below() { [ "$(status_of clients)" -lt "$1" ]; }
memory_of() { awk '/VmRSS/ { print $2 }' "/proc/$fwd_pid/status"; }

# many_rules N: writes them to $tmp/many.
many_rules() {
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "rule in from 10.%d.%d.%d proto tcp dport %d accept\n", i / 65536, i / 256 % 256, i % 256, i % 60000 + 1 }' \
		>"$tmp/many"
}

# hold MODE N: starts clients that stay until `release`.
hold() {
	rm -f "$tmp/held"
	"$peer" "$tmp/fwd/sock" "$1" "$2" >"$tmp/held" &
	held=$!
	pids+=($held)
	wait_until grep -q ready "$tmp/held" || fail "peer $1 does not get ready"
}
release() {
	kill $held 2>/dev/null
	wait $held 2>/dev/null
	return 0
}

case_clients_hostile() {
	local before after
	start_fwd --client-timeout 2 || return 1
	many_rules 30000
	answers 0 ask load '{}' "$tmp/many" || return 1
	before=$(memory_of)
	hold bad 105 || return 1
	for _ in $(seq 20); do
		answers 0 ask status || return 1
	done
	echo "add rule first name good in proto tcp dport 1 accept" >"$tmp/change"
	answers 0 ask change '{}' "$tmp/change" && answers 0 ask list '{"limit":10}' && told '"total":30001' || return 1
	after=$(memory_of)
	[ $((after - before)) -lt 65536 ] || fail "bad clients cost $((after - before)) KiB" || return 1
	# Those that stopped in the middle of something are closed by now; idle ones may stay.
	wait_until clients_below 40 || fail "$(status_of clients) clients" || return 1
	release
	wait_until clients_are 1 || fail "$(status_of clients) clients are left" || return 1
	answers 0 ask list && [ "$(wc -l <"$tmp/out")" = 30002 ] || fail "$(wc -l <"$tmp/out") lines"
}

# as_member GROUPS: as nobody, in those groups: games may connect, staff may make changes.
as() {
	setpriv --reuid nobody --regid nogroup --"$1" "$peer" "$tmp/fwd/sock" "${@:2}"
}

# Admins have connections of their own; a user who has used up a share loses an idle one.
case_clients_limit() {
	start_fwd --clients-max 5 --group games --admin-group staff || return 1
	chmod 711 "$tmp" "$tmp/fwd"
	setpriv --reuid nobody --regid nogroup --groups games "$peer" "$tmp/fwd/sock" open 5 >"$tmp/readers" &
	local readers=$!
	pids+=("$readers")
	wait_until grep -q ready "$tmp/readers" || fail "no connections" || return 1
	wait_until clients_are 4 || fail "$(status_of clients) clients, not 3 of nobody's and this one" || return 1
	answers 0 as groups=games ask status && answers 0 as groups=games,staff ask status && answers 0 ask status || return 1
	hold open 8 || return 1
	answers 0 ask status && told '"connections":5,"connections_max":5' || return 1
	release
	kill "$readers"
	wait "$readers" 2>/dev/null
	wait_until clients_are 1 || fail "the places are not free again"
}

case_clients_rights() {
	start_fwd --group games --admin-group staff || return 1
	chmod 711 "$tmp" "$tmp/fwd"
	echo "add rule name one in drop" >"$tmp/change"
	chmod 644 "$tmp/change"
	answers 4 as clear-groups ask status || return 1
	answers 0 as groups=games ask status && answers 0 as groups=games ask save || return 1
	for request in "change {} $tmp/change" "load {} $tmp/change" reset confirm undo flush 'attach {"dev":"s0"}' \
		'detach {"dev":"s0"}'; do
		# shellcheck disable=SC2086 # words on purpose
		answers 3 as groups=games ask $request && told "members of the group 'staff'" || return 1
	done
	# The header of a load of 1 GiB is enough for a refusal.
	printf '\0\0\0\100\7\0\2\0' >"$tmp/head"
	answers 0 as groups=games raw <"$tmp/head" && told '"denied":true' || return 1
	answers 0 as groups=games,staff ask change '{}' "$tmp/change" && answers 0 ask list '{"rule":"one"}'
}

case_clients_two_at_once() {
	local a b
	start_fwd || return 1
	changes() {
		for i in $(seq 50); do
			echo "add rule name $1$i in proto tcp dport $i accept" >"$tmp/change$1"
			ask change '{}' "$tmp/change$1" >/dev/null || return 1
		done
	}
	changes a &
	a=$!
	changes b &
	b=$!
	wait $a && wait $b || fail "a change was refused" || return 1
	is rules "$(status_of rules)" 100
}

# Starts a load that takes long enough to do something else: its process is $load.
start_slow_load() {
	many_rules 200000
	ask load '{"name":"many"}' "$tmp/many" >"$tmp/loading" &
	load=$!
	wait_until grep -q stage "$tmp/loading" || fail "no progress"
}

# A change waits for the end of a load, and reading does not.
case_clients_wait_for_a_load() {
	local load
	start_fwd && start_slow_load || return 1
	echo "add rule name late in drop" >"$tmp/change"
	answers 0 ask status || return 1
	answers 0 ask change '{}' "$tmp/change" || return 1
	wait $load || fail "the load: $(cat "$tmp/loading")" || return 1
	is rules "$(status_of rules)" 200001
}

# slow_request REQUEST JSON KIB/S: a client that reads its reply slowly; its process is $slow.
slow_request() {
	"$peer" "$tmp/fwd/sock" slow "$@" >"$tmp/slow" &
	slow=$!
	wait_until test -s "$tmp/slow"
}

# A slow list stays correct while rules are deleted, even the one that it has reached; a load ends it.
case_clients_slow_list() {
	local slow
	start_fwd || return 1
	many_rules 20000
	answers 0 ask load '{}' "$tmp/many" || return 1
	slow_request list '{"counters":false}' 2000 || return 1
	for first in 1 2001 4001 6001 8001 10001; do
		echo "del rule $(seq -s ' ' $first 2 $((first + 1999)))" >"$tmp/change"
		answers 0 ask change '{}' "$tmp/change" || return 1
	done
	wait $slow || fail "the list: $(tail -1 "$tmp/slow")" || return 1
	grep -o '^{"id":[0-9]*' "$tmp/slow" | cut -d: -f2 >"$tmp/ids"
	sort -nc "$tmp/ids" || fail "not in order" || return 1
	[ "$(awk '$1 % 2 == 0 || $1 > 12000' "$tmp/ids" | wc -l)" = 14000 ] || fail "rules are missing" || return 1
	slow_request list '{"counters":false}' 200 || return 1
	echo >"$tmp/empty"
	answers 0 ask load '{"empty":true}' "$tmp/empty" || return 1
	! wait $slow || fail "the list did not end when its ruleset did" || return 1
	tail -1 "$tmp/slow" | grep -q "replaced meanwhile" || fail "$(tail -1 "$tmp/slow")"
}

# A save is the ruleset of one moment, however slowly it is read.
case_clients_slow_save() {
	local slow
	start_fwd || return 1
	many_rules 20000
	answers 0 ask load '{}' "$tmp/many" || return 1
	slow_request save '{}' 1000 || return 1
	echo >"$tmp/empty"
	answers 0 ask load '{"empty":true}' "$tmp/empty" || return 1
	wait $slow || fail "the save: $(tail -1 "$tmp/slow")" || return 1
	is rules "$(grep -c '^rule' "$tmp/slow")" 20000
}

# The privileges of fwd, which must suffice for all its work.
case_clients_capabilities() {
	local caps
	start_fwd || return 1
	for which in CapEff CapPrm CapBnd; do
		caps=$(awk -v w="$which:" '$1 == w { print $2 }' "/proc/$fwd_pid/status")
		is $which "$caps" 000000c000001000 || return 1
	done
	is CapInh "$(awk '/CapInh/ { print $2 }' "/proc/$fwd_pid/status")" 0000000000000000 &&
		is NoNewPrivs "$(awk '/NoNewPrivs/ { print $2 }' "/proc/$fwd_pid/status")" 1 || return 1
	answers 0 ask attach '{"dev":"s0"}' && told '"state":"attached"' || return 1
	echo "policy in drop" >"$tmp/drop"
	answers 0 ask load '{}' "$tmp/drop" && expect no try_ping $server4 || return 1
	fwd_kill TERM
	expect no try_ping $server4 || return 1
	start_fwd && expect no try_ping $server4 && answers 0 ask detach '{"dev":"s0"}' && expect yes try_ping $server4
}

# A socket file that nobody listens on is replaced; that of another running fwd is not.
case_clients_socket() {
	start_fwd || return 1
	exits 1 "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/other" --pins "$tmp/bpffs/other" &&
		says "another fwd listens here" && exits 1 "$fwd" --detach --socket "$tmp/fwd/sock" && says "fwd is running" || return 1
	fwd_kill KILL
	[ -S "$tmp/fwd/sock" ] || fail "no stale socket" || return 1
	start_fwd || return 1
	fwd_kill TERM
	[ ! -e "$tmp/fwd/sock" ] || fail "the socket is still there" || return 1
	echo >"$tmp/fwd/sock"
	exits 1 "$fwd" --socket "$tmp/fwd/sock" --store "$tmp/fwd/store" && says "is no socket" || return 1
	rm "$tmp/fwd/sock"
}

# Socket activation and readiness notification.
case_clients_activation() {
	command -v systemd-socket-activate >/dev/null || return 0
	start_fwd || return 1
	fwd_kill TERM
	nsenter --target "$fwd_space" --net --mount systemd-socket-activate -l "$tmp/fwd/sock" "$fwd" \
		--socket /nonexistent/fwd.sock --store "$tmp/fwd/store" --pins "$tmp/bpffs/fwd" >"$tmp/fwd.log" 2>&1 &
	fwd_pid=$!
	wait_until test -S "$tmp/fwd/sock" || return 1
	answers 0 ask status || return 1
	fwd_kill TERM
	[ -S "$tmp/fwd/sock" ] || fail "the manager's socket is gone" || return 1
	rm "$tmp/fwd/sock"
}

case_clients_settings() {
	printf 'client-timeout 5\nclients-max none\nsokcet /x\n' >"$tmp/conf"
	exits 1 "$fwd" --config "$tmp/conf" --check-config && says "$tmp/conf:2:13: 'clients-max' wants a number" &&
		says "$tmp/conf:3:1: there is no setting 'sokcet'" && exits 0 "$fwd" --config "$top/etc/fwd.conf" --check-config &&
		exits 1 "$fwd" --config "$tmp/nosuch" --check-config && exits 2 "$fwd" --no-such-option &&
		exits 1 "$fwd" --clients-max 0 --check-config && exits 0 "$fwd" --help && says "--client-timeout SECONDS" &&
		exits 0 "$fwd" --version
}
