# SPDX-License-Identifier: GPL-2.0-only
# Cases of fw-exporter with a real fwd, sourced by run.sh. It listens in the server's namespace.

webpeer=${WEBPEER:-$top/build/webpeer}
web=127.0.0.1:9479
web_pid= # fw-exporter

# start_web OPTION...: waits until it listens; fwd must have been started. $as: words before the command.
start_web() {
	stop_web
	rm -f "$tmp/web.log"
	# shellcheck disable=SC2086 # words on purpose
	nsenter --target "$fwd_space" --net --mount ${as:-} "$exporter" --socket "$tmp/fwd/sock" --pins "$tmp/bpffs/fwd" "$@" \
		2>"$tmp/web.log" &
	web_pid=$!
	pids+=("$web_pid")
	wait_until grep -q listening "$tmp/web.log" || fail "fw-exporter does not start: $(cat "$tmp/web.log")"
}

# Ends it as systemd does. Returns its exit code.
stop_web() {
	local code
	[ -n "$web_pid" ] || return 0
	kill -TERM "$web_pid" 2>/dev/null
	wait "$web_pid"
	code=$?
	web_pid=
	return $code
}

# get PATH [OPTION OF CURL...]: the reply is in $tmp/page, its header in $tmp/header.
get() {
	local path=$1
	shift
	in_server curl -s -m 120 -D "$tmp/header" -o "$tmp/page" "$@" "http://$web$path" ||
		fail "curl $path $*: exit code $?; $(cat "$tmp/web.log")"
}
status_is() { is "the status" "$(awk 'NR == 1 { print $2 }' "$tmp/header")" "$1"; }
header_has() { grep -qi "^$1: $2"$'\r' "$tmp/header" || fail "no header $1: $2: $(cat "$tmp/header")"; }
page_has() { grep -qF -- "$1" "$tmp/page" || fail "the page does not say '$1': $(head -c 1000 "$tmp/page")"; }
# Prints the value of a series in the page.
page_value() { awk -v name="$1" 'index($0, name " ") == 1 { print $2 }' "${2:-$tmp/page}"; }
value_is() { is "$1" "$(page_value "$1")" "$2"; }
# Removes what differs between two pages of the same moment: the exporter's own figures, and the time.
without_own() { grep -v '^fw_exporter_\|^fw_memory_\|^fw_clients \|^fw_loop_' "$1"; }
# Names and labels of the series that are needed while fwd does not run.
page_series() { grep -E '^fw_(rule|policy|packets|drops|rules|left_out)' "$1" | sed 's/ [^ ]*$//' | sort; }
lint() { promtool check metrics <"$tmp/page" >"$tmp/lint" 2>&1 || fail "promtool: $(cat "$tmp/lint")"; }

web_rules() {
	rules <<-END
		policy in accept
		rule 10 name ping in proto icmp icmp-type echo-request accept
		rule 20 in proto tcp dport 25 drop counter
		rule 30 in proto udp dport 5353 drop
		rule 31 in proto udp dport 5354 drop
		rule 40 name quiet in proto udp dport 9 drop
	END
}

# fwd with rules, on s0, and an exporter.
web_up() {
	start_fwd && web_rules && ok load "$tmp/rules" && ok attach s0 --mode native && start_web "$@"
}

pings() { in_client ping -q -c "$1" -i 0.005 $server4 >/dev/null || fail "no ping"; }

# The rules of the page are exactly those of `fwctl counters`.
same_as_fwctl() {
	ctl --json counters | jq -r 'select(.id) | "\(.id) \(.packets) \(.bytes)"' | sort >"$tmp/counted"
	awk -F'[{}" ]+' '/^fw_rule_packets_total/ { p[$3] = $NF } /^fw_rule_bytes_total/ { b[$3] = $NF }
		END { for (i in p) if (p[i] > 0) print i, p[i], b[i] }' "$tmp/page" | sort >"$tmp/shown"
	diff "$tmp/counted" "$tmp/shown" >&2 || fail "fwctl counters and the page differ"
}

