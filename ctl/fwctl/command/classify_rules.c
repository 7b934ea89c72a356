// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwctl classify --rules: the tables of a file's rules answer, in user space and with --kernel in the kernel too. Each answer
 * is compared with a linear search of the rules, which also finds the rules that led to the chain of the first match, and those
 * of its chain that it shadows.
 */
#include "classify.h"
#include "classify_packets.h"
#include "ruleset.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include "fw/attach_needs.h"
#include "fw/oracle.h"
#include "fw/table/packet.h"

#include <string.h>

#define SHADOWS 10
/* Interface indices: that which packets of a test run come from, and those of a dry run. */
enum { LOOPBACK = 1, DRY_ON, DRY_FROM, DRY_TO };

struct session {
	const struct ctl_settings *settings;
	struct ctl_tables tables; /* in the kernel with --kernel */
	struct fw_classifier *classifier;
	struct fw_attach_needs needs;
	bool dry; /* rules name what a test run's packet does not have */
	bool failed;
};

struct answer {
	struct fw_key key;
	struct fw_result oracle, user, kern;
	long index; /* of the rule; -1: a policy */
	struct fw_way way;
	uint32_t passed[FW_TURNS]; /* as in struct fw_result */
	const char *untested;      /* why the kernel was not asked; NULL: it was, or was not to be */
	size_t shadows[SHADOWS], nshadows;
};

static bool same(const struct fw_result *a, const struct fw_result *b)
{
	return a->verdict == b->verdict && a->reason == b->reason && (a->reason != FW_R_NONE || a->slot == b->slot) &&
	       a->npassed == b->npassed &&
	       (!a->npassed || !memcmp(a->passed, b->passed, a->npassed * sizeof(*a->passed)));
}

static void ask_oracle(const struct fw_ruleset *rs, struct answer *a)
{
	a->way = fw_oracle_way(rs, &a->key);
	a->index = a->way.rule;
	a->oracle = (struct fw_result){ .verdict = a->way.verdict, .reason = a->way.reason };
	a->oracle.npassed = a->way.npassed;
	a->oracle.passed = a->passed;
	for (uint32_t i = 0; i < a->way.npassed; i++)
		a->passed[i] = FW_WHAT(rs->rules[a->way.passed[i]]->slot + FW_COUNTER_RULES,
				       rs->rules[a->way.passed[i]]->action);
	if (a->index < 0)
		return;
	a->oracle.slot = rs->rules[a->index]->slot;
	for (size_t i = (size_t)a->index + 1; i < rs->nrules && rs->rules[i]->chain == rs->rules[a->index]->chain;
	     i++) {
		if (!fw_oracle_rule(rs, rs->rules[i], &a->key))
			continue;
		if (a->nshadows < SHADOWS)
			a->shadows[a->nshadows] = i;
		a->nshadows++;
	}
}

static enum fw_prog program_for(const struct session *ss, const struct fw_frame *frame)
{
	if (frame->hook == FW_OUT)
		return FW_PROG_TC_EGRESS;
	return ss->needs.mark || frame->mark ? FW_PROG_TC_INGRESS : FW_PROG_XDP;
}

/* The answer of the program for packets that do not arrive anywhere. */
static int ask_dry(struct session *ss, const struct fw_frame *frame, const struct fw_meta *meta, struct answer *a)
{
	const uint32_t *f = a->key.f;
	struct fw_probe p = { .frame = frame->data,
			      .len = frame->len,
			      .mark = frame->mark,
			      .hook = (enum fw_hook)frame->hook,
			      .iface = DRY_ON,
			      .from_if = f[FW_F_FROM_IF] <= FW_IFACE_OTHER ? DRY_FROM : 0,
			      .to_if = f[FW_F_TO_IF] <= FW_IFACE_OTHER ? DRY_TO : 0,
			      .state = f[FW_F_STATE],
			      .uid = f[FW_F_UID],
			      .gid = f[FW_F_GID] };
	int err = fw_kern_iface_set(ss->tables.kern, DRY_ON, meta->iface);

	if (!err && p.from_if)
		err = fw_kern_iface_set(ss->tables.kern, DRY_FROM, meta->from_if);
	if (!err && p.to_if)
		err = fw_kern_iface_set(ss->tables.kern, DRY_TO, meta->to_if);
	return err ? err : fw_kern_probe(ss->tables.kern, &p, &a->kern);
}

