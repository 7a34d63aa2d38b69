/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/mp4.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "av/open.h"
#include "base/array.h"
#include "base/auto.h"
#include "base/rational.h"

/*
 * What a file may declare, and what we believe. A day of 60 pictures a second has 5.2 million
 * samples; a table of 20 million is 960 MB here and nothing that a camera writes. No table is
 * larger than its box, so a count beyond the box is damage, not a reason to allocate.
 */
#define MOOV_MAX_BYTES (256u << 20)
#define SAMPLES_MAX    20000000u
#define TRACKS_MAX     1000u
#define TOP_BOXES_MAX  200000u

uint32_t mp4_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

uint64_t mp4_u64(const uint8_t *p)
{
    return (uint64_t)mp4_u32(p) << 32 | mp4_u32(p + 4);
}

bool mp4_sniff(const uint8_t *head, size_t size)
{
    static const uint32_t types[] = {
        MP4_TYPE('f', 't', 'y', 'p'), MP4_TYPE('m', 'o', 'o', 'v'), MP4_TYPE('m', 'd', 'a', 't'),
        MP4_TYPE('w', 'i', 'd', 'e'), MP4_TYPE('f', 'r', 'e', 'e'), MP4_TYPE('s', 'k', 'i', 'p'),
        MP4_TYPE('p', 'n', 'o', 't'), MP4_TYPE('s', 't', 'y', 'p'), MP4_TYPE('m', 'o', 'o', 'f'),
        MP4_TYPE('s', 'i', 'd', 'x'), MP4_TYPE('u', 'u', 'i', 'd'), MP4_TYPE('u', 'd', 't', 'a'),
        MP4_TYPE('j', 'u', 'n', 'k'), MP4_TYPE('p', 'r', 'f', 'l'),
    };

    if (size < 8)
        return false;
    for (size_t i = 0; i < OSP_COUNT(types); i++) {
        if (mp4_u32(head + 4) == types[i])
            return true;
    }
    return false;
}

int mp4_read(const struct mp4_file *file, int64_t offset, void *buffer, size_t size, osp_error *err)
{
    size_t done = 0;

    if (offset < 0 || offset > file->size || size > (uint64_t)(file->size - offset))
        return osp_fail(err, OSP_EMEDIA, "the file ends before byte %" PRId64, offset);
    while (done < size) {
        ssize_t got = pread(file->fd, (uint8_t *)buffer + done, size - done,
                            offset + (int64_t)done);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return osp_fail(err, OSP_EMEDIA, "cannot read: %s", strerror(errno));
        if (got == 0)
            return osp_fail(err, OSP_EMEDIA, "the file became shorter while it was read");
        done += (size_t)got;
    }
    return OSP_OK;
}

bool mp4_box_at(const struct mp4_file *file, size_t at, size_t end, struct mp4_box *out)
{
    const uint8_t *p = file->moov + at;
    uint64_t size;

    if (at > end || end - at < 8)
        return false;
    size = mp4_u32(p);
    *out = (struct mp4_box){ .start = at, .payload = at + 8, .type = mp4_u32(p + 4) };
    if (size == 1) { /* ISO/IEC 14496-12 4.2: largesize */
        if (end - at < 16)
            return false;
        size = mp4_u64(p + 8);
        out->payload = at + 16;
    } else if (size == 0) {
        size = end - at;
    }
    if (size < out->payload - at || size > end - at)
        return false;
    out->end = at + (size_t)size;
    return true;
}

bool mp4_child(const struct mp4_file *file, size_t from, size_t end, uint32_t type,
               struct mp4_box *out)
{
    struct mp4_box box;

    for (size_t at = from; mp4_box_at(file, at, end, &box); at = box.end) {
        if (box.type == type) {
            *out = box;
            return true;
        }
    }
    return false;
}

bool mp4_find(const struct mp4_file *file, const struct mp4_box *below, const char *path,
              struct mp4_box *out)
{
    struct mp4_box box = *below;

    while (strlen(path) >= 4) {
        if (!mp4_child(file, box.payload, box.end, mp4_u32((const uint8_t *)path), &box))
            return false;
        path += 4;
        if (*path == '/')
            path++;
    }
    *out = box;
    return true;
}

