# SPDX-License-Identifier: GPL-2.0-only
# What was counted, in all the forms in which it can be read: by the request for metrics, by fwctl, and by the files under
# the pins. Sourced by run.sh.

in_house() { nsenter --target "$fwd_house" --net --mount "$@"; }

# The lines of rules, `ID PACKETS BYTES VERDICT counter|- NAME|-`, by id.
rules_of_file() { in_house cat "$tmp/bpffs/fwd/counters" | grep '^[0-9]' | sort -n; }
rules_of_metrics() {
	ask metrics '{"rules":"all"}' >"$tmp/metrics" || fail "metrics: $(cat "$tmp/metrics")" || return 1
	grep '^[0-9]' "$tmp/metrics" >"$tmp/lines"
	local n
	n=$(($(wc -l <"$tmp/lines") / 2))
	cmp -s <(head -n $n "$tmp/lines") <(tail -n +$((n + 1)) "$tmp/lines") || fail "two passes differ: $(cat "$tmp/lines")" ||
		return 1
	head -n $n "$tmp/lines" | sort -n
}
rules_of_fwctl() {
	ctl --json list | sed -n 's/^{"id":\([0-9]*\).*"packets":\([0-9]*\),"bytes":\([0-9]*\),.*/\1 \2 \3/p' | sort -n
}
# REASON/HOOK PACKETS BYTES, for the hooks where the policy can decide.
policies_of_metrics() {
	grep '^{"policy"' "$tmp/metrics" | while read -r line; do
		reason=$(sed 's/{"policy":"\([^"]*\).*/\1/' <<<"$line")
		grep -o '"hook":"[^}]*' <<<"$line" |
			sed "s|\"hook\":\"\([^\"]*\).*\"packets\":\([0-9]*\),\"bytes\":\([0-9]*\)|$reason/\1 \2 \3|"
	done | sort
}
policies_of_file() {
	in_house cat "$tmp/bpffs/fwd/counters" | grep -v '^#\|^[0-9]\|^out/xdp\|^out/tc-ingress\|^in/tc-egress' |
		cut -d' ' -f1-3 | sort
}
# INDEX HOOK rule|policy VERDICT PACKETS, but for zeros.
interfaces_of_metrics() {
	sed -n 's/^{"interface":.*"index":\([0-9]*\),"hook":"\([^"]*\)".*"accept":{"rule":\([0-9]*\),"policy":\([0-9]*\)},"drop":{"rule":\([0-9]*\),"policy":\([0-9]*\)}}/\1 \2 rule accept \3\n\1 \2 policy accept \4\n\1 \2 rule drop \5\n\1 \2 policy drop \6/p' \
		"$tmp/metrics" | grep -v ' 0$' | sort
}
interfaces_of_file() { in_house cat "$tmp/bpffs/fwd/interfaces" | grep -v '^#' | sort; }

# Writes what differs to $tmp/differ.
forms_agree() {
	rules_of_metrics >"$tmp/a" && rules_of_file >"$tmp/b" && rules_of_fwctl >"$tmp/c" || return 1
	{
		diff "$tmp/a" "$tmp/b" && diff <(cut -d' ' -f1-3 "$tmp/a") "$tmp/c" &&
			diff <(policies_of_metrics) <(policies_of_file) && diff <(interfaces_of_metrics) <(interfaces_of_file)
	} >"$tmp/differ"
}

# The kernel looks for neighbours when it likes: what differs for that is the same at the next look. all_forms_agree WHEN
all_forms_agree() {
	for _ in 1 2 3 4 5; do forms_agree && return 0; done
	fail "$1: $(cat "$tmp/differ")"
}

# line_is PATTERN: in the file of counters, as PACKETS BYTES or whatever the pattern says.
line_is() { rules_of_file | grep -qx -- "$1" || fail "no line '$1': $(rules_of_file)"; }

metrics_traffic() {
	in_client ping -q -c 5 -i 0.01 -W1 $server4 >/dev/null || fail "no ping" || return 1
	expect no try_tcp $server4 25 && expect no try_udp $server4 5353
}

