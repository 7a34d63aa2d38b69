/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What each field may be, as tables. One walk over a request judges its fields and notes what the
 * rules need. The documents' own examples send "" and [] for what is not used, so these and null
 * count as absent. Numbers of the service are the profile's; a path that it lacks is no rule.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "check/request.h"

/* JSON types as a set; a whole number is both INTEGER and NUMBER. */
enum {
    STRING = 1,
    INTEGER = 2,
    NUMBER = 4,
    BOOL = 8,
    ARRAY = 16,
    OBJECT = 32,
};

struct field {
    const char *name;
    unsigned types;                /* what is to be sent */
    unsigned also;                 /* what is taken with a warning */
    const char *also_why;          /* more words for that warning; NULL: none */
    const char *types_from;        /* path of a word, "string" or "integer", that settles the two */
    const char *required;          /* id of the finding when it is missing; NULL: it may be */
    enum word word;                /* where its text goes */
    bool digits;                   /* its text is a whole number of 64 bits */
    const char *words[8];          /* enumeration that is part of the form itself, ended by NULL */
    const char *list;              /* path of an enumeration */
    const char *list_also;         /* path of values that only newer or other pages have */
    const char *list_id, *also_id; /* NULL: request.enum */
    const char *length;            /* path of the most code points */
    const char *advised;           /* path of a lower number that is only advised */
    const char *length_id;         /* NULL: request.length */
    const struct field *fields;    /* of the object, or of each object in the array */
    void (*read)(struct request *r, const struct json *value, const char *path);
};

#define END          \
    {                \
        .name = NULL \
    }

/* ---- entries that become parts and shots ---- */

static const char *text_of(const struct json *object, const char *key)
{
    const char *text = json_text(json_get(object, key));

    return text && *text ? text : NULL;
}

/* Media are strings; what else stands there is said by its type. An element's id may be a number.
 */
static void set_value(struct part *part, const struct json *entry, const char *key)
{
    const char *text = text_of(entry, key);

    part->value = part->kind == PART_ELEMENT || json_is_string(json_get(entry, key)) ? text : NULL;
    request_join(part->where, part->path, key, 0);
}

static void read_omni_image(struct request *r, const struct json *entry, const char *path)
{
    struct part *part = request_part(r, PART_IMAGE, path);

    part->use = OSP_USE_OMNI_IMAGE;
    set_value(part, entry, "image");
}

static void set_frame(struct request *r, struct part *part, osp_use use)
{
    part->use = use;
    r->first_frames += use == OSP_USE_FIRST_FRAME;
    r->end_frames += use == OSP_USE_END_FRAME;
}

static void set_video(struct request *r, struct part *part, bool feature)
{
    part->use = feature ? OSP_USE_FEATURE : OSP_USE_EDIT;
    r->features += feature;
    r->bases += !feature;
}

static void read_image(struct request *r, const struct json *entry, const char *path)
{
    struct part *part = request_part(r, PART_IMAGE, path);
    const char *type = text_of(entry, "type");

    set_frame(r, part,
              type && strcmp(type, "first_frame") == 0 ? OSP_USE_FIRST_FRAME
              : type && strcmp(type, "end_frame") == 0 ? OSP_USE_END_FRAME
                                                       : OSP_USE_REFERENCE_IMAGE);
    set_value(part, entry, "image_url");
}

static void read_video(struct request *r, const struct json *entry, const char *path)
{
    struct part *part = request_part(r, PART_VIDEO, path);
    const char *type = text_of(entry, "refer_type"), *keep = text_of(entry, "keep_original_sound");

    if (!type)
        type = profile_text_or(r->profile, "omni_video.refer_type_default", "base");
    set_video(r, part, strcmp(type, "feature") == 0);
    part->keeps_sound = keep && strcmp(keep, "yes") == 0;
    set_value(part, entry, "video_url");
}

static void count_character(struct request *r, const char *id)
{
    for (size_t i = 0; id && i < r->options->character_count; i++) {
        if (strcmp(r->options->characters[i], id) == 0) {
            r->characters++;
            return;
        }
    }
}

