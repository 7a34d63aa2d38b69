/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLAN_INTERNAL_H
#define PLAN_INTERNAL_H

#include "plan/plan.h"

#define STEPS_MAX 12

struct osp_plan {
    osp_kind kind;
    enum plan_video video;
    bool keep_sound;
    int64_t first, count; /* the shot */
    osp_rational from_s, to_s, sent_from_s, sent_to_s;
    struct geometry geometry;
    struct plan_timing timing;
    osp_rational reference_s;
    int64_t bytes_max; /* of the file; 0: no bound */
    int64_t billed_s;
    char units[24];
    char profile[64], mode[16], use[24];
    osp_plan_step steps[STEPS_MAX];
    size_t step_count;
    char *reasons[STEPS_MAX]; /* owned; steps[i].reason points there */
};

/** Bounds of a picture, as the profile says for a use. Missing ones are 0/0, or 0 and INT_MAX. */
struct size_bounds {
    int side_min, side_max;
    int64_t area_max;
    osp_rational aspect_min, aspect_max;
    int64_t area_aim; /* when it must shrink: aim at this many pixels; 0: as large as allowed */
};

/** Choose crop, size and padding. @return OSP_OK, OSP_EMEDIA (no size fits) */
int geometry_choose(const osp_video_facts *v, const struct size_bounds *bounds, osp_fit fit,
                    struct geometry *out, osp_error *err);

struct time_bounds {
    osp_rational min_s, max_s, grace_s, fps_min, fps_max;
};

/** Choose what is sent, at which rate, by which map. Adds what is to be said to the steps. */
int timing_choose(const osp_facts *facts, const struct time_bounds *bounds, osp_plan *plan,
                  osp_error *err);

/** Fill billed_s and units from the reference's duration. */
void price_set(const osp_profile *profile, osp_plan *plan);

/** Add a step. The reason is the first finding with that remedy, or `reason` when it is not NULL.
 */
int plan_step(osp_plan *plan, const osp_findings *findings, const char *name, const char *reason,
              osp_error *err, const char *format, ...) __attribute__((format(printf, 6, 7)));

#endif
