// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwctl classify: which rule does a packet meet? fwd's live tables answer
 * (live.c), or here the tables of a file's rules, in user space and on demand in
 * the kernel; every answer of these is compared with a linear search of the
 * rules, which also finds the rules that the winner shadows.
 */
#include "classify.h"
#include "rows.h"
#include "ruleset.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"

#include "fw/pcap.h"
#include "fw/table/packet.h"

#include <string.h>

#define SHADOWS 10
#define LOOPBACK 1 /* interface index that packets of a test run come from */

static const struct ctl_option *const options[] = {
	&ctl_opt_rules, &ctl_opt_pcap, &ctl_opt_format, &ctl_opt_kernel, NULL,
};

struct session {
	const struct ctl_settings *settings;
	struct fw_ruleset *rs;
	struct fw_pool *plain; /* owned; NULL with a kernel, whose pool it is then */
	struct fw_kern *kern;  /* NULL: not asked */
	struct fw_classifier *classifier;
	struct fw_image image;
	bool marks; /* some rule looks at the mark, which XDP does not have */
	bool failed;
};

struct answer {
	struct fw_key key;
	struct fw_result oracle, user, kern;
	long index;           /* of the rule, -1: a policy */
	const char *untested; /* why the kernel was not asked; NULL: it was, or need not be */
	size_t shadows[SHADOWS], nshadows;
};

static void session_end(struct session *ss)
{
	fw_classifier_free(ss->classifier);
	fw_image_free(&ss->image);
	fw_kern_close(ss->kern);
	fw_pool_free(ss->plain);
	fw_ruleset_free(ss->rs);
}

static bool ruleset_has_marks(const struct fw_ruleset *rs)
{
	for (size_t i = 0; i < rs->nrules; i++)
		if (fw_rule_match(rs->rules[i], FW_F_MARK))
			return true;
	return false;
}

static int session_tables(struct session *ss)
{
	struct fw_pool *pool;
	int err;

	err = ss->settings->kernel ? ctl_kern_open(&ss->kern) : fw_pool_new(&ss->plain);
	if (err) {
		if (!ss->settings->kernel)
			ctl_print_failure(NULL, "cannot make tables", err);
		return err;
	}
	pool = ss->kern ? fw_kern_pool(ss->kern) : ss->plain;
	err = ctl_ruleset_compile(ss->rs, pool, &ss->image);
	if (!err && ss->kern)
		err = ctl_kern_publish(ss->kern, ss->rs, &ss->image);
	if (err)
		return err;
	err = fw_classifier_new(pool, false, &ss->classifier);
	if (err)
		ctl_print_failure(NULL, "cannot make a classifier", err);
	else
		fw_classifier_publish(ss->classifier, ss->image.root, 1);
	return err;
}

static int session_begin(struct session *ss, const char *path)
{
	if (ctl_ruleset_load(path, ss->settings->format, &ss->rs, NULL) || session_tables(ss))
		return -EINVAL;
	ss->marks = ruleset_has_marks(ss->rs);
	return 0;
}

static uint32_t iface_number(const struct fw_ruleset *rs, const char *name)
{
	int number = fw_ruleset_iface_find(rs, name);

	return number < 0 ? FW_IFACE_OTHER : (uint32_t)number;
}

static bool same(const struct fw_result *a, const struct fw_result *b)
{
	return a->verdict == b->verdict && a->reason == b->reason && (a->reason != FW_R_NONE || a->slot == b->slot);
}

