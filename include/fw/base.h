/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every part of the library uses: diagnostics, cleanup attributes, a
 * region allocator, growing arrays and texts, text that is safe to show, whole
 * files.
 */
#ifndef FW_BASE_H
#define FW_BASE_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define FW_MAX_DIAGS 20

/* An error that the user made: where, what, and how to fix it. */
struct fw_diag {
	char file[256];  /* empty: not from a file */
	unsigned line;   /* from 1; 0: no line */
	unsigned column; /* from 1, in bytes; 0: no column */
	char message[320];
	char hint[240]; /* how to fix it; may be empty */
};

/* Up to FW_MAX_DIAGS of them; @total includes those that did not fit. */
struct fw_diags {
	struct fw_diag d[FW_MAX_DIAGS];
	unsigned n;
	unsigned total;
};

struct fw_place {
	const char *file; /* NULL: not from a file */
	unsigned line;
	unsigned column;
};

/**
 * fw_diag_add - add an error
 * @ds:    NULL drops it
 * @at:    its place; copied
 * @hint:  how to fix it, or NULL; copied
 * Return: always -EINVAL, so that a caller can `return fw_diag_add(...)`. A macro, so that compilers see the constant.
 */
#define fw_diag_add(...)                   \
	({                                 \
		fw_diag_note(__VA_ARGS__); \
		-EINVAL;                   \
	})
