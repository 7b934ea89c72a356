// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwbench cost: the dearest packet as it is announced, against the dearest that random ports find between the same
 * addresses: the lines that it reads, and its time in user space, with those lines flushed from all caches and with them
 * there. The prices in fw/cost.h were measured with this.
 */
#include "tests/perf/bench.h"

#include "fw/cost.h"
#include "fw/tables.h"
#include "tests/unit/counted.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#define PACKETS 4000
#define ROUNDS 201
#define TCP 6
#define UDP 17

struct settings {
	const char *rules, *format;
};

static const struct bench_option options[] = {
	{ "--rules", "FILE", "the ruleset (required)", offsetof(struct settings, rules), 0 },
	{ "--format", "NAME", "of the rules: rules (default) or classbench", offsetof(struct settings, format), 0 },
};
static const struct bench_command_line command_line = { "cost --rules FILE [OPTION...]", options,
							sizeof(options) / sizeof(*options) };

struct run {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
	struct fw_classifier *classifier;
	struct fw_cost_worst worst;
	struct fw_key key; /* the dearest packet */
	struct fw_cost counted;
	struct bench_sample cold, hot; /* seconds */
};

static uint32_t below(uint64_t *state, uint32_t n)
{
	*state = fw_mix64(*state + 0x9e3779b97f4a7c15ull);
	return (uint32_t)((*state >> 32) * n >> 32);
}

/* A packet between the dearest addresses. */
static void key_make(const struct run *r, uint64_t *state, struct fw_key *key)
{
	static const uint32_t protocols[] = { TCP, TCP, UDP, 47 };
	uint32_t proto = protocols[below(state, 4)];

	*key = (struct fw_key){ .family = r->worst.family, .src = r->worst.src, .dst = r->worst.dst };
	key->reason = key->family == FW_FAMILY_NONE ? FW_R_NON_IP : FW_R_NONE;
	key->f[FW_F_PROTO] = proto;
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (f != FW_F_PROTO)
			key->f[f] = fw_key_layers(key) & fw_field_layer(f) ?
					    fw_field_info[f].usual[key->family == FW_IP6] :
					    fw_field_info[f].absent;
	key->f[FW_F_IFACE] = FW_IFACE_OTHER;
	key->f[FW_F_VLAN] = FW_ABSENT_VLAN;
	key->f[FW_F_ETHERTYPE] = key->family == FW_IP6 ? 0x86dd : 0x800;
	key->f[FW_F_LENGTH] = 60 + below(state, 1400);
	if (proto == TCP || proto == UDP) {
		key->f[FW_F_SPORT] = below(state, 65536);
		key->f[FW_F_DPORT] = below(state, below(state, 2) ? 1024 : 65536);
	}
	if (proto == TCP)
		key->f[FW_F_TCP_FLAGS] = 0x10;
}

static void find(struct run *r)
{
	uint64_t state = 1;

	for (unsigned i = 0; i < PACKETS; i++) {
		struct fw_cost cost;
		struct fw_key key;

		key_make(r, &state, &key);
		counted_lookup(r->pool, r->image.root, &key, &cost);
		if (fw_cost_seconds(cost) > fw_cost_seconds(r->counted)) {
			r->counted = cost;
			r->key = key;
		}
	}
}

/* false: this CPU has no instruction for it that we know. */
static bool flush(const struct run *r)
{
#ifdef __x86_64__
	size_t n;
	const uint32_t *line = counted_lines(&n);

	for (size_t i = 0; i < n; i++)
		_mm_clflush(fw_pool_ptr(r->pool, line[i]));
	_mm_mfence();
	return true;
#else
	return false;
#endif
}

static int time_one(struct run *r, struct bench_sample *to)
{
	double start = fw_now();
	uint32_t slot = fw_classifier_result(r->classifier, &r->key).slot;

	__asm__ volatile("" : : "r"(slot) : "memory");
	return bench_sample_add(to, fw_now() - start);
}

static int measure(struct run *r)
{
	struct fw_cost cost;
	int err = fw_classifier_new(r->pool, false, &r->classifier);

	if (err)
		return err;
	fw_classifier_publish(r->classifier, r->image.root, 1);
	counted_lookup(r->pool, r->image.root, &r->key, &cost); /* notes its lines */
	for (unsigned i = 0; !err && i < ROUNDS; i++) {
		if (flush(r))
			err = time_one(r, &r->cold);
		if (!err)
			err = time_one(r, &r->hot);
	}
	bench_sample_sort(&r->cold);
	bench_sample_sort(&r->hot);
	return err;
}

static void print(const struct run *r, const char *path)
{
	const struct fw_cost_worst *w = &r->worst;
	char a[32], b[32];

	printf("%s\n", path);
	printf("  announced   at most %s: %llu lines, %llu rounds; %u pairs, %u with blocks\n",
	       fw_cost_text(fw_cost_seconds(w->most), a, sizeof(a)), (unsigned long long)w->most.lines,
	       (unsigned long long)w->most.rounds, w->pairs, w->blocks);
	printf("  these two   at most %s: %llu lines, %llu rounds\n",
	       fw_cost_text(fw_cost_seconds(w->found), a, sizeof(a)), (unsigned long long)w->found.lines,
	       (unsigned long long)w->found.rounds);
	printf("  counted     %llu lines, and %llu rounds in blocks\n", (unsigned long long)r->counted.lines,
	       (unsigned long long)r->counted.rounds);
	printf("  measured    %s flushed, %s in the caches (medians)\n",
	       r->cold.n ? fw_cost_text(bench_sample_quantile(&r->cold, 0.5), a, sizeof(a)) : "unknown",
	       fw_cost_text(bench_sample_quantile(&r->hot, 0.5), b, sizeof(b)));
}

static int run(struct run *r, const struct settings *s, enum fw_format format)
{
	static struct fw_diags ds;
	int err = bench_rules_read(s->rules, format, &r->rs);

	if (err)
		return err;
	err = fw_pool_new(&r->pool);
	if (!err)
		err = fw_tables_compile(r->rs, r->pool, NULL, &ds, &r->image);
	bench_say(&ds);
	if (!err)
		err = fw_cost_worst(r->pool, r->image.root, &r->worst);
	if (!err)
		find(r);
	if (!err)
		err = measure(r);
	if (!err)
		print(r, s->rules);
	return err ? bench_said("measure", err) : 0;
}

int bench_cost(int argc, char **argv)
{
	struct settings s = { .format = "rules" };
	struct run r = { .rs = NULL };
	enum fw_format format;
	int err = bench_options(&command_line, &s, argc, argv);

	if (err)
		return err < 0 ? 2 : 0;
	if (!s.rules || bench_format(s.format, &format)) {
		bench_wrong_usage(&command_line, !s.rules ? "--rules is missing" : "--format is rules or classbench");
		return 2;
	}
	bench_pin_cpu();
	err = run(&r, &s, format);
	fw_classifier_free(r.classifier);
	fw_image_free(&r.image);
	fw_pool_free(r.pool);
	fw_ruleset_free(r.rs);
	free(r.cold.v);
	free(r.hot.v);
	return err ? 1 : 0;
}
