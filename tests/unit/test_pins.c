// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is pinned outlives its process, and the next process continues with it:
 * programs, tables, counters and links, also when interfaces disappear, others
 * have attached programs, or pins are missing. In a sandbox.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/libbpf.h>
#include <dirent.h>
#include <linux/if_link.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/pins.h"
#include "tests/unit/rows.h"

/* Everything stays when the process ends, and the next one continues with it. */
static void reopened(void **state)
{
	uint32_t ids[FW_NPROGS], segments;
	struct pins_user u = pins_open(true);

	assert_int_equal(fw_kern_generation(u.k), 0);
	pins_publish(&u, 7);
	pins_attach(&u);
	assert_int_equal(fw_kern_attach_tc(u.k, pins_at.ifindex, FW_PROG_TC_EGRESS, &pins_diags), 0);
	assert_int_equal(pins_attachments(u.k), 2);
	segments = fw_kern_pool(u.k)->nsegments;
	for (int i = 0; i < FW_PROG_NF_INPUT; i++)
		ids[i] = pins_prog_id(fw_kern_prog_fd(u.k, (enum fw_prog)i));
	pins_assert_filtered(true);
	pins_close(&u);
	pins_assert_filtered(true);

	u = pins_open(true);
	for (int i = 0; i < FW_PROG_NF_INPUT; i++)
		assert_int_equal(pins_prog_id(fw_kern_prog_fd(u.k, (enum fw_prog)i)), ids[i]);
	assert_int_equal(fw_kern_generation(u.k), 7);
	assert_int_equal(fw_kern_pool(u.k)->nsegments, segments);
	assert_int_equal(pins_attachments(u.k), 2);
	assert_true(pins_attached(u.k, pins_at.ifindex, FW_PROG_XDP) &&
		    pins_attached(u.k, pins_at.ifindex, FW_PROG_TC_EGRESS));
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 40);
	assert_int_equal(fw_kern_rule_count(u.k, 1).packets, 40);
	pins_publish(&u, 8);
	pins_assert_filtered(true);
	assert_int_equal(fw_kern_pool(u.k)->nsegments, 2 * segments);
	assert_int_equal(fw_kern_grace(u.k), 0);
	fw_kern_retire(u.k);
	while (fw_kern_give_back(u.k))
		;
	assert_int_equal(fw_kern_pool(u.k)->nsegments, segments);
	pins_assert_filtered(true);
	pins_close(&u);

	/* The next process does not find what was retired. */
	u = pins_open(true);
	assert_int_equal(fw_kern_generation(u.k), 8);
	assert_int_equal(fw_kern_pool(u.k)->nsegments, segments);
	pins_publish(&u, 9);
	fw_kern_retire(u.k);
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 80);
	pins_assert_filtered(true);
	pins_unpin(&u);
	pins_assert_filtered(false);
	pins_assert_clean();
}

