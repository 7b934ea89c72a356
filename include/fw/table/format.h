/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of the tables, shared by BPF and user space. Everything in the pool
 * consists of 64-byte lines and is addressed by line number; there are no
 * pointers. The lookup in lookup.h reads them; lib/compile writes them.
 *
 *   control word -> root -> 4 tries (source, destination x IPv4, IPv6)
 *                             -> class: the identities that contain the address
 *                        -> pair table: (identity, identity) -> one rule, or a block of rules, or a split of many rules
 *                                                                 split -> blocks or splits, by the value of one field
 *                                                                 block -> bit vectors per field
 */
#ifndef FW_FORMAT_H
#define FW_FORMAT_H

#include "fw/table/options.h"

#define FW_LINE 64
#define FW_SEGMENT_SHIFT 15 /* lines of a segment, as a power of two */
#define FW_SEGMENT_LINES (1u << FW_SEGMENT_SHIFT)
#define FW_SEGMENT_BYTES (FW_SEGMENT_LINES * FW_LINE)
#define FW_POOL_SEGMENTS 2048 /* 4 GiB */
/*
 * Objects do not cross the end of a segment, but a bounded read from the start of
 * a line may: this many bytes of slack follow a segment.
 */
#define FW_SLACK 8192

/* The control word: root line in the low half, generation in the high half. Each packet reads it once, before anything else. */
#define FW_CONTROL(root, generation) ((__u64)(generation) << 32 | (root))

/*
 * A reference inside a trie: line << 3 | tag. A node examines the next 8 or
 * 32 bits of the address; runs of equal values share one reference.
 */
#define FW_REF(line, tag) ((line) << 3 | (tag))
#define FW_REF_LINE(ref) ((ref) >> 3)
/* clang-format off */
#define FW_REF_TAG(ref) ((ref) & 7)
/* clang-format on */
enum fw_ref_tag {
	FW_REF_CLASS,  /* a class: the walk ends */
	FW_REF_RUNS8,  /* struct fw_runs8 */
	FW_REF_RUNS32, /* struct fw_runs32 */
	FW_REF_TABLE8, /* 256 references, one per value of the next 8 bits */
	FW_REF_WIDE, /* a wide node: struct fw_runs32 of up to 8 more RUNS32 nodes, over the same bits of the address */
};

#define FW_RUNS8 13
#define FW_RUNS32 8
#define FW_TRIE_ROOT_BITS 16
#define FW_TRIE_ROOT_LINES ((1u << FW_TRIE_ROOT_BITS) * 4 / FW_LINE)

/* Run i holds the values from last[i - 1] + 1 to last[i]; the last run ends at the largest value. Unused: 0xff.. */
struct fw_runs8 {
	__u8 last[FW_RUNS8 - 1];
	__u32 ref[FW_RUNS8];
};
FW_ASSERT_SIZE(struct fw_runs8, FW_LINE);

struct fw_runs32 {
	__u32 last[FW_RUNS32 - 1];
	__u32 ref[FW_RUNS32];
	__u32 pad;
};
FW_ASSERT_SIZE(struct fw_runs32, FW_LINE);

/*
 * A class: lines of five identities each. The signature of an identity has bit
 * fw_signature_bit(other) set for every identity on the other side that it forms a
 * pair with. Unused places hold signature 0, which passes no filter.
 */
#define FW_CLASS_IDENTITIES 5
#define FW_CLASS_LINES 7 /* so a class holds at most 35 identities */
#define FW_CLASS_MAX (FW_CLASS_IDENTITIES * FW_CLASS_LINES)
struct fw_class {
	__u16 n;     /* identities in this line */
	__u16 lines; /* of the whole class; only in its first line */
	__u32 identity[FW_CLASS_IDENTITIES];
	__u64 signature[FW_CLASS_IDENTITIES];
};
FW_ASSERT_SIZE(struct fw_class, FW_LINE);

