/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_CHECK_H
#define OMNISPLICE_CHECK_H

#include "omnisplice/media.h"
#include "omnisplice/prober.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file check.h  Profiles (the service's limits as data) and findings (what breaks them). */

/** The limits of one service, read from JSON. Not changed after loading; any thread may read. */
typedef struct osp_profile osp_profile;

/**
 * A profile that is compiled in.
 * @param name  NULL: the default, "cloudsway-kling-o3"
 * @param out   set on success only; yours: osp_profile_free()
 * @return OSP_OK, OSP_EUSAGE (no such profile; the text lists them)
 */
OSP_API int osp_profile_find(const char *name, osp_profile **out, osp_error *err);
/** A profile from a JSON file: a full one, or {"base": NAME, "patch": {...}} (RFC 7396). */
OSP_API int osp_profile_load(const char *path, osp_profile **out, osp_error *err);
OSP_API const char *osp_profile_name(const osp_profile *profile);
/** @return the whole profile as JSON text; yours: free(); NULL out of memory */
OSP_API char *osp_profile_json(const osp_profile *profile);
/** Name of the i-th built-in profile, NULL past the end. */
OSP_API const char *osp_profile_builtin(size_t i);
OSP_API void osp_profile_free(osp_profile **profile); /* NULL is fine; sets NULL */

/** What a file is meant for. */
typedef enum osp_use {
    OSP_USE_GUESS, /* from the content: video is edit, image is reference-image */
    OSP_USE_EDIT,
    OSP_USE_FEATURE,
    OSP_USE_REFERENCE_IMAGE,
    OSP_USE_FIRST_FRAME,
    OSP_USE_END_FRAME,
    OSP_USE_OMNI_IMAGE,
    OSP_USE_AVATAR_IMAGE,
    OSP_USE_AVATAR_SOUND,
} osp_use;

/** "edit", "reference-image" ...; never NULL. */
OSP_API const char *osp_use_name(osp_use use);
/** @return the use of that name, or -1 */
OSP_API int osp_use_find(const char *name);

typedef enum osp_level { OSP_NOTE, OSP_WARNING, OSP_VIOLATION } osp_level;

/** One finding. Strings live as long as the findings. */
typedef struct osp_finding {
    const char *rule; /* "video.side.min": stable */
    osp_level level;
    char measured[48];  /* a number, a rate "30000/1001" or a word */
    char limit[48];     /* same; "" when there is none */
    const char *unit;   /* "s", "px", "bytes", "fps", "" */
    char text[384];     /* one sentence for a person */
    const char *source; /* whose rule it is */
    const char *as_of;  /* date of the rule, "2026-11-22" */
    const char *remedy; /* what conform would do: "trim", "scale" ..., or "none" */
    char path[96];      /* where in a JSON document: "image_list[2].type"; "" for a file */
    /* new members go below this line */
} osp_finding;

typedef struct osp_findings osp_findings;

/**
 * Judge facts by a profile. Pure: reads no file.
 * @param use  OSP_USE_GUESS decides by the content
 * @param out  set on success only; yours: osp_findings_free()
 * @return OSP_OK (also with violations in it; media of another kind than the use asks for are
 *         "media.unreadable"), OSP_EINTERNAL
 */
OSP_API int osp_check(const osp_facts *facts, const osp_profile *profile, osp_use use,
                      osp_findings **out, osp_error *err);
/**
 * Judge where a shot lies among the hard cuts of its master: rules edit.cut.near and edit.cut.many.
 * Pure.
 * @param look    of the shot and what lies around it, as osp_shot_surroundings() says
 * @param first   the shot's first picture, display order from 0
 * @param frames  pictures of the shot
 * @param out     set on success only, often empty; yours: osp_findings_free()
 */
OSP_API int osp_check_shot(const osp_facts *facts, const osp_look *look, const osp_profile *profile,
                           int64_t first, int64_t frames, osp_findings **out, osp_error *err);
/** The range that osp_check_shot() wants looked at: the shot and what is near its borders. */
OSP_API void osp_shot_surroundings(const osp_facts *facts, const osp_profile *profile,
                                   int64_t first, int64_t frames, int64_t *look_first,
                                   int64_t *look_count);
