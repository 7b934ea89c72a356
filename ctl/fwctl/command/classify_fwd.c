// SPDX-License-Identifier: GPL-2.0-only
/* The part of fwctl classify that asks fwd. */
#include "classify.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/request/request.h"

#include "fw/pcap.h"

#include <string.h>

struct session {
	const struct ctl_settings *settings;
	struct fw_client *client;
	enum ctl_exit code; /* the worst so far */
};

static int print_answer(void *ctx, json_t *o)
{
	const json_t *rule = json_object_get(o, "rule");
	const char *verdict = ctl_field_text(o, "verdict"), *policy = ctl_field_text(o, "reason");

	if (((struct session *)ctx)->settings->json)
		return ctl_json_print(json_incref(o));
	printf("%s: %s\n", ctl_field_text(o, "packet"), verdict);
	if (json_is_object(rule))
		printf("  by       %s\n", ctl_field_text(rule, "text"));
	else
		printf("  by       policy %s %s%s\n", policy, verdict,
		       strcmp(policy, "in") && strcmp(policy, "out") ? "" : " (no rule matches)");
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

static void ask_text(struct session *ss, const char *text)
{
	struct ctl_source source = { .text = text, .len = strlen(text) };
	struct ctl_request request = { .args = json_pack("{so}", "packet", ctl_json_text(text)), .sources = &source };

	ask(ss, &request);
}

static void ask_frame(struct session *ss, const struct fw_frame *frame)
{
	struct fw_part bytes = { (const char *)frame->data, frame->len };
	struct ctl_request request = { .args = json_pack("{ss}", "hook", "in"), .parts = &bytes, .nparts = 1 };

	if (frame->len == frame->wire_len) {
		ask(ss, &request);
		return;
	}
	json_decref(request.args);
	ctl_error("a packet of %u bytes cannot be asked about: the capture holds its first %u", frame->wire_len,
		  frame->len);
	ss->code = CTL_FAILED;
}

static void ask_capture(struct session *ss, const char *path)
{
	struct fw_diags ds = { 0 };
	struct fw_pcap *pcap = NULL;
	struct fw_frame frame;
	int got = fw_pcap_open(path, &ds, &pcap);

	while (!got && (got = fw_pcap_next(pcap, &ds, &frame)) == 1) {
		ask_frame(ss, &frame);
		got = 0;
		if (ferror(stdout))
			break;
	}
	fw_pcap_close(pcap);
	if (got < 0) {
		ctl_print_failure(&ds, path, got);
		ss->code = CTL_FAILED;
	}
}

int ctl_classify_live(const struct ctl_settings *s, int n, char **packets)
{
	struct session ss = { .settings = s };

	ss.code = ctl_connect(s, &ss.client);
	if (ss.code != CTL_OK)
		return ss.code;
	for (int i = 0; i < n; i++)
		ask_text(&ss, packets[i]);
	if (s->pcap)
		ask_capture(&ss, s->pcap);
	fw_client_close(ss.client);
	if (s->json && ss.code == CTL_OK)
		ctl_json_print(json_pack("{sb}", "ok", 1));
	return ss.code;
}
