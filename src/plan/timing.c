/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which pictures are sent, at which rate.
 *
 * Constant rates inside the bounds stay as they are, picture for picture. 24000/1001 is relabelled
 * 24: over the service's few seconds the drift stays below half a picture, so the map is one to
 * one and its inverse is the identity. Everything else gets a constant rate and a map: reference
 * picture k shows the master picture whose time lies nearest (ties to the earlier one), so that the
 * first picture is kept and the error is at most half a step of the master.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/moment.h"
#include "base/rational.h"
#include "base/str.h"
#include "plan/internal.h"

/* ---- range ---- */

/* The first shown picture at or after a moment; frame_count: none. */
static int64_t frame_from(const osp_facts *facts, osp_rational moment)
{
    int64_t low = 0, high = facts->video.frame_count;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;

        if (rational_compare(facts_moment(facts, middle), moment) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int past_end(const osp_facts *facts, const char *text, osp_error *err)
{
    char end[32];

    rational_print(facts_moment(facts, facts->video.frame_count), 3, end, sizeof(end));
    return osp_fail(err, OSP_EUSAGE,
                    "'%.40s' lies past the end of the video: it lasts %s s, %lld "
                    "pictures",
                    text, end, (long long)facts->video.frame_count);
}

int osp_frame_at(const osp_facts *facts, const char *text, int64_t *frame, osp_error *err)
{
    const osp_video_facts *v = &facts->video;
    osp_rational moment, end = facts_moment(facts, v->frame_count);
    size_t length = strlen(text);
    char digits[24] = "";

    if (length > 1 && length < sizeof(digits) && text[length - 1] == 'f') {
        memcpy(digits, text, length - 1);
        if (!str_to_int64(digits, 0, INT64_MAX, frame))
            return osp_fail(err, OSP_EUSAGE, "'%.40s' is no count of pictures such as 300f", text);
        return *frame > v->frame_count ? past_end(facts, text, err) : OSP_OK;
    }
    if (!rational_parse_time(text, &moment))
        return osp_fail(err, OSP_EUSAGE,
                        "'%.40s' is no time: write 12.5, 00:00:12.5 or 300f (a picture)", text);
    /* the container may end a little later than its pictures (sound); a file "of 7.54 s" is
     * addressed by that */
    if (rational_known(facts->container_s) && rational_compare(facts->container_s, end) > 0)
        end = facts->container_s;
    if (rational_compare(moment, rational_add(end, (osp_rational){ 1, 1000 })) > 0)
        return past_end(facts, text, err);
    *frame = frame_from(facts, moment);
    return OSP_OK;
}

/* ---- what is sent ---- */

static int64_t frames_within(osp_rational seconds, osp_rational rate)
{
    return rational_floor(rational_mul(seconds, rate));
}

static int64_t frames_covering(osp_rational seconds, osp_rational rate)
{
    osp_rational exact = rational_mul(seconds, rate);
    int64_t low = rational_floor(exact);

    return rational_compare((osp_rational){ low, 1 }, exact) < 0 ? low + 1 : low;
}

static bool inside(osp_rational rate, const struct time_bounds *b)
{
    return (!rational_known(b->fps_min) || rational_compare(rate, b->fps_min) >= 0) &&
           (!rational_known(b->fps_max) || rational_compare(rate, b->fps_max) <= 0);
}

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* The rate of the median step: the mean of a variable rate is a rate that no picture has. */
static osp_rational median_rate(const osp_video_facts *v, int64_t first, int64_t count)
{
    OSP_AUTO(auto_free) int64_t *steps = calloc((size_t)count, sizeof(*steps));
    int64_t n = 0;

    /* pictures with one time stamp between them are no step: two recordings in one file */
    for (int64_t i = first + 1; steps && i < first + count; i++) {
        if (v->frame_pts[i] > v->frame_pts[i - 1])
            steps[n++] = v->frame_pts[i] - v->frame_pts[i - 1];
    }
    if (!n)
        return v->rate;
    qsort(steps, (size_t)n, sizeof(*steps), compare_int64);
    return rational_div((osp_rational){ 1, 1 },
                        rational_mul((osp_rational){ steps[n / 2], 1 }, v->time_base));
}

/* A rate inside the bounds, near to one that is not, a whole multiple or part of it if it can be.
 */
static osp_rational choose_rate(osp_rational rate, const struct time_bounds *b)
{
    static const osp_rational usual[] = { { 24, 1 }, { 25, 1 },       { 30000, 1001 }, { 30, 1 },
                                          { 50, 1 }, { 60000, 1001 }, { 60, 1 } };

    for (size_t i = 0; i < OSP_COUNT(usual); i++) {
        double off = rational_double(usual[i]) / rational_double(rate) - 1;

        if (off > -0.02 && off < 0.02 && inside(usual[i], b))
            return usual[i];
    }
    for (int k = 2; k <= 40; k++) {
        osp_rational factor = { k, 1 };
        osp_rational other = rational_compare(rate, b->fps_min) < 0 ? rational_mul(rate, factor)
                                                                    : rational_div(rate, factor);

        if (inside(rate, b))
            return rate;
        if (inside(other, b) && other.num < 1000000)
            return other;
    }
    return rational_known(b->fps_min) ? b->fps_min : rate;
}

/* Whether relabelling by at most 0.1 % brings the rate inside: NTSC film. */
static bool relabels(osp_rational rate, const struct time_bounds *b, osp_rational *to)
{
    if (!rational_known(b->fps_min) || rational_compare(rate, b->fps_min) >= 0)
        return false;
    *to = b->fps_min;
    return rational_compare(rational_mul(rate, (osp_rational){ 1001, 1000 }), b->fps_min) >= 0;
}

/* Centred handles of real pictures, clamped at the file's ends. */
static void add_handles(osp_plan *plan, int64_t total, int64_t need)
{
    int64_t more = need - plan->count, before = more / 2;

    if (need >= total) {
        plan->timing.sent_first = 0;
        plan->timing.sent_count = total;
        return;
    }
    if (plan->first - before < 0)
        before = plan->first;
    if (plan->first - before + need > total)
        before = plan->first - (total - need);
    plan->timing.sent_first = plan->first - before;
    plan->timing.sent_count = need;
}

static int too_long(const osp_plan *plan, const struct time_bounds *b, osp_error *err)
{
    char lasts[32], least[32], most[32];

    rational_print(rational_sub(plan->to_s, plan->from_s), 3, lasts, sizeof(lasts));
    rational_print(b->min_s, 3, least, sizeof(least));
    rational_print(b->max_s, 3, most, sizeof(most));
    osp_fail(err, OSP_EUSAGE, "the shot lasts %s s, the service takes %s to %s s", lasts, least,
             most);
    return osp_hint(err, "choose a shorter one by --from and --to, or edit it in parts");
}

/* One to one: reference picture k is master picture sent_first + k. */
static int plan_direct(const osp_facts *facts, const struct time_bounds *b, osp_plan *plan,
                       osp_error *err)
{
    struct plan_timing *t = &plan->timing;
    int64_t least = rational_known(b->min_s) ? frames_covering(b->min_s, t->rate) : 1;
    int64_t most = rational_known(b->max_s) ? frames_within(b->max_s, t->rate) : INT64_MAX;

    t->sent_first = plan->first;
    t->sent_count = plan->count;
    if (plan->count > most) {
        osp_rational grace = rational_known(b->grace_s) ? b->grace_s : b->max_s;

        if (plan->count > frames_within(grace, t->rate) + 1)
            return too_long(plan, b, err);
        t->sent_count = most;
        if (plan_step(plan, NULL, "trim", "video.duration.max", err,
                      "send %lld of %lld pictures, the clip's last one is held", (long long)most,
                      (long long)plan->count) < 0)
            return OSP_EINTERNAL;
    }
    if (plan->count < least)
        add_handles(plan, facts->video.frame_count, least);
    t->frames = t->sent_count < least ? least : t->sent_count;
    if (t->frames == t->sent_count)
        return OSP_OK;
    /* the whole master is too short: its last picture is held */
    t->map = calloc((size_t)t->frames, sizeof(*t->map));
    if (!t->map)
        return osp_nomem(err);
    for (int64_t k = 0; k < t->frames; k++)
        t->map[k] = t->sent_first + (k < t->sent_count ? k : t->sent_count - 1);
    return OSP_OK;
}

static int fill_map(const osp_facts *facts, struct plan_timing *t, osp_error *err)
{
    osp_rational start = facts_moment(facts, t->sent_first);
    int64_t j = t->sent_first, last = t->sent_first + t->sent_count - 1;

    t->map = calloc((size_t)t->frames, sizeof(*t->map));
    if (!t->map)
        return osp_nomem(err);
    for (int64_t k = 0; k < t->frames; k++) {
        osp_rational at = rational_add(
            start,
            rational_mul((osp_rational){ k, 1 }, rational_div((osp_rational){ 1, 1 }, t->rate)));

        while (j < last) {
            osp_rational here = rational_sub(at, facts_moment(facts, j));
            osp_rational next = rational_sub(facts_moment(facts, j + 1), at);

            if (rational_compare(next, here) >= 0)
                break;
            j++;
        }
        t->map[k] = j;
    }
    return OSP_OK;
}

static osp_rational sent_duration(const osp_facts *facts, const struct plan_timing *t)
{
    return rational_sub(facts_moment(facts, t->sent_first + t->sent_count),
                        facts_moment(facts, t->sent_first));
}

/* Handles, a picture at a time by turns: a variable rate has no other way to a duration. */
static void widen(const osp_facts *facts, osp_rational least, struct plan_timing *t)
{
    int64_t total = facts->video.frame_count;
    bool before = true;

    while (t->sent_count < total && rational_compare(sent_duration(facts, t), least) < 0) {
        bool at_end = t->sent_first + t->sent_count == total;

        if (t->sent_first > 0 && (before || at_end))
            t->sent_first--;
        t->sent_count++;
        before = !before;
    }
}

/* Another rate: the shot's time is covered by pictures of that rate. */
static int plan_mapped(const osp_facts *facts, const struct time_bounds *b, osp_plan *plan,
                       osp_error *err)
{
    struct plan_timing *t = &plan->timing;
    int64_t least = rational_known(b->min_s) ? frames_covering(b->min_s, t->rate) : 1;
    int64_t most = rational_known(b->max_s) ? frames_within(b->max_s, t->rate) : INT64_MAX;
    osp_rational lasts;

    t->sent_first = plan->first;
    t->sent_count = plan->count;
    if (rational_known(b->min_s))
        widen(facts, b->min_s, t);
    lasts = sent_duration(facts, t);
    t->frames = rational_round(rational_mul(lasts, t->rate));
    if (t->frames < least)
        t->frames = least;
    if (t->frames > most && rational_known(b->grace_s) && rational_compare(lasts, b->grace_s) > 0)
        return too_long(plan, b, err);
    if (t->frames > most)
        t->frames = most;
    return fill_map(facts, t, err);
}

int timing_choose(const osp_facts *facts, const struct time_bounds *b, osp_plan *plan,
                  osp_error *err)
{
    struct plan_timing *t = &plan->timing;
    const osp_video_facts *v = &facts->video;
    osp_rational label;
    int ret;

    t->rate = v->rate;
    t->speed = (osp_rational){ 1, 1 };
    if (!v->variable_rate && relabels(v->rate, b, &label)) {
        t->rate = label;
        t->speed = rational_div(v->rate, label);
        ret = plan_direct(facts, b, plan, err);
    } else if (!v->variable_rate && inside(v->rate, b)) {
        ret = plan_direct(facts, b, plan, err);
    } else {
        t->rate = choose_rate(v->variable_rate ? median_rate(v, plan->first, plan->count) : v->rate,
                              b);
        ret = plan_mapped(facts, b, plan, err);
    }
    if (ret < 0)
        return ret;
    plan->sent_from_s = facts_moment(facts, t->sent_first);
    plan->sent_to_s = facts_moment(facts, t->sent_first + t->sent_count);
    plan->reference_s = rational_div((osp_rational){ t->frames, 1 }, t->rate);
    return OSP_OK;
}
