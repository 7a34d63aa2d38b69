/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/cli.h"
#include "report/report.h"

static int make_shot(const struct settings *s, osp_shot *shot, osp_error *err)
{
    OSP_AUTO(auto_free) char *owned = NULL;
    const char *to = NULL;
    int ret = cli_range_end(s, &to, &owned, err);
    const struct {
        const char *name, *value;
    } words[] = {
        { "master", s->input },
        { "from", s->from },
        { "to", to },
        { "prompt", s->prompt },
        { "mode", s->mode },
        { "profile", s->profile },
        { "fit", s->fit },
        { "keep-sound", s->keep_sound == 1 ? "1" : NULL },
        { "no-cite", s->no_cite ? "1" : NULL },
        { "again", s->again ? "1" : NULL },
    };

    for (size_t i = 0; ret == OSP_OK && i < OSP_COUNT(words); i++)
        ret = words[i].value ? osp_shot_set(shot, words[i].name, words[i].value, err) : OSP_OK;
    return ret;
}

static int check_words(const struct settings *s, osp_error *err)
{
    if (!s->input)
        return osp_fail(err, OSP_EUSAGE, "no master: give -i FILE");
    if (!s->prompt || !s->prompt[0])
        return osp_fail(err, OSP_EUSAGE, "no prompt: give --prompt TEXT");
    if (!s->output && !s->print_ffmpeg && !s->dry_run)
        return osp_fail(err, OSP_EUSAGE, "no output: give -o FILE");
    if (s->argument_count)
        return osp_fail(err, OSP_EUSAGE, "'%s' belongs to no option", s->arguments[0]);
    if (s->json && !s->json_file && s->output && strcmp(s->output, "-") == 0)
        return osp_fail(err, OSP_EUSAGE,
                        "-o - and --json both want standard output: give "
                        "--json=FILE");
    return OSP_OK;
}

static int print_ffmpeg(const struct session *session, const osp_shot *shot,
                        const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_job_free) osp_job *job = NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    int ret = osp_job_open(session->engine, shot, &job, err);

    if (ret == OSP_OK)
        ret = osp_job_begin(job, err);
    if (ret == OSP_OK)
        ret = osp_job_wait(job, -1, cli_control(), err);
    if (ret == OSP_OK)
        ret = osp_edit_ffmpeg_line(session->engine, shot, job, s->output ? s->output : "out.mp4",
                                   &text, err);
    if (ret < 0)
        return ret;
    progress_clear();
    printf("%s\n", text);
    return OSP_OK;
}

static int report(const struct settings *s, const osp_edit_report *r, osp_error *err)
{
    progress_clear();
    if (!s->json || s->json_file)
        report_edit_text(cli_talk(s), r, s->output);
    if (s->dry_run && (!s->json || s->json_file) && cli_print_store(s, err) < 0)
        return err->code;
    return s->json ? cli_print_json(s, report_edit_json(r, s->output), err) : OSP_OK;
}

static void say_how_to_resume(const osp_edit_report *r, osp_error *err)
{
    if (r->job.id[0] && (err->code == OSP_ECANCELED || err->code == OSP_EAGAIN))
        osp_hint(err, "omnisplice resume %s", r->job.id);
}

static int edit(const struct settings *s, const struct session *session, const osp_shot *shot,
                osp_error *err)
{
    osp_edit_options options;
    OSP_AUTO(osp_edit_report_release) osp_edit_report r = { 0 };
    int ret;

    osp_edit_options_init(&options);
    options.output = s->output ? s->output : "-";
    options.format = s->format;
    options.overwrite = s->overwrite;
    options.reencode = s->reencode;
    options.dry_run = s->dry_run;
    ret = osp_edit(session->engine, shot, &options, cli_control(), &r, err);
    if (ret < 0) {
        say_how_to_resume(&r, err);
        return ret;
    }
    return report(s, &r, err);
}

int cmd_edit(const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_shot_release) osp_shot shot;
    OSP_AUTO(session_close) struct session session = { 0 };
    int ret = check_words(s, err);

    osp_shot_init(&shot);
    if (ret == OSP_OK)
        ret = make_shot(s, &shot, err);
    if (ret == OSP_OK)
        ret = session_open(s, NULL, &session, err);
    if (ret < 0)
        return ret;
    return s->print_ffmpeg ? print_ffmpeg(&session, &shot, s, err) : edit(s, &session, &shot, err);
}
