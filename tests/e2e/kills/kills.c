// SPDX-License-Identifier: GPL-2.0-only
/*
 * The real daemon is killed by SIGKILL at random moments, while it changes its
 * ruleset, loads another one, or starts, under traffic. Every change that it
 * confirmed is there afterwards, and no change that was never requested; every
 * packet gets the right verdict meanwhile, and is counted exactly once.
 *
 *	kills [TEST]	KILLS=n (default 200), FW_SEED=n, FWD=path of the daemon
 */
#include "model.h"

#include <ifaddrs.h>
#include <libgen.h>
#include <linux/if_link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <bpf/libbpf.h>
#include <net/if.h>

#include "more.h"
#include "tests/unit/random.h"
#include "tests/unit/sandbox.h"

#define VERDICTS 20
#define STEPS_MAX 3 /* that are acknowledged before one that is under way at the kill */

char kills_folder[64] = "/tmp/fwd-kills-XXXXXX";
const char *kills_fwd;

static struct daemon fwd;
static struct model model;

/* How long requests of each kind take, in microseconds, so that most kills hit the middle of one. */
static struct pace {
	double us;
} change_pace = { 2000 }, load_pace = { 5000 }, start_pace = { 100000 };

static void pace_learn(struct pace *p, double since)
{
	p->us += ((fw_now() - since) * 1e6 - p->us) / 8;
}

static void sleep_somewhere_in(const struct pace *p)
{
	usleep((useconds_t)random_below((uint32_t)(p->us * 1.3) + 1));
}

static void step_send(int fd, const struct step *s)
{
	if (!ask_send(fd, s->whole ? FW_REQ_LOAD : FW_REQ_CHANGE, "{\"name\":\"step\"}", s->text, strlen(s->text)))
		fail_msg("the daemon is not there");
}

/* Makes the request. Fails the test unless it succeeds. */
static void step_take(const struct step *s, const struct answer *a)
{
	fw_autofree char *end = a->end ? json_dumps(a->end, JSON_COMPACT) : NULL;

	if (a->said != SAID_OK)
		fail_msg("not done: %s\n%s", end ? end : "no answer", s->text);
	model_step(&model, s);
}

static void step_whole(int fd, bool keep_once)
{
	struct pace *pace;
	double since = fw_now();
	struct answer a;
	struct step s;

	step_make(&model, keep_once, &s);
	pace = s.whole ? &load_pace : &change_pace;
	step_send(fd, &s);
	ask_receive(fd, &a);
	pace_learn(pace, since);
	step_take(&s, &a);
	answer_free(&a);
	free(s.text);
}

static void up(int *fd)
{
	double since = fw_now();
	struct answer a;

	daemon_start(&fwd);
	*fd = daemon_dial(&fwd);
	ask(*fd, FW_REQ_STATUS, "{}", NULL, 0, &a);
	answer_free(&a);
	pace_learn(&start_pace, since);
}

/* Kills it. If it has ended before, the test fails. */
static void kill_it(void)
{
	int status = daemon_stop(&fwd, SIGKILL);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return;
	daemon_show_log(&fwd);
	fail_msg("the daemon ended by itself: status 0x%x", status);
}

/* Makes changes, and kills fwd during one. If that one was answered before, it is done, and @flying is empty. */
static void kill_at_work(int fd, bool keep_once, struct step *flying)
{
	struct answer a;

	for (uint32_t n = random_below(STEPS_MAX + 1); n; n--)
		step_whole(fd, keep_once);
	step_make(&model, keep_once, flying);
	step_send(fd, flying);
	sleep_somewhere_in(flying->whole ? &load_pace : &change_pace);
	kill_it();
	ask_receive(fd, &a);
	if (a.said != SAID_NOTHING) {
		step_take(flying, &a);
		free(fw_take(flying->text));
	}
	answer_free(&a);
	close(fd);
}

static void kill_at_start(void)
{
	daemon_start(&fwd);
	sleep_somewhere_in(&start_pace);
	kill_it();
}

static uint64_t packets_sent(void)
{
	uint64_t sent = 0;

	for (int i = 0; i < NFLOWS; i++)
		sent += traffic_sent((enum flow)i);
	return sent;
}

/* The interface received exactly the packets that we sent. */
static void check_interface(void)
{
	struct ifaddrs *all = NULL;
	uint64_t sent = packets_sent();
	uint32_t got = 0;

	assert_int_equal(getifaddrs(&all), 0);
	for (const struct ifaddrs *a = all; a; a = a->ifa_next)
		if (!strcmp(a->ifa_name, "s0") && a->ifa_addr->sa_family == AF_PACKET)
			got = ((const struct rtnl_link_stats *)a->ifa_data)->rx_packets;
	freeifaddrs(all);
	if (got != (uint32_t)sent)
		fail_msg("the interface received %u packets, not the %llu that were sent", got,
			 (unsigned long long)sent);
}

