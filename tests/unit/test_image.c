// SPDX-License-Identifier: GPL-2.0-only
/*
 * fw_image_validate(): it finds every kind of damage to an image, and lookups in an image that it accepts read only what
 * they may.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "fw/tables.h"
#include "fw/table/hash.h"
#include "tests/unit/random.h"
#include "tests/unit/rows.h"
#include "tests/unit/rulesets.h"

#define LEAF 200            /* rules of a block, where pairs are split */
#define NOWHERE 0x0fffffffu /* a line beyond the pool */

/* An image with every kind of object, what it was before it was damaged, and where its objects are. */
static struct image {
	struct fw_ruleset *rs;
	struct fw_pool *pool;
	struct fw_image image;
	uint8_t *before;
	uint32_t line;
	struct fw_root *root;
	struct fw_pair *pairs;
	struct fw_pair *single, *blocked, *displaced,
		*home;                            /* entries: one rule; a block; away from its home, and there */
	struct fw_block *small, *large, *chained; /* up to 64 rules; more; more, with a next one */
	struct fw_block *parted;                  /* a split, with a rest */
	struct fw_pair *parted_pair;
	uint64_t chain_hit;     /* that leads to the chained one */
	struct fw_runs8 *runs8; /* these have three runs or more */
	struct fw_runs32 *runs32, *wide;
	uint32_t *table8;
	struct fw_class *class; /* of several lines */
} im;

static void text_make(struct fw_buf *b)
{
	fw_buf_printf(b, "rule ethertype arp length 0-99 drop\nrule to 192.0.2.0/24 proto udp drop\n");
	for (unsigned i = 0; i < 600; i++)
		fw_buf_printf(b, "rule from 172.16.%u.%u to 10.0.0.%u proto udp drop\n", i / 250, i % 250, i % 40 * 2);
	for (unsigned i = 0; i < 20; i++)
		fw_buf_printf(b, "rule from 2001:db8:%u::/48 to fd00::%u proto tcp dport %u accept\n", i % 5, i % 3, i);
	for (unsigned i = 0; i < 12; i++)
		fw_buf_printf(b, "rule from 10.0.0.0/%u to 10.1.%u.0/24 proto tcp accept\n", 8 + i, 2 * i % 10);
	for (unsigned i = 0; i < 12; i++)
		fw_buf_printf(b, "rule from 203.0.%u.7 proto tcp drop\n", 9 * i);
	for (unsigned i = 0; i < 100; i++)
		fw_buf_printf(b, "rule from 192.0.2.0/24 proto tcp dport %u drop\n", 3 * i);
	/* No field splits these: they make blocks that follow each other. */
	for (unsigned i = 0; i < FW_BLOCK_RULES + 100; i++)
		fw_buf_printf(b, "rule from 198.51.100.0/24 proto udp sport %u-%u drop\n", 20000 - i, 20000 + i);
	for (unsigned i = 0; i < 12 * LEAF; i++)
		fw_buf_printf(b, "rule from 198.18.0.0/15 proto udp %s %u drop\n", i % 8 ? "dport" : "sport", i);
}

static void block_note(struct fw_pair *e)
{
	struct fw_block *b = fw_pool_ptr(im.pool, (uint32_t)e->hit);

	im.blocked = e;
	if (b->rules == FW_SPLIT) {
		im.parted = b;
		im.parted_pair = e;
	} else if (b->next != FW_HIT_NONE) {
		im.chained = b;
		im.chain_hit = e->hit;
	} else if (b->rules <= 64) {
		im.small = b;
	} else {
		im.large = b;
	}
}

static void pairs_find(void)
{
	uint64_t places = ((uint64_t)im.root->pair_lines + FW_PAIR_DISPLACEMENT) * FW_PAIRS_PER_LINE;

	for (uint64_t i = 0; i < places; i++) {
		struct fw_pair *e = &im.pairs[i];
		uint64_t key = e->key & FW_PAIR_KEY_MASK;
		uint32_t home = key == FW_PAIR_FREE ? 0 : fw_pair_home(im.root, key);

		if (key == FW_PAIR_FREE)
			continue;
		if (FW_HIT_BLOCK(e->hit))
			block_note(e);
		else if (e->lo && i % FW_PAIRS_PER_LINE == 0)
			im.single = e;
		if (home != i / FW_PAIRS_PER_LINE) {
			im.displaced = e;
			im.home = &im.pairs[(uint64_t)home * FW_PAIRS_PER_LINE];
		}
	}
}

