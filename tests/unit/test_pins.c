// SPDX-License-Identifier: GPL-2.0-only
/*
 * What outlives a process: programs, tables, counters and links that are pinned,
 * taken over by the next process, by another version of the program, and after
 * kills at any point; with traffic, of which nothing may pass unfiltered. In a
 * sandbox, on interfaces of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fw/kern.h"
#include "fw/tables.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"
#include "tests/unit/sandbox.h"

#define PINS SANDBOX_BPFFS "/fw"
#define DEV "fwp0"
#define PEER "fwp1"
/* Sources of frames that the ruleset drops and accepts. */
enum { BAD, GOOD };
static const uint32_t sources[] = { [BAD] = 0x0a000001, [GOOD] = 0x0a000002 };

/* Slot 0 drops the bad ones, slot 1 accepts the good ones. */
static const char *const rules = "policy in drop\nrule from 10.0.0.1 drop\nrule from 10.0.0.2 accept\n";

static struct fixture {
	uint32_t ifindex;
	int sender, receiver;
	struct fw_frame bad, good;
} fx;

/* One that is open, with the ruleset that it has published. */
struct user {
	struct fw_kern *k;
	struct fw_ruleset *rs;
	struct fw_image image;
};

static struct fw_diags ds;

static int kern_open(bool flow_cache, const char *pins, struct fw_kern **out)
{
	struct fw_kern_options options = { .no_flow_cache = !flow_cache, .pool = sandbox_pool(), .pins = pins };

	ds.n = ds.total = 0;
	return fw_kern_open(&options, &ds, out);
}

static struct user user_open(bool flow_cache)
{
	struct user u = { 0 };

	if (kern_open(flow_cache, PINS, &u.k))
		fail_msg("open: %s", ds.n ? ds.d[0].message : "");
	return u;
}

static void user_publish(struct user *u, uint32_t generation)
{
	u->rs = ruleset_of(rules);
	assert_int_equal(fw_tables_compile(u->rs, fw_kern_pool(u->k), NULL, NULL, &u->image), 0);
	assert_int_equal(fw_kern_counters_reserve(u->k, u->rs->next_slot), 0);
	assert_int_equal(fw_kern_publish(u->k, u->image.root, generation), 0);
}

static void user_attach(struct user *u)
{
	ds.n = ds.total = 0;
	if (fw_kern_attach_xdp(u->k, fx.ifindex, FW_XDP_AUTO, NULL, &ds))
		fail_msg("attach: %s", ds.n ? ds.d[0].message : "");
}

/* As a process ends: its memory goes, and the tables that packets see stay. */
static void user_close(struct user *u)
{
	fw_image_free(&u->image);
	fw_kern_close(u->k);
	fw_ruleset_free(u->rs);
}

static void user_unpin(struct user *u)
{
	fw_kern_unpin(u->k);
	user_close(u);
}

/* Folders of versions: all but those of readers. */
static unsigned versions(void)
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

static void assert_clean(void)
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

/* Sends some of each; the bad ones pass only where nothing filters. */
static void assert_filtered(bool filtered)
{
	enum { N = 20 };
	unsigned passed[2];

	for (unsigned i = 0; i < N; i++) {
		sandbox_send(fx.sender, &fx.bad);
		sandbox_send(fx.sender, &fx.good);
	}
	sandbox_received(fx.receiver, sources, GOOD, N, passed);
	assert_int_equal(passed[BAD], filtered ? 0 : N);
	assert_int_equal(passed[GOOD], N);
}

static uint32_t prog_id(int fd)
{
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &len), 0);
	return info.id;
}

static bool attached(struct fw_kern *k, uint32_t ifindex, enum fw_prog prog)
{
	struct fw_kern_attachment a;

	fw_kern_look(k);
	for (size_t i = 0; fw_kern_attached(k, i, &a); i++)
		if (a.ifindex == ifindex && a.prog == prog)
			return true;
	return false;
}

static size_t attachments(struct fw_kern *k)
{
	struct fw_kern_attachment a;
	size_t n = 0;

	fw_kern_look(k);
	while (fw_kern_attached(k, n, &a))
		n++;
	return n;
}

