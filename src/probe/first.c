/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/first.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/bits.h"
#include "base/str.h"

#define HEAD_BYTES 4096
#define NALS_MAX   32
#define NAL_BYTES  1000 /* with NALS_MAX: within FIRST_MAX_BYTES */

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

/* The container's word for it ("fiel") goes before that of a picture. */
static void set_order(osp_video_facts *v, const char *order)
{
    if (!v->field_order[0])
        str_copy(v->field_order, sizeof(v->field_order), order);
}

/* ---- H.264: how a picture is made of fields ---- */

/* What slices and picture timing say of the first sample. */
struct fields {
    bool slice, field; /* a slice was seen; it is of a field */
    bool bottom;       /* and that field is the bottom one */
    bool both;         /* slices of the other field follow */
    int delta_bottom;  /* order of the fields of a frame: below 0, bottom first */
    int pic_struct;    /* Table D-1; -1 not said */
};

/* 7.3.3 slice_header(), up to the order of the fields */
static void read_slice(const uint8_t *rbsp, size_t size, bool idr, const struct setup *setup,
                       struct fields *f)
{
    const struct h264_sps *sps = &setup->sps;
    struct bit_reader bits;
    bool field, bottom = false;

    bits_init(&bits, rbsp, size);
    bits_ue(&bits);
    bits_ue(&bits);
    bits_ue(&bits);
    bits_u(&bits, sps->separate_colour_plane ? 2 : 0);
    bits_u(&bits, sps->log2_max_frame_num);
    field = !sps->frame_mbs_only && bits_u(&bits, 1);
    if (field)
        bottom = bits_u(&bits, 1);
    if (f->slice) {
        f->both |= f->field && field && bottom != f->bottom;
        return;
    }
    if (idr)
        bits_ue(&bits);
    if (sps->poc_type == 0) {
        bits_u(&bits, sps->log2_max_poc_lsb);
        if (setup->bottom_field_order && !field)
            f->delta_bottom = bits_se(&bits);
    }
    f->slice = !bits.overrun;
    f->field = field;
    f->bottom = bottom;
}

/* D.1.3 pic_timing(): the structure stands behind the delays. */
static void read_timing(const uint8_t *payload, size_t size, const struct h264_sps *sps,
                        struct fields *f)
{
    struct bit_reader bits;
    unsigned structure;

    bits_init(&bits, payload, size);
    if (sps->nal_hrd || sps->vcl_hrd) {
        bits_u(&bits, sps->cpb_removal_bits);
        bits_u(&bits, sps->dpb_output_bits);
    }
    structure = bits_u(&bits, 4);
    if (sps->pic_struct && !bits.overrun)
        f->pic_struct = (int)structure;
}

static void read_sei(const uint8_t *rbsp, size_t size, const struct h264_sps *sps, struct fields *f)
{
    size_t at = 0;

    while (at + 2 < size) {
        unsigned fields[2] = { 0, 0 }; /* type, size: each a sum of bytes */

        for (int i = 0; i < 2; i++) {
            for (; at < size && rbsp[at] == 255; at++)
                fields[i] += 255;
            fields[i] += at < size ? rbsp[at++] : 0;
        }
        if (fields[1] > size - at)
            return;
        if (fields[0] == 1)
            read_timing(rbsp + at, fields[1], sps, f);
        at += fields[1];
    }
}

static void judge_fields(const struct fields *f, osp_video_facts *v)
{
    if (!f->slice)
        return;
    v->field_order[0] = 0; /* here a picture knows better: PAFF and MBAFF change as they go */
    if (f->field) {
        set_order(v, f->bottom ? "bb" : "tt");
        v->field_samples = !f->both;
    } else if (f->pic_struct >= 0) { /* Table D-1: 3 and 5 top first, 4 and 6 bottom first */
        set_order(v, f->pic_struct == 3 || f->pic_struct == 5   ? "tt"
                     : f->pic_struct == 4 || f->pic_struct == 6 ? "bb"
                                                                : "progressive");
    } else {
        set_order(v, f->delta_bottom > 0 ? "tt" : f->delta_bottom < 0 ? "bb" : "progressive");
    }
}

static void h264_unit(const uint8_t *nal, size_t size, osp_video_facts *v, struct setup *setup,
                      struct fields *f)
{
    uint8_t rbsp[NAL_BYTES];
    unsigned type = nal[0] & 31u;
    size_t length = nal_unescape(nal + 1, size - 1, rbsp);

    if (type == 7 && !setup->has_sps)
        (void)format_h264(nal, size, v, setup);
    if (!setup->has_sps)
        return;
    if (type == 6)
        read_sei(rbsp, length, &setup->sps, f);
    if (type == 1 || type == 5)
        read_slice(rbsp, length, type == 5, setup, f);
}

