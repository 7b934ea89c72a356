# SPDX-License-Identifier: GPL-2.0-only
# The report as Markdown, from what data.jq makes of the lines of the comparison, and from those of fwbench's other commands.
include "data";
include "alone";

# Machine and noise

def machine_rows: .machines[0] // {} | to_entries
	| map([.key, (.key as $key | .value | if $key == "memory" then human("B") elif type == "object" then to_entries | map("\(.key) \(.value)") | join(", ") else . end | cell)]);
def machines_differ: .machines | map(del(.date)) | unique | length > 1;

def times: "\(. + 1 | if . < 10 then . * 100 | round / 100 else round | grouped end)×";
def noise_text: .baselines as $b | if ($b | length) == 0 then "No baselines were taken." else
	($b | map(.spread) | max) as $usual | ($b | map(.spread_most) | max) as $most
	| "Baselines are taken between the measures, five of each: the fastest was usually up to **\($usual | times)** as fast as the slowest, at most \($most | times)"
	  + if $usual > 0.15 then ": a noisy machine, on which only large differences mean something." else ": smaller differences mean nothing." end end;
def baseline_names: { generator: "generator alone", drop: "XDP_DROP, no lookup", pass: "no filter, forwarded" };
def baseline_rows: .baselines | map(["\(baseline_names[.baseline] // .baseline)\(if .traffic then ", \(.traffic)" else "" end)",
	(.min, .median | human("pps")), (.spread, .spread_most | times)]);

def verdicts_text: if .checked == 0 then "Verdicts were not checked." elif (.wrong | length) == 0 then
	"\(.checked | grouped) verdicts of all filters were checked against the right ones; none was wrong."
	else "**Wrong verdicts**, so that these figures are worth nothing: "
	  + (.wrong | map("\(.label), \(.shape), \(.rules | grouped) rules: \(.errors) of \(.checked)") | join("; ")) + "." end;

# At a glance: fwd and the best of the others, at 1,000 rules and at the largest size.