static void read_element(struct request *r, const struct json *entry, const char *path)
{
    struct part *part = request_part(r, PART_ELEMENT, path);

    set_value(part, entry, "element_id");
    count_character(r, part->value);
}

static struct shot *add_shot(struct request *r, const char *path)
{
    struct shot *shot = &r->spare_shot;

    if (array_grow((void **)&r->shots, sizeof(*r->shots), r->shot_count, &r->shot_capacity))
        shot = &r->shots[r->shot_count++];
    else
        r->failed = true;
    *shot = (struct shot){ .index = -1, .duration_s = -1 };
    str_copy(shot->path, sizeof(shot->path), path);
    return shot;
}

static void read_shot(struct request *r, const struct json *entry, const char *path)
{
    struct shot *shot = add_shot(r, path);

    shot->index = json_int64_or(json_get(entry, "index"), -1);
    shot->duration_s = json_int64_or(json_get(entry, "duration"), -1);
    shot->prompt = text_of(entry, "prompt");
}

static void read_avatar_image(struct request *r, const struct json *value, const char *path)
{
    struct part *part = request_part(r, PART_IMAGE, path);

    part->use = OSP_USE_AVATAR_IMAGE;
    part->value = json_string(value);
    str_copy(part->where, sizeof(part->where), path);
}

static void read_avatar_sound(struct request *r, const struct json *value, const char *path)
{
    struct part *part = request_part(r, PART_SOUND, path);

    part->use = OSP_USE_AVATAR_SOUND;
    part->value = json_string(value);
    str_copy(part->where, sizeof(part->where), path);
}

/* ---- the legacy form ---- */

static const struct field watermark[] = { { .name = "enabled", .types = BOOL }, END };

#define EVERYWHERE                                                                    \
    { .name = "external_task_id", .types = STRING },                                  \
    {                                                                                 \
        .name = "watermark_info", .types = OBJECT, .also = ARRAY, .fields = watermark \
    }

static const struct field omni_shots[] = {
    { .name = "index", .types = INTEGER, .required = "request.required" },
    { .name = "prompt",
      .types = STRING,
      .required = "request.required",
      .length = "omni_video.shots.prompt_max" },
    { .name = "duration",
      .types = STRING,
      .also = INTEGER,
      .types_from = "omni_video.duration_type",
      .digits = true,
      .required = "request.required" },
    END
};
static const struct field omni_images[] = {
    { .name = "image_url", .types = STRING, .required = "request.required" },
    { .name = "type", .types = STRING, .words = { "first_frame", "end_frame" } },
    END
};
static const struct field omni_elements[] = { { .name = "element_id",
                                                .types = INTEGER,
                                                .also = STRING,
                                                .also_why = "; it will be written as a bare number",
                                                .digits = true,
                                                .required = "request.required" },
                                              END };
static const struct field omni_videos[] = {
    { .name = "video_url", .types = STRING, .required = "video.url" },
    { .name = "refer_type", .types = STRING, .list = "omni_video.refer_types" },
    { .name = "keep_original_sound", .types = STRING, .list = "omni_video.keep_original_sound" },
    END
};
static const struct field omni_video[] = {
    { .name = "multi_shot", .types = BOOL, .word = WORD_MULTI_SHOT },
    { .name = "shot_type",
      .types = STRING,
      .word = WORD_SHOT_TYPE,
      .list = "omni_video.shots.types",
      .list_also = "omni_video.shots.types_warn",
      .also_id = "request.shot.intelligence" },
    { .name = "prompt", .types = STRING, .word = WORD_PROMPT, .length = "omni_video.prompt_max" },
    { .name = "multi_prompt",
      .types = ARRAY,
      .word = WORD_SHOTS,
      .fields = omni_shots,
      .read = read_shot },
    { .name = "image_list",
      .types = ARRAY,
      .word = WORD_IMAGES,
      .fields = omni_images,
      .read = read_image },
    { .name = "element_list",
      .types = ARRAY,
      .word = WORD_ELEMENTS,
      .fields = omni_elements,
      .read = read_element },
    { .name = "video_list",
      .types = ARRAY,
      .word = WORD_VIDEOS,
      .fields = omni_videos,
      .read = read_video },
    { .name = "sound",
      .types = STRING,
      .word = WORD_SOUND,
      .words = { "on", "off" } }, /* what of these a model can is a rule of its own */
    { .name = "mode",
      .types = STRING,
      .word = WORD_MODE,
      .list = "omni_video.modes",
      .list_also = "omni_video.modes_warn",
      .also_id = "request.mode" },
    { .name = "aspect_ratio",
      .types = STRING,
      .word = WORD_ASPECT,
      .list = "omni_video.aspect_ratios" },
    { .name = "duration",
      .types = STRING,
      .also = INTEGER,
      .types_from = "omni_video.duration_type",
      .digits = true,
      .word = WORD_DURATION },
    { .name = "model_name", .types = STRING, .word = WORD_MODEL },
    { .name = "callback_url", .types = STRING, .word = WORD_CALLBACK },
    EVERYWHERE,
    END
};

