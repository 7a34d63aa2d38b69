/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How prompts name media: <<<image_1>>> by kind and position, or on the native interface @id by
 * the id that each content was given. The service's own documents slip here (two brackets, other
 * words), so what looks like a citation and is none is said, with the right form.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/auto.h"
#include "base/str.h"
#include "check/request.h"

static const char *const kind_names[] = { "image", "video", "element" };

/* What stands where a citation could: "image_1" is kind 0, number 1. */
struct name {
    int kind;      /* -1: no kind of ours */
    int number;    /* 0: none */
    bool exact;    /* spelled as documented */
    size_t length; /* of all of it */
};

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The word at p as KIND_NUMBER. */
static struct name read_name(const char *p)
{
    struct name name = { .kind = -1 };
    size_t letters = strspn(p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
    const char *digits = p + letters + 1;
    char exact[32];

    while (is_word(p[name.length]))
        name.length++;
    if (p[letters] != '_' || !isdigit((unsigned char)*digits) ||
        letters + 1 + strspn(digits, "0123456789") != name.length)
        return name;
    for (size_t i = 0; i < OSP_COUNT(kind_names); i++) {
        if (strlen(kind_names[i]) == letters && strncasecmp(p, kind_names[i], letters) == 0)
            name.kind = (int)i;
    }
    for (; isdigit((unsigned char)*digits) && name.number < 100000; digits++)
        name.number = name.number * 10 + (*digits - '0');
    if (name.kind >= 0) {
        snprintf(exact, sizeof(exact), "%s_%d", kind_names[name.kind], name.number);
        name.exact = strlen(exact) == name.length && strncmp(exact, p, name.length) == 0;
    }
    return name;
}

static struct part *find_part(struct request *r, struct name name)
{
    for (size_t i = 0; i < r->part_count; i++) {
        if ((int)r->parts[i].kind == name.kind && r->parts[i].number == name.number)
            return &r->parts[i];
    }
    return NULL;
}

static void quote(osp_finding *finding, const char *text, size_t length)
{
    snprintf(finding->measured, sizeof(finding->measured), "%.*s", (int)length, text);
    finding->measured[str_utf8_span(finding->measured)] = 0;
}

static void dangling(struct request *r, osp_level level, const char *path, const char *text,
                     size_t length)
{
    osp_finding *finding = request_say(r, "cite.dangling", level, path,
                                       "%.*s names something that the request does not have",
                                       (int)(length < 60 ? length : 60), text);

    quote(finding, text, length);
}

/* How this request should cite a part: "<<<image_1>>>", or "@Zhang". */
static void right_form(const struct request *r, struct name name, const struct part *part,
                       char out[64])
{
    if (r->native && part && part->id)
        snprintf(out, 64, "@%.60s", part->id);
    else if (r->native)
        snprintf(out, 64, "@ and the id of the content");
    else if (name.kind >= 0)
        snprintf(out, 64, "<<<%s_%d>>>", kind_names[name.kind], name.number);
    else
        snprintf(out, 64, "<<<image_1>>>%s or <<<element_1>>>",
                 r->endpoint == OSP_ENDPOINT_OMNI_VIDEO ? ", <<<video_1>>>" : "");
    out[str_utf8_span(out)] = 0;
}

static void wrong_form(struct request *r, struct name name, const char *path, const char *text,
                       size_t length)
{
    struct part *part = find_part(r, name);
    osp_finding *finding;
    char right[64];

    right_form(r, name, part, right);
    finding = request_say(r, "cite.form", OSP_WARNING, path, "%.*s is no citation, write %s",
                          (int)(length < 60 ? length : 60), text, right);
    quote(finding, text, length);
    str_copy(finding->limit, sizeof(finding->limit), right);
    if (part)
        part->cited = true; /* the form is said, that is enough */
    else if (name.kind >= 0)
        dangling(r, OSP_VIOLATION, path, text, length);
}

/* <<<image_1>>> and what looks like it. @return its length; at least 1 */
static size_t read_angles(struct request *r, const char *p, const char *path)
{
    size_t open = strspn(p, "<"), body, blanks, close;
    struct name name;
    struct part *part;

    body = strcspn(p + open, "<>\n");
    close = strspn(p + open + body, ">");
    blanks = strspn(p + open, " ");
    if (!body || !close || body > 60 || blanks == body)
        return open;
    name = read_name(p + open + blanks);
    if (open == 3 && close == 3 && !blanks && name.exact && name.length == body && !r->native) {
        part = find_part(r, name);
        if (part)
            part->cited = true;
        else
            dangling(r, OSP_VIOLATION, path, p, open + body + close);
    } else if ((open >= 2 && close >= 2) || name.kind >= 0) {
        wrong_form(r, name, path, p, open + body + close);
    }
    return open + body + close;
}

/* The part with the longest id that stands at p, ended by no further letter. */
static struct part *named_part(struct request *r, const char *p)
{
    struct part *best = NULL;

