/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/format.h"

#include <libavcodec/avcodec.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/bits.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/av1.h"
#include "probe/hevc.h"

static unsigned u16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static uint32_t u32(const uint8_t *p)
{
    return (uint32_t)u16(p) << 16 | u16(p + 2);
}

/* ---- names ---- */

static const char *chroma_name(const AVPixFmtDescriptor *kind)
{
    static const char *const names[2][2] = { { "4:4:4", "4:4:0" }, { "4:2:2", "4:2:0" } };

    if (kind->flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL))
        return "rgb";
    if (kind->nb_components < 3)
        return "gray";
    if (kind->log2_chroma_w > 1 || kind->log2_chroma_h > 1)
        return "other";
    return names[kind->log2_chroma_w][kind->log2_chroma_h];
}

void format_pixels(const char *pixel_format, osp_video_facts *v)
{
    const AVPixFmtDescriptor *kind = pixel_format
                                         ? av_pix_fmt_desc_get(av_get_pix_fmt(pixel_format))
                                         : NULL;

    if (!kind)
        return;
    str_copy(v->pixel_format, sizeof(v->pixel_format), kind->name);
    v->bit_depth = kind->comp[0].depth;
    v->alpha |= (kind->flags & AV_PIX_FMT_FLAG_ALPHA) != 0;
    str_copy(v->chroma, sizeof(v->chroma), chroma_name(kind));
}

void format_yuv(unsigned chroma_format_idc, unsigned depth, osp_video_facts *v)
{
    static const char *const kinds[] = { "gray", "yuv420p", "yuv422p", "yuv444p" };
    static const char *const chromas[] = { "gray", "4:2:0", "4:2:2", "4:4:4" };
    char name[24];

    snprintf(name, sizeof(name), depth > 8 ? "%s%ule" : "%s", kinds[chroma_format_idc & 3], depth);
    v->bit_depth = (int)depth;
    str_copy(v->chroma, sizeof(v->chroma), chromas[chroma_format_idc & 3]);
    format_pixels(name, v); /* a depth that FFmpeg has no format for keeps the two lines above */
}

static void name_code(char out[24], const char *name, int code)
{
    str_copy(out, 24, code != 2 && name ? name : "");
}

void format_colour(int primaries, int transfer, int matrix, int full_range, osp_colour *out)
{
    name_code(out->primaries, av_color_primaries_name((enum AVColorPrimaries)primaries), primaries);
    name_code(out->transfer, av_color_transfer_name((enum AVColorTransferCharacteristic)transfer),
              transfer);
    name_code(out->matrix, av_color_space_name((enum AVColorSpace)matrix), matrix);
    if (full_range >= 0)
        str_copy(out->range, sizeof(out->range), full_range ? "pc" : "tv");
}

void format_profile(int profile, osp_video_facts *v)
{
    const AVCodecDescriptor *codec = avcodec_descriptor_get_by_name(v->codec);
    const char *name = codec ? avcodec_profile_name(codec->id, profile) : NULL;

    if (name)
        str_copy(v->profile, sizeof(v->profile), name);
}

/* ---- H.264 ---- */

/* FFmpeg tells two kinds of a profile apart by constraint flags (ITU-T H.264 A.2). */
static int h264_profile(unsigned profile, unsigned constraints)
{
    if (profile == FF_PROFILE_H264_BASELINE && constraints & 0x40)
        return FF_PROFILE_H264_CONSTRAINED_BASELINE;
    if ((profile == FF_PROFILE_H264_HIGH_10 || profile == FF_PROFILE_H264_HIGH_422 ||
         profile == FF_PROFILE_H264_HIGH_444_PREDICTIVE) &&
        constraints & 0x10)
        return (int)profile | FF_PROFILE_H264_INTRA;
    return (int)profile;
}

static void set_sar(unsigned num, unsigned den, osp_video_facts *v)
{
    if (num > 0 && den > 0)
        v->sar = rational(num, den);
}

