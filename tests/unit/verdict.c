// SPDX-License-Identifier: GPL-2.0-only
/* The engines side by side. */
#include "fw/oracle.h"
#include "fw/tables.h"

#include "tests/unit/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "lib/kern/kern.h"
#include "tests/unit/every_match.h"
#include "tests/unit/probe.h"
#include "tests/unit/random.h"
#include "tests/unit/sandbox.h"
#include "tests/unit/untracked.h"

/* Pools only grow; the engines start over above so many segments. */
/* The ingress interface of test packets. */
#define LOOPBACK 1
/* Indices of interfaces that have the numbers from 0 on. */
#define IFINDEX 7000
#define NAMED 8

struct verdict_counts verdict_counts;

/* Rulesets until the program is loaded again, with the other setting. */
#define KERNEL_ROUNDS 60

static struct engines {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_classifier *classifier[2]; /* without flow cache, with it */
	uint32_t generation;
	bool use_kernel;
	struct fw_compile_options options;
	struct fw_image image, kern_image;
	struct fw_kern *kern;
	bool flow_cache; /* of the kernel's program */
	bool netfilter;  /* the kernel has programs for netfilter's hooks */
	uint32_t iface;  /* number that the loopback device has */
} engines;

/* A packet, and, where they differ, what was said of it. */
struct question {
	const uint8_t *bytes; /* NULL: only the key is known */
	uint32_t readable;
	struct fw_meta meta;
	struct fw_key key;
	const char *engine;
	struct fw_result want, got;
};

static void user_close(void)
{
	fw_classifier_free(engines.classifier[0]);
	fw_classifier_free(engines.classifier[1]);
	fw_image_free(&engines.image);
	fw_pool_free(engines.pool);
	engines.pool = NULL;
	engines.classifier[0] = engines.classifier[1] = NULL;
}

static void user_open(void)
{
	assert_int_equal(fw_pool_new(&engines.pool), 0);
	assert_int_equal(fw_classifier_new(engines.pool, false, &engines.classifier[0]), 0);
	assert_int_equal(fw_classifier_new(engines.pool, true, &engines.classifier[1]), 0);
}

/* The program with the flow cache and without take turns. */
static int kernel_open(void)
{
	struct fw_kern_options options = { .no_flow_cache = engines.flow_cache, .pool = sandbox_pool() };
	static struct fw_diags ds;
	int err;

	ds.n = ds.total = 0;
	err = fw_kern_open(&options, &ds, &engines.kern);
	if (err == -EPERM) /* -EACCES is what the verifier says of a bad program */
		return err;
	if (err)
		fail_msg("%s", ds.d[0].message);
	engines.flow_cache = !options.no_flow_cache;
	engines.netfilter = !kern_programs_need(engines.kern, FW_PROG_NF_INPUT, false);
	engines.iface = FW_IFACE_OTHER;
	assert_int_equal(fw_kern_iface_set(engines.kern, LOOPBACK, engines.iface), 0);
	for (uint32_t i = 0; i < NAMED; i++)
		assert_int_equal(fw_kern_iface_set(engines.kern, IFINDEX + i, i), 0);
	return 0;
}

bool verdict_kernel(void)
{
	engines.use_kernel = engines.kern || !kernel_open();
	if (!engines.use_kernel)
		print_message("skipped: the kernel, for want of CAP_BPF\n");
	return engines.use_kernel;
}

struct fw_kern *verdict_kern(void)
{
	return engines.kern;
}

void verdict_end(void)
{
	user_close();
	fw_image_free(&engines.kern_image);
	fw_kern_close(engines.kern);
	memset(&engines, 0, sizeof(engines));
}

