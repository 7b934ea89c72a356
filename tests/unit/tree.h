/* SPDX-License-Identifier: GPL-2.0-only */
/* Folders that tests work in. */
#ifndef FW_TEST_TREE_H
#define FW_TEST_TREE_H

/* Removes all that is in a folder, also in a bpffs; one that is not there is empty. What cannot be removed ends the test. */
void tree_empty(const char *folder);

#endif
