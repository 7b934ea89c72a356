# SPDX-License-Identifier: GPL-2.0-only
# The machines of a fleet, each a network namespace on one bridge: three members of etcd with TLS, users and roles, and a web server
# with TLS. Sourced by run.sh and fleet_faults, after lib.sh. fleet_down removes everything, and so does the end of the script.
#
#   etcd1 etcd2 etcd3                        198.18.0.11 12 13   https, port 2379
#   web                                      198.18.0.21         https, port 443, and http, port 80: $fleet_dir/www; 8080: $fleet_dir/dav, by PUT, too
#   host1 host2 host3                        198.18.0.31 32 33
#   admin                                    198.18.0.41         where people type commands
#
# Users of etcd: root, `agent`, who may read and write /fw/, and `stranger`, who may nothing. Their password is $fleet_password.

fleet_dir=      # the folder of its files
fleet_hub=  # the namespace of the bridge
fleet_pids= # processes that fleet_down ends
fleet_password=correct-horse
etcd_pids=("" "" "" "") # by member, from 1
nginx_pid=
etcd_urls=https://198.18.0.11:2379,https://198.18.0.12:2379,https://198.18.0.13:2379

node_space() { echo "fwe2e-$$-$1"; }
on_node() { enter "$(node_space "$1")" "${@:2}"; }

# node_add NAME LAST-BYTE
node_add() {
	local space
	space=$(node_space "$1")
	spaces+=("$space")
	ip netns add "$space" && enter "$space" ip link set lo up || return 1
	ip link add eth0 netns "$space" address "02:00:00:00:00:$2" type veth peer name "$1" netns "$fleet_hub" || return 1
	enter "$fleet_hub" ip link set "$1" master br0 up
	enter "$space" ip addr add "198.18.0.$2/24" dev eth0 && enter "$space" ip link set eth0 up
}
# A node behind a link that is down: nobody is told.
node_cut() { enter "$fleet_hub" ip link set "$1" nomaster; }
node_join() { enter "$fleet_hub" ip link set "$1" master br0; }

# A member that clients reach, but that reaches no other.
etcd_isolate() { # MEMBER
	on_node "etcd$1" nft -f - <<-END
		table inet isolated {
			chain in { type filter hook input priority 0; tcp dport 2380 drop; tcp sport 2380 drop; }
			chain out { type filter hook output priority 0; tcp dport 2380 drop; tcp sport 2380 drop; }
		}
	END
}
etcd_rejoin() { on_node "etcd$1" nft delete table inet isolated 2>/dev/null; }

ca_make() { # NAME
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj "/CN=$1" \
		-keyout "$fleet_dir/$1.key" -out "$fleet_dir/$1.pem" 2>/dev/null
}
# NAME CA SUBJECT-ALTERNATIVE-NAMES [SUBJECT]. The gateway of etcd refuses clients whose certificate has a common name.
cert_make() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "${4:-/CN=$1}" \
		-keyout "$fleet_dir/$1.key" -out "$fleet_dir/$1.csr" 2>/dev/null &&
		openssl x509 -req -in "$fleet_dir/$1.csr" -CA "$fleet_dir/$2.pem" -CAkey "$fleet_dir/$2.key" -CAcreateserial -days 30 \
			-extfile <(echo "subjectAltName=$3") -out "$fleet_dir/$1.pem" 2>/dev/null
}

# Makes the network and the certificates.
fleet_net_up() {
	[ -z "$fleet_dir" ] || return 0
	for tool in etcd etcdctl nginx openssl; do
		command -v $tool >/dev/null || die "$tool is missing: run make check"
	done
	fleet_dir=$tmp/fleet
	fleet_hub=$(node_space hub)
	spaces+=("$fleet_hub")
	mkdir -p "$fleet_dir/www"
	chmod 755 "$tmp" "$fleet_dir" "$fleet_dir/www"
	ip netns add "$fleet_hub" && enter "$fleet_hub" ip link add br0 type bridge forward_delay 0 &&
		enter "$fleet_hub" ip link set br0 up || return 1
	node_add etcd1 11 && node_add etcd2 12 && node_add etcd3 13 && node_add web 21 && node_add admin 41 || return 1
	ca_make ca && ca_make other-ca &&
		cert_make etcd ca IP:198.18.0.11,IP:198.18.0.12,IP:198.18.0.13,IP:127.0.0.1 &&
		cert_make web ca IP:198.18.0.21 && cert_make client ca DNS:client /O=fleet
}