static void check_all(int fd, const struct step *flying)
{
	model_check_rules(&model, fd, flying && flying->text ? flying : NULL);
	model_check_verdicts(&model, fd, VERDICTS);
	traffic_pause();
	model_check_counters(&model, fd);
	check_interface();
}

/* The flow of the rule `once` pauses while that rule may change. */
static void begin_again(bool with_once)
{
	traffic_switch(FLOW_ONCE, with_once);
	traffic_resume();
}

static unsigned number_of_kills(void)
{
	const char *text = getenv("KILLS");

	return text && text[0] ? (unsigned)strtoul(text, NULL, 10) : 200;
}

static int begin(const char *mode)
{
	char args[64];
	struct answer a;
	struct step first;
	int fd;

	daemon_make(&fwd, "kills");
	up(&fd);
	model_begin(&model, &first);
	ask(fd, FW_REQ_LOAD, "{}", first.text, strlen(first.text), &a);
	answer_free(&a);
	snprintf(args, sizeof(args), "{\"dev\":\"s0\",\"mode\":\"%s\",\"out\":\"no\"}", mode);
	ask(fd, FW_REQ_ATTACH, args, NULL, 0, &a);
	answer_free(&a);
	free(first.text);
	traffic_start("c0", "s0");
	begin_again(true);
	return fd;
}

/* After --detach nothing is left. */
static void end(void)
{
	uint32_t program = 0;

	traffic_stop();
	assert_int_equal(daemon_stop(&fwd, SIGTERM), 0);
	assert_false(daemon_is_gone(&fwd));
	assert_int_equal(daemon_detach(&fwd), 0);
	if (!daemon_is_gone(&fwd))
		fail_msg("something is left in %s", fwd.pins);
	assert_int_equal(bpf_xdp_query_id((int)if_nametoindex("s0"), 0, &program), 0);
	assert_int_equal(program, 0);
	if (!traffic_gets_through(FLOW_BLOCK) || !traffic_gets_through(FLOW_POLICY))
		fail_msg("packets are still filtered");
	model_end(&model);
}

static void killed(void **state)
{
	static const char *const modes[] = { "native", "generic", "tc" };
	const char *mode = modes[random_below(3)];
	unsigned kills = number_of_kills(), starting = 0, unanswered = 0, done = 0;
	bool keep_once = true;
	int fd = begin(mode);

	for (unsigned n = 0; n < kills; n++) {
		struct step flying = { .text = NULL };
		uint64_t steps;

		kill_at_work(fd, keep_once, &flying);
		unanswered += flying.text != NULL;
		steps = model.steps;
		while (n + 1 < kills && !random_below(4)) {
			kill_at_start();
			starting++;
			n++;
		}
		up(&fd);
		check_all(fd, &flying);
		done += model.steps - steps;
		free(flying.text);
		keep_once = model.once_id && random_below(2);
		begin_again(keep_once);
	}
	traffic_pause();
	print_message("%u kills, %u while it came up, %u before it answered (%u of these changes were made)\n", kills,
		      starting, unanswered, done);
	print_message("%llu changes, %llu packets by %s\n", (unsigned long long)model.steps,
		      (unsigned long long)packets_sent(), mode);
	close(fd);
	end();
}

static int clean_up(void **state)
{
	traffic_stop();
	daemon_end(&fwd);
	return 0;
}

/* Turns off IPv6, which would send packets on new interfaces. */
static void no_packets_of_its_own(void)
{
	static const char *const files[] = { "/proc/sys/net/ipv6/conf/all/disable_ipv6",
					     "/proc/sys/net/ipv6/conf/default/disable_ipv6" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		FILE *f = fopen(files[i], "we");

		if (f) {
			fputs("1\n", f);
			fclose(f);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(killed, clean_up),
		cmocka_unit_test_teardown(power_cut, power_cut_over),
		cmocka_unit_test_teardown(clients_at_once, clients_over),
	};
	char self[240];
	static char program[256];
	int failed;

	random_start();
	if (!sandbox_enter())
		return 0;
	setlinebuf(stdout);
	prctl(PR_SET_TIMERSLACK, 1);
	no_packets_of_its_own();
	sandbox_veth("c0", "s0");
	snprintf(self, sizeof(self), "%s", argv[0]);
	snprintf(program, sizeof(program), "%s/fwd", dirname(self));
	kills_fwd = getenv("FWD") ? getenv("FWD") : program;
	if (!mkdtemp(kills_folder))
		return 1;
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	return rmdir(kills_folder) || failed;
}
