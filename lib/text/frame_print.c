// SPDX-License-Identifier: GPL-2.0-only
/* The line that describes a key, in the form that fw_text_frame() reads back. */
#include "lib/text/internal.h"

#include "lib/text/frame.h"

#include <arpa/inet.h>
#include <endian.h>
#include <inttypes.h>

static void print_endpoint(struct fw_buf *b, const struct fw_key *key, const struct fw_addr *addr, enum fw_field port)
{
	bool v6 = key->family == FW_IP6, has_port = key->f[port] <= fw_field_info[port].max;
	uint64_t raw[2] = { htobe64(addr->hi), htobe64(addr->lo) };
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(v6 ? AF_INET6 : AF_INET, raw, text, sizeof(text));
	fw_buf_printf(b, v6 && has_port ? "[%s]" : "%s", text);
	if (has_port)
		fw_buf_printf(b, ":%" PRIu32, key->f[port]);
}

static void print_flags(struct fw_buf *b, enum fw_field field, uint32_t flags)
{
	const char *separator = "";

	if (!flags)
		fw_buf_printf(b, "none");
	for (const struct fw_name *n = fw_field_names(field, false); n->name; n++) {
		if (!(flags & n->value))
			continue;
		fw_buf_printf(b, "%s%s", separator, n->name);
		separator = ",";
	}
}

void fw_text_print_packet_value(struct fw_buf *b, enum fw_field field, bool v6, uint32_t value)
{
	const char *name = fw_field_value_name(field, v6, value);

	if (fw_field_is_flags(field))
		print_flags(b, field, value);
	else if (name)
		fw_buf_printf(b, "%s", name);
	else
		fw_buf_printf(b, "%" PRIu32, value);
}

static void print_field(struct fw_buf *b, enum fw_field field, const struct fw_key *key)
{
	fw_buf_printf(b, " %s ", fw_field_info[field].packet_word);
	if (field == FW_F_MAC_HIGH) {
		fw_text_print_mac(b, key->f[FW_F_MAC_HIGH], key->f[FW_F_MAC_LOW]);
		return;
	}
	fw_text_print_packet_value(b, field, key->family == FW_IP6, key->f[field]);
}

/* Fields that other packets lack are always printed; rare ones, and the others, only if they differ from the default of packets by hand. */
static bool is_printed(enum fw_field field, const struct fw_key *key)
{
	const struct fw_field_info *info = &fw_field_info[field];
	uint32_t usual = info->usual[key->family == FW_IP6];

	if (field == FW_F_NEXT_HEADER)
		usual = fw_next_header_usual((enum fw_family)key->family, key->f);
	if (!info->packet_word || field == FW_F_LENGTH || key->f[field] > info->max)
		return false;
	return (info->presence == FW_MAYBE && info->layer != FW_LAYER_IP && info->source != FW_SOURCE_RARE) ||
	       key->f[field] != usual ||
	       (field == FW_F_MAC_HIGH && key->f[FW_F_MAC_LOW] != fw_field_info[FW_F_MAC_LOW].usual[0]);
}

/* The fields of some layers, without the length, which is printed last. */
static void print_fields(struct fw_buf *b, unsigned layers, const struct fw_key *key)
{
	for (enum fw_field f = 0; f < FW_NFIELDS; f++)
		if (fw_field_layer(f) & layers && is_printed(f, key))
			print_field(b, f, key);
}

static void print_iface(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_key *key, enum fw_field field)
{
	uint32_t number = key->f[field];
	char name[FW_ALTNAME_MAX + 1];

	if (rs && number < rs->nifaces && rs->ifaces[number].name)
		fw_buf_printf(b, " %s %s", fw_field_info[field].keyword,
			      FW_NAME(fw_iface_text(rs->ifaces[number].name, name)));
}

/* Hook and interfaces, then tag and mark if there are any: what frames that are not IP have, too. */
static void print_around(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_key *key)
{
	enum fw_hook hook = (enum fw_hook)key->f[FW_F_HOOK];

	fw_buf_printf(b, " %s", fw_hook_name(hook));
	print_iface(b, rs, key, FW_F_IFACE);
	if (hook == FW_OUT || hook == FW_FORWARD)
		print_iface(b, rs, key, FW_F_FROM_IF);
	if (hook == FW_FORWARD)
		print_iface(b, rs, key, FW_F_TO_IF);
	print_fields(b, FW_LAYERS_FRAME, key);
}

static void print_frame(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_key *key)
{
	const char *reason = key->reason < FW_NREASONS ? fw_reason_info[key->reason].name : "unknown";

	fw_buf_printf(b, "%s frame, ethertype 0x%04" PRIx32 ", %" PRIu32 " bytes,", reason, key->f[FW_F_ETHERTYPE],
		      key->f[FW_F_LENGTH]);
	print_around(b, rs, key);
}

static void print_proto(struct fw_buf *b, const struct fw_key *key)
{
	uint32_t other = key->family == FW_IP6 ? 1 : 58; /* the other family's ICMP is read back only as a number */

	if (key->f[FW_F_PROTO] == other)
		fw_buf_printf(b, "%" PRIu32, other);
	else
		fw_text_print_packet_value(b, FW_F_PROTO, key->family == FW_IP6, key->f[FW_F_PROTO]);
}

void fw_text_print_key(struct fw_buf *b, const struct fw_ruleset *rs, const struct fw_key *key)
{
	if (key->reason != FW_R_NONE || key->family == FW_FAMILY_NONE) {
		print_frame(b, rs, key);
		return;
	}
	print_proto(b, key);
	fw_buf_printf(b, " ");
	print_endpoint(b, key, &key->src, FW_F_SPORT);
	fw_buf_printf(b, " > ");
	print_endpoint(b, key, &key->dst, FW_F_DPORT);
	print_around(b, rs, key);
	print_fields(b, ~FW_LAYERS_IP, key);
	print_fields(b, 1u << FW_LAYER_IP, key);
	print_field(b, FW_F_LENGTH, key);
}
