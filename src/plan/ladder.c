/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ladder: nothing, remux, re-encode; each rung only when the one above does not do. The plan
 * is made from facts alone.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/bounds.h"
#include "base/error.h"
#include "base/json.h"
#include "base/moment.h"
#include "base/rational.h"
#include "base/str.h"
#include "check/profile.h"
#include "plan/internal.h"

void osp_plan_options_init(osp_plan_options *options)
{
    *options = (osp_plan_options){ .size = sizeof(*options) };
}

/* Whether anything with that remedy was found that this goal mends. */
static bool found(const osp_findings *findings, const char *remedy, bool documented)
{
    const osp_finding *finding;
    osp_level least = documented ? OSP_VIOLATION : OSP_WARNING;

    for (size_t i = 0; (finding = osp_findings_get(findings, i)); i++) {
        if (finding->level >= least && strcmp(finding->remedy, remedy) == 0)
            return true;
    }
    return false;
}

static osp_rational bound_or(const osp_profile *p, const char *path)
{
    return profile_rational(p, path);
}

static void read_video_bounds(const osp_profile *p, const char *mode, struct size_bounds *b,
                              struct time_bounds *t)
{
    char path[64];
    const struct json *aim;

    *b = (struct size_bounds){
        .side_min = (int)profile_int_or(p, "video.side_px.min", 0),
        .side_max = (int)profile_int_or(p, "video.side_px.max", INT_MAX),
        .area_max = profile_int_or(p, "video.area_px_max", 0),
        .aspect_min = bound_or(p, "video.aspect.min"),
        .aspect_max = bound_or(p, "video.aspect.max"),
    };
    snprintf(path, sizeof(path), "result.size.%s.16:9", mode);
    aim = profile_get(p, path);
    b->area_aim = json_int64_or(json_at(aim, 0), 0) * json_int64_or(json_at(aim, 1), 0);
    *t = (struct time_bounds){
        .min_s = bound_or(p, "video.duration.min_s"),
        .max_s = bound_or(p, "video.duration.max_s"),
        .grace_s = bound_or(p, "video.duration.grace_max_s"),
        .fps_min = bound_or(p, "video.fps.min"),
        .fps_max = bound_or(p, "video.fps.max"),
    };
}

static void read_image_bounds(const osp_profile *p, struct size_bounds *b)
{
    *b = (struct size_bounds){
        .side_min = (int)profile_int_or(p, "image.side_px_min", 0),
        .side_max = (int)profile_int_or(p, "image.side_px_warn_above", INT_MAX),
        .aspect_min = bound_or(p, "image.aspect.min"),
        .aspect_max = bound_or(p, "image.aspect.max"),
    };
}

static int set_range(const osp_facts *facts, const osp_plan_options *o, osp_plan *plan,
                     osp_error *err)
{
    int64_t end = facts->video.frame_count;
    int ret = OSP_OK;

    if (o->from)
        ret = osp_frame_at(facts, o->from, &plan->first, err);
    if (ret == OSP_OK && o->to)
        ret = osp_frame_at(facts, o->to, &end, err);
    if (ret < 0)
        return ret;
    if (end <= plan->first)
        return osp_fail(err, OSP_EUSAGE,
                        "the shot is empty: it would begin at '%.40s' and end at "
                        "'%.40s'",
                        o->from ? o->from : "the start", o->to ? o->to : "the end");
    plan->count = end - plan->first;
    plan->from_s = facts_moment(facts, plan->first);
    plan->to_s = facts_moment(facts, end);
    return OSP_OK;
}

static const char *plain_rate(osp_rational rate, char out[24])
{
    rational_print(rate, 3, out, 24);
    return out;
}

static int time_steps(const osp_facts *facts, const osp_findings *f, osp_plan *plan, osp_error *err)
{
    const struct plan_timing *t = &plan->timing;
    char from[24], to[24], rate[24], other[24];
    int ret = OSP_OK;

    if (t->sent_count < facts->video.frame_count)
        ret = plan_step(plan, f, "trim", NULL, err, "take pictures %lld to %lld (%s to %s s)",
                        (long long)t->sent_first, (long long)(t->sent_first + t->sent_count - 1),
                        plain_rate(plan->sent_from_s, from), plain_rate(plan->sent_to_s, to));
    if (ret == OSP_OK &&
        (t->sent_count > plan->count || (t->map && t->frames > t->sent_count &&
                                         rational_compare(t->rate, facts->video.rate) == 0)))
        ret = plan_step(plan, f, "handles", "video.duration.min", err,
                        "%lld neighbouring pictures before and %lld after the shot%s",
                        (long long)(plan->first - t->sent_first),
                        (long long)(t->sent_first + t->sent_count - plan->first - plan->count),
                        t->frames > t->sent_count && t->map ? ", the last one held" : "");
    if (ret == OSP_OK && rational_compare(t->rate, facts->video.rate) != 0)
        ret = plan_step(plan, f, "rate", NULL, err, "from %s to %s pictures a second, %s",
                        plain_rate(facts->video.rate, other), plain_rate(t->rate, rate),
                        t->map ? "the nearest picture each" : "one to one, retimed by 0.1 %");
    return ret;
}

