/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef FW_TEST_ROWS_H
#define FW_TEST_ROWS_H

/* Elements of an array, such as the rows of a table of cases. */
#define ROWS(a) (sizeof(a) / sizeof(*(a)))

#endif
