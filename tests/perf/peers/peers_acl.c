// SPDX-License-Identifier: GPL-2.0-only
/*
 * DPDK's packet classifier, librte_acl, in user space: what a router that takes
 * packets from the card by itself would filter by. No packets and no large pages here, only its tables and its search.
 *
 * The five fields as one bit vector of 16 bytes, priorities so that the first rule that matches decides. The key is written
 * from the packet inside the time that is taken, as the packet is parsed inside that of the others.
 */
#include <rte_config.h>

#include <rte_acl.h>
#include <rte_eal.h>
#include <rte_errno.h>

#include "tests/perf/bench.h"
#include "tests/perf/peers/peer.h"

#include <arpa/inet.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXTRA_RULES 128 /* that may be added */
#define BATCH_MAX 32
#define MEMORY_MB 8192 /* of address space for its tables, half of the machine's memory if that is less */

/* In network byte order. The first field that it looks at must be a byte, the others are in groups of four. */
struct key {
	uint8_t proto, unused[3];
	__be32 src, dst;
	__be16 sport, dport;
};

enum { PROTO, SRC, DST, SPORT, DPORT, FIELDS };
#define FIELD(index, kind, member, group)                      \
	[index] = { .type = RTE_ACL_FIELD_TYPE_##kind,         \
		    .size = sizeof(((struct key *)0)->member), \
		    .field_index = (index),                    \
		    .input_index = (group),                    \
		    .offset = offsetof(struct key, member) }
static const struct rte_acl_config config = {
	.num_categories = 1,
	.num_fields = FIELDS,
	.defs = { FIELD(PROTO, BITMASK, proto, 0), FIELD(SRC, MASK, src, 1), FIELD(DST, MASK, dst, 2),
		  FIELD(SPORT, RANGE, sport, 3), FIELD(DPORT, RANGE, dport, 3) },
};
RTE_ACL_RULE_DEF(rule, FIELDS);

enum { NO_RULE, DROP, ACCEPT }; /* its results */

struct acl {
	struct rte_acl_ctx *acl;
	enum rte_acl_classify_alg method;
	unsigned batch;
	bool policy;
	int32_t priority; /* of the next rule */
	struct key keys[BATCH_MAX];
	const uint8_t *at[BATCH_MAX]; /* each of them */
};

static int said(const char *what, int err)
{
	fprintf(stderr, "fwbench: DPDK cannot %s: %s\n", what, rte_strerror(err < 0 ? -err : err));
	return err < 0 ? err : -err;
}

