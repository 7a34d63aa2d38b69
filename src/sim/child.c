/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sim/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"

#define LONGEST_RUN_S 900 /* a child that hangs on the network must not hold a worker for ever */

static char *find_program(const char *name)
{
    const char *path = getenv("PATH");

    for (path = path ? path : "/usr/local/bin:/usr/bin:/bin"; *path;) {
        size_t length = strcspn(path, ":");
        char *file = length ? str_format("%.*s/%s", (int)length, path, name) : NULL;

        if (file && *file == '/' && access(file, X_OK) == 0)
            return file;
        free(file);
        path += length + (path[length] == ':');
    }
    return NULL;
}

int sim_children_init(struct sim_children *children, osp_error *err)
{
    children->ffmpeg = find_program("ffmpeg");
    children->ffprobe = find_program("ffprobe");
    if (!children->ffmpeg || !children->ffprobe) {
        osp_fail(err, OSP_EACCESS, "the simulator needs %s, which is not in PATH",
                 children->ffmpeg ? "ffprobe" : "ffmpeg");
        return osp_hint(err, "install the package ffmpeg");
    }
    return OSP_OK;
}

void sim_children_release(struct sim_children *children)
{
    auto_free(&children->ffmpeg);
    auto_free(&children->ffprobe);
}

void sim_children_stop(struct sim_children *children)
{
    pthread_mutex_lock(&children->lock);
    children->stopping = true;
    for (size_t i = 0; i < OSP_COUNT(children->pids); i++) {
        if (children->pids[i] > 0)
            (void)kill(children->pids[i], SIGKILL); /* not reaped yet, so still ours */
    }
    pthread_mutex_unlock(&children->lock);
}

/* After the fork: async-signal-safe calls only. posix_spawn() cannot set the death signal, and
 * without it a killed simulator would leave an encoder that eats the processor. */
static _Noreturn void become(const char *const *argv, pid_t parent, int out)
{
    sigset_t none;
    int null = open("/dev/null", O_RDWR);

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(127);
    (void)setpgid(0, 0); /* a Ctrl-C at the terminal is for the program, not for the encoder */
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 2) < 0 || dup2(out, 1) < 0)
        _exit(127);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

/* Fork under the lock, so that a stop either sees the pid or keeps it from starting. */
static int start(struct sim_children *children, const char *const *argv, int out, size_t *slot,
                 osp_error *err)
{
    pid_t parent = getpid(), pid;
    size_t i = 0;
    int ret = OSP_OK;

    pthread_mutex_lock(&children->lock);
    while (i < OSP_COUNT(children->pids) && children->pids[i])
        i++;
    if (children->stopping)
        ret = osp_fail(err, OSP_ECANCELED, "the simulator is stopping");
    else if (i == OSP_COUNT(children->pids))
        ret = osp_fail(err, OSP_EINTERNAL, "too many children");
    else if ((pid = fork()) < 0)
        ret = osp_fail(err, OSP_EINTERNAL, "cannot start '%s': %s", argv[0], strerror(errno));
    else if (pid == 0)
        become(argv, parent, out);
    else
        children->pids[i] = pid;
    pthread_mutex_unlock(&children->lock);
    *slot = i;
    return ret;
}

static int64_t now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Until the child closes its stdout, which it does at its end. @return false: too long */
static bool read_all(int fd, struct strbuf *out)
{
    int64_t deadline = now_s() + LONGEST_RUN_S;
    char chunk[16384];

    for (;;) {
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        ssize_t got;

        if (poll(&wait, 1, 1000) <= 0) {
            if (now_s() > deadline)
                return false;
            continue;
        }
        got = read(fd, chunk, sizeof(chunk));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return true;
        if (out)
            strbuf_add(out, chunk, (size_t)got);
    }
}

/* The slot is emptied while the pid is still a zombie: afterwards it may be anybody's. */
static int reap(struct sim_children *children, size_t slot, bool *stopping)
{
    pid_t pid = children->pids[slot];
    siginfo_t info;
    int status = 0;

    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR)
        ;
    pthread_mutex_lock(&children->lock);
    children->pids[slot] = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    *stopping = children->stopping;
    pthread_mutex_unlock(&children->lock);
    return status;
}

int sim_child_run(struct sim_children *children, const char *const *argv, struct strbuf *out,
                  int *status, osp_error *err)
{
    OSP_AUTO(auto_close) int from = -1;
    OSP_AUTO(auto_close) int to = -1;
    int ends[2], code, ret;
    bool stopping;
    size_t slot;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return osp_fail(err, OSP_EINTERNAL, "cannot make a pipe: %s", strerror(errno));
    from = ends[0];
    to = ends[1];
    ret = start(children, argv, to, &slot, err);
    if (ret < 0)
        return ret;
    auto_close(&to);
    if (!read_all(from, out))
        (void)kill(children->pids[slot], SIGKILL); /* only this thread reaps it */
    code = reap(children, slot, &stopping);
    if (stopping)
        return osp_fail(err, OSP_ECANCELED, "the simulator is stopping");
    if (!WIFEXITED(code) || WEXITSTATUS(code) == 127)
        return osp_fail(err, OSP_EINTERNAL, "'%s' was killed or did not start", argv[0]);
    *status = WEXITSTATUS(code);
    return OSP_OK;
}
