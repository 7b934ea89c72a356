// SPDX-License-Identifier: GPL-2.0-only
/* Encoding and decoding messages of fwd's socket, and the table of requests. */
#include "fw/wire.h"

#include <endian.h>
#include <string.h>

const struct fw_request_info fw_request_info[FW_NREQUESTS] = {
#define FW_REQUEST_ROW(sym, name, right, parts, bytes) [FW_REQ_##sym] = { name, right, parts, bytes },
	FW_REQUESTS(FW_REQUEST_ROW)
#undef FW_REQUEST_ROW
};

static uint32_t get32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

static uint16_t get16(const char *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return le16toh(v);
}

static char *put32(char *p, uint32_t v)
{
	v = htole32(v);
	return (char *)memcpy(p, &v, sizeof(v)) + sizeof(v);
}

static char *put16(char *p, uint16_t v)
{
	v = htole16(v);
	return (char *)memcpy(p, &v, sizeof(v)) + sizeof(v);
}

void fw_wire_head_read(const void *bytes, struct fw_wire_head *out)
{
	const char *p = bytes;

	*out = (struct fw_wire_head){ .bytes = get32(p), .kind = get16(p + 4), .parts = get16(p + 6) };
}

int fw_wire_request_check(const struct fw_wire_head *head, const char **why)
{
	const struct fw_request_info *info;

	if (head->kind >= FW_NREQUESTS) {
		*why = "there is no request of this kind";
		return -EPROTO;
	}
	info = &fw_request_info[head->kind];
	if (!head->parts || head->bytes / sizeof(uint32_t) < head->parts) {
		*why = head->parts ? "the parts do not fit into the message" : "a request without parts";
		return -EPROTO;
	}
	if (head->parts > info->parts) {
		*why = "more parts than this request may have";
		return -EMSGSIZE;
	}
	if (head->bytes > info->bytes) {
		*why = "more bytes than this request may have";
		return -EMSGSIZE;
	}
	return 0;
}

int fw_wire_decode(const struct fw_wire_head *head, const void *body, struct fw_message *out)
{
	const char *p = body;
	uint32_t left = head->bytes;

	if (head->parts > FW_WIRE_PARTS)
		return -EPROTO;
	out->kind = head->kind;
	out->nparts = head->parts;
	for (unsigned i = 0; i < head->parts; i++) {
		uint32_t len;

		if (left < sizeof(len))
			return -EPROTO;
		len = get32(p);
		p += sizeof(len);
		left -= sizeof(len);
		if (len > left)
			return -EPROTO;
		out->part[i] = (struct fw_part){ p, len };
		p += len;
		left -= len;
	}
	return left ? -EPROTO : 0;
}

int fw_wire_encode(uint16_t kind, const struct fw_part *parts, uint16_t nparts, char **out, size_t *len)
{
	uint64_t bytes = 0;
	char *p;

	if (nparts > FW_WIRE_PARTS)
		return -EMSGSIZE;
	for (unsigned i = 0; i < nparts; i++)
		bytes += sizeof(uint32_t) + parts[i].len;
	if (bytes > UINT32_MAX)
		return -EMSGSIZE;
	p = malloc(FW_WIRE_HEADER + bytes);
	if (!p)
		return -ENOMEM;
	*out = p;
	*len = FW_WIRE_HEADER + bytes;
	p = put16(put16(put32(p, (uint32_t)bytes), kind), nparts);
	for (unsigned i = 0; i < nparts; i++) {
		p = put32(p, parts[i].len);
		if (parts[i].len)
			memcpy(p, parts[i].data, parts[i].len);
		p += parts[i].len;
	}
	return 0;
}
