/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clip/clip.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <libavutil/pixdesc.h>

#include "av/decode.h"
#include "av/graph.h"
#include "base/auto.h"
#include "base/rational.h"
#include "clip/space.h"

/*
 * The clip is read once, forwards: `now` is the last picture whose time is not later than what was
 * asked, `ahead` the one behind it. A question about an earlier time starts again from the first
 * picture. The answer is kept as long as the same picture is shown.
 */
struct osp_clip {
    char *path;
    int threads;
    struct reader *reader;
    struct graph *graph;
    struct space space;
    AVFrame *now, *ahead, *shown; /* shown: `now` in the master's space */
    bool shown_valid, at_end;
    int64_t clip_start; /* pts of the clip's first picture */
    int64_t last_pts;   /* of the picture that was read last */
    osp_rational clip_base, master_base, speed, tolerance;
    int64_t start_pts;
};

void osp_clip_options_init(osp_clip_options *options)
{
    *options = (osp_clip_options){ .size = sizeof(*options) };
}

void osp_clip_free(osp_clip **clip)
{
    osp_clip *c = *clip;

    if (!c)
        return;
    reader_free(&c->reader);
    graph_free(&c->graph);
    space_release(&c->space);
    av_frame_free(&c->now);
    av_frame_free(&c->ahead);
    av_frame_free(&c->shown);
    free(c->path);
    free(c);
    *clip = NULL;
}

static int next_picture(osp_clip *clip, AVFrame *frame, osp_error *err)
{
    int ret = reader_next(clip->reader, frame, err);

    if (ret <= 0) {
        clip->at_end = ret == 0;
        return ret < 0 ? osp_while(err, "reading the clip '%s'", clip->path) : 0;
    }
    if (frame->pts == AV_NOPTS_VALUE) /* no clock: the length of the picture before */
        frame->pts = clip->last_pts + (frame->pkt_duration > 0 ? frame->pkt_duration : 1);
    clip->last_pts = frame->pts;
    return 1;
}

/* Open, or open again, at the first picture. */
static int rewind_clip(osp_clip *clip, osp_error *err)
{
    int ret;

    reader_free(&clip->reader);
    av_frame_unref(clip->now);
    av_frame_unref(clip->ahead);
    clip->at_end = clip->shown_valid = false;
    clip->last_pts = -1;
    ret = reader_open(clip->path, AVMEDIA_TYPE_VIDEO, clip->threads, &clip->reader, err);
    if (ret < 0)
        return osp_while(err, "opening the clip");
    ret = next_picture(clip, clip->now, err);
    if (ret == 0)
        return osp_fail(err, OSP_EMEDIA, "the clip '%s' has no picture", clip->path);
    if (ret < 0)
        return ret;
    clip->clip_start = clip->now->pts;
    ret = next_picture(clip, clip->ahead, err);
    return ret < 0 ? ret : OSP_OK;
}

int osp_clip_open(const char *path, const osp_clip_options *options, osp_clip **out, osp_error *err)
{
    OSP_AUTO(osp_clip_free) osp_clip *clip = NULL;
    AVRational base;
    int ret;

    if (options->time_base.num <= 0 || options->time_base.den <= 0)
        return osp_fail(err, OSP_EUSAGE, "a clip needs the master's time base");
    clip = calloc(1, sizeof(*clip));
    if (!clip)
        return osp_nomem(err);
    clip->path = strdup(path);
    clip->now = av_frame_alloc();
    clip->ahead = av_frame_alloc();
    clip->shown = av_frame_alloc();
    if (!clip->path || !clip->now || !clip->ahead || !clip->shown)
        return osp_nomem(err);
    clip->threads = options->threads;
    clip->master_base = options->time_base;
    clip->start_pts = options->start_pts;
    clip->speed = rational_known(options->speed) ? options->speed : (osp_rational){ 1, 1 };
    ret = space_init(&clip->space, options, err);
    if (ret >= 0)
        ret = rewind_clip(clip, err);
    if (ret < 0)
        return ret;
    base = reader_stream(clip->reader)->time_base;
    clip->clip_base = (osp_rational){ base.num, base.den };
    /* A master's time stamps may be rounded to its time base: a picture that is due within one tick
     * is due. Not beyond a millisecond, since some time bases are as coarse as the rate. */
    clip->tolerance = rational_compare(clip->master_base, rational(1, 1000)) < 0
                          ? clip->master_base
                          : rational(1, 1000);
    *out = OSP_TAKE(clip);
    return OSP_OK;
}

