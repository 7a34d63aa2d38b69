/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/rational.h"
#include "report/report.h"

static const char *const level_names[] = { "note", "warning", "violation" };

void report_seconds(osp_rational value, char out[32])
{
    rational_print(value, 3, out, 32);
}

const char *report_verdict(const struct report_file *file)
{
    return file->findings ? osp_findings_verdict(file->findings) : "unreadable";
}

static void print_video(FILE *out, const osp_facts *facts)
{
    const osp_video_facts *v = &facts->video;
    char seconds[32], rate[32];

    report_seconds(facts->track_s, seconds);
    rational_print(v->rate, 3, rate, sizeof(rate));
    fprintf(out, "%s, %s %dx%d, %s fps%s, %s s", facts->container, v->codec, v->width_px,
            v->height_px, rate, v->variable_rate ? " (variable)" : "", seconds);
    fprintf(out, ", %s", facts->sound.codec[0] ? facts->sound.codec : "no sound");
}

void report_facts_text(FILE *out, const osp_facts *facts)
{
    char seconds[32];

    if (facts->kind == OSP_KIND_VIDEO) {
        print_video(out, facts);
    } else if (facts->kind == OSP_KIND_IMAGE) {
        fprintf(out, "%s, %dx%d", facts->container, facts->video.width_px, facts->video.height_px);
    } else if (facts->kind == OSP_KIND_SOUND) {
        report_seconds(facts->sound.duration_s, seconds);
        fprintf(out, "%s, %s, %s s", facts->container, facts->sound.codec, seconds);
    }
}

const char *report_paint(const char *word, bool colour)
{
    static const struct {
        const char *word, *code;
    } paints[] = { { "pass", "\033[32m" },
                   { "violation", "\033[31m" },
                   { "unreadable", "\033[31m" },
                   { "warning", "\033[33m" },
                   { "note", "\033[36m" } };

    for (size_t i = 0; colour && i < OSP_COUNT(paints); i++) {
        if (strcmp(paints[i].word, word) == 0)
            return paints[i].code;
    }
    return "";
}

void report_finding_text(FILE *out, const osp_finding *finding, bool colour)
{
    const char *level = level_names[finding->level];

    fprintf(out, "  %s%s%s %s%s%s: %s\n", report_paint(level, colour), level,
            colour ? "\033[0m" : "", finding->rule, finding->path[0] ? " at " : "", finding->path,
            finding->text);
}

void report_check_text(FILE *out, const struct report_file *file, bool colour)
{
    const char *verdict = report_verdict(file), *end = colour ? "\033[0m" : "";
    const osp_finding *finding;

    fprintf(out, "%s%s%s: %s", report_paint(verdict, colour), verdict, end, file->path);
    if (file->facts && file->facts->kind != OSP_KIND_UNKNOWN) {
        fprintf(out, " (");
        report_facts_text(out, file->facts);
        fprintf(out, "; for %s)", osp_use_name(osp_findings_use(file->findings)));
    }
    fprintf(out, "\n");
    if (!file->findings)
        fprintf(out, "  %s\n", file->fault);
    for (size_t i = 0; file->findings && (finding = osp_findings_get(file->findings, i)); i++)
        report_finding_text(out, finding, colour);
}

/* A number stays a number, a list becomes one, words stay words. */
static void set_value(struct json *object, const char *key, const char *text, const char *unit)
{
    OSP_AUTO(auto_free) char *copy = strdup(text);
    char *rest = copy, *piece;
    struct json *list;

    if (!text[0] || !copy) {
        json_set_null(object, key);
    } else if (strstr(text, ", ") && !unit[0] && strchr(text, ',') && !strstr(text, "bit")) {
        list = json_array();
        while ((piece = strsep(&rest, ",")))
            json_push_string(list, piece + (*piece == ' '));
        json_set(object, key, list);
    } else if (strcmp(unit, "fps") == 0 || strspn(text, "-.0123456789") != strlen(text)) {
        json_set_string(object, key, text);
    } else {
        json_set_raw_number(object, key, text);
    }
}

struct json *report_finding_json(const osp_finding *finding)
{
    struct json *out = json_object();

    json_set_string(out, "rule", finding->rule);
    json_set_string(out, "level", level_names[finding->level]);
    set_value(out, "measured", finding->measured, finding->unit);
    set_value(out, "limit", finding->limit, finding->unit);
    json_set_string(out, "unit", finding->unit[0] ? finding->unit : NULL);
    json_set_string(out, "text", finding->text);
    json_set_string(out, "source", finding->source);
    json_set_string(out, "as_of", finding->as_of);
    json_set_string(out, "remedy", finding->remedy);
    return out;
}

struct json *report_check_json(const struct report_file *file)
{
    OSP_AUTO(auto_free) char *facts = file->facts ? osp_facts_json(file->facts) : NULL;
    OSP_AUTO(json_free) struct json *parsed = NULL;
    struct json *out = json_object(), *list = json_array();
    const osp_finding *finding;

    json_set_string(out, "path", file->path);
    json_set_string(out, "use",
                    file->findings ? osp_use_name(osp_findings_use(file->findings)) : "guess");
    json_set_string(out, "verdict", report_verdict(file));
    if (!facts || json_parse(facts, strlen(facts), "facts", &parsed, NULL) < 0)
        json_set_null(out, "facts");
    else
        json_set(out, "facts", OSP_TAKE(parsed));
    for (size_t i = 0; file->findings && (finding = osp_findings_get(file->findings, i)); i++)
        json_push(list, report_finding_json(finding));
    if (!file->findings) {
        osp_finding none = { .rule = "media.unreadable",
                             .level = OSP_VIOLATION,
                             .measured = "unreadable",
                             .unit = "",
                             .source = "omnisplice",
                             .as_of = "",
                             .remedy = "none" };

        snprintf(none.text, sizeof(none.text), "%s", file->fault);
        json_push(list, report_finding_json(&none));
    }
    json_set(out, "findings", list);
    return out;
}

struct json *report_check_document(const char *profile, struct json *files, const int counts[3])
{
    struct json *out = json_object(), *summary = json_object();

    json_set_string(out, "schema", "omnisplice.check/1");
    json_set_string(out, "profile", profile);
    json_set(out, "files", files);
    json_set_int(summary, "files", counts[0] + counts[1] + counts[2]);
    json_set_int(summary, "pass", counts[0]);
    json_set_int(summary, "violation", counts[1]);
    json_set_int(summary, "unreadable", counts[2]);
    json_set(out, "summary", summary);
    return out;
}
