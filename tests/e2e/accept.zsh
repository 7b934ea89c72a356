#!/usr/bin/env zsh
# SPDX-License-Identifier: GPL-2.0-only
# accept.zsh SHELL SCRIPT KIND TYPED LINE: reads names from standard input, one per line. Each in turn is the only name: of an
# interface (in a private file system on /sys/class/net), of a rule or a set (from a fake fwd), or of a file in the current folder.
# An interactive SHELL (bash, bash-completion, zsh) with that completion script gets LINE and the first TYPED characters of the name,
# quoted, then Tab and Enter. Prints a line for each name, by the arguments of fwctl:
#
#	exact NAME    the words of LINE and the name
#	out NAME      only what was typed: the name is not offered
#	WRONG NAME    other arguments
#	HANGS NAME    not called: the shell cannot run the line
#	RAN NAME      the shell has created a file called `ran`
emulate -R zsh
unsetopt multibyte
zmodload zsh/zpty zsh/files || exit 2
shell=$1 script=$2 kind=$3 typed=$4 line=$5
dir=$(mktemp -d) || exit 2
trap 'zpty -d shell 2>/dev/null; rm -rf $dir' EXIT
trap 'exit 130' INT TERM
mkdir $dir/functions $dir/path $dir/there && cp $script $dir/functions/_fwctl || exit 2

cat >$dir/path/fwctl <<END
#!/bin/sh
[ "\$1 \$3" != "list --terse" ] || exec cat $dir/\$2
printf '%s\0' "\$@" ended >$dir/called
END
chmod 755 $dir/path/fwctl
path=($dir/path $path)
export PATH PS1= PS2= TERM=dumb HISTFILE=

case $shell in
zsh)
	start=(zsh -f -i)
	cat >$dir/setup <<-END
		PS1= PS2=
		unsetopt zle_bracketed_paste 2>/dev/null
		fpath=($dir/functions \$fpath)
		autoload -Uz compinit && compinit -u -d $dir/dump
		bindkey '^I' complete-word
	END
	;;
bash*)
	start=(bash --norc --noprofile -i)
	cat >$dir/setup <<-END
		PS1= PS2=
		bind 'set enable-bracketed-paste off'
		[ $shell = bash ] || . /usr/share/bash-completion/bash_completion
		. $dir/functions/_fwctl
	END
	;;
esac
print "cd $dir/there; echo ready >$dir/ready" >>$dir/setup

# awaits FILE END: waits up to twenty seconds until the file ends so.
awaits() {
	local i chunk
	for i in {1..4000}; do
		while zpty -rt shell chunk; do :; done
		got=
		[[ ! -e $1 ]] || got=$(<$1)
		[[ $got != *$2 ]] || return 0
		sleep 0.005
	done
	return 1
}
begin() {
	zpty -d shell 2>/dev/null
	rm -f $dir/ready
	zpty shell $start
	zpty -w shell ". $dir/setup"
	awaits $dir/ready ready || { print -u2 "accept.zsh: $shell does not answer"; exit 2; }
}

# Makes it the only name of its kind.
there_is() {
	case $kind in
	iface) rm -rf $dir/none /sys/class/net/*(DN) && mkdir -- /sys/class/net/$1 && : >/sys/class/net/$1/ifindex ;;
	rule) print -r -- "rule 1 name $1 drop" >$dir/rules ;;
	set) print -r -- "set $1 1" >$dir/sets ;;
	file) : >$dir/there/$1 ;;
	esac
}

# words_are NAME: was fwctl called with the words of LINE and that name?
words_are() {
	local words=(${=line})
	[[ $line = *' ' && -z $1 ]] || { [[ $line = *' ' ]] && words+=($1) || words[-1]+=$1; }
	[[ $got = ${(pj:\0:)words[2,-1]}$'\0ended\0' ]]
}

begin
while IFS= read -r name; do
	rm -rf $dir/called $dir/there/*(DN)
	there_is $name || { print -r "accept.zsh: cannot be: ${(V)name}" >&2; exit 2; }
	begun=$name[1,typed] quoted=
	[[ -z $begun ]] || quoted=${(q)begun}
	zpty -w -n shell $'\C-U'$line$quoted$'\t\n'
	if ! awaits $dir/called $'ended\0'; then
		how=HANGS
		begin
	elif words_are $name || { [[ $kind = file ]] && words_are ./$name; }; then
		how=exact
	elif words_are $begun; then
		how=out
	else
		how=WRONG
	fi
	[[ ! -e $dir/there/ran && ! -e $dir/ran ]] || [[ $name = ran ]] || how=RAN
	print -r -- $how ${(V)name}
done
