/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets as bytes, with the expected result of the parser, for the parser's own
 * test, the differential tests and the fuzzer's corpus.
 */
#ifndef FW_TEST_CASES_H
#define FW_TEST_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw/table/packet.h"

struct fw_case_field {
	enum fw_field field;
	uint32_t value;
};

struct fw_case {
	const char *name;
	const uint8_t *bytes; /* the frame */
	uint32_t len;
	struct fw_meta meta; /* len 0: the frame's. A kernel test-run can say neither another len nor a tag outside,
				 and for tc it refuses frames shorter than the IP header that the ethertype names */
	uint32_t needs;      /* bytes that must be readable for this key; 0: all. With fewer the packet is malformed */
	uint32_t
		ends; /* bytes of the frame up to the packet's end; 0: all. In a shorter frame the packet is malformed */
	bool open;    /* the frame determines the length: a shorter frame is a shorter packet, not a malformed one */
	bool llc;     /* a shorter frame has no complete LLC header */
	enum fw_family family;
	enum fw_reason reason;
	const struct fw_case_field *want; /* the rest is absent; later ones replace earlier ones */
	size_t nwant;
};

extern const struct fw_case fw_cases[];
extern const size_t fw_ncases;

/* The metadata of the whole frame. */
struct fw_meta fw_case_meta(const struct fw_case *c);
/* The key of the whole frame, every member set. */
void fw_case_key(const struct fw_case *c, struct fw_key *key);

/*
 * The key when only @readable bytes can be read, of a frame of @len bytes, both
 * up to fw_case_meta()'s len. Of a malformed frame only the reason is compared.
 */
void fw_case_key_cut(const struct fw_case *c, uint32_t readable, uint32_t len, struct fw_key *key);

#endif
