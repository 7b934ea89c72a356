// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ourselves: the program as fwd loads it, and changes as fwd makes them, but for the disk. The text of the rules is
 * written and parsed, as the peers' is.
 */
#include "tests/perf/peers/peer_xdp.h"

#include "tests/perf/changes.h"

struct fwd {
	struct fw_ruleset *rs;
	struct bench_controller *controller;
	const struct form *form;
};

/* What the rules look like, and where they decide. */
struct form {
	void (*text)(const struct work *w, struct fw_buf *out);
	int (*attach)(struct fw_kern *k, struct stage *st, struct fw_diags *ds);
	bool set; /* the addresses are in a set that one rule names */
};

#define SET_NAME "blocked"

static void set_text(const struct work *w, struct fw_buf *out)
{
	fw_buf_printf(out, "policy in accept\nset " SET_NAME " {\n");
	for (size_t i = 0; i < w->n; i++) {
		uint32_t a = w->rules[i].src;

		fw_buf_printf(out, "%u.%u.%u.%u/%u,\n", a >> 24, a >> 16 & 255, a >> 8 & 255, a & 255,
			      w->rules[i].src_len);
	}
	fw_buf_printf(out, "}\nrule in from @" SET_NAME " drop\n");
}

static void forward_text(const struct work *w, struct fw_buf *out)
{
	fw_buf_printf(out, "policy forward %s\nrule forward state established accept\n", w->accept ? "accept" : "drop");
	for (size_t i = 0; i < w->n; i++) {
		fw_buf_printf(out, "rule ");
		work_rule_text(&w->rules[i], "forward", out);
	}
}

static void syn_text(const struct work *w, struct fw_buf *out)
{
	fw_buf_printf(out, "rule in proto tcp state established accept\n");
	work_text(w, out);
}

static int attach_wire(struct fw_kern *k, struct stage *st, struct fw_diags *ds)
{
	return fw_kern_attach_xdp(k, stage_ifindex(st), FW_XDP_NATIVE, NULL, ds);
}

static int attach_host(struct fw_kern *k, struct stage *st, struct fw_diags *ds)
{
	return fw_kern_attach_host(k, ds);
}

static const struct form rules = { work_text, attach_wire, false };
static const struct form set = { set_text, attach_wire, true };
static const struct form forward = { forward_text, attach_host, false };
static const struct form syn = { syn_text, attach_wire, false };

static int fwd_rules(const struct work *w, struct fwd *f, struct fw_diags *ds)
{
	struct fw_buf text = { 0 };
	int err;

	f->form->text(w, &text);
	f->rs = fw_ruleset_new(NULL);
	err = text.failed || !f->rs ? -ENOMEM : fw_text_parse(f->rs, text.text, text.len, "work", ds);
	fw_buf_free(&text);
	if (err)
		bench_say(ds);
	return err;
}

static void fwd_unload(void *ctx)
{
	struct fwd *f = ctx;

	if (!f)
		return;
	bench_controller_free(f->controller);
	fw_ruleset_free(f->rs);
	free(f);
}

static int fwd_start(const struct form *form, const struct fw_kern_options *options, void **out)
{
	struct fwd *f = calloc(1, sizeof(*f));
	int err = f ? bench_controller_open(options, &f->controller) : -ENOMEM;

	if (err) {
		fwd_unload(f);
		return err;
	}
	f->form = form;
	*out = f;
	return 0;
}

static int fwd_load(const struct work *w, struct stage *st, void **ctx)
{
	fw_autofree struct fw_diags *ds = calloc(1, sizeof(*ds));
	struct fwd *f = *ctx;
	int err = ds ? fwd_rules(w, f, ds) : -ENOMEM;

	if (!err)
		err = bench_controller_start(f->controller, f->rs);
	if (err)
		return err;
	err = f->form->attach(bench_controller_kern(f->controller), st, ds);
	if (err)
		bench_say(ds);
	return err;
}

static int fwd_add(void *ctx, const struct work_rule *r)
{
	struct fwd *f = ctx;
	struct fw_buf text = { 0 };
	struct bench_stages stages;
	uint32_t a = r->src;
	int err;

	if (f->form->set) {
		fw_buf_printf(&text, "set add " SET_NAME " %u.%u.%u.%u\n", a >> 24, a >> 16 & 255, a >> 8 & 255,
			      a & 255);
	} else {
		fw_buf_printf(&text, "add rule ");
		work_rule_text(r, "in", &text);
	}
	err = text.failed ? -ENOMEM : bench_controller_change(f->controller, &text, NULL, NULL, &stages);
	fw_buf_free(&text);
	return err;
}

static int fwd_prog(void *ctx)
{
	return fw_kern_prog_fd(bench_controller_kern(((struct fwd *)ctx)->controller), FW_PROG_XDP);
}

static const char *no_set(const struct work *w)
{
	return w->shape == WORK_BLOCKLIST ? NULL : "a set of addresses is not what these rules say";
}

/* X(symbol, name, label, kind, pool, without flow cache, form, cannot) */
#define FWDS(X)                                                                                                 \
	X(arena, "fwd", "fwd (arena)", PEER_XDP, FW_POOL_ARENA, false, rules, NULL)                             \
	X(arena_plain, "fwd-plain", "fwd (arena, no flow cache)", PEER_XDP, FW_POOL_ARENA, true, rules, NULL)   \
	X(maps, "fwd-maps", "fwd (maps)", PEER_XDP, FW_POOL_MAPS, false, rules, NULL)                           \
	X(maps_plain, "fwd-maps-plain", "fwd (maps, no flow cache)", PEER_XDP, FW_POOL_MAPS, true, rules, NULL) \
	X(set, "fwd-set", "fwd (arena, a set)", PEER_XDP, FW_POOL_ARENA, false, set, no_set)                    \
	X(forward, "fwd-forward", "fwd at forward", PEER_STACK, FW_POOL_AUTO, false, forward, NULL)             \
	X(forward_plain, "fwd-forward-plain", "fwd at forward, no flow cache", PEER_STACK, FW_POOL_AUTO, true,  \
	  forward, NULL)                                                                                        \
	X(syn, "fwd-xdp", "fwd at XDP, with state", PEER_XDP, FW_POOL_AUTO, false, syn, NULL)

#define FWD_PEER(sym, word, text, where, kind_of_pool, plain, its_form, why)                                    \
	static int sym##_start(void **out)                                                                      \
	{                                                                                                       \
		static const struct fw_kern_options options = { .no_flow_cache = plain, .pool = kind_of_pool }; \
                                                                                                                \
		return fwd_start(&its_form, &options, out);                                                     \
	}                                                                                                       \
	const struct peer peer_fwd_##sym = {                                                                    \
		.name = word,                                                                                   \
		.label = text,                                                                                  \
		.kind = where,                                                                                  \
		.cannot = why,                                                                                  \
		.start = sym##_start,                                                                           \
		.load = fwd_load,                                                                               \
		.unload = fwd_unload,                                                                           \
		.add = fwd_add,                                                                                 \
		.prog = fwd_prog,                                                                               \
	};
FWDS(FWD_PEER)
