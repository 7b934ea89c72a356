// SPDX-License-Identifier: GPL-2.0-only
/* The HTTP server as a whole, under the sanitizers: requests, clients that stop halfway, and shutdown in the middle of pages. */
#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_fwd.h"
#include "ctl/exporter/http/address.h"
#include "ctl/exporter/http/web.h"

#define CLOSE_MS 60000 /* within which a connection must be closed */
#define RULES 60000    /* for a page larger than what is made at once, and than socket buffers */

static struct web web;
static struct settings settings;
static struct fake_fwd fwd;
static struct fw_buf reply;
static struct sockaddr_storage address;

static void start(unsigned clients_max, unsigned timeout)
{
	struct fw_diags ds = { .n = 0 };
	socklen_t len = sizeof(address);
	int fd;

	settings = (struct settings){ .address = "" };
	fw_settings_defaults(&settings_table, &settings);
	settings.port = 0;
	settings.clients_max = clients_max;
	settings.timeout = timeout;
	snprintf(settings.host, sizeof(settings.host), "metrics.example.org");
	snprintf(settings.socket, sizeof(settings.socket), "%s", fwd.path);
	snprintf(settings.pins, sizeof(settings.pins), "/nonexistent");
	fd = address_listen(&settings, &ds);
	assert_true(fd >= 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(web_start(&web, &settings, fd, &ds), 0);
}

/* @rules: of the reply. */
static void begin(unsigned rules, unsigned clients_max, unsigned timeout)
{
	struct fw_buf text = { 0 };
	char end[64];

	for (unsigned i = 1; i <= rules; i++)
		fw_buf_printf(&text, "%u %u %u accept - - -\n", i, i * 2, i * 300);
	snprintf(end, sizeof(end), "{\"ok\":true,\"shown\":{\"count\":%u}}", rules);
	fake_message(&reply, FW_REPLY_LINES, "{\"version\":\"1\"}\n", NULL);
	for (int pass = 1; rules && pass <= 2; pass++)
		fake_message(&reply, FW_REPLY_TEXT, pass == 1 ? "{\"pass\":1}" : "{\"pass\":2}", text.text);
	fake_message(&reply, FW_REPLY_END, end, NULL);
	fw_buf_free(&text);
	fake_fwd_start(&fwd, reply.text, reply.len, false);
	start(clients_max, timeout);
}

static void finish(void)
{
	web_stop(&web);
	fake_fwd_stop(&fwd);
	fw_buf_free(&reply);
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(struct sockaddr_in)), 0);
	return fd;
}

