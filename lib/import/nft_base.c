// SPDX-License-Identifier: GPL-2.0-only
/* Memory, refusals, reports and names for the import of nftables. */
#include <ctype.h>
#include <stdarg.h>

#include "lib/import/nft.h"

void *nft_alloc(struct nft *n, size_t size)
{
	return fw_region_alloc(&n->im->mem, size);
}

const char *nft_strdup(struct nft *n, const char *s)
{
	return fw_region_strdup(&n->im->mem, s, strlen(s));
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

static bool taken(const struct nft *n, const char *word)
{
	for (size_t i = 0; i < n->nwords; i++)
		if (!strcmp(n->words[i], word))
			return true;
	return false;
}

const char *nft_word(struct nft *n, const char *name)
{
	char word[48];
	size_t len = 0;

	if (!name)
		return NULL;
	if (!isalpha((unsigned char)*name) && *name != '_')
		word[len++] = '_';
	for (; *name && len < sizeof(word) - 1; name++)
		word[len++] = isalnum((unsigned char)*name) || strchr("_.-", *name) ? *name : '_';
	word[len] = '\0';
	name = nft_strdup(n, word);
	while (name && taken(n, name))
		name = nft_printf(n, "%s.%u", word, ++n->suffix);
	return name && !fw_vec_push(n->words, n->nwords, n->words_cap, name) ? name : NULL;
}
