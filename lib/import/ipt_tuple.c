// SPDX-License-Identifier: GPL-2.0-only
/* Elements of sets of ipset that have several parts, `192.0.2.1,tcp:80`: each is the match of a rule. */
#include "lib/import/ipt_set.h"
#include "lib/import/ipt_values.h"

/* A part as our language has it. @from: it is about where the packet comes from. false: rules cannot match it. */
typedef bool print_part(struct fw_buf *b, enum ipt_family family, bool from, const char *text);

static bool print_net(struct fw_buf *b, enum ipt_family family, bool from, const char *text)
{
	struct ipt_net net;

	if (!ipt_net(text, family, &net))
		return false;
	if (!net.len)
		return true;
	fw_buf_printf(b, from ? " from " : " to ");
	ipt_print_net(b, &net);
	return true;
}

/* `tcp:80`; without a protocol, `80`, it is TCP. */
static bool print_port(struct fw_buf *b, enum ipt_family family, bool from, const char *text)
{
	const char *colon = strchr(text, ':');
	char proto[24] = "tcp";
	uint64_t port;

	if (colon)
		snprintf(proto, sizeof(proto), "%.*s", (int)(colon - text), text);
	if ((strcmp(proto, "tcp") != 0 && strcmp(proto, "udp") != 0 && strcmp(proto, "sctp") != 0) ||
	    !ipt_number(colon ? colon + 1 : text, 65535, &port))
		return false;
	fw_buf_printf(b, " proto %s %s %u", proto, from ? "sport" : "dport", (unsigned)port);
	return true;
}

static bool print_mac(struct fw_buf *b, enum ipt_family family, bool from, const char *text)
{
	uint8_t mac[IMPORT_MAC_BYTES];

	fw_buf_printf(b, " mac %s", text);
	return from && import_mac(text, mac);
}

/* `physdev:` is a port of a bridge. */
static bool print_iface(struct fw_buf *b, enum ipt_family family, bool from, const char *text)
{
	fw_buf_printf(b, from ? " from-if " : " to-if ");
	import_print_string(b, text);
	return *text && strlen(text) <= 15 && !strpbrk(text, ":*+/");
}

static bool print_mark(struct fw_buf *b, enum ipt_family family, bool from, const char *text)
{
	uint64_t mark;

	if (!ipt_number(text, UINT32_MAX, &mark))
		return false;
	fw_buf_printf(b, " mark 0x%llx", (unsigned long long)mark);
	return true;
}

static const struct {
	const char *name;
	print_part *print;
} parts[] = {
	{ "ip", print_net },  { "net", print_net },     { "port", print_port },
	{ "mac", print_mac }, { "iface", print_iface }, { "mark", print_mark },
};

/* The next of several words with commas between, into @out. NULL: there is none, or it is too long. */
static const char *next_word(const char *s, char out[64])
{
	size_t len = s ? strcspn(s, ",") : 0;

	if (!len || len >= 64)
		return NULL;
	memcpy(out, s, len);
	out[len] = '\0';
	return s[len] ? s + len + 1 : s + len;
}

/* NULL: there is no such part. */
static print_part *part_of(const char *name)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(parts[i].name, name))
			return parts[i].print;
	return NULL;
}

bool ipt_is_tuple(const char *type)
{
	const char *s = !strncmp(type, "hash:", 5) ? type + 5 : "";
	char word[64];
	unsigned n = 0;

	for (; *s; n++) {
		s = next_word(s, word);
		if (!s || !part_of(word))
			return false;
	}
	return n > 1;
}

bool ipt_tuple_print(struct fw_buf *b, const struct ipt_set *set, const char *sides, const char *element)
{
	const char *kind = set->type + 5;
	char name[64], side[64], text[64];

	while (*kind) {
		kind = next_word(kind, name);
		sides = next_word(sides, side);
		element = next_word(element, text);
		if (!kind || !sides || !element || (strcmp(side, "src") != 0 && strcmp(side, "dst") != 0) ||
		    !part_of(name)(b, set->family, side[0] == 's', text))
			return false;
	}
	return !*sides && !*element;
}

bool ipt_tuple_overlaps(const struct ipt_set *set)
{
	return strstr(set->type, "net") != NULL;
}
