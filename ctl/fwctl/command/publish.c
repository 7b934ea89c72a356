// SPDX-License-Identifier: GPL-2.0-only
/* fwctl publish: a ruleset becomes the next generation of a fleet. Nothing refers to it until all of it is there. */
#include "rows.h"
#include "ctl/fwctl/output/diags.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/output/progress.h"
#include "ctl/fwctl/publish/author.h"
#include "ctl/fwctl/publish/generation.h"
#include "ctl/fwctl/publish/keys.h"
#include "ctl/fwctl/publish/snapshot.h"

#include "fw/cost.h"
#include "fw/fleet/config.h"

#include <string.h>
#include <time.h>

#define LLU(x) ((unsigned long long)(x))

static const struct ctl_option *const options[] = { &ctl_opt_publish_to, &ctl_opt_key,    &ctl_opt_fleet,
						    &ctl_opt_parent,     &ctl_opt_author, &ctl_opt_trust,
						    &ctl_opt_config,     &ctl_opt_check,  NULL };

/* All that is known of a publication. */
struct publication {
	const struct ctl_settings *s;
	const char *path;
	struct site site;
	struct fw_fleet_config config;
	struct fw_http_identity identity; /* in @config */
	struct fw_secret_key keys[CTL_KEYS_MAX];
	struct fw_public_keys trusted; /* signers of the head: those of @keys, and of --trust */
	struct fw_manifest head;       /* self.number 0: there is none */
	struct generation parent;      /* likewise */
	struct snapshot snapshot;
	void *object[2]; /* compressed: snapshot and delta */
	struct fw_manifest next;
	struct fw_buf manifest; /* as a file */
};

static void publication_end(struct publication *p)
{
	for (unsigned i = 0; i < CTL_KEYS_MAX; i++)
		fw_key_forget(&p->keys[i]);
	for (unsigned i = 0; i < 2; i++)
		free(p->object[i]);
	fw_buf_free(&p->manifest);
	snapshot_end(&p->snapshot);
	generation_end(&p->parent);
	site_close(&p->site);
	ctl_progress_end();
}

static int read_keys(struct publication *p)
{
	const struct ctl_settings *s = p->s;
	int err = s->trust ? keys_read_public(s->trust, &p->trusted) : 0;

	for (unsigned i = 0; i < s->nkeys && !err; i++) {
		err = keys_read_secret(s->keys[i], &p->keys[i]);
		for (unsigned k = 0; k < i && !err; k++)
			if (!strcmp(p->keys[k].id, p->keys[i].id)) {
				ctl_error("%s and %s hold the same key", s->keys[k], s->keys[i]);
				err = -EINVAL;
			}
		if (!err && p->trusted.n < FW_KEYS_MAX)
			fw_key_public(&p->keys[i], &p->trusted.key[p->trusted.n++]);
	}
	return err;
}

/* Whom to trust, and who we are. Without --config the usual file need not be there. */
static int read_config(struct publication *p)
{
	struct fw_fleet_config *c = &p->config;
	struct fw_diags ds = { .n = 0 };
	int err;

	fw_settings_defaults(&fw_fleet_settings, c);
	err = fw_settings_read(&fw_fleet_settings, c, p->s->config ? p->s->config : FW_FLEET_CONFIG,
			       p->s->config != NULL, &ds);
	if (err)
		ctl_print_failure(&ds, "cannot read the settings", err);
	p->identity = (struct fw_http_identity){ c->ca, c->cert, c->key };
	return err;
}

static int open_site(struct publication *p)
{
	int err = site_open(p->s->target, !p->s->check, &p->site);

	p->site.identity = &p->identity;
	return err;
}

/* The fleet is that of the head; a new one has to be named. */
static int choose_fleet(struct publication *p)
{
	const char *named = p->s->fleet, *was = p->head.fleet;

	if (!p->head.self.number && !named) {
		ctl_error("%s has no ruleset of a fleet yet", p->site.to);
		ctl_hint("name the fleet by --fleet to begin with its first generation, or mend --to");
		return -EINVAL;
	}
	if (named && !fw_fleet_name_valid(named)) {
		ctl_error("--fleet wants up to %d letters, digits, `-`, `_` and `.`", FW_FLEET_NAME);
		return -EINVAL;
	}
	if (named && *was && strcmp(named, was) != 0) {
		ctl_error("%s is of fleet %s, not of %s", p->site.to, was, named);
		return -EINVAL;
	}
	snprintf(p->next.fleet, sizeof(p->next.fleet), "%s", named ? named : was);
	return 0;
}

/* Reads what the new generation follows. */
static int read_parent(struct publication *p)
{
	int err = generation_head(&p->site, &p->trusted, &p->head);

	if (!err)
		err = choose_fleet(p);
	if (err)
		return err;
	p->parent.manifest = p->head;
	if (p->s->parent)
		err = generation_find(&p->site, &p->trusted, &p->head, p->s->parent, &p->parent.manifest);
	if (!err && p->parent.manifest.self.number)
		err = generation_read(&p->site, &p->parent);
	return err;
}

