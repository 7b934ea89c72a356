# SPDX-License-Identifier: GPL-2.0-only
# Cases of fwctl with fwd, sourced by run.sh. Most share one fwd, which is reset after each.

ctl() { "$fwctl" --socket "$tmp/fwd/sock" "$@"; }

# Starts an fwd for one case; run.sh ends it.
start_fwd() {
	[ -n "$fwd_shared" ] && fwd_stop
	fwd_start "$@" || fail "fwd does not start: $(cat "$tmp/fwd.log")"
}

# The shared fwd, without rules and interfaces.
share_fwd() {
	[ -n "$fwd_shared" ] && return 0
	start_fwd && fwd_shared=yes
}

# Resets it after a case.
clean_fwd() {
	local dev
	[ -n "$fwd_shared" ] || return 1
	for dev in $(ctl --json status | grep -o '"dev":"[^"]*' | cut -d'"' -f4); do ctl detach "$dev" || return 1; done
	ctl detach --host 2>/dev/null
	ctl flush --yes >/dev/null && ctl counters --reset >/dev/null && fw_gone
}

# exits CODE COMMAND...: checks the exit code; the output is in $tmp/out and $tmp/err.
exits() {
	local want=$1 code
	shift
	"$@" >"$tmp/out" 2>"$tmp/err"
	code=$?
	[ $code = "$want" ] || fail "$*: exit code $code, not $want: $(cat "$tmp/out" "$tmp/err")"
}
ok() { exits 0 ctl "$@"; }

# says TEXT: the last command wrote it, to either.
says() { grep -qF -- "$1" "$tmp/out" "$tmp/err" || fail "does not say '$1': $(cat "$tmp/out" "$tmp/err")"; }
# refuses CODE TEXT COMMAND...
refuses() {
	local code=$1 text=$2
	shift 2
	exits "$code" ctl "$@" && says "$text"
}

# order NAME...: these are the names of the rules, in order.
order() {
	local got
	got=$(ctl list --terse | sed 's/.* name \([^ ]*\).*/\1/' | tr '\n' ' ')
	[ "${got% }" = "$*" ] || fail "the rules are: $got, not: $*"
}
is() { [ "$2" = "$3" ] || fail "$1 is '$2', not '$3'"; }
count_of() { ctl show rule "$1" | awk '{ print $1 }'; }
packets() { is "counter of $1" "$(count_of "$1")" "$2"; }

# marked WORD: the error shows the line, with a mark below the word.
marked() {
	awk -v word="$1" '/^[ \t]*\^$/ { if (index(substr(line, index($0, "^")), word) == 1) found = 1 } { line = $0 }
		END { exit !found }' "$tmp/err" || fail "the mark is not below '$1': $(cat "$tmp/err")"
}

case_fwd_rules() {
	share_fwd || return 1
	ok add rule name b in proto tcp dport 80 accept &&
		ok add rule first name a in drop comment "two words" && ok add rule last name e drop &&
		ok add rule before e name d in proto tcp dport { 1, 2 } accept && ok add rule after b name c accept &&
		order a b c d e || return 1
	ok add rule --echo 77 name f out drop && is id "$(cat "$tmp/out")" 77 && ok add rule --echo in drop || return 1
	[ "$(cat "$tmp/out")" -gt 77 ] && ok del rule "$(cat "$tmp/out")" || fail "no id above the others" || return 1
	ok move rule e first && order e a b c d f && ok move rule e after c && order a b c e d f &&
		ok move rule e before 77 && order a b c d e f && ok move rule a last && ok move rule a first &&
		order a b c d e f || return 1
	ok replace rule --echo f out proto udp dport 53 drop && is id "$(cat "$tmp/out")" 77 && ok show rule 77 &&
		says "rule 77 name f out proto udp dport 53 drop" && ok show rule a && says 'comment "two words"' || return 1
	ok replace rule f name g out drop && order a b c d e g && ok del rule a e 77 && order b c d || return 1
	ok add rule --check in drop && says "nothing has changed" && order b c d
}

