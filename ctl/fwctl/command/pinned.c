// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwctl counters and status while fwd is not running. Filtering and counting continue, and the kernel has the counters, the
 * ids and names of their rules, and what is attached. What only fwd knows (the order of rules, what they match) is missing.
 */
#include "pinned.h"
#include "interface.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/reply.h"

#include "fw/kern.h"
#include "fw/pinned.h"

#include <net/if.h>
#include <string.h>

/* A rule that decided on packets. */
struct pinned_rule {
	uint64_t id;
	struct fw_count count;
	uint8_t verdict;
	bool exported;
	struct fw_label_name name, chain; /* empty: none */
};

struct pinned {
	struct fw_pinned *pinned;
	struct fw_count policy[FW_NREASONS][FW_NTERMINAL];
	bool is[FW_NREASONS][FW_NTERMINAL]; /* the policy has that verdict, at some hook */
	struct pinned_rule *rules;
	size_t n, cap;
	uint64_t all; /* rules, including those that decided on none */
	struct fw_count sum;
	uint32_t generation;
};

static const char *pins_of(const struct ctl_settings *s)
{
	const char *env = getenv("FWD_PINS");

	return s->pins ? s->pins : env && env[0] ? env : FW_PINS;
}

static void take_reasons(struct pinned *l)
{
	for (unsigned i = 0; i < FW_NPROGS * FW_NREASONS * FW_NTERMINAL; i++) {
		unsigned verdict = i % FW_NTERMINAL, reason = i / FW_NTERMINAL % FW_NREASONS;
		unsigned hook = i / FW_NTERMINAL / FW_NREASONS;
		struct fw_pinned_row row = fw_pinned_row(l->pinned, FW_COUNTER_REASON(hook, reason, verdict));

		fw_count_add(&l->policy[reason][verdict], row.count);
		l->is[reason][verdict] |= row.label.id != 0;
	}
}

static int take_rule(struct pinned *l, const struct fw_pinned_row *row)
{
	struct pinned_rule rule = {
		.id = row->label.id,
		.count = row->count,
		.verdict = row->label.what & FW_LABEL_VERDICT,
		.exported = row->label.what & FW_LABEL_EXPORTED,
	};

	l->all++;
	fw_count_add(&l->sum, row->count);
	snprintf(rule.name.name, sizeof(rule.name.name), "%s", row->name ? row->name : "");
	snprintf(rule.chain.name, sizeof(rule.chain.name), "%s", row->chain ? row->chain : "");
	return row->count.packets ? fw_vec_push(l->rules, l->n, l->cap, rule) : 0;
}

/* The generation, and all counters with their labels. Return: 0 or -errno. */
static int read_all(struct pinned *l)
{
	int err = fw_pinned_generation(l->pinned, &l->generation), more = 1;

	for (uint32_t chunk = 0; !err && (more = fw_pinned_chunk(l->pinned, chunk)) > 0; chunk++) {
		if (!chunk)
			take_reasons(l);
		for (uint32_t i = chunk ? 0 : FW_COUNTER_RULES; i < FW_COUNTER_CHUNK && !err; i++) {
			struct fw_pinned_row row = fw_pinned_row(l->pinned, i);

			err = row.label.id ? take_rule(l, &row) : 0;
		}
	}
	if (!err && more < 0)
		err = more;
	return err;
}

/* There is no state, or it cannot be read. */
static void warn_no_state(const char *pins, int err, const char *why)
{
	if (err == -ENOENT)
		ctl_warn(
			"nothing of fwd is pinned in %s: packets are not filtered, unless its pins are elsewhere (--pins)",
			pins);
	else
		ctl_warn("the state in the kernel cannot be read: %s", why);
	if (err == -EACCES)
		ctl_hint("root may read it, and members of the group fwd where the folders above let them");
}

static int pinned_open(const struct ctl_settings *s, struct pinned *l)
{
	const char *pins = pins_of(s);
	char why[FW_PINNED_WHY];
	int err = fw_pinned_open(pins, why, &l->pinned);

	if (!err) {
		err = read_all(l);
		snprintf(why, sizeof(why), "%.100s: %s", pins, strerror(-err));
	}
	if (err)
		warn_no_state(pins, err, why);
	return err;
}

static void pinned_close(struct pinned *l)
{
	fw_pinned_close(l->pinned);
	free(l->rules);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct pinned_rule *)a)->id, y = ((const struct pinned_rule *)b)->id;

	return x < y ? -1 : x > y;
}

static int by_packets(const void *a, const void *b)
{
	uint64_t x = ((const struct pinned_rule *)a)->count.packets, y = ((const struct pinned_rule *)b)->count.packets;

	return x != y ? (x > y ? -1 : 1) : by_id(a, b);
}

