# SPDX-License-Identifier: GPL-2.0-only
# Limited resources: their use is shown, more is refused, and they are given back. Sourced by run.sh.

# names_in_use N
names_in_use() { ok status && grep -q " $1 of 32767 interface names" "$tmp/out"; }
# limit_names FROM TO: prints rules on these interfaces, a hundred each
limit_names() { seq -f 'limit%.0f' "$1" "$2" | paste -sd, | sed 's/\(\([^,]*,\)\{99\}[^,]*\),/\1\n/g' | sed 's/.*/rule in on { & } drop/'; }

case_fwd_limits() {
	start_fwd && ok add rule 9 in on limit1 drop && ok add rule in on limit2 accept && names_in_use 2 || return 1
	limit_names 1 30000 >"$tmp/limit.rules"
	ok load "$tmp/limit.rules" && names_in_use 30000 && says "of 32767 interface names: NEARLY USED UP" &&
		says "of 16776960 rule counters" || return 1
	exits 0 "$exporter" --once --socket "$tmp/fwd/sock" && says 'fw_limit_used{what="interface_names"} 30000' &&
		says 'fw_limit_max{what="interface_names"} 32767' || return 1
	limit_names 30001 40000 >"$tmp/limit.others"
	refuses 1 "the rules name more than 32767 interfaces" load "$tmp/limit.others" && names_in_use 30000 || return 1
	ok flush --yes && wait_until names_in_use 0 || { fail "names are not given back: $(cat "$tmp/out")"; return 1; }
	ok load "$tmp/limit.others" && names_in_use 10000 && fwd_kill KILL && start_fwd && names_in_use 10000
}

limit_altnames() { # add|del
	seq -f 'altname limit%.0f' 100 | xargs -n 40 nsenter --net="/run/netns/$server" ip link property "$1" dev s0
}

# All alternative names of an interface are known, however many.
case_fwd_many_altnames() {
	start_fwd && limit_altnames add || return 1
	ok add rule in on limit100 drop && ok classify "icmp 10.0.0.1 > 10.0.0.2 in on limit100" && says ": drop" &&
		ok classify "icmp 10.0.0.1 > 10.0.0.2 in on s0" && says ": drop" && limit_altnames del
}
