/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/reencode.h"

#include <inttypes.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "av/graph.h"
#include "av/open.h"
#include "av/output.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "clip/clip.h"
#include "splice/compare.h"
#include "splice/composite.h"

#define REENCODE_CRF 14

/* One pass over the master: packets of the picture track are decoded, changed and encoded, all
 * others go through as they come, so that memory holds a few pictures and packets only. */
struct remake {
    const osp_splice_options *options;
    const osp_control *control;
    osp_facts *facts;
    AVFormatContext *input;
    AVStream *stream; /* the picture track */
    AVCodecContext *decoder, *encoder;
    struct graph *graph; /* to a format that the encoder takes; NULL where none is needed */
    osp_clip *clip;
    struct output *output;
    int *tracks; /* [input streams] number in the output; -1: left out */
    AVPacket *packet, *made;
    AVFrame *frame, *changed;
    AVFrame *last; /* the last picture that could be decoded, in the encoder's format */
    const char *clip_path;
    int64_t shown; /* pictures so far */
    bool filled;   /* some of them stand for ones that could not be decoded */
    int64_t first_pts;
    int width, height;
};

static void remake_release(struct remake *r)
{
    osp_facts_free(&r->facts);
    avcodec_free_context(&r->decoder);
    avcodec_free_context(&r->encoder);
    graph_free(&r->graph);
    osp_clip_free(&r->clip);
    output_free(&r->output);
    input_close(&r->input);
    free(r->tracks);
    av_packet_free(&r->packet);
    av_packet_free(&r->made);
    av_frame_free(&r->frame);
    av_frame_free(&r->changed);
    av_frame_free(&r->last);
}

int reencode_check(const char *path, const osp_splice_options *options, osp_splice_report *report,
                   osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    int64_t count;
    int ret = osp_probe(path, &facts, err);

    if (ret < 0)
        return ret;
    count = facts->video.frame_count;
    if (facts->encrypted)
        return osp_fail(err, OSP_EMEDIA, "'%s' is encrypted", path);
    if (facts->truncated)
        return osp_fail(err, OSP_EMEDIA, "'%s' is truncated", path);
    if (facts->kind != OSP_KIND_VIDEO || count < 1)
        return osp_fail(err, OSP_EMEDIA, "'%s' has no film that can be decoded%s%s", path,
                        facts->fault[0] ? ": " : "", facts->fault);
    if (options->frames < 1 || options->first_frame < 0 || options->first_frame >= count ||
        options->frames > count - options->first_frame)
        return osp_fail(err, OSP_EUSAGE,
                        "the shot (%" PRId64 " pictures from picture %" PRId64
                        ") does not lie in the master, which shows %" PRId64,
                        options->frames, options->first_frame, count);
    if (options->clip_first < 0 || options->clip_first >= count)
        return osp_fail(err, OSP_EUSAGE, "the clip cannot begin at picture %" PRId64,
                        options->clip_first);
    if (report)
        *report = (osp_splice_report){
            .reencoded_all = 1,
            .reencoded_frames = count - options->frames,
            .generated_frames = options->frames,
            .changed = count,
            .crf = REENCODE_CRF,
        };
    return OSP_OK;
}

/* ---- setting up ---- */

static int open_input(struct remake *r, const char *path, osp_error *err)
{
    int ret = osp_probe(path, &r->facts, err);

    if (ret >= 0)
        ret = input_open_deep(path, &r->input, err);
    if (ret < 0)
        return ret;
    r->stream = input_track(r->input, AVMEDIA_TYPE_VIDEO);
    r->tracks = calloc(r->input->nb_streams, sizeof(*r->tracks));
    r->packet = av_packet_alloc();
    r->made = av_packet_alloc();
    r->frame = av_frame_alloc();
    r->changed = av_frame_alloc();
    r->last = av_frame_alloc();
    if (!r->tracks || !r->packet || !r->made || !r->frame || !r->changed || !r->last)
        return osp_nomem(err);
    if (!r->stream)
        return osp_fail(err, OSP_EMEDIA, "'%s' has no picture track", path);
    return decoder_open(r->stream, r->options->threads, &r->decoder, err);
}

