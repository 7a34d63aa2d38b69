/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_DISPLAY_H
#define PROBE_DISPLAY_H

#include "omnisplice/media.h"

/** Rotation and mirroring of a display matrix (ISO/IEC 14496-12 6.2.2). @param abcd  its turning
 *  part; any scale */
void display_orient(const int32_t abcd[4], osp_video_facts *v);
/** width_px and height_px from coded size, clean aperture, SAR and rotation. SAR 0/0 becomes 1. */
void display_size(osp_video_facts *v);

#endif
