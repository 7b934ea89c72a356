// SPDX-License-Identifier: GPL-2.0-only
/* The table of metrics, and the functions that add their samples. */
#include "metrics.h"

#include "metrics_fleet.h"

#include <string.h>

/* The value at a path like "pool.used"; NULL: there is none. */
static const json_t *at_path(const json_t *o, const char *path)
{
	char name[32];

	while (o && *path) {
		size_t len = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		o = json_object_get(o, name);
		path += len + (path[len] == '.');
	}
	return o;
}

static uint64_t integer(const json_t *o, const char *path)
{
	json_int_t v = json_integer_value(at_path(o, path));

	return v > 0 ? (uint64_t)v : 0;
}

static const char *text(const json_t *o, const char *path)
{
	return json_string_value(at_path(o, path));
}

static void add_number(struct page *p, const char *const *values, const json_t *v)
{
	if (json_is_integer(v) && json_integer_value(v) >= 0)
		page_u64(p, values, (uint64_t)json_integer_value(v));
	else if (json_is_number(v))
		page_real(p, values, json_number_value(v));
}

#define EMIT(name)                                                                                         \
	static void emit_##name(const struct metric *m, const struct snapshot *s, const struct self *self, \
				struct page *p)

EMIT(status)
{
	add_number(p, NULL, at_path(s->status, m->path));
}

/* Members of an object; the name of each is the value of the label. */
EMIT(members)
{
	for (size_t i = 0; i < sizeof(m->members) / sizeof(m->members[0]) && m->members[i]; i++)
		add_number(p, &m->members[i], json_object_get(at_path(s->status, m->path), m->members[i]));
}

#define BOUNDS_MAX 64

EMIT(histogram)
{
	const json_t *h = at_path(s->status, m->path), *le = json_object_get(h, "le"),
		     *n = json_object_get(h, "counts");
	size_t nbounds = json_array_size(le);
	double bounds[BOUNDS_MAX];
	uint64_t counts[BOUNDS_MAX + 1];

	if (!nbounds || nbounds > BOUNDS_MAX || json_array_size(n) != nbounds + 1)
		return;
	for (size_t i = 0; i <= nbounds; i++) {
		bounds[i < nbounds ? i : 0] = json_number_value(json_array_get(le, i < nbounds ? i : 0));
		counts[i] = (uint64_t)json_integer_value(json_array_get(n, i));
	}
	page_histogram(p, bounds, counts, nbounds, json_number_value(json_object_get(h, "sum")));
}

EMIT(up)
{
	page_u64(p, NULL, s->status != NULL);
}

EMIT(build)
{
	const char *version = text(s->status, "version");

	if (version)
		page_u64(p, &version, 1);
}

EMIT(pool_free)
{
	uint64_t bytes = integer(s->status, "pool.bytes"), used = integer(s->status, "pool.used");

	if (s->status)
		page_u64(p, NULL, bytes > used ? bytes - used : 0);
}

EMIT(store_writable)
{
	if (s->status)
		page_u64(p, NULL, !text(s->status, "store.error"));
}

static void add_limits(const struct snapshot *s, const char *field, struct page *p)
{
	const json_t *limits = at_path(s->status, "limits"), *l;
	size_t i;

	json_array_foreach(limits, i, l)
	{
		const char *what = text(l, "what");

		if (what)
			add_number(p, &what, json_object_get(l, field));
	}
}

EMIT(limit_used)
{
	add_limits(s, "used", p);
}

EMIT(limit_max)
{
	add_limits(s, "max", p);
}

EMIT(confirm)
{
	if (s->status)
		page_u64(p, NULL, json_is_number(at_path(s->status, "confirm_by")));
}

static bool is(const json_t *o, const char *path, const char *word)
{
	const char *s = text(o, path);

	return s && !strcmp(s, word);
}

/* The name under which packets are counted; of an interface that does not exist, the one it was attached by. */
static const char *interface_of(const json_t *dev)
{
	const char *name = text(dev, "interface");

	return name ? name : text(dev, "dev");
}

