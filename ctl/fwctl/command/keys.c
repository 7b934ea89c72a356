// SPDX-License-Identifier: GPL-2.0-only
/* fwctl keys: makes and shows the keys that a fleet's rulesets are signed with. */
#include "rows.h"
#include "ctl/fwctl/output/json.h"
#include "ctl/fwctl/output/message.h"
#include "ctl/fwctl/publish/keys.h"

static const struct ctl_option *const no_options[] = { NULL };

/* What shows whose key it is: its id, and the line that trusts it. */
static json_t *key_json(const struct fw_public_key *key, const char *line)
{
	return json_pack("{ss so ss}", "key", key->id, "comment", fw_json_text(key->comment), "public", line);
}

static void print_line(struct fw_buf *b, const struct fw_public_key *key)
{
	fw_key_print_public(b, key);
	if (b->len)
		b->text[b->len - 1] = '\0'; /* its newline */
}

static int run_make(const struct ctl_settings *s, int n, char **operands)
{
	fw_cleanup(fw_buf_free) struct fw_buf line = { 0 };
	struct fw_public_key key;
	json_t *o;

	if (keys_make(operands[0], &key))
		return CTL_FAILED;
	print_line(&line, &key);
	if (!s->json) {
		printf("key %s: %s.key is secret, %s.pub is what hosts trust:\n%s\n", key.id, operands[0], operands[0],
		       line.text);
		return CTL_OK;
	}
	o = key_json(&key, line.text);
	json_object_set_new(o, "secret_file", json_sprintf("%s.key", operands[0]));
	json_object_set_new(o, "public_file", json_sprintf("%s.pub", operands[0]));
	return ctl_json_print(o) ? CTL_FAILED : CTL_OK;
}

static int run_show(const struct ctl_settings *s, int n, char **operands)
{
	struct fw_public_keys keys = { .n = 0 };
	bool secret = false;

	if (keys_read_any(operands[0], &keys, &secret))
		return CTL_FAILED;
	for (unsigned i = 0; i < keys.n; i++) {
		fw_cleanup(fw_buf_free) struct fw_buf line = { 0 };
		json_t *o;

		print_line(&line, &keys.key[i]);
		if (!s->json) {
			printf("# %s%s\n%s\n", keys.key[i].id, secret ? ", of a secret key" : "", line.text);
			continue;
		}
		o = key_json(&keys.key[i], line.text);
		json_object_set_new(o, "secret", json_boolean(secret));
		if (ctl_json_print(o))
			return CTL_FAILED;
	}
	return CTL_OK;
}

const struct ctl_command ctl_keys_make = {
	.name = "keys make",
	.operands = "NAME",
	.summary = "make a pair of keys, which a fleet's rulesets are signed with and checked by",
	.details =
		"NAME.key is the secret half, for `fwctl publish --key`: whoever has it decides what the fleet's hosts filter.\n"
		"Only its owner can read it. NAME.pub is the public half: the line in it goes into the file of trusted keys of\n"
		"each host. Files that are there already are not replaced.\n\n"
		"JSON: key (its id), comment, public (the line of NAME.pub), secret_file, public_file.\n",
	.options = no_options,
	.kinds = CTL_KIND_FILE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_make,
};

const struct ctl_command ctl_keys_show = {
	.name = "keys show",
	.operands = "FILE",
	.summary = "show the ids of keys, and the lines by which hosts trust them",
	.details =
		"FILE has public keys, one a line, or a secret key, whose public half is shown. The output can be used as a\n"
		"file of public keys.\n\n"
		"JSON: an object for each key: key (its id), comment, public (its line), secret (whether FILE is its secret\n"
		"half).\n",
	.options = no_options,
	.kinds = CTL_KIND_FILE,
	.min_operands = 1,
	.max_operands = 1,
	.run = run_show,
};
