# SPDX-License-Identifier: GPL-2.0-only
# The counts in every form in which they can be read: by the request `metrics`, by fwctl, from the pinned maps (as fw-exporter reads
# them when fwd does not run), and from the iterator files, where the kernel has iterators. Sourced by run.sh.

# As fwd sees things: its network, its bpffs.

# Why there are no iterator files, as fwd reports it; empty: they exist.
no_files() { ask status | jq -r 'select(.files) | .files.error // empty'; }

# The page of fw-exporter from the pinned maps, whether fwd runs or not.
read_maps() {
	in_fwd "$exporter" --once --rules all --socket "$tmp/nosuch" --pins "$tmp/bpffs/fwd" >"$tmp/maps" 2>"$tmp/err" ||
		fail "the maps cannot be read: $(cat "$tmp/err")"
}
# `ID PACKETS BYTES VERDICT NAME|- CHAIN|-`, by id.
rules_of_maps() {
	sed -n 's/^fw_rule_\([a-z]*\)_total{id="\([0-9]*\)",name="\([^"]*\)",\(chain="\([^"]*\)",\)*verdict="\([a-z]*\)"} \([0-9]*\)$/\1 \2 \6 \7 -\3 -\5/p' "$tmp/maps" |
		awk '$1 == "packets" { packets[$2] = $4; next } { print $2, packets[$2], $4, $3, $5, $6 }' | sed 's/ -\([^ ]\)/ \1/g' | sort -n
}
# REASON/HOOK PACKETS BYTES VERDICT
policies_of_maps() {
	sed -n 's/^fw_policy_\([a-z]*\)_total{policy="\([^"]*\)",hook="\([^"]*\)",.*verdict="\([a-z]*\)"} \([0-9]*\)$/\1 \2\/\3 \4 \5/p' "$tmp/maps" |
		awk '$1 == "packets" { packets[$2 $3] = $4; next } { print $2, packets[$2 $3], $4, $3 }' | sort
}
# INTERFACE HOOK VERDICT PACKETS, except for zeros.
interfaces_of_maps() {
	sed -n 's/^fw_packets_total{interface="\([^"]*\)",hook="\([^"]*\)",.*verdict="\([a-z]*\)"} \([0-9]*\)$/\1 \2 \3 \4/p' "$tmp/maps" |
		grep -v ' 0$' | sort
}
names_of_metrics() {
	jq -r 'select(.interface?) | "\(.interface) \(.hook) accept \(.accept.rule + .accept.policy)",
		"\(.interface) \(.hook) drop \(.drop.rule + .drop.policy)"' <(grep '^{"interface":"' "$tmp/metrics") | grep -v ' 0$' | sort
}

# The lines of rules, `ID PACKETS BYTES VERDICT counter|- NAME|- CHAIN|-`, by id.
rules_of_file() { in_fwd cat "$tmp/bpffs/fwd/counters" | grep '^[0-9]' | sort -n; }
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
	ctl --json list | jq -r 'select(.id) | "\(.id) \(.packets // 0) \(.bytes // 0)"' | sort -n
}
# REASON/HOOK PACKETS BYTES VERDICT
policies_of_metrics() {
	grep '^{"policy"' "$tmp/metrics" |
		jq -r '.policy as $policy | .hooks[] | "\($policy)/\(.hook) \(.packets) \(.bytes) \(.verdict)"' | sort
}
policies_of_file() {
	in_fwd cat "$tmp/bpffs/fwd/counters" | sed -n 's/^\([a-z].*\) - - -$/\1/p' | sort
}
# INDEX HOOK rule|policy VERDICT PACKETS, except for zeros.
interfaces_of_metrics() {
	sed -n 's/^{"interface":.*"index":\([0-9]*\),"hook":"\([^"]*\)".*"reject":{"rule":\([0-9]*\),"policy":\([0-9]*\)},"accept":{"rule":\([0-9]*\),"policy":\([0-9]*\)},"drop":{"rule":\([0-9]*\),"policy":\([0-9]*\)}}/\1 \2 rule accept \5\n\1 \2 policy accept \6\n\1 \2 rule drop \7\n\1 \2 policy drop \8/p' \
		"$tmp/metrics" | grep -v ' 0$' | sort
}
interfaces_of_file() { in_fwd cat "$tmp/bpffs/fwd/interfaces" | grep -v '^#' | sort; }

