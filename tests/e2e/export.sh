# SPDX-License-Identifier: GPL-2.0-only
# What `fwctl export` makes for iptables, in the kernel, against fwd with the rules that it was made of: the same random rules and packets
# as in as_nft.sh. The exported rules are loaded into the table mangle, before fwd, and mark what they would drop: fwd must drop these
# packets and no others. Sourced by run.sh. FW_AS_IPTABLES=ROUNDS runs more rounds, FW_SEED a failure again.

export_rounds=${FW_AS_IPTABLES:-5} export_mark=0x1000000/0x1000000

# Prints what the kernel or this machine lacks.
export_lacks() {
	local tool
	for tool in iptables-legacy ip6tables-legacy ipset python3; do
		command -v $tool >/dev/null || { echo "$tool is missing: run make deps"; return; }
	done
	in_server iptables-legacy -nL >/dev/null 2>&1 && in_server ip6tables-legacy -nL >/dev/null 2>&1 || echo "the kernel lacks ip_tables"
	in_server ipset list >/dev/null 2>&1 || echo "the kernel lacks ip_set"
}
export_to() { "$fwctl" export --to "$1" "$tmp/fw.rules" >"$tmp/exported.$1" 2>"$tmp/err"; }
# Leaves out the rules that iptables cannot say, until the rest can be said. Rules about marks would see the one of this test.
export_sayable() {
	local lines
	sed -i -e 's/^\(policy [a-z]*\) reject/\1 drop/' -e '/ mark /d' "$tmp/fw.rules"
	until export_to iptables && export_to ip6tables && export_to ipset; do
		lines=$(sed -n 's/^[^ ]*fw\.rules:\([0-9]*\): rule .*/\1d/p' "$tmp/err")
		[ -n "$lines" ] || fail "no rule is refused: $(cat "$tmp/err")" || return 1
		sed -i "$lines" "$tmp/fw.rules"
	done
}
# Instead of dropping, packets are marked.
export_marking() { # FILE
	sed -e 's/^\*filter/*mangle/' -e 's/^\(:[A-Z]*\) DROP/\1 ACCEPT/' -e 's/-j DROP$/-g stop/' -e 's/-j REJECT .*/-g stop/' \
		-e "s/^:INPUT .*/&\n:stop - [0:0]/" -e '/^COMMIT/d' "$1"
	sed -n 's/^:\([A-Z]*\) DROP.*/-A \1 -g stop/p' "$1"
	printf -- '-A stop -j MARK --set-xmark %s\n-A stop -j ACCEPT\nCOMMIT\n' $export_mark
}
# Counts what passes after the exported rules, and after fwd.
export_count() {
	local hook when at
	printf 'table inet marked\ndelete table inet marked\ntable inet marked {\n'
	for when in before,-10 after,10; do
		for hook in input forward output; do
			at=${when%,*}-$hook
			printf 'counter %s-0 { }\ncounter %s-1 { }\n' $at $at
			printf 'chain %s { type filter hook %s priority %s; meta mark & 0x1000000 == 0 counter name %s-0\nmeta mark & 0x1000000 != 0 counter name %s-1\n}\n' \
				$at $hook ${when#*,} $at $at
		done
	done
	echo '}'
}
export_load() {
	in_server ipset restore -exist <"$tmp/exported.ipset" &&
		in_server iptables-legacy-restore --test <"$tmp/exported.iptables" && in_server ip6tables-legacy-restore --test <"$tmp/exported.ip6tables" &&
		export_marking "$tmp/exported.iptables" | in_server iptables-legacy-restore &&
		export_marking "$tmp/exported.ip6tables" | in_server ip6tables-legacy-restore && export_count | in_server nft -f -
}
# What is not marked goes on, and what is marked does not.
export_agrees() {
	in_server nft -j list counters table inet marked | jq -r '.nftables[].counter | select(.) | "\(.name) \(.packets)"' >"$tmp/marked"
	awk '{ n[$1] = $2 } END {
		for (h = split("input forward output", hooks); h; h--)
			bad += n["after-" hooks[h] "-1"] || n["before-" hooks[h] "-0"] != n["after-" hooks[h] "-0"]
		exit bad > 0
	}' "$tmp/marked" || fail "iptables and fwd differ: $(sort "$tmp/marked" | xargs)"
}
export_round() { # SEED
	as_nft_shut && as_nft_make rules "$1" "$tmp" && export_sayable && ok load --yes "$tmp/fw.rules" && export_load &&
		in_server nft delete table inet gate || return 1
	as_nft_make send "$1" $as_nft_packets "$client" "$inside" && as_nft_shut && sleep 0.02 && export_agrees
}
export_try() {
	local seed=${FW_SEED:-$(date +%s)} round
	as_nft_net && start_fwd && ok attach --host && host_attached || return 1
	for ((round = seed; round < seed + export_rounds; round++)); do
		export_round $round || fail "seed $round (FW_SEED)" || return 1
		cat "$tmp/marked" >>"$tmp/all-marked"
	done
	echo "      seed $seed (FW_SEED), $export_rounds rounds, packets before and after fwd, not marked and marked: $(export_seen)"
}
export_seen() { awk '{ n[$1] += $2 } END { for (i in n) if (n[i]) print i, n[i] }' "$tmp/all-marked" | sort | xargs; }
export_end() {
	printf '*mangle\n:PREROUTING ACCEPT\n:INPUT ACCEPT\n:FORWARD ACCEPT\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\nCOMMIT\n' |
		tee >(in_server iptables-legacy-restore) | in_server ip6tables-legacy-restore
	in_server ipset destroy
	as_nft_end "$1"
}
case_export_iptables() {
	local lacks
	lacks=$(export_lacks)
	[ -z "$lacks" ] || { skip "$lacks"; return; }
	export_try
	export_end $?
	state_down $?
}
