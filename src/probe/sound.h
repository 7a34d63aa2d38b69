/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_SOUND_H
#define PROBE_SOUND_H

#include "omnisplice/media.h"
#include "probe/bytes.h"

struct mp4_file;

/*
 * Readers of sound files: exact lengths, without a decoder. Each returns false when the file is
 * none of its own; then facts->kind is set, or facts->fault says what is wrong.
 */

/** RIFF, RF64 and BW64 with "WAVE". */
bool sound_wav(struct bytes *bytes, osp_facts *facts);
/** MPEG audio (MP1 to MP3) and AAC in ADTS, behind an ID3v2 tag or without one. */
bool sound_mpeg(struct bytes *bytes, osp_facts *facts);
/** The first sound track of an ISO BMFF file: the part that its edit list presents. */
bool sound_mp4(struct mp4_file *file, osp_facts *facts);
/** Seconds of priming that its edit list hides in front: of a fragmented file, whose edit has no
 *  length. 0: none. */
osp_rational sound_mp4_hidden(struct mp4_file *file);

#endif
