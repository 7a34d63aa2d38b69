/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_AVFRAME_H
#define OMNISPLICE_AVFRAME_H

/** @file avframe.h  Opt-in: an osp_picture is an AVFrame and back. The only header that needs
 *  libavutil; everything is inline, so that the caller's libavutil does the work. */

#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
#include <string.h>

#include "omnisplice/media.h"

/** Look at a video frame as a picture. Nothing is copied: the frame must outlive the picture. */
static inline void osp_picture_from_avframe(osp_picture *picture, const AVFrame *frame,
                                            AVRational time_base)
{
    int i;

    memset(picture, 0, sizeof(*picture));
    for (i = 0; i < 4; i++) {
        picture->planes[i] = frame->data[i];
        picture->strides[i] = frame->linesize[i];
    }
    picture->pixel_format = av_get_pix_fmt_name((enum AVPixelFormat)frame->format);
    picture->width_px = frame->width;
    picture->height_px = frame->height;
    picture->pts = frame->pts;
    picture->time_base.num = time_base.num;
    picture->time_base.den = time_base.den;
}

/** Copy a picture into a fresh frame. @return 0, or a negative AVERROR */
static inline int osp_picture_to_avframe(const osp_picture *picture, AVFrame *frame)
{
    int i, ret;
    AVFrame *view = av_frame_alloc();

    if (!view)
        return AVERROR(ENOMEM);
    view->format = frame->format = av_get_pix_fmt(picture->pixel_format);
    view->width = frame->width = picture->width_px;
    view->height = frame->height = picture->height_px;
    for (i = 0; i < 4; i++) {
        view->data[i] = picture->planes[i];
        view->linesize[i] = picture->strides[i];
    }
    ret = av_frame_get_buffer(frame, 0);
    if (ret >= 0)
        ret = av_frame_copy(frame, view);
    frame->pts = picture->pts;
    av_frame_free(&view);
    return ret;
}

#endif