static void hevc_unit(const uint8_t *nal, size_t size, osp_video_facts *v, struct setup *setup,
                      struct fields *f)
{
    (void)f;
    if (size > 2 && (nal[0] >> 1 & 63) == 33 && !setup->has_sps)
        (void)format_hevc(nal, size, v, setup);
    format_hevc_sei(nal, size, v);
}

/* The sample's NAL units, the beginning of each. */
static void walk_units(const struct mp4_file *file, int64_t offset, uint32_t size,
                       osp_video_facts *v, struct setup *setup,
                       void (*unit)(const uint8_t *, size_t, osp_video_facts *, struct setup *,
                                    struct fields *))
{
    struct fields fields = { .pic_struct = -1 };
    int64_t end = offset + size;

    for (int i = 0; i < NALS_MAX && end - offset > (int64_t)setup->nal_length; i++) {
        uint8_t bytes[4 + NAL_BYTES];
        size_t take = end - offset < (int64_t)sizeof(bytes) ? (size_t)(end - offset)
                                                            : sizeof(bytes);
        uint32_t length = 0;

        if (mp4_read(file, offset, bytes, take, NULL) < 0)
            break;
        for (unsigned k = 0; k < setup->nal_length; k++)
            length = length << 8 | bytes[k];
        take -= setup->nal_length;
        take = length < take ? length : take < NAL_BYTES ? take : NAL_BYTES;
        if (take > 1)
            unit(bytes + setup->nal_length, take, v, setup, &fields);
        offset += (int64_t)setup->nal_length + length;
    }
    if (unit == h264_unit)
        judge_fields(&fields, v);
}

/* ---- headers of pictures ---- */

/* ProRes frame header (SMPTE RDD 36 5.1) */
static void read_prores(const uint8_t *p, size_t size, osp_video_facts *v)
{
    static const char *const orders[] = { "progressive", "tt", "bb", "" };
    bool fine, alpha;
    int depth;

    if (size < 28 || memcmp(p + 4, "icpf", 4) != 0)
        return;
    p += 8;
    fine = (p[12] & 0xC0) == 0xC0;
    alpha = (p[17] & 15) != 0;
    depth = strstr(v->codec_tag, "ap4") ? 12 : 10; /* the decoder's choice for the two families */
    set_order(v, orders[p[12] >> 2 & 3]);
    format_colour(p[14], p[15], p[16], -1, &v->stream_colour);
    v->alpha = alpha;
    format_yuv(fine ? 3 : 2, (unsigned)depth, v);
    if (alpha) {
        char name[24];

        snprintf(name, sizeof(name), "yuva%dp%dle", fine ? 444 : 422, depth);
        format_pixels(name, v);
    }
}

/* DNxHD and DNxHR header (SMPTE ST 2019-1): depth, chroma, scan, compression id */
static void read_dnxhd(const uint8_t *p, size_t size, osp_video_facts *v)
{
    static const uint8_t depths[] = { 0, 8, 10, 12 }, matrices[] = { 1, 9, 10, 2 };
    uint32_t id;
    unsigned depth;

    if (size < 0x30 || p[0] || p[1])
        return;
    id = mp4_u32(p + 0x28);
    depth = depths[p[0x21] >> 5 & 3];
    if (depth)
        format_yuv(p[0x2C] >> 6 & 1 ? 3 : 2, depth, v);
    format_colour(2, 2, matrices[p[0x2C] >> 1 & 3], -1, &v->stream_colour);
    set_order(v, p[5] & 2 ? "tt" : "progressive");
    if (id >= 1270 && id <= 1274) /* DNxHR 444, HQX, HQ, SQ, LB: FFmpeg counts from LB up */
        format_profile((int)(1275 - id), v);
    else
        str_copy(v->profile, sizeof(v->profile), "DNXHD");
}

/* ITU-T T.81 B.2.2, as far as the frame header */
static void read_jpeg(const uint8_t *p, size_t size, osp_video_facts *v)
{
    size_t at = 2;

    while (at + 19 <= size && p[at] == 0xFF) {
        unsigned marker = p[at + 1];

        if (marker >= 0xC0 && marker <= 0xC2) {
            /* sampling of luma over that of the second component: 2x2 over 1x2 is 4:2:2, too */
            unsigned luma = p[at + 11], chroma = p[at + 14];
            bool half_x = luma >> 4 > chroma >> 4, half_y = (luma & 15) > (chroma & 15);

            format_pixels(p[at + 9] == 1     ? "gray"
                          : half_x && half_y ? "yuvj420p"
                          : half_x           ? "yuvj422p"
                          : half_y           ? "yuvj440p"
                                             : "yuvj444p",
                          v);
            format_colour(2, 2, 5, 1, &v->stream_colour); /* JFIF: BT.601 of 625 lines, full */
            str_copy(v->profile, sizeof(v->profile),
                     marker == 0xC0   ? "Baseline"
                     : marker == 0xC2 ? "Progressive"
                                      : "");
            return;
        }
        at += 2 + u16(p + at + 2);
    }
}

