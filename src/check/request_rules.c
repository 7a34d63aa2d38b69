/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What may not stand together, as a table: a row is a rule, its predicate sees what the fields
 * held. Rows of one id are parts of one rule. Ids never change.
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "check/request.h"

#define ON(endpoint) (1u << OSP_ENDPOINT_##endpoint)
#define VIDEO        ON(OMNI_VIDEO)
#define IMAGE        ON(OMNI_IMAGE)
#define AUDIO        ON(TEXT_TO_AUDIO)
#define AVATAR       ON(AVATAR)

struct combination {
    const char *id;
    unsigned endpoints;
    osp_level level;
    enum word at; /* where the finding belongs; a predicate may say a path of its own */
    /* broken? then measured and limit are filled where there are numbers or words, and the level
     * where it hangs on the profile */
    bool (*broken)(const struct request *r, osp_finding *finding);
    const char *text;
};

/* ---- what the predicates speak ---- */

static bool has(const struct request *r, enum word word)
{
    return r->words[word] != NULL;
}

/* Given, and of a type that can be judged. */
static bool sound_word(const struct request *r, enum word word)
{
    return has(r, word) && *r->words[word];
}

static bool is(const struct request *r, enum word word, const char *text)
{
    return has(r, word) && strcmp(r->words[word], text) == 0;
}

static bool multi_shot(const struct request *r)
{
    return is(r, WORD_MULTI_SHOT, "true");
}

static bool customize(const struct request *r)
{
    return multi_shot(r) && is(r, WORD_SHOT_TYPE, "customize");
}

static bool blank(const char *text)
{
    return !text || !text[strspn(text, " \t\r\n")];
}

static int64_t limit_of(const struct request *r, const char *path)
{
    return profile_int_or(r->profile, path, -1);
}

static void note_numbers(osp_finding *finding, int64_t measured, int64_t limit)
{
    snprintf(finding->measured, sizeof(finding->measured), "%lld", (long long)measured);
    if (limit >= 0)
        snprintf(finding->limit, sizeof(finding->limit), "%lld", (long long)limit);
}

static bool more_than(const struct request *r, const char *path, int64_t count,
                      osp_finding *finding)
{
    int64_t limit = limit_of(r, path);

    if (limit < 0 || count <= limit)
        return false;
    note_numbers(finding, count, limit);
    return true;
}

static bool quote(const struct request *r, enum word word, osp_finding *finding)
{
    str_copy(finding->measured, sizeof(finding->measured), has(r, word) ? r->words[word] : "");
    return true;
}

/* ---- prompts ---- */

static bool prompt_missing(const struct request *r, osp_finding *finding)
{
    bool intelligence = sound_word(r, WORD_SHOT_TYPE) &&
                        strcmp(r->words[WORD_SHOT_TYPE], "customize") != 0;

    (void)finding;
    return (r->native || !multi_shot(r) || intelligence) && blank(r->words[WORD_PROMPT]);
}

static bool prompt_ignored(const struct request *r, osp_finding *finding)
{
    (void)finding;
    return !r->native && customize(r) && !blank(r->words[WORD_PROMPT]);
}

/* ---- shots ---- */

/* On the native interface shots are written into the prompt, so that these are one thing. */
static bool any_shots(const struct request *r)
{
    return multi_shot(r) || (r->native && r->shot_total > 0);
}

static bool shot_type_ignored(const struct request *r, osp_finding *finding)
{
    return !multi_shot(r) && has(r, WORD_SHOT_TYPE) && quote(r, WORD_SHOT_TYPE, finding);
}

static bool shots_ignored(const struct request *r, osp_finding *finding)
{
    bool off = r->native ? is(r, WORD_MULTI_SHOT, "false") : !multi_shot(r);

    if (!off || !r->shot_total)
        return false;
    note_numbers(finding, (int64_t)r->shot_total, -1);
    return true;
}

static bool shot_type_missing(const struct request *r, osp_finding *finding)
{
    (void)finding;
    return !r->native && multi_shot(r) && !has(r, WORD_SHOT_TYPE);
}