static int size_steps(const osp_facts *facts, const osp_findings *f, osp_plan *plan, osp_error *err)
{
    const struct geometry *g = &plan->geometry;
    const osp_video_facts *v = &facts->video;
    int ret = OSP_OK;

    if (g->crop_width < g->upright_width || g->crop_height < g->upright_height)
        ret = plan_step(plan, f, "crop", NULL, err, "keep %dx%d at %d,%d of %dx%d", g->crop_width,
                        g->crop_height, g->crop_x, g->crop_y, g->upright_width, g->upright_height);
    if (ret == OSP_OK && (g->scaled_width != v->width_px || g->scaled_height != v->height_px))
        ret = plan_step(plan, f, "scale", NULL, err, "to %dx%d", g->scaled_width, g->scaled_height);
    if (ret == OSP_OK && (g->scaled_width < g->width || g->scaled_height < g->height))
        ret = plan_step(plan, f, "pad", NULL, err, "to %dx%d, black", g->width, g->height);
    return ret;
}

static bool one_to_one(const osp_facts *facts, const osp_plan *plan)
{
    const struct geometry *g = &plan->geometry;

    return !plan->timing.map && plan->timing.sent_first == 0 &&
           plan->timing.sent_count == facts->video.frame_count && plan->timing.speed.num == 1 &&
           plan->timing.speed.den == 1 && geometry_shows_all(g) &&
           g->width == facts->video.width_px && g->height == facts->video.height_px;
}

/* The lowest rung that does. */
static enum plan_video choose_rung(const osp_facts *facts, const osp_findings *f,
                                   const osp_plan_options *o, const osp_plan *plan)
{
    static const char *const encode[] = { "encode", "scale", "crop", "rate", "trim", "handles" };
    bool drops_sound = facts->sound.codec[0] && !plan->keep_sound;

    if (!one_to_one(facts, plan))
        return PLAN_ENCODE;
    for (size_t i = 0; i < OSP_COUNT(encode); i++) {
        if (found(f, encode[i], o->documented))
            return PLAN_ENCODE;
    }
    if (found(f, "remux", o->documented) || drops_sound || o->strip)
        return strcmp(facts->video.codec, "h264") == 0 ? PLAN_REMUX : PLAN_ENCODE;
    return PLAN_COPY;
}

static int rung_steps(const osp_facts *facts, const osp_findings *f, osp_plan *plan, osp_error *err)
{
    int ret = OSP_OK;

    if (plan->video == PLAN_COPY)
        return plan_step(plan, NULL, "copy", "", err, "nothing to mend");
    if (plan->video == PLAN_REMUX)
        ret = plan_step(plan, f, "remux", NULL, err, "pictures copied into a clean MP4");
    else
        ret = plan_step(plan, f, "encode", NULL, err,
                        "H.264 High, 8 bit 4:2:0, BT.709 limited, %dx%d", plan->geometry.width,
                        plan->geometry.height);
    if (ret == OSP_OK && facts->sound.codec[0])
        ret = plan_step(plan, NULL, "sound", "", err, "%s",
                        !plan->keep_sound           ? "left out"
                        : plan->video == PLAN_REMUX ? "copied"
                                                    : "AAC, the same range");
    return ret;
}

static int plan_a_video(const osp_facts *facts, const osp_profile *profile,
                        const osp_findings *findings, const osp_plan_options *o, osp_plan *plan,
                        osp_error *err)
{
    struct size_bounds sizes;
    struct time_bounds times;
    int ret;

    if (!rational_known(facts->video.rate) || facts->video.rate.num <= 0)
        return osp_fail(err, OSP_EMEDIA, "the video has no picture rate that can be told");
    read_video_bounds(profile, plan->mode, &sizes, &times);
    plan->bytes_max = profile_int_or(profile, "video.bytes_max", 0);
    ret = set_range(facts, o, plan, err);
    if (ret == OSP_OK)
        ret = timing_choose(facts, &times, plan, err);
    if (ret == OSP_OK)
        ret = geometry_choose(&facts->video, &sizes, o->fit, &plan->geometry, err);
    if (ret < 0)
        return ret;
    price_set(profile, plan);
    plan->video = choose_rung(facts, findings, o, plan);
    if (plan->video == PLAN_ENCODE) {
        ret = time_steps(facts, findings, plan, err);
        if (ret == OSP_OK)
            ret = size_steps(facts, findings, plan, err);
    }
    return ret < 0 ? ret : rung_steps(facts, findings, plan, err);
}