/* VP9 bitstream 6.2 uncompressed_header(), 6.2.2 color_config() */
static void read_vp9(const uint8_t *p, size_t size, osp_video_facts *v)
{
    struct bit_reader bits;
    unsigned profile, depth = 8, space, chroma = 1;

    bits_init(&bits, p, size);
    if (bits_u(&bits, 2) != 2)
        return;
    profile = bits_u(&bits, 1);
    profile |= bits_u(&bits, 1) << 1;
    if (profile == 3)
        bits_u(&bits, 1);
    if (bits_u(&bits, 1) || bits_u(&bits, 1)) /* shown again, or no key frame */
        return;
    bits_u(&bits, 2);
    if (bits_u(&bits, 24) != 0x498342)
        return;
    if (profile >= 2)
        depth = bits_u(&bits, 1) ? 12 : 10;
    space = bits_u(&bits, 3);
    if (space != 7) {
        format_colour(2, 2, 2, (int)bits_u(&bits, 1), &v->stream_colour);
        if (profile & 1) {
            bool halved = bits_u(&bits, 1);

            chroma = halved ? 2 : 3;
            bits_u(&bits, 1);
        }
    }
    format_profile((int)profile, v);
    format_yuv(chroma, depth, v);
    set_order(v, "progressive");
}

/* ITU-T H.262 6.2.2.3, 6.2.2.4, 6.2.3.1: extensions by their id */
static void mpeg2_extension(const uint8_t *p, size_t size, osp_video_facts *v, bool *progressive)
{
    struct bit_reader bits;
    unsigned id;

    bits_init(&bits, p, size);
    id = bits_u(&bits, 4);
    if (id == 1) {
        unsigned profile, level;

        bits_u(&bits, 1);
        profile = bits_u(&bits, 3);
        level = bits_u(&bits, 4);
        format_profile((int)profile, v);
        v->level = (int)level;
        *progressive = bits_u(&bits, 1);
        format_yuv(bits_u(&bits, 2), 8, v);
    } else if (id == 2) {
        bits_u(&bits, 3);
        if (bits_u(&bits, 1)) {
            int codes[3];

            for (int i = 0; i < 3; i++)
                codes[i] = (int)bits_u(&bits, 8);
            format_colour(codes[0], codes[1], codes[2], -1, &v->stream_colour);
        }
    } else if (id == 8) {
        unsigned structure, top;

        bits_u(&bits, 18); /* f codes, precision */
        structure = bits_u(&bits, 2);
        top = bits_u(&bits, 1);
        set_order(v, *progressive     ? "progressive"
                     : structure == 3 ? (top ? "tt" : "bb")
                     : structure == 1 ? "tt"
                                      : "bb");
    }
}

static void read_mpeg2(const uint8_t *p, size_t size, osp_video_facts *v)
{
    bool progressive = true;

    format_pixels("yuv420p", v);
    for (size_t i = 0; i + 12 <= size; i++) {
        if (p[i] || p[i + 1] || p[i + 2] != 1)
            continue;
        if (p[i + 3] == 0xB5)
            mpeg2_extension(p + i + 4, size - i - 4, v, &progressive);
        else if (p[i + 3] >= 1 && p[i + 3] <= 0xAF) /* slices: all headers are read */
            return;
    }
}

static void read_mpeg4(const uint8_t *p, size_t size, osp_video_facts *v)
{
    struct setup none = { 0 };

    format_record(p, size, v, &none);
}

void first_read(const struct mp4_file *file, int64_t offset, uint32_t size, osp_video_facts *v,
                struct setup *setup)
{
    static const struct {
        const char *codec;
        void (*read)(const uint8_t *, size_t, osp_video_facts *);
    } readers[] = {
        { "prores", read_prores }, { "dnxhd", read_dnxhd },      { "mjpeg", read_jpeg },
        { "vp9", read_vp9 },       { "mpeg2video", read_mpeg2 }, { "mpeg4", read_mpeg4 },
    };
    uint8_t head[HEAD_BYTES];

    if (strcmp(v->codec, "h264") == 0 && setup->nal_length &&
        !(setup->has_sps && setup->sps.frame_mbs_only))
        walk_units(file, offset, size, v, setup, h264_unit);
    if (strcmp(v->codec, "hevc") == 0 && setup->nal_length &&
        (!setup->has_sps || !strcmp(v->stream_colour.transfer, "smpte2084")) &&
        !v->mastering_max_nits.num)
        walk_units(file, offset, size, v, setup, hevc_unit);
    if (v->profile[0] && v->pixel_format[0] && strcmp(v->codec, "prores") != 0)
        return;
    size = size < sizeof(head) ? size : sizeof(head);
    for (size_t i = 0; i < OSP_COUNT(readers); i++) {
        if (strcmp(v->codec, readers[i].codec) == 0 &&
            mp4_read(file, offset, head, size, NULL) == OSP_OK)
            readers[i].read(head, size, v);
    }
}
