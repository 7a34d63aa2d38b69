/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "sim/limits.h"

enum { /* JSON types a field may have */
       STRING = 1,
       NUMBER = 2,
       BOOL = 4,
       ARRAY = 8,
       OBJECT = 16,
};

enum rule {
    ANY,
    LENGTH, /* limit: most code points */
    ONE_OF, /* limit: a list; "" counts as absent */
    WITHIN, /* limit: {min, max} */
};

struct field {
    const char *name;
    unsigned types;
    bool required; /* present and not "" */
    enum rule rule;
    const char *limit; /* below the endpoint's name */
};

/* The documents' own examples send "" and [] for what is not used: both are taken. */
static const struct field omni_video[] = {
    { "multi_shot", BOOL, false, ANY, "" },
    { "shot_type", STRING, false, ONE_OF, "shot_types" },
    { "prompt", STRING, false, LENGTH, "prompt_max" },
    { "multi_prompt", ARRAY, false, ANY, "" },
    { "image_list", ARRAY, false, ANY, "" },
    { "element_list", ARRAY, false, ANY, "" },
    { "video_list", ARRAY, false, ANY, "" },
    { "sound", STRING, false, ONE_OF, "sound" },
    { "mode", STRING, false, ONE_OF, "modes" },
    { "aspect_ratio", STRING, false, ONE_OF, "aspect_ratios" },
    { "duration", STRING | NUMBER, false, WITHIN, "duration_s" },
    { NULL, 0, false, ANY, NULL },
};
static const struct field omni_image[] = {
    { "prompt", STRING, true, LENGTH, "prompt_max" },
    { "image_list", ARRAY, false, ANY, "" },
    { "element_list", ARRAY, false, ANY, "" },
    { "resolution", STRING, false, ONE_OF, "resolutions" },
    { "result_type", STRING, false, ONE_OF, "result_types" },
    { "n", NUMBER, false, WITHIN, "n" },
    { "series_amount", NUMBER, false, WITHIN, "series_amount" },
    { "aspect_ratio", STRING, false, ONE_OF, "aspect_ratios" },
    { NULL, 0, false, ANY, NULL },
};
static const struct field text_to_audio[] = {
    { "prompt", STRING, true, LENGTH, "prompt_max" },
    { "duration", NUMBER, true, WITHIN, "duration_s" },
    { NULL, 0, false, ANY, NULL },
};
static const struct field avatar[] = {
    { "image", STRING, true, ANY, "" },         { "audio_id", STRING, false, ANY, "" },
    { "sound_file", STRING, false, ANY, "" },   { "prompt", STRING, false, LENGTH, "prompt_max" },
    { "mode", STRING, false, ONE_OF, "modes" }, { NULL, 0, false, ANY, NULL },
};
static const struct field everywhere[] = {
    { "external_task_id", STRING, false, ANY, "" },
    { "callback_url", STRING, false, ANY, "" },
    { "watermark_info", OBJECT | ARRAY, false, ANY, "" },
    { NULL, 0, false, ANY, NULL },
};

