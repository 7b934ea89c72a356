// SPDX-License-Identifier: GPL-2.0-only
/* MAC addresses as texts of iptables, ipset and nft have them. */
#include "lib/import/import.h"

#include <ctype.h>

bool import_mac(const char *text, uint8_t mac[IMPORT_MAC_BYTES])
{
	size_t i;

	for (i = 0; i < IMPORT_MAC_BYTES; i++, text += 3) {
		char digits[3] = { text[0], text[0] ? text[1] : '\0', '\0' };

		if (!isxdigit((unsigned char)digits[0]) || !isxdigit((unsigned char)digits[1]) ||
		    text[2] != (i + 1 < IMPORT_MAC_BYTES ? ':' : '\0'))
			return false;
		mac[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}
