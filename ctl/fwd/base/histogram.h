/* SPDX-License-Identifier: GPL-2.0-only */
/* Histograms of durations. */
#ifndef FWD_HISTOGRAM_H
#define FWD_HISTOGRAM_H

#include "fw/base.h"

#define HISTOGRAM_BOUNDS 18

struct histogram {
	uint64_t counts[HISTOGRAM_BOUNDS + 1]; /* [i]: up to bound i and above the one before; the last: above all */
	uint64_t count;
	double sum; /* seconds */
};

/* Seconds, ascending. */
extern const double histogram_bounds[HISTOGRAM_BOUNDS];

void histogram_add(struct histogram *h, double seconds);

#endif
