/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The workers: what was sent is judged by ffprobe, the result is made by ffmpeg. Everything of a
 * task is written into a hidden folder, which is renamed when it is complete. An input that the
 * service would not take ends as OSP_EMEDIA, with the service's sentence as the error's text.
 */
#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/tmpfile.h"
#include "base/str.h"
#include "sim/figures.h"
#include "sim/limits.h"
#include "sim/look.h"
#include "sim/media.h"
#include "sim/request.h"
#include "sim/state.h"

#define ARGS_MAX    64
#define AUDIO_RATE  44100
#define MP3_FRAME   1152 /* the service's MP3 of 3 s has 117 frames, one more than LAME makes */
#define LONG_FRAMES 400  /* above it speed counts more than bytes */

/* Like GARBAGE on a real media host: a page with status 200 where a file should be. */
static const char garbage[] = "<html><body><h1>502 Bad Gateway</h1></body></html>\n";

struct job {
    struct sim *sim;
    const struct sim_task *task;
    struct json *request;
    char *prompt; /* all prompts of the request */
    char *folder; /* hidden, of this run */
    const struct sim_look *look;
    uint32_t seed; /* of the prompt: makes generated pictures differ */
    int inputs;    /* decoded into the folder so far */
    /* what comes out */
    struct json *files;
    const char *result_type; /* images only */
    int64_t seconds;
    osp_rational units;
};

/* A picture or sound that was sent. */
struct input {
    char *from;
    bool local;
    struct sim_media facts;
};

#define INPUT_INIT   \
    {                \
        .from = NULL \
    }

static void input_release(struct input *input)
{
    auto_free(&input->from);
}

struct args {
    const char *v[ARGS_MAX];
    size_t count;
};

static void add(struct args *args, const char *arg)
{
    if (args->count + 1 < ARGS_MAX)
        args->v[args->count++] = arg;
}

static void add_all(struct args *args, const char *const *list)
{
    while (*list)
        add(args, *list++);
}

static void add_input(struct args *args, const struct input *input)
{
    add_all(args, sim_media_input_options(input->local));
    add(args, "-i");
    add(args, input->from);
}

static struct args ffmpeg_args(const struct job *job)
{
    static const char *const common[] = { "-nostdin", "-v", "error", "-y", NULL };
    struct args args = { .count = 0 };

    add(&args, job->sim->children.ffmpeg);
    add_all(&args, common);
    return args;
}

/* @param made  the file that must be there afterwards: out, or the first of its pattern */
static int run_ffmpeg(struct job *job, struct args *args, const char *out, const char *made,
                      osp_error *err)
{
    int status, ret;

    add(args, out);
    args->v[args->count] = NULL;
    ret = sim_child_run(&job->sim->children, args->v, NULL, &status, err);
    if (ret == OSP_OK && (status != 0 || fs_size(made) <= 0))
        ret = osp_fail(err, OSP_EMEDIA, "The input video or image cannot be decoded");
    return ret;
}

static char *job_path(const struct job *job, const char *name)
{
    return str_format("%s/%s", job->folder, name);
}

static bool has(const struct job *job, enum sim_fault fault)
{
    return sim_faults_on(&job->task->faults, fault);
}

/* ---- what was sent */

static const char *const nouns[] = { "video", "image", "audio" };

static int invalid_base64(enum sim_media_use use, osp_error *err)
{
    return osp_fail(err, OSP_EMEDIA, "The input %s is not in a valid base64 format", nouns[use]);
}

/* RFC 4648 4: the standard alphabet with padding, no line breaks, no "data:" prefix. */
static int decode_base64(struct job *job, const char *text, enum sim_media_use use,
                         struct input *input, osp_error *err)
{
    size_t length = strlen(text), digits = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmn"
                                                        "opqrstuvwxyz0123456789+/");
    size_t padding = strspn(text + digits, "=");
    OSP_AUTO(auto_free) unsigned char *data = NULL;
    char name[32];
    int size;

    if (!length || length % 4 || padding > 2 || digits + padding != length || length > INT32_MAX)
        return invalid_base64(use, err);
    data = malloc(length / 4 * 3 + 1);
    snprintf(name, sizeof(name), "in_%d", job->inputs++);
    input->from = job_path(job, name);
    if (!data || !input->from)
        return osp_nomem(err);
    size = EVP_DecodeBlock(data, (const unsigned char *)text, (int)length);
    if (size < (int)padding)
        return invalid_base64(use, err);
    input->local = true;
    return tmpfile_write(input->from, data, (size_t)size - padding, err);
}

