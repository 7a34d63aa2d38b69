/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_PLAN_H
#define OMNISPLICE_PLAN_H

#include "omnisplice/check.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file plan.h  The least change that passes, as data: it can be priced and inverted. */

/** How a picture of a wrong ratio is made to fit. */
typedef enum osp_fit { OSP_FIT_CROP, OSP_FIT_PAD, OSP_FIT_STRETCH } osp_fit;

typedef struct osp_plan_options {
    size_t size;      /* filled in by osp_plan_options_init() */
    osp_use use;      /* OSP_USE_GUESS: by content */
    const char *from; /* "12.5", "00:00:12.5", "300f"; NULL: the start */
    const char *to;   /* same; NULL: the end */
    osp_fit fit;
    const char
        *mode;      /* of the service, decides price and target size; NULL: the profile's default */
    int keep_sound; /* the reference carries the master's sound */
    int documented; /* 1: stop at violations; 0: mend warnings too */
    int strip;      /* 1: the file leaves the house: metadata and data tracks never pass */
    /* new members go below this line; zero keeps the old behaviour */
} osp_plan_options;

OSP_API void osp_plan_options_init(osp_plan_options *options);

/**
 * The first shown picture at or after a moment of a video.
 * @param text   "12.5", "00:00:12.5", "300f"
 * @param frame  display index from 0; the count of pictures for the end
 * @return OSP_OK, OSP_EUSAGE (no time, or past the end)
 */
OSP_API int osp_frame_at(const osp_facts *facts, const char *text, int64_t *frame, osp_error *err);

/** What conform will do. Immutable once made. */
typedef struct osp_plan osp_plan;

/**
 * Make a plan. Pure: reads no file.
 * @param facts  read during the call, not kept
 * @param out    set on success only; yours: osp_plan_free()
 * @return OSP_OK, OSP_EUSAGE (range: bad times, to before from, past the end, too long for the
 *         service), OSP_EMEDIA (nothing that passes can be made of it), OSP_EINTERNAL
 */
OSP_API int osp_plan_make(const osp_facts *facts, const osp_profile *profile,
                          const osp_plan_options *options, osp_plan **out, osp_error *err);

/** One step. Strings live as long as the plan. */
typedef struct osp_plan_step {
    const char *name;   /* "trim", "handles", "crop", "pad", "scale", "rate", "encode", "remux",
                           "copy", "sound" */
    char text[192];     /* what it does, with figures */
    const char *reason; /* the rule id that asks for it, or "" */
} osp_plan_step;

OSP_API size_t osp_plan_steps(const osp_plan *plan);
OSP_API const osp_plan_step *osp_plan_step_get(const osp_plan *plan, size_t i); /* NULL past end */

/** What the plan comes to. Times are exact seconds from the master's start. */
typedef struct osp_plan_summary {
    size_t size;                     /* filled in by the caller: sizeof(osp_plan_summary) */
    int64_t first_frame, frames;     /* the shot, in the master's shown pictures */
    osp_rational from_s, to_s;       /* of the shot: its first picture, the end of its last */
    int64_t sent_first, sent_frames; /* what is sent: the shot and its handles, master pictures */
    osp_rational sent_from_s, sent_to_s;
    int width_px, height_px; /* of the reference */
    int64_t reference_frames;
    osp_rational reference_rate;
    osp_rational reference_s; /* its duration */
    int64_t billed_s;         /* whole seconds; 0 for images and sound */
    char units[24];           /* decimal text; "" when the profile has no price */
} osp_plan_summary;

/** @param summary  its size member tells which members the caller knows. */
OSP_API void osp_plan_summarize(const osp_plan *plan, osp_plan_summary *summary);

/** A displayed point of the master (pixels, centre of the first is 0.5) to the reference. */
OSP_API void osp_plan_forward(const osp_plan *plan, double x, double y, double *out_x,
                              double *out_y);
/** The way back. Points outside the picture are allowed: padding maps there. */
OSP_API void osp_plan_inverse(const osp_plan *plan, double x, double y, double *out_x,
                              double *out_y);
/** Price of the task in units, decimal text, and the seconds billed: see the summary. */
OSP_API const char *osp_plan_price(const osp_plan *plan);
/** @return JSON text, schema omnisplice.plan/1; yours: free(); NULL out of memory */
OSP_API char *osp_plan_json(const osp_plan *plan);
OSP_API void osp_plan_free(osp_plan **plan); /* NULL is fine; sets NULL */

#ifdef __cplusplus
}
#endif
#endif
