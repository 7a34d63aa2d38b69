/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/compare.h"

#include <libavutil/imgutils.h>
#include <libavutil/pixdesc.h>
#include <math.h>
#include <string.h>

static bool same_layout(const AVFrame *a, const AVFrame *b)
{
    const AVPixFmtDescriptor *x = av_pix_fmt_desc_get(a->format);
    const AVPixFmtDescriptor *y = av_pix_fmt_desc_get(b->format);

    if (!x || !y || a->width != b->width || a->height != b->height)
        return false;
    return a->format == b->format ||
           (x->nb_components == y->nb_components && x->log2_chroma_w == y->log2_chroma_w &&
            x->log2_chroma_h == y->log2_chroma_h && x->comp[0].depth == y->comp[0].depth &&
            x->comp[0].step == y->comp[0].step && (x->flags == y->flags));
}

static int plane_rows(const AVFrame *frame, int plane)
{
    const AVPixFmtDescriptor *kind = av_pix_fmt_desc_get(frame->format);

    return plane == 1 || plane == 2 ? AV_CEIL_RSHIFT(frame->height, kind->log2_chroma_h)
                                    : frame->height;
}

bool frames_equal(const AVFrame *a, const AVFrame *b)
{
    if (!same_layout(a, b))
        return false;
    for (int plane = 0; plane < 4 && a->data[plane]; plane++) {
        int bytes = av_image_get_linesize(a->format, a->width, plane);
        int rows = plane_rows(a, plane);

        for (int row = 0; bytes > 0 && row < rows; row++) {
            if (memcmp(a->data[plane] + (ptrdiff_t)row * a->linesize[plane],
                       b->data[plane] + (ptrdiff_t)row * b->linesize[plane], (size_t)bytes) != 0)
                return false;
        }
    }
    return true;
}

/* Sum of squared differences of a row of 8-bit or 16-bit samples. */
static uint64_t row_error(const uint8_t *a, const uint8_t *b, int bytes, bool wide)
{
    uint64_t sum = 0;

    if (wide) {
        for (int i = 0; i + 1 < bytes; i += 2) {
            uint16_t x, y;
            int64_t d;

            memcpy(&x, a + i, 2);
            memcpy(&y, b + i, 2);
            d = (int64_t)x - y;
            sum += (uint64_t)(d * d);
        }
        return sum;
    }
    for (int i = 0; i < bytes; i++) {
        int d = a[i] - b[i];

        sum += (uint64_t)(unsigned)(d * d);
    }
    return sum;
}

static double decibel(uint64_t error, uint64_t samples, double peak)
{
    double psnr;

    if (error == 0 || samples == 0)
        return IDENTICAL_PSNR_DB;
    psnr = 10 * log10(peak * peak * (double)samples / (double)error);
    return psnr < IDENTICAL_PSNR_DB ? psnr : IDENTICAL_PSNR_DB;
}

double frames_psnr(const AVFrame *a, const AVFrame *b)
{
    uint64_t error = 0, samples = 0;
    double luma = IDENTICAL_PSNR_DB, all, peak;
    bool wide;

    if (!same_layout(a, b))
        return 0;
    peak = (double)((1u << av_pix_fmt_desc_get(a->format)->comp[0].depth) - 1);
    wide = peak > 255;
    for (int plane = 0; plane < 4 && a->data[plane]; plane++) {
        int bytes = av_image_get_linesize(a->format, a->width, plane);
        int rows = plane_rows(a, plane);

        for (int row = 0; bytes > 0 && row < rows; row++)
            error += row_error(a->data[plane] + (ptrdiff_t)row * a->linesize[plane],
                               b->data[plane] + (ptrdiff_t)row * b->linesize[plane], bytes, wide);
        samples += (uint64_t)rows * (uint64_t)bytes / (wide ? 2 : 1);
        if (plane == 0)
            luma = decibel(error, samples, peak);
    }
    all = decibel(error, samples, peak);
    return all < luma ? all : luma;
}