/* The part behind "/store/" when the address is this simulator's own; its port may have changed
 * since the task was made. */
static const char *own_name(const struct job *job, const char *address)
{
    const char *const bases[] = { job->sim->url, job->task->origin };

    for (size_t i = 0; i < OSP_COUNT(bases); i++) {
        size_t length = strlen(bases[i]);

        if (length && strncmp(address, bases[i], length) == 0 &&
            str_starts(address + length, "/store/"))
            return address + length + strlen("/store/");
    }
    return NULL;
}

static int locate(struct job *job, const char *text, enum sim_media_use use, struct input *input,
                  osp_error *err)
{
    const char *own = own_name(job, text);

    if (own) {
        OSP_AUTO(auto_free) char *name = strndup(own, strcspn(own, "?#"));

        input->local = true;
        input->from = name && !strchr(name, '/') ? sim_path(job->sim, "store", name) : NULL;
        return input->from ? OSP_OK : osp_nomem(err);
    }
    if (str_starts(text, "http://") || str_starts(text, "https://")) {
        input->from = strdup(text);
        return input->from ? OSP_OK : osp_nomem(err);
    }
    return decode_base64(job, text, use, input, err);
}

static int open_input(struct job *job, const char *text, enum sim_media_use use,
                      struct input *input, osp_error *err)
{
    const char *sentence;
    int ret = locate(job, text, use, input, err);

    if (ret < 0)
        return ret;
    if (input->local && fs_size(input->from) < 0)
        return osp_fail(err, OSP_EMEDIA, "Failed to download the input %s", nouns[use]);
    ret = sim_media_probe(&job->sim->children, input->from, input->local, &input->facts, NULL);
    if (ret == OSP_EMEDIA && !input->local)
        return osp_fail(err, OSP_EMEDIA, "Failed to download the input %s", nouns[use]);
    if (ret == OSP_EMEDIA)
        return osp_fail(err, OSP_EMEDIA, "The input %s cannot be decoded", nouns[use]);
    if (ret < 0)
        return osp_fail(err, (osp_code)ret, "ffprobe did not run");
    if (input->local)
        input->facts.bytes = fs_size(input->from);
    sentence = sim_media_judge(job->sim->limits, use, &input->facts);
    return sentence ? osp_fail(err, OSP_EMEDIA, "%s", sentence) : OSP_OK;
}

/* Every image of a list is judged; the first is what a picture is made from. */
static int open_images(struct job *job, const char *field, struct input *first, osp_error *err)
{
    const struct json *list = json_get(job->request, "image_list");
    int ret = OSP_OK;

    for (size_t i = 0; ret == OSP_OK && i < json_size(list); i++) {
        OSP_AUTO(input_release) struct input input = INPUT_INIT;

        ret = open_input(job, sim_request_text(json_at(list, i), field, ""), SIM_USE_IMAGE, &input,
                         err);
        if (ret == OSP_OK && i == 0) {
            *first = input;
            input.from = NULL;
        }
    }
    return ret;
}

/* ---- what comes out */

static void result_id(char *out, size_t size)
{
    uint32_t low = 0;

    (void)RAND_bytes((unsigned char *)&low, sizeof(low)); /* 0 is as good as any */
    snprintf(out, size, "%lld", (long long)sim_id_make(sim_now_ms(), low));
}

static int write_garbage(const struct job *job, const char *name, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = job_path(job, name);

    return path ? tmpfile_write(path, garbage, strlen(garbage), err) : osp_nomem(err);
}

