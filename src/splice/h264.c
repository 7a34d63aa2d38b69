/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/h264.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "splice/bits.h"

#define PPS_MAX_BYTES 1024
#define PEEK_BYTES    64

enum { SLICE_P, SLICE_B, SLICE_I, SLICE_SP, SLICE_SI };

/* ---- parameter sets ---- */

static bool read_pps(struct bit_reader *bits, struct h264_pps *pps)
{
    pps->cabac = bits_u(bits, 1);
    pps->pic_order_present = bits_u(bits, 1);
    pps->slice_groups = bits_ue(bits) + 1;
    if (pps->slice_groups > 1)
        return !bits->overrun; /* what follows is laid out differently; nobody asks for it */
    pps->num_ref_l0 = bits_ue(bits) + 1;
    pps->num_ref_l1 = bits_ue(bits) + 1;
    pps->weighted_pred = bits_u(bits, 1);
    pps->weighted_bipred = bits_u(bits, 2);
    bits_se(bits); /* pic_init_qp */
    bits_se(bits); /* pic_init_qs */
    bits_se(bits); /* chroma_qp_index_offset */
    pps->deblocking_control = bits_u(bits, 1);
    bits_u(bits, 1); /* constrained_intra_pred */
    pps->redundant_pic_cnt = bits_u(bits, 1);
    return !bits->overrun && pps->num_ref_l0 <= 32 && pps->num_ref_l1 <= 32;
}

bool h264_pps_parse(const uint8_t *nal, size_t size, struct h264_pps *out)
{
    uint8_t rbsp[PPS_MAX_BYTES];
    struct bit_reader bits;
    struct h264_pps pps = { 0 };

    if (size < 2 || size > sizeof(rbsp) || (nal[0] & 31) != H264_NAL_PPS)
        return false;
    bits_init(&bits, rbsp, nal_unescape(nal + 1, size - 1, rbsp));
    pps.id = bits_ue(&bits);
    pps.sps_id = bits_ue(&bits);
    if (!read_pps(&bits, &pps) || pps.id >= H264_PPS_MAX || pps.sps_id >= H264_SPS_MAX)
        return false;
    *out = pps;
    return true;
}

bool h264_pps_renumber(const uint8_t *nal, size_t size, unsigned id, unsigned sps_id,
                       struct strbuf *out)
{
    uint8_t rbsp[PPS_MAX_BYTES];
    OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
    struct bit_writer writer = { .out = &text };
    struct bit_reader bits;
    size_t bytes, end;

    if (size < 2 || size > sizeof(rbsp))
        return false;
    bytes = nal_unescape(nal + 1, size - 1, rbsp);
    bits_init(&bits, rbsp, bytes);
    bits_ue(&bits);
    bits_ue(&bits);
    end = rbsp_bits(rbsp, bytes);
    if (bits.overrun || end <= bits.bit)
        return false;
    bits_put_ue(&writer, id);
    bits_put_ue(&writer, sps_id);
    bits_copy(&writer, rbsp, bits.bit, end);
    bits_put(&writer, 1, 1);
    bits_align(&writer, 0);
    if (text.failed)
        return false;
    nal_escape(out, nal[0], (const uint8_t *)text.data, text.size);
    return !out->failed;
}

/* ---- slice headers ---- */

bool h264_slice_peek(const uint8_t *nal, size_t size, struct h264_slice *out)
{
    uint8_t rbsp[PEEK_BYTES];
    struct bit_reader bits;

    if (size < 2)
        return false;
    *out = (struct h264_slice){ .nal_type = nal[0] & 31u, .nal_ref_idc = nal[0] >> 5 & 3u };
    bits_init(&bits, rbsp,
              nal_unescape(nal + 1, size - 1 < sizeof(rbsp) ? size - 1 : sizeof(rbsp), rbsp));
    out->first_mb = bits_ue(&bits);
    out->type_code = bits_ue(&bits);
    out->type = out->type_code % 5;
    out->pps_id = bits_ue(&bits);
    return !bits.overrun && out->pps_id < H264_PPS_MAX;
}

