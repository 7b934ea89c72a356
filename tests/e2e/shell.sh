# SPDX-License-Identifier: GPL-2.0-only
# Cases of names with a meaning for the shell, sourced by run.sh: completion executes none of them, and completes to the name itself.
# Any user of a namespace can choose names of interfaces, and anybody those of files.

# A shell that expands one of these would create a file called `ran`, or split the word.
names_hostile() {
	cat <<-'END'
		$(id>ran)
		a$(id>ran)
		`id>ran`
		a`id>ran`
		${IFS}id>ran
		a${IFS}>ran
		$((x=1))
		$HOME
		;id>ran
		a;id>ran
		a&id>ran
		a|id>ran
		>ran
		a>ran
		<ran
		<(id>ran)
		(id>ran)
		'
		"
		'$(id>ran)'
		"$(id>ran)"
		a'b"c
		~root
		~
		a=~root
		a=b
		=ls
		*
		a*
		?
		[a-z]
		{a,b}
		a{1..3}
		!!
		!id
		a!!
		\
		a\
		\\
		a\$b
		\$(id>ran)
		#x
		a#x
		%1
		^a^b
		$'a'
		a,b
		+x
		...
		.x
		]
		a[$(id>ran)]
		-x
		--
		--help
		-$(id>ran)
	END
}

# Every byte that the kernel allows in the name of an interface, alone and inside.
names_of_bytes() {
	local i
	for i in $(seq 1 255); do
		case $i in 9 | 10 | 11 | 12 | 13 | 32 | 47 | 58 | 160) continue ;; esac
		# shellcheck disable=SC2059 # the byte
		i=$(printf '\\x%x' "$i") && printf "${i}\na${i}b\n"
	done | grep -avx '\.'
}

# accepted SHELL KIND TYPED LINE: counts the results of accept.zsh for the names on standard input.
accepted() {
	local shell=$1 script=$tmp/fwctl.bash
	shift
	[ "$shell" != zsh ] || script=$tmp/_fwctl
	unshare --mount --propagation private --net sh -c 'mount -t sysfs none /sys && mount -t tmpfs none /sys/class/net && exec "$@"' - \
		"$here/accept.zsh" "$shell" "$script" "$@" >"$tmp/accepted" || return 1
	grep -av '^exact \|^out ' "$tmp/accepted" && { fail "in $shell: $*"; return 1; }
	[ "$(grep -ac ^exact "$tmp/accepted")" -ge "$exact_at_least" ] || fail "in $shell, $*: offered too few: $(cat "$tmp/accepted")"
}

completions() { "$fwctl" completion bash >"$tmp/fwctl.bash" && "$fwctl" completion zsh >"$tmp/_fwctl"; }

case_shell_hostile_names() {
	completions || return 1
	local shell exact_at_least=48
	names_hostile >"$tmp/names"
	for shell in bash bash-completion zsh; do
		accepted $shell iface 0 'fwctl attach ' <"$tmp/names" && accepted $shell iface 0 'fwctl run x --dev ' <"$tmp/names" &&
			accepted $shell rule 0 'fwctl show rule ' <"$tmp/names" && accepted $shell set 0 'fwctl set del ' <"$tmp/names" &&
			accepted $shell file 0 'fwctl load ' <"$tmp/names" || return 1
	done
	# With typed first characters; those that are special for the shell are left out.
	exact_at_least=36
	grep -v '^[-!]' "$tmp/names" >"$tmp/begun"
	for shell in bash bash-completion zsh; do
		accepted $shell iface 1 'fwctl attach ' <"$tmp/begun" && accepted $shell iface 1 'fwctl add rule in on ' <"$tmp/begun" &&
			accepted $shell set 1 'fwctl add rule in from @' <"$tmp/begun" && accepted $shell rule 1 'fwctl add rule before ' <"$tmp/begun" || return 1
	done
}

# In the C locale, and in UTF-8, in which most single bytes are invalid.
case_shell_every_byte() {
	completions || return 1
	local shell exact_at_least
	local -x LC_ALL
	names_of_bytes >"$tmp/names"
	for LC_ALL in C C.UTF-8; do
		exact_at_least=180 && accepted bash iface 0 'fwctl attach ' <"$tmp/names" && accepted bash file 0 'fwctl load ' <"$tmp/names" &&
			exact_at_least=480 && accepted zsh iface 0 'fwctl attach ' <"$tmp/names" || return 1
	done
}

# All at once: each is offered once, and means the name. Names of files with newlines are left out.
case_shell_kernel_names() {
	local -x LC_ALL=C.UTF-8
	local i byte name made=() words
	completions && mkdir -p "$tmp/there" || return 1
	for i in $(seq 33 126); do
		case $i in 37 | 47 | 58) continue ;; esac # the kernel expands % in names
		byte=$(printf "\\x$(printf %x "$i")")
		in_server ip link add name "k${byte}b" type veth peer name "k${byte}\$(id)" || return 1
		made+=("k${byte}b" "k${byte}\$(id)")
	done
	eval "words=($(tab bash fwctl attach k))"
	is "offered" "$(printf '%s\n' "${words[@]}" | LC_ALL=C sort)" "$(printf '%s\n' "${made[@]}" | grep -v '^..*@' | LC_ALL=C sort)" &&
		is "in zsh" "$(tab zsh fwctl attach k | tr ' ' '\n' | LC_ALL=C sort)" "$(printf '%s\n' "${made[@]}" | grep -v '!' | LC_ALL=C sort)"
	i=$?
	for name in "${made[@]}"; do in_server ip link del "$name" 2>/dev/null; done
	rm -rf "$tmp/there" && mkdir "$tmp/there" && : >"$tmp/there/a"$'\n''$(id)' && : >"$tmp/there/b" &&
		is "files" "$(tab bash fwctl load "")" b && return $i
}
