/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/master.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "splice/inband.h"

int master_refuse(osp_error *err, const char *format, ...)
{
    char text[480];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    osp_fail(err, OSP_EMEDIA, "cannot splice without re-encoding everything: %s", text);
    return osp_hint(err, "--reencode makes a new file with every picture encoded again");
}

/* ---- refusals by the index alone ---- */

/* Something else than ISO BMFF or QuickTime may still be re-encoded. */
static int check_container(const char *path, osp_error *err)
{
    OSP_AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    uint8_t head[16];
    ssize_t got;

    if (fd < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", path);
    got = pread(fd, head, sizeof(head), 0);
    if (got < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", path);
    if (!mp4_sniff(head, (size_t)got))
        return master_refuse(err, "'%s' is no MP4 or MOV file", path);
    return OSP_OK;
}

static int check_file(const struct mp4_file *file, osp_error *err)
{
    struct mp4_box moov, box;

    if (file->fragmented)
        return master_refuse(err, "the file is fragmented (moof)");
    if (mp4_box_at(file, 0, file->moov_size, &moov) && mp4_find(file, &moov, "meta/iloc", &box))
        return master_refuse(err, "the file keeps items by their place (iloc)");
    return OSP_OK;
}

static int check_entry(const struct mp4_track *track, osp_error *err)
{
    char name[5] = "";

    if (track->encrypted)
        return osp_fail(err, OSP_EMEDIA, "the picture track is encrypted");
    if (track->external)
        return osp_fail(err, OSP_EMEDIA, "the pictures lie in another file (external reference)");
    if (track->entries != 1)
        return master_refuse(err, "the picture track has %u sample entries", track->entries);
    for (int i = 0; i < 4; i++) {
        unsigned c = track->entry >> (24 - 8 * i) & 255u;

        name[i] = c >= 32 && c < 127 ? (char)c : '?';
    }
    if (track->entry != MP4_TYPE('a', 'v', 'c', '1') &&
        track->entry != MP4_TYPE('a', 'v', 'c', '3'))
        return master_refuse(err, "the pictures are not H.264 (sample entry '%s')", name);
    return OSP_OK;
}

/* Boxes of the sample table that name samples or bytes in ways that we do not rewrite. */
static int check_table(const struct mp4_file *file, const struct mp4_track *track, osp_error *err)
{
    static const char *const unknown[] = { "senc", "saiz", "saio", "subs", "stsh", "padb" };
    struct mp4_box stbl, box;

    if (!mp4_find(file, &track->box, "mdia/minf/stbl", &stbl))
        return osp_fail(err, OSP_EMEDIA, "damaged index: no sample table");
    for (size_t i = 0; i < OSP_COUNT(unknown); i++) {
        if (mp4_find(file, &stbl, unknown[i], &box))
            return master_refuse(err, "the picture track has a '%s' table", unknown[i]);
    }
    return OSP_OK;
}

static int read_record(struct master *master, osp_error *err)
{
    const struct mp4_track *track = master->track;
    struct mp4_box box;

    /* ISO/IEC 14496-12 12.1.3: 78 bytes of fixed fields, then boxes */
    if (track->stsd_entry.end - track->stsd_entry.payload < 78 ||
        !mp4_child(master->file, track->stsd_entry.payload + 78, track->stsd_entry.end,
                   MP4_TYPE('a', 'v', 'c', 'C'), &box) ||
        !h264_record_parse(master->file->moov + box.payload, box.end - box.payload,
                           &master->record))
        return master_refuse(err, "the decoder configuration (avcC) is missing or damaged");
    if (master->record.length_size < 3)
        return master_refuse(err, "its NAL units are bound to %u bytes",
                             master->record.length_size == 1 ? 255u : 65535u);
    return OSP_OK;
}

/* ---- order ---- */

static void measure_reorder(struct master *master)
{
    const struct mp4_sample *samples = master->track->samples;

    for (int64_t i = 0; i < master->count; i++) {
        int later = 0;

        for (int64_t k = i - 1; k >= 0 && k >= i - H264_REORDER_MAX; k--)
            later += samples[k].rank > samples[i].rank;
        if (later > master->reorder)
            master->reorder = later;
    }
}

static int map_ranks(struct master *master, osp_error *err)
{
    const struct mp4_sample *samples = master->track->samples;
    int64_t start, end, empty, shown_end;

    master->slot_of_rank = calloc((size_t)master->count, sizeof(*master->slot_of_rank));
    if (!master->slot_of_rank)
        return osp_nomem(err);
    for (int64_t i = 0; i < master->count; i++)
        master->slot_of_rank[samples[i].rank] = (uint32_t)i;
    if (!mp4_simple_edits(master->file, master->track, &start, &end, &empty))
        return master_refuse(err, "the edit list cuts or repeats parts of the film");
    master->edit_start = start;
    while (master->shown_first < master->count && master_pts(master, master->shown_first) < start)
        master->shown_first++;
    shown_end = master->count;
    while (shown_end > master->shown_first && master_pts(master, shown_end - 1) >= end)
        shown_end--;
    master->shown_count = shown_end - master->shown_first;
    measure_reorder(master);
    return OSP_OK;
}

static int load(struct master *master, osp_error *err)
{
    struct mp4_track *track = master->track;
    int ret = mp4_load_samples(master->file, track, err);

    if (ret < 0)
        return ret;
    if (track->truncated)
        return osp_fail(err, OSP_EMEDIA, "the file is truncated: pictures lie past its end");
    if (track->same_pts)
        return master_refuse(err, "two pictures have the same time stamp");
    if (track->sample_count == 0)
        return osp_fail(err, OSP_EMEDIA, "the picture track is empty");
    master->count = (int64_t)track->sample_count;
    return map_ranks(master, err);
}

int master_open(const char *path, struct master **out, osp_error *err)
{
    OSP_AUTO(master_close) struct master *master = calloc(1, sizeof(*master));
    int ret;

    if (!master)
        return osp_nomem(err);
    ret = check_container(path, err);
    if (ret >= 0)
        ret = mp4_open(path, &master->file, err);
    if (ret < 0)
        return ret;
    ret = check_file(master->file, err);
    if (ret < 0)
        return ret;
    master->track = mp4_video_track(master->file);
    if (!master->track)
        return osp_fail(err, OSP_EMEDIA, "'%s' has no picture track", path);
    ret = check_entry(master->track, err);
    if (ret >= 0)
        ret = check_table(master->file, master->track, err);
    if (ret >= 0)
        ret = read_record(master, err);
    if (ret >= 0)
        ret = load(master, err);
    if (ret >= 0)
        ret = inband_read(master, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(master);
    return OSP_OK;
}

void master_close(struct master **master)
{
    if (!*master)
        return;
    inband_release(*master);
    free((*master)->slot_of_rank);
    mp4_close(&(*master)->file);
    free(*master);
    *master = NULL;
}

int64_t master_pts(const struct master *master, int64_t rank)
{
    const struct mp4_sample *sample = &master->track->samples[master->slot_of_rank[rank]];

    return sample->dts + sample->cts;
}

int master_sample(const struct master *master, int64_t slot, uint8_t **buffer, size_t *capacity,
                  osp_error *err)
{
    const struct mp4_sample *sample = &master->track->samples[slot];

    if (sample->size > *capacity) {
        uint8_t *grown = realloc(*buffer, sample->size);

        if (!grown)
            return osp_nomem(err);
        *buffer = grown;
        *capacity = sample->size;
    }
    return mp4_read(master->file, sample->offset, *buffer, sample->size, err);
}

/* ---- kinds of samples ---- */

static void note_nal(const uint8_t *nal, size_t size, struct sample_kind *out)
{
    unsigned type = nal[0] & 31u;
    struct h264_slice slice;

    out->aud |= type == H264_NAL_AUD;
    out->layers |= type == H264_NAL_PREFIX || type == H264_NAL_EXTENSION;
    if (type != H264_NAL_SLICE && type != H264_NAL_IDR && !(type >= 2 && type <= 4))
        return;
    if (out->slice) {
        out->idr = out->idr && type == H264_NAL_IDR;
        return;
    }
    out->slice = true;
    out->idr = type == H264_NAL_IDR;
    if (h264_slice_peek(nal, size, &slice))
        out->pps_id = slice.pps_id;
    else
        out->pps_id = H264_PPS_MAX;
}

int master_next_nal(const struct master *master, struct nal_walk *walk, osp_error *err)
{
    const struct mp4_sample *sample = &master->track->samples[walk->slot];
    unsigned width = master->record.length_size;
    int64_t left = sample->size - walk->at - width;
    uint8_t bytes[4 + sizeof(walk->head)];
    size_t want = width + sizeof(walk->head), length = 0;
    int ret;

    if (left <= 0)
        return 0;
    if ((int64_t)want > left + width)
        want = (size_t)(left + width);
    ret = mp4_read(master->file, sample->offset + walk->at, bytes, want, err);
    if (ret < 0)
        return ret;
    for (unsigned i = 0; i < width; i++)
        length = length << 8 | bytes[i];
    if (length == 0 || length > (size_t)left)
        return NAL_WALK_DAMAGED;
    walk->have = want - width < length ? want - width : length;
    memcpy(walk->head, bytes + width, walk->have);
    walk->offset = sample->offset + walk->at + width;
    walk->size = length;
    walk->at += (int64_t)(width + length);
    return 1;
}

int master_kind(const struct master *master, int64_t slot, struct sample_kind *out, osp_error *err)
{
    struct nal_walk walk = { .slot = slot };
    int more;

    *out = (struct sample_kind){ 0 };
    while ((more = master_next_nal(master, &walk, err)) > 0)
        note_nal(walk.head, walk.have, out);
    if (more == NAL_WALK_DAMAGED)
        return osp_fail(err, OSP_EMEDIA, "damaged picture data in sample %" PRId64, slot + 1);
    return more;
}