case_exporter_page() {
	web_up || return 1
	pings 40 || return 1
	in_client nc -z -w1 $server4 25 2>/dev/null
	get /metrics && status_is 200 && header_has content-type "text/plain; version=0.0.4; charset=utf-8" && lint || return 1
	value_is 'fw_rule_packets_total{id="10",name="ping",verdict="accept"}' 40 &&
		value_is 'fw_rule_bytes_total{id="10",name="ping",verdict="accept"}' $((40 * 98)) &&
		value_is 'fw_rule_packets_total{id="40",name="quiet",verdict="drop"}' 0 &&
		value_is fw_controller_up 1 && value_is fw_rules 5 && value_is 'fw_rules_selected{selection="marked"}' 3 &&
		value_is 'fw_rules_left_out{selection="other"}' 2 && same_as_fwctl &&
		value_is 'fw_interface_attached{interface="s0",mode="native"}' 1 &&
		value_is 'fw_reloads_total{kind="load"}' 1 && value_is fw_reload_seconds_count 1 || return 1
	[ "$(page_value 'fw_rule_packets_total{id="20",name="",verdict="drop"}')" -gt 0 ] || fail "no drops" || return 1
	is drops "$(page_value 'fw_drops_total{reason="rule"}')" \
		"$(page_value 'fw_packets_total{interface="s0",hook="xdp",direction="in",verdict="drop"}')" || return 1
	get /metrics -H 'Accept: application/openmetrics-text; version=1.0.0' &&
		header_has content-type "application/openmetrics-text; version=1.0.0; charset=utf-8" && page_has "# EOF" &&
		page_has "# TYPE fw_rule_packets counter" &&
		value_is 'fw_rule_packets_total{id="10",name="ping",verdict="accept"}' 40 || return 1
	exits 0 in_fwd "$exporter" --once --socket "$tmp/fwd/sock" && says 'name="ping",verdict="accept"} 40' || return 1
	stop_web || fail "exit code $? after SIGTERM: $(cat "$tmp/web.log")"
}

case_exporter_gzip() {
	web_up || return 1
	pings 3 || return 1
	get /metrics && without_own "$tmp/page" >"$tmp/plain" && get /metrics -H 'Accept-Encoding: gzip' &&
		header_has content-encoding gzip && header_has vary "Accept, Accept-Encoding" || return 1
	gzip -dc <"$tmp/page" >"$tmp/unpacked" || fail "it is not gzip" || return 1
	diff "$tmp/plain" <(without_own "$tmp/unpacked") >&2 || fail "compressed it is another page" || return 1
	get /metrics -H 'Accept-Encoding: gzip;q=0' && value_is fw_controller_up 1
}

case_exporter_http() {
	web_up || return 1
	get /metrics -I && status_is 200 && header_has content-type "text/plain; version=0.0.4; charset=utf-8" &&
		header_has content-length '[1-9][0-9]*' || return 1
	get / && status_is 200 && header_has content-type "text/html; charset=utf-8" && page_has 'href="/metrics"' || return 1
	get /healthz && status_is 200 && page_has "fwd: up" && get /healthz -I && status_is 200 || return 1
	get /nosuch && status_is 404 && get /metrics/ && status_is 404 && get '/metrics?x=y' && status_is 200 || return 1
	for method in POST PUT DELETE OPTIONS TRACE BREW; do
		get /metrics -X $method && status_is 405 && header_has allow "GET, HEAD" || return 1
	done
	get /metrics -d a=b && status_is 405 && get /metrics -X GET -d a=b && status_is 400 || return 1
	# On one connection, as Prometheus does.
	in_server curl -sv "http://$web/metrics" "http://$web/healthz" "http://$web/metrics" >/dev/null 2>"$tmp/err"
	[ "$(grep -c Re-using "$tmp/err")" = 2 ] || fail "not one connection: $(cat "$tmp/err")"
}

# Invalid requests. The first word is the expected status; - for none.
bad_requests() {
	printf '%s\n' '400 GET /metrics HTTP/1.1\r\n\r\n' '- GET\r\n\r\n' '- \x00\x01\x02\r\n\r\n' '- \r\n\r\n\r\n' \
		'405 G\xc3\xa4T /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' '404 GET /%%ff%%zz HTTP/1.1\r\nHost: localhost\r\n\r\n' '- GET /%%00x HTTP/1.1\r\nHost: localhost\r\n\r\n' \
		'400 GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n' \
		'413 GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n' \
		'400 GET /metrics HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n' \
		'405 POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nxxx' \
		'200 GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: ;;;,,,q=\x22\r\nAccept-Encoding: \x80\r\n\r\n' \
		'200 GET /metrics HTTP/1.0\r\n\r\n' '- GET /metrics HTTP/9.9\r\nHost: localhost\r\n\r\n'
	printf '414 GET /%s HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n\n' "$(head -c 100000 /dev/zero | tr '\0' a)"
	printf '431 GET / HTTP/1.1\\r\\nHost: x\\r\\nX: %s\\r\\n\\r\\n\n' "$(head -c 100000 /dev/zero | tr '\0' a)"
}

