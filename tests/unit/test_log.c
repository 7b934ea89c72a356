// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of packets: entries as JSON, lines and journal fields; the ring of entries and its followers; and events that go
 * through the kernel's ring, over restarts, and get lost when it is full.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <syslog.h>
#include <unistd.h>

#include "ctl/fwd/log/kept.h"
#include "fw/tables.h"
#include "lib/kern/kern.h"
#include "tests/unit/events.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/sandbox.h"

#define PINS SANDBOX_BPFFS "/log"
#define RULE FW_COUNTER_RULES

static struct logged entry_of(const char *packet)
{
	struct logged l = { .number = 7, .time = 1764512345123456789, .level = LOG_WARNING, .rule = 3 };

	l.event = event_of(FW_PROG_XDP, RULE, FW_DROP, packet);
	l.event.in = 2;
	snprintf(l.name, sizeof(l.name), "web");
	snprintf(l.prefix, sizeof(l.prefix), "no \"way\": ");
	snprintf(l.in, sizeof(l.in), "eth0");
	return l;
}

static void as_json(void **state)
{
	struct logged l = entry_of("tcp 10.0.0.1:999 > 192.0.2.1:80 in ttl 3");
	struct fw_buf b = { 0 };

	logged_json(&l, false, &b);
	assert_string_equal(
		b.text, "{\"number\":7,\"time\":1764512345.123456,\"rule\":3,\"name\":\"web\",\"policy\":null,"
			"\"prefix\":\"no \\\"way\\\": \",\"level\":\"warning\",\"hook\":\"xdp\",\"verdict\":\"drop\","
			"\"in\":\"eth0\",\"in_index\":2,\"out\":null,\"length\":54,\"packet\":"
			"\"tcp 10.0.0.1:999 > 192.0.2.1:80 in flags syn ttl 3 length 40\"}\n");
	fw_buf_free(&b);

	l.rule = 0;
	l.event.counter = FW_R_NON_IP;
	l.event.prog = FW_PROG_TC_EGRESS;
	l.name[0] = l.prefix[0] = l.in[0] = '\0';
	l.event.in = 0;
	l.event.out = 9;
	l.event.captured = 14;
	l.event.len = 60;
	l.event.bytes[12] = 0x88;
	l.event.bytes[13] = 0xcc;
	l.event.flags = FW_EVENT_VLAN;
	l.event.vlan_tci = 5;
	logged_json(&l, true, &b);
	assert_string_equal(
		b.text,
		"{\"number\":7,\"time\":1764512345.123456,\"rule\":null,\"name\":null,\"policy\":\"non-ip\","
		"\"prefix\":null,\"level\":\"warning\",\"hook\":\"tc-egress\",\"verdict\":\"drop\",\"in\":null,"
		"\"out\":null,\"out_index\":9,\"length\":60,\"packet\":"
		"\"non-ip frame, ethertype 0x88cc, 46 bytes, out vlan 5\",\"begins\":\"ethernet\",\"ethertype\":0,"
		"\"vlan\":5,\"bytes\":\"02000000000202000000000188cc\"}\n");
	fw_buf_free(&b);

	l.is_loss = true;
	l.lost[FW_LOST_LOG] = 1;
	l.lost[FW_LOST_RATE] = 22;
	logged_json(&l, true, &b);
	assert_string_equal(b.text, "{\"number\":7,\"time\":1764512345.123456,\"lost\":1,\"limited\":22,"
				    "\"additions_lost\":0}\n");
	fw_buf_free(&b);
}

static void as_fields(void **state)
{
	struct logged l = entry_of("udp [2001:db8::1]:53 > [2001:db8::2]:54");
	struct fw_buf b = { 0 };

	logged_line(&l, &b);
	assert_string_equal(b.text, "no \"way\": drop at xdp from eth0 by rule 3 web: "
				    "udp [2001:db8::1]:53 > [2001:db8::2]:54 in length 48");
	fw_buf_free(&b);
	logged_fields(&l, &b);
	assert_string_equal(b.text,
			    "FWD_RULE=3\nFWD_NAME=web\nFWD_PREFIX=no \"way\": \nFWD_HOOK=xdp\nFWD_VERDICT=drop\n"
			    "FWD_IN=eth0\nFWD_SOURCE=2001:db8::1\nFWD_DESTINATION=2001:db8::2\nFWD_PROTO=17\n"
			    "FWD_SOURCE_PORT=53\nFWD_DESTINATION_PORT=54\nFWD_LENGTH=48\n");
	fw_buf_free(&b);
	l.is_loss = true;
	l.lost[FW_LOST_LOG] = 1;
	l.lost[FW_LOST_RATE] = 2;
	logged_line(&l, &b);
	assert_string_equal(b.text,
			    "1 packet lost: the ring was full; 2 packets not logged: above the rate of the rule");
	fw_buf_free(&b);
}

