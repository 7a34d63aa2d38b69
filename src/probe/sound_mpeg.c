/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * MPEG audio (ISO/IEC 11172-3, 13818-3) and ADTS (13818-7, 14496-3). No header tells their length,
 * or a table does that may be wrong (cut off, joined, edited files): frames are counted, from the
 * first to the end of the file. What an encoder added in front and behind (LAME's tag) is taken
 * off, as players do.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/sound.h"

/* Bytes in which the first frame behind a tag, or the next one behind rubbish, must begin. */
#define FIRST_MAX   65536
#define RUBBISH_MAX (1 << 20)
#define BLOCK       65536

struct frame {
    unsigned size; /* bytes, header included */
    unsigned samples, rate, channels;
    bool adts;
    unsigned version, layer; /* MPEG audio: 1, 2 (LSF) or 3 (2.5); 1 to 3 */
};

/** A file in blocks, so that millions of frames are not millions of reads. */
struct stream {
    struct bytes *bytes;
    int64_t at; /* of the block */
    size_t size;
    uint8_t block[BLOCK];
};

static const uint8_t *look(struct stream *s, int64_t at, size_t size)
{
    if (at < s->at || at + (int64_t)size > s->at + (int64_t)s->size) {
        s->at = at;
        s->size = bytes_some(s->bytes, at, s->block, BLOCK);
    }
    return s->size >= size ? s->block + (at - s->at) : NULL;
}

/* 11172-3 2.4.2.3: kbit/s by version, layer and index. */
static unsigned bit_rate(unsigned version, unsigned layer, unsigned index)
{
    static const uint16_t rates[5][15] = {
        { 0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448 },
        { 0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384 },
        { 0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320 },
        { 0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256 },
        { 0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160 },
    };

    if (version == 1)
        return rates[layer - 1][index];
    return rates[layer == 1 ? 3 : 4][index];
}

static bool mpeg_header(const uint8_t *p, struct frame *f)
{
    static const unsigned sample_rates[3] = { 44100, 48000, 32000 };
    static const unsigned versions[4] = { 3, 0, 2, 1 };
    unsigned index = p[2] >> 4, rate = p[2] >> 2 & 3, padding = p[2] >> 1 & 1, bits;

    *f = (struct frame){ .version = versions[p[1] >> 3 & 3], .layer = 4 - (p[1] >> 1 & 3) };
    if (p[0] != 0xFF || (p[1] & 0xE0) != 0xE0 || !f->version || f->layer == 4 || index == 0 ||
        index == 15 || rate == 3)
        return false;
    f->rate = sample_rates[rate] >> (f->version - 1);
    f->channels = p[3] >> 6 == 3 ? 1 : 2;
    f->samples = f->layer == 1 ? 384 : f->layer == 3 && f->version > 1 ? 576 : 1152;
    bits = bit_rate(f->version, f->layer, index) * 1000;
    f->size = f->layer == 1 ? (12 * bits / f->rate + padding) * 4
                            : f->samples / 8 * bits / f->rate + padding;
    return f->size > 4;
}

/* 13818-7 6.2: fixed and variable header; blocks of 1024 samples. */
static bool adts_header(const uint8_t *p, struct frame *f)
{
    static const unsigned rates[13] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                        22050, 16000, 12000, 11025, 8000,  7350 };
    unsigned index = p[2] >> 2 & 15;

    *f = (struct frame){ .adts = true };
    if (p[0] != 0xFF || (p[1] & 0xF6) != 0xF0 || index >= OSP_COUNT(rates))
        return false;
    f->rate = rates[index];
    f->channels = (unsigned)((p[2] & 1) << 2 | p[3] >> 6);
    f->channels += f->channels == 7; /* 7: 7.1, eight channels */
    f->samples = ((p[6] & 3u) + 1) * 1024;
    f->size = (unsigned)((p[3] & 3) << 11 | p[4] << 3 | p[5] >> 5);
    return f->size >= (p[1] & 1 ? 7u : 9u);
}

static bool frame_at(struct stream *s, int64_t at, struct frame *f)
{
    const uint8_t *p = look(s, at, 7);

    return p && (adts_header(p, f) || mpeg_header(p, f));
}

static bool alike(const struct frame *a, const struct frame *b)
{
    return a->adts == b->adts && a->rate == b->rate && a->version == b->version &&
           a->layer == b->layer;
}

/* A frame, and behind it another of its kind, or the end of the file. */
static bool sure_at(struct stream *s, int64_t at, struct frame *f)
{
    struct frame next;

    if (!frame_at(s, at, f))
        return false;
    if (at + f->size + 7 > s->bytes->size)
        return at + f->size <= s->bytes->size;
    return frame_at(s, at + f->size, &next) && alike(f, &next);
}

/* ID3v2 4.0, 3.1: size in seven bits a byte, without header (and footer). */
static int64_t skip_id3(struct stream *s, int64_t at)
{
    const uint8_t *p;

    while ((p = look(s, at, 10)) && memcmp(p, "ID3", 3) == 0 && p[3] < 0xFF &&
           !((p[6] | p[7] | p[8] | p[9]) & 0x80))
        at += 10 + ((int64_t)p[6] << 21 | p[7] << 14 | p[8] << 7 | p[9]) + (p[5] & 0x10 ? 10 : 0);
    return at;
}

