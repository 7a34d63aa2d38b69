/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLAN_PLAN_H
#define PLAN_PLAN_H

#include "omnisplice/plan.h"
#include "plan/geometry.h"

/** What is done with the picture track. */
enum plan_video {
    PLAN_COPY,   /* the file may go as it is */
    PLAN_REMUX,  /* packets copied into a clean MP4 */
    PLAN_ENCODE, /* decoded, changed, encoded */
};

/**
 * How a picture of the reference finds its picture of the master. Reference picture k is shown at
 * k / rate and stands for the master's moment sent_from + (k / rate) / speed.
 */
struct plan_timing {
    osp_rational rate;  /* of the reference */
    osp_rational speed; /* seconds of reference per second of master; 1 but for 23.976 */
    int64_t sent_first; /* first master picture that is sent, display order */
    int64_t sent_count;
    int64_t frames; /* of the reference */
    int64_t *map;   /* [frames] master picture of each reference picture; NULL: one to one */
};

const struct geometry *plan_geometry(const osp_plan *plan);
const struct plan_timing *plan_timing(const osp_plan *plan);
enum plan_video plan_video(const osp_plan *plan);
/** Bound on the file's size; 0: none. */
int64_t plan_bytes_max(const osp_plan *plan);
bool plan_keeps_sound(const osp_plan *plan);
/** OSP_KIND_VIDEO or OSP_KIND_IMAGE (or _SOUND: copied as it is). */
osp_kind plan_kind(const osp_plan *plan);

#endif
