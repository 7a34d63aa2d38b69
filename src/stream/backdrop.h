/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef STREAM_BACKDROP_H
#define STREAM_BACKDROP_H

#include <libavutil/frame.h>

#include "omnisplice/media.h"

/**
 * The master's own pictures in the host's format. Needed where only a part of each picture was
 * sent: around that part the master shows.
 */
struct backdrop;

/**
 * @param facts   of the file; must outlive it
 * @param format  FFmpeg's name of the host's pixel format
 * @param out     set on success only; yours: backdrop_free()
 */
int backdrop_open(const char *path, const osp_facts *facts, const char *format, int threads,
                  struct backdrop **out, osp_error *err);
/** A shown picture of the master, display order from 0, for the caller alone: it may be written
 *  into. Rising is fast. @param frame  emptied first */
int backdrop_picture(struct backdrop *backdrop, int64_t index, AVFrame *frame, osp_error *err);
void backdrop_free(struct backdrop **backdrop); /* NULL is fine; sets NULL */

/** Lay a part onto a picture of the same format; x, y are in pixels of the luma. */
int backdrop_lay(AVFrame *onto, const AVFrame *part, int x, int y, osp_error *err);

#endif
