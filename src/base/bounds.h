/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef BASE_BOUNDS_H
#define BASE_BOUNDS_H

/* What this program can do, as opposed to what the service takes (that is the profile's). */

/** Pixels of a picture that decoders are let make: a bomb of zeros asks for more. */
#define DECODER_PIXELS_MAX (1 << 26)

#endif
