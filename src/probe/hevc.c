/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/hevc.h"

#include "base/auto.h"
#include "base/bits.h"
#include "probe/sps.h"

#define SPS_MAX_BYTES 4096

/** 7.3.3 profile_tier_level(1, max_sub_layers_minus1) */
static void read_profile(struct bit_reader *bits, unsigned sub_layers, struct hevc_sps *sps)
{
    bool progressive, has_profile[8] = { false }, has_level[8] = { false };

    bits_u(bits, 3); /* profile space, tier */
    sps->profile_idc = bits_u(bits, 5);
    bits_u(bits, 32);
    progressive = bits_u(bits, 1);
    sps->interlaced_source = bits_u(bits, 1) && !progressive;
    bits_u(bits, 32);
    bits_u(bits, 14);
    sps->level_idc = bits_u(bits, 8);
    for (unsigned i = 0; i < sub_layers; i++) {
        has_profile[i] = bits_u(bits, 1);
        has_level[i] = bits_u(bits, 1);
    }
    for (unsigned i = sub_layers; sub_layers > 0 && i < 8; i++)
        bits_u(bits, 2);
    for (unsigned i = 0; i < sub_layers; i++) {
        if (has_profile[i]) {
            bits_u(bits, 32);
            bits_u(bits, 32);
            bits_u(bits, 24);
        }
        if (has_level[i])
            bits_u(bits, 8);
    }
}

static bool read_size(struct bit_reader *bits, struct hevc_sps *sps)
{
    int64_t width, height, unit_x, unit_y;
    uint32_t window[4] = { 0 };

    sps->chroma_format_idc = bits_ue(bits);
    if (sps->chroma_format_idc > 3)
        return false;
    if (sps->chroma_format_idc == 3)
        bits_u(bits, 1); /* separate_colour_plane_flag */
    width = bits_ue(bits);
    height = bits_ue(bits);
    if (bits_u(bits, 1)) {
        for (int i = 0; i < 4; i++)
            window[i] = bits_ue(bits);
    }
    unit_x = sps->chroma_format_idc == 1 || sps->chroma_format_idc == 2 ? 2 : 1;
    unit_y = sps->chroma_format_idc == 1 ? 2 : 1;
    width -= unit_x * ((int64_t)window[0] + window[1]);
    height -= unit_y * ((int64_t)window[2] + window[3]);
    if (width <= 0 || height <= 0 || width > 65536 || height > 65536)
        return false;
    sps->width_px = (int)width;
    sps->height_px = (int)height;
    return true;
}

/** 7.3.4 scaling_list_data(): read to get past it. */
static void skip_scaling_lists(struct bit_reader *bits)
{
    for (int size = 0; size < 4; size++) {
        for (int matrix = 0; matrix < 6 && !bits->overrun; matrix += size == 3 ? 3 : 1) {
            int count = size == 0 ? 16 : 64;

            if (!bits_u(bits, 1)) {
                bits_ue(bits);
                continue;
            }
            if (size > 1)
                bits_se(bits);
            for (int i = 0; i < count && !bits->overrun; i++)
                bits_se(bits);
        }
    }
}

/** 7.3.7 st_ref_pic_set(index): read to get past it. @return pictures in the set; -1: broken */
static int skip_ref_pic_set(struct bit_reader *bits, unsigned index, int before)
{
    unsigned negative, positive;

    if (index > 0 && bits_u(bits, 1)) { /* inter_ref_pic_set_prediction_flag */
        int kept = 0;

        bits_u(bits, 1);
        bits_ue(bits);
        for (int i = 0; i <= before; i++) {
            bool used = bits_u(bits, 1);

            kept += used || bits_u(bits, 1);
        }
        return kept;
    }
    negative = bits_ue(bits);
    positive = bits_ue(bits);
    if (negative > 16 || positive > 16)
        return -1;
    for (unsigned i = 0; i < negative + positive; i++) {
        bits_ue(bits);
        bits_u(bits, 1);
    }
    return (int)(negative + positive);
}

