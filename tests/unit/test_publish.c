// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images that are built and freed in one pool, which of them the program sees, what it
 * remembers of those before, and what it says of frames that nobody sent.
 * Skipped where programs may not be loaded.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <linux/audit.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw/kern.h"
#include "fw/oracle.h"
#include "fw/tables.h"
#include "tests/unit/probe.h"
#include "tests/unit/random.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/sandbox.h"

#define LOOPBACK 1 /* the ingress interface of test packets */
/* Interface index of number 0 in the rulesets. */
#define IFINDEX 100

static struct fw_kern *kern;

/* A ruleset and its tables. */
struct live {
	struct fw_ruleset *rs;
	struct fw_image image;
};

static void live_begin(struct live *l, struct fw_ruleset *rs)
{
	l->rs = rs;
	assert_int_equal(fw_tables_compile(rs, fw_kern_pool(kern), NULL, NULL, &l->image), 0);
	assert_int_equal(fw_kern_counters_reserve(kern, rs->next_slot), 0);
}

static void live_end(struct live *l)
{
	fw_image_free(&l->image);
	fw_ruleset_free(l->rs);
	*l = (struct live){ 0 };
}

static void publish(const struct live *l)
{
	assert_int_equal(fw_kern_publish(kern, l->image.root, fw_kern_generation(kern) + 1), 0);
}

static struct fw_result oracle(const struct fw_ruleset *rs, const uint8_t *bytes, uint32_t readable,
			       const struct fw_meta *meta)
{
	struct fw_key key;
	struct fw_result want = { .reason = FW_R_NONE };
	long i;

	fw_packet_parse(bytes, bytes + readable, meta, &key);
	i = fw_oracle(rs, &key);
	want.verdict = fw_oracle_verdict(rs, i, &key);
	if (i >= 0)
		want.slot = rs->rules[i]->slot;
	else
		want.reason = key.reason == FW_R_NONE ? key.f[FW_F_HOOK] : key.reason;
	return want;
}

static void assert_same(struct fw_result got, struct fw_result want)
{
	if (got.verdict != want.verdict || got.slot != want.slot || got.reason != want.reason)
		fail_msg("seed %llu: verdict %d, slot %u, reason %u; right: verdict %d, slot %u, reason %u",
			 (unsigned long long)random_seed(), got.verdict, got.slot, got.reason, want.verdict, want.slot,
			 want.reason);
}

static void assert_probe(const struct fw_ruleset *rs, const uint8_t *bytes, uint32_t len, const struct fw_meta *meta)
{
	struct fw_meta whole = *meta;
	struct fw_result got;
	struct fw_probe p;

	whole.len = len;
	if (whole.iface >= rs->nifaces && whole.hook != FW_FORWARD)
		whole.iface = FW_IFACE_OTHER;
	p = probe_of(&whole, bytes, IFINDEX);
	assert_int_equal(fw_kern_probe(kern, &p, &got), 0);
	assert_same(got, oracle(rs, bytes, len, &whole));
}

static void name_interfaces(void)
{
	for (uint32_t i = 0; i < 8; i++)
		assert_int_equal(fw_kern_iface_set(kern, IFINDEX + i, i), 0);
}

static uint64_t packets_counted(void)
{
	uint64_t sum = 0;

	for (uint32_t slot = 0; slot < 1000; slot++)
		sum += fw_kern_rule_count(kern, slot).packets;
	for (int i = 0; i < FW_NREASONS * 2; i++)
		sum += fw_kern_reason_count(kern, (enum fw_reason)(i / 2), (enum fw_verdict)(i % 2)).packets;
	return sum;
}

/* Frames whole and cut at any byte, also where a test run would not take them. */
static void probes(void **state)
{
	static const struct random_shape shapes[] = {
		{ 1, 2, 2, 2, 60 }, { 40, 12, 3, 2, 60 }, { 300, 30, 3, 3, 70 }, { 300, 12, 2, 7, 90 }
	};
	static struct random_frame f;
	uint64_t counted = packets_counted();

	name_interfaces();
	for (unsigned i = 0; i < 40; i++) {
		struct live l;

		live_begin(&l, random_ruleset(&shapes[i % 4]));
		publish(&l);
		for (unsigned j = 0; j < 500; j++) {
			random_frame(l.rs, &f);
			assert_probe(l.rs, f.bytes, f.meta.len, &f.meta);
			assert_probe(l.rs, f.bytes, random_below(f.meta.len + 1), &f.meta);
		}
		live_end(&l);
	}
	assert_int_equal(packets_counted(), counted);
}

/* Of a long frame the kernel takes only the beginning; its length is right all the same. */
static void long_frame(void **state)
{
	static uint8_t bytes[9000];
	struct live l;
	struct fw_frame f;
	struct fw_meta meta = { .hook = FW_IN, .iface = FW_IFACE_OTHER };

	live_begin(&l, ruleset_of("rule length 8900-9100 drop\nrule accept"));
	publish(&l);
	assert_int_equal(fw_text_frame("udp 10.0.0.1:1 > 10.0.0.2:2 length 8986", &f, NULL), 0);
	memcpy(bytes, f.data, f.len);
	for (uint32_t len = 8999; len <= 9000; len++)
		assert_probe(l.rs, bytes, len, &meta);
	live_end(&l);
}

enum { IMAGES = 8 };

static struct fw_ruleset *some_ruleset(void)
{
	static const struct random_shape small = { 40, 12, 3, 2, 60 }, large = { 3000, 1500, 200, 1, 40 };

