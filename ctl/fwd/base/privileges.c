// SPDX-License-Identifier: GPL-2.0-only
/* Capabilities, by bare system calls: there is not enough to do for a library. */
#include "ctl/fwd/base/privileges.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST -10 /* nice */

/* Maps and programs; XDP, tc and links; loads from maps that the verifier accepts only with CAP_PERFMON. */
static const unsigned keep[] = { CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON };
#define NKEEP (sizeof(keep) / sizeof(keep[0]))

static bool kept(unsigned cap)
{
	for (size_t i = 0; i < NKEEP; i++)
		if (keep[i] == cap)
			return true;
	return false;
}

void privileges_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Drops capabilities from the bounding set. Without CAP_SETPCAP, after a service manager has bounded us, it stays as it is. */
static int bound(void)
{
	for (unsigned cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (!kept(cap) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EPERM)
			return -errno;
	return 0;
}

static int set_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct now[2], want[2] = { 0 };

	if (syscall(SYS_capget, &head, now))
		return -errno;
	for (size_t i = 0; i < NKEEP; i++)
		want[keep[i] / 32].permitted |= 1u << keep[i] % 32;
	for (size_t i = 0; i < 2; i++) {
		want[i].permitted &= now[i].permitted;
		want[i].effective = want[i].permitted;
	}
	return syscall(SYS_capset, &head, want) ? -errno : 0;
}

int privileges_drop(struct fw_diags *ds)
{
	int err = bound();

	if (!err && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		err = -errno;
	if (!err)
		err = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ? -errno : 0;
	if (!err)
		err = set_capabilities();
	if (err)
		fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "cannot give up capabilities: %s", strerror(-err));
	return err;
}

void privileges_first(void)
{
	setpriority(PRIO_PROCESS, 0, FIRST); /* if not allowed, it waits like others */
}