/* Notes a node of each kind below a reference, for the faults that are put into them. */
static void node_find(uint32_t ref)
{
	void *at = fw_pool_ptr(im.pool, FW_REF_LINE(ref));
	uint32_t *refs = at, n = 256;

	if (FW_REF_TAG(ref) == FW_REF_CLASS) {
		if (((struct fw_class *)at)->lines > 1)
			im.class = at;
		return;
	}
	if (FW_REF_TAG(ref) == FW_REF_TABLE8)
		im.table8 = at;
	if (FW_REF_TAG(ref) == FW_REF_RUNS8) {
		struct fw_runs8 *runs = at;

		if (runs->last[1] != 0xff)
			im.runs8 = runs;
		refs = runs->ref;
		n = FW_RUNS8;
	}
	if (FW_REF_TAG(ref) == FW_REF_RUNS32 || FW_REF_TAG(ref) == FW_REF_WIDE) {
		struct fw_runs32 *runs = at;

		if (runs->last[1] != UINT32_MAX)
			*(FW_REF_TAG(ref) == FW_REF_WIDE ? &im.wide : &im.runs32) = runs;
		refs = runs->ref;
		n = FW_RUNS32;
	}
	for (uint32_t i = 0; i < n; i++)
		if (refs[i])
			node_find(refs[i]);
}

static void nodes_find(void)
{
	for (int side = 0; side < 2; side++)
		for (int family = FW_IP4; family <= FW_IP6; family++) {
			const uint32_t *refs = fw_pool_ptr(im.pool, im.root->trie[side][family]);

			for (uint32_t i = 0; i < 1u << FW_TRIE_ROOT_BITS; i++)
				if (!i || refs[i] != refs[i - 1])
					node_find(refs[i]);
		}
}

static size_t used_bytes(void)
{
	return (size_t)im.pool->nsegments * FW_SEGMENT_BYTES;
}

static int image_open(void **state)
{
	struct fw_buf b = { 0 };
	text_make(&b);
	im.rs = ruleset_of(b.text);
	fw_buf_free(&b);
	assert_int_equal(fw_pool_new(&im.pool), 0);
	assert_int_equal(
		fw_tables_compile(im.rs, im.pool, &(struct fw_compile_options){ .leaf_rules = LEAF }, NULL, &im.image),
		0);
	im.line = im.image.root;
	im.root = fw_pool_ptr(im.pool, im.image.root);
	im.pairs = fw_pool_ptr(im.pool, im.root->pairs);
	pairs_find();
	nodes_find();
	im.before = malloc(used_bytes());
	memcpy(im.before, im.pool->base, used_bytes());
	return im.single && im.displaced && im.small && im.large && im.chained && im.parted && im.runs8 && im.runs32 &&
			       im.wide && im.table8 && im.class && im.before ?
		       0 :
		       -1;
}

static int image_close(void **state)
{
	free(im.before);
	fw_image_free(&im.image);
	fw_pool_free(im.pool);
	fw_ruleset_free(im.rs);
	return 0;
}

static void image_restore(void)
{
	memcpy(im.pool->base, im.before, used_bytes());
}

/* A part of a block by its byte offset. */
static void *part(struct fw_block *b, uint32_t offset)
{
	return (uint8_t *)b + offset;
}

static __u64 *children(void)
{
	return part(im.parted, im.parted->field[0].vectors);
}

static uint32_t *ends(struct fw_block *b, unsigned field)
{
	return part(b, b->field[field].ends);
}

static uint64_t *vectors(struct fw_block *b, unsigned field)
{
	return part(b, b->field[field].vectors);
}

static void swap_hits(struct fw_block *b)
{
	uint64_t *hits = part(b, b->hits), first = hits[1];

	hits[1] = hits[2];
	hits[2] = first;
}

static struct fw_pair *free_entry(void)
{
	struct fw_pair *e = im.pairs;

	while ((e->key & FW_PAIR_KEY_MASK) != FW_PAIR_FREE)
		e++;
	return e;
}

/* The other entry in the line of @e. */
static struct fw_pair *neighbour(struct fw_pair *e)
{
	return &im.pairs[(e - im.pairs) ^ 1];
}

