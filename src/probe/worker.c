/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/worker.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/str.h"
#include "probe/wire.h"

#define HELPER      "omnisplice-probe"
#define START_MS    20000 /* a hundred libraries are loaded, on a machine that may be busy */
#define POLL_MAX_MS 50    /* how long a wait may overlook that it is to stop */

int64_t worker_clock_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- finding and starting ---- */

static const char here; /* an address inside the library */

/* Beside the library (a build folder), or where an install puts it, seen from there. */
static char *helper_near_library(const char *between)
{
    OSP_AUTO(auto_free) char *folder = NULL;
    Dl_info info;
    char *slash;

    if (!dladdr(&here, &info) || !info.dli_fname)
        return NULL;
    folder = realpath(info.dli_fname, NULL);
    slash = folder ? strrchr(folder, '/') : NULL;
    if (!slash)
        return NULL;
    *slash = 0;
    return str_format("%s/%s" HELPER, folder, between);
}

int worker_find_helper(char **out, osp_error *err)
{
    const char *said = secure_getenv("OMNISPLICE_LIBEXEC");
    char *places[] = {
        said ? str_format("%s/" HELPER, said) : NULL,
        said ? NULL : helper_near_library(""),
        said ? NULL : helper_near_library(OSP_LIBEXEC_FROM_LIB "/"),
        said ? NULL : str_dup(OSP_LIBEXEC "/" HELPER),
    };

    *out = NULL;
    for (size_t i = 0; i < OSP_COUNT(places); i++) {
        if (!*out && places[i] && access(places[i], X_OK) == 0)
            *out = OSP_TAKE(places[i]);
        free(places[i]);
    }
    if (*out)
        return OSP_OK;
    osp_fail(err, OSP_EINTERNAL, "the helper program " HELPER " is not in '%s'",
             said ? said : OSP_LIBEXEC);
    return osp_hint(err, "install all of omnisplice, or set OMNISPLICE_LIBEXEC to its folder");
}

/* What the dynamic loader and the sanitizers look at. No more: a key in the environment is nothing
 * that a process which reads strangers' files should hold. */
static char **helper_environment(void)
{
    static const char *const kept[] = { "LD_", "ASAN_", "UBSAN_", "GLIBC_TUNABLES=", "MALLOC_" };
    size_t count = 0;
    char **out;

    while (environ && environ[count])
        count++;
    out = calloc(count + 1, sizeof(*out));
    if (!out)
        return NULL;
    count = 0;
    for (char **p = environ; p && *p; p++) {
        for (size_t i = 0; i < OSP_COUNT(kept); i++) {
            if (str_starts(*p, kept[i]))
                out[count++] = *p;
        }
    }
    return out;
}

struct launch {
    posix_spawn_file_actions_t files;
    posix_spawnattr_t how;
};

static void launch_release(struct launch *launch)
{
    posix_spawn_file_actions_destroy(&launch->files);
    posix_spawnattr_destroy(&launch->how);
}

/* Its own process group: Ctrl-C is for us. Every signal as if nobody had touched it. */
static int launch_prepare(struct launch *launch, int socket)
{
    sigset_t none, all;
    int ret = 0;

    sigemptyset(&none);
    sigfillset(&all);
    ret |= posix_spawnattr_setsigmask(&launch->how, &none);
    ret |= posix_spawnattr_setsigdefault(&launch->how, &all);
    ret |= posix_spawnattr_setpgroup(&launch->how, 0);
    ret |= posix_spawnattr_setflags(&launch->how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                      POSIX_SPAWN_SETPGROUP);
    ret |= posix_spawn_file_actions_adddup2(&launch->files, socket, STDIN_FILENO);
    ret |= posix_spawn_file_actions_addopen(&launch->files, STDOUT_FILENO, "/dev/null", O_WRONLY,
                                            0);
#if !defined(OSP_SANITIZED) /* whose report is wanted */
    ret |= posix_spawn_file_actions_adddup2(&launch->files, STDOUT_FILENO, STDERR_FILENO);
#endif
    ret |= posix_spawn_file_actions_addclosefrom_np(&launch->files, STDERR_FILENO + 1);
    return ret;
}

