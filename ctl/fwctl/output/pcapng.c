// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file consists of blocks, whose lengths are multiples of four and are written before and after their contents. Numbers are
 * written in the byte order of the host, which the first block tells.
 */
#include "pcapng.h"

#include <string.h>

enum block { BLOCK_SECTION = 0x0a0d0d0a, BLOCK_INTERFACE = 1, BLOCK_PACKET = 6 };
enum option { OPTION_END, OPTION_COMMENT, OPTION_NAME = 2, OPTION_FLAGS = 2 }; /* the last two of different blocks */

#define BYTE_ORDER_MAGIC 0x1a2b3c4d
#define LINKTYPE_ETHERNET 1
#define INBOUND 1
#define OUTBOUND 2

static void put16(struct fw_buf *b, uint16_t v)
{
	fw_buf_add(b, (const char *)&v, sizeof(v));
}

static void put32(struct fw_buf *b, uint32_t v)
{
	fw_buf_add(b, (const char *)&v, sizeof(v));
}

/* Bytes, and zeros up to a multiple of four. */
static void put_padded(struct fw_buf *b, const void *bytes, size_t len)
{
	static const char zeros[3];

	fw_buf_add(b, bytes, len);
	fw_buf_add(b, zeros, -len & 3);
}

static void put_option(struct fw_buf *b, enum option code, const void *value, size_t len)
{
	put16(b, (uint16_t)code);
	put16(b, (uint16_t)len);
	put_padded(b, value, len);
}

/* Writes a block with this body, which is freed. */
static int write_block(struct pcapng *p, enum block type, struct fw_buf *body)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	uint32_t bytes = (uint32_t)body->len + 12;

	put32(&b, type);
	put32(&b, bytes);
	fw_buf_add(&b, body->text, body->len);
	put32(&b, bytes);
	b.failed |= body->failed;
	fw_buf_free(body);
	if (b.failed)
		return -ENOMEM;
	return fwrite(b.text, 1, b.len, p->f) == b.len ? 0 : -errno;
}

int pcapng_begin(struct pcapng *p, FILE *f)
{
	static const uint64_t unknown = UINT64_MAX; /* length of the section */
	struct fw_buf body = { 0 };

	*p = (struct pcapng){ .f = f };
	put32(&body, BYTE_ORDER_MAGIC);
	put16(&body, 1);
	put16(&body, 0);
	fw_buf_add(&body, (const char *)&unknown, sizeof(unknown));
	return write_block(p, BLOCK_SECTION, &body);
}

static int write_interface(struct pcapng *p, const char *name)
{
	struct fw_buf body = { 0 };

	put16(&body, LINKTYPE_ETHERNET);
	put16(&body, 0);
	put32(&body, PCAPNG_SNAP);
	put_option(&body, OPTION_NAME, name, strlen(name));
	put_option(&body, OPTION_END, "", 0);
	return write_block(p, BLOCK_INTERFACE, &body);
}

/* The number of an interface, which is described if it is new; or -errno. */
static int number_of(struct pcapng *p, const char *name)
{
	char *copy;
	int err;

	for (size_t i = 0; i < p->n; i++)
		if (!strcmp(p->name[i], name))
			return (int)i;
	copy = strdup(name);
	err = copy ? fw_vec_push(p->name, p->n, p->cap, copy) : -ENOMEM;
	if (err) {
		free(copy);
		return err;
	}
	err = write_interface(p, name);
	return err ? err : (int)p->n - 1;
}

int pcapng_add(struct pcapng *p, const struct pcapng_packet *packet)
{
	uint32_t flags = packet->out ? OUTBOUND : INBOUND;
	int number = number_of(p, packet->iface);
	struct fw_buf body = { 0 };

	if (number < 0)
		return number;
	put32(&body, (uint32_t)number);
	put32(&body, (uint32_t)(packet->time >> 32));
	put32(&body, (uint32_t)packet->time);
	put32(&body, packet->len);
	put32(&body, packet->wire);
	put_padded(&body, packet->bytes, packet->len);
	if (packet->comment)
		put_option(&body, OPTION_COMMENT, packet->comment, strlen(packet->comment));
	put_option(&body, OPTION_FLAGS, &flags, sizeof(flags));
	put_option(&body, OPTION_END, "", 0);
	return write_block(p, BLOCK_PACKET, &body);
}

void pcapng_end(struct pcapng *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->name[i]);
	free(p->name);
	*p = (struct pcapng){ 0 };
}