/* The folder stays the same, so where it is bind-mounted later pins are visible. */
static void folder_stays(void **state)
{
	struct pins_user u = pins_open(true);
	struct stat before, after;

	assert_int_equal(stat(PINS, &before), 0);
	pins_unpin(&u);
	pins_assert_clean();
	u = pins_open(true);
	assert_int_equal(stat(PINS, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	pins_unpin(&u);
}

/* What a process leaves that is killed while it creates an iterator file, a folder or the pins of readers is removed later. */
static void half_made(void **state)
{
	static const char *const files[] = { "counters-new", "interfaces-new" };
	static const char *const folders[] = { "readers-new", "new" };
	char path[128];
	struct pins_user u = pins_open(true);

	for (size_t i = 0; i < ROWS(files); i++) {
		snprintf(path, sizeof(path), PINS "/%s", files[i]);
		assert_int_equal(bpf_obj_pin(fw_kern_prog_fd(u.k, FW_PROG_XDP), path), 0);
	}
	pins_close(&u);
	for (size_t i = 0; i < ROWS(folders); i++) {
		snprintf(path, sizeof(path), PINS "/%s", folders[i]);
		assert_true(!mkdir(path, 0700) || errno == EEXIST);
	}
	u = pins_open(true);
	pins_unpin(&u);
	pins_assert_clean();
}

/* Without pins everything ends with the process. */
static void not_pinned(void **state)
{
	struct pins_user u = { 0 };

	assert_int_equal(pins_kern_open(true, NULL, &u.k), 0);
	pins_publish(&u, 1);
	pins_attach(&u);
	pins_assert_filtered(true);
	pins_close(&u);
	pins_assert_filtered(false);
	pins_assert_clean();
}

static void attached_twice(void **state)
{
	struct pins_user u = pins_open(true);
	enum fw_xdp_mode used;

	pins_publish(&u, 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(fw_kern_attach_xdp(u.k, pins_at.ifindex, FW_XDP_AUTO, &used, &pins_diags), 0);
		assert_int_equal(used, FW_XDP_NATIVE);
		assert_int_equal(fw_kern_attach_tc(u.k, pins_at.ifindex, FW_PROG_TC_INGRESS, &pins_diags), 0);
		assert_int_equal(fw_kern_attach_tc(u.k, pins_at.ifindex, FW_PROG_TC_EGRESS, &pins_diags), 0);
		assert_int_equal(pins_attachments(u.k), 3);
	}
	assert_int_equal(fw_kern_attach_xdp(u.k, pins_at.ifindex, FW_XDP_GENERIC, &used, &pins_diags), 0);
	assert_int_equal(used, FW_XDP_GENERIC);
	pins_assert_filtered(true);
	pins_close(&u);

	u = pins_open(true);
	assert_int_equal(pins_attachments(u.k), 3);
	assert_int_equal(fw_kern_attach_xdp(u.k, pins_at.ifindex, FW_XDP_AUTO, &used, &pins_diags), 0);
	assert_int_equal(used, FW_XDP_GENERIC);
	assert_int_equal(fw_kern_detach(u.k, pins_at.ifindex, FW_PROG_XDP), 0);
	assert_int_equal(fw_kern_detach(u.k, pins_at.ifindex, FW_PROG_XDP), -ENOENT);
	pins_assert_filtered(true);
	assert_int_equal(fw_kern_detach(u.k, pins_at.ifindex, FW_PROG_TC_INGRESS), 0);
	pins_assert_filtered(false);
	pins_close(&u);

	u = pins_open(true);
	assert_int_equal(pins_attachments(u.k), 1);
	pins_unpin(&u);
	pins_assert_clean();
}

static void foreign_program(void **state)
{
	struct pins_user u = pins_open(true);
	struct fw_kern *other = NULL;
	char id[32];

	assert_int_equal(pins_kern_open(true, NULL, &other), 0);
	snprintf(id, sizeof(id), "program %u", pins_prog_id(fw_kern_prog_fd(other, FW_PROG_XDP)));
	/* Attached by a link, and by netlink. */
	for (int i = 0; i < 2; i++) {
		if (i)
			assert_int_equal(bpf_xdp_attach((int)pins_at.ifindex, fw_kern_prog_fd(other, FW_PROG_XDP),
							XDP_FLAGS_SKB_MODE, NULL),
					 0);
		else
			assert_int_equal(fw_kern_attach_xdp(other, pins_at.ifindex, FW_XDP_AUTO, NULL, &pins_diags), 0);
		pins_diags.n = 0;
		assert_int_equal(fw_kern_attach_xdp(u.k, pins_at.ifindex, FW_XDP_AUTO, NULL, &pins_diags), -EBUSY);
		assert_int_equal(pins_diags.n, 1);
		assert_non_null(strstr(pins_diags.d[0].message, id));
		if (i)
			assert_int_equal(bpf_xdp_detach((int)pins_at.ifindex, XDP_FLAGS_SKB_MODE, NULL), 0);
		else
			assert_int_equal(fw_kern_detach(other, pins_at.ifindex, FW_PROG_XDP), 0);
	}
	assert_int_equal(pins_attachments(u.k), 0);
	fw_kern_close(other);
	pins_unpin(&u);
	pins_assert_clean();
}

/* Links end with their interface, and a new one of the same name is another interface. */
static void interface_gone(void **state)
{
	uint32_t first = sandbox_veth("fwq0", "fwq1"), second;
	struct pins_user u = pins_open(true);

	pins_publish(&u, 1);
	assert_int_equal(fw_kern_attach_xdp(u.k, first, FW_XDP_AUTO, NULL, &pins_diags), 0);
	assert_int_equal(fw_kern_attach_tc(u.k, first, FW_PROG_TC_EGRESS, &pins_diags), 0);
	sandbox_delete("fwq0");
	assert_int_equal(pins_attachments(u.k), 0);
	assert_int_equal(fw_kern_detach(u.k, first, FW_PROG_XDP), -ENOENT);
	second = sandbox_veth("fwq0", "fwq1");
	assert_int_equal(fw_kern_attach_xdp(u.k, second, FW_XDP_AUTO, NULL, &pins_diags), 0);
	assert_int_equal(pins_attachments(u.k), 1);
	assert_true(pins_attached(u.k, second, FW_PROG_XDP));
	pins_close(&u);

	/* Also if it disappears while no process runs. */
	sandbox_delete("fwq0");
	u = pins_open(true);
	assert_int_equal(pins_attachments(u.k), 0);
	pins_diags.n = 0;
	assert_true(fw_kern_attach_xdp(u.k, second, FW_XDP_AUTO, NULL, &pins_diags) < 0);
	assert_int_equal(pins_diags.n, 1);
	pins_unpin(&u);
	pins_assert_clean();
}

static void assert_refused(const char *pins, int want, const char *message, const char *hint)
{
	struct fw_kern *k = NULL;

	assert_int_equal(pins_kern_open(true, pins, &k), want);
	assert_null(k);
	assert_int_equal(pins_diags.n, 1);
	assert_non_null(strstr(pins_diags.d[0].message, message));
	assert_non_null(strstr(pins_diags.d[0].hint, hint));
}

static void refused(void **state)
{
	struct pins_user u = pins_open(true);

	assert_refused(PINS, -EBUSY, PINS, "another process");
	pins_unpin(&u);
	assert_refused("/tmp/fw-pins", -ENODEV, "bpf file system", "mount -t bpf bpf /tmp/fw-pins");
	assert_true(fw_kern_pins_private(PINS));
	assert_false(fw_kern_pins_private("/tmp"));
	assert_int_equal(access("/tmp/fw-pins", F_OK), -1);
	assert_refused("pins", -EINVAL, "pins", "/sys/fs/bpf");
	assert_refused(SANDBOX_BPFFS "/fw.pins", -EPERM, "fw.pins", "dots");
	pins_assert_clean();
}

/* Removes @pin from the folder that was written last. */
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

/* A pin is removed: new programs take over from what is left; and again, before they have. */
static void damaged(void **state)
{
	struct pins_user u = pins_open(true);

	pins_publish(&u, 1);
	pins_attach(&u);
	assert_int_equal(fw_kern_attach_tc(u.k, pins_at.ifindex, FW_PROG_TC_INGRESS, &pins_diags), 0);
	pins_close(&u);
	for (int i = 0; i < 3; i++) {
		damage("progs/tc-egress");
		u = pins_open(true);
		assert_int_equal(pins_versions(), 2);
		assert_int_equal(pins_attachments(u.k), 2);
		pins_assert_filtered(true);
		pins_close(&u);
	}
	u = pins_open(true);
	pins_publish(&u, fw_kern_generation(u.k) + 1);
	pins_assert_filtered(true);
	assert_int_equal(pins_versions(), 1);
	assert_int_equal(pins_attachments(u.k), 2);
	assert_int_equal(fw_kern_detach(u.k, pins_at.ifindex, FW_PROG_XDP), 0);
	pins_assert_filtered(true);
	assert_int_equal(fw_kern_rule_count(u.k, 0).packets, 100);
	pins_unpin(&u);
	pins_assert_clean();
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(not_pinned),   cmocka_unit_test(reopened),        cmocka_unit_test(attached_twice),
		cmocka_unit_test(folder_stays), cmocka_unit_test(foreign_program), cmocka_unit_test(interface_gone),
		cmocka_unit_test(refused),      cmocka_unit_test(damaged),         cmocka_unit_test(half_made),
	};

	return pins_main(argc, argv) ? cmocka_run_group_tests(tests, NULL, NULL) : 0;
}
