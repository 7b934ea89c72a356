/* SPDX-License-Identifier: GPL-2.0-only */
/* A cursor that walks a frame, and the values at its position. One source for the BPF program and for user space. */
#ifndef FW_CURSOR_H
#define FW_CURSOR_H

#include <stddef.h>

#include "fw/table/port.h"

/* Where a header may start: tags, an IPv6 header and extension headers of up to 2,048 bytes end far below. */
#define FW_OFFSET_MAX 0x7fff

struct fw_cursor {
	const __u8 *data; /* the frame */
	const __u8 *pos;
	const __u8 *end; /* of the bytes that can be read */
	__u32 left;      /* bytes of the packet from pos on, readable or not */
};

/* Packets are not aligned. BPF loads any address; user space must not. */
static __always_inline __u16 fw_load16(const __u8 *p)
{
	__u16 v;

	if (FW_BPF)
		return *(const __u16 *)p;
	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static __always_inline __u32 fw_load32(const __u8 *p)
{
	__u32 v;

	if (FW_BPF)
		return *(const __u32 *)p;
	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

static __always_inline __u64 fw_load64(const __u8 *p)
{
	__u64 v;

	if (FW_BPF)
		return *(const __u64 *)p;
	__builtin_memcpy(&v, p, sizeof(v));
	return v;
}

/* A member of the header at @p, in host order. */
#define fw_get8(p, type, member) ((__u32)(p)[offsetof(type, member)])
#define fw_get16(p, type, member) ((__u32)fw_ntohs(fw_load16((p) + offsetof(type, member))))
#define fw_get32(p, type, member) ((__u32)fw_ntohl(fw_load32((p) + offsetof(type, member))))

/* The next @bytes as a header, and moves the cursor past it. NULL, with the cursor unmoved, if they are not there. */
static __always_inline const __u8 *fw_cursor_take(struct fw_cursor *c, __u32 bytes)
{
	const __u8 *p = c->pos;

	if (c->left < bytes || p + bytes > c->end)
		return NULL;
	c->pos = p + bytes;
	c->left -= bytes;
	return p;
}

/* Ends the packet @bytes after the cursor: the rest is padding. The caller has checked that so many are left. */
static __always_inline void fw_cursor_trim(struct fw_cursor *c, __u32 bytes)
{
	c->left = bytes;
}

/*
 * Skips @bytes of unused options; the caller has checked that so many are left. The position becomes an offset with one
 * bound, whatever precedes it, so the verifier sees one state after all VLAN tags, options and headers.
 */
static __always_inline void fw_cursor_skip(struct fw_cursor *c, __u32 bytes)
{
	__u64 offset = (__u64)(c->pos - c->data) + bytes;

	fw_opaque(offset);
	offset &= FW_OFFSET_MAX;
	c->pos = c->data + offset;
	c->left -= bytes;
}

#endif