static bool wants_watermark(const struct job *job)
{
    return json_true(json_path(job->request, "watermark_info.enabled"));
}

/* A second file with a bright bar in its lower right corner. */
static int write_watermark(struct job *job, const char *name, const char *marked, osp_error *err)
{
    struct args args = ffmpeg_args(job);
    OSP_AUTO(auto_free) char *in = job_path(job, name);
    OSP_AUTO(auto_free) char *out = job_path(job, marked);

    if (!in || !out)
        return osp_nomem(err);
    add(&args, "-i");
    add(&args, in);
    add(&args, "-vf");
    add(&args, "drawbox=x=iw*0.78:y=ih*0.9:w=iw*0.2:h=ih*0.07:color=white@0.7:t=fill");
    return run_ffmpeg(job, &args, out, out, err);
}

/* A moving or still picture: where it comes from, and how large and long it gets. */
struct scene {
    const struct input *picture; /* NULL: generated */
    bool moving;                 /* the picture is a video */
    const struct input *sound;   /* NULL: none, or generated */
    bool hum;                    /* generated sound */
    int width, height;
    int64_t frames;
};

static int64_t fps_of(const struct job *job)
{
    return sim_limit_int(job->sim->limits, "result.fps");
}

/* Filters up to the look: size and frames of the result, whatever the source is. */
static void source_graph(const struct job *job, const struct scene *scene, struct strbuf *graph)
{
    long long fps = fps_of(job), frames = scene->frames;
    int w = scene->width, h = scene->height;
    uint32_t seed = job->seed;

    if (scene->picture && scene->moving) {
        /* a reference that ends early is held, one that begins late is filled */
        strbuf_printf(graph,
                      "[0:V:0]fps=%lld:start_time=0,scale=%d:%d:flags=bicubic:out_range=tv,"
                      "setsar=1,format=yuv420p,tpad=stop_mode=clone:stop=%lld",
                      fps, w, h, frames);
    } else if (scene->picture) {
        strbuf_printf(graph,
                      "[0:v:0]scale=%d:%d:force_original_aspect_ratio=increase:flags=bicubic:"
                      "out_range=tv,setsar=1,format=yuv420p,loop=loop=-1:size=1,settb=1/%lld,"
                      "setpts=N,crop=%d:%d:x='(iw-ow)/2*(1+sin(n/31))':y='(ih-oh)/2*(1+cos(n/23))'",
                      w * 11 / 10, h * 11 / 10, fps, w, h);
    } else {
        strbuf_printf(
            graph, "testsrc2=s=%dx%d:r=%lld,format=yuv420p,lutyuv=y=val*0.8+%u:u=val+%d:v=val%+d",
            w, h, fps, 8 + seed % 31, (int)(seed / 31 % 61) - 30, (int)(seed / 1891 % 61) - 30);
    }
    strbuf_printf(graph, ",trim=end_frame=%lld", frames);
}

static void sound_graph(const struct job *job, const struct scene *scene, const char *seconds,
                        struct strbuf *graph)
{
    if (scene->sound)
        strbuf_printf(graph, ";[%d:a:0]aresample=48000:async=1:first_pts=0,apad",
                      scene->sound == scene->picture || !scene->picture ? 0 : 1);
    else
        strbuf_printf(graph, ";sine=f=%u:r=48000,volume=0.4", 220 + job->seed % 440);
    strbuf_printf(graph, ",atrim=end=%s[s]", seconds);
}

static char *scene_graph(const struct job *job, const struct scene *scene)
{
    OSP_AUTO(auto_free) char *look = sim_look_graph(job->look, scene->width, scene->height);
    OSP_AUTO(strbuf_release) struct strbuf graph = STRBUF_INIT;
    char seconds[32];

    if (!look)
        return NULL;
    rational_print(rational(scene->frames, fps_of(job)), 6, seconds, sizeof(seconds));
    source_graph(job, scene, &graph);
    strbuf_printf(&graph, ",%s,format=yuv420p,setsar=1[v]", look);
    if (scene->sound || scene->hum)
        sound_graph(job, scene, seconds, &graph);
    return strbuf_take(&graph);
}

