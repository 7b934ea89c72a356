// SPDX-License-Identifier: GPL-2.0-only
/* Content negotiation: headers as clients send them, and malformed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ctl/exporter/http/accept.h"

#define P PAGE_PROMETHEUS
#define O PAGE_OPENMETRICS
#define OPEN "application/openmetrics-text"

static const struct {
	const char *accept;
	enum page_format want;
} formats_rows[] = {
	{ NULL, P },
	{ "", P },
	{ "*/*", P },
	{ "text/html", P },
	{ "text/plain", P },
	{ "text/*", P },
	{ OPEN, O },
	{ "application/*", O },
	{ OPEN "; version=1.0.0", O },
	{ OPEN "; version=\"1.0.0\"", O },
	{ OPEN "; version=1.0.0; charset=utf-8", O },
	{ OPEN "; version=1.0.0; charset=latin1", P },
	{ "APPLICATION/OpenMetrics-Text;VERSION=1.0.0;Charset=UTF-8", O },
	{ OPEN "; version=0.0.1", P },
	{ OPEN "; version=2.0.0", P },
	/* Prometheus 2.42, 2.50 and 3. */
	{ OPEN ";version=1.0.0," OPEN ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", O },
	{ OPEN ";version=1.0.0;q=0.5," OPEN ";version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2", O },
	{ "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6," OPEN
	  ";version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
	  O },
	{ "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.4,*/*;q=0.1", P },
	/* Weights. */
	{ OPEN ";q=0.5, text/plain;q=0.6", P },
	{ OPEN ";q=0.6, text/plain;q=0.5", O },
	{ OPEN ";q=0.501, text/plain;q=0.5", O },
	{ OPEN ";q=0.5, text/plain;q=0.5", P },
	{ OPEN ";q=0, */*", P },
	{ OPEN ", */*;q=0.9", O },
	{ "text/plain;q=0, */*", O },
	{ "text/plain;q=0", P },
	{ "*/*;q=0", P },
	/* The most specific range counts. */
	{ "*/*, " OPEN ";q=0.1", P },
	{ "text/*;q=0.1, */*;q=0.9", O },
	{ "text/plain;q=0.1, text/plain;version=0.0.4;q=0.9, " OPEN ";q=0.5", P },
	{ OPEN ";q=0.9, " OPEN ";version=1.0.0;q=0.1, text/plain;q=0.5", P },
	/* Blanks, empty items, quotes. */
	{ " ,,\t" OPEN "\t; version = 1.0.0 ; q = 0.9 , ,text/plain;q=0.1", O },
	{ "x/y;a=\"," OPEN "\"", P },
	{ "x/y;a=\"\\\"," OPEN "\"", P },
	{ "x/y;a=\"," OPEN, P },
	{ OPEN ";version=1.0.0;q=1.0;ext=1", O },
	/* A malformed weight is ignored. */
	{ OPEN ";q=2, text/plain;q=0.1", P },
	{ OPEN ";q=1.001, text/plain;q=0.1", P },
	{ OPEN ";q=0.1234, text/plain;q=0.1", P },
	{ OPEN ";q=, text/plain;q=0.1", P },
	{ OPEN ";q=-1, text/plain;q=0.1", P },
	{ OPEN ";q=x, text/plain;q=0.1", P },
	{ OPEN ";q=1., text/plain;q=0.1", O },
	{ ";", P },
	{ "/", P },
	{ OPEN "x", P },
	{ "x" OPEN, P },
};

static void formats(void **state)
{
	for (size_t i = 0; i < sizeof(formats_rows) / sizeof(formats_rows[0]); i++)
		if (accept_format(formats_rows[i].accept) != formats_rows[i].want)
			fail_msg("Accept: %s: not %s", formats_rows[i].accept, page_format_names[formats_rows[i].want]);
}

static void codings(void **state)
{
	static const struct {
		const char *accept;
		bool gzip;
	} rows[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip", true },
		{ "GZip", true },
		{ "x-gzip", true },
		{ "deflate", false },
		{ "gzip, deflate, br", true },
		{ "deflate, gzip;q=1.0, *;q=0.5", true },
		{ "gzip;q=0", false },
		{ "gzip;q=0.000", false },
		{ "gzip;q=0.001", true },
		{ "identity", false },
		{ "identity, gzip", true },
		{ "identity;q=0.5, gzip;q=0.4", false },
		{ "identity;q=0.4, gzip;q=0.5", true },
		{ "identity;q=0", false },
		{ "*", true },
		{ "*;q=0", false },
		{ "*;q=0, gzip", true },
		{ "*, gzip;q=0", false },
		{ "br;q=1.0, gzip;q=0.8, *;q=0.1", true },
		{ "gzip;q=x", false },
		{ "gzip;x=y", true },
		{ "gzipped", false },
		{ ",;,", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (accept_gzip(rows[i].accept) != rows[i].gzip)
			fail_msg("Accept-Encoding: %s: gzip: not %d", rows[i].accept, rows[i].gzip);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(formats), cmocka_unit_test(codings) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