/* @name: empty: none */
static void put_name(const char *what, const char *name)
{
	printf("%s%s%s", name[0] ? " " : "", name[0] ? what : "", name[0] ? " " : "");
	ctl_put(stdout, name);
}

static void rule_as_text(const struct pinned_rule *r)
{
	ctl_print_count(r->count.packets, r->count.bytes);
	printf("rule %llu", (unsigned long long)r->id);
	put_name("name", r->name.name);
	put_name("chain", r->chain.name);
	printf(" ... %s%s\n", fw_verdict_name(r->verdict), r->exported ? " counter" : "");
}

static void rule_as_json(const struct pinned_rule *r)
{
	json_t *o = ctl_json_rule(r->id, r->name.name[0] ? r->name.name : NULL, (enum fw_verdict)r->verdict, NULL);

	if (r->chain.name[0])
		json_object_set_new(o, "chain", json_string(r->chain.name));
	json_object_update_new(o, ctl_json_count(r->count));
	ctl_json_print(o);
}

static json_t *json_verdict(const struct pinned *l, unsigned reason, unsigned verdict)
{
	json_t *o = json_pack("{ss}", "verdict", fw_verdict_name(verdict));

	json_object_update_new(o, ctl_json_count(l->policy[reason][verdict]));
	return o;
}

/* Did a policy decide something with a verdict that it had before? */
static bool decided_before(const struct pinned *l, unsigned reason, unsigned verdict)
{
	return !l->is[reason][verdict] && l->policy[reason][verdict].packets;
}

static void print_verdict(const struct pinned *l, unsigned reason, unsigned verdict, const char *note)
{
	const struct fw_count *count = &l->policy[reason][verdict];

	ctl_print_count(count->packets, count->bytes);
	printf("policy %s %s%s\n", fw_reason_info[reason].name, fw_verdict_name(verdict), note);
}

static void policy_as_text(const struct pinned *l, unsigned reason, unsigned verdict)
{
	print_verdict(l, reason, verdict, "");
	for (unsigned other = 0; other < FW_NTERMINAL; other++)
		if (decided_before(l, reason, other))
			print_verdict(l, reason, other, "  # before");
}

static void policy_as_json(const struct pinned *l, unsigned reason, unsigned verdict)
{
	json_t *o = json_verdict(l, reason, verdict);

	json_object_set_new(o, "policy", json_string(fw_reason_info[reason].name));
	for (unsigned other = 0; other < FW_NTERMINAL; other++) {
		if (!decided_before(l, reason, other))
			continue;
		if (!json_object_get(o, "before"))
			json_object_set_new(o, "before", json_array());
		json_array_append_new(json_object_get(o, "before"), json_verdict(l, reason, other));
	}
	ctl_json_print(o);
}

static void sum_as_text(const struct pinned *l)
{
	ctl_print_count(l->sum.packets, l->sum.bytes);
	puts("all rules");
}

static void sum_as_json(const struct pinned *l)
{
	ctl_json_print(json_pack("{sb so so sb}", "ok", 1, "rules", ctl_json_count(l->sum), "generation",
				 ctl_json_u64(l->generation), "running", 0));
}

/* An interface with what is attached to it, as in the status of fwd. */
static json_t *json_device(const struct fw_kern_attachment *all, size_t n, uint32_t ifindex)
{
	static const char *const modes[] = { [FW_XDP_NATIVE] = "native", [FW_XDP_GENERIC] = "generic" };
	char name[IF_NAMESIZE] = "?";
	json_int_t in_front = 0;
	const char *mode = NULL;
	bool out = false;

	for (size_t i = 0; i < n; i++) {
		if (all[i].ifindex != ifindex)
			continue;
		out |= all[i].prog == FW_PROG_TC_EGRESS;
		if (!in_front)
			in_front = all[i].in_front == FW_IN_FRONT_FILTER ? -1 : (json_int_t)all[i].in_front;
		if (all[i].prog == FW_PROG_XDP)
			mode = modes[all[i].mode == FW_XDP_GENERIC ? FW_XDP_GENERIC : FW_XDP_NATIVE];
		else if (all[i].prog == FW_PROG_TC_INGRESS && !mode)
			mode = "tc";
	}
	if_indextoname(ifindex, name);
	return json_pack("{so sI ss so sb sI so}", "dev", json_string(FW_NAME(name)), "index", (json_int_t)ifindex,
			 "state", "attached", "mode", fw_json_text(mode), "out", out, "in_front", in_front, "error",
			 json_null());
}

