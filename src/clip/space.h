/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CLIP_SPACE_H
#define CLIP_SPACE_H

#include <libavutil/frame.h>

#include "omnisplice/clip.h"
#include "plan/geometry.h"

/**
 * From the clip's picture to the master's: size, turn, padding, colour. What the plan did to the
 * master is undone; the clip's own size is never trusted, only its proportions.
 */
struct space {
    enum AVPixelFormat format; /* as asked for */
    int width, height;         /* of the master's coded picture */
    AVFrame *target;           /* carries the tags wanted; no pixels */
    struct geometry geometry;
    bool geometry_known;
    int x, y, part_width, part_height; /* where the clip lies in the master's picture */
};

int space_init(struct space *space, const osp_clip_options *options, osp_error *err);
void space_release(struct space *space);
/** Filters for clip pictures such as this one, whose tags are complete. */
int space_filters(const struct space *space, const AVFrame *picture, char *out, size_t size,
                  osp_error *err);
/** The format that the filters' end has to give. */
enum AVPixelFormat space_format(const struct space *space);

#endif
