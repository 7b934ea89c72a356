// SPDX-License-Identifier: GPL-2.0-only
/* The HTTP server: libmicrohttpd's options and callbacks. */
#include "web.h"

#include "address.h"
#include "answer.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTION_MEMORY 65536 /* bytes for headers, and for a piece of the answer */
#define STACK 262144
#define SPARE 64 /* connections beyond the limit, whose threads have not noticed yet that they were cut off */
#define FILE_BYTES_MAX (1u << 20)

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	return info ? info->socket_context : NULL;
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct web *w = cls;
	const union MHD_ConnectionInfo *info;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		connections_close(&w->connections, *context);
		return;
	}
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	*context = info ? connections_open(&w->connections, info->connect_fd) : NULL;
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode code)
{
	struct web *w = cls;
	struct connection *c = connection_of(mhd);

	if (!c)
		return;
	connections_scrape_end(&w->connections, c);
	connections_reading(&w->connections, c, false);
}

static bool has_body(struct MHD_Connection *mhd)
{
	const char *length = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return (length && strcmp(length, "0")) ||
	       MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, MHD_HTTP_HEADER_TRANSFER_ENCODING);
}

/* Called when the header is complete, where requests are refused, and again when the request is. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_size, void **context)
{
	struct web *w = cls;
	const struct target t = target_of(url);
	struct request r = { w, connection_of(mhd), mhd, t.path, method, version };

	if (!r.connection)
		return MHD_NO;
	if (!*context) {
		*context = w;
		if (!answer_method(method))
			return answer_text(mhd, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD only");
		if (has_body(mhd))
			return answer_text(mhd, MHD_HTTP_BAD_REQUEST, "the request must not have a body");
		return answer_host(&r, &t);
	}
	connections_reading(&w->connections, r.connection, true);
	return answer_request(&r);
}

/* Keeps what the library logs while it starts, which is why it fails. Later it only logs what clients do wrong. */
static void on_log(void *cls, const char *fmt, va_list ap)
{
	struct web *w = cls;

	if (pthread_equal(pthread_self(), w->starter))
		vsnprintf(w->complaint, sizeof(w->complaint), fmt, ap);
}

static int read_file(const char *path, char **out, struct fw_diags *ds)
{
	size_t len;
	int err = fw_file_read(path, FW_FILE_ANY, FILE_BYTES_MAX, out, &len);

	if (err)
		fw_diag_add(ds, (struct fw_place){ path, 0, 0 },
			    err == -EACCES ? "for the service, see TLS in man fw-exporter" : NULL, "cannot be read: %s",
			    strerror(-err));
	return err;
}

static int read_tls(struct web *w, struct fw_diags *ds)
{
	int err = 0;

	if (!w->settings->tls_cert[0])
		return 0;
	if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
		return fw_diag_add(ds, (struct fw_place){ 0 }, NULL, "libmicrohttpd was built without TLS");
	err = read_file(w->settings->tls_cert, &w->cert, ds);
	if (!err)
		err = read_file(w->settings->tls_key, &w->key, ds);
	return err;
}

/* Starts libmicrohttpd. Return: 0, or -errno with a diagnostic. */
static int start(struct web *w, int fd, struct fw_diags *ds)
{
	const struct settings *c = w->settings;
	unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
			 MHD_USE_ERROR_LOG | (w->cert ? MHD_USE_TLS : 0);
	struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, w->cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, w->key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1" },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	w->starter = pthread_self();
	w->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, on_request, w, MHD_OPTION_EXTERNAL_LOGGER, on_log, w, MHD_OPTION_LISTEN_SOCKET,
		fd, MHD_OPTION_NOTIFY_CONNECTION, on_connection, w, MHD_OPTION_NOTIFY_COMPLETED, on_completed, w,
		MHD_OPTION_CONNECTION_LIMIT, c->clients_max + SPARE, MHD_OPTION_CONNECTION_TIMEOUT, c->timeout,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY, MHD_OPTION_THREAD_STACK_SIZE,
		(size_t)STACK, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, w->cert ? tls : none, MHD_OPTION_END);
	if (w->daemon)
		return 0;
	w->complaint[strcspn(w->complaint, "\n")] = '\0';
	return fw_diag_add(ds, (struct fw_place){ 0 }, w->cert ? "do --tls-cert and --tls-key belong together?" : NULL,
			   "the HTTP server does not start: %s", w->complaint);
}

int web_start(struct web *w, const struct settings *c, int fd, struct fw_diags *ds)
{
	int err;

	*w = (struct web){ .settings = c };
	hosts_init(&w->hosts, c->host, address_is_unix(fd));
	err = connections_init(&w->connections, c->clients_max, c->timeout);
	if (err) {
		close(fd);
		return err;
	}
	err = read_tls(w, ds);
	if (!err)
		err = start(w, fd, ds);
	if (err) {
		close(fd);
		web_stop(w);
	}
	return err;
}

void web_stop(struct web *w)
{
	connections_stop(&w->connections);
	if (w->daemon)
		MHD_stop_daemon(w->daemon);
	free(w->cert);
	free(w->key);
	connections_fini(&w->connections);
}
