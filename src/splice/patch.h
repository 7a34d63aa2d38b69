/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_PATCH_H
#define SPLICE_PATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "omnisplice/cancel.h"

/** Bytes [start, start + old_size) of a file become `size` bytes of data. */
struct patch {
    int64_t start, old_size;
    const uint8_t *data; /* not owned */
    int64_t size;
};

/** Patches of one file, in order and apart from each other once patches_sort() said so. */
struct patches {
    struct patch *items;
    size_t count, capacity;
};

int patches_add(struct patches *patches, int64_t start, int64_t old_size, const uint8_t *data,
                int64_t size, osp_error *err);
/** @return OSP_OK, OSP_EMEDIA: two of them overlap */
int patches_sort(struct patches *patches, osp_error *err);
/** Where an offset of the old file lies in the new one; -1: inside what is replaced. */
int64_t patches_map(const struct patches *patches, int64_t offset);
/** By how much a part [start, end) of the file grows. */
int64_t patches_growth(const struct patches *patches, int64_t start, int64_t end);
/** Write the new file. @return OSP_OK, OSP_EOUTPUT, OSP_EMEDIA, OSP_ECANCELED */
int patches_write(const struct patches *patches, int from, int64_t from_size, int to,
                  const osp_control *control, osp_error *err);
void patches_release(struct patches *patches);

#endif
