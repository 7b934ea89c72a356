#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds the package again, later, in another folder, with another home, umask, locale, time zone, host name and number of jobs. The
# bytes must be the same.
#
#	reproducible.sh FOLDER DEB...     FOLDER: to build in; DEB...: the packages of `make deb`
set -eu
cd "$(dirname "$0")/../.."

folder=$1
shift
SOURCE_DATE_EPOCH=$(date -d "$(tools/debian/date)" +%s)
export SOURCE_DATE_EPOCH
rm -rf "$folder"
mkdir -p "$folder/a-longer-path" "$folder/home"
tree=$(realpath "$folder/a-longer-path")
tools/debian/sources | tar -c --null -T - | tar -x -C "$tree"

built() {
	cd "$tree" && umask 077 && env -u MAKEFLAGS -u MAKELEVEL HOME="$folder/home" TZ=Pacific/Kiritimati LC_ALL=C.UTF-8 LANG=C.UTF-8 \
		unshare --uts sh -c 'hostname another-host; exec taskset -c 0 make deb'
}
(built) >"$folder/log" 2>&1 || { tail -n 30 "$folder/log"; exit 1; }

# Prints the names of files that differ.
differs() {
	local side
	for side in a b; do
		mkdir -p "$folder/$side" && dpkg-deb -R "$1" "$folder/$side"
		shift
	done
	diff -rq "$folder/a" "$folder/b" || :
}
for deb; do
	other=$tree/build/deb/$(basename "$deb")
	cmp -s "$deb" "$other" || { echo "$(basename "$deb") is another package when it is built again:"; differs "$deb" "$other"; exit 1; }
done
rm -rf "$folder"
