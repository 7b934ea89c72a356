// SPDX-License-Identifier: GPL-2.0-only
/* Sets as objects; large ones in pieces. */
#include "list_sets.h"

#include "fw/json.h"

#include <string.h>

#define RANGES 10000 /* at most, in one object */

struct sets {
	struct stream stream;
	struct fwd *fwd;
	struct cursor cursor;       /* only to learn that the ruleset was replaced: then it is lost */
	uint32_t set, end;          /* number of the next set; one above the last */
	char name[FW_NAME_MAX + 1]; /* of the set of which a part was sent; empty: none */
	struct fw_addr_range last;  /* the last element sent */
	uint64_t count, limit;
	bool terse;
	struct fw_buf b, left; /* left: seconds, of the elements of the object that is being written */
};

static void sets_free(struct stream *s)
{
	struct sets *l = (struct sets *)s;

	cursor_close(&l->fwd->cursors, &l->cursor);
	fw_buf_free(&l->b);
	fw_buf_free(&l->left);
	free(l);
}

static int range_cmp(const struct fw_addr_range *a, const struct fw_addr_range *b)
{
	int cmp = (int)a->family - (int)b->family;

	cmp = cmp ? cmp : fw_addr_cmp(a->lo, b->lo);
	return cmp ? cmp : fw_addr_cmp(a->hi, b->hi);
}

/* The first element after @last, which may have been removed. */
static size_t first_after(const struct fw_set *set, const struct fw_addr_range *last)
{
	size_t lo = 0, hi = set->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (range_cmp(&set->elements[mid], last) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void add_left(struct sets *l, const struct fw_addr_range *r, uint32_t now)
{
	const char *comma = l->left.len ? "," : "";

	if (r->until == FW_FOREVER)
		fw_buf_printf(&l->left, "%snull", comma);
	else
		fw_buf_printf(&l->left, "%s%u", comma, fw_until_left(r->until, now));
}

/* What is said of the set as a whole. */
static void add_head(struct sets *l, const struct fw_set *set)
{
	fw_buf_printf(&l->b, "{\"set\":\"%s\",\"dynamic\":%s,", set->name, set->dynamic ? "true" : "false");
	if (set->builtin)
		fw_buf_printf(&l->b, "\"builtin\":true,");
	if (set->timeout)
		fw_buf_printf(&l->b, "\"timeout\":%u,", set->timeout);
	if (set->size)
		fw_buf_printf(&l->b, "\"size\":%u,", set->size);
	fw_buf_printf(&l->b, "\"elements\":%zu,\"rules\":%u", set->n, set->rules);
}

/* One object: the whole set, or the next piece of it. true: that was the last of the set. */
static bool piece(struct sets *l, const struct fw_ruleset *rs)
{
	const struct fw_set *set = &rs->sets[l->set];
	size_t i = l->name[0] ? first_after(set, &l->last) : 0, n = 0;
	bool timed = set->soonest != FW_FOREVER, more;
	uint32_t now = engine_now(l->fwd->engine);

	l->left.len = 0;
	add_head(l, set);
	if (!l->terse)
		fw_buf_printf(&l->b, ",\"ranges\":[");
	for (; !l->terse && i < set->n && n < RANGES && l->b.len < REPLY_CHUNK; i++, n++) {
		fw_buf_add(&l->b, n ? ",\"" : "\"", n ? 2 : 1);
		fw_text_print_addr_range(&l->b, &set->elements[i]);
		fw_buf_add(&l->b, "\"", 1);
		if (timed)
			add_left(l, &set->elements[i], now);
	}
	more = !l->terse && i < set->n;
	fw_buf_printf(&l->b, "%s", l->terse ? "" : "]");
	if (l->left.len)
		fw_buf_printf(&l->b, ",\"left\":[%s]", l->left.text);
	fw_buf_printf(&l->b, "%s}\n", more ? ",\"more\":true" : "");
	l->b.failed |= l->left.failed;
	l->name[0] = '\0';
	if (!more)
		return true;
	snprintf(l->name, sizeof(l->name), "%s", set->name);
	l->last = set->elements[i - 1];
	return false;
}

/* Was the set of which a part was sent destroyed? Its number may be another set's now. */
static bool is_destroyed(const struct sets *l, const struct fw_ruleset *rs)
{
	const char *name = l->set < rs->nsets ? rs->sets[l->set].name : NULL;

	return l->name[0] && (!name || strcmp(name, l->name) != 0);
}

/* One that is built in is there since a rule named it, and may be there longer than the rule. */
static bool is_listed(const struct fw_set *set)
{
	return set->name && (!set->builtin || set->rules);
}

static void sets_step(struct request *req, struct stream *s)
{
	struct sets *l = (struct sets *)s;
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	bool lost = l->cursor.lost || is_destroyed(l, rs);

	while (!lost && l->set < l->end && l->set < rs->nsets && l->count < l->limit && l->b.len < REPLY_CHUNK) {
		bool listed = is_listed(&rs->sets[l->set]);

		if (listed && !piece(l, rs))
			continue;
		l->count += listed;
		l->set++;
	}
	reply_lines(&req->reply, &l->b);
	if (lost)
		reply_fail(&req->reply, NULL, "the ruleset was replaced or the set destroyed meanwhile");
	else if (l->set >= l->end || l->set >= rs->nsets || l->count >= l->limit)
		reply_end(&req->reply,
			  json_pack("{sI sI}", "count", (json_int_t)l->count, "total", (json_int_t)l->count));
}

static void refuse_name(struct request *req, const char *name)
{
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	struct fw_nearest near = { .word = { name, strlen(name) } };
	struct fw_diags ds = { .n = 0 };
	char hint[128];

	for (size_t i = 0; i < rs->nsets && i < FW_NEAREST_TRIES; i++)
		if (rs->sets[i].name)
			fw_nearest_try(&near, rs->sets[i].name);
	fw_diag_add(&ds, (struct fw_place){ 0 }, fw_nearest_hint(&near, hint, sizeof(hint)), "there is no set '%s'",
		    name);
	reply_fail_errno(&req->reply, &ds, "cannot list", -ENOENT);
}

void sets_list(struct request *req)
{
	const char *name = req->args.set;
	int only = name ? fw_ruleset_set_find(engine_ruleset(req->fwd->engine), name) : 0;
	struct sets *l;

	if (only < 0) {
		refuse_name(req, name);
		return;
	}
	l = calloc(1, sizeof(*l));
	if (!l) {
		reply_fail_errno(&req->reply, NULL, "cannot list", -ENOMEM);
		return;
	}
	*l = (struct sets){ .stream = { sets_step, sets_free }, .fwd = req->fwd, .set = (uint32_t)only };
	l->end = name ? (uint32_t)only + 1 : UINT32_MAX;
	l->terse = req->args.terse;
	l->limit = req->args.limit ? req->args.limit : UINT64_MAX;
	cursor_open(&req->fwd->cursors, &l->cursor, NULL);
	req->reply.stream = &l->stream;
}
