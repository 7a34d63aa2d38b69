/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/rational.h"
#include "base/str.h"

#define FILE_CEILING (1u << 20)

struct osp_profile {
    struct json *root;
};

const char *osp_profile_builtin(size_t i)
{
    for (size_t k = 0; profile_texts[k].name; k++) {
        if (k == i)
            return profile_texts[k].name;
    }
    return NULL;
}

static const char default_name[] = "cloudsway-kling-o3";

static int list_builtins(osp_error *err, const char *name)
{
    char names[256] = "";

    for (size_t i = 0; profile_texts[i].name; i++) {
        size_t used = strlen(names);

        str_copy(names + used, sizeof(names) - used, i ? ", " : "");
        used = strlen(names);
        str_copy(names + used, sizeof(names) - used, profile_texts[i].name);
    }
    return osp_fail(err, OSP_EUSAGE, "no profile '%.100s'; there are: %s", name, names);
}

static int builtin_json(const char *name, struct json **out, osp_error *err);

/* {"base": NAME, "patch": {...}} becomes a whole profile (RFC 7396); a whole one stays. */
static int settle(struct json **root, const char *what, osp_error *err)
{
    OSP_AUTO(json_free) struct json *base = NULL;
    const struct json *patch = json_get(*root, "patch");
    const char *name = json_string(json_get(*root, "base"));
    int ret;

    if (!name && !patch) {
        if (!json_string(json_get(*root, "name")) || !json_is_object(json_get(*root, "video")))
            return osp_fail(err, OSP_EACCESS, "%s is no profile: it has no name or no video limits",
                            what);
        return OSP_OK;
    }
    if (!name || !json_is_object(patch))
        return osp_fail(err, OSP_EACCESS, "%s needs both base and patch", what);
    ret = builtin_json(name, &base, err);
    if (ret < 0)
        return osp_while(err, "reading %s", what);
    json_merge(base, patch);
    json_free(root);
    *root = OSP_TAKE(base);
    return OSP_OK;
}

static int builtin_json(const char *name, struct json **out, osp_error *err)
{
    OSP_AUTO(json_free) struct json *root = NULL;
    int ret;

    for (size_t i = 0; profile_texts[i].name; i++) {
        if (strcmp(profile_texts[i].name, name) != 0)
            continue;
        ret = json_parse(profile_texts[i].json, strlen(profile_texts[i].json), name, &root, err);
        if (ret < 0 || (ret = settle(&root, name, err)) < 0)
            return ret;
        *out = OSP_TAKE(root);
        return OSP_OK;
    }
    return list_builtins(err, name);
}

static int wrap(struct json **root, osp_profile **out, osp_error *err)
{
    osp_profile *profile = calloc(1, sizeof(*profile));

    if (!profile)
        return osp_nomem(err);
    profile->root = OSP_TAKE(*root);
    *out = profile;
    return OSP_OK;
}

int osp_profile_find(const char *name, osp_profile **out, osp_error *err)
{
    OSP_AUTO(json_free) struct json *root = NULL;
    int ret = builtin_json(name ? name : default_name, &root, err);

    return ret < 0 ? ret : wrap(&root, out, err);
}

int profile_parse(const char *text, size_t size, const char *what, osp_profile **out,
                  osp_error *err)
{
    OSP_AUTO(json_free) struct json *root = NULL;
    osp_error fault = { 0 };
    int ret = json_parse(text, size, what, &root, &fault);

    if (ret == OSP_OK)
        ret = settle(&root, what, &fault);
    if (ret < 0) /* whatever is wrong with it: the configuration is bad */
        return osp_fail(err, OSP_EACCESS, "bad profile: %s", fault.text);
    return wrap(&root, out, err);
}

int osp_profile_load(const char *path, osp_profile **out, osp_error *err)
{
    OSP_AUTO(auto_free) char *text = NULL;
    osp_error fault = { 0 };
    size_t size;
    int ret = fs_read_file(path, FILE_CEILING, &text, &size, &fault);

    if (ret < 0)
        return osp_fail(err, OSP_EACCESS, "bad profile: %s", fault.text);
    return profile_parse(text, size, path, out, err);
}

int profile_open(const char *name_or_path, osp_profile **out, osp_error *err)
{
    if (name_or_path && (strchr(name_or_path, '/') || str_ends(name_or_path, ".json")))
        return osp_profile_load(name_or_path, out, err);
    return osp_profile_find(name_or_path, out, err);
}

const char *osp_profile_name(const osp_profile *profile)
{
    return json_string(json_get(profile->root, "name"));
}

char *osp_profile_json(const osp_profile *profile)
{
    return json_print(profile->root, true);
}

void osp_profile_free(osp_profile **profile)
{
    if (!profile || !*profile)
        return;
    json_free(&(*profile)->root);
    free(*profile);
    *profile = NULL;
}

const struct json *profile_get(const osp_profile *profile, const char *path)
{
    const struct json *value = json_path(profile->root, path);

    return json_is_null(value) ? NULL : value;
}

const char *profile_text_or(const osp_profile *profile, const char *path, const char *otherwise)
{
    const char *text = json_text(profile_get(profile, path));

    return text ? text : otherwise;
}

osp_rational profile_rational(const osp_profile *profile, const char *path)
{
    const struct json *value = profile_get(profile, path);
    osp_rational out = { 0, 0 };

    if (json_is_array(value))
        return rational(json_int64_or(json_at(value, 0), 0), json_int64_or(json_at(value, 1), 0));
    if (!json_text(value) || !rational_parse(json_text(value), &out))
        return (osp_rational){ 0, 0 };
    return out;
}

int64_t profile_int_or(const osp_profile *profile, const char *path, int64_t otherwise)
{
    return json_int64_or(profile_get(profile, path), otherwise);
}