/* The shots of this request count: they were asked for, and the model has some. */
static bool shots_count(const struct request *r)
{
    if (limit_of(r, "omni_video.shots.max") <= 0)
        return false;
    return r->native ? r->shot_total > 0 && !is(r, WORD_MULTI_SHOT, "false") : customize(r);
}

static bool shot_number(const struct request *r, osp_finding *finding)
{
    int64_t count = (int64_t)r->shot_total, least = limit_of(r, "omni_video.shots.min");

    if (!shots_count(r))
        return false;
    note_numbers(finding, count, count < least ? least : limit_of(r, "omni_video.shots.max"));
    return count < least || count > limit_of(r, "omni_video.shots.max");
}

static bool shot_index(const struct request *r, osp_finding *finding)
{
    for (size_t i = 0; shots_count(r) && i < r->shot_count; i++) {
        if (r->shots[i].index == (int64_t)i + 1)
            continue;
        note_numbers(finding, r->shots[i].index, (int64_t)i + 1);
        str_copy(finding->path, sizeof(finding->path), r->shots[i].path);
        return true;
    }
    return false;
}

static int64_t duration_of(const struct request *r)
{
    int64_t seconds;

    if (str_to_int64(r->words[WORD_DURATION], 0, INT64_MAX, &seconds))
        return seconds;
    return has(r, WORD_DURATION) ? -1 : limit_of(r, "omni_video.duration_s.default");
}

static bool shot_length(const struct request *r, osp_finding *finding)
{
    int64_t least = limit_of(r, "omni_video.shots.duration_min_s"), total = duration_of(r);

    for (size_t i = 0; shots_count(r) && i < r->shot_count; i++) {
        int64_t seconds = r->shots[i].duration_s;

        if (seconds < 0 || (seconds >= least && (total < 0 || seconds <= total)))
            continue;
        note_numbers(finding, seconds, seconds < least ? least : total);
        str_copy(finding->path, sizeof(finding->path), r->shots[i].path);
        finding->unit = "s";
        return true;
    }
    return false;
}

static bool shot_sum(const struct request *r, osp_finding *finding)
{
    int64_t sum = 0, total = duration_of(r);

    if (!shots_count(r) || !r->shot_count || r->shot_count != r->shot_total || total < 0)
        return false;
    for (size_t i = 0; i < r->shot_count; i++) {
        if (r->shots[i].duration_s < 0 || r->shots[i].duration_s > total)
            return false; /* said of the shot itself */
        sum += r->shots[i].duration_s;
    }
    note_numbers(finding, sum, total);
    finding->unit = "s";
    return sum != total;
}

static bool shot_base(const struct request *r, osp_finding *finding)
{
    const struct json *taken = profile_get(r->profile, "omni_video.shots.with_base");

    (void)finding;
    return any_shots(r) && r->bases && json_is_bool(taken) && !json_true(taken);
}

static bool shot_feature(const struct request *r, osp_finding *finding)
{
    if (r->native)
        return r->features && is(r, WORD_MULTI_SHOT, "false") && quote(r, WORD_MULTI_SHOT, finding);
    return r->features && customize(r) && quote(r, WORD_SHOT_TYPE, finding);
}

static bool shot_frames(const struct request *r, osp_finding *finding)
{
    (void)finding;
    return !r->native && multi_shot(r) && (r->first_frames || r->end_frames);
}

static bool shot_never(const struct request *r, osp_finding *finding)
{
    (void)finding;
    return any_shots(r) && limit_of(r, "omni_video.shots.max") == 0;
}

/* ---- frames ---- */

static bool frames_base(const struct request *r, osp_finding *finding)
{
    (void)finding;
    return r->bases && (r->first_frames || r->end_frames);
}

static bool frames_end_only(const struct request *r, osp_finding *finding)
{
    (void)finding;
    return r->end_frames && !r->first_frames;
}

static bool frames_end_many(const struct request *r, osp_finding *finding)
{
    return r->end_frames && more_than(r, "omni_video.end_frame_images_max", r->images, finding);
}

