/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_SPS_H
#define PROBE_SPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An H.264 sequence parameter set (ITU-T H.264 7.3.2.1.1, E.1.1), what we need of it. */
struct h264_sps {
    unsigned id;
    unsigned profile_idc, constraint_flags, level_idc;
    unsigned chroma_format_idc; /* 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4 */
    bool separate_colour_plane, transform_bypass, scaling_matrix;
    unsigned bit_depth_luma, bit_depth_chroma;
    unsigned log2_max_frame_num;
    unsigned poc_type, log2_max_poc_lsb;
    bool delta_pic_order_always_zero;
    unsigned num_ref_frames;
    bool gaps_in_frame_num;
    unsigned width_mbs, height_map_units;
    bool frame_mbs_only, mb_adaptive, direct_8x8_inference;
    int width_px, height_px; /* cropped */
    bool vui;
    unsigned sar_num, sar_den;       /* 0/0: not said */
    int full_range;                  /* -1: not said */
    int primaries, transfer, matrix; /* ITU-T H.273; 2: not said */
    bool timing;
    uint32_t num_units_in_tick, time_scale;
    bool nal_hrd, vcl_hrd;
    unsigned cpb_removal_bits, dpb_output_bits; /* of the delays in picture timing messages */
    bool pic_struct; /* picture timing messages say how a picture is shown: frame or fields */
    int max_num_reorder, max_dec_frame_buffering; /* -1: not said */
};

struct bit_reader;
/** Sample aspect ratio of a VUI (Table E-1, the same in HEVC); untouched when it is reserved. */
void sar_read(struct bit_reader *bits, unsigned *num, unsigned *den);

/** @param nal  one NAL unit with its header byte, emulation prevention still in. @return false:
 *  broken or of a kind we do not read */
bool h264_sps_parse(const uint8_t *nal, size_t size, struct h264_sps *out);

#endif