/** Payload of a box that is at least so long; NULL: not there or shorter. */
static const uint8_t *payload(const struct mp4_file *file, const struct mp4_box *below,
                              const char *path, size_t least, size_t *size)
{
    struct mp4_box box;

    if (!mp4_find(file, below, path, &box) || box.end - box.payload < least)
        return NULL;
    *size = box.end - box.payload;
    return file->moov + box.payload;
}

struct mp4_table mp4_table(const struct mp4_file *file, const struct mp4_track *track,
                           const char *name, size_t row)
{
    struct mp4_table out = { 0 };
    char path[32] = "mdia/minf/stbl/";
    size_t size;
    const uint8_t *p;

    strncat(path, name, 4);
    p = payload(file, &track->box, path, 8, &size);
    if (!p)
        return out;
    out.rows = p + 8;
    out.count = mp4_u32(p + 4);
    out.broken = out.count > (size - 8) / row;
    if (out.broken)
        out.count = (uint32_t)((size - 8) / row);
    return out;
}

bool mp4_sizes(const struct mp4_file *file, const struct mp4_track *track, struct mp4_sizes *out)
{
    size_t bytes;
    const uint8_t *p = payload(file, &track->box, "mdia/minf/stbl/stsz", 12, &bytes);
    bool compact = !p;
    uint64_t most;

    if (compact)
        p = payload(file, &track->box, "mdia/minf/stbl/stz2", 12, &bytes);
    if (!p)
        return false;
    *out = (struct mp4_sizes){ .rows = p + 12,
                               .count = mp4_u32(p + 8),
                               .fixed = compact ? 0 : mp4_u32(p + 4),
                               .width = compact ? p[7] : 32 };
    if (out->width != 4 && out->width != 8 && out->width != 16 && out->width != 32)
        return false;
    /* One size for all needs no table, so the file's own size is the bound. */
    most = out->fixed ? (uint64_t)file->size : (uint64_t)(bytes - 12) * 8 / out->width;
    most = most < SAMPLES_MAX ? most : SAMPLES_MAX;
    out->broken = out->count > most;
    if (out->broken)
        out->count = (uint32_t)most;
    return true;
}

uint32_t mp4_size_at(const struct mp4_sizes *sizes, uint32_t i)
{
    const uint8_t *p = sizes->rows + (uint64_t)i * sizes->width / 8;

    if (sizes->fixed)
        return sizes->fixed;
    switch (sizes->width) {
    case 32:
        return mp4_u32(p);
    case 16:
        return (uint32_t)(p[0] << 8 | p[1]);
    case 8:
        return p[0];
    default:
        return i & 1 ? p[0] & 15u : (uint32_t)p[0] >> 4;
    }
}

/* Header boxes of a track */

static const int32_t identity[4] = { 0x10000, 0, 0, 0x10000 };

/* a b u, c d v, x y w (6.2.2): what turns is in a b c d */
static void read_matrix(const uint8_t *p, int32_t matrix[4])
{
    for (int i = 0; i < 4; i++)
        matrix[i] = (int32_t)mp4_u32(p + (i < 2 ? 4 * i : 4 * i + 4));
}

static void read_tkhd(const struct mp4_file *file, struct mp4_track *track)
{
    size_t size, wide;
    const uint8_t *p = payload(file, &track->box, "tkhd", 24, &size);

    memcpy(track->matrix, identity, sizeof(identity));
    if (!p)
        return;
    wide = p[0] == 1 ? 12 : 0; /* version 1 has three fields of 64 bits */
    track->enabled = p[3] & 1; /* 8.3.2.3 track_enabled */
    track->id = mp4_u32(p + (wide ? 20 : 12));
    if (size < 84 + wide)
        return;
    read_matrix(p + 40 + wide, track->matrix);
    track->width = mp4_u32(p + 76 + wide);
    track->height = mp4_u32(p + 80 + wide);
}

static bool read_mdhd(const struct mp4_file *file, struct mp4_track *track)
{
    size_t size;
    const uint8_t *p = payload(file, &track->box, "mdia/mdhd", 20, &size);

    if (!p || (p[0] == 1 && size < 32))
        return false;
    track->timescale = mp4_u32(p + (p[0] == 1 ? 20 : 12));
    track->duration = p[0] == 1 ? (int64_t)mp4_u64(p + 24) : (int64_t)mp4_u32(p + 16);
    if (track->duration < 0 || (p[0] == 0 && track->duration == (int64_t)UINT32_MAX))
        track->duration = 0; /* 8.4.2.3: all ones, not known */
    return track->timescale > 0;
}

