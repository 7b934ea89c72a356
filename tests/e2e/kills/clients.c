// SPDX-License-Identifier: GPL-2.0-only
/* Clients that change the same rules at the same time: is there an order of all changes that explains all answers? */
#include "model.h"
#include "more.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/random.h"

#define CLIENTS 3
#define CHANGES 80 /* of each */
#define NAMES 6

/* A change and its answer. */
struct change {
	char text[200];
	struct answer answer;
	uint64_t generation; /* if it was accepted */
	uint64_t from, to;   /* if it was refused: generations that may have been live then */
	bool explained;
};
struct client {
	pthread_t thread;
	struct fw_random random;
	int fd;
	struct change change[CHANGES];
};

static struct daemon fwd;
static struct client client[CLIENTS];

static uint32_t roll(struct client *c, uint32_t n)
{
	return (uint32_t)fw_random_below(&c->random, n);
}

/* Changes rules and elements that others change too: about half are refused. */
static void change_make(struct client *c, char *out, size_t size)
{
	uint32_t a = roll(c, NAMES), b = roll(c, NAMES), n = roll(c, 256);

	switch (roll(c, 7)) {
	case 0:
	case 1:
		snprintf(out, size, "add rule %s name n%u from 10.0.0.%u drop\n", n & 1 ? "first" : "last", a, n);
		break;
	case 2:
		snprintf(out, size, "replace rule n%u from 10.1.0.%u accept\n", a, n);
		break;
	case 3:
		snprintf(out, size, "del rule n%u\n", a);
		break;
	case 4:
		snprintf(out, size, "move rule n%u before n%u\n", a, (a + 1 + b % (NAMES - 1)) % NAMES);
		break;
	case 5:
		snprintf(out, size, "set %s s 10.2.0.%u\n", n & 1 ? "add" : "del", a);
		break;
	default:
		snprintf(out, size,
			 "add rule name n%u from @s proto tcp dport %u accept\nreplace rule n%u from 10.3.0.%u drop\n",
			 a, n, b, n);
	}
}

static void *run(void *arg)
{
	struct client *c = arg;

	for (int i = 0; i < CHANGES; i++) {
		struct change *ch = &c->change[i];

		change_make(c, ch->text, sizeof(ch->text));
		if (ask_send(c->fd, FW_REQ_CHANGE, "{}", ch->text, strlen(ch->text)))
			ask_receive(c->fd, &ch->answer);
	}
	return NULL;
}

/* A refused change was refused by a generation between those that its client saw before and after it. */
static void generations_find(struct client *c)
{
	uint64_t seen = 0;

	for (int i = 0; i < CHANGES; i++) {
		struct change *ch = &c->change[i];

		if (ch->answer.said == SAID_NOTHING)
			fail_msg("no answer to %s", ch->text);
		if (ch->answer.said == SAID_OK)
			seen = ch->generation =
				(uint64_t)json_integer_value(json_object_get(ch->answer.end, "generation"));
		ch->from = seen;
	}
	seen = UINT64_MAX;
	for (int i = CHANGES - 1; i >= 0; i--) {
		c->change[i].to = seen;
		if (c->change[i].answer.said == SAID_OK)
			seen = c->change[i].generation;
	}
}

/* The first change after a generation; NULL: none. */
static struct change *next_change(uint64_t generation)
{
	struct change *next = NULL;

	for (struct client *c = client; c < client + CLIENTS; c++)
		for (int i = 0; i < CHANGES; i++) {
			struct change *ch = &c->change[i];

			if (ch->answer.said != SAID_OK || ch->generation <= generation)
				continue;
			if (next && next->generation == ch->generation)
				fail_msg("two changes made generation %llu", (unsigned long long)ch->generation);
			if (!next || ch->generation < next->generation)
				next = ch;
		}
	return next;
}

/* 0, or the error that the model has for the change, which is made only with @commit. */
static int try_change(struct fw_ruleset *rs, const struct change *ch, bool commit)
{
	struct fw_diags ds = { 0 };
	struct fw_edit edit;
	int err;

	assert_int_equal(fw_edit_begin(rs, &edit), 0);
	err = fw_text_edit(&edit, ch->text, strlen(ch->text), "model", &ds, NULL);
	if (err || !commit)
		fw_edit_abort(&edit);
	else
		fw_edit_commit(&edit);
	return err;
}

