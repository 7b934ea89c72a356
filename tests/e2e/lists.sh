# SPDX-License-Identifier: GPL-2.0-only
# Cases of published lists of addresses, and of the words of other firewalls; sourced by run.sh.

# list_of WORDS: a ruleset with $tmp/feed as a set's file, and a rule.
list_of() { printf 'set feed file "feed" %s\nrule name feed in from @feed drop\n' "$1" >"$tmp/feed.rules"; }

case_lists_are_read() {
	share_fwd || return 1
	printf '\xef\xbb\xbf1.2.3.4\r\n5.6.7.0/24\t9\r\n' >"$tmp/feed"
	list_of ""
	exits 0 "$fwctl" check "$tmp/feed.rules" && says "1 with 2 elements" && ok load "$tmp/feed.rules" &&
		ok set list feed && says "set feed { 1.2.3.4, 5.6.7.0/24 }" || return 1
	# A save contains the elements themselves.
	ok save "$tmp/saved" && grep -q "^set feed { 1.2.3.4, 5.6.7.0/24 }" "$tmp/saved" || fail "$(cat "$tmp/saved")"
}

case_lists_refused() {
	share_fwd || return 1
	printf '1.2.3.4\n081.2.3.4\n' >"$tmp/feed"
	list_of ""
	ok load "$top/examples/first.rules" && refuses 1 "feed:2:1: '081.2.3.4' is not an address" load "$tmp/feed.rules" &&
		says "octal or decimal? if decimal, write 81.2.3.4" && marked 081.2.3.4 && ok list && says "name ssh" || return 1
	printf '192.0.2.1,AS64500\n' >"$tmp/feed"
	refuses 1 "format csv" load "$tmp/feed.rules" || return 1
	printf '192.0.2.1;192.0.2.2\n' >"$tmp/feed"
	refuses 1 "feed:1:11: '192.0.2.2' would be the comment of '192.0.2.1'" load "$tmp/feed.rules" && says "one per line"
}

case_lists_skip_bad() {
	start_fwd || return 1
	printf '# feed\n1.2.3.4\n\nnosuch\n5.6.7.8\n10/8\nx\n' >"$tmp/feed"
	list_of skip-bad
	exits 0 "$fwctl" check "$tmp/feed.rules" && says "feed: 3 lines skipped, first at line 4: 'nosuch' is not an address" &&
		says "1 with 2 elements" && exits 0 "$fwctl" check --json "$tmp/feed.rules" &&
		says '"message":"3 lines skipped' || return 1
	ok load "$tmp/feed.rules" && says "$tmp/feed: 3 lines skipped, first at line 4" &&
		ok load --json "$tmp/feed.rules" && says '"warnings":[{' && says "3 lines skipped" &&
		ok load --check "$tmp/feed.rules" && says "3 lines skipped" || return 1
	# The store keeps the file as it was, and parses it in the same way.
	[ "$(ctl set list feed)" = "set feed { 1.2.3.4, 5.6.7.8 }" ] && fwd_kill TERM && start_fwd &&
		is "the set after a restart" "$(ctl set list feed)" "set feed { 1.2.3.4, 5.6.7.8 }" || return 1
	printf 'nosuch\n' >"$tmp/feed"
	refuses 1 "no line holds an address" load "$tmp/feed.rules" || return 1
	printf '<html>\n1.2.3.4\n' >"$tmp/feed"
	refuses 1 "the file is HTML" load "$tmp/feed.rules" && is "the set" "$(ctl set list feed)" "set feed { 1.2.3.4, 5.6.7.8 }"
}

case_list_one_set_or_policy() {
	share_fwd || return 1
	ok set create admins 192.0.2.1 && ok set create other 192.0.2.2 && ok list sets admins &&
		is "list sets admins" "$(cat "$tmp/out")" "set admins { 192.0.2.1 }" && ok list --terse sets other &&
		is "its lines" "$(wc -l <"$tmp/out")" 1 || return 1
	refuses 1 "there is no set 'nosuch'" list sets nosuch && refuses 1 "did you mean 'admins'?" list sets admin &&
		refuses 1 "did you mean 'other'?" set list othr && refuses 2 "unexpected operand" list sets admins other || return 1
	ok list --limit 1 sets && is "its lines" "$(wc -l <"$tmp/out")" 1 || return 1
	ok list policy in && is "list policy in" "$(awk '{ $1 = $2 = $3 = ""; print }' "$tmp/out" | xargs)" "policy in accept # by default" &&
		refuses 1 "there is no policy for 'garbage'" list policy garbage &&
		refuses 1 "did you mean 'malformed'?" list policy malforned && refuses 2 "unexpected operand" list policy in out &&
		refuses 1 "for rules only" list --from x sets
}

