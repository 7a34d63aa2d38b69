/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/sps.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/bits.h"

/** A parameter set is a few hundred bytes even with HRD and scaling lists. */
#define SPS_MAX_BYTES 4096

/** 7.3.2.1.1.1 scaling_list(): read to get past it. */
static void skip_scaling_list(struct bit_reader *bits, int size)
{
    int last = 8, next = 8;

    for (int i = 0; i < size && !bits->overrun; i++) {
        if (next != 0)
            next = (last + bits_se(bits) + 256) % 256;
        last = next == 0 ? last : next;
    }
}

static void read_scaling(struct bit_reader *bits, struct h264_sps *sps)
{
    int lists = sps->chroma_format_idc == 3 ? 12 : 8;

    sps->scaling_matrix = bits_u(bits, 1);
    for (int i = 0; sps->scaling_matrix && i < lists; i++) {
        if (bits_u(bits, 1))
            skip_scaling_list(bits, i < 6 ? 16 : 64);
    }
}

/** Profiles whose SPS says chroma format and bit depth (7.3.2.1.1). */
static bool is_high(unsigned profile)
{
    static const unsigned high[] = { 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135 };

    for (size_t i = 0; i < OSP_COUNT(high); i++) {
        if (high[i] == profile)
            return true;
    }
    return false;
}

static bool read_profile(struct bit_reader *bits, struct h264_sps *sps)
{
    sps->profile_idc = bits_u(bits, 8);
    sps->constraint_flags = bits_u(bits, 8);
    sps->level_idc = bits_u(bits, 8);
    sps->id = bits_ue(bits);
    sps->chroma_format_idc = 1;
    sps->bit_depth_luma = sps->bit_depth_chroma = 8;
    if (is_high(sps->profile_idc)) {
        sps->chroma_format_idc = bits_ue(bits);
        if (sps->chroma_format_idc == 3)
            sps->separate_colour_plane = bits_u(bits, 1);
        sps->bit_depth_luma = bits_ue(bits) + 8;
        sps->bit_depth_chroma = bits_ue(bits) + 8;
        sps->transform_bypass = bits_u(bits, 1);
        read_scaling(bits, sps);
    }
    return sps->id < 32 && sps->chroma_format_idc < 4 && sps->bit_depth_luma <= 14 &&
           sps->bit_depth_chroma <= 14;
}

static bool read_poc(struct bit_reader *bits, struct h264_sps *sps)
{
    sps->log2_max_frame_num = bits_ue(bits) + 4;
    sps->poc_type = bits_ue(bits);
    if (sps->poc_type == 0) {
        sps->log2_max_poc_lsb = bits_ue(bits) + 4;
    } else if (sps->poc_type == 1) {
        unsigned cycle;

        sps->delta_pic_order_always_zero = bits_u(bits, 1);
        (void)bits_se(bits); /* offset_for_non_ref_pic */
        (void)bits_se(bits); /* offset_for_top_to_bottom_field */
        cycle = bits_ue(bits);
        for (unsigned i = 0; i < cycle && i < 256; i++)
            (void)bits_se(bits);
        if (cycle > 255)
            return false;
    }
    return sps->log2_max_frame_num <= 16 && sps->poc_type <= 2 && sps->log2_max_poc_lsb <= 16;
}

/** Size in pixels after cropping (7.4.2.1.1, equations 7-19 to 7-22). */
static bool read_size(struct bit_reader *bits, struct h264_sps *sps)
{
    uint32_t left = 0, right = 0, top = 0, bottom = 0;
    int64_t unit_x, unit_y, width, height;

    sps->width_mbs = bits_ue(bits) + 1;
    sps->height_map_units = bits_ue(bits) + 1;
    sps->frame_mbs_only = bits_u(bits, 1);
    if (!sps->frame_mbs_only)
        sps->mb_adaptive = bits_u(bits, 1);
    sps->direct_8x8_inference = bits_u(bits, 1);
    if (bits_u(bits, 1)) {
        left = bits_ue(bits);
        right = bits_ue(bits);
        top = bits_ue(bits);
        bottom = bits_ue(bits);
    }
    if (sps->width_mbs > 4096 || sps->height_map_units > 4096)
        return false;
    unit_x = sps->chroma_format_idc == 1 || sps->chroma_format_idc == 2 ? 2 : 1;
    unit_y = sps->chroma_format_idc == 1 ? 2 : 1;
    if (sps->separate_colour_plane)
        unit_x = unit_y = 1;
    unit_y *= sps->frame_mbs_only ? 1 : 2;
    width = (int64_t)sps->width_mbs * 16 - unit_x * ((int64_t)left + right);
    height = (int64_t)sps->height_map_units * 16 * (sps->frame_mbs_only ? 1 : 2) -
             unit_y * ((int64_t)top + bottom);
    sps->width_px = (int)width;
    sps->height_px = (int)height;
    return width > 0 && height > 0;
}

