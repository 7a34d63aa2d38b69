/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_H264_H
#define SPLICE_H264_H

#include "base/error.h"
#include "base/str.h"
#include "probe/sps.h"

/**
 * What a splice has to know of H.264 (ITU-T H.264): parameter sets, slice headers, and how to
 * write slices of one encoder for the sequence parameter set of another.
 */

enum {
    H264_NAL_SLICE = 1,
    H264_NAL_IDR = 5,
    H264_NAL_SEI = 6,
    H264_NAL_SPS = 7,
    H264_NAL_PPS = 8,
    H264_NAL_AUD = 9,
    H264_NAL_PREFIX = 14,    /* SVC, MVC */
    H264_NAL_EXTENSION = 20, /* a slice of another layer or view */
};

/** One NAL unit where it lies, header byte first. */
struct nal {
    const uint8_t *data;
    size_t size;
};

/** A picture parameter set (7.3.2.2), what slice headers depend on. */
struct h264_pps {
    unsigned id, sps_id;
    bool cabac, pic_order_present;
    unsigned slice_groups; /* 1: no flexible macroblock order */
    unsigned num_ref_l0, num_ref_l1;
    bool weighted_pred;
    unsigned weighted_bipred;
    bool deblocking_control, redundant_pic_cnt;
};

bool h264_pps_parse(const uint8_t *nal, size_t size, struct h264_pps *out);
/** The same set under another id and for another SPS. @return false: broken */
bool h264_pps_renumber(const uint8_t *nal, size_t size, unsigned id, unsigned sps_id,
                       struct strbuf *out);

/** A slice header (7.3.3). Bits are positions in the RBSP behind the NAL header byte. */
struct h264_slice {
    unsigned nal_type, nal_ref_idc;
    unsigned first_mb;
    unsigned type_code, type; /* as coded (0 to 9); 0 P, 1 B, 2 I, 3 SP, 4 SI */
    unsigned pps_id, frame_num, idr_pic_id, poc_lsb;
    size_t after_poc; /* first bit behind what renumbering changes */
    size_t end;       /* first bit of the slice data (CABAC: of the alignment) */
};

/** First fields only: type of slice and PPS; needs no parameter sets. */
bool h264_slice_peek(const uint8_t *nal, size_t size, struct h264_slice *out);
/** @param rbsp  without header byte and emulation prevention
 *  @return false: broken, or of a kind that we do not read (fields, FMO, other planes) */
bool h264_slice_parse(uint8_t header, const uint8_t *rbsp, size_t size, const struct h264_sps *sps,
                      const struct h264_pps *pps, struct h264_slice *out);

/** Where a slice is to live. */
struct h264_target {
    const struct h264_sps *sps;
    unsigned pps_id;
    unsigned frame_num;  /* counted on; written modulo MaxFrameNum */
    unsigned idr_pic_id; /* for IDR slices */
    unsigned poc;        /* counted on; written modulo MaxPicOrderCntLsb */
};

/** Write a frame's slice again for another SPS. @return false: cannot be read */
bool h264_slice_rewrite(const struct nal *nal, const struct h264_sps *from_sps,
                        const struct h264_pps *from_pps, const struct h264_target *target,
                        struct strbuf *out);

/** Next NAL unit of a byte stream (annex B); *at moves on. @return false: the end */
bool h264_annexb_next(const uint8_t *data, size_t size, size_t *at, struct nal *out);
/** Next NAL unit of a sample with lengths. @return false: the end, or broken (*at > size) */
bool h264_sample_next(const uint8_t *data, size_t size, unsigned length_size, size_t *at,
                      struct nal *out);

/** A greater reorder depth is no H.264 (ITU-T H.264 A.3.1: at most 16 frames are held). */
#define H264_REORDER_MAX 16

#define H264_SPS_MAX     32
#define H264_PPS_MAX     256

/** A decoder configuration record (ISO/IEC 14496-15 5.3.3.1), pointing into its bytes. */
struct h264_record {
    const uint8_t *data;
    size_t size;
    unsigned length_size;
    struct nal sps[H264_SPS_MAX], pps[H264_PPS_MAX];
    unsigned sps_count, pps_count;
    size_t pps_count_at, pps_end; /* offsets: the count byte, the end of the last PPS */
};

bool h264_record_parse(const uint8_t *data, size_t size, struct h264_record *out);
/** @return false: no room in the record */
bool h264_record_add_pps(const struct h264_record *record, const uint8_t *nal, size_t size,
                         struct strbuf *out);
/** The set with that id. @return false: not there, or not readable */
bool h264_record_sps(const struct h264_record *record, unsigned id, struct h264_sps *out);
bool h264_record_pps(const struct h264_record *record, unsigned id, struct h264_pps *out);
/** Lowest id that no PPS of the record has, nor one elsewhere; -1: all taken. */
int h264_record_free_pps(const struct h264_record *record, const bool elsewhere[H264_PPS_MAX]);

#endif