/* 8 bit 4:2:0, tagged; the index in front, as remote players need it. */
static const char *const video_options[] = {
    "-map",        "[v]",        "-c:v",
    "libx264",     "-crf",       "17",
    "-pix_fmt",    "yuv420p",    "-color_primaries",
    "bt709",       "-color_trc", "bt709",
    "-colorspace", "bt709",      "-color_range",
    "tv",          "-movflags",  "+faststart",
    "-f",          "mp4",        NULL,
};
static const char *const sound_options[] = { "-map", "[s]", "-c:a", "aac", "-b:a", "160k", NULL };

static int encode_video(struct job *job, const struct scene *scene, const char *name,
                        osp_error *err)
{
    struct args args = ffmpeg_args(job);
    OSP_AUTO(auto_free) char *graph = scene_graph(job, scene);
    OSP_AUTO(auto_free) char *out = job_path(job, name);
    char frames[24], rate[24];

    if (!graph || !out)
        return osp_nomem(err);
    snprintf(frames, sizeof(frames), "%lld", (long long)scene->frames);
    snprintf(rate, sizeof(rate), "%lld", (long long)fps_of(job));
    if (scene->picture)
        add_input(&args, scene->picture);
    if (scene->sound && scene->sound != scene->picture)
        add_input(&args, scene->sound);
    add(&args, "-filter_complex");
    add(&args, graph);
    if (scene->sound || scene->hum)
        add_all(&args, sound_options);
    add(&args, "-preset");
    add(&args, scene->frames > LONG_FRAMES ? "ultrafast" : "veryfast");
    add(&args, "-r");
    add(&args, rate);
    add(&args, "-frames:v");
    add(&args, frames);
    add_all(&args, video_options);
    return run_ffmpeg(job, &args, out, out, err);
}

/* The one video of omni-video and avatar, with the faults of a result. */
static int make_video(struct job *job, struct scene *scene, osp_rational ratio, const char *mode,
                      osp_error *err)
{
    char path[64], duration[32], id[24];
    struct json *file;
    int ret;

    if (has(job, SIM_FAULT_RATIO))
        ratio = rational_mul(ratio, rational(4, 3));
    if (has(job, SIM_FAULT_SHORT) && scene->frames > fps_of(job))
        scene->frames -= fps_of(job);
    snprintf(path, sizeof(path), "result.area_px.%s", mode);
    sim_size(sim_limit_int(job->sim->limits, path), ratio, &scene->width, &scene->height);
    ret = has(job, SIM_FAULT_GARBAGE) ? write_garbage(job, "video.mp4", err)
                                      : encode_video(job, scene, "video.mp4", err);
    if (ret == OSP_OK && wants_watermark(job) && !has(job, SIM_FAULT_GARBAGE))
        ret = write_watermark(job, "video.mp4", "video_marked.mp4", err);
    if (ret < 0)
        return ret;
    file = json_object();
    result_id(id, sizeof(id));
    sim_duration_text(scene->frames, fps_of(job), duration, sizeof(duration));
    json_set_string(file, "id", id);
    json_set_string(file, "name", "video.mp4");
    json_set_string(file, "duration", duration);
    json_set_string(file, "watermark", wants_watermark(job) ? "video_marked.mp4" : NULL);
    json_push(job->files, file);
    return OSP_OK;
}

static osp_rational ratio_of(const struct input *input)
{
    return rational(input->facts.width, input->facts.height);
}

static void bill_seconds(struct job *job, int64_t seconds, const char *path)
{
    job->seconds = seconds;
    job->units = sim_units(seconds, sim_limit(job->sim->limits, path));
}

/* ---- the endpoints */

static int open_video(struct job *job, struct input *input, osp_error *err)
{
    const struct json *video = sim_request_video(job->request);

    return video ? open_input(job, sim_request_text(video, "video_url", ""), SIM_USE_VIDEO, input,
                              err)
                 : OSP_OK;
}

