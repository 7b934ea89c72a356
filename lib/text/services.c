// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of services as ports: /etc/services, read once per text, at its first name.
 * Not getservbyname(): the meaning of a rule must not depend on a network.
 */
#include "lib/text/parse.h"

#define SERVICES "/etc/services"

/* The ports of a service: none, one, or several, of which two are kept; and the nearest name if there is no such service. */
struct service {
	unsigned n;
	uint32_t port, other;
	char near[32];
};

void fw_names_file_read(struct fw_names_file *f, const char *path)
{
	if (!f->read && fw_text_file_read(path, (struct fw_place){ 0 }, NULL, &f->text, &f->len))
		f->len = 0;
	f->read = true;
}

/* The next word of a line; empty: there is none. */
static struct fw_str next_word(const char **at, const char *end)
{
	const char *s = *at;

	while (s < end && (*s == ' ' || *s == '\t' || *s == '\r'))
		s++;

	const char *from = s;

	while (s < end && *s != ' ' && *s != '\t' && *s != '\r' && *s != '#')
		s++;
	*at = s;
	return (struct fw_str){ from, (size_t)(s - from) };
}

/* `NUMBER/PROTOCOL` of a protocol that has ports. */
static bool port_of(struct fw_str s, uint32_t *port, uint32_t *proto)
{
	const char *slash = memchr(s.s, '/', s.len);
	uint64_t v;

	if (!slash || fw_str_u64((struct fw_str){ s.s, (size_t)(slash - s.s) }, &v) ||
	    v > fw_field_info[FW_F_DPORT].max)
		return false;
	for (const struct fw_name *n = fw_field_names(FW_F_PROTO, false); n->name; n++)
		if (fw_str_is((struct fw_str){ slash + 1, s.len - (size_t)(slash + 1 - s.s) }, n->name)) {
			*port = (uint32_t)v;
			*proto = n->value;
			return true;
		}
	return false;
}

/* Is it the line's name or one of its aliases? */
static bool is_called(struct fw_str first, const char *rest, const char *end, struct fw_str name)
{
	struct fw_str s = first;

	do {
		if (s.len == name.len && !memcmp(s.s, name.s, s.len))
			return true;
		s = next_word(&rest, end);
	} while (s.len);
	return false;
}

/* Copies the name to be suggested, since candidates end in NUL. */
static void try_near(struct service *out, struct fw_nearest *near, struct fw_str name)
{
	char word[sizeof(out->near)];

	if (name.len >= sizeof(word))
		return;
	memcpy(word, name.s, name.len);
	word[name.len] = '\0';
	fw_nearest_try(near, word);
	if (near->best == word) {
		memcpy(out->near, word, sizeof(word));
		near->best = out->near;
	}
}

/* @proto: only of these protocols; NULL: of all that have ports. */
static void service_find(struct fw_names_file *sv, struct fw_str name, const struct fw_match *proto,
			 struct service *out)
{
	struct fw_nearest near = { .word = name };
	const char *end, *next;

	*out = (struct service){ .n = 0 };
	fw_names_file_read(sv, SERVICES);
	end = sv->text + sv->len;
	for (const char *line = sv->text; sv->len && line < end; line = next) {
		const char *newline = memchr(line, '\n', (size_t)(end - line)), *stop = newline ? newline : end,
			   *at = line;
		struct fw_str first = next_word(&at, stop);
		struct fw_str number = next_word(&at, stop);
		uint32_t port, of;

		next = newline ? newline + 1 : end;
		if (!first.len || !port_of(number, &port, &of) || (proto && !fw_match_has(proto, of)))
			continue;
		if (!is_called(first, at, stop, name)) {
			try_near(out, &near, first);
			continue;
		}
		out->n += !out->n || port != out->port;
		out->other = out->n > 1 && port != out->port ? port : out->other;
		out->port = out->n == 1 ? port : out->port;
	}
}

static bool has_letter(struct fw_str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.s[i] | 0x20) >= 'a' && (s.s[i] | 0x20) <= 'z')
			return true;
	return false;
}

int fw_parse_port(struct fw_parser *p, enum fw_field field, struct fw_range *out)
{
	struct fw_str s = p->tok.text;
	struct fw_place at = fw_parser_here(p);
	struct service service;
	char hint[128];

	if (!fw_str_value(s, field, false, at, NULL, out) || !has_letter(s))
		return fw_str_value(s, field, false, at, p->ds, out);
	service_find(&p->services, s, p->proto, &service);
	if (!service.n && p->proto)
		service_find(&p->services, s, NULL, &service);
	p->rs->names_services |= service.n == 1 && !p->edit; /* changes are written down with numbers */
	if (service.n == 1) {
		*out = (struct fw_range){ service.port, service.port };
		return 0;
	}
	if (service.n) {
		snprintf(hint, sizeof(hint), "name the protocol before it, or write %u or %u", service.port,
			 service.other);
		return fw_diag_add(p->ds, at, hint, "the service '%s' has several ports", FW_SHOW(s));
	}
	if (!service.near[0])
		return fw_str_value(s, field, false, at, p->ds, out);
	snprintf(hint, sizeof(hint), "did you mean '%s'?", service.near);
	return fw_diag_add(p->ds, at, hint, "'%s' is not a service", FW_SHOW(s));
}
