/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Constant or variable rate, from time stamps alone.
 *
 * Stamps of a constant-rate file jitter when they passed through a coarse clock: a millisecond
 * (Matroska), or the track's own tick (phones write 29.97 on 1/600 s: steps of 20 and 21). So a
 * file is constant when one clock t0 + k T explains every stamp within q = max(1 ms, one tick),
 * plus half a tick. The last picture's duration is free and does not count. Which clock: of the
 * usual rates the one that lies nearest; 23.976 and 24 differ by 1 ms a second, so steps alone
 * cannot tell them apart, but the whole span can.
 */
#include <math.h>
#include <stdlib.h>

#include "base/auto.h"
#include "base/rational.h"
#include "probe/probe.h"

static const osp_rational usual[] = {
    { 10, 1 },       { 12, 1 },  { 15, 1 },        { 16, 1 },       { 20, 1 },
    { 24000, 1001 }, { 24, 1 },  { 25, 1 },        { 30000, 1001 }, { 30, 1 },
    { 48000, 1001 }, { 48, 1 },  { 50, 1 },        { 60000, 1001 }, { 60, 1 },
    { 90, 1 },       { 100, 1 }, { 120000, 1001 }, { 120, 1 },      { 240, 1 },
};

/* Half the spread of the stamps around a clock of that rate, seconds. */
static double residual(const osp_video_facts *v, double rate)
{
    double tick = rational_double(v->time_base), least = INFINITY, most = -INFINITY;

    for (int64_t k = 0; k < v->frame_count; k++) {
        double e = (double)(v->frame_pts[k] - v->frame_pts[0]) * tick - (double)k / rate;

        least = fmin(least, e);
        most = fmax(most, e);
    }
    return (most - least) / 2;
}

static void step_bounds(const osp_video_facts *v, int64_t *least, int64_t *most)
{
    *least = INT64_MAX;
    *most = 0;
    for (int64_t k = 1; k < v->frame_count; k++) {
        int64_t step = v->frame_pts[k] - v->frame_pts[k - 1];

        *least = step < *least ? step : *least;
        *most = step > *most ? step : *most;
    }
}

static osp_rational rate_of_step(const osp_video_facts *v, int64_t step)
{
    return step > 0 ? rational_div((osp_rational){ 1, 1 },
                                   rational_mul((osp_rational){ step, 1 }, v->time_base))
                    : (osp_rational){ 0, 0 };
}

/* The usual rate that lies nearest, or the mean of the span. */
static osp_rational nearest_clock(const osp_video_facts *v, osp_rational mean, double allowed)
{
    osp_rational best = mean;
    double least = INFINITY;

    for (size_t i = 0; i < OSP_COUNT(usual); i++) {
        double r = rational_double(usual[i]), e;

        if (fabs(r - rational_double(mean)) > 0.02 * r)
            continue;
        e = residual(v, r);
        if (e <= allowed && e < least) {
            least = e;
            best = usual[i];
        }
    }
    return best;
}

void probe_fit_rate(osp_video_facts *v)
{
    double tick = rational_double(v->time_base), q = fmax(0.001, tick) + tick / 2, period;
    int64_t least, most, span;
    osp_rational mean;

    if (v->frame_count == 1)
        v->rate = v->rate_min = v->rate_max = rate_of_step(v, v->last_duration);
    if (v->frame_count < 2 || !v->time_base.den)
        return;
    step_bounds(v, &least, &most);
    span = v->frame_pts[v->frame_count - 1] - v->frame_pts[0];
    if (span <= 0)
        return;
    mean = rational_div((osp_rational){ v->frame_count - 1, 1 },
                        rational_mul((osp_rational){ span, 1 }, v->time_base));
    period = 1 / rational_double(mean);
    if (least == most) {
        v->rate = v->rate_min = v->rate_max = rate_of_step(v, least);
        return;
    }
    if (fabs((double)least * tick - period) <= q && fabs((double)most * tick - period) <= q &&
        residual(v, rational_double(mean)) <= q) {
        v->rate = v->rate_min = v->rate_max = nearest_clock(v, mean, q);
        return;
    }
    v->variable_rate = 1;
    v->rate_min = rate_of_step(v, most);
    v->rate_max = rate_of_step(v, least);
    v->rate = rational_div(
        (osp_rational){ v->frame_count, 1 },
        rational_mul((osp_rational){ span + (v->last_duration > 0 ? v->last_duration : 0), 1 },
                     v->time_base));
}
