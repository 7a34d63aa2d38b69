/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdio.h>

#include "av/decode.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "base/log.h"
#include "base/rational.h"
#include "job/work.h"

/* What the service sent, against what it was sent. Size, rate, number of pictures and a missing
 * sound are adapted later; only what cannot be adapted is a reason to reject a paid result. */

#define MOST_SECONDS_APART 0.5
#define MOST_RATIO_APART   0.02

static void frame_cleanup(AVFrame **frame)
{
    av_frame_free(frame);
}

/* Every picture, to the end. */
static int decode_all(struct work *work, const char *path, int64_t *pictures, int64_t *errors,
                      osp_error *err)
{
    OSP_AUTO(reader_free) struct reader *reader = NULL;
    OSP_AUTO(frame_cleanup) AVFrame *frame = av_frame_alloc();
    int ret = frame ? reader_open(path, AVMEDIA_TYPE_VIDEO, config_threads(work->engine->config),
                                  &reader, err)
                    : osp_nomem(err);

    while (ret == OSP_OK) {
        ret = reader_next(reader, frame, err);
        if (ret <= 0)
            break;
        ++*pictures;
        ret = cancel_check(work->cancel, err);
    }
    if (ret == OSP_OK)
        *errors = reader_errors(reader);
    return ret;
}

static int damaged_clip(bool *damaged, osp_error *err, const char *why)
{
    *damaged = true;
    return osp_fail(err, OSP_ERESULT, "the result does not decode: %s", why);
}

static int check_decoding(struct work *work, const char *path, bool *damaged, osp_error *err)
{
    int64_t pictures = 0, errors = 0;
    osp_error fault = { 0 };
    int ret = decode_all(work, path, &pictures, &errors, &fault);

    if (ret == OSP_EMEDIA)
        return damaged_clip(damaged, err, fault.text);
    if (ret < 0) {
        if (err && !err->code)
            *err = fault;
        return ret;
    }
    if (pictures == 0)
        return damaged_clip(damaged, err, "it has no picture");
    if (errors > 0)
        return damaged_clip(damaged, err, "its pictures are damaged");
    return OSP_OK;
}

double work_reference_s(const struct work *work)
{
    const char *text = work->row.reference_duration;
    long long num = 0, den = 0;

    if (!text || sscanf(text, "%lld/%lld", &num, &den) != 2 || den == 0)
        return 0;
    return (double)num / (double)den;
}

static int check_length(const struct work *work, const osp_facts *clip, osp_error *err)
{
    double sent = work_reference_s(work), got;

    if (sent <= 0 || !rational_known(clip->frames_s))
        return OSP_OK;
    got = rational_double(clip->frames_s);
    if (fabs(sent - got) <= MOST_SECONDS_APART)
        return OSP_OK;
    return osp_fail(err, OSP_ERESULT, "the result lasts %.3f s, the reference %.3f s", got, sent);
}

static int check_ratio(const struct work *work, const osp_facts *clip, osp_error *err)
{
    double sent, got;

    if (!work->row.reference_width || !work->row.reference_height)
        return OSP_OK;
    sent = (double)work->row.reference_width / (double)work->row.reference_height;
    got = (double)clip->video.width_px / (double)clip->video.height_px;
    if (fabs(got / sent - 1) <= MOST_RATIO_APART)
        return OSP_OK;
    return osp_fail(err, OSP_ERESULT, "the result is %dx%d, the reference %lldx%lld: another shape",
                    clip->video.width_px, clip->video.height_px,
                    (long long)work->row.reference_width, (long long)work->row.reference_height);
}

/* Said, not refused. */
static void remark(const struct work *work, const osp_facts *clip)
{
    if (work->row.keep_sound && !clip->sound.codec[0])
        log_write(OSP_LOG_WARNING, "job %s: the result has no sound although it was to be kept",
                  work->row.id);
    if (clip->video.width_px < work->row.reference_width)
        log_write(OSP_LOG_WARNING, "job %s: the result is %dx%d, smaller than what was sent",
                  work->row.id, clip->video.width_px, clip->video.height_px);
}

int verify_clip(struct work *work, const char *path, bool *damaged, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    int ret = osp_probe(path, &facts, err);

    if (ret < 0)
        return ret;
    if (facts->kind != OSP_KIND_VIDEO || facts->video.width_px <= 0 || facts->video.height_px <= 0)
        return damaged_clip(damaged, err, facts->fault[0] ? facts->fault : "it has no picture");
    ret = check_decoding(work, path, damaged, err);
    if (ret == OSP_OK)
        ret = check_length(work, facts, err);
    if (ret == OSP_OK)
        ret = check_ratio(work, facts, err);
    if (ret == OSP_OK)
        remark(work, facts);
    return ret;
}
