/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command that makes a file that passes. It is asked of the planner, not guessed: what it can
 * plan, conform can carry out, and where it cannot, its words say why.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "omnisplice/plan.h"
#include "report/sink.h"

/* ---- words of a shell ---- */

static bool is_plain(const char *text)
{
    for (const char *p = text; *p; p++) {
        if ((unsigned char)*p < 0x20 || *p == 0x7F)
            return false;
    }
    return str_code_points(text) >= 0;
}

/* A name that no terminal or JSON carries is spelled by printf, in octal. The shell takes line
 * feeds off the end of a substitution: they stand behind it. */
static char *spelled(const char *text)
{
    struct strbuf out = STRBUF_INIT;
    size_t length = strlen(text), end = length;

    while (end && text[end - 1] == '\n')
        end--;
    strbuf_puts(&out, "\"$(printf '");
    for (size_t i = 0; i < end; i++) {
        char c = text[i];
        bool safe = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                    (c && strchr("_./ ", c));

        strbuf_printf(&out, safe ? "%c" : "\\%03o", (unsigned char)c);
    }
    strbuf_puts(&out, "')\"");
    if (end < length)
        strbuf_printf(&out, "'%s'", text + end);
    return strbuf_take(&out);
}

static char *shell_word(const char *text)
{
    return is_plain(text) ? str_shell_quote(text) : spelled(text);
}

static void add_option(struct strbuf *out, const char *option, const char *value)
{
    OSP_AUTO(auto_free) char *word = value ? shell_word(value) : NULL;

    if (value)
        strbuf_printf(out, "%s%s %s", option[0] ? " " : "", option, word ? word : "");
    out->failed |= value && !word;
}

/* "clips/in.mov" to "clips/in.conformed.mp4". */
static char *output_name(const char *path, const char *extension)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *point = strrchr(name, '.');
    size_t stem = point && point > name ? (size_t)(point - path) : strlen(path);

    return str_format("%.*s.conformed.%s", (int)stem, path, extension);
}

/* ---- findings ---- */

static const osp_finding *find(const struct report_file *file, const char *rule)
{
    const osp_finding *finding;

    for (size_t i = 0; (finding = osp_findings_get(file->findings, i)); i++) {
        if (strcmp(finding->rule, rule) == 0 && finding->level == OSP_VIOLATION)
            return finding;
    }
    return NULL;
}

static bool wants_mending(const struct report_file *file)
{
    const osp_finding *finding;

    for (size_t i = 0; (finding = osp_findings_get(file->findings, i)); i++) {
        if (finding->level == OSP_VIOLATION ||
            (finding->level == OSP_WARNING && strcmp(finding->remedy, "none") != 0))
            return true;
    }
    return false;
}

/* ---- conform ---- */

static const char *extension_for(const struct report_file *file)
{
    if (file->facts->kind == OSP_KIND_VIDEO)
        return "mp4";
    if (file->facts->kind == OSP_KIND_SOUND)
        return "m4a";
    return strcmp(file->facts->container, "png") == 0 && !find(file, "image.bytes") ? "png" : "jpg";
}

static char *conform_line(const struct report_file *file, const struct mend_words *words,
                          const char *to)
{
    OSP_AUTO(auto_free) char *output = output_name(file->path, extension_for(file));
    struct strbuf out = STRBUF_INIT;

    strbuf_puts(&out, "omnisplice conform");
    add_option(&out, "--profile", words->profile);
    add_option(&out, "--use", words->use);
    add_option(&out, "-i", file->path);
    if (to)
        strbuf_printf(&out, " --from 0 --to %s", to);
    add_option(&out, "-o", output);
    out.failed |= !output;
    return strbuf_take(&out);
}

