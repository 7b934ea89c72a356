// SPDX-License-Identifier: GPL-2.0-only
/* Memory, refusals, reports and names for the import of nftables. */
#include <ctype.h>
#include <stdarg.h>

#include "lib/import/nft.h"

void *nft_keep(struct nft *n, size_t size)
{
	return fw_region_alloc(&n->im->mem, size);
}

void *nft_alloc(struct nft *n, size_t size)
{
	return fw_region_alloc(n->in_rule ? &n->work : &n->im->mem, size);
}

const char *nft_strdup(struct nft *n, const char *s)
{
	return fw_region_strdup(n->in_rule ? &n->work : &n->im->mem, s, strlen(s));
}

const char *nft_printf(struct nft *n, const char *fmt, ...)
{
	const char *s;
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	s = text ? nft_strdup(n, text) : NULL;
	free(text);
	return s;
}

int nft_refuse(struct nft *n, enum fw_import_reason reason, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(n->why.text, sizeof(n->why.text), fmt, args);
	va_end(args);
	n->why.reason = reason;
	return -EINVAL;
}

void nft_report(struct nft *n, struct nft_object *o, int err, const char *message)
{
	if (o->reported && o->reason > FW_IMPORT_AS_KERNEL)
		return;
	o->reported = true;
	o->reason = err ? n->why.reason : FW_IMPORT_AS_RULE;
	o->message = err ? nft_strdup(n, n->why.text) : message;
}

static uint64_t hash(const char *s)
{
	uint64_t h = 0;

	while (*s)
		h = fw_mix64(h ^ (unsigned char)*s++);
	return h;
}

/* Where the word is in the table, or the free place where it would be. */
static const char **place_of(const char **table, size_t cap, const char *word)
{
	size_t i = hash(word) & (cap - 1);

	while (table[i] && strcmp(table[i], word))
		i = (i + 1) & (cap - 1);
	return &table[i];
}

/* Room for one more: at most half of the places are taken. */
static int grow_words(struct nft *n)
{
	size_t cap = n->words_cap ? 2 * n->words_cap : 64;
	const char **table;

	if (2 * (n->nwords + 1) <= n->words_cap)
		return 0;
	table = calloc(cap, sizeof(*table));
	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < n->words_cap; i++)
		if (n->words[i])
			*place_of(table, cap, n->words[i]) = n->words[i];
	free(n->words);
	n->words = table;
	n->words_cap = cap;
	return 0;
}

const char *nft_word(struct nft *n, const char *name)
{
	char word[64];
	const char **at;
	int len = 0;

	if (!name || grow_words(n))
		return NULL;
	if (!isalpha((unsigned char)*name) && *name != '_')
		word[len++] = '_';
	for (; *name && len < 48; name++)
		word[len++] = isalnum((unsigned char)*name) || strchr("_.-", *name) ? *name : '_';
	word[len] = '\0';
	while (*(at = place_of(n->words, n->words_cap, word)))
		snprintf(word + len, sizeof(word) - (size_t)len, ".%u", ++n->suffix);
	*at = fw_region_strdup(&n->im->mem, word, strlen(word));
	n->nwords += *at != NULL;
	return *at;
}
