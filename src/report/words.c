/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the formats of check's outputs say alike. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "report/sink.h"

void report_seconds(osp_rational value, char out[32])
{
    rational_print(value, 3, out, 32);
}

const char *level_name(osp_level level)
{
    static const char *const names[] = { "note", "warning", "violation" };

    return names[level];
}

static void add_video(struct strbuf *out, const osp_facts *facts)
{
    const osp_video_facts *v = &facts->video;
    char seconds[32], rate[32];

    report_seconds(facts->track_s, seconds);
    rational_print(v->rate, 3, rate, sizeof(rate));
    strbuf_printf(out, "%s, %s %dx%d, %s fps%s, %s s, %s", facts->container, v->codec, v->width_px,
                  v->height_px, rate, v->variable_rate ? " (variable)" : "", seconds,
                  facts->sound.codec[0] ? facts->sound.codec : "no sound");
}

static void add_image(struct strbuf *out, const osp_facts *facts)
{
    strbuf_printf(out, "%s, %dx%d", facts->container, facts->video.width_px,
                  facts->video.height_px);
}

static void add_sound(struct strbuf *out, const osp_facts *facts)
{
    char seconds[32];

    report_seconds(facts->sound.duration_s, seconds);
    strbuf_printf(out, "%s, %s, %s s", facts->container, facts->sound.codec, seconds);
}

char *report_facts_words(const osp_facts *facts, osp_use use)
{
    static void (*const adders[])(struct strbuf *, const osp_facts *) = {
        [OSP_KIND_VIDEO] = add_video, [OSP_KIND_IMAGE] = add_image, [OSP_KIND_SOUND] = add_sound
    };
    struct strbuf out = STRBUF_INIT;

    if (facts && facts->kind != OSP_KIND_UNKNOWN)
        adders[facts->kind](&out, facts);
    if (out.size && use != OSP_USE_GUESS)
        strbuf_printf(&out, "; for %s", osp_use_name(use));
    return strbuf_take(&out);
}

char *facts_line(const struct report_file *file)
{
    return report_facts_words(file->facts,
                              file->findings ? osp_findings_use(file->findings) : OSP_USE_GUESS);
}

const char *report_paint(const char *word, bool colour)
{
    static const struct {
        const char *word, *code;
    } paints[] = { { "pass", "\033[32m" },       { "violation", "\033[1;31m" },
                   { "unreadable", "\033[35m" }, { "warning", "\033[33m" },
                   { "note", "\033[36m" },       { "dim", "\033[2m" },
                   { "mend", "\033[1m" },        { "", "\033[0m" } };

    for (size_t i = 0; colour && i < OSP_COUNT(paints); i++) {
        if (strcmp(paints[i].word, word) == 0)
            return paints[i].code;
    }
    return "";
}

void report_finding_text(FILE *out, const osp_finding *finding, bool colour)
{
    const char *level = level_name(finding->level);

    fprintf(out, "  %s%s%s %s%s%s: %s\n", report_paint(level, colour), level,
            report_paint("", colour), finding->rule, finding->path[0] ? " at " : "", finding->path,
            finding->text);
}

const osp_finding *finding_at(const struct report_file *file, size_t i, osp_finding *made)
{
    if (file->findings)
        return osp_findings_get(file->findings, i);
    if (i > 0)
        return NULL;
    *made = (osp_finding){ .rule = "media.unreadable",
                           .level = OSP_VIOLATION,
                           .measured = "unreadable",
                           .unit = "",
                           .source = "omnisplice",
                           .as_of = "",
                           .remedy = "none" };
    str_copy(made->text, sizeof(made->text), file->fault ? file->fault : "");
    return made;
}

void value_text(const char *value, const char *unit, char *out, size_t size)
{
    char plain[32], *end;
    long long num = strtoll(value, &end, 10), den = *end == '/' ? strtoll(end + 1, &end, 10) : 0;

    if (den > 0 && !*end) { /* 30000/1001, for a person */
        rational_print(rational(num, den), 3, plain, sizeof(plain));
        value = plain;
    }
    snprintf(out, size, "%s%s%s", value, value[0] && unit[0] ? " " : "", value[0] ? unit : "");
}

/* Bytes of the UTF-8 character that stands here; 0: none does. */
static size_t character(const char *text)
{
    char one[5] = "";

    for (size_t n = 1; n <= 4 && text[n - 1]; n++) {
        memcpy(one, text, n);
        if (str_code_points(one) == 1)
            return n;
    }
    return 0;
}

/* C0, DEL, and C1, which is two bytes in UTF-8 and a command to some terminals. */
static bool is_control(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];

    return length == 1 ? first < 0x20 || first == 0x7F
                       : first == 0xC2 && (unsigned char)text[1] < 0xA0;
}

char *clean_text(const char *text, bool controls)
{
    struct strbuf out = STRBUF_INIT;

    while (*text) {
        size_t length = character(text);

        if (!length)
            strbuf_puts(&out, "\xEF\xBF\xBD");
        else if (controls && is_control(text, length))
            strbuf_printf(&out, "\\x%02x", (unsigned char)text[length - 1]);
        else
            strbuf_add(&out, text, length);
        text += length ? length : 1;
    }
    return strbuf_take(&out);
}

/* XML 1.0 2.2 has no U+FFFE and U+FFFF. */
static bool is_noncharacter(const char *text, size_t length)
{
    return length == 3 && strncmp(text, "\xEF\xBF", 2) == 0 && (unsigned char)text[2] >= 0xBE;
}

static const char *entity_of(char c)
{
    static const struct {
        char c;
        const char *entity;
    } entities[] = {
        { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" }, { '\'', "&#39;" }
    };

    for (size_t i = 0; i < OSP_COUNT(entities); i++) {
        if (entities[i].c == c)
            return entities[i].entity;
    }
    return NULL;
}

void put_escaped(FILE *out, const char *text, bool one_line)
{
    while (*text) {
        size_t length = character(text);
        const char *entity = entity_of(*text);

        if (!length || is_noncharacter(text, length))
            fputs("\xEF\xBF\xBD", out);
        else if (entity)
            fputs(entity, out);
        else if (*text == '\n' && !one_line)
            fputc('\n', out);
        else if (is_control(text, length))
            fprintf(out, "\\x%02x", (unsigned char)text[length - 1]);
        else
            fwrite(text, 1, length, out);
        text += length ? length : 1;
    }
}
