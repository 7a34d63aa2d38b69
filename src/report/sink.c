/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One output of a run: where it goes and when it appears. The formats know neither. */
#include "report/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/fs.h"

static const struct sink_format *const formats[REPORT_FORMATS] = {
    [REPORT_TEXT] = &sink_text,
    [REPORT_JSON] = &sink_json,
    [REPORT_JUNIT] = &sink_junit,
    [REPORT_HTML] = &sink_html,
};

bool report_shows_pictures(enum report_format format)
{
    return formats[format]->pictures;
}

static bool is_special(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static int open_target(struct report_sink *sink, const char *path, osp_error *err)
{
    int fd, ret;

    sink->own = true;
    if (is_special(path)) { /* a rename would replace /dev/null by a file */
        sink->out = fopen(path, "we");
        return sink->out ? OSP_OK : osp_fail_errno(err, OSP_EOUTPUT, "write", path);
    }
    ret = tmpfile_open(&sink->target, path, err);
    if (ret < 0)
        return ret;
    fd = dup(sink->target.fd);
    sink->out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (sink->out)
        return OSP_OK;
    auto_close(&fd);
    return osp_fail_errno(err, OSP_EOUTPUT, "write", path);
}

int report_open(enum report_format format, const char *path, const struct report_style *style,
                struct report_sink **out, osp_error *err)
{
    OSP_AUTO(report_close) struct report_sink *sink = calloc(1, sizeof(*sink));
    int ret = OSP_OK;

    if (!sink)
        return osp_nomem(err);
    sink->target = (struct tmpfile)TMPFILE_INIT;
    sink->format = formats[format];
    if (style)
        sink->style = *style;
    if (!path || strcmp(path, "-") == 0)
        sink->out = stdout;
    else
        ret = open_target(sink, path, err);
    if (ret < 0)
        return ret;
    sink->files = sink->format->head_counts ? tmpfile() : sink->out;
    if (!sink->files)
        return osp_fail(err, OSP_EOUTPUT, "cannot write a temporary file: %s", strerror(errno));
    *out = OSP_TAKE(sink);
    return OSP_OK;
}

static int check_written(struct report_sink *sink, FILE *stream, osp_error *err)
{
    if (!ferror(stream))
        return OSP_OK;
    if (stream != sink->out)
        return osp_fail(err, OSP_EOUTPUT, "cannot write a temporary file: %s", strerror(errno));
    return osp_fail(err, OSP_EOUTPUT, "cannot write to %s: %s",
                    sink->target.final ? sink->target.final : "standard output", strerror(errno));
}

int report_begin(struct report_sink *sink, const struct report_document *document, osp_error *err)
{
    int ret = OSP_OK;

    sink->document = *document;
    if (!sink->format->head_counts && sink->format->head)
        ret = sink->format->head(sink, NULL, err);
    return ret < 0 ? ret : check_written(sink, sink->out, err);
}

int report_add(struct report_sink *sink, const struct report_file *file, osp_error *err)
{
    int ret;

    if (sink->target.final && fs_same_file(file->path, sink->target.final))
        return osp_fail(err, OSP_EOUTPUT, "'%s' is one of the files that are checked",
                        sink->target.final);
    ret = sink->format->file(sink, file, err);
    sink->count++;
    return ret < 0 ? ret : check_written(sink, sink->files, err);
}

static int copy_spool(struct report_sink *sink, osp_error *err)
{
    char chunk[1 << 14];
    size_t got;

    if (fflush(sink->files) != 0)
        return check_written(sink, sink->files, err);
    rewind(sink->files);
    while ((got = fread(chunk, 1, sizeof(chunk), sink->files)) > 0)
        fwrite(chunk, 1, got, sink->out);
    return check_written(sink, sink->files, err);
}

static int finish(struct report_sink *sink, osp_error *err)
{
    if (fflush(sink->out) != 0 || ferror(sink->out))
        return check_written(sink, sink->out, err);
    return sink->target.final ? tmpfile_commit(&sink->target, true, err) : OSP_OK;
}

int report_end(struct report_sink *sink, const struct report_summary *summary, osp_error *err)
{
    int ret = OSP_OK;

    if (sink->format->head_counts) {
        ret = sink->format->head(sink, summary, err);
        if (ret == OSP_OK)
            ret = copy_spool(sink, err);
    }
    if (ret == OSP_OK && sink->format->tail)
        ret = sink->format->tail(sink, summary, err);
    return ret < 0 ? ret : finish(sink, err);
}

void report_close(struct report_sink **sink)
{
    if (!sink || !*sink)
        return;
    /* errors were looked at in report_end(); without it the output is thrown away */
    if ((*sink)->files && (*sink)->files != (*sink)->out)
        (void)fclose((*sink)->files);
    if ((*sink)->own && (*sink)->out)
        (void)fclose((*sink)->out);
    tmpfile_release(&(*sink)->target);
    free(*sink);
    *sink = NULL;
}

const char *report_verdict(const struct report_file *file)
{
    return file->findings ? osp_findings_verdict(file->findings) : "unreadable";
}

void report_count(struct report_summary *summary, const struct report_file *file)
{
    const char *verdict = report_verdict(file);
    const osp_finding *worst = file->findings ? osp_findings_get(file->findings, 0) : NULL;

    summary->files++;
    if (strcmp(verdict, "unreadable") == 0)
        summary->unreadable++;
    else if (strcmp(verdict, "violation") == 0)
        summary->violation++;
    else
        summary->pass++;
    if (strcmp(verdict, "pass") == 0 && worst && worst->level == OSP_WARNING)
        summary->warned++;
}
