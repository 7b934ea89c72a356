// SPDX-License-Identifier: GPL-2.0-only
/* A ring of entries. */
#include "ctl/fwd/log/kept.h"

/* A process makes fewer entries than this in each millisecond that it runs, so the next one begins above its numbers. */
#define NUMBERS_A_MILLISECOND 1024

void kept_init(struct kept *k, int64_t milliseconds)
{
	*k = (struct kept){ .begun = (uint64_t)milliseconds * NUMBERS_A_MILLISECOND };
	k->next = k->begun;
}

void kept_free(struct kept *k)
{
	free(k->entries);
	k->entries = NULL;
}

struct logged *kept_add(struct kept *k)
{
	if (!k->entries)
		k->entries = calloc(KEPT_MAX, sizeof(*k->entries));
	return k->entries ? &k->entries[k->next++ % KEPT_MAX] : NULL;
}

void kept_tell(struct kept *k)
{
	for (struct follower *f = k->followers; f; f = f->next)
		f->wake(f);
}

uint64_t kept_oldest(const struct kept *k)
{
	return k->next - k->begun > KEPT_MAX ? k->next - KEPT_MAX : k->begun;
}

const struct logged *kept_at(const struct kept *k, uint64_t number)
{
	return &k->entries[number % KEPT_MAX];
}

void kept_follow(struct kept *k, struct follower *f)
{
	f->next = k->followers;
	k->followers = f;
	k->nfollowers++;
}

void kept_leave(struct kept *k, struct follower *f)
{
	struct follower **p = &k->followers;

	while (*p != f)
		p = &(*p)->next;
	*p = f->next;
	k->nfollowers--;
}
