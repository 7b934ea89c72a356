# SPDX-License-Identifier: GPL-2.0-only
# Cases of names that are data: whatever bytes are in a name, none that moves the cursor, begins a line, changes the direction of
# writing or hides is written to a terminal, the log, JSON or a page of metrics; sourced by run.sh.

# Controls, C1 as bytes and as UTF-8, characters that change the direction, have no width or separate lines, and invalid UTF-8:
# truncated, overlong, a surrogate, above U+10FFFF.
names_bad=($'\x1b[31m' $'\x07' $'\r' $'\n' $'\x7f' $'\x9b2J' $'\xc2\x9b2J' $'\xc2\x85' $'\xe2\x80\xae' $'\xe2\x81\xa6'
	$'\xe2\x80\x8f' $'\xd8\x9c' $'\xe2\x80\x8b' $'\xef\xbb\xbf' $'\xe2\x80\xa8' $'\xf3\xa0\x81\x81' $'\xff' $'\xe2\x82'
	$'\xc0\xaf' $'\xed\xa0\x80' $'\xf4\x90\x80\x80')

# shows_nothing_raw FILE...
shows_nothing_raw() {
	local file
	for file; do
		LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$file" && { fail "a control character in $file: $(cat -v "$file")"; return 1; }
		iconv -f UTF-8 -t UTF-8 "$file" >/dev/null 2>&1 || fail "no UTF-8 in $file: $(cat -v "$file")" || return 1
		LC_ALL=C.UTF-8 grep -qaP '[\x{80}-\x{9f}\x{ad}\x{61c}\x{200b}-\x{200f}\x{2028}-\x{202e}\x{2060}-\x{206f}\x{feff}\x{e0000}-\x{e0fff}]' "$file" &&
			{ fail "a character that is not shown in $file: $(cat -v "$file")"; return 1; }
	done
	return 0
}

# Files with the text in every place: names of sets and rules, words, interfaces, comments, paths, addresses.
names_files() { # TEXT
	printf 'set %s { 10.0.0.1 }\nset s { %s }\nset f file "%s"\nrule name %s drop\nrule on "%s" drop\nrule %s drop\nrule drop comment "%s"\n%s\npolicy %s drop\nrule from @%s drop "%s"' \
		"$1" "$1" "$1" "$1" "$1" "$1" "$1" "$1" "$1" "$1" "$1" >"$tmp/names.d/rules"
	printf 'add rule name %s drop\ndel rule %s\nset create %s\nset add s %s\n%s' "$1" "$1" "$1" "$1" "$1" >"$tmp/names.d/batch"
	printf 'rule 1 on not "%s" accept comment "%s"\n' "${1/$'\n'}" "$(LC_ALL=C tr -d '\001-\037\177-\377' <<<"$1")" >"$tmp/names.d/taken"
	[ "$1" = "${1//\//}" ] && cp "$tmp/names.d/rules" "$tmp/names.d/r$1" && cp "$tmp/names.d/taken" "$tmp/names.d/t$1"
}

# names_commands EACH TEXT: calls EACH with the words of every command, with the text wherever it takes one.
names_commands() {
	local each=$1 x=$2 d=$tmp/names.d
	for words in attach 'attach --later' detach 'show rule' 'del rule' 'add rule' 'add rule name' 'add rule on' 'add rule drop comment' \
		'add rule before' 'replace rule' 'move rule' 'set create' 'set destroy' 'set flush' 'set list' 'set add s' 'set del s' \
		'set replace s' 'set replace s file' 'list from' list 'list sets' 'list policy' 'list on' 'policy' 'policy in' 'counters --reset' \
		counters classify "classify --rules $d/taken" "classify --rules" 'classify --pcap' check 'check --format' load 'load --check' \
		batch 'history --limit' 'status --pins' help completion confirm undo flush watch 'watch --interval' 'attach --mode' \
		'attach --out' 'run --dev' "run $d/taken --dev" '--socket' '' '-' '--'; do
		# shellcheck disable=SC2086 # words on purpose
		"$each" ${words:+${words% }} "$x" || return 1
		case $words in
		'add rule on' | 'replace rule' | 'list from') # shellcheck disable=SC2086
			"$each" $words "$x" drop || return 1 ;;
		'move rule') "$each" move rule "$x" first && "$each" move rule "$x" before "$x" || return 1 ;;
		'--socket') "$each" --socket "$x" status || return 1 ;;
		'set add s') "$each" set add "$x" 10.0.0.1 || return 1 ;;
		esac
	done
	"$each" attach "$x*" --later && "$each" attach "$x" "$x" && "$each" add rule drop comment "a $x" &&
		"$each" classify "tcp 10.0.0.1:1 > 10.0.0.2:2 in on $x" && "$each" classify "$x 10.0.0.1:1" &&
		"$each" check "$d/r$x" && "$each" load "$d/r$x" && "$each" load "$d/r$x" --check && "$each" load "$d/t$x" --diff --yes &&
		"$each" check "$d/t$x" && "$each" batch "$d/batch" && "$each" batch "$d/r$x" && "$each" save "$d/s$x" && "$each" save - &&
		"$each" list && "$each" status && "$each" history && "$each" counters && "$each" list sets && "$each" load "$d/nosuch$x" &&
		"$each" classify --rules "$d/t$x" 'tcp 10.0.0.1:1 > 10.0.0.2:2 in' "tcp 10.0.0.1:1 > 10.0.0.2:2 in on $x"
}