static bool frames_twice(const struct request *r, osp_finding *finding)
{
    note_numbers(finding, r->first_frames > r->end_frames ? r->first_frames : r->end_frames, 1);
    return r->first_frames > 1 || r->end_frames > 1;
}

static bool frames_feature_end(const struct request *r, osp_finding *finding)
{
    const struct json *taken = profile_get(r->profile, "omni_video.feature_with_end_frame");

    if (json_is_bool(taken) && !json_true(taken))
        finding->level = OSP_VIOLATION;
    return r->features && r->end_frames && !json_true(taken);
}

static bool frames_extra(const struct request *r, osp_finding *finding)
{
    int64_t others = r->images - r->first_frames - r->end_frames + r->elements;

    return r->first_frames && r->end_frames &&
           more_than(r, "omni_video.elements_with_end_frame", others, finding);
}

/* ---- counts ---- */

static bool count_videos(const struct request *r, osp_finding *finding)
{
    return more_than(r, "video.count_max", r->videos, finding);
}

static bool count_with_video(const struct request *r, osp_finding *finding)
{
    return r->videos && more_than(r, "omni_video.images_plus_elements.with_video",
                                  r->images + r->elements, finding);
}

static bool count_without_video(const struct request *r, osp_finding *finding)
{
    return !r->videos && more_than(r, "omni_video.images_plus_elements.without_video",
                                   r->images + r->elements, finding);
}

static bool count_with_frames(const struct request *r, osp_finding *finding)
{
    return r->first_frames && more_than(r, "omni_video.elements_with_frames", r->elements, finding);
}

static bool count_omni_image(const struct request *r, osp_finding *finding)
{
    return more_than(r, "omni_image.images_plus_elements", r->images + r->elements, finding);
}

/* ---- video characters: a kind of element that the request itself does not show ---- */

static bool characters_unknown(const struct request *r, osp_finding *finding)
{
    (void)finding;
    return r->videos && r->elements > r->characters && !r->options->character_count &&
           limit_of(r, "omni_video.character_elements_with_video") >= 0;
}

static bool characters_with_video(const struct request *r, osp_finding *finding)
{
    return r->videos &&
           more_than(r, "omni_video.character_elements_with_video", r->characters, finding);
}

static bool characters_alone(const struct request *r, osp_finding *finding)
{
    int64_t others = r->images + r->elements - r->characters;

    if (!r->videos || !r->characters || !others ||
        limit_of(r, "omni_video.character_elements_with_video") <= 0)
        return false;
    note_numbers(finding, others, 0);
    return true;
}

static bool characters_many(const struct request *r, osp_finding *finding)
{
    return !r->videos && more_than(r, "omni_video.character_elements", r->characters, finding);
}

static bool characters_mixed(const struct request *r, osp_finding *finding)
{
    return !r->videos && r->characters && r->images + r->elements > r->characters &&
           more_than(r, "omni_video.mixed_elements_plus_images", r->images + r->elements, finding);
}

/* ---- sound, aspect, duration, model ---- */

static bool sound_with_video(const struct request *r, osp_finding *finding)
{
    const char *list = r->bases ? "omni_video.sound_with_video.base"
                                : "omni_video.sound_with_video.feature";

    return r->videos && has(r, WORD_SOUND) &&
           request_listed(r, "omni_video.sound", r->words[WORD_SOUND]) &&
           profile_get(r->profile, list) && !request_listed(r, list, r->words[WORD_SOUND]) &&
           quote(r, WORD_SOUND, finding);
}

static bool sound_never(const struct request *r, osp_finding *finding)
{
    return !r->native && is(r, WORD_SOUND, "on") && !request_listed(r, "omni_video.sound", "on") &&
           quote(r, WORD_SOUND, finding);
}

static bool aspect_required(const struct request *r, osp_finding *finding)
{
    if (r->native) /* its table gives a default, its note and its examples differ */
        finding->level = OSP_WARNING;
    return !has(r, WORD_ASPECT) && !r->first_frames && !r->bases && !(r->native && r->features);
}

static bool aspect_ignored(const struct request *r, osp_finding *finding)
{
    return has(r, WORD_ASPECT) && (r->first_frames || r->bases) && quote(r, WORD_ASPECT, finding);
}

