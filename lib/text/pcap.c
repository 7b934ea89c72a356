// SPDX-License-Identifier: GPL-2.0-only
/* Packets from capture files, by libpcap. Only Ethernet: other links have no frames that the parser knows. */
#include "fw/pcap.h"

#include <pcap/pcap.h>
#include <string.h>

struct fw_pcap {
	pcap_t *handle;
	char path[256];
};

static int refuse_link(struct fw_pcap *p, struct fw_diags *ds, int link)
{
	const char *name = pcap_datalink_val_to_name(link);
	struct fw_place at = { .file = p->path };

	return fw_diag_add(ds, at, "capture on one Ethernet interface (tcpdump -i eth0), not on `any`",
			   "link type %s (%d) is not Ethernet", name ? name : "unknown", link);
}

int fw_pcap_open(const char *path, struct fw_diags *ds, struct fw_pcap **out)
{
	fw_autofree struct fw_pcap *p = calloc(1, sizeof(*p));
	struct fw_place at = { .file = path };
	char why[PCAP_ERRBUF_SIZE] = "";
	int link;

	if (!p)
		return -ENOMEM;
	snprintf(p->path, sizeof(p->path), "%s", path);
	p->handle = pcap_open_offline(path, why);
	if (!p->handle)
		return fw_diag_add(ds, at, "a file as written by tcpdump -w", "no capture can be read: %s", why);
	link = pcap_datalink(p->handle);
	if (link != DLT_EN10MB) {
		refuse_link(p, ds, link);
		pcap_close(p->handle);
		return -EINVAL;
	}
	*out = fw_take(p);
	return 0;
}

int fw_pcap_next(struct fw_pcap *p, struct fw_diags *ds, struct fw_frame *frame)
{
	struct fw_place at = { .file = p->path };
	struct pcap_pkthdr *header;
	const u_char *data;
	int got = pcap_next_ex(p->handle, &header, &data);

	if (got == PCAP_ERROR_BREAK)
		return 0;
	if (got != 1)
		return fw_diag_add(ds, at, NULL, "the capture is broken: %s", pcap_geterr(p->handle));
	memset(frame, 0, sizeof(*frame));
	frame->len = header->caplen < FW_FRAME_MAX ? header->caplen : FW_FRAME_MAX;
	frame->wire_len = header->len > header->caplen ? header->len : header->caplen;
	frame->hook = FW_IN;
	memcpy(frame->data, data, frame->len);
	return 1;
}

void fw_pcap_close(struct fw_pcap *p)
{
	if (!p)
		return;
	pcap_close(p->handle);
	free(p);
}