static int spawn(struct worker *worker, const char *helper, int socket, osp_error *err)
{
    OSP_AUTO(auto_free) char **environment = helper_environment();
    char *arguments[] = { (char[]){ HELPER }, NULL };
    struct launch launch;
    int ret;

    if (!environment)
        return osp_nomem(err);
    if (posix_spawn_file_actions_init(&launch.files) != 0)
        return osp_nomem(err);
    if (posix_spawnattr_init(&launch.how) != 0) {
        posix_spawn_file_actions_destroy(&launch.files);
        return osp_nomem(err);
    }
    ret = launch_prepare(&launch, socket);
    if (ret == 0)
        ret = posix_spawn(&worker->pid, helper, &launch.files, &launch.how, arguments, environment);
    launch_release(&launch);
    if (ret == 0)
        return OSP_OK;
    worker->pid = 0;
    return osp_fail(err, OSP_EINTERNAL, "cannot start '%s': %s", helper, strerror(ret));
}

/* ---- talking ---- */

static enum worker_reply receive(const struct worker *worker, void *to, size_t size,
                                 int64_t deadline_ms, const atomic_bool *stop)
{
    uint8_t *at = to;

    while (size) {
        ssize_t got = recv(worker->fd, at, size, MSG_DONTWAIT);
        int64_t left;

        if (got > 0) {
            at += got;
            size -= (size_t)got;
            continue;
        }
        if (got == 0 || (errno != EAGAIN && errno != EINTR))
            return WORKER_GONE;
        if (stop && atomic_load(stop))
            return WORKER_STOPPED;
        left = deadline_ms - worker_clock_ms();
        if (left <= 0)
            return WORKER_OVERDUE;
        (void)poll(&(struct pollfd){ worker->fd, POLLIN, 0 }, 1,
                   left < POLL_MAX_MS ? (int)left : POLL_MAX_MS); /* whatever it says: look again */
    }
    return WORKER_ANSWERED;
}

static int check_greeting(struct worker *worker, const char *helper, osp_error *err)
{
    struct wire_hello hello;
    char reason[64];

    if (receive(worker, &hello, sizeof(hello), worker_clock_ms() + START_MS, NULL) !=
        WORKER_ANSWERED) {
        worker_stop(worker, reason, sizeof(reason));
        return osp_fail(err, OSP_EINTERNAL, "'%s' does not start: it %s", helper, reason);
    }
    if (hello.magic != WIRE_MAGIC || hello.facts_size != wire_facts_size() ||
        strncmp(hello.version, OSP_VERSION, sizeof(hello.version)) != 0) {
        worker_stop(worker, NULL, 0);
        return osp_fail(err, OSP_EINTERNAL, "'%s' belongs to another version of the library",
                        helper);
    }
    worker->unfiltered = hello.unfiltered;
    return OSP_OK;
}

int worker_start(struct worker *worker, const char *helper, osp_error *err)
{
    OSP_AUTO(auto_close) int theirs = -1;
    int pair[2], ret;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return osp_fail(err, OSP_EINTERNAL, "no socket for '%s': %s", helper, strerror(errno));
    worker->fd = pair[0];
    theirs = pair[1];
    ret = spawn(worker, helper, theirs, err);
    auto_close(&theirs); /* or its death would not be seen */
    theirs = -1;
    if (ret < 0) {
        worker_stop(worker, NULL, 0);
        return ret;
    }
    return check_greeting(worker, helper, err);
}

