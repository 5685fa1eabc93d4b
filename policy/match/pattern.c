/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy/match/pattern.h"

#include <errno.h>
#include <string.h>

enum { WORD = 64, WORDS_MAX = (PATTERN_MAX + 1 + WORD - 1) / WORD };

/* One step through the text: '*', '?', or a literal in *byte. */
enum token { TOKEN_END, TOKEN_STAR, TOKEN_ANY, TOKEN_BYTE, TOKEN_BAD };

static enum token next(const char **p, uint8_t *byte)
{
	char c = *(*p)++;

	switch (c) {
	case 0:
		return TOKEN_END;
	case '*':
		return TOKEN_STAR;
	case '?':
		return TOKEN_ANY;
	case '\\':
		c = *(*p)++;
		if (!c || !strchr("*?\\", c))
			return TOKEN_BAD;
		break;
	default:
		break;
	}
	*byte = (uint8_t)c;
	return TOKEN_BYTE;
}

const char *pattern_why(const char *text)
{
	enum token t;
	uint8_t byte;
	size_t n = 0;

	if (!*text)
		return "empty";
	while ((t = next(&text, &byte)) != TOKEN_END) {
		if (t == TOKEN_BAD)
			return "a backslash stands before *, ? or another backslash only";
		n += t != TOKEN_STAR;
	}
	return n > PATTERN_MAX ? "longer than what is kept of any text" : NULL;
}

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static uint8_t upper(uint8_t c)
{
	return c >= 'a' && c <= 'z' ? (uint8_t)(c - 'a' + 'A') : c;
}

/* What a pattern consists of. */
struct parts {
	uint8_t class[256];
	uint64_t mask[256][WORDS_MAX];
	uint64_t loop[WORDS_MAX];
	size_t classes, n;
	bool open;
};

static void take(struct parts *s, enum token t, uint8_t byte, bool fold)
{
	size_t at;

	s->open = t == TOKEN_STAR;
	if (t == TOKEN_STAR) {
		s->loop[s->n / WORD] |= UINT64_C(1) << s->n % WORD;
		return;
	}
	at = ++s->n;
	if (t == TOKEN_BYTE) {
		if (fold)
			byte = lower(byte);
		if (!s->class[byte])
			s->class[byte] = (uint8_t)s->classes++;
		if (fold)
			s->class[upper(byte)] = s->class[byte];
		s->mask[s->class[byte]][at / WORD] |= UINT64_C(1) << at % WORD;
		return;
	}
	/* of classes that come later, too */
	for (size_t i = 0; i < 256; i++)
		s->mask[i][at / WORD] |= UINT64_C(1) << at % WORD;
}

int pattern_make(struct pattern *p, struct arena *a, const char *text, bool fold)
{
	struct parts s;
	uint64_t *mask, *loop;
	uint8_t *class, byte = 0;
	enum token t;
	size_t words;

	memset(&s, 0, sizeof s);
	s.classes = 1;
	while ((t = next(&text, &byte)) != TOKEN_END)
		if (t == TOKEN_STAR || (t != TOKEN_BAD && s.n < PATTERN_MAX))
			take(&s, t, byte, fold);
	words = s.n / WORD + 1;
	class = arena_array(a, sizeof s.class, 1);
	loop = arena_array(a, words, sizeof *loop);
	mask = arena_array(a, s.classes * words, sizeof *mask);
	if (!class || !loop || !mask)
		return -ENOMEM;
	memcpy(class, s.class, sizeof s.class);
	memcpy(loop, s.loop, words * sizeof *loop);
	for (size_t i = 0; i < s.classes; i++)
		memcpy(mask + i * words, s.mask[i], words * sizeof *mask);
	*p = (struct pattern){ .class = class, .mask = mask, .loop = loop, .n = (uint16_t)s.n,
			       .words = (uint8_t)words, .open = s.open };
	return 0;
}

bool pattern_match(const struct pattern *p, const char *text, size_t len, bool cut)
{
	uint64_t state[WORDS_MAX] = { 1 };

	if (cut && !p->open)
		return false;
	for (size_t i = 0; i < len; i++) {
		const uint64_t *mask = p->mask + (size_t)p->class[(uint8_t)text[i]] * p->words;
		uint64_t carry = 0, any = 0;

		for (size_t w = 0; w < p->words; w++) {
			uint64_t old = state[w];

			state[w] = ((old << 1 | carry) & mask[w]) | (old & p->loop[w]);
			carry = old >> (WORD - 1);
			any |= state[w];
		}
		if (!any)
			return false;
	}
	return state[p->n / WORD] >> p->n % WORD & 1;
}