case_fwd_rules_refused() {
	share_fwd || return 1
	ok add rule 5 name five in accept || return 1
	refuses 1 "10.0.0.1/8" add rule from 10.0.0.1/8 drop && says "did you mean" && marked 10.0.0.1/8 &&
		refuses 1 "" add rule in proto tcp dport 80 acept && marked acept &&
		refuses 1 "" add rule from @nosuch drop && marked @nosuch &&
		refuses 1 "" add rule in comment "ä ö" from 10.0.0.1/8 drop &&
		refuses 1 "" add rule 5 drop && refuses 1 "" add rule name five drop &&
		refuses 1 "" add rule before nosuch drop && marked nosuch &&
		refuses 1 "" replace rule nosuch drop && marked nosuch && refuses 1 "" move rule five before nosuch &&
		refuses 1 "" del rule five 6 && marked 6 && refuses 1 "" show rule nosuch && order five || return 1
	refuses 2 "missing operand" add rule && refuses 2 "unexpected operand" move rule a before b c &&
		refuses 2 "line break" add rule in $'\n' drop && refuses 2 "unknown option --terse" add rule --terse drop &&
		refuses 2 "unknown option -dash" attach --json -dash && refuses 2 "unknown option -x" attach -x e0 &&
		refuses 2 "unknown option --json=1" attach --json=1 e0 &&
		refuses 2 "did you mean" lst && refuses 2 "add rule" add && refuses 2 "missing operand" del rule
}

# A rule that is replaced or moved keeps its counter.
case_fwd_replace_keeps_counter() {
	share_fwd || return 1
	ok attach s0 --mode native && ok add rule 9 name ping in proto icmp accept || return 1
	in_client ping -q -c 5 -i 0.01 -W60 $server4 >/dev/null || fail "no ping" || return 1
	packets ping 5 && ok replace rule ping in proto icmp icmp-type echo-request accept comment more &&
		ok add rule name other drop && ok move rule ping last && ok del rule other || return 1
	in_client ping -q -c 3 -i 0.01 -W60 $server4 >/dev/null || fail "no ping" || return 1
	packets 9 8 && ok counters && says "rule 9 name ping" && ok counters --top 1 && says "8 " || return 1
	ok counters --reset ping && says "1 counter" && packets ping 0 &&
		refuses 1 "nosuch" counters --reset nosuch && refuses 2 "only with --reset" counters ping || return 1
	in_client ping -q -c 2 -i 0.01 -W60 $server4 >/dev/null
	packets ping 2 && ok counters --reset && packets ping 0
}

case_fwd_sets() {
	share_fwd || return 1
	ok set create blocked 192.0.2.9 198.51.100.0/24 2001:db8::/32 && ok set create none &&
		ok add rule name no from @blocked drop && ok set add blocked 203.0.113.1-203.0.113.7 &&
		ok set del blocked 192.0.2.9 && ok set list blocked && says "203.0.113.1-203.0.113.7" || return 1
	is "the set" "$(cat "$tmp/out")" "set blocked { 198.51.100.0/24, 203.0.113.1-203.0.113.7, 2001:db8::/32 }" &&
		ok list sets && says "set none { }" && ok list sets --terse && says "elements: 3, rules that use it: 1" || return 1
	refuses 1 "" set add blocked 10.0.0.1/8 && marked 10.0.0.1/8 && refuses 1 "" set add nosuch 10.0.0.1 &&
		marked nosuch && refuses 1 "" set create none && refuses 1 "" set del blocked 192.0.2.9 &&
		refuses 1 "" set destroy blocked && refuses 1 "nosuch" set list nosuch &&
		refuses 1 "" set add blocked 198.51.100.0/24 && refuses 2 "" set add blocked || return 1
	ok set destroy none && ok list sets --terse && ! grep -q none "$tmp/out" || return 1
	# more elements than one reply holds
	seq 30000 | awk '{ printf "10.%d.%d.%d\n", $1 / 16384, $1 / 64 % 256, $1 % 64 * 4 }' >"$tmp/elements"
	{ echo -n "set create large"; tr '\n' ' ' <"$tmp/elements" | sed 's/^/ /'; } >"$tmp/batch"
	ok batch "$tmp/batch" && ok set list large || return 1
	grep -o '10\.[0-9.]*' "$tmp/out" | sort >"$tmp/got"
	sort "$tmp/elements" | cmp -s - "$tmp/got" || fail "a large set is not what it was"
}

