/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_ENTRY_H
#define PROBE_ENTRY_H

#include "probe/format.h"
#include "probe/mp4.h"

/** The picture track's first sample entry (ISO/IEC 14496-12 12.1.3): codec, size, aperture, colour,
 *  fields, HDR. v->codec stays "" when FFmpeg knows no such codec. */
void entry_video(const struct mp4_file *file, const struct mp4_track *track, osp_video_facts *v,
                 struct setup *setup);
/** The first sample entry of a sound track: codec, rate, channels. */
void entry_sound(const struct mp4_file *file, const struct mp4_track *track, osp_sound_facts *s);

#endif
