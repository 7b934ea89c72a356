// SPDX-License-Identifier: GPL-2.0-only
/* A fuzzer's main() without libFuzzer: runs each input that is named once. */
#include "fw/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
	static uint8_t data[1 << 20];

	for (int i = 1; i < argc; i++) {
		FILE *f = fopen(argv[i], "r");
		size_t size = f ? fread(data, 1, sizeof(data), f) : 0;

		if (!f || fclose(f)) {
			perror(argv[i]);
			return 1;
		}
		LLVMFuzzerTestOneInput(data, size);
	}
	return 0;
}