# Writes the differences to $tmp/differ.
forms_agree() {
	rules_of_metrics >"$tmp/a" && read_maps && rules_of_fwctl >"$tmp/c" || return 1
	{
		diff <(cut -d' ' -f1-4,6- "$tmp/a") <(rules_of_maps) && diff <(cut -d' ' -f1-3 "$tmp/a") "$tmp/c" &&
			diff <(policies_of_metrics) <(policies_of_maps) && diff <(names_of_metrics) <(interfaces_of_maps) &&
			{ [ -n "$(no_files)" ] || files_agree; }
	} >"$tmp/differ"
}
# Compares with the output of rules_of_metrics.
files_agree() {
	diff "$tmp/a" <(rules_of_file) && diff <(policies_of_metrics) <(policies_of_file) &&
		diff <(interfaces_of_metrics) <(interfaces_of_file)
}

# all_forms_agree WHEN: tries again, because the kernel may send neighbour discovery between two readings.
all_forms_agree() {
	wait_until forms_agree || fail "$1: $(cat "$tmp/differ")"
}

# line_is PATTERN: a rule's line from the maps: ID PACKETS BYTES VERDICT NAME|- CHAIN|-
line_is() { read_maps && { rules_of_maps | grep -qx -- "$1" || fail "no line '$1': $(rules_of_maps)"; }; }
# marked_are ID...: the rules with the word `counter`.
marked_are() { is "rules with \`counter\`" "$(rules_of_metrics | awk '$5 == "counter" { print $1 }' | xargs)" "$*"; }

metrics_traffic() {
	in_client ping -q -c 5 -i 0.01 -W60 $server4 >/dev/null || fail "no ping" || return 1
	expect no try_tcp $server4 25 && expect no try_udp $server4 5353
}

metrics_rules() {
	ok policy in drop && ok add rule 7 name ping in proto icmp accept && ok add rule 8 in proto udp drop counter comment c &&
		ok add rule 9 name tcp in proto tcp dport 25 drop counter && ok add rule 10 out accept &&
		ok add rule 11 in ip6 proto icmp6 accept && ok chain create guests && ok add rule first 20 in proto icmp jump guests &&
		ok add rule 21 name hello chain guests proto icmp continue && ok attach s0 --out yes
}

case_fwd_metrics() {
	start_fwd && metrics_rules && metrics_traffic && all_forms_agree "after traffic" || return 1
	line_is '7 5 490 accept ping -' && line_is '8 [1-9][0-9]* [0-9]* drop - -' &&
		line_is '9 [1-9][0-9]* [0-9]* drop tcp -' && line_is '20 0 0 jump - -' &&
		line_is '21 5 490 continue hello guests' && marked_are 8 9 || return 1
	ok replace rule tcp name smtp in proto tcp dport 25 drop && ok move rule ping last && ok del rule 8 &&
		ok add rule 12 name dns in proto udp dport 53 accept counter && metrics_traffic &&
		all_forms_agree "after changes" || return 1
	line_is '7 10 980 accept ping -' && line_is '9 [1-9][0-9]* [0-9]* drop smtp -' && line_is '12 0 0 accept dns -' &&
		marked_are 12 || return 1
	ok counters --reset ping && line_is '7 0 0 accept ping -' && all_forms_agree "after a reset" || return 1
	metrics_traffic && line_is '7 5 490 accept ping -' || return 1
	printf 'policy in accept\nrule name more in proto gre drop\nrule 7 name echo in proto icmp accept counter\n' >"$tmp/next.rules"
	ok load "$tmp/next.rules" && metrics_traffic_open && line_is '7 6 588 accept echo -' && marked_are 7 &&
		all_forms_agree "after a load" && ok counters --reset && all_forms_agree "after a reset of all" || return 1
	line_is '7 0 0 accept echo -'
}
metrics_traffic_open() { expect yes try_ping $server4; }

