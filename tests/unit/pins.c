// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/pins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/if_ether.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw/tables.h"
#include "tests/unit/rulesets.h"

#define DEV "fwp0"
#define PEER "fwp1"
/* Sources of frames that the ruleset drops and accepts. */
enum { BAD, GOOD };
static const uint32_t sources[] = { [BAD] = 0x0a000001, [GOOD] = 0x0a000002 };

/* Slot 0 drops the bad ones, slot 1 accepts the good ones. */
static const char *const rules = "policy in drop\nrule from 10.0.0.1 drop\nrule from 10.0.0.2 accept\n";

struct pins_place pins_at;
struct fw_diags pins_diags;

int pins_kern_open(bool flow_cache, const char *pins, struct fw_kern **out)
{
	struct fw_kern_options options = { .no_flow_cache = !flow_cache, .pool = sandbox_pool(), .pins = pins };

	pins_diags.n = pins_diags.total = 0;
	return fw_kern_open(&options, &pins_diags, out);
}

struct pins_user pins_open(bool flow_cache)
{
	struct pins_user u = { 0 };

	if (pins_kern_open(flow_cache, PINS, &u.k))
		fail_msg("open: %s", pins_diags.n ? pins_diags.d[0].message : "");
	return u;
}

void pins_publish(struct pins_user *u, uint32_t generation)
{
	u->rs = ruleset_of(rules);
	assert_int_equal(fw_tables_compile(u->rs, fw_kern_pool(u->k), NULL, NULL, &u->image), 0);
	assert_int_equal(fw_kern_counters_reserve(u->k, u->rs->next_slot), 0);
	assert_int_equal(fw_kern_publish(u->k, u->image.root, generation), 0);
}

void pins_attach(struct pins_user *u)
{
	pins_diags.n = pins_diags.total = 0;
	if (fw_kern_attach_xdp(u->k, pins_at.ifindex, FW_XDP_AUTO, NULL, &pins_diags))
		fail_msg("attach: %s", pins_diags.n ? pins_diags.d[0].message : "");
}

void pins_close(struct pins_user *u)
{
	fw_image_free(&u->image);
	fw_kern_close(u->k);
	fw_ruleset_free(u->rs);
}

void pins_unpin(struct pins_user *u)
{
	fw_kern_unpin(u->k);
	pins_close(u);
}

unsigned pins_versions(void)
{
	DIR *dir = opendir(PINS);
	const struct dirent *e;
	unsigned n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.' && e->d_type == DT_DIR && strncmp(e->d_name, "readers", 7) != 0;
	if (dir)
		closedir(dir);
	return n;
}

void pins_assert_clean(void)
{
	DIR *dir = opendir(PINS);
	const struct dirent *e;
	unsigned left = 0;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && ++left)
			print_error("left: %s\n", e->d_name);
	if (dir)
		closedir(dir);
	assert_int_equal(left, 0);
}

void pins_assert_filtered(bool filtered)
{
	enum { N = 20 };
	unsigned passed[2];

	for (unsigned i = 0; i < N; i++) {
		sandbox_send(pins_at.sender, &pins_at.bad);
		sandbox_send(pins_at.sender, &pins_at.good);
	}
	sandbox_received(pins_at.receiver, sources, GOOD, N, passed);
	assert_int_equal(passed[BAD], filtered ? 0 : N);
	assert_int_equal(passed[GOOD], N);
}

uint32_t pins_prog_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info.id;
}

bool pins_attached(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog)
{
	struct fw_kern_attachment a;

	fw_kern_look(k);
	for (size_t i = 0; fw_kern_attached(k, i, &a); i++)
		if (a.ifindex == ifindex && a.prog == prog)
			return true;
	return false;
}

size_t pins_attachments(struct fw_kern *k)
{
	struct fw_kern_attachment a;
	size_t n = 0;

	fw_kern_look(k);
	while (fw_kern_attached(k, n, &a))
		n++;
	return n;
}

struct traffic {
	uint64_t sent;
	bool stop;
};
static struct traffic *traffic;
static pid_t traffic_pid;

void pins_traffic_start(void)
{
	traffic = mmap(NULL, sizeof(*traffic), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(traffic != MAP_FAILED);
	traffic_pid = fork();
	assert_true(traffic_pid >= 0);
	if (traffic_pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!__atomic_load_n(&traffic->stop, __ATOMIC_RELAXED)) {
		sandbox_send(pins_at.sender, &pins_at.bad);
		__atomic_fetch_add(&traffic->sent, 1, __ATOMIC_RELAXED);
		usleep(20);
	}
	_exit(0);
}

uint64_t pins_traffic_end(void)
{
	unsigned passed[2];
	uint64_t sent;

	__atomic_store_n(&traffic->stop, true, __ATOMIC_RELAXED);
	assert_int_equal(waitpid(traffic_pid, NULL, 0), traffic_pid);
	sandbox_send(pins_at.sender, &pins_at.good);
	sandbox_received(pins_at.receiver, sources, GOOD, 1, passed);
	assert_int_equal(passed[BAD], 0);
	assert_true(traffic->sent > 0);
	sent = traffic->sent;
	munmap(traffic, sizeof(*traffic));
	return sent;
}

bool pins_main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (!sandbox_enter())
		return false;
	pins_at.ifindex = sandbox_veth(DEV, PEER);
	pins_at.sender = sandbox_sender(PEER);
	pins_at.receiver = sandbox_receiver(DEV, ETH_P_IP);
	assert_int_equal(fw_text_frame("udp 10.0.0.1:1 > 10.0.0.9:2", &pins_at.bad, NULL), 0);
	assert_int_equal(fw_text_frame("udp 10.0.0.2:1 > 10.0.0.9:2", &pins_at.good, NULL), 0);
	return true;
}