# Lists only the rules that could match such packets.
case_list_filter() {
	share_fwd || return 1
	ok add rule name web in proto tcp dport 80 accept && ok add rule name xmas flags fin,psh,urg drop &&
		ok add rule name dns in proto udp dport 53 accept && ok add rule name ping proto icmp icmp-type echo-request accept &&
		ok add rule name rest in from 10.0.0.0/8 drop || return 1
	ok list --terse frag later && is "frag later" "$(cut -d' ' -f4 "$tmp/out" | xargs)" rest &&
		ok list --terse proto udp drop && is "proto udp drop" "$(cut -d' ' -f4 "$tmp/out" | xargs)" rest &&
		ok list --terse dport 80 && is "dport 80" "$(cut -d' ' -f4 "$tmp/out" | xargs)" "web xmas rest" &&
		ok list --terse ip6 && is ip6 "$(cut -d' ' -f4 "$tmp/out" | xargs)" "web xmas dns" || return 1
	# Impossible packets are refused as in rules.
	refuses 1 "'flags' cannot be used with protocol 17" list proto udp flags syn && marked flags &&
		refuses 1 "a later fragment has no 'dport'" list frag later dport 22 &&
		refuses 1 "its addresses are IPv6" list ip from 2001:db8::1
}

# All names of an interface are equivalent.
case_list_filter_altname() {
	share_fwd || return 1
	in_server ip link property add dev s0 altname enp3s0 && ok add rule name r in on enp3s0 drop &&
		ok add rule name other in on not enp3s0 drop || return 1
	wait_until lists r on s0 && lists r on enp3s0 && lists other on not s0 && lists other on not enp3s0 || fail "$(ctl list on s0)" || return 1
	in_server ip link property del dev s0 altname enp3s0 && wait_until lists other on s0 && lists r on enp3s0 || fail "$(ctl list on s0)"
}
# lists NAMES QUERY...: the query lists these rules.
lists() { [ "$(ctl list --terse "${@:2}" | cut -d' ' -f4 | xargs)" = "$1" ]; }

# The name of a service keeps the meaning that it had when it was read, whatever /etc/services has later.
case_service_names() {
	start_fwd || return 1
	grep -q "^ssh[[:blank:]]*22/tcp" /etc/services || return 0
	printf 'rule name in-ssh in proto tcp dport { ssh, https } accept\n' >"$tmp/names.rules"
	ok load "$tmp/names.rules" && ok list --terse && says "dport { 22, 443 }" &&
		ok add rule name dns in proto udp dport domain accept && ok show rule dns && says "dport 53" || return 1
	refuses 1 "did you mean 'ssh'?" add rule in proto tcp dport shs accept || return 1
	# fwd rewrites the store without the names when it is idle. Then it starts without /etc/services too.
	wait_until starts_without_services || fail "fwd does not start without /etc/services: $(tail -3 "$tmp/fwd.log")" || return 1
	ok list --terse && says "dport { 22, 443 }" &&
		refuses 1 "'https' is not a value of 'dport'" add rule in proto tcp dport https accept
}
starts_without_services() {
	fwd_kill TERM
	in_fwd_mounts mount --bind /dev/null /etc/services && fwd_start && return 0
	in_fwd_mounts umount /etc/services && fwd_start && sleep 0.5
	return 1
}

# Words of other firewalls as commands.
case_other_words() {
	share_fwd || return 1
	refuses 2 'fwctl add rule' deny from 192.0.2.1 && refuses 2 'fwctl add rule' allow 22 &&
		refuses 2 'fwctl del rule' delete rule 1 && refuses 2 'fwctl add rule first' insert &&
		refuses 2 'fwctl attach' enable && refuses 2 'fwctl load' reload && refuses 2 'fwctl list' -L && refuses 2 'add rule' -A INPUT || return 1
	refuses 2 "write 'from'" add rule -s 192.0.2.1 -j DROP && refuses 2 "write 'dport'" add rule --dport 22 accept &&
		refuses 1 "write 'from'" add rule saddr 192.0.2.1 drop && refuses 1 "write 'drop'" add rule in deny &&
		refuses 1 "write 1000-2000" add rule proto tcp dport 1000:2000 accept &&
		refuses 1 "write 10.0.0.0/8" add rule from 10.0.0.0/255.0.0.0 drop && marked 10.0.0.0/255.0.0.0
}

# no_controls: the output of the last command has nothing that moves the cursor or forges a line.
no_controls() {
	! LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f\x9b]' "$tmp/out" "$tmp/err" || fail "control characters: $(cat -v "$tmp/out" "$tmp/err")"
}

