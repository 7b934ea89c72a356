# SPDX-License-Identifier: GPL-2.0-only
# What a load changes: the diff, the summaries, and which counters continue. Sourced by run.sh.

# shows LINE: it is a line of the last command's output.
shows() { grep -qxF -- "$1" "$tmp/out" || fail "does not show '$1': $(cat "$tmp/out" "$tmp/err")"; }

case_fwd_diff() {
	local old=$tmp/diff.old new=$tmp/diff.new
	share_fwd || return 1
	printf '%s\n' 'policy in accept' 'set admins { 198.51.100.0/24 }' 'set banned { 192.0.2.66 }' \
		'rule 10 name ban in from @banned drop' 'rule 20 name ssh in from @admins proto tcp dport 22 accept' \
		'rule 30 name rest in proto tcp dport 22 drop' >"$old"
	printf '%s\n' 'policy in drop' 'set admins { 203.0.113.0/24 }' 'set banned { }' 'set more { 192.0.2.1, 192.0.2.2 }' \
		'rule 10 name ban in from @banned drop' 'rule 30 name rest in proto tcp dport 22 drop' \
		'rule 20 name ssh in from @admins proto tcp dport 22 accept' >"$new"
	ok load "$old" && says "3 rules: 3 added, 0 removed, 0 changed, 0 moved, 0 kept; policies: 1 changed; sets: 2 created, 0 destroyed, 2 elements added, 0 removed" || return 1
	# --check shows the diff, the load shows it again, and then there is none
	for check in --check ''; do
		# shellcheck disable=SC2086 # it may be no word
		ok load --diff $check "$new" && shows "- policy in accept" && shows "+ policy in drop" &&
			shows "- set admins { 198.51.100.0/24 }" && shows "+ set admins { 203.0.113.0/24 }" &&
			shows "- set banned { 192.0.2.66 }" && shows "+ set more { 192.0.2.1, 192.0.2.2 }  # a new set" &&
			shows "~ rule 20 name ssh in from @admins proto tcp dport 22 accept  # moved after rule 30" &&
			is "lines of the diff" "$(grep -c '^[-+~]' "$tmp/out")" 7 &&
			says "0 added, 0 removed, 0 changed, 1 moved, 3 kept; policies: 1 changed; sets: 1 created, 0 destroyed, 3 elements added, 2 removed" || return 1
	done
	ok load --diff "$new" && is "lines of the diff" "$(grep -c '^[-+~]' "$tmp/out")" 0 || return 1
	sed 's/^policy in drop/policy in log drop/' "$new" >"$new.log"
	ok load --diff --check "$new.log" && shows "- policy in drop" && shows "+ policy in log drop" || return 1
	ok --json load --diff --check "$old" && says '{"change":"policy","policy":{"policy":"in","verdict":"accept","set":true,"text":"policy in accept"},"old":{"policy":"in","verdict":"drop","set":true,"text":"policy in drop"}}' &&
		says '{"change":"set","set":"admins","is":"changed","removed":1,"removed_ranges":["203.0.113.0/24"],"added":1,"added_ranges":["198.51.100.0/24"]}' &&
		says '"is":"destroyed","removed":2,' && says '{"change":"moved","rule":{"id":30,' && says '"after":{"id":20,' &&
		says '"moved":1,"kept":3,"policies":1,"sets":{"created":0,"destroyed":1},"elements":{"added":2,"removed":3}' || return 1
	# ranges that others cover make no difference; only the first ranges are shown
	printf '%s\n' 'policy in drop' "set admins { 203.0.113.0/25, 203.0.113.128/25, 203.0.113.7 }" 'set banned { }' \
		"set more { $(seq -s, -f '10.0.0.%.0f' 0 2 100) }" 'rule drop' >"$new"
	ok load --diff --check "$new" && ! grep -q 'set admins' "$tmp/out" || fail "shows elements that are covered" || return 1
	says "+ set more { 10.0.0.0, 10.0.0.2, 10.0.0.4, 10.0.0.6, 10.0.0.8, 10.0.0.10, 10.0.0.12, 10.0.0.14, 10.0.0.16, 10.0.0.18, ... }  # 51 in all" || return 1
	# a very long diff
	seq -f 'rule %.0f in proto udp dport 53 drop' 10001 | sed '1!s/udp dport 53/tcp/' >"$tmp/diff.many"
	ok load --check --diff "$tmp/diff.many" && says "and 4 more rules" && ! says "more set" 2>/dev/null || return 1
	# the summaries of changes
	printf '%s\n' 'policy in accept' 'move rule 10 last' 'set add admins 10.0.0.0/8' 'add rule drop' >"$tmp/batch"
	ok batch --check "$tmp/batch" && says "1 rule added, 0 removed, 0 changed, 1 moved; policies: 1 changed; sets: 1 element added, 0 removed (checked only" &&
		ok batch "$tmp/batch" && says "1 rule added, 0 removed, 0 changed, 1 moved; policies: 1 changed; sets: 1 element added, 0 removed in" &&
		ok --json move rule 10 first && says '{"op":"move","rule":{"id":10,' && ok add rule --check in drop &&
		says "ok: 1 rule added" && says "nothing has changed" &&
		ok flush --yes && says "4 rules removed; policies: 1 changed; sets: 0 created, 3 destroyed, 0 elements added, 4 removed"
}

