// SPDX-License-Identifier: GPL-2.0-only
/* The packet parser: every case whole, and cut at every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fw/rule.h"
#include "fw/table/plain.h"
#include "tests/unit/cases.h"
#include "tests/unit/random.h"

/* Parses a copy that ends where the readable bytes end, so that a sanitizer sees every byte too many. */
static void parse(const struct fw_case *c, uint32_t readable, uint32_t len, struct fw_key *key)
{
	struct fw_meta meta = fw_case_meta(c);
	uint8_t *copy = malloc(readable ? readable : 1);

	assert_non_null(copy);
	memcpy(copy, c->bytes, readable);
	memset(key, 0xa5, sizeof(*key));
	meta.len = len;
	fw_packet_parse(copy, copy + readable, &meta, key);
	free(copy);
}

static void assert_key(const struct fw_case *c, const struct fw_key *got, const struct fw_key *want)
{
	for (int i = 0; i < FW_NFIELDS; i++)
		if (got->f[i] != want->f[i])
			fail_msg("%s: %s is %u, not %u", c->name, fw_field_info[i].keyword, got->f[i], want->f[i]);
	if (got->reason != want->reason || got->family != want->family)
		fail_msg("%s: reason %u family %u, not %u and %u", c->name, got->reason, got->family, want->reason,
			 want->family);
	if (fw_addr_cmp(got->src, want->src) || fw_addr_cmp(got->dst, want->dst))
		fail_msg("%s: addresses %016llx > %016llx", c->name, got->src.hi, got->dst.hi);
	if (memcmp(got, want, sizeof(*got)))
		fail_msg("%s: unused slots of the key are not 0", c->name);
}

/* A frame cut to @readable of @len bytes. What is malformed keeps what was learnt before: only the reason counts. */
static void assert_cut(const struct fw_case *c, uint32_t readable, uint32_t len)
{
	struct fw_key got, want;

	parse(c, readable, len, &got);
	fw_case_key_cut(c, readable, len, &want);
	for (int i = 0; i < FW_NFIELDS; i++)
		if (fw_field_info[i].source == FW_SOURCE_RARE && got.f[i] == fw_field_info[i].absent)
			want.f[i] = got.f[i]; /* options that cannot be read */
	if (want.reason != FW_R_MALFORMED)
		assert_key(c, &got, &want);
	else if (got.reason != FW_R_MALFORMED)
		fail_msg("%s: %u of %u bytes: reason %u", c->name, readable, len, got.reason);
	for (int i = 0; i < FW_NFIELDS; i++)
		if (i != FW_F_MARK && got.f[i] > fw_field_info[i].absent)
			fail_msg("%s: %u of %u bytes: %s is %u", c->name, readable, len, fw_field_info[i].keyword,
				 got.f[i]);
}

static void test_whole(void **state)
{
	for (size_t i = 0; i < fw_ncases; i++) {
		const struct fw_case *c = &fw_cases[i];
		struct fw_key got, want;

		parse(c, c->len, fw_case_meta(c).len, &got);
		fw_case_key(c, &want);
		assert_key(c, &got, &want);
	}
}

/* The frame is whole, but only its first bytes can be read. */
static void test_unreadable(void **state)
{
	for (size_t i = 0; i < fw_ncases; i++)
		for (uint32_t n = 0; n <= fw_cases[i].len; n++)
			assert_cut(&fw_cases[i], n, fw_case_meta(&fw_cases[i]).len);
}

/* The frame itself ends early. */
static void test_truncated(void **state)
{
	for (size_t i = 0; i < fw_ncases; i++)
		for (uint32_t n = 0; n <= fw_case_meta(&fw_cases[i]).len; n++)
			assert_cut(&fw_cases[i], n < fw_cases[i].len ? n : fw_cases[i].len, n);
}

/* Longer frames are padded: the key stays, unless the packet takes its length from the frame. */
static void test_padded(void **state)
{
	for (size_t i = 0; i < fw_ncases; i++)
		if (fw_cases[i].reason == FW_R_NONE && !fw_cases[i].open && fw_case_meta(&fw_cases[i]).len < 65535)
			assert_cut(&fw_cases[i], fw_cases[i].len, fw_case_meta(&fw_cases[i]).len + 1);
}

/* The packet of a case at random, sometimes cut or padded, or with a bit of its headers changed. Return: its length; 0: it is none. */
static uint32_t random_packet(uint8_t ip[2 * FW_PLAIN_BYTES])
{
	const struct fw_case *c = &fw_cases[random_below((uint32_t)fw_ncases)];
	struct fw_meta meta = fw_case_meta(c);

	if (meta.l3 || meta.len != c->len || c->len < ETH_HLEN || c->len - ETH_HLEN > 2 * FW_PLAIN_BYTES)
		return 0;
	memset(ip, 0, 2 * FW_PLAIN_BYTES);
	memcpy(ip, c->bytes + ETH_HLEN, c->len - ETH_HLEN);
	if (random_below(4))
		ip[random_below(FW_PLAIN_BYTES)] ^= 1u << random_below(8);
	return random_below(4) ? c->len - ETH_HLEN : random_below(2 * FW_PLAIN_BYTES);
}

/* Plain packets have no reason. */
static void test_plain(void **state)
{
	unsigned plain = 0;

	random_start();
	for (unsigned n = 0; n < 2000000; n++) {
		uint8_t ip[2 * FW_PLAIN_BYTES];
		struct fw_meta meta = { .l3 = 1, .len = random_packet(ip) };
		struct fw_key key;

		meta.ethertype = random_below(2) ? ETH_P_IP : ETH_P_IPV6;
		if (!meta.len || !fw_ip_is_plain(ip, meta.ethertype, meta.len))
			continue;
		plain++;
		fw_packet_parse(ip, ip + meta.len, &meta, &key);
		if (key.reason != FW_R_NONE)
			fail_msg("seed %llu: reason %u", (unsigned long long)random_seed(), key.reason);
	}
	assert_true(plain > 1000);
}

static void test_names_differ(void **state)
{
	for (size_t i = 0; i < fw_ncases; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(fw_cases[i].name, fw_cases[j].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),  cmocka_unit_test(test_unreadable),   cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_padded), cmocka_unit_test(test_names_differ), cmocka_unit_test(test_plain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
