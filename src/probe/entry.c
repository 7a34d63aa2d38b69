/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/entry.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/bits.h"
#include "base/rational.h"
#include "base/str.h"

/* Fixed fields of a visual sample entry; boxes follow. */
#define VISUAL_BYTES 78

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* ---- codecs by name ---- */

/* MPEG-4 elementary streams (ISO/IEC 14496-1 7.2.6.6, registered object types). */
static enum AVCodecID codec_of_object(unsigned type)
{
    static const struct {
        unsigned type;
        enum AVCodecID id;
    } objects[] = {
        { 0x20, AV_CODEC_ID_MPEG4 },      { 0x21, AV_CODEC_ID_H264 },
        { 0x23, AV_CODEC_ID_HEVC },       { 0x40, AV_CODEC_ID_AAC },
        { 0x60, AV_CODEC_ID_MPEG2VIDEO }, { 0x61, AV_CODEC_ID_MPEG2VIDEO },
        { 0x62, AV_CODEC_ID_MPEG2VIDEO }, { 0x63, AV_CODEC_ID_MPEG2VIDEO },
        { 0x64, AV_CODEC_ID_MPEG2VIDEO }, { 0x65, AV_CODEC_ID_MPEG2VIDEO },
        { 0x66, AV_CODEC_ID_AAC },        { 0x67, AV_CODEC_ID_AAC },
        { 0x68, AV_CODEC_ID_AAC },        { 0x69, AV_CODEC_ID_MP3 },
        { 0x6A, AV_CODEC_ID_MPEG1VIDEO }, { 0x6B, AV_CODEC_ID_MP3 },
        { 0x6C, AV_CODEC_ID_MJPEG },      { 0x6D, AV_CODEC_ID_PNG },
        { 0x6E, AV_CODEC_ID_JPEG2000 },   { 0xA3, AV_CODEC_ID_VC1 },
        { 0xA4, AV_CODEC_ID_DIRAC },      { 0xA5, AV_CODEC_ID_AC3 },
        { 0xA6, AV_CODEC_ID_EAC3 },       { 0xA9, AV_CODEC_ID_DTS },
        { 0xAD, AV_CODEC_ID_OPUS },       { 0xB1, AV_CODEC_ID_VP9 },
        { 0xC1, AV_CODEC_ID_FLAC },       { 0xDD, AV_CODEC_ID_VORBIS },
    };

    for (size_t i = 0; i < OSP_COUNT(objects); i++) {
        if (objects[i].type == type)
            return objects[i].id;
    }
    return AV_CODEC_ID_NONE;
}

static enum AVCodecID codec_of_entry(uint32_t type, bool sound)
{
    const struct AVCodecTag *const own[] = {
        sound ? avformat_get_mov_audio_tags() : avformat_get_mov_video_tags(),
        sound ? avformat_get_riff_audio_tags() : avformat_get_riff_video_tags(), NULL
    };

    return av_codec_get_id(own, __builtin_bswap32(type));
}

static void set_codec(char codec[24], enum AVCodecID id)
{
    str_copy(codec, 24, id != AV_CODEC_ID_NONE ? avcodec_get_name(id) : "");
}

/* ---- elementary stream descriptor ---- */

struct stream_descriptor {
    unsigned object;
    const uint8_t *specific; /* decoder specific info; NULL: none */
    size_t specific_size;
};

/* Size of a descriptor: up to four bytes of seven bits (ISO/IEC 14496-1 8.3.3). */
static size_t descriptor_size(const uint8_t *p, size_t size, size_t *at)
{
    size_t value = 0;

    for (int i = 0; i < 4 && *at < size; i++) {
        uint8_t byte = p[(*at)++];

        value = value << 7 | (byte & 127u);
        if (!(byte & 128))
            break;
    }
    return value < size - *at ? value : size - *at;
}

/* esds: a full box with ES_Descriptor > DecoderConfigDescriptor > DecoderSpecificInfo */
static bool read_esds(const uint8_t *p, size_t size, struct stream_descriptor *out)
{
    size_t at = 5;

    if (size < 8 || p[4] != 3)
        return false;
    (void)descriptor_size(p, size, &at);
    if (size - at < 3)
        return false;
    at += 3 + (p[at + 2] & 128 ? 2u : 0u);
    if (at + 16 > size || p[at++] != 4)
        return false;
    (void)descriptor_size(p, size, &at);
    if (at + 13 > size)
        return false;
    out->object = p[at];
    at += 13;
    if (at + 2 <= size && p[at++] == 5) {
        out->specific_size = descriptor_size(p, size, &at);
        out->specific = p + at;
    }
    return true;
}

