// SPDX-License-Identifier: GPL-2.0-only
/* What every command says to the user in the same way: errors, sizes, JSON. */
#include "ctl.h"

#include <stdarg.h>
#include <string.h>

static void say(const char *kind, const char *fmt, va_list ap)
{
	fflush(stdout);
	fprintf(stderr, "fwctl: %s", kind);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void ctl_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void ctl_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning: ", fmt, ap);
	va_end(ap);
}

void ctl_print_diags(const struct fw_diags *ds)
{
	char buf[1024];

	fflush(stdout);
	for (unsigned i = 0; i < ds->n; i++)
		fprintf(stderr, "%s\n", fw_diag_format(&ds->d[i], buf, sizeof(buf)));
	if (ds->total > ds->n)
		fprintf(stderr, "%u more not shown\n", ds->total - ds->n);
	if (ds->n && ds->d[0].file[0])
		fprintf(stderr, "%u error%s\n", ds->total, ds->total == 1 ? "" : "s");
}

void ctl_print_failure(const struct fw_diags *ds, const char *what, int err)
{
	if (ds && ds->total)
		ctl_print_diags(ds);
	else
		ctl_error("%s: %s", what, strerror(-err));
}

const char *ctl_bytes(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double v = (double)bytes;
	size_t u = 0;

	for (; v >= 1024 && u + 1 < sizeof(units) / sizeof(units[0]); u++)
		v /= 1024;
	snprintf(buf, size, u ? "%.1f %s" : "%.0f %s", v, units[u]);
	return buf;
}

/* The file holds ranges as "0-3,8-11"; the last number is the highest CPU. */
unsigned ctl_cpus(void)
{
	FILE *f = fopen("/sys/devices/system/cpu/possible", "re");
	char text[256] = "";
	size_t last;

	if (!f)
		return 1;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	text[strcspn(text, "\n")] = '\0';
	for (last = strlen(text); last && text[last - 1] >= '0' && text[last - 1] <= '9'; last--)
		;
	return (unsigned)strtoul(text + last, NULL, 10) + 1;
}

/* JSON is UTF-8; names of files and interfaces need not be: other bytes become question marks. */
json_t *ctl_json_string(const char *s)
{
	json_t *j = s ? json_string(s) : json_null();

	if (j)
		return j;

	fw_autofree char *plain = strdup(s);

	for (char *p = plain; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	return plain ? json_string(plain) : json_null();
}

/* Above what JSON libraries hold as an integer it is a string. */
json_t *ctl_json_u64(uint64_t v)
{
	char buf[24];

	if (v <= INT64_MAX)
		return json_integer((json_int_t)v);
	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	return json_string(buf);
}

json_t *ctl_json_rule(const struct fw_ruleset *rs, const struct fw_rule *rule)
{
	fw_cleanup(ctl_buf_clear) struct fw_buf text = { 0 };

	fw_text_print_rule(&text, rs, rule);
	return json_pack("{so so ss so}", "id", ctl_json_u64(rule->id), "name", ctl_json_string(rule->name), "verdict",
			 ctl_verdict_name(rule->verdict), "text", ctl_json_string(text.text));
}

int ctl_json_print(json_t *object)
{
	int err = object ? json_dumpf(object, stdout, JSON_COMPACT) : -1;

	json_decref(object);
	if (err || putchar('\n') == EOF || fflush(stdout)) {
		ctl_error("cannot write JSON");
		return -EIO;
	}
	return 0;
}

const char *ctl_verdict_name(enum fw_verdict verdict)
{
	return verdict == FW_ACCEPT ? "accept" : "drop";
}
