/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLIP_CLIP_H
#define CLIP_CLIP_H

#include <libavutil/frame.h>

#include "omnisplice/clip.h"

/**
 * osp_clip_picture_at() for rooms that hold libav frames: the picture in the wanted format.
 * Where the plan cropped the master, the picture is only as large as the crop, in coded pixels of
 * the master, and *x, *y say where it lies; elsewhere they are 0 and it is the whole picture.
 * @param frame  emptied first; the picture may be shared: do not write into it
 */
int clip_frame_at(osp_clip *clip, int64_t pts, AVFrame *frame, int *x, int *y, osp_error *err);
/** The clip's own number of pictures and size, as far as known. */
void clip_facts(const osp_clip *clip, int64_t *frames, int *width_px, int *height_px);

#endif