static void copy_pair(struct fw_pair *to)
{
	uint64_t flag = to->key & FW_PAIR_OVERFLOW;

	*to = *im.single;
	to->key = (to->key & FW_PAIR_KEY_MASK) | flag;
}

static struct fw_action *action(uint32_t number)
{
	return (struct fw_action *)fw_pool_ptr(im.pool, im.root->actions) + number;
}

/* X(name, a part of the reason, the damage) */
#define DAMAGES(X)                                                                                                   \
	X(trie_nowhere, "trie's root is outside", im.root->trie[0][FW_IP4] = 0)                                      \
	X(trie_beyond, "trie's root is outside", im.root->trie[1][FW_IP6] = NOWHERE)                                 \
	X(frame_class, "a class is outside", im.root->trie[1][FW_FAMILY_NONE] = 0)                                   \
	X(frame_class_of_ip, "identities that all",                                                                  \
	  im.root->trie[0][FW_FAMILY_NONE] = (uint32_t)((uint8_t *)im.class - im.pool->base) / FW_LINE)              \
	X(pairs_nowhere, "pair table is outside", im.root->pairs = 0)                                                \
	X(pairs_beyond, "pair table is outside", im.root->pair_lines = UINT32_MAX)                                   \
	X(no_pair_lines, "pair table is outside", im.root->pair_lines = 0)                                           \
	X(other_pair_lines, "", im.root->pair_lines--)                                                               \
	X(guard, "guard bits", im.root->lane_guard ^= 1)                                                             \
	X(lane_field, "field that does not exist", im.root->lane_field[0] = FW_NFIELDS)                              \
	X(lane_shift, "lanes overlap", im.root->lane_shift[0] += 3)                                                  \
	X(lane_shift_far, "lanes overlap", im.root->lane_shift[0] = 255)                                             \
	X(counters, "", im.root->slots = 0)                                                                          \
	X(entry_empty_range, "can never match", im.single->lo = im.single->hi & ~im.root->lane_guard;                \
	  im.single->hi = im.root->lane_guard)                                                                       \
	X(entry_guard, "pair's guard bits", im.single->hi &= ~im.root->lane_guard)                                   \
	X(entry_guard_low, "pair's guard bits", im.single->lo |= im.root->lane_guard)                                \
	X(entry_outside, "bits outside the lanes", im.single->lo |= 1ull << 63; im.single->hi |= 1ull << 63)         \
	X(entry_counter, "has no counter",                                                                           \
	  im.single->hit = FW_HIT(1, 0, FW_WHAT(FW_COUNTER_RULES + im.root->slots, 0)))                              \
	X(actions_nowhere, "table of actions", im.root->actions = 0)                                                 \
	X(action_verdict, "an action has a verdict", action(FW_ACCEPT)->verdict = FW_FOLLOW)                         \
	X(action_other, "an action has a verdict", action(FW_DROP)->verdict = FW_ACCEPT)                             \
	X(policy_action, "a policy has an action", im.root->policy[FW_OUT][FW_R_IN] = FW_NTERMINAL)                  \
	X(no_turns, "more lookups", im.root->turns = 0)                                                              \
	X(entry_action, "has no counter", im.single->hit |= FW_ACTIONS_MAX - 1)                                      \
	X(entry_policy, "has no counter", im.single->hit = FW_HIT(1, 0, FW_WHAT(FW_R_IN, 0)))                        \
	X(entry_key, "", im.single->key ^= 1ull << FW_IDENTITY_BITS)                                                 \
	X(entry_twice, "", copy_pair(neighbour(im.single)))                                                          \
	X(entry_far, "where the lookup does not look", copy_pair(free_entry()))                                      \
	X(overflow, "not marked for that", im.home->key &= ~FW_PAIR_OVERFLOW)                                        \
	X(block_constrained, "constraints of its own", im.blocked->hi = im.root->lane_guard)                         \
	X(block_nowhere, "a block is outside", im.blocked->hit = FW_HIT(5, 1, 0))                                    \
	X(block_beyond, "a block is outside", im.blocked->hit = FW_HIT(5, 1, NOWHERE))                               \
	X(block_rank, "another rank", im.blocked->hit += FW_HIT(1, 0, 0))                                            \
	X(block_crosses, "a block is outside", im.large->bytes = FW_SEGMENT_BYTES)                                   \
	X(block_huge, "a block is outside", im.large->bytes = UINT32_MAX)                                            \
	X(block_empty, "block's header", im.small->rules = 0)                                                        \
	X(block_rules, "block's header", im.large->rules = FW_BLOCK_RULES + 1)                                       \
	X(block_fields, "block's header", im.small->fields = FW_NFIELDS + 1)                                         \
	X(block_hits, "block's header", im.small->hits = im.small->bytes)                                            \
	X(block_order, "out of order", swap_hits(im.small))                                                          \
	X(block_field, "field or a search", im.small->field[0].field = FW_NFIELDS)                                   \
	X(block_steps, "field or a search", im.small->field[0].steps = FW_BLOCK_STEPS + 1)                           \
	X(block_ends, "intervals are outside", im.small->field[0].ends = im.small->bytes)                            \
	X(block_ends_odd, "intervals are outside", im.small->field[0].ends++)                                        \
	X(block_ends_order, "out of order", ends(im.large, 1)[0] = ends(im.large, 1)[1])                             \
	X(block_no_end, "", memset(ends(im.large, 1), 1, 4ull << im.large->field[1].steps))                          \
	X(block_behind_end, "", ends(im.large, 1)[1] = UINT32_MAX)                                                   \
	X(block_vectors, "end or their vectors", im.small->field[0].vectors = im.small->bytes - im.small->bytes % 8) \
	X(block_bit, "rules beyond", vectors(im.small, 0)[0] |= 1ull << 63)                                          \
	X(block_word, "beyond the block's rules", vectors(im.large, 0)[0] |= 1ull << 63)                             \
	X(block_words, "", im.large->field[0].words = im.large->bytes)                                               \
	X(block_words_at, "words are outside", memset(part(im.large, im.large->field[1].words), 0x78, 8))            \
	X(block_loop, "out of order", im.chained->next = im.chain_hit)                                               \
	X(block_next, "a block is outside", im.chained->next = FW_HIT(FW_RANK_MAX, 1, NOWHERE))                      \
	X(block_next_rule, "", im.chained->next = im.single->hit)                                                    \
	X(runs8_order, "out of order", im.runs8->last[1] = im.runs8->last[0])                                        \
	X(runs8_behind_end, "after their end", im.runs8->last[0] = 0xff)                                             \
	X(runs32_order, "out of order", im.runs32->last[1] = im.runs32->last[0])                                     \
	X(runs32_behind_end, "out of order", im.runs32->last[0] = UINT32_MAX)                                        \
	X(parted_fields, "a split's header", im.parted->fields = 2)                                                  \
	X(parted_rank, "a split is referred to by another rank", im.parted_pair->hit += 1ull << 33)                  \
	X(parted_rest, "something other than blocks", im.parted->next = 1)                                           \
	X(parted_rest_rank, "another rank", im.parted->next += 1ull << 33)                                           \
	X(parted_child, "something other than blocks", children()[1] = FW_HIT_VERSION(1))                            \
	X(parted_child_beyond, "is outside", children()[1] = FW_HIT(FW_HIT_RANK(children()[1]), 1, NOWHERE))         \
	X(parted_loop, "deeper than", children()[1] = im.parted_pair->hit)                                           \
	X(parted_order, "out of order", ends(im.parted, 0)[1] = ends(im.parted, 0)[0])                               \
	X(parted_end, "lack their end", im.parted->field[0].steps = 0)                                               \
	X(parted_vectors, "", im.parted->field[0].vectors = im.parted->bytes)                                        \
	X(parted_words, "a split's words", im.parted->field[0].words = im.parted->bytes)                             \
	X(wide_order, "out of order", im.wide->last[1] = im.wide->last[0])                                           \
	X(wide_class, "other than runs", im.wide->ref[0] = im.runs8->ref[0])                                         \
	X(wide_wide, "other than runs",                                                                              \
	  im.wide->ref[0] = FW_REF((uint32_t)((uint8_t *)im.wide - im.pool->base) / FW_LINE, FW_REF_WIDE))           \
	X(node_beyond, "a node is outside", im.runs8->ref[0] = FW_REF(NOWHERE, FW_REF_RUNS8))                        \
	X(node_tag, "", im.runs32->ref[0] = FW_REF(1, 7))                                                            \
	X(node_loop, "deeper than an address",                                                                       \
	  im.runs8->ref[0] = FW_REF((uint32_t)((uint8_t *)im.runs8 - im.pool->base) / FW_LINE, FW_REF_RUNS8))        \
	X(table_class, "a class is outside", im.table8[7] = 0)                                                       \
	X(table_crosses, "", im.table8[7] = FW_REF(FW_SEGMENT_LINES - 1, FW_REF_TABLE8))                             \
	X(class_lines, "its size is wrong", im.class->lines = 0)                                                     \
	X(class_lines_many, "its size is wrong", im.class->lines = FW_CLASS_LINES + 1)                               \
	X(class_any, "identities that all", im.class->identity[0] = 7)                                               \
	X(class_order, "out of order", im.class->identity[3] = im.class->identity[2])                                \
	X(class_next_line, "out of order", im.class[1].identity[0] = 1)                                              \
	X(signature, "hides a pair", im.class->signature[2] = 0)                                                     \
	X(signature_any, "hides a pair", im.class->signature[0] = 0)

