/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Frames in, frames out, of a file that is known: the file engine makes the clip, and a picture of
 * the flow is answered by what the file engine would show for the same picture of the master. So
 * the flow's time, which a host has rounded to nanoseconds, is mapped to a picture of the facts
 * first, and the clip is asked with that picture's exact time stamp.
 */
#include "omnisplice/stream.h"

#include <stdlib.h>
#include <string.h>

#include <libavutil/mathematics.h>
#include <libavutil/pixdesc.h>

#include "base/auto.h"
#include "base/error.h"
#include "base/rational.h"
#include "base/str.h"
#include "clip/clip.h"
#include "job/job.h"
#include "plan/plan.h"
#include "stream/backdrop.h"

#define SECOND_NS INT64_C(1000000000)
/* A picture is due this much before its time, or half a step where steps are shorter. Hosts round
 * (Matroska to the millisecond); but a decoder that clips the first picture after an accurate seek
 * moves its time stamp on by up to a whole step, so that "the nearest picture" would be wrong. */
#define EARLY_NS INT64_C(2000000)

struct osp_stream {
    osp_job *job;
    const osp_facts *facts; /* the job's */
    osp_plan_summary shot;
    int64_t from_ns, to_ns;         /* exact moments, rounded down */
    int64_t from_edge_ns, end_edge; /* what classify asks: from_ns and to_ns, a little earlier */

    osp_stream_format format; /* its texts are owned; width 0: not set yet */
    char *texts[5];
    osp_clip *clip;            /* NULL: to be opened in this format */
    struct backdrop *backdrop; /* NULL: not needed so far */
};

/* ---- time ---- */

static int64_t to_ns(osp_rational seconds)
{
    return rational_floor(rational_mul(seconds, (osp_rational){ SECOND_NS, 1 }));
}

/* Of a shown picture, from the master's start; of frame_count: the end of the last one. */
static int64_t moment_ns(const osp_video_facts *video, int64_t index)
{
    int64_t pts = index < video->frame_count
                      ? video->frame_pts[index]
                      : video->frame_pts[video->frame_count - 1] + video->last_duration;

    return av_rescale_rnd(pts, video->time_base.num * SECOND_NS, video->time_base.den,
                          AV_ROUND_DOWN);
}

/* The first moment that already belongs to a picture. */
static int64_t edge_ns(const osp_video_facts *video, int64_t index)
{
    int64_t at = moment_ns(video, index);
    int64_t step = index > 0 ? at - moment_ns(video, index - 1) : moment_ns(video, 1) - at;

    return at - (step / 2 < EARLY_NS ? step / 2 : EARLY_NS);
}

/* The picture of the shot that shows at a time: the last whose edge is not later. */
static int64_t picture_at(const osp_stream *stream, int64_t t_ns)
{
    int64_t low = stream->shot.first_frame, high = low + stream->shot.frames - 1;

    while (low < high) {
        int64_t middle = low + (high - low + 1) / 2;

        if (edge_ns(&stream->facts->video, middle) <= t_ns)
            low = middle;
        else
            high = middle - 1;
    }
    return low;
}

osp_place osp_stream_classify(const osp_stream *stream, int64_t t_ns)
{
    if (t_ns < stream->from_edge_ns)
        return OSP_BEFORE;
    return t_ns < stream->end_edge ? OSP_INSIDE : OSP_AFTER;
}

void osp_stream_shot(const osp_stream *stream, int64_t *from_ns, int64_t *to_ns_out)
{
    *from_ns = stream->from_ns;
    *to_ns_out = stream->to_ns;
}

int64_t osp_stream_first(const osp_stream *stream)
{
    return moment_ns(&stream->facts->video, 0);
}

/* ---- life ---- */

static void forget_format(osp_stream *stream)
{
    for (size_t i = 0; i < OSP_COUNT(stream->texts); i++)
        auto_free(&stream->texts[i]);
    stream->format = (osp_stream_format){ 0 };
}

void osp_stream_free(osp_stream **pointer)
{
    osp_stream *stream = pointer ? *pointer : NULL;

    if (!stream)
        return;
    osp_clip_free(&stream->clip);
    backdrop_free(&stream->backdrop);
    forget_format(stream);
    osp_job_free(&stream->job);
    free(stream);
    *pointer = NULL;
}