#define FW_IDENTITY_BITS 24
#define FW_IDENTITIES_MAX ((1u << FW_IDENTITY_BITS) - 1) /* the last number marks a free entry */
/* Contains the address of every IP packet. */
#define FW_IDENTITY_ANY 0
/* Contains every frame, IP or not; exists if a rule names an ethertype that is not IP. */
#define FW_IDENTITY_FRAME 1
#define FW_IDENTITIES_FIXED 2 /* those two */

/*
 * A hit: rank << 33 | block << 32 | what was hit. The lowest rank wins; hits are below 2^63, so that differences have a
 * sign. What was hit: for a rule its counter and action, FW_WHAT(), the same form as a policy's answer; for a block its line.
 */
#define FW_HIT(rank, block, what) ((__u64)(rank) << 33 | (__u64)(block) << 32 | (what))
#define FW_HIT_RANK(hit) ((hit) >> 33)
#define FW_HIT_BLOCK(hit) ((hit) >> 32 & 1)
#define FW_HIT_NONE (~0ull >> 1)
#define FW_RANK_MAX 0x3ffffffeu
/* Distance between the ranks of appended rules, to leave room for others. */
#define FW_RANK_STEP 256
#define FW_ACTION_BITS 8
#define FW_ACTIONS_MAX (1u << FW_ACTION_BITS)
#define FW_WHAT(counter, action) ((counter) << FW_ACTION_BITS | (action))
#define FW_WHAT_COUNTER(what) ((what) >> FW_ACTION_BITS)
/* clang-format off */
#define FW_WHAT_ACTION(what) ((what) & (FW_ACTIONS_MAX - 1))
/* clang-format on */

/* A rate of packets, as a generic cell rate algorithm takes it. */
struct fw_rate {
	__u64 interval; /* ns between two packets; 0: no rate */
	__u64 burst;    /* ns that a packet may be early: one interval less than all packets of a burst take */
	/* As the user wrote it: @packets in one @unit (enum fw_unit), @tokens in a burst. */
	__u32 packets, tokens;
	__u32 unit;
	__u32 pad;
};
FW_ASSERT_SIZE(struct fw_rate, 32);

/* clang-format off */
#define FW_UNITS(X)                \
	X(SECOND, "second", 1)     \
	X(MINUTE, "minute", 60)    \
	X(HOUR, "hour", 3600)      \
	X(DAY, "day", 86400)

enum fw_unit {
#define FW_UNIT_ENUM(sym, word, seconds) FW_UNIT_##sym,
	FW_UNITS(FW_UNIT_ENUM)
#undef FW_UNIT_ENUM
	FW_NUNITS
};
/* clang-format on */

/* Whose packets are counted together: everybody's, or those of one source, of one destination, of one pair of them. */
enum fw_per { FW_PER_NONE, FW_PER_FROM, FW_PER_TO, FW_PER_FROM_TO, FW_NPERS };

/* What an action does besides its verdict. */
enum fw_action_flag {
	FW_ACTION_LIMIT_OVER = 1, /* a condition: matches above @limit, not within it */
	FW_ACTION_LOG = 2,
	FW_ACTION_MARK = 4,
	FW_ACTION_ADD = 8,     /* the address becomes an element of a set, if it is none */
	FW_ACTION_UPDATE = 16, /* with FW_ACTION_ADD: an element that it is already begins its time again */
	FW_ACTION_FLAGS = 31
};

/*
 * An action: what a rule or policy does with a packet. The root names the table of actions, of FW_ACTIONS_MAX records; rules
 * refer to them by number and share them. Record v, for each verdict v, has verdict v and nothing else. Terminal verdicts are
 * therefore applied without reading the record. Unused records are 0: they drop. No byte of a record is undefined, so that
 * equal actions are equal bytes.
 *
 * Conditions, which the packet is asked after all matches of a rule, are @limit and @connections: if one is not met, the rule
 * does not match. Effects are @log, mark and add. They do not depend on the verdict.
 */
