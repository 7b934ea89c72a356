// SPDX-License-Identifier: GPL-2.0-only
/* An entry of the log of packets as JSON, and as fields of the journal. */
#include "ctl/fwd/log/logged.h"

#include "fw/json.h"

#include <inttypes.h>
#include <string.h>

#define SECOND 1000000000

static const char *or_null(const char *s)
{
	return s && s[0] ? s : NULL;
}

static void put_text(struct fw_buf *b, const char *name, const char *text)
{
	fw_buf_printf(b, ",\"%s\":", name);
	fw_json_string(b, text);
}

/* An interface by name, and by index. */
static void put_iface(struct fw_buf *b, const char *which, const char *name, uint32_t ifindex)
{
	put_text(b, which, name[0] ? FW_NAME(name) : NULL);
	if (ifindex)
		fw_buf_printf(b, ",\"%s_index\":%" PRIu32, which, ifindex);
}

static void put_rule(struct fw_buf *b, const struct logged *l)
{
	if (l->rule)
		fw_buf_printf(b, ",\"rule\":%" PRIu64, l->rule);
	else
		fw_buf_printf(b, ",\"rule\":null");
	put_text(b, "name", or_null(l->name));
	put_text(b, "policy", logged_policy(l));
	put_text(b, "prefix", or_null(l->prefix));
	put_text(b, "level", fw_log_levels[l->level]);
}

static void put_bytes(struct fw_buf *b, const struct fw_event *e)
{
	fw_buf_printf(b, ",\"begins\":\"%s\",\"ethertype\":%u,\"vlan\":", e->flags & FW_EVENT_L3 ? "ip" : "ethernet",
		      (unsigned)e->ethertype);
	if (e->flags & FW_EVENT_VLAN)
		fw_buf_printf(b, "%u", (unsigned)e->vlan_tci);
	else
		fw_buf_printf(b, "null");
	fw_buf_printf(b, ",\"bytes\":\"");
	for (unsigned i = 0; i < e->captured; i++)
		fw_buf_printf(b, "%02x", e->bytes[i]);
	fw_buf_printf(b, "\"");
}

static void put_packet(struct fw_buf *b, const struct logged *l)
{
	fw_cleanup(fw_buf_free) struct fw_buf packet = { 0 };

	logged_packet(l, &packet);
	b->failed |= packet.failed;
	put_text(b, "packet", packet.text);
}

static void put_losses(struct fw_buf *b, const struct logged *l)
{
	fw_buf_printf(b, ",\"lost\":%" PRIu64 ",\"limited\":%" PRIu64 ",\"additions_lost\":%" PRIu64,
		      l->lost[FW_LOST_LOG], l->lost[FW_LOST_RATE], l->lost[FW_LOST_ADD]);
}

void logged_json(const struct logged *l, bool bytes, struct fw_buf *b)
{
	fw_buf_printf(b, "{\"number\":%" PRIu64 ",\"time\":%" PRId64 ".%06" PRId64, l->number, l->time / SECOND,
		      l->time % SECOND / 1000);
	if (l->is_loss) {
		put_losses(b, l);
	} else {
		put_rule(b, l);
		put_text(b, "hook", fw_prog_names[l->event.prog]);
		put_text(b, "verdict", fw_verdict_name(l->event.verdict));
		put_iface(b, "in", l->in, l->event.in);
		put_iface(b, "out", l->out, l->event.out);
		fw_buf_printf(b, ",\"length\":%" PRIu32, l->event.len);
		put_packet(b, l);
		if (bytes)
			put_bytes(b, &l->event);
	}
	fw_buf_add(b, "}\n", 2);
}