int osp_stream_open(osp_engine *engine, const osp_shot *shot, osp_stream **out, osp_error *err)
{
    OSP_AUTO(osp_stream_free) osp_stream *stream = calloc(1, sizeof(*stream));
    const osp_video_facts *video;
    int ret;

    if (!stream)
        return osp_nomem(err);
    ret = osp_job_open(engine, shot, &stream->job, err);
    if (ret < 0)
        return ret;
    stream->facts = job_facts(stream->job);
    video = &stream->facts->video;
    if (stream->facts->kind != OSP_KIND_VIDEO || video->frame_count < 1)
        return osp_fail(err, OSP_EMEDIA, "'%s' is no video", shot->master);
    stream->shot.size = sizeof(stream->shot);
    osp_plan_summarize(osp_job_plan(stream->job), &stream->shot);
    stream->from_ns = to_ns(stream->shot.from_s);
    stream->to_ns = to_ns(stream->shot.to_s);
    stream->from_edge_ns = edge_ns(video, stream->shot.first_frame);
    stream->end_edge = edge_ns(video, stream->shot.first_frame + stream->shot.frames);
    *out = OSP_TAKE(stream);
    return OSP_OK;
}

osp_job *osp_stream_job(osp_stream *stream)
{
    return stream->job;
}

/* ---- the host's format ---- */

/* Pictures of another size than the master's can be served only where nothing but the size was
 * changed on the way to the service: crops and turns are counted in the master's pixels. */
