# SPDX-License-Identifier: GPL-2.0-only
# Cases of fw-exporter with Debian's Prometheus, sourced by run.sh. Exact numbers of packets pass three interfaces, one for each
# mode, and Prometheus must have exactly those numbers, whatever happens to fwd meanwhile. Then the rules and the dashboard of tools/
# are evaluated by that Prometheus.

rules_file=$top/tools/prometheus/fwd.rules.yml
dashboard=$top/tools/grafana/fwd.json
target=127.0.0.1:9479
prometheus_pids=() exporter_pid=

prometheus_tools() {
	local tool
	for tool in curl jq prometheus promtool; do
		command -v $tool >/dev/null || fail "$tool is missing: make check installs it" || return 1
	done
}

case_prometheus_rules() {
	prometheus_tools && promtool check rules "$rules_file" >"$tmp/out" 2>&1 &&
		promtool check config "$top/tools/prometheus/prometheus.yml" >"$tmp/out" 2>&1 &&
		promtool test rules "$top/tests/prometheus/fwd.rules.test.yml" >"$tmp/out" 2>&1 || fail "$(cat "$tmp/out")"
}

# Panels have titles, descriptions and units; no two have the same id or position.
case_prometheus_dashboard() {
	prometheus_tools && jq -e '
		def distinct: length == (unique | length);
		[.panels[] | select(.type != "row")] as $p |
		([.panels[].id] | distinct) and ([.panels[].gridPos | [.x, .y]] | distinct) and
		($p | all(.title != "" and .description != "" and .datasource.uid == "${datasource}" and
			(.gridPos | .x + .w <= 24) and (.targets | length > 0) and ([.targets[].refId] | distinct))) and
		([$p[] | select(.type == "timeseries") | .fieldConfig.defaults.unit] | all(. != null)) and
		([.templating.list[].name] == ["datasource", "instance", "interface"]) and
		.uid == "fwd-firewall" and .id == null' "$dashboard" >/dev/null || fail "the dashboard is not as it should be"
}

