/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/** The letters, in their order. */
extern const char base64_alphabet[];

/**
 * RFC 4648 4 to the letter: standard alphabet, padding, no line breaks.
 * @param out   room for length / 4 * 3 bytes
 * @param size  of what was decoded
 * @return false: it is not that
 */
bool base64_decode(const char *text, size_t length, unsigned char *out, size_t *size);

#endif
