/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STORE_XML_H
#define STORE_XML_H

#include <stdbool.h>
#include <stddef.h>

/**
 * As much XML as S3's answers need: elements by name, nothing of attributes, namespaces' meaning,
 * comments or DTDs. An answer of another shape yields nothing.
 */
struct xml_span {
    const char *data;
    size_t size;
};

/** The first element of that name within `in`; *inside is its content and *in what follows it.
 *  @return false: there is none (any more) */
bool xml_next(struct xml_span *in, const char *name, struct xml_span *inside);
/** Its text, the five named references resolved, cut to the room; "" when it is not there. */
void xml_text(struct xml_span in, const char *name, char *to, size_t room);

#endif