names_one() {
	timeout 60 "$fwctl" --socket "$tmp/fwd/sock" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	[ $? -lt 124 ] || fail "$*: exit code above 123" || return 1
	shows_nothing_raw "$tmp/out" "$tmp/err" || { echo "      by fwctl $*" | cat -v >&2; return 1; }
}

# JSON output is valid JSON. Usage errors before the command are text.
names_json() {
	case $* in --socket* | help* | completion* | - | -- | 'save -' | 'watch'*) return 0 ;; esac
	timeout 60 "$fwctl" --json --socket "$tmp/fwd/sock" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	shows_nothing_raw "$tmp/out" "$tmp/err" || { echo "      by fwctl --json $*" | cat -v >&2; return 1; }
	[ ! -s "$tmp/out" ] || "$jsonl" <"$tmp/out" || fail "fwctl --json $*: no JSON: $(cat "$tmp/out")"
}

case_names_commands() {
	start_fwd && ok set create s && mkdir -p "$tmp/names.d" || return 1
	local bad
	# Texts without controls, controls, invalid UTF-8; a newline is refused earlier.
	for bad in "$(printf %s "${names_bad[@]:6:10}")" "$(printf %s "${names_bad[@]:0:3}")" "$(printf %s "${names_bad[@]:4:2}" "${names_bad[@]:16}")" $'\n'; do
		names_files "a${bad}b" && names_commands names_one "a${bad}b" && names_commands names_json "x${bad}" || return 1
	done
	shows_nothing_raw "$tmp/fwd.log" || return 1
	! grep -av '^fwd: ' "$tmp/fwd.log" | grep -q . || fail "lines of the log that are no lines of fwd: $(cat "$tmp/fwd.log")"
}

# Each argument of each request, as any client of the socket may set it.
case_names_requests() {
	start_fwd && ok set create s && start_web || return 1
	local bad text request arg file=$tmp/names.rules
	for bad in "${names_bad[@]}"; do
		text=$(jq -cn --arg x "a${bad}b" '$x')
		printf 'rule name a%sb drop comment "a%sb"\n' "$bad" "$bad" >"$file"
		while read -r request arg; do
			ask "$request" "${arg//X/$text}" ${file:+"$file"} >"$tmp/out" 2>&1
			shows_nothing_raw "$tmp/out" && { grep -a '^{' "$tmp/out" | "$jsonl"; } || fail "$request ${arg//X/$text}: $(cat -v "$tmp/out")" || return 1
		done <<-END
			status {X:1}
			status X
			list {"set":X,"what":"sets"}
			list {"policy":X,"what":"policy"}
			list {"rule":X}
			list {"from":X}
			list {"what":X}
			list {"filter":X}
			list {"filter":"on \\"a\\" X"}
			reset {"rules":[X]}
			classify {"packet":X}
			classify {"packet":"tcp 10.0.0.1:1 > 10.0.0.2:2","dev":X}
			change {"name":X}
			change {"name":X,"check":true}
			load {"name":X}
			load {"name":X,"format":"classbench"}
			load {"format":X}
			attach {"dev":X}
			attach {"dev":X,"later":true}
			attach {"dev":[X,"s0"]}
			attach {"dev":"s0","mode":X}
			detach {"dev":X}
			history {"limit":X}
			metrics {"rules":X}
			counters {"top":X}
		END
		get /metrics && shows_nothing_raw "$tmp/page" && lint || return 1
	done
	ok history && shows_nothing_raw "$tmp/out" "$tmp/fwd.log" "$tmp/web.log" || return 1
	! grep -av '^fwd: ' "$tmp/fwd.log" | grep -q . || fail "lines of the log that are no lines of fwd: $(cat "$tmp/fwd.log")"
}

