/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/cut.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "splice/bits.h"
#include "splice/inband.h"

/*
 * Head: the largest D <= first for which the first D slots hold exactly the ranks below D. Our
 * run begins with an IDR picture, which ends all waiting for output, so nothing that is copied may
 * be shown after it; and what is copied refers back only.
 * Tail: the first IDR picture at or after the shot behind which nothing refers before it, and
 * before which everything is shown. The NAL unit type decides; sync flags also mark recovery
 * points.
 */

/** The first i slots hold the ranks below i: the highest of them is i - 1. */
static bool *closed_points(const struct master *master)
{
    const struct mp4_sample *samples = master->track->samples;
    bool *closed = calloc((size_t)master->count + 1, sizeof(*closed));
    int64_t highest = -1;

    for (int64_t i = 0; closed && i <= master->count; i++) {
        closed[i] = highest == i - 1;
        if (i < master->count && samples[i].rank > highest)
            highest = samples[i].rank;
    }
    return closed;
}

/* Without a table of sync samples every sample is one, and ours must be. */
static bool has_sync_table(const struct master *master)
{
    struct mp4_box box;

    return mp4_find(master->file, &master->track->box, "mdia/minf/stbl/stss", &box);
}

static int64_t head_point(const struct master *master, const bool *closed, int64_t first)
{
    const struct mp4_sample *samples = master->track->samples;
    int64_t head = first;

    while (!closed[head])
        head--; /* 0 is always one */
    /* A new sync sample at or before the moment where an edit list begins would be where players
     * begin to decode, and the hidden ones before it would be gone from their index. So the
     * hidden ones are encoded again too, from the sync sample that they use now. */
    if (master_pts(master, head) <= master->edit_start) {
        while (head > 0 && !(closed[head] && samples[head].sync && samples[head].rank == head))
            head--;
    }
    return head;
}

static int tail_point(const struct master *master, const bool *closed, struct cut *cut,
                      osp_error *err)
{
    for (cut->tail = cut->end; cut->tail < master->count; cut->tail++) {
        struct sample_kind kind;
        int ret;

        if (!closed[cut->tail] || master->track->samples[cut->tail].rank != cut->tail)
            continue;
        ret = master_kind(master, cut->tail, &kind, err);
        if (ret < 0)
            return ret;
        if (kind.idr)
            break;
    }
    return OSP_OK;
}

/* Sync samples that are no IDR pictures: the film goes on over open groups to its end. Encoding all
 * of that again is a decision, not a border. */
static int check_tail(const struct master *master, const struct cut *cut, osp_error *err)
{
    if (cut->tail < master->count || !has_sync_table(master))
        return OSP_OK;
    for (int64_t slot = cut->end; slot < master->count; slot++) {
        if (master->track->samples[slot].sync && master->track->samples[slot].rank >= cut->end)
            return master_refuse(
                err,
                "its groups of pictures are open: no IDR picture follows the "
                "shot, pictures %" PRId64 " to %" PRId64 " would have to be encoded again",
                cut->end - master->shown_first, master->count - master->shown_first - 1);
    }
    return OSP_OK;
}

/* ---- what our pictures must obey ---- */

static int sps_of(const struct master *master, int64_t slot, struct sample_kind *kind,
                  struct h264_sps *out, osp_error *err)
{
    struct h264_pps pps;
    int ret = master_kind(master, slot, kind, err);

    if (ret < 0)
        return ret;
    if (kind->layers)
        return master_refuse(err, "the pictures have several layers or views (SVC, MVC)");
    if (!kind->slice || !inband_pps(master, slot, kind->pps_id, &pps) ||
        !h264_record_sps(&master->record, pps.sps_id, out))
        return master_refuse(err, "its parameter sets are not in the decoder configuration");
    return OSP_OK;
}

static bool intra_profile(const struct h264_sps *sps)
{
    /* A.2.8 to A.2.11: constraint_set3_flag makes the High profiles from 110 on intra ones */
    return sps->profile_idc >= 110 && (sps->constraint_flags & 0x10);
}

static int check_sps(const struct h264_sps *sps, osp_error *err)
{
    static const unsigned profiles[] = { 66, 77, 100, 110, 122, 244 };
    bool known = false;

    for (size_t i = 0; i < OSP_COUNT(profiles); i++)
        known |= profiles[i] == sps->profile_idc;
    if (!known)
        return master_refuse(err, "H.264 profile %u", sps->profile_idc);
    if (!sps->frame_mbs_only)
        return master_refuse(err, "the pictures are coded interlaced");
    if (sps->scaling_matrix)
        return master_refuse(err, "its sequence parameter set has a scaling matrix");
    if (sps->poc_type == 1)
        return master_refuse(err, "picture order count type 1");
    if (sps->separate_colour_plane || sps->bit_depth_luma != sps->bit_depth_chroma ||
        (sps->bit_depth_luma != 8 && sps->bit_depth_luma != 10))
        return master_refuse(err, "%u-bit pictures of that kind", sps->bit_depth_luma);
    if (sps->chroma_format_idc == 3 && sps->matrix == 0)
        return master_refuse(err, "the pictures are coded as RGB");
    return OSP_OK;
}