	switch (random_below(4)) {
	case 0:
		return random_ruleset(&large);
	case 1:
		return ruleset_ports(1 + random_below(10000));
	default:
		return random_ruleset(&small);
	}
}

/* Images between others, with holes where some were, published in any order. */
static void images_come_and_go(void **state)
{
	static struct random_frame f;
	struct live images[IMAGES] = { 0 };
	uint32_t before = fw_kern_pool(kern)->nsegments, most = 0;
	int visible = -1;

	name_interfaces();
	for (unsigned step = 0; step < 300; step++) {
		int i = (int)random_below(IMAGES);

		if (!images[i].rs)
			live_begin(&images[i], some_ruleset());
		else if (i != visible && random_below(2))
			live_end(&images[i]);
		if (!random_below(4))
			assert_int_equal(fw_kern_sync(kern), 0);
		if (images[i].rs) {
			publish(&images[i]);
			visible = i;
		}
		for (unsigned j = 0; visible >= 0 && j < 20; j++) {
			random_frame(images[visible].rs, &f);
			assert_probe(images[visible].rs, f.bytes, f.meta.len, &f.meta);
		}
		if (fw_kern_pool(kern)->nsegments > most)
			most = fw_kern_pool(kern)->nsegments;
	}
	for (int i = 0; i < IMAGES; i++)
		if (images[i].rs)
			live_end(&images[i]);
	assert_int_equal(fw_kern_sync(kern), 0);
	assert_int_equal(fw_kern_pool(kern)->nsegments, before);
	assert_true(most >= before + 4);
}

static bool accepts(const char *text)
{
	struct fw_result got;
	struct fw_frame f;

	assert_int_equal(fw_text_frame(text, &f, NULL), 0);
	assert_int_equal(fw_kern_test(kern, FW_PROG_XDP, f.data, f.len, 0, &got), 0);
	return got.verdict == FW_ACCEPT;
}

/* A generation number that is used again must not bring back anything from a flow cache or from a CPU's copy of the root. */
static void generation_again(void **state)
{
	static const char *const packet = "udp 10.0.0.1:1 > 10.0.0.2:2";
	struct live l;
	uint32_t root;

	live_begin(&l, ruleset_of("rule proto udp accept"));
	root = l.image.root;
	assert_int_equal(fw_kern_publish(kern, root, 5), 0);
	for (int i = 0; i < 100; i++)
		assert_true(accepts(packet));
	live_end(&l);

	/* In the same place, under the same control word. */
	live_begin(&l, ruleset_of("rule proto udp drop"));
	assert_int_equal(l.image.root, root);
	assert_int_equal(fw_kern_publish(kern, root, UINT32_MAX), 0);
	assert_int_equal(fw_kern_generation(kern), UINT32_MAX);
	assert_int_equal(fw_kern_publish(kern, root, 5), 0);
	assert_int_equal(fw_kern_generation(kern), 5);
	for (int i = 0; i < 100; i++)
		assert_false(accepts(packet));
	live_end(&l);
}

static void counter_cleared(void **state)
{
	struct live l;
	uint64_t other;

	live_begin(&l, ruleset_of("rule proto udp accept\nrule proto tcp accept"));
	publish(&l);
	for (int i = 0; i < 10; i++)
		assert_true(accepts(i & 1 ? "udp 10.0.0.1:1 > 10.0.0.2:2" : "tcp 10.0.0.1:1 > 10.0.0.2:2"));
	other = fw_kern_rule_count(kern, 1).packets;
	assert_true(fw_kern_rule_count(kern, 0).packets >= 5);
	fw_kern_counter_clear(kern, 0);
	assert_int_equal(fw_kern_rule_count(kern, 0).packets, 0);
	assert_int_equal(fw_kern_rule_count(kern, 0).bytes, 0);
	assert_int_equal(fw_kern_rule_count(kern, 1).packets, other);
	assert_true(accepts("udp 10.0.0.1:1 > 10.0.0.2:2"));
	assert_int_equal(fw_kern_rule_count(kern, 0).packets, 1);
	/* A slot that there is no counter for. */
	fw_kern_counter_clear(kern, 1u << 24);
	live_end(&l);
}

/* As on kernels that run CPUs without ticks (nohz_full). */
static int grace_without_membarrier(void)
{
	struct fw_kern *k = NULL;
	int err = sandbox_refuse_call(SYS_membarrier, EINVAL)                                 ? 1 :
		  fw_kern_open(&(struct fw_kern_options){ .pool = sandbox_pool() }, NULL, &k) ? 2 :
												0;

	for (int i = 0; i < 3 && !err; i++)
		err = fw_kern_grace(k) ? 3 : 0;
	fw_kern_close(k);
	return err;
}

static void grace(void **state)
{
	int status;
	pid_t pid;

	assert_int_equal(fw_kern_grace(kern), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(grace_without_membarrier());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(probes),
		cmocka_unit_test(long_frame),
		cmocka_unit_test(images_come_and_go),
		cmocka_unit_test(generation_again),
		cmocka_unit_test(counter_cleared),
		cmocka_unit_test(grace),
	};
	int err, failed;

	random_start();
	err = fw_kern_open(&(struct fw_kern_options){ .pool = sandbox_pool() }, NULL, &kern);
	if (err == -EPERM) {
		print_message("skipped: the kernel, for want of CAP_BPF\n");
		return 0;
	}
	if (err || fw_kern_iface_set(kern, LOOPBACK, FW_IFACE_OTHER))
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fw_kern_close(kern);
	return failed;
}