/** sinf and the scheme in it (8.12.1, 8.12.5). @return whether there is one */
static bool read_protection(const struct mp4_file *file, struct mp4_track *track)
{
    /* Children start behind the fixed fields (12.1.3, 12.2.3). */
    size_t skip = track->handler == MP4_TYPE('v', 'i', 'd', 'e') ? 78 : 28, size;
    struct mp4_box sinf;
    const uint8_t *p;

    if (track->stsd_entry.end - track->stsd_entry.payload <= skip ||
        !mp4_child(file, track->stsd_entry.payload + skip, track->stsd_entry.end,
                   MP4_TYPE('s', 'i', 'n', 'f'), &sinf))
        return false;
    p = payload(file, &sinf, "schm", 8, &size);
    for (int i = 0; p && i < 4; i++)
        track->scheme[i] = p[4 + i] > 32 && p[4 + i] < 127 ? (char)p[4 + i] : '?';
    return true;
}

static void read_stsd(const struct mp4_file *file, struct mp4_track *track)
{
    struct mp4_box stsd;

    if (!mp4_find(file, &track->box, "mdia/minf/stbl/stsd", &stsd) || stsd.end - stsd.payload < 8)
        return;
    track->entries = mp4_u32(file->moov + stsd.payload + 4);
    if (!mp4_box_at(file, stsd.payload + 8, stsd.end, &track->stsd_entry)) {
        track->entries = 0;
        return;
    }
    track->entry = track->stsd_entry.type;
    track->encrypted = read_protection(file, track) ||
                       track->entry == MP4_TYPE('e', 'n', 'c', 'v') ||
                       track->entry == MP4_TYPE('e', 'n', 'c', 'a');
}

static void read_dref(const struct mp4_file *file, struct mp4_track *track)
{
    struct mp4_box dref, entry;

    if (!mp4_find(file, &track->box, "mdia/minf/dinf/dref", &dref) || dref.end - dref.payload < 8)
        return;
    for (size_t at = dref.payload + 8; mp4_box_at(file, at, dref.end, &entry); at = entry.end) {
        /* 8.7.2.2: flag 1 says that the media are in this very file */
        if (entry.end - entry.payload >= 4 && !(file->moov[entry.payload + 3] & 1))
            track->external = true;
    }
}

static int read_elst(const struct mp4_file *file, struct mp4_track *track, osp_error *err)
{
    size_t size, row;
    uint32_t count;
    const uint8_t *p = payload(file, &track->box, "edts/elst", 8, &size);

    if (!p)
        return OSP_OK;
    row = p[0] == 1 ? 20 : 12;
    count = mp4_u32(p + 4);
    if (count > (size - 8) / row)
        return osp_fail(err, OSP_EMEDIA, "damaged index: the edit list is longer than its box");
    track->edits = calloc(count ? count : 1, sizeof(*track->edits));
    if (!track->edits)
        return osp_nomem(err);
    track->edit_count = count;
    p += 8;
    for (uint32_t i = 0; i < count; i++, p += row) {
        struct mp4_edit *edit = &track->edits[i];

        if (row == 20) {
            edit->duration = (int64_t)mp4_u64(p);
            edit->media_time = (int64_t)mp4_u64(p + 8);
        } else {
            edit->duration = (int64_t)mp4_u32(p);
            edit->media_time = (int32_t)mp4_u32(p + 4);
        }
        edit->rate = (int32_t)mp4_u32(p + row - 4);
    }
    return OSP_OK;
}

static uint64_t declared_samples(const struct mp4_file *file, const struct mp4_track *track)
{
    size_t size;
    const uint8_t *p = payload(file, &track->box, "mdia/minf/stbl/stsz", 12, &size);

    if (!p)
        p = payload(file, &track->box, "mdia/minf/stbl/stz2", 12, &size);
    return p ? mp4_u32(p + 8) : 0;
}

static int read_track(const struct mp4_file *file, const struct mp4_box *box,
                      struct mp4_track *track, osp_error *err)
{
    size_t size;
    const uint8_t *p;

    *track = (struct mp4_track){ .box = *box };
    read_tkhd(file, track);
    p = payload(file, box, "mdia/hdlr", 12, &size);
    if (p)
        track->handler = mp4_u32(p + 8);
    if (!read_mdhd(file, track))
        track->timescale = 0; /* judged where the track is used */
    read_stsd(file, track);
    read_dref(file, track);
    track->declared_samples = declared_samples(file, track);
    return read_elst(file, track, err);
}

