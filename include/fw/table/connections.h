/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Connections by address: `connections per from over N`. User space counts what the kernel tracks, and tells the programs of those
 * addresses whose count matters to a rule. An address without an entry has fewer connections than any rule asks for.
 */
#ifndef FW_CONNECTIONS_H
#define FW_CONNECTIONS_H

#include "fw/table/fields.h"

/* Entries at most. */
#define FW_CONNECTIONS_MAX 65536
/* A ruleset counts by so many different sides with their prefixes at most: each costs every connection an update. */
#define FW_CONNECTIONS_KINDS 16

enum fw_connections_side { FW_CONNECTIONS_FROM, FW_CONNECTIONS_TO, FW_CONNECTIONS_SIDES };

/* All addresses that begin with these bits, as source or destination of a connection's first packet. */
struct fw_connections_key {
	__u8 side;   /* enum fw_connections_side */
	__u8 family; /* FW_IP4 or FW_IP6 */
	__u8 prefix; /* length in bits, up to 32 or 128 */
	__u8 pad[5];
	struct fw_addr addr; /* zeroes after the prefix */
};
FW_ASSERT_SIZE(struct fw_connections_key, 24);
/* The map's value: how many connections there are, as __u32. */

/* Zeroes all but the first @len bits of an address. */
static __always_inline struct fw_addr fw_addr_masked(struct fw_addr a, __u32 len)
{
	struct fw_addr mask = { len >= 64 ? ~0ull :
				len       ? ~0ull << (64 - len) :
					    0,
				len >= 128 ? ~0ull :
				len > 64   ? ~0ull << (128 - len) :
					     0 };

	a.hi &= mask.hi;
	a.lo &= mask.lo;
	return a;
}

static __always_inline void fw_connections_key(struct fw_connections_key *key, __u8 side, __u8 family, __u8 prefix,
					       const struct fw_addr *addr)
{
	*key = (struct fw_connections_key){ .side = side, .family = family, .prefix = prefix };
	key->addr = fw_addr_masked(*addr, prefix);
}

/* Does the packet begin a connection? In state `new`; where no rule asks for the state, of TCP only, by its flags. */
static __always_inline int fw_connections_fresh(const struct fw_key *key)
{
	return key->f[FW_F_STATE] == FW_STATE_NEW || (key->f[FW_F_TCP_FLAGS] & 0x12) == 0x02; /* SYN without ACK */
}

/*
 * Are there more than @n connections, if @count are known? The connection that a packet begins (@fresh) is not known yet, and
 * would be one more.
 */
static __always_inline int fw_connections_over(__u32 count, __u32 n, int fresh)
{
	return fresh ? count >= n : count > n;
}

#endif
