/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the service will bill for an edit: the input's seconds to the nearest whole one, a tie
 * counted up, times the profile's units a second. */
#include <stdio.h>

#include "base/rational.h"
#include "base/str.h"
#include "check/profile.h"
#include "plan/internal.h"

void price_set(const osp_profile *profile, osp_plan *plan)
{
    char path[64];
    osp_rational rate;

    if (plan->kind != OSP_KIND_VIDEO)
        return;
    plan->billed_s = rational_round(plan->reference_s);
    snprintf(path, sizeof(path), "billing.units_per_s.%s.video", plan->mode);
    rate = profile_rational(profile, path);
    if (rational_known(rate))
        rational_print(rational_mul(rate, (osp_rational){ plan->billed_s, 1 }), 6, plan->units,
                       (int)sizeof(plan->units));
}

const char *osp_plan_price(const osp_plan *plan)
{
    return plan->units;
}
