/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Preloaded into the process that probes: a file whose first bytes are the name of a fault makes
 * its reader have that fault, as a broken demuxer would. In any other program it does nothing.
 *
 * "escape" tries what the process must not be able to do, CANARY_PORT and CANARY_FILE being what it
 * would reach. It dies of SIGUSR1 when everything was refused, of SIGUSR2 when anything was not.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void crash(void)
{
    *(volatile int *)8 = 1;
}

static void hang(void)
{
    for (volatile int i = 0;; i++)
        ;
}

/* Every size down to the smallest: whatever is asked for next is refused. */
static void bomb(void)
{
    for (size_t size = (size_t)64 << 20; size >= 16; size /= 2) {
        while (malloc(size))
            ;
    }
}

static int refused(long ret)
{
    return ret < 0 && errno == EPERM;
}

static int files_are_refused(void)
{
    const char *path = getenv("LD_CANARY_FILE");

    return refused(open(path, O_RDONLY)) && refused(open(path, O_WRONLY | O_APPEND)) &&
           refused(syscall(SYS_open, path, O_RDONLY)) &&
           refused(syscall(SYS_openat2, AT_FDCWD, path, NULL, 0)) && refused(unlink(path)) &&
           refused(rename(path, "/tmp/osp-renamed")) && refused(syscall(SYS_creat, path, 0600)) &&
           refused(syscall(SYS_io_uring_setup, 1, NULL)) && refused(truncate(path, 0));
}

static int network_is_refused(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_port = htons((unsigned short)atoi(getenv("LD_CANARY_PORT"))),
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM, 0), pair[2];

    return refused(fd) && refused(connect(0, (struct sockaddr *)&to, sizeof(to))) &&
           refused(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}

static int processes_are_refused(void)
{
    char *words[] = { (char[]){ "/bin/true" }, NULL };

    return refused(fork()) && refused(vfork()) &&
           refused(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0)) &&
           refused(syscall(SYS_clone3, NULL, 0)) && refused(execve(words[0], words, words)) &&
           refused(kill(getppid(), 0)) && refused(syscall(SYS_ptrace, 16, getppid(), 0, 0)) &&
           refused(syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0));
}

static int code_is_refused(void)
{
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    return page != MAP_FAILED && refused(mprotect(page, 4096, PROT_READ | PROT_EXEC)) &&
           mmap(NULL, 4096, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static void escape(void)
{
    raise(files_are_refused() && network_is_refused() && processes_are_refused() &&
                  code_is_refused()
              ? SIGUSR1
              : SIGUSR2);
}

static const struct {
    const char *name;
    void (*run)(void);
} faults[] = {
    { "fault: crash", crash },   { "fault: hang", hang },   { "fault: bomb", bomb },
    { "fault: escape", escape }, { "fault: abort", abort },
};

ssize_t pread64(int fd, void *buffer, size_t size, off64_t at);
ssize_t pread64(int fd, void *buffer, size_t size, off64_t at)
{
    static ssize_t (*real)(int, void *, size_t, off64_t);
    ssize_t got;

    if (!real)
        *(void **)&real = dlsym(RTLD_NEXT, "pread64");
    got = real(fd, buffer, size, at);
    if (at != 0 || strcmp(program_invocation_short_name, "omnisplice-probe") != 0)
        return got;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        size_t length = strlen(faults[i].name);

        if (got >= (ssize_t)length && memcmp(buffer, faults[i].name, length) == 0)
            faults[i].run();
    }
    return got;
}