struct fw_action {
	__u32 verdict;        /* enum fw_verdict */
	__u8 reject;          /* enum fw_reject, of FW_REJECT */
	__u8 flags;           /* enum fw_action_flag */
	__u8 audit;           /* of FW_CONTINUE: 1 + the verdict that the rule would have; 0: it is no audit */
	__u8 per;             /* of @limit: enum fw_per */
	__u8 per4, per6;      /* of @per: bits of an IPv4 or IPv6 address that count */
	__u8 connections_per; /* FW_PER_FROM or FW_PER_TO */
	__u8 connections4, connections6; /* the same of @connections */
	__u8 add_per;                    /* of FW_ACTION_ADD: FW_PER_FROM or FW_PER_TO, the address that is added */
	__u16 pad;
	__u32 connections;     /* matches if there are more than this many; 0: no condition */
	__u32 mark, mark_mask; /* of FW_ACTION_MARK: the bits of the mask become those of the mark */
	__u32 set;             /* of FW_ACTION_ADD: number of the set */
	__u32 timeout;         /* of FW_ACTION_ADD: seconds that the element stays; 0: as long as the set says */
	__u32 pad2;
	struct fw_rate limit; /* interval 0: no condition */
	struct fw_rate log;   /* of FW_ACTION_LOG: beyond it, packets are not logged */
	__u32 room[6];
};
FW_ASSERT_SIZE(struct fw_action, 2 * FW_LINE);
#define FW_ACTION_LINES (sizeof(struct fw_action) / FW_LINE)

/* Does a lone packet, within every limit and without connections, meet the conditions of an action? */
static __always_inline int fw_action_quiet(const struct fw_action *a)
{
	return !(a->flags & FW_ACTION_LIMIT_OVER) && !a->connections;
}

/* Can the rules of an action not match for lack of a condition? */
static __always_inline int fw_action_asks(const struct fw_action *a)
{
	return a->limit.interval || a->connections;
}

/*
 * The most lookups for one packet. A rule whose verdict is not terminal counts the packet, and the next match is looked up, also
 * after a rule whose condition is not met. A ruleset in which a packet could need more is refused; a packet that does so nevertheless is dropped for FW_R_TURNS.
 */
#define FW_TURNS 16

/*
 * One pair: its only rule, compared in place, or a reference to its block. The
 * fields that most rules of the image constrain have lanes: they are packed into
 * one word (struct fw_root: lane_field), each with a guard bit above its value, so
 * that one subtraction compares all of them. The lane of a field that the rule
 * does not constrain covers all values.
 */
struct fw_pair {
	__u64 key; /* FW_PAIR_KEY | FW_PAIR_OVERFLOW in the first entry of a line: some of its pairs are in the next line */
	__u64 hit;
	__u64 lo;
	__u64 hi; /* with the guard bits set */
};
FW_ASSERT_SIZE(struct fw_pair, 32);
#define FW_PAIR_KEY(src, dst) ((__u64)(src) | (__u64)(dst) << FW_IDENTITY_BITS)
#define FW_PAIR_KEY_MASK ((1ull << 48) - 1)
#define FW_PAIR_FREE FW_PAIR_KEY_MASK
#define FW_PAIR_OVERFLOW (1ull << 63)
#define FW_PAIRS_PER_LINE 2
/* A pair is at most this many lines beyond its home. */
#define FW_PAIR_DISPLACEMENT 15

/*
 * A pair that is being changed: its rule or blocks from generation @since on, and those before. While an entry refers to a
 * version, its own lanes match everything and its hit is FW_HIT_VERSION. The hit of @before may be that of another version.
 */
struct fw_version_value {
	__u64 hit;
	__u64 lo;
	__u64 hi;
};
struct fw_version {
	__u32 since;
	__u32 depth; /* length of the chain of versions from this one on, itself included */
	struct fw_version_value after, before;
	__u64 pad;
};
FW_ASSERT_SIZE(struct fw_version, FW_LINE);
#define FW_VERSION_DEPTH 16

