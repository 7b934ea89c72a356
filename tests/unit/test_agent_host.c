// SPDX-License-Identifier: GPL-2.0-only
/* What an agent has of its host: fwd by its socket, probes of real targets, a folder on the disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <cmocka.h>

#include "ctl/agent/folder.h"
#include "ctl/agent/local_fwd.h"
#include "ctl/agent/prober.h"
#include "fw/fleet/snapshot.h"
#include "tests/unit/fake_fwd.h"
#include "tests/unit/tree.h"

static struct fw_loop loop;
static struct local_answer got;
static uint32_t failed;

static void answered(void *ctx, const struct local_answer *a)
{
	got = *a;
	loop.end = true;
}

/* Asks a fwd that says @lines and then @end. */
static void ask(const char *lines, const char *end, const struct local_request *request)
{
	fw_cleanup(fw_buf_free) struct fw_buf b = { 0 };
	struct local_request r = *request;
	struct fake_fwd fwd;
	struct local *l;

	fake_message(&b, FW_REPLY_LINES, lines, NULL);
	fake_message(&b, FW_REPLY_END, end, NULL);
	fake_fwd_start(&fwd, b.text, b.len, false);
	assert_int_equal(fw_loop_open(&loop), 0);
	assert_int_equal(local_fwd_open(&loop, fwd.path, &l), 0);
	r.done = answered;
	assert_int_equal(l->start(l, &r), 0);
	loop.end = false;
	assert_int_equal(fw_loop_run(&loop), 0);
	local_fwd_close(l);
	fw_loop_close(&loop);
	fake_fwd_stop(&fwd);
}

static const char status_lines[] =
	"{\"version\":\"0\",\"started\":1700000000.25,\"edits\":7,\"rules\":3,\"confirm_what\":\"load edge/12/abc\","
	"\"rollback\":{\"what\":\"load edge/11/def\"}}\n"
	"{\"interface\":\"eth0\",\"hook\":\"xdp\",\"accept\":{\"rule\":5,\"policy\":1},\"drop\":{\"rule\":2,\"policy\":1},"
	"\"reject\":{\"rule\":1,\"policy\":0}}\n"
	"{\"policy\":\"in\",\"hooks\":[]}\n";

static void status_of_fwd(void **state)
{
	ask(status_lines, "{\"ok\":true}", &(struct local_request){ .kind = LOCAL_STATUS });
	assert_int_equal(got.err, 0);
	assert_int_equal(got.version, 7);
	assert_true(got.started > 1700000000.2 && got.started < 1700000000.3);
	assert_int_equal(got.rules, 3);
	assert_string_equal(got.waiting, "load edge/12/abc");
	assert_string_equal(got.undone, "load edge/11/def");
	assert_int_equal(got.packets, 10);
	assert_int_equal(got.dropped, 4);
	assert_true(got.memory > 0);
}

/* What an answer to a load of an empty ruleset means. */
static void answers_to_loads(void **state)
{
	static const struct {
		const char *end;
		int err;
		const char *why;
	} rows[] = {
		{ "{\"ok\":true,\"edits\":8}", 0, "" },
		{ "{\"ok\":false,\"error\":\"not done\",\"diags\":[{\"file\":\"f\",\"line\":3,\"message\":\"no\"}]}",
		  -EINVAL, "f, line 3: no" },
		{ "{\"ok\":false,\"error\":\"you may not\",\"denied\":true}", -EACCES, "you may not" },
		{ "{\"ok\":false,\"error\":\"busy: try again\"}", -EBUSY, "busy: try again" },
	};
	struct fw_part text = { "", 0 };
	fw_autofree void *bytes = NULL;
	size_t len;

	assert_int_equal(fw_snapshot_pack(&text, 1, &bytes, &len), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ask("", rows[i].end,
		    &(struct local_request){ .kind = LOCAL_LOAD, .name = "edge/1/a", .bytes = bytes, .len = len });
		assert_int_equal(got.err, rows[i].err);
		assert_string_equal(got.why, rows[i].why);
	}
	ask("", "{\"ok\":true}",
	    &(struct local_request){ .kind = LOCAL_LOAD, .name = "x", .bytes = "no snapshot", .len = 11 });
	assert_int_equal(got.err, -EINVAL);
}

static void comparisons(void **state)
{
	static const struct {
		const char *end;
		bool differs;
	} rows[] = {
		{ "{\"ok\":true,\"added\":0,\"kept\":5,\"sets\":{\"created\":0},\"elements\":{\"added\":0}}", false },
		{ "{\"ok\":true,\"added\":1}", true },
		{ "{\"ok\":true,\"policies\":1}", true },
		{ "{\"ok\":true,\"sets\":{\"created\":0,\"destroyed\":1}}", true },
		{ "{\"ok\":true,\"elements\":{\"removed\":1}}", true },
	};
	struct fw_part text = { "", 0 };
	fw_autofree void *bytes = NULL;
	size_t len;

	assert_int_equal(fw_snapshot_pack(&text, 1, &bytes, &len), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ask("", rows[i].end,
		    &(struct local_request){
			    .kind = LOCAL_LOAD, .name = "edge/1/a", .bytes = bytes, .len = len, .check = true });
		assert_int_equal(got.err, 0);
		assert_int_equal(got.differs, rows[i].differs);
	}
}

