/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/xml.h"

#include <string.h>

#include "base/auto.h"

static const char *find(struct xml_span in, const char *what, size_t size)
{
    return size <= in.size ? memmem(in.data, in.size, what, size) : NULL;
}

/* "<Name>" or "<Name attribute...>"; a name that only begins so is another one. */
static const char *opening(struct xml_span in, const char *name)
{
    size_t size = strlen(name);

    for (;;) {
        const char *at = find(in, "<", 1);
        const char *end = in.data + in.size;

        if (!at)
            return NULL;
        in = (struct xml_span){ at + 1, (size_t)(end - at - 1) };
        if (in.size > size && memcmp(in.data, name, size) == 0 &&
            strchr("> \t\r\n", in.data[size]) && in.data[size])
            return at;
    }
}

bool xml_next(struct xml_span *in, const char *name, struct xml_span *inside)
{
    const char *end = in->data + in->size;
    const char *begin = opening(*in, name);
    const char *text = begin ? memchr(begin, '>', (size_t)(end - begin)) : NULL;
    size_t size = strlen(name);

    if (!text)
        return false;
    text++;
    for (struct xml_span left = { text, (size_t)(end - text) };;) {
        const char *close = find(left, "</", 2);

        if (!close)
            return false;
        left = (struct xml_span){ close + 2, (size_t)(end - close - 2) };
        if (left.size > size && memcmp(left.data, name, size) == 0 && left.data[size] == '>') {
            *inside = (struct xml_span){ text, (size_t)(close - text) };
            *in = (struct xml_span){ left.data + size + 1, left.size - size - 1 };
            return true;
        }
    }
}

/* One character of a text. @return how many bytes it took */
static size_t character(struct xml_span in, char *to)
{
    static const struct {
        const char *reference;
        char c;
    } known[] = {
        { "&amp;", '&' },  { "&lt;", '<' },    { "&gt;", '>' },
        { "&quot;", '"' }, { "&apos;", '\'' }, { "&#34;", '"' },
    };

    for (size_t i = 0; i < OSP_COUNT(known); i++) {
        size_t size = strlen(known[i].reference);

        if (size <= in.size && memcmp(in.data, known[i].reference, size) == 0) {
            *to = known[i].c;
            return size;
        }
    }
    *to = in.data[0];
    return 1;
}

void xml_text(struct xml_span in, const char *name, char *to, size_t room)
{
    struct xml_span inside;
    size_t done = 0;

    to[0] = 0;
    if (!xml_next(&in, name, &inside))
        return;
    while (inside.size && done + 1 < room) {
        size_t used = character(inside, &to[done++]);

        inside.data += used;
        inside.size -= used;
    }
    to[done] = 0;
}