/* The nearest format that libx264 takes. */
static enum AVPixelFormat encoder_format(enum AVPixelFormat format)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    int loss = 0;

    if (!codec || !codec->pix_fmts)
        return AV_PIX_FMT_YUV420P;
    return avcodec_find_best_pix_fmt_of_list(codec->pix_fmts, format, 0, &loss);
}

static int open_clip(struct remake *r, const AVFrame *like, osp_error *err)
{
    const osp_video_facts *video = &r->facts->video;
    osp_clip_options wanted;

    osp_clip_options_init(&wanted);
    wanted.pixel_format = av_get_pix_fmt_name(like->format);
    wanted.width_px = like->width;
    wanted.height_px = like->height;
    if (like->color_primaries != AVCOL_PRI_UNSPECIFIED)
        wanted.primaries = av_color_primaries_name(like->color_primaries);
    if (like->color_trc != AVCOL_TRC_UNSPECIFIED)
        wanted.transfer = av_color_transfer_name(like->color_trc);
    if (like->colorspace != AVCOL_SPC_UNSPECIFIED)
        wanted.matrix = av_color_space_name(like->colorspace);
    if (like->color_range != AVCOL_RANGE_UNSPECIFIED)
        wanted.range = av_color_range_name(like->color_range);
    wanted.time_base = video->time_base;
    wanted.start_pts = video->frame_pts[r->options->clip_first];
    wanted.speed = r->options->speed;
    wanted.plan = r->options->plan;
    wanted.threads = r->options->threads;
    return osp_clip_open(r->clip_path, &wanted, &r->clip, err);
}

static int open_encoder(struct remake *r, const AVFrame *like, osp_error *err)
{
    const osp_video_facts *video = &r->facts->video;
    struct video_spec spec = {
        .width_px = like->width,
        .height_px = like->height,
        .format = like->format,
        .sar = like->sample_aspect_ratio,
        .tags = like,
        .crf = REENCODE_CRF,
        .params = like->interlaced_frame ? like->top_field_first ? "tff=1" : "bff=1" : NULL,
        .threads = r->options->threads,
        .global_header = 1,
    };

    if (!av_reduce(&spec.rate.num, &spec.rate.den, video->rate.num, video->rate.den, 1 << 20) ||
        spec.rate.num <= 0)
        spec.rate = spec.rate.num > 0 ? spec.rate : (AVRational){ 25, 1 };
    return encoder_open_h264(&spec, &r->encoder, err);
}

static void free_format(AVFormatContext **format)
{
    avformat_free_context(*format);
    *format = NULL;
}

/* A stream as the demuxer would show our pictures: what the encoder makes, and the rest of the
 * master's (rotation, disposition). */
static int add_picture_track(struct remake *r, osp_error *err)
{
    OSP_AUTO(free_format) AVFormatContext *holder = avformat_alloc_context();
    AVStream *stream = holder ? avformat_new_stream(holder, NULL) : NULL;
    size_t size = 0;
    const uint8_t *matrix = av_stream_get_side_data(r->stream, AV_PKT_DATA_DISPLAYMATRIX, &size);

    if (!stream || avcodec_parameters_from_context(stream->codecpar, r->encoder) < 0)
        return osp_nomem(err);
    stream->time_base = r->stream->time_base;
    stream->avg_frame_rate = r->encoder->framerate;
    stream->sample_aspect_ratio = r->encoder->sample_aspect_ratio;
    stream->disposition = r->stream->disposition;
    if (matrix) {
        uint8_t *copy = av_stream_new_side_data(stream, AV_PKT_DATA_DISPLAYMATRIX, size);

        if (!copy)
            return osp_nomem(err);
        memcpy(copy, matrix, size);
    }
    return output_add_copy(r->output, stream, err);
}

/* Sound goes along always; other tracks where the container takes them. */
static bool wanted_track(const struct remake *r, const AVStream *stream, const char *name)
{
    const AVOutputFormat *format = av_guess_format(NULL, name, NULL);

    if (stream == r->stream || stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO)
        return true;
    return stream->codecpar->codec_type == AVMEDIA_TYPE_SUBTITLE && format &&
           avformat_query_codec(format, stream->codecpar->codec_id, FF_COMPLIANCE_NORMAL) == 1;
}

