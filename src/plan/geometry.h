/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLAN_GEOMETRY_H
#define PLAN_GEOMETRY_H

#include <stdbool.h>

#include "omnisplice/check.h"
#include "omnisplice/plan.h"

/**
 * How a coded picture of the master becomes a picture of the reference, as numbers that can be
 * turned round. The way: coded -> mirrored and turned ("upright", still the master's own pixels)
 * -> crop -> scale -> pad. Displayed points differ from upright ones by the SAR alone.
 */
struct geometry {
    int coded_width, coded_height;
    int mirrored;     /* left to right, before the turn */
    int rotation_deg; /* clockwise: 0, 90, 180, 270 */
    osp_rational sar; /* of the upright picture */
    int upright_width, upright_height;
    int crop_x, crop_y, crop_width, crop_height; /* in upright pixels, even */
    int scaled_width, scaled_height;             /* the crop becomes this */
    int pad_x, pad_y;                            /* and lies here in */
    int width, height;                           /* the reference */
};

/** A displayed point (pixels; the centre of the first is 0.5) to the reference, and back. */
void geometry_forward(const struct geometry *g, double x, double y, double *ox, double *oy);
void geometry_inverse(const struct geometry *g, double x, double y, double *ox, double *oy);
/** Nothing but a change of size happens, or less. */
bool geometry_shows_all(const struct geometry *g);

#endif