/* A sample for each device, with its name and a mode. A pattern has none; the interfaces that match it have. */
static void each_device(const struct snapshot *s, struct page *p, const char *mode,
			uint64_t (*value)(const json_t *dev))
{
	const json_t *devices = at_path(s->status, "devices"), *dev;
	size_t i;

	json_array_foreach(devices, i, dev)
	{
		const char *word = mode ? text(dev, mode) : NULL;
		const char *const values[] = { interface_of(dev), word ? word : "none" };

		if (values[0] && !is(dev, "state", "pattern"))
			page_u64(p, values, value(dev));
	}
}

static uint64_t is_attached(const json_t *dev)
{
	return is(dev, "state", "attached");
}

static uint64_t is_there(const json_t *dev)
{
	return 1;
}

static uint64_t is_fallback(const json_t *dev)
{
	return is(dev, "wanted", "auto") && is(dev, "mode", "generic");
}

static uint64_t is_shadowed(const json_t *dev)
{
	return json_is_number(at_path(dev, "in_front"));
}

EMIT(shadowed)
{
	each_device(s, p, NULL, is_shadowed);
}

EMIT(attached)
{
	each_device(s, p, "mode", is_attached);
}

EMIT(wanted)
{
	each_device(s, p, "wanted", is_there);
}

EMIT(fallback)
{
	each_device(s, p, NULL, is_fallback);
}

static const char *direction(int hook)
{
	return fw_hook_name(snapshot_hooks[hook].direction);
}

EMIT(traffic)
{
	for (size_t i = 0; i < s->ntraffic; i++) {
		const struct snapshot_traffic *t = &s->traffic[i];

		for (int k = 0; k < FW_NPROGS * FW_NTERMINAL; k++) {
			int hook = k / FW_NTERMINAL, verdict = FW_NTERMINAL - 1 - k % FW_NTERMINAL;
			const char *const values[] = { t->interface, snapshot_hooks[hook].name, direction(hook),
						       fw_verdict_name((unsigned)verdict) };

			if (t->there[hook])
				page_u64(p, values, t->packets[hook][verdict]);
		}
	}
}

static void each_policy(const struct snapshot *s, struct page *p, bool bytes)
{
	for (int k = 0; k < FW_NREASONS * FW_NPROGS * FW_NTERMINAL; k++) {
		int verdict = FW_NTERMINAL - 1 - k % FW_NTERMINAL, hook = k / FW_NTERMINAL % FW_NPROGS;
		int reason = k / FW_NTERMINAL / FW_NPROGS;
		const struct fw_count *count = &s->policy[reason].count[hook][verdict];
		const char *const values[] = { fw_reason_info[reason].name, snapshot_hooks[hook].name, direction(hook),
					       fw_verdict_name((unsigned)verdict) };

		if (s->policy[reason].there[hook][verdict])
			page_u64(p, values, bytes ? count->bytes : count->packets);
	}
}

EMIT(policy_packets)
{
	each_policy(s, p, false);
}

EMIT(policy_bytes)
{
	each_policy(s, p, true);
}

EMIT(drops)
{
	static const char *const rule = "rule";

	page_u64(p, &rule, s->rule_drops);
	for (int r = 0; r < FW_NREASONS; r++) {
		const struct snapshot_policy *policy = &s->policy[r];
		uint64_t packets = 0;
		bool there = false;

		for (int hook = 0; hook < FW_NPROGS; hook++) {
			packets += policy->count[hook][FW_DROP].packets;
			there |= policy->there[hook][FW_DROP];
		}
		if (there)
			page_u64(p, &fw_reason_info[r].name, packets);
	}
}

static void add_sum(struct page *p, const char *which, uint64_t v)
{
	page_u64(p, &which, v);
}

EMIT(selected)
{
	add_sum(p, "marked", s->all_shown ? 0 : s->marked_shown);
	add_sum(p, "top", s->all_shown ? 0 : s->shown.rules - s->marked_shown);
	add_sum(p, "all", s->all_shown ? s->shown.rules : 0);
}

EMIT(left_out)
{
	add_sum(p, "marked", s->marked_left_out);
	add_sum(p, "other", s->left_out.rules - s->marked_left_out);
}

EMIT(left_out_packets)
{
	page_u64(p, NULL, s->left_out.count.packets);
}

EMIT(left_out_bytes)
{
	page_u64(p, NULL, s->left_out.count.bytes);
}

EMIT(rules)
{
	page_u64(p, NULL, s->rules.rules);
}

