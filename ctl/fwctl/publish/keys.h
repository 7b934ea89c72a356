/* SPDX-License-Identifier: GPL-2.0-only */
/* Key files. Each function prints why it failed. */
#ifndef FWCTL_KEYS_H
#define FWCTL_KEYS_H

#include "fw/fleet/key.h"

/* A file with public keys. 0 or -errno. */
int keys_read_public(const char *path, struct fw_public_keys *out);
/* A file with a secret key, which only its owner and group can read. 0 or -errno. */
int keys_read_secret(const char *path, struct fw_secret_key *out);
/* A file of either kind: the public keys in it or of it. @secret: is it the file of a secret key? 0 or -errno. */
int keys_read_any(const char *path, struct fw_public_keys *out, bool *secret);
/* NAME.key and NAME.pub of a new pair, neither of which may be there yet. 0 or -errno. */
int keys_make(const char *name, struct fw_public_key *out);

#endif
