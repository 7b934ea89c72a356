// SPDX-License-Identifier: GPL-2.0-only
/* The status of the daemon: one object. */
#include "ctl/fwd/devices/devices.h"
#include "ctl/fwd/devices/host.h"
#include "limits.h"
#include "ctl/fwd/additions.h"
#include "ctl/fwd/log/packet_log.h"
#include "fw/json.h"
#include "handlers.h"
#include "ctl/fwd/owner.h"
#include "ctl/fwd/rules_file.h"
#include "ctl/fwd/tracked.h"
#include "ctl/fwd/tracking.h"
#include "status.h"

#include <string.h>
#include <unistd.h>

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *both(const uint64_t n[2])
{
	return json_pack("{so so}", "src", number(n[0]), "dst", number(n[1]));
}

static void add_daemon(json_t *o, const struct fwd *d)
{
	json_object_set_new(o, "version", json_string(FW_VERSION));
	json_object_set_new(o, "pid", json_integer(getpid()));
	json_object_set_new(o, "uptime", json_integer((json_int_t)(fw_now() - d->started)));
	json_object_set_new(o, "started", json_real(d->born));
	json_object_set_new(o, "clients", json_integer(d->server.nconnections));
	json_object_set_new(o, "shares", shares_json(&d->server.shares));
	json_object_set_new(o, "turned_away", shares_turned_away_json(&d->server.shares));
	json_object_set_new(o, "gave_way", number(d->server.shares.gave_way));
	json_object_set_new(o, "long_replies", number(d->server.forks));
}

static void add_tables(json_t *o, const struct fwd *d, const struct engine_status *st)
{
	const struct fw_ruleset *rs = engine_ruleset(d->engine);
	uint64_t sets = 0, elements = 0;

	for (size_t i = 0; i < rs->nsets; i++) {
		sets += rs->sets[i].name != NULL;
		elements += rs->sets[i].name ? rs->sets[i].n : 0;
	}
	json_object_set_new(o, "generation", number(st->generation));
	json_object_set_new(o, "rules", number(rs->nrules));
	json_object_set_new(o, "sets", number(sets));
	json_object_set_new(o, "elements", number(elements));
	json_object_set_new(o, "identities", both(st->stats.identities));
	json_object_set_new(o, "classes", both(st->stats.classes));
	json_object_set_new(o, "pairs", number(st->stats.pairs));
	json_object_set_new(o, "worst_packet", fw_json_cost(&st->cost));
	json_object_set_new(o, "worst_packet_is_old", json_boolean(st->cost_is_old));
}

static json_t *histogram(const struct histogram *h)
{
	json_t *le = json_array(), *counts = json_array();

	for (unsigned i = 0; i < HISTOGRAM_BOUNDS; i++)
		json_array_append_new(le, json_real(histogram_bounds[i]));
	for (unsigned i = 0; i <= HISTOGRAM_BOUNDS; i++)
		json_array_append_new(counts, number(h->counts[i]));
	return json_pack("{so so sf so}", "le", le, "counts", counts, "sum", h->sum, "count", number(h->count));
}

static void add_history(json_t *o, const struct fwd *d, const struct engine_status *st)
{
	const uint64_t *r = st->reloads, *f = st->failures;

	json_object_set_new(o, "edits", number(st->edits));
	json_object_set_new(o, "transactions", number(st->transaction_seconds.count));
	json_object_set_new(o, "reloads", number(r[ENGINE_LOAD] + r[ENGINE_FLUSH] + r[ENGINE_ROLLBACK]));
	json_object_set_new(o, "failures",
			    number(f[ENGINE_FAILED_CHANGE] + f[ENGINE_FAILED_LOAD] + d->attach_failures));
	json_object_set_new(o, "reloads_by",
			    json_pack("{so so so}", "load", number(r[ENGINE_LOAD]), "flush", number(r[ENGINE_FLUSH]),
				      "rollback", number(r[ENGINE_ROLLBACK])));
	json_object_set_new(o, "failures_by",
			    json_pack("{so so so}", "change", number(f[ENGINE_FAILED_CHANGE]), "load",
				      number(f[ENGINE_FAILED_LOAD]), "attach", number(d->attach_failures)));
	json_object_set_new(o, "transaction_seconds", histogram(&st->transaction_seconds));
	json_object_set_new(o, "reload_seconds", histogram(&st->reload_seconds));
}

static json_t *devices(const struct fwd *d)
{
	json_t *array = json_array();
	const struct device *dev;

	for (size_t i = 0; (dev = devices_at(d, i)) != NULL; i++)
		json_array_append_new(array, device_json(d, dev));
	return array;
}

static json_t *pool(struct engine *e, const struct engine_status *st)
{
	return json_pack("{ss so so so so}", "kind", fw_kern_pool_names[fw_kern_pool_kind(engine_kern(e))], "segments",
			 number(st->pool_segments), "bytes", number(st->pool_segments * FW_SEGMENT_BYTES), "used",
			 number(st->pool_used), "limit", number((uint64_t)FW_POOL_SEGMENTS * FW_SEGMENT_BYTES));
}