OSP_API size_t osp_findings_count(const osp_findings *findings);
/** The i-th finding, violations first, then by path; NULL past the end. */
OSP_API const osp_finding *osp_findings_get(const osp_findings *findings, size_t i);
/** The use that was judged: never OSP_USE_GUESS unless nothing could be read. */
OSP_API osp_use osp_findings_use(const osp_findings *findings);
/** "pass", "violation" or "unreadable". */
OSP_API const char *osp_findings_verdict(const osp_findings *findings);
OSP_API void osp_findings_free(osp_findings **findings); /* NULL is fine; sets NULL */

/** What a request asks for. */
typedef enum osp_endpoint {
    OSP_ENDPOINT_GUESS, /* from its fields */
    OSP_ENDPOINT_OMNI_VIDEO,
    OSP_ENDPOINT_OMNI_IMAGE,
    OSP_ENDPOINT_TEXT_TO_AUDIO,
    OSP_ENDPOINT_AVATAR,
} osp_endpoint;

/** "omni-video", "omni-image" ...; never NULL. */
OSP_API const char *osp_endpoint_name(osp_endpoint endpoint);
/** @return the endpoint of that name, or -1 */
OSP_API int osp_endpoint_find(const char *name);

typedef struct osp_request_options {
    size_t size;                /* filled in by osp_request_options_init() */
    const osp_profile *profile; /* NULL: the default one */
    osp_endpoint endpoint;
    const char *folder; /* where relative names of media begin; NULL: the current folder */
    int no_media;       /* 1: open no file; the request alone is judged */
    const char *const *characters; /* [character_count] element ids known to be video characters */
    size_t character_count;
    osp_prober *prober; /* reads the media, for requests from strangers; NULL: osp_probe() does.
                           Used during the call, not kept */
    /* new members go below this line; zero keeps the old behaviour */
} osp_request_options;

OSP_API void osp_request_options_init(osp_request_options *options);

/** A picture, video or sound that a request names. Lives as long as the findings. */
typedef struct osp_medium {
    const char *path;       /* where it stands: "image_list[0].image_url" */
    const char *name;       /* the file, the URL without its query, or "inline" */
    osp_use use;            /* what it was judged for */
    const osp_facts *facts; /* NULL: not opened, or it could not be */
    const char *verdict;    /* "pass", "violation", "unreadable"; "unseen": not looked at */
} osp_medium;

/**
 * Judge a whole request: the JSON body of a create, where files of this machine may stand in place
 * of URLs. Each file, and what stands inline as base64, is read by osp_probe() and judged for its
 * use; URLs are not opened. A profile of the native interface judges omni-video requests in the
 * form contents/settings/options, the other three endpoints are the same everywhere.
 * @param json  size bytes of text, not kept. What is no sound JSON object gives one finding,
 *              "request.json", and the verdict "unreadable"
 * @param opt   read during the call, not kept; NULL: all defaults
 * @param out   set on success only; yours: osp_findings_free(). Of each level at most 200 findings
 *              are kept. osp_findings_use() means nothing here
 * @return OSP_OK (also with violations in it), OSP_EUSAGE (no such profile), OSP_EOUTPUT (no room
 *         for what stands inline), OSP_EINTERNAL
 */
OSP_API int osp_check_request(const char *json, size_t size, const osp_request_options *opt,
                              osp_findings **out, osp_error *err);
/** The endpoint that was judged. @param guessed  NULL, or set to 1 when its fields told it */
OSP_API osp_endpoint osp_findings_endpoint(const osp_findings *findings, int *guessed);
/** The i-th medium of a request, in the order of the request; NULL past the end. */
OSP_API const osp_medium *osp_findings_medium(const osp_findings *findings, size_t i);

/**
 * Everything that is wrong in the text of a profile: unknown keys, wrong types, bounds that cross,
 * missing parts. Each finding has its JSON path; a patch is judged together with its base. At most
 * 500 findings are kept.
 * @param out  set on success only; yours: osp_findings_free()
 * @return OSP_OK (also with findings in it), OSP_EINTERNAL
 */
OSP_API int osp_profile_lint(const char *json, size_t size, osp_findings **out, osp_error *err);

#ifdef __cplusplus
}
#endif
#endif