/* Our slices name the sequence parameter set of the record, by a PPS that is there from the start.
 * Players drop every PPS of an SPS that changes, and a PPS with our id would take its place. What
 * changes in the samples that go would be lost for those behind. */
static int check_inband(const struct master *master, struct cut *cut, osp_error *err)
{
    bool taken[H264_PPS_MAX] = { false };

    for (size_t i = 0; i < master->change_count; i++) {
        const struct set_change *change = &master->changes[i];

        if (change->id == H264_PPS_MAX)
            return master_refuse(err, "a parameter set inside the film cannot be read");
        if (change->type == H264_NAL_SPS && change->id == cut->sps.id && change->slot <= cut->tail)
            return master_refuse(err, "its sequence parameter set changes inside the film");
        if (change->slot >= cut->head && change->slot < cut->tail)
            return master_refuse(err, "its parameter sets change within the shot");
        taken[change->id] |= change->type == H264_NAL_PPS;
    }
    cut->free_pps = h264_record_free_pps(&master->record, taken);
    if (cut->free_pps < 0 || master->record.pps_count >= 255)
        return master_refuse(err, "every id of a picture parameter set is taken");
    return OSP_OK;
}

/* 7.4.3: two IDR pictures one behind the other have different ids. */
static int choose_idr_id(const struct master *master, struct cut *cut, osp_error *err)
{
    int64_t neighbours[2] = { cut->head - 1, cut->tail };
    unsigned taken[2] = { 65536, 65536 };

    for (int i = 0; i < 2; i++) {
        OSP_AUTO(auto_free) uint8_t *buffer = NULL;
        OSP_AUTO(auto_free) uint8_t *rbsp = NULL;
        size_t capacity = 0, at = 0;
        struct nal nal;

        if (neighbours[i] < 0 || neighbours[i] >= master->count)
            continue;
        if (master_sample(master, neighbours[i], &buffer, &capacity, err) < 0)
            return err ? err->code : OSP_EMEDIA;
        rbsp = malloc(capacity ? capacity : 1);
        if (!rbsp)
            return osp_nomem(err);
        while (h264_sample_next(buffer, master->track->samples[neighbours[i]].size,
                                master->record.length_size, &at, &nal)) {
            struct h264_slice slice;
            struct h264_pps pps;

            if (nal.size < 2 || (nal.data[0] & 31) != H264_NAL_IDR ||
                !h264_slice_peek(nal.data, nal.size, &slice) ||
                !inband_pps(master, neighbours[i], slice.pps_id, &pps) ||
                !h264_slice_parse(nal.data[0], rbsp, nal_unescape(nal.data + 1, nal.size - 1, rbsp),
                                  &cut->sps, &pps, &slice))
                continue;
            taken[i] = slice.idr_pic_id;
            break;
        }
    }
    /* two in a row that nobody has: where all ours are IDR pictures they take turns */
    while (cut->idr_pic_id == taken[0] || cut->idr_pic_id == taken[1] ||
           cut->idr_pic_id + 1 == taken[0] || cut->idr_pic_id + 1 == taken[1])
        cut->idr_pic_id++;
    return OSP_OK;
}

static int check_stream(const struct master *master, struct cut *cut, osp_error *err)
{
    struct sample_kind kind;
    struct h264_sps after;
    int ret = sps_of(master, cut->head, &kind, &cut->sps, err);

    if (ret >= 0)
        ret = check_sps(&cut->sps, err);
    if (ret < 0)
        return ret;
    cut->aud = kind.aud;
    cut->all_intra = cut->sps.num_ref_frames == 0 || intra_profile(&cut->sps);
    if (cut->tail < master->count) {
        ret = sps_of(master, cut->tail, &kind, &after, err);
        if (ret < 0)
            return ret;
        if (after.width_px != cut->sps.width_px || after.height_px != cut->sps.height_px ||
            after.id != cut->sps.id)
            return master_refuse(err, "its parameter sets change within the shot");
    }
    ret = check_inband(master, cut, err);
    return ret < 0 ? ret : choose_idr_id(master, cut, err);
}

int cut_find(const struct master *master, int64_t first, int64_t frames, struct cut *out,
             osp_error *err)
{
    OSP_AUTO(auto_free) bool *closed = NULL;
    int ret;

    *out = (struct cut){ .first = master->shown_first + first };
    if (first < 0 || frames < 1)
        return osp_fail(err, OSP_EUSAGE, "a shot holds at least one picture");
    if (first >= master->shown_count || frames > master->shown_count - first)
        return osp_fail(err, OSP_EUSAGE,
                        "the shot (%" PRId64 " pictures from picture %" PRId64
                        ") ends after the master, which shows %" PRId64,
                        frames, first, master->shown_count);
    out->end = out->first + frames;
    closed = closed_points(master);
    if (!closed)
        return osp_nomem(err);
    out->head = head_point(master, closed, out->first);
    ret = tail_point(master, closed, out, err);
    if (ret >= 0)
        ret = check_tail(master, out, err);
    if (ret >= 0)
        ret = check_stream(master, out, err);
    if (ret >= 0)
        out->all_intra |= !has_sync_table(master);
    return ret;
}
