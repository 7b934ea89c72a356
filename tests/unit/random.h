/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rulesets and packets at random, for tests that take two ways to one answer.
 * Addresses are drawn from a few places of the address space, so that prefixes nest,
 * and packets like the corners of rules: first and last values, and one beyond.
 */
#ifndef FW_TEST_RANDOM_H
#define FW_TEST_RANDOM_H

#include "fw/compile.h"
#include "fw/random.h"
#include "fw/table/packet.h"
#include "fw/text.h"

/* Starts from FW_SEED, or else from the clock, and says so. */
void random_start(void);
uint64_t random_seed(void);
uint64_t random_u64(void);
/* From 0 to @n - 1. */
uint32_t random_below(uint32_t n);

/* How many of something: what the environment says, or else @n. */
unsigned random_amount(const char *variable, unsigned n);

struct random_shape {
	unsigned rules;
	unsigned expressions; /* different address expressions; up to 30 never nest too deep */
	unsigned places;      /* addresses of each family that prefixes are cut from */
	unsigned any;         /* how many of 8 addresses are `any` */
	unsigned detail;      /* percent of the other matches that are made */
};

/*
 * Rulesets that are made from now on have @n chains, up to FW_CHAIN_DEPTH: their rules are spread over them and the main list,
 * and call later ones.
 */
void random_chains(unsigned n);
/* Rules of a random ruleset name so many interfaces: 4, or 6 with two patterns. */
extern unsigned random_ifaces;
/* Rules (fewer than asked for when many drafts are refused, as an empty `not` is), sets, interfaces, policies. */
struct fw_ruleset *random_ruleset(const struct random_shape *shape);
/* What a policy may say. */
uint8_t random_policy(enum fw_reason reason);
/* A verdict, or more; the same few things over and over. */
uint8_t random_rule_action(struct fw_ruleset *rs);

/* Drafts for a ruleset that is there (and whose sets are random_ruleset()'s), to change it by. */
struct random_maker;
struct random_maker *random_maker_new(struct fw_ruleset *rs, const struct random_shape *shape);
void random_maker_free(struct random_maker *rm);
/* Gives a draft to @use, whose expressions are new or those of rules. Return: what @use says. */
int random_draft(const struct random_maker *rm, int (*use)(const struct fw_rule *draft, void *ctx), void *ctx);
struct fw_addr_range random_element(const struct random_maker *rm);
/*
 * One change: rules are added, replaced, deleted or moved (@kinds 6), policies too (7), set elements too (8 or more). Some
 * are refused, which is one way to leave things as they are.
 */
void random_edit(const struct random_maker *rm, struct fw_edit *e, unsigned kinds);
void random_edit_set(const struct random_maker *rm, struct fw_edit *e);
/* How to compile: as it is for all rulesets, or with blocks so small that nearly every pair is split. */
struct fw_compile_options random_options(void);
/* Any rule of the ruleset; NULL when there is none. */
struct fw_rule *random_rule(const struct fw_ruleset *rs);

/* A packet near a rule of the ruleset; sometimes one that no frame can give, such as ports without a protocol. */
void random_key(const struct fw_ruleset *rs, struct fw_key *key);

/* The frame of such a packet, as closely as bytes allow, sometimes cut or with a byte changed; up to 1,500 bytes, from 14. */
struct random_frame {
	uint8_t bytes[FW_FRAME_MAX];
	struct fw_meta meta; /* with the frame's length, and no tag outside of it */
};
void random_frame(const struct fw_ruleset *rs, struct random_frame *out);
/* Makes it a packet of which only the bytes, hook and mark are known: on interfaces that no rule names, without state and owner. */
void random_frame_plain(struct random_frame *f);
/* Takes its Ethernet header off. */
void random_l3(struct random_frame *f);

/* The address @by beyond @a, which may be negative; wraps at the family's ends. */
struct fw_addr random_step(enum fw_family family, struct fw_addr a, int by);

#endif
