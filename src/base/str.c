/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/str.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/auto.h"

void auto_free(void *variable)
{
    void **pointer = variable;

    free(*pointer);
    *pointer = NULL;
}

void auto_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static bool reserve(struct strbuf *buf, size_t more)
{
    size_t ceiling = buf->ceiling ? buf->ceiling : STRBUF_CEILING;
    size_t want = buf->capacity ? buf->capacity : 64;
    char *data;

    if (buf->failed)
        return false;
    if (more >= ceiling || buf->size + more >= ceiling) {
        buf->failed = true;
        return false;
    }
    if (buf->size + more < buf->capacity)
        return true;
    while (want <= buf->size + more)
        want *= 2;
    data = realloc(buf->data, want);
    if (!data) {
        buf->failed = true;
        return false;
    }
    buf->data = data;
    buf->capacity = want;
    return true;
}

void strbuf_add(struct strbuf *buf, const void *data, size_t size)
{
    if (!reserve(buf, size))
        return;
    if (size)
        memcpy(buf->data + buf->size, data, size);
    buf->size += size;
    buf->data[buf->size] = 0;
}

void strbuf_puts(struct strbuf *buf, const char *text)
{
    strbuf_add(buf, text, strlen(text));
}

void strbuf_printf(struct strbuf *buf, const char *format, ...)
{
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (size < 0 || !reserve(buf, (size_t)size)) {
        buf->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(buf->data + buf->size, (size_t)size + 1, format, args);
    va_end(args);
    buf->size += (size_t)size;
}

char *strbuf_take(struct strbuf *buf)
{
    char *data;

    strbuf_add(buf, "", 0);
    data = buf->failed ? NULL : OSP_TAKE(buf->data);
    strbuf_release(buf);
    return data;
}

void strbuf_release(struct strbuf *buf)
{
    free(buf->data);
    *buf = (struct strbuf)STRBUF_INIT;
}

char *str_format(const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        text = NULL;
    va_end(args);
    return text;
}

char *str_dup(const char *text)
{
    return text ? strdup(text) : NULL;
}

void str_copy(char *to, size_t size, const char *from)
{
    size_t length = strnlen(from, size);

    if (length >= size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)from[length] & 0xC0) == 0x80)
            length--;
    }
    memmove(to, from, length);
    to[length] = 0;
}

bool str_starts(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *text, const char *suffix)
{
    size_t a = strlen(text), b = strlen(suffix);

    return a >= b && strcmp(text + a - b, suffix) == 0;
}

bool str_contains_nocase(const char *text, const char *needle)
{
    size_t length = strlen(needle);

    for (; *text; text++) {
        if (strncasecmp(text, needle, length) == 0)
            return true;
    }
    return length == 0;
}

bool str_to_int64(const char *text, int64_t min, int64_t max, int64_t *out)
{
    char *end;
    long long value;

    if (!text || !(isdigit((unsigned char)text[0]) || text[0] == '-'))
        return false;
    errno = 0;
    value = strtoll(text, &end, 10);
    if (errno || *end || end == text || value < min || value > max)
        return false;
    *out = value;
    return true;
}

size_t str_character(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t size = *p < 0x80 ? 1 : *p < 0xC2 ? 0 : *p < 0xE0 ? 2 : *p < 0xF0 ? 3 : *p < 0xF5 ? 4 : 0;

    /* RFC 3629 3: no overlong forms, no surrogates, nothing above U+10FFFF */
    if ((*p == 0xE0 && p[1] < 0xA0) || (*p == 0xED && p[1] > 0x9F) || (*p == 0xF0 && p[1] < 0x90) ||
        (*p == 0xF4 && p[1] > 0x8F))
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    return *p ? size : 0;
}

long str_code_points(const char *text)
{
    long count = 0;

    for (size_t size; *text; text += size, count++) {
        size = str_character(text);
        if (!size)
            return -1;
    }
    return count;
}

size_t str_utf8_span(const char *text)
{
    size_t done = 0, size;

    while ((size = str_character(text + done)))
        done += size;
    return done;
}

void str_make_line(char *text)
{
    while (*text) {
        size_t size = str_character(text);
        bool control = (size == 1 && ((unsigned char)*text < 0x20 || *text == 0x7F)) ||
                       (size == 2 && (unsigned char)text[0] == 0xC2 &&
                        (unsigned char)text[1] < 0xA0); /* U+0080 to U+009F */

        if (size == 0)
            size = 1;
        else if (!control) {
            text += size;
            continue;
        }
        while (size-- > 0)
            *text++ = '?';
    }
}

void strbuf_escape(struct strbuf *out, const char *text, const char *keep)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text; text++) {
        if (strchr(plain, *text) || strchr(keep, *text))
            strbuf_add(out, text, 1);
        else
            strbuf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
    }
}

char *str_shell_quote(const char *text)
{
    struct strbuf buf = STRBUF_INIT;

    if (*text && !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_@%+=:,./-")])
        return strdup(text);
    strbuf_puts(&buf, "'");
    for (; *text; text++) {
        if (*text == '\'')
            strbuf_puts(&buf, "'\\''");
        else
            strbuf_add(&buf, text, 1);
    }
    strbuf_puts(&buf, "'");
    return strbuf_take(&buf);
}
