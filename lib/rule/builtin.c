// SPDX-License-Identifier: GPL-2.0-only
/* Built-in sets: found by name, created and filled. */
#include "fw/builtin.h"

#include "lib/rule/undo.h"

static const char *const names[FW_NBUILTINS] = {
#define NAME(sym, name) name,
	FW_BUILTINS(NAME)
#undef NAME
};

/* What they hold everywhere. Addresses of IPv4 are in the upper 32 bits. */
static const struct {
	enum fw_builtin which;
	enum fw_family family;
	struct fw_addr addr;
	unsigned len;
} everywhere[] = {
	{ FW_BUILTIN_LOCAL, FW_IP4, { 0x7f00000000000000ull, 0 }, 8 },
	{ FW_BUILTIN_LOCAL, FW_IP6, { 0, 1 }, 128 },
	{ FW_BUILTIN_BROADCAST, FW_IP4, { 0xffffffff00000000ull, 0 }, 32 },
	{ FW_BUILTIN_MULTICAST, FW_IP4, { 0xe000000000000000ull, 0 }, 4 },
	{ FW_BUILTIN_MULTICAST, FW_IP6, { 0xff00000000000000ull, 0 }, 8 },
};

void fw_own_addresses_free(struct fw_own_addresses *own)
{
	for (size_t i = 0; i < FW_BUILTINS_OWN; i++)
		free(own->of[i].ranges);
	*own = (struct fw_own_addresses){ 0 };
}

/* Adds the elements that a set is to have; @own may be NULL. 0 or -ENOMEM. */
static int push_all(struct fw_set *set, enum fw_builtin which, const struct fw_own_list *own)
{
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(everywhere) / sizeof(*everywhere); i++) {
		struct fw_addr_range r = fw_addr_prefix(everywhere[i].family, everywhere[i].addr, everywhere[i].len);

		if (everywhere[i].which == which)
			err = fw_set_push(set, &r);
	}
	for (size_t i = 0; !err && own && i < own->n; i++)
		err = fw_set_push(set, &own->ranges[i]);
	fw_set_sort(set);
	return err;
}

/* The set gets what @with holds, which is sorted, instead of its own. */
static void take_over(struct fw_set *set, const struct fw_set *with)
{
	free(set->elements);
	set->elements = with->elements;
	set->n = with->n;
	set->cap = with->cap;
	set->width = with->width;
}

int fw_ruleset_builtin(struct fw_ruleset *rs, enum fw_builtin which, uint32_t *number)
{
	struct fw_set with = { .n = 0 };
	int err = push_all(&with, which, NULL);

	if (!err)
		err = fw_ruleset_set(rs, names[which], NULL, number);
	if (err) {
		free(with.elements);
		return err;
	}
	rs->sets[*number].builtin = true;
	rs->sets[*number].filled = which >= FW_BUILTINS_OWN;
	take_over(&rs->sets[*number], &with);
	return 0;
}

int fw_edit_builtin(struct fw_edit *e, enum fw_builtin which, uint32_t *number)
{
	struct fw_edit_undo *u = e->undo;
	struct fw_step step = { .kind = FW_STEP_CREATE, .nsets = e->nsets };
	int err = fw_vec_grow(&u->steps, u->n, &u->cap, sizeof(*u->steps));

	if (!err)
		err = fw_ruleset_builtin(e->rs, which, number);
	if (err)
		return err;
	step.set = *number;
	u->steps[u->n++] = step;
	return 0;
}

/* The number of a set that is there and built in, or -ENOENT. */
static int find(const struct fw_ruleset *rs, enum fw_builtin which)
{
	int set = fw_ruleset_set_find(rs, names[which]);

	return set >= 0 && rs->sets[set].builtin ? set : -ENOENT;
}

bool fw_ruleset_wants_own(const struct fw_ruleset *rs, bool empty)
{
	for (int i = 0; i < FW_BUILTINS_OWN; i++) {
		int set = find(rs, (enum fw_builtin)i);

		if (set >= 0 && !(empty && rs->sets[set].filled))
			return true;
	}
	return false;
}

int fw_ruleset_fill(struct fw_ruleset *rs, const struct fw_own_addresses *own)
{
	for (int i = 0; i < FW_BUILTINS_OWN; i++) {
		int set = find(rs, (enum fw_builtin)i);
		struct fw_set with = { .n = 0 };

		if (set < 0)
			continue;
		if (push_all(&with, (enum fw_builtin)i, &own->of[i])) {
			free(with.elements);
			return -ENOMEM;
		}
		take_over(&rs->sets[set], &with);
		rs->sets[set].filled = true;
	}
	return 0;
}

int fw_edit_fill(struct fw_edit *e, const struct fw_own_addresses *own)
{
	int err = 0;

	for (int i = 0; !err && i < FW_BUILTINS_OWN; i++) {
		int set = find(e->rs, (enum fw_builtin)i);
		struct fw_set with = { .n = 0 };

		if (set < 0)
			continue;
		err = push_all(&with, (enum fw_builtin)i, &own->of[i]);
		if (!err)
			err = fw_edit_set_replace(e, (uint32_t)set, &with);
		free(with.elements);
		if (!err)
			e->rs->sets[set].filled = true;
	}
	return err;
}
