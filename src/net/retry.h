/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef NET_RETRY_H
#define NET_RETRY_H

#include <stdint.h>

/** How often something is tried and how long is waited between. */
struct backoff {
    int tries;   /* in all */
    int base_ms; /* upper bound of the first wait; doubles */
    int cap_ms;
};

/**
 * How long to wait after the n-th try (from 1): exponential with full jitter, so that many clients
 * that were turned away together do not come back together.
 * @param retry_after  value of that header, seconds or a date; obeyed up to ten minutes; may be ""
 */
int backoff_wait_ms(const struct backoff *backoff, int attempt, const char *retry_after);
/** Seconds since 1970 of an HTTP date (RFC 9110 5.6.7); -1: it is none. */
int64_t http_date_s(const char *value);
/** Milliseconds that a Retry-After asks for (RFC 9110 10.2.3), at most ten minutes; 0: none. */
int retry_after_ms(const char *value, int64_t now_s);

#endif