case_fwd_policy() {
	share_fwd || return 1
	ok policy in drop && ok list policy && says "policy in drop" && says "policy out accept  # by default" &&
		refuses 1 "inn" policy inn drop && refuses 1 "" policy in dorp && marked dorp && refuses 2 "" policy in &&
		ok policy input log prefix "in: " level info reject with admin-prohibited && ok list policy --terse &&
		says 'policy input log prefix "in: " level info reject with admin-prohibited' &&
		ok --json list policy input && says '"verdict":"reject","set":true,"text":"policy input log prefix \"in: \" level info reject'
}

case_fwd_batch() {
	share_fwd || return 1
	printf '%s\n' '# a comment' 'set create admins 192.0.2.0/28' 'add rule name a from @admins accept' \
		'add rule first name b in { drop' >"$tmp/batch"
	refuses 1 "batch:4:" batch "$tmp/batch" && says "add rule first name b in" && order && ok list sets --terse &&
		is "what is left" "$(cat "$tmp/out")" "" || return 1
	sed -i '$d' "$tmp/batch"
	printf '%s\n' 'add rule first name b in drop comment "x # y"' 'policy in drop' 'move rule a first' >>"$tmp/batch"
	ok batch --check "$tmp/batch" && order && ok batch "$tmp/batch" && says "2 rules added" && order a b || return 1
	printf 'del rule a\nadd rule name c drop' | exits 0 ctl batch --echo && order b c || return 1
	echo 'del rule nosuch' | exits 1 ctl batch - && says "<stdin>:1:10" && marked nosuch && order b c &&
		refuses 1 "No such file" batch "$tmp/nosuch"
}

case_fwd_load() {
	share_fwd || return 1
	mkdir -p "$tmp/load/lists"
	printf '10.9.0.0/16\n2001:db8:9::/48\n' >"$tmp/load/lists/feed"
	printf '%s\n' 'policy in drop' 'set feed file "lists/feed"' 'rule 1 name a from @feed drop' \
		'rule name b in proto tcp dport 80 accept' 'rule in proto icmp accept' >"$tmp/load/one"
	ok load "$tmp/load/one" && says "3 rules: 3 added, 0 removed, 0 changed, 0 moved, 0 kept" && says "compile" &&
		ok set list feed && says "2001:db8:9::/48" || return 1
	sed -e 's/port 80/port 81/' -e '/icmp/d' "$tmp/load/one" >"$tmp/load/two"
	echo 'rule name c drop' >>"$tmp/load/two"
	ok load --check --diff "$tmp/load/two" && says "1 added, 1 removed, 1 changed, 0 moved, 1 kept" && says "nothing has changed" &&
		grep -q '^- .*dport 80 ' "$tmp/out" && grep -q '^+ .*dport 81 ' "$tmp/out" && grep -q '^+ .*name c' "$tmp/out" &&
		grep -q '^- .*icmp' "$tmp/out" && ! grep -q 'name a' "$tmp/out" || fail "diff: $(cat "$tmp/out")" || return 1
	ok show rule b && says "dport 80" && ok load "$tmp/load/two" && order a b c && ok show rule b && says "dport 81" || return 1
	# errors have file, line and column, also in a set's file; nothing changes
	echo 10.0.0.1/8 >>"$tmp/load/lists/feed"
	refuses 1 "lists/feed:3:1" load "$tmp/load/one" && marked 10.0.0.1/8 || return 1
	sed -i '$d' "$tmp/load/lists/feed"
	printf 'rule in drop\nrule in\tdorp\n' >"$tmp/load/bad"
	refuses 1 "load/bad:2:9" load "$tmp/load/bad" && marked dorp || return 1
	exits 1 ctl load - <"$tmp/load/bad" && says "<stdin>:2:9" && order a b c || return 1
	rm "$tmp/load/lists/feed"
	refuses 1 "lists/feed" load "$tmp/load/one" && refuses 1 "nosuch" load "$tmp/nosuch" || return 1
	printf '@10.0.0.0/8\t0.0.0.0/0\t0 : 65535\t80 : 80\t0x06/0xFF\n' >"$tmp/load/cb"
	ok load --format classbench "$tmp/load/cb" && ok list --terse && says "from 10.0.0.0/8 proto tcp dport 80 drop" &&
		refuses 1 "" load "$tmp/load/cb"
}

