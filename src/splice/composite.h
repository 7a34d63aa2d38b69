/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_COMPOSITE_H
#define SPLICE_COMPOSITE_H

#include <libavutil/frame.h>

#include "base/error.h"

/** Put a picture, or a part of one, onto a picture of the same pixel format at (x, y), which lie on
 *  the chroma grid. Tags and time of `onto` stay. */
int composite_onto(AVFrame *onto, AVFrame *part, int x, int y, osp_error *err);

#endif
