/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gstomniformat.h"

#include <string.h>

static const struct {
    GstVideoFormat format;
    const gchar *name; /* FFmpeg's */
} formats[] = {
    { GST_VIDEO_FORMAT_I420, "yuv420p" },
    { GST_VIDEO_FORMAT_NV12, "nv12" },
    { GST_VIDEO_FORMAT_Y42B, "yuv422p" },
    { GST_VIDEO_FORMAT_Y444, "yuv444p" },
    { GST_VIDEO_FORMAT_I420_10LE, "yuv420p10le" },
    { GST_VIDEO_FORMAT_P010_10LE, "p010le" },
    { GST_VIDEO_FORMAT_I422_10LE, "yuv422p10le" },
    { GST_VIDEO_FORMAT_Y444_10LE, "yuv444p10le" },
    { GST_VIDEO_FORMAT_I420_12LE, "yuv420p12le" },
    { GST_VIDEO_FORMAT_I422_12LE, "yuv422p12le" },
    { GST_VIDEO_FORMAT_Y444_12LE, "yuv444p12le" },
    { GST_VIDEO_FORMAT_GRAY8, "gray" },
    { GST_VIDEO_FORMAT_YUY2, "yuyv422" },
    { GST_VIDEO_FORMAT_UYVY, "uyvy422" },
    { GST_VIDEO_FORMAT_RGB, "rgb24" },
    { GST_VIDEO_FORMAT_BGR, "bgr24" },
    { GST_VIDEO_FORMAT_RGBx, "rgb0" },
    { GST_VIDEO_FORMAT_BGRx, "bgr0" },
    { GST_VIDEO_FORMAT_RGBA, "rgba" },
    { GST_VIDEO_FORMAT_BGRA, "bgra" },
    { GST_VIDEO_FORMAT_GBR, "gbrp" },
    { GST_VIDEO_FORMAT_GBR_10LE, "gbrp10le" },
    { GST_VIDEO_FORMAT_GBR_12LE, "gbrp12le" },
};

/* FFmpeg's names for the numbers of ITU-T H.273, which both sides count by. */
static const gchar *const matrices[] = { "gbr",   "bt709",    NULL,        NULL,
                                         "fcc",   "bt470bg",  "smpte170m", "smpte240m",
                                         "ycgco", "bt2020nc", "bt2020c",   "smpte2085" };
static const gchar *const primaries[] = { NULL,       "bt709",     NULL,        NULL,   "bt470m",
                                          "bt470bg",  "smpte170m", "smpte240m", "film", "bt2020",
                                          "smpte428", "smpte431",  "smpte432" };
static const gchar *const transfers[] = {
    NULL,        "bt709",     NULL,        NULL,       "bt470m",       "bt470bg", "smpte170m",
    "smpte240m", "linear",    "log100",    "log316",   "iec61966-2-4", "bt1361e", "iec61966-2-1",
    "bt2020-10", "bt2020-12", "smpte2084", "smpte428", "arib-std-b67"
};

static const gchar *name_of(const gchar *const *names, guint count, guint number)
{
    return number < count ? names[number] : NULL;
}

static const gchar *range_of(GstVideoColorRange range)
{
    if (range == GST_VIDEO_COLOR_RANGE_0_255)
        return "pc";
    return range == GST_VIDEO_COLOR_RANGE_16_235 ? "tv" : NULL;
}

gboolean gst_omni_format_from_info(osp_stream_format *format, const GstVideoInfo *info)
{
    const GstVideoColorimetry *colour = &GST_VIDEO_INFO_COLORIMETRY(info);
    guint matrix = gst_video_color_matrix_to_iso(colour->matrix);

    memset(format, 0, sizeof(*format));
    format->size = sizeof(*format);
    for (guint i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].format == GST_VIDEO_INFO_FORMAT(info))
            format->pixel_format = formats[i].name;
    }
    format->width_px = GST_VIDEO_INFO_WIDTH(info);
    format->height_px = GST_VIDEO_INFO_HEIGHT(info);
    /* 0 is RGB in H.273 and "unknown" where GStreamer has no number */
    if (matrix != 0 || GST_VIDEO_INFO_IS_RGB(info))
        format->matrix = name_of(matrices, G_N_ELEMENTS(matrices), matrix);
    format->primaries = name_of(primaries, G_N_ELEMENTS(primaries),
                                gst_video_color_primaries_to_iso(colour->primaries));
    format->transfer = name_of(transfers, G_N_ELEMENTS(transfers),
                               gst_video_transfer_function_to_iso(colour->transfer));
    format->range = range_of(colour->range);
    return format->pixel_format != NULL;
}

/* Bytes of a row that carry pixels, and the number of rows. */
static void plane_size(const GstVideoFrame *frame, guint plane, gsize *bytes, gint *rows)
{
    *bytes = 0;
    *rows = 0;
    for (guint c = 0; c < GST_VIDEO_FRAME_N_COMPONENTS(frame); c++) {
        gsize size;

        if ((guint)GST_VIDEO_FRAME_COMP_PLANE(frame, c) != plane)
            continue;
        size = (gsize)(GST_VIDEO_FRAME_COMP_WIDTH(frame, c) *
                       GST_VIDEO_FRAME_COMP_PSTRIDE(frame, c));
        *bytes = MAX(*bytes, size);
        *rows = GST_VIDEO_FRAME_COMP_HEIGHT(frame, c);
    }
}

static void copy_plane(GstVideoFrame *frame, guint plane, const osp_picture *picture)
{
    guint8 *to = GST_VIDEO_FRAME_PLANE_DATA(frame, plane);
    const guint8 *from = picture->planes[plane];
    gsize bytes;
    gint rows;

    plane_size(frame, plane, &bytes, &rows);
    for (gint y = 0; y < rows; y++) {
        memcpy(to, from, bytes);
        to += GST_VIDEO_FRAME_PLANE_STRIDE(frame, plane);
        from += picture->strides[plane];
    }
}

GstBuffer *gst_omni_format_fill(const GstVideoInfo *info, const osp_picture *picture)
{
    g_autoptr(GstBuffer) buffer = gst_buffer_new_allocate(NULL, GST_VIDEO_INFO_SIZE(info), NULL);
    GstVideoFrame frame;

    if (!buffer || !gst_video_frame_map(&frame, info, buffer, GST_MAP_WRITE))
        return NULL;
    for (guint plane = 0; plane < GST_VIDEO_FRAME_N_PLANES(&frame); plane++)
        copy_plane(&frame, plane, picture);
    gst_video_frame_unmap(&frame);
    return g_steal_pointer(&buffer);
}
