// SPDX-License-Identifier: GPL-2.0-only
/* Bytes of packets, one after the other, and the replies that RFC 9293, 792, 1812 and 4443 want. */
#include "tests/unit/rejected.h"

#include "fw/table/fields.h"

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#define ETHERTYPE_PPPOE 0x8864
#define ETHERTYPE_VLAN 0x8100
#define SPORT 40000
#define DPORT 8080
#define SEQ 0xfffffff0u
#define ACK 0x12345678u

static void put8(struct rejected_bytes *b, unsigned v)
{
	assert(b->len < sizeof(b->data));
	b->data[b->len++] = (uint8_t)v;
}

static void put16(struct rejected_bytes *b, unsigned v)
{
	put8(b, v >> 8);
	put8(b, v & 0xff);
}

static void put32(struct rejected_bytes *b, uint32_t v)
{
	put16(b, v >> 16);
	put16(b, v & 0xffff);
}

static void put(struct rejected_bytes *b, const void *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put8(b, ((const uint8_t *)from)[i]);
}

static void set16(struct rejected_bytes *b, size_t at, unsigned v)
{
	b->data[at] = (uint8_t)(v >> 8);
	b->data[at + 1] = (uint8_t)v;
}

/* The sum of 16-bit words in network order, folded, and @sum. */
static uint32_t add(const uint8_t *from, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? from[i] : (uint32_t)from[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static uint32_t pseudo(const struct rejected_bytes *b, bool six, unsigned proto, size_t bytes)
{
	uint32_t sum = add(b->data + b->network + (six ? 8 : 12), six ? 32 : 8, 0);

	return add((const uint8_t[]){ 0, (uint8_t)proto, (uint8_t)(bytes >> 8), (uint8_t)bytes }, 4, sum);
}

static unsigned proto_of(const struct rejected *p)
{
	return p->proto ? p->proto : IPPROTO_UDP;
}

static bool is_icmp(const struct rejected *p)
{
	return proto_of(p) == (p->six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
}

/* @reply: the other way round. Return: the offset of PPPoE's length, or 0. */
static size_t put_link(struct rejected_bytes *b, const struct rejected *p, const struct rejected_macs *macs, bool reply)
{
	uint8_t to[6], from[6];
	size_t length = 0;

	memcpy(to, macs->to, 6);
	memcpy(from, macs->from, 6);
	to[0] |= p->group;
	to[5] ^= p->other;
	b->len = 0;
	put(b, reply ? from : to, 6);
	put(b, reply ? to : from, 6);
	for (unsigned i = 0; i < p->tags; i++) {
		put16(b, ETHERTYPE_VLAN);
		put16(b, 0x6000 | (9 + i));
	}
	if (!p->pppoe) {
		put16(b, p->six ? 0x86dd : 0x0800);
	} else {
		put16(b, ETHERTYPE_PPPOE);
		put16(b, 0x1100);
		put16(b, 77);
		length = b->len;
		put16(b, 0);
		if (p->pppoe == 1)
			put8(b, p->six ? 0x57 : 0x21);
		else
			put16(b, p->six ? 0x0057 : 0x0021);
	}
	b->network = b->len;
	return length;
}

static void put_addresses(struct rejected_bytes *b, const struct rejected *p, bool reply)
{
	const char *from = p->from ? p->from : p->six ? "2001:db8:0:1::2" : "192.0.2.2";
	const char *to = p->to ? p->to : p->six ? "2001:db8:0:1::1" : "192.0.2.1";
	uint8_t a[2][16];

	assert(inet_pton(p->six ? AF_INET6 : AF_INET, from, a[reply]) == 1);
	assert(inet_pton(p->six ? AF_INET6 : AF_INET, to, a[!reply]) == 1);
	put(b, a[0], p->six ? 16 : 4);
	put(b, a[1], p->six ? 16 : 4);
}

struct header {
	unsigned proto, tos, ttl, options;
	unsigned id, frag;
	bool wrong;
};

static void put_ip4(struct rejected_bytes *b, const struct rejected *p, const struct header *h, bool reply)
{
	put8(b, 0x45 + h->options / 4);
	put8(b, h->tos);
	put16(b, 0);
	put16(b, h->id);
	put16(b, h->frag);
	put8(b, h->ttl);
	put8(b, h->proto);
	put16(b, 0);
	put_addresses(b, p, reply);
	for (unsigned i = 0; i < h->options; i++)
		put8(b, 1); /* no operation */
}

static void put_ip6(struct rejected_bytes *b, const struct rejected *p, const struct header *h, bool reply)
{
	bool fragment = h->frag & 0x3fff;

	put32(b, 6u << 28 | h->tos << 20);
	put16(b, 0);
	put8(b, h->options ? IPPROTO_DSTOPTS : fragment ? IPPROTO_FRAGMENT : h->proto);
	put8(b, h->ttl);
	put_addresses(b, p, reply);
	for (unsigned i = 0; i < h->options; i += 8) {
		put8(b, i ? 1 : fragment ? IPPROTO_FRAGMENT : h->proto); /* the first eight bytes are the header */
		put8(b, i ? 6 : h->options / 8 - 1);
		put8(b, 1); /* padding of 4 bytes */
		put8(b, 4);
		put32(b, 0);
	}
	if (!fragment)
		return;
	put8(b, h->proto);
	put8(b, 0);
	put16(b, (h->frag & 0x1fff) << 3 | (h->frag >> 13 & 1));
	put32(b, 99);
}

static void put_ip(struct rejected_bytes *b, const struct rejected *p, const struct header *h, bool reply)
{
	if (p->six)
		put_ip6(b, p, h, reply);
	else
		put_ip4(b, p, h, reply);
}

/* When everything is there. @pppoe: the offset of its length, or 0. */
static void set_lengths(struct rejected_bytes *b, const struct rejected *p, const struct header *h, size_t pppoe)
{
	size_t bytes = b->len - b->network;

	if (p->six) {
		set16(b, b->network + 4, (unsigned)(bytes - 40));
	} else {
		set16(b, b->network + 2, (unsigned)bytes);
		set16(b, b->network + 10, (add(b->data + b->network, 20 + h->options, 0) ^ 0xffff) - h->wrong);
	}
	if (pppoe)
		set16(b, pppoe, (unsigned)(b->len - pppoe - 2));
}

static void put_tcp(struct rejected_bytes *b, const struct rejected *p)
{
	put16(b, SPORT);
	put16(b, DPORT);
	put32(b, SEQ);
	put32(b, p->flags & 16 ? ACK : 0);
	put8(b, (5 + p->tcp_options / 4) << 4);
	put8(b, p->flags);
	put16(b, 0xfaf0);
	put32(b, 0);
	for (unsigned i = 0; i < p->tcp_options; i++)
		put8(b, 1);
}

/* Return: the offset of its checksum, or 0. */
static size_t put_transport(struct rejected_bytes *b, const struct rejected *p)
{
	size_t at = b->len;

	if (proto_of(p) == IPPROTO_TCP) {
		put_tcp(b, p);
		return at + 16;
	}
	if (is_icmp(p)) {
		put8(b, p->type);
		put8(b, 0);
		put16(b, 0);
		put32(b, 0x00070001);
		return at + 2;
	}
	put16(b, SPORT);
	put16(b, DPORT);
	put16(b, 8 + p->payload);
	put16(b, 0);
	if (proto_of(p) == IPPROTO_SCTP)
		put32(b, 0x55aa55aa);
	return proto_of(p) == IPPROTO_UDP ? at + 6 : 0;
}

static void set_sum(struct rejected_bytes *b, const struct rejected *p, size_t transport, size_t at)
{
	size_t bytes = b->len - transport;
	uint32_t begin = is_icmp(p) && !p->six ? 0 : pseudo(b, p->six, proto_of(p), bytes);
	uint32_t sum = add(b->data + transport, bytes, begin) ^ 0xffff;

	if (!at || p->sum == SUM_ZERO)
		return;
	set16(b, at, p->sum == SUM_PSEUDO ? begin : p->sum == SUM_WRONG ? sum ^ 0x0100 : sum);
}

void rejected_make(const struct rejected *p, const struct rejected_macs *macs, struct rejected_bytes *out)
{
	const struct header h = {
		.proto = proto_of(p),
		.tos = p->tos,
		.ttl = 61,
		.options = p->options,
		.id = 4711,
		.frag = p->frag == FW_FRAG_FIRST ? 0x2000 :
			p->frag == FW_FRAG_LATER ? 185 :
			p->six                   ? 0 :
						   0x4000,
		.wrong = p->sum == SUM_IP_WRONG,
	};
	size_t pppoe = put_link(out, p, macs, false), transport, at;

	put_ip(out, p, &h, false);
	transport = out->len;
	at = put_transport(out, p);
	for (unsigned i = 0; i < p->payload; i++)
		put8(out, i * 7 + 1);
	set_sum(out, p, transport, at);
	set_lengths(out, p, &h, pppoe);
	for (unsigned i = 0; i < p->padding; i++)
		put8(out, 0xee);
}

bool rejected_by_reset(const struct rejected *p)
{
	return p->kind == FW_REJECT_TCP_RESET || (p->kind == FW_REJECT_DEFAULT && proto_of(p) == IPPROTO_TCP);
}

static void put_reset(struct rejected_bytes *b, const struct rejected *p)
{
	size_t at = b->len;
	bool ack = p->flags & 16;

	put16(b, DPORT);
	put16(b, SPORT);
	put32(b, ack ? ACK : 0);
	put32(b, ack ? 0 : SEQ + p->payload + (p->flags & 1) + (p->flags >> 1 & 1));
	put8(b, 0x50);
	put8(b, ack ? 4 : 4 | 16);
	put32(b, 0);
	put16(b, 0);
	set16(b, at + 16, add(b->data + at, 20, pseudo(b, p->six, IPPROTO_TCP, 20)) ^ 0xffff);
}

static void put_error(struct rejected_bytes *b, const struct rejected *p, const struct rejected_macs *macs)
{
	static const uint8_t codes[FW_NREJECTS][4] = {
#define CODES(sym, word, type4, code4, type6, code6) { type4, code4, type6, code6 },
		FW_REJECTS(CODES)
#undef CODES
	};
	size_t at = b->len, quote, most = p->six ? 1280 - 48 : 576 - 28;
	struct rejected whole = *p;
	struct rejected_bytes in;

	whole.padding = 0;
	rejected_make(&whole, macs, &in);
	quote = in.len - in.network < most ? in.len - in.network : most;
	put8(b, codes[p->kind][p->six ? 2 : 0]);
	put8(b, codes[p->kind][p->six ? 3 : 1]);
	put16(b, 0);
	put32(b, 0);
	put(b, in.data + in.network, quote);
	set16(b, at + 2,
	      add(b->data + at, b->len - at, p->six ? pseudo(b, true, IPPROTO_ICMPV6, b->len - at) : 0) ^ 0xffff);
}

void rejected_reply(const struct rejected *p, const struct rejected_macs *macs, struct rejected_bytes *out)
{
	bool reset = rejected_by_reset(p);
	const struct header h = {
		.proto = reset  ? IPPROTO_TCP :
			 p->six ? IPPROTO_ICMPV6 :
				  IPPROTO_ICMP,
		.tos = reset || p->six ? 0 : (p->tos & 0x1e) | 0xc0,
		.ttl = 64,
		.frag = p->six ? 0 : 0x4000,
	};
	size_t pppoe = put_link(out, p, macs, true);

	put_ip(out, p, &h, true);
	if (reset)
		put_reset(out, p);
	else
		put_error(out, p, macs);
	set_lengths(out, p, &h, pppoe);
}
