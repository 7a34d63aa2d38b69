/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_CLIP_H
#define OMNISPLICE_CLIP_H

#include "omnisplice/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file clip.h  A finished clip, asked one question: which picture at time t? */

/** A clip, shown on the master's clock. One thread at a time per osp_clip. */
typedef struct osp_clip osp_clip;

typedef struct osp_clip_options {
    size_t size;              /* filled in by osp_clip_options_init() */
    const char *pixel_format; /* of the pictures wanted; NULL: the clip's own */
    int width_px, height_px;  /* of the pictures wanted: the master's coded size */
    const char *matrix, *primaries, *transfer, *range; /* the master's tags; NULL or "": a guess
                                                          by size, see src/clip/space.c */
    osp_rational time_base;                            /* the master's; unit of every pts below */
    int64_t start_pts;    /* what the clip's first picture stands for */
    osp_rational speed;   /* seconds of clip per second of master; 0/0: 1 */
    const osp_plan *plan; /* whose geometry is undone; NULL: the clip shows the whole picture.
                             Read during the call, not kept */
    int threads;          /* 0: as many as there are processors */
    /* new members go below this line; zero keeps the old behaviour */
} osp_clip_options;

OSP_API void osp_clip_options_init(osp_clip_options *options);

/**
 * Open a finished clip.
 * @param options  read during the call, not kept
 * @param out      set on success only; yours: osp_clip_free()
 * @return OSP_OK, OSP_EMEDIA (missing or not decodable), OSP_EUSAGE, OSP_EINTERNAL
 */
OSP_API int osp_clip_open(const char *path, const osp_clip_options *options, osp_clip **out,
                          osp_error *err);
/**
 * The picture that the clip shows at a time of the master (motion "hold": the last clip picture
 * whose time is not later; before the first: the first; after the last: the last). Any order;
 * rising is fast.
 * @param picture  set on success: yours, osp_picture_release()
 * @return OSP_OK, OSP_EMEDIA, OSP_EINTERNAL
 */
OSP_API int osp_clip_picture_at(osp_clip *clip, int64_t pts, osp_picture *picture, osp_error *err);
OSP_API void osp_clip_free(osp_clip **clip); /* NULL is fine; sets NULL */

#ifdef __cplusplus
}
#endif
#endif
