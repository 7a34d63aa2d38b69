/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which part of the picture is sent, and at which size.
 *
 * Feasible whenever the ratio is within the profile's bounds: then some even size inside the
 * bounds has nearly that ratio. Least area lost first (nothing is cropped but what breaks the
 * ratio), then a size whose ratio is exact or nearly so, near to the size wanted. A picture that
 * must shrink aims at the area that the service returns, since more would only be lost there; one
 * that must grow grows as little as it can.
 */
#include <limits.h>
#include <math.h>

#include "base/error.h"
#include "base/rational.h"
#include "plan/internal.h"

/* One part in fifty thousand of stretch weighs as much as a thousandth of size. */
#define STRETCH_WEIGHT 50.0

/* No side of a picture is longer; keeps what is no number, or none of a picture, out of an int. */
#define SIDE_MOST (1 << 28)

static int even_floor(double x)
{
    return (int)floor(fmax(-SIDE_MOST, fmin(x, SIDE_MOST)) / 2 + 1e-9) * 2;
}

static bool ratio_fits(const struct size_bounds *b, int width, int height)
{
    osp_rational r = { width, height };

    return (!rational_known(b->aspect_min) || rational_compare(r, b->aspect_min) >= 0) &&
           (!rational_known(b->aspect_max) || rational_compare(r, b->aspect_max) <= 0);
}

static bool size_fits(const struct size_bounds *b, int width, int height)
{
    int low = width < height ? width : height, high = width > height ? width : height;

    return low >= b->side_min && high <= b->side_max &&
           (!b->area_max || (int64_t)width * height <= b->area_max) && ratio_fits(b, width, height);
}

/* The scale that is wanted of a displayed picture: 1 where it fits. */
static double wanted_scale(const struct size_bounds *b, double width, double height)
{
    double low = fmin(width, height), high = fmax(width, height), scale = 1, most;

    if (high > b->side_max || (b->area_max && width * height > (double)b->area_max)) {
        most = b->side_max / high;
        if (b->area_max)
            most = fmin(most, sqrt((double)b->area_max / (width * height)));
        scale = b->area_aim ? fmin(most, sqrt((double)b->area_aim / (width * height))) : most;
    }
    if (low * scale < b->side_min)
        scale = b->side_min / low;
    return scale;
}

/* The best even size for a displayed picture of that size. @return false: none fits */
static bool find_size(const struct size_bounds *b, double width, double height, int *out_width,
                      int *out_height)
{
    double scale = wanted_scale(b, width, height), best = INFINITY;
    int from = even_floor(height * scale * 0.8), to = even_floor(height * scale * 1.25) + 2;

    for (int h = from < 2 ? 2 : from; h <= to; h += 2) {
        double ideal = h * width / height;

        for (int w = even_floor(ideal); w <= even_floor(ideal) + 2; w += 2) {
            double stretch = fabs(w / ideal - 1);
            double cost = fabs(h / (height * scale) - 1) + STRETCH_WEIGHT * stretch;

            if (w < 2 || !size_fits(b, w, h) || cost >= best)
                continue;
            best = cost;
            *out_width = w;
            *out_height = h;
        }
    }
    return isfinite(best);
}

/* Cut the longer direction until the displayed ratio lies within the bounds. */
static void crop_to_ratio(const struct size_bounds *b, struct geometry *g)
{
    double sar = rational_double(g->sar), ratio = g->upright_width * sar / g->upright_height;
    int width = g->upright_width, height = g->upright_height;

    if (rational_known(b->aspect_max) && ratio > rational_double(b->aspect_max))
        width = even_floor(height * rational_double(b->aspect_max) / sar);
    if (rational_known(b->aspect_min) && ratio < rational_double(b->aspect_min))
        height = even_floor(width * sar / rational_double(b->aspect_min));
    g->crop_x = even_floor((g->upright_width - width) / 2.0);
    g->crop_y = even_floor((g->upright_height - height) / 2.0);
    g->crop_width = width;
    g->crop_height = height;
}