bool worker_ask(const struct worker *worker, const struct probe_source *source, uint32_t id,
                bool deep)
{
    const char *slash = strrchr(source->name, '/');
    struct wire_request request = { .id = id, .deep = deep };
    struct iovec part = { &request, sizeof(request) };
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = { { 0 } };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    ssize_t sent;

    str_copy(request.name, sizeof(request.name), slash ? slash + 1 : source->name);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &source->fd, sizeof(int));
    do {
        sent = sendmsg(worker->fd, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof(request); /* the socket's buffer holds hundreds of them */
}

struct wait {
    const struct worker *worker;
    int64_t deadline_ms;
    const atomic_bool *stop;
};

static enum worker_reply receive_frames(const struct wait *wait, uint32_t frames, osp_facts *facts)
{
    size_t size = frames * sizeof(*facts->video.frame_pts);

    if (frames != facts->video.frame_count && (frames || facts->kind == OSP_KIND_VIDEO))
        return WORKER_ASTRAY;
    if (!frames)
        return WORKER_ANSWERED;
    facts->video.frame_pts = malloc(size); /* bounded by wire_unpack(): 160 MB */
    if (!facts->video.frame_pts)
        return WORKER_GONE;
    return receive(wait->worker, facts->video.frame_pts, size, wait->deadline_ms, wait->stop);
}

static enum worker_reply receive_facts(const struct wait *wait, uint32_t frames, osp_facts **out)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = calloc(1, sizeof(*facts));
    OSP_AUTO(auto_free) uint8_t *bytes = malloc(wire_facts_size());
    enum worker_reply reply;

    if (!facts || !bytes)
        return WORKER_GONE;
    reply = receive(wait->worker, bytes, wire_facts_size(), wait->deadline_ms, wait->stop);
    if (reply == WORKER_ANSWERED && !wire_unpack(bytes, facts))
        reply = WORKER_ASTRAY;
    if (reply == WORKER_ANSWERED)
        reply = receive_frames(wait, frames, facts);
    if (reply == WORKER_ANSWERED)
        *out = OSP_TAKE(facts);
    return reply;
}

static enum worker_reply receive_error(const struct wait *wait, int code, osp_error *err)
{
    osp_error said;
    enum worker_reply reply = receive(wait->worker, &said, sizeof(said), wait->deadline_ms,
                                      wait->stop);

    if (reply != WORKER_ANSWERED)
        return reply;
    said.text[sizeof(said.text) - 1] = 0;
    osp_fail(err, code == OSP_EINTERNAL ? OSP_EINTERNAL : OSP_EMEDIA, "%s", said.text);
    return WORKER_ANSWERED;
}

enum worker_reply worker_answer(const struct worker *worker, uint32_t id, int64_t deadline_ms,
                                const atomic_bool *stop, int *code, osp_facts **facts,
                                osp_error *err)
{
    struct wait wait = { worker, deadline_ms, stop };
    struct wire_answer answer;
    enum worker_reply reply = receive(worker, &answer, sizeof(answer), deadline_ms, stop);

    if (reply != WORKER_ANSWERED)
        return reply;
    if (answer.id != id)
        return WORKER_ASTRAY;
    *code = answer.code;
    return answer.code == OSP_OK ? receive_facts(&wait, answer.frames, facts)
                                 : receive_error(&wait, answer.code, err);
}

/* ---- the end ---- */

static void name_death(int status, char *reason, size_t size)
{
    const char *name = WIFSIGNALED(status) ? sigabbrev_np(WTERMSIG(status)) : NULL;

    if (name)
        snprintf(reason, size, "crashed (SIG%s)", name);
    else if (WIFEXITED(status))
        snprintf(reason, size, "ended (code %d)", WEXITSTATUS(status));
    else
        snprintf(reason, size, "ended");
}

void worker_stop(struct worker *worker, char *reason, size_t size)
{
    int status = 0;
    pid_t ended;

    if (worker->pid > 0) {
        kill(worker->pid, SIGKILL); /* one that is dying keeps the signal that it dies of */
        do {
            ended = waitpid(worker->pid, &status, 0);
        } while (ended < 0 && errno == EINTR);
        if (reason && ended > 0)
            name_death(status, reason, size);
        else if (reason) /* the host reaps its children itself */
            str_copy(reason, size, "ended");
    }
    auto_close(&worker->fd);
    *worker = (struct worker)WORKER_INIT;
}
