// SPDX-License-Identifier: GPL-2.0-only
#include "bring.h"

#include "kept.h"

#include "fw/fleet/snapshot.h"

#include <string.h>

#define FETCH_SECONDS 900 /* of all of it */
#define STALLED_SECONDS 30
#define ONCE_MORE 2 /* failures after which other bytes than were signed count as a refusal */

/* Other bytes than the name says. They may be right next time: a cache was damaged, or a file is just being copied. */
static void bring_again(struct agent *a, enum agent_error kind, const char *why)
{
	if (a->failures >= ONCE_MORE && a->attempt.stage)
		agent_state(a, FW_REPORT_REFUSED, "%s", why);
	agent_later(a, kind, "%s", why);
}

/* The manifest's text: is it right? Return: false: these are other bytes. */
static bool take_manifest(struct agent *a, const char *text, size_t len)
{
	struct bring *b = &a->bring;
	struct fw_sha256 hash;
	char why[256] = "";
	int err;

	fw_sha256_of(text, len, &hash);
	if (strcmp(hash.hex, b->generation.manifest.hex))
		return false;
	err = fw_manifest_read(text, len, b->known ? NULL : a->setup.keys, &b->manifest, why);
	b->manifest.self.manifest = hash;
	if (!err && b->manifest.self.number != b->generation.number) {
		err = -EPROTO;
		snprintf(why, sizeof(why), "the head names generation %llu, but its manifest is of generation %llu",
			 (unsigned long long)b->generation.number, (unsigned long long)b->manifest.self.number);
	}
	if (err)
		b->manifest.self.number = 0;
	b->done(a, err, why);
	return true;
}

/* The same for an object's bytes. */
static int take_object(struct agent *a, const char *bytes, size_t len, char why[256])
{
	struct bring *b = &a->bring;
	int err;

	free(b->bytes);
	b->bytes = NULL;
	err = fw_object_open(&b->object, bytes, len, &b->bytes, why);
	return err;
}

static void manifest_came(struct agent *a, const struct fw_http_answer *answer)
{
	if (take_manifest(a, answer->body, answer->len))
		kept_write(a, KEPT_MANIFEST, &a->bring.generation.manifest, answer->body, answer->len);
	else
		bring_again(a, AGENT_ERROR_MANIFEST, "the web server's manifest is not the one that the head names");
}

static void object_came(struct agent *a, const struct fw_http_answer *answer)
{
	struct bring *b = &a->bring;
	char why[256] = "";
	int err = take_object(a, answer->body, answer->len, why);

	if (err == -EBADMSG) {
		bring_again(a, AGENT_ERROR_OBJECT, why);
		return;
	}
	if (err) {
		agent_later(a, AGENT_ERROR_MEMORY, "no memory for the ruleset: %s", strerror(-err));
		return;
	}
	if (kept_write(a, KEPT_OBJECT, &b->object.sha256, answer->body, answer->len) &&
	    !strcmp(b->object.sha256.hex, b->manifest.snapshot.sha256.hex))
		a->record.held = b->manifest.self;
	b->done(a, 0, "");
}

static void came(void *ctx, const struct fw_http_answer *answer)
{
	struct agent *a = ctx;

	a->bring.call = NULL;
	agent_ready(a);
	if (answer->err == -EFBIG)
		bring_again(a, a->bring.generation.number ? AGENT_ERROR_MANIFEST : AGENT_ERROR_OBJECT,
			    "the web server's file is larger than what was signed");
	else if (answer->err || answer->status != 200)
		agent_later(a, AGENT_ERROR_FETCH, "cannot fetch %s: %s", a->bring.url, answer->why);
	else if (a->bring.generation.number)
		manifest_came(a, answer);
	else
		object_came(a, answer);
}

static void fetch(struct agent *a, size_t max)
{
	const struct fw_http_request request = { .url = a->bring.url,
						 .identity = &a->identity,
						 .timeout = FETCH_SECONDS,
						 .stalled = STALLED_SECONDS,
						 .max = max,
						 .done = came,
						 .ctx = a };

	if (fw_http_start(a->setup.http, &request, &a->bring.call)) {
		a->bring.call = NULL;
		agent_later(a, AGENT_ERROR_MEMORY, "out of memory");
		return;
	}
	a->waiting = true;
}

/* From the folder, or from head, which was polled. */
static bool manifest_is_here(struct agent *a)
{
	const struct fw_sha256 *hash = &a->bring.generation.manifest;
	fw_autofree char *text = NULL;
	size_t len;

	if (!kept_read(a, KEPT_MANIFEST, hash, FW_MANIFEST_MAX, &text, &len) && take_manifest(a, text, len))
		return true;
	if (!a->head || !take_manifest(a, a->head, a->head_len))
		return false;
	kept_write(a, KEPT_MANIFEST, hash, a->head, a->head_len);
	return true;
}

static void bring(struct agent *a, const struct fw_generation *g, bool known, bring_done *done)
{
	struct bring *b = &a->bring;

	b->generation = *g;
	b->known = known;
	b->done = done;
	agent_wake(a, 0);
	if (manifest_is_here(a))
		return;
	snprintf(b->url, sizeof(b->url), "%s/manifest/%s", a->url, g->manifest.hex);
	fetch(a, FW_MANIFEST_MAX);
}

void bring_manifest(struct agent *a, const struct fw_generation *g, bring_done *done)
{
	bring(a, g, false, done);
}

void bring_known_manifest(struct agent *a, const struct fw_generation *g, bring_done *done)
{
	bring(a, g, true, done);
}

static bool object_is_here(struct agent *a)
{
	const struct fw_object *o = &a->bring.object;
	fw_autofree char *bytes = NULL;
	char why[256];
	size_t len;

	if (kept_read(a, KEPT_OBJECT, &o->sha256, o->bytes, &bytes, &len))
		return false;
	if (!take_object(a, bytes, len, why))
		return true;
	agent_log(a, "the file of an object in the agent's state is damaged: %s", why);
	kept_remove(a, KEPT_OBJECT, &o->sha256);
	return false;
}

void bring_object(struct agent *a, const struct fw_object *o, bring_done *done)
{
	struct bring *b = &a->bring;

	b->generation = (struct fw_generation){ .number = 0 };
	b->object = *o;
	b->done = done;
	agent_wake(a, 0);
	if (object_is_here(a)) {
		done(a, 0, "");
		return;
	}
	snprintf(b->url, sizeof(b->url), "%s/object/%s.zst", a->url, o->sha256.hex);
	fetch(a, o->bytes);
}

void bring_cancel(struct agent *a)
{
	struct bring *b = &a->bring;

	if (b->call) {
		fw_http_cancel(b->call);
		b->call = NULL;
		agent_ready(a);
	}
	free(b->bytes);
	b->bytes = NULL;
}