/** Tracks that others name as their chapters (QuickTime: 'chap') are no pictures of the film. */
static void mark_chapters(struct mp4_file *file)
{
    for (size_t i = 0; i < file->track_count; i++) {
        size_t size;
        const uint8_t *p = payload(file, &file->tracks[i].box, "tref/chap", 4, &size);

        for (size_t k = 0; p && k + 4 <= size; k += 4) {
            for (size_t t = 0; t < file->track_count; t++) {
                if (file->tracks[t].id != mp4_u32(p + k))
                    continue;
                file->tracks[t].enabled = false;
                file->tracks[t].chapters = true;
            }
        }
    }
}

static int read_tracks(struct mp4_file *file, osp_error *err)
{
    struct mp4_box moov, box;
    size_t capacity = 0;

    if (!mp4_box_at(file, 0, file->moov_size, &moov))
        return osp_fail(err, OSP_EMEDIA, "damaged index (moov)");
    if (mp4_child(file, moov.payload, moov.end, MP4_TYPE('c', 'm', 'o', 'v'), &box))
        return osp_fail(err, OSP_EUSAGE, "the index is compressed (cmov)");
    for (size_t at = moov.payload; mp4_box_at(file, at, moov.end, &box); at = box.end) {
        int ret;

        if (box.type == MP4_TYPE('m', 'v', 'e', 'x'))
            file->fragmented = true;
        if (box.type != MP4_TYPE('t', 'r', 'a', 'k'))
            continue;
        if (file->track_count == TRACKS_MAX)
            return osp_fail(err, OSP_EMEDIA, "more than %u tracks", TRACKS_MAX);
        if (!array_grow((void **)&file->tracks, sizeof(*file->tracks), file->track_count,
                        &capacity))
            return osp_nomem(err);
        ret = read_track(file, &box, &file->tracks[file->track_count++], err);
        if (ret < 0)
            return ret;
    }
    mark_chapters(file);
    return OSP_OK;
}

static void read_mvhd(struct mp4_file *file)
{
    struct mp4_box moov;
    size_t size, wide;
    const uint8_t *p;

    memcpy(file->matrix, identity, sizeof(identity));
    if (!mp4_box_at(file, 0, file->moov_size, &moov))
        return;
    p = payload(file, &moov, "mvhd", 20, &size);
    if (!p || (p[0] == 1 && size < 32))
        return;
    wide = p[0] == 1 ? 12 : 0;
    file->movie_timescale = mp4_u32(p + (wide ? 20 : 12));
    file->movie_duration = wide ? (int64_t)mp4_u64(p + 24) : (int64_t)mp4_u32(p + 16);
    if (file->movie_duration < 0 || (!wide && file->movie_duration == (int64_t)UINT32_MAX))
        file->movie_duration = 0; /* 8.2.2.3: all ones, not known */
    if (size >= 72 + wide)
        read_matrix(p + 36 + wide, file->matrix);
}

/* The boxes at the top */

static int load_moov(struct mp4_file *file, int64_t at, uint64_t size, osp_error *err)
{
    if (file->moov)
        return OSP_OK; /* 8.2.1.1: exactly one; the first counts, as for everybody */
    if (size > MOOV_MAX_BYTES)
        return osp_fail(err, OSP_EMEDIA, "the index (moov) says it has %" PRIu64 " bytes", size);
    file->moov = malloc((size_t)size);
    if (!file->moov)
        return osp_nomem(err);
    file->moov_offset = at;
    file->moov_size = (size_t)size;
    return mp4_read(file, at, file->moov, (size_t)size, err);
}

static void read_ftyp(struct mp4_file *file, int64_t at, uint64_t size)
{
    uint8_t brand[4];

    if (size < 12 || file->brand[0] || mp4_read(file, at + 8, brand, 4, NULL) < 0)
        return;
    for (int i = 0; i < 4; i++)
        file->brand[i] = brand[i] >= 32 && brand[i] < 127 ? (char)brand[i] : '?';
}