    for (size_t i = 0; i < r->part_count; i++) {
        const char *id = r->parts[i].id;

        if (id && str_starts(p, id) && !is_word(p[strlen(id)]) &&
            (!best || strlen(id) > strlen(best->id)))
            best = &r->parts[i];
    }
    return best;
}

/* @name, where p is the @. */
static void read_at(struct request *r, const char *p, const char *path)
{
    struct name name = read_name(p + 1);
    struct part *part = r->native ? named_part(r, p + 1) : NULL;

    if (part)
        part->cited = true;
    else if (r->native && name.length)
        dangling(r, name.kind >= 0 ? OSP_VIOLATION : OSP_WARNING, path, p, name.length + 1);
    else if (!r->native && name.kind >= 0)
        wrong_form(r, name, path, p, name.length + 1);
}

/* An @ within a word is an address of mail. */
static bool begins_word(const char *text, const char *p)
{
    return p == text || !is_word(p[-1]);
}

static void read_prompt(struct request *r, const char *text, const char *path)
{
    for (const char *p = text; *p && p - text < PROMPT_READ;) {
        if (*p == '<') {
            p += read_angles(r, p, path);
            continue;
        }
        if (*p == '@' && begins_word(text, p))
            read_at(r, p, path);
        p++;
    }
}

/* ---- names that run into each other ---- */

static bool stands_plain(const char *text, const char *id)
{
    const char *p = text;

    while ((p = strstr(p, id))) {
        if (p == text || p[-1] != '@' || !begins_word(text, p - 1))
            return true;
        p++;
    }
    return false;
}

static void overlap(struct request *r, const struct part *part, osp_level level, const char *what)
{
    char where[REQUEST_PATH];
    osp_finding *finding;

    request_join(where, part->path, "id", 0);
    finding = request_say(r, "cite.overlap", level, where, "the id '%.40s' %s", part->id, what);
    quote(finding, part->id, strlen(part->id));
}

static void judge_id(struct request *r, size_t index)
{
    const struct part *part = &r->parts[index];

    for (size_t i = 0; i < r->part_count; i++) {
        const char *other = r->parts[i].id;

        if (i == index || !other || !strstr(other, part->id))
            continue;
        if (strcmp(other, part->id) != 0)
            overlap(r, part, OSP_WARNING, "is a piece of another one");
        else if (i < index)
            overlap(r, part, OSP_VIOLATION, "stands twice");
        break;
    }
    if (r->words[WORD_PROMPT] && stands_plain(r->words[WORD_PROMPT], part->id))
        overlap(r, part, OSP_WARNING, "also occurs in the prompt as plain text");
}

static void judge_unused(struct request *r)
{
    for (size_t i = 0; i < r->part_count; i++) {
        const struct part *part = &r->parts[i];
        struct name name = { .kind = (int)part->kind, .number = part->number };
        osp_finding *finding;
        char right[64];

        if (part->cited)
            continue;
        right_form(r, name, part, right);
        finding = request_say(r, "cite.unused", OSP_WARNING, part->path,
                              "no prompt cites it, and what is not cited may be ignored: write %s",
                              right);
        str_copy(finding->limit, sizeof(finding->limit), right);
    }
}

void request_judge_citations(struct request *r)
{
    const char *prompt = r->words[WORD_PROMPT];
    bool any = prompt != NULL;

    if (r->endpoint != OSP_ENDPOINT_OMNI_VIDEO && r->endpoint != OSP_ENDPOINT_OMNI_IMAGE)
        return;
    if (prompt)
        read_prompt(r, prompt, request_path(r, WORD_PROMPT));
    for (size_t i = 0; !r->native && i < r->shot_count; i++) {
        char where[REQUEST_PATH];

        request_join(where, r->shots[i].path, "prompt", 0);
        if (r->shots[i].prompt)
            read_prompt(r, r->shots[i].prompt, where);
        any = any || r->shots[i].prompt;
    }
    for (size_t i = 0; r->native && i < r->part_count; i++) {
        if (r->parts[i].id)
            judge_id(r, i);
    }
    if (any)
        judge_unused(r);
}
