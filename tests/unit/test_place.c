// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where programs are attached: before those of others on a hook, and on the interface of which network namespace. With
 * traffic, of which nothing may pass unfiltered. In a sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw/tables.h"

#include "lib/kern/kern.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/sandbox.h"

#define PINS SANDBOX_BPFFS "/fw"
enum { PASS = 0, NEXT = -1 }; /* tcx verdicts: TC_ACT_OK and TC_ACT_UNSPEC */

static uint32_t ifindex;
static struct fw_diags ds;
static struct fw_ruleset *rs;
static struct fw_image image;

/* Sources of frames that the rules drop, and accept. */
enum { BAD, GOOD };
static const uint32_t sources[] = { [BAD] = 0x0a000001, [GOOD] = 0x0a000002 };
static struct fw_frame bad, good;

static struct fw_kern *open_kern(uint32_t generation)
{
	struct fw_kern_options options = { .pool = sandbox_pool(), .pins = PINS };
	struct fw_kern *k = NULL;

	ds.n = ds.total = 0;
	if (fw_kern_open(&options, &ds, &k))
		fail_msg("open: %s", ds.n ? ds.d[0].message : "");
	rs = ruleset_of("policy in drop\nrule from 10.0.0.2 accept\n");
	assert_int_equal(fw_tables_compile(rs, fw_kern_pool(k), NULL, NULL, &image), 0);
	assert_int_equal(fw_kern_publish(k, image.root, generation), 0);
	return k;
}

static void close_kern(struct fw_kern *k)
{
	fw_image_free(&image);
	fw_kern_close(k);
	fw_ruleset_free(rs);
}

/* The attachment of a program to an interface. Fails unless there is exactly one. */
static struct fw_kern_attachment the(struct fw_kern *k, enum fw_prog prog, uint32_t index, bool away)
{
	struct fw_kern_attachment a, found = { 0 };
	unsigned n = 0;

	fw_kern_look(k);
	for (size_t i = 0; fw_kern_attached(k, i, &a); i++)
		if (a.prog == prog && a.ifindex == index && a.away == away) {
			found = a;
			n++;
		}
	assert_int_equal(n, 1);
	return found;
}

static uint32_t in_front(struct fw_kern *k)
{
	return the(k, FW_PROG_TC_INGRESS, ifindex, false).in_front;
}

/* Do frames that the rules drop pass? Fails unless all or none do. */
static bool bad_pass(void)
{
	int sender = sandbox_sender("fwk1"), receiver = sandbox_receiver("fwk0", ETH_P_IP);
	unsigned n[2];

	for (int i = 0; i < 10; i++)
		sandbox_send(sender, &bad);
	sandbox_send(sender, &good);
	sandbox_received(receiver, sources, GOOD, 1, n);
	close(sender);
	close(receiver);
	assert_int_equal(n[GOOD], 1);
	assert_true(n[BAD] == 0 || n[BAD] == 10);
	return n[BAD];
}

/* Skips a test on kernels without tcx. */
static bool has_tcx(void)
{
	struct chain c;

	return !kern_chain_read(ifindex, FW_PROG_TC_INGRESS, &c);
}

/* Ours is before a program that accepts everything and ends the chain, whichever was attached first. */
static void before_others(void **state)
{
	int pass = sandbox_foreign(BPF_PROG_TYPE_SCHED_CLS, PASS),
	    next = sandbox_foreign(BPF_PROG_TYPE_SCHED_CLS, NEXT), link, second;
	struct fw_kern *k;

	if (!has_tcx())
		skip();
	k = open_kern(1);
	link = kern_chain_head(ifindex, FW_PROG_TC_INGRESS, pass);
	assert_true(link >= 0 && bad_pass());
	assert_int_equal(fw_kern_attach_tc(k, ifindex, FW_PROG_TC_INGRESS, &ds), 0);
	assert_int_equal(in_front(k), 0);
	assert_false(bad_pass());

	second = kern_chain_head(ifindex, FW_PROG_TC_INGRESS, next);
	assert_int_equal(in_front(k), kern_prog_id(next));
	assert_false(bad_pass());
	close(link);
	link = kern_chain_head(ifindex, FW_PROG_TC_INGRESS, pass);
	assert_int_equal(in_front(k), kern_prog_id(pass));
	assert_true(bad_pass());
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fw_kern_to_front(k, ifindex, FW_PROG_TC_INGRESS), 0);
		assert_int_equal(in_front(k), 0);
		assert_false(bad_pass());
	}
	/* The new link is the one that is pinned. */
	close_kern(k);
	assert_false(bad_pass());
	k = open_kern(2);
	assert_int_equal(in_front(k), 0);
	assert_int_equal(fw_kern_to_front(k, ifindex, FW_PROG_TC_EGRESS), -ENOENT);
	fw_kern_unpin(k);
	close_kern(k);
	assert_true(bad_pass());
	close(second);
	close(link);
	close(pass);
	close(next);
}

