/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The packet parser: from the bytes of a frame to the key that the classifier looks up. One source for the BPF program and for
 * user space.
 */
#ifndef FW_PACKET_H
#define FW_PACKET_H

#include "fw/table/rare.h"

/**
 * fw_packet_parse - what the classifier may know of a frame
 * @data:     the Ethernet header, or with @meta->l3 the network header
 * @data_end: one past the last readable byte
 * @meta:     borrowed; the hook, interface and mark go into the key as they are, and so do the fields that are asked
 * @key:      every member is written
 *
 * The headers that rules look into must lie before @data_end, options and payload only inside @meta->len: a rare field that
 * cannot be read is absent. Lengths and ports are in host order. In BPF the rare fields are not read, and @key should be map
 * memory: on the stack the verifier would follow its values.
 */
static __always_inline void fw_packet_parse(const void *data, const void *data_end, const struct fw_meta *meta,
					    struct fw_key *key)
{
	struct fw_cursor c = { .data = data, .pos = data, .end = data_end, .left = meta->len };
	int err;

	fw_key_clear(key);
	key->f[FW_F_HOOK] = meta->hook;
	key->f[FW_F_IFACE] = meta->iface;
	key->f[FW_F_MARK] = meta->mark;
	if (!FW_BPF)
		fw_key_ask(key, meta);
	err = fw_parse_frame(&c, meta, key);
	key->reason = err < 0 ? (__u32)-err : FW_R_NONE;
	if (!FW_BPF) {
		struct fw_options options;
		struct fw_key scratch;

		c = (struct fw_cursor){ .data = data, .pos = data, .end = data_end, .left = meta->len };
		fw_packet_rare(&c, meta, key, &scratch, &options);
	}
}

#endif