/* Connects from another address of this machine. */
static int dial_from(const char *from)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, from, &a.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(struct sockaddr_in)), 0);
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Everything until the other end closes; free() it. */
static char *hear(int fd, size_t *len)
{
	struct fw_buf b = { 0 };
	char piece[65536];
	ssize_t n;

	while ((n = recv(fd, piece, sizeof(piece), 0)) > 0)
		fw_buf_add(&b, piece, (size_t)n);
	close(fd);
	*len = b.len;
	return b.text ? b.text : calloc(1, 1);
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"

#define GET_OF(host) "GET / HTTP/1.1\r\nHost: " host "\r\nConnection: close\r\n\r\n"

static void requests(void **state)
{
	static const struct {
		const char *request, *want; /* the beginning of the answer */
		const char *also;           /* what it contains too */
	} rows[] = {
		{ GET("/metrics") "\r\n", "HTTP/1.1 200 ", "\nfw_controller_up 1\n" },
		{ GET("/metrics") "Accept: application/openmetrics-text\r\n\r\n", "HTTP/1.1 200 ", "\n# EOF\n" },
		{ GET("/metrics") "Accept-Encoding: gzip\r\n\r\n", "HTTP/1.1 200 ", "Content-Encoding: gzip\r\n" },
		{ GET("/healthz") "\r\n", "HTTP/1.1 200 ", "\r\n\r\nok\nfwd: up\n" },
		{ GET("/") "\r\n", "HTTP/1.1 200 ", "<a href=\"/metrics\">" },
		{ GET("/nosuch") "\r\n", "HTTP/1.1 404 ", "/metrics" },
		{ "HEAD /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "HTTP/1.1 200 ",
		  "text/plain" },
		{ "POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n", "HTTP/1.1 405 ",
		  "Allow: GET, HEAD\r\n" },
		{ "PUT / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 405 ", "GET" },
		{ "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 400 ", "body" },
		{ "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "fw-exporter" },
		{ "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "" },
		{ "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 421 ",
		  "'evil.example' is not a name" },
		{ "GET /healthz HTTP/1.0\r\nHost: evil.example:9479\r\n\r\n", "HTTP/1.1 421 ", "--host" },
		{ "GET /metrics HTTP/1.1\r\nHost:\r\n\r\n", "HTTP/1.1 421 ", "" },
		{ "GET /metrics HTTP/1.1\r\nHost: \x1b[2J\xff\r\n\r\n", "HTTP/1.1 421 ", "'\\x1b[2J\\xff' is" },
		{ "GET / HTTP/1.1\r\nHost: localhost\r\nhost: localhost\r\n\r\n", "HTTP/1.1 400 ", "one Host" },
		{ "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n", "HTTP/1.1 400 ", "one Host" },
		{ "GET http://localhost/healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
		  "HTTP/1.1 200 ", "fwd: up" },
		{ "GET http://evil.example/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", "HTTP/1.1 421 ",
		  "evil.example" },
		{ "GET http://[::1]:80 HTTP/1.0\r\n\r\n", "HTTP/1.1 200 ", "<a href" },
		{ GET_OF("metrics.example.org:80"), "HTTP/1.1 200 ", "fw-exporter" },
		{ GET_OF("203.0.113.9"), "HTTP/1.1 200 ", "fw-exporter" },
		{ "\r\n\r\n \r\n\r\n", "", "" },
		{ "GET / HTTP/1.1\r\nHost: localhost\r\nA b\r\n\r\n", "HTTP/1.1 ", "" },
	};

	begin(3, 10, 5);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int fd = dial();
		char *text;
		size_t len;

		say(fd, rows[i].request);
		shutdown(fd, SHUT_WR);
		text = hear(fd, &len);
		if (strncmp(text, rows[i].want, strlen(rows[i].want)) != 0 || !strstr(text, rows[i].also))
			fail_msg("row %zu: %s", i, text);
		free(text);
	}
	finish();
}

/* Three requests on one connection. */
static void one_connection(void **state)
{
	char *text, *at;
	size_t len;
	int fd;

	begin(3, 10, 5);
	fd = dial();
	say(fd, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nosuch HTTP/1.1\r\nHost: localhost\r\n\r\n" GET(
			"/healthz") "\r\n");
	text = hear(fd, &len);
	at = strstr(text, "HTTP/1.1 200 ");
	at = at ? strstr(at, "HTTP/1.1 404 ") : NULL;
	at = at ? strstr(at, "HTTP/1.1 200 ") : NULL;
	assert_non_null(at);
	free(text);
	finish();
}

static void long_pages(void **state)
{
	char *text;
	size_t len;
	int fd;

	begin(RULES, 10, 10);
	fd = dial();
	say(fd, GET("/metrics") "\r\n");
	text = hear(fd, &len);
	assert_non_null(strstr(text, "Transfer-Encoding: chunked\r\n"));
	assert_string_equal(text + len - 7, "\r\n0\r\n\r\n");
	assert_non_null(strstr(text, "{id=\"60000\",name=\"\",verdict=\"accept\"} 120000\n"));
	free(text);
	fd = dial();
	say(fd, "GET /metrics HTTP/1.0\r\n\r\n");
	text = hear(fd, &len);
	assert_non_null(strstr(text, " 505 "));
	free(text);
	finish();
}

/* A page that is cut short has no last chunk. */
static void page_cut_short(void **state)
{
	char *text;
	size_t len;
	int fd;

	begin(RULES, 10, 10);
	fwd.len = reply.len - 10;
	fd = dial();
	say(fd, GET("/metrics") "\r\n");
	text = hear(fd, &len);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	assert_null(strstr(text, "\r\n0\r\n\r\n"));
	free(text);
	finish();
}

static bool closed(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&p, 1, ms) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

/* The last of them keeps sending. */
static void assert_time_over(const int *fds, int n)
{
	for (int i = 0, tries = 0; i < n; tries++) {
		send(fds[n - 1], "x", 1, MSG_NOSIGNAL);
		connections_sweep(&web.connections);
		i += closed(fds[i], 100);
		assert_true(tries < CLOSE_MS / 100);
	}
}

/* Beyond the limit the connection that has waited longest is closed; then those over their time limit, however busy. */
static void idle_connections(void **state)
{
	int fds[8];

	begin(3, 4, 2);
	for (int i = 0; i < 8; i++) {
		fds[i] = dial();
		say(fds[i], "GET / HT");
		usleep(20000);
	}
	for (int i = 0; i < 4; i++)
		assert_true(closed(fds[i], CLOSE_MS));
	assert_time_over(fds + 4, 4);
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	finish();
}

/* The server stops although clients do not read their pages, or wait for their turn. */
static void end_in_the_middle(void **state)
{
	int fds[8];

	begin(RULES, 20, 3600);
	for (int i = 0; i < 8; i++) {
		fds[i] = dial();
		say(fds[i], GET("/metrics") "\r\n");
	}
	usleep(300000);
	finish();
	for (int i = 0; i < 8; i++)
		close(fds[i]);
}

/* Clients that do not read make room for one that does. */
static void unread_pages(void **state)
{
	int fds[2 * CONNECTIONS_SCRAPES], fd;
	char *text;
	size_t len;

	begin(RULES, 20, 3600);
	for (int i = 0; i < 2 * CONNECTIONS_SCRAPES; i++) {
		fds[i] = dial();
		say(fds[i], GET("/metrics") "\r\n");
	}
	usleep(100000);
	fd = dial();
	say(fd, GET("/metrics") "\r\n");
	text = hear(fd, &len);
	assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	assert_string_equal(text + len - 7, "\r\n0\r\n\r\n");
	free(text);
	for (int i = 0; i < 2 * CONNECTIONS_SCRAPES; i++)
		close(fds[i]);
	finish();
}

/* @n connections from one address that ask for a page and do not read it. */
static void crowd(int *fds, int n, const char *from)
{
	for (int i = 0; i < n; i++) {
		fds[i] = dial_from(from);
		say(fds[i], GET("/metrics") "\r\n");
	}
}

static void hear_page(int fd)
{
	size_t len;
	char *text = hear(fd, &len);

	assert_int_equal(strncmp(text, "HTTP/1.1 200 ", 13), 0);
	free(text);
}

/* However many connections an address has, and whatever it does with them, another address gets its page. */
static void one_address(void **state)
{
	int fds[90], again[10];

	begin(RULES, 100, 3600);
	crowd(fds, 90, "127.0.0.2");
	usleep(100000);
	for (int i = 0; i < 3; i++) {
		int fd = dial_from("127.0.0.3");

		say(fd, GET("/metrics") "\r\n");
		hear_page(fd);
	}
	/* All connections are taken, by clients that are busy. */
	for (int i = 0; i < 5; i++) {
		int fd;

		crowd(again, 10, "127.0.0.2");
		fd = dial_from("127.0.0.4");
		say(fd, GET("/healthz") "\r\n");
		hear_page(fd);
		for (int k = 0; k < 10; k++)
			close(again[k]);
	}
	for (int i = 0; i < 90; i++)
		close(fds[i]);
	finish();
}

static void clients_that_go(void **state)
{
	begin(RULES, 20, 10);
	for (int i = 0; i < 60; i++) {
		int fd = dial();

		say(fd, i % 3 ? GET("/metrics") "\r\n" : GET("/metrics"));
		usleep((useconds_t)(i % 5) * 2000);
		close(fd);
	}
	finish();
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),         cmocka_unit_test(one_connection),
		cmocka_unit_test(long_pages),       cmocka_unit_test(page_cut_short),
		cmocka_unit_test(idle_connections), cmocka_unit_test(end_in_the_middle),
		cmocka_unit_test(unread_pages),     cmocka_unit_test(one_address),
		cmocka_unit_test(clients_that_go),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