/** 7.3.3.1: both lists of the slice. */
static void skip_list_modification(struct bit_reader *bits, unsigned type)
{
    for (unsigned list = 0; list < (type == SLICE_B ? 2u : 1u); list++) {
        unsigned op = 0;

        if (!bits_u(bits, 1))
            continue;
        while (!bits->overrun && (op = bits_ue(bits)) < 3)
            bits_ue(bits);
        if (op > 3)
            bits->overrun = true;
    }
}

/** 7.3.3.2 */
static void skip_weights(struct bit_reader *bits, const struct h264_sps *sps, unsigned type,
                         const unsigned refs[2])
{
    bits_ue(bits);
    if (sps->chroma_format_idc)
        bits_ue(bits);
    for (unsigned list = 0; list < (type == SLICE_B ? 2u : 1u); list++) {
        for (unsigned i = 0; i < refs[list] && !bits->overrun; i++) {
            if (bits_u(bits, 1)) {
                bits_se(bits);
                bits_se(bits);
            }
            if (sps->chroma_format_idc && bits_u(bits, 1)) {
                for (int k = 0; k < 4; k++)
                    bits_se(bits);
            }
        }
    }
}

/** 7.3.3.3 */
static void skip_marking(struct bit_reader *bits, bool idr)
{
    unsigned op;

    if (idr) {
        bits_u(bits, 2);
        return;
    }
    if (!bits_u(bits, 1))
        return;
    while (!bits->overrun && (op = bits_ue(bits)) != 0) {
        if (op == 1 || op == 3)
            bits_ue(bits);
        if (op == 2)
            bits_ue(bits);
        if (op == 3 || op == 6 || op == 4)
            bits_ue(bits);
        if (op > 6)
            bits->overrun = true;
    }
}

static void read_order(struct bit_reader *bits, const struct h264_sps *sps,
                       const struct h264_pps *pps, struct h264_slice *slice)
{
    if (sps->poc_type == 0) {
        slice->poc_lsb = bits_u(bits, sps->log2_max_poc_lsb);
        if (pps->pic_order_present)
            bits_se(bits);
    } else if (sps->poc_type == 1 && !sps->delta_pic_order_always_zero) {
        bits_se(bits);
        if (pps->pic_order_present)
            bits_se(bits);
    }
}

/* From behind the picture order count to the slice data. */
static void skip_rest(struct bit_reader *bits, const struct h264_sps *sps,
                      const struct h264_pps *pps, const struct h264_slice *slice)
{
    unsigned refs[2] = { pps->num_ref_l0, pps->num_ref_l1 };
    bool intra = slice->type == SLICE_I || slice->type == SLICE_SI;

    if (pps->redundant_pic_cnt)
        bits_ue(bits);
    if (slice->type == SLICE_B)
        bits_u(bits, 1); /* direct_spatial_mv_pred_flag */
    if (!intra && bits_u(bits, 1)) {
        refs[0] = bits_ue(bits) + 1;
        if (slice->type == SLICE_B)
            refs[1] = bits_ue(bits) + 1;
    }
    if (!intra)
        skip_list_modification(bits, slice->type);
    if ((pps->weighted_pred && (slice->type == SLICE_P || slice->type == SLICE_SP)) ||
        (pps->weighted_bipred == 1 && slice->type == SLICE_B))
        skip_weights(bits, sps, slice->type, refs);
    if (slice->nal_ref_idc)
        skip_marking(bits, slice->nal_type == H264_NAL_IDR);
    if (pps->cabac && !intra)
        bits_ue(bits); /* cabac_init_idc */
    bits_se(bits);     /* slice_qp_delta */
    if (slice->type == SLICE_SP)
        bits_u(bits, 1);
    if (slice->type == SLICE_SP || slice->type == SLICE_SI)
        bits_se(bits);
    if (pps->deblocking_control && bits_ue(bits) != 1) {
        bits_se(bits);
        bits_se(bits);
    }
}

