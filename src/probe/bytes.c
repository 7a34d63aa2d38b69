/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "probe/bytes.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void bytes_init(struct bytes *bytes, int fd, int64_t budget)
{
    struct stat st;

    bytes->fd = fd;
    bytes->size = fstat(fd, &st) == 0 ? st.st_size : 0;
    bytes->budget = budget;
    bytes->window_at = 0;
    bytes->window_size = 0;
}

/* pread() over short reads and signals, on the budget. */
static size_t fetch(struct bytes *bytes, int64_t offset, uint8_t *out, size_t size)
{
    size_t done = 0;

    if ((int64_t)size > bytes->budget)
        size = (size_t)bytes->budget;
    while (done < size) {
        ssize_t got = pread(bytes->fd, out + done, size - done, (off_t)(offset + (int64_t)done));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        done += (size_t)got;
    }
    bytes->budget -= (int64_t)done;
    return done;
}

size_t bytes_some(struct bytes *bytes, int64_t offset, void *out, size_t size)
{
    int64_t into = offset - bytes->window_at;

    if (offset < 0 || offset >= bytes->size)
        return 0;
    if ((int64_t)size > bytes->size - offset)
        size = (size_t)(bytes->size - offset);
    if (size > sizeof(bytes->window))
        return fetch(bytes, offset, out, size);
    if (into < 0 || into + (int64_t)size > (int64_t)bytes->window_size) {
        bytes->window_at = offset;
        bytes->window_size = fetch(bytes, offset, bytes->window, sizeof(bytes->window));
        into = 0;
        size = size < bytes->window_size ? size : bytes->window_size;
    }
    memcpy(out, bytes->window + into, size);
    return size;
}

bool bytes_at(struct bytes *bytes, int64_t offset, void *out, size_t size)
{
    return bytes_some(bytes, offset, out, size) == size;
}
