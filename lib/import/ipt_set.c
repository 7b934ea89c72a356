// SPDX-License-Identifier: GPL-2.0-only
/* What `ipset save` writes: sets, and their elements. */

#include "lib/import/ipt_out.h"
#include "lib/import/ipt_set.h"
#include "lib/import/ipt_values.h"

/* A line of the file. */
struct line {
	struct ipt *c;
	struct import_place at;
	struct ipt_word words[IPT_WORDS];
	int n;
};

static int refuse(struct line *l, enum fw_import_reason reason, unsigned column, const char *why, const char *word)
{
	struct fw_import_line *line;

	l->at.column = column;
	line = import_note(l->c->im, &l->at, reason, why, word);
	if (!line)
		return -ENOMEM;
	line->opens = true;
	return 0;
}

/* The value after a keyword; NULL: it is not there. */
static const char *value_of(const struct line *l, const char *word)
{
	for (int i = 3; i + 1 < l->n; i++)
		if (!strcmp(l->words[i].s, word))
			return l->words[i + 1].s;
	return NULL;
}

static enum ipt_set_kind kind_of(const char *type)
{
	static const struct {
		const char *type;
		enum ipt_set_kind kind;
	} kinds[] = { { "hash:ip", IPT_SET_ADDRS },     { "hash:net", IPT_SET_ADDRS }, { "bitmap:ip", IPT_SET_ADDRS },
		      { "bitmap:port", IPT_SET_PORTS }, { "hash:mac", IPT_SET_MACS },  { "list:set", IPT_SET_LIST } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].type, type))
			return kinds[i].kind;
	return ipt_is_tuple(type) ? IPT_SET_TUPLES : IPT_SET_OTHER;
}

/* `create NAME TYPE [family inet6] [netmask N] [timeout N] ...` */
static int create(struct line *l)
{
	struct ipt *c = l->c;
	const char *family = value_of(l, "family"), *netmask = value_of(l, "netmask"),
		   *timeout = value_of(l, "timeout");
	struct ipt_set *set = fw_region_alloc(&c->im->mem, sizeof(*set));
	uint64_t n;

	if (!set)
		return -ENOMEM;
	if (import_names_get(&c->sets, l->words[1].s))
		return refuse(l, FW_IMPORT_AS_SYNTAX, l->words[1].column, "the set %s was there before", l->words[1].s);
	*set = (struct ipt_set){ .name = l->words[1].s,
				 .type = l->words[2].s,
				 .kind = kind_of(l->words[2].s),
				 .family = family && !strcmp(family, "inet6") ? IPT_V6 : IPT_V4,
				 .note = c->im->report->n };
	set->bits = set->family == IPT_V6 ? 128 : 32;
	if (netmask && ipt_number(netmask, set->bits, &n) && n < set->bits) {
		set->bits = (unsigned)n;
		set->masked = true;
	}
	if (timeout && !ipt_number(timeout, TIMEOUT_MAX, &set->timeout))
		return refuse(l, FW_IMPORT_AS_VALUE, 1, "%s is no time that an element can have", timeout);
	set->dynamic = timeout;
	set->out = ipt_out_name(c, '@', set->name);
	if (import_names_put(&c->sets, set->name, set))
		return -ENOMEM;
	*c->end_set = set;
	c->end_set = &set->next;
	return import_note(c->im, &l->at, FW_IMPORT_AS_RULE, NULL) ? 0 : -ENOMEM;
}

/* An element whose address is masked as the set wants. */
static bool print_masked(struct fw_buf *b, const struct ipt_set *set, const char *text)
{
	char masked[80];
	struct ipt_net net;

	if (!set->masked || strchr(text, '/'))
		snprintf(masked, sizeof(masked), "%.64s", text);
	else
		snprintf(masked, sizeof(masked), "%.64s/%u", text, set->bits);
	if (strlen(text) > 64 || !ipt_net(masked, set->family, &net) || !net.len)
		return false;
	ipt_print_net(b, &net);
	return true;
}

static bool print_mac(struct fw_buf *b, const char *text)
{
	uint8_t mac[IMPORT_MAC_BYTES];

	if (!import_mac(text, mac))
		return false;
	fw_buf_printf(b, "%s", text);
	return true;
}

/* Ports of a bitmap have no protocol. */
static bool print_ports(struct fw_buf *b, const char *text)
{
	uint64_t from, to;

	if (!ipt_range(text, '-', 65535, &from, &to))
		return false;
	fw_buf_printf(b, from == to ? "%llu" : "%llu-%llu", (unsigned long long)from, (unsigned long long)to);
	return true;
}

/* Whether it can be said is seen with any sides. */
static bool print_tuple(struct fw_buf *b, const struct ipt_set *set, const char *text)
{
	fw_cleanup(fw_buf_free) struct fw_buf said = { 0 };
	size_t parts = 1;

	for (const char *s = text; *s; s++)
		parts += *s == ',';
	fw_buf_printf(b, "%s\n", text);
	return ipt_tuple_print(&said, set, parts == 2 ? "src,src" : "src,src,src", text);
}