metrics_rules() {
	ok policy in drop && ok add rule 7 name ping in proto icmp accept && ok add rule 8 in proto udp drop counter comment c &&
		ok add rule 9 name tcp in proto tcp dport 25 drop counter && ok add rule 10 out accept &&
		ok add rule 11 in ip6 proto icmp6 accept && ok attach s0 --out yes
}

case_fwd_metrics() {
	start_fwd && metrics_rules && metrics_traffic && all_forms_agree "after traffic" || return 1
	line_is '7 5 490 accept - ping' && line_is '8 [1-9][0-9]* [0-9]* drop counter -' &&
		line_is '9 [1-9][0-9]* [0-9]* drop counter tcp' || return 1
	ok replace rule tcp name smtp in proto tcp dport 25 drop && ok move rule ping last && ok del rule 8 &&
		ok add rule 12 name dns in proto udp dport 53 accept counter && metrics_traffic &&
		all_forms_agree "after changes" || return 1
	line_is '7 10 980 accept - ping' && line_is '9 [1-9][0-9]* [0-9]* drop - smtp' && line_is '12 0 0 accept counter dns' ||
		return 1
	ok counters --reset ping && line_is '7 0 0 accept - ping' && all_forms_agree "after a reset" || return 1
	metrics_traffic && line_is '7 5 490 accept - ping' || return 1
	printf 'policy in accept\nrule name more in proto gre drop\nrule 7 name echo in proto icmp accept counter\n' >"$tmp/next.rules"
	ok load "$tmp/next.rules" && metrics_traffic_open && line_is '7 6 588 accept counter echo' &&
		all_forms_agree "after a load" && ok counters --reset && all_forms_agree "after a reset of all" || return 1
	line_is '7 0 0 accept counter echo'
}
metrics_traffic_open() { expect yes try_ping $server4; }

# Without fwd the files go on; the next one knows no less.
case_fwd_metrics_killed() {
	start_fwd && metrics_rules && metrics_traffic && ok counters --reset 10 && all_forms_agree "before" || return 1
	cp "$tmp/b" "$tmp/before"
	fwd_kill KILL && metrics_traffic && line_is '7 10 980 accept - ping' || return 1
	[ "$(cut -d' ' -f1,4- "$tmp/before")" = "$(rules_of_file | cut -d' ' -f1,4-)" ] || fail "other labels: $(rules_of_file)" ||
		return 1
	start_fwd && line_is '7 10 980 accept - ping' && all_forms_agree "of the next one" && metrics_traffic &&
		line_is '7 15 1470 accept - ping' && all_forms_agree "with traffic" || return 1
	ok status && says "$tmp/bpffs/fwd/counters"
}

# While packets come, each reply adds up in itself.
case_fwd_metrics_add_up() {
	start_fwd && metrics_rules || return 1
	nsenter --net="/run/netns/$client" ping -q -f -c 100000 -W1 $server4 >/dev/null 2>&1 &
	local pinging=$! n
	pids+=($pinging)
	for n in $(seq 30); do
		ask metrics '{"limit":1,"top":1}' >"$tmp/metrics" || fail "$(cat "$tmp/metrics")" || return 1
		tail -n 1 "$tmp/metrics" | sed 's/[^0-9]\+/ /g' | {
			read -r rules all _ shown packets _ left rest _
			[ "$rules" = 5 ] && [ "$shown" -le 2 ] && [ $((shown + left)) = 5 ] && [ $((packets + rest)) = "$all" ]
		} || fail "does not add up: $(tail -n 1 "$tmp/metrics")" || return 1
		[ "$(grep -c '^[0-9]' "$tmp/metrics")" = "$(grep '^[0-9]' "$tmp/metrics" | sort | uniq -d | awk 'END { print 2 * NR }')" ] ||
			fail "the passes differ: $(cat "$tmp/metrics")" || return 1
	done
	kill $pinging && wait $pinging 2>/dev/null
	all_forms_agree "behind it"
}