/* Return: false when the ruleset exceeds a limit. */
static bool compile(struct fw_ruleset *rs, struct fw_pool *pool, struct fw_image *image)
{
	static struct fw_diags ds;
	const char *reason;
	int err;

	ds.n = ds.total = 0;
	err = fw_tables_compile(rs, pool, &engines.options, &ds, image);
	if (err == -E2BIG && ds.n)
		return false;
	if (err)
		fail_msg("seed %llu: compile: %s: %s", (unsigned long long)random_seed(), strerror(-err),
			 ds.n ? ds.d[0].message : "");
	if (fw_image_validate(pool, image->root, &reason))
		fail_msg("seed %llu: %s", (unsigned long long)random_seed(), reason);
	return true;
}

/* Publishes a ruleset in all engines. false: it exceeds a limit, and the engines keep the one before. */
static bool begin(struct fw_ruleset *rs)
{
	struct fw_image image;

	if (!engines.pool)
		user_open();
	engines.rs = rs;
	if (!compile(rs, engines.pool, &image))
		return false;
	engines.generation++;
	fw_classifier_publish(engines.classifier[0], image.root, engines.generation);
	fw_classifier_publish(engines.classifier[1], image.root, engines.generation);
	fw_image_free(&engines.image);
	engines.image = image;
	if (!engines.use_kernel)
		return true;
	if (engines.generation % KERNEL_ROUNDS == 0) {
		fw_image_free(&engines.kern_image);
		fw_kern_close(engines.kern);
		engines.kern = NULL;
		assert_int_equal(kernel_open(), 0);
	}
	assert_true(compile(rs, fw_kern_pool(engines.kern), &image));
	assert_int_equal(fw_kern_counters_reserve(engines.kern, rs->next_slot), 0);
	assert_int_equal(fw_kern_buckets_reserve(engines.kern), 0);
	assert_int_equal(fw_kern_publish(engines.kern, image.root, engines.generation), 0);
	fw_image_free(&engines.kern_image);
	engines.kern_image = image;
	return true;
}

bool verdict_begin(struct fw_ruleset *rs)
{
	engines.options = random_options();
	return begin(rs);
}

static void parse(struct question *q)
{
	fw_packet_parse(q->bytes, q->bytes + q->readable, &q->meta, &q->key);
}

/* The calls are found again from the rule that decided, without those that lead nowhere. */
static void assert_calls(const struct fw_key *key, const struct fw_way *way)
{
	const struct fw_rule *calls[FW_CHAIN_DEPTH];

	assert_int_equal(fw_oracle_calls(engines.rs, key, engines.rs->rules[way->rule], calls), way->ncalls);
	for (uint32_t i = 0; i < way->ncalls; i++)
		assert_ptr_equal(calls[i], engines.rs->rules[way->calls[i]]);
}

static struct fw_result oracle(const struct fw_key *key)
{
	static uint32_t passed[FW_TURNS];
	const struct fw_way way = fw_oracle_way(engines.rs, key);
	struct fw_result want = { .verdict = way.verdict, .reason = way.reason, .npassed = way.npassed };

	if (way.rule >= 0) {
		want.slot = engines.rs->rules[way.rule]->slot;
		assert_calls(key, &way);
	}
	want.passed = passed;
	for (uint32_t i = 0; i < way.npassed; i++)
		passed[i] = FW_WHAT(engines.rs->rules[way.passed[i]]->slot + FW_COUNTER_RULES,
				    engines.rs->rules[way.passed[i]]->action);
	return want;
}

static bool same(struct question *q, const char *engine, struct fw_result got)
{
	q->engine = engine;
	q->got = got;
	return got.verdict == q->want.verdict && got.slot == q->want.slot && got.reason == q->want.reason &&
	       got.npassed == q->want.npassed && !memcmp(got.passed, q->want.passed, got.npassed * sizeof(*got.passed));
}

/* Twice: the flow cache must say the same again. */
static bool user_agrees(struct question *q)
{
	static const char *const names[] = { "user space", "user space with flow cache" };

	q->want = oracle(&q->key);
	assert_every_match(engines.pool, &engines.image, engines.rs, &q->key);
	for (int cache = 0; cache < 2; cache++) {
		verdict_counts.user++;
		for (int again = 0; again < 2; again++)
			if (!same(q, names[cache], fw_classifier_result(engines.classifier[cache], &q->key)))
				return false;
	}
	return true;
}