/* ---- boxes of a visual entry ---- */

struct visual {
    osp_video_facts *v;
    struct setup *setup;
};

static void read_pasp(const uint8_t *p, size_t size, struct visual *to)
{
    if (size >= 8 && mp4_u32(p) > 0 && mp4_u32(p + 4) > 0)
        to->v->sar = rational(mp4_u32(p), mp4_u32(p + 4));
}

/* 12.1.4 clean aperture: a part of the coded picture; its place does not matter for the size */
static void read_clap(const uint8_t *p, size_t size, struct visual *to)
{
    osp_rational width, height;
    int64_t w, h;

    if (size < 16 || !mp4_u32(p + 4) || !mp4_u32(p + 12))
        return;
    width = rational(mp4_u32(p), mp4_u32(p + 4));
    height = rational(mp4_u32(p + 8), mp4_u32(p + 12));
    w = rational_round(width);
    h = rational_round(height);
    if (w < 1 || h < 1 || w > to->v->coded_width_px || h > to->v->coded_height_px)
        return;
    to->v->clean_width_px = (int)w;
    to->v->clean_height_px = (int)h;
}

/* 12.1.5, and QuickTime's nclc, which says no range */
static void read_colr(const uint8_t *p, size_t size, struct visual *to)
{
    bool nclx = size >= 11 && memcmp(p, "nclx", 4) == 0;

    if (nclx || (size >= 10 && memcmp(p, "nclc", 4) == 0))
        format_colour((int)u16(p + 4), (int)u16(p + 6), (int)u16(p + 8), nclx ? p[10] >> 7 : -1,
                      &to->v->container_colour);
}

/* QuickTime's field box: how many fields, and their order in time and in the file */
static void read_fiel(const uint8_t *p, size_t size, struct visual *to)
{
    static const struct {
        uint8_t fields, detail;
        const char *order;
    } orders[] = {
        { 1, 0, "progressive" }, { 2, 1, "tt" }, { 2, 6, "bb" }, { 2, 9, "tb" }, { 2, 14, "bt" }
    };

    for (size_t i = 0; size >= 2 && i < OSP_COUNT(orders); i++) {
        if (p[0] == orders[i].fields && p[1] == orders[i].detail)
            str_copy(to->v->field_order, sizeof(to->v->field_order), orders[i].order);
    }
}

static void read_record(const uint8_t *p, size_t size, struct visual *to)
{
    format_record(p, size, to->v, to->setup);
}

static void read_visual_esds(const uint8_t *p, size_t size, struct visual *to)
{
    struct stream_descriptor es = { 0 };
    enum AVCodecID id;

    if (!read_esds(p, size, &es))
        return;
    id = codec_of_object(es.object);
    if (id != AV_CODEC_ID_NONE)
        set_codec(to->v->codec, id);
    if (es.specific)
        format_record(es.specific, es.specific_size, to->v, to->setup);
}

static void read_mdcv(const uint8_t *p, size_t size, struct visual *to)
{
    format_mastering(p, size, to->v);
}

static void read_clli(const uint8_t *p, size_t size, struct visual *to)
{
    format_light(p, size, to->v);
}

/* Dolby Vision configuration: profile in seven bits, level, flags, compatibility in four */
static void read_dovi(const uint8_t *p, size_t size, struct visual *to)
{
    if (size < 5)
        return;
    to->v->dolby_vision_profile = p[2] >> 1;
    to->v->dolby_vision_base = p[4] >> 4;
}

static void read_box(uint32_t type, const uint8_t *p, size_t size, struct visual *to)
{
    static const struct {
        char type[5];
        void (*read)(const uint8_t *, size_t, struct visual *);
    } readers[] = {
        { "pasp", read_pasp },   { "clap", read_clap },   { "colr", read_colr },
        { "fiel", read_fiel },   { "avcC", read_record }, { "hvcC", read_record },
        { "av1C", read_record }, { "vpcC", read_record }, { "esds", read_visual_esds },
        { "mdcv", read_mdcv },   { "clli", read_clli },   { "dvcC", read_dovi },
        { "dvvC", read_dovi },   { "dvwC", read_dovi },
    };

    for (size_t i = 0; i < OSP_COUNT(readers); i++) {
        if (mp4_u32((const uint8_t *)readers[i].type) == type)
            readers[i].read(p, size, to);
    }
}