/* What waits is somebody else's: it is neither confirmed nor undone. */
static void only_its_own(void **state)
{
	ask(status_lines, "{\"ok\":true}", &(struct local_request){ .kind = LOCAL_CONFIRM, .name = "edge/13/abc" });
	assert_int_equal(got.err, -ENOENT);
	ask(status_lines, "{\"ok\":true}", &(struct local_request){ .kind = LOCAL_UNDO, .name = "edge/13/abc" });
	assert_int_equal(got.err, -ENOENT);
}

static void no_fwd(void **state)
{
	struct local *l;

	assert_int_equal(fw_loop_open(&loop), 0);
	assert_int_equal(local_fwd_open(&loop, "/nonexistent/fwd.sock", &l), 0);
	assert_int_equal(l->start(l, &(struct local_request){ .kind = LOCAL_STATUS, .done = answered }), 0);
	loop.end = false;
	assert_int_equal(fw_loop_run(&loop), 0);
	assert_int_equal(got.err, -ENOENT);
	assert_int_equal(l->start(l, &(struct local_request){ .kind = LOCAL_STATUS, .done = answered }), 0);
	l->forget(l);
	local_fwd_close(l);
	fw_loop_close(&loop);
}

static void probed(void *ctx, uint32_t f)
{
	failed = f;
	loop.end = true;
}

/* A socket that listens on 127.0.0.1, or only has a port. */
static int listener(bool listens, unsigned *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	assert_true(!listens || !listen(fd, 8));
	*port = ntohs(at.sin_port);
	return fd;
}

static void probes_of_real_targets(void **state)
{
	unsigned open, closed;
	int fds[] = { listener(true, &open), listener(false, &closed) };
	struct fw_probes targets;
	struct fw_http *http;
	struct probes *p;
	char text[128];

	snprintf(text, sizeof(text), "tcp:127.0.0.1:%u tcp:127.0.0.1:%u", open, closed);
	assert_int_equal(fw_probes_parse(text, &targets), 0);
	assert_int_equal(fw_loop_open(&loop), 0);
	assert_int_equal(fw_http_open(&loop, "test", &http), 0);
	assert_int_equal(prober_open(&loop, http, &targets, &p), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(p->start(p, probed, NULL), 0);
		loop.end = false;
		assert_int_equal(fw_loop_run(&loop), 0);
		assert_int_equal(failed, 2);
	}
	assert_string_equal(p->name(p, 1), targets.probe[1].name);
	assert_int_equal(p->start(p, probed, NULL), 0);
	prober_close(p);
	fw_http_close(http);
	fw_loop_close(&loop);
	close(fds[0]);
	close(fds[1]);
}

static void count(void *ctx, const char *name)
{
	(*(int *)ctx)++;
}

static void folder_on_disk(void **state)
{
	char path[] = "/tmp/fw-folder-XXXXXX", begun[64];
	fw_autofree char *text = NULL;
	struct folder_real f;
	int files = 0;
	size_t len;

	assert_non_null(mkdtemp(path));
	snprintf(begun, sizeof(begun), "%s/state.new", path);
	fclose(fopen(begun, "w")); /* of an agent that was killed */
	assert_int_equal(folder_open(path, &f), 0);
	assert_int_not_equal(access(begun, F_OK), 0);
	assert_int_equal(f.folder.read(&f.folder, "state", 100, &text, &len), -ENOENT);
	assert_int_equal(f.folder.write(&f.folder, "state", "one", 3), 0);
	assert_int_equal(f.folder.write(&f.folder, "state", "three", 5), 0);
	assert_int_equal(f.folder.read(&f.folder, "state", 4, &text, &len), -EFBIG);
	assert_int_equal(f.folder.read(&f.folder, "state", 100, &text, &len), 0);
	assert_string_equal(text, "three");
	f.folder.list(&f.folder, count, &files);
	assert_int_equal(files, 1);
	f.folder.remove(&f.folder, "state");
	f.folder.remove(&f.folder, "state");
	folder_close(&f);
	assert_int_equal(folder_open("/nonexistent", &f), -ENOENT);
	tree_empty(path);
	rmdir(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_of_fwd),  cmocka_unit_test(answers_to_loads),
		cmocka_unit_test(comparisons),    cmocka_unit_test(only_its_own),
		cmocka_unit_test(no_fwd),         cmocka_unit_test(probes_of_real_targets),
		cmocka_unit_test(folder_on_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
