/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_ARRAY_H
#define BASE_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Make room for one more element of a plain array that grows by doubling:
 * `if (!array_grow((void **)&items, sizeof(*items), count, &capacity)) ...`
 * @return false: out of memory, the array is as it was
 */
bool array_grow(void **items, size_t element_size, size_t count, size_t *capacity);

#endif
