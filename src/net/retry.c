/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/retry.h"

#include <curl/curl.h>
#include <sys/random.h>
#include <time.h>

#include "base/str.h"

#define TEN_MINUTES_MS (10 * 60 * 1000)

int64_t http_date_s(const char *value)
{
    return (int64_t)curl_getdate(value, NULL);
}

int retry_after_ms(const char *value, int64_t now_s)
{
    int64_t seconds;

    if (!value || !*value)
        return 0;
    if (!str_to_int64(value, 0, INT64_MAX, &seconds)) {
        int64_t date = http_date_s(value);

        seconds = date < 0 ? 0 : date - now_s;
    }
    if (seconds <= 0)
        return 0;
    return seconds > TEN_MINUTES_MS / 1000 ? TEN_MINUTES_MS : (int)seconds * 1000;
}

static uint32_t dice(void)
{
    uint32_t value = 0;

    if (getrandom(&value, sizeof(value), 0) != (ssize_t)sizeof(value))
        value = (uint32_t)clock(); /* jitter, not a secret */
    return value;
}

int backoff_wait_ms(const struct backoff *backoff, int attempt, const char *retry_after)
{
    int64_t bound = backoff->base_ms;
    int asked = retry_after_ms(retry_after, (int64_t)time(NULL));
    int wait;

    for (int i = 1; i < attempt && bound < backoff->cap_ms; i++)
        bound *= 2;
    if (bound > backoff->cap_ms)
        bound = backoff->cap_ms;
    wait = bound > 0 ? (int)(dice() % (uint32_t)(bound + 1)) : 0;
    return wait > asked ? wait : asked;
}