/* What stands between the sizes and the VUI. */
static bool skip_tools(struct bit_reader *bits, unsigned log2_poc)
{
    unsigned sets;
    int pictures = 0;

    for (int i = 0; i < 6; i++)
        bits_ue(bits); /* block sizes, transform depths */
    if (bits_u(bits, 1) && bits_u(bits, 1))
        skip_scaling_lists(bits);
    bits_u(bits, 2);       /* amp, sao */
    if (bits_u(bits, 1)) { /* pcm */
        bits_u(bits, 8);
        bits_ue(bits);
        bits_ue(bits);
        bits_u(bits, 1);
    }
    sets = bits_ue(bits);
    if (sets > 64)
        return false;
    for (unsigned i = 0; i < sets && !bits->overrun; i++) {
        pictures = skip_ref_pic_set(bits, i, pictures);
        if (pictures < 0 || pictures > 32)
            return false;
    }
    if (bits_u(bits, 1)) { /* long-term pictures */
        unsigned count = bits_ue(bits);

        for (unsigned i = 0; i < count && i < 33; i++)
            bits_u(bits, log2_poc + 1);
    }
    bits_u(bits, 2); /* temporal mvp, strong intra smoothing */
    return !bits->overrun;
}

/** E.2.1, up to field_seq_flag. */
static void read_vui(struct bit_reader *bits, struct hevc_sps *sps)
{
    if (bits_u(bits, 1))
        sar_read(bits, &sps->sar_num, &sps->sar_den);
    if (bits_u(bits, 1))
        bits_u(bits, 1); /* overscan */
    if (bits_u(bits, 1)) {
        bits_u(bits, 3);
        sps->full_range = (int)bits_u(bits, 1);
        if (bits_u(bits, 1)) {
            sps->primaries = (int)bits_u(bits, 8);
            sps->transfer = (int)bits_u(bits, 8);
            sps->matrix = (int)bits_u(bits, 8);
        }
    }
    if (bits_u(bits, 1)) { /* chroma location */
        bits_ue(bits);
        bits_ue(bits);
    }
    bits_u(bits, 1); /* neutral_chroma_indication_flag */
    sps->field_seq = bits_u(bits, 1);
}

bool hevc_sps_parse(const uint8_t *nal, size_t size, struct hevc_sps *out)
{
    uint8_t rbsp[SPS_MAX_BYTES];
    struct bit_reader bits;
    struct hevc_sps sps = { .full_range = -1, .primaries = 2, .transfer = 2, .matrix = 2 };
    unsigned sub_layers, log2_poc;

    if (size < 4 || size > sizeof(rbsp) || (nal[0] >> 1 & 63) != 33)
        return false;
    bits_init(&bits, rbsp, nal_unescape(nal + 2, size - 2, rbsp));
    bits_u(&bits, 4);
    sub_layers = bits_u(&bits, 3);
    bits_u(&bits, 1);
    if (sub_layers > 6)
        return false;
    read_profile(&bits, sub_layers, &sps);
    if (bits_ue(&bits) > 15 || !read_size(&bits, &sps))
        return false;
    sps.bit_depth_luma = bits_ue(&bits) + 8;
    sps.bit_depth_chroma = bits_ue(&bits) + 8;
    log2_poc = bits_ue(&bits) + 4;
    for (unsigned i = bits_u(&bits, 1) ? 0 : sub_layers; i <= sub_layers; i++) {
        bits_ue(&bits); /* size of the buffer, reordering, latency of a sub-layer */
        bits_ue(&bits);
        bits_ue(&bits);
    }
    if (bits.overrun || sps.bit_depth_luma > 16 || sps.bit_depth_chroma > 16 || log2_poc > 16)
        return false;
    if (skip_tools(&bits, log2_poc) && bits_u(&bits, 1)) {
        struct hevc_sps with_vui = sps;

        read_vui(&bits, &with_vui);
        if (!bits.overrun) /* the VUI only hints: without it the rest stands */
            sps = with_vui;
        sps.vui = !bits.overrun;
    }
    *out = sps;
    return true;
}
