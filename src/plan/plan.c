/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A plan as an object: its steps, accessors and JSON. */
#include "plan/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/json.h"
#include "base/rational.h"
#include "plan/internal.h"

const struct geometry *plan_geometry(const osp_plan *plan)
{
    return &plan->geometry;
}

const struct plan_timing *plan_timing(const osp_plan *plan)
{
    return &plan->timing;
}

enum plan_video plan_video(const osp_plan *plan)
{
    return plan->video;
}

int64_t plan_bytes_max(const osp_plan *plan)
{
    return plan->bytes_max;
}

bool plan_keeps_sound(const osp_plan *plan)
{
    return plan->keep_sound;
}

osp_kind plan_kind(const osp_plan *plan)
{
    return plan->kind;
}

int plan_step(osp_plan *plan, const osp_findings *findings, const char *name, const char *reason,
              osp_error *err, const char *format, ...)
{
    osp_plan_step *step = &plan->steps[plan->step_count];
    const osp_finding *finding;
    va_list args;

    if (plan->step_count == STEPS_MAX)
        return osp_fail(err, OSP_EINTERNAL, "a plan of more than %d steps", STEPS_MAX);
    for (size_t i = 0; findings && !reason && (finding = osp_findings_get(findings, i)); i++) {
        if (strcmp(finding->remedy, name) == 0)
            reason = finding->rule;
    }
    plan->reasons[plan->step_count] = strdup(reason ? reason : "");
    if (!plan->reasons[plan->step_count])
        return osp_nomem(err);
    step->name = name;
    step->reason = plan->reasons[plan->step_count++];
    va_start(args, format);
    vsnprintf(step->text, sizeof(step->text), format, args);
    va_end(args);
    return OSP_OK;
}

size_t osp_plan_steps(const osp_plan *plan)
{
    return plan->step_count;
}

const osp_plan_step *osp_plan_step_get(const osp_plan *plan, size_t i)
{
    return i < plan->step_count ? &plan->steps[i] : NULL;
}

void osp_plan_forward(const osp_plan *plan, double x, double y, double *out_x, double *out_y)
{
    geometry_forward(&plan->geometry, x, y, out_x, out_y);
}

void osp_plan_inverse(const osp_plan *plan, double x, double y, double *out_x, double *out_y)
{
    geometry_inverse(&plan->geometry, x, y, out_x, out_y);
}

void osp_plan_summarize(const osp_plan *plan, osp_plan_summary *summary)
{
    osp_plan_summary s = { .size = summary->size,
                           .first_frame = plan->first,
                           .frames = plan->count,
                           .from_s = plan->from_s,
                           .to_s = plan->to_s,
                           .sent_first = plan->timing.sent_first,
                           .sent_frames = plan->timing.sent_count,
                           .sent_from_s = plan->sent_from_s,
                           .sent_to_s = plan->sent_to_s,
                           .width_px = plan->geometry.width,
                           .height_px = plan->geometry.height,
                           .reference_frames = plan->timing.frames,
                           .reference_rate = plan->timing.rate,
                           .reference_s = plan->reference_s,
                           .billed_s = plan->billed_s };
    size_t known = summary->size < sizeof(s) ? summary->size : sizeof(s);

    snprintf(s.units, sizeof(s.units), "%s", plan->units);
    memcpy(summary, &s, known);
}

void osp_plan_free(osp_plan **plan)
{
    if (!plan || !*plan)
        return;
    for (size_t i = 0; i < (*plan)->step_count; i++)
        free((*plan)->reasons[i]);
    free((*plan)->timing.map);
    free(*plan);
    *plan = NULL;
}

/* ---- JSON ---- */

static void set_ratio(struct json *object, const char *key, osp_rational value)
{
    char text[48];

    snprintf(text, sizeof(text), "%lld/%lld", (long long)value.num, (long long)value.den);
    json_set_string(object, key, text);
}

static struct json *steps_json(const osp_plan *plan)
{
    struct json *list = json_array();

    for (size_t i = 0; i < plan->step_count; i++) {
        struct json *step = json_object();

        json_set_string(step, "step", plan->steps[i].name);
        json_set_string(step, "text", plan->steps[i].text);
        json_set_string(step, "reason", plan->steps[i].reason[0] ? plan->steps[i].reason : NULL);
        json_push(list, step);
    }
    return list;
}

static struct json *rectangle_json(int x, int y, int width, int height)
{
    struct json *out = json_object();

    json_set_int(out, "x_px", x);
    json_set_int(out, "y_px", y);
    json_set_int(out, "width_px", width);
    json_set_int(out, "height_px", height);
    return out;
}

static struct json *geometry_json(const struct geometry *g)
{
    struct json *out = json_object();

    json_set_int(out, "coded_width_px", g->coded_width);
    json_set_int(out, "coded_height_px", g->coded_height);
    json_set_bool(out, "mirrored", g->mirrored);
    json_set_int(out, "rotation_deg", g->rotation_deg);
    set_ratio(out, "sample_aspect_ratio", g->sar);
    json_set(out, "crop", rectangle_json(g->crop_x, g->crop_y, g->crop_width, g->crop_height));
    json_set(out, "content", rectangle_json(g->pad_x, g->pad_y, g->scaled_width, g->scaled_height));
    json_set_int(out, "width_px", g->width);
    json_set_int(out, "height_px", g->height);
    return out;
}

/* [first picture, how often] pairs: short, and exact to invert. */
static struct json *map_json(const struct plan_timing *t)
{
    struct json *list = json_array();

    for (int64_t k = 0; k < t->frames;) {
        struct json *pair = json_array();
        int64_t run = k;

        while (run < t->frames && t->map[run] == t->map[k])
            run++;
        json_push(pair, json_new_int(t->map[k]));
        json_push(pair, json_new_int(run - k));
        json_push(list, pair);
        k = run;
    }
    return list;
}

static struct json *timing_json(const osp_plan *plan)
{
    const struct plan_timing *t = &plan->timing;
    struct json *out = json_object();

    json_set_int(out, "first_frame", plan->first);
    json_set_int(out, "frames", plan->count);
    json_set_double(out, "from_s", rational_double(plan->from_s), 6);
    json_set_double(out, "to_s", rational_double(plan->to_s), 6);
    json_set_int(out, "sent_first_frame", t->sent_first);
    json_set_int(out, "sent_frames", t->sent_count);
    json_set_int(out, "reference_frames", t->frames);
    set_ratio(out, "reference_rate", t->rate);
    json_set_double(out, "reference_duration_s", rational_double(plan->reference_s), 6);
    set_ratio(out, "speed", t->speed);
    if (t->map)
        json_set(out, "map", map_json(t));
    return out;
}

char *osp_plan_json(const osp_plan *plan)
{
    static const char *const rungs[] = { "copy", "remux", "encode" };
    OSP_AUTO(json_free) struct json *out = json_object();
    struct json *price = json_object();

    json_set_string(out, "schema", "omnisplice.plan/1");
    json_set_string(out, "profile", plan->profile);
    json_set_string(out, "use", plan->use);
    json_set_string(out, "action", rungs[plan->video]);
    json_set_bool(out, "keep_sound", plan->keep_sound);
    json_set(out, "steps", steps_json(plan));
    json_set(out, "geometry", geometry_json(&plan->geometry));
    if (plan->kind == OSP_KIND_VIDEO)
        json_set(out, "timing", timing_json(plan));
    json_set_string(price, "mode", plan->mode);
    json_set_int(price, "billed_s", plan->billed_s);
    json_set_string(price, "units", plan->units[0] ? plan->units : NULL);
    json_set(out, "price", price);
    return json_print(out, true);
}
