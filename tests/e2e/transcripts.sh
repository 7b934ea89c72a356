# SPDX-License-Identifier: GPL-2.0-only
# The commands that a document shows, each followed by its output; sourced by docs and run.sh.

# transcripts FILE PATTERN: calls `transcript COMMAND` for each line "$ COMMAND" in a block of code where the command
# matches the pattern; the file $shown has what follows it, up to the next command or the end of the block.
transcripts() {
	local line command=
	shown=$tmp/shown
	while IFS= read -r line <&3; do
		case $line in
		'$ '* | '```'*)
			[ -z "$command" ] || transcript "$command"
			: >"$shown"
			command=$(grep -xE "$2" <<<"${line#\$ }")
			;;
		*) echo "$line" >>"$shown" ;;
		esac
	done 3<"$1"
}
