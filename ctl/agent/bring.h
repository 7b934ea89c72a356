/* SPDX-License-Identifier: GPL-2.0-only */
/* Manifests and objects, from the agent's folder or else from the web server, checked. */
#ifndef AGENT_BRING_H
#define AGENT_BRING_H

#include "core.h"

typedef void bring_done(struct agent *a, int err, const char *why);

/*
 * A generation's manifest, signed by a trusted key. @done: 0, and it is in a->bring.manifest; or -EKEYREJECTED, -EPROTO: there is no
 * use in trying again. If it cannot be had now, @done is not called, and a->later is set. The agent waits meanwhile.
 */
void bring_manifest(struct agent *a, const struct fw_generation *g, bring_done *done);
/* The same of one that was accepted before: the key that signed it may have been retired since. */
void bring_known_manifest(struct agent *a, const struct fw_generation *g, bring_done *done);
/* An object of a->bring.manifest. @done: always 0, and its bytes are in a->bring.bytes, which the caller takes. */
void bring_object(struct agent *a, const struct fw_object *o, bring_done *done);
/* Ends it without a call; the agent does not wait any more. */
void bring_cancel(struct agent *a);

#endif