/*
 * Without Ethernet header: XDP knows no ethertype. For tc a test run makes one of what is in front of the packet, which
 * the program must find after it, by its first 20 bytes.
 */
static bool l3_takes(const struct question *q, enum fw_prog prog)
{
	uint32_t type = q->meta.ethertype;

	if (prog == FW_PROG_XDP)
		return !type;
	return prog == FW_PROG_TC_INGRESS && type >= ETH_P_802_3_MIN && q->readable >= sizeof(struct ipv6hdr);
}

static int l3_run(const struct question *q, enum fw_prog prog, struct fw_result *got)
{
	uint8_t frame[ETH_HLEN + FW_FRAME_MAX] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };
	uint32_t head = prog == FW_PROG_XDP ? 0 : ETH_HLEN;

	frame[2 * ETH_ALEN] = (uint8_t)(q->meta.ethertype >> 8);
	frame[2 * ETH_ALEN + 1] = (uint8_t)q->meta.ethertype;
	memcpy(frame + head, q->bytes, q->readable);
	assert_int_equal(kern_programs_need(engines.kern, prog, true), 0);
	return kern_test(engines.kern, PROG_L3 + (int)prog, frame, head + q->readable, q->meta.mark, got);
}

/* A test run takes at least an Ethernet header, and for tc the IP header that the ethertype names. */
static bool kernel_takes(const struct question *q, enum fw_prog prog)
{
	uint32_t type, least = ETH_HLEN;

	if (q->meta.vlan_present || q->meta.len != q->readable || q->readable < ETH_HLEN)
		return false;
	if (engines.rs->nstateful && engines.kern->progs[PROG_CALLS + FW_CALL_XDP_STATE] < 0)
		return false; /* the kernel has no functions to look connections up */
	if (q->meta.l3)
		return l3_takes(q, prog);
	if (prog == FW_PROG_XDP)
		return true;
	type = fw_ntohs(fw_load16(q->bytes + 2 * ETH_ALEN));
	if (type == ETH_P_IP)
		least += sizeof(struct iphdr);
	if (type == ETH_P_IPV6)
		least += sizeof(struct ipv6hdr);
	return q->readable >= least;
}

static bool program_agrees(struct question *q, enum fw_prog prog)
{
	static const char *const names[] = { "XDP", "tc ingress", "tc egress" };

	for (int again = 0; again < (engines.flow_cache ? 2 : 1); again++) {
		struct fw_result got;
		int err = q->meta.l3 ? l3_run(q, prog, &got) :
				       fw_kern_test(engines.kern, prog, q->bytes, q->readable, q->meta.mark, &got);

		if (err)
			fail_msg("test run of %s with %u bytes: %s", names[prog], q->readable, strerror(-err));
		if (!same(q, names[prog], got))
			return false;
	}
	verdict_counts.kernel++;
	return true;
}

/* In a test run, packets of every hook go out on the loopback device and come from none. They have no connection and no socket. */
static struct fw_meta netfilter_meta(uint32_t hook, uint32_t type, uint32_t len)
{
	static const uint32_t ifaces[] = { [FW_INPUT] = FW_IFACE_OTHER, [FW_FORWARD] = FW_ABSENT_IFACE };

	return (struct fw_meta){
		.hook = hook,
		.iface = hook == FW_OUTPUT ? engines.iface : ifaces[hook],
		.asked = FW_FIELD_BIT(FW_F_STATE) | FW_FIELD_BIT(FW_F_TO_IF),
		.state = FW_STATE_INVALID,
		.to_if = engines.iface,
		.len = len,
		.l3 = 1,
		.ethertype = type,
	};
}

