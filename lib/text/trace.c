// SPDX-License-Identifier: GPL-2.0-only
/* Traces: packets written by hand, or ClassBench headers, one a line; and the known answers to them. */
#include "lib/text/frame.h"

#include <string.h>

struct fw_trace {
	FILE *file;
	char *path;
	char *line;
	size_t room;
	unsigned number; /* of the line, from 1 */
	enum fw_format format;
};

static int refuse_line(const struct fw_trace *t, struct fw_diags *ds, const char *want)
{
	return fw_diag_add(ds, (struct fw_place){ t->path, t->number, 0 }, want, "the line cannot be read");
}

int fw_trace_open(const char *path, enum fw_format format, struct fw_diags *ds, struct fw_trace **out)
{
	fw_autofree struct fw_trace *t = calloc(1, sizeof(*t));
	fw_autofree char *copy = strdup(path);

	if (!t || !copy)
		return -ENOMEM;
	t->file = fopen(path, "r");
	if (!t->file) {
		int err = -errno;

		fw_diag_add(ds, (struct fw_place){ path, 0, 0 }, NULL, "cannot open the trace: %s", strerror(-err));
		return err;
	}
	t->format = format;
	t->path = fw_take(copy);
	*out = fw_take(t);
	return 0;
}

void fw_trace_close(struct fw_trace *t)
{
	if (!t)
		return;
	fclose(t->file);
	free(t->line);
	free(t->path);
	free(t);
}

/* 1 a line, without its end; 0 the file's end; -EINVAL it cannot be read. */
static int line_next(struct fw_trace *t, struct fw_diags *ds)
{
	t->number++;
	if (getline(&t->line, &t->room, t->file) < 0)
		return ferror(t->file) ? refuse_line(t, ds, "a text file") : 0;
	t->line[strcspn(t->line, "\r\n")] = '\0';
	return 1;
}

/* Source, destination, source port, destination port, protocol. */
static int classbench_frame(const struct fw_trace *t, struct fw_diags *ds, struct fw_frame *frame)
{
	static const uint32_t max[5] = { ~0u, ~0u, 65535, 65535, 255 };
	struct fw_packet p = { .family = FW_IP4 };
	const char *at = t->line;
	uint32_t v[5];

	for (int i = 0; i < 5; i++) {
		char *end;
		unsigned long number = strtoul(at, &end, 10);

		if (end == at || number > max[i])
			return refuse_line(t, ds, "source, destination, two ports, protocol: decimal numbers");
		v[i] = (uint32_t)number;
		at = end;
	}
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		p.f[f] = fw_packet_usual(&p, f);
	p.src.hi = (uint64_t)v[0] << 32;
	p.dst.hi = (uint64_t)v[1] << 32;
	p.f[FW_F_SPORT] = v[2];
	p.f[FW_F_DPORT] = v[3];
	p.f[FW_F_PROTO] = v[4];
	p.f[FW_F_LENGTH] = fw_packet_bytes(&p);
	fw_packet_build(&p, frame);
	return 1;
}

static int hand_frame(const struct fw_trace *t, struct fw_diags *ds, struct fw_frame *frame)
{
	unsigned n = ds ? ds->n : 0;

	if (!fw_text_frame(t->line, frame, ds))
		return 1;
	if (ds && n < ds->n) {
		snprintf(ds->d[n].file, sizeof(ds->d[n].file), "%s", t->path);
		ds->d[n].line = t->number;
	}
	return -EINVAL;
}

int fw_trace_next(struct fw_trace *t, struct fw_diags *ds, struct fw_frame *frame)
{
	int got = line_next(t, ds);

	if (got <= 0)
		return got;
	return t->format == FW_FORMAT_CLASSBENCH ? classbench_frame(t, ds, frame) : hand_frame(t, ds, frame);
}

static int truth_line(const struct fw_trace *t, struct fw_diags *ds, size_t nrules, long *out)
{
	char *end;

	*out = strtol(t->line, &end, 10);
	if (end == t->line || *out < -1 || *out >= (long)nrules)
		return refuse_line(t, ds, "the index of a rule, from 0, or -1");
	return 0;
}

static void trace_closep(struct fw_trace **t)
{
	fw_trace_close(*t);
}

int fw_truth_read(const char *path, size_t nrules, struct fw_diags *ds, long **out, size_t *n)
{
	fw_cleanup(trace_closep) struct fw_trace *t = NULL;
	fw_autofree long *truth = NULL;
	size_t used = 0, cap = 0;
	int err = fw_trace_open(path, FW_FORMAT_CLASSBENCH, ds, &t), got = 0;

	if (!t)
		return err;
	while (!err && (got = line_next(t, ds)) > 0) {
		long one;

		err = truth_line(t, ds, nrules, &one);
		if (!err)
			err = fw_vec_push(truth, used, cap, one);
	}
	if (err || got < 0)
		return err ? err : got;
	*out = fw_take(truth);
	*n = used;
	return 0;
}
