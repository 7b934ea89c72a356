// SPDX-License-Identifier: GPL-2.0-only
/* Who owns a chain changes the rules of that chain alone, and who owns the ruleset all the rest, however it is tried. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ctl/fwd/engine/owners.h"
#include "tests/unit/engine_fixture.h"

/* Groups. */
enum { BANS = 10, DOCKER = 20, BOTH = 30 };

static const char rules[] = "policy in drop\n"
			    "set admins { 192.0.2.10 }\n"
			    "set banned dynamic timeout 1h { }\n"
			    "chain bans owner 10\n"
			    "chain more owner 10\n"
			    "chain docker owner 20\n"
			    "chain free\n"
			    "rule 1 name call in jump bans\n"
			    "rule 2 name last in proto tcp accept\n"
			    "rule 10 name ban chain bans from 192.0.2.1 drop\n"
			    "rule 11 name back chain bans return\n"
			    "rule 20 name other chain more proto udp drop\n"
			    "rule 30 name published chain docker proto tcp dport 80 accept\n"
			    "rule 40 name nobody chain free drop\n";

static bool is_in(void *group, uint32_t owner)
{
	return *(const uint32_t *)group == owner || *(const uint32_t *)group == BOTH;
}

/* A change by a member of a group. @chain: as in struct engine_edit */
static int change(struct engine *e, uint32_t group, const char *chain, const char *text, struct engine_result *out)
{
	struct engine_edit edit = { .source = { .text = text, .len = strlen(text), .name = "test" },
				    .chain = chain,
				    .cause = { .what = "change test" },
				    .ctx = out };
	struct owners_rights rights = { .admin = false };
	fw_autofree uint32_t *groups = NULL;

	assert_int_equal(owners_of(engine_ruleset(e), is_in, &group, &groups, &rights.n), 0);
	rights.groups = groups;
	edit.rights = &rights;
	*out = (struct engine_result){ .err = 0 };
	engine_change(e, &edit, out);
	return out->err;
}

/* A change by an administrator, on a host whose ruleset belongs to the user `fleet`. */
static int change_as_admin(struct engine *e, const char *chain, const char *text, struct engine_result *out)
{
	const struct owners_rights rights = { .admin = true, .owner = "fleet" };
	const struct engine_edit edit = { .source = { .text = text, .len = strlen(text), .name = "test" },
					  .chain = chain,
					  .rights = &rights,
					  .cause = { .what = "change test" } };

	*out = (struct engine_result){ .err = 0 };
	engine_change(e, &edit, out);
	return out->err;
}

static char *text_of(struct engine *e)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

	fw_text_print(&b, engine_ruleset(e));
	return strdup(b.text);
}