static int open_output(struct remake *r, const char *path, const char *name, osp_error *err)
{
    char options[48] = "";
    int ret = output_open(path, NULL, &r->output, err);

    for (unsigned i = 0; ret >= 0 && i < r->input->nb_streams; i++) {
        const AVStream *stream = r->input->streams[i];

        r->tracks[i] = -1;
        if (!wanted_track(r, stream, name))
            continue;
        ret = stream == r->stream ? add_picture_track(r, err)
                                  : output_add_copy(r->output, stream, err);
        r->tracks[i] = ret;
    }
    /* MP4 and MOV round a late start to the movie's time scale, a millisecond by default */
    if (ret >= 0 && r->stream->time_base.num == 1 && r->stream->time_base.den > 0)
        snprintf(options, sizeof(options), "movie_timescale=%d", r->stream->time_base.den);
    if (ret >= 0)
        ret = output_start(r->output, *options ? options : NULL, err);
    if (ret == OSP_EOUTPUT)
        return osp_hint(err, "a name that ends in .mkv takes every kind of sound");
    return ret;
}

/* ---- pictures ---- */

/* Presentation time of a shown picture on the clock of the facts. */
static int64_t clock_of(const struct remake *r, int64_t index)
{
    const osp_video_facts *video = &r->facts->video;

    return video->frame_pts[index < video->frame_count ? index : video->frame_count - 1];
}

/* The encoder counts pictures; its packets get the master's time stamps back. Decoding times
 * before the first picture go on at the master's rate. */
static int64_t stamp_of(const struct remake *r, int64_t index)
{
    AVRational rate = r->encoder->framerate;
    const osp_video_facts *video = &r->facts->video;
    AVRational base = { (int)video->time_base.num, (int)video->time_base.den };

    if (index < 0)
        return r->first_pts - av_rescale_q(-index, av_inv_q(rate), r->stream->time_base);
    return r->first_pts +
           av_rescale_q(clock_of(r, index) - clock_of(r, 0), base, r->stream->time_base);
}

static int64_t duration_of(const struct remake *r, int64_t index)
{
    const osp_video_facts *video = &r->facts->video;
    AVRational base = { (int)video->time_base.num, (int)video->time_base.den };

    if (index + 1 < video->frame_count)
        return stamp_of(r, index + 1) - stamp_of(r, index);
    return av_rescale_q(video->last_duration, base, r->stream->time_base);
}

static int write_made(struct remake *r, osp_error *err)
{
    int ret;

    while ((ret = avcodec_receive_packet(r->encoder, r->made)) >= 0) {
        r->made->duration = duration_of(r, r->made->pts);
        r->made->pts = stamp_of(r, r->made->pts);
        r->made->dts = stamp_of(r, r->made->dts);
        ret = output_packet(r->output, r->tracks[r->stream->index], r->made, r->stream->time_base,
                            err);
        if (ret < 0)
            return ret;
    }
    return ret == AVERROR(EAGAIN) || ret == AVERROR_EOF
               ? OSP_OK
               : av_failed(err, OSP_EINTERNAL, ret, "cannot encode");
}

static int encode(struct remake *r, AVFrame *frame, osp_error *err)
{
    int ret = avcodec_send_frame(r->encoder, frame);

    if (ret < 0)
        return av_failed(err, OSP_EINTERNAL, ret, "cannot encode");
    return write_made(r, err);
}

/* Into the encoder's format, in place. */
static int fit_format(struct remake *r, osp_error *err)
{
    int64_t pts = r->frame->pts;
    int ret;

    if (!r->graph)
        return OSP_OK;
    picture_tag(r->frame);
    ret = graph_push(r->graph, r->frame, err);
    if (ret >= 0)
        ret = graph_pull(r->graph, r->changed, err);
    if (ret <= 0)
        return ret < 0 ? ret : osp_fail(err, OSP_EINTERNAL, "a filter gave no picture");
    av_frame_unref(r->frame);
    av_frame_move_ref(r->frame, r->changed);
    r->frame->pts = pts;
    return OSP_OK;
}

