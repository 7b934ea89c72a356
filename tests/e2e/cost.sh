# SPDX-License-Identifier: GPL-2.0-only
# Cases of the cost of a packet: shown, warned of, refused; sourced by run.sh.

leaves_out() { ! grep -qF -- "$1" "$tmp/out" "$tmp/err" || fail "says '$1': $(cat "$tmp/out" "$tmp/err")"; }

# dear_rules: writes $tmp/dear.rules, all of which every packet searches.
dear_rules() {
	echo "rule 1 name cheap from 192.0.2.1 accept"
	for ((i = 1; i <= 20000; i++)); do
		echo "rule from 10.0.0.0/8 proto tcp sport 0-$i dport $((i + 1))-65535 drop"
	done
}

case_cost_checked() {
	dear_rules | sed '2s/rule/rule 7 name dear/' >"$tmp/dear.rules"
	exits 0 "$fwctl" check "$top/examples/server.rules" && says "worst packet     at most " && leaves_out "may take up to" || return 1
	exits 0 "$fwctl" check "$tmp/dear.rules" && says "dear.rules:2: a packet from 10.0.0.0 to 0.0.0.0 may take up to " &&
		says "dear.rules:2: of that, up to " && says "by rule 7 (dear) and 19999 others between the same addresses" || return 1
	exits 0 "$fwctl" check --json "$tmp/dear.rules" && says '"worst_packet":{"seconds":' && says 'may take up to' || return 1
	exits 1 "$fwctl" check --max-cost 10us "$tmp/dear.rules" && says "dear.rules:2: more than 10.0 us: a packet" &&
		says "hint: too many rules share their addresses" && leaves_out "largest" || return 1
	exits 0 "$fwctl" check --max-cost 100ms "$tmp/dear.rules" && exits 2 "$fwctl" check --max-cost 10 "$tmp/dear.rules" &&
		says "such as 10us"
}

case_cost_of_a_load() {
	share_fwd || return 1
	dear_rules >"$tmp/dear.rules"
	ok load "$top/examples/first.rules" && says "packet   at most " && leaves_out "may take up to" && ok status &&
		says "worst packet   at most " || return 1
	refuses 1 "dear.rules:2: more than 10.0 us: a packet from 10.0.0.0 to 0.0.0.0" load --max-cost 10us "$tmp/dear.rules" &&
		ok list && says "name ssh" && leaves_out "name cheap" || return 1
	refuses 1 "more than 10.0 us" load --check --max-cost 10us "$tmp/dear.rules" && ok history &&
		says "refused" && says "more than 10.0 us" || return 1
	ok load --max-cost 100ms "$tmp/dear.rules" && says "dear.rules:2: a packet from 10.0.0.0 to 0.0.0.0 may take up to " &&
		ok load --json "$tmp/dear.rules" && says '"worst_packet":{"seconds":' && says "may take up to" || return 1
	ok add rule from 192.0.2.7 accept && ok status && says "before the last changes" && ok load "$top/examples/first.rules" &&
		ok status && leaves_out "before the last changes"
}
