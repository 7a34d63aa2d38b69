/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What only decoding shows: every packet of the picture track and of all sound through a decoder.
 * Players pass over damage, and so do decoders unless they are asked; what they own up to is an
 * error code, or a mark on the picture.
 */
#include <libavutil/common.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "av/open.h"
#include "base/array.h"
#include "base/auto.h"
#include "base/rational.h"
#include "probe/probe.h"

#define TRACKS_MAX      64
#define STILL_MAX_BYTES (256 << 20)
/* Pictures, or errors, from one packet: a decoder that goes on for ever is stopped. */
#define OUTPUTS_MAX 100000
/* A leap in a stream that may be cut together (MPEG-TS): more than this beyond a picture's time. */
#define LEAP_S 1

struct deep {
    AVFormatContext *input;
    AVCodecContext *decoders[TRACKS_MAX]; /* by track; NULL: not decoded */
    AVPacket *packet;
    AVFrame *frame;
    AVStream *picture; /* the picture track that counts; NULL: sound alone */
    osp_facts *facts;
    int64_t *pts; /* of the pictures that came out */
    size_t count, capacity;
    int64_t last_pts, last_duration;
    int64_t failed;     /* packets that gave an error in place of a picture */
    int64_t interlaced; /* pictures of two fields */
    bool unknown;       /* something that our decoder does not do: no verdict */
};

static void deep_release(struct deep *d)
{
    for (size_t i = 0; i < OSP_COUNT(d->decoders); i++)
        avcodec_free_context(&d->decoders[i]);
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
    input_close(&d->input);
    free(d->pts);
}

static osp_rational moment(const struct deep *d, const AVStream *stream, int64_t pts)
{
    AVRational base = stream->time_base;
    osp_rational at;

    if (pts == AV_NOPTS_VALUE)
        return (osp_rational){ 0, 0 };
    at = rational_mul((osp_rational){ pts, 1 }, (osp_rational){ base.num, base.den });
    return d->picture
               ? rational_sub(at, rational_mul((osp_rational){ d->facts->video.start_pts, 1 },
                                               d->facts->video.time_base))
               : at;
}

/* Count, and keep the time of the first. */
static void note(int64_t *count, osp_rational *first, osp_rational at)
{
    if ((*count)++ == 0)
        *first = at;
}

static void note_damage(struct deep *d, const AVStream *stream, int64_t pts)
{
    osp_deep_facts *out = &d->facts->deep;

    if (d->facts->kind == OSP_KIND_IMAGE)
        pts = AV_NOPTS_VALUE;
    if (stream == d->picture)
        note(&out->corrupt, &out->corrupt_s, moment(d, stream, pts));
    else
        note(&out->sound_corrupt, &out->sound_corrupt_s, moment(d, stream, pts));
}

/* Pictures come out in display order, so a stamp that is not later than the one before is broken.
 */
static void look_at_stamp(struct deep *d, int64_t pts, int64_t duration)
{
    const AVStream *stream = d->picture;
    osp_deep_facts *out = &d->facts->deep;
    int64_t leap = av_rescale_q(LEAP_S, (AVRational){ 1, 1 }, stream->time_base);
    bool cut_together = (d->input->iformat->flags & AVFMT_TS_DISCONT) != 0;

    if (d->count > 1 && pts <= d->last_pts)
        note(&out->breaks, &out->break_s, moment(d, stream, pts));
    else if (d->count > 1 && cut_together &&
             av_sat_sub64(pts, d->last_pts) > av_sat_add64(d->last_duration, leap))
        note(&out->breaks, &out->break_s, moment(d, stream, d->last_pts));
    d->last_pts = pts;
    d->last_duration = duration;
}

static int take_picture(struct deep *d, osp_error *err)
{
    const AVFrame *frame = d->frame;
    int64_t pts = frame->best_effort_timestamp;

    d->facts->deep.pictures++;
    d->interlaced += frame->interlaced_frame;
    if (frame->decode_error_flags || frame->flags & AV_FRAME_FLAG_CORRUPT)
        note_damage(d, d->picture, pts);
    if (pts == AV_NOPTS_VALUE)
        return OSP_OK;
    if (!array_grow((void **)&d->pts, sizeof(*d->pts), d->count, &d->capacity))
        return osp_nomem(err);
    d->pts[d->count++] = pts;
    look_at_stamp(d, pts, frame->pkt_duration);
    return OSP_OK;
}

