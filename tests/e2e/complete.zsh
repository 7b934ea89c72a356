#!/usr/bin/env zsh
# SPDX-License-Identifier: GPL-2.0-only
# complete.zsh SCRIPT LINE...: prints what a zsh with that completion script offers when Tab is pressed after each line: a line of
# output for each, with the words in order. The zsh is interactive, on a terminal of its own, with SCRIPT in its $fpath like an
# installed one.
emulate -R zsh
zmodload zsh/zpty || exit 2
script=$1
shift
dir=$(mktemp -d) || exit 2
trap 'zpty -d shell 2>/dev/null; rm -rf $dir' EXIT
trap 'exit 130' INT TERM
mkdir $dir/functions && cp $script $dir/functions || exit 2

# All completions are added by compadd: records the matches, and "." when Tab is done.
cat >$dir/setup <<END
PS1= PS2= TERM=dumb
unsetopt zle_bracketed_paste 2>/dev/null
fpath=($dir/functions \$fpath)
autoload -Uz compinit && compinit -u -d $dir/dump
compadd() {
	local -a offered
	if (( ! \${@[(I)-[OAD]]} )); then
		builtin compadd -O offered "\$@"
		(( \$#offered )) && print -rl -- "\${offered[@]}" >>$dir/offered
	fi
	builtin compadd "\$@"
}
noted() { _main_complete; print . >>$dir/offered; compstate[insert]= compstate[list]=; }
zle -C noted complete-word noted
bindkey '^I' noted
bindkey '^U' kill-whole-line
print ready >$dir/ready
END

# awaits FILE LAST: waits up to ten seconds until the file ends with this line.
awaits() {
	local i chunk
	for i in {1..500}; do
		[[ -e $1 && $(tail -n 1 $1) = $2 ]] && return 0
		while zpty -rt shell chunk; do :; done
		sleep 0.02
	done
	print -u2 "complete.zsh: zsh does not answer"
	exit 2
}

zpty shell zsh -f -i
zpty -w shell ". $dir/setup"
awaits $dir/ready ready
for line in $@; do
	rm -f $dir/offered
	zpty -w -n shell $'\C-U'$line$'\t'
	awaits $dir/offered .
	print -r -- $(grep -vx '\.' $dir/offered | sort -u)
done