/* All stays when the process ends, and the next one goes on with it. */
static void reopened(void **state)
{
	uint32_t ids[FW_NPROGS], segments;
	struct user u = user_open(true);

	assert_int_equal(fw_kern_generation(u.k), 0);
	user_publish(&u, 7);
	user_attach(&u);
	assert_int_equal(fw_kern_attach_tc(u.k, fx.ifindex, FW_PROG_TC_EGRESS, &ds), 0);
	assert_int_equal(attachments(u.k), 2);
	segments = fw_kern_pool(u.k)->nsegments;
	for (int i = 0; i < FW_NPROGS; i++)
		ids[i] = prog_id(fw_kern_prog_fd(u.k, (enum fw_prog)i));
	assert_filtered(true);
	user_close(&u);
	assert_filtered(true);

	u = user_open(true);
	for (int i = 0; i < FW_NPROGS; i++)
		assert_int_equal(prog_id(fw_kern_prog_fd(u.k, (enum fw_prog)i)), ids[i]);
	assert_int_equal(fw_kern_generation(u.k), 7);
	assert_int_equal(fw_kern_pool(u.k)->nsegments, segments);
	assert_int_equal(attachments(u.k), 2);
	assert_true(attached(u.k, fx.ifindex, FW_PROG_XDP) && attached(u.k, fx.ifindex, FW_PROG_TC_EGRESS));
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 40);
	assert_int_equal(fw_kern_rule_count(u.k, 1).packets, 40);
	user_publish(&u, 8);
	assert_filtered(true);
	assert_int_equal(fw_kern_pool(u.k)->nsegments, 2 * segments);
	assert_int_equal(fw_kern_grace(u.k), 0);
	fw_kern_retire(u.k);
	while (fw_kern_give_back(u.k))
		;
	assert_int_equal(fw_kern_pool(u.k)->nsegments, segments);
	assert_filtered(true);
	user_close(&u);

	/* What was retired is not there any more for the next one either. */
	u = user_open(true);
	assert_int_equal(fw_kern_generation(u.k), 8);
	assert_int_equal(fw_kern_pool(u.k)->nsegments, segments);
	user_publish(&u, 9);
	fw_kern_retire(u.k);
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 80);
	assert_filtered(true);
	user_unpin(&u);
	assert_filtered(false);
	assert_clean();
}