static void set_author(struct publication *p)
{
	if (p->s->author)
		snprintf(p->next.author, sizeof(p->next.author), "%s", p->s->author);
	else
		author_of_this(p->next.author, sizeof(p->next.author));
}

static int compress(struct publication *p)
{
	int err;

	ctl_progress("compressing %zu bytes", p->snapshot.len);
	err = fw_object_make(p->snapshot.bytes, p->snapshot.len, &p->object[0], &p->next.snapshot);
	if (err)
		ctl_print_failure(NULL, "cannot compress it", err);
	return err;
}

/* A delta from the parent, if there is one and it is smaller than the snapshot. */
static int make_delta(struct publication *p)
{
	fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };
	struct fw_object about;
	int err;

	if (!p->parent.parts)
		return 0;
	ctl_progress("comparing with generation %llu", LLU(p->parent.manifest.self.number));
	err = fw_delta_make(p->parent.parts, p->snapshot.parts, &text);
	if (err == -EOPNOTSUPP || (!err && !text.len))
		return 0;
	if (!err)
		err = fw_object_make(text.text, text.len, &p->object[1], &about);
	if (err)
		ctl_print_failure(NULL, "cannot compare it with the parent", err);
	else if (about.bytes < p->next.snapshot.bytes)
		p->next.delta = about;
	return err;
}

/* Is it what the head has already? */
static bool is_published(const struct publication *p)
{
	return p->head.self.number && !strcmp(p->head.snapshot.sha256.hex, p->next.snapshot.sha256.hex);
}

/* The manifest, and its hash in p->next. */
static int sign(struct publication *p)
{
	struct fw_manifest *m = &p->next;

	m->self.number = p->head.self.number + 1;
	m->parent = p->parent.manifest.self;
	m->rules = p->snapshot.rules;
	m->memory = p->snapshot.memory;
	m->worst_packet = p->snapshot.worst_packet;
	m->time = (uint64_t)time(NULL);
	set_author(p);
	fw_manifest_print(&p->manifest, m, p->keys, p->s->nkeys);
	if (p->manifest.failed) {
		ctl_error("--author wants UTF-8");
		return -EINVAL;
	}
	fw_sha256_of(p->manifest.text, p->manifest.len, &m->self.manifest);
	return 0;
}

static int put_object(struct publication *p, unsigned i, const struct fw_object *about)
{
	char name[sizeof("object/.zst") + FW_SHA256_HEX];

	if (!*about->sha256.hex)
		return 0;
	snprintf(name, sizeof(name), "object/%s.zst", about->sha256.hex);
	ctl_progress("writing %s", name);
	return site_put(&p->site, name, p->object[i], about->bytes);
}

/* A server may have taken another head at the same time: the last one stays. */
static int check_head(struct publication *p)
{
	struct fw_manifest now;
	int err = generation_head(&p->site, &p->trusted, &now);

	if (err || !strcmp(now.self.manifest.hex, p->next.self.manifest.hex))
		return err;
	ctl_error("somebody else has published generation %llu at the same time", LLU(now.self.number));
	ctl_hint("publish again, if this ruleset still is the right one");
	return -EBUSY;
}

/* Everything that the head leads to, and the head last: whoever reads meanwhile finds the old generation, whole. */
static int put_all(struct publication *p)
{
	char name[sizeof("manifest/") + FW_SHA256_HEX];
	int err = put_object(p, 0, &p->next.snapshot);

	if (!err)
		err = put_object(p, 1, &p->next.delta);
	snprintf(name, sizeof(name), "manifest/%s", p->next.self.manifest.hex);
	if (!err)
		err = site_put(&p->site, name, p->manifest.text, p->manifest.len);
	if (!err)
		err = site_put(&p->site, "head", p->manifest.text, p->manifest.len);
	return err ? err : check_head(p);
}

static json_t *object_json(const struct fw_object *o)
{
	return json_pack("{ss sI sI}", "sha256", o->sha256.hex, "bytes", (json_int_t)o->bytes, "size",
			 (json_int_t)o->size);
}

static int print_json(const struct publication *p, const struct fw_manifest *m, bool published)
{
	json_t *o = json_pack("{sb so ss sI ss so}", "published", published, "file", fw_json_text(p->path), "fleet",
			      m->fleet, "generation", (json_int_t)m->self.number, "manifest", m->self.manifest.hex,
			      "snapshot", object_json(&m->snapshot));
	json_t *keys = json_array();

	if (m->parent.number)
		json_object_set_new(o, "parent",
				    json_pack("{sI ss}", "generation", (json_int_t)m->parent.number, "manifest",
					      m->parent.manifest.hex));
	if (*m->delta.sha256.hex)
		json_object_set_new(o, "delta", object_json(&m->delta));
	json_object_set_new(o, "rules", json_integer((json_int_t)m->rules));
	json_object_set_new(o, "memory", json_integer((json_int_t)m->memory));
	json_object_set_new(o, "worst_packet", json_real((double)m->worst_packet / 1e9));
	for (unsigned i = 0; i < p->s->nkeys; i++)
		json_array_append_new(keys, json_string(p->keys[i].id));
	json_object_set_new(o, "keys", keys);
	return ctl_json_print(o) ? CTL_FAILED : CTL_OK;
}

