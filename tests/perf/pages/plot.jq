# SPDX-License-Identifier: GPL-2.0-only
# Pictures, as scripts for gnuplot. A panel for each shape, a line for each peer, and its name where the line ends.
include "data";

# How peers are drawn. A family, which is what the name of a peer begins with, shares dashes and colour; its peers, in
# their order, have these marks. So colour only repeats what can be seen without it. Two families are in user space: their
# dashes and colour are the same, ours are wider.
def families: {
	fwd: { dash: "1", color: "#000000", marks: [7, 6, 5, 4, 14] },
	xdp: { dash: "(14,5)", color: "#0050a0", marks: [9, 8] },
	nft: { dash: "(9,3,2,3)", color: "#b04000", marks: [13, 12, 11, 10] },
	iptables: { dash: "(2,3)", color: "#900060", marks: [2] },
	ipset: { dash: "(2,3)", color: "#900060", marks: [15, 14] },
	"fwd-user": { dash: "(6,4)", color: "#207020", marks: [13, 11], width: 2.5 },
	acl: { dash: "(6,4)", color: "#207020", marks: [1, 3, 12, 10] },
	other: { dash: "(4,2,1,2,1,2)", color: "#555555", marks: [1, 2, 3, 4, 5] }
};
def family: (select(is_ours_in_user_space) | "fwd-user") // (split("-")[0] | select(families[.])) // "other";
# Nothing is a filter that only drops, or none: a limit, without mark.
def limit_style: { dash: "(1,3)", color: "#555555", width: 1.2, mark: 0 };
def styles: .peers | map(.peer | select(is_reference | not)) | group_by(family)
	| [.[] as $peers | families[$peers[0] | family] as $f | $peers | to_entries[]
		| { (.value): { dash: $f.dash, color: $f.color, mark: $f.marks[.key % ($f.marks | length)],
			width: (if .value == "fwd" then 3 else $f.width // 1.5 end) } }]
	| add;

# 1, 2 and 5 of each power of ten, around what is drawn.
def steps($low; $high): [range($low | log10 | floor; ($high | log10 | ceil) + 1) as $e | (1, 2, 5) * pow(10; $e)]
	| ([.[] | select(. <= $low * 1.0001)] | last) as $a | ([.[] | select(. >= $high * 0.9999 and . > $a)] | first) as $b
	| [.[] | select(. >= $a and . <= $b)];
def tic_text($unit): if $unit == "s" then human("s")
	elif $unit == "B" then scaled([[1, "B"], [1e3, "kB"], [1e6, "MB"], [1e9, "GB"]])
	elif $unit == "pps" then scaled([[1, "/s"], [1e3, "k/s"], [1e6, "M/s"]]) | sub(" "; "")
	else scaled([[1, "ns"], [1e3, "µs"], [1e6, "ms"]]) end;
def is_power_of_ten: log10 | (. - round) | fabs < 1e-6;
def tics($unit): (length > 10) as $many
	| map(select(($many | not) or is_power_of_ten) | "\"\(tic_text($unit))\" \(.)") | "(" + join(", ") + ")";

# Positions as near as can be to those wanted, in order and at least $gap apart, from 0 to 1. Neighbours that are too close
# move as one, to where their middle wants to be.
def spread($gap): to_entries
	| reduce .[] as $e ([]; . + [{ n: 1, sum: ($e.value - $e.key * $gap) }]
		| until(length < 2 or (.[-2].sum / .[-2].n) <= (.[-1].sum / .[-1].n);
			.[:-2] + [{ n: (.[-2].n + .[-1].n), sum: (.[-2].sum + .[-1].sum) }]))
	| [.[] | range(.n) as $i | .sum / .n] | to_entries | map(.value + .key * $gap)
	| length as $n | to_entries | map([.value, 1 - ($n - 1 - .key) * $gap] | min)
	| reduce .[] as $v ([]; . + [[$v, (if length > 0 then .[-1] + $gap else 0 end)] | max]);

# The lines of a panel: name, style, points in order. What would be nothing or less is drawn at the bottom.
def peer_lines($shape; $m): styles as $styles | .sizes[-1] as $most | .peers as $peers
	| rows_shown($shape; $m.id) | map(select($m.id == "drop_pps" or (.peer | is_reference | not)))
	| [$peers[] as $p | map(select(.peer == $p.peer)) | select(length > 0) | sort_by(.rules)
		| (last | .rules) as $stop
		| { style: ($styles[$p.peer] // limit_style), points: map([.rules, .median]),
		    stops: ($stop < $most) }
		| .name = $p.label + if .stops then ", to \($stop | count)" else "" end];
# How much gets through without a filter. (How much can be dropped is drawn as those peers that only drop.)
def limit_lines($shape; $m): traffic_shown($shape; $m.id) as $t
	| [.passes[] | select($m.id == "forward_pps" and .shape == $shape and .traffic == $t)] | sort_by(.rules)
	| select(length > 0) | { style: limit_style, name: "no filter", points: map([.rules, .median]) };
def panels($m): [.shapes[] as $s | peer_lines($s; $m) as $lines
	| select($lines | length > 0)
	| { shape: $s, traffic: traffic_shown($s; $m.id), lines: ($lines + [limit_lines($s; $m)]) }];

# gnuplot

def canvas: { width: 1440, panel: 420, head: 46, left: 0.055, plot: 0.25, column: 0.5 };
def quoted: "\"" + gsub("\\\\"; "\\\\") + "\"";
def floor_at($low): map([.[0], ([.[1], $low] | max)]);

# A leader from the end of the line on to its name, with its mark.
def peer_label($line; $at; $low): ($line.points | floor_at($low) | last) as $stop | $line.style as $s
	| "set arrow from first \($stop[0]), first \($stop[1]) to graph 1.045, graph \($at) nohead back lw 0.8 lc rgb '#999999' dt 3",
	  "set label \($line.name | quoted) at graph 1.045, graph \($at) left offset 0.9,-0.3 front"
	  + (if $s.mark > 0 then " point pt \($s.mark) ps 0.8 lc rgb '\($s.color)'" else " point pt 1 ps 0.01" end)
	  + (if $s.width >= 3 then " font ',13'" else "" end);

def place($low; $high): ($low | log10) as $a | ($high | log10) as $b | (log10 - $a) / ($b - $a);
def labels($lines; $low; $high): ($lines | map(. + { at: (.points | floor_at($low) | last[1] | place($low; $high)) }) | sort_by(.at)) as $sorted
	| ($sorted | map(.at) | spread(0.047)) as $at
	| range($sorted | length) as $i | peer_label($sorted[$i]; $at[$i]; $low);

def panel($p; $i; $rows; $y; $sizes; $unit): canvas as $c | ($rows * $c.panel + $c.head) as $height
	| ($c.left + ($i % 2) * $c.column) as $left | (1 - ($c.head + ($i / 2 | floor) * $c.panel + 30) / $height) as $top
	| "unset label", "unset arrow",
	  "set lmargin at screen \($left); set rmargin at screen \($left + $c.plot)",
	  "set tmargin at screen \($top); set bmargin at screen \($top - ($c.panel - 85) / $height)",
	  "set title \($p.shape + (if $p.traffic == "" then "" else ", \($p.traffic)" end) | quoted) font ',14' offset 0,-0.4",
	  labels($p.lines; $y[0]; $y[-1]),
	  "plot " + ([$p.lines | to_entries[] | .value.style as $s
		| "$l\($i)_\(.key) with " + (if $s.mark > 0 then "linespoints pt \($s.mark) ps 0.8" else "lines" end)
		  + " dt \($s.dash) lw \($s.width) lc rgb '\($s.color)' notitle"] | join(", "));
def panel_data($p; $i; $low): $p.lines | to_entries[] | "$l\($i)_\(.key) << E", (.value.points | floor_at($low) | .[] | "\(.[0]) \(.[1])"), "E";

# A script that writes the picture to standard output; nothing, where there is nothing to draw.
def picture($id): . as $d | (measures[] | select(.id == $id)) as $m | panels($m) as $panels | canvas as $c
	| ([$panels[].lines[].points[][1] | select(. > 0)]) as $values
	| select($values | length > 0)
	| ({ ns: 1, B: 1e6 }[$m.unit] // 0) as $floor
	| steps([($values | min), $floor] | max; $values | max) as $y
	| (($panels | length) + 1) / 2 | floor | . as $rows
	| "set terminal svg size \($c.width),\($rows * $c.panel + $c.head) noenhanced font 'Helvetica,Arial,sans-serif,12' background rgb 'white'",
	  ($panels | to_entries[] | panel_data(.value; .key; $y[0])),
	  "set multiplot title \("\($m.title) against rules; \(if $m.high then "more" else "less" end) is better" | quoted) font ',17' offset 0,-0.2",
	  "set logscale xy", "set xlabel 'rules' offset 0,0.6",
	  "set grid xtics ytics lc rgb '#dddddd' lt 1 lw 0.6", "set border 3 lw 0.8", "set tics nomirror out scale 0.6",
	  "set xrange [\($d.sizes[0]) * 0.8:\($d.sizes[-1]) * 1.15]", "set yrange [\($y[0]):\($y[-1])]",
	  "set xtics (\($d.sizes | map("\"\(count)\" \(.)") | join(", ")))", "set ytics \($y | tics($m.unit))",
	  ($panels | to_entries[] | panel(.value; .key; $rows; $y; $d.sizes; $m.unit)),
	  "unset multiplot";
