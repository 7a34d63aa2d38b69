/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

/**
 * Cleanup at the end of the scope: `OSP_AUTO(av_frame_free) AVFrame *frame = NULL;`. fn takes the
 * variable's address, as libav's free functions and ours do. OSP_TAKE() moves a value out, so that
 * the cleanup sees NULL. Never mixed with goto.
 */
#define OSP_AUTO(fn) __attribute__((cleanup(fn), unused))

#define OSP_TAKE(p)                 \
    __extension__({                 \
        __typeof__(p) taken_ = (p); \
        (p) = NULL;                 \
        taken_;                     \
    })

#define OSP_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/** free() for a pointer variable of any type: `OSP_AUTO(auto_free) char *text = NULL;` */
void auto_free(void *variable);
/** close() for an int; -1 is fine. */
void auto_close(int *fd);

#endif