/* What depends on the first picture. */
static int begin(struct remake *r, const char *path, const char *name, osp_error *err)
{
    enum AVPixelFormat format = encoder_format(r->frame->format);
    const osp_video_facts *video = &r->facts->video;
    AVRational base = { (int)video->time_base.num, (int)video->time_base.den };
    int ret = OSP_OK;

    r->first_pts = r->frame->pts;
    if (av_cmp_q(r->stream->time_base, base) == 0 &&
        video->start_pts + clock_of(r, 0) < r->first_pts)
        r->first_pts = video->start_pts + clock_of(r, 0); /* the first ones are damaged */
    r->width = r->frame->width;
    r->height = r->frame->height;
    if (format != (enum AVPixelFormat)r->frame->format) {
        picture_tag(r->frame);
        ret = graph_open(r->frame, r->stream->time_base, "zscale=d=error_diffusion", format,
                         r->options->threads, &r->graph, err);
    }
    if (ret >= 0)
        ret = fit_format(r, err);
    if (ret >= 0)
        ret = open_encoder(r, r->frame, err);
    if (ret >= 0)
        ret = open_output(r, path, name, err);
    if (ret >= 0)
        ret = open_clip(r, r->frame, err);
    return ret;
}

static int put_clip(struct remake *r, osp_error *err)
{
    int64_t pts = r->frame->pts;
    int x, y, ret;

    ret = clip_frame_at(r->clip, clock_of(r, r->shown), r->changed, &x, &y, err);
    if (ret < 0)
        return ret;
    ret = composite_onto(r->frame, r->changed, x, y, err);
    r->frame->pts = pts;
    return ret;
}

/* r->frame becomes the next picture of the result. */
static int show(struct remake *r, osp_error *err)
{
    int64_t index = r->shown - r->options->first_frame;
    int ret = OSP_OK;

    if (index >= 0 && index < r->options->frames)
        ret = put_clip(r, err);
    if (ret < 0)
        return ret;
    r->shown++;
    r->frame->pict_type = AV_PICTURE_TYPE_NONE;
    r->frame->pts = r->shown - 1;
    ret = control_step(r->control, "splice",
                       (double)r->shown / (double)(r->facts->video.frame_count + 1),
                       "encoding everything", err);
    return ret < 0 ? ret : encode(r, r->frame, err);
}

/* Pictures that cannot be decoded, up to a time stamp: the one before stands for them, as in
 * players. */
static int fill(struct remake *r, int64_t until, osp_error *err)
{
    int ret = OSP_OK;

    r->filled |= until < INT64_MAX;
    while (ret >= 0 && r->shown < r->facts->video.frame_count && stamp_of(r, r->shown) < until) {
        av_frame_unref(r->frame);
        ret = av_frame_ref(r->frame, r->last) < 0 ? osp_nomem(err) : show(r, err);
    }
    return ret;
}

static int one_picture(struct remake *r, const char *path, const char *name, osp_error *err)
{
    OSP_AUTO(av_frame_free) AVFrame *whole = av_frame_alloc();
    int64_t pts = r->frame->best_effort_timestamp;
    int ret = OSP_OK;

    if (!whole)
        return osp_nomem(err);
    if (r->filled && pts < stamp_of(r, r->shown))
        return OSP_OK; /* comes too late: damage upsets the order */
    if (r->shown >= r->facts->video.frame_count)
        return osp_fail(err, OSP_EMEDIA, "the master has more pictures than it says");
    r->frame->pts = pts;
    if (!r->encoder)
        ret = begin(r, path, name, err);
    else if (r->frame->width != r->width || r->frame->height != r->height)
        return osp_fail(err, OSP_EMEDIA, "the master changes its size");
    else
        ret = fit_format(r, err);
    if (ret < 0)
        return ret;
    av_frame_move_ref(whole, r->frame);
    if (!r->last->buf[0] && av_frame_ref(r->last, whole) < 0)
        return osp_nomem(err);
    if (pts != AV_NOPTS_VALUE && r->shown + 1 < r->facts->video.frame_count &&
        pts >= stamp_of(r, r->shown + 1))
        ret = fill(r, pts, err);
    if (ret < 0)
        return ret;
    av_frame_unref(r->frame);
    av_frame_unref(r->last);
    if (av_frame_ref(r->last, whole) < 0)
        return osp_nomem(err);
    av_frame_move_ref(r->frame, whole);
    return show(r, err);
}

static int drain_decoder(struct remake *r, const char *path, const char *name, osp_error *err)
{
    int ret;

    while ((ret = avcodec_receive_frame(r->decoder, r->frame)) != AVERROR(EAGAIN)) {
        if (ret == AVERROR_EOF)
            break;
        if (ret < 0)
            continue; /* damage: the next picture may be whole */
        ret = one_picture(r, path, name, err);
        av_frame_unref(r->frame);
        if (ret < 0)
            return ret;
    }
    return OSP_OK;
}

