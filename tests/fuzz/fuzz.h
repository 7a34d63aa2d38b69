/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** What libFuzzer, or replay.c, calls with one input. @return 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
