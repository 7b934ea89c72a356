// SPDX-License-Identifier: GPL-2.0-only
/* Compares the daemon's answers with the model. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/compile.h"
#include "fw/kern.h"
#include "fw/oracle.h"
#include "tests/unit/random.h"

/* Prints both texts from the first line that differs. */
static void show_difference(const char *got, const char *want)
{
	size_t line = 0;

	for (size_t i = 0; got[i] && got[i] == want[i]; i++)
		if (got[i] == '\n')
			line = i + 1;
	printf("the daemon has, from there on:\n%.3000s\nand not:\n%.3000s\n", got + line, want + line);
	fflush(stdout);
}

char *model_text(const struct fw_ruleset *rs)
{
	struct fw_buf b = { 0 };

	fw_text_print(&b, rs);
	assert_false(b.failed);
	return b.text;
}

char *model_daemon_text(int fd)
{
	struct answer a;
	char *text;

	ask(fd, FW_REQ_SAVE, "{}", NULL, 0, &a);
	text = fw_take(a.text.text);
	answer_free(&a);
	return text ? text : strdup("");
}

/* `list` and `save` agree. */
static void check_list(const struct fw_ruleset *rs, int fd)
{
	const struct fw_rule *r = rs->first;
	struct answer a;
	json_t *o;
	size_t i;

	ask(fd, FW_REQ_LIST, "{\"counters\":false}", NULL, 0, &a);
	json_array_foreach(a.lines, i, o)
	{
		const char *name = json_string_value(json_object_get(o, "name"));

		if (!r || (uint64_t)json_integer_value(json_object_get(o, "id")) != r->id ||
		    strcmp(name ? name : "", r->name ? r->name : "") != 0)
			fail_msg("list: rule %zu is %lld, not %llu", i, json_integer_value(json_object_get(o, "id")),
				 r ? (unsigned long long)r->id : 0);
		r = r ? r->next : NULL;
	}
	if (r)
		fail_msg("list: rule %llu is missing", (unsigned long long)r->id);
	answer_free(&a);
}

void model_check_rules(struct model *m, int fd, const struct step *flying)
{
	fw_autofree char *got = model_daemon_text(fd), *before = model_text(m->rs), *after = NULL;

	if (strcmp(got, before) != 0 && flying) {
		model_step(m, flying);
		after = model_text(m->rs);
	}
	if (strcmp(got, after ? after : before) != 0) {
		show_difference(got, before);
		if (after) {
			printf("nor what the change under way makes of it:\n%.3000s\n", flying->text);
			show_difference(got, after);
		}
		fail_msg("the rules are not those that were acknowledged");
	}
	check_list(m->rs, fd);
}

static void bytes_of(const struct random_frame *f, struct fw_buf *out)
{
	for (uint32_t i = 0; i < f->meta.len; i++)
		fw_buf_printf(out, "%02x", f->bytes[i]);
}

/* Asks fwd what it does with a frame, and fails the test unless rule and verdict are those of the oracle. */
static void check_verdict(struct model *m, int fd, const struct random_frame *f)
{
	char args[80];
	struct fw_key key;
	struct answer a;
	const json_t *o;
	const char *verdict;
	uint64_t id, want;
	long index;

	snprintf(args, sizeof(args), "{\"hook\":\"%s\",\"mark\":%u}", fw_hook_name((enum fw_hook)f->meta.hook),
		 f->meta.mark);
	ask(fd, FW_REQ_CLASSIFY, args, f->bytes, f->meta.len, &a);
	o = json_array_get(a.lines, 0);
	verdict = json_string_value(json_object_get(o, "verdict"));
	id = (uint64_t)json_integer_value(json_object_get(json_object_get(o, "rule"), "id"));
	fw_packet_parse(f->bytes, f->bytes + f->meta.len, &f->meta, &key);
	index = fw_oracle(m->rs, &key);
	want = index < 0 ? 0 : m->rs->rules[index]->id;
	if (!verdict || strcmp(verdict, fw_verdict_name(fw_oracle_verdict(m->rs, index, &key))) != 0 || id != want) {
		fw_cleanup(fw_buf_free) struct fw_buf text = { 0 };

		bytes_of(f, &text);
		fail_msg("classify %s %s: %s by rule %llu, not %llu", args, text.text, verdict ? verdict : "nothing",
			 (unsigned long long)id, (unsigned long long)want);
	}
	answer_free(&a);
}

void model_check_verdicts(struct model *m, int fd, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct random_frame f;

		random_frame(m->rs, &f);
		random_frame_plain(&f);
		check_verdict(m, fd, &f);
	}
}

/* The expected count of a rule or a policy. */
static struct fw_count expected(const struct model *m, const char *rule, const char *policy)
{
	struct fw_count sum = { 0, 0 };

	for (int i = 0; i < NFLOWS; i++) {
		const struct flow_info *f = &flow_info[i];
		uint64_t n = traffic_sent((enum flow)i) - (i == FLOW_ONCE ? m->once_gone : 0);

		if ((rule && f->rule && !strcmp(rule, f->rule)) || (policy && f->policy && !strcmp(policy, f->policy)))
			sum = (struct fw_count){ sum.packets + n, sum.bytes + n * traffic_bytes((enum flow)i) };
	}
	return sum;
}

static uint64_t check_count(const struct model *m, const json_t *o)
{
	const char *rule = json_string_value(json_object_get(o, "name"));
	const char *policy = json_string_value(json_object_get(o, "policy"));
	struct fw_count want = expected(m, rule, policy);
	struct fw_count got = { (uint64_t)json_integer_value(json_object_get(o, "packets")),
				(uint64_t)json_integer_value(json_object_get(o, "bytes")) };

	if (got.packets != want.packets || got.bytes != want.bytes)
		fail_msg("counter of %s '%s': %llu packets %llu bytes, not %llu packets %llu bytes",
			 policy ? "policy" : "rule", policy ? policy : json_string_value(json_object_get(o, "text")),
			 (unsigned long long)got.packets, (unsigned long long)got.bytes,
			 (unsigned long long)want.packets, (unsigned long long)want.bytes);
	return got.packets;
}

void model_check_counters(const struct model *m, int fd)
{
	static const char *const what[] = { "{\"what\":\"rules\"}", "{\"what\":\"policy\"}" };
	uint64_t sum = m->once_gone, sent = 0;

	for (int i = 0; i < 2; i++) {
		struct answer a;
		json_t *o;
		size_t k;

		ask(fd, FW_REQ_LIST, what[i], NULL, 0, &a);
		json_array_foreach(a.lines, k, o) sum += check_count(m, o);
		answer_free(&a);
	}
	for (int i = 0; i < NFLOWS; i++)
		sent += traffic_sent((enum flow)i);
	if (sum != sent)
		fail_msg("all counters: %llu packets, not the %llu that were sent", (unsigned long long)sum,
			 (unsigned long long)sent);
}