# Counting continues without fwd; the next one has all counts.
case_fwd_metrics_killed() {
	start_fwd && metrics_rules && metrics_traffic && ok counters --reset 10 && all_forms_agree "before" || return 1
	rules_of_maps >"$tmp/before"
	fwd_kill KILL && metrics_traffic && line_is '7 10 980 accept ping -' &&
		line_is '21 10 980 continue hello guests' || return 1
	[ "$(cut -d' ' -f1,4- "$tmp/before")" = "$(rules_of_maps | cut -d' ' -f1,4-)" ] || fail "other labels: $(rules_of_maps)" ||
		return 1
	start_fwd && line_is '7 10 980 accept ping -' && all_forms_agree "of the next one" && metrics_traffic &&
		line_is '7 15 1470 accept ping -' && all_forms_agree "with traffic"
}

# The iterator files, with and without fwd.
case_fwd_files() {
	start_fwd && metrics_rules || return 1
	[ -z "$(no_files)" ] || { skip "$(no_files)"; return; }
	metrics_traffic && all_forms_agree "with files" || return 1
	ok status && says "$tmp/bpffs/fwd/counters" && fwd_kill KILL && metrics_traffic || return 1
	rules_of_file | grep -qx '7 10 980 accept - ping -' || fail "the file does not count on: $(rules_of_file)"
}

# On a kernel without iterators (simulated), only the iterator files are missing.
case_fwd_no_iterators() {
	local fwd_before=$fwd code
	printf '#!/bin/sh\nLD_PRELOAD=%s exec %s "$@"\n' "$top/build/refusing.so" "$fwd" >"$tmp/refused" && chmod +x "$tmp/refused"
	fwd=$tmp/refused
	start_fwd && metrics_rules && metrics_traffic && all_forms_agree "refused" && ok status && says "Operation not permitted" &&
		in_fwd sh -c "! test -e $tmp/bpffs/fwd/counters" && fwd_kill KILL && metrics_traffic &&
		line_is '7 10 980 accept ping -' && start_fwd && all_forms_agree "the next one" && line_is '7 10 980 accept ping -'
	code=$?
	fwd=$fwd_before
	return $code
}

# While packets arrive, the numbers of each reply are consistent.
case_fwd_metrics_add_up() {
	start_fwd && metrics_rules || return 1
	nsenter --net="/run/netns/$client" ping -q -f -c 100000 -W1 $server4 >/dev/null 2>&1 &
	local pinging=$! n
	pids+=($pinging)
	for n in $(seq 30); do
		ask metrics '{"limit":1,"top":1}' >"$tmp/metrics" || fail "$(cat "$tmp/metrics")" || return 1
		tail -n 1 "$tmp/metrics" | sed 's/[^0-9]\+/ /g' | {
			read -r rules all _ shown packets _ left rest _
			[ "$rules" = 7 ] && [ "$shown" -le 2 ] && [ $((shown + left)) = 7 ] && [ $((packets + rest)) = "$all" ]
		} || fail "does not add up: $(tail -n 1 "$tmp/metrics")" || return 1
		[ "$(grep -c '^[0-9]' "$tmp/metrics")" = "$(grep '^[0-9]' "$tmp/metrics" | sort | uniq -d | awk 'END { print 2 * NR }')" ] ||
			fail "the passes differ: $(cat "$tmp/metrics")" || return 1
	done
	kill $pinging && wait $pinging 2>/dev/null
	all_forms_agree "behind it"
}

# What `policy in` has accepted and dropped, from each source: VERDICT PACKETS BYTES.
policy_of_maps() { read_maps && policies_of_maps | sed -n 's|^in/xdp \([0-9]*\) \([0-9]*\) \([a-z]*\)$|\3 \1 \2|p' | sort; }
policy_maps_are() { [ "$(policy_of_maps)" = "$1" ]; }
policy_of_fwctl() { # list policy|counters
	ctl --json "$@" | jq -r 'select(.policy == "in") | ., (.before[]?) | "\(.verdict) \(.packets) \(.bytes)"' | sort
}
policy_of_page() {
	local f
	for f in packets bytes; do
		sed -n "s/^fw_policy_${f}_total{policy=\"in\",hook=\"xdp\",direction=\"in\",verdict=\"\([a-z]*\)\"}/\1/p" "$tmp/page" | sort
	done | awk '{ of[$1] = of[$1] " " $2 } END { for (v in of) print v of[v] }' | sort
}

