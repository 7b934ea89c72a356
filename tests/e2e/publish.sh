# SPDX-License-Identifier: GPL-2.0-only
# `fwctl publish` to a folder that nginx serves and to nginx by PUT: what arrives at a host is checked by other programs. And what is
# left when a disk is full, when a publisher is killed, and when two publish at once. Sourced by run.sh.

fleet_site= # the folder that is published to

# A web server, a folder that it serves, and keys.
publish_up() {
	nginx_up && fleet_site=$fleet_dir/www && rm -rf "$fleet_dir"/edge* "$fleet_site"/* "$fleet_dir/dav/object" "$fleet_dir/dav/manifest" "$fleet_dir/dav/head" && "$fwctl" keys make "$fleet_dir/edge" >/dev/null
}
# publish_rules NUMBER [LINE...]: a ruleset with so many rules.
publish_rules() {
	local n=$1
	shift
	{ echo 'policy in drop'; seq -f 'rule in from 10.1.0.0/16 proto tcp dport %g accept' 1 "$n"; printf '%s\n' "$@"; } >"$fleet_dir/rules"
}
publish() { "$fwctl" publish "$fleet_dir/rules" --to "$fleet_site" --key "$fleet_dir/edge.key" "$@" >"$fleet_dir/out" 2>"$fleet_dir/err"; }
published() { publish "$@" || fail "not published: $(cat "$fleet_dir/err")"; }
publish_refused() { # TEXT OPTION...
	local want=$1
	shift
	! publish "$@" || fail "published: $(cat "$fleet_dir/out")" || return 1
	grep -q -- "$want" "$fleet_dir/err" || fail "refused without '$want': $(cat "$fleet_dir/err")"
}
site_generation() { head -1 "$fleet_site/head" | jq .generation; }

site_has_no_rest() { [ -z "$(find "$fleet_site" -name '.fwctl-*')" ] || fail "a temporary file is left"; }
# Is every file what its name says, and is all there that the head leads to?
site_sound() {
	local f name
	cmp "$fleet_site/head" "$fleet_site/manifest/$(sha256sum <"$fleet_site/head" | cut -d' ' -f1)" || return 1
	for f in "$fleet_site"/manifest/* "$fleet_site"/object/*; do
		name=${f##*/}
		[ "$(sha256sum <"$f" | cut -d' ' -f1)" = "${name%.zst}" ] || fail "$f has other bytes" || return 1
	done
	for name in $(head -1 "$fleet_site/head" | jq -r '.snapshot.sha256, .delta.sha256 // empty'); do
		[ -e "$fleet_site/object/$name.zst" ] || fail "object $name is missing" || return 1
	done
}

# Fetches from a host and checks by curl, openssl, sha256sum and zstd. URL
fetched_right() {
	local line=$fleet_dir/line object
	on_node admin curl -sf "$1/head" -o "$fleet_dir/head" || fail "no head" || return 1
	head -1 "$fleet_dir/head" >"$line"
	sed -n 2p "$fleet_dir/head" | jq -r .signature | base64 -d >"$fleet_dir/signature"
	# A public key as X.509 wants it (RFC 8410): what is fixed, and the 32 bytes.
	{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; cut -d' ' -f3 "$fleet_dir/edge.pub" | base64 -d; } >"$fleet_dir/public.der"
	openssl pkeyutl -verify -pubin -inkey "$fleet_dir/public.der" -keyform DER -rawin -in "$line" -sigfile "$fleet_dir/signature" \
		>/dev/null || fail "openssl does not accept the signature" || return 1
	object=$(jq -r .snapshot.sha256 "$line")
	on_node admin curl -sf "$1/object/$object.zst" -o "$fleet_dir/object" || fail "no snapshot" || return 1
	[ "$(sha256sum <"$fleet_dir/object" | cut -d' ' -f1)" = "$object" ] || fail "another snapshot" || return 1
	[ "$(stat -c %s "$fleet_dir/object")" = "$(jq .snapshot.bytes "$line")" ] || fail "another length" || return 1
	zstd -dcq "$fleet_dir/object" >"$fleet_dir/snapshot" && [ "$(stat -c %s "$fleet_dir/snapshot")" = "$(jq .snapshot.size "$line")" ] ||
		fail "another size"
}