#define DAMAGE_FUNCTION(name, says, how) \
	static void damage_##name(void)  \
	{                                \
		how;                     \
	}
DAMAGES(DAMAGE_FUNCTION)

static const struct {
	const char *name, *says;
	void (*damage)(void);
} damages[] = {
#define DAMAGE_ROW(name, says, how) { #name, says, damage_##name },
	DAMAGES(DAMAGE_ROW)
};

static void every_damage_is_seen(void **state)
{
	const char *reason;

	for (size_t i = 0; i < ROWS(damages); i++) {
		image_restore();
		if (fw_image_validate(im.pool, im.line, &reason))
			fail_msg("before %s: %s", damages[i].name, reason);
		assert_null(reason);
		damages[i].damage();
		if (fw_image_validate(im.pool, im.line, &reason) != -EINVAL || !strstr(reason, damages[i].says))
			fail_msg("%s: %s", damages[i].name, reason ? reason : "not seen");
	}
	image_restore();
}

static void roots_outside(void **state)
{
	static const uint32_t lines[] = { 0, NOWHERE, UINT32_MAX };
	const char *reason;

	for (size_t i = 0; i < ROWS(lines); i++) {
		assert_int_equal(fw_image_validate(im.pool, lines[i], &reason), -EINVAL);
		assert_string_equal(reason, "the root is outside the pool");
	}
}