static const struct {
	const char *chain, *text;
} allowed[] = {
	{ NULL, "add rule chain bans first from 192.0.2.2 drop" },
	{ NULL, "add rule after ban name next from 192.0.2.3 drop" },
	{ NULL, "add rule chain bans from @banned drop" },
	{ NULL, "add rule chain bans from 192.0.2.2 add from to @banned drop" },
	{ NULL, "replace rule ban from 192.0.2.4 drop" },
	{ NULL, "replace rule ban chain bans from 192.0.2.4 drop" },
	{ NULL, "move rule back first" },
	{ NULL, "del rule ban back" },
	{ NULL, "add rule chain more name a jump free\nadd rule chain bans name b jump more\ndel rule other" },
	{ NULL, "del rule ban\nadd rule 10 name ban chain bans from 192.0.2.1 drop" },
	{ NULL, "del rule ban\nadd rule 10 name ban chain more from 192.0.2.1 drop" },
	{ "bans", "rule from 192.0.2.5 drop\nrule 10 name ban from 192.0.2.6 drop\n" },
	{ "bans", "" },
	/* What cancels itself out. */
	{ NULL, "add rule 99 drop\ndel rule 99\nadd rule chain bans name x drop\n" },
}, refused[] = {
	{ NULL, "add rule drop" },
	{ NULL, "add rule first drop" },
	{ NULL, "add rule before call drop" },
	{ NULL, "add rule chain docker accept" },
	{ NULL, "add rule chain free accept" },
	{ NULL, "add rule after published accept" },
	{ NULL, "add rule before published chain docker accept" },
	{ NULL, "replace rule last drop" },
	{ NULL, "replace rule published drop" },
	{ NULL, "replace rule 30 name mine proto tcp accept" },
	{ NULL, "move rule last first" },
	{ NULL, "move rule published first\nadd rule chain docker name x drop" },
	{ NULL, "del rule call" },
	{ NULL, "del rule published" },
	{ NULL, "del rule nobody" },
	{ NULL, "del rule ban published" },
	/* A rule of another chain's id and name. */
	{ NULL, "del rule published\nadd rule 30 name published chain bans proto tcp dport 80 accept" },
	{ NULL, "del rule ban\nadd rule 10 name ban from 192.0.2.1 drop" },
	{ "bans", "rule 30 name published proto tcp dport 80 accept\n" },
	{ "bans", "rule name published proto tcp dport 80 accept\n" },
	{ "bans", "rule chain docker accept\n" },
	{ "bans", "set x { }\nrule drop\n" },
	{ "bans", "policy in accept\nrule drop\n" },
	{ "bans", "chain x\nrule drop\n" },
	{ "bans", "chain bans owner 20\nrule drop\n" },
	{ "docker", "rule accept\n" },
	{ "docker", "" },
	{ "free", "rule accept\n" },
	{ "free", "" },
	{ "nowhere", "rule accept\n" },
	{ NULL, "policy in accept" },
	{ NULL, "set create x" },
	{ NULL, "set add admins 192.0.2.11" },
	{ NULL, "set add banned 192.0.2.11" },
	{ NULL, "set del admins 192.0.2.10" },
	{ NULL, "set replace admins 192.0.2.10 192.0.2.11" },
	{ NULL, "set flush admins" },
	{ NULL, "set destroy banned" },
	{ NULL, "chain create x" },
	{ NULL, "chain create x owner 10\nadd rule chain x drop" },
	{ NULL, "chain del more" },
	{ NULL, "del rule other\nchain del more" },
	{ NULL, "del rule other\nchain del more\nchain create more owner 10" },
	{ NULL, "add rule chain bans name x drop\npolicy in accept" },
	{ NULL, "add rule chain bans name x drop\ndel rule last" },
};

static void owns_its_chains(void **state)
{
	static struct engine_result r;

	for (size_t i = 0; i < sizeof(allowed) / sizeof(*allowed); i++) {
		struct engine *e;

		fixture_fresh();
		e = fixture_begin();
		fixture_load(e, rules);
		if (change(e, BANS, allowed[i].chain, allowed[i].text, &r))
			fail_msg("%s: %s", allowed[i].text, r.ds.d[0].message);
		assert_filters(e, 10);
		engine_close(e);
	}
}

static void owns_nothing_else(void **state)
{
	fw_autofree char *before = NULL;
	static struct engine_result r;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, rules);
	before = text_of(e);
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		fw_autofree char *after = NULL;

		if (!change(e, BANS, refused[i].chain, refused[i].text, &r) || !r.ds.n)
			fail_msg("%s: accepted", refused[i].text);
		after = text_of(e);
		assert_string_equal(after, before);
	}
	assert_filters(e, 50);
	engine_close(e);
}

/* A member of several groups owns the chains of each; who is in none owns none. */
static void owns_by_group(void **state)
{
	static struct engine_result r;
	struct engine *e;

	fixture_fresh();
	e = fixture_begin();
	fixture_load(e, rules);
	assert_int_equal(
		change(e, BOTH, NULL, "add rule chain docker name a drop\nadd rule chain bans name b drop", &r), 0);
	assert_int_equal(change(e, DOCKER, NULL, "del rule a", &r), 0);
	assert_int_equal(change(e, DOCKER, NULL, "del rule b", &r), -EPERM);
	assert_int_equal(change(e, 99, NULL, "del rule b", &r), -EPERM);
	assert_non_null(strstr(r.ds.d[0].message, "rule 42 (b) is in chain bans, which no group of yours owns"));
	/* The owner is who owns the chain now. */
	fixture_change(e, "del rule 20\nchain del more\nchain create more owner 20");
	assert_int_equal(change(e, BANS, NULL, "add rule chain more drop", &r), -EPERM);
	assert_int_equal(change(e, DOCKER, NULL, "add rule chain more drop", &r), 0);
	engine_close(e);
}

