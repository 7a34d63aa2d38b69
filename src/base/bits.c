/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/bits.h"

void bits_init(struct bit_reader *bits, const uint8_t *data, size_t size)
{
    *bits = (struct bit_reader){ .data = data, .size = size };
}

size_t bits_left(const struct bit_reader *bits)
{
    return bits->size * 8 - bits->bit;
}

uint32_t bits_u(struct bit_reader *bits, unsigned count)
{
    uint32_t value = 0;

    if (bits_left(bits) < count) {
        bits->overrun = true;
        bits->bit = bits->size * 8;
        return 0;
    }
    for (; count > 0; count--, bits->bit++)
        value = value << 1 | ((uint32_t)bits->data[bits->bit >> 3] >> (7 - (bits->bit & 7)) & 1u);
    return value;
}

uint32_t bits_ue(struct bit_reader *bits)
{
    unsigned zeros = 0;

    while (!bits->overrun && bits_u(bits, 1) == 0)
        zeros++;
    if (bits->overrun || zeros > 31) {
        bits->overrun = true;
        return 0;
    }
    return ((uint32_t)1 << zeros) - 1 + bits_u(bits, zeros);
}

int32_t bits_se(struct bit_reader *bits)
{
    uint32_t code = bits_ue(bits); /* 9.1.1: 1, -1, 2, -2 ... */

    return code & 1 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
}

size_t nal_unescape(const uint8_t *nal, size_t size, uint8_t *out)
{
    size_t written = 0, zeros = 0;

    for (size_t i = 0; i < size; i++) {
        if (zeros >= 2 && nal[i] == 3) {
            zeros = 0;
            continue;
        }
        zeros = nal[i] ? 0 : zeros + 1;
        out[written++] = nal[i];
    }
    return written;
}
