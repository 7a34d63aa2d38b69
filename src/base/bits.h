/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_BITS_H
#define BASE_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Bits as H.264 and HEVC write them (ITU-T H.264 7.2, 9.1): most significant first, Exp-Golomb
 * codes. Reading past the end gives zeros and sets `overrun`: test once, at the end.
 */
struct bit_reader {
    const uint8_t *data;
    size_t size; /* bytes */
    size_t bit;  /* position */
    bool overrun;
};

void bits_init(struct bit_reader *bits, const uint8_t *data, size_t size);
uint32_t bits_u(struct bit_reader *bits, unsigned count); /* u(n), count 0 to 32 */
uint32_t bits_ue(struct bit_reader *bits);                /* ue(v) */
int32_t bits_se(struct bit_reader *bits);                 /* se(v) */
size_t bits_left(const struct bit_reader *bits);          /* bits */

/** Take emulation prevention bytes out (7.4.1.1: 00 00 03). out holds size bytes.
 *  @return bytes written */
size_t nal_unescape(const uint8_t *nal, size_t size, uint8_t *out);

#endif
