/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "helper/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/cpu.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/auto.h"
#include "probe/worker.h"

#if defined(OSP_SANITIZED)
#define SANITIZED true /* its shadow is terabytes of address space, its report a file */
#else
#define SANITIZED false
#endif

#define DESCRIPTORS_MAX 16

/* What libc, libav and the answer need. All else is EPERM, which libraries take for "not here". */
static const int calls[] = {
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmsg),
    SCMP_SYS(pread64),
    SCMP_SYS(read),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(getrandom),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_getaffinity),
};

static void limit(int resource, rlim_t value)
{
    /* lowering one's own limit is always allowed */
    (void)setrlimit((__rlimit_resource_t)resource, &(struct rlimit){ value, value });
}

static void set_limits(void)
{
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NOFILE, DESCRIPTORS_MAX);
    if (SANITIZED)
        return;
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_AS, WORKER_MEMORY_MAX);
}

/* Calls that are let pass with some arguments only. */
static int allow_some(scmp_filter_ctx filter)
{
    int ret = 0;

    /* memory, but none that could be run */
    ret |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    ret |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    /* fstat() by its other name: of a descriptor */
    ret |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                            SCMP_A3(SCMP_CMP_EQ, AT_EMPTY_PATH));
    ret |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                            SCMP_A1(SCMP_CMP_EQ, F_DUPFD_CLOEXEC));
    /* abort() */
    ret |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    if (SANITIZED)
        ret |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO));
    return ret;
}

static void filter_free(scmp_filter_ctx *filter)
{
    if (*filter)
        seccomp_release(*filter);
}

static int set_filter(void)
{
    OSP_AUTO(filter_free) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int ret = 0;

    if (!filter)
        return ENOMEM;
    for (size_t i = 0; i < OSP_COUNT(calls); i++)
        ret |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    if (ret || allow_some(filter))
        return EINVAL;
    return -seccomp_load(filter);
}

int jail_enter(void)
{
    /* what is read from files once, and kept: the time zone, the number of processors */
    tzset();
    (void)av_cpu_count();

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* the library's thread ends: so do we */
    set_limits();
    return set_filter();
}