/* What was not captured is not malformed; and a packet without Ethernet header is read from its network header on. */
static void odd_packets(void **state)
{
	struct logged l = entry_of("tcp 10.0.0.1:999 > 192.0.2.1:80 in");
	struct fw_buf b = { 0 };

	l.event.captured = 30;
	logged_packet(&l, &b);
	assert_string_equal(b.text, "not-parsed frame, ethertype 0x0800, 40 bytes, in");
	fw_buf_free(&b);

	l = entry_of("tcp 10.0.0.1:999 > 192.0.2.1:80 in");
	memmove(l.event.bytes, l.event.bytes + 14, FW_EVENT_BYTES - 14);
	l.event.len -= 14;
	l.event.captured -= 14;
	l.event.flags = FW_EVENT_L3;
	logged_packet(&l, &b);
	assert_string_equal(b.text, "tcp 10.0.0.1:999 > 192.0.2.1:80 in flags syn length 40");
	fw_buf_free(&b);
}

static struct counting {
	struct follower follower;
	unsigned woken;
} counting;

static void count_wake(struct follower *f)
{
	((struct counting *)f)->woken++;
}

static void entries_are_kept(void **state)
{
	struct kept k;
	struct counting other = { .follower.wake = count_wake };

	counting = (struct counting){ .follower.wake = count_wake };
	kept_init(&k, 1000);
	assert_true(k.begun > 0);
	assert_int_equal(kept_oldest(&k), k.next);
	kept_follow(&k, &counting.follower);
	kept_follow(&k, &other.follower);
	for (unsigned i = 0; i < KEPT_MAX + 10; i++) {
		uint64_t number = k.next;
		struct logged *l = kept_add(&k);

		assert_non_null(l);
		l->number = number;
		kept_tell(&k);
	}
	assert_int_equal(k.next - k.begun, KEPT_MAX + 10);
	assert_int_equal(kept_oldest(&k), k.begun + 10);
	for (uint64_t n = kept_oldest(&k); n < k.next; n++)
		assert_int_equal(kept_at(&k, n)->number, n);
	assert_int_equal(counting.woken, KEPT_MAX + 10);
	kept_leave(&k, &counting.follower);
	kept_tell(&k);
	assert_int_equal(counting.woken, KEPT_MAX + 10);
	assert_int_equal(other.woken, KEPT_MAX + 11);
	kept_leave(&k, &other.follower);
	assert_null(k.followers);
	kept_free(&k);

	/* The next process begins above. */
	uint64_t next = k.next;
	kept_init(&k, 1000 + (KEPT_MAX + 10) / 1024 + 1);
	assert_true(k.begun > next);
}

static struct seen {
	unsigned n;
	struct fw_event last;
} seen;

static void see(const struct fw_event *e, void *ctx)
{
	seen.n++;
	seen.last = *e;
}

/* @other: another version of the programs. */
static struct fw_kern *version_open(bool other)
{
	const struct fw_kern_options opts = { .pins = PINS, .pool = sandbox_pool(), .no_flow_cache = other };
	struct fw_diags ds = { .n = 0 };
	struct fw_kern *k;

	if (fw_kern_open(&opts, &ds, &k))
		fail_msg("%s", ds.d[0].message);
	return k;
}

static struct fw_kern *kern_open(void)
{
	return version_open(false);
}

