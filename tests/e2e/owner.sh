# SPDX-License-Identifier: GPL-2.0-only
# The ruleset belongs to one user (the setting `owner`): what others may still do, and what they are told. Sourced by run.sh.

# owner_start OPTION...: fwd whose ruleset is the user nobody's, who has loaded one.
owner_start() {
	start_fwd --group games --admin-group staff --owner nobody --local "$tmp/local.rules" "$@" && chmod 711 "$tmp" "$tmp/fwd" || return 1
	printf '%s\n' 'policy in accept' 'set banned dynamic timeout 1h { }' 'set fixed { 192.0.2.9 }' 'chain docker owner audio' 'chain plain' \
		'rule name first from @banned drop' 'rule name call jump docker' 'rule name plain chain plain from @fixed drop' >"$tmp/owned.rules"
	chmod 644 "$tmp/owned.rules"
	as_owner 0 games,staff load "$tmp/owned.rules"
}
# as_member CODE COMMAND...: fwctl of another user, a member of the group that owns the chain docker.
as_member() {
	exits "$1" setpriv --reuid daemon --regid nogroup --groups games,audio "$fwctl" --socket "$tmp/fwd/sock" "${@:2}"
}
owner_refuses() { refuses 1 "nobody" "$@" && says "fleet.conf" || fail "$* says: $(cat "$tmp/err")"; }

# Root changes what packets of its own made dynamic and what it attaches, members of a group their chain; the owner changes everything.
case_owner() {
	local before i
	owner_start && exits 0 ctl status && says "owner" && says "nobody" || return 1
	before=$(ctl save)
	echo 'rule name ping proto icmp drop' >"$tmp/docker.chain" && chmod 644 "$tmp/docker.chain"
	owner_refuses load "$tmp/owned.rules" && owner_refuses load "$tmp/owned.rules" --confirm 5m && owner_refuses flush --yes &&
		owner_refuses add rule from 192.0.2.7 drop && owner_refuses del rule first && owner_refuses replace rule first drop &&
		owner_refuses add rule chain plain drop && owner_refuses load --chain plain "$tmp/docker.chain" && owner_refuses policy in drop &&
		owner_refuses set create x && owner_refuses set add fixed 192.0.2.8 &&
		owner_refuses chain create x || return 1
	# Large changes, which the worker makes.
	seq -f 'add rule from 10.%.0f.0.0/16 drop' 0 2400 | sed 's/10\.\([0-9]*\)\.0\.0/10.0.0.0/' >"$tmp/owned.large" && owner_refuses batch "$tmp/owned.large" || return 1
	is "after refusals" "$(ctl save)" "$before" || return 1
	for i in $(seq 0 9); do seq -f "set add banned 198.18.$i.%.0f" 0 250; done >"$tmp/owned.large" && ok batch "$tmp/owned.large" && ok set flush banned || return 1
	ok load --check "$tmp/owned.rules" && ok load --check --diff "$tmp/owned.rules" && ok set add banned 192.0.2.7 && ok set del banned 192.0.2.7 &&
		ok load --chain docker "$tmp/docker.chain" && as_member 0 add rule chain docker name more drop && ok list && ok save "$tmp/saved" &&
		ok counters --reset && ok attach s0 && ok detach s0 && ok history && ok classify "tcp 192.0.2.2:999 > $server4:80 in" || return 1
	as_member 1 add rule drop && says "fleet.conf" && as_member 1 policy in drop && as_member 1 set add banned 192.0.2.7 && as_owner 0 games,staff add rule name own drop &&
		as_owner 0 games,staff flush --yes || return 1
	ctl history --limit 99 >"$tmp/history"
	grep -q "refused: load $tmp/owned.rules: the user 'nobody' owns the ruleset" "$tmp/history" && grep -q "refused: flush: the user 'nobody'" "$tmp/history" &&
		grep -q "refused: policy in drop: the user 'nobody'" "$tmp/history" && grep -q "refused: add rule .*in the main list, which the user 'nobody' owns" "$tmp/history" ||
		fail "$(cat "$tmp/history")"
}

# Only who has begun what waits confirms it or takes it back, also after a restart; nobody's confirmation is needed to fall back.
case_owner_confirm() {
	owner_start && as_owner 0 games,staff add rule name waits drop --confirm 5m || return 1
	refuses 1 "alone may confirm it" confirm && refuses 1 "alone may undo it" undo && owner_refuses add rule drop || return 1
	fwd_kill KILL && start_fwd --group games --admin-group staff --owner nobody && chmod 711 "$tmp/fwd" || return 1
	refuses 1 "alone may undo it" undo && ok history && says "refused: undo: add rule name waits drop: uid " || return 1
	as_owner 0 games,staff confirm && ok attach s0 --confirm 5m && as_owner 1 games,staff undo && says "alone may undo it" && ok undo || return 1
	as_owner 0 games,staff add rule name late drop --confirm 1s && wait_until eval '! ctl list | grep -q late' && ctl list | grep -q waits
}

# The file of the setting `rules` is loaded at the first start, whoever the owner is, and later only for the owner. An owner that does not
# exist: nobody changes anything.
case_owner_rules_file() {
	printf 'rule name a drop\n' >"$tmp/own.rules"
	start_fwd --owner nobody --rules "$tmp/own.rules" && ctl list | grep -q "name a" || return 1
	printf 'rule name b drop\n' >"$tmp/own.rules"
	kill -HUP "$fwd_pid" && wait_until grep -q "refused: load $tmp/own.rules (SIGHUP): the user 'nobody' owns" "$tmp/fwd.log" && owner_refuses load &&
		ctl list | grep -q "name a" || fail "$(cat "$tmp/fwd.log")" || return 1
	fwd_kill TERM && start_fwd --owner nosuchuser && grep -q "there is no user 'nosuchuser'" "$tmp/fwd.log" && refuses 1 "nosuchuser" add rule drop &&
		refuses 1 "nosuchuser" flush --yes && fwd_kill TERM && start_fwd && ok add rule name c drop
}

# While the file of the setting `local` exists, there is no owner: root may undo what the fleet began, and load what it wants.
case_owner_local() {
	owner_start && as_owner 0 games,staff add rule name waits drop --confirm 5m && owner_refuses add rule drop && refuses 1 "alone may undo" undo || return 1
	touch "$tmp/local.rules"
	ok undo && exits 0 ctl status && ! grep -q '^owner' "$tmp/out" && ok add rule name mine drop && ok load "$tmp/owned.rules" && ok flush --yes || return 1
	as_owner 0 games,staff add rule name owners drop && rm "$tmp/local.rules" && owner_refuses add rule drop && as_owner 0 games,staff load "$tmp/owned.rules" &&
		exits 0 ctl status && says "the user nobody alone"
}