EMIT(rules_packets)
{
	page_u64(p, NULL, s->rules.count.packets);
}

EMIT(rules_bytes)
{
	page_u64(p, NULL, s->rules.count.bytes);
}

EMIT(own_build)
{
	static const char *const version = FW_VERSION;

	page_u64(p, &version, 1);
}

EMIT(own_scrapes)
{
	static const char *const names[SCRAPE_NRESULTS] = { "ok", "controller_down", "failed" };

	for (int i = 0; i < SCRAPE_NRESULTS; i++)
		page_u64(p, &names[i], self->scrapes[i]);
}

EMIT(own_resident)
{
	page_u64(p, NULL, self->resident);
}

EMIT(own_seconds)
{
	page_real(p, NULL, (double)(uint64_t)((fw_now() - self->began) * 1e6) / 1e6);
}

#define C FAMILY_COUNTER
#define G FAMILY_GAUGE
#define H FAMILY_HISTOGRAM
#define I FAMILY_INFO
#define ROW(name, type, help, ...) .family = { "fw_" name, type, help, { __VA_ARGS__ } }
#define STATUS(where) .emit = emit_status, .path = (where)
#define FLEET(kind, where) .emit = emit_fleet_##kind, .path = (where)

/* clang-format off */
const struct metric metrics_table[] = {
	{ ROW("controller_up", G, "Whether fwd answers; if not, counters are read from the maps that it has pinned."), emit_up },
	{ ROW("build", I, "Version of fwd.", "version"), emit_build },
	{ ROW("start_time_seconds", G, "Time at which fwd started, since the epoch."), STATUS("started") },
	{ ROW("generation", G, "Generation of the tables that packets see."), STATUS("generation") },
	{ ROW("sets", G, "Sets of the ruleset."), STATUS("sets") },
	{ ROW("set_elements", G, "Elements of all sets."), STATUS("elements") },
	{ ROW("identities", G, "Distinct prefixes and sets that rules name.", "side"), emit_members, 0, "identities", { "src", "dst" } },
	{ ROW("classes", G, "Classes of addresses that belong to the same identities.", "side"), emit_members, 0, "classes", { "src", "dst" } },
	{ ROW("pairs", G, "Pairs of identities, source and destination, that rules name."), STATUS("pairs") },
	{ ROW("pool_segments", G, "Segments of memory for tables."), STATUS("pool.segments") },
	{ ROW("pool_bytes", G, "Memory for tables."), STATUS("pool.bytes") },
	{ ROW("pool_used_bytes", G, "Memory for tables that is in use."), STATUS("pool.used") },
	{ ROW("pool_free_bytes", G, "Memory for tables that is not in use."), emit_pool_free },
	{ ROW("pool_limit_bytes", G, "Most memory that tables may take."), STATUS("pool.limit") },
	{ ROW("limit_used", G, "How much of a limited resource is in use.", "what"), emit_limit_used },
	{ ROW("limit_max", G, "How much of the resource there is; changes that need more are refused.", "what"), emit_limit_max },
	{ ROW("conntrack_entries", G, "Connections that the kernel tracks, while a rule names state."), STATUS("conntrack.entries") },
	{ ROW("conntrack_entries_limit", G, "Connections that the kernel tracks at most."), STATUS("conntrack.max") },
	{ ROW("conntrack_early_drops", C, "Tracked connections that gave way to new ones because the table was full."), STATUS("conntrack.early_drops") },
	{ ROW("conntrack_drops", C, "Packets that the kernel dropped because it could not track a new connection."), STATUS("conntrack.drops") },
	{ ROW("conntrack_insert_failures", C, "Connections that the kernel could not insert into the table."), STATUS("conntrack.insert_failures") },
	{ ROW("conntrack_restored", C, "How often fwd put back what keeps tracking on, since it started."), STATUS("conntrack.restored") },
	{ ROW("replies_sent", C, "Rejected packets that XDP and tc answered."), STATUS("replies.sent") },
	{ ROW("replies_limited", C, "Rejected packets that were not answered because the rate of replies was used up."), STATUS("replies.limited") },
	{ ROW("replies_silent", C, "Rejected packets that must not be answered, or cannot be."), STATUS("replies.silent") },
	{ ROW("kernel_memory_bytes", G, "Memory of all maps in the kernel."), STATUS("kernel.bytes") },
	{ ROW("memory_allocated_bytes", G, "Memory that fwd has allocated."), STATUS("memory.allocated") },
	{ ROW("memory_active_bytes", G, "Memory of fwd in pages with allocations."), STATUS("memory.active") },
	{ ROW("memory_resident_bytes", G, "Memory that the allocator of fwd keeps resident."), STATUS("memory.resident") },
	{ ROW("transactions", C, "Changes of the ruleset that took effect, since fwd started."), STATUS("transactions") },
	{ ROW("reloads", C, "Rulesets that replaced another one, since fwd started.", "kind"), emit_members, 0, "reloads_by", { "load", "flush", "rollback" } },
	{ ROW("failures", C, "Requests that failed or were refused, since fwd started.", "kind"), emit_members, 0, "failures_by", { "change", "load", "attach" } },
	{ ROW("transaction_seconds", H, "How long changes took, from reading their text until packets see them."), emit_histogram, 0, "transaction_seconds" },
	{ ROW("reload_seconds", H, "How long loads took, from reading their text until packets see them."), emit_histogram, 0, "reload_seconds" },
	{ ROW("store_bytes", G, "Size of the store on disk."), STATUS("store.bytes") },
	{ ROW("store_changes", G, "Changes in the store since its last snapshot."), STATUS("store.changes") },
	{ ROW("store_writable", G, "Whether changes can be written to the store."), emit_store_writable },
	{ ROW("clients", G, "Open connections to fwd's socket, this one included."), STATUS("clients") },
	{ ROW("loop_longest_stretch_seconds", G, "Longest time in the last ten minutes that fwd was busy with one thing."), STATUS("loop.recent.seconds") },
	{ ROW("turned_away", C, "Connections and requests that fwd turned away because too many were in use, since it started.", "kind"), emit_members, 0, "turned_away", { "connection", "long_reply", "request", "reply" } },
	{ ROW("set_additions", C, "Elements that packets added to sets."), STATUS("additions.added") },
	{ ROW("set_additions_full", C, "Additions by packets that were refused because the set had its size."), STATUS("additions.full") },
	{ ROW("set_additions_dropped", C, "Additions by packets that were given up because too many waited."), STATUS("additions.dropped") },
	{ ROW("set_elements_timed_out", C, "Elements that left their sets because their time was over."), STATUS("timeouts.elements") },
	{ ROW("log_packets", C, "Packets that rules and policies have logged."), STATUS("log.packets") },
	{ ROW("log_limited", C, "Packets that were not logged because they were above the rate of their rule."), STATUS("log.limited") },
	{ ROW("log_lost", C, "Packets that were not logged because fwd did not read them in time."), STATUS("log.lost") },
	{ ROW("additions_lost", C, "Additions to sets that were lost because fwd did not read them in time."), STATUS("log.additions_lost") },
	{ ROW("confirm_pending", G, "Whether a change waits to be confirmed."), emit_confirm },
	{ ROW("interface_attached", G, "Whether an interface is filtered, and by what: native, generic, tc, none.", "interface", "mode"), emit_attached },
	{ ROW("interface_wanted", G, "How an interface is meant to be filtered: auto, native, generic, tc.", "interface", "mode"), emit_wanted },
	{ ROW("interface_fallback", G, "Whether an interface is filtered in generic mode because native mode is not available.", "interface"), emit_fallback },
	{ ROW("attach_shadowed", G, "Whether another program sees packets of an interface before fwd, and may keep them from it.", "interface"), emit_shadowed },
	{ ROW("packets", C, "Packets that were filtered; without interface: on those for which there was no room.", "interface", "hook", "direction", "verdict"), emit_traffic },
	{ ROW("drops", C, "Packets that were dropped, by a rule or by the policy with this name.", "reason"), emit_drops },
	{ ROW("policy_packets", C, "Packets that a policy decided, since no rule did.", "policy", "hook", "direction", "verdict"), emit_policy_packets },
	{ ROW("policy_bytes", C, "Bytes of packets that a policy decided.", "policy", "hook", "direction", "verdict"), emit_policy_bytes },
	{ ROW("rule_packets", C, "Packets that a rule counted.", "id", "name", "chain", "verdict"), NULL, METRIC_PACKETS },
	{ ROW("rule_bytes", C, "Bytes of packets that a rule counted.", "id", "name", "chain", "verdict"), NULL, METRIC_BYTES },
	{ ROW("rules", G, "Rules of the ruleset."), emit_rules },
	{ ROW("rules_packets", G, "Packets that the rules of the ruleset have counted."), emit_rules_packets },
	{ ROW("rules_bytes", G, "Bytes of packets that the rules of the ruleset have counted."), emit_rules_bytes },
	{ ROW("rules_selected", G, "Rules with series of their own: named or with the word counter; with the most packets; all.", "selection"), emit_selected },
	{ ROW("rules_left_out", G, "Rules without series of their own: named or with the word counter, beyond the limit; others.", "selection"), emit_left_out },
	{ ROW("left_out_packets", G, "Packets that rules without series of their own have counted."), emit_left_out_packets },
	{ ROW("left_out_bytes", G, "Bytes of packets that rules without series of their own have counted."), emit_left_out_bytes },
	{ ROW("fleet_agent_up", G, "Whether fw-agent keeps its status up to date; if not, what it wrote last is not shown."), emit_fleet_up },
	{ ROW("fleet_status_age_seconds", G, "Time since fw-agent has written its status."), emit_fleet_file_age },
	{ ROW("fleet", I, "The fleet that the host belongs to, and its ring.", "fleet", "ring"), emit_fleet_info },
	{ ROW("fleet_generation", G, "Generation of the fleet's ruleset that the host runs; 0: none."), FLEET(generation, "running") },
	{ ROW("fleet_wanted", G, "Generation that the fleet wants the host to run; 0: none, or not known yet."), FLEET(generation, "wanted") },
	{ ROW("fleet_confirmed", G, "Generation that the host confirmed last; 0: none."), FLEET(generation, "confirmed") },
	{ ROW("fleet_state", G, "What the host does: 1 for its state, 0 for the others.", "state"), emit_fleet_state },
	{ ROW("fleet_state_age_seconds", G, "How long the host has been in its state."), FLEET(age, "since") },
	{ ROW("fleet_connected", G, "Whether the host is connected to etcd; nothing if it polls."), emit_fleet_connected },
	{ ROW("fleet_heard_age_seconds", G, "Time since the host has heard of its fleet."), FLEET(age, "heard") },
	{ ROW("fleet_worse", G, "Whether the host runs the wanted generation and is not well."), FLEET(value, "worse") },
	{ ROW("fleet_dropped_ratio", G, "Share of the host's packets that are dropped, as its agent sees it."), FLEET(value, "dropped") },
	{ ROW("fleet_errors", C, "What went wrong for fw-agent, since it started.", "kind"), emit_fleet_errors },
	{ ROW("exporter_build", I, "Version of fw-exporter.", "version"), emit_own_build },
	{ ROW("exporter_scrapes", C, "Earlier scrapes, by result: answered by fwd, from the pinned maps, or without a page.", "result"), emit_own_scrapes },
	{ ROW("exporter_resident_memory_bytes", G, "Resident memory of fw-exporter."), emit_own_resident },
	{ ROW("exporter_scrape_duration_seconds", G, "How long this scrape took, up to this line."), emit_own_seconds },
};
/* clang-format on */
const size_t metrics_n = sizeof(metrics_table) / sizeof(metrics_table[0]);

void metrics_emit(const struct metric *m, const struct snapshot *s, const struct self *self, struct page *p)
{
	page_family(p, &m->family);
	m->emit(m, s, self, p);
}

void metrics_describe(struct fw_buf *out)
{
	fw_buf_printf(out, "| metric | type | is |\n| --- | --- | --- |\n");
	for (size_t i = 0; i < metrics_n; i++) {
		const struct family *f = &metrics_table[i].family;

		fw_buf_printf(out, "| `%s%s", f->name, family_suffix(f));
		for (size_t k = 0; k < FAMILY_LABELS && f->labels[k]; k++)
			fw_buf_printf(out, "%c%s", k ? ',' : '{', f->labels[k]);
		fw_buf_printf(out, "%s` | %s | %s |\n", f->labels[0] ? "}" : "",
			      f->type == FAMILY_INFO ? "gauge" : family_type_names[f->type], f->help);
	}
}
