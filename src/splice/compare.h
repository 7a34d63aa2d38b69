/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_COMPARE_H
#define SPLICE_COMPARE_H

#include <libavutil/frame.h>
#include <stdbool.h>

/** Least PSNR of a picture that was encoded again, and what is reported for identical ones. */
#define BORDER_PSNR_DB    45.0
#define IDENTICAL_PSNR_DB 100.0

/** Same size, same format (yuvj420p is yuv420p), same samples. */
bool frames_equal(const AVFrame *a, const AVFrame *b);
/** Peak signal to noise ratio in dB: the lower of luma's and of all planes together. 0 when they
 *  cannot be compared, IDENTICAL_PSNR_DB at most. */
double frames_psnr(const AVFrame *a, const AVFrame *b);

#endif