static bool keeps_sound(const struct job *job, const struct input *video)
{
    const char *keep = sim_request_text(sim_request_video(job->request), "keep_original_sound",
                                        "no");

    return video->from && video->facts.has_sound && strcmp(keep, "yes") == 0;
}

static int make_omni_video(struct job *job, osp_error *err)
{
    OSP_AUTO(input_release) struct input video = INPUT_INIT;
    OSP_AUTO(input_release) struct input image = INPUT_INIT;
    const struct json *limits = job->sim->limits, *request = job->request;
    const char *mode = sim_request_text(request, "mode",
                                        sim_limit_text(limits, "omni-video.mode_default"));
    bool base = sim_request_is_base(request);
    bool hum = strcmp(sim_request_text(request, "sound", "off"), "on") == 0;
    int64_t seconds = json_int64_or(json_get(request, "duration"),
                                    sim_limit_int(limits, "omni-video.duration_s.default"));
    struct scene scene = { .hum = hum };
    osp_rational ratio = sim_ratio_parse(sim_request_text(request, "aspect_ratio", ""));
    char path[80];
    int ret = open_images(job, "image_url", &image, err);

    if (ret == OSP_OK)
        ret = open_video(job, &video, err);
    if (ret < 0)
        return ret;
    if (image.from)
        scene.picture = &image;
    scene.frames = seconds * fps_of(job) + 1;
    if (base) {
        scene.picture = &video;
        scene.moving = true;
        scene.frames = sim_frames(video.facts.duration, fps_of(job),
                                  sim_limit_int(limits, "result.frames_step"));
        seconds = sim_seconds_billed(video.facts.duration);
    }
    if (keeps_sound(job, &video))
        scene.sound = &video;
    /* the ratio is the input's where the document does not support aspect_ratio */
    if (scene.picture && (base || !rational_known(ratio)))
        ratio = ratio_of(scene.picture);
    snprintf(path, sizeof(path), "billing.units_per_s.%s.%s", mode,
             video.from ? "video"
             : hum      ? "sound"
                        : "plain");
    bill_seconds(job, seconds, path);
    return make_video(job, &scene, ratio, mode, err);
}

/* The sound of an earlier text-to-audio task, or the file that was sent. */
static int open_avatar_sound(struct job *job, struct input *sound, osp_error *err)
{
    const char *audio_id = sim_request_text(job->request, "audio_id", "");
    const struct sim_task *task;
    OSP_AUTO(auto_free) char *name = NULL;

    if (!*audio_id)
        return open_input(job, sim_request_text(job->request, "sound_file", ""), SIM_USE_SOUND,
                          sound, err);
    pthread_mutex_lock(&job->sim->lock);
    task = sim_task_of_audio(job->sim, audio_id, sim_now_ms());
    pthread_mutex_unlock(&job->sim->lock);
    name = task ? str_format("%s/audio.wav", task->id) : NULL;
    sound->from = name ? sim_path(job->sim, "results", name) : NULL;
    sound->local = true;
    if (!sound->from ||
        sim_media_probe(&job->sim->children, sound->from, true, &sound->facts, NULL))
        return osp_fail(err, OSP_EMEDIA, "The input audio cannot be decoded");
    return OSP_OK;
}

static int make_avatar(struct job *job, osp_error *err)
{
    OSP_AUTO(input_release) struct input image = INPUT_INIT;
    OSP_AUTO(input_release) struct input sound = INPUT_INIT;
    const struct json *limits = job->sim->limits;
    const char *mode = sim_request_text(job->request, "mode",
                                        sim_limit_text(limits, "avatar.mode_default"));
    struct scene scene = { .picture = &image, .sound = &sound };
    char path[80];
    int ret = open_input(job, sim_request_text(job->request, "image", ""), SIM_USE_IMAGE, &image,
                         err);

    if (ret == OSP_OK)
        ret = open_avatar_sound(job, &sound, err);
    if (ret < 0)
        return ret;
    scene.frames = sim_frames(sound.facts.duration, fps_of(job),
                              sim_limit_int(limits, "result.frames_step"));
    snprintf(path, sizeof(path), "billing.avatar_units_per_s.%s", mode);
    bill_seconds(job, sim_seconds_billed(sound.facts.duration), path);
    return make_video(job, &scene, ratio_of(&image), mode, err);
}