/* What became of rejected packets at XDP and tc. */
static json_t *replies(const struct fwd *d)
{
	static const char *const names[FW_NREPLIES] = {
#define REPLY_NAME(sym, word) word,
		FW_REPLIES(REPLY_NAME)
#undef REPLY_NAME
	};
	struct fw_reply_counts counts;
	json_t *o = json_object();

	fw_kern_reply_counts(engine_kern(d->engine), &counts);
	for (int i = 0; i < FW_NREPLIES; i++)
		json_object_set_new(o, names[i], number(counts.packets[i]));
	json_object_set_new(o, "rate", number(d->config.reject_rate));
	return o;
}

static json_t *files(const struct fwd *d)
{
	const struct fw_kern *k = engine_kern(d->engine);
	int err = engine_files_error(d->engine);
	char why[160];

	snprintf(why, sizeof(why), "the kernel has no iterators for them, or does not allow them: %s",
		 strerror(err < 0 ? -err : 0));
	return json_pack("{so so so}", "counters", fw_json_text(fw_kern_iterator_file(k, FW_ITERATOR_COUNTERS)),
			 "interfaces", fw_json_text(fw_kern_iterator_file(k, FW_ITERATOR_INTERFACES)), "error",
			 fw_json_text(err ? why : NULL));
}

static json_t *memory(const struct fwd *d)
{
	struct engine_memory m;
	json_t *arenas;

	engine_memory(d->engine, &m);
	if (!m.known)
		return json_null();
	arenas = json_array();
	for (size_t i = 0; i < m.narenas; i++)
		json_array_append_new(arenas, json_pack("{so so}", "generation", number(m.arena[i].generation),
							"active", number(m.arena[i].active)));
	return json_pack("{so so so so so}", "allocated", number(m.allocated), "active", number(m.active), "resident",
			 number(m.resident), "retained", number(m.retained), "arenas", arenas);
}

static json_t *store(const struct fwd *d)
{
	struct store *s = engine_store(d->engine);
	struct fw_diags ds = { .n = 0 };
	uint64_t changes, bytes;

	store_size(s, &changes, &bytes);
	store_trouble(s, &ds);
	return json_pack("{so so so so so}", "path", fw_json_text(d->config.store), "bytes", number(bytes), "changes",
			 number(changes), "error", fw_json_text(ds.n ? ds.d[0].message : NULL), "hint",
			 fw_json_text(ds.n && ds.d[0].hint[0] ? ds.d[0].hint : NULL));
}

static json_t *stretch(struct fw_stretch s)
{
	return json_pack("{sf so}", "seconds", s.seconds, "what", fw_json_text(s.what));
}

json_t *status_undone(const struct engine_undone *u, int64_t rules)
{
	return u->rules < 0 ? json_null() : json_integer((json_int_t)rules);
}

static json_t *rollback(const struct engine_undone *u)
{
	if (!u->at || u->restored < 0)
		return json_null();
	return json_pack("{so so so so so}", "at", json_integer(u->at), "what", fw_json_text(u->what), "rules",
			 status_undone(u, u->rules), "restored", status_undone(u, u->restored), "reason",
			 fw_json_text(u->reason));
}

json_t *status_json(const struct fwd *d)
{
	json_t *o = json_object();
	struct engine_status st;

	engine_status(d->engine, &st);
	add_daemon(o, d);
	add_tables(o, d, &st);
	add_history(o, d, &st);
	json_object_set_new(o, "devices", devices(d));
	json_object_set_new(o, "host", host_json(d, devices_host(d)));
	json_object_set_new(o, "away", devices_away_json(d));
	json_object_set_new(o, "pool", pool(d->engine, &st));
	json_object_set_new(o, "limits", limits_json(d));
	json_object_set_new(o, "kernel", json_pack("{so}", "bytes", number(fw_kern_memory(engine_kern(d->engine)))));
	json_object_set_new(o, "pins",
			    json_pack("{so sb}", "path", fw_json_text(d->config.pins), "private", d->pins_private));
	json_object_set_new(o, "files", files(d));
	json_object_set_new(o, "conntrack", tracking_json(d));
	json_object_set_new(o, "connections", tracked_json(d));
	json_object_set_new(o, "replies", replies(d));
	json_object_set_new(o, "memory", memory(d));
	json_object_set_new(o, "store", store(d));
	json_object_set_new(
		o, "loop",
		json_pack("{so so}", "longest", stretch(d->loop.longest), "recent", stretch(fw_loop_recent(&d->loop))));
	json_object_set_new(o, "log", packet_log_json(d));
	json_object_set_new(o, "additions", additions_json(d));
	json_object_set_new(o, "timeouts",
			    json_pack("{so so}", "elements", number(st.elements_left), "transactions",
				      number(st.left_transactions)));
	json_object_set_new(o, "rules_file", rules_file_json(d));
	json_object_set_new(o, "owner", fw_json_text(owner_but(d, (uid_t)-1)));
	json_object_set_new(o, "confirm_by", st.confirm_by ? json_integer(st.confirm_by) : json_null());
	json_object_set_new(o, "confirm_what", fw_json_text(st.confirm_by ? st.confirm_what : NULL));
	json_object_set_new(o, "rollback", rollback(&st.undone));
	return o;
}

void handle_status(struct request *req)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	devices_look(req->fwd);
	fw_json_line(&b, status_json(req->fwd));
	reply_lines(&req->reply, &b);
	reply_end(&req->reply, NULL);
}