/* ---- the pass ---- */

/* Packets of other tracks wait for the first picture, since the output needs the encoder. */
struct waiting {
    AVPacket **packets;
    size_t count;
};

#define WAITING_MAX 20000

static void waiting_release(struct waiting *w)
{
    for (size_t i = 0; i < w->count; i++)
        av_packet_free(&w->packets[i]);
    free(w->packets);
    *w = (struct waiting){ 0 };
}

static int write_copied(struct remake *r, AVPacket *packet, osp_error *err)
{
    int index = packet->stream_index;

    if (r->tracks[index] < 0)
        return OSP_OK;
    return output_packet(r->output, r->tracks[index], packet, r->input->streams[index]->time_base,
                         err);
}

static int keep_waiting(struct waiting *w, AVPacket *packet, osp_error *err)
{
    AVPacket **grown;

    if (w->count == WAITING_MAX)
        return osp_fail(err, OSP_EMEDIA, "the master's first picture comes too late");
    grown = realloc(w->packets, (w->count + 1) * sizeof(AVPacket *));
    if (!grown)
        return osp_nomem(err);
    w->packets = grown;
    w->packets[w->count] = av_packet_alloc();
    if (!w->packets[w->count])
        return osp_nomem(err);
    av_packet_move_ref(w->packets[w->count++], packet);
    return OSP_OK;
}

static int flush_waiting(struct remake *r, struct waiting *w, osp_error *err)
{
    int ret = OSP_OK;

    for (size_t i = 0; ret >= 0 && i < w->count; i++)
        ret = write_copied(r, w->packets[i], err);
    waiting_release(w);
    return ret;
}

static int one_packet(struct remake *r, struct waiting *w, const char *path, const char *name,
                      osp_error *err)
{
    int ret;

    if (r->packet->stream_index != r->stream->index) {
        if (r->encoder)
            return write_copied(r, r->packet, err);
        return keep_waiting(w, r->packet, err);
    }
    ret = avcodec_send_packet(r->decoder, r->packet);
    if (ret == AVERROR(ENOMEM))
        return osp_nomem(err);
    ret = drain_decoder(r, path, name, err);
    return ret >= 0 && r->encoder && w->count ? flush_waiting(r, w, err) : ret;
}

static int pass(struct remake *r, const char *path, const char *name, osp_error *err)
{
    OSP_AUTO(waiting_release) struct waiting waiting = { 0 };
    int ret = OSP_OK;

    while (ret >= 0 && av_read_frame(r->input, r->packet) >= 0) {
        ret = cancel_check(r->control ? r->control->cancel : NULL, err);
        if (ret >= 0)
            ret = one_packet(r, &waiting, path, name, err);
        av_packet_unref(r->packet);
    }
    if (ret < 0)
        return ret;
    if (avcodec_send_packet(r->decoder, NULL) >= 0)
        ret = drain_decoder(r, path, name, err);
    if (ret >= 0 && !r->encoder)
        return osp_fail(err, OSP_EMEDIA, "no picture of the master can be decoded");
    if (ret >= 0)
        ret = fill(r, INT64_MAX, err);
    if (ret >= 0)
        ret = flush_waiting(r, &waiting, err);
    if (ret >= 0)
        ret = encode(r, NULL, err);
    return ret < 0 ? ret : output_finish(r->output, err);
}

int reencode_run(const char *path, const char *clip, const char *out, const char *name,
                 const osp_splice_options *options, const osp_control *control,
                 osp_splice_report *report, osp_error *err)
{
    OSP_AUTO(remake_release)
    struct remake r = { .options = options, .control = control, .clip_path = clip };
    int ret = reencode_check(path, options, report, err);

    if (ret >= 0)
        ret = open_input(&r, path, err);
    if (ret >= 0)
        ret = pass(&r, out, name, err);
    if (ret < 0)
        return ret;
    if (r.shown != r.facts->video.frame_count)
        return osp_fail(err, OSP_ERESULT,
                        "the master decodes to %" PRId64 " pictures, but says it has %" PRId64,
                        r.shown, r.facts->video.frame_count);
    return OSP_OK;
}
