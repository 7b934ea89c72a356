# SPDX-License-Identifier: GPL-2.0-only
# The verdict `reject` at XDP and tc, sourced by run.sh: clients in namespaces get errors at once.

reject_rules() {
	rules <<-END
		rule 1 name tcp in proto tcp dport { 25, 26 } reject
		rule 2 name udp in proto udp dport 5353 reject
		rule 3 name admin in proto tcp dport 27 reject with admin-prohibited
		rule 4 name out out proto { tcp, udp } dport 7070 reject
	END
}

# The error of a client, at once: patience is long, so what is dropped does not look like it. PREFIX tcp|udp ADDRESS PORT ERROR.
fails_with() {
	local error
	# shellcheck disable=SC2016 # $1 to $3 are the inner shell's
	error=$("$1" timeout 60 bash -c 'exec 3<>"/dev/$1/$2/$3" && echo x >&3 && read -r -u 3' - "$2" "$3" "$4" 2>&1)
	[[ ${error,,} == *"${5,,}"* ]] || fail "$1: $2 $3 $4: '$error', expected '$5'"
}
refused() { fails_with "$1" "$2" "$3" "$4" "Connection refused"; }

reject_in() { # COMMAND SERVER4 SERVER6
	refused "$1" tcp "$2" 25 && refused "$1" tcp "$3" 25 && refused "$1" tcp "$2" 26 && refused "$1" udp "$2" 5353 &&
		refused "$1" udp "$3" 5353
}