static const struct field image_images[] = {
    { .name = "image", .types = STRING, .required = "request.required" }, END
};
static const struct field omni_image[] = {
    { .name = "prompt",
      .types = STRING,
      .word = WORD_PROMPT,
      .required = "request.prompt.missing",
      .length = "omni_image.prompt_max" },
    { .name = "image_list",
      .types = ARRAY,
      .word = WORD_IMAGES,
      .fields = image_images,
      .read = read_omni_image },
    { .name = "element_list",
      .types = ARRAY,
      .word = WORD_ELEMENTS,
      .fields = omni_elements,
      .read = read_element },
    { .name = "resolution",
      .types = STRING,
      .word = WORD_RESOLUTION,
      .list = "omni_image.resolutions",
      .list_id = "omni-image.resolution" },
    { .name = "result_type",
      .types = STRING,
      .word = WORD_RESULT_TYPE,
      .words = { "single", "series" } },
    { .name = "n", .types = INTEGER, .word = WORD_N },
    { .name = "series_amount", .types = INTEGER | STRING, .word = WORD_SERIES },
    { .name = "aspect_ratio",
      .types = STRING,
      .word = WORD_ASPECT,
      .list = "omni_image.aspect_ratios" },
    { .name = "model_name", .types = STRING, .word = WORD_MODEL },
    { .name = "callback_url", .types = STRING },
    EVERYWHERE,
    END
};

static const struct field text_to_audio[] = {
    { .name = "prompt",
      .types = STRING,
      .word = WORD_PROMPT,
      .required = "audio.prompt",
      .length = "text_to_audio.prompt_max",
      .length_id = "audio.prompt" },
    { .name = "duration", .types = NUMBER, .word = WORD_DURATION, .required = "audio.duration" },
    { .name = "callback_url", .types = STRING },
    { .name = "external_task_id", .types = STRING },
    END
};

static const struct field avatar[] = {
    { .name = "image", .types = STRING, .required = "request.required", .read = read_avatar_image },
    { .name = "audio_id", .types = STRING, .word = WORD_AUDIO_ID },
    { .name = "sound_file", .types = STRING, .word = WORD_SOUND_FILE, .read = read_avatar_sound },
    { .name = "prompt",
      .types = STRING,
      .word = WORD_PROMPT,
      .length = "avatar.prompt_max",
      .length_id = "avatar.prompt" },
    { .name = "mode",
      .types = STRING,
      .word = WORD_MODE,
      .list = "avatar.modes",
      .list_id = "avatar.mode" },
    { .name = "callback_url", .types = STRING },
    EVERYWHERE,
    END
};

/* ---- the native form of omni-video ---- */

static void read_content(struct request *r, const struct json *entry, const char *path);

