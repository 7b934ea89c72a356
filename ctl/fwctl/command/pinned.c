// SPDX-License-Identifier: GPL-2.0-only
/*
 * fwctl counters and status while fwd does not run: packets are filtered and
 * counted on, and the kernel still has the counters, whose they are, and what is
 * attached. What only fwd knows (the order of rules, what they match) is not shown.
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
struct left_rule {
	uint64_t id;
	struct fw_count count;
	uint8_t verdict;
	bool exported;
	char name[sizeof(struct fw_label_name)];
};

struct left {
	struct fw_pinned *pinned;
	struct fw_count policy[FW_NREASONS][FW_NTERMINAL];
	bool is[FW_NREASONS][FW_NTERMINAL]; /* the policy has that verdict, for some hook */
	struct left_rule *rules;
	size_t n, cap;
	uint64_t all; /* rules, also those that decided on none */
	struct fw_count sum;
	uint32_t generation;
};

static void json_freep(json_t **o)
{
	json_decref(*o);
}

static const char *pins_of(const struct ctl_settings *s)
{
	const char *env = getenv("FWD_PINS");

	return s->pins ? s->pins : env && env[0] ? env : FW_PINS;
}

static void count_add(struct fw_count *sum, struct fw_count c)
{
	sum->packets += c.packets;
	sum->bytes += c.bytes;
}

static void take_reasons(struct left *l)
{
	for (unsigned i = 0; i < FW_NPROGS * FW_NREASONS * FW_NTERMINAL; i++) {
		unsigned verdict = i % FW_NTERMINAL, reason = i / FW_NTERMINAL % FW_NREASONS;
		unsigned hook = i / FW_NTERMINAL / FW_NREASONS;
		struct fw_pinned_row row = fw_pinned_row(l->pinned, FW_COUNTER_REASON(hook, reason, verdict));

		count_add(&l->policy[reason][verdict], row.count);
		l->is[reason][verdict] |= row.label.id != 0;
	}
}

static int take_rule(struct left *l, const struct fw_pinned_row *row)
{
	struct left_rule rule = {
		.id = row->label.id,
		.count = row->count,
		.verdict = row->label.what & FW_LABEL_VERDICT,
		.exported = row->label.what & FW_LABEL_EXPORTED,
	};

	l->all++;
	count_add(&l->sum, row->count);
	snprintf(rule.name, sizeof(rule.name), "%s", row->name ? row->name : "");
	return row->count.packets ? fw_vec_push(l->rules, l->n, l->cap, rule) : 0;
}

static int read_all(struct left *l)
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
	return err ? err : more;
}

static void say_nothing_left(const char *pins, int err, const char *why)
{
	if (err == -ENOENT)
		ctl_warn(
			"nothing of fwd is pinned in %s: packets are not filtered, unless its pins are elsewhere (--pins)",
			pins);
	else
		ctl_warn("what the kernel goes on with cannot be read: %s", why);
	if (err == -EACCES)
		ctl_hint("root may; members of the group fwd where the folders above let them through");
}

static int left_open(const struct ctl_settings *s, struct left *l)
{
	const char *pins = pins_of(s);
	char why[FW_PINNED_WHY];
	int err = fw_pinned_open(pins, why, &l->pinned);

	if (!err) {
		err = read_all(l);
		snprintf(why, sizeof(why), "%.100s: %s", pins, strerror(-err));
	}
	if (err)
		say_nothing_left(pins, err, why);
	return err;
}

static void left_close(struct left *l)
{
	fw_pinned_close(l->pinned);
	free(l->rules);
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct left_rule *)a)->id, y = ((const struct left_rule *)b)->id;

	return x < y ? -1 : x > y;
}

static int by_packets(const void *a, const void *b)
{
	uint64_t x = ((const struct left_rule *)a)->count.packets, y = ((const struct left_rule *)b)->count.packets;

	return x != y ? (x > y ? -1 : 1) : by_id(a, b);
}

static json_t *json_count(struct fw_count c)
{
	return json_pack("{so so}", "packets", ctl_json_u64(c.packets), "bytes", ctl_json_u64(c.bytes));
}

static json_t *json_rule(const struct left_rule *r)
{
	json_t *o = json_pack("{so so ss so}", "id", ctl_json_u64(r->id), "name",
			      ctl_json_string(r->name[0] ? r->name : NULL), "verdict", fw_verdict_name(r->verdict),
			      "text", json_null());

	json_object_update_new(o, json_count(r->count));
	return o;
}

static void print_rule(const struct left_rule *r)
{
	fw_cleanup(json_freep) json_t *o = json_count(r->count);

	ctl_print_counts(o);
	printf("rule %llu%s", (unsigned long long)r->id, r->name[0] ? " name " : "");
	ctl_put(stdout, r->name);
	printf(" ... %s%s\n", fw_verdict_name(r->verdict), r->exported ? " counter" : "");
}

static json_t *json_verdict(const struct left *l, unsigned reason, unsigned verdict)
{
	json_t *o = json_pack("{ss}", "verdict", fw_verdict_name(verdict));

	json_object_update_new(o, json_count(l->policy[reason][verdict]));
	return o;
}

