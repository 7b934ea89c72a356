// SPDX-License-Identifier: GPL-2.0-only
/* Reads the maps that fwd has pinned, which works while fwd is not running, and selects the rules that are shown. */
#include "source.h"

#include "fw/pinned.h"

#include <net/if.h>
#include <string.h>

/* A rule that may be chosen. */
struct candidate {
	struct fw_rule_row row;
	enum fw_verdict verdict;
	bool exported;
	struct fw_label_name name, chain; /* empty: none */
};

struct pinned {
	struct source source;
	const struct settings *settings;
	struct fw_pinned *maps;
	uint32_t next, row; /* the next chunk, and the next row of the last one */
	bool read;          /* a chunk was read */
	unsigned pass;
	struct fw_rule_choice choice; /* of struct candidate */
	size_t at;                    /* next of the chosen rules */
};

/* The packets of an interface. @name: NULL: it is gone, and only drops by rules count (see `interface` in fw.metrics). */
static int add_traffic(const struct fw_traffic *t, const char *name, struct snapshot *snap)
{
	int err = 0;

	for (int hook = 0; hook < FW_NPROGS; hook++) {
		snap->rule_drops += t->packets[hook][FW_BY_RULE][FW_DROP];
		for (int verdict = 0; name && verdict < FW_NTERMINAL && !err; verdict++) {
			uint64_t n = t->packets[hook][FW_BY_POLICY][verdict] + t->packets[hook][FW_BY_RULE][verdict];

			if (n)
				err = snapshot_add_traffic(snap, name, hook, (enum fw_verdict)verdict, n);
		}
	}
	return err;
}

/* Packets by interface. Return: 0 or -errno. */
static int read_interfaces(const struct pinned *p, struct snapshot *snap)
{
	fw_autofree struct fw_traffic *t = NULL;
	size_t n = 0;
	int err = fw_pinned_traffic(p->maps, &t, &n);

	for (size_t i = 0; i < n && !err; i++) {
		bool gone = t[i].ifindex == FW_TRAFFIC_GONE;
		char raw[IF_NAMESIZE];
		const char *name = !t[i].ifindex ? "" : gone ? NULL : if_indextoname(t[i].ifindex, raw);

		err = add_traffic(&t[i], name ? FW_NAME(name) : NULL, snap); /* as fwd shows it */
	}
	return err;
}

/* Counters of policies: of the verdicts that they have, and of those with which they have decided something. */
static void take_policies(const struct pinned *p, struct snapshot *snap)
{
	for (unsigned hook = 0; hook < FW_NPROGS; hook++)
		for (unsigned i = 0; i < FW_NREASONS * FW_NTERMINAL; i++) {
			unsigned reason = i / FW_NTERMINAL, verdict = i % FW_NTERMINAL;
			struct fw_pinned_row row = fw_pinned_row(p->maps, FW_COUNTER_REASON(hook, reason, verdict));
			struct snapshot_policy *policy = &snap->policy[reason];

			policy->there[hook][verdict] = row.label.id || row.count.packets;
			policy->count[hook][verdict] = row.count;
		}
}

/* The next rule; its name is valid until the next call. Return: 1; 0: there are no more; -errno. */
static int next_rule(struct pinned *p, struct fw_rule_line *out)
{
	struct fw_pinned_row row = { .name = NULL };
	int more = 1;

	while (!row.label.id && more > 0) {
		if (p->read && p->row < FW_COUNTER_CHUNK) {
			row = fw_pinned_row(p->maps, p->row++);
			continue;
		}
		more = fw_pinned_chunk(p->maps, p->next);
		p->row = p->next++ ? 0 : FW_COUNTER_RULES;
		p->read = more > 0;
	}
	if (more <= 0)
		return more;
	*out = (struct fw_rule_line){
		.id = row.label.id,
		.count = row.count,
		.verdict = (enum fw_verdict)(row.label.what & FW_LABEL_VERDICT),
		.exported = row.label.what & FW_LABEL_EXPORTED,
		.name = row.name,
		.name_len = row.name ? strlen(row.name) : 0,
		.chain = row.chain,
		.chain_len = row.chain ? strlen(row.chain) : 0,
	};
	return 1;
}

/* Back to the first rule. */
static void rewind_rules(struct pinned *p, unsigned pass)
{
	p->pass = pass;
	p->next = 0;
	p->read = false;
	p->at = 0;
}

/* Reads all rules, chooses those that are shown, and sums up. Return: 0 or -errno. */
static int choose(struct pinned *p, struct snapshot *snap)
{
	struct fw_rule_choice *c = &p->choice;
	struct fw_rule_line l;
	int more, err;

	while ((more = next_rule(p, &l)) > 0) {
		struct candidate rule = { { l.id, l.count }, l.verdict, l.exported, { "" }, { "" } };

		snprintf(rule.name.name, sizeof(rule.name.name), "%s", l.name ? l.name : "");
		snprintf(rule.chain.name, sizeof(rule.chain.name), "%s", l.chain ? l.chain : "");
		fw_rule_choice_add(c, &rule, fw_rule_line_marked(&l));
	}
	err = more ? more : fw_rule_choice_end(c, NULL, NULL);
	if (err)
		return err;
	snap->rules = c->all;
	snap->left_out = fw_rule_sum_rest(&c->all, &c->chosen);
	snap->marked_left_out = c->marked_left_out;
	return 0;
}

static int pinned_begin(struct source *s, struct snapshot *snap)
{
	struct pinned *p = (struct pinned *)s;
	const struct settings *c = p->settings;
	bool some = c->rules == RULES_SELECTED;
	int err = fw_pinned_open(c->pins, s->why, &p->maps);

	fw_rule_choice_init(&p->choice, some ? c->max_rules : 0, some ? c->top : 0, sizeof(struct candidate));
	snap->all_shown = c->rules == RULES_ALL;
	rewind_rules(p, 1);
	if (!err)
		err = fw_pinned_chunk(p->maps, 0);
	if (!err)
		return -EPROTO;
	if (err < 0)
		return err;
	take_policies(p, snap);
	err = read_interfaces(p, snap);
	return err || snap->all_shown ? err : choose(p, snap);
}

static int pinned_rule(struct source *s, unsigned pass, struct fw_rule_line *out)
{
	struct pinned *p = (struct pinned *)s;
	const struct candidate *c;

	if (pass != p->pass)
		rewind_rules(p, pass);
	if (p->settings->rules == RULES_ALL)
		return next_rule(p, out);
	if (p->at == p->choice.marked.n)
		return 0;
	c = fw_rule_heap_at(&p->choice.marked, p->at++);
	*out = (struct fw_rule_line){ c->row.id,    c->row.count,         c->verdict,    c->exported,
				      c->name.name, strlen(c->name.name), c->chain.name, strlen(c->chain.name) };
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

	fw_pinned_close(p->maps);
	fw_rule_choice_free(&p->choice);
	free(p);
}

static const struct source_ops pinned_ops = { "the pinned maps", pinned_begin, pinned_rule, pinned_end, pinned_close };

int source_pinned(const struct settings *c, struct source **out)
{
	struct pinned *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->source.ops = &pinned_ops;
	p->settings = c;
	*out = &p->source;
	return 0;
}

int source_pinned_check(const struct settings *c, char why[SOURCE_WHY])
{
	struct fw_pinned *p = NULL;
	int err = fw_pinned_open(c->pins, why, &p);

	fw_pinned_close(p);
	return err;
}
