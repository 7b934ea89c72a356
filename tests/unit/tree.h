/* SPDX-License-Identifier: GPL-2.0-only */
/* The folders that tests work in, and the sources. */
#ifndef FW_TEST_TREE_H
#define FW_TEST_TREE_H

/* Removes everything in a folder, which may be in bpffs or not exist. Ends the test if that fails. */
void tree_empty(const char *folder);

/*
 * The path of a source file, given relative to the top folder, in whatever folder the test runs. Borrowed until the next call.
 */
const char *tree_source(const char *name);
/* Its text, freed by the caller. Ends the test if it cannot be read. */
char *tree_text(const char *name);

#endif
