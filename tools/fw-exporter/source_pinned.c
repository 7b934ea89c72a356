// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files that fwd has pinned in bpffs, which the kernel writes while they are
 * read: what was counted, also while fwd does not run. Which rules get series of
 * their own is decided here.
 */
#include "tools/fw-exporter/source.h"

#include "tools/fw-exporter/choice.h"

#include <fcntl.h>
#include <net/if.h>
#include <string.h>
#include <unistd.h>

#define BLOCK 65536
#define AGAIN_MAX 1000 /* reads in a row that the kernel gives nothing for yet */

/* A file, some whole lines at a time. */
struct reader {
	int fd;           /* -1: not open */
	size_t used, len; /* bytes that were given out; that there are */
	char *buf;
};

struct pinned {
	struct source source;
	const struct settings *settings;
	struct reader counters;
	const char *text; /* a block that nobody has taken yet */
	size_t len;
	unsigned pass; /* of the file */
	struct choice choice;
	const struct chosen *chosen;
	size_t nchosen, at;
	struct fw_buf lines; /* of the chosen rules */
};

static void reader_close(struct reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->buf);
	*r = (struct reader){ .fd = -1 };
}

static int reader_open(struct reader *r, const struct settings *c, const char *name)
{
	char path[FW_SETTING_TEXT + 32];

	reader_close(r);
	snprintf(path, sizeof(path), "%s/%s", c->pins, name);
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	r->buf = malloc(BLOCK);
	return r->buf ? 0 : -ENOMEM;
}

/* Bytes, 0 at the end, or -errno. */
static ssize_t read_some(struct reader *r)
{
	for (int i = 0; i < AGAIN_MAX; i++) {
		ssize_t n = read(r->fd, r->buf + r->len, BLOCK - r->len);

		if (n >= 0)
			return n;
		if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
	return -EAGAIN;
}

/* The next whole lines. 1, 0 at the end, or -errno: -EPROTO when the file ends inside a line, or has a longer one than there are. */
static int reader_next(struct reader *r, const char **text, size_t *len)
{
	const char *newline = NULL;

	memmove(r->buf, r->buf + r->used, r->len - r->used);
	r->len -= r->used;
	r->used = 0;
	while (!newline) {
		ssize_t n = r->len < BLOCK ? read_some(r) : -EPROTO;

		if (n <= 0)
			return n ? (int)n : r->len ? -EPROTO : 0;
		newline = memrchr(r->buf + r->len, '\n', (size_t)n);
		r->len += (size_t)n;
	}
	*text = r->buf;
	*len = r->used = (size_t)(newline + 1 - r->buf);
	return 1;
}

/* The name for an index: "" for 0, NULL when it is gone. */
static const char *interface_name(struct line_span index, char name[IF_NAMESIZE])
{
	unsigned i = line_is(index, "-1") ? 0 : (unsigned)line_number(index);

	if (line_is(index, "0"))
		return "";
	return i ? if_indextoname(i, name) : NULL;
}

/* INDEX HOOK rule|policy VERDICT PACKETS. Of interfaces that are gone only drops are wanted: see `interface` in fw.metrics. */
int source_pinned_interface(const char *text, size_t len, struct snapshot *snap)
{
	enum { INDEX, HOOK, BY, VERDICT, PACKETS, NFIELDS };
	struct line_span f[NFIELDS];
	char buf[IF_NAMESIZE];
	const char *name;
	int hook, verdict;

	if (!line_split(text, text + len, NFIELDS, f) || !line_digits(f[PACKETS]) ||
	    !(line_digits(f[INDEX]) || line_is(f[INDEX], "-1")))
		return -EPROTO;
	hook = snapshot_hook(f[HOOK].s, f[HOOK].len);
	verdict = snapshot_verdict(f[VERDICT].s, f[VERDICT].len);
	if (hook < 0 || verdict < 0)
		return -EPROTO;
	if (verdict == FW_DROP && line_is(f[BY], "rule"))
		snap->rule_drops += line_number(f[PACKETS]);
	name = interface_name(f[INDEX], buf);
	if (!name)
		return 0;
	return snapshot_add_traffic(snap, name, hook, (enum fw_verdict)verdict, line_number(f[PACKETS]));
}

static int add_interfaces(const char *text, size_t len, struct snapshot *snap)
{
	const char *end = text + len;
	int err = 0;

	while (text < end && !err) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (*text != '#')
			err = source_pinned_interface(text, (size_t)(newline - text), snap);
		text = newline + 1;
	}
	return err;
}

static int read_interfaces(const struct settings *c, struct snapshot *snap)
{
	struct reader r = { .fd = -1 };
	const char *text;
	size_t len;
	int more, err = reader_open(&r, c, "interfaces");

	while (!err && (more = reader_next(&r, &text, &len)))
		err = more < 0 ? more : add_interfaces(text, len, snap);
	reader_close(&r);
	return err;
}