open_files_below() { [ "$(find "/proc/$web_pid/fd" | wc -l)" -lt "$1" ]; }

case_exporter_malformed() {
	local status text got before
	web_up || return 1
	get /metrics || return 1
	before=$(find "/proc/$web_pid/fd" | wc -l)
	while read -r status text; do
		# shellcheck disable=SC2059 # the text is a format
		got=$(printf "$text" | in_server timeout 60 "$webpeer" 127.0.0.1 9479 raw 2>/dev/null | head -1 | awk '{ print $2 }')
		[ "$status" = - ] || [ "$status" = "$got" ] || fail "${text:0:60}: '$got', not $status" || return 1
		kill -0 "$web_pid" || fail "it ended" || return 1
	done < <(bad_requests)
	head -c 200000 /dev/urandom >"$tmp/noise"
	for _ in 1 2 3 4 5; do in_server timeout 60 "$webpeer" 127.0.0.1 9479 raw <"$tmp/noise" >/dev/null 2>&1; done
	in_server "$webpeer" 127.0.0.1 9479 gone 200 /metrics || return 1
	get /metrics && status_is 200 && value_is fw_controller_up 1 || return 1
	wait_until open_files_below $((before + 2)) || fail "open files are left" || return 1
	stop_web || fail "exit code $?: $(cat "$tmp/web.log")"
}

# fwd is killed between two scrapes: the same series continue under traffic; and again after its restart.
case_exporter_killed() {
	local up='fw_rule_packets_total{id="10",name="ping",verdict="accept"}'
	web_up || return 1
	pings 20 || return 1
	get /metrics && cp "$tmp/page" "$tmp/before" && value_is "$up" 20 || return 1
	fwd_kill KILL
	pings 15 || return 1
	get /metrics && value_is fw_controller_up 0 && value_is "$up" 35 && lint && page_has fw_exporter_ || return 1
	diff <(page_series "$tmp/before") <(page_series "$tmp/page") >&2 || fail "other series without fwd" || return 1
	value_is 'fw_rule_bytes_total{id="10",name="ping",verdict="accept"}' $((35 * 98)) &&
		value_is fw_rules 5 && value_is fw_rules_packets "$(awk '/^fw_(rule_packets_total|left_out_packets)/ { n += $NF }
			END { print n }' "$tmp/page")" && is "fw_sets" "$(page_value fw_sets)" "" || return 1
	! grep -q '^fw_build_info' "$tmp/page" || fail "what only fwd knows is still there" || return 1
	get /healthz && status_is 200 && page_has "fwd: Connection refused" || return 1
	get /metrics -H 'Accept: application/openmetrics-text' && page_has "# EOF" && value_is fw_controller_up 0 || return 1
	pings 5 && start_fwd && pings 2 || return 1
	get /metrics && value_is fw_controller_up 1 && value_is "$up" 42 && same_as_fwctl || return 1
	diff <(page_series "$tmp/before") <(page_series "$tmp/page") >&2 || fail "other series with fwd again" || return 1
	value_is 'fw_exporter_scrapes_total{result="controller_down"}' 2 || return 1
	is "lines of the log" "$(grep -c 'does not answer\|answers again' "$tmp/web.log")" 2
}
# The series of a removed interface end; the sum over all must not grow by that, nor drops shrink, from either source.
gone_traffic() {
	get /metrics && grep '^fw_packets_total' "$tmp/page" | grep -v ' 0$' | sort >"$tmp/series" &&
		is drops "$(page_value 'fw_drops_total{reason="rule"}')" 3
}
gone_is_gone() { wait_until gone_from_page || fail "$1: $(cat "$tmp/series")"; }
gone_from_page() {
	! in_server ip link show e1 && gone_traffic && ! grep -q 'e1\|interface=""' "$tmp/series"
}
gone_link() {
	ip link add e0 netns "$client" type veth peer name e1 netns "$server" && in_client ip addr add 198.18.5.2/24 dev e0 &&
		in_client ip link set e0 up && in_server ip addr add 198.18.5.1/24 dev e1 && in_server ip link set e1 up
}

