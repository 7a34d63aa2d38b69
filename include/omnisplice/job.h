/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_JOB_H
#define OMNISPLICE_JOB_H

#include "omnisplice/cancel.h"
#include "omnisplice/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file job.h  One paid task of the service: durable, asynchronous, paid once. */

/** Settings, journal, gateway and store. Any thread may use it; one per process is enough. */
typedef struct osp_engine osp_engine;

typedef struct osp_engine_options {
    size_t size;         /* filled in by osp_engine_options_init() */
    const char *state;   /* folder; NULL: OMNISPLICE_STATE, else $XDG_STATE_HOME/omnisplice */
    const char *config;  /* file; NULL: $XDG_CONFIG_HOME/omnisplice/config.ini when it is there */
    const char *gateway; /* name in the config, or a URL; NULL: OMNISPLICE_GATEWAY, config */
    const char *gateway_name; /* identity of that URL in the journal; NULL: the URL itself */
    const char *key;          /* NULL: OMNISPLICE_API_KEY, key_file of the config */
    const char *key_file;     /* read when key is NULL */
    const char *store; /* name or specification ("dir:/srv/media"); NULL: config, simulator's */
    const char *public_url; /* what stands before the name in the address that is handed out */
    const char *max_units;  /* decimal; the most that one job may cost; NULL: config, no bound */
    int threads;            /* of decoders and encoders; 0: as many as there are processors */
    int no_fetch_back;      /* do not test the reference's URL from here */
    /* new members go below this line; zero keeps the old behaviour */
    const char *store_endpoint;   /* s3: NULL: AWS's variables and files, else AWS itself */
    const char *store_region;     /* s3 */
    const char *store_addressing; /* s3: "path", "virtual", "auto" */
    const char *store_profile;    /* s3: of ~/.aws/credentials and ~/.aws/config */
    const char *store_user;       /* http, https: Basic authorization; NULL: the key is a bearer */
    const char *store_key_file;   /* its password or bearer; NULL: OMNISPLICE_STORE_KEY, config */
    const char *store_life_s;     /* decimal; how long a signed address can be read; NULL: 6 h */
    const char *store_part_mib;   /* decimal; s3: size of a part */
    const char *store_parallel;   /* decimal; s3: parts at once */
    const char *store_timeout_s;  /* decimal; without a byte moving; of a command in all */
    const char *store_delete;     /* "cmd:..." that takes an object of a command store away */
    int keep_upload;              /* leave the reference in the store after the job */
} osp_engine_options;

OSP_API void osp_engine_options_init(osp_engine_options *options);

/**
 * Open the settings and the journal. No network.
 * @param options  read during the call, not kept
 * @param out      set on success only; yours: osp_engine_close(), after every job is freed
 * @return OSP_OK, OSP_EACCESS (bad configuration; a gateway and a key are asked for by the jobs),
 * OSP_EOUTPUT (the state folder cannot be written), OSP_EINTERNAL
 */
OSP_API int osp_engine_open(const osp_engine_options *options, osp_engine **out, osp_error *err);
/** Effective settings with their origin, without secrets, as JSON; yours: free(). */
OSP_API char *osp_engine_settings_json(const osp_engine *engine);
/**
 * Where a reference would be put with these settings, and for how long it can be read there: one
 * line for people. No network, no journal.
 * @param out  NULL when no store is named (a simulator brings its own); yours: free()
 */
OSP_API int osp_store_text(const osp_engine_options *options, char **out, osp_error *err);
OSP_API void osp_engine_close(osp_engine **engine); /* NULL is fine; sets NULL */

/** What is to be made. Strings are owned by the shot: set them by osp_shot_set(). */
typedef struct osp_shot {
    char *master; /* path of the video */
    char *from;   /* first moment of the shot: "12.5", "00:00:12.5", "300f"; NULL: the start */
    char *to;     /* first moment after it; NULL: the end */
    char *prompt;
    char *mode;     /* NULL: the profile's default */
    char *profile;  /* a built-in name or a JSON file; NULL: the default */
    char *fit;      /* "crop" (default), "pad", "stretch" */
    int keep_sound; /* ask the service to keep the master's sound in the clip */
    int no_cite;    /* leave the prompt alone: do not add <<<video_1>>> */
    int again;      /* pay anew even though a finished job answers the same request */
} osp_shot;

OSP_API void osp_shot_init(osp_shot *shot);
/**
 * Set a member by its name, as every host does it: "master", "from", "to", "prompt", "mode",
 * "profile", "fit", "keep-sound", "no-cite", "again" (the last three: "1" or "0").
 * @return OSP_OK, OSP_EUSAGE (no such name, or not a value of it), OSP_EINTERNAL
 */
OSP_API int osp_shot_set(osp_shot *shot, const char *name, const char *value, osp_error *err);
OSP_API void osp_shot_release(osp_shot *shot);