/* In steps; what is not read survives the process; what does not hold together is skipped. */
static void through_the_ring(void **state)
{
	struct fw_event e = event_of(FW_PROG_XDP, RULE, FW_ACCEPT, "tcp 10.0.0.1:999 > 192.0.2.1:80 in");
	struct fw_kern *k = kern_open();
	int log = event_writer(k->maps[MAP_RING], sizeof(e)), add = event_writer(k->maps[MAP_RING], FW_EVENT_HEAD);

	assert_in_range(log, 0, INT32_MAX);
	assert_in_range(add, 0, INT32_MAX);
	seen.n = 0;
	assert_int_equal(fw_kern_events(k, 10, see, NULL), 0);
	for (e.mark = 1; e.mark <= 5; e.mark++)
		assert_int_equal(event_write(log, &e), 0);
	assert_int_equal(fw_kern_events(k, 2, see, NULL), 2);
	assert_int_equal(seen.n, 2);
	assert_int_equal(seen.last.mark, 2);
	fw_kern_close(k);

	k = kern_open();
	e.kind = FW_EVENT_ADD;
	assert_int_equal(event_write(add, &e), 0);
	e.kind = FW_EVENT_LOG; /* of the wrong size */
	assert_int_equal(event_write(add, &e), 0);
	e.prog = FW_NPROGS;
	assert_int_equal(event_write(log, &e), 0);
	seen.n = 0;
	assert_int_equal(fw_kern_events(k, 100, see, NULL), 6);
	assert_int_equal(seen.n, 4);
	assert_int_equal(seen.last.kind, FW_EVENT_ADD);
	assert_int_equal(seen.last.mark, 6);
	assert_int_equal(fw_kern_events(k, 100, see, NULL), 0);
	close(log);
	close(add);
	fw_kern_unpin(k);
	fw_kern_close(k);
}

/* Another version of the programs goes on with the ring, and what was lost is told once. */
static void over_versions(void **state)
{
	struct fw_event e = event_of(FW_PROG_XDP, RULE, FW_ACCEPT, "tcp 10.0.0.1:999 > 192.0.2.1:80 in");
	struct fw_kern *k = version_open(false);
	int log = event_writer(k->maps[MAP_RING], sizeof(e));

	assert_int_equal(event_write(log, &e), 0);
	fw_kern_close(k);
	k = version_open(true);
	seen.n = 0;
	assert_int_equal(fw_kern_events(k, 10, see, NULL), 1);
	assert_int_equal(event_write(log, &e), 0);
	assert_int_equal(fw_kern_events(k, 10, see, NULL), 1);
	close(log);
	fw_kern_unpin(k);
	fw_kern_close(k);
}

static void a_full_ring(void **state)
{
	struct fw_event e = event_of(FW_PROG_XDP, RULE, FW_ACCEPT, "tcp 10.0.0.1:999 > 192.0.2.1:80 in");
	struct fw_kern *k = kern_open();
	int log = event_writer(k->maps[MAP_RING], sizeof(e));
	unsigned written = 0;
	int err = 0;

	while (!err && written < FW_EVENT_RING) {
		err = event_write(log, &e);
		written += !err;
	}
	assert_int_equal(err, -EAGAIN);
	assert_in_range(written, 4800, FW_EVENT_RING / sizeof(e));
	seen.n = 0;
	while (fw_kern_events(k, 256, see, NULL))
		;
	assert_int_equal(seen.n, written);
	assert_int_equal(event_write(log, &e), 0);
	close(log);
	fw_kern_unpin(k);
	fw_kern_close(k);
}

#define EVENTS 64

static struct {
	struct fw_event event[EVENTS];
	unsigned n;
} sent;

static void take(const struct fw_event *e, void *ctx)
{
	assert_in_range(sent.n, 0, EVENTS - 1);
	sent.event[sent.n++] = *e;
}

/* A kernel with two rules: TCP is logged and goes on; everything is logged and dropped, at most twice in an hour. */
static struct logging {
	struct fw_kern *k;
	struct fw_ruleset *rs;
	struct fw_image image;
} logging_open(void)
{
	struct logging l = { .k = kern_open(), .rs = ruleset_of("rule proto tcp accept\nrule accept\n") };
	const struct fw_action goes_on = { .verdict = FW_CONTINUE, .flags = FW_ACTION_LOG };
	const struct fw_action limited = { .verdict = FW_DROP,
					   .flags = FW_ACTION_LOG,
					   .log = { .interval = 3600000000000ull, .burst = 3600000000000ull } };

	l.rs->rules[0]->action = (uint8_t)fw_ruleset_action(l.rs, &goes_on);
	l.rs->rules[1]->action = (uint8_t)fw_ruleset_action(l.rs, &limited);
	assert_int_equal(fw_tables_compile(l.rs, fw_kern_pool(l.k), NULL, NULL, &l.image), 0);
	assert_int_equal(fw_kern_counters_reserve(l.k, l.rs->next_slot), 0);
	assert_int_equal(fw_kern_buckets_reserve(l.k), 0);
	assert_int_equal(fw_kern_publish(l.k, l.image.root, 5), 0);
	return l;
}