case_fwd_confirm() {
	local rules=$tmp/confirm.rules
	start_fwd || return 1
	ok add rule name old in accept && echo 'rule name new in drop' >"$rules" || return 1
	ok load "$rules" --confirm 1s && says "within 1 s" && wait_until order old && ok status && says "undone" || return 1
	ok load "$rules" --confirm 1h && order new && refuses 1 "confirm" add rule drop &&
		refuses 1 "confirm" load "$rules" && ok status && says "to confirm" && ok confirm && says "confirmed" || return 1
	order new && ok load "$rules" && ok flush --yes && ok add rule name old accept || return 1
	# the time runs while fwd does not
	ok load "$rules" --confirm 1s && fwd_kill KILL && sleep 1.2 && start_fwd && order old &&
		refuses 2 "--confirm wants" load "$rules" --confirm 2d
}

case_fwd_save() {
	share_fwd || return 1
	ok set create s 10.0.0.0/8 2001:db8::/32 && ok policy in drop &&
		ok add rule 7 name x from @s proto tcp flags syn/syn,ack dport { 80, 443 } accept comment 'say "hi" \ #1' &&
		ok add rule in frag later drop && ok add rule first out on s0 ip6 accept || return 1
	ok save "$tmp/save.1" && ok flush --yes && ok load "$tmp/save.1" && ok save "$tmp/save.2" && ok save &&
		cmp "$tmp/save.1" "$tmp/save.2" && cmp "$tmp/save.1" "$tmp/out" || fail "what was loaded is saved differently" || return 1
	chmod 600 "$tmp/save.1" && ok save "$tmp/save.1" && is mode "$(stat -c %a "$tmp/save.1")" 600 || return 1
	refuses 1 "nosuch" save "$tmp/nosuch/file" && is "files left" "$(ls -A "$tmp" | grep -c fwctl-)" 0
}

case_fwd_list() {
	share_fwd || return 1
	printf 'add rule name %s\n' 'a from 10.1.0.0/16 proto tcp dport 80 accept' 'b from 192.0.2.0/24 drop' \
		'c in proto udp dport 53 accept' 'd from 10.1.2.0/24 proto tcp dport 443 drop' >"$tmp/batch"
	ok batch "$tmp/batch" || return 1
	names() { ctl list --terse "$@" | sed 's/.* name \([^ ]*\).*/\1/' | tr -d '\n'; }
	is "list" "$(names)" abcd && is "list --from" "$(names --from c)" cd && is "list --limit" "$(names --limit 2)" ab &&
		is "list both" "$(names --from b --limit 1)" b && is "list drop" "$(names drop)" bd &&
		is "list dport" "$(names rules proto tcp dport 443)" bd && is "list from" "$(names from 10.1.2.3)" acd || return 1
	refuses 1 "nosuch" list --from nosuch && refuses 1 "" list from 10.0.0.1/8 && marked 10.0.0.1/8 &&
		refuses 2 "a number above 0" list --limit 0 || return 1
	# many rules; the reader stops; Ctrl-C
	seq -f 'add rule in proto tcp dport %.0f drop' 20000 >"$tmp/batch"
	ok batch "$tmp/batch" && is "lines" "$(ctl list | wc -l)" 20004 || return 1
	ctl list 2>"$tmp/err" | head -1 >/dev/null
	is "errors" "$(cat "$tmp/err")" "" || return 1
	mkfifo "$tmp/fifo" && exec 9<>"$tmp/fifo" || return 1
	timeout --preserve-status -s INT 0.3 "$fwctl" --socket "$tmp/fwd/sock" list 2>"$tmp/err" >"$tmp/fifo"
	is "exit code" "$?" 130 && is "errors" "$(cat "$tmp/err")" "" && ok flush --yes && order
	local code=$?
	exec 9>&-
	rm -f "$tmp/fifo"
	return $code
}

