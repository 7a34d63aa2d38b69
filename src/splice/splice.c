/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omnisplice/splice.h"

#include <inttypes.h>
#include <libavutil/pixdesc.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/tmpfile.h"
#include "splice/boxes.h"
#include "splice/compare.h"
#include "splice/cut.h"
#include "splice/proof.h"
#include "splice/reencode.h"
#include "splice/run.h"

/*
 * The border pictures are few, so they may cost bytes: CRF 14 gave 47 dB and more on every kind of
 * material that was measured. Where it does not, the run is made again with a lower one.
 */
#define CRF_FIRST       14
#define CRF_LEAST       2
#define CRF_TRIES       4
#define WANTED_PSNR_DB  46.0
#define DB_PER_CRF_STEP 0.5

void osp_splice_options_init(osp_splice_options *options)
{
    *options = (osp_splice_options){ .size = sizeof(*options) };
}

static void describe(const struct master *master, const struct cut *cut, osp_splice_report *report)
{
    int64_t shown_end = master->shown_first + master->shown_count;
    int64_t first = cut->head > master->shown_first ? cut->head : master->shown_first;
    int64_t end = cut->tail < shown_end ? cut->tail : shown_end;

    *report = (osp_splice_report){
        .copied_packets = master->count - (cut->tail - cut->head),
        .reencoded_frames = (cut->first - cut->head) + (cut->tail - cut->end),
        .generated_frames = cut->end - cut->first,
        .first_changed = first - master->shown_first,
        .changed = end - first,
        .crf = CRF_FIRST,
    };
}

/* What a smart splice needs, or why there can be none. */
static int prepare(const char *path, const osp_splice_options *options, struct master **master,
                   struct cut *cut, osp_error *err)
{
    int ret = master_open(path, master, err);

    if (ret >= 0)
        ret = cut_find(*master, options->first_frame, options->frames, cut, err);
    if (ret >= 0)
        ret = boxes_check(*master, cut, err);
    if (ret >= 0 && cut->tail == (*master)->count && cut->tail - cut->end > (*master)->count / 2)
        log_write(OSP_LOG_WARNING,
                  "no IDR picture follows the shot: everything to the end (%" PRId64
                  " pictures) is encoded again",
                  cut->tail - cut->end);
    return ret;
}

/* The way out that was allowed: nothing can be copied, or what was made cannot be proved. */
static bool may_reencode(int ret, const char *master, const osp_splice_options *options)
{
    return (ret == OSP_EMEDIA || ret == OSP_ERESULT) && options->reencode && fs_size(master) >= 0;
}

int osp_splice_check(const char *path, const osp_splice_options *options, osp_splice_report *report,
                     osp_error *err)
{
    OSP_AUTO(master_close) struct master *master = NULL;
    osp_error why = { 0 };
    struct cut cut;
    int ret = prepare(path, options, &master, &cut, &why);

    if (ret >= 0)
        ret = proof_check(master, &cut, options->threads, &why);
    if (ret >= 0) {
        if (report)
            describe(master, &cut, report);
        return OSP_OK;
    }
    if (may_reencode(ret, path, options))
        return reencode_check(path, options, report, err);
    if (err)
        *err = why;
    return ret;
}

/* ---- the clip ---- */

/* What the picture track says of its colours: its parameter set, then the sample entry's 'colr'
 * (ISO/IEC 14496-12 12.1.5: nclx; QuickTime: nclc). 2 is "not said" (ITU-T H.273). */
static void colour_of(const struct master *master, const struct cut *cut, int tags[4])
{
    const struct h264_sps *sps = &cut->sps;
    const struct mp4_box *entry = &master->track->stsd_entry;
    const uint8_t *p;
    struct mp4_box box;

    tags[0] = sps->primaries;
    tags[1] = sps->transfer;
    tags[2] = sps->matrix;
    tags[3] = sps->full_range;
    if (!mp4_child(master->file, entry->payload + 78, entry->end, MP4_TYPE('c', 'o', 'l', 'r'),
                   &box) ||
        box.end - box.payload < 10)
        return;
    p = master->file->moov + box.payload;
    if (memcmp(p, "nclx", 4) != 0 && memcmp(p, "nclc", 4) != 0)
        return;
    for (int i = 0; i < 3; i++) {
        if (tags[i] == 2)
            tags[i] = p[4 + 2 * i] << 8 | p[5 + 2 * i];
    }
    if (tags[3] < 0 && p[3] == 'x' && box.end - box.payload >= 11)
        tags[3] = p[10] >> 7;
}

static int open_clip(const struct master *master, const struct cut *cut, const char *path,
                     const osp_splice_options *options, osp_clip **clip, osp_error *err)
{
    osp_clip_options wanted;
    int tags[4];

    if (options->clip_first < 0 || options->clip_first >= master->shown_count)
        return osp_fail(err, OSP_EUSAGE, "the clip cannot begin at picture %" PRId64,
                        options->clip_first);
    colour_of(master, cut, tags);
    osp_clip_options_init(&wanted);
    wanted.pixel_format = av_get_pix_fmt_name(run_format(&cut->sps));
    wanted.width_px = cut->sps.width_px;
    wanted.height_px = cut->sps.height_px;
    wanted.primaries = tags[0] == 2 ? NULL : av_color_primaries_name(tags[0]);
    wanted.transfer = tags[1] == 2 ? NULL : av_color_transfer_name(tags[1]);
    wanted.matrix = tags[2] == 2 ? NULL : av_color_space_name(tags[2]);
    wanted.range = tags[3] < 0 ? NULL : tags[3] ? "pc" : "tv";
    wanted.time_base = (osp_rational){ 1, master->track->timescale };
    wanted.start_pts = master_pts(master, master->shown_first + options->clip_first);
    wanted.speed = options->speed;
    wanted.plan = options->plan;
    wanted.threads = options->threads;
    return osp_clip_open(path, &wanted, clip, err);
}

