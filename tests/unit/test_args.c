// SPDX-License-Identifier: GPL-2.0-only
/* Arguments of requests: valid ones are accepted, others refused by name; and JSON strings of any bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "ctl/fwd/base/args.h"
#include "fw/json.h"

static int decode(enum fw_request request, const char *text, struct args *a, struct fw_diags *ds)
{
	*ds = (struct fw_diags){ .n = 0 };
	return args_decode(request, text, strlen(text), ds, a);
}

static void taken(void **state)
{
	struct fw_diags ds;
	struct args a;

	assert_int_equal(decode(FW_REQ_LIST,
				"{\"what\":\"sets\",\"from\":7,\"rule\":\"web\",\"limit\":3,\"filter\":\"proto tcp\","
				"\"terse\":true,\"counters\":false,\"set\":\"s\"}",
				&a, &ds),
			 0);
	assert_int_equal(a.what, ARGS_SETS);
	assert_int_equal(json_integer_value(a.from), 7);
	assert_string_equal(json_string_value(a.rule), "web");
	assert_int_equal(a.limit, 3);
	assert_string_equal(a.query, "proto tcp");
	assert_string_equal(a.set, "s");
	assert_true(a.terse);
	assert_false(a.counters);
	args_free(&a);

	assert_int_equal(decode(FW_REQ_LIST, "{}", &a, &ds), 0);
	assert_int_equal(a.what, ARGS_RULES);
	assert_true(a.counters);
	assert_null(a.query);
	args_free(&a);

	assert_int_equal(decode(FW_REQ_LOAD, "{\"counts\":[[1,2,3],[7,0,9223372036854775807]]}", &a, &ds), 0);
	assert_int_equal(json_array_size(a.counts), 2);
	args_free(&a);

	assert_int_equal(decode(FW_REQ_METRICS, "{}", &a, &ds), 0);
	assert_int_equal(a.shown, ARGS_SELECTED);
	assert_int_equal(a.limit, 1000);
	assert_int_equal(a.top, 20);
	args_free(&a);

	assert_int_equal(decode(FW_REQ_METRICS, "{\"rules\":\"all\",\"limit\":0,\"top\":0}", &a, &ds), 0);
	assert_int_equal(a.shown, ARGS_ALL);
	assert_int_equal(a.limit, 0);
	assert_int_equal(a.top, 0);
	args_free(&a);

	assert_int_equal(
		decode(FW_REQ_LOG,
		       "{\"filter\":\"udp\",\"rule\":3,\"limit\":4,\"after\":5,\"follow\":true,\"bytes\":true}", &a,
		       &ds),
		0);
	assert_string_equal(a.query, "udp");
	assert_int_equal(json_integer_value(a.rule), 3);
	assert_int_equal(a.limit, 4);
	assert_int_equal(a.after, 5);
	assert_true(a.follow);
	assert_true(a.with_bytes);
	args_free(&a);
}

static void taken_of_interfaces(void **state)
{
	struct fw_diags ds;
	struct args a;

	assert_int_equal(decode(FW_REQ_ATTACH, "{\"dev\":\"eth0\",\"mode\":\"tc\",\"out\":\"no\"}", &a, &ds), 0);
	assert_string_equal(args_dev(&a, 0), "eth0");
	assert_null(args_dev(&a, 1));
	assert_int_equal(a.mode, ARGS_TC);
	assert_int_equal(a.out, ARGS_OUT_NO);
	args_free(&a);

	assert_int_equal(decode(FW_REQ_DETACH, "{\"dev\":[\"eth0\",\"veth*\"]}", &a, &ds), 0);
	assert_string_equal(args_dev(&a, 1), "veth*");
	assert_null(args_dev(&a, 2));
	args_free(&a);

	assert_int_equal(decode(FW_REQ_CLASSIFY, "{\"mark\":4294967295,\"hook\":\"out\",\"packet\":\"x\"}", &a, &ds),
			 0);
	assert_int_equal(a.mark, UINT32_MAX);
	assert_int_equal(a.hook, FW_OUT);
	args_free(&a);
}

/* Names are accepted as they are shown, and as they are. */
static void names(void **state)
{
	struct fw_diags ds;
	struct args a;

	assert_int_equal(decode(FW_REQ_ATTACH,
				"{\"dev\":[\"a\\\\x1b\\\\xffb\",\"a\\u001b\",\"a\\\\x5cx41\",\"a\\\\b\"]}", &a, &ds),
			 0);
	assert_string_equal(args_dev(&a, 0), "a\x1b\xff"
					     "b");
	assert_string_equal(args_dev(&a, 1), "a\x1b");
	assert_string_equal(args_dev(&a, 2), "a\\x41");
	assert_string_equal(args_dev(&a, 3), "a\\b");
	args_free(&a);

	assert_int_equal(decode(FW_REQ_CLASSIFY, "{\"dev\":\"123456789012\\\\x1b45\",\"packet\":\"x\"}", &a, &ds), 0);
	assert_string_equal(a.dev, "123456789012\x1b"
				   "45");
	args_free(&a);
}