static int64_t find_frame(struct stream *s, int64_t at, int64_t within, struct frame *f)
{
    for (int64_t end = at + within; at < end && look(s, at, 7); at++) {
        if (look(s, at, 1)[0] == 0xFF && sure_at(s, at, f))
            return at;
    }
    return -1;
}

/** What the frames add up to. */
struct total {
    int64_t samples;
    unsigned rate;       /* of the samples; a change of rate is counted in seconds */
    osp_rational before; /* seconds at other rates */
};

static void total_add(struct total *t, const struct frame *f)
{
    if (t->rate && t->rate != f->rate) {
        t->before = rational_add(t->before, rational(t->samples, t->rate));
        t->samples = 0;
    }
    t->rate = f->rate;
    t->samples += f->samples;
}

/** What the first frame says when it is no sound but a table. */
struct table {
    int64_t frames;         /* 0: not said */
    int64_t delay, padding; /* samples that are no sound, in front and behind */
};

/* What a decoder adds in front (the filter bank, 528 samples, and one), which LAME's figures leave
 * out of the delay and have in the padding. */
#define DECODER_DELAY 529

/*
 * "Xing" or "Info" behind the side information, with LAME's delay and padding 141 bytes on
 * (gabriel's "Mp3 Info Tag rev 1"), or "VBRI" 32 bytes behind the header.
 */
static bool read_table(struct stream *s, int64_t at, const struct frame *f, struct table *table)
{
    unsigned side = f->version == 1 ? (f->channels == 1 ? 17 : 32) : (f->channels == 1 ? 9 : 17);
    const uint8_t *p = look(s, at, f->size), *xing;
    unsigned flags;

    if (!p || f->layer != 3)
        return false;
    if (f->size >= 36 + 18 && memcmp(p + 36, "VBRI", 4) == 0) {
        table->frames = be32(p + 36 + 14);
        return true;
    }
    xing = p + 4 + side;
    if (f->size < 4 + side + 12 || (memcmp(xing, "Xing", 4) != 0 && memcmp(xing, "Info", 4) != 0))
        return false;
    flags = xing[7];
    table->frames = flags & 1 ? be32(xing + 8) : 0;
    xing += 8 + (flags & 1 ? 4 : 0) + (flags & 2 ? 4 : 0) + (flags & 4 ? 100 : 0) +
            (flags & 8 ? 4 : 0);
    if (xing + 24 <= p + f->size && xing[0]) { /* an encoder's name, then its figures */
        table->delay = be24(xing + 21) >> 12;
        table->padding = be24(xing + 21) & 0xFFF;
    }
    return true;
}

/* All frames from here to the end of the file. */
static int64_t add_frames(struct stream *s, int64_t at, const struct frame *first,
                          struct total *total)
{
    struct frame f = *first;
    int64_t frames = 0;

    for (;;) {
        if (!frame_at(s, at, &f) || !alike(&f, first))
            at = find_frame(s, skip_id3(s, at), RUBBISH_MAX, &f); /* joined files */
        if (at < 0 || at + f.size > s->bytes->size)
            return frames; /* what is cut off inside a frame, no decoder shows */
        total_add(total, &f);
        frames++;
        at += f.size;
    }
}

static osp_rational count(struct stream *s, int64_t at, const struct frame *first, bool *cut)
{
    struct total total = { .before = { 0, 1 } };
    struct table table = { 0 };
    int64_t frames, off;

    if (!first->adts && read_table(s, at, first, &table))
        at += first->size;
    frames = add_frames(s, at, first, &total);
    if (!total.rate)
        return (osp_rational){ 0, 0 };
    *cut = frames < table.frames;
    off = *cut ? table.delay + (table.delay ? DECODER_DELAY : 0) : table.delay + table.padding;
    if (off < total.samples)
        total.samples -= off;
    return rational_add(total.before, rational(total.samples, total.rate));
}

bool sound_mpeg(struct bytes *bytes, osp_facts *facts)
{
    static const char *const names[] = { "mp1", "mp2", "mp3" };
    OSP_AUTO(auto_free) struct stream *s = calloc(1, sizeof(*s));
    struct frame first, second;
    const char *name;
    bool cut = false;
    int64_t start, at;

    if (!s)
        return false;
    s->bytes = bytes;
    start = skip_id3(s, 0);
    /* without a tag it must begin at once, and go on twice: two bytes are found everywhere */
    at = find_frame(s, start, start ? FIRST_MAX : 1, &first);
    if (at < 0 || (!start && !sure_at(s, at + first.size, &second) && first.size < bytes->size))
        return false;
    name = first.adts ? "aac" : names[first.layer - 1];
    str_copy(facts->container, sizeof(facts->container), name);
    str_copy(facts->sound.codec, sizeof(facts->sound.codec), name);
    facts->sound.sample_rate_hz = (int)first.rate;
    facts->sound.channels = (int)first.channels;
    facts->sound.duration_s = count(s, at, &first, &cut);
    facts->truncated = cut;
    facts->kind = OSP_KIND_SOUND;
    return true;
}
