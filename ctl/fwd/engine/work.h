/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one step of a reader may do on the loop, counted, not timed: in comparisons of things that are at hand, some ten
 * nanoseconds each. A step goes on to a unit that is whole when all of it is done, and ends then.
 */
#ifndef FWD_WORK_H
#define FWD_WORK_H

#define WORK_STEP 100000 /* about a millisecond */
#define WORK_RULE 16     /* a rule that is looked at: its memory may be anywhere */
#define WORK_ELEMENT 16  /* an address or a value that is made into text */
#define WORK_COUNTER 16  /* a counter that is summed up */

#endif
