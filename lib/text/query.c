// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries: could a rule decide on some of the packets that are asked for? A query is written as the matches of a rule, but may
 * leave out what they imply: `dport 22` needs no protocol. This file reads them; query_meet.c compares them with rules,
 * query_packet.c with packets.
 */
#include "fw/table/packet.h"
#include "lib/text/parse.h"
#include "lib/text/query.h"

void fw_query_free(struct fw_query *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < FW_NFIELDS; i++)
		free(q->values[i]);
	free(q->frames);
	fw_query_side_free(&q->src);
	fw_query_side_free(&q->dst);
	fw_query_ifaces_free(&q->ifaces);
	fw_ruleset_free(q->rs);
	free(q);
}

static void query_freep(struct fw_query **q)
{
	fw_query_free(*q);
}

/* Room for a match of protocols. */
union room {
	struct fw_match match;
	_Alignas(8) unsigned char bytes[sizeof(struct fw_match) + 256 * sizeof(struct fw_range)];
};

/* The protocols whose packets have all these layers. */
static void add_protocols(struct fw_match *m, unsigned layers, enum fw_family family)
{
	for (uint32_t v = 0; v <= fw_field_info[FW_F_PROTO].max; v++)
		if (!(layers & ~fw_proto_layers(v, family)))
			m->r[m->n++] = (struct fw_range){ v, v };
}

/* Fields that only some protocols have imply these protocols. The keyword tells whether a type or code is ICMPv6's. */
static void imply_proto(struct fw_rule_text *text, struct fw_match *m)
{
	enum fw_family family = FW_IP4;
	unsigned layers = 0;

	*m = (struct fw_match){ .field = FW_F_PROTO };
	if (text->said[FW_F_PROTO])
		return;
	for (enum fw_field f = FW_NFIELDS; f-- > 0;) {
		if (!text->said[f] || !(fw_field_layer(f) & ~FW_LAYERS_IP))
			continue;
		layers |= fw_field_layer(f);
		family = fw_keyword_v6(text->said[f]) ? FW_IP6 : family;
		text->at.field[FW_F_PROTO] = text->at.field[f];
	}
	if (!layers)
		return;
	add_protocols(m, layers, family);
	if (!m->n) /* no packet has both: the check of the whole rule tells which field is wrong */
		add_protocols(m, 1u << (31 - __builtin_clz(layers)), family);
	text->matches[text->draft.nmatches++] = m;
}

static int take_values(struct fw_query *q, const struct fw_match *m)
{
	enum fw_field field = m->field;

	q->values[field] = malloc(FW_MATCH_RANGES_MAX(m) * sizeof(struct fw_range));
	if (!q->values[field])
		return -ENOMEM;
	q->nvalues[field] = fw_match_ranges(m, q->values[field]);
	return 0;
}

static int take_match(struct fw_query *q, const struct fw_rule_text *text, const struct fw_match *m,
		      struct fw_diags *ds)
{
	const struct fw_match *normal;
	int err = fw_match_normalise(q->rs, m, fw_place_of(&text->at, text->at.field[m->field]), ds, &normal);

	if (err || !normal)
		return err;
	q->matches[q->rule.nmatches++] = normal;
	q->layers |= fw_field_layer(m->field);
	return fw_field_is_iface(m->field) ? 0 : take_values(q, normal);
}

static int take_addrs(struct fw_query *q)
{
	struct fw_addr_range *r;
	size_t n;
	int err = fw_addrs_ranges(&q->rs->book, q->rule.src, &r, &n);

	if (err)
		return err;
	fw_query_side_init(&q->src, r, n);
	err = fw_addrs_ranges(&q->rs->book, q->rule.dst, &r, &n);
	if (!err)
		fw_query_side_init(&q->dst, r, n);
	return err;
}

