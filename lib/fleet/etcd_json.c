// SPDX-License-Identifier: GPL-2.0-only
/* One reader for all kinds of answers, and the writers of requests. */
#include "etcd_json.h"

#include <jansson.h>
#include <sodium.h>
#include <string.h>

/* A number as etcd writes it: a string, or a number, or left out. */
static uint64_t number(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);
	const char *s = json_string_value(v);

	return s ? strtoull(s, NULL, 10) : json_is_integer(v) ? (uint64_t)json_integer_value(v) : 0;
}

static const char *text_copy(struct etcd_reply *r, const json_t *v)
{
	return json_is_string(v) ? fw_region_strdup(&r->texts, json_string_value(v), json_string_length(v)) : NULL;
}

/* Decodes base64, of bytes without NUL. A member that is left out is empty. */
static int bytes(struct etcd_reply *r, const json_t *v, const char **out)
{
	size_t len = json_string_length(v), n;
	char *to;

	if (v && !json_is_string(v))
		return -EPROTO;
	to = fw_region_alloc(&r->texts, len / 4 * 3 + 1);
	if (!to)
		return -ENOMEM;
	if (v && (sodium_base642bin((unsigned char *)to, len / 4 * 3, json_string_value(v), len, NULL, &n, NULL,
				    sodium_base64_VARIANT_ORIGINAL) ||
		  memchr(to, 0, n)))
		return -EPROTO;
	*out = to;
	return 0;
}

static int add_pair(struct etcd_reply *r, const json_t *kv, bool deleted)
{
	struct fw_etcd_pair p = { .modified = number(kv, "mod_revision"), .lease = number(kv, "lease") };
	int err = json_is_object(kv) ? bytes(r, json_object_get(kv, "key"), &p.key) : -EPROTO;

	if (!err && !deleted)
		err = bytes(r, json_object_get(kv, "value"), &p.value);
	return err ? err : fw_vec_push(r->pairs, r->n, r->cap, p);
}

static int add_range(struct etcd_reply *r, const json_t *o)
{
	const json_t *kv;
	size_t i;
	int err = 0;

	json_array_foreach(json_object_get(o, "kvs"), i, kv) err = err ? err : add_pair(r, kv, false);
	r->more = json_is_true(json_object_get(o, "more"));
	return err;
}

static int add_responses(struct etcd_reply *r, const json_t *o)
{
	const json_t *response;
	size_t i;
	int err = 0;

	json_array_foreach(json_object_get(o, "responses"), i, response)
		err = err ? err : add_range(r, json_object_get(response, "response_range"));
	return err;
}

static int add_events(struct etcd_reply *r, const json_t *o)
{
	const json_t *event;
	size_t i;
	int err = 0;

	json_array_foreach(json_object_get(o, "events"), i, event)
	{
		const char *type = json_string_value(json_object_get(event, "type"));

		err = err ? err : add_pair(r, json_object_get(event, "kv"), type && !strcmp(type, "DELETE"));
	}
	return err;
}

/* {"error":TEXT,"code":N,"message":TEXT}, or in a stream {"error":{"grpc_code":N,"message":TEXT}}. */
static void add_error(struct etcd_reply *r, const json_t *o)
{
	const json_t *error = json_object_get(o, "error");
	bool nested = json_is_object(error);

	r->code = (int)number(nested ? error : o, nested ? "grpc_code" : "code");
	r->message = text_copy(r, nested ? json_object_get(error, "message") : error);
	if (!r->code)
		r->code = ETCD_UNAVAILABLE;
}

static int add_result(struct etcd_reply *r, const json_t *o)
{
	uint64_t revision = number(json_object_get(o, "header"), "revision");
	int err = json_is_object(json_object_get(o, "header")) ? 0 : -EPROTO;

	r->revision = revision ? revision : r->revision;
	r->lease = number(o, "ID");
	r->ttl = number(o, "TTL");
	r->succeeded = json_is_true(json_object_get(o, "succeeded"));
	r->created = json_is_true(json_object_get(o, "created"));
	r->canceled = json_is_true(json_object_get(o, "canceled"));
	r->token = text_copy(r, json_object_get(o, "token"));
	r->message = text_copy(r, json_object_get(o, "cancel_reason"));
	err = err ? err : add_range(r, o);
	err = err ? err : add_responses(r, o);
	return err ? err : add_events(r, o);
}

