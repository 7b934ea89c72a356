/* SPDX-License-Identifier: GPL-2.0-only */
/* All files that a fuzzer's texts can name. None is opened, so results do not depend on the machine. */
#ifndef FW_FUZZ_FILES_H
#define FW_FUZZ_FILES_H

#include "fw/text.h"

/* "l" has two elements, "e" has none. There are no others. */
extern const struct fw_files fuzz_files;

#endif
