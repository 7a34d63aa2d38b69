/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/bits.h"

void bits_put(struct bit_writer *bits, uint32_t value, unsigned count)
{
    while (count > 0) {
        unsigned room = 8 - bits->held, take = count < room ? count : room;
        uint32_t part = (value >> (count - take)) & ((1u << take) - 1);

        bits->byte = (uint8_t)(bits->byte | part << (room - take));
        bits->held += take;
        count -= take;
        if (bits->held == 8) {
            strbuf_add(bits->out, &bits->byte, 1);
            bits->byte = 0;
            bits->held = 0;
        }
    }
}

void bits_put_ue(struct bit_writer *bits, uint32_t value)
{
    unsigned length = 0;

    while (length < 31 && (value + 1) >> (length + 1))
        length++;
    bits_put(bits, 0, length);
    bits_put(bits, value + 1, length + 1);
}

void bits_align(struct bit_writer *bits, unsigned value)
{
    while (bits->held)
        bits_put(bits, value, 1);
}

static unsigned bit_at(const uint8_t *data, size_t at)
{
    return (unsigned)data[at >> 3] >> (7 - (at & 7)) & 1u;
}

/* Whole bytes out of two neighbours. A CAVLC slice is shifted by this as a whole. */
static size_t copy_bytes(struct bit_writer *bits, const uint8_t *data, size_t from, size_t to)
{
    uint8_t block[1024];
    unsigned shift = from & 7;

    while (to - from >= 8) {
        size_t count = (to - from) / 8 < sizeof(block) ? (to - from) / 8 : sizeof(block);
        const uint8_t *p = data + (from >> 3);

        for (size_t i = 0; i < count; i++)
            block[i] = (uint8_t)((p[i] << 8 | (shift ? p[i + 1] : 0)) >> (8 - shift));
        strbuf_add(bits->out, block, count);
        from += count * 8;
    }
    return from;
}

void bits_copy(struct bit_writer *bits, const uint8_t *data, size_t from, size_t to)
{
    for (; from < to && bits->held; from++)
        bits_put(bits, bit_at(data, from), 1);
    if (from < to)
        from = copy_bytes(bits, data, from, to);
    for (; from < to; from++)
        bits_put(bits, bit_at(data, from), 1);
}

void nal_escape(struct strbuf *out, uint8_t header, const uint8_t *rbsp, size_t size)
{
    static const uint8_t three = 3;
    size_t zeros = 0, begun = 0;

    strbuf_add(out, &header, 1);
    for (size_t i = 0; i < size; i++) {
        if (zeros >= 2 && rbsp[i] <= 3) {
            strbuf_add(out, rbsp + begun, i - begun);
            strbuf_add(out, &three, 1);
            begun = i;
            zeros = 0;
        }
        zeros = rbsp[i] ? 0 : zeros + 1;
    }
    strbuf_add(out, rbsp + begun, size - begun);
}

size_t rbsp_bits(const uint8_t *rbsp, size_t size)
{
    unsigned zeros = 0;

    while (size > 0 && rbsp[size - 1] == 0) /* cabac_zero_words */
        size--;
    if (size == 0)
        return 0;
    while (!(rbsp[size - 1] >> zeros & 1))
        zeros++;
    return size * 8 - zeros - 1;
}