/** States of a job, in the journal and here. src/job/edges.c holds the table of their edges. */
typedef enum osp_job_state {
    OSP_JOB_NEW,       /* on disk, nothing done */
    OSP_JOB_PREPARED,  /* the reference is conformed */
    OSP_JOB_STORED,    /* it has a URL */
    OSP_JOB_POSTING,   /* nothing sent yet: safe to begin again */
    OSP_JOB_SENDING,   /* the connection stands; from here on the task may exist */
    OSP_JOB_UNSURE,    /* no reply: it may have been paid for; only a person resends */
    OSP_JOB_WAITING,   /* the task id is known */
    OSP_JOB_FINISHED,  /* the result's URL is known */
    OSP_JOB_FETCHED,   /* the clip is on disk and verified */
    OSP_JOB_DONE,      /* it was used */
    OSP_JOB_REFUSED,   /* nothing was created, nothing paid; running again is free */
    OSP_JOB_FAILED,    /* accepted, then failed by the service */
    OSP_JOB_REJECTED,  /* the result fails verification; kept aside */
    OSP_JOB_LOST,      /* paid, and gone from the service; beginning it asks again */
    OSP_JOB_FORGOTTEN, /* given up by a person */
    OSP_JOB_STATES
} osp_job_state;

/** "waiting" ...; never NULL. */
OSP_API const char *osp_job_state_name(osp_job_state state);

/** A row of the journal as a value. Empty strings stand for what is not known yet. */
typedef struct osp_job_info {
    char id[40];
    osp_job_state state;
    char external_task_id[40];
    char task_id[520];    /* the service's own, byte by byte */
    char request_id[264]; /* of the last answer: what the service's support asks for */
    char gateway[160];
    char master[1024];
    char prompt[256];               /* its beginning */
    char units_estimated[24];       /* decimal text */
    char units_deducted[24];        /* as the service said it */
    char clip[1024];                /* path of the verified clip */
    char output[1024];              /* where the last edit with it went */
    char fault[480];                /* why it stands where it stands */
    char upload_store[160];         /* where the reference was put, without secrets; "" nowhere */
    int upload_kept;                /* 1: it is left there; 0: it is removed after the job */
    int64_t begun_us;               /* when osp_job_begin() first allowed the paid step; 0: never */
    int64_t created_us, updated_us; /* wall clock, since 1970 */
} osp_job_info;

/** One job. One thread at a time per object; the engine's thread does the work. */
typedef struct osp_job osp_job;

/**
 * Attach to the job of this shot, or make it. The key is a hash of the packets that are needed
 * to decode the shot, the range, the plan, the request, the profile and the gateway: the same
 * edit meets the same job, in any process. Never costs.
 * @param out  set on success only; yours: osp_job_free()
 * @return OSP_OK, OSP_EUSAGE, OSP_EMEDIA, OSP_EACCESS (no gateway; no key where it may still have
 *         to be paid), OSP_EMONEY (max_units), OSP_EOUTPUT, OSP_EINTERNAL
 */
OSP_API int osp_job_open(osp_engine *engine, const osp_shot *shot, osp_job **out, osp_error *err);
/** Attach to a job of the journal by its id, or by a beginning of it that is unique. */
OSP_API int osp_job_find(osp_engine *engine, const char *id, osp_job **out, osp_error *err);
/** Allow the paid step and start working on a thread of the engine. Idempotent. */
OSP_API int osp_job_begin(osp_job *job, osp_error *err);
/** Send an unsure job again, under the same external id; then as osp_job_begin(). */
OSP_API int osp_job_resend(osp_job *job, osp_error *err);
/** Where the job stands now. Never blocks for the network. */
OSP_API void osp_job_state_get(osp_job *job, osp_job_info *info);
/** The plan this job was made from; NULL for a job of osp_job_find(). The job's. */
OSP_API const osp_plan *osp_job_plan(const osp_job *job);

/** Something happened. A value. */
typedef struct osp_job_event {
    osp_job_state state;
    char stage[16]; /* as in osp_progress_fn */
    char detail[128];
    double fraction; /* below 0: not known */
} osp_job_event;

/** Readable when an event is queued. The job's: do not close. */
OSP_API int osp_job_fd(const osp_job *job);
/** @return 1 and an event, 0 when none is queued */
OSP_API int osp_job_next_event(osp_job *job, osp_job_event *event);
/**
 * Wait until the clip is there or the job cannot go on.
 * @param timeout_ms  below 0: no limit
 * @return OSP_OK (clip fetched), OSP_EAGAIN (time-out, network, unsure: the text says which),
 *         OSP_ECANCELED within 100 ms of the cancel, OSP_EUSAGE (not begun, and no clip there), or
 *         why the job ended
 */
OSP_API int osp_job_wait(osp_job *job, int timeout_ms, const osp_control *control, osp_error *err);
/** Path of the verified clip; NULL before it is fetched. Lives as long as the job. */
OSP_API const char *osp_job_clip(osp_job *job);
/**
 * Give a job up: what is on disk for it is removed, the row stays as a receipt. The same edit then
 * costs nothing new to begin when nothing was sent, and needs osp_shot.again when it was.
 * @param force  also from sending to fetched, where money lies in it and nothing has come of it
 * @return OSP_OK, OSP_EUSAGE (not without force), OSP_EAGAIN (another process works on it),
 *         OSP_EOUTPUT
 */
OSP_API int osp_job_forget(osp_job *job, int force, osp_error *err);
/** The host goes, the job stays in the journal: what runs is stopped within 100 ms. */
OSP_API void osp_job_free(osp_job **job); /* NULL is fine; sets NULL */

/** Called once per row, newest first. Return non-zero to stop. */
typedef int (*osp_job_list_fn)(const osp_job_info *info, void *opaque);
/** @return OSP_OK, OSP_EINTERNAL */
OSP_API int osp_job_list(osp_engine *engine, osp_job_list_fn fn, void *opaque, osp_error *err);

#ifdef __cplusplus
}
#endif
#endif