/* Pixels that the entry's type and depth tell, where no record and no header does. */
static void pixels_of_entry(const char *tag, unsigned depth, osp_video_facts *v)
{
    static const struct {
        const char *codec, *tag; /* tag NULL: any */
        unsigned depth;          /* 0: any */
        const char *pixels;
    } rows[] = {
        { "qtrle", NULL, 32, "argb" },
        { "qtrle", NULL, 24, "rgb24" },
        { "qtrle", NULL, 16, "rgb555be" },
        { "png", NULL, 32, "rgba" },
        { "png", NULL, 24, "rgb24" },
        { "rawvideo", "2vuy", 0, "uyvy422" },
        { "rawvideo", "yuvs", 0, "yuyv422" },
        { "rawvideo", "raw ", 32, "argb" },
        { "rawvideo", "raw ", 24, "rgb24" },
        { "rawvideo", "yuv2", 0, "yuyv422" },
        { "v210", NULL, 0, "yuv422p10le" },
        { "v308", NULL, 0, "yuv444p" },
        { "v408", NULL, 0, "yuva444p" },
        { "v410", NULL, 0, "yuv444p10le" },
        { "vp8", NULL, 0, "yuv420p" },
        { "mpeg4", NULL, 0, "yuv420p" },
        { "h263", NULL, 0, "yuv420p" },
        { "mpeg1video", NULL, 0, "yuv420p" },
        { "prores", "ap4h", 32, "yuva444p12le" },
        { "prores", "ap4x", 32, "yuva444p12le" },
        { "prores", "ap4h", 0, "yuv444p12le" },
        { "prores", "ap4x", 0, "yuv444p12le" },
        { "prores", NULL, 0, "yuv422p10le" },
    };

    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        if (strcmp(v->codec, rows[i].codec) == 0 && (!rows[i].tag || !strcmp(tag, rows[i].tag)) &&
            (!rows[i].depth || rows[i].depth == depth)) {
            format_pixels(rows[i].pixels, v);
            return;
        }
    }
}

static void profile_of_prores(const char *tag, osp_video_facts *v)
{
    static const char *const tags[] = { "apco", "apcs", "apcn", "apch", "ap4h", "ap4x" };

    for (size_t i = 0; i < OSP_COUNT(tags); i++) {
        if (strcmp(tag, tags[i]) == 0)
            format_profile((int)i, v);
    }
}

/* libavformat's reading of a track that is shown at another shape than it is coded in. */
static void shape_of_track(const struct mp4_track *track, osp_video_facts *v)
{
    unsigned width = track->width >> 16, height = track->height >> 16;
    AVRational sar;

    if (rational_known(v->sar) || !width || !height || v->coded_width_px < 1 ||
        v->coded_height_px < 1 ||
        ((int)width == v->coded_width_px && (int)height == v->coded_height_px))
        return;
    sar = av_d2q((double)v->coded_height_px * width / ((double)v->coded_width_px * height), 255);
    if (sar.num > 0 && sar.den > 0 && sar.num != sar.den)
        v->sar = (osp_rational){ sar.num, sar.den };
}

void entry_video(const struct mp4_file *file, const struct mp4_track *track, osp_video_facts *v,
                 struct setup *setup)
{
    const struct mp4_box *entry = &track->stsd_entry;
    const uint8_t *p = file->moov + entry->payload;
    struct visual to = { v, setup };
    osp_rational pasp;
    struct mp4_box box;

