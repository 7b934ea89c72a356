# SPDX-License-Identifier: GPL-2.0-only
# The client of etcd against a cluster of three: everything that can happen to members, connections and credentials.

fleetpeer=${FLEETPEER:-$top/build/fleetpeer}
watch_pid=

# etcd_peer USER [OPTION...] COMMAND...: the client, on the admin's machine.
etcd_peer() {
	on_node admin "$fleetpeer" -e "$etcd_urls" -C "$fleet_dir/ca.pem" -p "$fleet_password" -t 15 -u "$@"
}

watch_start() { # KEY...
	nsenter --net="/run/netns/$(node_space admin)" "$fleetpeer" -e "$etcd_urls" -C "$fleet_dir/ca.pem" -u agent \
		-p "$fleet_password" -t 5 watch "$@" >"$fleet_dir/watch" 2>&1 &
	watch_pid=$!
	wait_until grep -q '^connected$' "$fleet_dir/watch" || fail "the watch does not connect: $(cat "$fleet_dir/watch")"
}
watch_stop() {
	[ -n "$watch_pid" ] || return 0
	kill "$watch_pid" 2>/dev/null
	wait "$watch_pid" 2>/dev/null
	watch_pid=
}
# The member that the watch is connected to.
watched_member() {
	on_node admin ss -Htnp state established "( dport = :2379 )" | grep "pid=$watch_pid," |
		sed -n 's/.*198\.18\.0\.1\([123]\):2379.*/\1/p' | tail -1
}
watch_saw() { # TEXT
	wait_until grep -q "$1" "$fleet_dir/watch" || fail "the watch has not seen '$1': $(cat "$fleet_dir/watch")"
}
lost() { grep -c '^lost: ' "$fleet_dir/watch"; }
# Ends what a case began, whatever came of it.
etcd_case_end() {
	local code=$? n
	watch_stop
	for n in 1 2 3; do
		etcd_rejoin $n
		node_join "etcd$n"
	done
	return $code
}

etcd_put_works() { # VALUE
	etcd_peer agent put /fw/client/head "$1" >"$fleet_dir/put" || fail "no put: $(cat "$fleet_dir/put")"
}

# A client sees a failure of a member, goes to another, and misses no change. HOW-IT-FAILS, a function of the member.
watch_survives() {
	local member before
	etcd_up && watch_start /fw/client/head /fw/client/rings && etcd_put_works "before $1" && watch_saw "before $1" || return 1
	member=$(watched_member)
	[ -n "$member" ] || fail "the watch has no connection" || return 1
	before=$(lost)
	"$@" "$member"
	wait_until etcd_leader && etcd_put_works "after $1" && watch_saw "^/fw/client/head=after $1 " || return 1
	[ "$(lost)" -gt "$before" ] || fail "the watch has not noticed"
}

fail_leader() { # makes the member lead first, so that the leader fails
	local id
	id=$(etcd_ctl endpoint status -w json | jq -r --arg e "https://198.18.0.1$1:2379" '.[] | select(.Endpoint == $e).Status.header.member_id')
	ETCDCTL_API=3 on_node admin etcdctl --endpoints "https://198.18.0.1$(etcd_leader):2379" --cacert "$fleet_dir/ca.pem" \
		--user "root:$fleet_password" move-leader "$(printf %x "$id")" >/dev/null 2>&1
	etcd_end "$1" KILL
}
fail_follower() {
	[ "$(etcd_leader)" != "$1" ] || ETCDCTL_API=3 etcd_ctl_move_away "$1"
	etcd_end "$1" KILL
}
# The member that leads hands over to another.
etcd_ctl_move_away() {
	local id
	id=$(etcd_ctl endpoint status -w json | jq -r --arg e "https://198.18.0.1$1:2379" '[.[] | select(.Endpoint != $e)][0].Status.header.member_id')
	ETCDCTL_API=3 on_node admin etcdctl --endpoints "https://198.18.0.1$1:2379" --cacert "$fleet_dir/ca.pem" \
		--user "root:$fleet_password" move-leader "$(printf %x "$id")" >/dev/null 2>&1
}

case_fleet_etcd_leader_killed() { watch_survives fail_leader; etcd_case_end; }
case_fleet_etcd_follower_killed() { watch_survives fail_follower; etcd_case_end; }
# It can be reached, but has no leader.
case_fleet_etcd_minority() { watch_survives etcd_isolate; etcd_case_end; }
# Nothing comes from it any more, and nobody says so.
cut_member() { node_cut "etcd$1"; }
case_fleet_etcd_partition() { watch_survives cut_member; etcd_case_end; }

cluster_restarts() {
	local n
	etcd_up && watch_start /fw/client/head && etcd_put_works one && watch_saw "=one " || return 1
	for n in 1 2 3; do etcd_end $n KILL; done
	watch_saw "^lost: " || return 1
	on_node admin "$fleetpeer" -e "$etcd_urls" -C "$fleet_dir/ca.pem" -p "$fleet_password" -t 2 -u agent get /fw/client/head >"$fleet_dir/out" &&
		{ fail "an answer without a cluster: $(cat "$fleet_dir/out")"; return 1; }
	grep -q '^failed: Connection refused: https://198.18.0.1' "$fleet_dir/out" || fail "$(cat "$fleet_dir/out")" || return 1
	etcd_up && etcd_put_works two && watch_saw "=two "
}
case_fleet_etcd_cluster_restarts() { cluster_restarts; etcd_case_end; }

