/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_BYTES_H
#define PROBE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Bytes of a file by position, for readers of headers. A small window saves system calls; a budget
 * ends every walk through a hostile file: what lies past it reads as the end of the file does.
 */
struct bytes {
    int fd; /* borrowed */
    int64_t size;
    int64_t budget; /* bytes that may still be read from the file */
    int64_t window_at;
    size_t window_size;
    uint8_t window[4096];
};

/** @param fd  of a regular file; borrowed, its offset is neither used nor moved */
void bytes_init(struct bytes *bytes, int fd, int64_t budget);
/** @return false: not all of them are there, or the budget is spent */
bool bytes_at(struct bytes *bytes, int64_t offset, void *out, size_t size);
/** As many as there are, up to size. */
size_t bytes_some(struct bytes *bytes, int64_t offset, void *out, size_t size);

static inline unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static inline uint32_t be24(const uint8_t *p)
{
    return (uint32_t)p[0] << 16 | be16(p + 1);
}

static inline uint32_t be32(const uint8_t *p)
{
    return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static inline uint64_t be64(const uint8_t *p)
{
    return (uint64_t)be32(p) << 32 | be32(p + 4);
}

static inline unsigned le16(const uint8_t *p)
{
    return (unsigned)p[1] << 8 | p[0];
}

static inline uint32_t le24(const uint8_t *p)
{
    return (uint32_t)p[2] << 16 | le16(p);
}

static inline uint32_t le32(const uint8_t *p)
{
    return (uint32_t)le16(p + 2) << 16 | le16(p);
}

static inline uint64_t le64(const uint8_t *p)
{
    return (uint64_t)le32(p + 4) << 32 | le32(p);
}

#endif
