/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A profile held against what a profile may be: a table of its keys, and two of what must agree.
 * A key that no line knows would be a rule that nobody applies, so it is said.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/rational.h"
#include "base/str.h"
#include "check/findings.h"
#include "check/profile.h"

#define FINDINGS_KEPT 500
#define WORDS_MAX     64

struct lint {
    osp_findings *findings;
    const struct json *root; /* the whole profile, patches applied */
    bool failed;
};

static void say(struct lint *l, const char *rule, const char *path, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void say(struct lint *l, const char *rule, const char *path, const char *format, ...)
{
    osp_finding *finding;
    va_list args;

    if (l->findings->count == FINDINGS_KEPT)
        return;
    finding = findings_add(l->findings, rule, OSP_VIOLATION, "none");
    if (!finding) {
        l->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(finding->text, sizeof(finding->text), format, args);
    va_end(args);
    finding->text[str_utf8_span(finding->text)] = 0;
    str_copy(finding->path, sizeof(finding->path), path);
}

/* ---- kinds of values ---- */

static bool is_word(const struct json *value)
{
    return json_string(value) && *json_string(value);
}

static bool is_count(const struct json *value)
{
    return json_is_number(value) && json_int64_or(value, -1) >= 0;
}

static bool is_size(const struct json *value)
{
    return json_is_number(value) && json_int64_or(value, 0) > 0;
}

static bool is_decimal(const struct json *value)
{
    osp_rational number;

    return json_string(value) && rational_parse(json_string(value), &number) && number.num > 0;
}

static bool is_date(const struct json *value)
{
    static const char form[] = "0000-00-00";
    const char *text = json_string(value);

    if (!text || strlen(text) != strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == '-' ? text[i] != '-' : !isdigit((unsigned char)text[i]))
            return false;
    }
    return true;
}

static bool is_pair(const struct json *value)
{
    return json_is_array(value) && json_size(value) == 2 && is_size(json_at(value, 0)) &&
           is_size(json_at(value, 1));
}

static bool is_range(const struct json *value)
{
    return is_pair(value) &&
           json_int64_or(json_at(value, 0), 0) <= json_int64_or(json_at(value, 1), 0);
}

static bool is_words(const struct json *value)
{
    if (json_size(value) > WORDS_MAX)
        return false;
    for (const struct json *m = json_first(value); m; m = json_next(m)) {
        if (!is_word(m))
            return false;
        for (const struct json *other = json_next(m); other; other = json_next(other)) {
            if (json_string(other) && strcmp(json_string(m), json_string(other)) == 0)
                return false;
        }
    }
    return json_is_array(value);
}

static bool is_sizes(const struct json *value)
{
    for (const struct json *m = json_first(value); m; m = json_next(m)) {
        if (!is_size(m))
            return false;
    }
    return json_is_array(value);
}

static bool is_wire(const struct json *value)
{
    return is_word(value) &&
           (strcmp(json_string(value), "legacy") == 0 || strcmp(json_string(value), "native") == 0);
}

static bool is_duration_type(const struct json *value)
{
    return is_word(value) && (strcmp(json_string(value), "string") == 0 ||
                              strcmp(json_string(value), "integer") == 0);
}

static bool is_rounding(const struct json *value)
{
    return is_word(value) && strcmp(json_string(value), "nearest-half-up") == 0;
}

/* Both parts stand in it once: what kind, and which one. */
static bool is_citation(const struct json *value)
{
    const char *text = json_string(value);
    const char *kind = text ? strstr(text, "%s") : NULL, *number = text ? strstr(text, "%d") : NULL;
    size_t percents = 0;

    for (const char *p = text; p && *p; p++)
        percents += *p == '%';
    return kind && number && kind < number && percents == 2;
}

struct kind {
    bool (*is)(const struct json *value);
    const char *what;
};

static const struct kind WORD = { is_word, "a word" };
static const struct kind COUNT = { is_count, "a whole number, 0 or more" };
static const struct kind SIZE = { is_size, "a whole number above 0" };
static const struct kind DECIMAL = { is_decimal,
                                     "a decimal above 0 as a string, such as \"10.05\"" };
static const struct kind DATE = { is_date, "a date such as 2026-11-22" };
static const struct kind RATIO = { is_pair, "a ratio [numerator, denominator], both above 0" };
static const struct kind RANGE = { is_range, "a range [least, most] of whole numbers above 0" };
static const struct kind PAIR = { is_pair, "a size [width, height]" };
static const struct kind WORD_LIST = { is_words, "a list of up to 64 words, none of them twice" };
static const struct kind SIZE_LIST = { is_sizes, "a list of whole numbers above 0" };
static const struct kind SWITCH = { json_is_bool, "true or false" };
static const struct kind WIRE = { is_wire, "\"legacy\" or \"native\"" };
static const struct kind DURATION_TYPE = { is_duration_type, "\"string\" or \"integer\"" };
static const struct kind ROUNDING = { is_rounding, "\"nearest-half-up\"" };
static const struct kind CITATION = { is_citation, "a pattern with %s and then %d" };

/* ---- the keys ---- */

#define NEEDED true
#define FREE   false

/* A * stands for any key. What a profile lacks is no rule, so few keys are needed. */
static const struct key {
    const char *path;
    const struct kind *kind;
    bool needed;
} keys[] = {
    { "profile_version", &SIZE, NEEDED },
    { "name", &WORD, NEEDED },
    { "as_of", &DATE, NEEDED },
    { "source", &WORD, FREE },
    { "wire", &WIRE, NEEDED },
    { "model.label", &WORD, NEEDED },
    { "model.model_name", &WORD, FREE },
    { "concurrency_default", &SIZE, FREE },

    { "video.count_max", &SIZE, FREE },
    { "video.duration.min_s", &DECIMAL, NEEDED },
    { "video.duration.max_s", &DECIMAL, NEEDED },
    { "video.duration.grace_max_s", &DECIMAL, FREE },
    { "video.duration.upstream_max_s", &DECIMAL, FREE },
    { "video.duration.upstream_since", &WORD, FREE },
    { "video.side_px.min", &SIZE, NEEDED },
    { "video.side_px.upstream_min", &SIZE, FREE },
    { "video.side_px.max", &SIZE, NEEDED },
    { "video.side_px.grace_min", &SIZE, FREE },
    { "video.area_px_max", &SIZE, FREE },
    { "video.aspect.min", &RATIO, FREE },
    { "video.aspect.max", &RATIO, FREE },
    { "video.aspect.implied_max", &RATIO, FREE },
    { "video.fps.min", &RATIO, NEEDED },
    { "video.fps.max", &RATIO, NEEDED },
    { "video.bytes_max", &SIZE, FREE },
    { "video.bytes_if_binary", &SIZE, FREE },
    { "video.containers", &WORD_LIST, NEEDED },
    { "video.by", &WORD_LIST, FREE },
    { "edit.cut_near_s", &DECIMAL, FREE },
    { "edit.cuts_max", &SIZE, FREE },
    { "video.safe.codec", &WORD, FREE },
    { "video.safe.bit_depth", &SIZE, FREE },
    { "video.safe.chroma", &WORD, FREE },
    { "video.safe.progressive", &SWITCH, FREE },
    { "video.safe.sar", &RATIO, FREE },
    { "video.safe.even", &SWITCH, FREE },
    { "video.safe.sound", &WORD_LIST, FREE },

    { "image.formats", &WORD_LIST, NEEDED },
    { "image.side_px_min", &SIZE, FREE },
    { "image.side_px_warn_above", &SIZE, FREE },
    { "image.aspect.min", &RATIO, FREE },
    { "image.aspect.max", &RATIO, FREE },
    { "image.bytes_max.omni-video", &SIZE, FREE },
    { "image.bytes_max.omni-image", &SIZE, FREE },
    { "image.bytes_max.avatar", &SIZE, FREE },
    { "image.inline.encoded_warn", &SIZE, FREE },
    { "image.inline.encoded_total", &SIZE, FREE },
    { "image.inline.data_prefix", &SWITCH, FREE },
    { "image.by", &WORD_LIST, FREE },

    { "sound_file.formats", &WORD_LIST, NEEDED },
    { "sound_file.bytes_max", &SIZE, FREE },
    { "sound_file.duration.min_s", &DECIMAL, FREE },
    { "sound_file.duration.max_s", &DECIMAL, FREE },
    { "sound_file.by", &WORD_LIST, FREE },

    { "omni_video.prompt_max", &SIZE, NEEDED },
    { "omni_video.prompt_advised", &SIZE, FREE },
    { "omni_video.shots.min", &COUNT, FREE },
    { "omni_video.shots.max", &COUNT, FREE },
    { "omni_video.shots.prompt_max", &SIZE, FREE },
    { "omni_video.shots.duration_min_s", &SIZE, FREE },
    { "omni_video.shots.types", &WORD_LIST, FREE },
    { "omni_video.shots.types_warn", &WORD_LIST, FREE },
    { "omni_video.shots.with_base", &SWITCH, FREE },
    { "omni_video.refer_types", &WORD_LIST, FREE },
    { "omni_video.refer_type_default", &WORD, FREE },
    { "omni_video.keep_original_sound", &WORD_LIST, FREE },
    { "omni_video.keep_original_sound_default", &WORD, FREE },
    { "omni_video.sound", &WORD_LIST, FREE },
    { "omni_video.sound_default", &WORD, FREE },
    { "omni_video.sound_with_video.base", &WORD_LIST, FREE },
    { "omni_video.sound_with_video.feature", &WORD_LIST, FREE },
    { "omni_video.modes", &WORD_LIST, NEEDED },
    { "omni_video.modes_warn", &WORD_LIST, FREE },
    { "omni_video.mode_default", &WORD, NEEDED },
    { "omni_video.aspect_ratios", &WORD_LIST, FREE },
    { "omni_video.duration_type", &DURATION_TYPE, FREE },
    { "omni_video.duration_s.min", &SIZE, FREE },
    { "omni_video.duration_s.max", &SIZE, FREE },
    { "omni_video.duration_s.default", &SIZE, FREE },
    { "omni_video.duration_s.max_with_feature", &SIZE, FREE },
    { "omni_video.duration_s.only.text", &SIZE_LIST, FREE },
    { "omni_video.duration_s.only.first_frame_only", &SIZE_LIST, FREE },
    { "omni_video.images_plus_elements.with_video", &COUNT, FREE },
    { "omni_video.images_plus_elements.without_video", &COUNT, FREE },
    { "omni_video.elements_with_frames", &COUNT, FREE },
    { "omni_video.elements_with_end_frame", &COUNT, FREE },
    { "omni_video.feature_with_end_frame", &SWITCH, FREE },
    { "omni_video.end_frame_images_max", &SIZE, FREE },
    { "omni_video.character_elements", &COUNT, FREE },
    { "omni_video.character_elements_with_video", &COUNT, FREE },
    { "omni_video.mixed_elements_plus_images", &COUNT, FREE },
    { "omni_video.multi_shot_default", &SWITCH, FREE },
    { "omni_video.callback_url", &SWITCH, FREE },
    { "omni_video.cite", &CITATION, NEEDED },

    { "omni_image.prompt_max", &SIZE, NEEDED },
    { "omni_image.images_plus_elements", &COUNT, FREE },
    { "omni_image.resolutions", &WORD_LIST, FREE },
    { "omni_image.n", &RANGE, FREE },
    { "omni_image.series", &RANGE, FREE },
    { "omni_image.series_auto", &SWITCH, FREE },
    { "omni_image.aspect_ratios", &WORD_LIST, FREE },
    { "text_to_audio.prompt_max", &SIZE, NEEDED },
    { "text_to_audio.duration_s.min", &DECIMAL, FREE },
    { "text_to_audio.duration_s.max", &DECIMAL, FREE },
    { "text_to_audio.duration_s.step", &DECIMAL, FREE },
    { "avatar.prompt_max", &SIZE, NEEDED },
    { "avatar.modes", &WORD_LIST, FREE },
    { "avatar.mode_default", &WORD, FREE },

    { "result.fps", &RATIO, NEEDED },
    { "result.size.*.*", &PAIR, FREE },
    { "result.retention_days", &SIZE, FREE },
    { "result.succeed_words", &WORD_LIST, NEEDED },
    { "billing.round", &ROUNDING, FREE },
    { "billing.units_per_s.*.plain", &DECIMAL, FREE },
    { "billing.units_per_s.*.sound", &DECIMAL, FREE },
    { "billing.units_per_s.*.video", &DECIMAL, FREE },
    { "billing.avatar_units_per_s.*", &DECIMAL, FREE },
    { "billing.text_to_audio_units", &DECIMAL, FREE },
    { "billing.image_units.*", &DECIMAL, FREE },
    { "billing.confidence", &WORD, FREE },
    { "query.by_external_id.text_to_audio", &WORD, FREE },
    { "query.by_external_id.omni_video", &WORD, FREE },
    { "query.by_external_id.omni_image", &WORD, FREE },
    { "query.by_external_id.avatar", &WORD, FREE },
    { "query.list", &WORD, FREE },
    { "query.batch_ids_max", &SIZE, FREE },
    { "query.duplicate_refused", &WORD, FREE },
};

/* The first is at most the second, where both are. */
static const struct {
    const char *low, *high;
} bounds[] = {
    { "video.duration.min_s", "video.duration.max_s" },
    { "video.duration.max_s", "video.duration.grace_max_s" },
    { "video.side_px.min", "video.side_px.max" },
    { "video.side_px.grace_min", "video.side_px.min" },
    { "video.aspect.min", "video.aspect.max" },
    { "video.aspect.max", "video.aspect.implied_max" },
    { "video.fps.min", "video.fps.max" },
    { "video.bytes_max", "video.bytes_if_binary" },
    { "image.side_px_min", "image.side_px_warn_above" },
    { "image.aspect.min", "image.aspect.max" },
    { "image.inline.encoded_warn", "image.inline.encoded_total" },
    { "sound_file.duration.min_s", "sound_file.duration.max_s" },
    { "omni_video.prompt_advised", "omni_video.prompt_max" },
    { "omni_video.shots.min", "omni_video.shots.max" },
    { "omni_video.duration_s.min", "omni_video.duration_s.max" },
    { "omni_video.duration_s.min", "omni_video.duration_s.default" },
    { "omni_video.duration_s.default", "omni_video.duration_s.max" },
    { "omni_video.duration_s.max_with_feature", "omni_video.duration_s.max" },
    { "text_to_audio.duration_s.min", "text_to_audio.duration_s.max" },
    { "text_to_audio.duration_s.step", "text_to_audio.duration_s.max" },
};

/* The first is one of the second's words. */
static const struct {
    const char *word, *list;
} choices[] = {
    { "omni_video.refer_type_default", "omni_video.refer_types" },
    { "omni_video.keep_original_sound_default", "omni_video.keep_original_sound" },
    { "omni_video.sound_default", "omni_video.sound" },
    { "omni_video.mode_default", "omni_video.modes" },
    { "avatar.mode_default", "avatar.modes" },
};

/* ---- judging ---- */

enum match { NO, BEGINNING, WHOLE };

/* How far a path goes along the path of a key. */
static enum match match(const char *key, const char *path)
{
    for (;;) {
        size_t a = strcspn(key, "."), b = strcspn(path, ".");

        if (!(a == 1 && *key == '*') && (a != b || strncmp(key, path, a) != 0))
            return NO;
        key += a;
        path += b;
        if (!*path)
            return *key ? BEGINNING : WHOLE;
        if (!*key)
            return NO;
        key++;
        path++;
    }
}

static const struct key *find_key(const char *path, enum match *how)
{
    *how = NO;
    for (size_t i = 0; i < OSP_COUNT(keys); i++) {
        *how = match(keys[i].path, path);
        if (*how != NO)
            return &keys[i];
    }
    return NULL;
}

static void judge_members(struct lint *l, const struct json *object, const char *path)
{
    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        const char *name = json_key(m);
        OSP_AUTO(auto_free) char *where = str_format("%s%s%s", path, path[0] ? "." : "", name);
        enum match how = NO;
        const struct key *key = where && !strchr(name, '.') ? find_key(where, &how) : NULL;

        l->failed = l->failed || !where;
        if (!where || !key)
            say(l, "profile.unknown-key", where ? where : "", "no such key: nothing would read it");
        else if (how == WHOLE && !key->kind->is(m))
            say(l, "profile.type", where, "it must be %s", key->kind->what);
        else if (how == BEGINNING && !json_is_object(m))
            say(l, "profile.type", where, "it must be an object");
        else if (how == BEGINNING)
            judge_members(l, m, where);
    }
}

