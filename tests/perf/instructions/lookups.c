// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookups in user space, as many as are wanted and nothing that depends on time:
 * what counts instructions runs this. Needs only the library, also that of older revisions.
 */
#include "fw/tables.h"
#include "fw/table/packet.h"
#include "fw/text.h"

#include <string.h>

struct keys {
	struct fw_key *v;
	size_t n, cap;
};

static int key_add(struct keys *keys, struct fw_ruleset *rs, const struct fw_frame *frame)
{
	struct fw_meta meta = {
		.hook = frame->hook, .iface = FW_IFACE_OTHER, .mark = frame->mark, .len = frame->wire_len
	};
	struct fw_key key;

	if (frame->iface[0]) {
		int number = fw_ruleset_iface(rs, frame->iface);

		if (number < 0)
			return number;
		meta.iface = (uint32_t)number;
	}
	fw_packet_parse(frame->data, frame->data + frame->len, &meta, &key);
	return fw_vec_push(keys->v, keys->n, keys->cap, key);
}

static int keys_read(const char *path, struct fw_ruleset *rs, struct fw_diags *ds, struct keys *out)
{
	static struct fw_frame frame;
	struct fw_trace *file = NULL;
	int err = fw_trace_open(path, FW_FORMAT_RULES, ds, &file), got;

	while (!err && (got = fw_trace_next(file, ds, &frame)))
		err = got < 0 ? got : key_add(out, rs, &frame);
	fw_trace_close(file);
	return err ? err : out->n ? 0 : -ENODATA;
}

/* Counts are written after each walk: each is a part of its own. */
static __attribute__((noinline)) int walk(const struct fw_pool *pool, uint32_t root, bool flow_cache,
					  const struct keys *keys, size_t lookups)
{
	struct fw_classifier *c;
	uint64_t sum = 0;
	int err = fw_classifier_new(pool, flow_cache, &c);

	if (err)
		return err;
	fw_classifier_publish(c, root, 1);
	for (size_t i = 0; i < lookups; i++)
		sum += fw_classifier_result(c, &keys->v[i % keys->n]).slot;
	fw_classifier_free(c);
	__asm__ volatile("" : : "r"(sum));
	return 0;
}

static int run(char **argv, struct fw_ruleset **rs, struct fw_pool **pool, struct fw_image *image, struct keys *keys,
	       struct fw_diags *ds)
{
	size_t lookups = strtoul(argv[3], NULL, 10);
	int err = fw_text_load(argv[1], FW_FORMAT_RULES, rs, ds);

	if (!err)
		err = keys_read(argv[2], *rs, ds, keys);
	if (!err)
		err = fw_pool_new(pool);
	if (!err)
		err = fw_tables_compile(*rs, *pool, NULL, ds, image);
	for (int cache = 0; !err && cache < 2; cache++)
		err = walk(*pool, image->root, cache, keys, lookups);
	return err;
}

int main(int argc, char **argv)
{
	struct fw_ruleset *rs = NULL;
	struct fw_pool *pool = NULL;
	struct fw_image image = { 0 };
	struct keys keys = { 0 };
	static struct fw_diags ds;
	char text[1024];

	if (argc != 4) {
		fprintf(stderr,
			"usage: lookups RULES TRACE LOOKUPS\n"
			"  So many over the packets of the trace, over and over; then as many with the flow cache.\n");
		return 2;
	}
	int err = run(argv, &rs, &pool, &image, &keys, &ds);

	for (unsigned i = 0; i < ds.n; i++)
		fprintf(stderr, "lookups: %s\n", fw_diag_format(&ds.d[i], text, sizeof(text)));
	if (err && !ds.n)
		fprintf(stderr, "lookups: %s\n", strerror(-err));
	fw_image_free(&image);
	fw_pool_free(pool);
	fw_ruleset_free(rs);
	free(keys.v);
	return err ? 1 : 0;
}
