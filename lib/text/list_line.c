// SPDX-License-Identifier: GPL-2.0-only
/* The parts of a line of a list: what is left without blanks and comments, its words, its columns. */
#include "lib/text/list.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct fw_str fw_list_trim(const char *s, const char *end)
{
	while (s < end && is_blank(*s))
		s++;
	while (end > s && is_blank(end[-1]))
		end--;
	return (struct fw_str){ s, (size_t)(end - s) };
}

struct fw_str fw_list_body(struct fw_str line)
{
	const char *s = line.s, *end = line.s + line.len;
	struct fw_str body;

	for (; s < end && *s != '#' && *s != ';'; s++)
		if (*s == '/' && end - s > 1 && s[1] == '/' && (s == line.s || is_blank(s[-1])))
			break;
	body = fw_list_trim(line.s, s);
	return body.len > 1 && body.s[body.len - 1] == ',' ? fw_list_trim(body.s, body.s + body.len - 1) : body;
}

static struct fw_str first_word(const char *s, const char *end)
{
	const char *stop = s;

	while (stop < end && !is_blank(*stop) && *stop != '#' && *stop != ';' && *stop != ',')
		stop++;
	return (struct fw_str){ s, (size_t)(stop - s) };
}

bool fw_list_hides(struct fw_str line, struct fw_str body, struct fw_str *element)
{
	const char *mark = body.s + body.len, *end = line.s + line.len, *s;
	struct fw_addr_range r;

	while (mark < end && (is_blank(*mark) || *mark == ','))
		mark++;
	if (mark == end || !body.len)
		return false;
	for (s = mark; s < end && (*s == '#' || *s == ';' || *s == '/'); s++)
		;
	*element = first_word(fw_list_trim(s, end).s, end);
	return (!is_blank(mark[-1]) || element->s == s) && fw_str_is_element(*element, &r);
}

void fw_list_words(struct fw_str s, struct fw_list_words *out)
{
	const char *p = s.s, *end = s.s + s.len;

	out->n = 0;
	while (p < end && out->n < FW_LIST_WORDS) {
		const char *from;

		while (p < end && is_blank(*p))
			p++;
		for (from = p; p < end && !is_blank(*p); p++)
			;
		if (p > from)
			out->word[out->n++] = (struct fw_str){ from, (size_t)(p - from) };
	}
}

/* Takes a column off the front of the line: what is in it. */
static struct fw_str take_column(struct fw_str *line)
{
	const char *s = line->s, *end = line->s + line->len, *stop;
	char quote = s < end && (*s == '"' || *s == '\'') ? *s++ : '\0';

	for (stop = s; stop < end && (quote ? *stop != quote : !strchr(",;\t", *stop) || !*stop); stop++)
		;

	struct fw_str column = fw_list_trim(s, stop);

	while (stop < end && (!strchr(",;\t", *stop) || !*stop))
		stop++;
	*line = stop < end ? fw_list_trim(stop + 1, end) : (struct fw_str){ end, 0 };
	return column;
}

struct fw_str fw_list_column(struct fw_str line, unsigned n)
{
	struct fw_str column;

	do
		column = take_column(&line);
	while (n--);
	return column;
}
