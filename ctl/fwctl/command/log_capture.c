// SPDX-License-Identifier: GPL-2.0-only
/* From entries of the log to packets of a capture. */
#include "log_capture.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/reply.h"

#include <linux/if_ether.h>
#include <string.h>
#include <unistd.h>

#define TAG 4
/* The bytes of an entry, and what may have to be put before them. */
#define ROOM (ETH_HLEN + TAG + 2048)

/* A frame as it is put together. */
struct frame {
	uint8_t bytes[ROOM];
	size_t len;
};

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_hex(struct frame *f, const char *hex)
{
	for (; f->len < ROOM && digit(hex[0]) >= 0 && digit(hex[1]) >= 0; hex += 2)
		f->bytes[f->len++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
}

static void put16(uint8_t *at, uint64_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

/* A packet without Ethernet header gets one of zeros, with its type. */
static void put_header(struct frame *f, const json_t *entry)
{
	const char *hex = ctl_field_text(entry, "bytes");
	uint64_t type = ctl_field_u64(entry, "ethertype");

	if (type < ETH_P_802_3_MIN)
		type = hex[0] == '6' ? ETH_P_IPV6 : ETH_P_IP;
	put16(f->bytes + 2 * ETH_ALEN, type);
	f->len = ETH_HLEN;
}

/* The tag that is not in the frame any more. */
static void put_tag(struct frame *f, uint64_t tci)
{
	uint8_t *at = f->bytes + 2 * ETH_ALEN;

	if (f->len < ETH_HLEN || f->len + TAG > ROOM)
		return;
	memmove(at + TAG, at, f->len - 2 * ETH_ALEN);
	put16(at, ETH_P_8021Q);
	put16(at + 2, tci);
	f->len += TAG;
}

/* "drop by rule 3 ssh: PREFIX" */
static void put_comment(struct fw_buf *b, const json_t *entry)
{
	const char *policy = ctl_field_text(entry, "policy"), *name = ctl_field_text(entry, "name"),
		   *prefix = ctl_field_text(entry, "prefix");

	fw_buf_printf(b, "%s at %s by ", ctl_field_text(entry, "verdict"), ctl_field_text(entry, "hook"));
	if (policy[0])
		fw_buf_printf(b, "policy %s", policy);
	else
		fw_buf_printf(b, "rule %llu%s%s", (unsigned long long)ctl_field_u64(entry, "rule"), name[0] ? " " : "",
			      name);
	if (prefix[0])
		fw_buf_printf(b, ": %s", prefix);
}

/* The interface that the packet came in by, else the one that it leaves by. */
static const char *iface_of(const json_t *entry)
{
	const char *in = ctl_field_text(entry, "in"), *out = ctl_field_text(entry, "out");

	return in[0] ? in : out[0] ? out : "unknown";
}

static int fail(struct log_capture *c, int err)
{
	ctl_error("cannot write %s: %s", c->file.path, strerror(-err));
	return err;
}

int log_capture_open(struct log_capture *c, const char *path)
{
	int err;

	*c = (struct log_capture){ .file = { .path = path, .at.folder = -1 } };
	if (!strcmp(path, "-")) {
		c->file.path = "standard output";
		c->whole = true;
		if (isatty(STDOUT_FILENO)) {
			ctl_error("log: a capture is not for a terminal");
			ctl_hint("name a file, or put a program after it: fwctl log --pcap - | tcpdump -nr -");
			return -EINVAL;
		}
	} else {
		err = ctl_new_file_open(path, &c->file);
		if (err)
			return err;
	}
	err = pcapng_begin(&c->pcap, c->file.f ? c->file.f : stdout);
	return err ? fail(c, err) : 0;
}

int log_capture_commit(struct log_capture *c)
{
	if (fflush(c->pcap.f))
		return fail(c, -errno);
	if (c->whole)
		return 0;
	c->whole = true;
	return ctl_new_file_commit(&c->file);
}

int log_capture_add(struct log_capture *c, const json_t *entry)
{
	fw_cleanup(fw_buf_free) struct fw_buf comment = { 0 };
	const char *hex = ctl_field_text(entry, "bytes");
	struct frame f = { .len = 0 };
	size_t before;
	int err;

	if (!json_object_get(entry, "bytes"))
		return 0;
	if (strcmp(ctl_field_text(entry, "begins"), "ethernet") != 0)
		put_header(&f, entry);
	put_hex(&f, hex);
	if (json_is_integer(json_object_get(entry, "vlan")))
		put_tag(&f, ctl_field_u64(entry, "vlan"));
	before = f.len - strlen(hex) / 2;
	put_comment(&comment, entry);
	err = pcapng_add(&c->pcap, &(struct pcapng_packet){
					   .iface = iface_of(entry),
					   .comment = comment.text,
					   .out = ctl_field_text(entry, "out")[0] && !ctl_field_text(entry, "in")[0],
					   .time = (uint64_t)(ctl_field_real(entry, "time") * 1e6 + 0.5),
					   .bytes = f.bytes,
					   .len = (uint32_t)f.len,
					   .wire = (uint32_t)(ctl_field_u64(entry, "length") + before),
				   });
	if (err)
		return fail(c, err);
	c->packets++;
	return log_capture_commit(c);
}

void log_capture_close(struct log_capture *c)
{
	pcapng_end(&c->pcap);
	ctl_new_file_end(&c->file);
}
