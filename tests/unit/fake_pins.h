/* SPDX-License-Identifier: GPL-2.0-only */
/* Pins as fwd leaves them for readers, with the counts of a test. Needs sandbox_enter(). */
#ifndef FW_TEST_FAKE_PINS_H
#define FW_TEST_FAKE_PINS_H

#define FAKE_PINS "/sys/fs/bpf/fake"

/**
 * fake_pins_make - create FAKE_PINS/readers
 * @counters:   lines of the iterator file of that name
 * @interfaces: likewise
 *
 * These are the counts of the first of two CPUs. The other has 1000 more of everything, which the base subtracts.
 */
void fake_pins_make(const char *counters, const char *interfaces);
/* Replaces a pin by a map of @size bytes; 0: only removes it. */
void fake_pins_replace(const char *name, unsigned size);
void fake_pins_remove(void);

#endif
