/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/av1.h"

#include "base/bits.h"

/* 4.10.3 uvlc() */
static void skip_uvlc(struct bit_reader *bits)
{
    unsigned zeros = 0;

    while (zeros < 32 && !bits->overrun && !bits_u(bits, 1))
        zeros++;
    if (zeros < 32)
        bits_u(bits, zeros);
}

/* 5.5.1, timing and operating points; seq_level_idx of the first point counts. */
static void read_points(struct bit_reader *bits, struct av1_sequence *s)
{
    bool model = false, display;
    unsigned delay_bits = 0, points;

    if (bits_u(bits, 1)) { /* timing_info_present_flag */
        bits_u(bits, 32);
        bits_u(bits, 32);
        if (bits_u(bits, 1))
            skip_uvlc(bits);
        model = bits_u(bits, 1);
        if (model) {
            delay_bits = bits_u(bits, 5) + 1;
            bits_u(bits, 32);
            bits_u(bits, 10);
        }
    }
    display = bits_u(bits, 1);
    points = bits_u(bits, 5);
    for (unsigned i = 0; i <= points && !bits->overrun; i++) {
        unsigned level;

        bits_u(bits, 12);
        level = bits_u(bits, 5);
        if (i == 0)
            s->level = level;
        if (level > 7)
            bits_u(bits, 1);
        if (model && bits_u(bits, 1)) {
            bits_u(bits, delay_bits);
            bits_u(bits, delay_bits);
            bits_u(bits, 1);
        }
        if (display && bits_u(bits, 1))
            bits_u(bits, 4);
    }
}

static void skip_tools(struct bit_reader *bits)
{
    bool order_hint;

    bits_u(bits, 4); /* interintra, masked compound, warped motion, dual filter */
    order_hint = bits_u(bits, 1);
    if (order_hint)
        bits_u(bits, 2);
    if (bits_u(bits, 1) || bits_u(bits, 1)) { /* screen content tools: chosen by frame, or on */
        if (!bits_u(bits, 1))
            bits_u(bits, 1);
    }
    if (order_hint)
        bits_u(bits, 3);
}

/* 5.5.2 color_config() */
static void read_colour(struct bit_reader *bits, struct av1_sequence *s)
{
    bool high = bits_u(bits, 1);

    s->bit_depth = high ? 10 : 8;
    if (s->profile == 2 && high && bits_u(bits, 1))
        s->bit_depth = 12;
    s->mono = s->profile != 1 && bits_u(bits, 1);
    s->primaries = s->transfer = s->matrix = 2;
    if (bits_u(bits, 1)) {
        s->primaries = (int)bits_u(bits, 8);
        s->transfer = (int)bits_u(bits, 8);
        s->matrix = (int)bits_u(bits, 8);
    }
    s->chroma_format_idc = s->mono ? 0 : s->profile == 0 ? 1 : 3;
    if (!s->mono && s->primaries == 1 && s->transfer == 13 && s->matrix == 0) {
        s->full_range = 1;
        return;
    }
    s->full_range = (int)bits_u(bits, 1);
    if (s->profile == 2 && !s->mono) { /* twelve bits say how they are sampled, others are 4:2:2 */
        bool halved_x = s->bit_depth < 12 || bits_u(bits, 1);
        bool halved_y = s->bit_depth == 12 && halved_x && bits_u(bits, 1);

        s->chroma_format_idc = halved_y ? 1 : halved_x ? 2 : 3;
    }
}

static bool read_sequence(const uint8_t *data, size_t size, struct av1_sequence *s)
{
    struct bit_reader bits;
    bool reduced;
    unsigned wide, high;

    bits_init(&bits, data, size);
    s->profile = bits_u(&bits, 3);
    bits_u(&bits, 1);
    reduced = bits_u(&bits, 1);
    if (reduced)
        s->level = bits_u(&bits, 5);
    else
        read_points(&bits, s);
    wide = bits_u(&bits, 4) + 1;
    high = bits_u(&bits, 4) + 1;
    s->width_px = (int)bits_u(&bits, wide) + 1;
    s->height_px = (int)bits_u(&bits, high) + 1;
    if (!reduced && bits_u(&bits, 1)) /* frame ids */
        bits_u(&bits, 7);
    bits_u(&bits, 3); /* superblock size, filter intra, intra edge */
    if (!reduced)
        skip_tools(&bits);
    bits_u(&bits, 3); /* superres, cdef, restoration */
    read_colour(&bits, s);
    return !bits.overrun && s->profile <= 2;
}

/* 4.10.5 leb128() */
static size_t read_leb128(const uint8_t *p, size_t size, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < size && i < 8; i++) {
        *value |= (uint64_t)(p[i] & 127) << (7 * i);
        if (!(p[i] & 128))
            return i + 1;
    }
    return 0;
}

bool av1_sequence_find(const uint8_t *obus, size_t size, struct av1_sequence *out)
{
    size_t at = 0;

    while (at + 2 <= size) {
        unsigned type = obus[at] >> 3 & 15;
        size_t used, head = obus[at] & 4 ? 2 : 1;
        uint64_t length;

        if (!(obus[at] & 2) || at + head >= size)
            return false;
        used = read_leb128(obus + at + head, size - at - head, &length);
        if (!used || length > size - at - head - used)
            return false;
        at += head + used;
        if (type == 1) {
            *out = (struct av1_sequence){ 0 };
            return read_sequence(obus + at, (size_t)length, out);
        }
        at += (size_t)length;
    }
    return false;
}
