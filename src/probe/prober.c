/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files for the probing processes. A file is a ticket in one queue; each process has a thread here,
 * its attendant, which takes tickets, opens the files, hands the descriptors over and reads the
 * answers. It hands some over ahead of the answers, so that the process never waits for us; a
 * process works in order, so when it dies the oldest ticket is to blame and the others are asked
 * again.
 *
 * One lock, osp_prober.lock, guards the queue, `closing` and what of a ticket is shared (done,
 * abandoned). It is not held while anything waits but on a condition.
 */
#include "omnisplice/prober.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "av/open.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/worker.h"

#define WORKERS_MAX    256
#define AHEAD          4 /* requests that stand out at one process */
#define TIME_LIMIT_S   30
#define TIME_LIMIT_MAX 86400
#define DEATHS_MAX     3
#define CANCEL_POLL_NS 50000000
#define DEEP_PX_PER_S  20000000 /* decoding on one busy processor: 10 pictures of 1080p a second */
#define DEEP_SOUND_MS  50       /* for a second of one sound track */
#define DEEP_EXTRA_MS  ((int64_t)TIME_LIMIT_MAX * 1000)

struct ticket {
    char *path;
    bool sent;
    bool deep;            /* what was sent: facts are known and the decoding is asked for */
    int deaths;           /* of processes that were to be asked for it */
    int64_t extra_ms;     /* beyond the time limit */
    struct ticket *next;  /* in the queue */
    struct ticket *after; /* in the order of the pushes */
    bool done, abandoned;
    pthread_cond_t finished;
    int code;
    osp_facts *facts;
    osp_error err;
};

struct attendant {
    osp_prober *prober;
    pthread_t thread;
    struct worker worker;
    struct ticket *tickets[AHEAD]; /* in hand, oldest first */
    int count;
    uint32_t next_id; /* of the oldest */
    int64_t since_ms; /* when the process could begin with the oldest */
};

struct osp_prober {
    osp_prober_options options;
    char *helper;
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct ticket *queue, **queue_end;
    int queued;
    atomic_bool closing;
    atomic_bool warned; /* said that the kernel refuses the filter */
    struct attendant *attendants;
    int count; /* threads that run */
    struct ticket *pushed, **pushed_end;
};

/* ---- tickets ---- */

static void ticket_free(struct ticket **ticket)
{
    if (!*ticket)
        return;
    pthread_cond_destroy(&(*ticket)->finished);
    osp_facts_free(&(*ticket)->facts);
    free((*ticket)->path);
    free(*ticket);
    *ticket = NULL;
}

static struct ticket *ticket_new(const char *path)
{
    struct ticket *ticket = calloc(1, sizeof(*ticket));

    if (!ticket)
        return NULL;
    pthread_cond_init(&ticket->finished, NULL);
    ticket->path = str_dup(path);
    if (!ticket->path)
        ticket_free(&ticket);
    return ticket;
}

static void enqueue(osp_prober *prober, struct ticket *ticket)
{
    pthread_mutex_lock(&prober->lock);
    *prober->queue_end = ticket;
    prober->queue_end = &ticket->next;
    prober->queued++;
    pthread_cond_signal(&prober->work);
    pthread_mutex_unlock(&prober->lock);
}

/* Under the lock. */
static struct ticket *dequeue(osp_prober *prober)
{
    struct ticket *ticket = prober->queue;

    prober->queue = ticket->next;
    if (!prober->queue)
        prober->queue_end = &prober->queue;
    prober->queued--;
    ticket->next = NULL;
    return ticket;
}

/* Whoever waits may free it from here on. */
static void finish(osp_prober *prober, struct ticket *ticket)
{
    bool nobody;

    pthread_mutex_lock(&prober->lock);
    nobody = ticket->abandoned;
    ticket->done = true;
    if (!nobody)
        pthread_cond_signal(&ticket->finished);
    pthread_mutex_unlock(&prober->lock);
    if (nobody)
        ticket_free(&ticket);
}

/* The verdict on a file that its process did not survive. */
static void set_lost(struct ticket *ticket, const char *reason)
{
    osp_facts *facts = ticket->facts ? ticket->facts : calloc(1, sizeof(*facts));
    int64_t size = fs_size(ticket->path);

    ticket->facts = facts;
    if (!facts) {
        ticket->code = osp_nomem(&ticket->err);
        return;
    }
    ticket->code = OSP_OK;
    facts->kind = OSP_KIND_UNKNOWN;
    facts->size_bytes = size > 0 ? size : 0;
    probe_set_extension(ticket->path, facts);
    str_copy(facts->fault, sizeof(facts->fault), reason);
}