static const struct field native_contents[] = {
    { .name = "type",
      .types = STRING,
      .required = "request.required",
      .words = { "prompt", "first_frame", "last_frame", "refer_image", "feature_video",
                 "base_video", "element" } },
    { .name = "text",
      .types = STRING,
      .length = "omni_video.prompt_max",
      .advised = "omni_video.prompt_advised" },
    { .name = "url", .types = STRING },
    { .name = "id", .types = STRING },
    { .name = "element_id", .types = STRING, .also = INTEGER, .digits = true },
    END
};
static const struct field native_settings[] = {
    { .name = "multi_shot", .types = BOOL, .word = WORD_MULTI_SHOT },
    { .name = "audio", .types = STRING, .word = WORD_SOUND, .list = "omni_video.sound" },
    { .name = "resolution",
      .types = STRING,
      .word = WORD_MODE,
      .list = "omni_video.modes",
      .list_also = "omni_video.modes_warn",
      .also_id = "request.mode" },
    { .name = "aspect_ratio",
      .types = STRING,
      .word = WORD_ASPECT,
      .list = "omni_video.aspect_ratios" },
    { .name = "duration",
      .types = INTEGER,
      .also = STRING,
      .types_from = "omni_video.duration_type",
      .digits = true,
      .word = WORD_DURATION },
    END
};
static const struct field native_options[] = {
    { .name = "callback_url", .types = STRING, .word = WORD_CALLBACK }, EVERYWHERE, END
};
static const struct field native_video[] = {
    { .name = "contents",
      .types = ARRAY,
      .required = "request.required",
      .fields = native_contents,
      .read = read_content },
    { .name = "settings", .types = OBJECT, .fields = native_settings },
    { .name = "options", .types = OBJECT, .fields = native_options },
    { .name = "model_name", .types = STRING, .word = WORD_MODEL },
    END
};

/* "shot 1, 2, words;": past the number and its comma; NULL: it is not that */
static const char *number_and_comma(const char *p, int64_t *number)
{
    char digits[10];
    size_t length;

    p += strspn(p, " \t\r\n");
    length = strspn(p, "0123456789");
    if (!length || length >= sizeof(digits))
        return NULL;
    memcpy(digits, p, length);
    digits[length] = 0;
    *number = strtoll(digits, NULL, 10);
    p += length;
    p += strspn(p, " \t\r\n");
    return *p == ',' ? p + 1 : NULL;
}

/* Shots are written into the prompt: "shot n, m, words; shot n, m, words;". */
static void read_written_shots(struct request *r, const char *prompt, const char *path)
{
    int64_t most = profile_int_or(r->profile, "omni_video.shots.prompt_max", INT64_MAX);

    for (const char *p = prompt; *p && r->shot_count < ENTRIES_READ;) {
        size_t length = strcspn(p, ";");
        const char *end = p + length, *q = p + strspn(p, " \t\r\n");
        int64_t index, duration;
        OSP_AUTO(auto_free) char *words = NULL;
        struct shot *shot;

        p = end + (*end != 0);
        if (strncasecmp(q, "shot", 4) != 0 || !(q = number_and_comma(q + 4, &index)) ||
            !(q = number_and_comma(q, &duration)))
            continue;
        shot = add_shot(r, path);
        shot->index = index;
        shot->duration_s = duration;
        shot->prompt = prompt;
        words = strndup(q, (size_t)(end - q));
        if (words && str_code_points(words) > most)
            request_say(r, "request.length", OSP_VIOLATION, path,
                        "the words of shot %lld have %ld characters, the service takes at most "
                        "%lld",
                        (long long)index, str_code_points(words), (long long)most);
        r->failed = r->failed || !words;
    }
}

/* What an entry of this type needs besides the type. */
static const struct {
    const char *type, *needs;
    enum part_kind kind;
    osp_use use;
} contents[] = {
    { "first_frame", "url", PART_IMAGE, OSP_USE_FIRST_FRAME },
    { "last_frame", "url", PART_IMAGE, OSP_USE_END_FRAME },
    { "refer_image", "url", PART_IMAGE, OSP_USE_REFERENCE_IMAGE },
    { "feature_video", "url", PART_VIDEO, OSP_USE_FEATURE },
    { "base_video", "url", PART_VIDEO, OSP_USE_EDIT },
    { "element", "element_id", PART_ELEMENT, OSP_USE_GUESS },
};

static void missing(struct request *r, const char *rule, const char *path, const char *name)
{
    char where[REQUEST_PATH];

    request_join(where, path, name, 0);
    request_say(r, rule, OSP_VIOLATION, where, "%s is missing or empty", name);
}

