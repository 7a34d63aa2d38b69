/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "splice/patch.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"

#define COPY_STEP   (64 << 20) /* a cancel is looked at in between */
#define COPY_BUFFER (1 << 20)

int patches_add(struct patches *patches, int64_t start, int64_t old_size, const uint8_t *data,
                int64_t size, osp_error *err)
{
    if (!array_grow((void **)&patches->items, sizeof(*patches->items), patches->count,
                    &patches->capacity))
        return osp_nomem(err);
    patches->items[patches->count++] = (struct patch){ start, old_size, data, size };
    return OSP_OK;
}

static int compare(const void *left, const void *right)
{
    const struct patch *a = left, *b = right;

    return a->start < b->start ? -1 : a->start > b->start;
}

int patches_sort(struct patches *patches, osp_error *err)
{
    qsort(patches->items, patches->count, sizeof(*patches->items), compare);
    for (size_t i = 1; i < patches->count; i++) {
        const struct patch *before = &patches->items[i - 1];

        if (before->start + before->old_size > patches->items[i].start)
            return osp_fail(err, OSP_EMEDIA, "damaged index: two samples share bytes");
    }
    return OSP_OK;
}

/* First patch that starts at or after an offset. */
static size_t find(const struct patches *patches, int64_t offset)
{
    size_t low = 0, high = patches->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (patches->items[middle].start < offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t patches_growth(const struct patches *patches, int64_t start, int64_t end)
{
    int64_t growth = 0;

    for (size_t i = find(patches, start); i < patches->count && patches->items[i].start < end; i++)
        growth += patches->items[i].size - patches->items[i].old_size;
    return growth;
}

int64_t patches_map(const struct patches *patches, int64_t offset)
{
    size_t next = find(patches, offset);
    int64_t grown = offset;

    if (next > 0) {
        const struct patch *before = &patches->items[next - 1];

        if (before->start + before->old_size > offset)
            return -1;
    }
    for (size_t i = 0; i < next; i++)
        grown += patches->items[i].size - patches->items[i].old_size;
    return grown;
}

static int write_failed(osp_error *err)
{
    return osp_fail(err, OSP_EOUTPUT, "cannot write the output: %s", strerror(errno));
}

/* Read and write, where the kernel does not copy for us. */
static int64_t copy_by_hand(int from, int64_t at, int to, int64_t size, osp_error *err)
{
    OSP_AUTO(auto_free) uint8_t *buffer = malloc(COPY_BUFFER);
    ssize_t got;

    if (!buffer)
        return osp_nomem(err);
    do {
        got = pread(from, buffer, size < COPY_BUFFER ? (size_t)size : COPY_BUFFER, at);
    } while (got < 0 && errno == EINTR);
    if (got <= 0)
        return osp_fail(err, OSP_EMEDIA, "cannot read the master: %s",
                        got < 0 ? strerror(errno) : "it became shorter");
    return fs_write_all(to, buffer, (size_t)got) < 0 ? write_failed(err) : got;
}

/* @return bytes copied, or below 0 */
static int64_t copy_some(int from, int64_t at, int to, int64_t size, bool *by_hand, osp_error *err)
{
    off_t offset = at;
    ssize_t copied;

    if (*by_hand)
        return copy_by_hand(from, at, to, size, err);
    copied = copy_file_range(from, &offset, to, NULL, (size_t)size, 0);
    if (copied > 0)
        return copied;
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return write_failed(err);
    *by_hand = true; /* other file systems, old kernels: EXDEV, EINVAL, EOPNOTSUPP, or 0 */
    return copy_by_hand(from, at, to, size, err);
}

/* Holes of a sparse master stay holes: where the next data are. */
static int64_t skip_hole(int from, int64_t at, int64_t end)
{
    off_t data = lseek(from, at, SEEK_DATA);

    if (data < 0)
        return errno == ENXIO ? end : at; /* ENXIO: no more data; else no such file system */
    return data < end ? data : end;
}

static int copy(int from, int64_t at, int to, int64_t end, const osp_control *control,
                bool *by_hand, osp_error *err)
{
    while (at < end) {
        int64_t data = skip_hole(from, at, end), step, done;
        int ret = cancel_check(control ? control->cancel : NULL, err);

        if (ret < 0)
            return ret;
        if (data > at && lseek(to, data - at, SEEK_CUR) < 0)
            return write_failed(err);
        at = data;
        step = end - at < COPY_STEP ? end - at : COPY_STEP;
        done = step ? copy_some(from, at, to, step, by_hand, err) : 0;
        if (done < 0)
            return (int)done;
        at += done;
    }
    return OSP_OK;
}

int patches_write(const struct patches *patches, int from, int64_t from_size, int to,
                  const osp_control *control, osp_error *err)
{
    int64_t at = 0;
    bool by_hand = false;
    off_t end;
    int ret;

    for (size_t i = 0; i < patches->count; i++) {
        const struct patch *patch = &patches->items[i];

        ret = copy(from, at, to, patch->start, control, &by_hand, err);
        if (ret < 0)
            return ret;
        if (fs_write_all(to, patch->data, (size_t)patch->size) < 0)
            return write_failed(err);
        at = patch->start + patch->old_size;
    }
    ret = copy(from, at, to, from_size, control, &by_hand, err);
    if (ret < 0)
        return ret;
    end = lseek(to, 0, SEEK_CUR); /* a hole at the very end has not been written */
    return end < 0 || ftruncate(to, end) < 0 ? write_failed(err) : OSP_OK;
}

void patches_release(struct patches *patches)
{
    free(patches->items);
    *patches = (struct patches){ 0 };
}
