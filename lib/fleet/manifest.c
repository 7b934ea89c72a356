// SPDX-License-Identifier: GPL-2.0-only
/* Manifests: one line of JSON with its signatures, and which of them a host accepts. */
#include "fw/fleet/manifest.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

/* Readers of another format refuse the manifest; members that they do not know are ignored. */
#define FORMAT 1

#define SIGNATURE_BASE64 sodium_base64_ENCODED_LEN(FW_SIGNATURE, sodium_base64_VARIANT_ORIGINAL)
#define LLU(x) ((unsigned long long)(x))

_Static_assert(FW_SHA256_HEX == 2 * crypto_hash_sha256_BYTES, "digits of a hash");

void fw_sha256_of(const void *bytes, size_t len, struct fw_sha256 *out)
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, bytes, len);
	sodium_bin2hex(out->hex, sizeof(out->hex), hash, sizeof(hash));
}

static bool is_hex(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

bool fw_sha256_valid(const char *hex, size_t len)
{
	return len == FW_SHA256_HEX && is_hex(hex, len);
}

bool fw_fleet_name_valid(const char *name)
{
	size_t len = strspn(name, FW_FLEET_NAME_BYTES);

	return len && len <= FW_FLEET_NAME && !name[len];
}

/* Says why. Evaluates to -EPROTO. */
#define no_manifest(why, ...)                    \
	({                                       \
		snprintf(why, 256, __VA_ARGS__); \
		-EPROTO;                         \
	})

static json_t *object_json(const struct fw_object *o)
{
	return json_pack("{ss sI sI}", "sha256", o->sha256.hex, "bytes", (json_int_t)o->bytes, "size",
			 (json_int_t)o->size);
}

/* The object that is signed; NULL: out of memory, or the author is no UTF-8. */
static json_t *manifest_json(const struct fw_manifest *m)
{
	json_t *o =
		json_pack("{si ss sI}", "format", FORMAT, "fleet", m->fleet, "generation", (json_int_t)m->self.number);

	if (m->parent.number)
		json_object_set_new(o, "parent",
				    json_pack("{sI ss}", "generation", (json_int_t)m->parent.number, "manifest",
					      m->parent.manifest.hex));
	json_object_set_new(o, "snapshot", object_json(&m->snapshot));
	if (*m->delta.sha256.hex)
		json_object_set_new(o, "delta", object_json(&m->delta));
	json_object_set_new(o, "rules", json_integer((json_int_t)m->rules));
	json_object_set_new(o, "memory", json_integer((json_int_t)m->memory));
	json_object_set_new(o, "worst_packet", json_integer((json_int_t)m->worst_packet));
	json_object_set_new(o, "time", json_integer((json_int_t)m->time));
	if (json_object_set_new(o, "author", json_string(m->author))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

static void sign(struct fw_buf *b, size_t begin, size_t len, const struct fw_secret_key *key)
{
	unsigned char signature[FW_SIGNATURE];
	char text[SIGNATURE_BASE64];

	fw_key_sign(key, b->text + begin, len, signature);
	sodium_bin2base64(text, sizeof(text), signature, sizeof(signature), sodium_base64_VARIANT_ORIGINAL);
	fw_buf_printf(b, "{\"key\":\"%s\",\"signature\":\"%s\"}\n", key->id, text);
}

void fw_manifest_print(struct fw_buf *b, const struct fw_manifest *m, const struct fw_secret_key *keys, unsigned nkeys)
{
	json_auto_t *o = manifest_json(m);
	fw_autofree char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	size_t begin = b->len, len;

	if (!text) {
		b->failed = true;
		return;
	}
	fw_buf_printf(b, "%s\n", text);
	len = b->len - begin;
	for (unsigned i = 0; i < nkeys && !b->failed; i++)
		sign(b, begin, len, &keys[i]);
}

/* Reads an integer from 0 to @max. */
static int read_number(const json_t *o, const char *name, uint64_t max, uint64_t *out, char why[256])
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_integer(v) || json_integer_value(v) < 0 || (uint64_t)json_integer_value(v) > max)
		return no_manifest(why, "`%s` has to be a whole number from 0 to %llu", name, LLU(max));
	*out = (uint64_t)json_integer_value(v);
	return 0;
}

static int read_hash(const json_t *o, const char *name, struct fw_sha256 *out, char why[256])
{
	const json_t *v = json_object_get(o, name);

	if (!json_is_string(v) || !fw_sha256_valid(json_string_value(v), json_string_length(v)))
		return no_manifest(why, "`%s` has to be a SHA-256 of 64 hexadecimal digits", name);
	memcpy(out->hex, json_string_value(v), sizeof(out->hex));
	return 0;
}

/* A snapshot or delta; @must: there has to be one. */
static int read_object(const json_t *o, const char *name, bool must, struct fw_object *out, char why[256])
{
	const json_t *v = json_object_get(o, name);

	if (!v && !must)
		return 0;
	if (!json_is_object(v))
		return no_manifest(why, "`%s` has to be an object", name);
	if (read_hash(v, "sha256", &out->sha256, why) || read_number(v, "bytes", FW_ARTIFACT_MAX, &out->bytes, why) ||
	    read_number(v, "size", FW_ARTIFACT_MAX, &out->size, why))
		return -EPROTO;
	return out->bytes && out->size ? 0 : no_manifest(why, "`%s` is empty", name);
}

static int read_parent(const json_t *o, struct fw_manifest *m, char why[256])
{
	const json_t *v = json_object_get(o, "parent");

	if (!v)
		return 0;
	if (!json_is_object(v))
		return no_manifest(why, "`parent` has to be an object");
	if (read_number(v, "generation", INT64_MAX, &m->parent.number, why) ||
	    read_hash(v, "manifest", &m->parent.manifest, why))
		return -EPROTO;
	if (!m->parent.number || m->parent.number >= m->self.number)
		return no_manifest(why, "`parent` is not older than generation %llu", LLU(m->self.number));
	return 0;
}

static int read_texts(const json_t *o, struct fw_manifest *m, char why[256])
{
	const char *fleet = json_string_value(json_object_get(o, "fleet"));
	const char *author = json_string_value(json_object_get(o, "author"));

	if (!fleet || !fw_fleet_name_valid(fleet))
		return no_manifest(why, "`fleet` has to be up to %d letters, digits, `-`, `_` and `.`", FW_FLEET_NAME);
	if (!author || strlen(author) >= sizeof(m->author))
		return no_manifest(why, "`author` has to be a text of up to %zu bytes", sizeof(m->author) - 1);
	strcpy(m->fleet, fleet);
	strcpy(m->author, author);
	return 0;
}

static int read_figures(const json_t *o, struct fw_manifest *m, char why[256])
{
	const struct {
		const char *name;
		uint64_t *out;
	} rows[] = {
		{ "rules", &m->rules },
		{ "memory", &m->memory },
		{ "worst_packet", &m->worst_packet },
		{ "time", &m->time },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (read_number(o, rows[i].name, INT64_MAX, rows[i].out, why))
			return -EPROTO;
	return 0;
}

static int read_generation(const json_t *o, struct fw_manifest *m, char why[256])
{
	if (read_number(o, "generation", INT64_MAX, &m->self.number, why))
		return -EPROTO;
	return m->self.number ? read_parent(o, m, why) : no_manifest(why, "generations are numbered from 1");
}

/* Reads the signed line. */
static int read_line(const char *line, size_t len, struct fw_manifest *m, char why[256])
{
	json_error_t error;
	json_auto_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	uint64_t format;

	if (!json_is_object(o))
		return no_manifest(why, "its first line is no JSON object: %s", o ? "another value" : error.text);
	if (read_number(o, "format", UINT32_MAX, &format, why))
		return -EPROTO;
	if (format != FORMAT)
		return no_manifest(why, "it has format %llu, but this program reads format %d", LLU(format), FORMAT);
	if (read_texts(o, m, why) || read_generation(o, m, why) ||
	    read_object(o, "snapshot", true, &m->snapshot, why) || read_object(o, "delta", false, &m->delta, why) ||
	    read_figures(o, m, why))
		return -EPROTO;
	if (*m->delta.sha256.hex && !m->parent.number)
		return no_manifest(why, "it has a delta, but no parent");
	return 0;
}

/* A line after the first one. */
struct signature {
	char key[FW_KEY_ID + 1];
	unsigned char bytes[FW_SIGNATURE];
};

static int read_signature(const char *line, size_t len, struct signature *out, char why[256])
{
	json_auto_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const json_t *key = json_object_get(o, "key"), *text = json_object_get(o, "signature");
	size_t got = 0;

	if (!json_is_string(key) || json_string_length(key) != FW_KEY_ID ||
	    !is_hex(json_string_value(key), FW_KEY_ID) || !json_is_string(text) ||
	    sodium_base642bin(out->bytes, sizeof(out->bytes), json_string_value(text), json_string_length(text), NULL,
			      &got, NULL, sodium_base64_VARIANT_ORIGINAL) ||
	    got != sizeof(out->bytes))
		return no_manifest(why, "after its first line there is something else than a signature");
	memcpy(out->key, json_string_value(key), sizeof(out->key));
	return 0;
}

/* Has a trusted key made this signature of the first line? */
static bool trusted_signed(const struct fw_public_keys *trusted, const struct signature *s, const char *line,
			   size_t len)
{
	for (unsigned i = 0; trusted && i < trusted->n; i++)
		if (!strcmp(trusted->key[i].id, s->key) && fw_key_signed(&trusted->key[i], line, len, s->bytes))
			return true;
	return false;
}

/**
 * read_signatures - all lines after the first one
 * @line: the first line with its newline
 * @len:  bytes of it
 * @size: bytes of the file
 * Return: 0, -EPROTO, -EKEYREJECTED.
 */
static int read_signatures(const char *line, size_t len, size_t size, const struct fw_public_keys *trusted,
			   char why[256])
{
	const char *end = line + size, *next;
	struct signature s = { .key = "" };
	bool good = !trusted;
	unsigned n = 0;

	for (const char *at = line + len; at < end; at = next + 1, n++) {
		next = memchr(at, '\n', (size_t)(end - at));
		if (!next || n == FW_KEYS_MAX)
			return no_manifest(why,
					   next ? "it has more than %d signatures" :
						  "it is cut off (of at most %d signatures)",
					   FW_KEYS_MAX);
		if (read_signature(at, (size_t)(next - at), &s, why))
			return -EPROTO;
		good = good || trusted_signed(trusted, &s, line, len);
	}
	if (!n)
		return no_manifest(why, "it has no signature");
	if (good)
		return 0;
	snprintf(why, 256, "no key that is trusted here has signed it%s%s", n == 1 ? ", but key " : "",
		 n == 1 ? s.key : "");
	return -EKEYREJECTED;
}

int fw_manifest_read(const char *text, size_t len, const struct fw_public_keys *trusted, struct fw_manifest *out,
		     char why[256])
{
	const char *newline = memchr(text, '\n', len);
	struct fw_manifest m = { .fleet = "" };
	size_t line;
	int err;

	if (len > FW_MANIFEST_MAX)
		return no_manifest(why, "it has more than %d bytes", FW_MANIFEST_MAX);
	if (!newline)
		return no_manifest(why, len ? "it is cut off" : "it is empty");
	line = (size_t)(newline - text) + 1;
	/* Nothing of a line that is not signed is looked at. */
	err = read_signatures(text, line, len, trusted, why);
	if (err)
		return err;
	err = read_line(text, line - 1, &m, why);
	if (err)
		return err;
	fw_sha256_of(text, len, &m.self.manifest);
	*out = m;
	return 0;
}

static bool same_generation(const struct fw_generation *a, const struct fw_generation *b)
{
	return a->number == b->number && !strcmp(a->manifest.hex, b->manifest.hex);
}

int fw_manifest_accept(const struct fw_manifest *highest, const struct fw_manifest *next, char why[256])
{
	if (*highest->fleet && strcmp(highest->fleet, next->fleet)) {
		snprintf(why, 256, "it is of fleet %s, and this host is in %s", next->fleet, highest->fleet);
		return -EXDEV;
	}
	if (next->self.number > highest->self.number || same_generation(&next->self, &highest->self) ||
	    (highest->parent.number && same_generation(&next->self, &highest->parent)))
		return 0;
	if (next->self.number == highest->self.number)
		snprintf(why, 256, "it is another generation %llu than the one that this host has accepted",
			 LLU(next->self.number));
	else
		snprintf(why, 256, "generation %llu is older than %llu, and not its parent", LLU(next->self.number),
			 LLU(highest->self.number));
	return -ESTALE;
}