/* Each interface once, whatever is attached to it. */
static json_t *json_devices(const struct fw_kern_attachment *all, size_t n)
{
	json_t *devices = json_array();

	for (size_t i = 0; i < n; i++) {
		bool again = all[i].family;

		for (size_t k = 0; k < i && !again; k++)
			again = all[k].ifindex == all[i].ifindex;
		if (!again)
			json_array_append_new(devices, json_device(all, n, all[i].ifindex));
	}
	return devices;
}

/* The host's hooks, likewise. */
static json_t *json_host(const struct fw_kern_attachment *all, size_t n)
{
	bool table = fw_kern_host_table();
	unsigned links = 0;

	for (size_t i = 0; i < n; i++)
		links += all[i].family && !all[i].guard;
	return json_pack("{ss ss sn sn}", "state",
			 table || links == FW_HOST_LINKS ? "attached" :
			 links                           ? "failed" :
							   "off",
			 "by", table ? "table" : "link", "error", "warning");
}

#define ROW(...) ctl_print_row(0, 14, __VA_ARGS__)

/* @err: the interfaces could not be read. */
static void status_as_text(const struct pinned *l, const json_t *devices, const json_t *host, int err)
{
	bool hooks = strcmp(ctl_field_text(host, "state"), "off") != 0;
	const json_t *d;
	size_t i;

	puts("fwd is not running; the kernel keeps filtering by the last ruleset");
	ROW("generation", "%lu", (unsigned long)l->generation);
	ROW("rules", "%llu, which decided on %llu packets", (unsigned long long)l->all,
	    (unsigned long long)l->sum.packets);
	if (err)
		ROW("interfaces", "cannot be read: %s", err == -EACCES ? "only root may" : strerror(-err));
	else if (!json_array_size(devices) && !hooks)
		ROW("interfaces", "none in this network namespace");
	json_array_foreach(devices, i, d)
	{
		printf("%-14s ", i ? "" : "interfaces");
		ctl_print_interface(d);
	}
	if (hooks) {
		printf("%-14s ", "hooks");
		ctl_print_host(host);
	}
}

static void status_as_json(const struct pinned *l, const json_t *devices, const json_t *host, int err)
{
	ctl_json_print(json_pack("{sb so so so sO sO}", "running", 0, "generation", ctl_json_u64(l->generation),
				 "rules", ctl_json_u64(l->all), "counted", ctl_json_count(l->sum), "devices",
				 err ? json_null() : devices, "host", err ? json_null() : host));
}

static const struct output {
	void (*rule)(const struct pinned_rule *r);
	void (*policy)(const struct pinned *l, unsigned reason, unsigned verdict);
	void (*sum)(const struct pinned *l);
	void (*status)(const struct pinned *l, const json_t *devices, const json_t *host, int err);
} text_output = { rule_as_text, policy_as_text, sum_as_text, status_as_text },
  json_output = { rule_as_json, policy_as_json, sum_as_json, status_as_json };

static const struct output *output_of(const struct ctl_settings *s)
{
	return s->json ? &json_output : &text_output;
}

int ctl_pinned_counters(const struct ctl_settings *s)
{
	fw_cleanup(pinned_close) struct pinned l = { .pinned = NULL };
	const struct output *out = output_of(s);
	size_t n;

	if (pinned_open(s, &l))
		return CTL_NO_DAEMON;
	n = s->top && s->top < l.n ? s->top : l.n;
	if (l.n)
		qsort(l.rules, l.n, sizeof(*l.rules), s->top ? by_packets : by_id);
	for (size_t i = 0; i < n; i++)
		out->rule(&l.rules[i]);
	/* A policy that follows those of hooks may have several verdicts. */
	for (unsigned i = 0; i < FW_NTERMINAL * FW_NREASONS; i++)
		if (l.is[i / FW_NTERMINAL][i % FW_NTERMINAL])
			out->policy(&l, i / FW_NTERMINAL, i % FW_NTERMINAL);
	out->sum(&l);
	return CTL_OK;
}

int ctl_pinned_status(const struct ctl_settings *s)
{
	fw_cleanup(pinned_close) struct pinned l = { .pinned = NULL };
	fw_autofree struct fw_kern_attachment *all = NULL;
	json_auto_t *devices = NULL, *host = NULL;
	size_t n = 0;
	int err;

	if (pinned_open(s, &l))
		return CTL_NO_DAEMON;
	err = fw_kern_left(pins_of(s), &all, &n);
	devices = json_devices(all, n);
	host = json_host(all, n);
	output_of(s)->status(&l, devices, host, err);
	return CTL_NO_DAEMON;
}