/* Of the ethertypes that the query names, or of all, those that a frame can have that is not IP. */
static int take_frames(struct fw_query *q)
{
	static const uint32_t others[] = { ETH_P_IP, ETH_P_8021Q, ETH_P_IPV6, ETH_P_8021AD,
					   ETH_P_QINQ1 }; /* ascending */
	enum { N = sizeof(others) / sizeof(*others) };
	const struct fw_range whole = { 0, fw_field_info[FW_F_ETHERTYPE].max };
	const struct fw_range *r = q->values[FW_F_ETHERTYPE] ? q->values[FW_F_ETHERTYPE] : &whole;
	size_t n = q->values[FW_F_ETHERTYPE] ? q->nvalues[FW_F_ETHERTYPE] : 1;

	q->frames = malloc((n + N) * sizeof(*q->frames));
	if (!q->frames)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		uint32_t from = r[i].lo;

		for (size_t k = 0; k < N; k++) {
			if (others[k] < from || others[k] > r[i].hi)
				continue;
			if (from < others[k])
				q->frames[q->nframes++] = (struct fw_range){ from, others[k] - 1 };
			from = others[k] + 1;
		}
		if (from <= r[i].hi)
			q->frames[q->nframes++] = (struct fw_range){ from, r[i].hi };
	}
	return 0;
}

/* A query that no packet can match is refused, with the diagnostic that a rule with its matches would get. */
static int check_possible(struct fw_query *q, const struct fw_rule_places *at, struct fw_diags *ds)
{
	union {
		struct fw_match match;
		_Alignas(8) unsigned char bytes[sizeof(struct fw_match) + sizeof(struct fw_range)];
	} frames = { .match = { .field = FW_F_ETHERTYPE, .n = 1 } };
	const struct fw_match *matches[] = { &frames.match };
	const struct fw_rule all = { .src = FW_ANY, .dst = FW_ANY, .matches = matches, .nmatches = 1 };
	int passes;

	frames.match.r[0] = (struct fw_range){ 0, fw_field_info[FW_F_ETHERTYPE].max };
	passes = fw_query_matches_meet(q, q->rs, &all, NULL);
	return passes < 0 ? passes : passes ? 0 : fw_rule_check(q->rs, &q->rule, at, ds);
}

/* Parses @matches, adds the protocols that they imply, and fills @q from them. -EINVAL if no packet can match. */
static int read_query(struct fw_query *q, const char *matches, const char *name, struct fw_diags *ds)
{
	static const char *const none[] = { NULL };
	fw_cleanup(fw_parser_free) struct fw_parser p;
	struct fw_rule_text text;
	union room implied;
	int err;

	fw_parser_init(&p, q->rs, matches, strlen(matches), name, ds);
	p.statements = none;
	p.query = true;
	err = fw_parse_query(&p, &text, &q->parts, &q->verdict);
	if (err)
		return err;
	imply_proto(&text, &implied.match);
	q->rule.src = text.draft.src;
	q->rule.dst = text.draft.dst;
	q->rule.matches = q->matches;
	if (q->rule.src != FW_ANY || q->rule.dst != FW_ANY)
		q->layers |= FW_LAYERS_IP;
	for (unsigned i = 0; i < text.draft.nmatches && !err; i++)
		err = take_match(q, &text, text.matches[i], ds);
	if (!err)
		err = take_addrs(q);
	if (!err)
		err = take_frames(q);
	if (!err)
		err = fw_query_ifaces_init(&q->ifaces, q->rs, NULL);
	if (!err)
		err = check_possible(q, &text.at, ds);
	memcpy(q->chain, text.chain, sizeof(q->chain));
	return err;
}

int fw_text_query(const char *matches, const char *name, struct fw_diags *ds, struct fw_query **out)
{
	fw_cleanup(query_freep) struct fw_query *q = calloc(1, sizeof(*q));
	int err;

	if (!q)
		return -ENOMEM;
	q->verdict = -1;
	q->rs = fw_ruleset_new(name);
	err = q->rs ? read_query(q, matches, name, ds) : -ENOMEM;
	if (!err)
		*out = fw_take(q);
	return err;
}

int fw_query_name(struct fw_query *q, const struct fw_query_names *names)
{
	return fw_query_ifaces_init(&q->ifaces, q->rs, names);
}
