/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef JOB_JOURNAL_H
#define JOB_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "job/edges.h"

/** A row of the table `jobs`: see schema.c. Texts are the row's, NULL: not known. */
struct job_row {
    char *id, *key;
    int64_t generation;
    osp_job_state state;
    int64_t doubt;
    char *external_task_id, *task_id, *request_id;
    char *gateway, *endpoint;
    char *master, *from, *to, *prompt, *mode, *profile, *fit;
    int64_t keep_sound, no_cite;
    int64_t reference_width, reference_height;
    char *reference_duration; /* "NUM/DEN" seconds */
    char *upload_store, *upload_name, *upload_sha256;
    int64_t upload_kept;
    char *units_estimated, *units_deducted;
    char *output, *output_sha256;
    char *fault;
    int64_t begun_us, posted_us, created_us, updated_us;
    int64_t born_ms;
    char *forgotten_from;
};

void job_row_release(struct job_row *row);
/** Replace a text of a row; NULL or "" makes it unknown. @return OSP_OK, OSP_EINTERNAL */
int job_row_text(char **member, const char *value, osp_error *err);

/** A task was made for this row, or may have been: also when it was forgotten since. */
bool job_row_paid(const struct job_row *row);

/** The journal of one state folder. Any thread; any number of processes. */
struct journal;

int journal_open(const char *path, struct journal **out, osp_error *err);
void journal_close(struct journal **journal);

/** Read a row by its id. @return 1 found, 0 not there, or a negative code */
int journal_load(struct journal *journal, const char *id, struct job_row *row, osp_error *err);
/** The newest row of a key. Same. */
int journal_latest(struct journal *journal, const char *key, struct job_row *row, osp_error *err);
/** The id that begins so; @return how many do (2: more than one); id is the caller's: free(). */
int journal_match(struct journal *journal, const char *prefix, char **id, osp_error *err);
/** Name of an upload of this very content that was left in a store; @return 1 found (name is the
 *  caller's: free()), 0 not there, or a negative code */
int journal_kept_upload(struct journal *journal, const char *store, const char *sha256, char **name,
                        osp_error *err);
/** Ids, newest first: an array that ends with NULL; free with journal_ids_free(). */
int journal_ids(struct journal *journal, char ***ids, osp_error *err);
/** Identities of gateways that the rows name, each once. Same. */
int journal_gateways(struct journal *journal, char ***gateways, osp_error *err);
void journal_ids_free(char ***ids);

/** Called inside the transaction of journal_attach(): is a new row wanted after this one? */
typedef bool (*journal_anew_fn)(const struct job_row *latest, void *opaque);
/**
 * The newest row of row->key, or a new one made of `row` (id, key, external id and so on filled
 * in; generation, state and times are set here), in one transaction, so that two processes get
 * the same row.
 * @return 1 when the row is new; 0 when `row` now holds the one that was there
 */
int journal_attach(struct journal *journal, struct job_row *row, journal_anew_fn anew, void *opaque,
                   osp_error *err);

/**
 * The one way from a state to another: the row as it is now in memory goes to disk, with the state
 * that follows from the event, if the row on disk is still in the state of row->state. Durable
 * when it returns.
 * @return OSP_OK (row->state is the new one), OSP_EINTERNAL (no such edge), OSP_EAGAIN (somebody
 *         else moved it: read the row again), OSP_EOUTPUT
 */
int journal_move(struct journal *journal, struct job_row *row, job_event event, osp_error *err);
/** Keep what is known of a row without moving it. */
int journal_note(struct journal *journal, struct job_row *row, osp_error *err);

/** Wall clock, microseconds since 1970: for what is written down. A person may set it. */
int64_t job_now_us(void);
/** Microseconds on a clock that nobody sets: for every wait and age within one process. */
int64_t job_mono_us(void);

#endif