# policy_counted ACCEPTED DROPPED [BY RULES]: packets, or - for no line; in the maps, the page, and fwctl if it shows them.
policy_counted() {
	local want form
	want=$([ "$1" = - ] || echo "accept $1 $(($1 * 77))"; [ "$2" = - ] || echo "drop $2 $(($2 * 77))")
	# Native XDP gets frames a moment later.
	wait_until policy_maps_are "$want"
	is "policy in by the maps" "$(policy_of_maps)" "$want" && get /metrics && lint &&
		is "policy in by the page" "$(policy_of_page)" "$want" &&
		is "drops by policy in" "$(page_value 'fw_drops_total{reason="in"}')" "${2#-}" &&
		is "drops by rules" "$(page_value 'fw_drops_total{reason="rule"}')" "${3:-0}" || return 1
	is "fw_controller_up" "$(page_value fw_controller_up)" "$([ -n "$fwd_pid" ] && echo 1 || echo 0)" || return 1
	[ -n "$fwd_pid" ] || return 0
	for form in "list policy" counters; do
		# shellcheck disable=SC2086 # words on purpose
		is "policy in by fwctl $form" "$(policy_of_fwctl $form)" "$want" || return 1
	done
	all_forms_agree "policy in: $want"
}
policy_frames() { in_client "$frames" x0 "$1" "udp 198.18.0.1:1000 > 192.0.2.1:4444 length 63"; }

# Without packets, a change of the policy does not affect `fwctl watch`.
intervals() { [ "$(wc -l <"$tmp/watched")" -gt "$1" ]; }
policy_watched() {
	local pid
	rm -f "$tmp/watched" # left by another case
	"$fwctl" --socket "$tmp/fwd/sock" watch --interval 0.1 --json >"$tmp/watched" &
	pid=$!
	pids+=($pid)
	wait_until intervals 0 && ok policy in drop && wait_until intervals "$(($(wc -l <"$tmp/watched") + 1))" && ok policy in accept &&
		wait_until intervals "$(($(wc -l <"$tmp/watched") + 1))" || fail "no intervals: $(cat "$tmp/watched")" || return 1
	kill -INT $pid && wait $pid && [ "$(jq '.policies[] | select(.moved_packets > 0)' "$tmp/watched")" = "" ] &&
		is "policy in" "$(jq -c '[.policies[] | select(.name == "in") | [.verdict, .packets]]' "$tmp/watched" | uniq)" \
			$'[["accept",9],["drop",6]]\n[["drop",6],["accept",9]]\n[["accept",9],["drop",6]]' || fail "$(cat "$tmp/watched")"
}

# When the verdict of a policy changes, packets that it accepted are never shown as dropped, nor the reverse.
policy_verdicts() {
	prometheus_links && start_fwd && ok policy in accept && ok attach x1 --mode native && start_web || return 1
	policy_frames 5 && policy_counted 5 - && ok policy in drop && policy_counted 5 0 || return 1
	policy_frames 3 && policy_counted 5 3 && ok list policy && says "           3" && says "policy in accept  # before" || return 1
	fwd_kill KILL && policy_counted 5 3 && policy_frames 2 && policy_counted 5 5 || return 1
	start_fwd && policy_counted 5 5 && policy_frames 1 && policy_counted 5 6 || return 1
	ok policy in accept && policy_counted 5 6 && policy_frames 4 && policy_counted 9 6 && policy_watched || return 1
	echo 'policy in drop' >"$tmp/next.rules"
	ok load "$tmp/next.rules" && policy_counted 9 6 && policy_frames 1 && policy_counted 9 7 || return 1
	ok flush --yes && policy_counted 9 7 && policy_frames 1 && policy_counted 10 7 || return 1
	ok counters --reset && policy_counted 0 - && policy_frames 2 && policy_counted 2 - && ok policy in drop && policy_counted 2 0
}
case_fwd_policy_verdicts() {
	policy_verdicts
	local code=$?
	prometheus_stop
	return $code
}