/* What conform's decoders take: said before anybody waits for it. */
static int check_image(const osp_facts *facts, osp_error *err)
{
    static const char *const kinds[] = { "jpeg", "png", "gif", "bmp", "tiff", "webp" };
    const osp_video_facts *v = &facts->video;
    bool known = false;

    for (size_t i = 0; i < OSP_COUNT(kinds); i++)
        known = known || strcmp(kinds[i], facts->container) == 0;
    if (strcmp(facts->container, "webp") == 0 && facts->image.animated)
        known = false;
    if (!known)
        return osp_fail(err, OSP_EMEDIA, "pictures of the kind %s%s cannot be converted here",
                        facts->image.animated ? "animated " : "", facts->container);
    if (strcmp(facts->image.model, "cmyk") == 0 || strcmp(facts->image.model, "ycck") == 0)
        return osp_fail(err, OSP_EMEDIA,
                        "it is in print colours (CMYK), which cannot be converted");
    if ((int64_t)v->coded_width_px * v->coded_height_px > DECODER_PIXELS_MAX)
        return osp_fail(err, OSP_EMEDIA, "%dx%d pixels are more than the decoder takes",
                        v->coded_width_px, v->coded_height_px);
    return OSP_OK;
}

static int plan_an_image(const osp_facts *facts, const osp_profile *profile,
                         const osp_findings *findings, const osp_plan_options *o, osp_plan *plan,
                         osp_error *err)
{
    struct size_bounds sizes;
    int ret;

    ret = check_image(facts, err);
    if (ret < 0)
        return ret;
    read_image_bounds(profile, &sizes);
    plan->bytes_max = profile_int_or(profile, "image.bytes_max.omni-video", 0);
    ret = geometry_choose(&facts->video, &sizes, o->fit, &plan->geometry, err);
    if (ret < 0)
        return ret;
    plan->count = 1;
    plan->video = PLAN_ENCODE;
    if (geometry_shows_all(&plan->geometry) && plan->geometry.width == facts->video.width_px &&
        plan->geometry.height == facts->video.height_px &&
        !found(findings, "encode", o->documented))
        plan->video = PLAN_COPY;
    if (plan->video == PLAN_COPY)
        return plan_step(plan, NULL, "copy", "", err, "nothing to mend");
    ret = size_steps(facts, findings, plan, err);
    if (ret < 0)
        return ret;
    return plan_step(plan, findings, "encode", NULL, err, "8 bit, %dx%d", plan->geometry.width,
                     plan->geometry.height);
}

static int choose_mode(const osp_profile *profile, const char *mode, osp_plan *plan, osp_error *err)
{
    const struct json *lists[] = { profile_get(profile, "omni_video.modes"),
                                   profile_get(profile, "omni_video.modes_warn") };

    str_copy(plan->mode, sizeof(plan->mode),
             mode ? mode : profile_text_or(profile, "omni_video.mode_default", ""));
    for (size_t k = 0; mode && k < OSP_COUNT(lists); k++) {
        for (size_t i = 0; i < json_size(lists[k]); i++) {
            const char *known = json_string(json_at(lists[k], i));

            if (known && strcmp(known, mode) == 0)
                return OSP_OK;
        }
    }
    return mode ? osp_fail(err, OSP_EUSAGE, "the profile '%s' has no mode '%.20s'",
                           osp_profile_name(profile), mode)
                : OSP_OK;
}

int osp_plan_make(const osp_facts *facts, const osp_profile *profile,
                  const osp_plan_options *options, osp_plan **out, osp_error *err)
{
    OSP_AUTO(osp_plan_free) osp_plan *plan = calloc(1, sizeof(*plan));
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    int ret;

    if (!plan)
        return osp_nomem(err);
    ret = osp_check(facts, profile, options->use, &findings, err);
    if (ret < 0)
        return ret;
    if (strcmp(osp_findings_verdict(findings), "unreadable") == 0)
        return osp_fail(err, OSP_EMEDIA, "nothing to plan: %s",
                        osp_findings_get(findings, 0)->text);
    if (facts->truncated)
        return osp_fail(err, OSP_EMEDIA, "the file was cut off: its index points past its end");
    plan->kind = facts->kind;
    plan->keep_sound = options->keep_sound && facts->sound.codec[0];
    str_copy(plan->profile, sizeof(plan->profile), osp_profile_name(profile));
    str_copy(plan->use, sizeof(plan->use), osp_use_name(osp_findings_use(findings)));
    ret = choose_mode(profile, options->mode, plan, err);
    if (ret == OSP_OK && facts->kind == OSP_KIND_VIDEO)
        ret = plan_a_video(facts, profile, findings, options, plan, err);
    else if (ret == OSP_OK && facts->kind == OSP_KIND_IMAGE)
        ret = plan_an_image(facts, profile, findings, options, plan, err);
    else if (ret == OSP_OK)
        ret = osp_fail(err, OSP_EMEDIA,
                       "sound files cannot be conformed yet: use ffmpeg -i IN "
                       "-b:a 128k OUT.m4a");
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(plan);
    return OSP_OK;
}
