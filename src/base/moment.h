/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_MOMENT_H
#define BASE_MOMENT_H

#include "omnisplice/media.h"

/** The moment of a shown picture, seconds from the container's start; for frame_count the end of
 *  the last one. The facts are of a video with pictures. */
osp_rational facts_moment(const osp_facts *facts, int64_t frame);

#endif