/* Who has the folder bound into a namespace sees in it what is pinned later. */
static void folder_stays(void **state)
{
	struct user u = user_open(true);
	struct stat before, after;

	assert_int_equal(stat(PINS, &before), 0);
	user_unpin(&u);
	assert_clean();
	u = user_open(true);
	assert_int_equal(stat(PINS, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	user_unpin(&u);
}

/* A process that was killed while it made a file, a folder or the pins of readers leaves none of them for good. */
static void half_made(void **state)
{
	static const char *const files[] = { "counters-new", "interfaces-new" };
	static const char *const folders[] = { "readers-new", "new" };
	char path[128];
	struct user u = user_open(true);

	for (size_t i = 0; i < ROWS(files); i++) {
		snprintf(path, sizeof(path), PINS "/%s", files[i]);
		assert_int_equal(bpf_obj_pin(fw_kern_prog_fd(u.k, FW_PROG_XDP), path), 0);
	}
	user_close(&u);
	for (size_t i = 0; i < ROWS(folders); i++) {
		snprintf(path, sizeof(path), PINS "/%s", folders[i]);
		assert_true(!mkdir(path, 0700) || errno == EEXIST);
	}
	u = user_open(true);
	user_unpin(&u);
	assert_clean();
}

/* Without pins all goes with the process. */
static void not_pinned(void **state)
{
	struct user u = { 0 };

	assert_int_equal(kern_open(true, NULL, &u.k), 0);
	user_publish(&u, 1);
	user_attach(&u);
	assert_filtered(true);
	user_close(&u);
	assert_filtered(false);
	assert_clean();
}

static void attached_twice(void **state)
{
	struct user u = user_open(true);
	enum fw_xdp_mode used;

	user_publish(&u, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fw_kern_attach_xdp(u.k, fx.ifindex, FW_XDP_AUTO, &used, &ds), 0);
		assert_int_equal(used, FW_XDP_NATIVE);
		assert_int_equal(fw_kern_attach_tc(u.k, fx.ifindex, FW_PROG_TC_INGRESS, &ds), 0);
		assert_int_equal(fw_kern_attach_tc(u.k, fx.ifindex, FW_PROG_TC_EGRESS, &ds), 0);
		assert_int_equal(attachments(u.k), 3);
	}
	assert_int_equal(fw_kern_attach_xdp(u.k, fx.ifindex, FW_XDP_GENERIC, &used, &ds), 0);
	assert_int_equal(used, FW_XDP_GENERIC);
	assert_filtered(true);
	user_close(&u);

	u = user_open(true);
	assert_int_equal(attachments(u.k), 3);
	assert_int_equal(fw_kern_attach_xdp(u.k, fx.ifindex, FW_XDP_AUTO, &used, &ds), 0);
	assert_int_equal(used, FW_XDP_GENERIC);
	assert_int_equal(fw_kern_detach(u.k, fx.ifindex, FW_PROG_XDP), 0);
	assert_int_equal(fw_kern_detach(u.k, fx.ifindex, FW_PROG_XDP), -ENOENT);
	assert_filtered(true);
	assert_int_equal(fw_kern_detach(u.k, fx.ifindex, FW_PROG_TC_INGRESS), 0);
	assert_filtered(false);
	user_close(&u);

	u = user_open(true);
	assert_int_equal(attachments(u.k), 1);
	user_unpin(&u);
	assert_clean();
}

static void foreign_program(void **state)
{
	struct user u = user_open(true);
	struct fw_kern *other = NULL;
	char id[32];

	assert_int_equal(kern_open(true, NULL, &other), 0);
	snprintf(id, sizeof(id), "program %u", prog_id(fw_kern_prog_fd(other, FW_PROG_XDP)));
	/* By a link, and by netlink. */
	for (int i = 0; i < 2; i++) {
		if (i)
			assert_int_equal(bpf_xdp_attach((int)fx.ifindex, fw_kern_prog_fd(other, FW_PROG_XDP),
							XDP_FLAGS_SKB_MODE, NULL),
					 0);
		else
			assert_int_equal(fw_kern_attach_xdp(other, fx.ifindex, FW_XDP_AUTO, NULL, &ds), 0);
		ds.n = 0;
		assert_int_equal(fw_kern_attach_xdp(u.k, fx.ifindex, FW_XDP_AUTO, NULL, &ds), -EBUSY);
		assert_int_equal(ds.n, 1);
		assert_non_null(strstr(ds.d[0].message, id));
		if (i)
			assert_int_equal(bpf_xdp_detach((int)fx.ifindex, XDP_FLAGS_SKB_MODE, NULL), 0);
		else
			assert_int_equal(fw_kern_detach(other, fx.ifindex, FW_PROG_XDP), 0);
	}
	assert_int_equal(attachments(u.k), 0);
	fw_kern_close(other);
	user_unpin(&u);
	assert_clean();
}

/* Links go with their interface, and one that comes with the same name is another interface. */
static void interface_gone(void **state)
{
	uint32_t first = sandbox_veth("fwq0", "fwq1"), second;
	struct user u = user_open(true);

	user_publish(&u, 1);
	assert_int_equal(fw_kern_attach_xdp(u.k, first, FW_XDP_AUTO, NULL, &ds), 0);
	assert_int_equal(fw_kern_attach_tc(u.k, first, FW_PROG_TC_EGRESS, &ds), 0);
	sandbox_delete("fwq0");
	assert_int_equal(attachments(u.k), 0);
	assert_int_equal(fw_kern_detach(u.k, first, FW_PROG_XDP), -ENOENT);
	second = sandbox_veth("fwq0", "fwq1");
	assert_int_equal(fw_kern_attach_xdp(u.k, second, FW_XDP_AUTO, NULL, &ds), 0);
	assert_int_equal(attachments(u.k), 1);
	assert_true(attached(u.k, second, FW_PROG_XDP));
	user_close(&u);

	/* Also when it goes while nobody looks. */
	sandbox_delete("fwq0");
	u = user_open(true);
	assert_int_equal(attachments(u.k), 0);
	ds.n = 0;
	assert_true(fw_kern_attach_xdp(u.k, second, FW_XDP_AUTO, NULL, &ds) < 0);
	assert_int_equal(ds.n, 1);
	user_unpin(&u);
	assert_clean();
}

static void assert_refused(const char *pins, int want, const char *message, const char *hint)
{
	struct fw_kern *k = NULL;

	assert_int_equal(kern_open(true, pins, &k), want);
	assert_null(k);
	assert_int_equal(ds.n, 1);
	assert_non_null(strstr(ds.d[0].message, message));
	assert_non_null(strstr(ds.d[0].hint, hint));
}

static void refused(void **state)
{
	struct user u = user_open(true);

	assert_refused(PINS, -EBUSY, PINS, "another process");
	user_unpin(&u);
	assert_refused("/tmp/fw-pins", -ENODEV, "bpf file system", "mount -t bpf bpf /tmp/fw-pins");
	assert_true(fw_kern_pins_private(PINS));
	assert_false(fw_kern_pins_private("/tmp"));
	assert_int_equal(access("/tmp/fw-pins", F_OK), -1);
	assert_refused("pins", -EINVAL, "pins", "/sys/fs/bpf");
	assert_refused(SANDBOX_BPFFS "/fw.pins", -EPERM, "fw.pins", "dots");
	assert_clean();
}

/* Takes @pin away from the folder that was written last. */
static void damage(const char *pin)
{
	char path[1024];
	const struct dirent *e;
	DIR *dir = opendir(PINS);
	int taken = 0;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.' || strchr(e->d_name, '-'))
			continue;
		snprintf(path, sizeof(path), PINS "/%s/%s", e->d_name, pin);
		assert_int_equal(unlink(path), 0);
		taken++;
	}
	closedir(dir);
	assert_int_equal(taken, 1);
}

