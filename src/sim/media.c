/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/media.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "sim/limits.h"

/* Nothing inside a file opens anything else, and an address is fetched by HTTP or not at all. */
static const char *const local_options[] = { "-protocol_whitelist", "file", NULL };
static const char *const remote_options[] = { "-protocol_whitelist", "http,https,tcp,tls",
                                              "-rw_timeout", "20000000", NULL };

const char *const *sim_media_input_options(bool local)
{
    return local ? local_options : remote_options;
}

/* "30000/1001", "16:9" */
static osp_rational pair(const struct json *value)
{
    const char *text = json_string(value);
    long long num, den;
    char between;

    if (!text || sscanf(text, "%lld%c%lld", &num, &between, &den) != 3 || den <= 0 || num <= 0)
        return (osp_rational){ 0, 0 };
    return rational(num, den);
}

static osp_rational number(const struct json *value)
{
    const char *text = json_text(value);
    osp_rational result = { 0, 0 };

    if (!text || !rational_parse(text, &result))
        return (osp_rational){ 0, 0 };
    return result;
}

static bool is_cover(const struct json *stream)
{
    return json_int64_or(json_path(stream, "disposition.attached_pic"), 0) != 0;
}

static int64_t rotation(const struct json *stream)
{
    const struct json *list = json_get(stream, "side_data_list");

    for (size_t i = 0; i < json_size(list); i++) {
        int64_t degrees;

        if (json_int64(json_get(json_at(list, i), "rotation"), &degrees))
            return degrees;
    }
    return 0;
}

static void read_picture(const struct json *stream, struct sim_media *facts)
{
    const char *codec = json_string(json_get(stream, "codec_name"));
    osp_rational sar = pair(json_get(stream, "sample_aspect_ratio"));
    int64_t width = json_int64_or(json_get(stream, "width"), 0);
    int64_t height = json_int64_or(json_get(stream, "height"), 0);

    snprintf(facts->codec, sizeof(facts->codec), "%s", codec ? codec : "unknown");
    if (rational_known(sar))
        width = rational_round(rational_mul(rational(width, 1), sar));
    if (rotation(stream) % 180 != 0) {
        int64_t swap = width;

        width = height;
        height = swap;
    }
    facts->width = (int)width;
    facts->height = (int)height;
    facts->rate_a = pair(json_get(stream, "avg_frame_rate"));
    facts->rate_r = pair(json_get(stream, "r_frame_rate"));
    facts->duration = number(json_get(stream, "duration"));
}

bool sim_media_read(const struct json *probe, struct sim_media *facts)
{
    const struct json *streams = json_get(probe, "streams");
    const char *format = json_string(json_path(probe, "format.format_name"));

    memset(facts, 0, sizeof(*facts));
    if (!format)
        return false;
    snprintf(facts->format, sizeof(facts->format), "%s", format);
    facts->bytes = json_int64_or(json_path(probe, "format.size"), 0);
    for (size_t i = 0; i < json_size(streams); i++) {
        const struct json *stream = json_at(streams, i);
        const char *type = json_string(json_get(stream, "codec_type"));

        if (type && strcmp(type, "video") == 0 && !*facts->codec && !is_cover(stream))
            read_picture(stream, facts);
        facts->has_sound |= type && strcmp(type, "audio") == 0;
    }
    if (!rational_known(facts->duration))
        facts->duration = number(json_path(probe, "format.duration"));
    return true;
}

int sim_media_probe(struct sim_children *children, const char *from, bool local,
                    struct sim_media *facts, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf text = { .ceiling = 4u << 20 };
    OSP_AUTO(json_free) struct json *probe = NULL;
    const char *argv[16] = { children->ffprobe, "-v",           "error", "-of", "json",
                             "-show_format",    "-show_streams" };
    size_t argc = 7;
    int status, ret;

    for (const char *const *option = sim_media_input_options(local); *option; option++)
        argv[argc++] = *option;
    argv[argc++] = "-i";
    argv[argc++] = from;
    ret = sim_child_run(children, argv, &text, &status, err);
    if (ret < 0)
        return ret;
    if (text.failed)
        return osp_fail(err, OSP_EMEDIA, "ffprobe talks too much about '%s'", from);
    if (status != 0 || json_parse(text.data ? text.data : "", text.size, "ffprobe", &probe, NULL) ||
        !sim_media_read(probe, facts))
        return osp_fail(err, OSP_EMEDIA, "ffprobe cannot read '%s'", from);
    return OSP_OK;
}

/* Each test answers whether the rule is broken. */
typedef bool (*broken_fn)(const struct json *limits, const char *group,
                          const struct sim_media *facts);

static osp_rational limit(const struct json *limits, const char *group, const char *name)
{
    char path[96];

    snprintf(path, sizeof(path), "%s.%s", group, name);
    return sim_limit(limits, path);
}

