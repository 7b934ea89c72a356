# SPDX-License-Identifier: GPL-2.0-only
# Tables of the report; and the parts that are not of the comparison in all shapes: fwbench's other commands.
include "data";

# The first column is text, the others are figures.
def table($head; $rows): "| \($head | join(" | ")) |", "| --- |\($head[1:] | map(" ---: |") | join(""))",
	($rows[] | "| \(join(" | ")) |"), "";
def text_table($head; $rows): "| \($head | join(" | ")) |", "|\($head | map(" --- |") | join(""))",
	($rows[] | "| \(join(" | ")) |"), "";
def cell: tostring | gsub("\\|"; "\\|") | gsub("\n"; " ");
def figure($unit): "\(.min | human($unit)) / \(.median | human($unit))";

def ruleset: "\(.ruleset | split("/") | last | rtrimstr(".rules") | cell), \(.rules | grouped) rules";

def lookups: "### Lookups", "",
	"ns a packet (smallest / median) for parsing, lookup and counting\(if all(.[]; .engine == "user") then " in user space" else " in the kernel" end); *cold* walks all packets of a trace, *hot* 512 of them.", "",
	table(["", "build", "bytes a rule", "cold", "hot", "hot, flow cache", "wrong"];
		map([ruleset, (.build_seconds | human("s")), (if .rules > 0 then .memory_bytes / .rules | round | grouped else "" end),
		     (.ns.cold, .ns.hot, .ns_flow_cache.hot | figure("ns")),
		     (if .mismatches == null then "not checked" else "\(.mismatches | grouped) of \(.lookups_checked | grouped)" end)]));

def quantiles: to_entries | map(select(.value.n > 0) | [.key, (.value.n | grouped)] + [.value | (.p50, .p99, .["p99.9"], .max) | human("s")]);
def changes: "### Changes", "", "\(ruleset), inside the controller:", "",
	table(["", "n", "p50", "p99", "p99.9", "max"]; .inside | quantiles),
	"From the start of `fwctl` to its end, when the change is on the disk:", "",
	table(["", "n", "p50", "p99", "p99.9", "max"];
		.durable | with_entries(select(.value | type == "object" and has("trip")) | .value |= .trip) | quantiles),
	"Lookups meanwhile, ns a packet:", "",
	table(["flow cache", "changes a second", "hot, idle", "hot, changing", "cold, idle", "cold, changing", "wrong answers"];
		[["off", .traffic.no_flow_cache], ["on", .traffic.flow_cache]] | map([.[0]] + (.[1]
			| [(.changes_per_second | round | grouped), (.hot_ns.idle, .hot_ns.changing, .cold_ns.idle, .cold_ns.changing | digits),
			   "\(.wrong | grouped) of \(.checked | grouped)"])));

def reloads: "### Reloads", "", "\(ruleset); medians:", "",
	table(["", "n", "parse", "compile", "store", "swap", "in all", "with fwctl"];
		[["first load", .first], ["the same again", .again], ["others, with traffic", .with_traffic]]
		| map([.[0], (.[1].n | grouped)] + [.[1] | (.parse, .compile, .store, .swap, .total, .fwctl).p50 | human("s")])),
	"Memory of fwd: \(.memory.peak | human("B")) during a load, \(.memory.resident | human("B")) after it. Of \(.packets.sent | grouped) packets during reloads \(.packets.wrong | grouped) were judged by neither ruleset or not counted.", "";

def scrapes: "### Scrapes", "", "Pages of fw-exporter, \(ruleset):", "",
	table(["", "n", "smallest", "p50", "max", "size", "resident, most"];
		[["rules chosen, from fwd", .fwd.selected], ["all rules, from fwd", .fwd.all],
		 ["rules chosen, fwd dead", .pinned.selected], ["all rules, fwd dead", .pinned.all]]
		| map([.[0]] + (.[1] | [(.n | grouped), (.min, .p50, .max | human("s")), (.bytes, .resident_peak | human("B"))]))),
	"Lookups meanwhile, ns a packet: \(.lookup_ns | "\(.idle | digits) idle, \(.loop | digits) beside a loop that touches no memory, \(.selected | digits) while chosen rules are scraped in a loop, \(.all | digits) while all are").", "";

# The lines of `fwbench stateful`: one row for each filter and kind of packet; what one measure says about it.
def stateful_of($measure): map(select(.measure == $measure)) | first;
def stateful_rows: group_by([.rules, .traffic]) | map(group_by(.label)[])
	| map(select(any(.[]; .measure == "way_ns")) | [.[0].traffic, (.[0].rules | grouped), (.[0].label | cell),
		(stateful_of("way_ns") | figure("ns")), (stateful_of("own_ns") | if . then figure("ns") else "" end),
		(stateful_of("share") | if . then "\(100 * .median | round)%" else "" end)]);
def stateful_absent: map(select(.does_not_load) | "\(.label) does not load with \(.rules | grouped) rules: \(.does_not_load | cell).");
def stateful: .stateful | select(length > 0) | "## Known connections first", "",
	"ns a packet (smallest / median), connections tracked: of *established* connections, 8,192 or one, which the first rule accepts; *new*, each packet the first of a connection that one of the rules accepts; *flood*, SYNs that no rule accepts, at XDP. *Filter*: less the fastest way with connections tracked and without a filter. *Speed*: packets a second in percent of those of XDP_DROP, by turns, median.", "",
	text_table(["packets", "rules", "filter", "way", "filter alone", "speed"]; stateful_rows), (stateful_absent | select(length > 0) | .[], "");

def alone: del(.stateful) | select(map(length) | add > 0) | "## fwd alone", "",
	(.lookup | select(length > 0) | lookups), (.update[] | changes), (.reload[] | reloads), (.scrape[] | scrapes);