/* POLICY/HOOK */
static int add_policy(const struct line *l, struct snapshot *snap)
{
	struct line_span id = l->field[LINE_ID];
	const char *slash = memchr(id.s, '/', id.len);
	int reason = slash ? snapshot_reason(id.s, (size_t)(slash - id.s)) : -1;
	int hook = slash ? snapshot_hook(slash + 1, (size_t)(id.s + id.len - slash - 1)) : -1;
	enum fw_verdict verdict = l->accept ? FW_ACCEPT : FW_DROP;

	if (reason < 0 || hook < 0)
		return -EPROTO;
	snap->policy[reason].there[hook][verdict] = true;
	snap->policy[reason].count[hook][verdict] =
		(struct tally){ line_number(l->field[LINE_PACKETS]), line_number(l->field[LINE_BYTES]) };
	return 0;
}

/* @rules: those of rules are chosen from; else they are left alone, and it is said whether there was one. */
static int add_counters(struct pinned *p, struct snapshot *snap, bool rules, bool *seen)
{
	const char *s = p->text, *end = p->text + p->len;
	struct line l;
	int err = 0;

	while (s < end && !err) {
		long bytes = line_parse(s, end, &l);

		if (bytes < 0)
			return (int)bytes;
		s += bytes;
		if (l.comment)
			continue;
		*seen |= !l.policy;
		if (l.policy)
			err = add_policy(&l, snap);
		else if (rules)
			err = choice_add(&p->choice, &l);
	}
	return err;
}

/* All of the file; or, when all rules are shown, up to the block with the first of them, which is kept. */
static int read_counters(struct pinned *p, struct snapshot *snap)
{
	bool all = p->settings->rules == RULES_ALL, seen = false;
	int more, err = 0;

	while (!err && !(all && seen)) {
		more = reader_next(&p->counters, &p->text, &p->len);
		if (more <= 0) {
			p->text = NULL;
			return more;
		}
		err = add_counters(p, snap, !all, &seen);
	}
	return err;
}

static int pinned_begin(struct source *s, struct snapshot *snap)
{
	struct pinned *p = (struct pinned *)s;
	const struct settings *c = p->settings;
	bool some = c->rules == RULES_SELECTED;
	int err;

	choice_init(&p->choice, some ? c->max_rules : 0, some ? c->top : 0);
	snap->all_shown = c->rules == RULES_ALL;
	p->pass = 1;
	err = reader_open(&p->counters, c, "counters");
	err = err ? err : read_counters(p, snap);
	err = err ? err : read_interfaces(c, snap);
	return err || snap->all_shown ? err : choice_end(&p->choice, snap, &p->chosen, &p->nchosen);
}

/* The chosen rules as lines, some at a time. */
static int chosen_rules(struct pinned *p, unsigned pass, const char **text, size_t *len)
{
	char line[LINE_BYTES_MAX];

	if (pass != p->pass)
		p->at = 0;
	p->pass = pass;
	p->lines.len = 0;
	while (p->at < p->nchosen && p->lines.len < BLOCK) {
		size_t n = choice_line(&p->chosen[p->at++], line);

		fw_buf_add(&p->lines, line, n);
	}
	*text = p->lines.text;
	*len = p->lines.len;
	return p->lines.failed ? -ENOMEM : p->lines.len ? 1 : 0;
}

static int pinned_rules(struct source *s, unsigned pass, const char **text, size_t *len)
{
	struct pinned *p = (struct pinned *)s;
	int err = 0;

	if (p->settings->rules != RULES_ALL)
		return chosen_rules(p, pass, text, len);
	if (pass != p->pass) {
		p->pass = pass;
		err = reader_open(&p->counters, p->settings, "counters");
	}
	if (err)
		return err;
	if (!p->text)
		return reader_next(&p->counters, text, len);
	*text = p->text;
	*len = p->len;
	p->text = NULL;
	return 1;
}

static int pinned_end(struct source *s, struct snapshot *snap)
{
	if (snap->all_shown)
		snap->rules = snap->shown;
	return 0;
}

static void pinned_close(struct source *s)
{
	struct pinned *p = (struct pinned *)s;

	reader_close(&p->counters);
	choice_free(&p->choice);
	fw_buf_free(&p->lines);
	free(p);
}

static const struct source_ops pinned_ops = { "the pinned files", pinned_begin, pinned_rules, pinned_end,
					      pinned_close };

int source_pinned(const struct settings *c, struct source **out)
{
	struct pinned *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->source.ops = &pinned_ops;
	p->settings = c;
	p->counters.fd = -1;
	*out = &p->source;
	return 0;
}

int source_pinned_check(const struct settings *c, char why[SOURCE_WHY])
{
	struct reader r = { .fd = -1 };
	const char *text;
	size_t len;
	int err = reader_open(&r, c, "counters");

	err = err ? err : reader_next(&r, &text, &len);
	reader_close(&r);
	err = err > 0 ? 0 : err ? err : -ENODATA;
	snprintf(why, SOURCE_WHY, "%.120s/counters: %s", c->pins, strerror(-err));
	return err;
}
