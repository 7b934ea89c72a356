// SPDX-License-Identifier: GPL-2.0-only
/*
 * Packets from capture files, by libpcap. Packets captured without an Ethernet header get one with the right
 * ethertype; PPP is put into a PPPoE session.
 */
#include "fw/pcap.h"

#include <linux/if_ether.h>
#include <pcap/pcap.h>
#include <string.h>

/* The rest of a captured packet: @len bytes were captured, of @wire on the wire. */
struct packet {
	const uint8_t *bytes;
	uint32_t len, wire;
};

static struct packet packet_skip(struct packet p, uint32_t n)
{
	if (p.len < n)
		return (struct packet){ p.bytes, 0, 0 };
	return (struct packet){ p.bytes + n, p.len - n, p.wire - n };
}

static uint32_t packet_u16(struct packet p, uint32_t at)
{
	return p.len < at + 2 ? 0 : (uint32_t)p.bytes[at] << 8 | p.bytes[at + 1];
}

static void put(struct fw_frame *f, struct packet p)
{
	uint32_t room = FW_FRAME_MAX - f->len, n = p.len < room ? p.len : room;

	memcpy(f->data + f->len, p.bytes, n);
	f->len += n;
	f->wire_len += p.wire;
}

/* With the sender that packets by hand have. */
static void put_ether(struct fw_frame *f, uint32_t type)
{
	const uint8_t head[ETH_HLEN] = { [6] = 2, [11] = 1, (uint8_t)(type >> 8), (uint8_t)type };

	put(f, (struct packet){ head, sizeof(head), sizeof(head) });
}

static void read_ether(struct fw_frame *f, struct packet p)
{
	put(f, p);
}

/* By its version; what is neither is no IPv4 either. */
static void read_raw(struct fw_frame *f, struct packet p)
{
	put_ether(f, p.len && p.bytes[0] >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
	put(f, p);
}

static void read_sll(struct fw_frame *f, struct packet p)
{
	put_ether(f, packet_u16(p, 14));
	put(f, packet_skip(p, 16));
}

static void read_sll2(struct fw_frame *f, struct packet p)
{
	put_ether(f, packet_u16(p, 0));
	put(f, packet_skip(p, 20));
}

/* An address and a control byte may precede the protocol, as on serial lines. */
static void read_ppp(struct fw_frame *f, struct packet p)
{
	struct packet ppp = packet_u16(p, 0) == 0xff03 ? packet_skip(p, 2) : p;
	uint32_t bytes = ppp.wire < 65535 ? ppp.wire : 65535;
	const uint8_t session[] = { 0x11, 0, 0, 1, (uint8_t)(bytes >> 8), (uint8_t)bytes };

	put_ether(f, ETH_P_PPP_SES);
	put(f, (struct packet){ session, sizeof(session), sizeof(session) });
	put(f, ppp);
}

static const struct link {
	int number; /* DLT_... */
	void (*read)(struct fw_frame *f, struct packet p);
} links[] = {
	{ DLT_EN10MB, read_ether },  { DLT_RAW, read_raw },         { DLT_IPV4, read_raw }, { DLT_IPV6, read_raw },
	{ DLT_LINUX_SLL, read_sll }, { DLT_LINUX_SLL2, read_sll2 }, { DLT_PPP, read_ppp },
};

struct fw_pcap {
	pcap_t *handle;
	const struct link *link;
	char path[256];
};

static int find_link(struct fw_pcap *p, struct fw_diags *ds)
{
	int number = pcap_datalink(p->handle);
	const char *name = pcap_datalink_val_to_name(number);
	struct fw_place at = { .file = p->path };

	for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++)
		if (links[i].number == number)
			p->link = &links[i];
	if (p->link)
		return 0;
	return fw_diag_add(ds, at,
			   "capture on an interface with Ethernet or IP packets (tcpdump -i eth0, -i wg0), or on `any`",
			   "packets of link type %s (%d) cannot be parsed", name ? name : "unknown", number);
}

int fw_pcap_open(const char *path, struct fw_diags *ds, struct fw_pcap **out)
{
	fw_autofree struct fw_pcap *p = calloc(1, sizeof(*p));
	struct fw_place at = { .file = path };
	char why[PCAP_ERRBUF_SIZE] = "";

	if (!p)
		return -ENOMEM;
	snprintf(p->path, sizeof(p->path), "%s", path);
	p->handle = pcap_open_offline(path, why);
	if (!p->handle)
		return fw_diag_add(ds, at, "a file as written by tcpdump -w", "no capture can be read: %s", why);
	if (find_link(p, ds)) {
		pcap_close(p->handle);
		return -EINVAL;
	}
	*out = fw_take(p);
	return 0;
}

int fw_pcap_next(struct fw_pcap *p, struct fw_diags *ds, struct fw_frame *frame)
{
	struct fw_place at = { .file = p->path };
	struct pcap_pkthdr *h;
	const u_char *data;
	int got = pcap_next_ex(p->handle, &h, &data);

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1)
		return fw_diag_add(ds, at, NULL, "the capture is broken: %s", pcap_geterr(p->handle));
	memset(frame, 0, sizeof(*frame));
	frame->hook = FW_IN;
	p->link->read(frame, (struct packet){ data, h->caplen, h->len > h->caplen ? h->len : h->caplen });
	return 1;
}

void fw_pcap_close(struct fw_pcap *p)
{
	if (!p)
		return;
	pcap_close(p->handle);
	free(p);
}