case_exporter_interface_gone() {
	local came='fw_packets_total{interface="e1",hook="xdp",direction="in",verdict="accept"}' n
	web_up && gone_link && ok attach e1 || return 1
	for _ in 1 2 3; do echo | in_client nc -u -w1 -q0 198.18.5.1 9; done
	in_client ping -q -c 50 -i 0.005 198.18.5.1 >/dev/null && gone_traffic || fail "no ping" || return 1
	[ "$(page_value "$came")" -ge 50 ] || fail "it did not count" || return 1
	in_server ip link del e1 && gone_is_gone "fwd is there" && fwd_kill KILL && gone_is_gone "fwd is dead" && start_fwd &&
		gone_link && device_becomes e1 '"state":"attached"' || return 1
	in_client ping -q -c 5 -i 0.005 198.18.5.1 >/dev/null || fail "no ping" || return 1
	get /metrics && n=$(page_value "$came") && [ "$n" -ge 5 ] && [ "$n" -lt 50 ] || fail "it is exported again with $n" || return 1
	fwd_kill KILL && in_server ip link del e1 && gone_is_gone "gone while fwd is dead" && start_fwd && gone_is_gone "and is back"
}

case_exporter_nothing_to_read() {
	web_up || return 1
	fwd_kill TERM
	start_web --pins "$tmp/bpffs/nosuch" || return 1
	get /metrics && status_is 503 && page_has "No such file" && get /metrics -I && status_is 503 && get /healthz &&
		status_is 503 && start_fwd && get /metrics && status_is 200 || return 1
	is "the log" "$(sed 's|: fwd:.*||' "$tmp/web.log" | tail -n +2 | xargs -d '\n')" "fw-exporter: no page fw-exporter: fwd answers again" ||
		return 1
	fwd_kill TERM
	exits 1 in_fwd "$exporter" --once --socket "$tmp/fwd/sock" --pins /nonexistent && says "no page" &&
		! grep -q "using the pinned" "$tmp/err" || fail "$(cat "$tmp/err")"
}

# A stopped fwd does not answer, though its socket exists.
case_exporter_hung() {
	web_up || return 1
	pings 4 || return 1
	kill -STOP "$fwd_pid"
	get /metrics && value_is fw_controller_up 0 &&
		value_is 'fw_rule_packets_total{id="10",name="ping",verdict="accept"}' 4
	local code=$?
	kill -CONT "$fwd_pid"
	[ $code = 0 ] || return 1
	get /metrics && value_is fw_controller_up 1
}

# Many idle clients. Others are answered all the same.
scraped() { get /metrics && status_is 200 && value_is fw_controller_up 1; }
held() { # MODE N [PATH]
	rm -f "$tmp/held.$1"
	nsenter --net="/run/netns/$server" "$webpeer" 127.0.0.1 9479 "$@" >"$tmp/held.$1" 2>&1 &
	pids+=($!)
	wait_until grep -q ready "$tmp/held.$1" || fail "webpeer $*: $(cat "$tmp/held.$1")"
}
threads() { awk '/^Threads/ { print $2 }' "/proc/$web_pid/status"; }

case_exporter_slow_clients() {
	local i
	web_up --clients-max 40 --timeout 4 || return 1
	held half 300 && held drip 60 || return 1
	for i in $(seq 10); do scraped || return 1; done
	held unread 60 /metrics || return 1
	for i in $(seq 10); do scraped || return 1; done
	[ "$(threads)" -lt 120 ] || fail "$(threads) threads" || return 1
	# Those that send byte by byte are closed too.
	wait_until grep -qx "0 left" "$tmp/held.half" || fail "half requests stay: $(tail -1 "$tmp/held.half")" || return 1
	wait_until grep -qx "0 left" "$tmp/held.drip" || fail "dripping requests stay: $(tail -1 "$tmp/held.drip")" || return 1
	scraped && stop_web || fail "it does not end: $?"
}