static void judge_missing(struct lint *l)
{
    for (size_t i = 0; i < OSP_COUNT(keys); i++) {
        if (keys[i].needed && json_is_null(json_path(l->root, keys[i].path)))
            say(l, "profile.missing", keys[i].path, "it is missing; it must be %s",
                keys[i].kind->what);
    }
}

/* A number, a decimal or a ratio; 0/0: none, or not well formed, which is said elsewhere. */
static osp_rational number_at(const struct lint *l, const char *path)
{
    const struct json *value = json_path(l->root, path);
    osp_rational number = { 0, 0 };

    if (is_pair(value))
        return rational(json_int64_or(json_at(value, 0), 0), json_int64_or(json_at(value, 1), 0));
    if (json_text(value))
        (void)rational_parse(json_text(value), &number); /* stays unknown */
    return number;
}

static void judge_bounds(struct lint *l)
{
    for (size_t i = 0; i < OSP_COUNT(bounds); i++) {
        osp_rational low = number_at(l, bounds[i].low), high = number_at(l, bounds[i].high);
        char a[40], b[40];

        if (!rational_known(low) || !rational_known(high) || rational_compare(low, high) <= 0)
            continue;
        rational_print(low, 4, a, sizeof(a));
        rational_print(high, 4, b, sizeof(b));
        say(l, "profile.bounds", bounds[i].low, "it is %s, above %s of %s", a, b, bounds[i].high);
    }
}