/** One box at the top. @return its size in *size; 0: the walk ends here */
static int top_box(struct mp4_file *file, int64_t at, uint64_t *size, osp_error *err)
{
    uint8_t head[16];
    uint32_t type;
    uint64_t left = (uint64_t)(file->size - at);
    int ret = mp4_read(file, at, head, 8, err);

    if (ret < 0)
        return ret;
    if (at == 0 && !mp4_sniff(head, 8))
        return osp_fail(err, OSP_EUSAGE, "no ISO BMFF file");
    type = mp4_u32(head + 4);
    *size = mp4_u32(head);
    if (*size == 1) {
        if (left < 16 || (ret = mp4_read(file, at, head, 16, err)) < 0)
            return osp_fail(err, OSP_EMEDIA, "the file ends inside a box");
        *size = mp4_u64(head + 8);
    } else if (*size == 0) {
        *size = left;
    }
    if (*size < 8) {
        *size = 0;
        return OSP_OK;
    }
    if (*size > left) {
        file->cut = true;
        if (type == MP4_TYPE('m', 'o', 'o', 'v'))
            return osp_fail(err, OSP_EMEDIA, "the file is cut off inside its index (moov)");
        *size = left;
    }
    if (type == MP4_TYPE('m', 'o', 'o', 'v'))
        return load_moov(file, at, *size, err);
    if (type == MP4_TYPE('m', 'd', 'a', 't') && file->mdat_offset < 0)
        file->mdat_offset = at;
    if (type == MP4_TYPE('m', 'o', 'o', 'f'))
        file->fragmented = true;
    if (type == MP4_TYPE('f', 't', 'y', 'p'))
        read_ftyp(file, at, *size);
    return OSP_OK;
}

static int walk_top(struct mp4_file *file, osp_error *err)
{
    int64_t at = 0;

    for (unsigned i = 0; i < TOP_BOXES_MAX && file->size - at >= 8; i++) {
        uint64_t size = 0;
        int ret = top_box(file, at, &size, err);

        if (ret < 0)
            return ret;
        if (size == 0 || (file->fragmented && file->moov))
            break;
        at += (int64_t)size;
    }
    if (!file->moov)
        return osp_fail(err, OSP_EMEDIA, "no index (moov): the file is incomplete");
    file->faststart = file->mdat_offset < 0 || file->moov_offset < file->mdat_offset;
    return OSP_OK;
}