/* Somebody took a pin away: a new program takes over from what is left; and again, before it could. */
static void damaged(void **state)
{
	struct user u = user_open(true);

	user_publish(&u, 1);
	user_attach(&u);
	assert_int_equal(fw_kern_attach_tc(u.k, fx.ifindex, FW_PROG_TC_INGRESS, &ds), 0);
	user_close(&u);
	for (int i = 0; i < 3; i++) {
		damage("progs/tc-egress");
		u = user_open(true);
		assert_int_equal(versions(), 2);
		assert_int_equal(attachments(u.k), 2);
		assert_filtered(true);
		user_close(&u);
	}
	u = user_open(true);
	user_publish(&u, fw_kern_generation(u.k) + 1);
	assert_filtered(true);
	assert_int_equal(versions(), 1);
	assert_int_equal(attachments(u.k), 2);
	assert_int_equal(fw_kern_detach(u.k, fx.ifindex, FW_PROG_XDP), 0);
	assert_filtered(true);
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 100);
	user_unpin(&u);
	assert_clean();
}

/* Traffic of bad frames by a process of its own. */
struct traffic {
	uint64_t sent;
	bool stop;
};
static struct traffic *traffic;
static pid_t traffic_pid;

static void traffic_start(void)
{
	traffic = mmap(NULL, sizeof(*traffic), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(traffic != MAP_FAILED);
	traffic_pid = fork();
	assert_true(traffic_pid >= 0);
	if (traffic_pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!__atomic_load_n(&traffic->stop, __ATOMIC_RELAXED)) {
		sandbox_send(fx.sender, &fx.bad);
		__atomic_fetch_add(&traffic->sent, 1, __ATOMIC_RELAXED);
		usleep(20);
	}
	_exit(0);
}

static void traffic_end(void)
{
	unsigned passed[2];

	__atomic_store_n(&traffic->stop, true, __ATOMIC_RELAXED);
	assert_int_equal(waitpid(traffic_pid, NULL, 0), traffic_pid);
	sandbox_send(fx.sender, &fx.good);
	sandbox_received(fx.receiver, sources, GOOD, 1, passed);
	assert_int_equal(passed[BAD], 0);
	assert_true(traffic->sent > 0);
}

/* Another version of the program comes, and none of its frames passes unfiltered or is not counted. */
static void taken_over(void **state)
{
	uint32_t before, after;
	struct user u = user_open(true);

	user_publish(&u, 41);
	user_attach(&u);
	assert_int_equal(fw_kern_attach_tc(u.k, fx.ifindex, FW_PROG_TC_INGRESS, &ds), 0);
	before = prog_id(fw_kern_prog_fd(u.k, FW_PROG_XDP));
	user_close(&u);

	traffic_start();
	for (int i = 0; i < 2; i++) {
		u = user_open(i & 1);
		after = prog_id(fw_kern_prog_fd(u.k, FW_PROG_XDP));
		assert_int_not_equal(before, after);
		assert_int_equal(versions(), 2);
		assert_int_equal(attachments(u.k), 2);
		assert_int_equal(fw_kern_generation(u.k), 41 + (uint32_t)i);
		user_publish(&u, fw_kern_generation(u.k) + 1);
		assert_int_equal(versions(), 1);
		assert_int_equal(attachments(u.k), 2);
		before = after;
		if (!i)
			user_close(&u);
	}
	traffic_end();
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, traffic->sent);
	assert_int_equal(fw_kern_reason_count(u.k, FW_R_INTERNAL, FW_DROP).packets, 0);
	munmap(traffic, sizeof(*traffic));
	user_unpin(&u);
	assert_clean();
}