    v->level = -1;
    v->sample_entries = (int)(track->entries < 1000 ? track->entries : 1000);
    if (track->entries == 0 || entry->end - entry->payload < VISUAL_BYTES)
        return;
    for (int i = 0; i < 4; i++) {
        uint8_t c = (uint8_t)(track->entry >> (24 - 8 * i));

        v->codec_tag[i] = c >= 32 && c < 127 ? (char)c : '?';
    }
    set_codec(v->codec, codec_of_entry(track->entry, false));
    v->coded_width_px = (int)u16(p + 24);
    v->coded_height_px = (int)u16(p + 26);
    /* the shape first: a container's word goes before the bitstream's */
    if (mp4_child(file, entry->payload + VISUAL_BYTES, entry->end, MP4_TYPE('p', 'a', 's', 'p'),
                  &box))
        read_pasp(file->moov + box.payload, box.end - box.payload, &to);
    shape_of_track(track, v);
    pasp = v->sar;
    for (size_t at = entry->payload + VISUAL_BYTES; mp4_box_at(file, at, entry->end, &box);
         at = box.end)
        read_box(box.type, file->moov + box.payload, box.end - box.payload, &to);
    if (rational_known(pasp))
        v->sar = pasp;
    profile_of_prores(v->codec_tag, v);
    if (!v->pixel_format[0])
        pixels_of_entry(v->codec_tag, u16(p + 74), v);
}

/* ---- sound ---- */

/* AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1): explicit SBR doubles the rate. */
static void read_aac(const uint8_t *p, size_t size, osp_sound_facts *s)
{
    static const int rates[] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                 22050, 16000, 12000, 11025, 8000,  7350 };
    struct bit_reader bits;
    unsigned object, index, channels;
    int rate;

    bits_init(&bits, p, size);
    object = bits_u(&bits, 5);
    if (object == 31)
        object = 32 + bits_u(&bits, 6);
    index = bits_u(&bits, 4);
    rate = index == 15 ? (int)bits_u(&bits, 24) : index < OSP_COUNT(rates) ? rates[index] : 0;
    channels = bits_u(&bits, 4);
    if (object == 5 || object == 29) {
        index = bits_u(&bits, 4);
        rate = index == 15 ? (int)bits_u(&bits, 24) : index < OSP_COUNT(rates) ? rates[index] : 0;
    }
    if (bits.overrun || rate <= 0)
        return;
    s->sample_rate_hz = rate;
    if (channels > 0)
        s->channels = object == 29 ? 2 : channels == 7 ? 8 : (int)channels;
}

/* QuickTime puts the descriptor into a 'wave' box. */
static bool find_esds(const struct mp4_file *file, size_t from, size_t end, struct mp4_box *out)
{
    struct mp4_box wave;

    return mp4_child(file, from, end, MP4_TYPE('e', 's', 'd', 's'), out) ||
           (mp4_child(file, from, end, MP4_TYPE('w', 'a', 'v', 'e'), &wave) &&
            mp4_child(file, wave.payload, wave.end, MP4_TYPE('e', 's', 'd', 's'), out));
}

void entry_sound(const struct mp4_file *file, const struct mp4_track *track, osp_sound_facts *s)
{
    const struct mp4_box *entry = &track->stsd_entry;
    const uint8_t *p = file->moov + entry->payload;
    size_t size = entry->end - entry->payload, skip;
    struct stream_descriptor es = { 0 };
    struct mp4_box box;

    if (track->entries == 0 || size < 28)
        return;
    set_codec(s->codec, codec_of_entry(track->entry, true));
    if (!s->codec[0])
        str_copy(s->codec, sizeof(s->codec), "unknown");
    s->channels = (int)u16(p + 16);
    s->sample_rate_hz = (int)(mp4_u32(p + 24) >> 16);
    if (str_starts(s->codec, "amr_"))
        s->channels = 1; /* 3GPP TS 26.244 6.5: the entry says 2 whatever it is */
    skip = u16(p + 8) == 1 ? 44 : u16(p + 8) == 2 ? 64 : 28; /* QuickTime's versions 1 and 2 */
    if (skip == 64 && size >= 64) {
        double rate;
        uint64_t bits = mp4_u64(p + 32);

        memcpy(&rate, &bits, sizeof(rate));
        s->sample_rate_hz = rate > 0 && rate < 1e7 ? (int)rate : 0;
        s->channels = (int)(mp4_u32(p + 40) & 255);
    }
    if (skip >= size || !find_esds(file, entry->payload + skip, entry->end, &box) ||
        !read_esds(file->moov + box.payload, box.end - box.payload, &es))
        return;
    if (codec_of_object(es.object) != AV_CODEC_ID_NONE)
        set_codec(s->codec, codec_of_object(es.object));
    if (es.specific && strcmp(s->codec, "aac") == 0)
        read_aac(es.specific, es.specific_size, s);
}