#define ROW(...) ctl_print_row(2, 12, __VA_ARGS__)

static void print_object(const char *what, const struct fw_object *o)
{
	char bytes[32], size[32];

	ROW(what, "%s, of %s: object/%s.zst", ctl_bytes(bytes, sizeof(bytes), o->bytes),
	    ctl_bytes(size, sizeof(size), o->size), o->sha256.hex);
}

static void print_text(const struct publication *p)
{
	const struct fw_manifest *m = &p->next;
	char text[32];

	ctl_put(stdout, p->path);
	printf(": generation %llu of fleet %s%s\n", LLU(m->self.number), m->fleet,
	       p->s->check ? " (checked only, nothing has been published)" : "");
	if (m->parent.number)
		ROW("parent", "generation %llu", LLU(m->parent.number));
	ROW("rules", "%llu", LLU(m->rules));
	ROW("memory", "%s", ctl_bytes(text, sizeof(text), m->memory));
	ROW("worst packet", "at most %s", fw_cost_text(1e-9 * (double)m->worst_packet, text, sizeof(text)));
	print_object("snapshot", &m->snapshot);
	if (*m->delta.sha256.hex)
		print_object("delta", &m->delta);
	ROW("manifest", "%s", m->self.manifest.hex);
	for (unsigned i = 0; i < p->s->nkeys; i++)
		ROW(i ? "" : "signed by", "%s", p->keys[i].id);
}

static int finish(struct publication *p)
{
	bool published = is_published(p);

	if (!published && (make_delta(p) || sign(p) || (!p->s->check && put_all(p))))
		return CTL_FAILED;
	ctl_progress_end();
	if (p->s->json)
		return print_json(p, published ? &p->head : &p->next, !published && !p->s->check);
	if (published)
		printf("generation %llu of fleet %s has this ruleset already: nothing to publish\n",
		       LLU(p->head.self.number), p->head.fleet);
	else
		print_text(p);
	return CTL_OK;
}

static int check_usage(const struct ctl_settings *s)
{
	const char *missing = !s->target ? "--to" : !s->nkeys ? "--key" : NULL;

	if (missing) {
		ctl_error("publish: %s is missing", missing);
		ctl_hint("fwctl publish FILE --to DIR-or-URL --key FILE");
	}
	if (s->author && strlen(s->author) >= sizeof(((struct fw_manifest *)0)->author)) {
		ctl_error("publish: --author wants at most %zu bytes", sizeof(((struct fw_manifest *)0)->author) - 1);
		return CTL_USAGE;
	}
	return missing ? CTL_USAGE : CTL_OK;
}

static void publication_freep(struct publication **p)
{
	if (*p)
		publication_end(*p);
	free(*p);
}

static int run(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(publication_freep) struct publication *p = calloc(1, sizeof(*p));

	if (!p || check_usage(s))
		return p ? CTL_USAGE : CTL_FAILED;
	p->s = s;
	p->path = operands[0];
	if (read_keys(p) || read_config(p) || open_site(p) || read_parent(p) ||
	    snapshot_make(p->path, p->parent.rules, &p->snapshot) || compress(p))
		return CTL_FAILED;
	return finish(p);
}

const struct ctl_command ctl_publish = {
	.name = "publish",
	.operands = "FILE",
	.summary = "sign a ruleset and publish it as the next generation of a fleet's",
	.details =
		"Nothing changes on any host: `fwctl rollout` makes the hosts load it. FILE - is standard input; the files of sets\n"
		"are published with it. It is compiled first, as by `fwctl check`, and refused if that fails.\n\n"
		"--to is a folder that a web server serves, or a URL whose server takes PUT. It gets object/SHA256.zst (the\n"
		"snapshot: the whole ruleset, compressed; and the delta: the changes from the parent, if that is smaller),\n"
		"manifest/SHA256, and at last head, which is the only file that is ever replaced. In a folder one program\n"
		"publishes at a time; servers have no lock, but it is found out if somebody else was faster. For a URL, the\n"
		"settings ca, cert and key of --config are used, and ~/.netrc.\n\n"
		"Rules without an id get one in the published text: that of the same rule in the parent, or a new one. A\n"
		"ruleset that the head has already is not published again.\n\n"
		"The parent is the generation that hosts go back to: that of head, unless --parent names an earlier one, as\n"
		"after a rollout that was taken back. The head must be signed by one of the keys that are given by --key or\n"
		"--trust. To change keys, sign with both until every host trusts the new one.\n\n"
		"JSON: published (false: there was nothing to publish, or --check), file, fleet, generation, manifest\n"
		"(SHA-256), parent {generation, manifest}, snapshot and delta {sha256, bytes, size}, rules, memory (bytes),\n"
		"worst_packet (seconds), keys (their ids).\n",
	.options = options,
	.kinds = CTL_KIND_FILE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run,
};