names_metric() { get /metrics && grep -qF "fw_interface_attached{interface=\"${1//\\/\\\\}\"," "$tmp/page"; }

# An interface with such a name is shown escaped, and that form means it, everywhere; a missing interface cannot be requested by
# such a name.
case_names_interfaces() {
	start_fwd && start_web || return 1
	local name shown rest
	while read -r name shown; do
		name=$(printf '%b' "$name")
		in_server ip link add "$name" type veth peer name peer1 && in_server ip link set "$name" up &&
			in_server ip link set peer1 up || return 1
		ok attach "$name" && says "$shown " && shows_nothing_raw "$tmp/out" && ok status && says "$shown " && ok --json status &&
			"$jsonl" <"$tmp/out" && shows_nothing_raw "$tmp/out" || return 1
		is "the name in JSON" "$(head -1 "$tmp/out" | jq -r '.devices[] | .dev, .interface' | uniq)" "$shown" || return 1
		ok detach "$shown" && ok attach "$shown" && ok detach "$name" && ok attach 'n[a]*' && ok status && says "$shown " || return 1
		ok add rule name r in on "\"$shown\"" accept && ok classify "tcp 10.0.0.1:1 > 10.0.0.2:2 in on $shown" && says "name r in on" &&
			ok list on "\"$shown\"" && says "name r in on" || return 1
		# A save has the form that is shown, and is read as it.
		ctl save - >"$tmp/names.saved" && shows_nothing_raw "$tmp/names.saved" && ok load "$tmp/names.saved" --diff &&
			says "0 added, 0 removed, 0 changed" && ctl save - | diff - "$tmp/names.saved" || return 1
		wait_until names_metric "$shown" || fail "no metric of $shown: $(grep -a attached "$tmp/page")" || return 1
		shows_nothing_raw "$tmp/page" && lint || return 1
		# The same after a restart, and while fwd does not run.
		fwd_kill KILL && in_server "$fwctl" --socket "$tmp/fwd/sock" status --pins "$tmp/bpffs/fwd" >"$tmp/out" 2>&1
		shows_nothing_raw "$tmp/out" && get /metrics && shows_nothing_raw "$tmp/page" && lint && start_fwd && ok status &&
			says "$shown " && ok detach "$shown" && ok flush --yes || return 1
		in_server ip link del peer1 && wait_until eval "! in_server ip link show '$name'" || return 1
	done <<-'END'
		na\x1b[31mred na\x1b[31mred
		na\x9bx na\x9bx
		na\xc2\x85x na\xc2\x85x
		na\xe2\x80\xaex na\xe2\x80\xaex
		na\xe2\x80\x8b na\xe2\x80\x8b
		na\xff na\xff
		na\xe2\x82 na\xe2\x82
		na\\x41 na\x5cx41
		na\xe6\xbc\xa2 na漢
	END
	name=$'na\x1b[2J'
	refuses 1 'na\x1b[2J' attach --later "$name" && says "already" && refuses 1 "" attach --later "$name*" &&
		refuses 1 "no interface can be called 'a\x0ab'" attach --later $'a\nb' && ok status && says "none" || return 1
	answers 1 ask attach '{"dev":"a\u001b[31m","later":true}' && told 'a\\x1b[31m' &&
		answers 1 ask attach '{"dev":"a\nfwd: forged","later":true}' && ok attach --later 'na\b' && ok status && says 'na\x5cb' &&
		ok detach 'na\b' || return 1
	# An alternative name of an interface.
	in_server ip link property add dev s0 altname $'alt\x1b[2J' && ok attach 'alt\x1b[2J' && ok status && says "s0 " &&
		refuses 1 "another name of s0" detach 'alt\x1b[2J' && shows_nothing_raw "$tmp/err" && ok detach s0
	rest=$?
	in_server ip link property del dev s0 altname $'alt\x1b[2J'
	return $rest
}

# Errors are marked below their column, whatever is before it.
case_names_marked() {
	local x
	for x in $'\x1b[31m' $'\xc2\x9b' $'\xe2\x80\xae' $'\xff' 'é' $'e\xcc\x81' '漢字' $'\xef\xbb\xbf'; do
		printf 'rule\ton "n%s" from 10.0.0.1/8 drop\n' "$x" >"$tmp/rules"
		exits 1 "$fwctl" check "$tmp/rules" && shows_nothing_raw "$tmp/err" || return 1
		# In terminal columns, which awk does not know: wide characters become two, combining marks none.
		sed -i -e 's/漢字/1234/;s/é/e/' -e "s/$(printf 'e\314\201')/e/" "$tmp/err" && marked 10.0.0.1/8 || return 1
	done
}

# A fake fwd that replies anything: all of it is escaped.
case_names_other_fwd() {
	local bad=$'\x1b[31m\x7f\xc2\x9b\xe2\x80\xae\xff\xe2\x82' line kind reply=$tmp/reply
	le() { printf "\\x$(printf %02x $(($1 & 255)))\\x$(printf %02x $(($1 >> 8 & 255)))\\x00\\x00"; }
	message() { # KIND TEXT
		local LC_ALL=C
		le $((${#2} + 4)) && printf "\\x$(printf %02x "$1")\\x01\\x01\\x00" && le ${#2} && printf '%s' "$2"
	}
	line="{\"text\":\"a\u001b\u0080b\",\"name\":\"$(printf '\xc2\x9b\xe2\x80\xae')\",\"dev\":\"a\\u001b[2J\\u202eb\",\"state\":\"$(printf '\x7f')\",\"packet\":\"\\u009b\"}"
	for kind in list status history 'attach x' 'classify x' counters; do
		for end in '{"ok":true,"what":"\u001b[2J"}' "{\"ok\":false,\"error\":\"$bad\"}" '{"ok":false,"error":"\u001b[2J\u202e"}' \
			'{"ok":false,"diags":[{"file":"\u001b[2J","line":1,"column":1,"message":"\u009b","hint":"\u2028"}]}' "$bad" '[]'; do
			for json in '' --json; do
				{ message 0 "$line" && message 3 "$end"; } >"$reply"
				rm -f "$tmp/other.sock"
				nc -lU "$tmp/other.sock" <"$reply" >/dev/null &
				wait_until test -S "$tmp/other.sock"
				# shellcheck disable=SC2086 # words on purpose
				timeout -k 1 20 "$fwctl" $json --socket "$tmp/other.sock" $kind >"$tmp/out" 2>"$tmp/err" </dev/null
				kill $! 2>/dev/null
				wait $! 2>/dev/null
				shows_nothing_raw "$tmp/out" "$tmp/err" || return 1
				[ -z "$json" ] || "$jsonl" <"$tmp/out" || fail "$kind, $end: no JSON: $(cat "$tmp/out")" || return 1
			done
		done
	done
}

# The programs with settings, with the text in each setting, on the command line and in the file; none of them starts.
case_names_settings() {
	local bad option program text
	for bad in "$(printf %s "${names_bad[@]:6:10}")" "$(printf %s "${names_bad[@]:0:3}")" "$(printf %s "${names_bad[@]:4:2}" "${names_bad[@]:16}")" $'\n'; do
		text=/nonexistent/a${bad}b
		for program in "$fwd" "$exporter"; do
			for option in $("$program" --help | grep -o '^  --[a-z-]*'); do
				case $option in --help | --version | --once | --metrics | --check-* | --detach) continue ;; esac
				timeout -s KILL 60 "$program" "$option" "$text" --nosuch >"$tmp/out" 2>"$tmp/err" </dev/null
				shows_nothing_raw "$tmp/out" "$tmp/err" || return 1
				[ "$option" = --config ] || printf '%s %s\n' "${option#--}" "a${bad}b" >>"$tmp/names.conf"
			done
			timeout -s KILL 60 "$program" "--$text" >"$tmp/out" 2>"$tmp/err" </dev/null
			shows_nothing_raw "$tmp/out" "$tmp/err" || return 1
			timeout -s KILL 60 "$program" "$text" >"$tmp/out" 2>"$tmp/err" </dev/null
			shows_nothing_raw "$tmp/out" "$tmp/err" || return 1
		done
		cp "$tmp/names.conf" "$tmp/names$bad.conf"
		exits 1 "$fwd" --check-config --config "$tmp/names$bad.conf" && shows_nothing_raw "$tmp/out" "$tmp/err" &&
			exits 1 "$fwd" --check-config --config "$text" && shows_nothing_raw "$tmp/out" "$tmp/err" || return 1
		"$fwd" --check-store --store "$text" >"$tmp/out" 2>"$tmp/err" </dev/null
		shows_nothing_raw "$tmp/out" "$tmp/err" || return 1
		for option in --pins --socket --address --host --group --mode; do
			timeout -s KILL 60 "$exporter" --once "$option" "$text" >"$tmp/out" 2>"$tmp/err" </dev/null
			shows_nothing_raw "$tmp/out" "$tmp/err" || return 1
		done
		rm -f "$tmp/names.conf" "$tmp/names$bad.conf"
	done
}
