/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_CHECK_H
#define OMNISPLICE_CHECK_H

#include "omnisplice/media.h"

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
/** The i-th finding, violations first; NULL past the end. */
OSP_API const osp_finding *osp_findings_get(const osp_findings *findings, size_t i);
/** The use that was judged: never OSP_USE_GUESS unless nothing could be read. */
OSP_API osp_use osp_findings_use(const osp_findings *findings);
/** "pass", "violation" or "unreadable". */
OSP_API const char *osp_findings_verdict(const osp_findings *findings);
OSP_API void osp_findings_free(osp_findings **findings); /* NULL is fine; sets NULL */

#ifdef __cplusplus
}
#endif
#endif
