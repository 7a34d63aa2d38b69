/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

struct sha256 {
    EVP_MD_CTX *context;
};

struct sha256 *sha256_new(void)
{
    OSP_AUTO(sha256_free) struct sha256 *hash = calloc(1, sizeof(*hash));

    if (!hash)
        return NULL;
    hash->context = EVP_MD_CTX_new();
    if (!hash->context || EVP_DigestInit_ex(hash->context, EVP_sha256(), NULL) != 1)
        return NULL;
    return OSP_TAKE(hash);
}

void sha256_add(struct sha256 *hash, const void *data, size_t size)
{
    EVP_DigestUpdate(hash->context, data, size);
}

void sha256_add_int64(struct sha256 *hash, int64_t value)
{
    unsigned char bytes[8];

    for (int i = 0; i < 8; i++)
        bytes[i] = (unsigned char)((uint64_t)value >> (8 * i));
    sha256_add(hash, bytes, sizeof(bytes));
}

void sha256_add_text(struct sha256 *hash, const char *text)
{
    sha256_add_int64(hash, (int64_t)strlen(text));
    sha256_add(hash, text, strlen(text));
}

void sha256_digest_hex(const unsigned char digest[32], char out[SHA256_HEX])
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 0; i < 32; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[64] = 0;
}

void sha256_hex(struct sha256 *hash, char out[SHA256_HEX])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };

    EVP_DigestFinal_ex(hash->context, digest, NULL);
    sha256_digest_hex(digest, out);
}

void sha256_free(struct sha256 **hash)
{
    if (!*hash)
        return;
    EVP_MD_CTX_free((*hash)->context);
    free(*hash);
    *hash = NULL;
}

int sha256_file(const char *path, char out[SHA256_HEX], osp_error *err)
{
    OSP_AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    OSP_AUTO(sha256_free) struct sha256 *hash = sha256_new();
    OSP_AUTO(auto_free) char *buffer = malloc(1 << 18);

    if (fd < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", path);
    if (!hash || !buffer)
        return osp_nomem(err);
    for (;;) {
        ssize_t got = read(fd, buffer, 1 << 18);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return osp_fail_errno(err, OSP_EMEDIA, "read", path);
        if (got == 0)
            break;
        sha256_add(hash, buffer, (size_t)got);
    }
    sha256_hex(hash, out);
    return OSP_OK;
}

void sha256_buffer(const void *data, size_t size, char out[SHA256_HEX])
{
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };

    EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL);
    sha256_digest_hex(digest, out);
}

static void md5_cleanup(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static EVP_MD_CTX *md5_new(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1)
        return context;
    EVP_MD_CTX_free(context);
    return NULL;
}

static void md5_base64(EVP_MD_CTX *context, char out[MD5_BASE64])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;

    out[0] = 0;
    if (context && EVP_DigestFinal_ex(context, digest, &size) == 1)
        EVP_EncodeBlock((unsigned char *)out, digest, (int)size);
}

int hash_range(const char *path, int64_t offset, int64_t size, char sha256[SHA256_HEX],
               char md5[MD5_BASE64], osp_error *err)
{
    const size_t room = 1 << 18;
    OSP_AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    OSP_AUTO(sha256_free) struct sha256 *hash = sha256_new();
    OSP_AUTO(md5_cleanup) EVP_MD_CTX *sum = md5_new();
    OSP_AUTO(auto_free) unsigned char *buffer = malloc(room);

    if (fd < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", path);
    if (!hash || !buffer)
        return osp_nomem(err);
    for (int64_t left = size; left > 0;) {
        size_t want = left < (int64_t)room ? (size_t)left : room;
        ssize_t got = pread(fd, buffer, want, (off_t)(offset + size - left));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return osp_fail_errno(err, OSP_EMEDIA, "read", path);
        if (got == 0)
            return osp_fail(err, OSP_EMEDIA, "'%s' has become shorter", path);
        sha256_add(hash, buffer, (size_t)got);
        if (sum)
            EVP_DigestUpdate(sum, buffer, (size_t)got);
        left -= got;
    }
    sha256_hex(hash, sha256);
    md5_base64(sum, md5);
    return OSP_OK;
}

bool hmac_sha256(const void *key, size_t key_size, const void *data, size_t size,
                 unsigned char out[HMAC_SHA256_SIZE])
{
    unsigned int made = 0;

    return HMAC(EVP_sha256(), key, (int)key_size, data, size, out, &made) &&
           made == HMAC_SHA256_SIZE;
}

void random_base32(char *out, size_t size)
{
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    unsigned char bytes[128];

    while (size > 1) {
        size_t now = size - 1 < sizeof(bytes) ? size - 1 : sizeof(bytes);

        if (RAND_bytes(bytes, (int)now) != 1)
            memset(bytes, 0, now); /* cannot happen: OpenSSL seeds itself or fails at start */
        for (size_t i = 0; i < now; i++)
            *out++ = digits[bytes[i] & 31];
        size -= now;
    }
    *out = 0;
}