bool format_h264(const uint8_t *nal, size_t size, osp_video_facts *v, struct setup *setup)
{
    struct h264_sps *sps = &setup->sps;

    if (!h264_sps_parse(nal, size, sps))
        return false;
    setup->has_sps = true;
    format_profile(h264_profile(sps->profile_idc, sps->constraint_flags), v);
    v->level = (int)sps->level_idc;
    v->coded_width_px = sps->width_px;
    v->coded_height_px = sps->height_px;
    /* FFmpeg's decoder gives grey pictures flat chroma, and that is what their pixels are called */
    format_yuv(sps->chroma_format_idc ? sps->chroma_format_idc : 1, sps->bit_depth_luma, v);
    if (!sps->chroma_format_idc)
        str_copy(v->chroma, sizeof(v->chroma), "gray");
    if (sps->chroma_format_idc == 3 && sps->matrix == AVCOL_SPC_RGB) {
        char name[24];

        snprintf(name, sizeof(name), sps->bit_depth_luma > 8 ? "gbrp%ule" : "gbrp",
                 sps->bit_depth_luma);
        format_pixels(name, v);
    }
    format_colour(sps->primaries, sps->transfer, sps->matrix, sps->full_range, &v->stream_colour);
    set_sar(sps->sar_num, sps->sar_den, v);
    if (sps->frame_mbs_only)
        str_copy(v->field_order, sizeof(v->field_order), "progressive");
    return true;
}

/* A PPS up to the flag that says whether slices order their fields (7.3.2.2). */
static void read_pps(const uint8_t *nal, size_t size, struct setup *setup)
{
    uint8_t rbsp[64];
    struct bit_reader bits;

    size = size < sizeof(rbsp) ? size : sizeof(rbsp);
    if (size < 2 || (nal[0] & 31) != 8)
        return;
    bits_init(&bits, rbsp, nal_unescape(nal + 1, size - 1, rbsp));
    bits_ue(&bits);
    bits_ue(&bits);
    bits_u(&bits, 1);
    setup->bottom_field_order = bits_u(&bits, 1);
}

/* ISO/IEC 14496-15 5.3.3.1.2 AVCDecoderConfigurationRecord */
static void read_avcc(const uint8_t *p, size_t size, osp_video_facts *v, struct setup *setup)
{
    size_t at = 6;

    if (size < 7 || p[0] != 1)
        return;
    format_profile(h264_profile(p[1], p[2]), v);
    v->level = p[3];
    setup->nal_length = (p[4] & 3u) + 1;
    for (int count = p[5] & 31, sets = 0; sets < 2; sets++) {
        for (; count > 0 && at + 2 <= size && u16(p + at) <= size - at - 2; count--) {
            if (sets == 0 && !setup->has_sps)
                (void)format_h264(p + at + 2, u16(p + at), v, setup); /* the next may do */
            else if (sets == 1)
                read_pps(p + at + 2, u16(p + at), setup);
            at += 2 + u16(p + at);
        }
        if (count > 0 || at >= size)
            return;
        count = p[at++];
    }
}

/* ---- HEVC ---- */

bool format_hevc(const uint8_t *nal, size_t size, osp_video_facts *v, struct setup *setup)
{
    struct hevc_sps sps;

    if (!hevc_sps_parse(nal, size, &sps))
        return false;
    setup->has_sps = true;
    format_profile((int)sps.profile_idc, v);
    v->level = (int)sps.level_idc;
    v->coded_width_px = sps.width_px;
    v->coded_height_px = sps.height_px;
    format_yuv(sps.chroma_format_idc, sps.bit_depth_luma, v);
    if (sps.chroma_format_idc == 3 && sps.matrix == AVCOL_SPC_RGB)
        format_pixels(sps.bit_depth_luma > 10  ? "gbrp12le"
                      : sps.bit_depth_luma > 8 ? "gbrp10le"
                                               : "gbrp",
                      v);
    format_colour(sps.primaries, sps.transfer, sps.matrix, sps.full_range, &v->stream_colour);
    set_sar(sps.sar_num, sps.sar_den, v);
    v->field_samples = sps.field_seq;
    if (sps.field_seq || sps.interlaced_source)
        str_copy(v->field_order, sizeof(v->field_order), "tt"); /* the order is in each picture */
    return true;
}