on_s0() { in_server ip -d link show s0 | grep -q "$1"; }

case_fwd_attach() {
	share_fwd || return 1
	ok policy in drop && ok add rule name ping in proto icmp accept &&
		ok add rule name neighbour in ip6 proto icmp6 accept || return 1
	for mode in native generic tc auto; do
		ok attach s0 --mode $mode && ok status && says "s0 " || return 1
		expect yes try_ping $server4 && expect no try_tcp $server4 80 || return 1
		ok detach s0 && expect yes try_tcp $server4 80 && fw_gone || fail "$mode: not detached" || return 1
	done
	ok attach s0 && ok attach s0 --mode tc && ok --json attach s0 --mode generic && says '"mode":"generic"' &&
		ok detach s0 && refuses 1 "s0" detach s0 && refuses 2 "--mode wants" attach s0 --mode foo || return 1
	# outgoing packets: if the rules need it, or by option
	ok attach s0 && ok --json status && says '"out":false' && ok add rule name no-ping out proto icmp mark 7 drop &&
		ok --json status && says '"out":true' || return 1
	in_server ping -q -c1 -W0.2 -m 7 $client4 >/dev/null && { fail "a marked ping is sent"; return 1; }
	ok attach s0 --out no && ok --json status && says '"out":false' && ok detach s0
}

# An interface that does not exist yet, appears, is renamed, and disappears.
case_fwd_attach_later() {
	share_fwd || return 1
	state() { ctl --json status | grep -q "\"dev\":\"$1\",[^}]*\"state\":\"$2\""; }
	ok policy in drop && refuses 1 "no interface" attach late0 && ok attach late0 --later && state late0 missing || fail "not missing" || return 1
	in_server ip link add late0 type veth peer name late9 && in_server ip link set late0 up
	wait_until state late0 attached || fail "not attached when it appeared: $(ctl status)" || return 1
	# under another name it is still filtered, so that nothing gets through meanwhile, and status shows that
	in_server ip link set late0 down && in_server ip link set late0 name late1
	wait_until state late0 missing || fail "not missing after the new name: $(ctl status)" || return 1
	ok status && says "renamed to late1" && in_server ip link show late1 | grep -q xdp || return 1
	in_server ip link set late1 name late0 && in_server ip link set late0 up
	wait_until state late0 attached || fail "not attached under its old name: $(ctl status)" || return 1
	in_server ip link del late0
	wait_until state late0 missing || fail "not missing when it went: $(ctl status)" || return 1
	ok detach late0 && ! state late0 missing
}

case_fwd_foreign_program() {
	compile_bpf other 'SEC("xdp") int other(void *ctx) { return 2; }' && share_fwd || return 1
	in_server ip link set s0 xdp obj "$tmp/other.o" sec xdp || return 1
	refuses 1 "" attach s0
	local code=$?
	in_server ip link show s0 | grep -q xdp || fail "the foreign program is gone" || code=1
	in_server ip link set s0 xdp off
	return $code
}

