/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_OMNI_FORMAT_H
#define GST_OMNI_FORMAT_H

#include <gst/video/video.h>
#include <omnisplice/omnisplice.h>

G_BEGIN_DECLS

/* The formats that the engine can give back, for pad templates. */
#define GST_OMNI_FORMATS                                                                           \
    "{ I420, NV12, Y42B, Y444, I420_10LE, P010_10LE, I422_10LE, Y444_10LE, I420_12LE, I422_12LE, " \
    "Y444_12LE, GRAY8, YUY2, UYVY, RGB, BGR, RGBx, BGRx, RGBA, BGRA, GBR, GBR_10LE, GBR_12LE }"

/* What caps say in the engine's words. FALSE: a format that the engine cannot give. */
gboolean gst_omni_format_from_info(osp_stream_format *format, const GstVideoInfo *info);

/* The picture in a buffer of its own, laid out as the caps say. */
GstBuffer *gst_omni_format_fill(const GstVideoInfo *info, const osp_picture *picture);

G_END_DECLS

#endif
