// SPDX-License-Identifier: GPL-2.0-only
/* What the live tables decide about one packet. */
#include "fw/json.h"
#include "fw/oracle.h"
#include "handlers.h"

#include "fw/table/packet.h"

#include <string.h>

/* The packet of the request: text or bytes. Arguments override its text. 0, or -errno with a diagnostic. */
static int question(const struct request *req, struct fw_frame *out, struct fw_diags *ds)
{
	const struct args *a = &req->args;
	const struct fw_message *m = req->message;
	int err = 0;

	if ((a->packet != NULL) == (m->nparts > 1))
		return fw_diag_add(ds, (struct fw_place){ 0 }, NULL,
				   "'classify' wants a packet: as the argument 'packet', or its bytes as part 1");
	if (a->packet)
		err = fw_text_frame(a->packet, out, ds);
	else if (m->part[1].len > FW_FRAME_MAX)
		return fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "the packet has more than %d bytes", FW_FRAME_MAX);
	else
		memcpy(out->data, m->part[1].data, out->len = out->wire_len = m->part[1].len);
	if (err)
		return err;
	if (json_object_get(a->object, "hook"))
		out->hook = a->hook;
	if (json_object_get(a->object, "mark"))
		out->mark = (uint32_t)a->mark;
	if (a->dev)
		snprintf(out->iface, sizeof(out->iface), "%s", a->dev);
	if (out->len < ETH_HLEN || out->len < out->wire_len)
		return fw_diag_add(ds, (struct fw_place){ 0 }, NULL,
				   "the program can be shown packets of %d to %d bytes only", ETH_HLEN, FW_FRAME_MAX);
	return 0;
}

static uint32_t number_of(const void *engine, const char *name)
{
	return engine_interface_number(engine, engine_interface_named(engine, name));
}

/* The packet's fields, as a JSON string. */
static void add_packet(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_key *key)
{
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };

	fw_text_print_key(&text, rs, key);
	fw_json_string(b, text.text);
}

/* The rules as members of an array; NULL: one that has been deleted. */
static void add_rules(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_rule *const *rules, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		fw_buf_printf(b, "%s", b->text[b->len - 1] == '}' ? "," : "");
		if (rules[i])
			fw_json_rule(b, rs, rules[i], NULL);
	}
}

/* The calls that led to the chain of the rule that decided, that of the main list first. */
static void add_through(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_key *key,
			const struct fw_rule *rule)
{
	const struct fw_rule *calls[FW_CHAIN_DEPTH], *in_order[FW_CHAIN_DEPTH];
	uint32_t n = rule ? fw_oracle_calls(rs, key, rule, calls) : 0;

	for (uint32_t i = 0; i < n; i++)
		in_order[i] = calls[n - 1 - i];
	add_rules(b, rs, in_order, n);
}

static void add_counted(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_result *r)
{
	const struct fw_rule *counted[FW_TURNS];

	for (uint32_t i = 0; i < r->npassed; i++)
		counted[i] = fw_ruleset_by_slot(rs, fw_result_passed(r, i));
	add_rules(b, rs, counted, r->npassed);
}

/* The rule or the reason that decided, and the packet as the parser sees it. */
static void answer(struct request *req, const struct fw_frame *f, const struct fw_result *r)
{
	const struct fw_ruleset *rs = engine_ruleset(req->fwd->engine);
	const struct fw_rule *rule = r->reason == FW_R_NONE ? fw_ruleset_by_slot(rs, r->slot) : NULL;
	struct fw_meta meta = fw_frame_meta(f, number_of, req->fwd->engine);
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct fw_key key;

	fw_packet_parse(f->data, f->data + f->len, &meta, &key);

	fw_buf_printf(&b, "{\"verdict\":\"%s\",\"rule\":", fw_verdict_name(r->verdict));
	if (rule)
		fw_json_rule(&b, rs, rule, NULL);
	else
		fw_buf_printf(&b, "null");
	fw_buf_printf(&b, ",\"reason\":");
	fw_json_string(&b, r->reason < FW_NREASONS ? fw_reason_info[r->reason].name : NULL);
	fw_buf_printf(&b, ",\"through\":[");
	add_through(&b, rs, &key, rule);
	fw_buf_printf(&b, "],\"counted\":[");
	add_counted(&b, rs, r);
	fw_buf_printf(&b, "],\"packet\":");
	add_packet(&b, rs, &key);
	fw_buf_printf(&b, "}\n");
	reply_lines(&req->reply, &b);
	reply_end(&req->reply, NULL);
}

/* The index of one of the packet's interfaces, which must exist. */
static int index_of(const struct engine *e, const struct fw_frame *f, enum fw_field field, struct fw_diags *ds,
		    uint32_t *out)
{
	const char *name = fw_frame_iface(f, field);

	*out = !name ? 0 : name[0] ? engine_interface_named(e, name) : FW_PROBE_OTHER;
	if (!name || *out)
		return 0;
	return fw_diag_add(ds, (struct fw_place){ 0 }, "`ip -brief link` lists the interfaces",
			   "there is no interface '%s'", FW_NAME(name));
}

static int probe(struct engine *e, const struct fw_frame *f, struct fw_diags *ds, struct fw_result *out)
{
	struct fw_meta meta = fw_frame_meta(f, number_of, e);
	struct fw_probe p = { .frame = f->data, .len = f->len, .mark = f->mark, .hook = (enum fw_hook)f->hook };
	struct fw_key key;
	int err = index_of(e, f, FW_F_IFACE, ds, &p.iface);

	if (!err)
		err = index_of(e, f, FW_F_FROM_IF, ds, &p.from_if);
	if (!err)
		err = index_of(e, f, FW_F_TO_IF, ds, &p.to_if);
	fw_key_ask(&key, &meta);
	p.state = key.f[FW_F_STATE];
	p.uid = key.f[FW_F_UID];
	p.gid = key.f[FW_F_GID];
	return err ? err : fw_kern_probe(engine_kern(e), &p, out);
}

void handle_classify(struct request *req)
{
	struct fw_frame f = { .len = 0 };
	struct fw_diags ds = { .n = 0 };
	struct fw_result r;
	int err = question(req, &f, &ds);

	if (!err)
		err = probe(req->fwd->engine, &f, &ds, &r);
	if (err)
		reply_fail_errno(&req->reply, &ds, "cannot classify", err);
	else
		answer(req, &f, &r);
}
