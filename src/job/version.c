/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

#include "omnisplice/error.h"

#define PARTS(v) (v) >> 16, (v) >> 8 & 255, (v)&255

static char text[480];

static void compose(void)
{
    unsigned f = avformat_version(), c = avcodec_version();
    const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

    snprintf(text, sizeof(text),
             "FFmpeg %s (libavformat %u.%u.%u, libavcodec %u.%u.%u), libcurl %s (%s), SQLite %s, "
             "cJSON %s, OpenSSL %s",
             av_version_info(), PARTS(f), PARTS(c), curl->version,
             curl->ssl_version ? curl->ssl_version : "no TLS", sqlite3_libversion(),
             cJSON_Version(), OpenSSL_version(OPENSSL_VERSION_STRING));
}

const char *osp_version_libraries(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, compose);
    return text;
}
