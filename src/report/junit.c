/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check for build servers: one test suite, a test case per file. A violation is a failure, a file
 * that cannot be read an error; warnings and notes are what the test printed. The suite's counts
 * stand in its head, so the cases wait until they are known.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "report/sink.h"

/* One line per finding of these levels, with its origin. NULL: out of memory. */
static char *findings_text(const struct report_file *file, osp_level least, osp_level most)
{
    struct strbuf out = STRBUF_INIT;
    const osp_finding *finding;
    osp_finding made;

    for (size_t i = 0; (finding = finding_at(file, i, &made)); i++) {
        if (finding->level < least || finding->level > most)
            continue;
        strbuf_printf(&out, "%s %s: %s [%s%s%s]\n", level_name(finding->level), finding->rule,
                      finding->text, finding->source, finding->as_of[0] ? ", " : "",
                      finding->as_of);
    }
    return strbuf_take(&out);
}

static int put_broken(FILE *out, const struct report_file *file, osp_error *err)
{
    OSP_AUTO(auto_free) char *text = findings_text(file, OSP_VIOLATION, OSP_VIOLATION);
    const char *verdict = report_verdict(file);
    const char *element = strcmp(verdict, "violation") == 0 ? "failure" : "error";
    osp_finding made;
    const osp_finding *worst = finding_at(file, 0, &made);

    if (strcmp(verdict, "pass") == 0)
        return OSP_OK;
    if (!text)
        return osp_nomem(err);
    fprintf(out, "<%s type=\"%s\" message=\"", element, worst->rule);
    put_escaped(out, worst->text, true);
    fprintf(out, "\">");
    put_escaped(out, text, false);
    if (file->mend || file->mend_not) {
        fprintf(out, "mend: ");
        put_escaped(out, file->mend ? file->mend : file->mend_not, false);
    }
    fprintf(out, "</%s>\n", element);
    return OSP_OK;
}

static int junit_file(struct report_sink *sink, const struct report_file *file, osp_error *err)
{
    OSP_AUTO(auto_free) char *facts = facts_line(file);
    OSP_AUTO(auto_free) char *printed = findings_text(file, OSP_NOTE, OSP_WARNING);
    FILE *out = sink->files;
    int ret;

    if (!facts || !printed)
        return osp_nomem(err);
    fprintf(out, "<testcase classname=\"omnisplice.check.%s\" name=\"",
            file->findings ? osp_use_name(osp_findings_use(file->findings)) : "guess");
    put_escaped(out, file->path, true);
    fprintf(out, "\">\n");
    ret = put_broken(out, file, err);
    fprintf(out, "<system-out>");
    put_escaped(out, facts, false);
    fprintf(out, "\n");
    put_escaped(out, printed, false);
    fprintf(out, "</system-out>\n</testcase>\n");
    return ret;
}

static int junit_head(struct report_sink *sink, const struct report_summary *s, osp_error *err)
{
    (void)err;
    fprintf(sink->out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"omnisplice check\" "
            "tests=\"%lld\" failures=\"%lld\" errors=\"%lld\" skipped=\"0\">\n<properties>"
            "<property name=\"profile\" value=\"",
            (long long)s->files, (long long)s->violation, (long long)s->unreadable);
    put_escaped(sink->out, sink->document.profile, true);
    fprintf(sink->out, "\"/></properties>\n");
    return OSP_OK;
}

static int junit_tail(struct report_sink *sink, const struct report_summary *s, osp_error *err)
{
    (void)s, (void)err;
    fprintf(sink->out, "</testsuite>\n");
    return OSP_OK;
}

const struct sink_format sink_junit = {
    .head_counts = true, .head = junit_head, .file = junit_file, .tail = junit_tail
};