/* The kernel's answer, or why it cannot be asked, which is not an error. Return: 0 or -errno. */
static int ask_kernel(struct session *ss, const struct fw_frame *frame, const struct fw_meta *meta, struct answer *a)
{
	int err;

	if (frame->len < ETH_HLEN)
		a->untested = "shorter than an Ethernet header";
	else if (frame->len < frame->wire_len)
		a->untested = "the capture holds only its beginning";
	if (a->untested)
		return 0;
	if (ss->dry || frame->hook > FW_OUT)
		return ask_dry(ss, frame, meta, a);
	err = fw_kern_iface_set(ss->tables.kern, LOOPBACK, meta->iface);
	if (err)
		return err;
	return fw_kern_test(ss->tables.kern, program_for(ss, frame), frame->data, frame->len, frame->mark, &a->kern);
}

/* "drop by rule 10", or "drop by policy in". */
static void describe(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_result *r)
{
	fw_buf_printf(b, "%s by ", fw_verdict_name(r->verdict));
	if (r->reason < FW_NREASONS) {
		fw_buf_printf(b, "policy %s", fw_reason_info[r->reason].name);
		return;
	}
	for (size_t i = 0; i < rs->nrules; i++)
		if (rs->rules[i]->slot == r->slot) {
			fw_buf_printf(b, "rule %llu", (unsigned long long)rs->rules[i]->id);
			return;
		}
	fw_buf_printf(b, "a rule that does not exist (slot %u)", r->slot);
}

/* An answer that differs from the linear search is an error. Return: 0 or -EINVAL, which is printed. */
static int compare(const struct session *ss, const char *packet, const char *name, const struct fw_result *got,
		   const struct answer *a)
{
	fw_cleanup(fw_buf_free) struct fw_buf is = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf want = { 0 };

	if (same(got, &a->oracle))
		return 0;
	describe(&is, ss->tables.rs, got);
	describe(&want, ss->tables.rs, &a->oracle);
	ctl_error("INTERNAL ERROR: %s: %s gives %s; a linear search of the rules gives %s", packet, name, is.text,
		  want.text);
	return -EINVAL;
}

/* The policy that decided. */
static const char *policy_of(const struct answer *a)
{
	return a->oracle.reason < FW_NREASONS ? fw_reason_info[a->oracle.reason].name : NULL;
}

static void print_rule(const struct fw_ruleset *rs, const char *what, size_t index)
{
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };

	fw_text_print_rule(&text, rs, rs->rules[index]);
	printf("  %-8s %s\n", what, text.text ? text.text : "");
}

static void print_text(const struct session *ss, const char *packet, const struct answer *a)
{
	ctl_put(stdout, packet);
	printf(": %s\n", fw_verdict_name(a->oracle.verdict));
	for (uint32_t i = 0; i < a->way.npassed; i++)
		print_rule(ss->tables.rs, i ? "" : "counted", (size_t)a->way.passed[i]);
	if (a->index < 0)
		ctl_classify_print_policy(policy_of(a), fw_verdict_name(a->oracle.verdict));
	else
		print_rule(ss->tables.rs, "by", (size_t)a->index);
	for (uint32_t i = 0; i < a->way.ncalls; i++)
		print_rule(ss->tables.rs, i ? "" : "through", (size_t)a->way.calls[a->way.ncalls - 1 - i]);
	for (size_t i = 0; i < a->nshadows && i < SHADOWS; i++)
		print_rule(ss->tables.rs, i ? "" : "shadows", a->shadows[i]);
	if (a->nshadows > SHADOWS)
		printf("  %-8s and %zu more\n", "", a->nshadows - SHADOWS);
	if (a->untested)
		printf("  kernel   not asked: %s\n", a->untested);
	else if (ss->tables.kern)
		printf("  kernel   the same\n");
}

static json_t *json_rule(const struct fw_ruleset *rs, size_t index)
{
	return ctl_json_rule_of(rs, rs->rules[index]);
}