/* One call of ffmpeg for all pictures; each is a little further on. */
static int encode_images(struct job *job, const struct scene *scene, osp_error *err)
{
    struct args args = ffmpeg_args(job);
    OSP_AUTO(auto_free) char *graph = scene_graph(job, scene);
    OSP_AUTO(auto_free) char *pattern = job_path(job, "image_%d.png");
    OSP_AUTO(auto_free) char *first = job_path(job, "image_0.png");
    char frames[24];

    if (!graph || !pattern || !first)
        return osp_nomem(err);
    snprintf(frames, sizeof(frames), "%lld", (long long)scene->frames);
    if (scene->picture)
        add_input(&args, scene->picture);
    add(&args, "-filter_complex");
    add(&args, graph);
    add(&args, "-map");
    add(&args, "[v]");
    add(&args, "-frames:v");
    add(&args, frames);
    add(&args, "-pix_fmt");
    add(&args, "rgb24");
    add(&args, "-start_number");
    add(&args, "0");
    add(&args, "-f");
    add(&args, "image2");
    return run_ffmpeg(job, &args, pattern, first, err);
}

static int list_image(struct job *job, int64_t index, osp_error *err)
{
    struct json *file;
    char name[40], marked[48];
    int ret = OSP_OK;

    snprintf(name, sizeof(name), "image_%lld.png", (long long)index);
    snprintf(marked, sizeof(marked), "marked_%lld.png", (long long)index);
    if (has(job, SIM_FAULT_GARBAGE))
        ret = write_garbage(job, name, err);
    else if (wants_watermark(job))
        ret = write_watermark(job, name, marked, err);
    if (ret < 0)
        return ret;
    file = json_object();
    json_set_int(file, "index", index);
    json_set_string(file, "name", name);
    json_set_string(file, "watermark",
                    wants_watermark(job) && !has(job, SIM_FAULT_GARBAGE) ? marked : NULL);
    json_push(job->files, file);
    return OSP_OK;
}

static int make_omni_image(struct job *job, osp_error *err)
{
    OSP_AUTO(input_release) struct input image = INPUT_INIT;
    const struct json *limits = job->sim->limits;
    const char *class = sim_request_text(job->request, "resolution",
                                         sim_limit_text(limits, "omni-image.resolution_default"));
    bool series = strcmp(sim_request_text(job->request, "result_type", ""), "series") == 0;
    const char *count = series ? "series_amount" : "n";
    osp_rational ratio = sim_ratio_parse(sim_request_text(job->request, "aspect_ratio", ""));
    struct scene scene = { .picture = NULL };
    char path[80];
    int ret = open_images(job, "image", &image, err);

    if (ret < 0)
        return ret;
    if (image.from)
        scene.picture = &image;
    if (!rational_known(ratio)) /* auto */
        ratio = image.from ? ratio_of(&image) : rational(1, 1);
    if (has(job, SIM_FAULT_RATIO))
        ratio = rational_mul(ratio, rational(4, 3));
    snprintf(path, sizeof(path), "omni-image.%s.default", count);
    scene.frames = json_int64_or(json_get(job->request, count), sim_limit_int(limits, path));
    snprintf(path, sizeof(path), "result.image_area_px.%s", class);
    sim_size(sim_limit_int(limits, path), ratio, &scene.width, &scene.height);
    job->result_type = series ? "series" : "single";
    snprintf(path, sizeof(path), "billing.image_units.%s", class);
    job->units = sim_units(scene.frames, sim_limit(limits, path));
    ret = encode_images(job, &scene, err);
    for (int64_t i = 0; ret == OSP_OK && i < scene.frames; i++)
        ret = list_image(job, i, err);
    return ret;
}

