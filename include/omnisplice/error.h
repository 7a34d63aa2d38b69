/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_ERROR_H
#define OMNISPLICE_ERROR_H

/** @file error.h  How every call of the library says what went wrong. */

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define OSP_API __attribute__((visibility("default")))
#else
#define OSP_API
#endif

/**
 * What a call returns: 0, or one of these. They follow the exit codes of the
 * program, so that a script and a C caller can decide the same way.
 */
typedef enum osp_code {
    OSP_OK = 0,
    OSP_EUSAGE = -2,      /* an argument makes no sense */
    OSP_EMEDIA = -3,      /* the input is missing, unreadable, not supported or refused */
    OSP_EOUTPUT = -4,     /* the output cannot be written, or exists */
    OSP_EACCESS = -5,     /* no key, key refused, not allowed, bad configuration */
    OSP_EMONEY = -6,      /* out of units, or the bound on units would be passed */
    OSP_EREFUSED = -7,    /* the service refused or failed the task */
    OSP_ERESULT = -8,     /* the clip does not keep what was asked; kept aside */
    OSP_EINTERNAL = -70,  /* a bug of ours, or out of memory */
    OSP_EAGAIN = -75,     /* nothing is lost: try again, or resume */
    OSP_ECANCELED = -130, /* the caller's osp_cancel was triggered */
} osp_code;

/**
 * Words for a person. The caller owns it, sets it to zero, and passes its
 * address as the last argument of a call; NULL is fine. The first failure
 * wins; callers on the way up only add what they were doing.
 */
typedef struct osp_error {
    int code;        /* an osp_code */
    char text[1024]; /* one line, lower case, the failure first */
    char hint[480];  /* what to do next; may be empty */
} osp_error;

/** Make an error empty again. NULL is fine. */
OSP_API void osp_error_clear(osp_error *err);

/** How loud a line of talk is. */
typedef enum osp_log_level {
    OSP_LOG_ERROR,
    OSP_LOG_WARNING,
    OSP_LOG_INFO,
    OSP_LOG_DEBUG,
    OSP_LOG_TRACE, /* HTTP too, with secrets masked */
} osp_log_level;

typedef void (*osp_log_fn)(osp_log_level level, const char *text, void *opaque);

/**
 * Where the library's talk goes; by default nowhere. May be called from any
 * thread of the library. Set it before any other call.
 * @param fn   NULL: nowhere
 * @param max  lines above this level are not made
 */
OSP_API void osp_log_set(osp_log_fn fn, void *opaque, osp_log_level max);

/** Version of the library, for example "0.1.0". Never NULL. */
OSP_API const char *osp_version(void);

/** The libraries in use with their versions, one line, for --version. Never NULL. */
OSP_API const char *osp_version_libraries(void);

#ifdef __cplusplus
}
#endif
#endif