# FLOW|path|decided by|verdict|bytes of a frame|packet. Path: x native XDP, g generic, t tc; i in, o out.
flows=(
	"web|xi|rule 10 web|accept|114|tcp 198.18.0.1:1000 > 192.0.2.1:80 length 100"
	"web6|gi|rule 10 web|accept|134|tcp [2001:db8:1::1]:1000 > [2001:db8:2::1]:80 length 120"
	"web-t|ti|rule 10 web|accept|124|tcp 198.18.0.2:1000 > 192.0.2.1:80 length 110"
	"dns|xi|rule 20 dns|accept|94|udp 198.18.0.1:1000 > 192.0.2.1:53 length 80"
	"bad|gi|rule 30 bad|drop|84|udp 198.51.100.7:1000 > 192.0.2.1:80 length 70"
	"marked|ti|rule 40|accept|74|udp 198.18.0.1:1000 > 192.0.2.1:7 length 60"
	"plain|xi|rule 50|accept|75|udp 198.18.0.1:1000 > 192.0.2.1:9 length 61"
	"leak|xo|rule 60 leak|drop|76|udp 192.0.2.1:1000 > 198.18.0.1:53 length 62"
	"none|xi|policy in|drop|77|udp 198.18.0.1:1000 > 192.0.2.1:4444 length 63"
	"let|xi|policy in|accept|77|udp 198.18.0.1:1000 > 192.0.2.1:4444 length 63" # while it has that verdict
	"none-t|ti|policy in|drop|78|udp 198.18.0.1:1000 > 192.0.2.1:4444 length 64"
	"away|xo|policy out|accept|79|udp 192.0.2.1:1000 > 198.18.0.1:4444 length 65"
	"cut|xi|policy malformed|drop|80|cut udp 198.18.0.1:1000 > 192.0.2.1:80 length 86"
	"cut-g|gi|policy malformed|drop|81|cut udp 198.18.0.1:1000 > 192.0.2.1:80 length 87"
	"other|xi|policy non-ip|accept|30|0xffffffffffff02000000000188b5$(printf '00%.0s' {1..16})"
	"tags|xi|policy vlan-depth|drop|40|0xffffffffffff0200000000018100000181000002810000030800$(printf '00%.0s' {1..14})"
)
declare -A flow_of=() hook_of=([xi]=xdp [gi]=xdp [ti]=tc-ingress [xo]=tc-egress)
for f in "${flows[@]}"; do flow_of[${f%%|*}]=${f#*|}; done
declare -A sent=() # by flow
removed=           # deleted rules

# In addition, rules 701 to 709 with neither name nor `counter`, of which the exporter shows the busiest.
prometheus_ruleset() {
	local i
	cat <<-END
		policy in drop
		policy out accept
		rule 10 name web in proto tcp dport 80 accept
		rule 20 name dns in proto udp dport 53 accept
		rule 30 name bad in from 198.51.100.0/24 drop
		rule 40 in proto udp dport 7 accept counter
		rule 50 in proto udp dport 9 accept
		rule 60 name leak out proto udp dport 53 drop
		rule 90 name beyond-the-limit in proto udp dport 10 accept
	END
	for i in {1..9}; do echo "rule 70$i in proto udp dport 200$i accept"; done
}

# send FLOW NUMBER...: flows of the same path are sent at the same time.
send() {
	local way name packet packets
	local -A args=()
	while [ $# -gt 0 ]; do
		IFS='|' read -r way _ _ _ packet <<<"${flow_of[$1]}"
		sent[$1]=$((${sent[$1]:-0} + $2))
		[ "${packet%% *}" = cut ] && args[$way]+=cut$'\n'
		args[$way]+=$2$'\n'${packet#cut }$'\n'
		shift 2
	done
	for way in "${!args[@]}"; do
		mapfile -t packets <<<"${args[$way]%$'\n'}"
		if [ "${way:1}" = i ]; then
			in_client "$frames" "${way%i}0" "${packets[@]}"
		else
			in_server "$frames" "${way%o}1" "${packets[@]}"
		fi || fail "cannot send" || return 1
	done
}

# To each of the rules 701 to 709 as many packets as its number.
send_crowd() {
	local i packets=()
	for i in {1..9}; do packets+=("$i" "udp 198.18.0.1:1000 > 192.0.2.1:200$i length 60"); done
	sent[crowd]=$((${sent[crowd]:-0} + 45))
	in_client "$frames" x0 "${packets[@]}"
}
flow_of[crowd]="xi|crowd|accept|74|"

# What Prometheus must have for the packets sent: METRIC{LABELS, sorted, none empty} VALUE.
expected() {
	local name way decider which rule_name verdict bytes n labels direction key
	local -A sum=()
	count() { sum[$1]=$((${sum[$1]:-0} + $2)); }
	for name in "${!sent[@]}"; do
		IFS='|' read -r way decider verdict bytes _ <<<"${flow_of[$name]}"
		read -r decider which rule_name <<<"$decider"
		n=${sent[$name]}
		direction=in
		[ "${way:1}" = o ] && direction=out
		labels="id=\"$which\",${rule_name:+name=\"$rule_name\",}verdict=\"$verdict\""
		[ "$decider" = policy ] &&
			labels="direction=\"$direction\",hook=\"${hook_of[$way]}\",policy=\"$which\",verdict=\"$verdict\""
		if [ "$decider" != crowd ] && [[ " $removed " != *" $which "* ]]; then
			count "fw_${decider}_packets_total{$labels}" $n
			count "fw_${decider}_bytes_total{$labels}" $((n * bytes))
		fi
		labels="direction=\"$direction\",hook=\"${hook_of[$way]}\",interface=\"${way%?}1\",verdict=\"$verdict\""
		count "fw_packets_total{$labels}" $n
		[ "$decider" = policy ] || which=rule
		[ "$verdict" = drop ] && count "fw_drops_total{reason=\"$which\"}" $n
	done
	for key in "${!sum[@]}"; do echo "$key ${sum[$key]}"; done | sort
}

# api PATH [NAME=VALUE...]: the reply of Prometheus, also an error.
api() {
	local path=$1 arg args=()
	shift
	for arg; do args+=(--data-urlencode "$arg"); done
	in_server curl -sG --max-time 10 "${args[@]}" "http://127.0.0.1:9090/api/v1/$path"
}
query() { api query "query=$1"; }
# The value of a single number; else the whole result.
value() { query "$1" | jq -r 'if .data.result | length == 1 then .data.result[0].value[1] else tojson end'; }
# All counters of the last scrape, in the format of expected().
series() {
	query '{__name__=~"fw_.+_total"}' | jq -r '.data.result[] | [.metric | to_entries[] |
		select(.key | IN("__name__", "instance", "job") | not) | "\(.key)=\(.value | tojson)"] as $labels |
		"\(.metric.__name__){\($labels | join(","))} \(.value[1])"' | sort
}

# soon COMMAND...: repeats it until it succeeds, for two minutes.
soon() {
	local until=$((SECONDS + 120))
	while ! "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $until ] || return 1
		sleep 0.2
	done
}
has_value() { [ "$(value "$1")" = "$2" ]; }
becomes() { soon has_value "$1" "$2" || fail "$1 is $(value "$1"), not $2"; }
# fires ALERT: waits until it fires, unless it has before; keeps the texts of the firing alerts.
fires() {
	soon has_value "max(max_over_time(ALERTS{alertname=\"$1\",alertstate=\"firing\"}[1h]))" 1 || fail "$1 does not fire" ||
		return 1
	api alerts | jq -r '.data.alerts[] | select(.state == "firing") | .annotations[]' >>"$tmp/said"
}

numbers_wrong() {
	series >"$tmp/series"
	comm -23 "$tmp/expected" "$tmp/series"
}
numbers_are_right() { [ -z "$(numbers_wrong)" ]; }
# Waits until Prometheus has exactly the numbers that were sent.
numbers() { # WHEN
	local f
	expected >"$tmp/expected"
	soon numbers_are_right || fail "$1: not what was sent:"$'\n'"$(numbers_wrong)"$'\n'"but:"$'\n'"$(cat "$tmp/series")" ||
		return 1
	comm -13 "$tmp/expected" "$tmp/series" | grep -E '^fw_(rule_|policy_|)(packets|bytes)_total|^fw_drops' |
		grep -v -e ' 0$' -e 'id="70' >"$tmp/more"
	[ ! -s "$tmp/more" ] || fail "$1: nobody sent that: $(cat "$tmp/more")" || return 1
	for f in packets bytes; do
		has_value "sum(fw_rule_${f}_total) + sum(fw_left_out_$f) - sum(fw_rules_$f)" 0 ||
			fail "$1: $f of rules and of those left out are not those of all" || return 1
	done
}
# No counter ever decreased.
no_resets() {
	local f
	for f in rule_packets rule_bytes policy_packets policy_bytes packets drops; do
		has_value "max(resets(fw_${f}_total[1h]))" 0 || fail "$(query "resets(fw_${f}_total[1h]) > 0")" || return 1
	done
}

prometheus_links() {
	local l queues
	for l in x g t; do
		# Native XDP needs as many queues as the peer sends with: g1 falls back.
		queues=1
		[ $l = g ] && queues=4
		ip link add ${l}0 netns "$client" numtxqueues $queues type veth peer name ${l}1 netns "$server" numrxqueues 1 &&
			in_client sysctl -qw net.ipv6.conf.${l}0.disable_ipv6=1 &&
			in_server sysctl -qw net.ipv6.conf.${l}1.disable_ipv6=1 &&
			in_client ip link set ${l}0 arp off up && in_server ip link set ${l}1 arp off up || return 1
	done
}

exporter_start() {
	nsenter --target "$fwd_space" --net --mount "$exporter" --socket "$tmp/fwd/sock" --pins "$tmp/bpffs/fwd" --max-rules 5 \
		--top 4 --agent "$tmp/agent" >"$tmp/exporter.log" 2>&1 &
	exporter_pid=$!
	prometheus_pids+=($exporter_pid)
	soon in_server curl -sf "http://$target/healthz" || fail "the exporter does not start: $(cat "$tmp/exporter.log")"
}

# With the rules and the example of tools/, only faster. At first nothing is scraped.
prometheus_start() {
	sed -e '/alert: FwdNotScraped/,/for:/!s/\( for: \).*/\10s/' -e 's/\[5m\]/[15s]/' -e 's/offset 10m/offset 5s/' \
		"$rules_file" >"$tmp/fwd.rules.yml"
	sed -e 's/_interval: 15s/_interval: 1s/' "$top/tools/prometheus/prometheus.yml" >"$tmp/prometheus.yml"
	nsenter --net="/run/netns/$server" prometheus --config.file="$tmp/prometheus.yml" --storage.tsdb.path="$tmp/tsdb" \
		--web.listen-address=127.0.0.1:9090 --log.level=warn >"$tmp/prometheus.log" 2>&1 &
	prometheus_pids+=($!)
	becomes fw_controller_up 1 || fail "$(cat "$tmp/prometheus.log" "$tmp/exporter.log")"
}

# The host is in a fleet: its agent's status is written anew (agent_status.sh).
agent_writes() {
	agent_wrote 0
	(
		trap 'kill $!; exit' TERM
		while :; do
			sleep 20 &
			wait $!
			agent_wrote 0
		done
	) &
	prometheus_pids+=($!)
}

prometheus_stop() {
	local f
	for f in "${prometheus_pids[@]}"; do kill "$f" 2>/dev/null && wait "$f" 2>/dev/null; done
	for f in x0 g0 t0; do in_client ip link del $f 2>/dev/null; done
	prometheus_pids=()
	rm -rf "$tmp/tsdb"
}

# promtool accepts the page, and OpenMetrics, which Prometheus requests, has the same numbers.
page_is_well_formed() {
	in_server curl -sf "http://$target/metrics" >"$tmp/page" &&
		in_server curl -sf -H "Accept: application/openmetrics-text" "http://$target/metrics" >"$tmp/openmetrics" ||
		fail "no page" || return 1
	promtool check metrics <"$tmp/page" >"$tmp/out" 2>&1 && [ ! -s "$tmp/out" ] || fail "promtool: $(cat "$tmp/out")" || return 1
	is "end of OpenMetrics" "$(tail -n 1 "$tmp/openmetrics")" "# EOF" || return 1
	diff <(grep -E '^fw_(rule|policy|packets|drops)' "$tmp/page") <(grep -E '^fw_(rule|policy|packets|drops)' "$tmp/openmetrics") ||
		fail "the formats differ"
}

# TITLE, instant or range, QUERY, LEGEND: of all panels and annotations, variables filled in.
panel_queries() {
	jq -r --arg instance $target '
		def fill: gsub("\\$instance"; $instance) | gsub("\\$interface"; "x1|g1|t1") |
			gsub("\\$__(rate_)?interval"; "10s") | gsub("\\$__range"; "60s");
		(.panels[] | select(.targets) | .title as $title | .targets[] |
			[$title, if .instant then "instant" else "range" end, (.expr | fill), .legendFormat]),
		(.annotations.list[] | select(.expr) | [.name, "range", (.expr | fill), .titleFormat]) | join("\t")' "$dashboard"
}

# Each of them has values, with all labels of its legend but `chain`, which rules of the main list have not.
dashboard_has_values() { # SINCE
	local title how expr legend n=0 now
	now=$(date +%s)
	while IFS=$'\t' read -r title how expr legend; do
		n=$((n + 1))
		if [ "$how" = instant ]; then
			query "$expr"
		else
			api query_range "query=$expr" start="$1" end="$now" step=1
		fi >"$tmp/answer"
		jq -e '[.data.result[] | .value // .values[] | .[1]] | any(. != "NaN")' "$tmp/answer" >/dev/null ||
			fail "'$title' is empty: $expr: $(head -c300 "$tmp/answer")" || return 1
		jq -e --arg legend "$legend" '[$legend | scan("{{([a-z]+)}}")[]] - ["chain"] - [.data.result[].metric | keys[]] == []' \
			"$tmp/answer" >/dev/null || fail "'$title': labels of the legend '$legend' are not in $expr" || return 1
	done < <(panel_queries)
	[ $n -gt 50 ] || fail "only $n queries in the dashboard" || return 1
	is "interfaces to choose" "$(api label/interface/values "match[]=fw_packets_total{instance=\"$target\"}" | jq -c .data)" \
		'["g1","t1","x1"]' && is "instances" "$(api label/instance/values match[]=fw_controller_up | jq -c .data)" "[\"$target\"]"
}

# Every rule can be evaluated, every record has values, and no alert fired without cause.
rules_have_values() { # ALERT, sorted...
	local record fired
	api rules >"$tmp/answer"
	jq -e '[.data.groups[].rules[]] | length > 15 and all(.health == "ok")' "$tmp/answer" >/dev/null ||
		fail "a rule cannot be evaluated: $(cat "$tmp/answer")" || return 1
	for record in $(sed -n 's/^ *- record: //p' "$rules_file"); do
		has_value "count(last_over_time(${record}[1h])) > bool 0" 1 || fail "$record has no values" || return 1
	done
	fired=$(query 'group by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))' |
		jq -r '[.data.result[].metric.alertname] | sort | join(" ")')
	is "what fired" "$fired" "$*" && ! grep -E '<|^$|%!|no value' "$tmp/said" || fail "words of alerts: $(cat "$tmp/said")"
}

# Each flow, and more rules than the exporter may show.
prometheus_traffic() {
	local f
	for f in "${flows[@]}"; do [ "${f%%|*}" = let ] || send "${f%%|*}" $((${#f} % 7 + 1)) || return 1; done
	send plain 20 && send_crowd && numbers "all flows" || return 1
	becomes 'fw_rules_left_out{selection="marked"}' 1 && becomes 'fw_rules_left_out{selection="other"}' 6 &&
		becomes 'fw_rules_selected{selection="top"}' 4 && becomes fw_left_out_packets $((1 + 2 + 3 + 4 + 5 + 6)) &&
		fires FwdRulesLeftOut
}

# Packets that a policy accepted do not become dropped ones when its verdict changes: no number decreases or jumps.
prometheus_policies() {
	ok policy in accept && send let 900 plain 1 && numbers "policy in accept" || return 1
	ok policy in drop && send none 1 plain 1 && numbers "policy in drop" || return 1
	ok policy in accept && send let 1 plain 1 && numbers "policy in accept again" || return 1
	ok policy in drop && send none 1 plain 1 && numbers "policy in drop again" && no_resets &&
		has_value 'max_over_time(rate(fw_drops_total{reason="in"}[15s])[1m:1s]) < bool 5' 1 || fail "drops jump"
}

# Rules that are replaced, or kept by a load, keep their counters.
prometheus_changes() {
	ok replace rule web in proto tcp dport { 80, 443 } accept && send web 11 web6 2 marked 3 && numbers "a replace" || return 1
	prometheus_ruleset | grep -v ' name dns ' >"$tmp/rules"
	ok load "$tmp/rules" --confirm 60 && fires FwdLoadWaitsForConfirmation && ok confirm || return 1
	removed=20
	send web 4 marked 5 leak 1 cut 2 none 900 && numbers "a load" && fires FwdDropsJump || return 1
	becomes 'absent(fw_rule_packets_total{id="20"})' 1 && becomes 'fw_reloads_total{kind="load"}' 2 &&
		becomes fw_transactions_total 5 && becomes fw_transaction_seconds_count 5 && becomes fw_reload_seconds_count 2 || return 1
	echo "rule dorp" >"$tmp/rules"
	refuses 1 dorp load "$tmp/rules" && becomes 'fw_failures_total{kind="load"}' 1 && fires FwdFailures
}

# fwd is killed between two scrapes, packets arrive meanwhile, and fwd is restarted.
prometheus_killed() {
	becomes fw_confirm_pending 0 && fwd_kill KILL || return 1
	send web 21 web-t 7 bad 3 marked 2 plain 1 leak 5 none-t 4 away 3 cut-g 1 other 2 tags 1 || return 1
	becomes fw_controller_up 0 && numbers "while fwd is dead" && fires FwdControllerDown && page_is_well_formed || return 1
	becomes 'absent(fw_generation)' 1 && becomes fw_rules 15 && send web 5 none 5 || return 1
	start_fwd && becomes fw_controller_up 1 && numbers "fwd started again" || return 1
	send web 6 web6 6 plain 6 bad 6 && ok add rule 80 name last drop && becomes fw_rules 16 && numbers "a new rule" && no_resets
}

prometheus_numbers() {
	local began
	prometheus_tools || return 1
	began=$(date +%s)
	sent=() removed=
	: >"$tmp/said"
	prometheus_links && start_fwd && prometheus_ruleset >"$tmp/rules" && ok load "$tmp/rules" && ok attach x1 --out yes &&
		ok attach g1 && ok attach t1 --mode tc && ok attach --later absent0 || return 1
	agent_writes
	exporter_start && page_is_well_formed && prometheus_start && numbers "nothing sent" || return 1
	prometheus_traffic && prometheus_policies && prometheus_changes && prometheus_killed && dashboard_has_values "$began" || return 1
	kill $exporter_pid
	fires FwdExporterDown && rules_have_values FwdControllerDown FwdDropsJump FwdExporterDown FwdFailures \
		FwdInterfaceGenericMode FwdInterfaceNotAttached FwdLoadWaitsForConfirmation FwdRulesLeftOut
}

case_prometheus_numbers() {
	prometheus_numbers
	local code=$?
	prometheus_stop
	return $code
}
