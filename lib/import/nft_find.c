// SPDX-License-Identifier: GPL-2.0-only
/* Chains and sets of nftables by name. Those of two tables may have the same one. */
#include "lib/import/nft.h"

struct name {
	const char *family, *table, *name;
};

static int compare(const struct name *a, const struct name *b)
{
	int by = strcmp(a->name, b->name);

	if (!by)
		by = strcmp(a->table, b->table);
	return by ? by : strcmp(a->family, b->family);
}

static struct name chain_name(const struct nft_chain *c)
{
	return (struct name){ c->family, c->table, c->name };
}

static struct name set_name(const struct nft_set *s)
{
	return (struct name){ s->family, s->table, s->name };
}

static int by_chain(const void *a, const void *b)
{
	const struct name x = chain_name(*(struct nft_chain *const *)a), y = chain_name(*(struct nft_chain *const *)b);

	return compare(&x, &y);
}

static int by_set(const void *a, const void *b)
{
	const struct name x = set_name(*(struct nft_set *const *)a), y = set_name(*(struct nft_set *const *)b);

	return compare(&x, &y);
}

int nft_index(struct nft *n)
{
	n->by_name = nft_keep(n, (n->nchains + 1) * sizeof(*n->by_name));
	n->sets_by_name = nft_keep(n, (n->nsets + 1) * sizeof(*n->sets_by_name));
	if (!n->by_name || !n->sets_by_name)
		return -ENOMEM;
	for (size_t i = 0; i < n->nchains; i++)
		n->by_name[i] = &n->chains[i];
	for (size_t i = 0; i < n->nsets; i++)
		n->sets_by_name[i] = &n->sets[i];
	qsort(n->by_name, n->nchains, sizeof(*n->by_name), by_chain);
	qsort(n->sets_by_name, n->nsets, sizeof(*n->sets_by_name), by_set);
	return 0;
}

struct nft_chain *nft_chain_find(struct nft *n, const struct nft_chain *of, const char *name)
{
	struct nft_chain key = { .family = of->family, .table = of->table, .name = name }, *p = &key, **found;

	found = bsearch(&p, n->by_name, n->nchains, sizeof(*n->by_name), by_chain);
	return found ? *found : NULL;
}

struct nft_set *nft_set_find(struct nft *n, const struct nft_chain *of, const char *name)
{
	struct nft_set key = { .family = of->family, .table = of->table, .name = name }, *p = &key, **found;

	found = bsearch(&p, n->sets_by_name, n->nsets, sizeof(*n->sets_by_name), by_set);
	return found ? *found : NULL;
}