/* While the link moves to the head repeatedly, no packet passes that our program drops. */
static void moves_without_a_gap(void **state)
{
	int next = sandbox_foreign(BPF_PROG_TYPE_SCHED_CLS, NEXT), link;
	struct fw_kern *k;
	int receiver = sandbox_receiver("fwk0", ETH_P_IP);
	unsigned n[2];
	pid_t pid;

	if (!has_tcx())
		skip();
	k = open_kern(1);
	assert_int_equal(fw_kern_attach_tc(k, ifindex, FW_PROG_TC_INGRESS, &ds), 0);
	pid = fork();
	if (!pid) {
		int sender = sandbox_sender("fwk1");

		for (int i = 0; i < 100000; i++)
			sandbox_send(sender, &bad);
		sandbox_send(sender, &good);
		_exit(0);
	}
	while (!waitpid(pid, NULL, WNOHANG)) {
		link = kern_chain_head(ifindex, FW_PROG_TC_INGRESS, next);
		assert_int_equal(fw_kern_to_front(k, ifindex, FW_PROG_TC_INGRESS), 0);
		close(link);
	}
	sandbox_received(receiver, sources, GOOD, 1, n);
	assert_int_equal(n[GOOD], 1);
	assert_int_equal(n[BAD], 0);
	close(receiver);
	close(next);
	fw_kern_unpin(k);
	close_kern(k);
}

static struct attachment *classic(struct fw_kern *k)
{
	struct attachment a = { .link = -1, .ifindex = ifindex, .prog = FW_PROG_TC_INGRESS, .folder = k->folder };

	assert_int_equal(kern_filter_add(k, &a), 0);
	assert_int_equal(kern_attached_add(k, a), 0);
	return kern_attached_find(k, ifindex, FW_PROG_TC_INGRESS);
}

/* The same with the classic filters of older kernels. */
static void filters_before_others(void **state)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	int pass = sandbox_foreign(BPF_PROG_TYPE_SCHED_CLS, PASS);
	LIBBPF_OPTS(bpf_tc_opts, other, .prog_fd = pass, .priority = 1, .handle = 1);
	LIBBPF_OPTS(bpf_tc_opts, again, .prog_fd = pass, .priority = 1, .handle = 77);
	struct fw_kern *k = open_kern(1);
	struct attachment *a;

	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	assert_int_equal(bpf_tc_attach(&hook, &other), 0);
	assert_true(bad_pass());
	a = classic(k);
	assert_false(a->qdisc);
	assert_int_equal(in_front(k), 0);
	assert_false(bad_pass());
	assert_int_equal(bpf_tc_attach(&hook, &again), 0);
	assert_int_equal(in_front(k), kern_prog_id(pass));
	assert_true(bad_pass());
	assert_int_equal(fw_kern_to_front(k, ifindex, FW_PROG_TC_INGRESS), 0);
	assert_int_equal(in_front(k), 0);
	assert_false(bad_pass());
	close_kern(k);
	k = open_kern(2);
	assert_int_equal(in_front(k), 0);
	fw_kern_unpin(k);
	assert_true(bad_pass());
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);

	/* The qdisc that was created for our filter stays while it has another filter, and is removed with the last. */
	hook.attach_point = BPF_TC_INGRESS;
	a = classic(k);
	assert_true(a->qdisc);
	again.prog_id = 0;
	assert_int_equal(bpf_tc_attach(&hook, &again), 0);
	assert_int_equal(fw_kern_detach(k, ifindex, FW_PROG_TC_INGRESS), 0);
	assert_int_equal(bpf_tc_hook_create(&hook), -EEXIST);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
	hook.attach_point = BPF_TC_INGRESS;
	classic(k);
	assert_int_equal(fw_kern_detach(k, ifindex, FW_PROG_TC_INGRESS), 0);
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
	fw_kern_unpin(k);
	close_kern(k);
	close(pass);
}