static void run_all(unsigned n)
{
	struct fw_classifier *c;
	struct fw_key key;

	assert_int_equal(fw_classifier_new(im.pool, false, &c), 0);
	fw_classifier_publish(c, im.line, 1);
	for (unsigned i = 0; i < n; i++) {
		random_key(im.rs, &key);
		fw_classifier_result(c, &key);
	}
	fw_classifier_free(c);
}

/* Damages a few bytes of one object, or anywhere. */
static void damage_random(void)
{
	void *const objects[] = { im.root,
				  im.single,
				  im.blocked,
				  im.small,
				  im.large,
				  im.chained,
				  im.parted,
				  im.runs8,
				  im.runs32,
				  im.table8,
				  im.class,
				  im.displaced,
				  part(im.large, im.large->field[1].ends) };
	uint8_t *at = random_below(4) ? objects[random_below(ROWS(objects))] :
					im.pool->base + random_u64() % used_bytes();

	for (unsigned n = 1 + random_below(3); n; n--) {
		uint8_t *byte = at + random_below(FW_LINE + FW_LINE * random_below(4));

		if (byte < im.pool->base + used_bytes())
			*byte = random_below(2) ? (uint8_t)random_u64() : (uint8_t)(*byte ^ 1 << random_below(8));
	}
}

/* The check reads only what it may, and so does the lookup where the check finds nothing wrong. */
static void random_damage_does_no_harm(void **state)
{
	unsigned seen = 0, rounds = 3000;
	const char *reason;

	for (unsigned i = 0; i < rounds; i++) {
		damage_random();
		if (fw_image_validate(im.pool, im.line, &reason))
			seen++;
		else
			run_all(50);
		image_restore();
	}
	print_message("%u of %u damages seen\n", seen, rounds);
	assert_true(seen > rounds / 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_damage_is_seen),
		cmocka_unit_test(roots_outside),
		cmocka_unit_test(random_damage_does_no_harm),
	};

	random_start();
	return cmocka_run_group_tests(tests, image_open, image_close);
}