/* "2 packets were not logged for want of room" and so on. */
static void losses_line(const struct logged *l, struct fw_buf *b)
{
	static const char *const what[FW_NLOSSES] = {
		[FW_LOST_LOG] = "packet%s lost: the ring was full",
		[FW_LOST_ADD] = "addition%s to sets lost: the ring was full",
		[FW_LOST_RATE] = "packet%s not logged: above the rate of the rule",
	};
	const char *separator = "";

	for (int i = 0; i < FW_NLOSSES; i++) {
		const char *s = strstr(what[i], "%s");

		if (!l->lost[i])
			continue;
		fw_buf_printf(b, "%s%" PRIu64 " %.*s%s%s", separator, l->lost[i], (int)(s - what[i]), what[i],
			      fw_plural(l->lost[i]), s + 2);
		separator = "; ";
	}
}

static void put_interfaces(struct fw_buf *b, const struct logged *l)
{
	if (l->in[0])
		fw_buf_printf(b, " from %s", FW_NAME(l->in));
	if (l->out[0])
		fw_buf_printf(b, " to %s", FW_NAME(l->out));
}

/* "SSH drop at xdp from eth0 by rule 3 ssh: tcp 192.0.2.1:999 > ..." */
static void line(const struct logged *l, struct fw_buf *b)
{
	const char *policy = logged_policy(l);

	fw_buf_printf(b, "%s%s at %s", l->prefix, fw_verdict_name(l->event.verdict), fw_prog_names[l->event.prog]);
	put_interfaces(b, l);
	if (l->rule)
		fw_buf_printf(b, " by rule %" PRIu64 "%s%s: ", l->rule, l->name[0] ? " " : "", l->name);
	else
		fw_buf_printf(b, " by %s%s: ", policy ? "policy " : "a rule that is gone", policy ? policy : "");
	logged_packet(l, b);
}

static void put_field(struct fw_buf *b, const char *name, const char *value)
{
	char clean[4 * FW_NAME_MAX];

	if (value && value[0])
		fw_buf_printf(b, "FWD_%s=%s\n", name, fw_escape(clean, sizeof(clean), value, strlen(value)));
}

static void put_address(struct fw_buf *b, const char *name, const struct fw_key *key, const struct fw_addr *a)
{
	const struct fw_addr_range r = { .lo = *a, .hi = *a, .family = key->family };

	if (key->family == FW_FAMILY_NONE)
		return;
	fw_buf_printf(b, "FWD_%s=", name);
	fw_text_print_addr_range(b, &r);
	fw_buf_printf(b, "\n");
}

static void put_value(struct fw_buf *b, const char *name, const struct fw_key *key, enum fw_field field)
{
	if (key->f[field] <= fw_field_info[field].max)
		fw_buf_printf(b, "FWD_%s=%" PRIu32 "\n", name, key->f[field]);
}

static void packet_fields(const struct logged *l, struct fw_buf *b)
{
	struct fw_key key;

	logged_key(l, &key);
	put_address(b, "SOURCE", &key, &key.src);
	put_address(b, "DESTINATION", &key, &key.dst);
	put_value(b, "PROTO", &key, FW_F_PROTO);
	put_value(b, "SOURCE_PORT", &key, FW_F_SPORT);
	put_value(b, "DESTINATION_PORT", &key, FW_F_DPORT);
	put_value(b, "LENGTH", &key, FW_F_LENGTH);
}

void logged_line(const struct logged *l, struct fw_buf *b)
{
	if (l->is_loss)
		losses_line(l, b);
	else
		line(l, b);
}

void logged_fields(const struct logged *l, struct fw_buf *b)
{
	if (l->is_loss)
		return;
	if (l->rule)
		fw_buf_printf(b, "FWD_RULE=%" PRIu64 "\n", l->rule);
	put_field(b, "NAME", l->name);
	put_field(b, "POLICY", logged_policy(l));
	put_field(b, "PREFIX", l->prefix);
	put_field(b, "HOOK", fw_prog_names[l->event.prog]);
	put_field(b, "VERDICT", fw_verdict_name(l->event.verdict));
	put_field(b, "IN", l->in[0] ? FW_NAME(l->in) : NULL);
	put_field(b, "OUT", l->out[0] ? FW_NAME(l->out) : NULL);
	packet_fields(l, b);
}