/* The number of an interface in the ruleset from generation @since on, and before. Often both are the same. */
struct fw_iface_number {
	__u32 number, before;
	__u32 since;
};
/* No rule has rank 0. */
#define FW_HIT_VERSION(line) FW_HIT(0, 1, line)
#define FW_HIT_IS_VERSION(hit) ((hit) >> 32 == 1)

/*
 * A block: up to FW_BLOCK_RULES rules of one pair in rank order. The header is
 * followed by the hits and, per field, the ends of intervals and their vectors,
 * at byte offsets from the start of the block, 8-byte aligned.
 */
#define FW_BLOCK_RULES 4096
#define FW_BLOCK_CHAIN 448 /* blocks after the first of their pair, in the whole image */
#define FW_BLOCK_STEPS 17  /* 1 << 17 ends suffice for any set of 16-bit values */
struct fw_block_field {
	__u32 field;
	__u32 steps;   /* 1 << steps is the number of ends, the last ones unused (0xffffffff) */
	__u32 ends;    /* __u32[1 << steps]: interval i ends at ends[i]; the last one is not stored */
	__u32 vectors; /* __u64 per interval: bit i: rule i; in a block of more than 64 rules: bit i: word i is not 0 */
	__u32 words;   /* block of more than 64 rules: __u32 per interval: offset of its words that are not 0 */
	__u32 made;    /* split: its entries when it was built, before any update */
};
struct fw_block {
	__u32 rules;
	__u32 fields;
	__u64 next; /* hit of the block that follows, or of a split's rest; FW_HIT_NONE: none */
	union {
		__u32 hits;    /* __u64 per rule */
		__u32 entries; /* of a split: rules in the blocks below it, every copy counted */
	};
	__u32 bytes;
	struct fw_block_field field[FW_NFIELDS];
};
FW_ASSERT_SIZE(struct fw_block, 24 + 24 * FW_NFIELDS);

/*
 * A split: many rules of one pair, partitioned by the values of one field. It has the layout of a block with that field, so
 * that the search is the same, but its vectors are hits: of the block or split with the rules that match some value of the
 * interval, or FW_HIT_NONE. Rules that would be in too many of them form the rest, which is searched in addition. The rank in
 * a split's hit is the lowest one below it. Splits nest, also in the rest, up to FW_SPLIT_DEPTH levels.
 */
#define FW_SPLIT 0xffffffffu /* fw_block.rules */
#define FW_SPLIT_DEPTH 2
#define FW_SPLIT_VISITS ((1 << FW_SPLIT_DEPTH) - 1) /* splits of one pair that a packet may visit */

/*
 * Where to go on after an instance that skips others: at the first rank that is not skipped, which is above its own and may be
 * FW_RANK_MAX + 1: then a policy decides. Which instances skip: see fw_action_skips(). The table has 1 << root.skip_steps
 * entries, in the order of their ranks; the last ones, at least one, are unused (0xff..). An update writes a new table.
 */
struct fw_skip {
	__u32 rank;
	__u32 end;
};
FW_ASSERT_SIZE(struct fw_skip, 8);
#define FW_SKIP_STEPS 18
#define FW_SKIPS_MAX ((1u << FW_SKIP_STEPS) - 1)
_Static_assert(sizeof(struct fw_skip) << FW_SKIP_STEPS == FW_SEGMENT_BYTES, "the table is inside a segment");

/*
 * How an instance skips. RETURN does so once it has matched. JUMP and GOTO of rules go on with the instances of their chain,
 * unless a condition is not met: then they skip these. GOTO alone is the end of a chain that was gone to: it counts no packets.
 */
static __always_inline int fw_action_skips(__u32 number, const struct fw_action *a)
{
	return number == FW_GOTO || a->verdict == FW_RETURN ||
	       ((a->verdict == FW_JUMP || a->verdict == FW_GOTO) && fw_action_asks(a));
}

/* A pair's entry compares at most this many fields in place. */
#define FW_LANES 6

/* A packed flow: addresses and the fields that the ruleset uses. The other words are in struct fw_flow_more. */
struct fw_flow {
	struct fw_addr src, dst;
	__u64 fields[FW_FLOW_NEAR];
};

