/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONFORM_INTERNAL_H
#define CONFORM_INTERNAL_H

#include "av/output.h"
#include "omnisplice/conform.h"
#include "plan/plan.h"

/* Each writes to a path that is already a temporary one. */
int conform_remux(const char *input, const char *path, const osp_plan *plan,
                  const osp_control *control, osp_error *err);
int conform_video(const char *input, const char *path, const osp_plan *plan, const osp_facts *facts,
                  int threads, const osp_control *control, osp_error *err);
int conform_image(const char *input, const char *path, const osp_plan *plan, const osp_facts *facts,
                  osp_error *err);

/** The filter graph that turns a coded picture of the master into one of the reference, without
 *  the final pixel format. Yours: free(); NULL: out of memory.
 *  @param colour  1: to BT.709 limited (video); 0: sizes only (images) */
char *conform_filters(const struct geometry *g, const osp_video_facts *v, int colour);

/** The master's sound inside the reference. */
struct sound_track;
/** Adds a track to the output; before output_start(). NULL comes back when there is no sound. */
int sound_open(const char *input, const osp_plan *plan, const osp_facts *facts,
               struct output *output, struct sound_track **out, osp_error *err);
/** Write sound up to a moment of the reference, seconds; INFINITY: all that is left. */
int sound_advance(struct sound_track *sound, double until_s, osp_error *err);
void sound_free(struct sound_track **sound);

#endif
