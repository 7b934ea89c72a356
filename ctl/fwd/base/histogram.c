// SPDX-License-Identifier: GPL-2.0-only
/* The bounds suit a change of some microseconds as well as a load of a million rules. */
#include "ctl/fwd/base/histogram.h"

const double histogram_bounds[HISTOGRAM_BOUNDS] = { 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
						    0.1,    0.25,    0.5,    1,     2.5,    5,     10,   25,    50 };

void histogram_add(struct histogram *h, double seconds)
{
	unsigned i = 0;

	while (i < HISTOGRAM_BOUNDS && seconds > histogram_bounds[i])
		i++;
	h->counts[i]++;
	h->count++;
	h->sum += seconds;
}