static void judge_choices(struct lint *l)
{
    for (size_t i = 0; i < OSP_COUNT(choices); i++) {
        const char *word = json_string(json_path(l->root, choices[i].word));
        const struct json *list = json_path(l->root, choices[i].list), *m = json_first(list);

        while (m && !(word && json_string(m) && strcmp(json_string(m), word) == 0))
            m = json_next(m);
        if (word && json_is_array(list) && !m)
            say(l, "profile.value", choices[i].word, "'%.60s' is none of %s", word,
                choices[i].list);
    }
}

/* A null that removes nothing is a slip of the pen. */
static void judge_nulls(struct lint *l, const struct json *patch, const struct json *base,
                        const char *path)
{
    for (const struct json *m = json_first(patch); m; m = json_next(m)) {
        OSP_AUTO(auto_free) char *where = str_format("%s.%s", path, json_key(m));
        const struct json *old = json_get(base, json_key(m));

        l->failed = l->failed || !where;
        if (where && json_is_null(m) && !old)
            say(l, "profile.value", where, "null removes a key, and the base has none here");
        else if (where && json_is_object(m))
            judge_nulls(l, m, old, where);
    }
}

static void judge_whole(struct lint *l)
{
    judge_members(l, l->root, "");
    judge_missing(l);
    judge_bounds(l);
    judge_choices(l);
}

