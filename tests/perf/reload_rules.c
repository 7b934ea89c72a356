// SPDX-License-Identifier: GPL-2.0-only
/* Two rulesets that packets can be told apart by, and those packets. */
#include "fw/oracle.h"

#include "tests/perf/reload.h"

#include "fw/table/packet.h"

#include <string.h>

#define LEFT_OUT 100 /* the second leaves out one of so many rules of the file */
#define TRIES 10000

/* Rules before those of the file, in each ruleset: the range of last bytes of 198.18.0.0/16 and the verdict. */
static const struct marker {
	struct {
		unsigned from;
		bool accept;
	} in[2];
} markers[] = {
	{ { { 0x0001, true }, { 0x0001, true } } },   /* passes */
	{ { { 0x0002, false }, { 0x0002, false } } }, /* is dropped */
	{ { { 0x0003, true }, { 0x0003, false } } },  /* either */
	{ { { 0x0004, false }, { 0x0004, true } } },
	{ { { 0x0005, true }, { 0x0105, true } } }, /* passes by this rule, or by the next */
	{ { { 0x0005, false }, { 0x0005, true } } },
	{ { { 0x0006, false }, { 0x0106, false } } }, /* is dropped by this rule, or by the next */
	{ { { 0x0006, true }, { 0x0006, false } } },
	{ { { 0x0107, true }, { 0x0007, true } } }, /* and the other way around */
	{ { { 0x0007, true }, { 0x0007, false } } },
	{ { { 0x0108, false }, { 0x0008, false } } },
	{ { { 0x0008, false }, { 0x0008, true } } },
};
#define NMARKERS (sizeof(markers) / sizeof(*markers))

static const struct {
	unsigned from;
	enum reload_want want;
} marked[] = {
	{ 0x0001, RELOAD_PASS }, { 0x0002, RELOAD_DROP }, { 0x0003, RELOAD_EITHER }, { 0x0004, RELOAD_EITHER },
	{ 0x0005, RELOAD_PASS }, { 0x0006, RELOAD_DROP }, { 0x0007, RELOAD_PASS },   { 0x0008, RELOAD_DROP },
};
#define NMARKED (sizeof(marked) / sizeof(*marked))
_Static_assert(NMARKED + RELOAD_OF_FILE == RELOAD_STREAMS, "room for all streams");

static void print_head(struct fw_buf *b, const struct fw_ruleset *rs)
{
	for (size_t r = 0; r < FW_NREASONS; r++)
		if (rs->policy_set[r]) {
			fw_text_print_policy(b, rs, (enum fw_reason)r);
			fw_buf_add(b, "\n", 1);
		}
	for (size_t i = 0; i < rs->nsets; i++) {
		struct fw_set set = rs->sets[i];

		if (!set.name)
			continue;
		set.path = NULL; /* the text is in another folder */
		fw_text_print_set(b, &set, 0);
		fw_buf_printf(b, "\n");
	}
}

static void print_markers(struct fw_buf *b, const struct fw_ruleset *rs, int which)
{
	for (size_t i = 0; i < NMARKERS; i++) {
		unsigned from = markers[i].in[which].from;

		fw_buf_printf(b, "rule %llu from 198.18.%u.%u to 198.19.0.1 proto udp dport 9 %s\n",
			      (unsigned long long)rs->next_id + i, from >> 8, from & 255,
			      markers[i].in[which].accept ? "accept" : "drop");
	}
}

static bool is_deciding(const struct reload_rules *r, uint64_t id)
{
	for (size_t i = 0; i < r->nstreams; i++)
		if (r->stream[i].deciding == id)
			return true;
	return false;
}

static void print_rules(struct reload_rules *r, const struct fw_ruleset *rs, int which)
{
	struct fw_buf *b = &r->text[which];
	size_t n = 0;

	print_head(b, rs);
	print_markers(b, rs, which);
	for (const struct fw_rule *rule = rs->first; rule; rule = rule->next) {
		if (which && ++n % LEFT_OUT == 0 && !is_deciding(r, rule->id)) {
			r->left_out++;
			continue;
		}
		fw_text_print_rule(b, rs, rule);
		fw_buf_printf(b, "\n");
	}
}

static void marked_streams(struct reload_rules *r)
{
	char text[128];

	for (size_t i = 0; i < NMARKED; i++) {
		struct reload_stream *s = &r->stream[r->nstreams++];

		snprintf(text, sizeof(text), "udp 198.18.%u.%u:9 > 198.19.0.1:9 in length 60", marked[i].from >> 8,
			 marked[i].from & 255);
		fw_text_frame(text, &s->frame, NULL);
		s->want = marked[i].want;
	}
}

/* The first IPv4 address of an expression, in host order; @other when it has none. */
static uint32_t address_of(const struct fw_ruleset *rs, uint32_t number, uint32_t other)
{
	const struct fw_addrs *a = &rs->addrs[number];

	return a->nranges && a->ranges[0].family == FW_IP4 && !a->negated ? (uint32_t)(a->ranges[0].lo.hi >> 32) :
									    other;
}

static uint32_t port_of(const struct fw_rule *rule, enum fw_field field)
{
	const struct fw_match *m = fw_rule_match(rule, field);

	return m && !m->negated ? m->r[0].lo : 9;
}

#define QUAD(a) (a) >> 24, (a) >> 16 & 255, (a) >> 8 & 255, (a)&255

/* A packet near a rule of the file; a linear search finds the rule that decides on it. */
static void file_stream(struct reload_rules *r, const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	struct reload_stream *s = &r->stream[r->nstreams];
	uint32_t src = address_of(rs, rule->src, 0xc0000201), dst = address_of(rs, rule->dst, 0xc6336401);
	struct fw_meta meta = { .hook = FW_IN, .iface = FW_IFACE_OTHER };
	struct fw_key key;
	char text[160];
	long decides;

	snprintf(text, sizeof(text), "udp %u.%u.%u.%u:%u > %u.%u.%u.%u:%u in length 60", QUAD(src),
		 port_of(rule, FW_F_SPORT), QUAD(dst), port_of(rule, FW_F_DPORT));
	if (fw_text_frame(text, &s->frame, NULL))
		return;
	meta.len = s->frame.wire_len;
	fw_packet_parse(s->frame.data, s->frame.data + s->frame.len, &meta, &key);
	decides = fw_oracle(rs, &key);
	s->want = fw_oracle_verdict(rs, decides, &key) == FW_ACCEPT ? RELOAD_PASS : RELOAD_DROP;
	s->deciding = decides < 0 ? 0 : rs->rules[decides]->id;
	r->nstreams++;
}

int reload_rules_make(const struct fw_ruleset *rs, struct reload_rules *out)
{
	*out = (struct reload_rules){ 0 };
	marked_streams(out);
	for (uint64_t i = 0; i < TRIES && rs->nrules && out->nstreams < RELOAD_STREAMS; i++)
		file_stream(out, rs, rs->rules[fw_mix64(i + 1) % rs->nrules]);
	print_rules(out, rs, 0);
	print_rules(out, rs, 1);
	return out->text[0].failed || out->text[1].failed ? -ENOMEM : 0;
}

void reload_rules_free(struct reload_rules *r)
{
	fw_buf_free(&r->text[0]);
	fw_buf_free(&r->text[1]);
}
