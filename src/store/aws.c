/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/aws.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/fs.h"
#include "base/str.h"

#define FILE_CEILING (1 << 20)

/* Names of a value in the environment and in the files. Of a nested block ("s3 =" and indented
 * lines) the lines are read as any others. */
static const struct known {
    size_t at;
    const char *variables[2];
    const char *name;
    bool secret; /* part of the key: never mixed from two places */
} known[] = {
    { offsetof(struct aws, access), { "AWS_ACCESS_KEY_ID" }, "aws_access_key_id", true },
    { offsetof(struct aws, secret), { "AWS_SECRET_ACCESS_KEY" }, "aws_secret_access_key", true },
    { offsetof(struct aws, token), { "AWS_SESSION_TOKEN" }, "aws_session_token", true },
    { offsetof(struct aws, region), { "AWS_REGION", "AWS_DEFAULT_REGION" }, "region", false },
    { offsetof(struct aws, endpoint),
      { "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL" },
      "endpoint_url",
      false },
    { offsetof(struct aws, addressing), { NULL }, "addressing_style", false },
};

static char **member(struct aws *aws, const struct known *row)
{
    return (char **)(void *)((char *)aws + row->at);
}

static const char *variable(const char *name)
{
    const char *value = name ? getenv(name) : NULL;

    return value && *value ? value : NULL;
}

static int from_environment(struct aws *aws, bool secrets, osp_error *err)
{
    for (size_t i = 0; i < OSP_COUNT(known); i++) {
        const char *value = variable(known[i].variables[0]);

        value = value ? value : variable(known[i].variables[1]);
        if (known[i].secret != secrets || !value || *member(aws, &known[i]))
            continue;
        *member(aws, &known[i]) = strdup(value);
        if (!*member(aws, &known[i]))
            return osp_nomem(err);
    }
    return OSP_OK;
}

/* ---- the files ----------------------------------------------------------------------------- */

static char *trim(char *text)
{
    size_t size;

    text += strspn(text, " \t\r");
    size = strlen(text);
    while (size && strchr(" \t\r", text[size - 1]))
        text[--size] = 0;
    return text;
}

/* "[NAME]", in the config file "[profile NAME]" for all but the default one. */
static bool is_section(char *line, const char *profile)
{
    char *name = line + 1;

    name[strcspn(name, "]")] = 0;
    name = trim(name);
    if (str_starts(name, "profile ") || str_starts(name, "profile\t"))
        name = trim(name + 8);
    return strcmp(name, profile) == 0;
}

static int take_line(struct aws *aws, char *line, bool secrets, osp_error *err)
{
    char *equals = strchr(line, '=');
    char *name, *value;

    if (!equals)
        return OSP_OK;
    *equals = 0;
    name = trim(line);
    value = trim(equals + 1);
    for (size_t i = 0; *value && i < OSP_COUNT(known); i++) {
        if (strcmp(known[i].name, name) != 0 || (known[i].secret && !secrets) ||
            *member(aws, &known[i]))
            continue;
        *member(aws, &known[i]) = strdup(value);
        if (!*member(aws, &known[i]))
            return osp_nomem(err);
    }
    return OSP_OK;
}

static int from_text(struct aws *aws, char *text, const char *profile, bool secrets, bool *seen,
                     osp_error *err)
{
    bool inside = false;

    for (char *line = text, *next; line; line = next) {
        int ret = OSP_OK;

        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        line = trim(line);
        if (line[0] == '#' || line[0] == ';')
            continue;
        if (line[0] == '[')
            inside = is_section(line, profile);
        else if (inside)
            ret = take_line(aws, line, secrets, err);
        *seen = *seen || inside;
        if (ret < 0)
            return ret;
    }
    return OSP_OK;
}

static int from_file(struct aws *aws, const char *name, const char *leaf, const char *profile,
                     bool secrets, bool *seen, osp_error *err)
{
    const char *asked = variable(name), *home = variable("HOME");
    OSP_AUTO(auto_free)
    char *path = asked ? strdup(asked) : str_format("%s/.aws/%s", home ? home : "", leaf);
    OSP_AUTO(auto_free) char *text = NULL;
    size_t size = 0;
    int ret;

    if (!path)
        return osp_nomem(err);
    if (!fs_exists(path))
        return OSP_OK;
    if (fs_read_file(path, FILE_CEILING, &text, &size, NULL) < 0)
        return osp_fail(err, OSP_EACCESS, "cannot read '%s'", path);
    ret = from_text(aws, text, profile, secrets, seen, err);
    explicit_bzero(text, size);
    return ret;
}

int aws_load(const char *asked, struct aws *out, osp_error *err)
{
    const char *profile = asked ? asked : variable("AWS_PROFILE");
    bool seen = false, secrets;
    int ret = asked ? OSP_OK : from_environment(out, true, err);

    if (ret == OSP_OK)
        ret = from_environment(out, false, err);
    secrets = !out->access || !out->secret;
    if (secrets) { /* half a key is none */
        auto_free(&out->access);
        auto_free(&out->secret);
        auto_free(&out->token);
    }
    profile = profile ? profile : "default";
    if (ret == OSP_OK)
        ret = from_file(out, "AWS_SHARED_CREDENTIALS_FILE", "credentials", profile, secrets, &seen,
                        err);
    if (ret == OSP_OK)
        ret = from_file(out, "AWS_CONFIG_FILE", "config", profile,
                        secrets && (!out->access || !out->secret), &seen, err);
    if (ret < 0 || (out->access && out->secret))
        return ret;
    osp_fail(err, OSP_EACCESS,
             seen ? "the AWS profile '%s' holds no access key and secret"
                  : "no key for the S3 store: there is no AWS profile '%s'",
             profile);
    return osp_hint(err, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in "
                         "~/.aws/credentials");
}

void aws_release(struct aws *aws)
{
    for (size_t i = 0; i < OSP_COUNT(known); i++) {
        char **text = member(aws, &known[i]);

        if (*text && known[i].secret)
            explicit_bzero(*text, strlen(*text));
        auto_free(text);
    }
}