static bool duration_range(const struct request *r, osp_finding *finding)
{
    int64_t least = limit_of(r, "omni_video.duration_s.min"), seconds = duration_of(r);
    int64_t most = limit_of(r, "omni_video.duration_s.max");

    if (!has(r, WORD_DURATION) || seconds < 0)
        return false;
    note_numbers(finding, seconds, seconds < least ? least : most);
    finding->unit = "s";
    return seconds < least || (most >= 0 && seconds > most);
}

static bool duration_ignored(const struct request *r, osp_finding *finding)
{
    return has(r, WORD_DURATION) && r->bases && quote(r, WORD_DURATION, finding);
}

static bool duration_with_feature(const struct request *r, osp_finding *finding)
{
    finding->unit = "s";
    return r->features && has(r, WORD_DURATION) &&
           more_than(r, "omni_video.duration_s.max_with_feature", duration_of(r), finding);
}

/* A request from text alone, or from a first frame alone, has fewer lengths to choose from. */
static bool duration_only(const struct request *r, osp_finding *finding)
{
    const char *path = r->videos || r->elements                 ? NULL
                       : !r->images                             ? "text"
                       : r->images == 1 && r->first_frames == 1 ? "first_frame_only"
                                                                : NULL;
    int64_t seconds = duration_of(r);
    const struct json *entry;
    char whole[64], words[40] = "";

    if (!path || seconds < 0)
        return false;
    snprintf(whole, sizeof(whole), "omni_video.duration_s.only.%s", path);
    entry = json_first(profile_get(r->profile, whole));
    if (!entry)
        return false;
    for (; entry; entry = json_next(entry)) {
        if (json_int64_or(entry, -1) == seconds)
            return false;
        snprintf(words + strlen(words), sizeof(words) - strlen(words), "%s%.8s",
                 words[0] ? ", " : "", json_text(entry) ? json_text(entry) : "");
    }
    note_numbers(finding, seconds, -1);
    str_copy(finding->limit, sizeof(finding->limit), words);
    return true;
}

static const char *model_of(const struct request *r)
{
    return r->native ? NULL : profile_text_or(r->profile, "model.model_name", NULL);
}

static bool model_sent(const struct request *r, osp_finding *finding)
{
    return has(r, WORD_MODEL) && !model_of(r) && quote(r, WORD_MODEL, finding);
}

static bool model_other(const struct request *r, osp_finding *finding)
{
    const char *model = model_of(r);

    if (!model || is(r, WORD_MODEL, model))
        return false;
    str_copy(finding->limit, sizeof(finding->limit), model);
    return quote(r, WORD_MODEL, finding);
}

static bool callback_unknown(const struct request *r, osp_finding *finding)
{
    const struct json *taken = profile_get(r->profile, "omni_video.callback_url");

    (void)finding;
    return has(r, WORD_CALLBACK) && json_is_bool(taken) && !json_true(taken);
}

/* ---- omni-image ---- */

static bool series(const struct request *r)
{
    return is(r, WORD_RESULT_TYPE, "series");
}

/* [least, most] at that path. No pair: no rule. */
static bool outside(const struct request *r, enum word word, const char *path, osp_finding *finding)
{
    const struct json *pair = profile_get(r->profile, path);
    int64_t least = json_int64_or(json_at(pair, 0), INT64_MIN), number;
    int64_t most = json_int64_or(json_at(pair, 1), INT64_MAX);

    if (!pair || !sound_word(r, word))
        return false;
    quote(r, word, finding);
    snprintf(finding->limit, sizeof(finding->limit), "%lld to %lld", (long long)least,
             (long long)most);
    return !str_to_int64(r->words[word], least, most, &number);
}

static bool image_n(const struct request *r, osp_finding *finding)
{
    return !series(r) && outside(r, WORD_N, "omni_image.n", finding);
}

