/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a rule counted, as a line of text:
 *
 *	10 3 588 accept - web -
 *
 * Fields are separated by single spaces. `counter` is the rule's export flag; "-" means without it, without a name, or in no
 * chain. fwd's reply to `metrics` consists of such lines, the pinned file `counters` shows them, and fw-exporter reads them.
 */
#ifndef FW_TABLE_RULE_LINE_H
#define FW_TABLE_RULE_LINE_H

#define FW_RULE_LINE_SYNTAX "ID PACKETS BYTES VERDICT counter|- NAME|- CHAIN|-"
/* For the printf() of the kernel; fw_rule_line_print() prints the same. */
#define FW_RULE_LINE_FORMAT "%llu %llu %llu %s %s %s %s\n"
#define FW_RULE_LINE_FLAG "counter"
#define FW_RULE_LINE_NONE "-"

#endif