void format_mastering(const uint8_t *p, size_t size, osp_video_facts *v)
{
    if (size < 24) /* three primaries and the white point, then two luminances in 0.0001 nit */
        return;
    v->mastering_max_nits = rational(u32(p + 16), 10000);
    v->mastering_min_nits = rational(u32(p + 20), 10000);
}

void format_light(const uint8_t *p, size_t size, osp_video_facts *v)
{
    if (size < 4)
        return;
    v->max_content_nits = (int)u16(p);
    v->max_average_nits = (int)u16(p + 2);
}

/* 7.3.5 sei_message(); D.2.28 mastering display 137, D.2.35 content light 144 */
void format_hevc_sei(const uint8_t *nal, size_t size, osp_video_facts *v)
{
    uint8_t rbsp[1024];
    size_t end, at = 0;

    size = size < sizeof(rbsp) ? size : sizeof(rbsp);
    if (size < 4 || (nal[0] >> 1 & 63) != 39)
        return;
    end = nal_unescape(nal + 2, size - 2, rbsp);
    while (at + 2 < end) {
        unsigned fields[2] = { 0, 0 }; /* type, size: each a sum of bytes */

        for (int i = 0; i < 2; i++) {
            for (; at < end && rbsp[at] == 255; at++)
                fields[i] += 255;
            fields[i] += at < end ? rbsp[at++] : 0;
        }
        if (fields[1] > end - at)
            return;
        if (fields[0] == 137)
            format_mastering(rbsp + at, fields[1], v);
        if (fields[0] == 144)
            format_light(rbsp + at, fields[1], v);
        at += fields[1];
    }
}

/* ISO/IEC 14496-15 8.3.3.1.2 HEVCDecoderConfigurationRecord */
static void read_hvcc(const uint8_t *p, size_t size, osp_video_facts *v, struct setup *setup)
{
    size_t at = 23;

    if (size < 23)
        return;
    format_profile(p[1] & 31, v);
    v->level = p[12];
    format_yuv(p[16] & 3u, (p[17] & 7u) + 8, v);
    setup->nal_length = (p[21] & 3u) + 1;
    for (int arrays = p[22]; arrays > 0 && at + 3 <= size; arrays--) {
        unsigned count = u16(p + at + 1);

        for (at += 3; count > 0 && at + 2 <= size && u16(p + at) <= size - at - 2; count--) {
            const uint8_t *nal = p + at + 2;
            size_t length = u16(p + at);

            if (length > 2 && (nal[0] >> 1 & 63) == 33 && !setup->has_sps)
                (void)format_hevc(nal, length, v, setup);
            format_hevc_sei(nal, length, v);
            at += 2 + length;
        }
        if (count > 0)
            return;
    }
}

/* ---- AV1, VP9, MPEG-4 ---- */

/* AV1 Codec ISO Media File Format Binding 2.3.3 */
static void read_av1c(const uint8_t *p, size_t size, osp_video_facts *v, struct setup *setup)
{
    struct av1_sequence s;

    (void)setup;
    if (size < 4)
        return;
    format_profile(p[1] >> 5, v);
    v->level = p[1] & 31;
    format_yuv(p[2] & 0x10             ? 0
               : (p[2] & 0x0C) == 0x0C ? 1
               : (p[2] & 0x0C) == 0x08 ? 2
                                       : 3,
               p[2] & 0x20   ? 12
               : p[2] & 0x40 ? 10
                             : 8,
               v);
    str_copy(v->field_order, sizeof(v->field_order), "progressive");
    if (!av1_sequence_find(p + 4, size - 4, &s))
        return;
    setup->has_sps = true;
    v->coded_width_px = s.width_px;
    v->coded_height_px = s.height_px;
    format_colour(s.primaries, s.transfer, s.matrix, s.full_range, &v->stream_colour);
    if (s.matrix == AVCOL_SPC_RGB && !s.mono)
        format_pixels(s.bit_depth > 10 ? "gbrp12le" : s.bit_depth > 8 ? "gbrp10le" : "gbrp", v);
}