/* Seconds from the clip's first picture. */
static osp_rational clip_time(const osp_clip *clip, const AVFrame *frame)
{
    return rational_mul(rational(frame->pts - clip->clip_start, 1), clip->clip_base);
}

static int move_to(osp_clip *clip, osp_rational time, osp_error *err)
{
    osp_rational due = rational_add(time, clip->tolerance);
    int ret;

    if (rational_compare(clip_time(clip, clip->now), due) > 0 &&
        clip->now->pts != clip->clip_start) {
        ret = rewind_clip(clip, err);
        if (ret < 0)
            return ret;
    }
    while (clip->ahead->buf[0] && rational_compare(clip_time(clip, clip->ahead), due) <= 0) {
        AVFrame *old = clip->now;

        clip->now = clip->ahead;
        clip->ahead = old;
        clip->shown_valid = false;
        av_frame_unref(clip->ahead);
        ret = clip->at_end ? 0 : next_picture(clip, clip->ahead, err);
        if (ret < 0)
            return ret;
    }
    return OSP_OK;
}

static int convert(osp_clip *clip, osp_error *err)
{
    OSP_AUTO(av_frame_free) AVFrame *tagged = av_frame_clone(clip->now);
    AVRational base = { 1, 1000 };
    char text[480];
    int ret;

    if (!tagged)
        return osp_nomem(err);
    picture_tag(tagged);
    tagged->pts = 0;
    if (clip->graph && !graph_fits(clip->graph, tagged))
        graph_free(&clip->graph);
    if (!clip->graph) {
        ret = space_filters(&clip->space, tagged, text, sizeof(text), err);
        if (ret >= 0)
            ret = graph_open(tagged, base, text, space_format(&clip->space), clip->threads,
                             &clip->graph, err);
        if (ret < 0)
            return osp_while(err, "fitting the clip to the master");
    }
    ret = graph_push(clip->graph, tagged, err);
    if (ret >= 0)
        ret = graph_pull(clip->graph, clip->shown, err);
    if (ret < 0)
        return osp_while(err, "fitting the clip to the master");
    if (ret == 0)
        return osp_fail(err, OSP_EINTERNAL, "the clip's filters gave no picture");
    if (clip->space.format != AV_PIX_FMT_NONE)
        clip->shown->format = clip->space.format; /* yuvj420p is yuv420p by another name */
    clip->shown_valid = true;
    return OSP_OK;
}

int clip_frame_at(osp_clip *clip, int64_t pts, AVFrame *frame, int *x, int *y, osp_error *err)
{
    osp_rational time = rational_mul(rational(pts - clip->start_pts, 1),
                                     rational_mul(clip->master_base, clip->speed));
    int ret = move_to(clip, time, err);

    if (ret >= 0 && !clip->shown_valid)
        ret = convert(clip, err);
    if (ret < 0)
        return ret;
    av_frame_unref(frame);
    if (av_frame_ref(frame, clip->shown) < 0)
        return osp_nomem(err);
    frame->pts = pts;
    *x = clip->space.x;
    *y = clip->space.y;
    return OSP_OK;
}

static void release_frame(osp_picture *picture)
{
    AVFrame *frame = picture->opaque;

    av_frame_free(&frame);
}

int osp_clip_picture_at(osp_clip *clip, int64_t pts, osp_picture *picture, osp_error *err)
{
    OSP_AUTO(av_frame_free) AVFrame *frame = av_frame_alloc();
    int x, y, ret;

    if (!frame)
        return osp_nomem(err);
    ret = clip_frame_at(clip, pts, frame, &x, &y, err);
    if (ret < 0)
        return ret;
    *picture = (osp_picture){
        .pixel_format = av_get_pix_fmt_name(frame->format),
        .width_px = frame->width,
        .height_px = frame->height,
        .pts = pts,
        .time_base = clip->master_base,
        .free_fn = release_frame,
    };
    for (int i = 0; i < 4; i++) {
        picture->planes[i] = frame->data[i];
        picture->strides[i] = frame->linesize[i];
    }
    picture->opaque = OSP_TAKE(frame);
    return OSP_OK;
}

void clip_facts(const osp_clip *clip, int64_t *frames, int *width_px, int *height_px)
{
    const AVStream *stream = reader_stream(clip->reader);

    *frames = stream->nb_frames > 0 ? stream->nb_frames : -1;
    *width_px = stream->codecpar->width;
    *height_px = stream->codecpar->height;
}
