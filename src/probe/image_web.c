/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GIF 89a and WebP (RFC 9649). */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "probe/image.h"

/* ---- GIF ---- */

/* Past a chain of blocks, each a length and its bytes. @return where; -1: cut off, or too long */
static int64_t skip_blocks(struct bytes *bytes, int64_t at)
{
    uint8_t size;

    while (bytes_at(bytes, at, &size, 1)) {
        at += 1 + size;
        if (!size)
            return at;
    }
    return -1;
}

/* @return where the next block begins; -1: the end, or as far as the budget goes */
static int64_t gif_block(struct image *image, int64_t at)
{
    uint8_t block[10];
    struct bytes *bytes = &image->bytes;

    if (!bytes_at(bytes, at, block, 1))
        return -1;
    if (block[0] == '!' && bytes_at(bytes, at, block, 4)) {
        if (block[1] == 0xF9 && (block[3] & 1)) /* graphic control: a transparent colour */
            image->facts->video.alpha = 1;
        return skip_blocks(bytes, at + 2);
    }
    if (block[0] != ',' || !bytes_at(bytes, at, block, 10))
        return -1;
    image->facts->image.pictures++;
    return skip_blocks(bytes, at + 11 + (block[9] & 0x80 ? 3 << ((block[9] & 7) + 1) : 0));
}

const char *image_gif(struct image *image)
{
    osp_image_facts *facts = &image->facts->image;
    uint8_t head[13], last = 0;
    int64_t at;

    if (!bytes_at(&image->bytes, 0, head, sizeof(head)) ||
        !image_set_size(image, le16(head + 6), le16(head + 8)))
        return "a GIF with a broken header";
    image_set_codec(image, "gif", "palette", 8);
    image_set_model(image, "palette");
    facts->pictures = 0;
    at = 13 + (head[10] & 0x80 ? 3 << ((head[10] & 7) + 1) : 0);
    while (at >= 0)
        at = gif_block(image, at);
    facts->animated = facts->pictures > 1;
    if (image->bytes.budget <= 0) /* a long one: more than we looked at */
        facts->pictures = 0;
    else
        facts->cut_off = !bytes_at(&image->bytes, image->bytes.size - 1, &last, 1) ||
                         (last != ';' && last != 0); /* some writers pad with zeros */
    return NULL;
}

/* ---- WebP ---- */

#define CHUNKS_MAX 65536

struct webp {
    struct image *image;
    int orientation;
};

static void webp_exif(struct webp *webp, int64_t at, uint32_t size)
{
    uint8_t exif[4096];
    size_t got = bytes_some(&webp->image->bytes, at, exif,
                            size < sizeof(exif) ? size : sizeof(exif));
    size_t skip = got > 6 && memcmp(exif, "Exif\0\0", 6) == 0 ? 6 : 0; /* seen, though not asked */

    webp->orientation = exif_orientation(exif + skip, got - skip);
}

static void webp_icc(struct webp *webp, int64_t at, uint32_t size)
{
    OSP_AUTO(auto_free) uint8_t *icc = malloc(ICC_HEAD);

    if (icc)
        icc_read(icc, bytes_some(&webp->image->bytes, at, icc, size < ICC_HEAD ? size : ICC_HEAD),
                 &webp->image->facts->image);
}

/* 2.5 and 3.4: 14 bits for each side, one less (lossless) or as they are (RFC 6386 9.1). */
static void webp_picture(struct webp *webp, bool lossless, int64_t at)
{
    osp_video_facts *v = &webp->image->facts->video;
    uint8_t head[10];

    if (!bytes_at(&webp->image->bytes, at, head, 10))
        return;
    if (lossless && head[0] == 0x2F) {
        if (!v->width_px)
            (void)image_set_size(webp->image, (le32(head + 1) & 0x3FFF) + 1,
                                 (le32(head + 1) >> 14 & 0x3FFF) + 1);
        v->alpha = v->alpha || (head[4] & 0x10);
        image_set_codec(webp->image, "webp", "rgb", 8);
        image_set_model(webp->image, "rgb");
    } else if (!lossless && memcmp(head + 3, "\x9D\x01\x2A", 3) == 0) {
        if (!v->width_px)
            (void)image_set_size(webp->image, le16(head + 6) & 0x3FFF, le16(head + 8) & 0x3FFF);
        image_set_codec(webp->image, "webp", "4:2:0", 8);
        image_set_model(webp->image, "ycbcr");
    }
}

static void webp_chunk(struct webp *webp, const uint8_t name[4], int64_t at, uint32_t size)
{
    osp_facts *facts = webp->image->facts;
    uint8_t head[10];

    if (memcmp(name, "VP8X", 4) == 0 && bytes_at(&webp->image->bytes, at, head, 10)) {
        (void)image_set_size(webp->image, le24(head + 4) + 1, le24(head + 7) + 1);
        facts->video.alpha = (head[0] & 0x10) != 0;
        facts->image.animated = (head[0] & 0x02) != 0;
    } else if (memcmp(name, "VP8 ", 4) == 0 || memcmp(name, "VP8L", 4) == 0) {
        webp_picture(webp, name[3] == 'L', at);
    } else if (memcmp(name, "ANMF", 4) == 0) {
        facts->image.pictures++;
    } else if (memcmp(name, "ICCP", 4) == 0) {
        webp_icc(webp, at, size);
    } else if (memcmp(name, "EXIF", 4) == 0) {
        webp_exif(webp, at, size);
    }
}

const char *image_webp(struct image *image)
{
    struct webp webp = { .image = image };
    osp_image_facts *facts = &image->facts->image;
    uint8_t head[8];
    int64_t at = 12, end;

    if (!bytes_at(&image->bytes, 0, head, 8))
        return "a WebP that ends in its header";
    end = 8 + (int64_t)le32(head + 4);
    image_set_codec(image, "webp", "", 8);
    facts->pictures = 0;
    for (int i = 0; i < CHUNKS_MAX && at < end && bytes_at(&image->bytes, at, head, 8); i++) {
        webp_chunk(&webp, head, at + 8, le32(head + 4));
        at += 8 + (int64_t)le32(head + 4) + (le32(head + 4) & 1);
    }
    facts->cut_off = end > image->bytes.size + 1; /* the last padding byte is missed by nobody */
    if (!facts->animated)
        facts->pictures = 1;
    if (!image->facts->video.width_px)
        return "a WebP without a picture";
    image_orient(image, webp.orientation);
    return NULL;
}
