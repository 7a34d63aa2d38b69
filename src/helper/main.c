/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The process that probes (probe/worker.h starts it). Standard input is a socket to the library: a
 * request and a descriptor come in, facts go out. One file at a time, as long as there are files.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "av/open.h"
#include "base/auto.h"
#include "helper/jail.h"
#include "probe/probe.h"
#include "probe/wire.h"

static bool send_all(struct iovec *parts, size_t count)
{
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };

    while (message.msg_iovlen) {
        ssize_t sent = sendmsg(STDIN_FILENO, &message, MSG_NOSIGNAL);

        if (sent < 0)
            return false;
        while (message.msg_iovlen && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen) {
            message.msg_iov->iov_base = (uint8_t *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
    return true;
}

static bool greet(int unfiltered)
{
    struct wire_hello hello = { .magic = WIRE_MAGIC,
                                .facts_size = (uint32_t)wire_facts_size(),
                                .unfiltered = unfiltered,
                                .version = OSP_VERSION };

    return send_all(&(struct iovec){ &hello, sizeof(hello) }, 1);
}

/* @return false: the library has gone, or does not keep to what was agreed */
static bool receive(struct wire_request *request, int *fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec part = { request, sizeof(*request) };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control.bytes,
                              .msg_controllen = sizeof(control.bytes) };
    struct cmsghdr *header;

    if (recvmsg(STDIN_FILENO, &message, MSG_CMSG_CLOEXEC | MSG_WAITALL) !=
        (ssize_t)sizeof(*request))
        return false;
    header = CMSG_FIRSTHDR(&message);
    if (!header || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(*fd)))
        return false;
    memcpy(fd, CMSG_DATA(header), sizeof(*fd));
    request->name[sizeof(request->name) - 1] = 0;
    return true;
}

static bool answer_error(uint32_t id, int code, osp_error *err)
{
    struct wire_answer answer = { .id = id, .code = code };
    struct iovec parts[] = { { &answer, sizeof(answer) }, { err, sizeof(*err) } };

    return send_all(parts, OSP_COUNT(parts));
}

static bool answer(const struct wire_request *request, int fd)
{
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(auto_free) uint8_t *bytes = malloc(wire_facts_size());
    struct probe_source source = { fd, request->name };
    struct wire_answer head = { .id = request->id };
    osp_error err = { 0 };
    int ret = bytes ? probe_source(&source, &facts, &err) : OSP_EINTERNAL;

    if (ret == OSP_OK && request->deep)
        ret = probe_deep(&source, facts, &err);
    if (ret < 0)
        return answer_error(request->id, ret, &err);
    head.frames = facts->video.frame_pts ? (uint32_t)facts->video.frame_count : 0;
    wire_pack(facts, bytes);

    struct iovec parts[] = {
        { &head, sizeof(head) },
        { bytes, wire_facts_size() },
        { facts->video.frame_pts, head.frames * sizeof(*facts->video.frame_pts) },
    };

    return send_all(parts, OSP_COUNT(parts));
}

int main(void)
{
    struct wire_request request;
    int fd;

    av_talk_redirect();
    if (!greet(jail_enter())) {
        fprintf(stderr, "this program is a part of libomnisplice and of no use by itself\n");
        return EXIT_FAILURE;
    }
    while (receive(&request, &fd)) {
        if (!answer(&request, fd))
            break;
        close(fd);
    }
    _exit(EXIT_SUCCESS); /* nothing here is worth tidying up */
}
