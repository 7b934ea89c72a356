// SPDX-License-Identifier: GPL-2.0-only
/* Makes a page of metrics, one row of the table after the other. */
#include "scrape.h"

#include "fw/log.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define RULES 1000 /* samples added in one step */

struct scrape {
	const struct settings *settings;
	struct scrapes *all;
	struct source *source; /* NULL: not begun */
	bool from_fwd;
	struct snapshot snap;
	struct self self;
	struct page page;
	size_t row; /* of the table */
	size_t at;  /* bytes of @page that were taken */
	bool taken; /* some were taken since the page began */
	bool done;
	char why[2 * SOURCE_WHY + 64];
};

int scrape_new(const struct settings *c, struct scrapes *all, enum page_format format, struct scrape **out)
{
	struct scrape *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->settings = c;
	s->all = all;
	s->page.format = format;
	s->self.began = fw_now();
	*out = s;
	return 0;
}

void scrape_free(struct scrape *s)
{
	if (!s)
		return;
	s->all->ended[!s->done ? SCRAPE_FAILED : s->from_fwd ? SCRAPE_OK : SCRAPE_CONTROLLER_DOWN]++;
	source_close(s->source);
	snapshot_free(&s->snap);
	fw_buf_free(&s->page.b);
	free(s);
}

void scrape_freep(struct scrape **s)
{
	scrape_free(*s);
}

/* The second number of statm, in pages. */
static uint64_t resident_bytes(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	char line[128] = "";
	char *space;

	if (!f)
		return 0;
	if (!fgets(line, sizeof(line), f))
		line[0] = '\0';
	fclose(f);
	space = strchr(line, ' ');
	return space ? strtoul(space, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

/* The agent's status. A file that may not be read is as good as one that is not written any more. */
static void read_fleet(const char *path, struct snapshot *snap)
{
	int err = path[0] ? fw_fleet_status_read(path, &snap->fleet) : -ENOENT;

	snap->in_fleet = err != -ENOENT;
	if (err)
		snap->fleet.age = -1;
}

/* Begins the page, with the numbers of a new source. Return: 0 or -errno. */
static int begin(struct scrape *s, int (*make)(const struct settings *c, struct source **out))
{
	int err;

	source_close(fw_take(s->source));
	snapshot_free(&s->snap);
	s->page.b.len = 0;
	s->page.family = NULL;
	s->row = 0;
	for (int i = 0; i < SCRAPE_NRESULTS; i++)
		s->self.scrapes[i] = s->all->ended[i];
	s->self.resident = resident_bytes();
	err = make(s->settings, &s->source);
	if (!err)
		err = s->source->ops->begin(s->source, &s->snap);
	if (!err)
		read_fleet(s->settings->agent, &s->snap);
	return err;
}

/* Some samples of a metric of rules. 1: there may be more. */
static int add_rules(struct scrape *s, const struct metric *m)
{
	struct fw_rule_line l;
	int more = 1;

	if (s->page.family != &m->family)
		page_family(&s->page, &m->family);
	for (unsigned i = 0; i < RULES && more > 0; i++) {
		more = s->source->ops->rule(s->source, m->rules, &l);
		if (more > 0)
			metrics_emit_rule(m, &l, &s->snap, &s->page);
	}
	return more;
}

/* Adds a row, or a piece of it. Return: 1: there is more; 0: the page is complete; -errno. */
static int step(struct scrape *s)
{
	const struct metric *m = &metrics_table[s->row];
	int more = 0;

	if (m->rules)
		more = add_rules(s, m);
	else
		metrics_emit(m, &s->snap, &s->self, &s->page);
	if (!more && m->rules == METRIC_BYTES)
		more = s->source->ops->end(s->source, &s->snap);
	if (!more && ++s->row == metrics_n)
		page_end(&s->page);
	if (s->page.b.failed)
		return -ENOMEM;
	return more ? more : s->row < metrics_n;
}

/* Adds to the reason why there is no page, or none of fwd. */
static void note_why(struct scrape *s, int err)
{
	const char *why = s->source && s->source->why[0] ? s->source->why : strerror(-err);
	size_t len = strlen(s->why);

	snprintf(s->why + len, sizeof(s->why) - len, "%s%s: %.*s", len ? "; " : "",
		 s->source ? s->source->ops->name : "memory", SOURCE_WHY, why);
}

/* Logs a result that differs from that of the last scrape. */
static void note_change(struct scrape *s, enum scrape_result result)
{
	if (atomic_exchange(&s->all->last, result) == result)
		return;
	if (result == SCRAPE_OK)
		fw_log("fwd answers again");
	else if (result == SCRAPE_CONTROLLER_DOWN)
		fw_log("fwd does not answer, using the pinned maps: %s", s->why);
	else
		fw_log("no page: %s", s->why);
}

/* There is nothing left to try. Return: @err. */
static int give_up(struct scrape *s, int err)
{
	size_t len = strlen(s->why);

	if (err == -EACCES)
		snprintf(s->why + len, sizeof(s->why) - len, "; does fw-exporter run in the group fwd?");
	note_change(s, SCRAPE_FAILED);
	return err;
}

/* Begins the page again with the pinned maps, if the error was fwd's and nothing was taken. Return: 0 or -errno. */
static int fall_back(struct scrape *s, int err)
{
	note_why(s, err);
	if (!s->from_fwd || s->taken || s->done)
		return give_up(s, err);
	s->from_fwd = false;
	err = begin(s, source_pinned);
	if (!err) {
		note_change(s, SCRAPE_CONTROLLER_DOWN);
		return 0;
	}
	note_why(s, err);
	return give_up(s, err);
}

int scrape_fill(struct scrape *s, size_t want, bool *done)
{
	int more = !s->done, err = 0;

	if (!s->source && !s->done) {
		s->from_fwd = true;
		err = begin(s, source_fwd);
		err = err ? fall_back(s, err) : 0;
	}
	while (!err && more && s->page.b.len - s->at < want) {
		more = step(s);
		if (more < 0) {
			err = fall_back(s, more);
			more = 1;
		}
	}
	if (!err && !more && !s->done) {
		s->done = true;
		if (s->from_fwd)
			note_change(s, SCRAPE_OK);
	}
	*done = s->done;
	return err;
}

const char *scrape_text(const struct scrape *s, size_t *len)
{
	*len = s->page.b.len - s->at;
	return s->page.b.text ? s->page.b.text + s->at : "";
}

void scrape_take(struct scrape *s, size_t bytes)
{
	s->taken |= bytes > 0;
	s->at += bytes;
	if (s->at < s->page.b.len)
		return;
	s->page.b.len = 0;
	s->at = 0;
}

char *scrape_steal(struct scrape *s, size_t *len)
{
	*len = s->page.b.len;
	s->page.b.len = s->page.b.cap = 0;
	return fw_take(s->page.b.text);
}

const char *scrape_why(const struct scrape *s)
{
	return s->why;
}