int mp4_open_fd(int fd, const char *name, struct mp4_file **out, osp_error *err)
{
    OSP_AUTO(mp4_close) struct mp4_file *file = calloc(1, sizeof(*file));
    struct stat st;
    int ret;

    if (!file)
        return osp_nomem(err);
    file->mdat_offset = -1;
    file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (file->fd < 0 || fstat(file->fd, &st) < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", name);
    file->size = st.st_size;
    ret = walk_top(file, err);
    if (ret < 0)
        return osp_while(err, "reading '%s'", name);
    read_mvhd(file);
    ret = read_tracks(file, err);
    if (ret < 0)
        return osp_while(err, "reading '%s'", name);
    *out = OSP_TAKE(file);
    return OSP_OK;
}

int mp4_open(const char *path, struct mp4_file **out, osp_error *err)
{
    OSP_AUTO(auto_close) int fd = -1;
    int ret = file_open_regular(path, &fd, err);

    return ret < 0 ? ret : mp4_open_fd(fd, path, out, err);
}

void mp4_close(struct mp4_file **file)
{
    if (!*file)
        return;
    for (size_t i = 0; i < (*file)->track_count; i++) {
        free((*file)->tracks[i].edits);
        free((*file)->tracks[i].samples);
    }
    free((*file)->tracks);
    free((*file)->moov);
    auto_close(&(*file)->fd);
    free(*file);
    *file = NULL;
}

struct mp4_track *mp4_video_track(struct mp4_file *file)
{
    struct mp4_track *other = NULL;

    for (size_t i = 0; i < file->track_count; i++) {
        struct mp4_track *track = &file->tracks[i];

        if (track->handler != MP4_TYPE('v', 'i', 'd', 'e') ||
            (track->declared_samples == 0 && !file->fragmented))
            continue;
        if (track->enabled)
            return track;
        if (!other)
            other = track;
    }
    return other;
}

/* The sample table */

static int damaged(const char *box, osp_error *err)
{
    return osp_fail(err, OSP_EMEDIA, "damaged index: '%s' does not fit the other tables", box);
}

/** Sizes; allocates the samples. */
static int load_sizes(const struct mp4_file *file, struct mp4_track *track, osp_error *err)
{
    struct mp4_sizes sizes;

    if (!mp4_sizes(file, track, &sizes))
        return osp_fail(err, OSP_EMEDIA, "damaged index: no sample sizes");
    if (sizes.broken)
        return osp_fail(err, OSP_EMEDIA,
                        "damaged index: stsz or stz2 declares %" PRIu64
                        " samples, more than can be",
                        track->declared_samples);
    track->samples = calloc(sizes.count ? sizes.count : 1, sizeof(*track->samples));
    if (!track->samples)
        return osp_nomem(err);
    track->sample_count = sizes.count;
    for (uint32_t i = 0; i < sizes.count; i++)
        track->samples[i].size = mp4_size_at(&sizes, i);
    return OSP_OK;
}

/** Decoding times: runs of equal durations (8.6.1.2). */
static int load_durations(const struct mp4_file *file, struct mp4_track *track, osp_error *err)
{
    struct mp4_table stts = mp4_table(file, track, "stts", 8);
    size_t at = 0;
    int64_t dts = 0;

    if (!stts.rows || stts.broken)
        return damaged("stts", err);
    for (uint32_t run = 0; run < stts.count; run++) {
        uint32_t count = mp4_u32(stts.rows + (size_t)run * 8);
        uint32_t delta = mp4_u32(stts.rows + (size_t)run * 8 + 4);

        for (; count > 0 && at < track->sample_count; count--, at++) {
            track->samples[at].dts = dts;
            track->samples[at].duration = delta;
            dts += delta;
        }
        if (count > 0)
            break; /* more than there are samples: harmless, and files are like that */
    }
    return at == track->sample_count ? OSP_OK : damaged("stts", err);
}

/** Composition offsets (8.6.1.3). Version 1 is signed; QuickTime reads version 0 as signed too. */
static int load_offsets(const struct mp4_file *file, struct mp4_track *track, osp_error *err)
{
    struct mp4_table ctts = mp4_table(file, track, "ctts", 8);
    size_t at = 0;

    if (ctts.broken)
        return damaged("ctts", err);
    for (uint32_t run = 0; run < ctts.count; run++) {
        uint32_t count = mp4_u32(ctts.rows + (size_t)run * 8);
        int32_t cts = (int32_t)mp4_u32(ctts.rows + (size_t)run * 8 + 4);

        for (; count > 0 && at < track->sample_count; count--, at++)
            track->samples[at].cts = cts;
    }
    return OSP_OK;
}

static int load_sync(const struct mp4_file *file, struct mp4_track *track, osp_error *err)
{
    struct mp4_table stss = mp4_table(file, track, "stss", 4);

    if (stss.broken)
        return damaged("stss", err);
    if (!stss.rows) {
        for (size_t i = 0; i < track->sample_count; i++)
            track->samples[i].sync = true;
        return OSP_OK;
    }
    for (uint32_t i = 0; i < stss.count; i++) {
        uint32_t number = mp4_u32(stss.rows + (size_t)i * 4);

        if (number >= 1 && number <= track->sample_count)
            track->samples[number - 1].sync = true;
    }
    return OSP_OK;
}

/** One chunk's samples lie one behind the other. @return samples placed */
static size_t place_chunk(const struct mp4_file *file, struct mp4_track *track, size_t at,
                          uint32_t count, uint64_t offset)
{
    size_t placed = 0;

    for (; placed < count && at + placed < track->sample_count; placed++) {
        struct mp4_sample *sample = &track->samples[at + placed];

        if (offset > (uint64_t)file->size || sample->size > (uint64_t)file->size - offset)
            track->truncated = true;
        sample->offset = offset > (uint64_t)INT64_MAX / 2 ? INT64_MAX / 2 : (int64_t)offset;
        offset += sample->size;
    }
    return placed;
}

/** Places: stsc gives samples per chunk as runs, stco or co64 where chunks begin (8.7.4, 8.7.5). */
static int load_places(const struct mp4_file *file, struct mp4_track *track, osp_error *err)
{
    struct mp4_table stsc = mp4_table(file, track, "stsc", 12);
    struct mp4_table chunks = mp4_table(file, track, "stco", 4);
    bool wide = !chunks.rows;
    size_t at = 0;
    uint32_t run = 0;

    if (wide)
        chunks = mp4_table(file, track, "co64", 8);
    if (!stsc.rows || stsc.broken)
        return damaged("stsc", err);
    if (!chunks.rows || chunks.broken)
        return damaged("stco", err);
    for (uint32_t chunk = 0; chunk < chunks.count && at < track->sample_count; chunk++) {
        const uint8_t *p = chunks.rows + (size_t)chunk * (wide ? 8 : 4);

        while (run + 1 < stsc.count && mp4_u32(stsc.rows + (size_t)(run + 1) * 12) <= chunk + 1)
            run++;
        if (run >= stsc.count || mp4_u32(stsc.rows + (size_t)run * 12) > chunk + 1)
            return damaged("stsc", err);
        at += place_chunk(file, track, at, mp4_u32(stsc.rows + (size_t)run * 12 + 4),
                          wide ? mp4_u64(p) : mp4_u32(p));
    }
    return at == track->sample_count ? OSP_OK : damaged("stsc", err);
}

struct key {
    int64_t pts;
    uint32_t slot;
};

static int compare_keys(const void *left, const void *right)
{
    const struct key *a = left, *b = right;

    if (a->pts != b->pts)
        return a->pts < b->pts ? -1 : 1;
    return a->slot < b->slot ? -1 : a->slot > b->slot;
}

static int rank_samples(struct mp4_track *track, osp_error *err)
{
    OSP_AUTO(auto_free) struct key *keys = NULL;
    size_t count = track->sample_count, fall = 0;

    for (size_t i = 0; i < count; i++) {
        struct mp4_sample *s = &track->samples[i];

        s->rank = (int64_t)i;
        fall += i > 0 && s->dts + s->cts <= s[-1].dts + s[-1].cts;
    }
    if (fall == 0)
        return OSP_OK;
    keys = calloc(count, sizeof(*keys));
    if (!keys)
        return osp_nomem(err);
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct key){ track->samples[i].dts + track->samples[i].cts, (uint32_t)i };
    qsort(keys, count, sizeof(*keys), compare_keys);
    for (size_t i = 0; i < count; i++) {
        track->samples[keys[i].slot].rank = (int64_t)i;
        track->same_pts |= i > 0 && keys[i].pts == keys[i - 1].pts;
    }
    return OSP_OK;
}

