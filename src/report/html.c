/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * check as one page: a row per file with its picture, and nothing that is fetched. The page's own
 * policy forbids every request, every style and script but the two that are compiled in (by their
 * hashes), so that a file name that slipped through would still do nothing.
 */
#include "report/html.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/hash.h"
#include "base/rational.h"
#include "base/str.h"
#include "report/sink.h"

/* RFC 4648 4. */
static void put_base64(FILE *out, const unsigned char *data, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        unsigned a = data[i], b = i + 1 < size ? data[i + 1] : 0;
        unsigned c = i + 2 < size ? data[i + 2] : 0;

        fputc(digits[a >> 2], out);
        fputc(digits[(a & 3) << 4 | b >> 4], out);
        fputc(i + 1 < size ? digits[(b & 15) << 2 | c >> 6] : '=', out);
        fputc(i + 2 < size ? digits[c & 63] : '=', out);
    }
}

/* 'sha256-...' of a text, as Content Security Policy Level 3 2.3.1 writes it. */
static void put_source_hash(FILE *out, const char *text)
{
    unsigned char digest[32];
    char hex[SHA256_HEX], pair[3] = "";

    sha256_buffer(text, strlen(text), hex);
    for (size_t i = 0; i < sizeof(digest); i++) {
        memcpy(pair, hex + 2 * i, 2);
        digest[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    fputs("'sha256-", out);
    put_base64(out, digest, sizeof(digest));
    fputs("'", out);
}

/* ---- head ---- */

static void put_meta(FILE *out)
{
    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src ",
          out);
    put_source_hash(out, html_css);
    fputs("; script-src ", out);
    put_source_hash(out, html_js);
    fputs("; base-uri 'none'; form-action 'none'\">\n"
          "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
          "<meta name=\"referrer\" content=\"no-referrer\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n",
          out);
}

static void put_headline(FILE *out, const struct report_summary *s)
{
    long long refused = (long long)(s->files - s->pass);

    if (!s->files)
        fprintf(out, "No file was checked");
    else if (!refused)
        fprintf(out, s->files == 1 ? "The file passes" : "All %lld files pass",
                (long long)s->files);
    else if (s->files == 1)
        fprintf(out, "The file does not pass");
    else
        fprintf(out, "%lld of %lld files do%s not pass", refused, (long long)s->files,
                refused == 1 ? "es" : "");
}

static void put_total(FILE *out, const char *word, const char *label, int64_t count)
{
    fprintf(out, "<div%s%s%s><dt>%s</dt><dd>%lld</dd></div>\n", count ? " class=\"some-" : "",
            count ? word : "", count ? "\"" : "", label, (long long)count);
}

static void put_choice(FILE *out, const char *name, const char *value, const char *label)
{
    fprintf(out,
            "<label><input type=\"radio\" name=\"%s\" value=\"%s\"%s><span>%s</span></label>\n",
            name, value, value[0] ? "" : " checked", label);
}

static void put_filters(FILE *out)
{
    fputs(
        "<form id=\"filters\" class=\"filters scripted-only\">\n<input type=\"search\" "
        "name=\"text\" aria-label=\"Filter by text\" placeholder=\"Filter by name, rule or words\""
        " autocomplete=\"off\" spellcheck=\"false\">\n"
        "<fieldset><legend class=\"unseen\">Verdict</legend>\n",
        out);
    put_choice(out, "verdict", "", "All");
    put_choice(out, "verdict", "pass", "Pass");
    put_choice(out, "verdict", "violation", "Violation");
    put_choice(out, "verdict", "unreadable", "Unreadable");
    fputs("</fieldset>\n<fieldset><legend class=\"unseen\">Findings</legend>\n", out);
    put_choice(out, "level", "", "Any finding");
    put_choice(out, "level", "violation", "Violations");
    put_choice(out, "level", "warning", "Warnings");
    put_choice(out, "level", "note", "Notes");
    fputs("</fieldset>\n<output id=\"shown\"></output>\n</form>\n", out);
}

static void put_table_head(FILE *out)
{
    static const struct {
        const char *key, *label, *class;
    } columns[] = { { "name", "File", "" },
                    { "verdict", "Verdict", "" },
                    { "length", "Length", " class=\"number\"" },
                    { "pixels", "Picture", " class=\"number\"" },
                    { "rate", "Rate", " class=\"number\"" },
                    { "bytes", "Size", " class=\"number\"" } };

    fputs("<table id=\"files\">\n<thead><tr><th scope=\"col\"><span class=\"unseen\">Preview</span>"
          "</th>\n",
          out);
    for (size_t i = 0; i < OSP_COUNT(columns); i++)
        fprintf(out,
                "<th scope=\"col\"%s aria-sort=\"none\"><button type=\"button\" data-key=\"%s\">%s"
                "</button></th>\n",
                columns[i].class, columns[i].key, columns[i].label);
    fputs("</tr></thead>\n", out);
}

static int html_head(struct report_sink *sink, const struct report_summary *s, osp_error *err)
{
    FILE *out = sink->out;

    (void)err;
    put_meta(out);
    fputs("<title>", out);
    put_headline(out, s);
    fprintf(out, " - omnisplice check</title>\n<style>%s</style>\n</head>\n<body>\n<header>\n<div>",
            html_css);
    fputs("<h1>", out);
    put_headline(out, s);
    fputs("</h1>\n<p>omnisplice check, limits of ", out);
    put_escaped(out, sink->document.profile, true);
    fputs("</p></div>\n<dl class=\"totals\">\n", out);
    put_total(out, "pass", "pass", s->pass);
    put_total(out, "violation", "in violation", s->violation);
    put_total(out, "unreadable", "unreadable", s->unreadable);
    fputs("</dl>\n</header>\n<main>\n", out);
    put_filters(out);
    put_table_head(out);
    return OSP_OK;
}

/* ---- a file ---- */

static double seconds_of(const osp_facts *facts)
{
    osp_rational s = facts->kind == OSP_KIND_SOUND ? facts->sound.duration_s : facts->track_s;

    return s.den > 0 ? (double)s.num / (double)s.den : 0;
}

static double rate_of(const osp_facts *facts)
{
    osp_rational r = facts->video.rate;

    return facts->kind == OSP_KIND_VIDEO && r.den > 0 ? (double)r.num / (double)r.den : 0;
}

/* A number with at most `places` decimals, a point in every locale. */
static void put_number(FILE *out, double value, int places)
{
    char text[40];

    rational_print(rational((int64_t)(value * 1e6 + 0.5), 1000000), places, text, sizeof(text));
    fputs(text, out);
}

/* What the script sorts and filters by. Worst verdicts first when they ascend. */
static void put_keys(FILE *out, const struct report_file *file)
{
    static const char *const ranks[] = { "unreadable", "violation", "pass" };
    bool levels[OSP_VIOLATION + 1] = { false };
    const char *verdict = report_verdict(file);
    const osp_finding *finding;
    osp_finding made;
    int rank = 0;

    while (strcmp(ranks[rank], verdict) != 0)
        rank++;
    fprintf(out, "<tbody data-verdict=\"%s\" data-rank=\"%d\" data-levels=\"", verdict, rank + 1);
    for (size_t i = 0; (finding = finding_at(file, i, &made)); i++) {
        if (!levels[finding->level])
            fprintf(out, "%s ", level_name(finding->level));
        levels[finding->level] = true;
    }
    fputs("\" data-name=\"", out);
    put_escaped(out, file->path, true);
    fputs("\"", out);
    if (!file->facts) {
        fputs(">\n", out);
        return;
    }
    fprintf(out, " data-bytes=\"%lld\"", (long long)file->facts->size_bytes);
    if (seconds_of(file->facts) > 0) {
        fputs(" data-length=\"", out);
        put_number(out, seconds_of(file->facts), 6);
        fputs("\"", out);
    }
    if (rate_of(file->facts) > 0) {
        fputs(" data-rate=\"", out);
        put_number(out, rate_of(file->facts), 6);
        fputs("\"", out);
    }
    if (file->facts->video.width_px > 0)
        fprintf(out, " data-pixels=\"%lld\"",
                (long long)file->facts->video.width_px * file->facts->video.height_px);
    fputs(">\n", out);
}

static bool is_told(const struct report_file *file)
{
    osp_finding made;

    return finding_at(file, 0, &made) != NULL;
}

static void put_picture(FILE *out, const struct report_file *file)
{
    fprintf(out, "<td class=\"picture\" rowspan=\"%d\"><div>", is_told(file) ? 2 : 1);
    if (file->png) {
        fputs("<img alt=\"\" src=\"data:image/png;base64,", out);
        put_base64(out, file->png, file->png_size);
        fputs("\">", out);
    } else {
        fputs(file->facts && file->facts->kind == OSP_KIND_SOUND ? "sound" : "no picture", out);
    }
    fputs("</div></td>\n", out);
}

static void put_name(FILE *out, const struct report_file *file)
{
    OSP_AUTO(auto_free) char *folder = NULL;
    const char *slash = strrchr(file->path, '/'), *name = slash ? slash + 1 : file->path;
    const osp_facts *facts = file->facts;

    fputs("<th scope=\"row\"><span class=\"name\">", out);
    put_escaped(out, name, true);
    fputs("</span>", out);
    if (slash && (folder = strndup(file->path, (size_t)(name - file->path)))) {
        fputs("<span class=\"folder\">", out);
        put_escaped(out, folder, true);
        fputs("</span>", out);
    }
    if (facts && facts->kind != OSP_KIND_UNKNOWN) {
        fputs("<span class=\"kind\">", out);
        put_escaped(out, facts->container, true);
        for (int i = 0; i < 2; i++) {
            const char *codec = i ? facts->sound.codec : facts->video.codec;

            if (codec[0] && facts->kind != OSP_KIND_IMAGE && strcmp(codec, facts->container) != 0)
                fputs(", ", out), put_escaped(out, codec, true);
        }
        fprintf(out, "; for %s</span>", osp_use_name(osp_findings_use(file->findings)));
    }
    fputs("</th>\n", out);
}

/* The verdict, and how many findings of each level stand behind it. */
static void put_verdict(FILE *out, const struct report_file *file)
{
    const char *verdict = report_verdict(file), *before = "<span class=\"counts\">";
    int counts[OSP_VIOLATION + 1] = { 0 };
    const osp_finding *finding;
    osp_finding made;

    for (size_t i = 0; (finding = finding_at(file, i, &made)); i++)
        counts[finding->level]++;
    fprintf(out, "<td class=\"verdict\"><span class=\"badge %s\">%s</span>", verdict, verdict);
    for (int level = OSP_VIOLATION; level >= OSP_NOTE; level--) {
        if (!counts[level] || strcmp(verdict, "unreadable") == 0)
            continue;
        fprintf(out, "%s%d %s%s", before, counts[level], level_name((osp_level)level),
                counts[level] == 1 ? "" : "s");
        before = ", ";
    }
    fputs(before[0] == ',' ? "</span></td>\n" : "</td>\n", out);
}

static void put_bytes(FILE *out, int64_t bytes)
{
    static const struct {
        int64_t size;
        const char *unit;
    } units[] = { { 1000000000, "GB" }, { 1000000, "MB" }, { 1000, "kB" }, { 1, "bytes" } };
    size_t i = 0;

    while (i + 1 < OSP_COUNT(units) && bytes < units[i].size)
        i++;
    put_number(out, (double)bytes / (double)units[i].size, 1);
    fprintf(out, " %s", units[i].unit);
}

static void put_figures(FILE *out, const osp_facts *facts)
{
    fputs("<td class=\"number\">", out);
    if (facts && seconds_of(facts) > 0)
        put_number(out, seconds_of(facts), 2), fputs(" s", out);
    fputs("</td><td class=\"number\">", out);
    if (facts && facts->video.width_px > 0)
        fprintf(out, "%d\xC3\x97%d", facts->video.width_px, facts->video.height_px);
    fputs("</td><td class=\"number\">", out);
    if (facts && rate_of(facts) > 0)
        put_number(out, rate_of(facts), 2), fputs(" fps", out);
    fputs("</td><td class=\"number\">", out);
    if (facts)
        put_bytes(out, facts->size_bytes);
    fputs("</td>\n", out);
}

static void put_finding(FILE *out, const osp_finding *finding)
{
    const char *level = level_name(finding->level);
    char measured[64], limit[64];

    value_text(finding->measured, finding->unit, measured, sizeof(measured));
    value_text(finding->limit, finding->unit, limit, sizeof(limit));
    fprintf(out, "<li><span class=\"badge %s\">%s</span><p><span class=\"rule\">%s</span> ", level,
            level, finding->rule);
    put_escaped(out, finding->text, true);
    fputs("</p><p class=\"more\">", out);
    if (measured[0]) {
        fputs("measured ", out);
        put_escaped(out, measured, true);
    }
    if (limit[0]) {
        fputs(", limit ", out);
        put_escaped(out, limit, true);
    }
    fputs(measured[0] || limit[0] ? " \xC2\xB7 " : "", out);
    put_escaped(out, finding->source, true);
    if (finding->as_of[0]) {
        fputs(", as of ", out);
        put_escaped(out, finding->as_of, true);
    }
    fputs("</p></li>\n", out);
}

static void put_mend(FILE *out, const struct report_file *file)
{
    if (!file->mend && !file->mend_not)
        return;
    fputs("<div class=\"mend\"><span>mend</span>", out);
    fputs(file->mend ? "<code>" : "<p>", out);
    put_escaped(out, file->mend ? file->mend : file->mend_not, false);
    fputs(file->mend ? "</code><button type=\"button\" class=\"scripted-only\" "
                       "aria-live=\"polite\">Copy</button>"
                     : "</p>",
          out);
    fputs("</div>", out);
}

static int html_file(struct report_sink *sink, const struct report_file *file, osp_error *err)
{
    FILE *out = sink->files;
    const osp_finding *finding;
    osp_finding made;

    (void)err;
    put_keys(out, file);
    fputs("<tr class=\"facts\">", out);
    put_picture(out, file);
    put_name(out, file);
    put_verdict(out, file);
    put_figures(out, file->facts);
    fputs("</tr>\n", out);
    if (is_told(file)) {
        fputs("<tr class=\"told\"><td colspan=\"6\"><ul class=\"findings\">\n", out);
        for (size_t i = 0; (finding = finding_at(file, i, &made)); i++)
            put_finding(out, finding);
        fputs("</ul>", out);
        put_mend(out, file);
        fputs("</td></tr>\n", out);
    }
    fputs("</tbody>\n", out);
    return OSP_OK;
}

static int html_tail(struct report_sink *sink, const struct report_summary *s, osp_error *err)
{
    (void)s, (void)err;
    fputs("</table>\n<div id=\"nothing\" hidden><p>No file matches.</p>\n<button type=\"button\" "
          "id=\"clear\">Show all files</button></div>\n</main>\n<footer>",
          sink->out);
    fprintf(sink->out,
            "Written by omnisplice %s. <span class=\"scripted-only\"><kbd>/</kbd> filters by text, "
            "<kbd>Esc</kbd> shows all.</span></footer>\n<script>%s</script>\n</body>\n</html>\n",
            osp_version(), html_js);
    return OSP_OK;
}

const struct sink_format sink_html = {
    .head_counts = true, .pictures = true, .head = html_head, .file = html_file, .tail = html_tail
};