/* ---- an attendant ---- */

static struct ticket *drop(struct attendant *a, int i)
{
    struct ticket *ticket = a->tickets[i];

    a->count--;
    memmove(&a->tickets[i], &a->tickets[i + 1], (size_t)(a->count - i) * sizeof(a->tickets[0]));
    return ticket;
}

/* Take tickets; wait when there is nothing in hand. Ahead only while the others have enough: files
 * take very different times. Decoding takes long enough to take one at a time. */
static bool take(struct attendant *a)
{
    osp_prober *prober = a->prober;
    int most = prober->options.deep ? 1 : AHEAD;

    pthread_mutex_lock(&prober->lock);
    while (!atomic_load(&prober->closing) && !a->count && !prober->queue)
        pthread_cond_wait(&prober->work, &prober->lock);
    while (prober->queue && a->count < most && (!a->count || prober->queued > prober->count))
        a->tickets[a->count++] = dequeue(prober);
    pthread_mutex_unlock(&prober->lock);
    return !atomic_load(&prober->closing);
}

static int start(struct attendant *a, osp_error *err)
{
    osp_prober *prober = a->prober;
    int ret = worker_start(&a->worker, prober->helper, err);

    if (ret == OSP_OK && a->worker.unfiltered && !atomic_exchange(&prober->warned, true))
        log_write(OSP_LOG_WARNING,
                  "the kernel does not filter the probing process's system calls (%s): its limits "
                  "and its lack of descriptors stay",
                  strerror(a->worker.unfiltered));
    return ret;
}

/* @return false: the file cannot be opened, the ticket says why */
static bool hand_over(struct attendant *a, struct ticket *ticket, uint32_t id)
{
    OSP_AUTO(auto_close) int fd = -1;

    ticket->code = probe_open(ticket->path, &fd, &ticket->err);
    if (ticket->code < 0)
        return false;
    ticket->sent = worker_ask(&a->worker, &(struct probe_source){ fd, ticket->path }, id,
                              ticket->deep);
    return true;
}

static void hand_over_all(struct attendant *a)
{
    for (int i = 0; i < a->count;) {
        struct ticket *ticket = a->tickets[i];

        if (ticket->sent || hand_over(a, ticket, a->next_id + (uint32_t)i)) {
            if (!ticket->sent)
                return; /* the process is gone: reading its answer will say so */
            i++;
        } else {
            finish(a->prober, drop(a, i));
        }
    }
}

/* What decoding may take beyond the time limit, by what the file is. */
static int64_t decoding_ms(const osp_facts *facts)
{
    const osp_video_facts *v = &facts->video;
    double pixels = (double)v->coded_width_px * v->coded_height_px * (double)v->frame_count;
    double ms = pixels / DEEP_PX_PER_S * 1000;

    if (rational_known(facts->track_s))
        ms += rational_double(facts->track_s) * ((double)facts->sound_tracks + 1) * DEEP_SOUND_MS;
    if (!(ms > 0)) /* the process said so, and it is not to be believed */
        return 0;
    return ms < (double)DEEP_EXTRA_MS ? (int64_t)ms : DEEP_EXTRA_MS;
}

/* Facts first, then, with a limit that fits them, the decoding. */
static bool decode_next(const struct attendant *a, struct ticket *ticket)
{
    if (!a->prober->options.deep || ticket->deep || !ticket->facts ||
        ticket->facts->kind == OSP_KIND_UNKNOWN)
        return false;
    ticket->deep = true;
    ticket->sent = false;
    ticket->extra_ms = decoding_ms(ticket->facts);
    osp_facts_free(&ticket->facts);
    return true;
}

static void lose(struct attendant *a, enum worker_reply reply)
{
    const osp_prober *prober = a->prober;
    bool blamed = a->tickets[0]->sent;
    char how[64], reason[128];

    worker_stop(&a->worker, how, sizeof(how));
    for (int i = 0; i < a->count; i++)
        a->tickets[i]->sent = false;
    if (!blamed && ++a->tickets[0]->deaths < DEATHS_MAX)
        return; /* it died before it was asked: somebody killed it */
    if (reply == WORKER_OVERDUE)
        snprintf(reason, sizeof(reason), "reading it took longer than %lld s",
                 (long long)(prober->options.time_limit_s + a->tickets[0]->extra_ms / 1000));
    else if (reply == WORKER_ASTRAY)
        snprintf(reason, sizeof(reason), "the probing process answered nonsense");
    else
        snprintf(reason, sizeof(reason), "the probing process %s", how);
    set_lost(a->tickets[0], reason);
    finish(a->prober, drop(a, 0));
}