# Names of interfaces and files, and arguments, are data.
case_terminal_controls() {
	local name=$'e\x1b[31m\x7f\xc2\x9bx'
	start_fwd || return 1
	ctl attach "$name" >"$tmp/out" 2>"$tmp/err"
	no_controls || return 1
	in_server ip link add name "$name" type veth peer name $'p\x1bx' || return 1
	ctl attach "$name" --mode generic >"$tmp/out" 2>"$tmp/err"
	no_controls && says '\x1b[31m\x7f' || return 1
	ok status && no_controls && says 'e\x1b[31m' && ok --json status && no_controls || return 1
	LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f\x9b]' "$tmp/fwd.log" && { fail "control characters in the log: $(cat -v "$tmp/fwd.log")"; return 1; }
	for command in "add rule on $name drop" "show rule $name" "set list $name" "list policy $name" "add rule from $name drop" \
		"attach nosuch$name" "$name" "list --$name"; do
		# shellcheck disable=SC2086 # words on purpose
		ctl $command >"$tmp/out" 2>"$tmp/err"
		no_controls || return 1
	done
	printf 'rule %s drop\n' "$name" >"$tmp/$name"
	exits 1 "$fwctl" check "$tmp/$name" && no_controls && printf 'rule drop\n' >"$tmp/$name" &&
		exits 0 "$fwctl" check "$tmp/$name" && no_controls && ok load "$tmp/$name" && no_controls && ok history &&
		no_controls && printf '1.2.3.4\n%s\n' "$name" >"$tmp/feed" && list_of skip-bad && ok load "$tmp/feed.rules" &&
		no_controls || return 1
	in_server ip link del "$name"
}

# tab SHELL WORD...: the completions of the last word, one per line, in the server's namespace and its /sys.
tab() {
	local shell=$1
	shift
	# shellcheck disable=SC2016 # inner
	case $shell in
	bash) set -- bash -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fwctl; printf "%s\n" "${COMPREPLY[@]}"' - \
		"$tmp/fwctl.bash" "$@" ;;
	zsh) set -- "$here/complete.zsh" "$tmp/_fwctl" "$*" ;;
	esac
	# shellcheck disable=SC2016 # inner
	nsenter --net="/run/netns/$server" unshare --mount --propagation private \
		sh -c 'mount -t sysfs none /sys && cd "$1" && shift && exec "$@"' - "$tmp/there" "$@" | sort
}

# Completions depend on the word before. Names are data: no shell executes anything in a device's name.
case_completion_positions() {
	local shell name code=0
	local -x PATH=$tmp/path:$PATH FWD_SOCKET=$tmp/fwd/sock
	share_fwd && mkdir -p "$tmp/path" "$tmp/there" && ln -sf "$fwctl" "$tmp/path/fwctl" || return 1
	ok add rule name web in proto tcp dport 80 accept && ok set create wolves 10.0.0.1 && ok set create web2 10.0.0.1 || return 1
	"$fwctl" completion bash >"$tmp/fwctl.bash" && "$fwctl" completion zsh >"$tmp/_fwctl" || return 1
	for shell in bash zsh; do
		is "$shell: on" "$(tab $shell fwctl add rule in on s | xargs)" s0 &&
			is "$shell: on not" "$(tab $shell fwctl add rule in on not s | xargs)" s0 &&
			is "$shell: from" "$(tab $shell fwctl add rule from @w | xargs)" "@web2 @wolves" &&
			is "$shell: a list" "$(tab $shell fwctl list from { 10.0.0.1, @wo | xargs)" "@wolves" &&
			is "$shell: before" "$(tab $shell fwctl add rule before w | xargs)" web &&
			is "$shell: REF" "$(tab $shell fwctl replace rule w | xargs)" web &&
			is "$shell: list sets" "$(tab $shell fwctl list sets w | xargs)" "web2 wolves" &&
			is "$shell: set del" "$(tab $shell fwctl set del wol | xargs)" wolves &&
			is "$shell: an element" "$(tab $shell fwctl set del wolves w | xargs)" "" || return 1
	done
	# bash treats '@' as a word of its own, and replaces both by the completion.
	is "bash: @" "$(tab bash fwctl add rule from @ | xargs)" "@web2 @wolves" &&
		is "bash: @w" "$(tab bash fwctl add rule from @ wo | xargs)" @wolves || return 1
	for name in '$(id>pwned)' '`id>pwned`' 'x;id>pwned' "q'\"*[a]"; do
		in_server ip link add name "$name" type veth peer name v9 || return 1
		for shell in bash zsh; do
			tab $shell fwctl attach "" >"$tmp/out" 2>&1
			tab $shell fwctl add rule in on "" >>"$tmp/out" 2>&1
			[ -e "$tmp/there/pwned" ] && { fail "$shell runs $name"; code=1; }
			grep -q s0 "$tmp/out" || { fail "$shell offers nothing: $(cat "$tmp/out")"; code=1; }
		done
		# A completion is a single word of the shell that means the name.
		eval "got=($(tab bash fwctl attach "" | grep -v '^[a-z][a-z0-9]*$'))"
		is "the word" "${got[0]:-}" "$name" && is "its words" "${#got[@]}" 1 || code=1
		in_server ip link del "$name"
	done
	return $code
}

# Skipped lines are logged when no client waits for the answer.
case_lists_skip_bad_reload() {
	printf '1.2.3.4\nnosuch\n' >"$tmp/feed"
	list_of skip-bad
	start_fwd --rules "$tmp/feed.rules" && kill -HUP "$fwd_pid" &&
		wait_until grep -qF "1 line skipped, first at line 2: 'nosuch' is not an address" "$tmp/fwd.log" || fail "$(cat "$tmp/fwd.log")"
}
