/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The clip inside a stock ffmpeg, by movie and overlay. What makes every picture outside the shot
 * exact: overlay works in the master's own pixel format, is switched on for the shot alone, and
 * the clip's branch gets the master's time base, without which the two clocks would meet in
 * microseconds. Inside, the overlay shows the last clip picture that is due, as src/clip does.
 */
#include "omnisplice/edit.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/rational.h"
#include "base/str.h"
#include "job/job.h"
#include "plan/plan.h"

/* What overlay is told for a master's format, and the format that it wants the clip in. Formats
 * that are not here would be changed for every picture of the master: FFmpeg 5.1 vf_overlay.c. */
static const struct {
    const char *master, *overlay, *clip;
} formats[] = {
    { "yuv420p", "yuv420", "yuva420p" },
    { "yuvj420p", "yuv420", "yuva420p" },
    { "yuv422p", "yuv422", "yuva422p" },
    { "yuvj422p", "yuv422", "yuva422p" },
    { "yuv444p", "yuv444", "yuva444p" },
    { "yuvj444p", "yuv444", "yuva444p" },
    { "yuv420p10le", "yuv420p10", "yuva420p10le" },
    { "yuv422p10le", "yuv422p10", "yuva422p10le" },
    { "gbrp", "gbrp", "gbrap" },
};

/* Without loss, so that "exact outside" still holds in the file. Names without a row: the last. */
static const struct {
    const char *extension, *options;
} encoders[] = {
    { ".mkv", "-c:v ffv1" },
    { ".nut", "-c:v ffv1" },
    { ".avi", "-c:v ffv1" },
    { "", "-c:v libx264 -qp 0" },
};

/* Matrices as FFmpeg's scale filter names them. */
static const struct {
    const char *tag, *scale;
} matrices[] = {
    { "bt709", "bt709" },    { "smpte170m", "smpte170m" },
    { "bt470bg", "bt470" },  { "smpte240m", "smpte240m" },
    { "fcc", "fcc" },        { "bt2020nc", "bt2020" },
    { "bt2020c", "bt2020" },
};

#define SD_LINES   576 /* ITU-R BT.601; as src/av/graph.c guesses */
#define SD_COLUMNS 1279

static const char *matrix_of(const osp_video_facts *video)
{
    bool hd = video->coded_height_px > SD_LINES || video->coded_width_px > SD_COLUMNS;

    for (size_t i = 0; i < OSP_COUNT(matrices); i++) {
        if (strcmp(video->matrix, matrices[i].tag) == 0)
            return matrices[i].scale;
    }
    return hd ? "bt709" : "smpte170m";
}

static const char *range_of(const osp_video_facts *video)
{
    bool full = strcmp(video->range, "pc") == 0 || str_starts(video->pixel_format, "yuvj");

    return full ? "full" : "limited";
}

/* ---- quoting ---- */

static void escape(struct strbuf *out, const char *text, const char *specials)
{
    for (; *text; text++) {
        if (strchr(specials, *text))
            strbuf_add(out, "\\", 1);
        strbuf_add(out, text, 1);
    }
}

/* "Notes on filtergraph escaping", ffmpeg-filters(1): once for the option, once for the graph. */
static int add_file_name(struct strbuf *graph, const char *path, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf option = STRBUF_INIT;

    escape(&option, path, "\\': \t\n");
    if (option.failed)
        return osp_nomem(err);
    escape(graph, option.data, "\\'[],; \t\n");
    return OSP_OK;
}

/* A name that is no option, no protocol and no pattern to ffmpeg. */
static char *plain_name(const char *path)
{
    const char *colon = strchr(path, ':'), *slash = strchr(path, '/');

    if (strcmp(path, "-") == 0)
        return str_dup("pipe:1");
    if (path[0] == '-' || (colon && (!slash || colon < slash)))
        return str_format("file:%s", path);
    return str_dup(path);
}

static int add_word(struct strbuf *line, const char *text, osp_error *err)
{
    OSP_AUTO(auto_free) char *word = text ? str_shell_quote(text) : NULL;

    if (!word)
        return osp_nomem(err);
    strbuf_printf(line, " %s", word);
    return OSP_OK;
}

/* ---- the graph ---- */

struct line {
    const osp_facts *master;
    osp_facts *clip;
    const osp_plan *plan;
    osp_plan_summary shot;
    const char *overlay, *clip_format;
};

/* ffmpeg has turned the pictures upright before the graph sees them. The clip is scaled so that its
 * picture part fits the crop, and its padding is cut off: as in src/clip/space.c. */
