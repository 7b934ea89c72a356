// SPDX-License-Identifier: GPL-2.0-only
/* Traces: packets written by hand, one a line, or ClassBench headers, both as the bytes of frames. */
#include "tests/perf/bench.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <string.h>

struct reader {
	const char *path;
	unsigned long line;
	struct fw_ruleset *rs;
	struct bench_trace *trace;
};

static int bad_line(const struct reader *r, const char *want)
{
	fprintf(stderr, "fwbench: %s:%lu: cannot be read\n  hint: %s\n", r->path, r->line, want);
	return -EINVAL;
}

static int trace_push(struct bench_trace *t, const struct bench_header *h)
{
	if (fw_vec_push(t->headers, t->n, t->cap, *h)) {
		fprintf(stderr, "fwbench: memory is out\n");
		return -ENOMEM;
	}
	if (h->len > t->len_max)
		t->len_max = h->len;
	return 0;
}

/* Bytes of a protocol's header, options not counted. */
static uint32_t l4_bytes(uint32_t proto)
{
	static const uint8_t bytes[256] = { [IPPROTO_ICMP] = 8, [IPPROTO_TCP] = 20, [IPPROTO_UDP] = 8,
					    [IPPROTO_DCCP] = 12, [IPPROTO_SCTP] = 12, [IPPROTO_UDPLITE] = 8 };

	return bytes[proto] ? bytes[proto] : 8;
}

/* An IPv4 frame; @v: source, destination, source port, destination port, protocol. */
static void frame_build(const uint32_t *v, struct bench_header *h)
{
	uint8_t *bytes = (uint8_t *)h->head.words;
	struct ethhdr eth = { .h_proto = htons(ETH_P_IP) };
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = (uint8_t)v[4], .saddr = htonl(v[0]),
			    .daddr = htonl(v[1]), .tot_len = htons((uint16_t)(sizeof(ip) + l4_bytes(v[4]))) };
	uint16_t ports[2] = { htons((uint16_t)v[2]), htons((uint16_t)v[3]) };
	uint8_t *l4 = bytes + sizeof(eth) + sizeof(ip);

	memcpy(bytes, &eth, sizeof(eth));
	memcpy(bytes + sizeof(eth), &ip, sizeof(ip));
	if (v[4] != IPPROTO_ICMP)
		memcpy(l4, ports, sizeof(ports));
	if (v[4] == IPPROTO_TCP)
		l4[12] = 5 << 4;
	h->len = (uint32_t)(sizeof(eth) + sizeof(ip) + l4_bytes(v[4]));
}

static int read_classbench(struct reader *r, const char *line)
{
	static const uint32_t max[5] = { ~0u, ~0u, 65535, 65535, 255 };
	struct bench_header h = { .hook = FW_IN, .iface = FW_ABSENT_IFACE };
	uint32_t v[5];

	for (int i = 0; i < 5; i++) {
		char *end;
		unsigned long number = strtoul(line, &end, 10);

		if (end == line || number > max[i])
			return bad_line(r, "source, destination, two ports, protocol: decimal numbers");
		v[i] = (uint32_t)number;
		line = end;
	}
	frame_build(v, &h);
	return trace_push(r->trace, &h);
}

static int read_packet(struct reader *r, const char *line)
{
	static struct fw_frame frame;
	static struct fw_diags ds;
	struct bench_header h = { .iface = FW_ABSENT_IFACE };

	ds.n = ds.total = 0;
	if (fw_text_frame(line, &frame, &ds)) {
		bench_say(&ds);
		return bad_line(r, "a packet such as `tcp 10.0.0.1:999 > 192.0.2.1:80 in eth0`");
	}
	if (frame.iface[0]) {
		int number = fw_ruleset_iface(r->rs, frame.iface);

		if (number < 0)
			return number;
		h.iface = (uint32_t)number;
	}
	memcpy(&h.head, frame.data, frame.len < sizeof(h.head) ? frame.len : sizeof(h.head));
	h.len = frame.wire_len;
	h.hook = frame.hook;
	h.mark = frame.mark;
	return trace_push(r->trace, &h);
}

static FILE *open_said(const char *path)
{
	FILE *f = fopen(path, "r");

	if (!f)
		fprintf(stderr, "fwbench: cannot open %s: %s\n", path, strerror(errno));
	return f;
}

int bench_trace_read(const char *path, enum fw_format format, struct fw_ruleset *rs, struct bench_trace *out)
{
	struct bench_trace t = { 0 };
	struct reader r = { path, 0, rs, &t };
	fw_autofree char *line = NULL;
	size_t room = 0;
	FILE *f = open_said(path);
	int err = f ? 0 : -ENOENT;

	while (!err && getline(&line, &room, f) > 0) {
		r.line++;
		line[strcspn(line, "\r\n")] = '\0';
		err = format == FW_FORMAT_CLASSBENCH ? read_classbench(&r, line) : read_packet(&r, line);
	}
	if (f)
		fclose(f);
	if (!err && !t.n) {
		fprintf(stderr, "fwbench: %s: no packets\n", path);
		err = -EINVAL;
	}
	if (err)
		bench_trace_free(&t);
	else
		*out = t;
	return err;
}

void bench_trace_free(struct bench_trace *t)
{
	free(t->headers);
	t->headers = NULL;
	t->n = t->cap = 0;
}

static int truth_line(struct reader *r, const char *line, size_t nrules, long *out)
{
	char *end;

	*out = strtol(line, &end, 10);
	if (end == line || *out < -1 || *out >= (long)nrules)
		return bad_line(r, "the number of a rule, from 0, or -1");
	return 0;
}

int bench_truth_read(const char *path, size_t n, size_t nrules, long **out)
{
	struct reader r = { .path = path };
	fw_autofree char *line = NULL;
	fw_autofree long *truth = calloc(n, sizeof(*truth));
	size_t room = 0;
	FILE *f = truth ? open_said(path) : NULL;
	int err = !truth ? -ENOMEM : f ? 0 : -ENOENT;

	while (!err && r.line < n && getline(&line, &room, f) > 0) {
		r.line++;
		err = truth_line(&r, line, nrules, &truth[r.line - 1]);
	}
	if (!err && (r.line < n || getline(&line, &room, f) > 0)) {
		fprintf(stderr, "fwbench: %s has not as many lines as the trace, which has %zu\n", path, n);
		err = -EINVAL;
	}
	if (f)
		fclose(f);
	if (!err)
		*out = fw_take(truth);
	return err;
}