/* Enters another network namespace; -1: a new one. Return: the one before. */
static int enter(int netns)
{
	int before = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	assert_true(before >= 0);
	assert_int_equal(netns < 0 ? unshare(CLONE_NEWNET) : setns(netns, CLONE_NEWNET), 0);
	return before;
}

static void assert_programs(uint32_t xdp, uint32_t tc)
{
	struct chain c;

	assert_int_equal(kern_xdp_view(ifindex).prog, xdp);
	if (has_tcx()) {
		assert_int_equal(kern_chain_read(ifindex, FW_PROG_TC_INGRESS, &c), 0);
		assert_int_equal(c.n ? c.prog[0] : 0, tc);
	}
}

static void attach_both(struct fw_kern *k)
{
	assert_int_equal(fw_kern_attach_xdp(k, ifindex, FW_XDP_AUTO, NULL, &ds), 0);
	assert_int_equal(fw_kern_attach_tc(k, ifindex, FW_PROG_TC_INGRESS, &ds), 0);
}

/* The pins belong to an interface with the same name and index in another namespace. */
static void another_namespace(void **state)
{
	uint32_t xdp, tc, id;
	int first, second;
	struct fw_kern *k;

	if (!has_tcx())
		skip();
	k = open_kern(1);
	xdp = kern_prog_id(k->progs[FW_PROG_XDP]);
	tc = kern_prog_id(k->progs[FW_PROG_TC_INGRESS]);
	attach_both(k);
	close_kern(k);
	first = enter(-1);
	assert_int_equal(sandbox_veth_at("fwk0", "fwk1", ifindex), ifindex);
	k = open_kern(2);
	the(k, FW_PROG_XDP, ifindex, true);
	the(k, FW_PROG_TC_INGRESS, ifindex, true);
	assert_programs(0, 0);
	assert_int_equal(fw_kern_detach(k, ifindex, FW_PROG_XDP), -ENOENT);
	attach_both(k);
	assert_programs(xdp, tc);
	close_kern(k);

	/* Now links of both report the same index, and both interfaces run the same program. */
	for (uint32_t i = 0; i < 2; i++) {
		k = open_kern(3 + i);
		id = the(k, FW_PROG_XDP, ifindex, true).link;
		assert_int_not_equal(id, the(k, FW_PROG_XDP, ifindex, false).link);
		the(k, FW_PROG_TC_INGRESS, ifindex, true);
		the(k, FW_PROG_TC_INGRESS, ifindex, false);
		assert_programs(xdp, tc);
		second = enter(first);
		assert_programs(xdp, tc);
		close_kern(k);
		close(first);
		first = second;
	}
	/* Detaching in one namespace leaves the other attached. */
	k = open_kern(5);
	assert_int_equal(fw_kern_detach(k, ifindex, FW_PROG_XDP), 0);
	assert_programs(0, tc);
	second = enter(first);
	assert_programs(xdp, tc);
	assert_int_equal(fw_kern_detach_link(k, 0), -ENOENT);
	fw_kern_unpin(k);
	assert_programs(0, 0);
	close_kern(k);
	close(first);
	close(second);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_others),
		cmocka_unit_test(moves_without_a_gap),
		cmocka_unit_test(filters_before_others),
		cmocka_unit_test(another_namespace),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (!sandbox_enter())
		return 0;
	ifindex = sandbox_veth("fwk0", "fwk1");
	if (fw_text_frame("udp 10.0.0.1:1 > 10.0.0.9:2", &bad, NULL) ||
	    fw_text_frame("udp 10.0.0.2:1 > 10.0.0.9:2", &good, NULL))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