static int judge_patch(struct lint *l, const struct json *file, osp_error *err)
{
    OSP_AUTO(osp_profile_free) osp_profile *base = NULL;
    OSP_AUTO(json_free) struct json *merged = NULL;
    const char *name = json_string(json_get(file, "base"));
    const struct json *patch = json_get(file, "patch");
    osp_error fault = { 0 };
    int ret;

    for (const struct json *m = json_first(file); m; m = json_next(m)) {
        if (strcmp(json_key(m), "base") != 0 && strcmp(json_key(m), "patch") != 0)
            say(l, "profile.unknown-key", json_key(m), "a patch has base and patch alone");
    }
    if (!json_is_object(patch))
        say(l, patch ? "profile.type" : "profile.missing", "patch", "it must be an object");
    if (!name) {
        say(l, "profile.base", "base", "it must be the name of a built-in profile");
        return OSP_OK;
    }
    ret = osp_profile_find(name, &base, &fault);
    if (ret == OSP_EUSAGE)
        say(l, "profile.base", "base", "%s", fault.text);
    if (ret < 0 || !json_is_object(patch))
        return ret == OSP_EINTERNAL ? osp_fail(err, OSP_EINTERNAL, "%s", fault.text) : OSP_OK;
    merged = json_copy(profile_get(base, ""));
    if (!merged)
        return osp_nomem(err);
    judge_nulls(l, patch, merged, "patch");
    json_merge(merged, patch);
    l->root = merged;
    judge_whole(l);
    l->root = NULL;
    return OSP_OK;
}

int osp_profile_lint(const char *json, size_t size, osp_findings **out, osp_error *err)
{
    OSP_AUTO(osp_findings_free) osp_findings *findings = findings_new("omnisplice", "");
    OSP_AUTO(json_free) struct json *file = NULL;
    struct lint l = { .findings = findings };
    osp_error fault = { 0 };
    int ret;

    if (!findings)
        return osp_nomem(err);
    ret = json_parse(json, size, "the profile", &file, &fault);
    if (ret == OSP_EINTERNAL)
        return osp_fail(err, OSP_EINTERNAL, "%s", fault.text);
    l.root = file;
    if (ret < 0)
        say(&l, "profile.json", "", "%s", fault.text);
    else if (!json_is_object(file))
        say(&l, "profile.json", "", "it is JSON, but no object");
    else if (json_get(file, "base") || json_get(file, "patch"))
        ret = judge_patch(&l, file, err);
    else
        judge_whole(&l);
    if (ret == OSP_EINTERNAL || l.failed)
        return osp_nomem(err);
    findings_sort(findings);
    *out = OSP_TAKE(findings);
    return OSP_OK;
}
