// SPDX-License-Identifier: GPL-2.0-only
/* Lists of addresses as they are published: what is read of each, and what is said of what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/text.h"
#include "tests/unit/rows.h"

/* Any path leads to the one text. */
static int find(void *ctx, const char *path, const char **text, size_t *len)
{
	*text = ctx;
	*len = strlen(ctx);
	return 0;
}

static int read_list(struct fw_ruleset *rs, const char *words, const char *list, struct fw_diags *ds)
{
	const struct fw_files files = { .find = find, .ctx = (void *)list };
	char text[128];

	snprintf(text, sizeof(text), "set s file \"l\" %s", words);
	return fw_text_parse_with(rs, text, strlen(text), "r", &files, ds);
}

/* The elements with blanks between. */
static void print_elements(struct fw_buf *b, const struct fw_set *set)
{
	fw_buf_printf(b, "%s", "");
	for (size_t i = 0; i < set->n; i++) {
		fw_buf_printf(b, "%s", i ? " " : "");
		fw_text_print_addr_range(b, &set->elements[i]);
	}
}

#define MARK "\xef\xbb\xbf"

static const struct {
	const char *words, *list, *elements;
} lists[] = {
	{ "", MARK "1.2.3.4\r\n5.6.7.0/24\r\n", "1.2.3.4 5.6.7.0/24" },
	{ "", "1.1.1.1\n" MARK "1.1.1.2\n", "1.1.1.1 1.1.1.2" },
	{ "", "1.2.3.0/24 ; SBL123\n; x\n# y\n// z\n1.1.1.1 // a\n2001:db8::/32\t# b\n",
	  "1.1.1.1 1.2.3.0/24 2001:db8::/32" },
	{ "", "#1.1.1.2\n;1.1.1.3\n//1.1.1.4\n ;1.1.1.5\n1.1.1.1 # 1.1.1.6\n1.1.2.0/24;SBL7 1.1.2.1\n",
	  "1.1.1.1 1.1.2.0/24" },
	{ "", "add x 192.0.2.1 comment \"a;192.0.2.2 b\"\n", "192.0.2.1" },
	{ "", "1.2.3.4,\n 5.6.7.8 ,\n", "1.2.3.4 5.6.7.8" },
	{ "", "1.2.3.4\t7\n1.2.3.5 0\n10.0.0.0/8 24\n2001:db8::1\t1000\n10.1.0.0\t10\n",
	  "1.2.3.4 1.2.3.5 10.0.0.0/8 10.1.0.0 2001:db8::1" },
	{ "", "10.0.0.0/255.0.0.0\n192.0.2.0 255.255.255.0\n1.2.3.4/255.255.255.255\n",
	  "1.2.3.4 10.0.0.0/8 192.0.2.0/24" },
	{ "", "192.0.2.1 - 192.0.2.9\n1.1.1.1 -1.1.1.3\n2.2.2.1- 2.2.2.3\n2001:db8:: - 2001:db8::ffff\n",
	  "1.1.1.1-1.1.1.3 2.2.2.1-2.2.2.3 192.0.2.1-192.0.2.9 2001:db8::/112" },
	{ "", "create x hash:net family inet hashsize 1024\nadd x 192.0.2.0/24\nadd x 10.0.0.1-10.0.0.9 -exist\n",
	  "10.0.0.1-10.0.0.9 192.0.2.0/24" },
	{ "", "-N x iphash\n-A x 192.0.2.1\nCOMMIT\n", "192.0.2.1" },
	{ "",
	  "create x hash:ip timeout 600\nflush x\nadd x 192.0.2.1 timeout 0 packets 1 bytes 2 comment \"so; #timeout\"\n",
	  "192.0.2.1" },
	{ "", "Some Org:192.0.2.0-192.0.2.255\nA-B.c:1.1.1.1-1.1.1.3\n", "1.1.1.1-1.1.1.3 192.0.2.0/24" },
	{ "format p2p", "# x\nNo #1; \"x\":192.0.2.0-192.0.2.255\nbad:1.1.1.1-1.1.1.3\n",
	  "1.1.1.1-1.1.1.3 192.0.2.0/24" },
	{ "", "198.51.100.0\t198.51.100.255\t24\t2076\tSomeNet\tUS\tx@y\n", "198.51.100.0/24" },
	{ "format csv", "192.0.2.1,AS64500,US\n\"10.0.0.0/8\";x\n1.1.1.1\n\n# c\n'2001:db8::1'\tz\n",
	  "1.1.1.1 10.0.0.0/8 192.0.2.1 2001:db8::1" },
	{ "format csv", "198.51.100.0\t198.51.100.255\t24\tx\n1.1.1.1,\"x,y\",2.2.2.2\n", "1.1.1.1 198.51.100.0/24" },
	{ "format csv", MARK "ip,asn\r\n192.0.2.1,AS64500\r\n192.0.2.7 - 192.0.2.9 , 000 , x\n",
	  "192.0.2.1 192.0.2.7-192.0.2.9" },
	{ "may-be-empty", "# nothing\n", "" },
	{ "skip-bad", "x\n1.1.1.1\n2.2.2\n", "1.1.1.1" },
	{ "skip-bad", "::ffff:1.1.1.1\n::ffff:0:0/96\n", "::ffff:0.0.0.0/96" },
	{ "skip-bad format csv may-be-empty", "1.1.1.1,x\n,\n", "1.1.1.1" },
};

