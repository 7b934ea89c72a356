// SPDX-License-Identifier: GPL-2.0-only
/* The correct result for every packet of a trace, by linear search of the rules. */
#include "tools/fwgen/gen.h"

#include "fw/compile.h"
#include "fw/oracle.h"
#include "fw/table/packet.h"
#include "fw/text.h"

#include <stdio.h>
#include <string.h>

static void say(const struct fw_diags *ds)
{
	char text[1024];

	for (unsigned i = 0; i < ds->n; i++)
		fprintf(stderr, "fwgen: %s\n", fw_diag_format(&ds->d[i], text, sizeof(text)));
}

int gen_load(const struct gen_options *o, struct fw_ruleset **out)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	bool classbench = !strcmp(o->format, "classbench");
	int err;

	if (!classbench && strcmp(o->format, "rules")) {
		fprintf(stderr, "fwgen: there is no format '%s'\n  hint: rules or classbench\n", o->format);
		return -EINVAL;
	}
	if (!ds)
		return -ENOMEM;
	err = fw_text_load(o->rules_path, classbench ? FW_FORMAT_CLASSBENCH : FW_FORMAT_RULES, out, ds);
	say(ds);
	if (err == -ENOMEM)
		fprintf(stderr, "fwgen: out of memory\n");
	return err;
}

void gen_ruleset_freep(struct fw_ruleset **rs)
{
	fw_ruleset_free(*rs);
}

/* Classifies a line of the trace. 0, or -EINVAL after printing the error. */
static int truth_line(struct fw_ruleset *rs, const char *path, unsigned long number, const char *line)
{
	static struct fw_frame frame;
	static struct fw_diags ds;
	struct fw_key key;

	ds.n = ds.total = 0;
	if (fw_text_frame(line, &frame, &ds)) {
		fprintf(stderr, "fwgen: %s:%lu:\n", path, number);
		say(&ds);
		return -EINVAL;
	}
	int iface = frame.iface[0] ? fw_ruleset_iface(rs, frame.iface) : (int)FW_ABSENT_IFACE;

	if (iface < 0) {
		fprintf(stderr, "fwgen: %s:%lu: %s\n", path, number, strerror(-iface));
		return iface;
	}
	struct fw_meta meta = {
		.hook = frame.hook, .iface = (uint32_t)iface, .mark = frame.mark, .len = frame.wire_len
	};

	fw_packet_parse(frame.data, frame.data + frame.len, &meta, &key);
	printf("%ld\n", fw_oracle(rs, &key));
	return 0;
}

int gen_truth(const struct gen_options *o)
{
	fw_cleanup(gen_ruleset_freep) struct fw_ruleset *rs = NULL;
	fw_autofree char *line = NULL;
	size_t room = 0;
	int err = gen_load(o, &rs);

	if (err)
		return 1;
	FILE *f = fopen(o->trace_path, "r");

	if (!f) {
		fprintf(stderr, "fwgen: cannot open %s: %s\n", o->trace_path, strerror(errno));
		return 1;
	}
	for (unsigned long number = 1; !err && getline(&line, &room, f) > 0; number++) {
		line[strcspn(line, "\n")] = '\0';
		err = truth_line(rs, o->trace_path, number, line);
	}
	fclose(f);
	return err ? 1 : 0;
}