/* Netfilter's programs see the packet without its Ethernet header, and without mark, on the loopback device. */
static bool netfilter_agrees(struct question *q)
{
	const enum fw_prog prog = FW_PROG_NF_INPUT + (q->meta.hook - FW_INPUT);
	struct question nf = *q;
	struct fw_result got;
	uint32_t type = nf.meta.ethertype;
	uint8_t frame[ETH_HLEN + FW_FRAME_MAX] = { 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1 };

	if (q->meta.hook < FW_INPUT || q->meta.vlan_present || q->meta.len != q->readable)
		return true;
	if (!q->meta.l3) {
		if (q->readable < ETH_HLEN)
			return true;
		type = fw_ntohs(fw_load16(q->bytes + 2 * ETH_ALEN));
		nf.bytes += ETH_HLEN;
		nf.readable -= ETH_HLEN;
	}
	if ((type != ETH_P_IP || nf.readable < sizeof(struct iphdr)) &&
	    (type != ETH_P_IPV6 || nf.readable < sizeof(struct ipv6hdr)))
		return true;
	nf.meta = netfilter_meta(q->meta.hook, type, nf.readable);
	frame[2 * ETH_ALEN] = (uint8_t)(type >> 8);
	frame[2 * ETH_ALEN + 1] = (uint8_t)type;
	memcpy(frame + ETH_HLEN, nf.bytes, nf.readable);
	if (nf.readable > FW_HEAD_BYTES)
		nf.readable = FW_HEAD_BYTES;
	parse(&nf);
	nf.want = oracle(&nf.key);
	verdict_counts.kernel++;
	if (fw_kern_test(engines.kern, prog, frame, ETH_HLEN + nf.meta.len, 0, &got))
		fail_msg("test run of %s with %u bytes: %s", fw_prog_names[prog], nf.readable, strerror(errno));
	if (same(&nf, fw_prog_names[prog], got))
		return true;
	*q = nf;
	return false;
}

/* What a program knows of the packet in a test run: it arrives on the loopback device, or leaves by it, and was not forwarded. */
static struct fw_meta program_meta(struct fw_meta meta, bool mark)
{
	meta.mark = mark ? meta.mark : 0;
	meta.asked = FW_FIELD_BIT(meta.hook == FW_IN ? FW_F_FROM_IF : FW_F_TO_IF);
	meta.from_if = meta.to_if = meta.iface;
	return meta;
}

/* The dry run takes packets of all hooks with all that they have. */
static bool dry_run_agrees(struct question *q)
{
	struct fw_probe p = probe_of(&q->meta, q->bytes, IFINDEX);
	struct fw_result got;

	if (q->meta.vlan_present || q->meta.l3 || q->meta.len != q->readable ||
	    (q->meta.iface > FW_IFACE_OTHER && q->meta.hook != FW_FORWARD))
		return true;
	parse(q);
	q->want = oracle(&q->key);
	assert_int_equal(fw_kern_probe(engines.kern, &p, &got), 0);
	verdict_counts.kernel++;
	return same(q, "dry run", got);
}

/* The programs of the packet's hook must answer as the oracle does. */
static bool kernel_agrees(struct question *q)
{
	static const struct {
		enum fw_prog prog;
		enum fw_hook hook;
		bool mark;
	} rows[] = { { FW_PROG_XDP, FW_IN, false },
		     { FW_PROG_TC_INGRESS, FW_IN, true },
		     { FW_PROG_TC_EGRESS, FW_OUT, true } };
	const struct fw_meta meta = q->meta;

	if (q->meta.iface != engines.iface && q->meta.hook != FW_FORWARD &&
	    !fw_kern_iface_set(engines.kern, LOOPBACK, q->meta.iface))
		engines.iface = q->meta.iface;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		bool agrees = true;

		if (rows[i].hook != q->meta.hook || !kernel_takes(q, rows[i].prog))
			continue;
		q->meta = program_meta(meta, rows[i].mark);
		parse(q);
		q->meta.asked |= FW_FIELD_BIT(FW_F_STATE);
		q->meta.state = untracked_state(&q->key, false);
		parse(q);
		q->want = oracle(&q->key);
		agrees = program_agrees(q, rows[i].prog);
		q->meta = meta;
		if (!agrees)
			return false;
	}
	return dry_run_agrees(q) && (!engines.netfilter || netfilter_agrees(q));
}

