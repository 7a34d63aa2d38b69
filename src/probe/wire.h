/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_WIRE_H
#define PROBE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "omnisplice/media.h"

/**
 * What goes between the library and the process that probes for it, over a stream socket. Both ends
 * are of one build and on one machine: members travel as they lie in memory. The library does not
 * trust the process, which may have been taken over by the file it reads.
 *
 *     process: hello
 *     library: request, with the file's descriptor    any number ahead
 *     process: answer, then its bytes                  in the order of the requests
 */
#define WIRE_MAGIC     0x6f737031u
#define WIRE_FRAMES    20000000u /* more time stamps than mp4.c takes are no answer */
#define WIRE_NAME_SIZE 256

struct wire_hello {
    uint32_t magic;
    uint32_t facts_size; /* wire_facts_size() of that build */
    int32_t unfiltered;  /* 0: system calls are filtered; else the errno that says why not */
    char version[24];
};

struct wire_request {
    uint32_t id;
    uint32_t deep;
    char name[WIRE_NAME_SIZE]; /* without folders */
};

struct wire_answer {
    uint32_t id;
    int32_t code;    /* OSP_OK: facts follow, then the time stamps; else an osp_error */
    uint32_t frames; /* time stamps: as many as pictures, or none */
};

size_t wire_facts_size(void);
/** The members of the facts, one behind the other; the time stamps follow apart. */
void wire_pack(const osp_facts *facts, uint8_t *out);
/**
 * Into facts that are all zero. frame_pts stays NULL: frame_count says how many are to follow.
 * @return false: these are no facts
 */
bool wire_unpack(const uint8_t *in, osp_facts *facts);

#endif
