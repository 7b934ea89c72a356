// SPDX-License-Identifier: GPL-2.0-only
/*
 * Three namespaces in a line. They are held by descriptors and by this process
 * alone, so that they disappear with it. There are no addresses: the middle one
 * routes all there is to one neighbour that it need not ask for.
 */
#include "tests/perf/peers/stage_net.h"

#include "tests/perf/bench.h"
#include "tests/perf/peers/peer.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#define MAC_OUT "02:00:00:00:fb:01"
#define MAC_IN "02:00:00:00:fb:02"
#define MAC_FWD "02:00:00:00:fb:03"
#define MAC_END "02:00:00:00:fb:04"
#define GATEWAY "169.254.251.4"

static int feed_text(const char *const argv[], const char *text)
{
	return peer_feed(NULL, (char *const *)argv, text, strlen(text));
}

static int ip_run(const char *text)
{
	static const char *const argv[] = { "ip", "-batch", "-", NULL };

	return feed_text(argv, text);
}

static int gro_on(const char *device)
{
	const char *const argv[] = { "ethtool", "-K", device, "gro", "on", NULL };

	return feed_text(argv, "");
}

static int setting(const char *name, const char *value)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), "/proc/sys/net/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	/* Fails on a kernel without IPv6, where it is not needed. */
	if (fd < 0)
		return errno == ENOENT ? 0 : bench_said(path, -errno);
	if (write(fd, value, strlen(value)) < 0)
		err = bench_said(path, -errno);
	close(fd);
	return err;
}

/* No packets but those that are sent, and none of those dropped because of its source. */
static int settings(void)
{
	static const struct {
		const char *name, *value;
	} row[] = {
		{ "ipv6/conf/default/disable_ipv6", "1" },
		{ "ipv4/conf/all/rp_filter", "0" },
		{ "ipv4/conf/default/rp_filter", "0" },
		{ "ipv4/ip_forward", "1" },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(row) / sizeof(*row); i++)
		err = setting(row[i].name, row[i].value);
	return err;
}

static int ns_new(struct stage_net *net, enum stage_place place)
{
	if (unshare(CLONE_NEWNET))
		return bench_said("have namespaces (root is needed)", -errno);
	net->ns[place] = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	net->statistics[place] = open("/proc/thread-self/net/dev", O_RDONLY | O_CLOEXEC);
	if (net->ns[place] < 0 || net->statistics[place] < 0)
		return bench_said("hold a namespace", -errno);
	return settings();
}

int stage_net_go(const struct stage_net *net, enum stage_place place)
{
	return setns(net->ns[place], CLONE_NEWNET) ? bench_said("change namespaces", -errno) : 0;
}

/* A peer's namespace is named by its descriptor: `ip` takes a path. */
static int links_new(const struct stage_net *net)
{
	char text[512];

	snprintf(text, sizeof(text),
		 "link add " STAGE_DEVICE " address " MAC_IN " type veth peer name " STAGE_SOURCE_DEVICE
		 " address " MAC_OUT " netns /proc/%d/fd/%d\n"
		 "link add " STAGE_FORWARD_DEVICE " address " MAC_FWD " type veth peer name " STAGE_SINK_DEVICE
		 " address " MAC_END " netns /proc/%d/fd/%d\n",
		 (int)getpid(), net->ns[STAGE_SOURCE], (int)getpid(), net->ns[STAGE_SINK]);
	return ip_run(text);
}

static int place_up(const struct stage_net *net, enum stage_place place)
{
	static const char *const up[STAGE_PLACES] = {
		[STAGE_SOURCE] = "link set " STAGE_SOURCE_DEVICE " up\n",
		/* Without lo there is no table of local addresses, and without that no gateway. */
		[STAGE_TEST] = "link set lo up\nlink set " STAGE_DEVICE " up\nlink set " STAGE_FORWARD_DEVICE " up\n"
			       "neigh add " GATEWAY " lladdr " MAC_END " dev " STAGE_FORWARD_DEVICE " nud permanent\n"
			       "route add default via " GATEWAY " dev " STAGE_FORWARD_DEVICE " onlink\n",
		[STAGE_SINK] = "link set " STAGE_SINK_DEVICE " up\n",
	};
	/* Those take packets in batches (GRO), as real devices do: without that veth does not poll, nor take frames of XDP. */
	static const char *const polled[STAGE_PLACES] = {
		[STAGE_TEST] = STAGE_DEVICE,
		[STAGE_SINK] = STAGE_SINK_DEVICE,
	};
	int err = stage_net_go(net, place);

	if (!err)
		err = ip_run(up[place]);
	return err || !polled[place] ? err : gro_on(polled[place]);
}

int stage_net_open(struct stage_net *net)
{
	int err = 0;

	*net = (struct stage_net){ { -1, -1, -1 }, { -1, -1, -1 } };
	if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return bench_said("have mounts of its own (root is needed)", -errno);
	/* There iptables keeps its lock: it is not the machine's that is held, and none is left. */
	if (mount("none", "/run", "tmpfs", 0, "mode=0755"))
		return bench_said("have a /run of its own", -errno);
	for (int i = 0; !err && i < STAGE_PLACES; i++)
		err = ns_new(net, (enum stage_place)i);
	if (!err)
		err = stage_net_go(net, STAGE_TEST);
	if (!err)
		err = links_new(net);
	for (int i = 0; !err && i < STAGE_PLACES; i++)
		err = place_up(net, (enum stage_place)i);
	return err ? err : stage_net_go(net, STAGE_TEST);
}

void stage_net_close(struct stage_net *net)
{
	for (int i = 0; i < STAGE_PLACES; i++) {
		if (net->ns[i] >= 0)
			close(net->ns[i]);
		if (net->statistics[i] >= 0)
			close(net->statistics[i]);
	}
	*net = (struct stage_net){ { -1, -1, -1 }, { -1, -1, -1 } };
}

/* The line of a device: its name, a colon, eight numbers of what came, eight of what went. */
static bool line_parse(const char *line, const char *device, struct stage_device *out)
{
	enum { RX_PACKETS = 1, RX_DROP = 3, TX_PACKETS = 9, TX_DROP = 11, NUMBERS = 12 };
	unsigned long long v[NUMBERS];
	size_t len = strlen(device);
	char *at;

	line += strspn(line, " ");
	if (strncmp(line, device, len) || line[len] != ':')
		return false;
	at = (char *)line + len + 1;
	for (int i = 0; i < NUMBERS; i++)
		v[i] = strtoull(at, &at, 10);
	*out = (struct stage_device){ v[RX_PACKETS], v[RX_DROP], v[TX_PACKETS], v[TX_DROP] };
	return true;
}

int stage_net_count(const struct stage_net *net, enum stage_place place, const char *device, struct stage_device *out)
{
	char text[4096];
	ssize_t n = pread(net->statistics[place], text, sizeof(text) - 1, 0);

	if (n < 0)
		return bench_said("read what devices have counted", -errno);
	text[n] = '\0';
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (line_parse(line, device, out))
			return 0;
	return bench_said("find a device of the stage", -ENODEV);
}
