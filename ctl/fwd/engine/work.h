/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much a reader may do on the loop in one step. Work is counted, not timed, in comparisons of things in the cache, some ten
 * nanoseconds each. A step ends after the unit with which it has used up its share.
 */
#ifndef FWD_WORK_H
#define FWD_WORK_H

#define WORK_STEP 100000 /* about a millisecond */
#define WORK_RULE 16     /* reading a rule: its memory may be anywhere */
#define WORK_ELEMENT 16  /* printing an address or a value */
#define WORK_COUNTER 16  /* adding up a counter */

#endif
