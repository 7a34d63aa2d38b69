/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_BITS_H
#define SPLICE_BITS_H

#include "base/bits.h"
#include "base/str.h"

/**
 * Writer of an RBSP (ITU-T H.264 7.2): most significant bit first, into a strbuf without emulation
 * prevention. nal_escape() puts that in at the end.
 */
struct bit_writer {
    struct strbuf *out;
    unsigned held; /* bits in `byte` */
    uint8_t byte;
};

void bits_put(struct bit_writer *bits, uint32_t value, unsigned count); /* u(n), 0 to 32 */
void bits_put_ue(struct bit_writer *bits, uint32_t value);              /* ue(v) */
/** Pad with bits of that value to a whole byte. */
void bits_align(struct bit_writer *bits, unsigned value);
/** Copy bits [from, to) of an RBSP. */
void bits_copy(struct bit_writer *bits, const uint8_t *data, size_t from, size_t to);

/** Add a NAL unit to out: header byte, then the RBSP with emulation prevention (7.4.1.1). */
void nal_escape(struct strbuf *out, uint8_t header, const uint8_t *rbsp, size_t size);
/** Bits of an RBSP up to its stop bit, the stop bit not counted; 0: there is none. */
size_t rbsp_bits(const uint8_t *rbsp, size_t size);

#endif