bool h264_slice_parse(uint8_t header, const uint8_t *rbsp, size_t size, const struct h264_sps *sps,
                      const struct h264_pps *pps, struct h264_slice *out)
{
    struct bit_reader bits;

    if (pps->slice_groups > 1 || sps->separate_colour_plane)
        return false;
    *out = (struct h264_slice){ .nal_type = header & 31u, .nal_ref_idc = header >> 5 & 3u };
    if (out->nal_type != H264_NAL_SLICE && out->nal_type != H264_NAL_IDR)
        return false;
    bits_init(&bits, rbsp, size);
    out->first_mb = bits_ue(&bits);
    out->type_code = bits_ue(&bits);
    out->type = out->type_code % 5;
    out->pps_id = bits_ue(&bits);
    out->frame_num = bits_u(&bits, sps->log2_max_frame_num);
    if (!sps->frame_mbs_only && bits_u(&bits, 1))
        return false; /* a field */
    if (out->nal_type == H264_NAL_IDR)
        out->idr_pic_id = bits_ue(&bits);
    read_order(&bits, sps, pps, out);
    out->after_poc = bits.bit;
    skip_rest(&bits, sps, pps, out);
    out->end = bits.bit;
    return !bits.overrun;
}

/* The header up to the picture order count as the target's SPS lays it out. */
static void write_head(struct bit_writer *bits, const struct h264_slice *slice,
                       const struct h264_target *target)
{
    const struct h264_sps *sps = target->sps;

    bits_put_ue(bits, slice->first_mb);
    bits_put_ue(bits, slice->type_code);
    bits_put_ue(bits, target->pps_id);
    bits_put(bits, target->frame_num & ((1u << sps->log2_max_frame_num) - 1),
             sps->log2_max_frame_num);
    if (!sps->frame_mbs_only)
        bits_put(bits, 0, 1); /* field_pic_flag */
    if (slice->nal_type == H264_NAL_IDR)
        bits_put_ue(bits, target->idr_pic_id);
    if (sps->poc_type == 0)
        bits_put(bits, target->poc & ((1u << sps->log2_max_poc_lsb) - 1), sps->log2_max_poc_lsb);
}

static void write_slice(struct bit_writer *writer, const uint8_t *rbsp, size_t bytes,
                        const struct h264_slice *slice, bool cabac,
                        const struct h264_target *target)
{
    size_t end = rbsp_bits(rbsp, bytes);

    write_head(writer, slice, target);
    if (cabac) {
        /* 7.3.4: the arithmetic code begins on a byte, so it moves without a shift. It ends with
         * its own stop bit, in the last byte that is not zero. */
        bits_copy(writer, rbsp, slice->after_poc, slice->end);
        bits_align(writer, 1);
        bits_copy(writer, rbsp, (slice->end + 7) & ~(size_t)7, (end + 8) & ~(size_t)7);
    } else {
        bits_copy(writer, rbsp, slice->after_poc, end);
        bits_put(writer, 1, 1);
        bits_align(writer, 0);
    }
}

bool h264_slice_rewrite(const struct nal *nal, const struct h264_sps *from_sps,
                        const struct h264_pps *from_pps, const struct h264_target *target,
                        struct strbuf *out)
{
    OSP_AUTO(auto_free) uint8_t *rbsp = NULL;
    OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
    struct bit_writer writer = { .out = &text };
    struct h264_slice slice;
    size_t bytes;

    if (nal->size < 2)
        return false;
    rbsp = malloc(nal->size);
    if (!rbsp)
        return false;
    bytes = nal_unescape(nal->data + 1, nal->size - 1, rbsp);
    if (!h264_slice_parse(nal->data[0], rbsp, bytes, from_sps, from_pps, &slice) ||
        rbsp_bits(rbsp, bytes) < slice.end)
        return false;
    write_slice(&writer, rbsp, bytes, &slice, from_pps->cabac, target);
    if (text.failed)
        return false;
    nal_escape(out, nal->data[0], (const uint8_t *)text.data, text.size);
    return !out->failed;
}

/* ---- NAL units in streams and samples ---- */

/* Offset of the next 00 00 01 at or after a place; size when there is none. */
static size_t start_code(const uint8_t *data, size_t size, size_t at)
{
    for (; at + 3 <= size; at++) {
        if (data[at] == 0 && data[at + 1] == 0 && data[at + 2] == 1)
            return at;
    }
    return size;
}

