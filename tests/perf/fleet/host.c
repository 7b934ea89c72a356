// SPDX-License-Identifier: GPL-2.0-only
/* What the agent asks of a simulated host. */
#include "host.h"

#include <string.h>

#define KEPT_MAX 65536 /* files up to this size are kept: the agent's state and manifests */
#define STATUS_SECONDS 0.0005

struct kept_file {
	struct kept_file *next;
	char name[96];
	size_t len;
	char bytes[];
};

/* fwd: what is live, and what an undo would bring back. */
struct fake_fwd {
	uint64_t version;
	char live[LOCAL_TEXT], before[LOCAL_TEXT]; /* names of rulesets */
	char waiting[LOCAL_TEXT], undone[LOCAL_TEXT];
	double until; /* by when what waits has to be confirmed */
};

struct host {
	struct local local; /* first */
	struct sim *sim;
	struct probes probes;
	struct folder folder;
	struct fw_http *http;
	struct fw_etcd *etcd;
	struct agent *agent;
	struct fake_fwd fwd;
	struct local_request asked;
	char asked_name[LOCAL_TEXT];
	struct fw_timer answer, probe;
	void (*probed)(void *ctx, uint32_t failed);
	void *probe_ctx;
	struct kept_file *files;
	double applied, confirmed;
	char name[32];
};

static void undo(struct fake_fwd *f)
{
	memcpy(f->live, f->before, sizeof(f->live));
	memcpy(f->undone, f->waiting, sizeof(f->undone));
	f->waiting[0] = '\0';
	f->version++;
}

/* Is it @name that waits? It is `load NAME` or `batch NAME`. */
static bool waits(const struct fake_fwd *f, const char *name)
{
	const char *blank = strchr(f->waiting, ' ');

	return blank && !strcmp(blank + 1, name);
}

static int take(struct host *h, struct local_answer *a)
{
	struct fake_fwd *f = &h->fwd;
	const struct local_request *r = &h->asked;

	if (r->check) {
		a->differs = strcmp(f->live, h->asked_name) != 0;
		return 0;
	}
	memcpy(f->before, f->live, sizeof(f->before));
	memcpy(f->live, h->asked_name, sizeof(f->live));
	f->version++;
	f->until = fw_now() + r->confirm;
	if (r->confirm)
		snprintf(f->waiting, sizeof(f->waiting), "%s %.200s", r->kind == LOCAL_LOAD ? "load" : "batch",
			 h->asked_name);
	h->applied = fw_now();
	return 0;
}

static int decide(struct host *h, bool confirm)
{
	struct fake_fwd *f = &h->fwd;

	if (!waits(f, h->asked_name))
		return -ENOENT;
	if (!confirm) {
		undo(f);
		return 0;
	}
	f->waiting[0] = f->undone[0] = '\0';
	h->confirmed = fw_now();
	return 0;
}

/* fwd has answered. */
static void answer(struct fw_timer *t)
{
	struct host *h = (struct host *)((char *)t - offsetof(struct host, answer));
	struct fake_fwd *f = &h->fwd;
	struct local_answer a = { .started = 1, .memory = 64ull << 30 };

	if (f->waiting[0] && fw_now() > f->until)
		undo(f);
	if (h->asked.kind == LOCAL_LOAD || h->asked.kind == LOCAL_CHANGE)
		a.err = take(h, &a);
	if (h->asked.kind == LOCAL_CONFIRM || h->asked.kind == LOCAL_UNDO)
		a.err = decide(h, h->asked.kind == LOCAL_CONFIRM);
	a.version = f->version;
	a.rules = f->live[0] != '\0';
	memcpy(a.waiting, f->waiting, sizeof(a.waiting));
	memcpy(a.undone, f->undone, sizeof(a.undone));
	h->asked.done(h->asked.ctx, &a);
}

static int start(struct local *l, const struct local_request *r)
{
	struct host *h = (struct host *)l;
	double seconds = r->kind == LOCAL_LOAD   ? h->sim->load :
			 r->kind == LOCAL_CHANGE ? h->sim->change :
						   STATUS_SECONDS;

	h->asked = *r;
	snprintf(h->asked_name, sizeof(h->asked_name), "%.200s", r->name ? r->name : "");
	return fw_timer_set(h->http, &h->answer, seconds);
}

static void forget(struct local *l)
{
	struct host *h = (struct host *)l;

	fw_timer_stop(h->http, &h->answer);
}

