/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/secret.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"

/* ---- the key, character by character ------------------------------------------------------- */

/* Ways to write a character by its number. */
static const struct escape {
    const char *before;
    size_t digits; /* 0: as many as there are */
    int base;
    const char *after;
} escapes[] = {
    { "%", 2, 16, "" },
    { "\\u", 4, 16, "" },
    { "&#x", 0, 16, ";" },
    { "&#", 0, 10, ";" },
};

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* @return bytes of the text that are this escape of this character; 0: they are not */
static size_t match_escape(const char *text, size_t size, const struct escape *escape, char wanted)
{
    size_t at = strlen(escape->before), after = strlen(escape->after), first = at;
    int value = 0;

    if (size < at || memcmp(text, escape->before, at) != 0)
        return 0;
    while (at < size && digit_of(text[at]) < escape->base && value < 0x10000 &&
           (!escape->digits || at - first < escape->digits))
        value = value * escape->base + digit_of(text[at++]);
    if (at == first || (escape->digits && at - first != escape->digits) || value != wanted)
        return 0;
    return size - at >= after && memcmp(text + at, escape->after, after) == 0 ? at + after : 0;
}

static size_t match_character(const char *text, size_t size, char wanted)
{
    if (size && text[0] == wanted)
        return 1;
    if (size > 1 && text[0] == '\\' && text[1] == wanted && strchr("\"\\/", wanted))
        return 2;
    for (size_t i = 0; i < OSP_COUNT(escapes); i++) {
        size_t n = match_escape(text, size, &escapes[i], wanted);

        if (n)
            return n;
    }
    return 0;
}

static size_t match_key(const char *text, size_t size, const char *key)
{
    size_t at = 0;

    for (; *key; key++) {
        size_t n = match_character(text + at, size - at, *key);

        if (!n)
            return 0;
        at += n;
    }
    return at;
}

/* ---- the key within base64 ----------------------------------------------------------------- */

/* Three bytes are four digits, so a text has three faces: by what stands before it. The digits at
 * its ends depend on its neighbours too and are left out. */
#define FACES 3

static const char digits64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static char *face_of(const char *key, size_t before)
{
    size_t size = strlen(key), first = (before * 8 + 5) / 6, end = (before + size) * 8 / 6;
    OSP_AUTO(strbuf_release) struct strbuf out = STRBUF_INIT;

    for (size_t i = first; i < end; i++) {
        unsigned value = 0;

        for (size_t bit = i * 6; bit < i * 6 + 6; bit++) {
            unsigned byte = (unsigned char)key[bit / 8 - before];

            value = value << 1 | (byte >> (7 - bit % 8) & 1u);
        }
        strbuf_add(&out, &digits64[value], 1);
    }
    return strbuf_take(&out);
}

/* The alphabet for addresses has two other digits (RFC 4648 5). */
static char digit64(char c)
{
    return c == '-' ? '+' : c == '_' ? '/' : c;
}

static bool is_digit64(char c)
{
    return c && strchr(digits64, digit64(c));
}

static bool match_face(const char *text, size_t size, const char *face)
{
    size_t n = strlen(face);

    if (size < n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (digit64(text[i]) != face[i])
            return false;
    }
    return true;
}

/* ---- both ---------------------------------------------------------------------------------- */

static void faces_release(char *(*faces)[FACES])
{
    for (size_t i = 0; i < FACES; i++) {
        if ((*faces)[i])
            explicit_bzero((*faces)[i], strlen((*faces)[i]));
        free((*faces)[i]);
    }
}

/* @return bytes to cut out here, 0: none. What base64 holds beside the key goes with it. */
static size_t match_here(const char *text, size_t size, const char *key, char *const *faces)
{
    size_t n = match_key(text, size, key);

    for (size_t i = 0; !n && i < FACES; i++) {
        if (!match_face(text, size, faces[i]))
            continue;
        for (n = strlen(faces[i]); n < size && (is_digit64(text[n]) || text[n] == '=');)
            n++;
    }
    return n;
}

char *secret_mask(const char *text, size_t *size, const char *key)
{
    OSP_AUTO(faces_release) char *faces[FACES] = { NULL };
    OSP_AUTO(strbuf_release) struct strbuf out = STRBUF_INIT;
    size_t kept = 0, n;

    for (size_t i = 0; key && i < FACES; i++) {
        faces[i] = face_of(key, i);
        if (!faces[i])
            return NULL;
    }
    for (size_t at = 0; key && strlen(key) >= SECRET_LEAST && at < *size; at += n ? n : 1) {
        n = match_here(text + at, *size - at, key, faces);
        if (n) {
            strbuf_add(&out, text + kept, at - kept);
            strbuf_puts(&out, "***");
            kept = at + n;
        }
    }
    strbuf_add(&out, text + kept, *size - kept);
    *size = out.size;
    return strbuf_take(&out);
}
