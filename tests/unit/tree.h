/* SPDX-License-Identifier: GPL-2.0-only */
/* Folders: those that tests work in, and the one with the sources. */
#ifndef FW_TEST_TREE_H
#define FW_TEST_TREE_H

/* Removes all that is in a folder, also in a bpffs; one that is not there is empty. What cannot be removed ends the test. */
void tree_empty(const char *folder);

/*
 * A file of the sources, by its path from their top folder, whatever folder the test is run in. Borrowed until the next call
 * with another name.
 */
const char *tree_source(const char *name);
/* Its text, freed by the caller. A file that cannot be read ends the test. */
char *tree_text(const char *name);

#endif