/* It goes on, but with what memory? */
static void lose_memory(struct attendant *a)
{
    worker_stop(&a->worker, NULL, 0);
    for (int i = 0; i < a->count; i++)
        a->tickets[i]->sent = false;
    osp_error_clear(&a->tickets[0]->err);
    set_lost(a->tickets[0], "reading it wanted more memory than a probing process gets (1.5 GB)");
    finish(a->prober, drop(a, 0));
}

static void take_answer(struct attendant *a)
{
    osp_prober *prober = a->prober;
    struct ticket *ticket = a->tickets[0];
    int64_t deadline = a->since_ms + (int64_t)prober->options.time_limit_s * 1000 +
                       ticket->extra_ms;
    enum worker_reply reply = worker_answer(&a->worker, a->next_id, deadline, &prober->closing,
                                            &ticket->code, &ticket->facts, &ticket->err);

    a->since_ms = worker_clock_ms();
    a->next_id++;
    if (reply == WORKER_STOPPED)
        return; /* the prober is closed */
    if (reply != WORKER_ANSWERED)
        lose(a, reply);
    else if (ticket->code == OSP_EINTERNAL)
        lose_memory(a);
    else if (!decode_next(a, ticket))
        finish(prober, drop(a, 0));
}

static void *attend(void *opaque)
{
    struct attendant *a = opaque;

    while (take(a)) {
        struct ticket *oldest = a->tickets[0];

        if (!a->worker.pid) {
            oldest->code = start(a, &oldest->err);
            if (oldest->code < 0) {
                finish(a->prober, drop(a, 0));
                continue;
            }
        }
        if (!oldest->sent)
            a->since_ms = worker_clock_ms();
        hand_over_all(a);
        if (a->count)
            take_answer(a);
    }
    worker_stop(&a->worker, NULL, 0);
    while (a->count)
        finish(a->prober, drop(a, 0));
    return NULL;
}

/* ---- the public calls ---- */

void osp_prober_options_init(osp_prober_options *options)
{
    memset(options, 0, sizeof(*options));
    options->size = sizeof(*options);
}

static int read_options(const osp_prober_options *given, osp_prober_options *out, osp_error *err)
{
    osp_prober_options_init(out);
    if (given && given->size) /* a caller built for another version knows fewer members */
        memcpy(out, given, given->size < sizeof(*out) ? given->size : sizeof(*out));
    if (out->workers < 0 || out->workers > WORKERS_MAX)
        return osp_fail(err, OSP_EUSAGE, "%d processes: 0 to %d make sense", out->workers,
                        WORKERS_MAX);
    if (out->time_limit_s < 0 || out->time_limit_s > TIME_LIMIT_MAX)
        return osp_fail(err, OSP_EUSAGE, "a time limit of %d s: 0 to %d make sense",
                        out->time_limit_s, TIME_LIMIT_MAX);
    if (!out->time_limit_s)
        out->time_limit_s = TIME_LIMIT_S;
    if (!out->workers) {
        long processors = sysconf(_SC_NPROCESSORS_ONLN);

        out->workers = processors < 1             ? 1
                       : processors > WORKERS_MAX ? WORKERS_MAX
                                                  : (int)processors;
    }
    return OSP_OK;
}

