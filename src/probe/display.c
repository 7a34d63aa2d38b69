/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/display.h"

#include <libavutil/display.h>
#include <math.h>

#include "base/rational.h"

/* The matrix may turn and mirror. libav gives the angle counter-clockwise of the turned picture,
 * people say clockwise of the picture that is shown. */
void display_orient(const int32_t abcd[4], osp_video_facts *v)
{
    int32_t turned[9] = { abcd[0], abcd[1], 0, abcd[2], abcd[3], 0, 0, 0, 1 << 30 };
    double angle;

    if ((int64_t)turned[0] * turned[4] - (int64_t)turned[1] * turned[3] < 0) {
        v->mirrored = 1;
        /* mirrored first, then turned: what is left is a plain turn */
        turned[0] = turned[0] == INT32_MIN ? INT32_MAX : -turned[0];
        turned[1] = turned[1] == INT32_MIN ? INT32_MAX : -turned[1];
    }
    angle = av_display_rotation_get(turned);
    if (!isnan(angle))
        v->rotation_deg = ((int)lround(-angle / 90) * 90 % 360 + 360) % 360;
}

void display_size(osp_video_facts *v)
{
    double width, height;

    if (v->sar.num <= 0 || v->sar.den <= 0)
        v->sar = (osp_rational){ 1, 1 };
    width = v->clean_width_px ? v->clean_width_px : v->coded_width_px;
    height = v->clean_height_px ? v->clean_height_px : v->coded_height_px;
    width = fmin(width * rational_double(v->sar), INT32_MAX);
    v->width_px = (int)lround(v->rotation_deg % 180 ? height : width);
    v->height_px = (int)lround(v->rotation_deg % 180 ? width : height);
}