compacted_while_away() {
	local i member
	etcd_up && watch_start /fw/client/head /fw/client/rings && etcd_put_works first && watch_saw "=first " || return 1
	etcd_peer agent put /fw/client/rings here >/dev/null && watch_saw "^/fw/client/rings=here " || return 1
	member=$(watched_member)
	kill -STOP "$watch_pid"
	etcd_end "$member" KILL
	wait_until etcd_leader || return 1
	etcd_peer agent del /fw/client/rings >/dev/null
	for i in 1 2 3 4 5; do etcd_put_works "away $i" || return 1; done
	wait_until etcd_compact || fail "no compaction" || return 1
	kill -CONT "$watch_pid"
	watch_saw "=away 5 " && watch_saw "^/fw/client/rings deleted " || return 1
	etcd_put_works again && watch_saw "=again " || return 1
	grep -q "=away [1-4] " "$fleet_dir/watch" && fail "it saw what was compacted: $(cat "$fleet_dir/watch")"
	return 0
}
case_fleet_etcd_compaction() { compacted_while_away; etcd_case_end; }

# peer_fails WANTED USER OPTION... COMMAND...
peer_fails() {
	local want=$1
	shift
	etcd_peer "$@" >"$fleet_dir/out" 2>&1 && { fail "not refused: $*"; return 1; }
	grep -q "^failed: $want" "$fleet_dir/out" || fail "$*: $(cat "$fleet_dir/out")"
}

case_fleet_etcd_credentials() {
	etcd_up || return 1
	peer_fails "Permission denied: .*authentication failed" agent -p wrong get /fw/client/head &&
		peer_fails "Permission denied: .*permission denied" stranger get /fw/client/head &&
		peer_fails "Permission denied: .*user name is empty" "" get /fw/client/head &&
		peer_fails "Permission denied: .*permission denied" agent put /other x &&
		peer_fails "Protocol error: .*certificate" agent -t 2 -C "$fleet_dir/other-ca.pem" get /fw/client/head
}

# Tokens are in the members' memory: after a restart they are not known any more.
token_expires() {
	local n pid
	etcd_up && etcd_put_works here || return 1
	nsenter --net="/run/netns/$(node_space admin)" "$fleetpeer" -e "$etcd_urls" -C "$fleet_dir/ca.pem" -u agent \
		-p "$fleet_password" -t 20 repeat 0.1 /fw/client/head >"$fleet_dir/repeat" 2>&1 &
	pid=$!
	wait_until grep -q '=here ' "$fleet_dir/repeat"
	for n in 1 2 3; do etcd_end $n TERM; done
	etcd_up && : >"$fleet_dir/repeat" && etcd_put_works there
	wait_until grep -q '=there ' "$fleet_dir/repeat" || fail "$(tail -3 "$fleet_dir/repeat")"
	n=$?
	kill $pid
	wait $pid 2>/dev/null
	return $n
}
case_fleet_etcd_token_expires() { token_expires; }

case_fleet_etcd_dead_endpoints() {
	local live=https://198.18.0.12:2379
	etcd_up && etcd_put_works here || return 1
	# Nobody has this address; nothing listens there; no TLS there; and one that answers.
	nginx_up && etcd_peer agent -e "https://198.18.0.99:2379,https://198.18.0.41:1,https://198.18.0.21:80,$live" get /fw/client/head \
		>"$fleet_dir/out" && grep -q '=here ' "$fleet_dir/out" || fail "$(cat "$fleet_dir/out")"
}

case_fleet_etcd_operations() {
	local lease
	etcd_up && etcd_peer agent del /fw/client/x >/dev/null || return 1
	etcd_peer agent create /fw/client/x 1 >/dev/null && peer_fails "Operation canceled" agent create /fw/client/x 2 || return 1
	lease=$(etcd_peer agent grant 60 | cut -d' ' -f2)
	etcd_peer agent leased "$lease" /fw/client/y 'ä "\ 	z' >/dev/null && etcd_peer agent keepalive "$lease" >/dev/null &&
		etcd_peer agent prefix /fw/client/ >"$fleet_dir/out" || return 1
	grep -q '^/fw/client/x=1 @' "$fleet_dir/out" && grep -q '^/fw/client/y=ä "\\ 	z @' "$fleet_dir/out" || fail "$(cat "$fleet_dir/out")" || return 1
	etcd_peer agent revoke "$lease" >/dev/null && peer_fails "No such file" agent keepalive "$lease" &&
		peer_fails "No such file" agent revoke "$lease" || return 1
	[ -z "$(etcd_peer agent get /fw/client/y)" ] || fail "a key outlives its lease"
}

# The server knows the client by its certificate, and its user by name and password.
client_certificate() {
	local etcd_options n code=0
	etcd_up || return 1
	etcd_options="--client-cert-auth --trusted-ca-file $fleet_dir/ca.pem"
	for n in 1 2 3; do etcd_end $n TERM; done
	for n in 1 2 3; do etcd_start $n; done
	wait_until etcd_peer agent -c "$fleet_dir/client.pem" -k "$fleet_dir/client.key" put /fw/client/head certified || fail "not with a certificate" || code=1
	etcd_peer agent -t 2 get /fw/client/head >"$fleet_dir/out" && { fail "without a certificate"; code=1; }
	for n in 1 2 3; do etcd_end $n TERM; done
	return $code
}
case_fleet_etcd_client_certificate() { client_certificate; }
