/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/base64.h"

#include <string.h>

const char base64_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* Value of each letter plus one; 0: no letter. */
static void values_of(unsigned char values[256])
{
    memset(values, 0, 256);
    for (unsigned char i = 0; base64_alphabet[i]; i++)
        values[(unsigned char)base64_alphabet[i]] = (unsigned char)(i + 1);
}

bool base64_decode(const char *text, size_t length, unsigned char *out, size_t *size)
{
    unsigned char values[256];
    size_t padding = 0, used = 0;
    unsigned bits = 0;

    if (length % 4)
        return false;
    while (padding < 2 && length && text[length - 1] == '=') {
        padding++;
        length--;
    }
    values_of(values);
    for (size_t i = 0; i < length; i++) {
        unsigned value = values[(unsigned char)text[i]];

        if (!value)
            return false;
        bits = (bits << 6 | (value - 1)) & 0xFFFFFF;
        if (i % 4)
            out[used++] = (unsigned char)(bits >> (6 - 2 * (i % 4)));
    }
    *size = used;
    return true;
}