int etcd_reply_add(struct etcd_reply *r, const char *text, size_t len)
{
	json_t *root = json_loadb(text, len, 0, NULL);
	const json_t *result = json_object_get(root, "result");
	int err = 0;

	if (json_object_get(root, "error"))
		add_error(r, root);
	else
		err = add_result(r, result ? result : root);
	json_decref(root);
	return err;
}

void etcd_reply_free(struct etcd_reply *r)
{
	fw_region_free(&r->texts);
	free(r->pairs);
	*r = (struct etcd_reply){ 0 };
}

static void put_bytes(struct fw_buf *b, const char *data, size_t len)
{
	size_t size = sodium_base64_ENCODED_LEN(len, sodium_base64_VARIANT_ORIGINAL);
	fw_autofree char *text = malloc(size);

	if (!text) {
		b->failed = true;
		return;
	}
	sodium_bin2base64(text, size, (const unsigned char *)data, len, sodium_base64_VARIANT_ORIGINAL);
	fw_buf_printf(b, "\"%s\"", text);
}

static void put_string(struct fw_buf *b, const char *s)
{
	put_bytes(b, s, strlen(s));
}

void etcd_put_credentials(struct fw_buf *b, const char *user, const char *password)
{
	json_t *o = json_pack("{s:s, s:s}", "name", user, "password", password);
	char *text = o ? json_dumps(o, 0) : NULL;

	if (text)
		fw_buf_word(b, text);
	else
		b->failed = true;
	free(text);
	json_decref(o);
}

/* The first key after all that begin with @prefix: its last byte plus one. */
static void put_prefix_end(struct fw_buf *b, const char *prefix)
{
	fw_autofree char *end = strdup(prefix);

	if (!end) {
		b->failed = true;
		return;
	}
	end[strlen(end) - 1]++;
	put_string(b, end);
}

void etcd_put_range(struct fw_buf *b, const char *key)
{
	fw_buf_word(b, "{\"key\":");
	put_string(b, key);
	fw_buf_word(b, "}");
}

void etcd_put_page(struct fw_buf *b, const char *prefix, const char *after, unsigned limit, uint64_t revision)
{
	fw_buf_word(b, "{\"key\":");
	/* The next key after another is that one with its NUL. */
	put_bytes(b, after ? after : prefix, after ? strlen(after) + 1 : strlen(prefix));
	fw_buf_word(b, ",\"range_end\":");
	put_prefix_end(b, prefix);
	fw_buf_printf(b, ",\"limit\":\"%u\",\"revision\":\"%llu\"}", limit, (unsigned long long)revision);
}

static void put_operation(struct fw_buf *b, const struct fw_etcd_put *p)
{
	fw_buf_printf(b, "{\"%s\":{\"key\":", p->value ? "request_put" : "request_delete_range");
	put_string(b, p->key);
	if (p->value) {
		fw_buf_word(b, ",\"value\":");
		put_string(b, p->value);
		fw_buf_printf(b, ",\"lease\":\"%llu\"", (unsigned long long)p->lease);
	}
	fw_buf_word(b, "}}");
}

void etcd_put_txn(struct fw_buf *b, const struct fw_etcd_if *ifs, unsigned nifs, const struct fw_etcd_put *puts,
		  unsigned nputs)
{
	fw_buf_word(b, "{\"compare\":[");
	for (unsigned i = 0; i < nifs; i++) {
		fw_buf_word(b, i ? ",{\"key\":" : "{\"key\":");
		put_string(b, ifs[i].key);
		fw_buf_printf(b, ",\"target\":\"MOD\",\"mod_revision\":\"%llu\",\"result\":\"EQUAL\"}",
			      (unsigned long long)ifs[i].modified);
	}
	fw_buf_word(b, "],\"success\":[");
	for (unsigned i = 0; i < nputs; i++) {
		fw_buf_word(b, i ? "," : "");
		put_operation(b, &puts[i]);
	}
	fw_buf_word(b, "]}");
}

void etcd_put_reads(struct fw_buf *b, const char *const *keys, unsigned n)
{
	fw_buf_word(b, "{\"success\":[");
	for (unsigned i = 0; i < n; i++) {
		fw_buf_word(b, i ? ",{\"request_range\":" : "{\"request_range\":");
		etcd_put_range(b, keys[i]);
		fw_buf_word(b, "}");
	}
	fw_buf_word(b, "]}");
}

void etcd_put_watch(struct fw_buf *b, const char *key, uint64_t revision)
{
	fw_buf_word(b, "{\"create_request\":{\"key\":");
	put_string(b, key);
	fw_buf_printf(b, ",\"start_revision\":\"%llu\"}}", (unsigned long long)revision);
}
