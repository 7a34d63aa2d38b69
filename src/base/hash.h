/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
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

/** The 32 bytes of such a hash as lower-case hexadecimal. */
void sha256_digest_hex(const unsigned char digest[32], char out[SHA256_HEX]);

#define MD5_BASE64 25 /* 24 characters and the end */

/**
 * Both hashes of a part of a file in one reading: SHA-256 in hexadecimal, MD5 in base64, as HTTP
 * wants them (RFC 1864). md5 is "" where OpenSSL was told to do without MD5.
 * @return OSP_OK, OSP_EMEDIA (cannot be read, or ends before offset + size)
 */
int hash_range(const char *path, int64_t offset, int64_t size, char sha256[SHA256_HEX],
               char md5[MD5_BASE64], osp_error *err);

#define HMAC_SHA256_SIZE 32
/** RFC 2104 with SHA-256. @return false: out of memory */
bool hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                 unsigned char out[HMAC_SHA256_SIZE]);

/** Random lower-case base32 digits (RFC 4648 alphabet), unguessable; size counts the end. */
void random_base32(char *out, size_t size);

#endif
