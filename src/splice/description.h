/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef SPLICE_DESCRIPTION_H
#define SPLICE_DESCRIPTION_H

#include "omnisplice/splice.h"

/**
 * Compare what two files say of their media, apart from packets and pictures: tracks, codecs,
 * sizes, colours, sound, turns, languages, chapters; of two MP4 or MOV files every box that a
 * splice has no reason to change, byte by byte. Every difference becomes a line in out.
 * @return OSP_OK, OSP_EMEDIA, OSP_EINTERNAL
 */
int description_compare(const char *master, const char *result, osp_verification *out,
                        osp_error *err);
/** Add a line. @return OSP_OK, OSP_EINTERNAL */
int description_note(osp_verification *out, osp_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
