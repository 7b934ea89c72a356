/* SPDX-License-Identifier: GPL-2.0-only */
/* What has been published so far: the head, and the parent of what is published next. Each function prints why it failed. */
#ifndef FWCTL_GENERATION_H
#define FWCTL_GENERATION_H

#include "site.h"

#include "fw/fleet/snapshot.h"

/* A generation with its ruleset. */
struct generation {
	struct fw_manifest manifest; /* self.number 0: there is none */
	void *bytes;                 /* its snapshot, decompressed */
	struct fw_message *parts;    /* in @bytes */
	struct fw_ruleset *rules;
};

/* The head's manifest, signed by one of @trusted. 0, also if nothing has been published: self.number is 0 then; or -errno. */
int generation_head(struct site *s, const struct fw_public_keys *trusted, struct fw_manifest *out);
/* The manifest of an earlier generation: a parent of @head, or of its parent, and so on. 0 or -errno. */
int generation_find(struct site *s, const struct fw_public_keys *trusted, const struct fw_manifest *head,
		    uint64_t number, struct fw_manifest *out);
/* Fills the rest of @g from its manifest. @g is to be ended by generation_end() in any case. 0 or -errno. */
int generation_read(struct site *s, struct generation *g);
void generation_end(struct generation *g);

#endif
