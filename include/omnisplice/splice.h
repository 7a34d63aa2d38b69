/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_SPLICE_H
#define OMNISPLICE_SPLICE_H

#include "omnisplice/cancel.h"
#include "omnisplice/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file splice.h  The clip goes back so that nothing outside the shot changes; and the proof. */

typedef struct osp_splice_options {
    size_t size;         /* filled in by osp_splice_options_init() */
    int64_t first_frame; /* the shot, in the master's shown pictures, display order from 0 */
    int64_t frames;
    int64_t clip_first;   /* master picture (same count) that the clip's first picture stands for */
    osp_rational speed;   /* seconds of clip per second of master; 0/0: 1 */
    const osp_plan *plan; /* whose geometry is undone; NULL: the clip shows the whole picture */
    int reencode;         /* 1: allow a full re-encode where nothing can be copied */
    int overwrite;        /* 1: replace an existing output that is a regular file */
    int threads;          /* 0: as many as there are processors */
    /* SHA-256 in hexadecimal digits: an existing output with it may be replaced, whatever
     * `overwrite` says; NULL: none */
    const char *replace_sha256;
    /* new members go below this line; zero keeps the old behaviour */
} osp_splice_options;

OSP_API void osp_splice_options_init(osp_splice_options *options);

/** What was done. A value. */
typedef struct osp_splice_report {
    int reencoded_all;              /* 1: the stated full re-encode */
    int64_t copied_packets;         /* of the picture track */
    int64_t reencoded_frames;       /* of the master, at the two borders */
    int64_t generated_frames;       /* from the clip */
    int64_t first_changed, changed; /* pictures that are not copies, display order */
    int crf;                        /* of the border pictures */
    double border_psnr_db;          /* least PSNR of a border picture; 0 when there is none */
    int outside_identical;          /* proved: packets, pictures next to the borders, time stamps */
} osp_splice_report;

/**
 * Can this master be spliced there, and what will be re-encoded? Reads the master only, costs
 * nothing, is asked before anything is paid.
 * @return OSP_OK, OSP_EMEDIA (the text says why, the hint names --reencode where it would do),
 *         OSP_EUSAGE (range)
 */
OSP_API int osp_splice_check(const char *master, const osp_splice_options *options,
                             osp_splice_report *report, osp_error *err);
/**
 * Put the clip into the master. The output appears under its name only when it is complete and
 * proved.
 * @param output  never the master itself
 * @param report  may be NULL
 * @return OSP_OK, OSP_EMEDIA, OSP_EOUTPUT, OSP_ERESULT (the proof failed; nothing is written),
 *         OSP_ECANCELED, OSP_EINTERNAL
 */
OSP_API int osp_splice(const char *master, const char *clip, const char *output,
                       const osp_splice_options *options, const osp_control *control,
                       osp_splice_report *report, osp_error *err);

/** A run of pictures in display order: [first, first + count). */
typedef struct osp_frame_range {
    int64_t first;
    int64_t count;
} osp_frame_range;

/** What two files have in common. Made by osp_verify(). Plain data. */
typedef struct osp_verification {
    int64_t master_frames, result_frames;
    int64_t master_packets, identical_packets; /* of the picture track */
    int time_stamps_identical;                 /* every picture's pts and duration */
    int audio_packets_identical; /* every packet of every track but the picture track */
    int tracks_identical;        /* the files say the same of their media: no differences */
    osp_frame_range *differing;  /* runs of pictures that do not decode to the same planes */
    size_t differing_count;
    osp_frame_range *recoded; /* runs of pictures whose packets differ */
    size_t recoded_count;
    double min_psnr_db;    /* over differing pictures outside the allowed ranges; 0: none */
    int outside_identical; /* nothing differs outside the allowed ranges but recoded
                              border pictures, and those stay at 45 dB or above */
    char **differences;    /* what the files say otherwise: "track 0: display matrix" */
    size_t differences_count;
} osp_verification;

/**
 * Compare two files by packets and by decoded pictures.
 * @param ranges  pictures of the master that may differ; NULL with count 0: none
 * @param out     set on success only; yours: osp_verification_free()
 * @return OSP_OK (whatever the comparison says), OSP_EMEDIA, OSP_ECANCELED, OSP_EINTERNAL
 */
OSP_API int osp_verify(const char *master, const char *result, const osp_frame_range *ranges,
                       size_t count, const osp_control *control, osp_verification **out,
                       osp_error *err);
OSP_API void osp_verification_free(osp_verification **verification);

#ifdef __cplusplus
}
#endif
#endif
