// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded, it makes bpf(2) refuse tracing programs, and those that extend
 * others, with EPERM even for root, as locked-down kernels do. With
 * REFUSED=netfilter in the environment it refuses netfilter's programs instead,
 * as kernels do that do not have them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

/* Since Linux 6.4. */
#define PROG_TYPE_NETFILTER 32

long syscall(long number, ...);

/* The error for programs of a type, or 0. */
static int refused(__u32 type)
{
	const char *what = getenv("REFUSED");

	if (what && !strcmp(what, "netfilter"))
		return type == PROG_TYPE_NETFILTER ? EINVAL : 0;
	return type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_EXT ? EPERM : 0;
}

long syscall(long number, ...)
{
	static long (*kernel)(long, ...);
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_bpf && a[0] == BPF_PROG_LOAD) {
		const union bpf_attr *attr = (const union bpf_attr *)a[1];

		if (refused(attr->prog_type)) {
			errno = refused(attr->prog_type);
			return -1;
		}
	}
	if (!kernel)
		*(void **)&kernel = dlsym(RTLD_NEXT, "syscall");
	return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
