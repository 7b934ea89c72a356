# SPDX-License-Identifier: GPL-2.0-only
# Cases of `fwctl import` with a live fwd, sourced by run.sh.

# Packets of the only rule whose text has this.
import_counted() { ctl --json list | jq -r --arg text "$1" 'select(.text // "" | contains($text)) | "\(.packets) \(.bytes)"'; }
import_is() { is "counter of $1" "$(import_counted "$1")" "$2"; }
# The filter of iptables with two rules, one of which has counted three pings of 84 bytes; as files of iptables-save.
import_kernel() {
	printf '*filter\n:INPUT ACCEPT\n-A INPUT -p icmp --icmp-type 8 -j ACCEPT\n-A INPUT -p icmp -s 192.0.2.0/24 ! --icmp-type 3/4 -j ACCEPT\nCOMMIT\n' |
		in_server iptables-legacy-restore || return 1
	in_client ping -q -c3 -i0.01 $server4 >/dev/null && in_server iptables-legacy-save -c >"$tmp/rules.v4" &&
		in_server iptables-legacy-restore </dev/null
	printf '*filter\n:INPUT ACCEPT\nCOMMIT\n' | in_server iptables-legacy-restore
}
# Counters begin where those of iptables are, go on from there, and stay with the rules when the same is imported again.
case_import_counters() {
	in_server iptables-legacy -nL >/dev/null 2>&1 || { skip "the kernel lacks ip_tables"; return; }
	import_kernel && share_fwd && ok attach --host && host_attached || return 1
	refuses 2 "--counters needs --load" import --counters "$tmp/rules.v4" || return 1
	sed -i 's/^\[0:0\] \(-A INPUT -s\)/[7:700] \1/' "$tmp/rules.v4"
	ok import --load --counters --yes "$tmp/rules.v4" || return 1
	import_is "icmp-type echo-request accept" "3 252" && import_is "rule 4 chain input.1" "7 700" || return 1
	in_client ping -q -c2 -i0.01 $server4 >/dev/null
	import_is "icmp-type echo-request accept" "5 420" || return 1
	ok import --load --counters --yes "$tmp/rules.v4" && import_is "icmp-type echo-request accept" "5 420" || return 1
	ok counters --reset && import_is "icmp-type echo-request accept" "0 0" || return 1
	# Of nft, by a load that is undone; an own counter begins anew.
	echo '{"nftables": [{"table": {"family": "ip", "name": "t", "handle": 1}},
		{"chain": {"family": "ip", "table": "t", "name": "c", "handle": 1, "type": "filter", "hook": "input", "prio": 0, "policy": "accept"}},
		{"rule": {"family": "ip", "table": "t", "chain": "c", "handle": 2, "expr": [
			{"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "ttl"}}, "right": 7}},
			{"counter": {"packets": 11, "bytes": 1100}}, {"drop": null}]}}]}' >"$tmp/rules.json"
	ok import --load --counters --yes --confirm 60s "$tmp/rules.json" && import_is "ttl 7" "11 1100" && ok undo || return 1
	import_is "icmp-type echo-request accept" "0 0" && ok import --load --yes "$tmp/rules.json" && import_is "ttl 7" "0 0"
}