/* A decoder or demuxer said no. @return OSP_OK; below 0: no memory */
static int take_error(struct deep *d, const AVStream *stream, int64_t pts, int averror,
                      osp_error *err)
{
    if (averror == AVERROR(ENOMEM))
        return osp_nomem(err);
    if (averror == AVERROR_PATCHWELCOME) {
        d->unknown = true;
        return OSP_OK;
    }
    note_damage(d, stream, pts);
    d->failed += stream == d->picture;
    return OSP_OK;
}

/* @return OSP_OK, also after damage; below 0: no memory */
static int drain(struct deep *d, const AVStream *stream, osp_error *err)
{
    AVCodecContext *decoder = d->decoders[stream->index];

    for (int i = 0; i < OUTPUTS_MAX; i++) {
        int ret = avcodec_receive_frame(decoder, d->frame);

        if (ret == AVERROR(EAGAIN) || ret == AVERROR_EOF)
            return OSP_OK;
        if (ret < 0)
            ret = take_error(d, stream, d->packet->pts, ret, err);
        else if (stream == d->picture)
            ret = take_picture(d, err);
        av_frame_unref(d->frame);
        if (ret < 0)
            return ret;
    }
    return OSP_OK;
}

/* @param packet  NULL: the end, give out what is held back */
static int decode(struct deep *d, const AVStream *stream, const AVPacket *packet, osp_error *err)
{
    int ret = avcodec_send_packet(d->decoders[stream->index], packet);

    if (ret < 0 && ret != AVERROR_EOF && ret != AVERROR(EAGAIN))
        ret = take_error(d, stream, packet ? packet->pts : AV_NOPTS_VALUE, ret, err);
    return ret == OSP_EINTERNAL ? ret : drain(d, stream, err);
}

static int decode_all(struct deep *d, osp_error *err)
{
    int ret = OSP_OK, got;

    while (ret == OSP_OK && (got = av_read_frame(d->input, d->packet)) >= 0) {
        const AVStream *stream = d->input->streams[d->packet->stream_index];

        if (stream->index < TRACKS_MAX && d->decoders[stream->index])
            ret = decode(d, stream, d->packet, err);
        av_packet_unref(d->packet);
    }
    if (ret == OSP_OK && got == AVERROR(ENOMEM))
        return osp_nomem(err);
    for (int i = 0; ret == OSP_OK && i < TRACKS_MAX; i++) {
        if (d->decoders[i])
            ret = decode(d, d->input->streams[i], NULL, err);
    }
    return ret;
}

/* One thread: a process apart may start none, and the files share the processors as it is. */
static int open_tracks(struct deep *d, osp_error *err)
{
    if (d->facts->kind != OSP_KIND_SOUND)
        d->picture = input_track(d->input, AVMEDIA_TYPE_VIDEO);
    for (unsigned i = 0; i < d->input->nb_streams && i < TRACKS_MAX; i++) {
        AVStream *stream = d->input->streams[i];
        int ret;

        if (stream != d->picture && stream->codecpar->codec_type != AVMEDIA_TYPE_AUDIO) {
            stream->discard = AVDISCARD_ALL;
            continue;
        }
        ret = decoder_open(stream, 1, &d->decoders[i], err);
        if (ret < 0)
            return ret;
        d->decoders[i]->err_recognition = AV_EF_CRCCHECK;
    }
    return OSP_OK;
}

static int compare_pts(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return x < y ? -1 : x > y;
}

/* Pictures of the index that no decoder gave out, and for which no packet was to blame. Where every
 * picture has two fields the index may count those. */
static void find_missing(struct deep *d)
{
    const osp_video_facts *v = &d->facts->video;
    osp_deep_facts *out = &d->facts->deep;
    int64_t missing = v->frame_count - out->pictures - d->failed;
    bool fields = d->interlaced == out->pictures && v->frame_count <= 2 * out->pictures;
    size_t k = 0;

    if (missing <= 0 || fields || !v->frame_pts || !d->picture)
        return;
    if (d->count)
        qsort(d->pts, d->count, sizeof(*d->pts), compare_pts);
    out->missing = missing;
    for (int64_t i = 0; i < v->frame_count; i++) {
        int64_t want = av_sat_add64(v->frame_pts[i], v->start_pts);

        while (k < d->count && d->pts[k] < want)
            k++;
        if (k == d->count || d->pts[k] != want) {
            out->missing_s = moment(d, d->picture, want);
            return;
        }
    }
}

/* ---- still pictures ---- */

/* The whole file is one packet: libavformat wants more than a few bytes, or a name, to believe that
 * a file is a JPEG, and it is known already what it is. */