static int encode_sound(struct job *job, int64_t samples, const char *codec, const char *name,
                        osp_error *err)
{
    struct args args = ffmpeg_args(job);
    OSP_AUTO(auto_free) char *out = job_path(job, name);
    OSP_AUTO(auto_free)
    char *source = str_format("sine=f=%u:b=4:r=%d,tremolo=f=%u,atrim=end_sample=%lld",
                              180 + job->seed % 700, AUDIO_RATE, 2 + job->seed / 700 % 8,
                              (long long)samples);

    if (!out || !source)
        return osp_nomem(err);
    add(&args, "-f");
    add(&args, "lavfi");
    add(&args, "-i");
    add(&args, source);
    add(&args, "-c:a");
    add(&args, codec);
    add(&args, "-b:a");
    add(&args, "128k");
    return run_ffmpeg(job, &args, out, out, err);
}

static int make_audio(struct job *job, osp_error *err)
{
    const struct json *limits = job->sim->limits;
    osp_rational seconds = { 0, 1 };
    OSP_AUTO(auto_free) char *mp3 = job_path(job, "audio.mp3");
    struct sim_media facts;
    struct json *file;
    char id[24], exact[32], whole[32];
    int64_t samples;
    int ret;

    if (!mp3 || !rational_parse(sim_request_text(job->request, "duration", "0"), &seconds))
        return osp_nomem(err);
    if (has(job, SIM_FAULT_SHORT))
        seconds = rational_sub(seconds, rational(1, 1));
    samples = rational_round(rational_mul(seconds, rational(AUDIO_RATE, 1)));
    ret = encode_sound(job, samples, "pcm_s16le", "audio.wav", err);
    if (ret == OSP_OK)
        ret = encode_sound(job, samples + MP3_FRAME, "libmp3lame", "audio.mp3", err);
    if (ret == OSP_OK)
        ret = sim_media_probe(&job->sim->children, mp3, true, &facts, err);
    if (ret == OSP_OK && has(job, SIM_FAULT_GARBAGE))
        ret = write_garbage(job, "audio.mp3", err);
    if (ret == OSP_OK && has(job, SIM_FAULT_GARBAGE))
        ret = write_garbage(job, "audio.wav", err);
    if (ret < 0)
        return ret;
    /* "3.0": one place at least; the MP3 is as long as its whole frames, cut to three */
    rational_print(seconds, 3, exact, sizeof(exact));
    if (!strchr(exact, '.'))
        strcat(exact, ".0"); /* at most 20 digits stand in it */
    sim_duration_text(rational_floor(rational_mul(facts.duration, rational(1000, 1))), 1000, whole,
                      sizeof(whole));
    result_id(id, sizeof(id));
    file = json_object();
    json_set_string(file, "id", id);
    json_set_string(file, "mp3", "audio.mp3");
    json_set_string(file, "wav", "audio.wav");
    json_set_string(file, "duration_mp3", whole);
    json_set_string(file, "duration_wav", exact);
    json_push(job->files, file);
    job->seconds = sim_seconds_billed(seconds);
    job->units = sim_limit(limits, "billing.text_to_audio_units");
    return OSP_OK;
}

/* ---- a task from end to end */

static int (*const makers[SIM_ENDPOINT_COUNT])(struct job *job, osp_error *err) = {
    [SIM_OMNI_VIDEO] = make_omni_video,
    [SIM_OMNI_IMAGE] = make_omni_image,
    [SIM_TEXT_TO_AUDIO] = make_audio,
    [SIM_AVATAR] = make_avatar,
};

static void job_release(struct job *job)
{
    if (job->folder)
        (void)fs_remove_tree(job->folder,
                             NULL); /* renamed, or of no use; swept at the next start */
    auto_free(&job->folder);
    auto_free(&job->prompt);
    json_free(&job->request);
    json_free(&job->files);
}