def better($m): if $m.high then max_by(.median) else min_by(.median) end;
def glance_sizes: [.rows[] | select(.peer == "fwd") | .rules] | unique | [(if index(1000) then 1000 else empty end), (.[-1] // empty)] | unique;
def glance_cell($shape; $m; $size): rows_shown($shape; $m.id) | map(select(.rules == $size and (.peer | is_reference | not)))
	| (map(select(.peer == "fwd")) | first) as $ours
	| (map(select(.peer | startswith("fwd") | not)) | if length > 0 then better($m) else null end) as $other
	| if $ours then "**\($ours.median | human($m.unit))**; \(if $other then "\($other.median | human($m.unit)) \($other.label)" else "no other" end)"
	  elif $other then "\($other.median | human($m.unit)) \($other.label)" else "" end;
def glance: . as $d | glance_sizes as $sizes | select($sizes | length > 0)
	| "## At a glance", "",
	  "Medians: **fwd**, and the best of all others that can say the same rules and load them.", "",
	  ($sizes[] as $n | text_table(["\($n | grouped) rules"] + .shapes;
		[measures[] as $m | select(any($d.rows[]; .measure == $m.id)) | [$m.title] + [$d.shapes[] as $s | $d | glance_cell($s; $m; $n)]]));

# fwd as a multiple of the fastest that decides in user space, and its packets as a part of what gets through at all.

def rows_of($shape; $id; $size): rows_shown($shape; $id) | map(select(.rules == $size));
def fastest: if length > 0 then min_by(.median) else null end;
def ratio_text: if . < 10 then digits else round | grouped end + "×";
def ratio_cell($ours; $other): if $ours and $other and $other.median > 0
	then "**\($ours.median / $other.median | ratio_text)** \($ours.median | human("ns")) / \($other.median | human("ns"))"
	elif $ours then "\($ours.median | human("ns")) / no other" else "" end;
def ratio_row($name; $shape; is_ours): [$name] + [.sizes[] as $n | rows_of($shape; "ns"; $n) as $rows
	| ratio_cell($rows | map(select(.peer | is_ours)) | fastest; $rows | map(select(.peer | is_in_user_space)) | fastest)];
def ratios: . as $d
	| [.shapes[] as $s | $d | ratio_row("\($s), fwd in the kernel"; $s; . == "fwd"), ratio_row("\($s), fwd in user space"; $s; is_ours_in_user_space)]
	| map(select(.[1:] | any(contains("**"))))
	| select(length > 0)
	| "Time to decide, as a multiple of that of the fastest of DPDK's methods (ns / ns):", "", table(["", ($d.sizes[] | grouped)]; .);

def part_cell($ours; $limit): if $ours and ($limit // 0) > 0
	then "**\(100 * $ours.median / $limit | round)%** \($ours.median | human("pps"))" else "" end;
def limit_of($shape; $id; $size): if $id == "drop_pps" then rows_of($shape; $id; $size) | map(select(.peer | is_reference)) | first | .median
	else traffic_shown($shape; $id) as $t | .passes[] | select(.shape == $shape and .rules == $size and .traffic == $t) | .median end;
def part_row($shape; $id; $what): [$shape + ", " + $what] + [.sizes[] as $n
	| part_cell(rows_of($shape; $id; $n) | map(select(.peer == "fwd")) | first; first(limit_of($shape; $id; $n)) // null)];
def parts: . as $d
	| [.shapes[] as $s | $d | part_row($s; "drop_pps"; "dropped"), part_row($s; "forward_pps"; "forwarded")]
	| map(select(.[1:] | any(. != "")))
	| select(length > 0)
	| "Packets a second of fwd, in percent of those that get that far without looking at a rule: dropped by XDP_DROP, forwarded without a filter:", "",
	  table(["", ($d.sizes[] | grouped)]; .);
def against: [ratios, parts] | select(length > 0) | "## Against the limits", "", .[];

# A measure: a picture, and tables

def cell_of($rows; $absent; $peer; $size; $m):
	($rows | map(select(.peer == $peer and .rules == $size)) | first) as $r
	| if $r then $r | figure($m.unit)
	  elif any($absent[]; .peer == $peer and .rules == $size and .does_not_load) then "does not load"
	  elif any($absent[]; .peer == $peer and .rules == $size and .failed and .measure == $m.id) then "fails"
	  else "" end;
def measure_table($shape; $m; $traffic): . as $d
	| [.rows[] | select(.shape == $shape and .measure == $m.id and (.traffic // "") == $traffic)] as $rows
	| [.absent[] | select(.shape == $shape)] as $absent
	| [.peers[] | select(.peer as $p | any($rows[]; .peer == $p))] as $peers
	| table(["\($shape)\(if $traffic == "" then "" else ", \($traffic)" end)"] + (.sizes | map(grouped));
		[$peers[] as $p | [$p.label] + [$d.sizes[] as $n | cell_of($rows; $absent; $p.peer; $n; $m)]]);
def traffics_of($shape; $id): [.rows[] | select(.shape == $shape and .measure == $id) | .traffic // ""] | unique;
# What there is to be said of these figures.
def started: [.rows[] | select(.measure == "start_seconds")] | select(length > 0)
	| "Not in it, what the kernel takes to check the program when it is loaded: "
	  + (group_by(.peer) | map("\(.[0].label) \(map(.median) | medians | human("s"))") | join(", ")) + ".";
def memory_by: [.rows[] | select(.measure == "kernel_bytes" and .by == "meminfo") | .label] | unique | select(length > 0)
	| "What the kernel holds is what it accounts to a process; for \(join(", ")) what the whole machine has less of, which is noisy: nothing is shown where that is under 1 MB.";
def note($id): if $id == "load_seconds" then started elif $id == "memory_bytes" then memory_by else empty end;
def measure_section($m): . as $d | select(any(.rows[]; .measure == $m.id))
	| "## \($m.title)", "", ([$m.text, note($m.id)] | join(" ")), "", "![\($m.title) against rules](\($m.id).svg)", "",
	  "Smallest / median\(if $m.unit == "ns" then ", ns" elif $m.unit == "pps" then ", packets a second" else "" end), against rules:", "",
	  (.shapes[] as $s | ($d | traffic_shown($s; $m.id)) as $t | select($t != null) | $d | measure_table($s; $m; $t)),
	  ([.shapes[] as $s | ($d | traffics_of($s; $m.id)) - [$d | traffic_shown($s; $m.id)] | .[] | [$s, .]] as $more
	   | select($more | length > 0)
	   | "<details><summary>Other traffic</summary>", "", ($more[] as [$s, $t] | $d | measure_table($s; $m; $t)), "</details>", "");

# What has no figures

def sizes_of: unique | if length == 1 then .[0] | grouped else "\(min | grouped) to \(max | grouped)" end;
# A row for each shape, then those that differ in nothing else as one; in the order of the peers.
def absent_rows($key): (.peers | map(.peer)) as $order
	| [.absent[] | select(.[$key])] | group_by([.peer, .shape, .[$key]])
	| map({ peer: .[0].peer, name: .[0].label, shape: .[0].shape, sizes: (map(.rules) | sizes_of), why: .[0][$key] })
	| group_by([.peer, .sizes, .why]) | sort_by(.[0].peer as $p | $order | index($p))
	| map([(.[0].name | cell), (map(.shape) | join(", ")), .[0].sizes, (.[0].why | cell)]);
def failures: .absent |= map(select(.failed) | .measure as $id | .failed = "\(first(measures[] | select(.id == $id) | .title) // "Verdicts"): \(.failed)")
	| absent_rows("failed");
def absences: ["peer", "shape", "rules", "why"] as $head | absent_rows("cannot") as $cannot | absent_rows("does_not_load") as $not
	| failures as $failures
	| select($cannot + $not + $failures | length > 0)
	| "## What is not there", "",
	  (select($not | length > 0) | "Does not load:", "", text_table($head; $not)),
	  (select($failures | length > 0) | "Loads, but fails:", "", text_table($head; $failures)),
	  (select($cannot | length > 0) | "Cannot say these rules:", "", text_table($head; $cannot));

# $own: lines of the other commands, { stateful, lookup, update, reload, scrape }; $readme: the way to what is said about the measures
def page($own; $readme): . as $d
	| "# fwd and other packet filters, measured", "",
	  "By `make bench` or `make bench-full`; [what is measured and how](\($readme)). The same rules and packets for all; lines are medians, and end where a filter does not load more or was not tried, [as is said there](\($readme)#what-is-left-out).", "",
	  (select($d.rows | length > 0) | verdicts_text + " " + noise_text, ""),
	  (select(machines_differ) | "**The figures come from machines or versions that differ.**", ""),
	  glance, against, (measures[] as $m | $d | measure_section($m)), ($own | stateful), absences,
	  (select(.machines | length > 0) | "## Machine and baselines", "", text_table(["", ""]; machine_rows)),
	  (select(.baselines | length > 0) | table(["packets a second", "smallest", "median", "fastest / slowest, usually", "at most"]; baseline_rows)),
	  ($own | alone);