# The same for rules: the number of dropped packets stays.
rule_verdicts() {
	prometheus_links && start_fwd && ok add rule 1 in proto udp dport 4444 accept && ok attach x1 --mode native && start_web ||
		return 1
	policy_frames 3 && policy_counted 0 - 0 && ok replace rule 1 in proto udp dport 4444 drop && policy_counted 0 - 0 || return 1
	policy_frames 2 && policy_counted 0 - 2 && ok replace rule 1 in proto udp dport 4444 accept && policy_counted 0 - 2 || return 1
	fwd_kill KILL && policy_frames 4 && policy_counted 0 - 2 && start_fwd && policy_counted 0 - 2 && line_is '1 9 693 accept - -' &&
		ok del rule 1 && policy_counted 0 - 2
}
case_fwd_rule_verdicts() {
	rule_verdicts
	local code=$?
	prometheus_stop
	return $code
}

# left COMMAND...: runs fwctl in the namespaces of fwd, as root or as $as.
left() {
	# shellcheck disable=SC2086 # words on purpose
	in_fwd ${as:-} "$fwctl" --socket "$tmp/fwd/sock" "$@" --pins "$tmp/bpffs/fwd"
}

# While fwd does not run, fwctl shows what the kernel continues to filter.
case_fwd_left() {
	local mode as
	start_fwd --group games && metrics_rules && metrics_traffic && read_maps || return 1
	chmod 711 "$tmp" "$tmp/fwd" "$tmp/bpffs"
	fwd_kill KILL && metrics_traffic || return 1
	exits 0 left counters && says "fwd is not running" && says "rule 7 name ping ... accept" && says "rule 9 name tcp ... drop counter" &&
		says "rule 21 name hello chain guests ... continue" &&
		says "policy in drop" && says "all rules" || return 1
	[ "$(awk '/name ping/ { print $1 }' "$tmp/out")" = 10 ] || fail "ping: $(cat "$tmp/out")" || return 1
	exits 0 left counters --top 1 --json && is "rules" "$(jq -s '[.[] | select(.id)] | length' "$tmp/out")" 1 &&
		is "the end" "$(jq -c 'select(.ok) | .running' "$tmp/out")" false || return 1
	exits 3 left status && says "fwd is not running" && says "generation" && grep -Eq '^interfaces +s0 +attached +in by native XDP, out by tc$' "$tmp/out" ||
		fail "status: $(cat "$tmp/out")" || return 1
	exits 3 left status --json && is devices "$(jq -c 'select(.devices) | [.devices[] | .dev, .mode, .out]' "$tmp/out")" '["s0","native",true]' &&
		is "the end" "$(jq -s '.[-1].ok' "$tmp/out")" false || return 1
	exits 3 left counters --reset && exits 3 ctl status --pins "$tmp/nosuch" && says "packets are not filtered, unless" || return 1
	as="setpriv --reuid nobody --regid nogroup --groups games --bounding-set -all"
	exits 0 left counters && says "rule 7 name ping" && exits 3 left status && says "only root" || return 1
	as="setpriv --reuid nobody --regid nogroup --clear-groups --bounding-set -all"
	rm -f "$tmp/fwd/sock"
	exits 3 left counters && says "Permission denied" || return 1
	as=
	for mode in generic tc; do
		start_fwd && ok attach s0 --mode $mode && fwd_kill KILL && exits 3 left status || return 1
		grep -Eq "^interfaces +s0 +attached +in by $mode( XDP)?, out by tc$" "$tmp/out" || fail "$mode: $(cat "$tmp/out")" || return 1
	done
	start_fwd && ok detach s0 && fwd_kill KILL && exits 3 left status && says "none in this network namespace"
}
