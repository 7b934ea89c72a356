/* SPDX-License-Identifier: GPL-2.0-only */
/* Sets of ipset. */
#ifndef FW_IMPORT_IPT_SET_H
#define FW_IMPORT_IPT_SET_H

#include "lib/import/ipt.h"

#define TIMEOUT_MAX (3650u * 86400) /* seconds that an element of a set may have */

/*
 * ADDRS become sets of ours; PORTS lists in each rule; elements of MACS, and of TUPLES with several parts, rules; a LIST is the
 * names of other sets.
 */
enum ipt_set_kind { IPT_SET_ADDRS, IPT_SET_PORTS, IPT_SET_MACS, IPT_SET_TUPLES, IPT_SET_LIST, IPT_SET_OTHER };

struct ipt_set {
	const char *name, *out, *type;
	enum ipt_set_kind kind;
	enum ipt_family family;
	unsigned bits;          /* of the addresses that make a difference */
	bool masked;            /* not all of them do */
	bool dynamic;           /* elements leave, or packets add them */
	uint64_t timeout;       /* of elements without one; 0: none */
	struct fw_buf elements; /* with commas between; of TUPLES each on a line */
	size_t note;
	struct ipt_set *next;
};

/* Reads what `ipset save` writes. 0 or -ENOMEM. */
int ipt_set_read(struct ipt *c, const struct fw_import_file *f);
void ipt_set_print(struct ipt *c, struct fw_buf *b);
void ipt_set_free(struct ipt *c);

/* ipt_tuple.c: is it a type of several parts, each of which rules match? */
bool ipt_is_tuple(const char *type);
/*
 * Appends what a packet matches that has the element. @sides: of each part, `src,dst`. false: rules cannot say it.
 */
bool ipt_tuple_print(struct fw_buf *b, const struct ipt_set *set, const char *sides, const char *element);
/* May a packet have several elements? */
bool ipt_tuple_overlaps(const struct ipt_set *set);

#endif