static bool image_series(const struct request *r, osp_finding *finding)
{
    bool word = json_is_string(json_get(r->root, "series_amount"));

    if (!series(r) || (is(r, WORD_SERIES, "auto") &&
                       json_true(profile_get(r->profile, "omni_image.series_auto"))))
        return false;
    return outside(r, WORD_SERIES, "omni_image.series", finding) ||
           (word && quote(r, WORD_SERIES, finding));
}

static bool image_series_never(const struct request *r, osp_finding *finding)
{
    return series(r) && !profile_get(r->profile, "omni_image.series") &&
           quote(r, WORD_RESULT_TYPE, finding);
}

static bool n_with_series(const struct request *r, osp_finding *finding)
{
    return series(r) && has(r, WORD_N) && quote(r, WORD_N, finding);
}

static bool series_with_single(const struct request *r, osp_finding *finding)
{
    return !series(r) && has(r, WORD_SERIES) && quote(r, WORD_SERIES, finding);
}

/* Of the model that makes series, 3.0 Omni: with nothing to take the ratio from there is none. */
static bool image_auto_ratio(const struct request *r, osp_finding *finding)
{
    return is(r, WORD_ASPECT, "auto") && !r->images && !r->elements &&
           profile_get(r->profile, "omni_image.series") && quote(r, WORD_ASPECT, finding);
}

/* ---- text-to-audio, avatar ---- */

static bool audio_duration(const struct request *r, osp_finding *finding)
{
    osp_rational least = profile_rational(r->profile, "text_to_audio.duration_s.min"), seconds;
    osp_rational most = profile_rational(r->profile, "text_to_audio.duration_s.max");
    bool below, above;

    if (!sound_word(r, WORD_DURATION) || !quote(r, WORD_DURATION, finding))
        return false;
    finding->unit = "s";
    if (!rational_parse(r->words[WORD_DURATION], &seconds))
        return true; /* 1e1 */
    below = rational_known(least) && rational_compare(seconds, least) < 0;
    above = rational_known(most) && rational_compare(seconds, most) > 0;
    rational_print(below ? least : most, 3, finding->limit, sizeof(finding->limit));
    return below || above;
}

static bool audio_step(const struct request *r, osp_finding *finding)
{
    osp_rational step = profile_rational(r->profile, "text_to_audio.duration_s.step"), seconds;

    if (!rational_known(step) || !step.num || !has(r, WORD_DURATION) ||
        !rational_parse(r->words[WORD_DURATION], &seconds))
        return false;
    rational_print(step, 3, finding->limit, sizeof(finding->limit));
    return rational_div(seconds, step).den != 1 && quote(r, WORD_DURATION, finding);
}

static bool two_sounds(const struct request *r, osp_finding *finding)
{
    note_numbers(finding, has(r, WORD_AUDIO_ID) + has(r, WORD_SOUND_FILE), 1);
    return has(r, WORD_AUDIO_ID) == has(r, WORD_SOUND_FILE);
}

/* A request of the other wire format. */
static bool other_form(const struct request *r, osp_finding *finding)
{
    bool contents = json_get(r->root, "contents") != NULL;

    str_copy(finding->measured, sizeof(finding->measured), contents ? "native" : "legacy");
    str_copy(finding->limit, sizeof(finding->limit), r->native ? "native" : "legacy");
    return r->native ? !contents && json_get(r->root, "prompt") : contents;
}

