// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as the arguments of any request: accepted, or refused with one error. */
#include <stdlib.h>
#include <string.h>

#include "ctl/fwd/base/args.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The form of a name that is shown can be read back as the same name. */
static void check_name(const char *name)
{
	char again[FW_ALTNAME_MAX + 1];

	if (!*name || strlen(name) > FW_ALTNAME_MAX || !fw_name_is_plain(FW_NAME(name)) ||
	    !fw_name_read(again, sizeof(again), FW_NAME(name)) || strcmp(again, name) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fw_diags ds = { .n = 0 };
	struct args a;
	int err;

	if (!size)
		return 0;
	err = args_decode((enum fw_request)(data[0] % FW_NREQUESTS), (const char *)data + 1, size - 1, &ds, &a);
	if (!err != !ds.total)
		abort();
	if (err)
		return 0;
	if (!json_is_object(a.object) || a.confirm > 86400 || a.top > 10000 || a.mark > UINT32_MAX)
		abort();
	if (a.dev && (!*a.dev || strlen(a.dev) > FW_IFNAME_MAX))
		abort();
	for (size_t i = 0; a.devs && args_dev(&a, i); i++)
		check_name(args_dev(&a, i));
	args_free(&a);
	return 0;
}