static int pad_to_ratio(const struct size_bounds *b, struct geometry *g, double width,
                        double height)
{
    double out_width = width, out_height = height;

    if (rational_known(b->aspect_max) && width > height * rational_double(b->aspect_max))
        out_height = width / rational_double(b->aspect_max);
    if (rational_known(b->aspect_min) && width < height * rational_double(b->aspect_min))
        out_width = height * rational_double(b->aspect_min);
    if (!find_size(b, out_width, out_height, &g->width, &g->height))
        return -1;
    g->scaled_width = even_floor(fmin(g->width, g->height * width / height));
    g->scaled_height = even_floor(fmin(g->height, g->width * height / width));
    g->pad_x = even_floor((g->width - g->scaled_width) / 2.0);
    g->pad_y = even_floor((g->height - g->scaled_height) / 2.0);
    return 0;
}

static void set_upright(const osp_video_facts *v, struct geometry *g)
{
    bool turned = v->rotation_deg % 180 != 0;

    *g = (struct geometry){ .coded_width = v->coded_width_px,
                            .coded_height = v->coded_height_px,
                            .mirrored = v->mirrored,
                            .rotation_deg = v->rotation_deg,
                            .sar = v->sar };
    if (turned)
        g->sar = rational(v->sar.den, v->sar.num);
    g->upright_width = turned ? v->coded_height_px : v->coded_width_px;
    g->upright_height = turned ? v->coded_width_px : v->coded_height_px;
    g->crop_width = g->upright_width;
    g->crop_height = g->upright_height;
}

int geometry_choose(const osp_video_facts *v, const struct size_bounds *b, osp_fit fit,
                    struct geometry *g, osp_error *err)
{
    double width, height;
    bool found;

    if (v->coded_width_px < 1 || v->coded_height_px < 1 || v->width_px < 1 || v->height_px < 1)
        return osp_fail(err, OSP_EMEDIA, "the picture has no size (%dx%d)", v->coded_width_px,
                        v->coded_height_px);
    set_upright(v, g);
    if (fit == OSP_FIT_CROP)
        crop_to_ratio(b, g);
    if (g->crop_width < 1 || g->crop_height < 1)
        return osp_fail(err, OSP_EMEDIA,
                        "nothing is left of %dx%d in a ratio that the service takes", v->width_px,
                        v->height_px);
    width = g->crop_width * rational_double(g->sar);
    height = g->crop_height;
    if (fit == OSP_FIT_STRETCH) {
        double ratio = width / height;

        if (rational_known(b->aspect_max))
            ratio = fmin(ratio, rational_double(b->aspect_max));
        if (rational_known(b->aspect_min))
            ratio = fmax(ratio, rational_double(b->aspect_min));
        width = height * ratio;
    }
    if (fit == OSP_FIT_PAD) {
        found = pad_to_ratio(b, g, width, height) == 0;
    } else {
        found = find_size(b, width, height, &g->width, &g->height);
        g->scaled_width = g->width;
        g->scaled_height = g->height;
    }
    if (!found)
        return osp_fail(err, OSP_EMEDIA, "no size that the service takes can be made of %dx%d",
                        v->width_px, v->height_px);
    return OSP_OK;
}

bool geometry_shows_all(const struct geometry *g)
{
    return g->crop_width == g->upright_width && g->crop_height == g->upright_height &&
           g->scaled_width == g->width && g->scaled_height == g->height;
}

/* Displayed and upright points differ by the SAR, which libav and players apply to the width of
 * the stored picture: turned pictures have it in their height. */
static double display_x(const struct geometry *g)
{
    return g->rotation_deg % 180 ? 1 : rational_double(g->sar);
}

static double display_y(const struct geometry *g)
{
    return g->rotation_deg % 180 ? 1 / rational_double(g->sar) : 1;
}

void geometry_forward(const struct geometry *g, double x, double y, double *ox, double *oy)
{
    double ux = x / display_x(g), uy = y / display_y(g);

    *ox = (ux - g->crop_x) * g->scaled_width / g->crop_width + g->pad_x;
    *oy = (uy - g->crop_y) * g->scaled_height / g->crop_height + g->pad_y;
}

void geometry_inverse(const struct geometry *g, double x, double y, double *ox, double *oy)
{
    double ux = (x - g->pad_x) * g->crop_width / g->scaled_width + g->crop_x;
    double uy = (y - g->pad_y) * g->crop_height / g->scaled_height + g->crop_y;

    *ox = ux * display_x(g);
    *oy = uy * display_y(g);
}