static void explain_refusals(struct fw_ruleset *rs, uint64_t generation)
{
	for (struct client *c = client; c < client + CLIENTS; c++)
		for (int i = 0; i < CHANGES; i++) {
			struct change *ch = &c->change[i];

			if (ch->answer.said == SAID_NO && ch->from <= generation && generation < ch->to &&
			    !ch->explained)
				ch->explained = try_change(rs, ch, false) != 0;
		}
}

/* The rules in the answer are those that the model has now. */
static void check_lines(const struct fw_ruleset *rs, const struct change *ch)
{
	json_t *o;
	size_t i;

	json_array_foreach(ch->answer.lines, i, o)
	{
		const json_t *rule = json_object_get(o, "rule");
		const struct fw_rule *r =
			fw_ruleset_by_id(rs, (uint64_t)json_integer_value(json_object_get(rule, "id")));
		const char *text = json_string_value(json_object_get(rule, "text"));
		fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };

		if (r)
			fw_text_print_rule(&b, rs, r);
		if (!r || !text || strcmp(text, b.text) != 0)
			fail_msg("generation %llu, %s: the answer says '%s', not '%s'",
				 (unsigned long long)ch->generation, ch->text, text ? text : "", b.text ? b.text : "");
	}
}

/* Repeats all changes in order. Return: how many. */
static unsigned replay(struct fw_ruleset *rs)
{
	uint64_t generation = 0;
	struct change *ch;
	unsigned n = 0;

	explain_refusals(rs, 0);
	while ((ch = next_change(generation))) {
		if (try_change(rs, ch, true))
			fail_msg("generation %llu cannot be: %s", (unsigned long long)ch->generation, ch->text);
		generation = ch->generation;
		check_lines(rs, ch);
		explain_refusals(rs, generation);
		n++;
	}
	for (struct client *c = client; c < client + CLIENTS; c++)
		for (int i = 0; i < CHANGES; i++)
			if (c->change[i].answer.said == SAID_NO && !c->change[i].explained)
				fail_msg("refused without a reason: %s", c->change[i].text);
	return n;
}

void clients_at_once(void **state)
{
	static const char begin[] = "set s { }\n";
	fw_autofree char *got = NULL, *want = NULL;
	struct fw_ruleset *rs = fw_ruleset_new(NULL);
	struct fw_diags ds = { 0 };
	struct answer a;
	unsigned n;

	daemon_make(&fwd, "clients");
	daemon_start(&fwd);
	for (struct client *c = client; c < client + CLIENTS; c++) {
		c->fd = daemon_dial(&fwd);
		c->random.state = random_u64();
	}
	ask(client[0].fd, FW_REQ_LOAD, "{}", begin, strlen(begin), &a);
	answer_free(&a);
	assert_int_equal(fw_text_parse(rs, begin, strlen(begin), "model", &ds), 0);
	for (struct client *c = client; c < client + CLIENTS; c++)
		assert_int_equal(pthread_create(&c->thread, NULL, run, c), 0);
	for (struct client *c = client; c < client + CLIENTS; c++) {
		pthread_join(c->thread, NULL);
		generations_find(c);
	}
	n = replay(rs);
	got = model_daemon_text(client[0].fd);
	want = model_text(rs);
	if (strcmp(got, want) != 0)
		fail_msg("the daemon has\n%s\nand not\n%s", got, want);
	print_message("%d clients, %u changes, %u refused\n", CLIENTS, n, CLIENTS * CHANGES - n);
	fw_ruleset_free(rs);
	assert_int_equal(daemon_stop(&fwd, SIGTERM), 0);
	assert_int_equal(daemon_detach(&fwd), 0);
}

int clients_over(void **state)
{
	for (struct client *c = client; c < client + CLIENTS; c++) {
		close(c->fd);
		for (int i = 0; i < CHANGES; i++)
			answer_free(&c->change[i].answer);
	}
	daemon_end(&fwd);
	return 0;
}