static void add_space(const struct line *l, struct strbuf *graph)
{
    const struct geometry *g = plan_geometry(l->plan);
    double fx = (double)g->crop_width / g->scaled_width;
    double fy = (double)g->crop_height / g->scaled_height;
    int width = (int)lround(g->width * fx), height = (int)lround(g->height * fy);
    int x = (int)lround(g->pad_x * fx), y = (int)lround(g->pad_y * fy);

    width = width < x + g->crop_width ? x + g->crop_width : width;
    height = height < y + g->crop_height ? y + g->crop_height : height;
    strbuf_printf(graph, ",scale=%d:%d:flags=lanczos", width, height);
    strbuf_printf(graph, ":in_color_matrix=%s:out_color_matrix=%s", matrix_of(&l->clip->video),
                  matrix_of(&l->master->video));
    strbuf_printf(graph, ":in_range=%s:out_range=%s", range_of(&l->clip->video),
                  range_of(&l->master->video));
    strbuf_printf(graph, ",format=%s", l->clip_format);
    if (width != g->crop_width || height != g->crop_height)
        strbuf_printf(graph, ",crop=%d:%d:%d:%d:exact=1", g->crop_width, g->crop_height, x, y);
}

/* The clip picture that shows at a picture of the master: the last that is due, where one that is
 * due within a tick is due, at most a millisecond: src/clip/clip.c. */
static int64_t due(const struct line *l, int64_t index)
{
    const osp_video_facts *master = &l->master->video, *clip = &l->clip->video;
    int64_t since = master->frame_pts[index] - master->frame_pts[l->shot.sent_first];
    osp_rational tolerance = rational(1, 1000), at;
    int64_t k = 0;

    if (rational_compare(master->time_base, tolerance) < 0)
        tolerance = master->time_base;
    at = rational_mul(rational_mul(rational(since, 1), master->time_base),
                      plan_timing(l->plan)->speed);
    at = rational_add(at, tolerance);
    while (k + 1 < clip->frame_count &&
           rational_compare(rational_mul(rational(clip->frame_pts[k + 1] - clip->frame_pts[0], 1),
                                         clip->time_base),
                            at) <= 0)
        k++;
    return k;
}

/* Only what shows in the shot: overlay (libavfilter's framesync) asks "enable" for each picture
 * that it takes in, of the clip too and one ahead, so that a clip picture outside the shot would
 * switch off, or on, the master's picture before it. */
static void add_trim(const struct line *l, struct strbuf *graph)
{
    strbuf_printf(graph, ",trim=start_frame=%" PRId64 ":end_frame=%" PRId64,
                  due(l, l->shot.first_frame),
                  due(l, l->shot.first_frame + l->shot.frames - 1) + 1);
}

/* To the master's ticks, one early for what is due within one; the first picture, which may have
 * been due in the handle before the shot, not before the shot. */
static void add_clock(const struct line *l, struct strbuf *graph)
{
    const osp_video_facts *master = &l->master->video, *clip = &l->clip->video;
    osp_rational speed = plan_timing(l->plan)->speed, skipped;
    int64_t first = due(l, l->shot.first_frame), start;

    skipped = rational_mul(rational(clip->frame_pts[first] - clip->frame_pts[0], 1),
                           clip->time_base);
    skipped = rational_div(rational_div(skipped, speed), master->time_base);
    start = master->frame_pts[l->shot.sent_first] + rational_floor(skipped);
    if (rational_compare(master->time_base, rational(1, 1000)) <= 0)
        start--;
    strbuf_printf(graph, ",settb=%" PRId64 "/%" PRId64 ",setpts='max((PTS-STARTPTS)",
                  master->time_base.num, master->time_base.den);
    if (speed.num != speed.den)
        strbuf_printf(graph, "*%" PRId64 "/%" PRId64, speed.den, speed.num);
    strbuf_printf(graph, "%+" PRId64 ",%" PRId64 ")'", start,
                  master->frame_pts[l->shot.first_frame]);
}

static osp_rational moment(const osp_video_facts *video, int64_t index)
{
    int64_t pts = index < video->frame_count
                      ? video->frame_pts[index]
                      : video->frame_pts[video->frame_count - 1] + video->last_duration;

    return rational_mul(rational(pts, 1), video->time_base);
}

/* Half way between two pictures: no rounding of either reaches it. */
static void add_border(const osp_video_facts *video, int64_t index, struct strbuf *graph)
{
    osp_rational at = moment(video, index), before = rational_sub(at, rational(1, 1));
    char text[48];

    if (index > 0)
        before = moment(video, index - 1);
    rational_print(rational_div(rational_add(at, before), rational(2, 1)), 6, text, sizeof(text));
    strbuf_puts(graph, text);
}

