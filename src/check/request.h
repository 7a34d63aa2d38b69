/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CHECK_REQUEST_H
#define CHECK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "check/findings.h"
#include "check/profile.h"

/*
 * A request on its way through four steps, each a file:
 *
 *   request_fields.c  what each field may be, as tables; one walk judges them and fills in words,
 *                     parts and shots below, from either wire format
 *   request_rules.c   what may not stand together: a table of predicates over those
 *   request_cite.c    what the prompts say about media, and what they should
 *   request_media.c   the files themselves
 */

#define REQUEST_PATH 96 /* as in osp_finding */

/* More entries of a list, and longer prompts, break the rules about counts and lengths anyway. */
#define ENTRIES_READ 256
#define PROMPT_READ  65536 /* bytes */

/* The plain fields that rules speak of. */
enum word {
    WORD_NONE,
    WORD_PROMPT,
    WORD_MULTI_SHOT,
    WORD_SHOT_TYPE,
    WORD_SHOTS, /* the list itself */
    WORD_SOUND,
    WORD_MODE,
    WORD_ASPECT,
    WORD_DURATION,
    WORD_MODEL,
    WORD_CALLBACK,
    WORD_RESOLUTION,
    WORD_RESULT_TYPE,
    WORD_N,
    WORD_SERIES,
    WORD_AUDIO_ID,
    WORD_SOUND_FILE,
    WORD_IMAGES, /* the lists of media, for rules about their number */
    WORD_ELEMENTS,
    WORD_VIDEOS,
    WORDS
};

enum part_kind { PART_IMAGE, PART_VIDEO, PART_ELEMENT, PART_SOUND };

/* Something that the request refers to. Texts point into the JSON. */
struct part {
    enum part_kind kind;
    osp_use use;
    const char *value; /* URL, file or base64; an element's id; NULL: not given */
    const char *id;    /* native: what @id calls it; NULL: nothing */
    int number;        /* from 1, in the list of its kind */
    bool cited;
    bool keeps_sound;
    char path[REQUEST_PATH];  /* of the entry: "image_list[0]" */
    char where[REQUEST_PATH]; /* of the value: "image_list[0].image_url" */
};

struct shot {
    int64_t index, duration_s; /* -1: not said, or said wrongly */
    const char *prompt;        /* NULL: not given */
    char path[REQUEST_PATH];
};

struct request {
    const osp_request_options *options;
    const osp_profile *profile;
    const struct json *root;
    osp_findings *findings;
    osp_endpoint endpoint;
    bool native; /* omni-video in the form contents/settings/options */
    bool failed; /* out of memory */
    size_t said[3];
    /* what is beyond the last one kept, or found no memory, is written here and not read */
    osp_finding overflow;
    struct part spare_part;
    struct shot spare_shot;

    char prompt_path[REQUEST_PATH]; /* native: "contents[0].text" */
    const char *words[WORDS]; /* text of each, NULL: not given; "true" and "false" of a boolean */
    struct part *parts;
    size_t part_count, part_capacity;
    struct shot *shots;
    size_t shot_count, shot_capacity;
    size_t shot_total; /* with those that were not read */
    /* numbers of things, for the rules */
    int64_t images, elements, videos, first_frames, end_frames, bases, features, characters;
};

/** A finding at a path. Never NULL: what cannot be kept is written aside. */
osp_finding *request_say(struct request *r, const char *rule, osp_level level, const char *path,
                         const char *format, ...) __attribute__((format(printf, 5, 6)));
/** Where a word stands in this request's form: "duration" or "settings.duration". */
const char *request_path(const struct request *r, enum word word);
/** "a.b", "b" for an empty a, "a[3]" for a NULL name. */
void request_join(char out[REQUEST_PATH], const char *path, const char *name, size_t index);
/** One more part at the entry's path; the caller fills in the rest. Never NULL. */
struct part *request_part(struct request *r, enum part_kind kind, const char *path);
/** The word is one of the profile's list; no list, or an empty one, holds nothing. */
bool request_listed(const struct request *r, const char *list, const char *word);

/** The endpoint whose fields these are. */
osp_endpoint request_guess(const struct json *root, const osp_profile *profile);
void request_judge_fields(struct request *r);
void request_judge_rules(struct request *r);
void request_judge_citations(struct request *r);
/** @return OSP_OK, OSP_EOUTPUT, OSP_EINTERNAL */
int request_judge_media(struct request *r, osp_error *err);

#endif