# classify predicts what happens to packets.
case_fwd_classify() {
	share_fwd || return 1
	printf '%s\n' 'policy in drop' 'add rule name neighbour in ip6 proto icmp6 accept' \
		"add rule name listed in from { $listed4, $listed6 } drop" 'add rule name ping in proto icmp accept' \
		'add rule name web in on s0 proto tcp dport 80 accept' >"$tmp/batch"
	ok batch "$tmp/batch" && ok attach s0 || return 1
	answer() { ctl classify "$1" | sed -n '1s/.*: //p'; }
	agree() { # PACKET COMMAND...
		local want=drop got
		got=$(answer "$1")
		shift
		"$@" && want=accept
		is "what happens to $*" "$want" "$got" || { ctl list; ctl counters; return 1; } >&2
	}
	agree "tcp $client4:99 > $server4:80 in s0" try_tcp $server4 80 && agree "tcp $client4:99 > $server4:25 in s0" try_tcp $server4 25 &&
		agree "icmp $client4 > $server4 in" try_ping $server4 && agree "icmp $listed4 > $server4 in" try_ping $server4 $listed4 &&
		agree "tcp [$client6]:99 > [$server6]:80 in s0" try_tcp $server6 80 || return 1
	ok replace rule web in proto tcp dport 25 accept && agree "tcp $client4:99 > $server4:80 in s0" try_tcp $server4 80 &&
		agree "tcp $client4:99 > $server4:25 in s0" try_tcp $server4 25 || return 1
	ok classify "icmp $client4 > $server4 in" "udp $client4:1 > $server4:2 in" && says "name ping" &&
		says "policy in drop (no rule matches)" && refuses 1 "" classify "tcp 10.0.0.1:99 > 10.0.0.x:1" && marked 10.0.0.x &&
		refuses 2 "missing packet" classify && refuses 2 "needs --rules" classify --kernel "icmp 10.0.0.1 > 10.0.0.2" || return 1
	ok save "$tmp/live" && exits 0 "$fwctl" classify --rules "$tmp/live" "icmp $client4 > $server4 in" && says "name ping"
}

case_fwd_watch() {
	share_fwd || return 1
	ok add rule name ping in proto icmp accept && ok attach s0 || return 1
	"$fwctl" --socket "$tmp/fwd/sock" watch --interval 0.1 >"$tmp/watched" 2>"$tmp/err" &
	local watch=$!
	"$fwctl" --socket "$tmp/fwd/sock" watch --interval 0.1 --json >"$tmp/watched.json" &
	local json=$!
	pids+=($watch $json)
	wait_until watched_twice || fail "not two intervals: $(cat "$tmp/watched" "$tmp/watched.json")" || return 1
	kill -INT $watch $json
	wait $watch || fail "watch ends with $?: $(cat "$tmp/err")" || return 1
	wait $json || fail "watch --json ends with $?" || return 1
	"$jsonl" active_rules <"$tmp/watched.json"
}
# Packets and rules per interval.
watched_twice() {
	try_ping $server4
	[ "$(grep -c 'rule [0-9]* name ping' "$tmp/watched")" -ge 2 ] &&
		[ "$(grep -c '"name":"ping".*"moved_packets":[1-9]' "$tmp/watched.json")" -ge 2 ]
}