static void refuse(struct sim_refusal *refusal, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void refuse(struct sim_refusal *refusal, int code, const char *format, ...)
{
    va_list args;

    if (refusal->code)
        return; /* the first stands */
    refusal->code = code;
    va_start(args, format);
    vsnprintf(refusal->message, sizeof(refusal->message), format, args);
    va_end(args);
}

static unsigned type_of(const struct json *value)
{
    return json_is_string(value)   ? STRING
           : json_is_number(value) ? NUMBER
           : json_is_bool(value)   ? BOOL
           : json_is_array(value)  ? ARRAY
                                   : OBJECT;
}

/* Absent, null and "" are one. */
static bool given(const struct json *value)
{
    const char *text = json_string(value);

    return !json_is_null(value) && !(text && !*text);
}

static bool keeps_rule(const struct json *limits, const char *path, enum rule rule,
                       const struct json *value)
{
    osp_rational number, min, max;
    char bound[96];

    if (rule == LENGTH) {
        long length = str_code_points(json_string(value));

        return length >= 0 && length <= sim_limit_int(limits, path);
    }
    if (rule == ONE_OF)
        return sim_limit_lists(limits, path, json_string(value));
    if (rule != WITHIN)
        return true;
    if (!rational_parse(json_text(value), &number))
        return false;
    snprintf(bound, sizeof(bound), "%s.min", path);
    min = sim_limit(limits, bound);
    snprintf(bound, sizeof(bound), "%s.max", path);
    max = sim_limit(limits, bound);
    return rational_compare(number, min) >= 0 && rational_compare(number, max) <= 0;
}

static void judge_fields(const struct json *limits, const char *endpoint,
                         const struct field *fields, const struct json *object,
                         struct sim_refusal *refusal)
{
    for (const struct field *field = fields; field->name; field++) {
        const struct json *value = json_get(object, field->name);
        char path[80];

        if (!given(value)) {
            if (field->required)
                refuse(refusal, 1201, "%s cannot be empty", field->name);
            continue;
        }
        if (!(type_of(value) & field->types)) {
            refuse(refusal, 1200, "%s has an invalid type", field->name);
            continue;
        }
        snprintf(path, sizeof(path), "%s.%s", endpoint, field->limit);
        if (!keeps_rule(limits, path, field->rule, value))
            refuse(refusal, 1201, "%s value is invalid", field->name);
    }
}

const char *sim_request_text(const struct json *request, const char *field, const char *otherwise)
{
    const char *text = json_text(json_get(request, field));

    return text && *text ? text : otherwise;
}

const struct json *sim_request_video(const struct json *request)
{
    return json_at(json_get(request, "video_list"), 0);
}

bool sim_request_is_base(const struct json *request)
{
    const struct json *video = sim_request_video(request);

    return video && strcmp(sim_request_text(video, "refer_type", "base"), "base") == 0;
}

char *sim_request_prompts(const struct json *request)
{
    const struct json *shots = json_get(request, "multi_prompt");
    struct strbuf text = STRBUF_INIT;

    strbuf_puts(&text, sim_request_text(request, "prompt", ""));
    for (size_t i = 0; i < json_size(shots); i++)
        strbuf_printf(&text, " %s", sim_request_text(json_at(shots, i), "prompt", ""));
    return strbuf_take(&text);
}

static bool is_address(const char *text)
{
    return str_starts(text, "http://") || str_starts(text, "https://");
}

static void judge_video(const struct json *limits, const struct json *request,
                        struct sim_refusal *refusal)
{
    const struct json *list = json_get(request, "video_list"), *video = json_at(list, 0);

    if ((int64_t)json_size(list) > sim_limit_int(limits, "video.count_max"))
        refuse(refusal, 1201, "video_list supports at most one video");
    if (!video)
        return;
    if (!is_address(sim_request_text(video, "video_url", "")))
        refuse(refusal, 1201, "video_url cannot be empty and must be a URL");
    if (!sim_limit_lists(limits, "omni-video.refer_types",
                         sim_request_text(video, "refer_type", "base")))
        refuse(refusal, 1201, "refer_type value is invalid");
    if (!sim_limit_lists(limits, "omni-video.keep_original_sound",
                         sim_request_text(video, "keep_original_sound", "no")))
        refuse(refusal, 1201, "keep_original_sound value is invalid");
    if (strcmp(sim_request_text(request, "sound", "off"), "on") == 0)
        refuse(refusal, 1201, "sound on is not supported with video input");
    if (sim_request_is_base(request) && json_true(json_get(request, "multi_shot")))
        refuse(refusal, 1201, "multi_shot is not supported with a video to be edited");
}

struct images {
    int64_t count, first, end;
};

static struct images judge_images(const struct json *limits, const struct json *request,
                                  struct sim_refusal *refusal)
{
    const struct json *list = json_get(request, "image_list");
    struct images images = { .count = (int64_t)json_size(list) };

    for (size_t i = 0; i < json_size(list); i++) {
        const char *type = sim_request_text(json_at(list, i), "type", "");

        if (!json_string(json_get(json_at(list, i), "image_url")) ||
            !*sim_request_text(json_at(list, i), "image_url", ""))
            refuse(refusal, 1201, "image_url cannot be empty");
        if (*type && !sim_limit_lists(limits, "omni-video.frame_types", type))
            refuse(refusal, 1201, "type value of image_list is invalid");
        images.first += strcmp(type, "first_frame") == 0;
        images.end += strcmp(type, "end_frame") == 0;
    }
    if (images.first > 1 || images.end > 1)
        refuse(refusal, 1201, "only one first_frame and one end_frame are supported");
    if (images.end && !images.first)
        refuse(refusal, 1201, "end_frame is not supported without first_frame");
    if (images.end && images.count > sim_limit_int(limits, "omni-video.end_frame_images_max"))
        refuse(refusal, 1201, "end_frame is not supported with more than %lld images",
               (long long)sim_limit_int(limits, "omni-video.end_frame_images_max"));
    if (images.first + images.end > 0 && sim_request_is_base(request))
        refuse(refusal, 1201, "first_frame and end_frame are not supported with video editing");
    return images;
}

static int64_t judge_elements(const struct json *request, struct sim_refusal *refusal)
{
    const struct json *list = json_get(request, "element_list");

    for (size_t i = 0; i < json_size(list); i++) {
        int64_t id;

        if (!json_int64(json_get(json_at(list, i), "element_id"), &id))
            refuse(refusal, 1201, "element_id value is invalid");
    }
    return (int64_t)json_size(list);
}

static void judge_shots(const struct json *limits, const struct json *request,
                        struct sim_refusal *refusal)
{
    const struct json *list = json_get(request, "multi_prompt");
    int64_t count = (int64_t)json_size(list), sum = 0, total;

    if (count < sim_limit_int(limits, "omni-video.shots.min") ||
        count > sim_limit_int(limits, "omni-video.shots.max"))
        refuse(refusal, 1201, "multi_prompt holds an invalid number of shots");
    for (int64_t i = 0; i < count; i++) {
        const struct json *shot = json_at(list, (size_t)i);
        const char *prompt = sim_request_text(shot, "prompt", "");
        int64_t seconds = json_int64_or(json_get(shot, "duration"), 0);

        if (json_int64_or(json_get(shot, "index"), 0) != i + 1)
            refuse(refusal, 1201, "index of multi_prompt must count from 1");
        if (!*prompt ||
            str_code_points(prompt) > sim_limit_int(limits, "omni-video.shots.prompt_max"))
            refuse(refusal, 1201, "prompt of multi_prompt is empty or too long");
        if (seconds < sim_limit_int(limits, "omni-video.shots.duration_min_s"))
            refuse(refusal, 1201, "duration of multi_prompt is invalid");
        sum += seconds;
    }
    total = json_int64_or(json_get(request, "duration"),
                          sim_limit_int(limits, "omni-video.duration_s.default"));
    if (sum != total)
        refuse(refusal, 1201, "the durations of multi_prompt must add up to duration");
}

static void judge_omni_video(const struct json *limits, const struct json *request,
                             struct sim_refusal *refusal)
{
    const char *shot_type = sim_request_text(request, "shot_type", "");
    bool multi = json_true(json_get(request, "multi_shot"));
    bool customize = multi && strcmp(shot_type, "customize") == 0;
    struct images images = judge_images(limits, request, refusal);
    int64_t elements = judge_elements(request, refusal), whole;
    bool video = sim_request_video(request) != NULL;

    judge_video(limits, request, refusal);
    if (given(json_get(request, "duration")) && !json_int64(json_get(request, "duration"), &whole))
        refuse(refusal, 1201, "duration value is invalid");
    if (multi && !*shot_type)
        refuse(refusal, 1201, "shot_type cannot be empty when multi_shot is true");
    if (customize)
        judge_shots(limits, request, refusal);
    else if (!given(json_get(request, "prompt")))
        refuse(refusal, 1201, "prompt cannot be empty");
    if (images.count + elements >
        sim_limit_int(limits, video ? "omni-video.images_plus_elements.with_video"
                                    : "omni-video.images_plus_elements.without_video"))
        refuse(refusal, 1201, "too many images and elements");
    if (images.first && elements > sim_limit_int(limits, "omni-video.elements_with_frames"))
        refuse(refusal, 1201, "too many elements with first_frame");
    if (!given(json_get(request, "aspect_ratio")) && !images.first && !sim_request_is_base(request))
        refuse(refusal, 1201, "aspect_ratio cannot be empty");
}

static void judge_omni_image(const struct json *limits, const struct json *request,
                             struct sim_refusal *refusal)
{
    const struct json *images = json_get(request, "image_list");
    int64_t elements = judge_elements(request, refusal);

    for (size_t i = 0; i < json_size(images); i++) {
        if (!*sim_request_text(json_at(images, i), "image", ""))
            refuse(refusal, 1201, "image cannot be empty");
    }
    if ((int64_t)json_size(images) + elements >
        sim_limit_int(limits, "omni-image.images_plus_elements"))
        refuse(refusal, 1201, "too many images and elements");
}

static void judge_avatar(const struct json *limits, const struct json *request,
                         struct sim_refusal *refusal)
{
    (void)limits;
    if (given(json_get(request, "audio_id")) == given(json_get(request, "sound_file")))
        refuse(refusal, 1201, "exactly one of audio_id and sound_file is needed");
}

static const struct {
    const struct field *fields;
    void (*combinations)(const struct json *limits, const struct json *request,
                         struct sim_refusal *refusal);
} judges[SIM_ENDPOINT_COUNT] = {
    [SIM_OMNI_VIDEO] = { omni_video, judge_omni_video },
    [SIM_OMNI_IMAGE] = { omni_image, judge_omni_image },
    [SIM_TEXT_TO_AUDIO] = { text_to_audio, NULL },
    [SIM_AVATAR] = { avatar, judge_avatar },
};

void sim_request_judge(const struct json *limits, enum sim_endpoint endpoint,
                       const struct json *request, struct sim_refusal *refusal)
{
    const char *name = sim_endpoint_name(endpoint);

    memset(refusal, 0, sizeof(*refusal));
    if (!json_is_object(request)) {
        refuse(refusal, 1200, "the request body is not a JSON object");
        return;
    }
    judge_fields(limits, name, judges[endpoint].fields, request, refusal);
    judge_fields(limits, name, everywhere, request, refusal);
    if (!refusal->code && judges[endpoint].combinations)
        judges[endpoint].combinations(limits, request, refusal);
}
