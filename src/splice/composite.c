/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/composite.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <stdbool.h>

int composite_onto(AVFrame *onto, AVFrame *part, int x, int y, osp_error *err)
{
    const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get(part->format);
    uint8_t *planes[4] = { NULL };

    if (!kind || part->format != onto->format || x < 0 || y < 0 || x + part->width > onto->width ||
        y + part->height > onto->height)
        return osp_fail(err, OSP_EINTERNAL, "the clip does not fit the master's picture");
    if (av_frame_make_writable(onto) < 0)
        return osp_nomem(err);
    for (int plane = 0; plane < 4 && onto->data[plane]; plane++) {
        bool chroma = plane == 1 || plane == 2;
        int left = chroma ? x >> kind->log2_chroma_w : x;
        int top = chroma ? y >> kind->log2_chroma_h : y;

        planes[plane] = onto->data[plane] + top * onto->linesize[plane] +
                        left * kind->comp[plane].step;
    }
    av_image_copy(planes, onto->linesize, (const uint8_t **)(void *)part->data, part->linesize,
                  part->format, part->width, part->height);
    return OSP_OK;
}