case_fwd_json() {
	share_fwd || return 1
	echo 'rule in drop' >"$tmp/json.rules"
	json() {
		ctl --json "$@" >"$tmp/json" 2>"$tmp/err"
		"$jsonl" <"$tmp/json" || fail "$*: $(cat "$tmp/json" "$tmp/err")"
	}
	yes() { json "$@" && { tail -1 "$tmp/json" | grep -q '"ok":true' || fail "$*: $(cat "$tmp/json")"; }; }
	no() { json "$@" && { tail -1 "$tmp/json" | grep -q '"ok":false' || fail "$*: $(cat "$tmp/json")"; }; }
	yes status && yes add rule name a in drop comment "é" && yes replace rule a in accept && yes add rule name b drop &&
		yes move rule b first && yes list && yes list sets && yes list policy && yes show rule a && yes del rule b &&
		yes counters && yes counters --top 3 && yes counters --reset && yes set create s 10.0.0.1 &&
		yes set add s 10.0.0.2 && yes set del s 10.0.0.1 && yes set list s && yes list sets --terse && yes set destroy s &&
		yes policy in accept && yes classify "icmp 10.0.0.1 > 10.0.0.2 in" && yes attach s0 && yes detach s0 &&
		yes load --check --diff "$tmp/json.rules" && yes load "$tmp/json.rules" --confirm 60 && yes confirm &&
		yes save "$tmp/json.saved" && yes batch /dev/null && yes flush --yes || return 1
	no add rule from 10.0.0.1/8 drop && grep -q '"column":15' "$tmp/json" && no del rule 5 && no detach s0 && no show rule 9 &&
		no set list nosuch && no load "$tmp/batch.nosuch" && no batch "$tmp/batch.nosuch"
}

# Both shells get names from fwd, by the fwctl in the path.
case_fwd_completion() {
	share_fwd || return 1
	ok add rule name web in proto tcp dport 80 accept && ok set create wolves 10.0.0.1 || return 1
	local -x PATH=$tmp/path:$PATH FWD_SOCKET=$tmp/fwd/sock
	local got
	mkdir -p "$tmp/path" && ln -sf "$fwctl" "$tmp/path/fwctl" || return 1
	"$fwctl" completion zsh >"$tmp/_fwctl"
	got=$("$here/complete.zsh" "$tmp/_fwctl" 'fwctl show rule w' 'fwctl list --from w' 'fwctl set del w' \
		'fwctl help comp' | xargs)
	is "completion in zsh" "$got" "web web wolves completion" || return 1
	"$fwctl" completion bash >"$tmp/fwctl.bash"
	# shellcheck disable=SC2016 # inner
	got=$(bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=3; _fwctl; echo "${COMPREPLY[@]}"' - "$tmp/fwctl.bash" \
		fwctl show rule w)
	is "completion in bash" "$got" web
}

case_fwd_no_daemon() {
	fwd_stop
	mkdir -p "$tmp/fwd"
	refuses 3 "not running" status && refuses 3 "not running" list && refuses 3 "not running" add rule drop &&
		refuses 3 "not running" classify "icmp 10.0.0.1 > 10.0.0.2" && refuses 3 "not running" watch &&
		refuses 3 "not running" save "$tmp/save.3" || return 1
	ls -A "$tmp" | grep -q 'save\.3\|fwctl-' && { fail "half a file is left"; return 1; }
	ctl --json status >"$tmp/json" 2>&1
	grep -v ^fwctl "$tmp/json" | grep -v hint | "$jsonl" || fail "$(cat "$tmp/json")" || return 1
	start_fwd || return 1
	FWD_SOCKET=$tmp/fwd/sock exits 0 "$fwctl" status && refuses 1 "--yes" flush </dev/null
}

# fwd is killed: filtering and counting continue, and the next one has everything.
case_fwd_restart() {
	start_fwd || return 1
	ok policy in drop && ok add rule name ping in proto icmp accept && ok set create s 10.0.0.1 && ok attach s0 || return 1
	expect yes try_ping $server4 && fwd_kill KILL && expect yes try_ping $server4 && expect no try_tcp $server4 80 || return 1
	start_fwd && order ping && packets ping 2 && expect no try_tcp $server4 80 && expect yes try_ping $server4 &&
		packets ping 3 && ok set list s && says 10.0.0.1 && ok add rule first name web in proto tcp dport 80 accept &&
		expect yes try_tcp $server4 80 && fwd_kill TERM && start_fwd && order web ping && expect yes try_tcp $server4 80
}
