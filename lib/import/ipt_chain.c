// SPDX-License-Identifier: GPL-2.0-only
/* Tables and chains of iptables, and lines that are refused. */
#include <stdarg.h>

#include "lib/import/ipt.h"

const char *const ipt_hook_names[] = { "PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING" };
const char *const ipt_hook_words[] = { "in", "input", "forward", "output", "input forward" };

/* Family, table and name as a name of the table of chains. */
static void key_of(char *key, size_t size, enum ipt_family f, enum ipt_table_number t, const char *name)
{
	snprintf(key, size, "%d%d%s", (int)f, (int)t, name);
}

struct ipt_chain *ipt_chain_find(const struct ipt *c, enum ipt_family f, enum ipt_table_number t, const char *name)
{
	char key[IPT_NAME_MAX + 3];

	if (strlen(name) > IPT_NAME_MAX)
		return NULL;
	key_of(key, sizeof(key), f, t, name);
	return import_names_get(&c->chains, key);
}

static int hook_of(const char *name)
{
	for (int i = 0; i < IPT_NHOOKS; i++)
		if (!strcmp(ipt_hook_names[i], name))
			return i;
	return -1;
}

struct ipt_chain *ipt_chain_get(struct ipt *c, enum ipt_family f, enum ipt_table_number t, const char *name)
{
	struct ipt_chain *chain = ipt_chain_find(c, f, t, name);
	struct ipt_table *table = &c->tables[f][t];
	char key[IPT_NAME_MAX + 3], *kept;

	if (chain)
		return chain;
	key_of(key, sizeof(key), f, t, name);
	kept = fw_region_strdup(&c->im->mem, key, strlen(key));
	chain = fw_region_alloc(&c->im->mem, sizeof(*chain));
	if (!kept || !chain || import_names_put(&c->chains, kept, chain))
		return NULL;
	*chain = (struct ipt_chain){
		.name = kept + 2, .family = f, .table = t, .hook = hook_of(name), .note = SIZE_MAX
	};
	chain->end = &chain->first;
	if (!table->end)
		table->end = &table->first;
	*table->end = chain;
	table->end = &chain->next;
	return chain;
}

void ipt_refuse(struct ipt *c, struct ipt_rule *rule, enum fw_import_reason reason, unsigned column, const char *fmt,
		...)
{
	struct fw_import_report *r = c->im->report;
	struct fw_import_line *line = &r->lines[rule->note];
	char text[512];
	va_list args;

	if (rule->refused || rule->note == SIZE_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	rule->refused = true;
	rule->text = NULL;
	line->reason = reason;
	line->column = column;
	line->message = fw_region_strdup(&r->mem, text, strlen(text));
	c->failed |= !line->message;
	r->refused++;
}

void ipt_keep(struct ipt *c, struct ipt_rule *rule)
{
	struct fw_import_line *line = &c->im->report->lines[rule->note];

	c->im->report->refused -= line->reason > FW_IMPORT_AS_KERNEL;
	line->reason = FW_IMPORT_AS_KERNEL;
	line->message = NULL;
	line->opens = false;
	rule->refused = false;
	rule->kept = true;
}