static int check_size(const osp_stream *stream, const osp_stream_format *format, osp_error *err)
{
    const osp_video_facts *video = &stream->facts->video;

    if (format->width_px < 1 || format->height_px < 1)
        return osp_fail(err, OSP_EUSAGE, "pictures of %dx%d", format->width_px, format->height_px);
    if (format->width_px == video->coded_width_px && format->height_px == video->coded_height_px)
        return OSP_OK;
    if (geometry_shows_all(plan_geometry(osp_job_plan(stream->job))))
        return OSP_OK;
    osp_fail(err, OSP_EMEDIA, "the pictures are %dx%d, those of the master %dx%d", format->width_px,
             format->height_px, video->coded_width_px, video->coded_height_px);
    return osp_hint(err, "put the edit before what turns, cuts or scales the pictures");
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_format(const osp_stream_format *a, const osp_stream_format *b)
{
    return a->width_px == b->width_px && a->height_px == b->height_px &&
           same_text(a->pixel_format, b->pixel_format) && same_text(a->matrix, b->matrix) &&
           same_text(a->primaries, b->primaries) && same_text(a->transfer, b->transfer) &&
           same_text(a->range, b->range);
}

int osp_stream_set_format(osp_stream *stream, const osp_stream_format *format, osp_error *err)
{
    const char *texts[5] = { format->pixel_format, format->matrix, format->primaries,
                             format->transfer, format->range };
    int ret;

    if (!format->pixel_format || av_get_pix_fmt(format->pixel_format) == AV_PIX_FMT_NONE)
        return osp_fail(err, OSP_EUSAGE, "no pixel format '%s'",
                        format->pixel_format ? format->pixel_format : "");
    ret = check_size(stream, format, err);
    if (ret < 0 || same_format(format, &stream->format))
        return ret;
    osp_clip_free(&stream->clip);
    backdrop_free(&stream->backdrop);
    forget_format(stream);
    for (size_t i = 0; i < OSP_COUNT(texts); i++) {
        stream->texts[i] = str_dup(texts[i]);
        if (texts[i] && !stream->texts[i])
            return osp_nomem(err);
    }
    stream->format = (osp_stream_format){ .size = sizeof(stream->format),
                                          .pixel_format = stream->texts[0],
                                          .width_px = format->width_px,
                                          .height_px = format->height_px,
                                          .matrix = stream->texts[1],
                                          .primaries = stream->texts[2],
                                          .transfer = stream->texts[3],
                                          .range = stream->texts[4] };
    return OSP_OK;
}

/* ---- pictures ---- */

static int open_clip(osp_stream *stream, const char *path, osp_error *err)
{
    const osp_plan *plan = osp_job_plan(stream->job);
    const osp_video_facts *video = &stream->facts->video;
    const osp_stream_format *format = &stream->format;
    osp_clip_options options;

    osp_clip_options_init(&options);
    options.pixel_format = format->pixel_format;
    options.width_px = format->width_px;
    options.height_px = format->height_px;
    options.matrix = format->matrix;
    options.primaries = format->primaries;
    options.transfer = format->transfer;
    options.range = format->range;
    options.time_base = video->time_base;
    options.start_pts = video->frame_pts[stream->shot.sent_first];
    options.speed = plan_timing(plan)->speed;
    if (format->width_px == video->coded_width_px && format->height_px == video->coded_height_px)
        options.plan = plan; /* else nothing but the size differs: see check_size() */
    options.threads = job_threads(stream->job);
    return osp_clip_open(path, &options, &stream->clip, err);
}

static int wait_for_clip(osp_stream *stream, int timeout_ms, const osp_control *control,
                         osp_error *err)
{
    const char *path;
    int ret = osp_job_wait(stream->job, timeout_ms, control, err);

    if (ret < 0)
        return ret;
    path = osp_job_clip(stream->job);
    if (!path)
        return osp_fail(err, OSP_EAGAIN, "the clip of job %s is gone from the disk",
                        job_id(stream->job));
    return open_clip(stream, path, err);
}

/* The clip shows a part only: the rest is the master's. */
static int around(osp_stream *stream, int64_t index, AVFrame *frame, int x, int y, osp_error *err)
{
    OSP_AUTO(av_frame_free) AVFrame *whole = av_frame_alloc();
    int ret = OSP_OK;

    if (!whole)
        return osp_nomem(err);
    if (!stream->backdrop)
        ret = backdrop_open(job_shot(stream->job)->master, stream->facts,
                            stream->format.pixel_format, job_threads(stream->job),
                            &stream->backdrop, err);
    if (ret == OSP_OK)
        ret = backdrop_picture(stream->backdrop, index, whole, err);
    if (ret == OSP_OK)
        ret = backdrop_lay(whole, frame, x, y, err);
    if (ret < 0)
        return ret;
    av_frame_unref(frame);
    av_frame_move_ref(frame, whole);
    return OSP_OK;
}

static void release_frame(osp_picture *picture)
{
    AVFrame *frame = picture->opaque;

    av_frame_free(&frame);
}

static void hand_out(const osp_stream *stream, AVFrame *frame, int64_t t_ns, osp_picture *picture)
{
    *picture = (osp_picture){
        .pixel_format = av_get_pix_fmt_name(av_get_pix_fmt(stream->format.pixel_format)),
        .width_px = frame->width,
        .height_px = frame->height,
        .pts = t_ns,
        .time_base = { 1, SECOND_NS },
        .free_fn = release_frame,
        .opaque = frame,
    };
    for (int i = 0; i < 4; i++) {
        picture->planes[i] = frame->data[i];
        picture->strides[i] = frame->linesize[i];
    }
}

int osp_stream_take(osp_stream *stream, int64_t t_ns, int timeout_ms, const osp_control *control,
                    osp_picture *picture, osp_error *err)
{
    OSP_AUTO(av_frame_free) AVFrame *frame = NULL;
    int64_t index = picture_at(stream, t_ns);
    int x = 0, y = 0, ret = OSP_OK;

    if (osp_stream_classify(stream, t_ns) != OSP_INSIDE)
        return osp_fail(err, OSP_EUSAGE, "a picture outside the shot was asked for");
    if (stream->format.width_px < 1)
        return osp_fail(err, OSP_EUSAGE, "the format of the pictures is not set");
    if (!stream->clip)
        ret = wait_for_clip(stream, timeout_ms, control, err);
    if (ret < 0)
        return ret;
    frame = av_frame_alloc();
    if (!frame)
        return osp_nomem(err);
    ret = clip_frame_at(stream->clip, stream->facts->video.frame_pts[index], frame, &x, &y, err);
    if (ret == OSP_OK &&
        (frame->width != stream->format.width_px || frame->height != stream->format.height_px))
        ret = around(stream, index, frame, x, y, err);
    if (ret < 0)
        return ret;
    hand_out(stream, OSP_TAKE(frame), t_ns, picture);
    return OSP_OK;
}

void osp_stream_flush(osp_stream *stream)
{
    osp_clip_free(&stream->clip);
    backdrop_free(&stream->backdrop);
}