static int print_json(const struct session *ss, const char *packet, const struct answer *a)
{
	const struct fw_ruleset *rs = ss->tables.rs;
	json_t *shadows = json_array(), *counted = json_array(), *through = json_array();

	for (uint32_t i = 0; i < a->way.npassed; i++)
		json_array_append_new(counted, json_rule(rs, (size_t)a->way.passed[i]));
	for (uint32_t i = a->way.ncalls; i--;)
		json_array_append_new(through, json_rule(rs, (size_t)a->way.calls[i]));
	for (size_t i = 0; i < a->nshadows && i < SHADOWS; i++)
		json_array_append_new(shadows, json_rule(rs, a->shadows[i]));
	return ctl_json_print(json_pack("{so ss so so so so so sI sb so}", "packet", fw_json_text(packet), "verdict",
					fw_verdict_name(a->oracle.verdict), "rule",
					a->index < 0 ? json_null() : json_rule(rs, (size_t)a->index), "through",
					through, "policy", fw_json_text(a->index < 0 ? policy_of(a) : NULL), "counted",
					counted, "shadows", shadows, "shadowed", (json_int_t)a->nshadows, "kernel",
					ss->tables.kern && !a->untested, "kernel_not_asked",
					fw_json_text(a->untested)));
}

/* Answers one packet. An error is printed, and the next packet is answered. */
static void classify(struct session *ss, const struct fw_frame *frame)
{
	fw_cleanup(fw_buf_free) struct fw_buf packet = { 0 };
	struct fw_meta meta = fw_frame_meta(frame, fw_frame_number, ss->tables.rs);
	struct answer a = { 0 };
	int err = 0;

	fw_packet_parse(frame->data, frame->data + frame->len, &meta, &a.key);
	ask_oracle(ss->tables.rs, &a);
	a.user = fw_classifier_result(ss->classifier, &a.key);
	fw_text_print_key(&packet, ss->tables.rs, &a.key);

	const char *text = packet.text ? packet.text : "packet";

	if (ss->tables.kern)
		err = ask_kernel(ss, frame, &meta, &a);
	if (err)
		ctl_error("%s: the kernel cannot be asked: %s", text, strerror(-err));
	if (!err)
		err = compare(ss, text, "the compiled tables' lookup", &a.user, &a);
	if (!err && ss->tables.kern && !a.untested)
		err = compare(ss, text, "the kernel", &a.kern, &a);
	if (!err && ss->settings->json)
		err = print_json(ss, text, &a);
	else if (!err)
		print_text(ss, text, &a);
	ss->failed |= err != 0;
}

static void classify_text(void *ctx, const char *text)
{
	struct session *ss = ctx;
	struct fw_diags ds = { 0 };
	struct fw_frame frame;

	if (!fw_text_frame(text, &frame, &ds)) {
		classify(ss, &frame);
		return;
	}
	ctl_print_diags(&ds, &(struct ctl_source){ .text = text, .len = strlen(text) });
	ss->failed = true;
}

static void classify_frame(void *ctx, const struct fw_frame *frame)
{
	classify(ctx, frame);
}

static bool names_kernel_fields(const struct fw_ruleset *rs)
{
	for (size_t i = 0; i < rs->nrules; i++)
		for (unsigned m = 0; m < rs->rules[i]->nmatches; m++)
			if (FW_FIELDS_OF_KERNEL & FW_FIELD_BIT(rs->rules[i]->matches[m]->field))
				return true;
	return false;
}

/* Tables and a classifier for them. Return: 0 or -errno, which is printed. */
static int session_begin(struct session *ss)
{
	const struct ctl_settings *s = ss->settings;
	int err = ctl_tables_open(s->rules, s->format, s->kernel, &ss->tables);

	if (err)
		return err;
	err = fw_classifier_new(ss->tables.pool, false, &ss->classifier);
	if (err) {
		ctl_print_failure(NULL, "cannot make a classifier", err);
		return err;
	}
	fw_classifier_publish(ss->classifier, ss->tables.image.root, 1);
	fw_attach_needs_of(ss->tables.rs, &ss->needs);
	ss->dry = names_kernel_fields(ss->tables.rs);
	return 0;
}

int ctl_classify_rules(const struct ctl_settings *s, int n, char **packets)
{
	static const struct ctl_packet_ops ops = { classify_text, classify_frame };
	struct session ss = { .settings = s };

	if (session_begin(&ss) || ctl_packets_each(s, n, packets, &ops, &ss))
		ss.failed = true;
	fw_classifier_free(ss.classifier);
	ctl_tables_close(&ss.tables);
	return ss.failed ? CTL_FAILED : CTL_OK;
}
