# SPDX-License-Identifier: GPL-2.0-only
# What `fwbench peers` wrote, a line of JSON each, as one object: machine, baselines, rows, absences, verdicts. A measure
# that was taken again counts the last time.

# The measures, in the order of the report. unit: how figures are written; high: more is better.
def measures: [
	{ id: "ns", title: "Time to decide", unit: "ns",
	  text: "The classifier alone, no network around it: XDP programs by test run, with the time of a run that only returns taken off; user-space peers by calls. Peers of the network stack cannot be asked without it: see *CPU time a packet*. Under 1 ns is drawn as 1 ns." },
	{ id: "cpu_ns", title: "CPU time a packet", unit: "ns",
	  text: "On the wire: CPU time of a packet's whole way with the filter, less that of the fastest way there is without: for packets that are forwarded the way without any filter, for those that are dropped the way to XDP_DROP." },
	{ id: "drop_pps", title: "Packets a second dropped", unit: "pps", high: true,
	  text: "Packets a second that are sent and dropped, at full rate, on one CPU that also sends them." },
	{ id: "forward_pps", title: "Packets a second forwarded", unit: "pps", high: true,
	  text: "Packets a second that are sent, let pass, routed and received at the other end, on the same one CPU." },
	{ id: "add_seconds", title: "Time to add a rule", unit: "s",
	  text: "One more rule on top of those that are loaded, until it is in force: a change as `fwd` makes it, without the disk; a system call; a process of nft, iptables or ipset." },
	{ id: "load_seconds", title: "Time to load", unit: "s",
	  text: "All rules from memory to being in force; programs are loaded and checked by the kernel before, since that happens once." },
	{ id: "memory_bytes", title: "Memory, kernel and user space", unit: "B",
	  text: "What the rules take when loaded: kernel and user space together. Where little is taken, what else happens on the machine shows as much; under 1 MB is drawn as 1 MB." }
];

# A limit and no filter.
def is_reference: test("drop");
# Ours, in user space; and others there.
def is_ours_in_user_space: startswith("fwd-user");
def is_in_user_space: startswith("acl");
def is_number: type == "number";
def medians: sort | if length == 0 then null else .[(length - 1) / 2 | floor] end;
def uniq_by(f): reduce .[] as $r ({ seen: {}, out: [] };
	($r | f | tostring) as $k | if .seen[$k] then . else .seen[$k] = true | .out += [$r] end) | .out;
def last_by(f): reduce .[] as $r ({}; .[$r | f | tostring] = $r) | [.[]];

# Kernel and user memory as one figure; none where what the whole machine has less of does not show the filter.
def memory_rows: [.[] | select(.measure == "kernel_bytes" or .measure == "user_bytes")]
	| group_by([.shape, .rules, .peer])
	| map(select(any(.[]; .by == "meminfo" and .median < 1e6) | not))
	| map(.[0] + { measure: "memory_bytes", min: (map(.min) | add), median: (map(.median) | add) });

# Each kind of baseline over all works: the spread that is usual, and the largest.
def noise: [.[] | select(.baseline)] | group_by([.baseline, .traffic]) | map({
	baseline: .[0].baseline, traffic: .[0].traffic, min: (map(.min) | min), median: (map(.median) | medians),
	spread: (map(.spread) | medians), spread_most: (map(.spread) | max) });
# How many packets get through without a filter, as rows.
def passes: [.[] | select(.baseline == "pass" and .shape)] | group_by([.shape, .rules, .traffic])
	| map({ shape: .[0].shape, rules: .[0].rules, traffic: .[0].traffic, median: (map(.median) | medians) });

# From an array of all lines.
def report_data:
	[.[] | select(.measure and (.median | is_number))] as $all
	| ($all | last_by([.shape, .rules, .peer, .traffic, .measure])) as $rows
	| ([.[] | select(.cannot or .does_not_load)] | last_by([.shape, .rules, .peer])) as $absent
	| ([.[] | select(.failed)] | last_by([.shape, .rules, .peer, .measure])) as $failed
	| ([.[] | select(.measure == "errors")] | last_by([.shape, .rules, .peer, .traffic])) as $verdicts
	| ([.[] | select(.peer)]) as $named
	| {
		machines: [.[] | .machine | values],
		baselines: noise,
		passes: passes,
		rows: ($rows + ($rows | memory_rows)),
		absent: ($absent + $failed),
		checked: ($verdicts | map(.checked // 0) | add // 0),
		wrong: [$verdicts[] | select(.errors != 0)],
		shapes: ($named | uniq_by(.shape) | map(.shape)),
		sizes: ($named | map(.rules) | unique),
		peers: ($named | uniq_by(.peer) | map({ peer, "label": .label }))
	};

# Of a measure in a shape one kind of traffic is shown: hits, or where there are none the next.
def traffic_shown($shape; $id):
	[.rows[] | select(.shape == $shape and .measure == $id) | .traffic // ""] as $have
	| first(("", "hits", "misses", "zipf") | . as $t | select($have | index($t) != null)) // null;

# The rows that are shown of a measure in a shape.
def rows_shown($shape; $id):
	traffic_shown($shape; $id) as $t
	| [.rows[] | select(.shape == $shape and .measure == $id and (.traffic // "") == $t)];

# Numbers as people read them.

# 1234567 as 1,234,567.
def grouped: tostring | explode | reverse | to_entries
	| map((if .key > 0 and .key % 3 == 0 and .value != 45 then [44] else [] end) + [.value]) | add | reverse | implode;
def digits: . as $v | if $v == 0 then "0" else
	($v | fabs | log10 | floor) as $e
	| if $e >= 2 then ($v | round | tostring)
	  else ($v * pow(10; 2 - $e) | round) as $i | ($i / pow(10; 2 - $e)) as $r
	  | ($r | tostring) | if test("e") then "\($r * 1000 | round / 1000)" else . end end end;
def scaled($steps): . as $v | ([$steps[] | select(($v | fabs) >= .[0])] | last // $steps[0]) as $s
	| "\($v / $s[0] | digits) \($s[1])" | sub(" $"; "");
def human($unit): if $unit == "s" then scaled([[1e-9, "ns"], [1e-6, "µs"], [1e-3, "ms"], [1, "s"]])
	elif $unit == "B" and . < 102400 then "< 0.1 MiB"
	elif $unit == "B" then scaled([[1, "B"], [1024, "KiB"], [1048576, "MiB"], [1073741824, "GiB"]])
	elif $unit == "pps" then scaled([[1, ""], [1e3, "k"], [1e6, "M"]])
	elif fabs >= 1000 then round | grouped
	else digits end;
# 1000 as 1k, 1000000 as 1M.
def count: if . >= 1000000 then "\(. / 1000000)M" elif . >= 1000 then "\(. / 1000)k" else tostring end;