case_fleet_publish() {
	publish_up || return 1
	publish_rules 200 'set bad file "bad.txt"' 'rule name bad in from @bad drop # of the night'
	echo 192.0.2.0/24 >"$fleet_dir/bad.txt"
	publish_refused 'has no ruleset of a fleet yet' || return 1
	published --fleet edge && site_sound && fetched_right http://198.18.0.21 || return 1
	grep -aq '^rule 201 name bad in from @bad drop # of the night' "$fleet_dir/snapshot" && grep -aq '192.0.2.0/24' "$fleet_dir/snapshot" ||
		fail "the snapshot has other rules" || return 1
	published && grep -q 'nothing to publish' "$fleet_dir/out" && [ "$(site_generation)" = 1 ] || fail "published again" || return 1
	sed -i '/dport 7 /d' "$fleet_dir/rules"
	published --check && [ "$(site_generation)" = 1 ] && [ "$(ls "$fleet_site/object" | wc -l)" = 1 ] || fail "--check publishes" || return 1
	published --json && jq -e .published "$fleet_dir/out" >/dev/null && site_sound && fetched_right http://198.18.0.21 || return 1
	[ "$(on_node admin curl -sf "http://198.18.0.21/object/$(jq -r .delta.sha256 "$fleet_dir/out").zst" | zstd -dcq)" = "del rule 7" ] ||
		fail "another delta" || return 1
	echo 'rule in dorp' >>"$fleet_dir/rules"
	publish_refused "rules:203:" && [ "$(site_generation)" = 2 ] || return 1
	# What generation 2 was taken back for is left out.
	publish_rules 200 'rule out drop'
	published --parent 1 --json && [ "$(jq -c '[.generation, .parent.generation]' "$fleet_dir/out")" = '[3,1]' ] && site_sound
}

case_fleet_publish_keys() {
	publish_up && publish_rules 3 && "$fwctl" keys make "$fleet_dir/edge-next" >/dev/null && published --fleet edge || return 1
	publish_rules 4
	[ "$(stat -c %a "$fleet_dir/edge.key")" = 600 ] || fail "others can read the secret key" || return 1
	chmod 644 "$fleet_dir/edge.key"
	publish_refused 'every user of this machine can use this secret key' || return 1
	chmod 600 "$fleet_dir/edge.key"
	! "$fwctl" keys make "$fleet_dir/edge" 2>/dev/null || fail "a key is replaced" || return 1
	"$fwctl" publish "$fleet_dir/rules" --to "$fleet_site" --key "$fleet_dir/edge-next.key" 2>"$fleet_dir/err" && { fail "signed by another key"; return 1; }
	grep -q 'no key that is trusted here has signed it' "$fleet_dir/err" || return 1
	# By both, then by the new one alone.
	published --key "$fleet_dir/edge-next.key" && [ "$(wc -l <"$fleet_site/head")" = 3 ] || return 1
	publish_rules 5
	"$fwctl" publish "$fleet_dir/rules" --to "$fleet_site" --key "$fleet_dir/edge-next.key" >/dev/null && [ "$(site_generation)" = 3 ] && site_sound || return 1
	publish_rules 6
	publish_refused 'no key that is trusted here has signed it' && published --trust "$fleet_dir/edge-next.pub" && [ "$(site_generation)" = 4 ]
}

case_fleet_publish_url() {
	publish_up && publish_rules 500 || return 1
	fleet_site=http://198.18.0.21
	publish_by_url() { on_node admin "$fwctl" publish "$fleet_dir/rules" --to "$fleet_site" --key "$fleet_dir/edge.key" "$@" >"$fleet_dir/out" 2>"$fleet_dir/err"; }
	publish_by_url --fleet edge && { fail "published by a server that takes no PUT"; return 1; }
	grep -q 'the server answers PUT with 405' "$fleet_dir/err" && grep -q 'dav_methods PUT' "$fleet_dir/err" || fail "$(cat "$fleet_dir/err")" || return 1
	fleet_site=http://198.18.0.21:8080/small
	publish_by_url --fleet edge && { fail "published a file that is too large"; return 1; }
	grep -q 'the server answers PUT with 413' "$fleet_dir/err" || fail "$(cat "$fleet_dir/err")" || return 1
	[ ! -e "$fleet_dir/dav/small/head" ] || fail "a head that leads nowhere" || return 1
	fleet_site=http://198.18.0.21:9
	publish_by_url --fleet edge && { fail "published to nobody"; return 1; }
	fleet_site=http://198.18.0.21:8080/
	publish_by_url --fleet edge || fail "$(cat "$fleet_dir/err")" || return 1
	echo 'rule out drop' >>"$fleet_dir/rules"
	publish_by_url && fetched_right http://198.18.0.21:8080 || fail "$(cat "$fleet_dir/err")" || return 1
	fleet_site=$fleet_dir/dav
	rmdir "$fleet_dir/dav/small/object" "$fleet_dir/dav/small" 2>/dev/null
	site_sound && [ "$(site_generation)" = 2 ] || return 1
	# By TLS: the fleet's settings name whom to trust.
	fleet_site=$fleet_dir/www
	published --fleet edge || return 1
	fleet_site=https://198.18.0.21
	publish_by_url && { fail "a certificate of nobody that is known is trusted"; return 1; }
	echo "ca $fleet_dir/ca.pem" >"$fleet_dir/publish.conf"
	publish_by_url --config "$fleet_dir/publish.conf" && grep -q 'nothing to publish' "$fleet_dir/out" || fail "$(cat "$fleet_dir/err")"
}

# Random comments do not compress.
publish_large() { publish_rules 20; { printf '# '; head -c 60000 /dev/urandom | base64 -w 100 | sed 's/^/# /'; } >>"$fleet_dir/rules"; }

case_fleet_publish_disk_full() {
	publish_up || return 1
	fleet_site=$fleet_dir/small
	mkdir -p "$fleet_site"
	unshare -m true || { skip "the kernel refuses a mount namespace"; return; }
	mount -t tmpfs -o size=64k tmpfs "$fleet_site" || return 1
	publish_rules 20
	published --fleet edge && site_sound || { umount "$fleet_site"; return 1; }
	publish_large
	publish_refused 'No space left on device' && site_sound && site_has_no_rest && [ "$(site_generation)" = 1 ] || { umount "$fleet_site"; return 1; }
	publish_rules 21
	published && site_sound && [ "$(site_generation)" = 2 ]
	local code=$?
	umount "$fleet_site"
	return $code
}

# Killed at moments that are spread over the time that it takes.
case_fleet_publish_killed() {
	local round=0 before pid killed=0
	publish_up && publish_rules 2000 && published --fleet edge || return 1
	while [ $round -lt 40 ]; do
		round=$((round + 1))
		publish_rules 2000 "rule in proto udp dport $round accept"
		before=$(site_generation)
		"$fwctl" publish "$fleet_dir/rules" --to "$fleet_site" --key "$fleet_dir/edge.key" >/dev/null 2>&1 &
		pid=$!
		sleep "0.$(printf %03d $((round * 6)))"
		kill -9 $pid 2>/dev/null && killed=$((killed + 1))
		wait $pid 2>/dev/null
		site_sound || fail "after it was killed in round $round" || return 1
		[ "$(site_generation)" = "$before" ] || [ "$(site_generation)" = $((before + 1)) ] || fail "generation $(site_generation) after $before" || return 1
	done
	[ $killed -gt 0 ] || fail "it was never killed" || return 1
	publish_rules 2001 && published && site_sound && site_has_no_rest
}

case_fleet_publish_two() {
	local n before jobs=() done=0
	publish_up && publish_rules 3 && published --fleet edge || return 1
	publish_rules 4
	flock "$fleet_site/.lock" "$fwctl" publish "$fleet_dir/rules" --to "$fleet_site" --key "$fleet_dir/edge.key" 2>"$fleet_dir/err" &&
		{ fail "published in spite of another"; return 1; }
	grep -q 'another program is publishing' "$fleet_dir/err" || fail "$(cat "$fleet_dir/err")" || return 1
	before=$(site_generation)
	for n in 1 2 3 4 5 6; do
		publish_rules $((4 + n))
		cp "$fleet_dir/rules" "$fleet_dir/rules.$n"
		"$fwctl" publish "$fleet_dir/rules.$n" --to "$fleet_site" --key "$fleet_dir/edge.key" >/dev/null 2>&1 &
		jobs+=($!)
	done
	for n in "${jobs[@]}"; do wait "$n" && done=$((done + 1)); done
	[ $done -gt 0 ] && [ "$(site_generation)" = $((before + done)) ] || fail "generation $(site_generation) after $done of 6" || return 1
	site_sound && [ "$(ls "$fleet_site/manifest" | wc -l)" = $((before + done)) ] || fail "two of one generation"
}