/* The host's signals are for the host's threads. */
static int start_threads(osp_prober *prober, osp_error *err)
{
    sigset_t all, before;
    int ret = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (ret == 0 && prober->count < prober->options.workers) {
        struct attendant *a = &prober->attendants[prober->count];

        a->prober = prober;
        a->worker = (struct worker)WORKER_INIT;
        ret = pthread_create(&a->thread, NULL, attend, a);
        prober->count += ret == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return prober->count ? OSP_OK : osp_fail(err, OSP_EINTERNAL, "no thread: %s", strerror(ret));
}

int osp_prober_open(const osp_prober_options *options, osp_prober **out, osp_error *err)
{
    OSP_AUTO(osp_prober_close) osp_prober *prober = calloc(1, sizeof(*prober));
    int ret;

    if (!prober)
        return osp_nomem(err);
    pthread_mutex_init(&prober->lock, NULL);
    pthread_cond_init(&prober->work, NULL);
    prober->queue_end = &prober->queue;
    prober->pushed_end = &prober->pushed;
    ret = read_options(options, &prober->options, err);
    if (ret == OSP_OK)
        ret = worker_find_helper(&prober->helper, err);
    if (ret < 0)
        return ret;
    prober->attendants = calloc((size_t)prober->options.workers, sizeof(*prober->attendants));
    if (!prober->attendants)
        return osp_nomem(err);
    ret = start_threads(prober, err);
    if (ret < 0)
        return ret;
    *out = OSP_TAKE(prober);
    return OSP_OK;
}

void osp_prober_close(osp_prober **out)
{
    osp_prober *prober = *out;

    if (!prober)
        return;
    pthread_mutex_lock(&prober->lock);
    atomic_store(&prober->closing, true);
    pthread_cond_broadcast(&prober->work);
    pthread_mutex_unlock(&prober->lock);
    for (int i = 0; i < prober->count; i++)
        pthread_join(prober->attendants[i].thread, NULL);
    while (prober->queue) {
        struct ticket *ticket = dequeue(prober);

        if (ticket->abandoned)
            ticket_free(&ticket);
    }
    while (prober->pushed) {
        struct ticket *ticket = prober->pushed;

        prober->pushed = ticket->after;
        ticket_free(&ticket);
    }
    pthread_cond_destroy(&prober->work);
    pthread_mutex_destroy(&prober->lock);
    free(prober->attendants);
    free(prober->helper);
    free(prober);
    *out = NULL;
}

/* @return OSP_OK: the ticket is done and ours alone */
static int wait_for(osp_prober *prober, struct ticket *ticket, osp_error *err)
{
    const osp_cancel *cancel = prober->options.cancel;
    int ret = OSP_OK;

    pthread_mutex_lock(&prober->lock);
    while (!ticket->done && ret == OSP_OK) {
        struct timespec until;

        if (!cancel) {
            pthread_cond_wait(&ticket->finished, &prober->lock);
            continue;
        }
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += CANCEL_POLL_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        (void)pthread_cond_clockwait(&ticket->finished, &prober->lock, CLOCK_MONOTONIC, &until);
        ret = ticket->done ? OSP_OK : cancel_check(cancel, err);
    }
    ticket->abandoned = ret < 0;
    pthread_mutex_unlock(&prober->lock);
    return ret;
}

static int hand_out(osp_prober *prober, struct ticket *given, osp_facts **out, osp_error *err)
{
    OSP_AUTO(ticket_free) struct ticket *ticket = NULL;
    int ret = wait_for(prober, given, err);

    if (ret < 0)
        return ret; /* the attendant frees it when it comes to it */
    ticket = given;
    if (ticket->code == OSP_OK) {
        *out = OSP_TAKE(ticket->facts);
        return OSP_OK;
    }
    osp_fail(err, ticket->err.code, "%s", ticket->err.text);
    return ticket->err.hint[0] ? osp_hint(err, "%s", ticket->err.hint) : ticket->err.code;
}

int osp_prober_probe(osp_prober *prober, const char *path, osp_facts **out, osp_error *err)
{
    struct ticket *ticket;
    int ret = cancel_check(prober->options.cancel, err);

    if (ret < 0)
        return ret;
    ticket = ticket_new(path);
    if (!ticket)
        return osp_nomem(err);
    enqueue(prober, ticket);
    return hand_out(prober, ticket, out, err);
}

int osp_prober_push(osp_prober *prober, const char *path, osp_error *err)
{
    struct ticket *ticket = ticket_new(path);

    if (!ticket)
        return osp_nomem(err);
    *prober->pushed_end = ticket;
    prober->pushed_end = &ticket->after;
    enqueue(prober, ticket);
    return OSP_OK;
}

int osp_prober_pull(osp_prober *prober, osp_facts **out, osp_error *err)
{
    struct ticket *ticket = prober->pushed;

    if (!ticket)
        return osp_fail(err, OSP_EUSAGE, "every file that was pushed has been pulled");
    prober->pushed = ticket->after;
    if (!prober->pushed)
        prober->pushed_end = &prober->pushed;
    return hand_out(prober, ticket, out, err);
}

int osp_prober_ahead(const osp_prober *prober)
{
    /* what is in hand, as much again waiting, and some for the files that take their time */
    return prober->options.workers * AHEAD * 4;
}