/* ---- the work ---- */

/* Asked before the work and again at its end: another program may have written there meanwhile. */
static bool may_replace(const char *output, const osp_splice_options *options)
{
    char hash[SHA256_HEX];

    return options->overwrite || (options->replace_sha256 && fs_size(output) >= 0 &&
                                  sha256_file(output, hash, NULL) == OSP_OK &&
                                  strcmp(hash, options->replace_sha256) == 0);
}

static int check_output(const char *master, const char *clip, const char *output,
                        const osp_splice_options *options, osp_error *err)
{
    if (fs_same_file(master, output))
        return osp_fail(err, OSP_EOUTPUT, "the output '%s' is the master itself", output);
    if (fs_same_file(clip, output))
        return osp_fail(err, OSP_EOUTPUT, "the output '%s' is the clip itself", output);
    if (fs_exists(output) && !may_replace(output, options))
        return osp_fail(err, OSP_EOUTPUT, "'%s' exists", output);
    return OSP_OK;
}

struct work {
    const struct master *master;
    const struct cut *cut;
    osp_clip *clip;
    const osp_splice_options *options;
    const osp_control *control;
    struct tmpfile *file;
};

/* Encode, write, prove at one quality. */
static int attempt(const struct work *w, int crf, double *psnr_db, osp_error *err)
{
    OSP_AUTO(run_free) struct run run = { 0 };
    struct run_source source = { w->master, w->cut, w->clip, crf, w->options->threads, w->control };
    int ret = run_make(&source, &run, err);

    if (ret >= 0 && (ftruncate(w->file->fd, 0) < 0 || lseek(w->file->fd, 0, SEEK_SET) < 0))
        return osp_fail_errno(err, OSP_EOUTPUT, "write", w->file->final);
    if (ret >= 0)
        ret = control_step(w->control, "splice", 0.8, "writing", err);
    if (ret >= 0)
        ret = boxes_write(w->master, w->cut, &run, w->file->fd, w->control, err);
    if (ret < 0)
        return ret == OSP_EOUTPUT ? osp_while(err, "writing '%s'", w->file->final) : ret;
    return proof_run(w->master, w->cut, w->file->path, w->options->threads, w->control, psnr_db,
                     err);
}

static int attempts(const struct work *w, osp_splice_report *report, osp_error *err)
{
    int crf = CRF_FIRST;
    double psnr_db = 0;

    for (int tries = 1;; tries++) {
        int ret = attempt(w, crf, &psnr_db, err);

        if (ret < 0)
            return ret;
        report->crf = crf;
        report->border_psnr_db = report->reencoded_frames ? psnr_db : 0;
        if (psnr_db >= WANTED_PSNR_DB || tries == CRF_TRIES || crf == CRF_LEAST)
            break;
        log_write(OSP_LOG_INFO, "border pictures at %.1f dB with CRF %d: once more", psnr_db, crf);
        crf -= 1 + (int)((WANTED_PSNR_DB - psnr_db) / DB_PER_CRF_STEP);
        crf = crf < CRF_LEAST ? CRF_LEAST : crf;
    }
    if (psnr_db < BORDER_PSNR_DB)
        return osp_fail(err, OSP_ERESULT,
                        "the pictures at the borders of the shot cannot be kept above %.0f dB "
                        "(%.1f dB at CRF %d)",
                        BORDER_PSNR_DB, psnr_db, crf);
    report->outside_identical = 1;
    return OSP_OK;
}

static int splice_packets(const struct master *master, const struct cut *cut, const char *clip_path,
                          const char *output, const osp_splice_options *options,
                          const osp_control *control, osp_splice_report *report, osp_error *err)
{
    OSP_AUTO(osp_clip_free) osp_clip *clip = NULL;
    OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
    struct work w = { master, cut, NULL, options, control, &file };
    int ret = open_clip(master, cut, clip_path, options, &clip, err);

    if (ret >= 0)
        ret = tmpfile_open(&file, output, err);
    if (ret < 0)
        return ret;
    w.clip = clip;
    describe(master, cut, report);
    ret = attempts(&w, report, err);
    return ret < 0 ? ret : tmpfile_commit(&file, may_replace(output, options), err);
}

static int splice_reencoded(const char *master, const char *clip, const char *output,
                            const osp_splice_options *options, const osp_control *control,
                            osp_splice_report *report, osp_error *err)
{
    OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
    int ret = tmpfile_open(&file, output, err);

    if (ret >= 0)
        ret = reencode_run(master, clip, file.path, output, options, control, report, err);
    return ret < 0 ? ret : tmpfile_commit(&file, may_replace(output, options), err);
}

int osp_splice(const char *master_path, const char *clip, const char *output,
               const osp_splice_options *options, const osp_control *control,
               osp_splice_report *report, osp_error *err)
{
    OSP_AUTO(master_close) struct master *master = NULL;
    osp_splice_report unwanted;
    osp_error why = { 0 };
    struct cut cut;
    int ret = check_output(master_path, clip, output, options, err);

    if (ret < 0)
        return ret;
    if (!report)
        report = &unwanted;
    ret = prepare(master_path, options, &master, &cut, &why);
    if (ret >= 0)
        ret = splice_packets(master, &cut, clip, output, options, control, report, &why);
    if (may_reencode(ret, master_path, options))
        return splice_reencoded(master_path, clip, output, options, control, report, err);
    if (ret == OSP_ERESULT)
        osp_hint(&why, "--reencode makes a new file with every picture encoded again");
    if (ret < 0 && err)
        *err = why;
    return ret;
}
