// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch with vectors of 512 bits: a node of a trie is compared as a whole, pairs are filtered and hashed by eight. Where
 * the shared steps branch on what a node is, this does not.
 */
#ifdef __x86_64__
#include <immintrin.h>
#endif

#if !defined(__x86_64__)
#define AVX512_HERE 0
#elif defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2,popcnt"))), \
			     apply_to = function)
#define AVX512_HERE 1
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,bmi,bmi2,popcnt")
#define AVX512_HERE 1
#endif

#include "tests/perf/peers/batch_state.h"

#include "fw/memory_pool.h"

#include "fw/table/flow.h"

#if AVX512_HERE

/* @a, or @b when @other is 1: for values that are there already, without a branch. */
static __always_inline __u32 either(__u32 a, __u32 b, bool other)
{
	fw_opaque(a);
	fw_opaque(b);
	return a ^ ((a ^ b) & -(__u32)other);
}

/* Ends of runs ascend: the first that is not below is the run's. */
static __always_inline __u32 batch_node(const void *node, __u32 tag, __u64 bits)
{
	__m256i low = _mm256_load_si256(node);
	__mmask16 bytes = _mm_cmpge_epu8_mask(_mm256_castsi256_si128(low), _mm_set1_epi8((char)(bits >> 56)));
	__mmask8 words = _mm256_cmpge_epu32_mask(low, _mm256_set1_epi32((int)(bits >> 32)));
	__u32 at = either(FW_RUNS32 - 1 + _tzcnt_u32(words | 1u << (FW_RUNS32 - 1)),
			  offsetof(struct fw_runs8, ref) / 4 + _tzcnt_u32(bytes | 1u << (FW_RUNS8 - 1)),
			  tag == FW_REF_RUNS8);

	at = either(at, bits >> 56, tag == FW_REF_TABLE8);
	return ((const __u32 *)node)[at];
}

static __always_inline __m512i signature_bit(__m512i identity)
{
	return _mm512_srli_epi32(_mm512_mullo_epi32(identity, _mm512_set1_epi32((int)FW_SIGNATURE_MULTIPLIER)),
				 FW_SIGNATURE_SHIFT);
}

static __always_inline __m512i turns(const __u8 *at)
{
	return _mm512_cvtepu8_epi64(_mm_loadl_epi64((const __m128i *)at));
}

/*
 * As fw_filter(), eight pairs at a time. In a class's line word 3 + i is the signature of identity i, and half a word
 * 1 + i is its number.
 */
static __always_inline unsigned batch_filter(struct batch *b, const struct fw_class *s, const struct fw_class *d,
					     __u64 packet, unsigned wanted)
{
	__m512i sl = _mm512_load_si512(s), dl = _mm512_load_si512(d),
		tag = _mm512_set1_epi64((long long)(packet << 48));
	unsigned pairs = s->n * d->n;
	const __u8(*turn)[32] = b->turn[d->n];

	for (unsigned k = 0; k < pairs; k += 8) {
		__m512i i = _mm512_add_epi64(turns(&turn[0][k]), _mm512_set1_epi64(1)),
			j = _mm512_add_epi64(turns(&turn[1][k]), _mm512_set1_epi64(1)),
			src = _mm512_maskz_permutexvar_epi32(0x5555, i, sl),
			dst = _mm512_maskz_permutexvar_epi32(0x5555, j, dl),
			s_sig = _mm512_permutexvar_epi64(_mm512_add_epi64(i, _mm512_set1_epi64(2)), sl),
			d_sig = _mm512_permutexvar_epi64(_mm512_add_epi64(j, _mm512_set1_epi64(2)), dl),
			both = _mm512_and_si512(_mm512_srlv_epi64(s_sig, signature_bit(dst)),
						_mm512_srlv_epi64(d_sig, signature_bit(src))),
			key = _mm512_or_si512(_mm512_or_si512(src, tag), _mm512_slli_epi64(dst, FW_IDENTITY_BITS));
		__mmask8 pass =
			_mm512_mask_test_epi64_mask((__mmask8)_bzhi_u32(0xff, pairs - k), both, _mm512_set1_epi64(1));

		_mm512_storeu_si512(&b->want[wanted], _mm512_maskz_compress_epi64(pass, key));
		wanted += (unsigned)_mm_popcnt_u32(pass);
	}
	return wanted;
}

/* As fw_pair_home(). */
static __always_inline void batch_homes(struct batch *b)
{
	__m512i hash = _mm512_set1_epi64((long long)FW_PAIR_MULTIPLIER), lines = _mm512_set1_epi64(b->root.pair_lines),
		second = _mm512_set1_epi64((long long)FW_PAIR_MULTIPLIER2),
		mask = _mm512_set1_epi64((long long)FW_PAIR_KEY_MASK);
	__m256i first = _mm256_set1_epi32((int)b->root.pairs);

	for (unsigned k = 0; k < b->wanted; k += 8) {
		__m512i h = _mm512_mullo_epi64(_mm512_and_si512(_mm512_loadu_si512(&b->want[k]), mask), hash);

		h = _mm512_mullo_epi64(_mm512_xor_si512(h, _mm512_srli_epi64(h, 32)), second);
		h = _mm512_srli_epi64(_mm512_mul_epu32(_mm512_srli_epi64(h, 32), lines), 32);
		_mm256_storeu_si256((__m256i *)&b->line[k], _mm256_add_epi32(_mm512_cvtepi64_epi32(h), first));
	}
}

/* By the words of a line, which is two entries: key, hit, lo, hi. What a difference must be, and in which bits. */
struct batch_compare {
	__m512i guard, bits, want;
};

static __always_inline struct batch_compare batch_compare_of(const struct fw_root *root)
{
	__m512i guard = _mm512_set1_epi64((long long)root->lane_guard);

	return (struct batch_compare){ _mm512_maskz_mov_epi64(0x44, guard),
				       _mm512_mask_set1_epi64(_mm512_maskz_mov_epi64(0xcc, guard), 0x11,
							      (long long)FW_PAIR_KEY_MASK),
				       _mm512_maskz_mov_epi64(0xcc, guard) };
}

/* Both entries at once; a hit is always as wanted. */
static __always_inline unsigned batch_match(const struct batch_compare *c, const struct fw_pair *pair, __u64 word,
					    __u64 lanes, __u64 *found, __u64 *match)
{
	__m512i line = _mm512_load_si512(pair), packet = _mm512_or_si512(_mm512_set1_epi64((long long)lanes), c->guard),
		d;
	unsigned same, all;

	packet = _mm512_mask_set1_epi64(packet, 0x11, (long long)word);
	d = _mm512_mask_sub_epi64(_mm512_sub_epi64(packet, line), 0x88, line, packet);
	same = _mm512_cmpeq_epi64_mask(_mm512_and_si512(d, c->bits), c->want);
	all = same & same >> 1;
	all &= all >> 2;
	*found = (same | same >> 4) & 1;
	*match = (all | all >> 4) & 1;
	return same >> 4 & 1;
}

static bool avx512_has(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
	       __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
	       __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt");
}

#define BATCH_METHOD batch_avx512
#define BATCH_NAME "AVX-512"
#define BATCH_HAS avx512_has
#include "tests/perf/peers/batch_walk.h"

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#else

static bool avx512_has(void)
{
	return false;
}

const struct batch_method batch_avx512 = { "AVX-512", avx512_has, NULL };

#endif
