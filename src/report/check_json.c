/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check for programs: omnisplice.check/1 (docs/schemas/check.json), a line per file. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "report/sink.h"

/* Strings of files are cleaned: JSON is UTF-8, and a path may be anything. */
static void set_clean(struct json *object, const char *key, const char *text)
{
    OSP_AUTO(auto_free) char *clean = text ? clean_text(text, false) : NULL;

    json_set_string(object, key, clean);
}

/* A number stays a number, a list becomes one, words stay words. */
static void set_value(struct json *object, const char *key, const char *text, const char *unit)
{
    OSP_AUTO(auto_free) char *copy = clean_text(text, false);
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
        json_set_string(object, key, copy);
    } else {
        json_set_raw_number(object, key, text);
    }
}

struct json *report_finding_json(const osp_finding *finding)
{
    struct json *out = json_object();

    json_set_string(out, "rule", finding->rule);
    json_set_string(out, "level", level_name(finding->level));
    set_value(out, "measured", finding->measured, finding->unit);
    set_value(out, "limit", finding->limit, finding->unit);
    json_set_string(out, "unit", finding->unit[0] ? finding->unit : NULL);
    set_clean(out, "text", finding->text);
    json_set_string(out, "source", finding->source);
    json_set_string(out, "as_of", finding->as_of);
    json_set_string(out, "remedy", finding->remedy);
    return out;
}

static struct json *file_json(const struct report_file *file)
{
    OSP_AUTO(auto_free) char *facts = file->facts ? osp_facts_json(file->facts) : NULL;
    OSP_AUTO(json_free) struct json *parsed = NULL;
    struct json *out = json_object(), *list = json_array();
    const osp_finding *finding;
    osp_finding made;

    set_clean(out, "path", file->path);
    json_set_string(out, "use",
                    file->findings ? osp_use_name(osp_findings_use(file->findings)) : "guess");
    json_set_string(out, "verdict", report_verdict(file));
    if (!facts || json_parse(facts, strlen(facts), "facts", &parsed, NULL) < 0)
        json_set_null(out, "facts");
    else
        json_set(out, "facts", OSP_TAKE(parsed));
    for (size_t i = 0; (finding = finding_at(file, i, &made)); i++)
        json_push(list, report_finding_json(finding));
    json_set(out, "findings", list);
    set_clean(out, "mend", file->mend);
    set_clean(out, "mend_not", file->mend ? NULL : file->mend_not);
    return out;
}

static int put(FILE *out, const struct json *value, osp_error *err)
{
    OSP_AUTO(auto_free) char *text = value ? json_print(value, false) : NULL;

    if (!text)
        return osp_nomem(err);
    fputs(text, out);
    return OSP_OK;
}

static int json_head(struct report_sink *sink, const struct report_summary *summary, osp_error *err)
{
    OSP_AUTO(json_free) struct json *name = json_new_string(sink->document.profile);
    int ret;

    (void)summary;
    fprintf(sink->out, "{\n\"schema\": \"omnisplice.check/1\",\n\"profile\": ");
    ret = put(sink->out, name, err);
    fprintf(sink->out, ",\n\"files\": [");
    return ret;
}

static int json_file(struct report_sink *sink, const struct report_file *file, osp_error *err)
{
    OSP_AUTO(json_free) struct json *value = file_json(file);

    fputs(sink->count ? ",\n" : "\n", sink->files);
    return put(sink->files, value, err);
}

static int json_tail(struct report_sink *sink, const struct report_summary *s, osp_error *err)
{
    OSP_AUTO(json_free) struct json *out = json_object();
    int ret;

    json_set_int(out, "files", s->files);
    json_set_int(out, "pass", s->pass);
    json_set_int(out, "violation", s->violation);
    json_set_int(out, "unreadable", s->unreadable);
    fprintf(sink->out, "\n],\n\"summary\": ");
    ret = put(sink->out, out, err);
    fprintf(sink->out, "\n}\n");
    return ret;
}

const struct sink_format sink_json = { .head = json_head, .file = json_file, .tail = json_tail };
