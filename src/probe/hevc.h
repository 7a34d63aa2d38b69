/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_HEVC_H
#define PROBE_HEVC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** An HEVC sequence parameter set (ITU-T H.265 7.3.2.2, E.2.1), what we need of it. */
struct hevc_sps {
    unsigned profile_idc, level_idc;
    unsigned chroma_format_idc; /* 0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4 */
    unsigned bit_depth_luma, bit_depth_chroma;
    bool interlaced_source;    /* general_interlaced_source_flag without the progressive one */
    int width_px, height_px;   /* within the conformance window */
    bool vui;                  /* read: the members below are set */
    unsigned sar_num, sar_den; /* 0/0: not said */
    int full_range;            /* -1: not said */
    int primaries, transfer, matrix; /* ITU-T H.273; 2: not said */
    bool field_seq;                  /* each picture is a field */
};

/** @param nal  one NAL unit with its two header bytes, emulation prevention still in.
 *  @return false: broken */
bool hevc_sps_parse(const uint8_t *nal, size_t size, struct hevc_sps *out);

#endif