/** E.1.2 hrd_parameters(). Its last fields say how long those of picture timing are. */
static void read_hrd(struct bit_reader *bits, struct h264_sps *sps)
{
    unsigned count = bits_ue(bits) + 1;

    bits_u(bits, 8);
    for (unsigned i = 0; i < count && i < 32; i++) {
        bits_ue(bits);
        bits_ue(bits);
        bits_u(bits, 1);
    }
    bits_u(bits, 5);
    sps->cpb_removal_bits = bits_u(bits, 5) + 1;
    sps->dpb_output_bits = bits_u(bits, 5) + 1;
    bits_u(bits, 5);
}

void sar_read(struct bit_reader *bits, unsigned *num, unsigned *den)
{
    /* Table E-1 of ITU-T H.264 and H.265 alike */
    static const uint8_t table[][2] = {
        { 0, 0 },   { 1, 1 },    { 12, 11 }, { 10, 11 }, { 16, 11 }, { 40, 33 },
        { 24, 11 }, { 20, 11 },  { 32, 11 }, { 80, 33 }, { 18, 11 }, { 15, 11 },
        { 64, 33 }, { 160, 99 }, { 4, 3 },   { 3, 2 },   { 2, 1 },
    };
    unsigned idc = bits_u(bits, 8);

    if (idc == 255) {
        *num = bits_u(bits, 16);
        *den = bits_u(bits, 16);
    } else if (idc < OSP_COUNT(table)) {
        *num = table[idc][0];
        *den = table[idc][1];
    }
}

static void read_colour(struct bit_reader *bits, struct h264_sps *sps)
{
    bits_u(bits, 3); /* video_format */
    sps->full_range = (int)bits_u(bits, 1);
    if (bits_u(bits, 1)) {
        sps->primaries = (int)bits_u(bits, 8);
        sps->transfer = (int)bits_u(bits, 8);
        sps->matrix = (int)bits_u(bits, 8);
    }
}

/** E.1.1 */
static void read_vui(struct bit_reader *bits, struct h264_sps *sps)
{
    if (bits_u(bits, 1))
        sar_read(bits, &sps->sar_num, &sps->sar_den);
    if (bits_u(bits, 1))
        bits_u(bits, 1); /* overscan */
    if (bits_u(bits, 1))
        read_colour(bits, sps);
    if (bits_u(bits, 1)) { /* chroma location */
        bits_ue(bits);
        bits_ue(bits);
    }
    sps->timing = bits_u(bits, 1);
    if (sps->timing) {
        sps->num_units_in_tick = bits_u(bits, 32);
        sps->time_scale = bits_u(bits, 32);
        bits_u(bits, 1);
    }
    sps->nal_hrd = bits_u(bits, 1);
    if (sps->nal_hrd)
        read_hrd(bits, sps);
    sps->vcl_hrd = bits_u(bits, 1);
    if (sps->vcl_hrd)
        read_hrd(bits, sps);
    if (sps->nal_hrd || sps->vcl_hrd)
        bits_u(bits, 1); /* low_delay_hrd_flag */
    sps->pic_struct = bits_u(bits, 1);
    if (bits_u(bits, 1)) {
        bits_u(bits, 1);
        for (int i = 0; i < 4; i++)
            bits_ue(bits);
        sps->max_num_reorder = (int)bits_ue(bits);
        sps->max_dec_frame_buffering = (int)bits_ue(bits);
    }
}

bool h264_sps_parse(const uint8_t *nal, size_t size, struct h264_sps *out)
{
    uint8_t rbsp[SPS_MAX_BYTES];
    struct bit_reader bits;
    struct h264_sps sps = { .full_range = -1,
                            .primaries = 2,
                            .transfer = 2,
                            .matrix = 2,
                            .max_num_reorder = -1,
                            .max_dec_frame_buffering = -1 };

    if (size < 5 || size > sizeof(rbsp) || (nal[0] & 31) != 7)
        return false;
    bits_init(&bits, rbsp, nal_unescape(nal + 1, size - 1, rbsp));
    if (!read_profile(&bits, &sps) || !read_poc(&bits, &sps))
        return false;
    sps.num_ref_frames = bits_ue(&bits);
    sps.gaps_in_frame_num = bits_u(&bits, 1);
    if (sps.num_ref_frames > 16 || !read_size(&bits, &sps) || bits.overrun)
        return false;
    sps.vui = bits_u(&bits, 1);
    if (sps.vui) {
        struct h264_sps with_vui = sps;

        read_vui(&bits, &with_vui);
        if (!bits.overrun) /* a VUI that is cut short is common, and only hints */
            sps = with_vui;
        else
            sps.vui = false;
    }
    *out = sps;
    return true;
}
