/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_MP4_H
#define PROBE_MP4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/**
 * Reader of ISO BMFF and QuickTime files (ISO/IEC 14496-12): the index as it stands in the file,
 * which libavformat hides or changes (raw edit lists, stts and ctts, sample entries, encryption,
 * external references). Used for facts, and by splice, which edits the very boxes.
 * Nothing is allocated by a count that the file declares: tables are bounded by their boxes.
 */

/** A box within the moov that was read: offsets are into mp4_file.moov. */
struct mp4_box {
    size_t start;   /* of the header */
    size_t payload; /* past the header */
    size_t end;
    uint32_t type; /* big-endian characters */
};

#define MP4_TYPE(a, b, c, d) \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/** One sample, decode order. Times in the track's media time scale, before any edit list. */
struct mp4_sample {
    int64_t offset; /* in the file */
    uint32_t size;
    int64_t dts;
    int32_t cts; /* composition offset: pts = dts + cts */
    uint32_t duration;
    bool sync;    /* as stss says (no stss: every sample) */
    int64_t rank; /* position in display order among all samples */
};

struct mp4_edit {
    int64_t duration;   /* in the movie's time scale */
    int64_t media_time; /* -1: empty */
    int32_t rate;       /* 16.16 */
};

struct mp4_track {
    struct mp4_box box; /* trak */
    uint32_t id;
    uint32_t handler; /* 'vide', 'soun' ... */
    uint32_t timescale;
    int64_t duration;          /* mdhd, media time scale */
    uint32_t entries;          /* sample entries in stsd */
    uint32_t entry;            /* type of the first: 'avc1' ... ; 'encv' stays 'encv' */
    struct mp4_box stsd_entry; /* the first sample entry */
    bool encrypted;            /* encv, enca, or a sinf */
    char scheme[5];            /* of the encryption, "cenc"; "" none or not said */
    int32_t matrix[4];         /* a b c d of tkhd, 16.16: turns and mirrors the picture */
    uint32_t width, height;    /* of tkhd, 16.16: how it is shown before that */
    bool chapters;             /* another track names it as its chapters */
    bool external;             /* a data reference that is not this file */
    struct mp4_edit *edits;
    size_t edit_count;
    struct mp4_sample *samples; /* NULL until mp4_load_samples() */
    size_t sample_count;
    uint64_t declared_samples;
    bool enabled;   /* tkhd flag; a thumbnail track of chapters counts as not enabled */
    bool truncated; /* a sample lies past the end of the file; known after mp4_load_samples() */
    bool same_pts;  /* two samples with one time stamp; known after mp4_load_samples() */
};

struct mp4_file {
    int fd;
    int64_t size;
    uint8_t *moov; /* the whole moov box, header included */
    size_t moov_size;
    int64_t moov_offset;
    int64_t mdat_offset; /* first mdat; -1 none */
    bool faststart;      /* moov before the first mdat */
    bool fragmented;     /* mvex or moof */
    char brand[8];       /* "" for a QuickTime file without ftyp */
    uint32_t movie_timescale;
    int64_t movie_duration; /* 0: not known */
    int32_t matrix[4];      /* a b c d of mvhd, applied after that of the track */
    struct mp4_track *tracks;
    size_t track_count;
    bool cut; /* a box at the top says that it goes on past the end of the file */
};

/** A table in a full box of stbl: a count, then rows, all of them within the box. */
struct mp4_table {
    const uint8_t *rows; /* NULL: not there */
    uint32_t count;      /* as declared, but no more than the box holds */
    bool broken;         /* more were declared */
};
/** @param row  bytes of a row */
struct mp4_table mp4_table(const struct mp4_file *file, const struct mp4_track *track,
                           const char *name, size_t row);

/** Sizes of samples: stsz, or stz2 with fields of 4, 8 or 16 bits (8.7.3). */
struct mp4_sizes {
    const uint8_t *rows;
    uint32_t count; /* as declared, but no more than the box holds, nor 20 million */
    uint32_t fixed; /* size of every sample; 0: rows hold them */
    unsigned width; /* bits of a row */
    bool broken;    /* more were declared */
};
/** @return false: no such box */
bool mp4_sizes(const struct mp4_file *file, const struct mp4_track *track, struct mp4_sizes *out);
uint32_t mp4_size_at(const struct mp4_sizes *sizes, uint32_t i);

/** Whether the first bytes look like ISO BMFF or QuickTime. */
bool mp4_sniff(const uint8_t *head, size_t size);
/**
 * @param out  set on success only; yours: mp4_close()
 * @return OSP_OK, OSP_EMEDIA (no moov, broken boxes, larger than any sane index), OSP_EUSAGE (not a
 *         file for this reader: no ISO BMFF, or its index is compressed)
 */
int mp4_open(const char *path, struct mp4_file **out, osp_error *err);
/** The same for a file that is open already. @param fd  borrowed; name: what errors call it */
int mp4_open_fd(int fd, const char *name, struct mp4_file **out, osp_error *err);
void mp4_close(struct mp4_file **file); /* NULL is fine; sets NULL */

/** The 'vide' track that players show: the first that has samples and is enabled (thumbnails of
 *  chapters are not), else the first with samples; NULL: none. input_track() follows the same rule.
 */
struct mp4_track *mp4_video_track(struct mp4_file *file);
/** Fill track->samples, ranks included. Idempotent. @return OSP_OK, OSP_EMEDIA */
int mp4_load_samples(struct mp4_file *file, struct mp4_track *track, osp_error *err);
/** The box at an offset of moov. @return false: broken, or it reaches past `end` */
bool mp4_box_at(const struct mp4_file *file, size_t at, size_t end, struct mp4_box *out);
/** First child box of a type in a range of moov. @return false: none, or broken */
bool mp4_child(const struct mp4_file *file, size_t from, size_t end, uint32_t type,
               struct mp4_box *out);
/** Box by a path of types below a box: mp4_find(file, &track->box, "mdia/minf/stbl/stsd", &box) */
bool mp4_find(const struct mp4_file *file, const struct mp4_box *below, const char *path,
              struct mp4_box *out);

/**
 * Edit lists that we understand: any number of empty edits, then one edit at normal speed.
 * Presentation time of a sample, in the track's time scale:
 *   pts - *media_start + *empty; shown when pts lies in [*media_start, *media_end).
 * No edit list: 0, INT64_MAX, 0. @return false: another shape
 */
bool mp4_simple_edits(const struct mp4_file *file, const struct mp4_track *track,
                      int64_t *media_start, int64_t *media_end, int64_t *empty);

/** Ticks of the movie as ticks of the track, rounded to the nearest. */
int64_t mp4_to_media(const struct mp4_file *file, const struct mp4_track *track, int64_t movie);

/** Read a sample's bytes; buffer holds its size. @return OSP_OK, OSP_EMEDIA (past the end) */
int mp4_read(const struct mp4_file *file, int64_t offset, void *buffer, size_t size,
             osp_error *err);

uint32_t mp4_u32(const uint8_t *p);
uint64_t mp4_u64(const uint8_t *p);

#endif