/* As an older version pinned it, in whose map of counters the same number is another one. */
static void make_older(void)
{
	char from[1024], to[1024];
	const struct dirent *e;
	DIR *dir = opendir(PINS);
	int made = 0;

	while (dir && (e = readdir(dir))) {
		snprintf(from, sizeof(from), PINS "/%s/maps/counters-2", e->d_name);
		snprintf(to, sizeof(to), PINS "/%s/maps/counters", e->d_name);
		made += e->d_name[0] != '.' && !rename(from, to);
	}
	closedir(dir);
	assert_int_equal(made, 1);
}

/* Packets are filtered on, and counted from 0: no rule shows what another one counted. */
static void other_layout(void **state)
{
	struct user u = user_open(true);

	user_publish(&u, 1);
	user_attach(&u);
	assert_filtered(true);
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 20);
	user_close(&u);
	make_older();
	u = user_open(false);
	assert_filtered(true);
	user_publish(&u, fw_kern_generation(u.k) + 1);
	for (uint32_t slot = 0; slot < 2; slot++)
		assert_int_equal(fw_kern_rule_count(u.k, slot).packets, 0);
	assert_filtered(true);
	for (uint32_t slot = 0; slot < 2; slot++)
		assert_int_equal(fw_kern_rule_count(u.k, slot).packets, 20);
	assert_int_equal(versions(), 1);
	user_unpin(&u);
	assert_clean();
}

/* Questions do not disturb packets on their way: each gets its answer and is counted, and questions are not. */
static void asked(void **state)
{
	struct user u = user_open(true);

	user_publish(&u, 1);
	user_attach(&u);
	traffic_start();
	for (int i = 0; i < 20000; i++) {
		const struct fw_frame *f = i & 1 ? &fx.good : &fx.bad;
		struct fw_result r;

		assert_int_equal(fw_kern_probe(u.k, FW_IN, fx.ifindex, f->data, f->len, 0, &r), 0);
		assert_int_equal(r.reason, FW_R_NONE);
		assert_int_equal(r.slot, i & 1);
		assert_int_equal(r.verdict, i & 1 ? FW_ACCEPT : FW_DROP);
	}
	traffic_end();
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, traffic->sent);
	assert_int_equal(fw_kern_rule_count(u.k, 1).packets, 1); /* traffic_end()'s */
	assert_int_equal(fw_kern_reason_count(u.k, FW_R_INTERNAL, FW_DROP).packets, 0);
	munmap(traffic, sizeof(*traffic));
	user_unpin(&u);
	assert_clean();
}

/* A version whose successor never published anything goes on. */
static void not_taken_over(void **state)
{
	struct user u = user_open(true);

	user_publish(&u, 3);
	user_attach(&u);
	user_close(&u);
	u = user_open(false);
	assert_filtered(true);
	user_close(&u);
	assert_filtered(true);
	u = user_open(true);
	assert_int_equal(versions(), 1);
	assert_int_equal(fw_kern_generation(u.k), 3);
	assert_int_equal(attachments(u.k), 1);
	assert_filtered(true);
	user_unpin(&u);
	assert_clean();
}

/* What a controller does from its start until it is ready. */
static void work(bool flow_cache)
{
	struct user u = user_open(flow_cache);

	user_publish(&u, fw_kern_generation(u.k) + 1);
	user_attach(&u);
	assert_int_equal(fw_kern_attach_tc(u.k, fx.ifindex, FW_PROG_TC_EGRESS, &ds), 0);
	assert_int_equal(fw_kern_grace(u.k), 0);
	fw_kern_retire(u.k);
	fw_kern_label_set(u.k, FW_COUNTER_RULES, &(struct fw_label){ 1, FW_LABEL_NAMED }, "bad");
	assert_int_equal(fw_kern_share(u.k, 12345), fw_kern_iterator_files_probe());
	user_close(&u);
}