# Many rules, streamed: each slow reader keeps a scrape for a while, and is then closed.
case_exporter_slow_readers() {
	local i
	web_up --rules all --timeout 20 || return 1
	many_rules 200000
	answers 0 ask load '{}' "$tmp/many" || return 1
	get /metrics && header_has transfer-encoding chunked && value_is fw_rules 200000 || return 1
	is series "$(grep -c '^fw_rule_packets_total' "$tmp/page")" 200000 &&
		is series "$(grep -c '^fw_rule_bytes_total' "$tmp/page")" 200000 || return 1
	[ "$(awk '/VmHWM/ { print $2 }' "/proc/$web_pid/status")" -lt 61440 ] || fail "too much memory" || return 1
	held slow 6 /metrics && held unread 6 /metrics || return 1
	for i in 1 2 3; do scraped || return 1; done
	stop_web || fail "it does not end: $?"
}

# fwd ends in the middle of a page: the client gets no page rather than half of one.
case_exporter_broken_page() {
	local code
	web_up --rules all || return 1
	many_rules 200000
	answers 0 ask load '{}' "$tmp/many" || return 1
	rm -f "$tmp/page"
	in_server curl -sS --limit-rate 2M -o "$tmp/page" "http://$web/metrics" 2>"$tmp/err" &
	local curl=$!
	wait_until test -s "$tmp/page" || fail "no page" || return 1
	fwd_kill KILL
	wait $curl
	code=$?
	[ $code = 18 ] || [ $code = 56 ] || fail "curl takes it for a page: $code $(tail -2 "$tmp/page")" || return 1
	get /metrics && value_is fw_controller_up 0 && is series "$(grep -c '^fw_rule_packets_total' "$tmp/page")" 200000 || return 1
	exits 0 in_server curl -s0 "http://$web/metrics" && says "needs HTTP/1.1"
}

case_exporter_tls() {
	local name
	start_fwd || return 1
	for name in a b; do
		openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=fw -addext \
			subjectAltName=IP:127.0.0.1 -keyout "$tmp/$name.key" -out "$tmp/$name.pem" 2>/dev/null || return 1
	done
	start_web --tls-cert "$tmp/a.pem" --tls-key "$tmp/a.key" && grep -q https: "$tmp/web.log" || return 1
	in_server curl -sS --cacert "$tmp/a.pem" -o "$tmp/page" "https://$web/metrics" 2>"$tmp/err" || fail "$(cat "$tmp/err")" || return 1
	value_is fw_controller_up 1 || return 1
	! in_server curl -s --cacert "$tmp/b.pem" "https://$web/metrics" >/dev/null || fail "another certificate will do" || return 1
	! in_server curl -s --cacert "$tmp/a.pem" --tls-max 1.1 --ciphers DEFAULT@SECLEVEL=0 "https://$web/metrics" >/dev/null ||
		fail "TLS 1.1 will do" || return 1
	held half 20 && in_server "$webpeer" 127.0.0.1 9479 gone 50 /metrics
	in_server curl -s --cacert "$tmp/a.pem" "https://$web/healthz" | grep -q ok || fail "no answer any more" || return 1
	stop_web || return 1
	exits 1 in_fwd "$exporter" --tls-cert "$tmp/a.pem" --tls-key "$tmp/b.key" && says "belong together" &&
		exits 1 in_fwd "$exporter" --tls-cert "$tmp/nosuch" --tls-key "$tmp/b.key" && says "$tmp/nosuch: cannot be read"
}

# A listening socket that is passed overrides the options.
case_exporter_activation() {
	local address code
	start_fwd || return 1
	for address in 127.0.0.1 ::1; do
		rm -f "$tmp/web.log"
		nsenter --target "$fwd_space" --net --mount "$webpeer" $address 9480 run "$exporter" --socket "$tmp/fwd/sock" \
			--port 1 2>"$tmp/web.log" &
		web_pid=$!
		pids+=($web_pid)
		wait_until grep -q listening "$tmp/web.log" || fail "$(cat "$tmp/web.log")" || return 1
		[ $address = 127.0.0.1 ] && web=127.0.0.1:9480 || web=[::1]:9480
		get /metrics && value_is fw_controller_up 1
		code=$?
		web=127.0.0.1:9479
		stop_web && [ $code = 0 ] || return 1
	done
	start_web --address ::1 && grep -qF '[::1]:9479' "$tmp/web.log" || return 1
	web=[::1]:9479
	get /healthz && status_is 200
	code=$?
	web=127.0.0.1:9479
	return $code
}