static bool outside(osp_rational value, osp_rational min, osp_rational max)
{
    return !rational_known(value) || (rational_known(min) && rational_compare(value, min) < 0) ||
           (rational_known(max) && rational_compare(value, max) > 0);
}

static bool no_picture(const struct json *limits, const char *group, const struct sim_media *facts)
{
    (void)limits;
    (void)group;
    return !*facts->codec || facts->width <= 0 || facts->height <= 0;
}

static bool no_sound(const struct json *limits, const char *group, const struct sim_media *facts)
{
    (void)limits;
    (void)group;
    return !facts->has_sound;
}

static bool wrong_format(const struct json *limits, const char *group,
                         const struct sim_media *facts)
{
    char path[64], copy[sizeof(facts->format)], *rest = NULL;

    snprintf(path, sizeof(path), "%s.formats", group);
    snprintf(copy, sizeof(copy), "%s", facts->format);
    for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (sim_limit_lists(limits, path, name))
            return false;
    }
    return true;
}

static bool wrong_codec(const struct json *limits, const char *group, const struct sim_media *facts)
{
    char path[64];

    snprintf(path, sizeof(path), "%s.codecs", group);
    return !sim_limit_lists(limits, path, facts->codec);
}

static bool wrong_bytes(const struct json *limits, const char *group, const struct sim_media *facts)
{
    osp_rational none = { 0, 0 };

    return outside(rational(facts->bytes, 1), none, limit(limits, group, "bytes_max"));
}

static bool wrong_side(const struct json *limits, const char *group, const struct sim_media *facts)
{
    osp_rational min = limit(limits, group, "side_px.min");
    osp_rational max = limit(limits, group, "side_px.max");

    return outside(rational(facts->width, 1), min, max) ||
           outside(rational(facts->height, 1), min, max);
}

static bool wrong_aspect(const struct json *limits, const char *group,
                         const struct sim_media *facts)
{
    return outside(rational(facts->width, facts->height), limit(limits, group, "aspect.min"),
                   limit(limits, group, "aspect.max"));
}

static bool wrong_duration(const struct json *limits, const char *group,
                           const struct sim_media *facts)
{
    return outside(facts->duration, limit(limits, group, "duration.min_s"),
                   limit(limits, group, "duration.max_s"));
}

/* The average of a file on a coarse clock is a hair off its rate, so either may be inside. */
static bool wrong_rate(const struct json *limits, const char *group, const struct sim_media *facts)
{
    osp_rational min = limit(limits, group, "fps.min"), max = limit(limits, group, "fps.max");

    return outside(facts->rate_a, min, max) && outside(facts->rate_r, min, max);
}

/* The image sentences are the service's; those of video and sound are written like them, since
 * nobody has published one. */
static const struct {
    enum sim_media_use use;
    broken_fn broken;
    const char *sentence;
} rules[] = {
    { SIM_USE_VIDEO, no_picture, "The input video cannot be decoded" },
    { SIM_USE_VIDEO, wrong_format, "The format of the input video is invalid" },
    { SIM_USE_VIDEO, wrong_bytes, "The file size of the input video is invalid" },
    { SIM_USE_VIDEO, wrong_side, "The resolution or aspect ratio of the input video is invalid" },
    { SIM_USE_VIDEO, wrong_aspect, "The resolution or aspect ratio of the input video is invalid" },
    { SIM_USE_VIDEO, wrong_duration, "The duration of the input video is invalid" },
    { SIM_USE_VIDEO, wrong_rate, "The frame rate of the input video is invalid" },
    { SIM_USE_IMAGE, no_picture, "The input image cannot be decoded" },
    { SIM_USE_IMAGE, wrong_codec, "The format of the input image is invalid" },
    { SIM_USE_IMAGE, wrong_bytes, "The file size of the input image is invalid" },
    { SIM_USE_IMAGE, wrong_side, "Image pixel is invalid" },
    { SIM_USE_IMAGE, wrong_aspect, "The resolution or aspect ratio of the input image is invalid" },
    { SIM_USE_SOUND, no_sound, "The input audio cannot be decoded" },
    { SIM_USE_SOUND, wrong_format, "The format of the input audio is invalid" },
    { SIM_USE_SOUND, wrong_bytes, "The file size of the input audio is invalid" },
    { SIM_USE_SOUND, wrong_duration, "The duration of the input audio is invalid" },
};

const char *sim_media_judge(const struct json *limits, enum sim_media_use use,
                            const struct sim_media *facts)
{
    static const char *const groups[] = { "video", "image", "sound_file" };

    for (size_t i = 0; i < OSP_COUNT(rules); i++) {
        if (rules[i].use == use && rules[i].broken(limits, groups[use], facts))
            return rules[i].sentence;
    }
    return NULL;
}