/* What was counted by the rule can be read at any time. */
static void assert_readable(void)
{
	static uint64_t last;
	struct fw_pinned_row row;
	struct fw_pinned *p = NULL;
	char why[FW_PINNED_WHY];

	if (fw_pinned_open(PINS, why, &p))
		fail_msg("%s", why);
	assert_int_equal(fw_pinned_chunk(p, 0), 1);
	row = fw_pinned_row(p, FW_COUNTER_RULES);
	assert_int_equal(row.label.id, 1);
	assert_string_equal(row.name, "bad");
	assert_true(row.count.packets >= last);
	last = row.count.packets;
	fw_pinned_close(p);
}

/* System calls that change what is pinned, known or attached: places to be killed at. */
static bool changes(const struct __ptrace_syscall_info *info)
{
	static const unsigned long calls[] = { SYS_unlink, SYS_rename,  SYS_renameat2, SYS_rmdir,
					       SYS_mkdir,  SYS_symlink, SYS_chmod,     SYS_sendto };
	static const unsigned long commands[] = { BPF_OBJ_PIN,         BPF_LINK_CREATE,     BPF_LINK_UPDATE,
						  BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_MAP_UPDATE_BATCH };

	if (info->op != PTRACE_SYSCALL_INFO_ENTRY)
		return false;
	for (size_t i = 0; i < ROWS(calls); i++)
		if (info->entry.nr == calls[i])
			return true;
	for (size_t i = 0; i < ROWS(commands); i++)
		if (info->entry.nr == SYS_bpf && info->entry.args[0] == commands[i])
			return true;
	return false;
}

/* Does the work in a process that is killed before its system call number @at of these. true: it was. */
static bool work_killed(bool flow_cache, unsigned at)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (!pid) {
		ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		raise(SIGSTOP);
		work(flow_cache);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		struct __ptrace_syscall_info info = { 0 };

		ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) &&
		    ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info) > 0 && changes(&info) && !at--)
			kill(pid, SIGKILL);
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
	if (WIFEXITED(status))
		assert_int_equal(WEXITSTATUS(status), 0);
	return WIFSIGNALED(status);
}

/* Processes of two versions, killed at any point: traffic is filtered all the while, and the last one finds its way. */
static void killed(void **state)
{
	enum { AT_LEAST = 4, CALLS = 90 }; /* what a version makes that takes over */
	const double seconds = 10;
	double start = fw_now();
	unsigned kills = 0;
	struct user u;

	work(true);
	traffic_start();
	for (unsigned i = 0; i < AT_LEAST || fw_now() - start < seconds; i++) {
		kills += work_killed(random_below(4) ? i & 1 : !(i & 1), random_below(CALLS));
		assert_readable();
	}
	u = user_open(true);
	user_publish(&u, fw_kern_generation(u.k) + 1);
	assert_int_equal(versions(), 1);
	assert_int_equal(attachments(u.k), 2);
	traffic_end();
	assert_filtered(true);
	assert_int_equal(fw_kern_reason_count(u.k, FW_R_INTERNAL, FW_DROP).packets, 0);
	munmap(traffic, sizeof(*traffic));
	user_unpin(&u);
	assert_clean();
	print_message("%u processes killed\n", kills);
	assert_true(kills);
}

/* The argument, if there is one, is a pattern for the names of the tests to run. */
int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_pinned),   cmocka_unit_test(reopened),        cmocka_unit_test(attached_twice),
		cmocka_unit_test(folder_stays), cmocka_unit_test(foreign_program), cmocka_unit_test(interface_gone),
		cmocka_unit_test(refused),      cmocka_unit_test(damaged),         cmocka_unit_test(not_taken_over),
		cmocka_unit_test(taken_over),   cmocka_unit_test(other_layout),    cmocka_unit_test(asked),
		cmocka_unit_test(half_made),    cmocka_unit_test(killed),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	random_start();
	if (!sandbox_enter())
		return 0;
	fx.ifindex = sandbox_veth(DEV, PEER);
	fx.sender = sandbox_sender(PEER);
	fx.receiver = sandbox_receiver(DEV);
	if (fw_text_frame("udp 10.0.0.1:1 > 10.0.0.9:2", &fx.bad, NULL) ||
	    fw_text_frame("udp 10.0.0.2:1 > 10.0.0.9:2", &fx.good, NULL))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
