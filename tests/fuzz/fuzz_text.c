// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as rules; if they begin with '@', as no rules do, as a ClassBench filter set; with '?', as a query of `list`. What
 * parses must print, and the printed text must parse back and print the same.
 */
#include <string.h>

#include "tests/fuzz/reparse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fw_diags ds;

/* Prints at once, and in steps. */
static void check_passes(struct fw_query *f, const struct fw_ruleset *rs, const struct fw_rule *r)
{
	int want = fw_query_passes(f, rs, r, NULL), is;

	do {
		int64_t work = 2;

		is = fw_query_passes(f, rs, r, &work);
	} while (is == -EAGAIN);
	if (is != want || (is != 0 && is != 1))
		abort();
}

static void check_query(const char *text, size_t size)
{
	static const char rules[] = "set a { 10.0.0.0/8, ::1 }\nrule in on eth0 from not @a proto tcp dport 22 accept\n"
				    "rule out ethertype arp drop\nrule to 192.0.2.0-192.0.2.9 frag later drop\n"
				    "rule in proto { tcp, udp } state new accept\nrule uid 1-9 to-if eth0 drop\n"
				    "rule forward from-if eth1 state { invalid, new } drop\n";
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	char *matches = strndup(text, size);
	struct fw_query *f = NULL;
	int err = matches ? fw_text_query(matches, "query", &ds, &f) : -ENOMEM;

	if (!err != !ds.total || !rs || fw_text_parse(rs, rules, sizeof(rules) - 1, NULL, NULL))
		abort();
	for (const struct fw_rule *r = rs->first; !err && r; r = r->next)
		check_passes(f, rs, r);
	fw_query_free(f);
	fw_ruleset_free(rs);
	free(matches);
}

static int path(const char *name, void *ctx)
{
	return strcmp(name, "none") != 0 ? 0 : 1;
}

static void check_rules(const char *text, size_t size)
{
	struct fw_ruleset *rs = fw_ruleset_new("r");
	int err = rs ? 0 : -ENOMEM;

	if (!err && size && *text == '@')
		err = fw_text_parse_classbench(rs, text, size, "r", &ds);
	else if (!err)
		err = fw_text_parse_with(rs, text, size, "r", &fuzz_files, &ds);
	if (!err != !ds.total)
		abort();
	if (!err)
		fuzz_reparse(rs);
	fw_text_files(text, size, path, NULL);
	fw_ruleset_free(rs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	ds.n = ds.total = 0;
	if (size && *text == '?')
		check_query(text + 1, size - 1);
	else
		check_rules(text, size);
	return 0;
}