bool h264_annexb_next(const uint8_t *data, size_t size, size_t *at, struct nal *out)
{
    size_t begin = start_code(data, size, *at), end;

    if (begin >= size)
        return false;
    begin += 3;
    end = start_code(data, size, begin);
    *at = end;
    while (end > begin && data[end - 1] == 0) /* trailing_zero_8bits, zero_byte of the next */
        end--;
    *out = (struct nal){ data + begin, end - begin };
    return end > begin;
}

bool h264_sample_next(const uint8_t *data, size_t size, unsigned length_size, size_t *at,
                      struct nal *out)
{
    size_t length = 0;

    if (*at >= size)
        return false;
    if (size - *at < length_size) {
        *at = size + 1;
        return false;
    }
    for (unsigned i = 0; i < length_size; i++)
        length = length << 8 | data[*at + i];
    *at += length_size;
    if (length > size - *at) {
        *at = size + 1;
        return false;
    }
    *out = (struct nal){ data + *at, length };
    *at += length;
    return true;
}

/* ---- decoder configuration record ---- */

/* `count` sets with a 16-bit length each. @return false: they do not fit */
static bool read_sets(const uint8_t *data, size_t size, size_t *at, unsigned count, struct nal *out)
{
    for (unsigned i = 0; i < count; i++) {
        size_t length;

        if (size - *at < 2)
            return false;
        length = (size_t)data[*at] << 8 | data[*at + 1];
        *at += 2;
        if (length > size - *at || length == 0)
            return false;
        out[i] = (struct nal){ data + *at, length };
        *at += length;
    }
    return true;
}

bool h264_record_parse(const uint8_t *data, size_t size, struct h264_record *out)
{
    size_t at = 6;

    *out = (struct h264_record){ .data = data, .size = size };
    if (size < 7 || data[0] != 1)
        return false;
    out->length_size = (data[4] & 3u) + 1;
    out->sps_count = data[5] & 31u;
    if (!read_sets(data, size, &at, out->sps_count, out->sps) || at >= size)
        return false;
    out->pps_count_at = at;
    out->pps_count = data[at++];
    if (!read_sets(data, size, &at, out->pps_count, out->pps))
        return false;
    out->pps_end = at;
    return out->sps_count > 0 && out->pps_count > 0;
}

bool h264_record_add_pps(const struct h264_record *record, const uint8_t *nal, size_t size,
                         struct strbuf *out)
{
    uint8_t count = (uint8_t)(record->pps_count + 1);
    uint8_t length[2] = { (uint8_t)(size >> 8), (uint8_t)size };

    if (record->pps_count >= 255 || size > 65535)
        return false;
    strbuf_add(out, record->data, record->pps_count_at);
    strbuf_add(out, &count, 1);
    strbuf_add(out, record->data + record->pps_count_at + 1,
               record->pps_end - record->pps_count_at - 1);
    strbuf_add(out, length, 2);
    strbuf_add(out, nal, size);
    strbuf_add(out, record->data + record->pps_end, record->size - record->pps_end);
    return !out->failed;
}

bool h264_record_sps(const struct h264_record *record, unsigned id, struct h264_sps *out)
{
    for (unsigned i = 0; i < record->sps_count; i++) {
        if (h264_sps_parse(record->sps[i].data, record->sps[i].size, out) && out->id == id)
            return true;
    }
    return false;
}

bool h264_record_pps(const struct h264_record *record, unsigned id, struct h264_pps *out)
{
    for (unsigned i = 0; i < record->pps_count; i++) {
        if (h264_pps_parse(record->pps[i].data, record->pps[i].size, out) && out->id == id)
            return true;
    }
    return false;
}

int h264_record_free_pps(const struct h264_record *record, const bool elsewhere[H264_PPS_MAX])
{
    bool taken[H264_PPS_MAX];
    struct h264_pps pps;

    memcpy(taken, elsewhere, sizeof(taken));
    for (unsigned i = 0; i < record->pps_count; i++) {
        if (h264_pps_parse(record->pps[i].data, record->pps[i].size, &pps))
            taken[pps.id] = true;
    }
    for (int id = 0; id < H264_PPS_MAX; id++) {
        if (!taken[id])
            return id;
    }
    return -1;
}