static const struct still_kind {
    const char *container;
    enum AVCodecID codec;
    int recognition; /* the strictest that does not take an unknown tag for damage */
} stills[] = {
    { "jpeg", AV_CODEC_ID_MJPEG, AV_EF_EXPLODE }, /* it passes over damage otherwise */
    { "png", AV_CODEC_ID_PNG, AV_EF_EXPLODE | AV_EF_CRCCHECK },
    { "bmp", AV_CODEC_ID_BMP, AV_EF_EXPLODE },
    { "tiff", AV_CODEC_ID_TIFF, 0 },
    { "webp", AV_CODEC_ID_WEBP, 0 },
};

static const struct still_kind *find_still(const osp_facts *facts)
{
    for (size_t i = 0; i < OSP_COUNT(stills); i++) {
        if (facts->kind == OSP_KIND_IMAGE && strcmp(stills[i].container, facts->container) == 0)
            return &stills[i];
    }
    return NULL;
}

static int read_still(struct deep *d, const struct probe_source *source, osp_error *err)
{
    int64_t size = d->facts->size_bytes, done = 0;

    if (av_new_packet(d->packet, (int)size) < 0)
        return osp_nomem(err);
    while (done < size) {
        ssize_t got = pread(source->fd, d->packet->data + done, (size_t)(size - done), done);

        if (got <= 0)
            return osp_fail_errno(err, OSP_EMEDIA, "read", source->name);
        done += got;
    }
    return OSP_OK;
}

/* @return OSP_OK, also when there is no decoder for it (d->unknown) */
static int decode_still(struct deep *d, const struct still_kind *kind,
                        const struct probe_source *source, osp_error *err)
{
    const AVCodec *codec = avcodec_find_decoder(kind->codec);
    const osp_video_facts *v = &d->facts->video;
    AVStream still = { .index = 0 };
    AVCodecContext *decoder;
    int ret;

    /* libavcodec gives nothing of an animated WebP */
    d->unknown = !codec || (kind->codec == AV_CODEC_ID_WEBP && d->facts->image.animated) ||
                 d->facts->size_bytes > STILL_MAX_BYTES || v->width_px <= 0 ||
                 (int64_t)v->width_px * v->height_px > DECODER_PIXELS_MAX;
    if (d->unknown)
        return OSP_OK;
    decoder = d->decoders[0] = avcodec_alloc_context3(codec);
    if (!decoder)
        return osp_nomem(err);
    decoder->thread_count = 1;
    decoder->max_pixels = DECODER_PIXELS_MAX;
    decoder->err_recognition = kind->recognition;
    if (avcodec_open2(decoder, codec, NULL) < 0)
        return osp_nomem(err);
    d->picture = &still;
    ret = read_still(d, source, err);
    if (ret == OSP_OK)
        ret = decode(d, &still, d->packet, err);
    if (ret == OSP_OK)
        ret = decode(d, &still, NULL, err);
    if (ret == OSP_OK && !d->facts->deep.pictures && !d->facts->deep.corrupt)
        note_damage(d, &still, AV_NOPTS_VALUE);
    d->picture = NULL;
    return ret;
}

/* ---- tracks ---- */

static int decode_tracks(struct deep *d, const struct probe_source *source, osp_error *err)
{
    osp_error why = { 0 };
    int ret = input_open_deep_fd(source->fd, source->name, &d->input, &why);

    if (ret == OSP_OK)
        ret = open_tracks(d, &why);
    d->unknown = ret < 0; /* no decoder for a track */
    if (ret < 0)
        return ret == OSP_EINTERNAL ? osp_nomem(err) : OSP_OK;
    ret = decode_all(d, err);
    if (ret < 0)
        return ret;
    find_missing(d);
    if (d->picture && !d->facts->deep.pictures && !d->facts->deep.corrupt)
        note_damage(d, d->picture, AV_NOPTS_VALUE); /* it gave nothing at all */
    return OSP_OK;
}

int probe_deep(const struct probe_source *source, osp_facts *facts, osp_error *err)
{
    OSP_AUTO(deep_release) struct deep d = { .facts = facts };
    const struct still_kind *still = find_still(facts);
    int ret;

    if (facts->kind == OSP_KIND_UNKNOWN)
        return OSP_OK;
    d.packet = av_packet_alloc();
    d.frame = av_frame_alloc();
    if (!d.packet || !d.frame)
        return osp_nomem(err);
    ret = still ? decode_still(&d, still, source, err) : decode_tracks(&d, source, err);
    if (ret < 0)
        return ret;
    if (d.unknown)
        facts->deep = (osp_deep_facts){ 0 };
    else
        facts->deep.done = 1;
    return OSP_OK;
}
