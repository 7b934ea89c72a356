// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random steps: interfaces are attached, detached, renamed (also in cycles), get alternative names, move to another network
 * namespace and back, disappear and appear; others attach programs to them; fwd is killed and restarted, also in the other
 * namespace. After each step status must agree with the kernel, and whatever was filtered must still be, unless it was detached.
 *
 *	sequences [TEST]	FW_SEQUENCES=n (default 4), FW_SEED=n, FWD=path of the daemon
 */
#include "world.h"

#include <fnmatch.h>
#include <libgen.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/e2e/kills/daemon.h"
#include "tests/unit/random.h"
#include "tests/unit/sandbox.h"

#define STEPS 12
#define SETTLE 30.0 /* seconds at most until what fwd reports agrees with what it does */

char kills_folder[64] = "/tmp/fwd-sequences-XXXXXX";
const char *kills_fwd;

static struct daemon fwd;
static unsigned home; /* the namespace of fwd */
static struct view before, after;
static json_t *status;          /* the object of its status */
static bool released[SEEN_MAX]; /* of the interfaces before the step: it detaches this one */
static char detached[130];      /* the name that it detaches */
static char log_text[64 << 10]; /* the steps so far */

static void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *fmt, ...)
{
	size_t n = strlen(log_text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(log_text + n, sizeof(log_text) - n, fmt, ap);
	va_end(ap);
}

static const char *any_name(void)
{
	static char name[16];

	snprintf(name, sizeof(name), "n%u", random_below(WORLD_NAMES));
	return name;
}

static const struct seen *any_seen(void)
{
	world_look(&before);
	return before.n ? &before.seen[random_below(before.n)] : NULL;
}

static bool request(enum fw_request kind, const char *args, struct answer *a)
{
	int fd = daemon_dial(&fwd);

	*a = (struct answer){ 0 };
	assert_true(ask_send(fd, kind, args, NULL, 0));
	ask_receive(fd, a);
	close(fd);
	assert_true(a->said != SAID_NOTHING);
	return a->said == SAID_OK;
}

static void read_status(void)
{
	struct answer a;

	assert_true(request(FW_REQ_STATUS, "{}", &a));
	json_decref(status);
	status = json_incref(json_array_get(a.lines, 0));
	answer_free(&a);
}

static const char *text_of(const json_t *o, const char *field)
{
	const char *s = json_string_value(json_object_get(o, field));

	return s ? s : "";
}

static uint32_t number_of(const json_t *o, const char *field)
{
	return (uint32_t)json_integer_value(json_object_get(o, field));
}

static const json_t *device_of(uint32_t index)
{
	const json_t *dev;
	size_t i;

	json_array_foreach(json_object_get(status, "devices"), i, dev)
	{
		if (number_of(dev, "index") == index)
			return dev;
	}
	return NULL;
}

/* Compares the status of an interface of fwd's namespace with the kernel. Return: the difference; NULL: none. */
static const char *check_here(const struct seen *s)
{
	const json_t *dev = device_of(s->index);
	const char *mode = text_of(dev, "mode");
	bool attached = dev && !strcmp(text_of(dev, "state"), "attached");
	bool out = json_is_true(json_object_get(dev, "out")), tc = !strcmp(mode, "tc");

	if (!dev)
		return seen_filtered(s) || s->ours[FW_PROG_TC_EGRESS] ? "filtered, and status does not know" : NULL;
	if (strcmp(text_of(dev, "interface"), s->name) != 0)
		return "has another name";
	if (!attached)
		return s->first[FW_PROG_XDP] && !s->ours[FW_PROG_XDP] ? NULL :
									"not attached, and nothing is in the way";
	if (s->ours[FW_PROG_XDP] == tc || s->ours[FW_PROG_TC_INGRESS] != tc)
		return "filtered in another way than status says";
	return s->ours[FW_PROG_TC_EGRESS] == out ? NULL : "outgoing packets otherwise than status says";
}

/* If another program is first, does status name it? */
static const char *check_front(const struct seen *s)
{
	const json_t *dev = device_of(s->index);
	uint32_t said = number_of(dev, "in_front");
	bool any = false;

	for (int prog = FW_PROG_TC_INGRESS; prog <= FW_PROG_TC_EGRESS; prog++) {
		bool second = s->ours[prog] && s->first[prog] != s->own[prog];

		if (second && said == s->first[prog])
			return NULL;
		any |= second;
	}
	return any ? "after a program that status does not name" : said ? "status names a program in front" : NULL;
}

static size_t count_away(uint32_t index, const char *hook)
{
	const json_t *row;
	size_t i, n = 0;

	json_array_foreach(json_object_get(status, "away"), i, row)
		n += number_of(row, "index") == index && !strcmp(text_of(row, "hook"), hook);
	return n;
}

static const char *check_away(const struct seen *s)
{
	for (int prog = 0; prog < FW_NPROGS; prog++)
		if (count_away(s->index, fw_prog_names[prog]) != s->ours[prog])
			return "in the other namespace otherwise than status says";
	return NULL;
}

/* An interface that was filtered still is, and one that was detached is not. */
static const char *check_kept(const struct seen *s)
{
	for (unsigned i = 0; i < before.n; i++) {
		if (memcmp(before.seen[i].mac, s->mac, sizeof(s->mac)) != 0)
			continue;
		if (seen_filtered(&before.seen[i]) && !released[i] && !seen_filtered(s))
			return "was filtered, and is not any more";
		/* Another of its names, or a pattern that it matches, may be attached too. */
		if (released[i] && seen_filtered(s) && !fnmatch(detached, text_of(device_of(s->index), "dev"), 0))
			return "was detached, and is filtered still";
	}
	return NULL;
}

/* An interface that is attached by name is filtered, or status has the reason. */
static const char *check_wishes(void)
{
	const json_t *dev;
	size_t i;

	json_array_foreach(json_object_get(status, "devices"), i, dev)
	{
		bool missing = !strcmp(text_of(dev, "state"), "missing");

		for (unsigned k = 0; missing && k < after.n; k++)
			if (after.seen[k].space == home && !strcmp(after.seen[k].name, text_of(dev, "dev")))
				return "missing, and it is there";
	}
	return NULL;
}

static const char *check(const struct seen **at)
{
	const char *wrong = NULL;
	size_t away = 0;

	for (unsigned i = 0; i < after.n && !wrong; i++) {
		const struct seen *s = *at = &after.seen[i];

		wrong = s->space == home ? check_here(s) : check_away(s);
		if (!wrong && s->space == home)
			wrong = check_front(s);
		wrong = wrong ? wrong : check_kept(s);
		for (int prog = 0; prog < FW_NPROGS; prog++)
			away += s->space != home && s->ours[prog];
	}
	if (!wrong && away != json_array_size(json_object_get(status, "away")))
		wrong = "status knows more than there is in the other namespace";
	return wrong ? wrong : check_wishes();
}

static void fail_with(const char *wrong, const struct seen *at)
{
	fw_autofree char *devices = json_dumps(json_object_get(status, "devices"), JSON_INDENT(1));
	fw_autofree char *away = json_dumps(json_object_get(status, "away"), 0);

	print_message("%s: %s\n%s\nfwd is in %u; devices %s\naway %s\n", at ? at->name : "", wrong, log_text, home,
		      devices, away);
	for (unsigned i = 0; i < after.n; i++) {
		const struct seen *s = &after.seen[i];

		print_message(
			"kernel: %s in %u, index %u: xdp %d (first %u), ingress %d (first %u), egress %d (first %u)\n",
			s->name, s->space, s->index, s->ours[0], s->first[0], s->ours[1], s->first[1], s->ours[2],
			s->first[2]);
	}
	daemon_show_log(&fwd);
	fail();
}

/* Waits until status agrees with the kernel. */
static void settle(void)
{
	double end = fw_now() + SETTLE;
	const struct seen *at = NULL;
	const char *wrong;

	for (;;) {
		read_status();
		world_look(&after);
		wrong = check(&at);
		if (!wrong)
			return;
		if (fw_now() > end)
			fail_with(wrong, at);
		usleep(50000);
	}
}

/* The steps. Those of the world can also be made while fwd does not run. */

static void step_rename(void)
{
	const struct seen *s = any_seen();
	const char *name = any_name();

	if (s && world_ip(s->space, "link set %s name %s", s->name, name))
		say("rename %s %s\n", s->name, name);
}

static void step_swap(void)
{
	const struct seen *a = any_seen(), *b = a ? &before.seen[random_below(before.n)] : NULL;
	unsigned pause = random_below(2) * 20000;

	if (!a || a == b || a->space != b->space)
		return;
	say("swap %s %s, pauses of %u us\n", a->name, b->name, pause);
	world_ip(a->space, "link set %s name swap", a->name);
	usleep(pause);
	world_ip(a->space, "link set %s name %s", b->name, a->name);
	usleep(pause);
	world_ip(a->space, "link set swap name %s", b->name);
}

static void step_other_name(void)
{
	const struct seen *s = any_seen();
	unsigned n = random_below(2);

	if (!s)
		return;
	if (world_ip(s->space, "link property add dev %s altname other%u", s->name, n))
		say("other name of %s: other%u\n", s->name, n);
	else if (world_ip(s->space, "link property del dev %s altname other%u", s->name, n))
		say("no other name of %s: other%u\n", s->name, n);
}

static void step_move(void)
{
	const struct seen *s = any_seen();

	if (!s)
		return;
	say("move %s from %u\n", s->name, s->space);
	world_move(s);
}

static void step_again(void)
{
	const struct seen *s = any_seen();
	const char *name = any_name();

	if (!s)
		return;
	say("delete %s, add %s\n", s->name, name);
	world_ip(s->space, "link del %s", s->name);
	world_look(&after);
	for (unsigned i = 0; i < after.n; i++)
		if (!after.seen[i].space && !strcmp(after.seen[i].name, name))
			return;
	world_add(name);
}

static void step_foreign(void)
{
	const struct seen *s = any_seen();
	unsigned what = random_below(4);

	if (!s)
		return;
	say("foreign %s %u\n", s->name, what);
	if (what == 0)
		world_foreign_xdp(s);
	else if (what < 3)
		world_foreign_tc(s, random_below(2) ? FW_PROG_TC_INGRESS : FW_PROG_TC_EGRESS, what == 1);
	else
		world_foreign_gone();
}

static void (*const world_steps[])(void) = { step_rename, step_swap,  step_swap,   step_other_name,
					     step_move,   step_again, step_foreign };

static void world_step(void)
{
	world_steps[random_below(sizeof(world_steps) / sizeof(*world_steps))]();
}

static void start(void)
{
	world_enter(home);
	daemon_start(&fwd);
	close(daemon_dial(&fwd));
}

static void step_restart(void)
{
	daemon_stop(&fwd, random_below(2) ? SIGKILL : SIGTERM);
	say("fwd ends\n");
	for (unsigned n = random_below(3); n; n--)
		world_step();
	home ^= !random_below(4);
	say("fwd begins in %u\n", home);
	start();
}

static void step_attach(void)
{
	static const char *const modes[] = { "auto", "native", "generic", "tc" }, *const outs[] = { "auto", "yes",
												    "no" };
	static const char *const more[] = { "other0", "other1", "n*", "swap" };
	char args[200], name[16];
	struct answer a;

	snprintf(name, sizeof(name), "%s", random_below(4) ? any_name() : more[random_below(4)]);
	snprintf(args, sizeof(args), "{\"dev\":[\"%s\"],\"mode\":\"%s\",\"out\":\"%s\",\"later\":%s}", name,
		 modes[random_below(4)], outs[random_below(3)], random_below(3) ? "false" : "true");
	world_look(&before);
	say("attach %s: ", args);
	say("%s\n", request(FW_REQ_ATTACH, args, &a) ? "yes" : text_of(a.end, "error"));
	answer_free(&a);
}

static void note_index(uint32_t index, bool here)
{
	for (unsigned k = 0; k < before.n; k++)
		if ((before.seen[k].space == home) == here && before.seen[k].index == index)
			released[k] = true;
}

/* Notes the interfaces that a detach releases. */
static void note_released(const char *name)
{
	const json_t *dev, *row;
	size_t i;

	json_array_foreach(json_object_get(status, "devices"), i, dev)
	{
		if (!fnmatch(name, text_of(dev, "dev"), 0) || !strcmp(text_of(dev, "from"), name))
			note_index(number_of(dev, "index"), true);
	}
	json_array_foreach(json_object_get(status, "away"), i, row)
	{
		if (!fnmatch(name, text_of(row, "dev"), 0))
			note_index(number_of(row, "index"), false);
	}
}

static void step_detach(void)
{
	const json_t *devices = json_object_get(status, "devices");
	size_t n = json_array_size(devices);
	char args[200];
	struct answer a;

	if (!n)
		return;
	snprintf(detached, sizeof(detached), "%s", text_of(json_array_get(devices, random_below((uint32_t)n)), "dev"));
	snprintf(args, sizeof(args), "{\"dev\":\"%s\"}", detached);
	world_look(&before);
	say("detach %s: ", detached);
	if (request(FW_REQ_DETACH, args, &a)) {
		note_released(detached);
		say("yes\n");
	} else {
		say("%s\n", text_of(a.end, "error"));
	}
	answer_free(&a);
}

static void step(void)
{
	unsigned which = random_below(20);

	memset(released, 0, sizeof(released));
	world_look(&before);
	if (which < 5)
		step_attach();
	else if (which < 7)
		step_detach();
	else if (which < 10)
		step_restart();
	else
		world_step();
}

/* A new fwd and a few interfaces, then STEPS random steps; in the end detached programs and files must be gone. */
static void one_sequence(void)
{
	struct view v;

	log_text[0] = '\0';
	home = 0;
	daemon_make(&fwd, "sequences");
	for (unsigned i = 0; i < 2 + random_below(2); i++) {
		char name[16];

		snprintf(name, sizeof(name), "n%u", i);
		world_add(name);
	}
	start();
	read_status();
	for (unsigned i = 0; i < STEPS; i++) {
		step();
		settle();
	}
	daemon_stop(&fwd, SIGTERM);
	assert_int_equal(daemon_detach(&fwd), 0);
	world_look(&v);
	for (unsigned i = 0; i < v.n; i++)
		assert_false(seen_filtered(&v.seen[i]) || v.seen[i].ours[FW_PROG_TC_EGRESS]);
	assert_true(daemon_is_gone(&fwd));
	world_clear();
	daemon_clear(&fwd);
	daemon_end(&fwd);
}

static void sequences(void **state)
{
	unsigned n = random_amount("FW_SEQUENCES", 4);

	for (unsigned i = 1; i <= n; i++) {
		one_sequence();
		if (i % 20 == 0)
			print_message("%u sequences\n", i);
	}
	print_message("%u sequences of %u steps\n", n, STEPS);
}

static const struct seen *the_one(void)
{
	world_look(&after);
	assert_int_equal(after.n, 1);
	return &after.seen[0];
}

/* Waits until fwd is first on incoming packets. Return: did status name the program before it meanwhile? */
static bool wait_until_first(void)
{
	double end = fw_now() + 2 * SETTLE;
	bool named = false;

	for (;;) {
		uint32_t first = the_one()->first[FW_PROG_TC_INGRESS];

		read_status();
		named |= first && number_of(device_of(after.seen[0].index), "in_front") == first;
		if (first == the_one()->own[FW_PROG_TC_INGRESS])
			return named;
		assert_true(fw_now() < end);
		usleep(20000);
	}
}

/* fwd soon moves before a program that was attached before it; if that happens repeatedly, later, and status names the program. */
static void in_front(void **state)
{
	struct answer a;

	home = 0;
	daemon_make(&fwd, "front");
	world_add("n0");
	start();
	world_foreign_tc(the_one(), FW_PROG_TC_INGRESS, true);
	assert_true(request(FW_REQ_ATTACH, "{\"dev\":\"n0\",\"mode\":\"tc\"}", &a));
	answer_free(&a);
	assert_false(wait_until_first());
	world_foreign_gone();
	for (unsigned i = 0; i < 2; i++) {
		bool named;

		world_foreign_tc(the_one(), FW_PROG_TC_INGRESS, true);
		named = wait_until_first();
		assert_true(named || !i);
		world_foreign_gone();
	}
	daemon_stop(&fwd, SIGTERM);
	assert_int_equal(daemon_detach(&fwd), 0);
	world_clear();
	daemon_clear(&fwd);
	daemon_end(&fwd);
}

static int clean_up(void **state)
{
	json_decref(fw_take(status));
	daemon_end(&fwd);
	return 0;
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test_teardown(in_front, clean_up),
						   cmocka_unit_test_teardown(sequences, clean_up) };
	static char program[256];
	char self[240];
	int failed;

	random_start();
	if (!sandbox_enter())
		return 0;
	setlinebuf(stdout);
	snprintf(self, sizeof(self), "%s", argv[0]);
	snprintf(program, sizeof(program), "%s/fwd", dirname(self));
	kills_fwd = getenv("FWD") ? getenv("FWD") : program;
	if (!mkdtemp(kills_folder))
		return 1;
	world_open();
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(kills_folder) || failed;
}