static void read_prompt(struct request *r, const struct json *entry, const char *path)
{
    const char *text = text_of(entry, "text");
    char where[REQUEST_PATH];

    if (!text || !json_is_string(json_get(entry, "text")))
        return; /* the rule about prompts says it */
    request_join(where, path, "text", 0);
    if (!r->words[WORD_PROMPT]) {
        r->words[WORD_PROMPT] = text;
        str_copy(r->prompt_path, sizeof(r->prompt_path), where);
    }
    read_written_shots(r, text, where);
    r->shot_total = r->shot_count;
}

static void read_content(struct request *r, const struct json *entry, const char *path)
{
    const char *type = text_of(entry, "type");
    struct part *part;
    size_t i = 0;

    if (type && strcmp(type, "prompt") == 0)
        read_prompt(r, entry, path);
    while (type && i < OSP_COUNT(contents) && strcmp(contents[i].type, type) != 0)
        i++;
    if (!type || i == OSP_COUNT(contents))
        return;
    part = request_part(r, contents[i].kind, path);
    part->id = text_of(entry, "id");
    set_value(part, entry, contents[i].needs);
    if (part->kind == PART_IMAGE)
        set_frame(r, part, contents[i].use);
    else if (part->kind == PART_VIDEO)
        set_video(r, part, contents[i].use == OSP_USE_FEATURE);
    else
        count_character(r, part->value);
    if (!part->value)
        missing(r, part->kind == PART_VIDEO ? "video.url" : "request.required", path,
                contents[i].needs);
    if (part->kind == PART_ELEMENT && !part->id)
        missing(r, "request.required", path, "id");
}

/* ---- judging ---- */

static unsigned type_of(const struct json *value)
{
    if (json_is_number(value))
        return strspn(json_text(value), "-0123456789") == strlen(json_text(value))
                   ? INTEGER | NUMBER
                   : NUMBER;
    return json_is_string(value)  ? STRING
           : json_is_bool(value)  ? BOOL
           : json_is_array(value) ? ARRAY
                                  : OBJECT;
}

static const char *type_name(unsigned types)
{
    return types & INTEGER  ? "a whole number"
           : types & NUMBER ? "a number"
           : types & STRING ? "a string"
           : types & BOOL   ? "true or false"
           : types & ARRAY  ? "an array"
                            : "an object";
}

/* Absent, null, "" and, where a list belongs, [] are one. */
static bool given(const struct json *value, unsigned types)
{
    const char *text = json_string(value);

    return !json_is_null(value) && !(text && !*text) &&
           !(types & ARRAY && json_is_array(value) && !json_first(value));
}

/* The right types, and those taken with a warning; a profile may swap them. */
static unsigned right_types(const struct request *r, const struct field *field)
{
    const char *word = field->types_from ? profile_text_or(r->profile, field->types_from, "") : "";

    return strcmp(word, "integer") == 0  ? INTEGER
           : strcmp(word, "string") == 0 ? STRING
                                         : field->types;
}

static bool whole_number(const char *text)
{
    int64_t number;

    return str_to_int64(text, 0, INT64_MAX, &number);
}

/* @return false: nothing more can be said of the value */
static bool judge_type(struct request *r, const struct field *field, const struct json *value,
                       const char *path)
{
    unsigned type = type_of(value), right = right_types(r, field);
    osp_finding *finding;

    if (!(type & (field->types | field->also)) ||
        (field->digits && !whole_number(json_text(value)))) {
        finding = request_say(r, "request.type", OSP_VIOLATION, path, "%s is %s, not %s%s",
                              field->name, type_name(type), type_name(right),
                              !(field->digits && right & STRING) ? "" : " of digits");
        str_copy(finding->measured, sizeof(finding->measured), type_name(type));
        str_copy(finding->limit, sizeof(finding->limit), type_name(right));
        return false;
    }
    if (type & right)
        return true;
    finding = request_say(r, "request.type", OSP_WARNING, path, "%s is %s, documented is %s%s",
                          field->name, type_name(type), type_name(right),
                          field->also_why ? field->also_why : "");
    str_copy(finding->measured, sizeof(finding->measured), type_name(type));
    str_copy(finding->limit, sizeof(finding->limit), type_name(right));
    return true;
}

