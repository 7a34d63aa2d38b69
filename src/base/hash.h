/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/** SHA-256 as it goes (FIPS 180-4, by OpenSSL). */
struct sha256;

#define SHA256_HEX 65 /* 64 digits and the end */

struct sha256 *sha256_new(void); /* NULL: out of memory */
void sha256_add(struct sha256 *hash, const void *data, size_t size);
/** A text with its length before it, so that two fields never run together. */
void sha256_add_text(struct sha256 *hash, const char *text);
void sha256_add_int64(struct sha256 *hash, int64_t value);
/** Lower-case hexadecimal. The object is used up; free it. */
void sha256_hex(struct sha256 *hash, char out[SHA256_HEX]);
void sha256_free(struct sha256 **hash);

/** @return OSP_OK, OSP_EMEDIA (cannot be read) */
int sha256_file(const char *path, char out[SHA256_HEX], osp_error *err);
void sha256_buffer(const void *data, size_t size, char out[SHA256_HEX]);

/** Random lower-case base32 digits (RFC 4648 alphabet), unguessable; size counts the end. */
void random_base32(char *out, size_t size);

#endif