# Without privileges, with and without fwd: a user who may connect may read everything.
case_exporter_unprivileged() {
	local as="setpriv --reuid nobody --regid nogroup --groups games --bounding-set -all"
	start_fwd --group games && ok attach s0 || return 1
	chmod 711 "$tmp" "$tmp/fwd" "$tmp/bpffs"
	start_web && is CapEff "$(awk '/CapEff/ { print $2 }' "/proc/$web_pid/status")" 0000000000000000 || return 1
	get /metrics && value_is fw_controller_up 1 || return 1
	fwd_kill KILL
	get /metrics && status_is 200 && value_is fw_controller_up 0 && page_has fw_policy_packets_total || return 1
	as="setpriv --reuid nobody --regid nogroup --clear-groups"
	start_web && get /metrics && status_is 503 && page_has "Permission denied; does fw-exporter run in the group fwd?"
}

case_exporter_settings() {
	start_fwd || return 1
	exits 2 "$exporter" --port 70000 && says "--port wants a number from 0 to 65535, not '70000'" &&
		exits 2 "$exporter" --address localhost && says "such as 127.0.0.1" && exits 2 "$exporter" --rules some &&
		says "selected, all or none" && exits 2 "$exporter" --tls-cert /x && says "--tls-key is missing" &&
		exits 2 "$exporter" --socket x && says "begins with '/'" && exits 2 "$exporter" --nosuch &&
		exits 2 "$exporter" x && exits 2 "$exporter" --top && exits 0 "$exporter" --help && says "--max-rules N" &&
		exits 0 "$exporter" --version && exits 2 "$exporter" --once --format xml && says "openmetrics" || return 1
	start_web || return 1
	exits 1 in_fwd "$exporter" --port 9479 && says "Address already in use" &&
		exits 1 in_fwd "$exporter" --address 203.0.113.200 && says "cannot listen on 203.0.113.200"
}

# Many at once: all are answered, or told to retry, and fwd gets few requests.
all_coded() { [ "$(wc -l <"$tmp/codes")" = 100 ]; }

case_exporter_storm() {
	local most=0 n codes i
	web_up --clients-max 200 || return 1
	for i in $(seq 100); do
		in_server curl -s -m 120 -o /dev/null -w '%{http_code} %{exitcode} %{errormsg}\n' "http://$web/metrics" >>"$tmp/codes" &
		[ $((i % 10)) = 0 ] && n=$(status_of clients) && [ "$n" -gt $most ] && most=$n
	done
	wait_until all_coded
	codes=$(sort "$tmp/codes" | uniq -c | xargs)
	is answers "$codes" "100 200 0" || return 1
	[ "$most" -le 6 ] || fail "$most clients of fwd at once"
}

# Only requests with one of our names are answered: a page of evil.example, open in a browser here, can make its name resolve to us.
case_exporter_hosts() {
	local host name code
	name=$(hostname)
	start_fwd && printf '127.0.0.1 localhost\n127.0.1.1 long.example.net %s\n127.0.1.2 evil.example other\n' "$name" >"$tmp/hosts" &&
		in_fwd mount --bind "$tmp/hosts" /etc/hosts && start_web --host metrics.example.org,other.example.org || return 1
	for path in /metrics /healthz / /nosuch; do
		for host in evil.example evil.example:9479 localhost.evil.example 127.0.0.1.evil.example "$name.evil.example" \
			evil@localhost x ''; do
			get $path -H "Host: $host" || return 1
			[ "$path$host" = "$path" ] || { status_is 421 && page_has "is not a name of this exporter" && ! grep -q fw_ "$tmp/page"; } ||
				fail "$path of $host: $(cat "$tmp/header" "$tmp/page")" || return 1
		done
	done
	for host in localhost LOCALHOST:9479 localhost. 127.0.0.1 127.0.0.1:80 203.0.113.9 '[::1]:9479' metrics.example.org \
		OTHER.example.org:443 "$name" long.example.net:9479; do
		get /metrics -H "Host: $host" && status_is 200 && value_is fw_controller_up 1 || fail "$host" || return 1
	done
	get /metrics -0 -H 'Host:' && status_is 200 && get /metrics -0 -H 'Host: evil.example' && status_is 421 &&
		is "two of them" "$(printf 'GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n' |
			in_server "$webpeer" 127.0.0.1 9479 raw | head -1 | awk '{ print $2 }')" 400 || return 1
	get /metrics --request-target http://evil.example/metrics && status_is 421 &&
		get /metrics --request-target http://localhost/metrics -H 'Host: evil.example' && status_is 200 || return 1
	get /metrics -H $'Host: \xff\xe2\x80\xae' && status_is 421 && shows_nothing_raw "$tmp/page" "$tmp/web.log" || return 1
	for name in 'a b' , a: '*' $'a\xff'; do exits 2 "$exporter" --host "$name" && says "--host wants names" || return 1; done
	exits 2 "$exporter" --group games && says "--group needs a Unix socket"
}