/* Whether conform would change anything: then its line, else why not. */
static int try_conform(const struct report_file *file, const osp_profile *profile,
                       const struct mend_words *words, struct report_mend *out, osp_error *err)
{
    OSP_AUTO(osp_plan_free) osp_plan *plan = NULL;
    const osp_finding *too_long = find(file, "video.duration.max");
    osp_plan_options options;
    osp_error why = { 0 };
    int ret;

    osp_plan_options_init(&options);
    options.use = osp_findings_use(file->findings);
    options.from = too_long ? "0" : NULL;
    options.to = too_long ? too_long->limit : NULL;
    options.keep_sound = 1;
    ret = osp_plan_make(file->facts, profile, &options, &plan, &why);
    if (ret == OSP_EINTERNAL)
        return osp_fail(err, OSP_EINTERNAL, "%s", why.text);
    if (ret == OSP_OK && strcmp(osp_plan_step_get(plan, 0)->name, "copy") != 0)
        out->command = conform_line(file, words, options.to);
    else if (ret == OSP_OK)
        out->reason = strdup("conform has nothing that would mend it");
    else
        out->reason = strdup(why.text);
    return out->command || out->reason ? OSP_OK : osp_nomem(err);
}

/* ---- sound by ffmpeg ---- */

#define KBITS 128 /* AAC at which nothing is heard missing of speech */

/* Kilobits a second that keep the file within its bound, with 3 % for the container. */
static int kbits_for(const osp_finding *bytes, double seconds)
{
    double most = bytes && seconds > 0 ? atof(bytes->limit) * 8 * 0.97 / 1000 / seconds : KBITS;

    return most < KBITS ? (int)most : KBITS;
}

/* A name that ffmpeg takes for neither an option nor a protocol. */
static char *ffmpeg_name(const char *path)
{
    return str_format("%s%s", strchr(path, ':') ? "file:" : path[0] == '-' ? "./" : "", path);
}

static char *ffmpeg_line(const struct report_file *file)
{
    OSP_AUTO(auto_free) char *input = ffmpeg_name(file->path);
    OSP_AUTO(auto_free) char *name = output_name(file->path, "m4a");
    OSP_AUTO(auto_free) char *output = name ? ffmpeg_name(name) : NULL;
    const osp_finding *most = find(file, "sound.duration.max");
    const osp_finding *least = find(file, "sound.duration.min");
    const osp_rational lasts = file->facts->sound.duration_s;
    double seconds = most            ? atof(most->limit)
                     : lasts.den > 0 ? (double)lasts.num / (double)lasts.den
                                     : 0;
    struct strbuf out = STRBUF_INIT;

    strbuf_puts(&out, "ffmpeg");
    add_option(&out, "-i", input);
    strbuf_puts(&out, " -vn");
    if (most) /* a second less: AAC ends with a whole frame */
        strbuf_printf(&out, " -t %.0f", atof(most->limit) - 1);
    if (least)
        strbuf_printf(&out, " -af apad=whole_dur=%s", least->limit);
    strbuf_printf(&out, " -c:a aac -b:a %dk", kbits_for(find(file, "sound.bytes"), seconds));
    add_option(&out, "", output);
    out.failed |= !input || !output;
    return strbuf_take(&out);
}

/* ---- what nothing mends ---- */

static const char *unmendable(const struct report_file *file)
{
    const osp_facts *facts = file->facts;

    if (facts->encrypted)
        return "it is encrypted: who made it can give it out in the clear";
    if (facts->kind == OSP_KIND_UNKNOWN)
        return "nothing can be read of it: fetch or export it anew";
    if (facts->truncated)
        return "the rest of the file is missing: fetch it anew, or save what is there by ffmpeg -i "
               "IN -c copy OUT and check that";
    return NULL;
}

int report_mend(const struct report_file *file, const osp_profile *profile,
                const struct mend_words *words, struct report_mend *out, osp_error *err)
{
    const char *why;
    int ret;

    if (!file->findings) {
        out->reason = strdup(file->hint && file->hint[0] ? file->hint : "it cannot be opened");
        return out->reason ? OSP_OK : osp_nomem(err);
    }
    if (!wants_mending(file))
        return OSP_OK;
    why = unmendable(file);
    if (why) {
        out->reason = strdup(why);
        return out->reason ? OSP_OK : osp_nomem(err);
    }
    ret = try_conform(file, profile, words, out, err);
    if (ret < 0 || out->command || osp_findings_use(file->findings) != OSP_USE_AVATAR_SOUND ||
        file->facts->kind != OSP_KIND_SOUND)
        return ret;
    out->command = ffmpeg_line(file);
    auto_free(&out->reason);
    return out->command ? OSP_OK : osp_nomem(err);
}

void report_mend_release(struct report_mend *mend)
{
    auto_free(&mend->command);
    auto_free(&mend->reason);
}
