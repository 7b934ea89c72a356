/* SPDX-License-Identifier: GPL-2.0-only */
/* Ed25519 keys (RFC 8032, by libsodium), with which manifests are signed. */
#ifndef FW_FLEET_KEY_H
#define FW_FLEET_KEY_H

#include "fw/base.h"

#define FW_KEY_ID 16    /* hexadecimal digits of a key's id: the first 8 bytes of the SHA-256 of the public key */
#define FW_KEYS_MAX 16  /* public keys that a host trusts */
#define FW_SIGNATURE 64 /* bytes */

struct fw_public_key {
	unsigned char bytes[32];
	char id[FW_KEY_ID + 1];
	char comment[64]; /* may be empty */
};
struct fw_secret_key {
	unsigned char bytes[64]; /* as libsodium keeps them */
	char id[FW_KEY_ID + 1];
};
struct fw_public_keys {
	struct fw_public_key key[FW_KEYS_MAX];
	unsigned n;
};

/* A new pair. 0, or -EIO if there is no randomness. */
int fw_key_make(struct fw_secret_key *secret, struct fw_public_key *public);
/* The public half. */
void fw_key_public(const struct fw_secret_key *secret, struct fw_public_key *public);
/* The lines of key files: `fw-public-key ed25519 BASE64 [COMMENT]` and `fw-secret-key ed25519 BASE64`. */
void fw_key_print_public(struct fw_buf *b, const struct fw_public_key *key);
void fw_key_print_secret(struct fw_buf *b, const struct fw_secret_key *key);
/**
 * fw_key_parse_secret, fw_keys_parse - read the text of a key file
 * @name: the file, for diagnostics
 *
 * A file of public keys has one in each line, and may have comments, which begin with `#`, and empty lines.
 * Return: 0, or -EINVAL with diagnostics; @out is untouched then.
 */
int fw_key_parse_secret(const char *text, size_t len, const char *name, struct fw_secret_key *out, struct fw_diags *ds);
int fw_keys_parse(const char *text, size_t len, const char *name, struct fw_public_keys *out, struct fw_diags *ds);
/* Overwrites a secret key. */
void fw_key_forget(struct fw_secret_key *secret);

void fw_key_sign(const struct fw_secret_key *key, const void *bytes, size_t len, unsigned char signature[FW_SIGNATURE]);
bool fw_key_signed(const struct fw_public_key *key, const void *bytes, size_t len,
		   const unsigned char signature[FW_SIGNATURE]);

#endif
