// SPDX-License-Identifier: GPL-2.0-only
/* Keys and signatures: the lines of key files, and libsodium's Ed25519. */
#include "fw/fleet/key.h"

#include <sodium.h>
#include <string.h>

#define PUBLIC_WORD "fw-public-key"
#define SECRET_WORD "fw-secret-key"
#define TYPE_WORD "ed25519"

_Static_assert(sizeof(((struct fw_public_key *)0)->bytes) == crypto_sign_ed25519_PUBLICKEYBYTES, "size of public keys");
_Static_assert(sizeof(((struct fw_secret_key *)0)->bytes) == crypto_sign_ed25519_SECRETKEYBYTES, "size of secret keys");
_Static_assert(FW_SIGNATURE == crypto_sign_ed25519_BYTES, "size of signatures");

/* A line of a key file, split at blanks. */
struct line {
	struct {
		const char *s;
		size_t len;
	} word[3], rest;
	struct fw_place at;
	const char *text;
};

static void set_id(const unsigned char public[crypto_sign_ed25519_PUBLICKEYBYTES], char id[FW_KEY_ID + 1])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, public, crypto_sign_ed25519_PUBLICKEYBYTES);
	sodium_bin2hex(id, FW_KEY_ID + 1, hash, FW_KEY_ID / 2);
}

int fw_key_make(struct fw_secret_key *secret, struct fw_public_key *public)
{
	if (sodium_init() < 0)
		return -EIO;
	*public = (struct fw_public_key){ 0 };
	crypto_sign_ed25519_keypair(public->bytes, secret->bytes);
	set_id(public->bytes, public->id);
	memcpy(secret->id, public->id, sizeof(secret->id));
	return 0;
}

void fw_key_public(const struct fw_secret_key *secret, struct fw_public_key *public)
{
	*public = (struct fw_public_key){ 0 };
	crypto_sign_ed25519_sk_to_pk(public->bytes, secret->bytes);
	memcpy(public->id, secret->id, sizeof(public->id));
}

void fw_key_forget(struct fw_secret_key *secret)
{
	sodium_memzero(secret, sizeof(*secret));
}

/* The encoded bytes are erased from the stack, because they may be secret. */
static void print_line(struct fw_buf *b, const char *word, const unsigned char *bytes, size_t len)
{
	char text[sodium_base64_ENCODED_LEN(crypto_sign_ed25519_SECRETKEYBYTES, sodium_base64_VARIANT_ORIGINAL)];

	sodium_bin2base64(text, sizeof(text), bytes, len, sodium_base64_VARIANT_ORIGINAL);
	fw_buf_printf(b, "%s " TYPE_WORD " ", word);
	fw_buf_word(b, text);
	sodium_memzero(text, sizeof(text));
}

void fw_key_print_public(struct fw_buf *b, const struct fw_public_key *key)
{
	print_line(b, PUBLIC_WORD, key->bytes, sizeof(key->bytes));
	fw_buf_printf(b, "%s%s\n", *key->comment ? " " : "", key->comment);
}

void fw_key_print_secret(struct fw_buf *b, const struct fw_secret_key *key)
{
	print_line(b, SECRET_WORD, key->bytes, sizeof(key->bytes));
	fw_buf_word(b, "\n");
}

static bool blank(char ch)
{
	return ch == ' ' || ch == '\t' || ch == '\r';
}

/* Splits a line. Return: has it any words, other than a comment? */
static bool split(struct line *l, const char *s, const char *end)
{
	l->text = s;
	for (unsigned i = 0; i < 3; i++) {
		while (s < end && blank(*s))
			s++;
		l->word[i].s = s;
		while (s < end && !blank(*s))
			s++;
		l->word[i].len = (size_t)(s - l->word[i].s);
	}
	while (s < end && blank(*s))
		s++;
	while (end > s && blank(end[-1]))
		end--;
	l->rest.s = s;
	l->rest.len = (size_t)(end - s);
	return l->word[0].len && *l->word[0].s != '#';
}

/* The place of a word, for diagnostics. */
static struct fw_place place(const struct line *l, const char *word)
{
	return (struct fw_place){ l->at.file, l->at.line, (unsigned)(word - l->text) + 1 };
}

static bool word_is(const struct line *l, unsigned i, const char *s)
{
	return l->word[i].len == strlen(s) && !memcmp(l->word[i].s, s, l->word[i].len);
}

/* Decodes the key of a line `WORD ed25519 BASE64`, of exactly @size bytes. Says nothing of its text, which may be secret. */
static int read_key(const struct line *l, const char *word, unsigned char *bytes, size_t size, struct fw_diags *ds)
{
	size_t len;

	if (!word_is(l, 0, word)) {
		bool other = word_is(l, 0, PUBLIC_WORD) || word_is(l, 0, SECRET_WORD);

		return fw_diag_add(ds, place(l, l->word[0].s),
				   other ? "a pair has a file for each of its halves" : NULL,
				   "a line with a key begins with `%s " TYPE_WORD "`", word);
	}
	if (!word_is(l, 1, TYPE_WORD))
		return fw_diag_add(ds, place(l, l->word[1].s), "make a pair with `fwctl keys make`",
				   "the type of a key is " TYPE_WORD);
	if (sodium_base642bin(bytes, size, l->word[2].s, l->word[2].len, NULL, &len, NULL,
			      sodium_base64_VARIANT_ORIGINAL) ||
	    len != size)
		return fw_diag_add(ds, place(l, l->word[2].s), "copy the whole line", "a key is %zu bytes in base64",
				   size);
	return 0;
}