/* Reasons in the root's policies: a power of two. */
#define FW_POLICIES 16
_Static_assert(FW_NREASONS <= FW_POLICIES, "each reason has a policy");

/* Columns of the root's shortcuts: a power of two. */
#define FW_STATE_COLUMNS 8
_Static_assert(FW_NSTATES < FW_STATE_COLUMNS, "each state has a column, and a packet without one");

/* clang-format off */
struct fw_root {
	__u32 trie[2][FW_NFAMILIES]; /* [source, destination][family]: line of the 2^16 references; FW_FAMILY_NONE: a class line */
	__u32 pairs;                 /* first line of the pair table */
	__u32 pair_lines;            /* homes; the table has FW_PAIR_DISPLACEMENT more */
	__u64 flow_mask[FW_FLOW_WORDS];
	__u64 fields_used;           /* FW_FIELD_BIT()s: some rule constrains the field */
	__u32 actions;               /* line of the actions */
	__u32 frame_rules;           /* 1: rules may match frames that are not IP */
	__u32 slots;                 /* counters that the image refers to */
	__u32 lanes;                 /* in use */
	__u64 lane_guard;            /* their guard bits */
	__u8 lane_field[FW_LANES];
	__u8 lane_shift[FW_LANES];
	__u32 displaced;             /* the farthest pair is this many lines beyond its home */
	__u32 turns;                 /* the most lookups that a packet can need: 1 if all verdicts are terminal */
	__u32 skips;                 /* line of the table of skips; 0: there is none */
	__u32 skip_steps;
	__u32 flow_far;              /* 1: some far word of flow_mask is not 0 */
	__u8 policy[FW_HOOK_ROWS][FW_POLICIES]; /* action of each reason's policy */
	/* What decides all packets of a hook and a state, a rule's FW_WHAT of FW_DROP or FW_ACCEPT alone; 0: more has to be known. */
	__u32 shortcut[FW_HOOK_ROWS][FW_STATE_COLUMNS];
	__u64 room[5];
};
/* clang-format on */
FW_ASSERT_SIZE(struct fw_root, 9 * FW_LINE);

/* One counter: per CPU in the kernel, in chunks. The first FW_COUNTER_RULES are those of reasons, see FW_COUNTER_REASON(). */
struct fw_counter {
	__u64 packets;
	__u64 bytes;
};
#define FW_COUNTER_CHUNK_SHIFT 14
#define FW_COUNTER_CHUNK (1u << FW_COUNTER_CHUNK_SHIFT)
#define FW_COUNTER_RULES 256 /* counter of rule slot 0 */

/* The flow cache: sets of two. */
#define FW_FLOWS 4096
#define FW_FLOW_WAYS 2
struct fw_flow_entry {
	struct fw_flow flow;
	__u32 generation; /* 0: free */
	__u32 what;       /* FW_WHAT */
};
FW_ASSERT_SIZE(struct fw_flow_entry, FW_LINE);
/* The rest of an entry's flow. Not read or written if the ruleset uses no field of these words. */
struct fw_flow_more {
	__u64 fields[FW_FLOW_WORDS - FW_FLOW_NEAR];
};
/*
 * A miss costs time; a hit saves several times as much. Each miss therefore raises the doubt by 1, and each hit lowers it by
 * FW_DOUBT_LESS. From half of FW_DOUBT_MOST on, only one flow in FW_DOUBT_TRIALS uses the cache, a different one every
 * FW_DOUBT_PACKETS packets.
 */
#define FW_DOUBT_MOST 4096
#define FW_DOUBT_LESS 3
#define FW_DOUBT_TRIALS 32
#define FW_DOUBT_PACKETS 16384

/* Pairs that are looked up together, and room for those whose search continues in the next line. */
#define FW_BATCH 64
#define FW_BATCH_ROOM (FW_BATCH * (FW_PAIR_DISPLACEMENT + 1))
/* Their hits, and the rests of their splits. */
#define FW_HITS (FW_BATCH * (FW_SPLIT_VISITS + 1))

