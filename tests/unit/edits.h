/* SPDX-License-Identifier: GPL-2.0-only */
/* Short forms of edits, for their tests. */
#ifndef FW_TEST_EDITS_H
#define FW_TEST_EDITS_H

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/edit.h"
#include "tests/unit/ruleset_check.h"

#define NOWHERE ((struct fw_place){ 0 })

static const struct fw_position last = { FW_LAST, NULL }, first = { FW_FIRST, NULL };

static inline struct fw_position before(struct fw_rule *r)
{
	return (struct fw_position){ FW_BEFORE, r };
}

static inline struct fw_position after(struct fw_rule *r)
{
	return (struct fw_position){ FW_AFTER, r };
}

static inline void assert_sound(const struct fw_ruleset *rs)
{
	const char *why = ruleset_check(rs, 0);

	if (why)
		fail_msg("%s", why);
}

static inline uint32_t net(struct fw_ruleset *rs, uint32_t n, unsigned len)
{
	struct fw_addr_range r = fw_addr_prefix(FW_IP4, (struct fw_addr){ (uint64_t)n << 32, 0 }, len);
	uint32_t number;

	assert_int_equal(fw_ruleset_addrs(rs, &r, 1, NULL, 0, false, &number), 0);
	return number;
}

static inline struct fw_edit begin(struct fw_ruleset *rs)
{
	struct fw_edit e;

	assert_int_equal(fw_edit_begin(rs, &e), 0);
	return e;
}

static inline struct fw_rule *add(struct fw_edit *e, uint64_t id, struct fw_position pos)
{
	struct fw_rule draft = { .id = id }, *r;

	assert_int_equal(fw_edit_add(e, &draft, pos, NOWHERE, NULL, &r), 0);
	return r;
}

static inline size_t exprs_in_use(const struct fw_ruleset *rs)
{
	size_t n = 0;

	for (size_t i = 0; i < rs->naddrs; i++)
		n += !!rs->addrs[i].ranges;
	return n;
}

#endif