static const struct combination combinations[] = {
    { "request.form", VIDEO, OSP_VIOLATION, WORD_PROMPT, other_form,
      "the fields are those of the service's other interface than this profile's" },
    { "request.prompt.missing", VIDEO, OSP_VIOLATION, WORD_PROMPT, prompt_missing,
      "a request without shots of its own needs a prompt" },
    { "request.prompt.ignored", VIDEO, OSP_WARNING, WORD_PROMPT, prompt_ignored,
      "with multi_shot and customize the prompt is invalid: leave it out, each shot has its own" },

    { "request.shot.ignored", VIDEO, OSP_WARNING, WORD_SHOT_TYPE, shot_type_ignored,
      "without multi_shot the shot_type is invalid" },
    { "request.shot.ignored", VIDEO, OSP_WARNING, WORD_SHOTS, shots_ignored,
      "without multi_shot shots are invalid" },
    { "request.shot.type", VIDEO, OSP_VIOLATION, WORD_SHOT_TYPE, shot_type_missing,
      "multi_shot needs a shot_type" },
    { "request.shot.sum", VIDEO, OSP_VIOLATION, WORD_SHOTS, shot_number,
      "the number of shots is outside its bounds" },
    { "request.shot.sum", VIDEO, OSP_VIOLATION, WORD_SHOTS, shot_index,
      "shots are counted 1, 2, 3 and so on" },
    { "request.shot.sum", VIDEO, OSP_VIOLATION, WORD_SHOTS, shot_length,
      "a shot is too short, or longer than the whole" },
    { "request.shot.sum", VIDEO, OSP_VIOLATION, WORD_SHOTS, shot_sum,
      "the durations of the shots do not add up to that of the whole" },
    { "request.shot.base", VIDEO, OSP_VIOLATION, WORD_MULTI_SHOT, shot_base,
      "a video that is edited excludes shots" },
    { "request.shot.feature", VIDEO, OSP_WARNING, WORD_MULTI_SHOT, shot_feature,
      "with a feature video the service's own division into shots is the documented one" },
    { "request.shot.frames", VIDEO, OSP_WARNING, WORD_MULTI_SHOT, shot_frames,
      "first and end frame with shots: excluded until May 2026, said to be allowed since" },
    { "request.shot.o1", VIDEO, OSP_VIOLATION, WORD_MULTI_SHOT, shot_never,
      "this model makes no shots" },

    { "request.frames.base", VIDEO, OSP_VIOLATION, WORD_IMAGES, frames_base,
      "a video that is edited excludes first and end frame" },
    { "request.frames.end-only", VIDEO, OSP_VIOLATION, WORD_IMAGES, frames_end_only,
      "an end frame needs a first frame" },
    { "request.frames.end-many", VIDEO, OSP_VIOLATION, WORD_IMAGES, frames_end_many,
      "too many images beside an end frame" },
    { "request.frames.dup", VIDEO, OSP_VIOLATION, WORD_IMAGES, frames_twice,
      "more than one first frame, or more than one end frame" },
    { "request.frames.feature-end", VIDEO, OSP_WARNING, WORD_IMAGES, frames_feature_end,
      "a feature video allows a first frame, an end frame is not documented beside it" },
    { "request.frames.o1-extra", VIDEO, OSP_VIOLATION, WORD_IMAGES, frames_extra,
      "first and end frame exclude further images and elements on this model" },

    { "video.count", VIDEO, OSP_VIOLATION, WORD_VIDEOS, count_videos, "too many videos" },
    { "request.count.video", VIDEO, OSP_VIOLATION, WORD_IMAGES, count_with_video,
      "too many images and elements together beside a video" },
    { "request.count.novideo", VIDEO, OSP_VIOLATION, WORD_IMAGES, count_without_video,
      "too many images and elements together" },
    { "request.count.frames", VIDEO, OSP_VIOLATION, WORD_ELEMENTS, count_with_frames,
      "too many elements beside a first frame" },
    { "request.element.character", VIDEO, OSP_NOTE, WORD_ELEMENTS, characters_unknown,
      "beside a video an element must not be a video character; the request does not show "
      "whether one is" },
    { "request.element.character", VIDEO, OSP_VIOLATION, WORD_ELEMENTS, characters_with_video,
      "too many video characters beside a video" },
    { "request.element.character", VIDEO, OSP_VIOLATION, WORD_ELEMENTS, characters_alone,
      "a video character beside a video excludes images and other elements" },
    { "request.element.character", VIDEO, OSP_VIOLATION, WORD_ELEMENTS, characters_many,
      "too many video characters" },
    { "request.element.character", VIDEO, OSP_VIOLATION, WORD_ELEMENTS, characters_mixed,
      "too many images and elements together where one is a video character" },

    { "request.sound.video", VIDEO, OSP_VIOLATION, WORD_SOUND, sound_with_video,
      "sound is not made beside a video; keep_original_sound keeps that of the video" },
    { "request.sound.o1", VIDEO, OSP_VIOLATION, WORD_SOUND, sound_never,
      "this model makes no sound" },
    { "request.aspect.required", VIDEO, OSP_VIOLATION, WORD_ASPECT, aspect_required,
      "an aspect ratio is needed unless a first frame or an edited video gives it" },
    { "request.aspect.ignored", VIDEO, OSP_WARNING, WORD_ASPECT, aspect_ignored,
      "not supported with a first frame or an edited video, which give the ratio; leave it out" },
    { "request.enum", VIDEO, OSP_VIOLATION, WORD_DURATION, duration_range,
      "the duration is outside its bounds" },
    { "request.duration.ignored", VIDEO, OSP_NOTE, WORD_DURATION, duration_ignored,
      "an edit is as long as its video; leave the duration out" },
    { "request.duration.video", VIDEO, OSP_WARNING, WORD_DURATION, duration_with_feature,
      "longer than what is known to be taken with a feature video" },
    { "request.duration.o1", VIDEO, OSP_VIOLATION, WORD_DURATION, duration_only,
      "this model takes few durations for text alone or a first frame alone" },
    { "request.model", VIDEO | IMAGE, OSP_WARNING, WORD_MODEL, model_sent,
      "the address chooses the model, model_name is no field here" },
    { "request.model", VIDEO, OSP_WARNING, WORD_MODEL, model_other,
      "without the model's name another one may be taken" },
    { "request.unknown-field", VIDEO, OSP_WARNING, WORD_CALLBACK, callback_unknown,
      "callback_url is not in this service's table for omni-video, only in the other three" },

    { "omni-image.count", IMAGE, OSP_VIOLATION, WORD_IMAGES, count_omni_image,
      "too many images and elements together" },
    { "omni-image.n", IMAGE, OSP_VIOLATION, WORD_N, image_n, "outside its bounds" },
    { "omni-image.series", IMAGE, OSP_VIOLATION, WORD_SERIES, image_series, "outside its bounds" },
    { "omni-image.series", IMAGE, OSP_VIOLATION, WORD_RESULT_TYPE, image_series_never,
      "this model makes no series" },
    { "omni-image.exclusive", IMAGE, OSP_WARNING, WORD_N, n_with_series,
      "n is invalid with a series" },
    { "omni-image.exclusive", IMAGE, OSP_WARNING, WORD_SERIES, series_with_single,
      "series_amount is invalid without result_type series" },
    { "omni-image.auto-ratio", IMAGE, OSP_WARNING, WORD_ASPECT, image_auto_ratio,
      "auto is not for requests from text alone" },

    { "audio.duration", AUDIO, OSP_VIOLATION, WORD_DURATION, audio_duration,
      "the duration is outside its bounds" },
    { "audio.step", AUDIO, OSP_WARNING, WORD_DURATION, audio_step,
      "finer than the service's step, to which it will be rounded" },
    { "avatar.sound.exclusive", AVATAR, OSP_VIOLATION, WORD_SOUND_FILE, two_sounds,
      "exactly one of audio_id and sound_file is needed" },
};

static void judge_row(struct request *r, const struct combination *row)
{
    osp_finding found = { .level = row->level, .unit = "" }, *said;

    if (!row->broken(r, &found))
        return;
    said = request_say(r, row->id, found.level,
                       found.path[0] ? found.path : request_path(r, row->at), "%s%s%s%s%s%s",
                       row->text, found.measured[0] ? " (" : "", found.measured,
                       found.measured[0] && found.limit[0] ? ", the bound is " : "",
                       found.measured[0] ? found.limit : "", found.measured[0] ? ")" : "");
    str_copy(said->measured, sizeof(said->measured), found.measured);
    str_copy(said->limit, sizeof(said->limit), found.limit);
    said->unit = found.unit;
}

void request_judge_rules(struct request *r)
{
    for (size_t i = 0; i < OSP_COUNT(combinations); i++) {
        if (combinations[i].endpoints & 1u << r->endpoint)
            judge_row(r, &combinations[i]);
    }
}
