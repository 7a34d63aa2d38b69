/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PROBE_IMAGE_H
#define PROBE_IMAGE_H

#include "omnisplice/media.h"
#include "probe/bytes.h"

/*
 * Readers of image headers, one per format (types in image.c). Each fills the facts and returns
 * NULL, or says what is wrong with the file. None decodes; all read on the budget of `bytes`, and
 * nothing is allocated or walked by a count that the file declares alone.
 */
struct image {
    struct bytes bytes;
    osp_facts *facts;
};

const char *image_jpeg(struct image *image);
const char *image_png(struct image *image);
const char *image_gif(struct image *image);
const char *image_webp(struct image *image);
const char *image_bmp(struct image *image);
const char *image_tiff(struct image *image);
const char *image_psd(struct image *image);
const char *image_heif(struct image *image); /* HEIC, AVIF */
const char *image_jxl(struct image *image);
const char *image_jp2(struct image *image);
const char *image_svg(struct image *image);

/** "avif", "heif" or NULL: what an ISO BMFF head with such brands is. */
const char *image_heif_name(const uint8_t *head, size_t size);
/** The root element is svg, behind whatever may stand before it. */
bool image_is_svg(const uint8_t *head, size_t size);

/** @return false: a size that no picture has */
bool image_set_size(struct image *image, uint32_t width, uint32_t height);
void image_set_codec(struct image *image, const char *codec, const char *chroma, int depth);
void image_set_model(struct image *image, const char *model);
/** Exif 2.32, tag 274; 1 to 8, or 0: none. The displayed size follows. */
void image_orient(struct image *image, int orientation);

/** Orientation in a TIFF structure as Exif carries it, 0: none. */
int exif_orientation(const uint8_t *tiff, size_t size);
/** Description and gamut of an ICC profile; its head with the tags is enough. */
void icc_read(const uint8_t *icc, size_t size, osp_image_facts *image);
/** The same, deflated (RFC 1950). */
void icc_read_deflated(const uint8_t *data, size_t size, osp_image_facts *image);
/** Gamut of ITU-T H.273 colour primaries. */
void cicp_read(unsigned primaries, osp_image_facts *image);

#define ICC_HEAD 65536 /* bytes of a profile that are looked at; tags lie in front */

#endif
