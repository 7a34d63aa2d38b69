/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The media of a request: a file of this machine in place of a URL, or base64 inline. Both are
 * probed and judged for their use; URLs are not opened.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/auto.h"
#include "base/base64.h"
#include "base/error.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/tmpfile.h"
#include "check/request.h"

enum form { FORM_FILE, FORM_URL, FORM_INLINE, FORM_OTHER /* an address of another kind */ };

/* Ids of what is wrong with how a medium is passed, and whether base64 is taken. */
static const struct {
    const char *pass;
    const char *by; /* path of the ways: "url", "base64" */
} ways[] = {
    [PART_IMAGE] = { "image.pass", "image.by" },
    [PART_VIDEO] = { "video.url", "video.by" },
    [PART_ELEMENT] = { NULL, NULL },
    [PART_SOUND] = { "sound.pass", "sound_file.by" },
};

/* A name of a file is hardly longer; base64 of a medium is hardly shorter. */
#define INLINE_MIN 48

/* Letters of base64, its padding, and what encoders wrongly put between the lines. */
static bool looks_encoded(const char *text, size_t length)
{
    char letters[80];

    snprintf(letters, sizeof(letters), "%s=\r\n", base64_alphabet);
    return strspn(text, letters) == length;
}

static char *file_name(const struct request *r, const char *value)
{
    const char *folder = r->options->folder;

    if (!folder || value[0] == '/')
        return strdup(value);
    return str_format("%s%s%s", folder, str_ends(folder, "/") ? "" : "/", value);
}

/* Names of schemes are the same in capitals (RFC 3986 3.1). */
static bool begins(const char *value, const char *scheme)
{
    return strncasecmp(value, scheme, strlen(scheme)) == 0;
}

static enum form form_of(const struct request *r, const char *value)
{
    size_t length = strlen(value);
    OSP_AUTO(auto_free) char *name = NULL;

    if (begins(value, "http://") || begins(value, "https://"))
        return FORM_URL;
    if (begins(value, "data:") || length >= PATH_MAX)
        return FORM_INLINE;
    if (length < INLINE_MIN || !looks_encoded(value, length))
        return strstr(value, "://") ? FORM_OTHER : FORM_FILE;
    name = r->options->no_media ? NULL : file_name(r, value);
    return name && fs_exists(name) ? FORM_FILE : FORM_INLINE;
}

/* ---- findings of a file become findings of the request ---- */

/* The sound of a video matters only when it is kept. */
static bool concerns(const struct part *part, const osp_finding *found)
{
    return strcmp(found->rule, "video.sound.codec") != 0 || part->keeps_sound;
}

/* @return the verdict on the file */
static const char *adopt(struct request *r, const struct part *part, const osp_findings *file)
{
    const osp_finding *found;

    for (size_t i = 0; (found = osp_findings_get(file, i)); i++) {
        osp_finding *said;
        bool sound = strcmp(found->rule, "video.sound.codec") == 0;

        if (!concerns(part, found))
            continue;
        said = request_say(r, found->rule, sound ? OSP_WARNING : found->level, part->where, "%s",
                           found->text);
        memcpy(said->measured, found->measured, sizeof(said->measured));
        memcpy(said->limit, found->limit, sizeof(said->limit));
        said->unit = found->unit;
        said->remedy = found->remedy;
    }
    return osp_findings_verdict(file);
}

static int add_medium(struct request *r, const struct part *part, const char *name,
                      const char *verdict, osp_facts *facts, osp_error *err)
{
    osp_medium medium = { .path = part->where, .name = name, .use = part->use, .verdict = verdict };

    return findings_add_medium(r->findings, &medium, facts) ? OSP_OK : osp_nomem(err);
}

/* @param path  of the file; name is what the report calls it, and tells the extension */
static int judge_file(struct request *r, const struct part *part, const char *path,
                      const char *name, osp_error *err)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(osp_findings_free) osp_findings *found = NULL;
    osp_error fault = { 0 };
    osp_prober *prober = r->options->prober;
    const char *verdict = "unreadable";
    int ret = prober ? osp_prober_probe(prober, path, &facts, &fault)
                     : osp_probe(path, &facts, &fault);

    if (ret == OSP_OK && path != name) /* a temporary name says nothing */
        facts->extension[0] = 0;
    if (ret == OSP_OK)
        ret = osp_check(facts, r->profile, part->use, &found, &fault);
    if (ret == OSP_OK) {
        verdict = adopt(r, part, found);
    } else if (ret == OSP_EMEDIA) {
        osp_finding *said = request_say(r, "media.unreadable", OSP_VIOLATION, part->where, "%s",
                                        fault.text);

        str_copy(said->measured, sizeof(said->measured), "unreadable");
    } else {
        return osp_fail(err, (osp_code)ret, "%s", fault.text);
    }
    return add_medium(r, part, name, verdict, OSP_TAKE(facts), err);
}

/* ---- inline ---- */

static int judge_bytes(struct request *r, const struct part *part, const unsigned char *bytes,
                       size_t size, osp_error *err)
{
    OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
    const char *folder = getenv("TMPDIR");
    OSP_AUTO(auto_free)
    char *final = str_format("%s/omnisplice-inline", folder && *folder ? folder : "/tmp");
    int ret = final ? tmpfile_open(&file, final, err) : osp_nomem(err);

    if (ret < 0)
        return ret;
    /* the folder is everybody's, the picture is not */
    if (fchmod(file.fd, S_IRUSR | S_IWUSR) < 0 || fs_write_all(file.fd, bytes, size) < 0)
        return osp_fail_errno(err, OSP_EOUTPUT, "write", file.path);
    return judge_file(r, part, file.path, "inline", err);
}