/* The answer of the tables for a packet: written by the lookup, read by the code that applies and counts it. */
struct fw_answer {
	__u32 what;           /* FW_WHAT of the rule or policy that decided */
	__u32 verdict;        /* a terminal one */
	__u32 passed;         /* number of rules that the packet matched before, and that only counted it */
	__u32 asked;          /* 1: some rule has conditions, whatever they said */
	__u32 rule[FW_TURNS]; /* FW_WHAT of those passed, in order */
};

/* Bytes of a packet that are copied where a program cannot access it in place. Headers beyond them are not seen. */
#define FW_HEAD_BYTES 512

/*
 * The state of a CPU while it processes a packet, and its flow cache. The lists are not on the stack, which BPF limits to 512
 * bytes. One packet at a time uses a state. Between packets, only the root, the flow cache and @busy have a meaning.
 */
/* clang-format off */
struct fw_cpu {
	/* Written by fw_begin(), when the control word changes. */
	__u64 control;  /* for which the root was copied; 0: none */
	struct fw_root root;

	/* Written by the hook's program. */
	struct fw_key key; /* by the packet parser */
	__u32 busy;     /* in use by a packet */
	/* The same for programs that it calls: the packet at hand. */
	__u32 ifindex;
	__u32 bytes;    /* to count */
	__u32 prog;     /* enum fw_prog */
	__u32 l3;       /* 1: the packet has no Ethernet header */
	__u32 start;    /* where it begins in an skb */
	__u32 from, to; /* its interfaces at netfilter's hooks, by index; 0: none */
	__u32 reject;   /* enum fw_reject */
	__u32 dry;      /* 1: nothing is counted, no packet of a limit is used up */
	__u8 head[FW_HEAD_BYTES]; /* a copy of the first bytes of a packet that cannot be read in place */

	/* Written when rare fields are read. */
	struct fw_options options;

	/* Written by user space: the namespace picks TCP connections up in the middle. */
	__u32 tcp_loose;
	/* Written by the program that looks connections up: what it reads of the packet inside an ICMP error. Before that, scratch. */
	struct fw_key reported;

	/* Written by the flow cache, flow.h; the entries are at the end. */
	__u32 turn;     /* of its places */
	__u32 doubt;    /* about its use, up to FW_DOUBT_MOST */
	__u32 unasked;  /* packets that bypassed it */
	__u64 near[FW_FLOW_NEAR]; /* of a flow that it does not have */

	/* Written by fw_classify() and fw_decide(). */
	struct fw_answer answer __attribute__((aligned(8)));
	__u64 floor;    /* rules with hits below it are ignored; 0: none */

	/* Written by fw_walk(): the classes of the addresses. */
	struct fw_addr rest[2]; /* bits of the addresses that the walks have not examined yet */
	__u32 class_line[2];

	/* Written by fw_lookup() and fw_lookup_lines(). */
	__u64 hit;      /* best so far */
	__u64 lanes;    /* the packet's values, see struct fw_pair */
	__u32 line[2];  /* the lines of the two classes that are being paired */

	/* Lists of a batch: fw_filter() and fw_probe() write want[], fw_probe(), fw_versions() and fw_split_search() hits[]. */
	__u32 wanted;   /* entries in want[] */
	__u32 nhits;
	__u32 cursor;   /* next entry of hits[] */
	__u64 first, second; /* the lowest of hits[], by fw_best() */

	/* Written by fw_block_search() for the block at hand. */
	__u32 interval;
	__u32 words[FW_NFIELDS];
	__u64 vector[FW_NFIELDS]; /* of its fields, for the packet's interval */

	__u64 want[FW_BATCH_ROOM]; /* FW_PAIR_KEY | lines beyond its home << 48 */
	__u64 hits[FW_HITS];
	struct fw_flow_entry flows[FW_FLOWS] __attribute__((aligned(FW_LINE)));
	struct fw_flow_more more[FW_FLOWS]; /* of the entries of flows[] */
};
/* clang-format on */

#endif