# An id is a number: a rule with another name and other matches counts from 0.
case_fwd_other_rule() {
	local rules=$tmp/other.rules
	share_fwd && listen tcp 80 && ok attach s0 || return 1
	echo 'rule 10 name web in proto tcp dport 80 counter accept' | sed 's/counter accept/accept counter/' >"$rules"
	ok load "$rules" && expect yes try_tcp $server4 80 || return 1
	[ "$(count_of web)" -gt 0 ] || fail "web has counted nothing" || return 1
	echo 'rule 10 name web in proto tcp dport { 80, 443 } accept' >"$rules"
	ok load --diff "$rules" && says "# keeps its counter" && [ "$(count_of web)" -gt 0 ] || fail "web starts to count at 0" || return 1
	echo 'rule 10 name mail in proto tcp dport 25 drop' >"$rules"
	ok load --confirm 60s --diff "$rules" && shows "+ rule 10 name mail in proto tcp dport 25 drop" &&
		says "1 added, 1 removed, 0 changed" && packets mail 0 && expect no try_tcp $server4 25 &&
		[ "$(count_of mail)" -gt 0 ] && ok undo && says "1 rule, as before: 1 added, 1 removed, 0 changed, 0 moved, 0 kept" &&
		[ "$(count_of web)" -gt 0 ] && ok load "$rules" && packets mail 0 && ok detach s0
}

# Files that were left empty by a full disk, a template or a download do not open the firewall.
case_fwd_load_empty() {
	local empty=$tmp/empty.rules sets=$tmp/sets.rules feed=$tmp/empty.feed
	share_fwd || return 1
	: >"$empty" && : >"$feed"
	exits 0 "$fwctl" check "$empty" && says "warning: $empty: it has no rules, and its policy in is accept" &&
		refuses 1 "there is nothing in it" load "$empty" && printf 'policy in drop\n' >"$sets" && ok load "$sets" || return 1
	# neither if they replace policies, nor rules, nor if they contain only comments, policies and sets
	refuses 1 "--yes" load "$empty" && ok add rule name a drop && echo '# rules of today' >"$empty" &&
		refuses 1 "there are no rules in it and its policy in is accept: it would take the place of 1 rule" load "$empty" && says "--yes" &&
		refuses 1 "" load --check "$empty" && exits 1 ctl load - </dev/null && says "<stdin>: there are no rules" &&
		printf 'policy in accept\nset s { 192.0.2.1 }\n' >"$sets" && refuses 1 "no rules" load "$sets" && order a || return 1
	ok load --yes "$sets" && says "0 rules: 0 added, 1 removed" && ok load --yes "$empty" && ok list policy &&
		says "policy in accept  # by default" || return 1
	# the files of sets
	printf '%s\n' 'set feed file "empty.feed"' 'rule name b from @feed drop' >"$sets"
	refuses 1 "empty.feed' holds no address: the set 'feed' would be empty" load "$sets" && says "may-be-empty" &&
		marked '"empty.feed"' && exits 1 "$fwctl" check "$sets" && says "holds no address" && order || return 1
	sed -i 's/feed"/feed" may-be-empty/' "$sets"
	ok load "$sets" && order b && exits 0 "$fwctl" check "$sets" && ok save - && says 'set feed { }'
}

