// SPDX-License-Identifier: GPL-2.0-only
/* The work: packets of each kind of traffic with the verdicts that are right, and rules and packets as others want them. */
#include "tests/perf/peers/work_parts.h"

#include "tests/perf/bench.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>

#define CHECK_SECONDS 1.0
#define MISS_TRIES 100000

const char *const work_shapes[WORK_SHAPES] = { "blocklist", "policy", "classbench", "hotpair" };
const char *const work_traffics[WORK_TRAFFICS] = { "hits", "misses", "zipf" };

static uint32_t address_inside(uint32_t prefix, unsigned len, uint32_t lo, uint32_t hi, struct fw_random *r)
{
	return len ? work_between(r, prefix, prefix | ~work_mask(len)) : work_between(r, lo, hi);
}

static uint16_t port_inside(const uint16_t range[2], struct fw_random *r)
{
	/* Some stacks take port 0 for a mistake. */
	return (uint16_t)work_between(r, range[0] ? range[0] : 1, range[1]);
}

struct work_packet work_inside_any(const struct work_rule *rule, struct fw_random *r)
{
	struct work_packet p = {
		.src = address_inside(rule->src, rule->src_len, WORK_SRC_NET, WORK_SRC_LAST, r),
		.dst = address_inside(rule->dst, rule->dst_len, WORK_DST_NET, WORK_DST_LAST, r),
		.sport = port_inside(rule->sport, r),
		.dport = port_inside(rule->dport, r),
		.proto = rule->proto,
	};

	if (!p.proto)
		p.proto = fw_random_percent(r, 70) ? IPPROTO_TCP : IPPROTO_UDP;
	return p;
}

struct work_packet work_inside(const struct work_rule *rule)
{
	struct fw_random r = { rule->src ^ rule->dst };

	return work_inside_any(rule, &r);
}

static void verdict_set(const struct work *w, const struct work_truth *t, struct work_packet *p)
{
	p->rule = work_truth_find(t, p);
	p->accept = p->rule < 0 ? w->accept : w->rules[p->rule].accept;
}

/* A packet of a rule with one thing changed; or anything. */
static struct work_packet stray(const struct work *w, bool near, struct fw_random *r)
{
	static const struct work_rule any = { .sport = { 0, UINT16_MAX }, .dport = { 0, UINT16_MAX } };
	struct work_packet p = work_inside_any(&any, r);

	if (near) {
		struct work_packet other = work_inside_any(&w->rules[work_between(r, 0, (uint32_t)w->n - 1)], r);

		p.src = fw_random_percent(r, 50) ? other.src : p.src;
		p.dst = other.dst;
		p.dport = fw_random_percent(r, 50) ? other.dport : p.dport;
		p.proto = other.proto;
	}
	return p;
}

static int misses_make(const struct work *w, const struct work_truth *t, struct fw_random *r)
{
	for (size_t i = 0; i < WORK_PACKETS; i++) {
		struct work_packet *p = &w->packets[WORK_MISSES][i];

		for (unsigned tries = 0;; tries++) {
			*p = stray(w, i % 2 && tries < 64, r);
			verdict_set(w, t, p);
			if (p->rule < 0)
				break;
			if (tries == MISS_TRIES)
				return bench_said("find a packet that no rule matches", -EILSEQ);
		}
	}
	return 0;
}

static void hits_make(const struct work *w, const struct work_truth *t, struct fw_random *r)
{
	for (size_t i = 0; i < WORK_PACKETS; i++) {
		struct work_packet *p = &w->packets[WORK_HITS][i];

		*p = work_inside_any(&w->rules[work_between(r, 0, (uint32_t)w->n - 1)], r);
		verdict_set(w, t, p);
	}
}

/* Which rules are hit often is drawn by lot: a shuffle of all. 0 or -ENOMEM. */
static int zipf_make(const struct work *w, const struct work_truth *t, struct fw_random *r)
{
	fw_autofree double *below = malloc((w->n + 1) * sizeof(*below));
	fw_autofree uint32_t *rule = malloc(w->n * sizeof(*rule));

	if (!below || !rule)
		return -ENOMEM;
	below[0] = 0;
	for (size_t i = 0; i < w->n; i++) {
		uint32_t other = work_between(r, 0, (uint32_t)i);

		below[i + 1] = below[i] + 1.0 / (double)(i + 1);
		rule[i] = rule[other];
		rule[other] = (uint32_t)i;
	}
	for (size_t i = 0; i < WORK_PACKETS; i++) {
		double want = (double)(fw_random_next(r) >> 11) * 0x1p-53 * below[w->n];
		size_t lo = 0, hi = w->n;

		while (hi - lo > 1) {
			size_t middle = (lo + hi) / 2;

			*(below[middle] <= want ? &lo : &hi) = middle;
		}
		w->packets[WORK_ZIPF][i] = work_inside_any(&w->rules[rule[lo]], r);
		verdict_set(w, t, &w->packets[WORK_ZIPF][i]);
	}
	return 0;
}