void fw_diag_note(struct fw_diags *ds, struct fw_place at, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Appends the diagnostics of @from; @to NULL drops them. */
void fw_diags_append(struct fw_diags *to, const struct fw_diags *from);

/**
 * fw_diag_format - format a diagnostic as "FILE:LINE:COLUMN: MESSAGE\n  hint: HINT", without a final newline
 * Return: @buf.
 */
const char *fw_diag_format(const struct fw_diag *d, char *buf, size_t size);

/* Cleanup attributes: `fw_cleanup(free_thing) struct thing *t` calls free_thing(&t) at the end of the scope. */
#define fw_cleanup(fn) __attribute__((cleanup(fn)))
static inline void fw_freep(void *p)
{
	free(*(void **)p);
}
#define fw_autofree fw_cleanup(fw_freep)

/* Evaluates to the pointer and sets it to NULL: `*out = fw_take(p)` transfers it. */
#define fw_take(p)                             \
	({                                     \
		__typeof__(p) fw_taken_ = (p); \
		(p) = NULL;                    \
		fw_taken_;                     \
	})

/*
 * A region: many allocations that are freed at once. A single one can be given
 * back, for another of the same size. Zero-initialised is empty. Memory is zeroed
 * and aligned to 8 bytes.
 */
#define FW_REGION_CLASSES 64 /* small blocks have 8 to 8 * FW_REGION_CLASSES bytes; larger ones come from malloc */
struct fw_region_chunk;
struct fw_region_large;
struct fw_region {
	struct fw_region_chunk *chunks;
	struct fw_region_large *large;
	void *free[FW_REGION_CLASSES]; /* given back, by size */
	size_t bytes;                  /* allocated by malloc */
};

/* Return: @size zeroed bytes; NULL: out of memory. */
void *fw_region_alloc(struct fw_region *a, size_t size);
/* Copies @len bytes of @s and adds a NUL. NULL: out of memory. */
char *fw_region_strdup(struct fw_region *a, const char *s, size_t len);
/* Gives back what fw_region_alloc() returned for @size bytes; NULL is fine. */
void fw_region_recycle(struct fw_region *a, const void *p, size_t size);
void fw_region_free(struct fw_region *a);

/* Asks the kernel to back a large allocation, not yet touched, with huge pages. Ignores small ones. Never fails. */
void fw_huge_pages(void *p, size_t size);

/**
 * fw_vec_grow - make room for one more element
 * @ptr:  address of the element pointer
 * @n:    elements in use
 * @cap:  elements that fit; updated
 * @size: bytes of an element
 * Return: 0, or -ENOMEM with nothing changed. New room is not zeroed.
 */
int fw_vec_grow(void *ptr, size_t n, size_t *cap, size_t size);

/* Appends @value to the vector {ptr, n, cap}; evaluates to 0 or -ENOMEM. */
#define fw_vec_push(ptr, n, cap, value)                                         \
	({                                                                      \
		int fw_err_ = fw_vec_grow(&(ptr), (n), &(cap), sizeof(*(ptr))); \
		if (!fw_err_)                                                   \
			(ptr)[(n)++] = (value);                                 \
		fw_err_;                                                        \
	})

/*
 * A text that grows. Zero-initialised is empty. @text ends in NUL, but is NULL before anything was added; free it with
 * fw_buf_free(). Nothing is checked at each addition: once memory ran out, @failed stays set and the text is incomplete.
 */
struct fw_buf {
	char *text;
	size_t len, cap;
	bool failed;
};
void fw_buf_printf(struct fw_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends @len bytes as they are. */
void fw_buf_add(struct fw_buf *b, const char *s, size_t len);
/* Appends a string, and a number in decimal. Rules are printed with these: each is several times as fast as printf. */
void fw_buf_word(struct fw_buf *b, const char *s);
void fw_buf_u64(struct fw_buf *b, uint64_t v);
/* Frees the text; the buffer is empty then and can be used again. */
void fw_buf_free(struct fw_buf *b);

#define FW_U64_DIGITS 20 /* of a 64-bit number, at most */
/* Writes the decimal digits of @v, without a NUL. Return: the end of what was written. */
char *fw_put_u64(char *out, uint64_t v);

/* Mixes 64 bits for hashing: the finaliser of MurmurHash3, by Appleby. */
static inline uint64_t fw_mix64(uint64_t x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdull;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ull;
	return x ^ (x >> 33);
}

/* The plural ending after a number: "%zu rule%s", n, fw_plural(n). */
static inline const char *fw_plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/*
 * Decodes the UTF-8 character at @s, where @left bytes remain. Return: its bytes; 0: there is none, or it is not in its
 * shortest form.
 */
size_t fw_utf8_read(const char *s, size_t left, uint32_t *code);
/* The same, but 0 also for control characters (C1 too). */
size_t fw_utf8_len(const char *s, size_t left);
/* The same, but 0 also for characters that are invisible or change the direction of writing: U+200B, U+202E, U+FEFF ... */
size_t fw_utf8_shown(const char *s, size_t left);
/* Return: how many of @len bytes to keep for a text of at most @max bytes that ends with a whole character. */
size_t fw_utf8_cut(const char *s, size_t len, size_t max);

/*
 * Untrusted text for a terminal, a log or a page: what fw_utf8_shown() refuses becomes \n, \t or, byte by byte, \x1b.
 * Writes one character and a NUL to @out. Return: the bytes of @s that it took.
 */
#define FW_ESCAPE_ONE 8
size_t fw_escape_one(char out[FW_ESCAPE_ONE], const char *s, size_t left);
/* Escapes @len bytes, or up to a NUL, into one line, which ends with "..." if cut. @size is at least 4. Return: @out. */
char *fw_escape(char *out, size_t size, const char *text, size_t len);
/* Escapes all of @text. Return: freed by the caller; NULL: out of memory. */
char *fw_escaped(const char *text);

/*
 * An interface name, of up to FW_ALTNAME_MAX bytes, in the form that users see and may type: \x1b for each byte that is not
 * shown, and \x5c for a backslash, so that two names never look the same. FW_NAME(name) lives to the end of the expression.
 * NULL becomes the empty text.
 */
#define FW_IFNAME_MAX 15   /* bytes of an interface's name (IFNAMSIZ - 1) */
#define FW_ALTNAME_MAX 127 /* bytes of an alternative name (ALTIFNAMSIZ - 1) */
struct fw_name_shown {
	char s[4 * FW_ALTNAME_MAX + 1];
};
struct fw_name_shown fw_name_show(const char *name);
#define FW_NAME(name) fw_name_show(name).s
/*
 * The reverse: the name whose form is @text; or @text itself if there is none: et\x680 is not eth0. Return: its length; 0: it
 * does not fit. @out may be @text.
 */
size_t fw_name_read(char *out, size_t size, const char *text);
/* Can every character be shown as it is? */
bool fw_name_is_plain(const char *name);
/* Does @text begin with \xNN, other than \x00? Then sets @byte. */
bool fw_hex_escape(const char *text, size_t left, char *byte);

/* What kinds of files fw_file_read() accepts. */
enum fw_file_kind {
	FW_FILE_ANY,
	FW_FILE_NO_DEVICE,
	FW_FILE_REGULAR, /* never waits for another program, as a pipe does */
};

/**
 * fw_file_read - read a whole file into memory
 * @path: NULL: standard input
 * @max:  bytes that are accepted
 * @text: freed by the caller; has a NUL after @len bytes; untouched on failure
 * Return: 0, -EFBIG above @max, -ENODEV or -EISDIR for a file of another kind, -ENOMEM, or another -errno.
 */
int fw_file_read(const char *path, enum fw_file_kind kind, size_t max, char **text, size_t *len);

/* Seconds on the monotonic clock. */
double fw_now(void);

#endif
