/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_FORMAT_H
#define PROBE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "omnisplice/media.h"
#include "probe/sps.h"

/**
 * Codec, profile, depth, chroma and colour from a codec's configuration record ("avcC", "hvcC",
 * "av1C", "vpcC", "esds"), and what the pixels are called. No decoder is opened.
 */

/** What a record says beyond the facts, needed to read a sample (first.h). */
struct setup {
    unsigned nal_length; /* bytes of the length before each NAL unit; 0: not a codec of NAL units */
    bool has_sps;        /* the facts hold what an SPS says */
    struct h264_sps sps; /* H.264 alone */
    bool bottom_field_order; /* H.264: slices may say how their two fields lie in time */
};

/** Fill the facts from a record of v->codec. Unknown codecs and broken records change nothing. */
void format_record(const uint8_t *record, size_t size, osp_video_facts *v, struct setup *setup);
/** From parameter sets wherever they stand; NAL unit without its length. @return false: broken */
bool format_h264(const uint8_t *nal, size_t size, osp_video_facts *v, struct setup *setup);
bool format_hevc(const uint8_t *nal, size_t size, osp_video_facts *v, struct setup *setup);
/** Mastering display and content light level of an HEVC SEI NAL unit, where it has them. */
void format_hevc_sei(const uint8_t *nal, size_t size, osp_video_facts *v);
/** SMPTE ST 2086 and CTA-861.3 as "mdcv" and "clli" boxes and the SEI messages hold them. */
void format_mastering(const uint8_t *payload, size_t size, osp_video_facts *v);
void format_light(const uint8_t *payload, size_t size, osp_video_facts *v);

/** Pixels by FFmpeg's name: depth, chroma, alpha follow. NULL or unknown: nothing. */
void format_pixels(const char *pixel_format, osp_video_facts *v);
/** Pixels of a planar YUV format. @param chroma_format_idc  0 grey, 1 4:2:0, 2 4:2:2, 3 4:4:4 */
void format_yuv(unsigned chroma_format_idc, unsigned depth, osp_video_facts *v);
/** Name H.273 codes; 2 is not said. @param full_range  1, 0, -1 not said */
void format_colour(int primaries, int transfer, int matrix, int full_range, osp_colour *out);
/** Profile by FFmpeg's name for the codec. */
void format_profile(int profile, osp_video_facts *v);

/** Once container and bitstream have spoken: which tags count, whether they differ, HDR. */
void format_settle(osp_video_facts *v);

#endif