static bool print_element(struct ipt_set *set, const char *text)
{
	struct fw_buf *b = &set->elements;
	size_t was = b->len;
	bool ok = false;

	fw_buf_printf(b, "%s", b->len && set->kind != IPT_SET_TUPLES ? ", " : "");
	if (set->kind == IPT_SET_TUPLES)
		ok = print_tuple(b, set, text);
	else if (set->kind == IPT_SET_ADDRS)
		ok = strchr(text, '-') ? !set->masked && ipt_print_between(b, set->family, text) :
					 print_masked(b, set, text);
	else if (set->kind == IPT_SET_MACS)
		ok = print_mac(b, text);
	else if (set->kind == IPT_SET_PORTS)
		ok = print_ports(b, text);
	if (!ok && !b->failed)
		b->len = was;
	return ok;
}

/* Elements of a list are sets, which have to be there before. */
static int add_member(struct line *l, struct ipt_set *list)
{
	const struct ipt_set *set = import_names_get(&l->c->sets, l->words[2].s);

	if (!set || set->kind != IPT_SET_ADDRS)
		return refuse(l, FW_IMPORT_AS_SET, l->words[2].column, "%s is no set of addresses", l->words[2].s);
	fw_buf_printf(&list->elements, "%s@%s", list->elements.len ? ", " : "", set->out);
	return 0;
}

/* `add NAME ELEMENT [timeout N] [nomatch]` */
static int add(struct line *l)
{
	struct ipt_set *set = import_names_get(&l->c->sets, l->words[1].s);
	const char *timeout = value_of(l, "timeout");
	uint64_t seconds = 0;

	if (!set)
		return refuse(l, FW_IMPORT_AS_SYNTAX, l->words[1].column, "there is no set %s yet", l->words[1].s);
	if (set->kind == IPT_SET_OTHER)
		return 0;
	for (int i = 3; i < l->n; i++)
		if (!strcmp(l->words[i].s, "wildcard"))
			return refuse(l, FW_IMPORT_AS_SET, l->words[i].column,
				      "elements have no patterns of interfaces", NULL);
		else if (!strcmp(l->words[i].s, "nomatch"))
			return refuse(l, FW_IMPORT_AS_SET, l->words[i].column, "sets have no exceptions", NULL);
	if (set->kind == IPT_SET_LIST)
		return add_member(l, set);
	if (timeout && (!ipt_number(timeout, TIMEOUT_MAX, &seconds) || set->kind != IPT_SET_ADDRS))
		return refuse(l, FW_IMPORT_AS_VALUE, l->words[2].column, "%s is no time that an element can have",
			      timeout);
	if (timeout && !set->dynamic)
		return refuse(l, FW_IMPORT_AS_SYNTAX, l->words[2].column, "the set %s has no timeouts", set->name);
	if (!print_element(set, l->words[2].s))
		return refuse(l, FW_IMPORT_AS_VALUE, l->words[2].column, "%s is no element of this set", l->words[2].s);
	if (seconds)
		fw_buf_printf(&set->elements, " timeout %llu", (unsigned long long)seconds);
	else if (timeout && set->timeout)
		fw_buf_printf(&set->elements, " timeout never");
	return set->elements.failed ? -ENOMEM : 0;
}

static int read_line(struct line *l)
{
	if (l->n < 0)
		return l->n == -ENOMEM ?
			       l->n :
			       refuse(l, FW_IMPORT_AS_SYNTAX, 1, "a quote does not end, or the line is too long", NULL);
	if (!l->n || !strcmp(l->words[0].s, "COMMIT"))
		return 0;
	if (l->n > 2 && !strcmp(l->words[0].s, "create"))
		return create(l);
	if (l->n > 2 && !strcmp(l->words[0].s, "add"))
		return add(l);
	return refuse(l, FW_IMPORT_AS_SYNTAX, 1, "this is no line of ipset save", NULL);
}

int ipt_set_read(struct ipt *c, const struct fw_import_file *f)
{
	struct import_lines lines = { .at = f->text, .end = f->text + f->len };
	struct line l = { .c = c, .at.file = f };
	int err = 0;

	while (!err && import_next_line(&lines, &l.at.text, &l.at.len)) {
		l.at.line = lines.line;
		l.at.column = 1;
		l.n = ipt_words(&c->im->mem, l.at.text, l.at.len, l.words);
		err = read_line(&l);
	}
	return err;
}

void ipt_set_print(struct ipt *c, struct fw_buf *b)
{
	for (struct ipt_set *set = c->first_set; set; set = set->next) {
		struct fw_import_line *line = &c->im->report->lines[set->note];
		size_t from = b->len;

		if (set->kind != IPT_SET_ADDRS)
			continue;
		fw_buf_printf(b, "set %s%s", set->out, set->dynamic ? " dynamic" : "");
		if (set->timeout)
			fw_buf_printf(b, " timeout %llu", (unsigned long long)set->timeout);
		fw_buf_printf(b, " { ");
		fw_buf_add(b, set->elements.text ? set->elements.text : "", set->elements.len);
		fw_buf_printf(b, " }\n");
		line->became = from;
		line->became_len = b->len - from - 1;
	}
}

void ipt_set_free(struct ipt *c)
{
	for (struct ipt_set *set = c->first_set; set; set = set->next)
		fw_buf_free(&set->elements);
}
