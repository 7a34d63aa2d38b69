/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/moment.h"

#include "base/rational.h"

osp_rational facts_moment(const osp_facts *facts, int64_t frame)
{
    const osp_video_facts *v = &facts->video;
    int64_t pts = frame < v->frame_count ? v->frame_pts[frame]
                                         : v->frame_pts[v->frame_count - 1] + v->last_duration;

    return rational_mul((osp_rational){ pts, 1 }, v->time_base);
}
