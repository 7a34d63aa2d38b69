/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check for people: the verdict first, then what was found, worst first, then what to do. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "report/sink.h"

static const char *paint(const struct report_sink *sink, const char *word)
{
    return report_paint(word, sink->style.colour);
}

/* Columns that UTF-8 text takes, near enough: a character is one. */
static size_t columns_of(const char *text, size_t bytes)
{
    size_t count = 0;

    for (size_t i = 0; i < bytes; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

/* "10 s" stays together. */
static bool is_unit(const char *before, const char *word, size_t bytes)
{
    return before[0] >= '0' && before[0] <= '9' && columns_of(word, bytes) <= 3;
}

/* Words from column `at` on, broken at the terminal's width, next lines indented. */
static void put_wrapped(struct report_sink *sink, const char *text, size_t at, int indent)
{
    const char *end = text + strlen(text);

    for (const char *from = text; from < end;) {
        size_t bytes = strcspn(from, " "), word;

        while (bytes && from[bytes] &&
               is_unit(from + bytes - 1, from + bytes + 1, strcspn(from + bytes + 1, " ")))
            bytes += 1 + strcspn(from + bytes + 1, " ");
        word = columns_of(from, bytes);
        if (from > text && sink->style.columns && at + 1 + word > (size_t)sink->style.columns) {
            fprintf(sink->files, "\n%*s", indent, "");
            at = (size_t)indent;
        } else if (from > text) {
            fputc(' ', sink->files);
            at++;
        }
        fwrite(from, 1, bytes, sink->files);
        at += word;
        from += bytes + (from[bytes] == ' ');
    }
}

static void put_origin(struct report_sink *sink, const osp_finding *finding)
{
    OSP_AUTO(auto_free) char *line = NULL;
    char measured[64], limit[64];
    struct strbuf out = STRBUF_INIT;

    value_text(finding->measured, finding->unit, measured, sizeof(measured));
    value_text(finding->limit, finding->unit, limit, sizeof(limit));
    strbuf_printf(&out, "measured %s", measured);
    if (limit[0])
        strbuf_printf(&out, ", limit %s", limit);
    strbuf_printf(&out, "; %s%s%s; remedy: %s", finding->source, finding->as_of[0] ? ", " : "",
                  finding->as_of, finding->remedy);
    line = strbuf_take(&out);
    fprintf(sink->files, "    %s", paint(sink, "dim"));
    put_wrapped(sink, line ? line : "", 4, 4);
    fprintf(sink->files, "%s\n", paint(sink, ""));
}

static int put_finding(struct report_sink *sink, const osp_finding *finding, osp_error *err)
{
    OSP_AUTO(auto_free) char *text = clean_text(finding->text, true);
    const char *level = level_name(finding->level);

    if (!text)
        return osp_nomem(err);
    fprintf(sink->files, "  %s%s%s %s: ", paint(sink, level), level, paint(sink, ""),
            finding->rule);
    put_wrapped(sink, text, 2 + strlen(level) + 1 + strlen(finding->rule) + 2, 4);
    fputc('\n', sink->files);
    if (sink->style.verbose)
        put_origin(sink, finding);
    return OSP_OK;
}

/* A command is not broken: it is there to be copied. */
static int put_mend(struct report_sink *sink, const struct report_file *file, osp_error *err)
{
    OSP_AUTO(auto_free) char *reason = NULL;
    bool refused = strcmp(report_verdict(file), "pass") != 0;

    if (file->mend && (refused || sink->style.verbose))
        fprintf(sink->files, "  %smend:%s %s\n", paint(sink, "mend"), paint(sink, ""), file->mend);
    if (file->mend || !file->mend_not || !refused)
        return OSP_OK;
    reason = clean_text(file->mend_not, true);
    if (!reason)
        return osp_nomem(err);
    fprintf(sink->files, "  %smend:%s ", paint(sink, "mend"), paint(sink, ""));
    put_wrapped(sink, reason, strlen("  mend: "), 4);
    fputc('\n', sink->files);
    return OSP_OK;
}

static int text_file(struct report_sink *sink, const struct report_file *file, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = clean_text(file->path, true);
    OSP_AUTO(auto_free) char *facts = facts_line(file);
    const char *verdict = report_verdict(file);
    const osp_finding *finding;
    osp_finding made;
    int ret = OSP_OK;

    if (sink->style.quiet && strcmp(verdict, "pass") == 0)
        return OSP_OK;
    if (!path || !facts)
        return osp_nomem(err);
    fprintf(sink->files, "%s%s%s: %s\n", paint(sink, verdict), verdict, paint(sink, ""), path);
    if (facts[0]) {
        fprintf(sink->files, "  %s", paint(sink, "dim"));
        put_wrapped(sink, facts, 2, 4);
        fprintf(sink->files, "%s\n", paint(sink, ""));
    }
    for (size_t i = 0; ret == OSP_OK && (finding = finding_at(file, i, &made)); i++)
        ret = put_finding(sink, finding, err);
    return ret < 0 ? ret : put_mend(sink, file, err);
}

static int text_tail(struct report_sink *sink, const struct report_summary *s, osp_error *err)
{
    (void)err;
    if (sink->style.quiet && s->pass == s->files)
        return OSP_OK;
    fprintf(sink->files, "%lld file%s: %lld pass", (long long)s->files, s->files == 1 ? "" : "s",
            (long long)s->pass);
    if (s->warned)
        fprintf(sink->files, " (%lld with warnings)", (long long)s->warned);
    if (s->violation)
        fprintf(sink->files, ", %lld in violation", (long long)s->violation);
    if (s->unreadable)
        fprintf(sink->files, ", %lld unreadable", (long long)s->unreadable);
    fprintf(sink->files, "; limits of %s\n", sink->document.profile);
    return OSP_OK;
}

const struct sink_format sink_text = { .file = text_file, .tail = text_tail };
