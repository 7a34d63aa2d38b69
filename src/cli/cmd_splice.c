/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* splice and verify: files alone, no service. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/error.h"
#include "cli/cli.h"
#include "report/report.h"

/* The pictures of a range of a master. */
static int find_range(const osp_facts *facts, const char *from, const char *to,
                      osp_frame_range *out, osp_error *err)
{
    int64_t end = facts->video.frame_count;
    int ret = from ? osp_frame_at(facts, from, &out->first, err) : OSP_OK;

    if (ret == OSP_OK && to)
        ret = osp_frame_at(facts, to, &end, err);
    if (ret < 0)
        return ret;
    out->count = end - out->first;
    if (out->count < 1)
        return osp_fail(err, OSP_EUSAGE,
                        "the shot is empty: it would begin at '%s' and end at "
                        "'%s'",
                        from ? from : "the start", to ? to : "the end");
    return OSP_OK;
}

static int probe_master(const char *path, osp_facts **facts, osp_error *err)
{
    int ret = osp_probe(path, facts, err);

    if (ret == OSP_OK && (*facts)->kind != OSP_KIND_VIDEO)
        ret = osp_fail(err, OSP_EMEDIA, "'%s' is no video that can be read%s%s", path,
                       (*facts)->fault[0] ? ": " : "", (*facts)->fault);
    return ret;
}

int cmd_splice(const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(auto_free) char *owned = NULL;
    osp_splice_options options;
    osp_splice_report r = { 0 };
    osp_frame_range range = { 0 };
    const char *to = NULL;
    int ret;

    osp_splice_options_init(&options);
    if (!s->input || !s->clip)
        return osp_fail(err, OSP_EUSAGE, "give the master by -i and the clip by --clip");
    ret = cli_check_output(s, err);
    if (ret == OSP_OK)
        ret = cli_range_end(s, &to, &owned, err);
    if (ret == OSP_OK)
        ret = cli_threads(s, &options.threads, err);
    if (ret == OSP_OK)
        ret = probe_master(s->input, &facts, err);
    if (ret == OSP_OK)
        ret = find_range(facts, s->from, to, &range, err);
    if (ret < 0)
        return ret;
    options.first_frame = options.clip_first = range.first;
    options.frames = range.count;
    options.reencode = s->reencode;
    options.overwrite = s->overwrite;
    ret = osp_splice(s->input, s->clip, s->output, &options, cli_control(), &r, err);
    if (ret < 0)
        return ret;
    progress_clear();
    if (!s->json || s->json_file)
        report_splice_text(stdout, &r, s->output);
    return s->json ? cli_print_json(s, report_splice_json(&r, s->output), err) : OSP_OK;
}

int cmd_verify(const struct settings *s, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(osp_verification_free) osp_verification *v = NULL;
    osp_frame_range ranges[RANGES_MAX] = { 0 };
    const char *master = cli_argument(s, 0, "master", err), *result = NULL;
    int ret = OSP_OK;

    if (master)
        result = cli_argument(s, 1, "result", err);
    if (!result)
        return OSP_EUSAGE;
    ret = probe_master(master, &facts, err);
    for (int i = 0; ret == OSP_OK && i < s->range_count; i++)
        ret = find_range(facts, s->range_from[i], s->range_to[i], &ranges[i], err);
    if (ret == OSP_OK)
        ret = osp_verify(master, result, ranges, (size_t)s->range_count, cli_control(), &v, err);
    if (ret < 0)
        return ret;
    progress_clear();
    if (!s->json || s->json_file)
        report_verify_text(stdout, v);
    if (s->json && (ret = cli_print_json(s, report_verify_json(v), err)) < 0)
        return ret;
    return v->outside_identical ? EXIT_OK : EXIT_VIOLATION;
}
