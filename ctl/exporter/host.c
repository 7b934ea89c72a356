// SPDX-License-Identifier: GPL-2.0-only
/* Which host a request is for. */
#include "host.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define NAME_MAX_BYTES 253

/* Adds a name of the machine, if there is room for it. */
static void add(struct hosts *h, const char *name, const char *domain)
{
	size_t n = strlen(h->own), more = strlen(name) + strlen(domain) + 2;

	if (n + more < sizeof(h->own))
		snprintf(h->own + n, sizeof(h->own) - n, "%s%s%s%s", n ? "," : "", name, *domain ? "." : "", domain);
}

static bool names_us(const struct hostent *e, const char *name)
{
	bool is = !strcasecmp(e->h_name, name);

	for (char **alias = e->h_aliases; *alias && !is; alias++)
		is = !strcasecmp(*alias, name);
	return is;
}

/* From /etc/hosts, where Debian has the fully qualified name; no query is sent. */
static void add_from_hosts(struct hosts *h, const char *name)
{
	const struct hostent *e;

	sethostent(0);
	while ((e = gethostent())) {
		if (!names_us(e, name))
			continue;
		if (hosts_valid(e->h_name))
			add(h, e->h_name, "");
		for (char **alias = e->h_aliases; *alias; alias++)
			if (hosts_valid(*alias))
				add(h, *alias, "");
	}
	endhostent();
}

static void add_searched(struct hosts *h, const char *name)
{
	struct __res_state resolver = { 0 };

	if (res_ninit(&resolver))
		return;
	for (size_t i = 0; i < MAXDNSRCH && resolver.dnsrch[i]; i++)
		if (hosts_valid(resolver.dnsrch[i]))
			add(h, name, resolver.dnsrch[i]);
	res_nclose(&resolver);
}

void hosts_init(struct hosts *h, const char *names, bool any)
{
	char name[NAME_MAX_BYTES + 1] = "";

	*h = (struct hosts){ .names = names, .any = any };
	if (gethostname(name, sizeof(name) - 1) || !hosts_valid(name))
		return;
	add(h, name, "");
	add_from_hosts(h, name);
	add_searched(h, name);
}

static bool in_name(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
	       c == '_';
}

bool hosts_valid(const char *names)
{
	size_t len = 0;

	for (;; names++) {
		if (*names && *names != ',') {
			if (!in_name(*names) || ++len > NAME_MAX_BYTES)
				return false;
			continue;
		}
		if (!len)
			return false;
		if (!*names)
			return true;
		len = 0;
	}
}

static bool is_among(const char *list, const char *name, size_t len)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n == len && !strncasecmp(list, name, n))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

static bool is_port(const char *s, size_t len)
{
	if (len > 5)
		return false;
	for (size_t i = 0; i < len; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

/* Length of the host before the port; 0: there is none, or the port is malformed. */
static size_t without_port(const char *host, size_t len)
{
	const char *bracket = len && *host == '[' ? memchr(host, ']', len) : NULL;
	const char *from = bracket ? bracket : host;
	const char *colon = memchr(from, ':', len - (size_t)(from - host));
	size_t n = colon ? (size_t)(colon - host) : len;

	if (bracket && n != (size_t)(bracket + 1 - host))
		return 0;
	return !colon || is_port(colon + 1, len - n - 1) ? n : 0;
}

static bool is_address(const char *host, size_t len)
{
	bool v6 = len > 2 && host[0] == '[' && host[len - 1] == ']';
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr a;

	len -= v6 ? 2 : 0;
	if (len >= sizeof(text))
		return false;
	memcpy(text, host + v6, len);
	return inet_pton(v6 ? AF_INET6 : AF_INET, text, &a) == 1;
}

bool hosts_allow(const struct hosts *h, const char *host, size_t len)
{
	if (!host || h->any)
		return true;
	len = without_port(host, len);
	if (is_address(host, len))
		return true;
	len -= len && host[len - 1] == '.';
	return len &&
	       (is_among("localhost", host, len) || is_among(h->own, host, len) || is_among(h->names, host, len));
}

struct target target_of(const char *url)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		const char *host = url + strlen(schemes[i]);

		if (strncasecmp(url, schemes[i], strlen(schemes[i])) != 0)
			continue;

		struct target t = { .host = host, .len = strcspn(host, "/") };

		t.path = host[t.len] ? host + t.len : "/";
		return t;
	}
	return (struct target){ .path = url };
}
