// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/fake_pins.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fw/pinned.h"
#include "tests/unit/tree.h"

#define NCPUS 2
#define MORE 1000

static const char *const hooks[FW_NPROGS] = {
#define FAKE_HOOK(sym, name, hook) [FW_PROG_##sym] = name,
	FW_PROGS(FAKE_HOOK)
#undef FAKE_HOOK
};
static const char *const reasons[FW_NREASONS] = {
#define FAKE_REASON(sym, name, verdict) [FW_R_##sym] = name,
	FW_REASONS(FAKE_REASON)
#undef FAKE_REASON
};

/* The columns of the only chunk, names, and tables of traffic. */
static struct fw_counter column[FW_COUNTER_COLUMNS(NCPUS)][FW_COUNTER_CHUNK];
static struct fw_label_name names[FW_NNAMED][FW_COUNTER_CHUNK];
static struct fw_traffic_table traffic[NCPUS];

static void pin(const char *name, uint32_t size, uint32_t n, const void *values)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_MMAPABLE);
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "fake", sizeof(uint32_t), size, n, &opts);
	char path[128];

	assert_true(fd >= 0);
	for (uint32_t i = 0; values && i < n; i++)
		assert_int_equal(bpf_map_update_elem(fd, &i, (const char *)values + (size_t)i * size, 0), 0);
	snprintf(path, sizeof(path), FAKE_PINS "/" FW_READERS "/%s", name);
	unlink(path);
	assert_int_equal(bpf_obj_pin(fd, path), 0);
	close(fd);
}

static uint32_t number_of(const char *const *words, uint32_t n, const char *word, size_t len)
{
	for (uint32_t i = 0; i < n; i++)
		if (strlen(words[i]) == len && !memcmp(words[i], word, len))
			return i;
	fail_msg("'%s'", word);
	return 0;
}

static void put(uint32_t counter, struct fw_counter c, struct fw_label label)
{
	column[0][counter] = c;
	column[1][counter] = column[FW_COLUMN_BASE(NCPUS)][counter] = (struct fw_counter){ MORE, MORE };
	memcpy(&column[FW_COLUMN_LABEL(NCPUS)][counter], &label, sizeof(label));
}

/* "-": none. Return: the bit of the label. */
static uint32_t put_name(enum fw_named whose, uint32_t slot, const char *name)
{
	if (!strcmp(name, "-"))
		return 0;
	snprintf(names[whose][slot].name, sizeof(names[whose][slot].name), "%s", name);
	return FW_LABEL_NAMED(whose);
}

/* ID PACKETS BYTES VERDICT MARK NAME CHAIN */
static void put_line(char *line, uint32_t *slot)
{
	char id[64], packets[24], bytes[24], verdict[16], mark[16], name[64], chain[64], *slash;
	struct fw_counter c;
	uint32_t named;
	int is;

	assert_int_equal(
		sscanf(line, "%63s %23s %23s %15s %15s %63s %63s", id, packets, bytes, verdict, mark, name, chain), 7);
	c = (struct fw_counter){ strtoull(packets, NULL, 10), strtoull(bytes, NULL, 10) };
	is = fw_verdict_find(verdict, strlen(verdict), FW_OF_RULES | FW_TERMINAL);
	assert_true(is >= 0);
	slash = strchr(id, '/');
	if (slash) {
		uint32_t hook = number_of(hooks, FW_NPROGS, slash + 1, strlen(slash + 1));
		uint32_t reason = number_of(reasons, FW_NREASONS, id, (size_t)(slash - id));

		put(FW_COUNTER_REASON(hook, reason, (uint32_t)is), c, (struct fw_label){ .id = 1 });
		return;
	}
	named = put_name(FW_NAMED_RULE, *slot, name) | put_name(FW_NAMED_CHAIN, *slot, chain);
	put((*slot)++, c,
	    (struct fw_label){ strtoull(id, NULL, 10),
			       (uint32_t)is | (strcmp(mark, "-") ? FW_LABEL_EXPORTED : 0) | named });
}

/* INDEX HOOK BY VERDICT PACKETS: each interface has an entry of its own, except for the two sums. */
static void put_traffic(const char *line, uint32_t *place)
{
	char number[24], hook[16], by[16], verdict[16], packets[24];
	struct fw_traffic *t;
	long long index;

	assert_int_equal(sscanf(line, "%23s %15s %15s %15s %23s", number, hook, by, verdict, packets), 5);
	index = strtoll(number, NULL, 10);
	t = !index ? &traffic[0].other : index < 0 ? &traffic[0].gone : &traffic[*place & 1].entry[*place];
	*place += index > 0;
	if (index > 0)
		t->ifindex = (uint32_t)index;
	t->packets[number_of(hooks, FW_NPROGS, hook, strlen(hook))][!strcmp(by, "rule") ? FW_BY_RULE : FW_BY_POLICY]
		  [fw_verdict_find(verdict, strlen(verdict), FW_TERMINAL)] += strtoull(packets, NULL, 10);
}

static void each_line(const char *text, void (*put_one)(char *line, void *number), void *number)
{
	while (*text) {
		char line[256];
		size_t len = strcspn(text, "\n");

		assert_true(len < sizeof(line));
		memcpy(line, text, len);
		line[len] = '\0';
		if (line[0] != '#' && line[0])
			put_one(line, number);
		text += len + (text[len] == '\n');
	}
}

static void put_counter_line(char *line, void *slot)
{
	put_line(line, slot);
}

static void put_traffic_line(char *line, void *place)
{
	put_traffic(line, place);
}

void fake_pins_make(const char *counters, const char *interfaces)
{
	uint32_t slot = FW_COUNTER_RULES, place = 0;
	char name[64];

	fake_pins_remove();
	memset(column, 0, sizeof(column));
	memset(names, 0, sizeof(names));
	memset(traffic, 0, sizeof(traffic));
	each_line(counters, put_counter_line, &slot);
	each_line(interfaces, put_traffic_line, &place);
	assert_int_equal(mkdir(FAKE_PINS, 0700), 0);
	assert_int_equal(mkdir(FAKE_PINS "/" FW_READERS, 0700), 0);
	pin("traffic", sizeof(traffic[0]), NCPUS, traffic);
	for (uint32_t c = 0; c < FW_COUNTER_COLUMNS(NCPUS); c++) {
		snprintf(name, sizeof(name), FW_COUNTERS_PIN_CHUNK, 0u, c);
		pin(name, sizeof(column[0]), 1, column[c]);
	}
	for (int whose = 0; whose < FW_NNAMED; whose++) {
		snprintf(name, sizeof(name), FW_NAMES_PIN_CHUNK, fw_named_pins[whose], 0u);
		pin(name, sizeof(names[whose]), 1, names[whose]);
	}
}

void fake_pins_replace(const char *name, unsigned size)
{
	char path[128];

	snprintf(path, sizeof(path), FAKE_PINS "/" FW_READERS "/%s", name);
	assert_int_equal(unlink(path), 0);
	if (size)
		pin(name, size, 1, NULL);
}

void fake_pins_remove(void)
{
	tree_empty(FAKE_PINS);
	rmdir(FAKE_PINS);
}