static void logging_close(struct logging *l)
{
	fw_image_free(&l->image);
	fw_ruleset_free(l->rs);
	fw_kern_unpin(l->k);
	fw_kern_close(l->k);
}

/* Sends a packet. Return: how many events there were. */
static unsigned send_packet(struct logging *l, enum fw_prog prog, const char *text, struct fw_frame *f)
{
	struct fw_diags ds = { .n = 0 };
	struct fw_result r;

	assert_int_equal(fw_text_frame(text, f, &ds), 0);
	assert_int_equal(fw_kern_test(l->k, prog, f->data, f->len, 7, &r), 0);
	sent.n = 0;
	fw_kern_events(l->k, EVENTS, take, NULL);
	return sent.n;
}

static void check_event(const struct fw_event *e, enum fw_prog prog, uint32_t slot, enum fw_verdict verdict)
{
	assert_int_equal(e->kind, FW_EVENT_LOG);
	assert_int_equal(e->generation, 5);
	assert_int_equal(e->prog, prog);
	assert_int_equal(e->counter, slot + FW_COUNTER_RULES);
	assert_int_equal(e->verdict, verdict);
	assert_int_equal(prog == FW_PROG_TC_EGRESS ? e->out : e->in, 1);
	assert_true(e->time > 0);
}

static void check_bytes(const struct fw_event *e, const struct fw_frame *f)
{
	uint32_t n = f->len < FW_EVENT_BYTES ? f->len : FW_EVENT_BYTES;

	assert_int_equal(e->flags, 0);
	assert_int_equal(e->len, f->len);
	assert_int_equal(e->captured, n);
	assert_memory_equal(e->bytes, f->data, n);
}

/* By rules that go on and those that decide, at each hook, within the rate; what is above it is counted. */
static void by_the_programs(void **state)
{
	struct logging l = logging_open();
	struct fw_event_counts counts;
	uint64_t lost[FW_NLOSSES];
	struct fw_frame f;

	fw_kern_events_lost(l.k, lost);
	assert_int_equal(send_packet(&l, FW_PROG_XDP, "tcp 10.0.0.1:999 > 192.0.2.1:80 in", &f), 2);
	for (unsigned i = 0; i < 2; i++) {
		check_event(&sent.event[i], FW_PROG_XDP, i, i ? FW_DROP : FW_CONTINUE);
		check_bytes(&sent.event[i], &f);
	}
	assert_int_equal(
		send_packet(&l, FW_PROG_TC_EGRESS, "udp [2001:db8::1]:1 > [2001:db8::2]:2 out length 1400", &f), 1);
	check_event(&sent.event[0], FW_PROG_TC_EGRESS, 1, FW_DROP);
	check_bytes(&sent.event[0], &f);
	assert_int_equal(sent.event[0].mark, 7);
	assert_int_equal(send_packet(&l, FW_PROG_TC_INGRESS, "udp 10.0.0.1:1 > 10.0.0.2:2", &f), 0);
	assert_int_equal(send_packet(&l, FW_PROG_TC_INGRESS, "tcp 10.0.0.1:1 > 10.0.0.2:2", &f), 1);
	check_event(&sent.event[0], FW_PROG_TC_INGRESS, 0, FW_CONTINUE);
	fw_kern_event_counts(l.k, &counts);
	assert_int_equal(counts.limited, 2);
	assert_true(fw_kern_events_lost(l.k, lost));
	assert_int_equal(lost[FW_LOST_RATE], 2);
	assert_int_equal(lost[FW_LOST_LOG], 0);
	assert_false(fw_kern_events_lost(l.k, lost));
	logging_close(&l);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_json),
		cmocka_unit_test(as_fields),
		cmocka_unit_test(odd_packets),
		cmocka_unit_test(entries_are_kept),
	};
	static const struct CMUnitTest in_kernel[] = {
		cmocka_unit_test(through_the_ring),
		cmocka_unit_test(over_versions),
		cmocka_unit_test(a_full_ring),
		cmocka_unit_test(by_the_programs),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	if (!sandbox_enter())
		return failed;
	return failed + cmocka_run_group_tests(in_kernel, NULL, NULL);
}