/* A comment is shown as it is, so it has only what can be shown. */
static int read_comment(const struct line *l, char out[64], struct fw_diags *ds)
{
	for (size_t i = 0, n; i < l->rest.len; i += n) {
		n = fw_utf8_shown(l->rest.s + i, l->rest.len - i);
		if (!n)
			return fw_diag_add(ds, place(l, l->rest.s + i), NULL, "a comment is plain text");
	}
	if (l->rest.len > 63)
		return fw_diag_add(ds, place(l, l->rest.s), NULL, "a comment has at most 63 bytes");
	memcpy(out, l->rest.s, l->rest.len);
	out[l->rest.len] = '\0';
	return 0;
}

static int read_public(const struct line *l, struct fw_public_keys *keys, struct fw_diags *ds)
{
	struct fw_public_key key = { 0 };

	if (read_key(l, PUBLIC_WORD, key.bytes, sizeof(key.bytes), ds) || read_comment(l, key.comment, ds))
		return -EINVAL;
	if (!crypto_core_ed25519_is_valid_point(key.bytes))
		return fw_diag_add(ds, place(l, l->word[2].s), "copy the whole line", "these bytes are no public key");
	if (keys->n == FW_KEYS_MAX)
		return fw_diag_add(ds, l->at, NULL, "a host trusts at most %d keys", FW_KEYS_MAX);
	set_id(key.bytes, key.id);
	keys->key[keys->n++] = key;
	return 0;
}

/* The second half of the bytes is the public key; another one would make signatures that nobody can check. */
static int read_secret(const struct line *l, struct fw_secret_key *key, struct fw_diags *ds)
{
	unsigned char public[crypto_sign_ed25519_PUBLICKEYBYTES], pair[crypto_sign_ed25519_SECRETKEYBYTES];
	int same;

	if (read_key(l, SECRET_WORD, key->bytes, sizeof(key->bytes), ds))
		return -EINVAL;
	if (l->rest.len)
		return fw_diag_add(ds, place(l, l->rest.s), NULL, "a secret key has no comment");
	crypto_sign_ed25519_seed_keypair(public, pair, key->bytes);
	same = sodium_memcmp(pair, key->bytes, sizeof(pair));
	sodium_memzero(pair, sizeof(pair));
	if (same)
		return fw_diag_add(ds, place(l, l->word[2].s), "copy the whole line", "these bytes are no secret key");
	set_id(public, key->id);
	return 0;
}

/* The next line with words. NULL: there is none. Return: where to go on. */
static const char *next_line(struct line *l, const char *text, const char *end)
{
	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const char *line_end = newline ? newline : end;

		l->at.line++;
		if (split(l, text, line_end))
			return newline ? newline + 1 : end;
		text = newline ? newline + 1 : end;
	}
	return NULL;
}

int fw_keys_parse(const char *text, size_t len, const char *name, struct fw_public_keys *out, struct fw_diags *ds)
{
	struct line l = { .at = { .file = name } };
	struct fw_public_keys keys = { .n = 0 };
	const char *end = text + len;
	int err = 0;

	while ((text = next_line(&l, text, end)))
		if (read_public(&l, &keys, ds))
			err = -EINVAL;
	if (!err && !keys.n)
		return fw_diag_add(ds, (struct fw_place){ .file = name }, "make a pair with `fwctl keys make`",
				   "there is no key in it");
	if (!err)
		*out = keys;
	return err;
}

int fw_key_parse_secret(const char *text, size_t len, const char *name, struct fw_secret_key *out, struct fw_diags *ds)
{
	fw_cleanup(fw_key_forget) struct fw_secret_key key = { .id = "" };
	struct line l = { .at = { .file = name } };
	const char *end = text + len;
	int err = 0;

	while (!err && (text = next_line(&l, text, end)))
		err = *key.id ? fw_diag_add(ds, l.at, NULL, "a file has one secret key") : read_secret(&l, &key, ds);
	if (!err && !*key.id)
		return fw_diag_add(ds, (struct fw_place){ .file = name }, "make a pair with `fwctl keys make`",
				   "there is no key in it");
	if (!err)
		*out = key;
	return err;
}

void fw_key_sign(const struct fw_secret_key *key, const void *bytes, size_t len, unsigned char signature[FW_SIGNATURE])
{
	crypto_sign_ed25519_detached(signature, NULL, bytes, len, key->bytes);
}

bool fw_key_signed(const struct fw_public_key *key, const void *bytes, size_t len,
		   const unsigned char signature[FW_SIGNATURE])
{
	return !crypto_sign_ed25519_verify_detached(signature, bytes, len, key->bytes);
}