static void lists_are_read(void **state)
{
	for (size_t i = 0; i < ROWS(lists); i++) {
		struct fw_ruleset *rs = fw_ruleset_new("r");
		struct fw_diags ds = { .n = 0 };
		struct fw_buf b = { 0 };
		char buf[1024];

		if (read_list(rs, lists[i].words, lists[i].list, &ds))
			fail_msg("%s\n%s", lists[i].list, fw_diag_format(&ds.d[0], buf, sizeof(buf)));
		print_elements(&b, &rs->sets[0]);
		assert_string_equal(b.text, lists[i].elements);
		assert_int_equal(rs->warnings != NULL, !strncmp(lists[i].words, "skip-bad", 8));
		fw_buf_free(&b);
		fw_ruleset_free(rs);
	}
}

/* Where the first error of a list is, and a part of what it says and hints. */
static const struct {
	const char *words, *list;
	unsigned line, column;
	const char *message, *hint;
} refused[] = {
	{ "", "192.0.2.1 192.0.2.2\n", 1, 1, "not an address", "two addresses: write one per line" },
	{ "", "192.0.2.1, 192.0.2.2,\n", 1, 1, "not an address", "two addresses" },
	{ "", "1.1.1.1,1.1.1.9\n", 1, 1, "not an address", "two addresses" },
	{ "", "192.0.2.1;192.0.2.2\n", 1, 11, "'192.0.2.2' would be the comment of '192.0.2.1'", "one per line" },
	{ "", "1.1.1.1\n  192.0.2.0/28#2001:db8::/32 x\n", 2, 16, "would be the comment", "one per line" },
	{ "", "192.0.2.1; 192.0.2.2; 192.0.2.3\n", 1, 12, "'192.0.2.2' would be the comment", "one per line" },
	{ "", "192.0.2.1 ;192.0.2.2-192.0.2.9\n", 1, 12, "would be the comment", "one per line" },
	{ "", "192.0.2.1,;192.0.2.2;\n", 1, 12, "would be the comment", "one per line" },
	{ "", "192.0.2.1 - 192.0.2.3 //192.0.2.7\n", 1, 25, "would be the comment", "one per line" },
	{ "skip-bad", "192.0.2.1;192.0.2.2\n", 1, 11, "no line holds an address: '192.0.2.2' would be",
	  "one per line" },
	{ "format csv", "\"192.0.2.1#192.0.2.2\",x\n", 1, 1, "not an address", "" },
	{ "", "1.1.1.1 2.2.2.2 3.3.3.3\n", 1, 1, "not an address", "several addresses" },
	{ "", "1.1.1.1-1.1.1.2 -1.1.1.3\n", 1, 1, "not an address", "" },
	{ "", "\n  095.032.221.040\n", 2, 3, "not an address", "octal or decimal? if decimal, write 95.32.221.40" },
	{ "", "001.009.096.0/24\n", 1, 1, "not an address", "write 1.9.96.0/24" },
	{ "", "001.009.096.105-001.009.096.110\n", 1, 1, "not an address", "write 1.9.96.105-1.9.96.110" },
	{ "", "1.1.1.1\n::ffff:203.0.113.9,\n", 2, 1, "'::ffff:203.0.113.9' is IPv4-mapped",
	  "did you mean 203.0.113.9?" },
	{ "format csv", "::ffff:203.0.113.0/120,x\n", 1, 1, "is IPv4-mapped", "did you mean 203.0.113.0/24?" },
	{ "", "192.0.2.20-30\n", 1, 1, "not an address", "write 192.0.2.20-192.0.2.30" },
	{ "", "192.0.2.20-3.30\n", 1, 1, "not an address", "write 192.0.2.20-192.0.3.30" },
	{ "", "10/8\n", 1, 1, "not an address", "write 10.0.0.0/8" },
	{ "", "192.168/16\n", 1, 1, "not an address", "write 192.168.0.0/16" },
	{ "", "192.168.\n", 1, 1, "not an address", "for the network write 192.168.0.0/16" },
	{ "", "[2001:db8::1]\n", 1, 1, "not an address", "write 2001:db8::1, without brackets" },
	{ "", "[2001:db8::1]:443\n", 1, 1, "not an address", "without brackets and port" },
	{ "", "1.2.3.4:80\n", 1, 1, "not an address", "write 1.2.3.4; ports are matched" },
	{ "", "192.0.2.*\n", 1, 1, "not an address", "write 192.0.2.0/24" },
	{ "", "192.0.x.x\n", 1, 1, "not an address", "write 192.0.0.0/16" },
	{ "", "!192.0.2.1\n", 1, 1, "not an address", "cannot exclude addresses" },
	{ "", "not 192.0.2.1\n", 1, 1, "not an address", "cannot exclude addresses" },
	{ "", "10.0.0.0 8\n", 1, 1, "not an address", "write 10.0.0.0/8, otherwise leave the number out" },
	{ "", "2001:db8::\t32\n", 1, 1, "not an address", "write 2001:db8::/32" },
	{ "", "10.0.0.0 0.255.255.255\n", 1, 1, "not an address", "write 10.0.0.0/8" },
	{ "", "10.0.0.1 255.0.0.0\n", 1, 1, "not an address", "the mask is /8, but the address has bits set" },
	{ "", "224.0.0.0 255.255.255.255\n", 1, 1, "not an address", "write 224.0.0.0" },
	{ "", "0.0.0.0 0.0.0.0\n", 1, 1, "not an address", "" },
	{ "", "0.0.0.0 ads.example.com\n", 1, 1, "not an address", "hosts file" },
	{ "", "127.0.0.1 localhost\n", 1, 1, "not an address", "hosts file" },
	{ "", "192.0.2.1,AS64500,US\n", 1, 1, "not an address", "format csv" },
	{ "", "192.0.2.1\tAS64500\tUS\n", 1, 1, "not an address", "format csv" },
	{ "", "\"2024-01-01\",\"1.2.3.4\"\n", 1, 1, "not an address", "the first column is not an address" },
	{ "", "\"1.2.3.4\",\"x\"\n", 1, 1, "not an address", "format csv" },
	{ "", "deny from 1.2.3.4\n", 1, 1, "not an address", "write 1.2.3.4 with nothing else" },
	{ "", "deny 1.2.3.0/24;\n", 1, 1, "not an address", "write 1.2.3.0/24 with nothing else" },
	{ "", "-A INPUT -s 1.2.3.4/32 -j DROP\n", 1, 1, "not an address", "write 1.2.3.4 with nothing else" },
	{ "", "      7 1.2.3.4\n", 1, 7, "not an address", "write 1.2.3.4 with nothing else" },
	{ "", "1.2.3.4 2024-01-01\n", 1, 1, "not an address", "write 1.2.3.4 with nothing else" },
	{ "", "add address=1.2.3.4 list=x\n", 1, 1, "not an address", "RouterOS" },
	{ "", "/ip firewall address-list\n", 1, 1, "not an address", "RouterOS" },
	{ "", "add x 1.2.3.4 timeout 600\n", 1, 1, "not an address", "do not expire" },
	{ "", "create x hash:ip timeout 600\nadd x 1.2.3.4\n", 2, 1, "not an address", "do not expire" },
	{ "", "add x 1.2.3.4 comment \"x\" timeout 600\n", 1, 1, "not an address", "do not expire" },
	{ "", "add x 1.2.3.0/24 nomatch\n", 1, 1, "not an address", "cannot exclude addresses" },
	{ "", "add x 1.2.3.4,tcp:80\n", 1, 1, "not an address", "ports and interfaces" },
	{ "", "add x 1.2.3.4\nadd y 1.2.3.5\n", 2, 1, "not an address", "ipset save NAME" },
	{ "", "create x hash:ip netmask 24\nadd x 1.2.3.0\n", 1, 1, "not an address", "its own mask" },
	{ "", "add x 1.2.3.4\nflush x\n", 2, 1, "not an address", "" },
	{ "", "del x 1.2.3.4\n", 1, 1, "not an address", "" },
	{ "", "::ffff:1.2.3.4-1.2.3.9\n", 1, 1, "mixes IPv4 and IPv6", "" },
	{ "", "1.2.3.4\r1.2.3.5\r", 1, 1, "not an address", "carriage return" },
	{ "", "1.2.3.4\xc2\xa0\n", 1, 1, "not an address", "byte 8 is 0xc2" },
	{ "", "1.2.3.256\n", 1, 1, "not an address", "four numbers from 0 to 255" },
	{ "", "3221225985\n", 1, 1, "not an address", "write 192.0.2.1" },
	{ "", "AS64500\n", 1, 1, "not an address", "autonomous system" },
	{ "", "00:11:22:33:44:55\n", 1, 1, "not an address", "hardware address" },
	{ "", "https://example.com/x\n", 1, 1, "not an address", "URL" },
	{ "", "example.com\n", 1, 1, "not an address", "not looked up" },
	{ "", "1.1.1.1\n{\"ip\": \"1.1.1.2\"}\n", 2, 1, "not an address", "JSON" },
	{ "", "10.0.0.1/8 # x\n", 1, 1, "'10.0.0.1/8' has bits set", "10.0.0.0/8" },
	{ "", "\n {\"prefixes\": [\n", 2, 2, "JSON", "jq" },
	{ "skip-bad", "[\"1.1.1.1\"]", 1, 1, "JSON", "jq" },
	{ "skip-bad", "<!DOCTYPE html>\n1.1.1.1\n", 1, 1, "HTML", "download" },
	{ "skip-bad", "\x1f\x8b\x08\n1.1.1.1\n", 1, 1, "gzip", "gunzip" },
	{ "",
	  "\xff\xfe"
	  "1",
	  1, 1, "UTF-16", "iconv" },
	{ "skip-bad may-be-empty", "# x\n a\nb\n", 2, 2, "no line holds an address: 'a'", "not looked up" },
	{ "skip-bad", "", 1, 12, "holds no address", "may-be-empty" },
	{ "format csv", "ip,x\nip,y\n", 2, 1, "not an address", "first column" },
	{ "format csv", ",1.2.3.4\n", 1, 1, "not an address", "" },
	{ "format csv", "1.0.0.0,1.0.0.255,AU\n", 1, 1, "not an address", "two addresses" },
	{ "format csv", "\"1.0.0.0\";\"1.0.0.255\"\n", 1, 1, "not an address", "two addresses" },
	{ "format p2p", "1.2.3.4\n", 1, 1, "not a range with a label", "LABEL:" },
	{ "skip-bad skip-bad", "1.1.1.1", 1, 25, "is given twice", "keep one" },
	{ "format csv format p2p", "1.1.1.1", 1, 27, "is given twice", "keep one" },
	{ "format cvs", "1.1.1.1", 1, 23, "expected 'csv' or 'p2p'", "" },
	{ "skip", "1.1.1.1", 1, 16, "'skip' is not an option", "skip-bad" },
};