/* All targets are always reached. */
static void probe_rings(struct fw_timer *t)
{
	struct host *h = (struct host *)((char *)t - offsetof(struct host, probe));

	h->probed(h->probe_ctx, 0);
}

static int probe_start(struct probes *p, void (*done)(void *ctx, uint32_t failed), void *ctx)
{
	struct host *h = (struct host *)((char *)p - offsetof(struct host, probes));

	h->probed = done;
	h->probe_ctx = ctx;
	return fw_timer_set(h->http, &h->probe, STATUS_SECONDS);
}

static void probe_stop(struct probes *p)
{
	struct host *h = (struct host *)((char *)p - offsetof(struct host, probes));

	fw_timer_stop(h->http, &h->probe);
}

static const char *probe_name(struct probes *p, unsigned target)
{
	return "none";
}

static struct host *host_of(struct folder *f)
{
	return (struct host *)((char *)f - offsetof(struct host, folder));
}

static struct kept_file **find(struct host *h, const char *name)
{
	struct kept_file **at = &h->files;

	while (*at && strcmp((*at)->name, name) != 0)
		at = &(*at)->next;
	return at;
}

static int folder_read(struct folder *f, const char *name, size_t max, char **text, size_t *len)
{
	const struct kept_file *file = *find(host_of(f), name);
	char *copy;

	if (!file || file->len > max)
		return file ? -EFBIG : -ENOENT;
	copy = malloc(file->len + 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, file->bytes, file->len);
	copy[file->len] = '\0';
	*text = copy;
	*len = file->len;
	return 0;
}

static void folder_remove(struct folder *f, const char *name)
{
	struct kept_file **at = find(host_of(f), name), *file = *at;

	if (!file)
		return;
	*at = file->next;
	free(file);
}

static int folder_write(struct folder *f, const char *name, const void *bytes, size_t len)
{
	struct host *h = host_of(f);
	struct kept_file *file;

	folder_remove(f, name);
	if (len > KEPT_MAX)
		return 0;
	file = malloc(sizeof(*file) + len);
	if (!file)
		return -ENOMEM;
	snprintf(file->name, sizeof(file->name), "%s", name);
	memcpy(file->bytes, bytes, len);
	file->len = len;
	file->next = h->files;
	h->files = file;
	return 0;
}

static void folder_list(struct folder *f, void (*each)(void *ctx, const char *name), void *ctx)
{
	for (const struct kept_file *file = host_of(f)->files, *next; file; file = next) {
		char name[sizeof(file->name)];

		next = file->next;
		memcpy(name, file->name, sizeof(name));
		each(ctx, name);
	}
}

void host_close(struct host *h)
{
	if (!h)
		return;
	agent_close(h->agent);
	fw_etcd_close(h->etcd);
	fw_http_close(h->http);
	while (h->files)
		folder_remove(&h->folder, h->files->name);
	free(h);
}

int host_open(struct sim *sim, unsigned number, struct host **out)
{
	struct host *h = calloc(1, sizeof(*h));
	struct fw_diags ds = { .n = 0 };
	struct agent_setup setup = { .config = sim->config, .keys = &sim->keys, .now = fw_now };
	int err = h ? fw_http_open(sim->loop, "fleetbench", &h->http) : -ENOMEM;

	if (!err)
		err = fw_etcd_open(h->http, &sim->etcd, &h->etcd, &ds);
	if (err) {
		host_close(h);
		return err;
	}
	h->sim = sim;
	h->local = (struct local){ start, forget };
	h->probes = (struct probes){ probe_start, probe_stop, probe_name };
	h->folder = (struct folder){ folder_read, folder_write, folder_remove, folder_list };
	h->answer.ring = answer;
	h->probe.ring = probe_rings;
	snprintf(h->name, sizeof(h->name), "host-%05u", number);
	setup.host = h->name;
	setup.http = h->http;
	setup.etcd = h->etcd;
	setup.local = &h->local;
	setup.probes = &h->probes;
	setup.folder = &h->folder;
	err = agent_open(&setup, &h->agent);
	if (err)
		host_close(h);
	else
		*out = h;
	return err;
}

void host_reset(struct host *h)
{
	h->applied = h->confirmed = 0;
}

double host_applied(const struct host *h)
{
	return h->applied;
}

double host_confirmed(const struct host *h)
{
	return h->confirmed;
}

const struct agent_status *host_status(const struct host *h)
{
	return agent_status(h->agent);
}