# A Unix socket, protected by its mode and group; created by the exporter, and passed to it.
by_unix() { # NAME OF curl's URL [WORDS BEFORE]
	in_server "${@:2}" curl -s -m 60 -w '\n%{http_code}' --unix-socket "$tmp/web/sock" "http://$1/metrics" >"$tmp/page"
	code=$?
	tail -n 1 "$tmp/page" >"$tmp/code"
	return $code
}
case_exporter_unix() {
	local code nobody="setpriv --reuid nobody --regid nogroup"
	start_fwd && rm -rf "$tmp/web" && mkdir -m 755 "$tmp/web" && chmod 711 "$tmp" && start_web --address "$tmp/web/sock" --group games &&
		is "what it says" "$(cat "$tmp/web.log")" "fw-exporter: listening on unix:$tmp/web/sock" &&
		is "the socket" "$(stat -c '%a %U %G' "$tmp/web/sock")" "660 root games" || return 1
	by_unix localhost && is code "$(cat "$tmp/code")" 200 && value_is fw_controller_up 1 && by_unix any.example &&
		is code "$(cat "$tmp/code")" 200 || return 1
	# shellcheck disable=SC2086 # words on purpose
	! by_unix localhost $nobody --clear-groups && is code "$(cat "$tmp/code")" 000 &&
		by_unix localhost $nobody --groups games && is code "$(cat "$tmp/code")" 200 || fail "who may ask" || return 1
	in_server curl -s -m 5 "http://$web/metrics" >/dev/null && { fail "it listens on TCP too"; return 1; }
	exits 1 in_fwd "$exporter" --address "$tmp/web/sock" && says "another fw-exporter listens here" || return 1
	# When killed, it leaves the file; the next one replaces it, and removes it in the end.
	kill -KILL "$web_pid" && wait "$web_pid" 2>/dev/null
	web_pid=
	[ -S "$tmp/web/sock" ] && start_web --address "$tmp/web/sock" --mode 600 && is "mode" "$(stat -c %a "$tmp/web/sock")" 600 &&
		stop_web && [ ! -e "$tmp/web/sock" ] || fail "$(ls -l "$tmp/web")" || return 1
	echo mine >"$tmp/web/file"
	exits 1 in_fwd "$exporter" --address "$tmp/web/file" && says "is no socket" && is file "$(cat "$tmp/web/file")" mine &&
		exits 1 in_fwd "$exporter" --address "$tmp/web/sock" --group nosuch && says "no group 'nosuch'" &&
		exits 2 "$exporter" --mode 4660 --address /x && says "octal" && exits 2 "$exporter" --mode 8 || return 1
	command -v systemd-socket-activate >/dev/null || return 0
	nsenter --target "$fwd_space" --net --mount systemd-socket-activate -l "$tmp/web/sock" "$exporter" --socket "$tmp/fwd/sock" \
		2>"$tmp/web.log" &
	web_pid=$!
	pids+=("$web_pid")
	wait_until test -S "$tmp/web/sock" && by_unix localhost && is code "$(cat "$tmp/code")" 200 && stop_web &&
		[ -S "$tmp/web/sock" ] || fail "by the service manager: $(cat "$tmp/web.log")"
}