static void list_words(const struct request *r, const struct field *field, char *out, size_t size)
{
    const struct json *entry = json_first(field->list ? profile_get(r->profile, field->list)
                                                      : NULL);

    out[0] = 0;
    for (size_t i = 0; i < OSP_COUNT(field->words) && field->words[i]; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s%s", i ? ", " : "", field->words[i]);
    for (; entry; entry = json_next(entry))
        snprintf(out + strlen(out), size - strlen(out), "%s%s", out[0] ? ", " : "",
                 json_string(entry) ? json_string(entry) : "");
}

static bool among(const struct field *field, const char *word)
{
    for (size_t i = 0; i < OSP_COUNT(field->words) && field->words[i]; i++) {
        if (strcmp(field->words[i], word) == 0)
            return true;
    }
    return false;
}

static void judge_word(struct request *r, const struct field *field, const char *word,
                       const char *path)
{
    bool has_list = field->list && json_first(profile_get(r->profile, field->list));
    char words[200];
    osp_finding *finding;

    if ((!has_list && !field->words[0]) || among(field, word) ||
        (field->list && request_listed(r, field->list, word)))
        return;
    list_words(r, field, words, sizeof(words));
    if (field->list_also && request_listed(r, field->list_also, word))
        finding = request_say(r, field->also_id, OSP_WARNING, path,
                              "%s '%.40s' is not in this service's document, although newer pages "
                              "of the model's maker have it (documented: %s)",
                              field->name, word, words);
    else
        finding = request_say(r, field->list_id ? field->list_id : "request.enum", OSP_VIOLATION,
                              path, "%s '%.40s' is none of %s", field->name, word, words);
    str_copy(finding->measured, sizeof(finding->measured), word);
    str_copy(finding->limit, sizeof(finding->limit), words);
}

/* Characters are code points; whether the service counts bytes or UTF-16 is not known, so a text
 * that fits by one count and not by another is worth a note. */
static void judge_length(struct request *r, const struct field *field, const char *text,
                         const char *path)
{
    int64_t most = profile_int_or(r->profile, field->length, INT64_MAX);
    int64_t advised = field->advised ? profile_int_or(r->profile, field->advised, most) : most;
    const char *rule = field->length_id ? field->length_id : "request.length";
    long length = str_code_points(text);
    osp_finding *finding;

    if (length > most)
        finding = request_say(r, rule, OSP_VIOLATION, path,
                              "%s has %ld characters, the service takes at most %lld", field->name,
                              length, (long long)most);
    else if (length > advised)
        finding = request_say(r, rule, OSP_WARNING, path,
                              "%s has %ld characters; %lld are taken, at most %lld are advised",
                              field->name, length, (long long)most, (long long)advised);
    else if ((int64_t)strlen(text) > most)
        finding = request_say(r, rule, OSP_NOTE, path,
                              "%s has %ld characters, but %zu bytes; whether the service counts "
                              "characters is not known, and its bound is %lld",
                              field->name, length, strlen(text), (long long)most);
    else
        return;
    snprintf(finding->measured, sizeof(finding->measured), "%ld", length);
    snprintf(finding->limit, sizeof(finding->limit), "%lld",
             (long long)(finding->level == OSP_WARNING ? advised : most));
}

static void judge_object(struct request *r, const struct field *fields, const struct json *object,
                         const char *path);

/* Objects of an array, each by the same fields. */
static void judge_entries(struct request *r, const struct field *field, const struct json *array,
                          const char *path)
{
    const struct json *entry = json_first(array);
    char where[REQUEST_PATH];

    for (size_t i = 0; entry && i < ENTRIES_READ; i++, entry = json_next(entry)) {
        request_join(where, path, NULL, i);
        if (!json_is_object(entry)) {
            request_say(r, "request.type", OSP_VIOLATION, where, "an entry of %s is %s, not %s",
                        field->name, type_name(type_of(entry)), type_name(OBJECT));
            continue;
        }
        judge_object(r, field->fields, entry, where);
        if (field->read)
            field->read(r, entry, where);
    }
}

static void judge_field(struct request *r, const struct field *field, const struct json *value,
                        const char *path)
{
    const char *text = json_text(value);

    if (!judge_type(r, field, value, path)) {
        r->words[field->word] = ""; /* given, and nothing more can be said of it */
        return;
    }
    if (json_is_bool(value))
        text = json_true(value) ? "true" : "false";
    if (field->word)
        r->words[field->word] = text ? text : "";
    if (json_is_string(value)) {
        judge_word(r, field, text, path);
        if (field->length)
            judge_length(r, field, text, path);
    }
    if (json_is_array(value))
        judge_entries(r, field, value, path);
    else if (json_is_object(value))
        judge_object(r, field->fields, value, path);
    else if (field->read)
        field->read(r, value, path);
    if (field->word == WORD_SHOTS)
        r->shot_total = json_size(value);
}

static const struct field *find_field(const struct field *fields, const char *name)
{
    for (; fields->name; fields++) {
        if (strcmp(fields->name, name) == 0)
            return fields;
    }
    return NULL;
}

static void judge_object(struct request *r, const struct field *fields, const struct json *object,
                         const char *path)
{
    char where[REQUEST_PATH];

    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        if (find_field(fields, json_key(m)))
            continue;
        request_join(where, path, json_key(m), 0);
        request_say(r, "request.unknown-field", OSP_WARNING, where,
                    "'%.60s' is no field of %s: it is ignored at best", json_key(m),
                    osp_endpoint_name(r->endpoint));
    }
    for (; fields->name; fields++) {
        const struct json *value = json_get(object, fields->name);

        request_join(where, path, fields->name, 0);
        if (given(value, fields->types))
            judge_field(r, fields, value, where);
        else if (fields->required)
            missing(r, fields->required, path, fields->name);
    }
}