static int packets_make(struct work *w, struct fw_random *r)
{
	struct work_truth *t = NULL;
	int err = 0;

	for (int i = 0; i < WORK_TRAFFICS; i++) {
		w->packets[i] = calloc(WORK_PACKETS, sizeof(*w->packets[i]));
		if (!w->packets[i])
			return -ENOMEM;
	}
	err = work_truth_new(w, &t);
	if (err)
		return err;
	hits_make(w, t, r);
	err = misses_make(w, t, r);
	if (!err)
		err = zipf_make(w, t, r);
	work_truth_free(t);
	return err ? err : work_truth_check(w, CHECK_SECONDS);
}

int work_new(enum work_shape shape, size_t n, uint64_t seed, struct work **out)
{
	struct work *w = calloc(1, sizeof(*w));
	struct fw_random r = { fw_mix64(seed ^ (uint64_t)shape << 32 ^ n) };
	int err;

	if (!w)
		return -ENOMEM;
	w->shape = shape;
	w->n = n;
	w->rules = calloc(n, sizeof(*w->rules));
	err = w->rules ? work_rules_make(w, &r) : -ENOMEM;
	if (!err)
		err = packets_make(w, &r);
	if (err)
		work_free(w);
	else
		*out = w;
	return err;
}

void work_free(struct work *w)
{
	if (!w)
		return;
	for (int i = 0; i < WORK_TRAFFICS; i++)
		free(w->packets[i]);
	free(w->rules);
	free(w);
}

/* Ones' complement sum of @n bytes, an even number, in network order. */
static uint32_t sum_add(uint32_t sum, const void *bytes, size_t n)
{
	const uint8_t *b = bytes;

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	return sum;
}

static uint16_t sum_end(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* A TCP or UDP header with its checksum, for @len bytes from @at on. */
static void transport_write(const struct work_packet *p, const struct iphdr *ip, uint8_t *at, uint16_t len)
{
	uint32_t sum = sum_add(p->proto + len, &ip->saddr, 8);

	if (p->proto == IPPROTO_TCP) {
		struct tcphdr tcp = { .source = htons(p->sport),
				      .dest = htons(p->dport),
				      .doff = 5,
				      .syn = p->syn,
				      .ack = !p->syn,
				      .window = htons(1024) };

		memcpy(at, &tcp, sizeof(tcp));
		tcp.check = sum_end(sum_add(sum, at, len));
		memcpy(at, &tcp, sizeof(tcp));
		return;
	}
	struct udphdr udp = { .source = htons(p->sport), .dest = htons(p->dport), .len = htons(len) };

	memcpy(at, &udp, sizeof(udp));
	udp.check = sum_end(sum_add(sum, at, len));
	/* 0 would mean that there is none. */
	udp.check = udp.check ? udp.check : 0xffff;
	memcpy(at, &udp, sizeof(udp));
}

void work_frame(const struct work_packet *p, uint32_t id, uint8_t frame[WORK_FRAME])
{
	struct ethhdr eth = { .h_dest = { 2, 0, 0, 0, 0, 2 },
			      .h_source = { 2, 0, 0, 0, 0, 1 },
			      .h_proto = htons(ETH_P_IP) };
	struct iphdr ip = { .version = 4,
			    .ihl = 5,
			    .tot_len = htons(WORK_FRAME - sizeof(eth)),
			    .id = htons((uint16_t)id),
			    .ttl = 64,
			    .protocol = p->proto,
			    .saddr = htonl(p->src),
			    .daddr = htonl(p->dst) };
	uint32_t last = htonl(id);

	ip.check = sum_end(sum_add(0, &ip, sizeof(ip)));
	memset(frame, 0, WORK_FRAME);
	memcpy(frame, &eth, sizeof(eth));
	memcpy(frame + sizeof(eth), &ip, sizeof(ip));
	memcpy(frame + WORK_FRAME - sizeof(last), &last, sizeof(last));
	transport_write(p, &ip, frame + sizeof(eth) + sizeof(ip), WORK_FRAME - sizeof(eth) - sizeof(ip));
}

static void prefix_text(const char *word, uint32_t prefix, unsigned len, struct fw_buf *out)
{
	if (len)
		fw_buf_printf(out, " %s %u.%u.%u.%u/%u", word, prefix >> 24, prefix >> 16 & 255, prefix >> 8 & 255,
			      prefix & 255, len);
}

static void ports_text(const char *word, const uint16_t range[2], struct fw_buf *out)
{
	if (range[0] == range[1])
		fw_buf_printf(out, " %s %u", word, range[0]);
	else if (range[0] || range[1] != UINT16_MAX)
		fw_buf_printf(out, " %s %u-%u", word, range[0], range[1]);
}

void work_rule_text(const struct work_rule *r, const char *hook, struct fw_buf *out)
{
	fw_buf_printf(out, "%s", hook);
	prefix_text("from", r->src, r->src_len, out);
	prefix_text("to", r->dst, r->dst_len, out);
	if (r->proto)
		fw_buf_printf(out, " proto %u", r->proto);
	ports_text("sport", r->sport, out);
	ports_text("dport", r->dport, out);
	fw_buf_printf(out, " %s\n", r->accept ? "accept" : "drop");
}

void work_text(const struct work *w, struct fw_buf *out)
{
	fw_buf_printf(out, "policy in %s\n", w->accept ? "accept" : "drop");
	for (size_t i = 0; i < w->n; i++) {
		fw_buf_printf(out, "rule ");
		work_rule_text(&w->rules[i], "in", out);
	}
}
