/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A whole request, step by step; request.h says what each step is. */
#include "check/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/error.h"
#include "base/str.h"

#define FINDINGS_KEPT 200 /* of each level */

static const char *const endpoint_names[] = { "guess", "omni-video", "omni-image", "text-to-audio",
                                              "avatar" };

const char *osp_endpoint_name(osp_endpoint endpoint)
{
    return (size_t)endpoint < OSP_COUNT(endpoint_names) ? endpoint_names[endpoint] : "guess";
}

int osp_endpoint_find(const char *name)
{
    for (size_t i = 0; i < OSP_COUNT(endpoint_names); i++) {
        if (strcmp(endpoint_names[i], name) == 0)
            return (int)i;
    }
    return -1;
}

void osp_request_options_init(osp_request_options *options)
{
    *options = (osp_request_options){ .size = sizeof(*options) };
}

/* Each word by its place in the two forms; NULL: the form has no such field. */
static const struct {
    const char *legacy, *native;
} places[WORDS] = {
    [WORD_PROMPT] = { "prompt", "contents" },
    [WORD_MULTI_SHOT] = { "multi_shot", "settings.multi_shot" },
    [WORD_SHOT_TYPE] = { "shot_type", NULL },
    [WORD_SHOTS] = { "multi_prompt", "contents" },
    [WORD_SOUND] = { "sound", "settings.audio" },
    [WORD_MODE] = { "mode", "settings.resolution" },
    [WORD_ASPECT] = { "aspect_ratio", "settings.aspect_ratio" },
    [WORD_DURATION] = { "duration", "settings.duration" },
    [WORD_MODEL] = { "model_name", NULL },
    [WORD_CALLBACK] = { "callback_url", "options.callback_url" },
    [WORD_RESOLUTION] = { "resolution", NULL },
    [WORD_RESULT_TYPE] = { "result_type", NULL },
    [WORD_N] = { "n", NULL },
    [WORD_SERIES] = { "series_amount", NULL },
    [WORD_AUDIO_ID] = { "audio_id", NULL },
    [WORD_SOUND_FILE] = { "sound_file", NULL },
    [WORD_IMAGES] = { "image_list", "contents" },
    [WORD_ELEMENTS] = { "element_list", "contents" },
    [WORD_VIDEOS] = { "video_list", "contents" },
};

const char *request_path(const struct request *r, enum word word)
{
    const char *place = r->native ? places[word].native : places[word].legacy;

    if (word == WORD_PROMPT && r->prompt_path[0])
        return r->prompt_path;
    return place ? place : "";
}

void request_join(char out[REQUEST_PATH], const char *path, const char *name, size_t index)
{
    char whole[2 * REQUEST_PATH];

    if (name)
        snprintf(whole, sizeof(whole), "%s%s%.*s", path, path[0] ? "." : "", REQUEST_PATH - 1,
                 name);
    else
        snprintf(whole, sizeof(whole), "%s[%zu]", path, index);
    whole[str_utf8_span(whole)] = 0; /* a name cut within a character */
    str_copy(out, REQUEST_PATH, whole);
}

osp_finding *request_say(struct request *r, const char *rule, osp_level level, const char *path,
                         const char *format, ...)
{
    osp_finding *finding = NULL;
    va_list args;

    if (r->said[level] < FINDINGS_KEPT) {
        finding = findings_add(r->findings, rule, level, "none");
        r->said[level]++;
        r->failed = r->failed || !finding;
    }
    if (!finding)
        finding = &r->overflow;
    va_start(args, format);
    vsnprintf(finding->text, sizeof(finding->text), format, args);
    va_end(args);
    finding->text[str_utf8_span(finding->text)] = 0;
    str_copy(finding->path, sizeof(finding->path), path);
    return finding;
}

bool request_listed(const struct request *r, const char *list, const char *word)
{
    const struct json *entry = json_first(profile_get(r->profile, list));

    for (; entry; entry = json_next(entry)) {
        if (json_string(entry) && strcmp(json_string(entry), word) == 0)
            return true;
    }
    return false;
}