static void what_is_no_list_is_named(void **state)
{
	for (size_t i = 0; i < ROWS(refused); i++) {
		struct fw_ruleset *rs = fw_ruleset_new("r");
		struct fw_diags ds = { .n = 0 };
		int err = read_list(rs, refused[i].words, refused[i].list, &ds);
		const struct fw_diag *d = &ds.d[0];

		if (err != -EINVAL || d->line != refused[i].line || d->column != refused[i].column ||
		    !strstr(d->message, refused[i].message) || !strstr(d->hint, refused[i].hint))
			fail_msg("%s\n%d %u:%u: %s (%s)", refused[i].list, err, d->line, d->column, d->message,
				 d->hint);
		fw_ruleset_free(rs);
	}
}

static void skipped_lines_are_counted(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new("r");
	struct fw_diags ds = { .n = 0 };

	assert_int_equal(read_list(rs, "skip-bad", "1.1.1.1\n# x\n\n10/8\n2.2.2.2\nx\n\ny\n", &ds), 0);
	assert_int_equal(rs->sets[0].n, 2);
	assert_int_equal(rs->warnings->n, 1);
	assert_string_equal(rs->warnings->d[0].message, "3 lines skipped, first at line 4: '10/8' is not an address");
	assert_string_equal(rs->warnings->d[0].hint, "write 10.0.0.0/8");
	fw_ruleset_free(rs);
}

/* The words after the file are printed as they are read. */
static void words_print(void **state)
{
	struct fw_ruleset *rs = fw_ruleset_new("r");
	struct fw_diags ds = { .n = 0 };
	struct fw_buf b = { 0 };

	assert_int_equal(read_list(rs, "format csv may-be-empty skip-bad", "1.1.1.1\n", &ds), 0);
	fw_text_print_set(&b, &rs->sets[0], 0);
	assert_string_equal(b.text, "set s file \"l\" may-be-empty skip-bad format csv");
	fw_buf_free(&b);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_are_read),
		cmocka_unit_test(what_is_no_list_is_named),
		cmocka_unit_test(skipped_lines_are_counted),
		cmocka_unit_test(words_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
