// SPDX-License-Identifier: GPL-2.0-only
/* Is standard input JSON objects, one per line, at least one, the last with the given field (ok)? Exit code 0: yes. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	const char *field = argc > 1 ? argv[1] : "ok";
	char *line = NULL;
	size_t cap = 0;
	json_t *last = NULL;
	ssize_t len;
	int code = 1;

	while ((len = getline(&line, &cap, stdin)) > 0) {
		json_error_t error;
		json_t *o = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, &error);

		json_decref(last);
		last = o;
		if (json_is_object(o) && line[len - 1] == '\n' && line[0] == '{')
			continue;
		fprintf(stderr, "jsonl: no object: %.200s: %s\n", line, o ? "" : error.text);
		goto out;
	}
	if (json_object_get(last, field))
		code = 0;
	else
		fprintf(stderr, "jsonl: the last line has no `%s`\n", field);
out:
	json_decref(last);
	free(line);
	return code;
}