int mp4_load_samples(struct mp4_file *file, struct mp4_track *track, osp_error *err)
{
    int ret;

    if (track->samples)
        return OSP_OK;
    if (track->timescale == 0)
        return osp_fail(err, OSP_EMEDIA, "damaged index: a track without a time scale");
    ret = load_sizes(file, track, err);
    if (ret >= 0)
        ret = load_durations(file, track, err);
    if (ret >= 0)
        ret = load_offsets(file, track, err);
    if (ret >= 0)
        ret = load_sync(file, track, err);
    if (ret >= 0)
        ret = load_places(file, track, err);
    if (ret >= 0)
        ret = rank_samples(track, err);
    if (ret < 0) {
        free(track->samples);
        track->samples = NULL;
        track->sample_count = 0;
    }
    return ret;
}

int64_t mp4_to_media(const struct mp4_file *file, const struct mp4_track *track, int64_t movie)
{
    uint32_t scale = file->movie_timescale ? file->movie_timescale : 1;

    return rational_round(rational_mul(rational(movie, scale), rational(track->timescale, 1)));
}

bool mp4_simple_edits(const struct mp4_file *file, const struct mp4_track *track,
                      int64_t *media_start, int64_t *media_end, int64_t *empty)
{
    int64_t movie_empty = 0;
    size_t i = 0;

    *media_start = 0;
    *media_end = INT64_MAX;
    *empty = 0;
    if (track->edit_count == 0)
        return true;
    for (; i < track->edit_count && track->edits[i].media_time == -1; i++) {
        if (track->edits[i].duration < 0 || track->edits[i].duration > INT64_MAX - movie_empty)
            return false;
        movie_empty += track->edits[i].duration;
    }
    if (i + 1 != track->edit_count || track->edits[i].media_time < 0 ||
        track->edits[i].rate != 0x10000 || track->edits[i].duration < 0)
        return false;
    *empty = mp4_to_media(file, track, movie_empty);
    *media_start = track->edits[i].media_time;
    if (track->edits[i].duration > 0) { /* 8.6.6.1: zero means to the end, when fragmented */
        int64_t length = mp4_to_media(file, track, track->edits[i].duration);

        *media_end = length > INT64_MAX - *media_start ? INT64_MAX : *media_start + length;
    }
    return true;
}
