/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_FIRST_H
#define PROBE_FIRST_H

#include "probe/format.h"
#include "probe/mp4.h"

/**
 * What only the first picture tells: the fields of H.264, parameter sets that stand in the samples
 * ("avc3", "hev1"), the headers of ProRes, DNxHD, MPEG-2, JPEG and VP9. Reads nothing when the
 * record said enough, and at most FIRST_MAX_BYTES otherwise; no picture is decoded.
 */
#define FIRST_MAX_BYTES 32768

void first_read(const struct mp4_file *file, int64_t offset, uint32_t size, osp_video_facts *v,
                struct setup *setup);

#endif
