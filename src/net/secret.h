/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef NET_SECRET_H
#define NET_SECRET_H

#include <stddef.h>

/** A shorter key hides nothing, and to cut it out would tear answers apart. */
#define SECRET_LEAST 8

/**
 * A text that somebody else wrote, with *** in place of every occurrence of a key: as it is, with
 * characters escaped as in addresses (%41), JSON (\u0041, \/) or HTML (&#65;), and within base64.
 * @param text  any bytes
 * @param size  in: of the text, out: of what is returned
 * @param key   NULL or shorter than SECRET_LEAST: nothing is cut out
 * @return ended by 0 beyond its size; yours: free(). NULL: out of memory
 */
char *secret_mask(const char *text, size_t *size, const char *key);

#endif