static bool agrees(struct question *q)
{
	if (q->bytes)
		parse(q);
	return user_agrees(q) && (!q->bytes || !engines.use_kernel || kernel_agrees(q));
}

/* Leaves out rules while the answers still differ, more at a time first. */
static void shrink(struct fw_ruleset *sub, struct question *q)
{
	fw_autofree struct fw_rule **all = malloc(sub->nrules * sizeof(*all) + 1);
	struct question first = *q;

	/* With chains all rules stay: the list of rules says what calls what. */
	for (size_t step = fw_ruleset_chains(sub) ? 0 : (sub->nrules + 1) / 2; all && step; step /= 2) {
		for (size_t at = 0; at + step <= sub->nrules;) {
			size_t n = sub->nrules;

			memcpy(all, sub->rules, n * sizeof(*all));
			memmove(sub->rules + at, sub->rules + at + step, (n - at - step) * sizeof(*all));
			sub->nrules -= step;
			if (begin(sub) && !agrees(q))
				continue;
			memcpy(sub->rules, all, n * sizeof(*all));
			sub->nrules = n;
			at += step;
		}
	}
	/* What a flow cache remembered is not looked up again: then the first answer is kept. */
	if (!begin(sub) || agrees(q))
		*q = first;
}

/* The rules of an answer, by id. */
static void print_way(struct fw_buf *b, const struct fw_ruleset *rs, const char *who, const struct fw_result *r)
{
	fw_buf_printf(b, "\n# %s:", who);
	for (uint32_t i = 0; i < r->npassed; i++)
		fw_buf_printf(b, " %llu", (unsigned long long)fw_ruleset_by_slot(rs, fw_result_passed(r, i))->id);
	if (r->reason == FW_R_NONE)
		fw_buf_printf(b, " and %llu", (unsigned long long)fw_ruleset_by_slot(rs, r->slot)->id);
}

static void report(const struct fw_ruleset *rs, const struct question *q)
{
	struct fw_buf text = { 0 };

	fw_text_print(&text, rs);
	fw_buf_printf(&text, "# packet: ");
	fw_text_print_key(&text, rs, &q->key);
	for (uint32_t i = 0; q->bytes && i < q->readable; i++)
		fw_buf_printf(&text, "%s%02x", i % 32 ? " " : "\n# ", q->bytes[i]);
	print_way(&text, rs, q->engine, &q->got);
	print_way(&text, rs, "oracle", &q->want);
	fprintf(stderr, "%s\n", text.text); /* it may be longer than cmocka prints */
	fw_buf_free(&text);
	fail_msg(
		"FW_SEED=%llu: %s says %s, slot %u, reason %u, %u passed; the oracle %s, slot %u, reason %u, %u passed",
		(unsigned long long)random_seed(), q->engine, fw_verdict_name(q->got.verdict), q->got.slot,
		q->got.reason, q->got.npassed, fw_verdict_name(q->want.verdict), q->want.slot, q->want.reason,
		q->want.npassed);
}

static void check(struct question *q)
{
	struct fw_ruleset sub;

	if (agrees(q))
		return;
	sub = *engines.rs;
	sub.rules = malloc(sub.nrules * sizeof(*sub.rules) + 1);
	if (sub.nrules)
		memcpy(sub.rules, engines.rs->rules, sub.nrules * sizeof(*sub.rules));
	shrink(&sub, q);
	report(&sub, q);
}

void assert_same_verdict(const uint8_t *bytes, uint32_t readable, const struct fw_meta *meta)
{
	struct question q = { .bytes = bytes, .readable = readable, .meta = *meta };

	check(&q);
}

void assert_same_answer(const struct fw_key *key)
{
	struct question q = { .key = *key };

	check(&q);
}