static void refused(void **state)
{
	static const struct {
		enum fw_request request;
		const char *text, *want;
	} rows[] = {
		{ FW_REQ_STATUS, "", "are not a JSON object" },
		{ FW_REQ_STATUS, "[]", "are not a JSON object" },
		{ FW_REQ_STATUS, "{} {}", "are not a JSON object" },
		{ FW_REQ_STATUS, "{\"a\":1}", "'status' has no argument 'a'" },
		{ FW_REQ_LIST, "{\"limit\":1,\"limit\":2}", "are not a JSON object" },
		{ FW_REQ_LIST, "{\"limit\":0}", "'limit' of 'list' wants a number" },
		{ FW_REQ_LIST, "{\"limit\":-1}", "'limit' of 'list' wants a number" },
		{ FW_REQ_LIST, "{\"limit\":1.5}", "'limit' of 'list' wants a number" },
		{ FW_REQ_LIST, "{\"limit\":99999999999999999999}", "are not a JSON object" },
		{ FW_REQ_LIST, "{\"limit\":\"1\"}", "'limit' of 'list' wants a number" },
		{ FW_REQ_LIST, "{\"what\":\"rule\"}", "'what' of 'list' wants \"rules\"" },
		{ FW_REQ_LIST, "{\"from\":0}", "wants the id or the name" },
		{ FW_REQ_LIST, "{\"from\":null}", "wants the id or the name" },
		{ FW_REQ_LIST, "{\"terse\":1}", "wants true or false" },
		{ FW_REQ_LIST, "{\"dev\":\"eth0\"}", "'list' has no argument 'dev'" },
		{ FW_REQ_LIST, "{\"filter\":\"a\\u0000b\"}", "are not a JSON object" },
		{ FW_REQ_COUNTERS, "{\"top\":10001}", "from 1 to 10000" },
		{ FW_REQ_METRICS, "{\"rules\":[]}", "\"selected\", \"all\" or \"none\"" },
		{ FW_REQ_METRICS, "{\"rules\":\"some\"}", "\"selected\", \"all\" or \"none\"" },
		{ FW_REQ_METRICS, "{\"limit\":1000001}", "'limit' of 'metrics' wants a number from 0 to 1000000" },
		{ FW_REQ_METRICS, "{\"top\":10001}", "'top' of 'metrics' wants a number from 0 to 10000" },
		{ FW_REQ_METRICS, "{\"from\":1}", "'metrics' has no argument 'from'" },
		{ FW_REQ_COUNTERS, "{\"top\":0}", "from 1 to 10000" },
		{ FW_REQ_RESET, "{\"rules\":[1,[]]}", "array" },
		{ FW_REQ_LOAD, "{\"counts\":[[1,2]]}", "'counts' of 'load' wants an array of" },
		{ FW_REQ_LOAD, "{\"counts\":[[1,2,3],[1,2,3]]}", "'counts' of 'load' wants an array of" },
		{ FW_REQ_LOAD, "{\"counts\":[[1,2,-3]]}", "'counts' of 'load' wants an array of" },
		{ FW_REQ_LOAD, "{\"confirm\":86401}", "seconds from 1 to 86400" },
		{ FW_REQ_LOAD, "{\"check\":true,\"confirm\":5}", "'check' changes nothing" },
		{ FW_REQ_FLUSH, "{\"confirm\":0}", "seconds from 1 to 86400" },
		{ FW_REQ_CONFIRM, "{\"confirm\":5}", "'confirm' has no argument 'confirm'" },
		{ FW_REQ_ATTACH, "{}", "'attach' wants the argument 'dev'" },
		{ FW_REQ_ATTACH, "{\"dev\":\"\"}", "name of an interface" },
		{ FW_REQ_ATTACH, "{\"dev\":[]}", "name of an interface" },
		{ FW_REQ_ATTACH, "{\"dev\":[\"eth0\",1]}", "or an array of such" },
		{ FW_REQ_CLASSIFY, "{\"dev\":\"0123456789abcdef\"}", "name of an interface" },
		{ FW_REQ_DETACH, "{\"dev\":\"eth0\",\"mode\":\"tc\"}", "'detach' has no argument 'mode'" },
		{ FW_REQ_CLASSIFY, "{\"mark\":4294967296}", "from 0 to 4294967295" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_diags ds;
		struct args a;

		assert_int_equal(decode(rows[i].request, rows[i].text, &a, &ds), -EINVAL);
		assert_int_equal(ds.total, 1);
		assert_non_null(strstr(ds.d[0].message, rows[i].want));
	}
}

static void refs(void **state)
{
	static const char text[] = "rule 7 name web in accept\nrule 18446744073709551615 name last drop\n";
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	const struct {
		json_t *ref;
		uint64_t want;
	} rows[] = {
		{ json_integer(7), 7 },
		{ json_string("7"), 7 },
		{ json_string("web"), 7 },
		{ json_string("18446744073709551615"), UINT64_MAX },
		{ json_string("last"), UINT64_MAX },
		{ json_integer(8), 0 },
		{ json_string("webb"), 0 },
		{ json_string("7x"), 0 },
	};
	struct fw_diags ds = { .n = 0 };

	assert_int_equal(fw_text_parse(rs, text, sizeof(text) - 1, NULL, &ds), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_rule *rule = args_rule(rs, rows[i].ref, &ds);

		assert_int_equal(rule ? rule->id : 0, rows[i].want);
		json_decref(rows[i].ref);
	}
	assert_int_equal(ds.total, 3);
	fw_ruleset_free(rs);
}

/* Any bytes become a string that a JSON parser accepts; UTF-8 is read back unchanged. */
static void strings(void **state)
{
	static const struct {
		const char *s, *want;
	} rows[] = {
		{ "", "" },
		{ "a\"b\\c\n\t\x01\x7f", "a\"b\\c\\n\\t\\x01\\x7f" },
		{ "\xc2\x9b\xe2\x80\xae", "\\xc2\\x9b\\xe2\\x80\\xae" },
		{ "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\xa5",
		  "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x94\xa5" },
		{ "\xff", "\\xff" },
		{ "\xc0\xaf", "\\xc0\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
		{ "\xe2\x82", "\\xe2\\x82" },
		{ "\xc3", "\\xc3" },
	};
	unsigned seed = (unsigned)time(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct fw_buf b = { 0 };
		json_t *j;

		fw_json_string(&b, rows[i].s);
		j = json_loads(b.text, JSON_DECODE_ANY, NULL);
		assert_string_equal(json_string_value(j), rows[i].want);
		json_decref(j);
		fw_buf_free(&b);
	}
	print_message("seed %u\n", seed);
	srand(seed);
	for (unsigned round = 0; round < 20000; round++) {
		struct fw_buf b = { 0 };
		char s[12] = "";
		json_t *j;

		for (size_t i = 0; i < 11; i++)
			s[i] = (char)(rand() % 3 ? rand() % 256 : 0xe0 + rand() % 24);
		fw_json_string(&b, s);
		j = json_loads(b.text, JSON_DECODE_ANY, NULL);
		assert_true(json_is_string(j));
		assert_true(fw_name_is_plain(json_string_value(j)));
		json_decref(j);
		fw_buf_free(&b);
	}
}

static void rules(void **state)
{
	static const char text[] = "rule 7 name web in proto tcp dport 80 accept comment \"a \\\"b\\\"\"\n"
				   "rule 18446744073709551615 drop\npolicy in log prefix \"x\" drop\n";
	static const char want[] =
		"{\"id\":7,\"name\":\"web\",\"verdict\":\"accept\",\"text\":\"rule 7 name web in proto tcp dport 80 accept "
		"comment \\\"a \\\\\\\"b\\\\\\\"\\\"\",\"packets\":3,\"bytes\":9,\"slot\":0}"
		"{\"id\":\"18446744073709551615\",\"name\":null,\"verdict\":\"drop\",\"text\":\"rule 18446744073709551615 "
		"drop\",\"slot\":1}"
		"{\"policy\":\"in\",\"verdict\":\"drop\",\"set\":true,\"text\":\"policy in log prefix \\\"x\\\" drop\"}";
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_count count = { 3, 9 };
	struct fw_diags ds = { .n = 0 };
	struct fw_buf b = { 0 };

	assert_int_equal(fw_text_parse(rs, text, sizeof(text) - 1, NULL, &ds), 0);
	fw_json_rule(&b, rs, rs->first, &count);
	fw_json_rule(&b, rs, rs->last, NULL);
	fw_json_policy(&b, rs, FW_R_IN, NULL);
	assert_string_equal(b.text, want);
	fw_buf_free(&b);
	fw_ruleset_free(rs);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(taken), cmocka_unit_test(taken_of_interfaces),
		cmocka_unit_test(names), cmocka_unit_test(refused),
		cmocka_unit_test(refs),  cmocka_unit_test(strings),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