/* ---- endpoints ---- */

static const struct field *fields_of(osp_endpoint endpoint, bool native)
{
    switch (endpoint) {
    case OSP_ENDPOINT_OMNI_IMAGE:
        return omni_image;
    case OSP_ENDPOINT_TEXT_TO_AUDIO:
        return text_to_audio;
    case OSP_ENDPOINT_AVATAR:
        return avatar;
    default:
        return native ? native_video : omni_video;
    }
}

void request_judge_fields(struct request *r)
{
    judge_object(r, fields_of(r->endpoint, r->native), r->root, "");
}

/* How well an object suits a table: a known field of the right type counts 3, of a tolerated one
 * 2, an unknown one -1, a required one that is missing -2. */
static int suits(const struct field *fields, const struct json *object)
{
    int score = 0;

    for (const struct json *m = json_first(object); m; m = json_next(m)) {
        const struct field *field = find_field(fields, json_key(m));

        if (!field)
            score--;
        else if (type_of(m) & field->types)
            score += 3;
        else if (type_of(m) & field->also)
            score += 2;
        if (field && field->fields && json_is_array(m) && json_is_object(json_first(m)))
            score += suits(field->fields, json_first(m));
    }
    for (; fields->name; fields++)
        score -= fields->required && !given(json_get(object, fields->name), fields->types) ? 2 : 0;
    return score;
}

osp_endpoint request_guess(const struct json *root, const osp_profile *profile)
{
    bool native = strcmp(profile_text_or(profile, "wire", "legacy"), "native") == 0;
    osp_endpoint best = OSP_ENDPOINT_OMNI_VIDEO;
    int most = suits(fields_of(best, native), root), legacy = suits(omni_video, root);

    if (legacy > most) /* the wrong form for this profile, which judging will say */
        most = legacy;
    for (int e = OSP_ENDPOINT_OMNI_IMAGE; e <= OSP_ENDPOINT_AVATAR; e++) {
        int score = suits(fields_of((osp_endpoint)e, native), root);

        if (score > most) {
            most = score;
            best = (osp_endpoint)e;
        }
    }
    return best;
}