/* What an administrator may change although the ruleset has an owner, and what not. @says: part of the refusal */
static const struct {
	const char *chain, *text, *says;
} with_owner[] = {
	{ NULL, "set add banned 192.0.2.11", NULL },
	{ NULL, "set add banned 192.0.2.12 timeout 5m", NULL },
	{ NULL, "set add banned 192.0.2.13\nset del banned 192.0.2.13", NULL },
	{ NULL, "set flush banned", NULL },
	{ NULL, "add rule chain bans first from 192.0.2.2 drop", NULL },
	{ NULL, "add rule chain docker from @local accept\nset add banned 192.0.2.14", NULL },
	{ NULL, "del rule published", NULL },
	{ "docker", "rule proto tcp dport 8080 accept\n", NULL },
	{ NULL, "add rule 99 drop\ndel rule 99", NULL },
	{ NULL, "add rule drop", "in the main list, which the user 'fleet' owns" },
	{ NULL, "add rule first drop", "in the main list" },
	{ NULL, "add rule from @local drop", "in the main list" },
	{ NULL, "replace rule last drop", "rule 2 (last) is in the main list" },
	{ NULL, "move rule last first", "rule 2 (last) is in the main list" },
	{ NULL, "del rule call", "rule 1 (call) is in the main list" },
	{ NULL, "add rule chain free accept", "in chain free, which the user 'fleet' owns" },
	{ "free", "", "rule 40 (nobody) is in chain free" },
	{ NULL, "set add banned 192.0.2.15\nadd rule drop", "in the main list" },
	{ NULL, "policy in accept", "the user 'fleet' owns the ruleset" },
	{ NULL, "set create x", "the user 'fleet' owns the ruleset" },
	{ NULL, "set create x dynamic", "the user 'fleet' owns the ruleset" },
	{ NULL, "set add admins 192.0.2.11", "the user 'fleet' owns the ruleset" },
	{ NULL, "set del admins 192.0.2.10", "the user 'fleet' owns the ruleset" },
	{ NULL, "set flush admins", "the user 'fleet' owns the ruleset" },
	{ NULL, "set replace admins 192.0.2.11", "the user 'fleet' owns the ruleset" },
	{ NULL, "set destroy banned", "the user 'fleet' owns the ruleset" },
	{ NULL, "chain create x", "the user 'fleet' owns the ruleset" },
	{ NULL, "chain create x owner 10", "the user 'fleet' owns the ruleset" },
	{ NULL, "del rule other\nchain del more", "the user 'fleet' owns the ruleset" },
	{ NULL, "set add banned 192.0.2.16\nset add admins 192.0.2.16", "the user 'fleet' owns the ruleset" },
};

static void ruleset_has_an_owner(void **state)
{
	static struct engine_result r;

	for (size_t i = 0; i < sizeof(with_owner) / sizeof(*with_owner); i++) {
		const char *says = with_owner[i].says;
		fw_autofree char *before = NULL, *after = NULL;
		struct engine *e;

		fixture_fresh();
		e = fixture_begin();
		fixture_load(e, rules);
		before = text_of(e);
		if (change_as_admin(e, with_owner[i].chain, with_owner[i].text, &r) && !says)
			fail_msg("%s: %s", with_owner[i].text, r.ds.d[0].message);
		after = text_of(e);
		if (says &&
		    (r.err != -EPERM || !strstr(r.ds.d[0].message, says) || !strstr(r.ds.d[0].hint, "fleet.conf")))
			fail_msg("%s: %d, %s", with_owner[i].text, r.err, r.ds.d[0].message);
		if (says)
			assert_string_equal(after, before);
		assert_filters(e, 10);
		engine_close(e);
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(owns_its_chains),
		cmocka_unit_test(owns_nothing_else),
		cmocka_unit_test(owns_by_group),
		cmocka_unit_test(ruleset_has_an_owner),
	};

	return fixture_enter(argc, argv) ? cmocka_run_group_tests(tests, fixture_setup, fixture_teardown) : 0;
}