/* Did a policy decide something by a verdict that it has no more? */
static bool decided_before(const struct left *l, unsigned reason, unsigned verdict)
{
	return !l->is[reason][verdict] && l->policy[reason][verdict].packets;
}

static void print_verdict(const struct left *l, unsigned reason, unsigned verdict, const char *note)
{
	fw_cleanup(json_freep) json_t *o = json_count(l->policy[reason][verdict]);

	ctl_print_counts(o);
	printf("policy %s %s%s\n", fw_reason_info[reason].name, fw_verdict_name(verdict), note);
}

static void print_policy(const struct left *l, unsigned reason, unsigned verdict)
{
	print_verdict(l, reason, verdict, "");
	for (unsigned other = 0; other < FW_NTERMINAL; other++)
		if (decided_before(l, reason, other))
			print_verdict(l, reason, other, "  # before");
}

static json_t *json_policy(const struct left *l, unsigned reason, unsigned verdict)
{
	json_t *o = json_verdict(l, reason, verdict);

	json_object_set_new(o, "policy", json_string(fw_reason_info[reason].name));
	for (unsigned other = 0; other < FW_NTERMINAL; other++)
		if (decided_before(l, reason, other))
			json_object_set_new(o, "before", json_verdict(l, reason, other));
	return o;
}

/* One that follows those of both directions may have several verdicts. */
static void show_policy(const struct left *l, unsigned reason, unsigned verdict, bool json)
{
	if (!l->is[reason][verdict])
		return;
	if (json)
		ctl_json_print(json_policy(l, reason, verdict));
	else
		print_policy(l, reason, verdict);
}

static void show_counters(struct left *l, const struct ctl_settings *s)
{
	size_t n = s->top && s->top < l->n ? s->top : l->n;

	if (l->n)
		qsort(l->rules, l->n, sizeof(*l->rules), s->top ? by_packets : by_id);
	for (size_t i = 0; i < n && s->json; i++)
		ctl_json_print(json_rule(&l->rules[i]));
	for (size_t i = 0; i < n && !s->json; i++)
		print_rule(&l->rules[i]);
	for (unsigned i = 0; i < FW_NTERMINAL * FW_NREASONS; i++)
		show_policy(l, i / FW_NTERMINAL, i % FW_NTERMINAL, s->json);
}

int ctl_pinned_counters(const struct ctl_settings *s)
{
	fw_cleanup(left_close) struct left l = { .pinned = NULL };
	fw_cleanup(json_freep) json_t *sum = NULL;

	if (left_open(s, &l))
		return CTL_NO_DAEMON;
	show_counters(&l, s);
	sum = json_count(l.sum);
	if (s->json) {
		ctl_json_print(json_pack("{sb so so sb}", "ok", 1, "rules", json_incref(sum), "generation",
					 ctl_json_u64(l.generation), "running", 0));
		return CTL_OK;
	}
	ctl_print_counts(sum);
	puts("all rules");
	return CTL_OK;
}

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
			 "state", "attached", "mode", ctl_json_string(mode), "out", out, "in_front", in_front, "error",
			 json_null());
}

static json_t *json_devices(const struct fw_kern_attachment *all, size_t n)
{
	json_t *devices = json_array();

	for (size_t i = 0; i < n; i++) {
		bool again = false;

		for (size_t k = 0; k < i && !again; k++)
			again = all[k].ifindex == all[i].ifindex;
		if (!again)
			json_array_append_new(devices, json_device(all, n, all[i].ifindex));
	}
	return devices;
}

static void print_devices(const json_t *devices, int err)
{
	const json_t *d;
	size_t i;

	if (err)
		printf("interfaces     cannot be seen: %s\n", err == -EACCES ? "only root may" : strerror(-err));
	else if (!json_array_size(devices))
		puts("interfaces     none in this network namespace");
	json_array_foreach(devices, i, d)
	{
		printf("%-14s ", i ? "" : "interfaces");
		ctl_print_interface(d);
	}
}

int ctl_pinned_status(const struct ctl_settings *s)
{
	fw_cleanup(left_close) struct left l = { .pinned = NULL };
	fw_cleanup(json_freep) json_t *devices = NULL;
	fw_autofree struct fw_kern_attachment *all = NULL;
	size_t n = 0;
	int err;

	if (left_open(s, &l))
		return CTL_NO_DAEMON;
	err = fw_kern_left(pins_of(s), &all, &n);
	devices = json_devices(all, n);
	if (s->json) {
		ctl_json_print(json_pack("{sb so so so so}", "running", 0, "generation", ctl_json_u64(l.generation),
					 "rules", ctl_json_u64(l.all), "counted", json_count(l.sum), "devices",
					 err ? json_null() : json_incref(devices)));
		return CTL_NO_DAEMON;
	}
	printf("fwd does not run; the kernel goes on by what it was given last\n");
	printf("generation     %lu\n", (unsigned long)l.generation);
	printf("rules          %llu, which decided on %llu packets\n", (unsigned long long)l.all,
	       (unsigned long long)l.sum.packets);
	print_devices(devices, err);
	return CTL_NO_DAEMON;
}
