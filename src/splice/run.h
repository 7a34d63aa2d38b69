/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_RUN_H
#define SPLICE_RUN_H

#include "clip/clip.h"
#include "omnisplice/cancel.h"
#include "splice/cut.h"

/** A sample that we made. */
struct made_sample {
    uint8_t *data;
    size_t size;
    bool idr;
};

/** Our run: samples for slots [cut.head, cut.tail), and the set that their slices name. */
struct run {
    struct made_sample *samples;
    int64_t count;
    uint8_t *pps; /* a NAL unit */
    size_t pps_size;
};

/** What a run is made of. Nothing is owned. */
struct run_source {
    const struct master *master;
    const struct cut *cut;
    osp_clip *clip;
    int crf;
    int threads;
    const osp_control *control;
};

/**
 * Decode borders, ask the clip for the shot, encode, write for the master's parameter set. Pictures
 * are streamed: only packets are kept.
 * @param out  set on success only; run_free()
 */
int run_make(const struct run_source *source, struct run *out, osp_error *err);
void run_free(struct run *run); /* safe on zeros and twice */

/** Pixel format of the master's pictures as our encoder takes it (never a yuvj one). */
enum AVPixelFormat run_format(const struct h264_sps *sps);

#endif
