/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define ID_EPOCH_MS INT64_C(1568028518780)
#define ID_SHIFT    22

int64_t sim_id_make(int64_t created_ms, uint32_t low)
{
    return ((created_ms - ID_EPOCH_MS) << ID_SHIFT) | (int64_t)(low & ((1u << ID_SHIFT) - 1));
}

int64_t sim_id_time(int64_t id)
{
    return (id >> ID_SHIFT) + ID_EPOCH_MS;
}

int64_t sim_frames(osp_rational seconds, int64_t fps, int64_t step)
{
    osp_rational frames = rational_mul(seconds, rational(fps, 1));
    osp_rational steps = rational_div(rational_sub(frames, rational(1, 1)), rational(step, 1));
    int64_t count = rational_round(steps);

    return (count > 0 ? count : 0) * step + 1;
}

void sim_duration_text(int64_t frames, int64_t fps, char *out, int size)
{
    int64_t ms = frames * 1000 / fps;

    snprintf(out, (size_t)size, "%lld.%03lld", (long long)(ms / 1000), (long long)(ms % 1000));
}

static int nearest_even(double side)
{
    int even = 2 * (int)lround(side / 2);

    return even > 2 ? even : 2;
}

void sim_size(int64_t area, osp_rational ratio, int *width, int *height)
{
    double exact = rational_double(ratio);

    *width = nearest_even(sqrt((double)area * exact));
    *height = nearest_even(sqrt((double)area / exact));
}

osp_rational sim_ratio_parse(const char *text)
{
    char *end;
    long width = strtol(text, &end, 10), height;

    if (end == text || *end != ':')
        return (osp_rational){ 0, 0 };
    text = end + 1;
    height = strtol(text, &end, 10);
    if (end == text || *end || width <= 0 || height <= 0)
        return (osp_rational){ 0, 0 };
    return rational(width, height);
}

int64_t sim_seconds_billed(osp_rational seconds)
{
    return rational_round(seconds);
}

osp_rational sim_units(int64_t seconds, osp_rational units_per_s)
{
    return rational_mul(rational(seconds, 1), units_per_s);
}

void sim_units_text(osp_rational units, char *out, int size)
{
    rational_print(units, 6, out, size);
}
