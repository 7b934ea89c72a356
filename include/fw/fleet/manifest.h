/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A manifest: what a generation of the fleet's ruleset is, signed. Its file has one line with a JSON object, which is what is
 * signed, byte for byte with its newline, and then a line for each signature:
 *
 *	{"format":1,"fleet":"edge","generation":12,"parent":{"generation":11,"manifest":"e3b0..."},...}
 *	{"key":"9f86d081884c7d65","signature":"BASE64"}
 *
 * Manifests and objects are named by the SHA-256 of their bytes, so they never change and any web server or cache can hold them:
 *
 *	head                  the newest manifest, the only file that is ever replaced
 *	manifest/SHA256       a manifest
 *	object/SHA256.zst     a snapshot or a delta (fw/fleet/snapshot.h)
 *
 * What a host accepts. It keeps the manifest with the highest generation that it has ever accepted. It takes one with a higher
 * generation, that one itself, or the parent that it names as the way back; nothing older, whoever asks for it.
 */
#ifndef FW_FLEET_MANIFEST_H
#define FW_FLEET_MANIFEST_H

#include "fw/fleet/key.h"

#define FW_SHA256_HEX 64
/* The characters of names of fleets, rings and hosts. */
#define FW_FLEET_NAME_BYTES "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
#define FW_FLEET_NAME 63               /* letters, digits, `-`, `_` and `.` */
#define FW_MANIFEST_MAX 16384          /* bytes of the file */
#define FW_ARTIFACT_MAX (512ull << 20) /* bytes of an object, compressed or not */

struct fw_sha256 {
	char hex[FW_SHA256_HEX + 1]; /* empty: none */
};
/* A snapshot or delta. */
struct fw_object {
	struct fw_sha256 sha256; /* of the compressed bytes; empty: there is no such object */
	uint64_t bytes;          /* compressed */
	uint64_t size;           /* once decompressed */
};
/* Which generation: the value of a ring's head. */
struct fw_generation {
	uint64_t number; /* from 1; 0: none */
	struct fw_sha256 manifest;
};

struct fw_manifest {
	char fleet[FW_FLEET_NAME + 1];
	struct fw_generation self;   /* self.manifest is not in the text: it is the hash of the file */
	struct fw_generation parent; /* the way back */
	struct fw_object snapshot;
	struct fw_object delta; /* from the parent's snapshot to this one */
	/* Figures of `fwctl check`. */
	uint64_t rules;
	uint64_t memory;       /* bytes that fwd needs for the tables, at most */
	uint64_t worst_packet; /* nanoseconds */
	uint64_t time;         /* seconds since 1970 */
	char author[128];
};

bool fw_fleet_name_valid(const char *name);
void fw_sha256_of(const void *bytes, size_t len, struct fw_sha256 *out);
bool fw_sha256_valid(const char *hex, size_t len);

/* Writes the signed file. @keys: 1 to FW_KEYS_MAX. @m->author that is no UTF-8 makes @b fail. */
void fw_manifest_print(struct fw_buf *b, const struct fw_manifest *m, const struct fw_secret_key *keys, unsigned nkeys);
/**
 * fw_manifest_read - parse a file, and check its signatures and that all values are within limits
 * @trusted: one of them must have signed; NULL: signatures are not looked at
 * @why:     if it fails: one line for people
 * Return: 0; -EPROTO: it is no manifest; -EKEYREJECTED: no trusted key has signed it.
 */
int fw_manifest_read(const char *text, size_t len, const struct fw_public_keys *trusted, struct fw_manifest *out,
		     char why[256]);
/**
 * fw_manifest_accept - may a host whose highest accepted manifest is @highest take @next?
 * @highest: self.number 0: the host has accepted none yet; @fleet is then the fleet that it is in, or empty for any
 * Return: 0; -EXDEV: of another fleet; -ESTALE: older, or another one of the same generation. @why as above.
 */
int fw_manifest_accept(const struct fw_manifest *highest, const struct fw_manifest *next, char why[256]);

#endif
