/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/stamps.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/rational.h"
#include "probe/probe.h"

/* Four days at 60 a second: what has more is no video, or made to fill memory. */
#define STAMPS_MAX 20000000u
#define STAMP_MAX  (INT64_MAX / 4)

void stamps_release(struct stamps *s)
{
    free(s->pts);
    *s = (struct stamps){ 0 };
}

bool stamps_add(struct stamps *s, int64_t pts, int64_t duration)
{
    s->too_many |= s->count == STAMPS_MAX;
    if (s->too_many)
        return true;
    if (!array_grow((void **)&s->pts, sizeof(*s->pts), s->count, &s->capacity))
        return false;
    pts = pts > STAMP_MAX ? STAMP_MAX : pts < -STAMP_MAX ? -STAMP_MAX : pts;
    if (s->count == 0 || pts > s->last_pts) {
        s->last_pts = pts;
        s->last_duration = duration;
    } else {
        s->unsorted = true;
    }
    s->pts[s->count++] = pts;
    return true;
}

static int compare_pts(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

void stamps_sort(struct stamps *s)
{
    if (s->unsorted)
        qsort(s->pts, s->count, sizeof(*s->pts), compare_pts);
    s->unsorted = false;
}

void stamps_pair_fields(struct stamps *s)
{
    size_t kept = 0;

    for (size_t i = 0; i < s->count; i += 2)
        s->pts[kept++] = s->pts[i];
    if (s->count % 2 == 0 && s->count > 0)
        s->last_duration += s->last_pts - s->pts[kept - 1];
    s->last_pts = kept ? s->pts[kept - 1] : 0;
    s->count = kept;
    s->samples = (s->samples + 1) / 2;
}

static osp_rational seconds(int64_t ticks, osp_rational time_base)
{
    return rational_mul((osp_rational){ ticks, 1 }, time_base);
}

/* How long a picture lasts that says nothing: one period. */
static int64_t period(const osp_video_facts *v)
{
    return rational_round(
        rational_div((osp_rational){ 1, 1 }, rational_mul(v->rate, v->time_base)));
}

void stamps_finish(struct stamps *s, osp_rational time_base, int64_t start, osp_facts *facts)
{
    osp_video_facts *v = &facts->video;
    int64_t span;

    v->time_base = time_base;
    v->start_pts = start;
    for (size_t i = 0; i < s->count; i++)
        s->pts[i] -= start;
    v->frame_pts = OSP_TAKE(s->pts);
    v->frame_count = (int64_t)s->count;
    v->hidden_count = s->samples > v->frame_count ? s->samples - v->frame_count : 0;
    v->last_duration = s->last_duration;
    probe_fit_rate(v);
    if (v->last_duration <= 0 && v->rate.num > 0)
        v->last_duration = period(v);
    span = v->frame_pts[v->frame_count - 1] - v->frame_pts[0] + v->last_duration;
    if (span > 0)
        v->average_rate = rational_div((osp_rational){ v->frame_count, 1 },
                                       seconds(span, time_base));
    facts->start_s = seconds(v->frame_pts[0] + start, time_base);
    facts->frames_s = seconds(s->total_duration, time_base);
    if (!v->variable_rate && v->rate.num > 0)
        facts->frames_s = rational_div((osp_rational){ s->samples, 1 }, v->rate);
}