static int job_open(struct job *job, osp_error *err)
{
    OSP_AUTO(auto_free) char *name = str_format("%s.json", job->task->id);
    OSP_AUTO(auto_free) char *hidden = str_format(".%s-%d", job->task->id, (int)getpid());
    OSP_AUTO(auto_free) char *path = name ? sim_path(job->sim, "requests", name) : NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    size_t size;
    int ret = path ? fs_read_file(path, JSON_CEILING, &text, &size, err) : osp_nomem(err);

    if (ret == OSP_OK)
        ret = json_parse(text, size, "the request", &job->request, err);
    if (ret < 0)
        return ret;
    job->prompt = sim_request_prompts(job->request);
    job->folder = hidden ? sim_path(job->sim, "results", hidden) : NULL;
    job->files = json_array();
    if (!job->prompt || !job->folder || !job->files)
        return osp_nomem(err);
    job->look = sim_look_choose(job->prompt);
    for (const char *p = job->prompt; *p; p++) /* FNV-1a: enough to tell prompts apart */
        job->seed = (job->seed ^ (unsigned char)*p) * 16777619u;
    (void)fs_remove_tree(job->folder, NULL); /* the first of two tries may have left it */
    return fs_mkdirs(job->folder, err);
}

static void remove_inputs(const struct job *job)
{
    DIR *list = opendir(job->folder);
    struct dirent *entry;

    while (list && (entry = readdir(list))) {
        if (str_starts(entry->d_name, "in_"))
            (void)unlinkat(dirfd(list), entry->d_name, 0); /* only takes room */
    }
    if (list)
        closedir(list);
}

static int publish(struct job *job, osp_error *err)
{
    OSP_AUTO(auto_free) char *final = sim_path(job->sim, "results", job->task->id);
    int ret = final ? fs_remove_tree(final, err) : osp_nomem(err);

    if (ret < 0)
        return ret;
    remove_inputs(job);
    if (rename(job->folder, final) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", final);
    fs_sync_folder_of(final);
    return OSP_OK;
}

static int run_job(struct job *job, osp_error *err)
{
    int ret = job_open(job, err);

    if (ret < 0)
        return ret;
    if (has(job, SIM_FAULT_POLICY))
        return osp_fail(err, OSP_EMEDIA, "Failure to pass the risk control system");
    if (has(job, SIM_FAULT_FAIL))
        return osp_fail(err, OSP_EMEDIA, "Task execution failed, please try again");
    ret = makers[job->task->endpoint](job, err);
    return ret < 0 ? ret : publish(job, err);
}

static struct json *outcome_of(struct job *job, int ret, const char *message)
{
    struct json *outcome = json_object();
    char units[64] = "0"; /* a failed task is not billed */

    if (ret == OSP_OK)
        sim_units_text(job->units, units, sizeof(units));
    json_set_string(outcome, "status", ret == OSP_OK ? "succeed" : "failed");
    json_set_string(outcome, "message", ret == OSP_OK ? "" : message);
    json_set_int(outcome, "done_ms", sim_now_ms());
    json_set_int(outcome, "seconds", ret == OSP_OK ? job->seconds : 0);
    json_set_string(outcome, "units", units);
    if (job->result_type)
        json_set_string(outcome, "result_type", job->result_type);
    json_set(outcome, "files", OSP_TAKE(job->files));
    return outcome;
}

/* Twice: a child may have been killed for memory. What is wrong with an input stays so. */
static void serve_task(struct sim *sim, struct sim_task *task)
{
    for (int i = 0; i < 2; i++) {
        OSP_AUTO(job_release) struct job job = { .sim = sim, .task = task, .units = { 0, 1 } };
        osp_error err = { 0 };
        int ret = run_job(&job, &err);

        if (ret == OSP_ECANCELED)
            return; /* the next start takes it up again */
        if (ret == OSP_OK || ret == OSP_EMEDIA || i == 1) {
            (void)sim_task_finish(sim, task, outcome_of(&job, ret, err.text), &err);
            return; /* an outcome that cannot be written is made anew by the next start */
        }
    }
}

void *sim_worker(void *arg)
{
    struct sim *sim = arg;
    struct sim_task *task;

    while ((task = sim_task_take(sim)))
        serve_task(sim, task);
    return NULL;
}
