/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/array.h"

#include <stdint.h>
#include <stdlib.h>

bool array_grow(void **items, size_t element_size, size_t count, size_t *capacity)
{
    size_t want = *capacity ? *capacity * 2 : 16;
    void *grown;

    if (count < *capacity)
        return true;
    if (want > SIZE_MAX / 2 / element_size)
        return false;
    grown = realloc(*items, want * element_size);
    if (!grown)
        return false;
    *items = grown;
    *capacity = want;
    return true;
}