/* VP Codec ISO Media File Format Binding, VPCodecConfigurationBox (a full box) */
static void read_vpcc(const uint8_t *p, size_t size, osp_video_facts *v, struct setup *setup)
{
    static const uint8_t chroma[] = { 1, 1, 2, 3 };

    (void)setup;
    if (size < 10 || p[0] != 1)
        return;
    format_profile(p[4], v);
    v->level = p[5];
    format_yuv(p[6] >> 1 & 4 ? 1 : chroma[p[6] >> 1 & 3], p[6] >> 4, v);
    format_colour(p[7], p[8], p[9], p[6] & 1, &v->stream_colour);
    str_copy(v->field_order, sizeof(v->field_order), "progressive");
}

/* ISO/IEC 14496-2 6.2.2: profile and level stand behind the first start code. */
static void read_mpeg4(const uint8_t *p, size_t size, osp_video_facts *v, struct setup *setup)
{
    (void)setup;
    format_pixels("yuv420p", v);
    if (size < 5 || u32(p) != 0x1B0)
        return;
    format_profile(p[4] >> 4, v);
    v->level = p[4] & 15;
}

void format_record(const uint8_t *record, size_t size, osp_video_facts *v, struct setup *setup)
{
    static const struct {
        const char *codec;
        void (*read)(const uint8_t *, size_t, osp_video_facts *, struct setup *);
    } readers[] = {
        { "h264", read_avcc }, { "hevc", read_hvcc },   { "av1", read_av1c },
        { "vp9", read_vpcc },  { "mpeg4", read_mpeg4 },
    };

    for (size_t i = 0; i < OSP_COUNT(readers); i++) {
        if (strcmp(v->codec, readers[i].codec) == 0)
            readers[i].read(record, size, v, setup);
    }
}

/* ---- which tags count ---- */

static void settle_tag(char *out, size_t size, const char *container, const char *stream,
                       int *conflict)
{
    str_copy(out, size, stream[0] ? stream : container);
    *conflict |= container[0] && stream[0] && strcmp(container, stream) != 0;
}

/* Codecs that mean limited range when they say nothing (ITU-T H.265 E.3.1: inferred to be 0), or
 * know no other. */
static bool limited_by_default(const char *codec)
{
    static const char *const codecs[] = { "hevc", "mpeg2video", "mpeg1video", "prores", "dnxhd" };

    for (size_t i = 0; i < OSP_COUNT(codecs); i++) {
        if (strcmp(codec, codecs[i]) == 0)
            return true;
    }
    return false;
}

void format_settle(osp_video_facts *v)
{
    const osp_colour *c = &v->container_colour, *s = &v->stream_colour;

    /* decoders follow the bitstream, QuickTime-style players the container: hence the conflict */
    settle_tag(v->primaries, sizeof(v->primaries), c->primaries, s->primaries, &v->colour_conflict);
    settle_tag(v->transfer, sizeof(v->transfer), c->transfer, s->transfer, &v->colour_conflict);
    settle_tag(v->matrix, sizeof(v->matrix), c->matrix, s->matrix, &v->colour_conflict);
    settle_tag(v->range, sizeof(v->range), c->range, s->range, &v->colour_conflict);
    if (!v->range[0] && limited_by_default(v->codec))
        str_copy(v->range, sizeof(v->range), "tv");
    if (str_starts(v->pixel_format, "yuvj"))
        str_copy(v->range, sizeof(v->range), "pc");
    if (strcmp(v->range, "pc") == 0 && v->bit_depth == 8 && str_starts(v->pixel_format, "yuv4") &&
        (!strcmp(v->codec, "h264") || !strcmp(v->codec, "hevc"))) {
        char name[24]; /* what FFmpeg's decoders of these two call it */

        snprintf(name, sizeof(name), "yuvj%.20s", v->pixel_format + 3);
        str_copy(v->pixel_format, sizeof(v->pixel_format), name);
    }
    if (v->dolby_vision_profile)
        str_copy(v->hdr, sizeof(v->hdr), "Dolby Vision");
    else if (strcmp(v->transfer, "smpte2084") == 0)
        str_copy(v->hdr, sizeof(v->hdr), "PQ");
    else if (strcmp(v->transfer, "arib-std-b67") == 0)
        str_copy(v->hdr, sizeof(v->hdr), "HLG");
}