struct part *request_part(struct request *r, enum part_kind kind, const char *path)
{
    struct part *part = &r->spare_part;
    int64_t *counts[] = { &r->images, &r->videos, &r->elements, NULL };

    if (array_grow((void **)&r->parts, sizeof(*r->parts), r->part_count, &r->part_capacity))
        part = &r->parts[r->part_count++];
    else
        r->failed = true;
    *part = (struct part){ .kind = kind };
    str_copy(part->path, sizeof(part->path), path);
    if (counts[kind])
        part->number = (int)++*counts[kind];
    return part;
}

/* Text that is no request at all: one finding, and the verdict is that it cannot be read. */
static int unreadable(struct request *r, const char *text, osp_error *err)
{
    osp_finding *finding = request_say(r, "request.json", OSP_VIOLATION, "", "%s", text);

    str_copy(finding->measured, sizeof(finding->measured), "unreadable");
    r->findings->unreadable = true;
    return r->failed ? osp_nomem(err) : OSP_OK;
}

static int judge(struct request *r, osp_error *err)
{
    int ret;

    r->endpoint = r->options->endpoint;
    if (r->endpoint == OSP_ENDPOINT_GUESS)
        r->endpoint = request_guess(r->root, r->profile);
    r->native = r->endpoint == OSP_ENDPOINT_OMNI_VIDEO &&
                strcmp(profile_text_or(r->profile, "wire", "legacy"), "native") == 0;
    r->findings->endpoint = r->endpoint;
    r->findings->guessed = r->options->endpoint == OSP_ENDPOINT_GUESS;
    request_judge_fields(r);
    request_judge_rules(r);
    request_judge_citations(r);
    ret = request_judge_media(r, err);
    return ret < 0 ? ret : r->failed ? osp_nomem(err) : OSP_OK;
}

/* Media that cannot be read are the verdict only where nothing is in violation. */
static bool only_unreadable(const osp_findings *findings)
{
    bool some = false;

    for (size_t i = 0; i < findings->count; i++) {
        bool one = strcmp(findings->items[i].rule, "media.unreadable") == 0;

        if (findings->items[i].level == OSP_VIOLATION && !one)
            return false;
        some = some || one;
    }
    return some;
}

static int check(struct request *r, const char *json, size_t size, osp_error *err)
{
    OSP_AUTO(json_free) struct json *root = NULL;
    osp_error fault = { 0 };
    int ret = json_parse(json, size, "the request", &root, &fault);

    if (ret == OSP_EINTERNAL)
        return osp_fail(err, OSP_EINTERNAL, "%s", fault.text);
    if (ret < 0)
        return unreadable(r, fault.text, err);
    if (!json_is_object(root))
        return unreadable(r, "the request is JSON, but no object", err);
    r->root = root;
    ret = judge(r, err);
    r->root = NULL;
    findings_sort(r->findings);
    r->findings->unreadable = only_unreadable(r->findings);
    return ret;
}

int osp_check_request(const char *json, size_t size, const osp_request_options *opt,
                      osp_findings **out, osp_error *err)
{
    static const osp_request_options defaults = { .size = sizeof(defaults) };
    OSP_AUTO(osp_profile_free) osp_profile *own = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *findings = NULL;
    struct request r = { .options = opt ? opt : &defaults };
    int ret = OSP_OK;

    if (!r.options->profile && (ret = osp_profile_find(NULL, &own, err)) < 0)
        return ret;
    r.profile = r.options->profile ? r.options->profile : own;
    findings = findings_new(profile_text_or(r.profile, "source", "profile file"),
                            profile_text_or(r.profile, "as_of", ""));
    if (!findings)
        return osp_nomem(err);
    r.findings = findings;
    ret = check(&r, json, size, err);
    free(r.parts);
    free(r.shots);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(findings);
    return OSP_OK;
}
