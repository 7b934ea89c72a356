/* SPDX-License-Identifier: GPL-2.0-only */
/* Pins as fwd leaves them for readers, with counts that a test wants. In a sandbox: see sandbox_enter(). */
#ifndef FW_TEST_FAKE_PINS_H
#define FW_TEST_FAKE_PINS_H

#define FAKE_PINS "/sys/fs/bpf/fake"

/**
 * fake_pins_make - makes FAKE_PINS/readers
 * @counters:   lines of the iterators' file of counters
 * @interfaces: likewise
 * What is counted is that of the first of two CPUs; the other one counts 1000 more of everything, which a base takes away again.
 */
void fake_pins_make(const char *counters, const char *interfaces);
/* Another map of @size bytes takes the place of a pin; 0: nothing does. */
void fake_pins_replace(const char *name, unsigned size);
void fake_pins_remove(void);

#endif