/* It wants a folder to run in, and leaves it. */
static int eal_init(char **argv, int argc)
{
	char dir[] = "/tmp/fwbench-XXXXXX", path[64];
	int err;

	if (!mkdtemp(dir) || setenv("RUNTIME_DIRECTORY", dir, 1))
		return bench_said("make a folder in /tmp", -errno);
	err = rte_eal_init(argc, argv) < 0 ? said("start", rte_errno) : 0;
	snprintf(path, sizeof(path), "%s/dpdk/fwbench", dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/dpdk", dir);
	rmdir(path);
	rmdir(dir);
	return err;
}

/* Once in a process; it stays on the CPU that it is on. */
static int eal_start(void)
{
	static bool started;
	char core[32], memory[32];
	long half = sysconf(_SC_PHYS_PAGES) / 2 * (sysconf(_SC_PAGESIZE) / 1024) / 1024;
	char *argv[] = { "fwbench",
			 "--no-huge",
			 "--no-pci",
			 "--no-shconf",
			 "--no-telemetry",
			 "--file-prefix=fwbench",
			 "--iova-mode=va",
			 "--force-max-simd-bitwidth=512",
			 "--log-level=*:critical",
			 "--lcores",
			 core,
			 "-m",
			 memory,
			 NULL };
	int err;

	if (started)
		return 0;
	snprintf(core, sizeof(core), "0@%d", sched_getcpu());
	snprintf(memory, sizeof(memory), "%ld", half < MEMORY_MB ? half : MEMORY_MB);
	err = eal_init(argv, sizeof(argv) / sizeof(argv[0]) - 1);
	started = !err;
	return err;
}

static int acl_start(enum rte_acl_classify_alg method, unsigned batch, void **out)
{
	int err = eal_start();
	struct acl *a = err ? NULL : calloc(1, sizeof(*a));

	if (!a)
		return err ? err : -ENOMEM;
	a->method = method;
	a->batch = batch;
	for (unsigned i = 0; i < BATCH_MAX; i++)
		a->at[i] = (const uint8_t *)&a->keys[i];
	*out = a;
	return 0;
}

/* After all others. */
static int rule_add(struct acl *a, const struct work_rule *r)
{
	struct rule rule = {
		.data = { .category_mask = 1, .priority = a->priority--, .userdata = r->accept ? ACCEPT : DROP },
		.field = {
			[PROTO] = { .value.u8 = r->proto, .mask_range.u8 = r->proto ? 0xff : 0 },
			[SRC] = { .value.u32 = r->src, .mask_range.u32 = r->src_len },
			[DST] = { .value.u32 = r->dst, .mask_range.u32 = r->dst_len },
			[SPORT] = { .value.u16 = r->sport[0], .mask_range.u16 = r->sport[1] },
			[DPORT] = { .value.u16 = r->dport[0], .mask_range.u16 = r->dport[1] },
		},
	};
	int err = rte_acl_add_rules(a->acl, (const struct rte_acl_rule *)&rule, 1);

	return err ? said("take a rule", err) : 0;
}

static int build(struct acl *a)
{
	int err = rte_acl_build(a->acl, &config);

	return err ? said("build its tables", err) : 0;
}

/* Builds librte_acl's table from all rules, with room for EXTRA_RULES more. 0 or -errno, which was reported. */
static int acl_load(const struct work *w, struct stage *st, void **ctx)
{
	const struct rte_acl_param param = {
		.name = "fwbench",
		.socket_id = SOCKET_ID_ANY,
		.rule_size = RTE_ACL_RULE_SZ(FIELDS),
		.max_rule_num = (uint32_t)w->n + EXTRA_RULES,
	};
	struct acl *a = *ctx;
	int err = 0;

	a->policy = w->accept;
	a->priority = RTE_ACL_MAX_PRIORITY;
	a->acl = rte_acl_create(&param);
	if (!a->acl)
		return said("make a table", rte_errno);
	if (rte_acl_set_ctx_classify(a->acl, a->method))
		return said("search by this method", -ENOTSUP);
	for (size_t i = 0; !err && i < w->n; i++)
		err = rule_add(a, &w->rules[i]);
	return err ? err : build(a);
}

/* A built context cannot be changed: everything is built again. */
static int acl_add(void *ctx, const struct work_rule *r)
{
	int err = rule_add(ctx, r);

	return err ? err : build(ctx);
}

static void acl_unload(void *ctx)
{
	struct acl *a = ctx;

	if (!a)
		return;
	rte_acl_free(a->acl);
	free(a);
}

/* Looks up @n packets in batches; an answer that no rule gave is that of the policy. */
static void acl_lookup(void *ctx, const struct work_packet *p, size_t n, bool *accept)
{
	struct acl *a = ctx;
	uint32_t answers[BATCH_MAX];

	for (size_t i = 0; i < n; i += a->batch) {
		unsigned batch = n - i < a->batch ? (unsigned)(n - i) : a->batch;

		for (unsigned j = 0; j < batch; j++) {
			const struct work_packet *packet = &p[i + j];

			a->keys[j] = (struct key){ .proto = packet->proto,
						   .src = htonl(packet->src),
						   .dst = htonl(packet->dst),
						   .sport = htons(packet->sport),
						   .dport = htons(packet->dport) };
		}
		rte_acl_classify(a->acl, a->at, answers, batch, 1);
		for (unsigned j = 0; j < batch; j++)
			accept[i + j] = answers[j] == NO_RULE ? a->policy : answers[j] == ACCEPT;
	}
}

struct method {
	const char *name;
	enum rte_acl_classify_alg method;
};
static const struct method scalar[] = { { "scalar", RTE_ACL_CLASSIFY_SCALAR } };

/* The widest vectors that this CPU has, as the library itself asks for them. */
static const struct method *vector_best(void)
{
	static const struct method methods[] = { { "AVX-512", RTE_ACL_CLASSIFY_AVX512X32 },
						 { "AVX2", RTE_ACL_CLASSIFY_AVX2 },
						 { "SSE4.1", RTE_ACL_CLASSIFY_SSE } };
	__builtin_cpu_init();
	const bool has[] = { __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
				     __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512bw"),
			     __builtin_cpu_supports("avx2"), __builtin_cpu_supports("sse4.1") };

	for (size_t i = 0; i < sizeof(has) / sizeof(has[0]); i++)
		if (has[i])
			return &methods[i];
	return scalar;
}

static const char *no_vector(const struct work *w)
{
	return vector_best() != scalar ? NULL : "the CPU has no vectors that it knows";
}

#define PEER_ACL(sym, word, chosen, packets, why, as)                                                           \
	static char sym##_label[48];                                                                            \
	static __attribute__((constructor)) void sym##_name(void)                                               \
	{                                                                                                       \
		snprintf(sym##_label, sizeof(sym##_label), "DPDK ACL (%s, batch %u)", (chosen)->name, packets); \
	}                                                                                                       \
	static int sym##_start(void **out)                                                                      \
	{                                                                                                       \
		return acl_start((chosen)->method, packets, out);                                               \
	}                                                                                                       \
	static const struct peer peer_##sym = {                                                                 \
		.name = word,                                                                                   \
		.label = sym##_label,                                                                           \
		.kind = PEER_USER,                                                                              \
		.cannot = why,                                                                                  \
		.loads_as = as,                                                                                 \
		.start = sym##_start,                                                                           \
		.load = acl_load,                                                                               \
		.unload = acl_unload,                                                                           \
		.add = acl_add,                                                                                 \
		.lookup = acl_lookup,                                                                           \
	};

PEER_ACL(scalar_1, "acl-scalar-1", scalar, 1u, NULL, NULL)
PEER_ACL(scalar_32, "acl-scalar-32", scalar, 32u, NULL, &peer_scalar_1)
PEER_ACL(vector_1, "acl-vector-1", vector_best(), 1u, no_vector, &peer_scalar_1)
PEER_ACL(vector_32, "acl-vector-32", vector_best(), 32u, no_vector, &peer_scalar_1)

const struct peer *const peers_acl[] = { &peer_scalar_1, &peer_scalar_32, &peer_vector_1, &peer_vector_32, NULL };
