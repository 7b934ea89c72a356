# SPDX-License-Identifier: GPL-2.0-only
# Imported rulesets against the filters that they were made for, in namespaces of their own: tests/conformance/README.md. Sourced by
# run.sh.

# Prints what the kernel or this machine lacks.
conformance_lacks() {
	local tool
	for tool in iptables-legacy ip6tables-legacy ipset nft python3; do
		command -v $tool >/dev/null || { echo "$tool is missing: run make deps"; return; }
	done
	in_server iptables-legacy -nL >/dev/null 2>&1 && in_server ip6tables-legacy -nL >/dev/null 2>&1 || echo "the kernel lacks ip_tables"
	in_server ipset list >/dev/null 2>&1 || echo "the kernel lacks ip_set"
}
case_conformance() {
	local lacks
	lacks=$(conformance_lacks)
	[ -z "$lacks" ] || { skip "$lacks"; return; }
	FWD=$fwd FWCTL=$fwctl "$top/tests/conformance/run" --state "$tmp/conformance" --packets 1500 "$top/tests/conformance/files" \
		>"$tmp/conformance.out" 2>&1 || fail "$(cat "$tmp/conformance.out")" || return 1
	# Six files, and the two of one host together.
	grep -q '^| all | 7 | 7 | 7 |' "$tmp/conformance.out" || fail "not all are imported: $(cat "$tmp/conformance.out")"
}
