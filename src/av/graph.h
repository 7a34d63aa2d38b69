/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AV_GRAPH_H
#define AV_GRAPH_H

#include <libavutil/frame.h>
#include <libavutil/pixfmt.h>
#include <libavutil/rational.h>

#include "base/error.h"

/** A filter graph with one input and one output. One thread at a time. */
struct graph;

/**
 * A graph for pictures (or sound) such as `first` is: size, format and tags are taken from it.
 * @param filters    FFmpeg's graph text, "zscale=w=1280:h=720"; "null" or "anull" passes
 * @param format     wanted of the output; AV_PIX_FMT_NONE: whatever comes
 * @param threads    0: libav's choice
 */
int graph_open(const AVFrame *first, AVRational time_base, const char *filters,
               enum AVPixelFormat format, int threads, struct graph **out, osp_error *err);
/** The same for sound: output is sample_rate, channel count, sample format wanted. */
int graph_open_sound(const AVFrame *first, AVRational time_base, const char *filters,
                     struct graph **out, osp_error *err);
/** Feed a frame (its reference stays the caller's), NULL: the end. */
int graph_push(struct graph *graph, AVFrame *frame, osp_error *err);
/** @param frame  emptied first. @return 1, 0: nothing now (feed more, or the end), below 0 */
int graph_pull(struct graph *graph, AVFrame *frame, osp_error *err);
AVRational graph_time_base(const struct graph *graph); /* of what comes out */
/** Sound: make every output frame this long but the last. */
void graph_frame_size(struct graph *graph, int samples);
/** Whether frames such as this one can go on: same size and format as the first. */
int graph_fits(const struct graph *graph, const AVFrame *frame);
void graph_free(struct graph **graph); /* NULL is fine; sets NULL */

/** Explicit tags for a picture: what is not tagged is guessed by size (BT.709 from 720 lines or
 *  1280 columns on, BT.601 below; RGB and yuvj are full range), since zscale refuses untagged
 *  input. @return 1 when anything was guessed */
int picture_tag(AVFrame *frame);

#endif
