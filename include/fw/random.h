/* SPDX-License-Identifier: GPL-2.0-only */
/* Pseudo-random numbers that a seed repeats, for generators, benchmarks and tests: SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
#ifndef FW_RANDOM_H
#define FW_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* The generator: a counter, which starts at any seed. */
struct fw_random {
	uint64_t state;
};

static inline uint64_t fw_random_next(struct fw_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* A number below @n, which is not 0. */
static inline uint64_t fw_random_below(struct fw_random *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)fw_random_next(r) * n) >> 64);
}

/* True for @percent of 100 calls, on average. */
static inline bool fw_random_percent(struct fw_random *r, unsigned percent)
{
	return fw_random_below(r, 100) < percent;
}

#endif
