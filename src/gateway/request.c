/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "gateway/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "net/http.h"

/* "<<<%s_%d>>>" of the profile with "video" and 1 in it. It is data: never a printf format. */
static char *citation(const char *pattern, const char *kind, int number)
{
    OSP_AUTO(strbuf_release) struct strbuf out = STRBUF_INIT;

    for (const char *p = pattern; *p; p++) {
        if (p[0] == '%' && p[1] == 's') {
            strbuf_puts(&out, kind);
            p++;
        } else if (p[0] == '%' && p[1] == 'd') {
            strbuf_printf(&out, "%d", number);
            p++;
        } else {
            strbuf_add(&out, p, 1);
        }
    }
    return strbuf_take(&out);
}

/* One reseller says that media which no citation names are ignored, so the video is cited at the
 * front when the person did not. */
static int cited_prompt(const struct edit_request *request, const osp_profile *profile, char **out,
                        osp_error *err)
{
    OSP_AUTO(auto_free)
    char *cite = citation(profile_text_or(profile, "omni_video.cite", ""), "video", 1);

    if (!cite)
        return osp_nomem(err);
    if (request->no_cite || !*cite || strstr(request->prompt, cite))
        *out = strdup(request->prompt);
    else
        *out = str_format("%s %s", cite, request->prompt);
    return *out ? OSP_OK : osp_nomem(err);
}

static int check_prompt(const char *prompt, const osp_profile *profile, osp_error *err)
{
    int64_t most = profile_int_or(profile, "omni_video.prompt_max", INT64_MAX);
    long length = str_code_points(prompt);

    if (length < 0)
        return osp_fail(err, OSP_EUSAGE, "the prompt is not UTF-8");
    if (length > most)
        return osp_fail(err, OSP_EUSAGE,
                        "the prompt has %ld characters with its citation, the service takes %lld",
                        length, (long long)most);
    return OSP_OK;
}

static int check_mode(const char *mode, const osp_profile *profile, osp_error *err)
{
    static const char *const lists[] = { "omni_video.modes", "omni_video.modes_warn" };
    OSP_AUTO(strbuf_release) struct strbuf names = STRBUF_INIT;

    for (size_t k = 0; k < OSP_COUNT(lists); k++) {
        const struct json *modes = profile_get(profile, lists[k]);

        for (size_t i = 0; i < json_size(modes); i++) {
            const char *name = json_string(json_at(modes, i));

            if (name && strcmp(name, mode) == 0)
                return OSP_OK;
            strbuf_printf(&names, "%s%s", names.size ? ", " : "", name ? name : "");
        }
    }
    return osp_fail(err, OSP_EUSAGE, "there is no mode '%s': %s", mode,
                    names.data ? names.data : "the profile has none");
}

static struct json *video_list(const struct edit_request *request)
{
    struct json *list = json_array();
    struct json *video = json_object();

    if (request->video_url)
        json_set_string(video, "video_url", request->video_url);
    json_set_string(video, "refer_type", "base");
    json_set_string(video, "keep_original_sound", request->keep_sound ? "yes" : "no");
    json_push(list, video);
    return list;
}

int request_edit(const struct edit_request *request, const osp_profile *profile, char **out,
                 osp_error *err)
{
    const char *mode = request->mode ? request->mode
                                     : profile_text_or(profile, "omni_video.mode_default", "");
    OSP_AUTO(auto_free) char *prompt = NULL;
    OSP_AUTO(json_free) struct json *body = NULL;
    int ret;

    if (!request->prompt || !request->prompt[strspn(request->prompt, " \t\r\n")])
        return osp_fail(err, OSP_EUSAGE, "an edit needs a prompt");
    ret = cited_prompt(request, profile, &prompt, err);
    if (ret == OSP_OK)
        ret = check_prompt(prompt, profile, err);
    if (ret == OSP_OK)
        ret = check_mode(mode, profile, err);
    if (ret < 0)
        return ret;
    body = json_object();
    json_set_string(body, "prompt", prompt);
    json_set(body, "video_list", video_list(request));
    json_set_string(body, "mode", mode);
    if (request->external_task_id)
        json_set_string(body, "external_task_id", request->external_task_id);
    *out = json_print_canonical(body);
    return *out ? OSP_OK : osp_nomem(err);
}

char *request_address(const char *base, const char *endpoint, const char *id)
{
    OSP_AUTO(auto_free) char *segment = id ? http_escape(id) : NULL;

    if (id && !segment)
        return NULL;
    return str_format("%s/%s%s%s", base, endpoint, id ? "/" : "", id ? segment : "");
}