# Closing needs no consent: a text without rules whose policy drops incoming packets.
case_fwd_load_closes() {
	local text=$tmp/closes.rules policies
	share_fwd || return 1
	for policies in 'policy in drop' 'policy in drop\npolicy out drop' 'policy in drop\npolicy out accept\nset s { 192.0.2.1 }'; do
		ok load --yes - <<<'rule name a in drop' && printf '%b\n' "$policies" >"$text" || return 1
		exits 0 "$fwctl" check "$text" && ! says warning 2>/dev/null && ok load --check "$text" && ok load "$text" &&
			says "0 rules: 0 added, 1 removed" && ok load "$text" || fail "$policies" || return 1
	done
	echo 'set s { 192.0.2.1 }' >"$text"
	refuses 1 "it would take the place of policy in drop" load "$text" && ok load --yes "$text" || return 1
	for policies in 'policy out drop' 'policy in accept' 'policy malformed drop'; do
		ok load --yes - <<<'rule name a in drop' && echo "$policies" >"$text" &&
			refuses 1 "its policy in is accept: it would take the place of 1 rule" load "$text" && order a || return 1
	done
}

# Rules that can never match are accepted, with a warning.
case_fwd_shadowed() {
	local rules=$tmp/shadow.rules
	share_fwd || return 1
	printf '%s\n' 'rule 10 name wide in from 10.0.0.0/8 drop' 'rule 20 name web in proto tcp dport 80 accept' \
		'rule 30 name narrow in from 10.1.0.0/16 proto udp accept' 'rule 40 name web2 in proto tcp dport 80 accept' >"$rules"
	for how in "$fwctl check" "ctl load --check" "ctl load"; do
		# shellcheck disable=SC2086 # words
		exits 0 $how "$rules" && says "shadow.rules:3: rule 30 (narrow) is shadowed: rule 10 (wide) in line 1 matches all of its packets first" &&
			says "put it in front of rule 10" && says "shadow.rules:4: rule 40 (web2) is a duplicate: rule 20 (web) in line 2" || return 1
	done
	exits 0 "$fwctl" check --json "$rules" && says '"line":4,"hint":"it can go"}],"warnings_total":2' || return 1
	ok --json load "$rules" && says '"warnings":[{"message":"rule 30 (narrow) is shadowed' || return 1
	ok add rule 41 name new in from 10.2.0.0/16 accept && says "warning: rule 41 (new) is shadowed: rule 10 (wide) matches" &&
		ok add rule --check in from 10.0.0.0/8 accept && says "is a duplicate: rule 10 (wide)" &&
		ok add rule first 42 name top in from 10.3.0.0/16 accept && ! says warning 2>/dev/null &&
		ok move rule top last && says "rule 42 (top) is shadowed" && ok del rule wide && ! says warning 2>/dev/null || return 1
	# many: the first ones, and their number
	{ echo 'rule 1 drop' && seq -f 'rule in proto tcp dport %.0f accept' 100; } >"$rules"
	exits 0 "$fwctl" check "$rules" && says "80 more not shown" && ok load "$rules" && says "80 more not shown"
}
