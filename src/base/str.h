/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * A growing text. Starts as STRBUF_INIT; release with strbuf_release(). A failed allocation or a
 * passed ceiling sets `failed` and later additions do nothing: test once, at the end.
 */
struct strbuf {
    char *data; /* always ended by 0 once anything was added; may be NULL */
    size_t size;
    size_t capacity;
    size_t ceiling; /* 0: STRBUF_CEILING */
    bool failed;
};

#define STRBUF_CEILING (256u << 20)
#define STRBUF_INIT          \
    {                        \
        NULL, 0, 0, 0, false \
    }

void strbuf_add(struct strbuf *buf, const void *data, size_t size);
void strbuf_puts(struct strbuf *buf, const char *text);
void strbuf_printf(struct strbuf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** The text moves to the caller (free()); "" rather than NULL; NULL when it failed. */
char *strbuf_take(struct strbuf *buf);
void strbuf_release(struct strbuf *buf);

/** snprintf into a fresh string; NULL: out of memory. */
char *str_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** strdup that takes NULL for NULL. */
char *str_dup(const char *text);
/** Copy into a fixed array, cut at a whole UTF-8 character. */
void str_copy(char *to, size_t size, const char *from);
bool str_starts(const char *text, const char *prefix);
bool str_ends(const char *text, const char *suffix);
/** Case-insensitive search for ASCII needles. */
bool str_contains_nocase(const char *text, const char *needle);
/** Decimal integer, whole text, within bounds. */
bool str_to_int64(const char *text, int64_t min, int64_t max, int64_t *out);
/** Bytes of the UTF-8 character that a text begins with (RFC 3629); 0: none, or it is empty. */
size_t str_character(const char *text);
/** Control characters and bytes that are no UTF-8 become question marks: a file name may hold
 *  anything, and a line for a terminal must not. */
void str_make_line(char *text);
/** Length in Unicode code points; -1: not UTF-8. */
long str_code_points(const char *text);
/** Bytes before the first that is not UTF-8: strlen(text) when all of it is. */
size_t str_utf8_span(const char *text);
/** Percent-encode all but RFC 3986's unreserved bytes (2.3) and those of `keep`, in upper case. */
void strbuf_escape(struct strbuf *out, const char *text, const char *keep);
/** Text as one word of a POSIX shell command line; yours: free(). */
char *str_shell_quote(const char *text);

#endif