static void judge_encoded_size(struct request *r, const struct part *part, size_t length)
{
    int64_t most = profile_int_or(r->profile, "image.inline.encoded_warn", INT64_MAX);
    osp_finding *said;

    if (part->kind != PART_IMAGE || (int64_t)length <= most)
        return;
    said = request_say(r, "image.inline", OSP_WARNING, part->where,
                       "%zu characters inline, above %lld whether the service counts the encoded "
                       "or the raw size is not known: send it by URL",
                       length, (long long)most);
    snprintf(said->measured, sizeof(said->measured), "%zu", length);
    snprintf(said->limit, sizeof(said->limit), "%lld", (long long)most);
}

/* Past "data:image/png;base64,", which the service does not take. */
static const char *without_prefix(struct request *r, const struct part *part)
{
    const char *comma = strchr(part->value, ',');

    if (!begins(part->value, "data:"))
        return part->value;
    if (!json_true(profile_get(r->profile, "image.inline.data_prefix")))
        request_say(
            r, ways[part->kind].pass, OSP_VIOLATION, part->where,
            "base64 goes without the prefix 'data:...;base64,', which the service refuses or "
            "misreads: send what follows the comma");
    return comma ? comma + 1 : "";
}

static int judge_inline(struct request *r, const struct part *part, osp_error *err)
{
    const char *encoded = without_prefix(r, part);
    size_t length = strlen(encoded), size = 0;
    OSP_AUTO(auto_free) unsigned char *bytes = malloc(length / 4 * 3 + 1);

    if (!bytes)
        return osp_nomem(err);
    judge_encoded_size(r, part, length);
    if (!length || !base64_decode(encoded, length, bytes, &size)) {
        request_say(r, ways[part->kind].pass, OSP_VIOLATION, part->where,
                    "it is neither a URL nor base64 as the service reads it: standard alphabet, "
                    "padding, no line breaks");
        return add_medium(r, part, "inline", "violation", NULL, err);
    }
    return r->options->no_media ? add_medium(r, part, "inline", "unseen", NULL, err)
                                : judge_bytes(r, part, bytes, size, err);
}

/* ---- one after the other ---- */

static bool taken_inline(const struct request *r, const struct part *part)
{
    return !profile_get(r->profile, ways[part->kind].by) ||
           request_listed(r, ways[part->kind].by, "base64");
}

static int judge_url(struct request *r, const struct part *part, osp_error *err)
{
    /* what follows the question mark may be a signature */
    OSP_AUTO(auto_free)
    char *name = str_format("%.*s", (int)strcspn(part->value, "?"), part->value);

    if (!name)
        return osp_nomem(err);
    request_say(r, "request.url", OSP_NOTE, part->where,
                "an address, which was not opened: the file behind it must keep the same rules");
    return add_medium(r, part, name, "unseen", NULL, err);
}

static int judge_local(struct request *r, const struct part *part, osp_error *err)
{
    OSP_AUTO(auto_free) char *path = file_name(r, part->value);

    if (!path)
        return osp_nomem(err);
    return r->options->no_media ? add_medium(r, part, path, "unseen", NULL, err)
                                : judge_file(r, part, path, path, err);
}

static int judge_part(struct request *r, const struct part *part, int64_t *encoded, osp_error *err)
{
    const char *refused = NULL;
    enum form form = form_of(r, part->value);

    if (form == FORM_URL)
        return judge_url(r, part, err);
    if (form == FORM_FILE)
        return judge_local(r, part, err);
    if (form == FORM_OTHER)
        refused = "the service opens http and https addresses alone";
    else if (!taken_inline(r, part))
        refused = "it goes by URL only, not inline";
    if (refused) {
        request_say(r, ways[part->kind].pass, OSP_VIOLATION, part->where, "%s", refused);
        return add_medium(r, part, form == FORM_INLINE ? "inline" : part->value, "violation", NULL,
                          err);
    }
    *encoded += (int64_t)strlen(part->value);
    return judge_inline(r, part, err);
}

int request_judge_media(struct request *r, osp_error *err)
{
    int64_t encoded = 0, most;
    int ret = OSP_OK;

    most = profile_int_or(r->profile, "image.inline.encoded_total", INT64_MAX);
    for (size_t i = 0; ret == OSP_OK && i < r->part_count; i++) {
        if (r->parts[i].kind != PART_ELEMENT && r->parts[i].value)
            ret = judge_part(r, &r->parts[i], &encoded, err);
    }
    if (ret == OSP_OK && encoded > most) {
        osp_finding *said = request_say(
            r, "image.inline.total", OSP_WARNING, "",
            "%lld characters inline in all, above %lld a request may be "
            "refused: send the larger ones by URL",
            (long long)encoded, (long long)most);

        snprintf(said->measured, sizeof(said->measured), "%lld", (long long)encoded);
        snprintf(said->limit, sizeof(said->limit), "%lld", (long long)most);
    }
    return ret;
}
