// SPDX-License-Identifier: GPL-2.0-only
/* fwctl classify without --rules: fwd answers. */
#include "classify.h"
#include "classify_packets.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/request.h"

#include <string.h>

struct session {
	const struct ctl_settings *settings;
	struct fw_client *client;
	enum ctl_exit code; /* the worst so far */
};

/* An array of the answer. */
static void print_rules(const json_t *o, const char *what)
{
	const json_t *rule;
	size_t i;

	json_array_foreach(json_object_get(o, what), i, rule)
	{
		printf("  %-8s %s\n", i ? "" : what, ctl_field_text(rule, "text"));
	}
}

static int print_answer(void *ctx, json_t *o)
{
	const json_t *rule = json_object_get(o, "rule");
	const char *verdict = ctl_field_text(o, "verdict");

	if (((struct session *)ctx)->settings->json)
		return ctl_json_print(json_incref(o));
	printf("%s: %s\n", ctl_field_text(o, "packet"), verdict);
	print_rules(o, "counted");
	if (json_is_object(rule))
		printf("  by       %s\n", ctl_field_text(rule, "text"));
	else
		ctl_classify_print_policy(ctl_field_text(o, "reason"), verdict);
	print_rules(o, "through");
	return 0;
}

static void ask(struct session *ss, struct ctl_request *request)
{
	request->kind = FW_REQ_CLASSIFY;
	request->line = print_answer;
	request->ctx = ss;
	if (ctl_request_send(ss->client, request, NULL) != CTL_OK)
		ss->code = CTL_FAILED;
}

static void ask_text(void *ctx, const char *text)
{
	struct ctl_source source = { .text = text, .len = strlen(text) };
	struct ctl_request request = { .args = json_pack("{so}", "packet", ctl_json_text(text)), .sources = &source };

	ask(ctx, &request);
}

static void ask_frame(void *ctx, const struct fw_frame *frame)
{
	struct session *ss = ctx;
	struct fw_part bytes = { (const char *)frame->data, frame->len };
	struct ctl_request request = { .args = json_pack("{ss}", "hook", "in"), .parts = &bytes, .nparts = 1 };

	if (frame->len == frame->wire_len) {
		ask(ss, &request);
		return;
	}
	json_decref(request.args);
	ctl_error("cannot classify a packet of %u bytes: the capture holds only the first %u", frame->wire_len,
		  frame->len);
	ss->code = CTL_FAILED;
}

int ctl_classify_fwd(const struct ctl_settings *s, int n, char **packets)
{
	static const struct ctl_packet_ops ops = { ask_text, ask_frame };
	struct session ss = { .settings = s };

	ss.code = ctl_connect(s, &ss.client);
	if (ss.code != CTL_OK)
		return ss.code;
	if (ctl_packets_each(s, n, packets, &ops, &ss))
		ss.code = CTL_FAILED;
	fw_client_close(ss.client);
	if (s->json && ss.code == CTL_OK)
		ctl_json_print(json_pack("{sb}", "ok", 1));
	return ss.code;
}
