/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_MASTER_H
#define SPLICE_MASTER_H

#include "omnisplice/splice.h"
#include "probe/mp4.h"
#include "splice/h264.h"

/**
 * An MP4 or MOV file with an H.264 picture track, opened for a splice. A *slot* is a place in
 * decode order (a sample), a *rank* one in display order among all samples, hidden ones too. A
 * shown picture is counted from `shown_first`, since edit lists hide ranks at both ends only.
 */
struct master {
    struct mp4_file *file;
    struct mp4_track *track;
    struct h264_record record;
    uint32_t *slot_of_rank;
    int64_t count;                    /* samples */
    int64_t shown_first, shown_count; /* ranks */
    int64_t edit_start; /* media time at which the edit list begins to show; 0 without one */
    int reorder;        /* most pictures that are decoded before one and shown after it */
    struct set_change *changes; /* of parameter sets inside the film, rising: see inband.h */
    size_t change_count;
};

/**
 * @param out  set on success only; yours: master_close()
 * @return OSP_OK; OSP_EMEDIA: cannot be spliced by packets, the hint says whether a full
 *         re-encode would do
 */
int master_open(const char *path, struct master **out, osp_error *err);
void master_close(struct master **master); /* NULL is fine; sets NULL */

/** Presentation time stamp of a rank in the track's time scale, before edit lists. */
int64_t master_pts(const struct master *master, int64_t rank);
/** Bytes of a slot into a buffer that grows. @return OSP_OK, OSP_EMEDIA */
int master_sample(const struct master *master, int64_t slot, uint8_t **buffer, size_t *capacity,
                  osp_error *err);

/** What a sample is, by its NAL units. */
struct sample_kind {
    bool idr;        /* every slice is of an IDR picture */
    bool aud;        /* there is an access unit delimiter */
    bool layers;     /* slices of other layers or views */
    unsigned pps_id; /* of the first slice */
    bool slice;      /* there is one */
};

/** A walk over the NAL units of a slot, which reads little more than their heads. Begins with the
 *  slot alone set. */
struct nal_walk {
    int64_t slot;
    int64_t at;       /* in the sample: the next length */
    int64_t offset;   /* in the file: this unit */
    size_t size;      /* of this unit */
    uint8_t head[32]; /* its first bytes */
    size_t have;      /* how many of them there are, 1 or more */
};

#define NAL_WALK_DAMAGED (-1000)

/** @return 1; 0: no more; NAL_WALK_DAMAGED: a length that does not fit; OSP_EMEDIA */
int master_next_nal(const struct master *master, struct nal_walk *walk, osp_error *err);

/** Reads little more than the NAL headers. */
int master_kind(const struct master *master, int64_t slot, struct sample_kind *out, osp_error *err);
/** The words that every refusal ends with, where encoding the whole file would do. */
int master_refuse(osp_error *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