static char *make_graph(const struct line *l, const char *clip, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf graph = STRBUF_INIT;
    const struct geometry *g = plan_geometry(l->plan);

    strbuf_puts(&graph, "movie=filename=");
    if (add_file_name(&graph, clip, err) < 0)
        return NULL;
    add_trim(l, &graph);
    add_space(l, &graph);
    add_clock(l, &graph);
    strbuf_printf(&graph, "[c];[0:v:0][c]overlay=x=%d:y=%d:format=%s:eof_action=repeat", g->crop_x,
                  g->crop_y, l->overlay);
    strbuf_puts(&graph, ":enable='between(t,");
    add_border(&l->master->video, l->shot.first_frame, &graph);
    strbuf_puts(&graph, ",");
    add_border(&l->master->video, l->shot.first_frame + l->shot.frames, &graph);
    strbuf_puts(&graph, ")'[v]");
    if (graph.failed)
        osp_nomem(err);
    return strbuf_take(&graph);
}

/* ---- the line ---- */

static int choose_format(struct line *l, osp_error *err)
{
    const osp_video_facts *video = &l->master->video;

    for (size_t i = 0; i < OSP_COUNT(formats); i++) {
        if (strcmp(formats[i].master, video->pixel_format) == 0) {
            l->overlay = formats[i].overlay;
            l->clip_format = formats[i].clip;
            return OSP_OK;
        }
    }
    osp_fail(err, OSP_EMEDIA, "ffmpeg's overlay would change every picture of a %s master",
             video->pixel_format);
    return osp_hint(err, "let omnisplice write the result: edit -o FILE");
}

static const char *encoder_for(const char *output)
{
    size_t i = 0;

    while (!str_ends(output, encoders[i].extension))
        i++;
    return encoders[i].options;
}

static int make_line(const struct line *l, const char *master, const char *clip, const char *output,
                     char **text, osp_error *err)
{
    OSP_AUTO(strbuf_release) struct strbuf out = STRBUF_INIT;
    OSP_AUTO(auto_free) char *graph = make_graph(l, clip, err);
    OSP_AUTO(auto_free) char *input = realpath(master, NULL);
    OSP_AUTO(auto_free) char *name = plain_name(output);
    int ret;

    if (!graph)
        return osp_nomem(err);
    strbuf_puts(&out, "ffmpeg -i");
    ret = add_word(&out, input ? input : master, err);
    strbuf_puts(&out, " -filter_complex");
    if (ret == OSP_OK)
        ret = add_word(&out, graph, err);
    /* every picture once, with the time stamp that it has */
    strbuf_printf(&out,
                  " -map '[v]' -map '0:a?' -c:a copy -fps_mode passthrough"
                  " -enc_time_base -1 %s%s",
                  encoder_for(output), strcmp(output, "-") == 0 ? " -f matroska" : "");
    if (ret == OSP_OK)
        ret = add_word(&out, name, err);
    if (ret < 0)
        return ret;
    *text = strbuf_take(&out);
    return *text ? OSP_OK : osp_nomem(err);
}

int osp_edit_ffmpeg_line(osp_engine *engine, const osp_shot *shot, osp_job *job, const char *output,
                         char **text, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(auto_free) char *clip = NULL;
    struct line line = { .shot = { .size = sizeof(line.shot) } };
    int ret = job_restore(job, err);

    (void)engine; /* the job knows its own */
    if (ret < 0)
        return ret;
    if (!osp_job_clip(job))
        return osp_fail(err, OSP_EUSAGE, "job %s has no clip yet", job_id(job));
    clip = realpath(osp_job_clip(job), NULL); /* movie reads "a:b" as a protocol */
    if (!clip)
        return osp_fail_errno(err, OSP_EMEDIA, "find", osp_job_clip(job));
    line.master = job_facts(job);
    line.plan = osp_job_plan(job);
    osp_plan_summarize(line.plan, &line.shot);
    if (plan_geometry(line.plan)->scaled_width < 1)
        return osp_fail(err, OSP_EMEDIA, "'%s' is no video", shot->master);
    ret = choose_format(&line, err);
    if (ret == OSP_OK)
        ret = osp_probe(clip, &facts, err);
    if (ret < 0)
        return ret;
    line.clip = facts;
    return make_line(&line, shot->master, clip, output, text, err);
}
