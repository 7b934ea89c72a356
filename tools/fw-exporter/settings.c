// SPDX-License-Identifier: GPL-2.0-only
/* The table of settings. */
#include "tools/fw-exporter/settings.h"

#include "fw/client.h"
#include "tools/fw-exporter/page.h"

#include <arpa/inet.h>
#include <string.h>

const char *const rules_names[RULES_NCHOICES + 1] = { "selected", "all", "none", NULL };

static int parse_text(const struct setting *s, const char *value, void *field)
{
	size_t len = strlen(value);

	if (len < s->min || len > s->max)
		return -EINVAL;
	memcpy(field, value, len + 1);
	return 0;
}

static int parse_path(const struct setting *s, const char *value, void *field)
{
	return value[0] == '/' ? parse_text(s, value, field) : -EINVAL;
}

/* Behind a '%' there may be the interface of a link-local address. */
static int parse_address(const struct setting *s, const char *value, void *field)
{
	const char *zone = strchr(value, '%');
	size_t len = zone ? (size_t)(zone - value) : strlen(value);
	char address[INET6_ADDRSTRLEN] = "";
	struct in6_addr in;

	if (len >= sizeof(address) || (zone && !zone[1]))
		return -EINVAL;
	snprintf(address, sizeof(address), "%.*s", (int)len, value);
	if (inet_pton(AF_INET6, address, &in) != 1 && (zone || inet_pton(AF_INET, address, &in) != 1))
		return -EINVAL;
	return parse_text(s, value, field);
}

static int parse_number(const struct setting *s, const char *value, void *field)
{
	char *end;
	unsigned long v = strtoul(value, &end, 10);

	if (value[0] < '0' || value[0] > '9' || *end || v < s->min || v > s->max)
		return -EINVAL;
	*(unsigned *)field = (unsigned)v;
	return 0;
}

static int parse_choice(const struct setting *s, const char *value, void *field)
{
	for (unsigned i = 0; s->words[i]; i++)
		if (!strcmp(s->words[i], value)) {
			*(unsigned *)field = i;
			return 0;
		}
	return -EINVAL;
}

#define AT(field) offsetof(struct settings, field)
#define PATH "a path that begins with '/'"
#define PATH_MAX_BYTES (SETTINGS_TEXT_MAX - 1)

/* clang-format off */
const struct setting settings_table[] = {
	{ "address", "ADDRESS", "where to listen", "127.0.0.1",
	  "an IPv4 or IPv6 address, such as 127.0.0.1, ::1, or :: for all", parse_address, AT(address), 2, 63, NULL },
	{ "port", "PORT", "TCP port; 0: any that is free, and it is said which", "9479",
	  "a number from 0 to 65535", parse_number, AT(port), 0, 65535, NULL },
	{ "tls-cert", "FILE", "certificates in PEM, for HTTPS; with --tls-key", "",
	  PATH, parse_path, AT(tls_cert), 2, PATH_MAX_BYTES, NULL },
	{ "tls-key", "FILE", "private key of the certificate, in PEM", "",
	  PATH, parse_path, AT(tls_key), 2, PATH_MAX_BYTES, NULL },
	{ "socket", "PATH", "fwd's socket", FW_CLIENT_SOCKET,
	  PATH ", of at most 107 bytes", parse_path, AT(socket), 2, 107, NULL },
	{ "pins", "DIR", "fwd's folder in bpffs, to read while fwd does not answer", "/sys/fs/bpf/fwd",
	  PATH, parse_path, AT(pins), 2, PATH_MAX_BYTES, NULL },
	{ "rules", "WHICH", "rules with series of their own: selected, all or none", "selected",
	  "selected, all or none", parse_choice, AT(rules), 0, 0, rules_names },
	{ "max-rules", "N", "selected: of the rules that are named or say `counter`, those with the N lowest ids", "1000",
	  "a number from 0 to 1000000", parse_number, AT(max_rules), 0, 1000000, NULL },
	{ "top", "N", "selected: of the other rules, the N with the most packets", "20",
	  "a number from 0 to 10000", parse_number, AT(top), 0, 10000, NULL },
	{ "clients-max", "N", "open connections; one more closes the one that has been idle longest", "64",
	  "a number from 1 to 4096", parse_number, AT(clients_max), 1, 4096, NULL },
	{ "timeout", "SECONDS", "how long a client may take to ask, and to read the answer", "30",
	  "a number from 1 to 3600", parse_number, AT(timeout), 1, 3600, NULL },
	{ "format", "FORMAT", "of --once: prometheus or openmetrics", "prometheus",
	  "prometheus or openmetrics", parse_choice, AT(format), 0, 0, page_format_names },
};
/* clang-format on */
const size_t settings_n = sizeof(settings_table) / sizeof(settings_table[0]);

void settings_defaults(struct settings *c)
{
	*c = (struct settings){ .address = "" };
	for (size_t i = 0; i < settings_n; i++) {
		const struct setting *s = &settings_table[i];

		if (s->value[0])
			s->parse(s, s->value, (char *)c + s->offset);
	}
}

int settings_set(struct settings *c, const struct setting *s, const char *value, struct fw_diags *ds)
{
	if (!s->parse(s, value, (char *)c + s->offset))
		return 0;
	return fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "--%s wants %s, not '%.64s'", s->name, s->want, value);
}

int settings_check(const struct settings *c, struct fw_diags *ds)
{
	if (!c->tls_cert[0] == !c->tls_key[0])
		return 0;
	return fw_diag_add(ds, (struct fw_place){ 0 }, "give both, or none for plain HTTP", "--%s is missing",
			   c->tls_cert[0] ? "tls-key" : "tls-cert");
}