# etcd_start MEMBER: without waiting.
etcd_start() {
	local n=$1 tls
	tls="--cert-file $fleet_dir/etcd.pem --key-file $fleet_dir/etcd.key --peer-cert-file $fleet_dir/etcd.pem --peer-key-file $fleet_dir/etcd.key
		--peer-trusted-ca-file $fleet_dir/ca.pem --peer-client-cert-auth ${etcd_options:-}"
	# shellcheck disable=SC2086 # several words
	nsenter --net="/run/netns/$(node_space "etcd$n")" etcd --name "etcd$n" --data-dir "$fleet_dir/etcd$n" $tls \
		--listen-client-urls "https://198.18.0.1$n:2379" --advertise-client-urls "https://198.18.0.1$n:2379" \
		--listen-peer-urls "https://198.18.0.1$n:2380" --initial-advertise-peer-urls "https://198.18.0.1$n:2380" \
		--initial-cluster etcd1=https://198.18.0.11:2380,etcd2=https://198.18.0.12:2380,etcd3=https://198.18.0.13:2380 \
		--heartbeat-interval 50 --election-timeout 500 >>"$fleet_dir/etcd$n.log" 2>&1 &
	etcd_pids[n]=$!
}
etcd_end() { # MEMBER [SIGNAL]
	[ -n "${etcd_pids[$1]}" ] || return 0
	kill "-${2:-KILL}" "${etcd_pids[$1]}" 2>/dev/null
	wait "${etcd_pids[$1]}" 2>/dev/null
	etcd_pids[$1]=
}
# etcdctl as root, from the admin's machine.
etcd_ctl() {
	ETCDCTL_API=3 on_node admin timeout 60 etcdctl --endpoints "$etcd_urls" --cacert "$fleet_dir/ca.pem" \
		--user "root:$fleet_password" "$@"
}
etcd_answers() { etcd_ctl get /nothing >/dev/null 2>&1; }
# The number of the member that leads; fails if there is none.
etcd_leader() {
	local n
	for n in 1 2 3; do
		[ -z "${etcd_pids[$n]}" ] && continue
		[ "$(ETCDCTL_API=3 on_node admin timeout 5 etcdctl --endpoints "https://198.18.0.1$n:2379" --cacert "$fleet_dir/ca.pem" \
			--user "root:$fleet_password" endpoint status -w json 2>/dev/null |
			jq -r '.[0].Status | .leader != 0 and .leader == .header.member_id')" = true ] && echo "$n" && return 0
	done
	return 1
}
etcd_revision() { etcd_ctl get /nothing -w json | jq .header.revision; }
etcd_compact() { etcd_ctl compact "$(etcd_revision)" --physical >/dev/null; }

# Starts all members, and makes the users the first time.
etcd_up() {
	local n
	fleet_net_up || return 1
	for n in 1 2 3; do [ -n "${etcd_pids[$n]}" ] || etcd_start $n; done
	if [ ! -e "$fleet_dir/users" ]; then
		wait_until etcd_ctl --user "" endpoint health || return 1
		{ etcd_ctl --user "" user add "root:$fleet_password" && etcd_ctl --user "" user add "agent:$fleet_password" &&
			etcd_ctl --user "" user add "stranger:$fleet_password" && etcd_ctl --user "" role add fleet &&
			etcd_ctl --user "" role grant-permission fleet readwrite --prefix=true /fw/ &&
			etcd_ctl --user "" user grant-role agent fleet && etcd_ctl --user "" user grant-role root root &&
			etcd_ctl --user "" auth enable; } >"$fleet_dir/users" || return 1
	fi
	wait_until etcd_leader && wait_until etcd_answers
}

nginx_up() {
	fleet_net_up || return 1
	[ -z "$nginx_pid" ] || return 0
	mkdir -p "$fleet_dir/nginx" "$fleet_dir/dav/small"
	chmod 777 "$fleet_dir/dav" "$fleet_dir/dav/small"
	cat >"$fleet_dir/nginx.conf" <<-END
		daemon off;
		worker_processes 1;
		pid $fleet_dir/nginx/pid;
		error_log $fleet_dir/nginx/errors;
		events { }
		http {
			access_log $fleet_dir/nginx/log;
			client_body_temp_path $fleet_dir/nginx/body;
			proxy_temp_path $fleet_dir/nginx/proxy;
			fastcgi_temp_path $fleet_dir/nginx/fastcgi;
			uwsgi_temp_path $fleet_dir/nginx/uwsgi;
			scgi_temp_path $fleet_dir/nginx/scgi;
			etag on;
			server {
				listen 198.18.0.21:80;
				listen 198.18.0.21:443 ssl;
				ssl_certificate $fleet_dir/web.pem;
				ssl_certificate_key $fleet_dir/web.key;
				root $fleet_dir/www;
			}
			# Takes PUT, below /small/ of small files only.
			server {
				listen 198.18.0.21:8080;
				root $fleet_dir/dav;
				client_max_body_size 64m;
				dav_methods PUT;
				create_full_put_path on;
				location /small/ {
					client_max_body_size 1k;
				}
			}
		}
	END
	nginx_start
}
nginx_start() {
	nsenter --net="/run/netns/$(node_space web)" nginx -c "$fleet_dir/nginx.conf" >>"$fleet_dir/nginx/out" 2>&1 &
	nginx_pid=$!
	wait_until on_node admin curl -s --cacert "$fleet_dir/ca.pem" https://198.18.0.21/
}
nginx_down() {
	[ -n "$nginx_pid" ] && kill "$nginx_pid" 2>/dev/null && wait "$nginx_pid" 2>/dev/null
	nginx_pid=
}

# Removes the whole fleet.
fleet_down() {
	local n
	[ -n "$fleet_dir" ] || return 0
	for n in 1 2 3; do
		host_down $n
		etcd_end $n
	done
	nginx_down
	for n in hub etcd1 etcd2 etcd3 web admin; do ip netns del "$(node_space $n)" 2>/dev/null; done
	rm -rf "$fleet_dir"
	fleet_dir=
}
