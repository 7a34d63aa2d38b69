/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "omnisplice/media.h"

/* The readers behind osp_probe(), one per kind of file. Each fills the facts and returns OSP_OK,
 * or leaves facts->kind unknown with facts->fault set; only broken machines are errors. */
int probe_video(const char *path, osp_facts *facts, osp_error *err);
int probe_sound(const char *path, osp_facts *facts, osp_error *err);
/** WAV, MP3 and ADTS by our own readers. @return 1: facts are filled; 0: none of these */
int probe_plain_sound(const char *path, const uint8_t *head, size_t size, osp_facts *facts,
                      osp_error *err);
/** @return 1: it is an image, facts are filled; 0: it is none */
int probe_image(const char *path, const uint8_t *head, size_t size, osp_facts *facts,
                osp_error *err);

struct AVFormatContext;
/** Facts of the first sound track of an open file. */
void probe_sound_track(struct AVFormatContext *input, osp_facts *facts);

/** Fit a clock to sorted time stamps: fills rate, rate_min, rate_max and variable_rate from
 *  frame_pts, frame_count, last_duration and time_base (rate.c tells the rule). */
void probe_fit_rate(osp_video_facts *video);

#endif