static void ask_oracle(const struct fw_ruleset *rs, struct answer *a)
{
	a->index = fw_oracle(rs, &a->key);
	a->oracle.verdict = fw_oracle_verdict(rs, a->index, &a->key);
	if (a->index < 0) {
		a->oracle.reason = a->key.reason == FW_R_NONE ? a->key.f[FW_F_HOOK] : a->key.reason;
		return;
	}
	a->oracle.reason = FW_R_NONE;
	a->oracle.slot = rs->rules[a->index]->slot;
	for (size_t i = (size_t)a->index + 1; i < rs->nrules; i++) {
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
	return ss->marks || frame->mark ? FW_PROG_TC_INGRESS : FW_PROG_XDP;
}

/* Return: 0 or -errno; what cannot be asked is not an error. */
static int ask_kernel(struct session *ss, const struct fw_frame *frame, uint32_t iface, struct answer *a)
{
	int err;

	if (frame->len < ETH_HLEN)
		a->untested = "shorter than an Ethernet header";
	else if (frame->len < frame->wire_len)
		a->untested = "the capture holds only its beginning";
	if (a->untested)
		return 0;
	err = fw_kern_iface_set(ss->kern, LOOPBACK, iface);
	if (err)
		return err;
	return fw_kern_test(ss->kern, program_for(ss, frame), frame->data, frame->len, frame->mark, &a->kern);
}

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

static int compare(const struct session *ss, const char *packet, const char *who, const struct fw_result *got,
		   const struct answer *a)
{
	fw_cleanup(fw_buf_free) struct fw_buf is = { 0 };
	fw_cleanup(fw_buf_free) struct fw_buf want = { 0 };

	if (same(got, &a->oracle))
		return 0;
	describe(&is, ss->rs, got);
	describe(&want, ss->rs, &a->oracle);
	ctl_error("INTERNAL ERROR: %s: %s says %s; the rules, one after the other, say %s", packet, who, is.text,
		  want.text);
	return -EINVAL;
}

static void print_policy(const struct answer *a)
{
	const char *name = a->oracle.reason < FW_NREASONS ? fw_reason_info[a->oracle.reason].name : "?";

	printf("  by       policy %s %s%s\n", name, fw_verdict_name(a->oracle.verdict),
	       a->oracle.reason < FW_NHOOKS ? " (no rule matches)" : "");
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
	if (a->index < 0)
		print_policy(a);
	else
		print_rule(ss->rs, "by", (size_t)a->index);
	for (size_t i = 0; i < a->nshadows && i < SHADOWS; i++)
		print_rule(ss->rs, i ? "" : "shadows", a->shadows[i]);
	if (a->nshadows > SHADOWS)
		printf("  %-8s and %zu more\n", "", a->nshadows - SHADOWS);
	if (a->untested)
		printf("  kernel   not asked: %s\n", a->untested);
	else if (ss->kern)
		printf("  kernel   the same\n");
}

static int print_json(const struct session *ss, const char *packet, const struct answer *a)
{
	json_t *shadows = json_array();
	const char *policy = a->index < 0 && a->oracle.reason < FW_NREASONS ? fw_reason_info[a->oracle.reason].name :
									      NULL;

	for (size_t i = 0; i < a->nshadows && i < SHADOWS; i++)
		json_array_append_new(shadows, ctl_json_rule(ss->rs, ss->rs->rules[a->shadows[i]]));
	return ctl_json_print(json_pack("{so ss so so so sI sb so}", "packet", ctl_json_string(packet), "verdict",
					fw_verdict_name(a->oracle.verdict), "rule",
					a->index < 0 ? json_null() : ctl_json_rule(ss->rs, ss->rs->rules[a->index]),
					"policy", ctl_json_string(policy), "shadows", shadows, "shadowed",
					(json_int_t)a->nshadows, "kernel", ss->kern && !a->untested, "kernel_not_asked",
					ctl_json_string(a->untested)));
}

/* Answers one packet. What fails is said, and the next packet has its turn. */
static void classify(struct session *ss, const struct fw_frame *frame)
{
	fw_cleanup(fw_buf_free) struct fw_buf packet = { 0 };
	uint32_t iface = iface_number(ss->rs, frame->iface);
	struct fw_meta meta = { .hook = frame->hook, .iface = iface, .mark = frame->mark, .len = frame->wire_len };
	struct answer a = { 0 };
	int err = 0;

	fw_packet_parse(frame->data, frame->data + frame->len, &meta, &a.key);
	ask_oracle(ss->rs, &a);
	a.user = fw_classifier_run(ss->classifier, &a.key);
	fw_text_print_key(&packet, ss->rs, &a.key);

	const char *text = packet.text ? packet.text : "packet";

	if (ss->kern)
		err = ask_kernel(ss, frame, iface, &a);
	if (err)
		ctl_error("%s: the kernel cannot be asked: %s", text, strerror(-err));
	if (!err)
		err = compare(ss, text, "the compiled tables' lookup", &a.user, &a);
	if (!err && ss->kern && !a.untested)
		err = compare(ss, text, "the kernel", &a.kern, &a);
	if (!err && ss->settings->json)
		err = print_json(ss, text, &a);
	else if (!err)
		print_text(ss, text, &a);
	ss->failed |= err != 0;
}

static void classify_text(struct session *ss, const char *text)
{
	struct fw_diags ds = { 0 };
	struct fw_frame frame;

	if (!fw_text_frame(text, &frame, &ds)) {
		classify(ss, &frame);
		return;
	}
	ctl_print_diags(&ds, &(struct ctl_source){ .text = text, .len = strlen(text) });
	ss->failed = true;
}

static void classify_capture(struct session *ss, const char *path)
{
	struct fw_diags ds = { 0 };
	struct fw_pcap *pcap = NULL;
	struct fw_frame frame;
	int got = fw_pcap_open(path, &ds, &pcap);

	while (!got && (got = fw_pcap_next(pcap, &ds, &frame)) == 1) {
		classify(ss, &frame);
		got = 0;
		if (ferror(stdout))
			break;
	}
	fw_pcap_close(pcap);
	if (got < 0)
		ctl_print_failure(&ds, path, got);
	ss->failed |= got < 0;
}

static int classify_offline(const struct ctl_settings *s, int n, char **operands)
{
	struct session ss = { .settings = s };

	ss.failed = session_begin(&ss, s->rules) != 0;
	if (!ss.failed) {
		for (int i = 0; i < n; i++)
			classify_text(&ss, operands[i]);
		if (s->pcap)
			classify_capture(&ss, s->pcap);
	}
	session_end(&ss);
	return ss.failed ? CTL_FAILED : CTL_OK;
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	if (!n && !s->pcap) {
		ctl_error("classify: missing packet");
		ctl_hint("fwctl classify 'tcp 10.0.0.1:999 > 192.0.2.1:80 in eth0', or --pcap FILE");
		return CTL_USAGE;
	}
	if (s->rules)
		return classify_offline(s, n, operands);
	if (s->kernel || s->format) {
		ctl_error("classify: %s goes with --rules FILE", s->kernel ? "--kernel" : "--format");
		return CTL_USAGE;
	}
	return ctl_classify_live(s, n, operands);
}

const struct ctl_command ctl_classify = {
	.name = "classify",
	.operands = "PACKET...",
	.summary = "which rule decides on a packet?",
	.details =
		"A packet is one argument:\n"
		"  'tcp 10.0.0.1:999 > 192.0.2.1:80 in eth0'   'udp [2001:db8::1]:53 > [2001:db8::2]:53 out'\n"
		"  further words: vlan N, dscp X, flags F,F, frag first|later, length N, mark N, type T, code C,\n"
		"  pppoe (in a PPPoE session)\n"
		"Packets of a capture come in, from no interface. fwd's tables answer, as they are at this moment.\n\n"
		"With --rules the rules of a file answer, without fwd and without privileges, and also the rules are\n"
		"named that match behind the first (`shadows`). Each answer is compared with a linear search of the rules.\n"
		"With --kernel too, packets that come in go through the XDP program, or through tc when the ruleset or the\n"
		"packet has a mark; those that go out through tc.\n\n"
		"JSON, one object a packet: packet, verdict, rule {id, name, verdict, text, ...} or null, reason (the policy\n"
		"that decided when no rule did) or null; at last {ok}. With --rules: packet, verdict, rule, policy or null,\n"
		"shadows (the first 10 rules that match too), shadowed (how many there are), kernel (true: the kernel gave\n"
		"the same answer), kernel_not_asked (why, or null).\n",
	.options = options,
	.max_operands = -1,
	.run = run,
};
