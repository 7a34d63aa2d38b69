/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PNG and APNG (ISO/IEC 15948; PNG third edition for acTL, eXIf, cICP). */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "probe/image.h"

#define CHUNKS_MAX 4096
#define EXIF_MAX   65536u /* thumbnails and all: more does not fit a JPEG's segment either */
#define TAIL       65536

static const uint8_t end_chunk[12] = "\0\0\0\0IEND\xAE\x42\x60\x82";

struct png {
    struct image *image;
    int orientation;
};

static void read_exif(struct png *png, int64_t at, uint32_t size)
{
    OSP_AUTO(auto_free) uint8_t *exif = malloc(EXIF_MAX);
    size_t take = size < EXIF_MAX ? size : EXIF_MAX;

    if (exif)
        png->orientation = exif_orientation(exif, bytes_some(&png->image->bytes, at, exif, take));
}

/* 11.3.2.3 iCCP: name, 0, method 0, deflated profile. The name within the profile is the better
 * one, but a writer may have left it out. */
static void read_icc(struct png *png, int64_t at, uint32_t size)
{
    OSP_AUTO(auto_free) uint8_t *data = malloc(ICC_HEAD);
    osp_image_facts *facts = &png->image->facts->image;
    size_t got, name;

    if (!data)
        return;
    got = bytes_some(&png->image->bytes, at, data, size < ICC_HEAD ? size : ICC_HEAD);
    name = strnlen((const char *)data, got < 80 ? got : 80);
    facts->icc = 1;
    if (name + 2 <= got)
        icc_read_deflated(data + name + 2, got - name - 2, facts);
    if (!facts->icc_name[0] && name < got && str_code_points((const char *)data) >= 0)
        str_copy(facts->icc_name, sizeof(facts->icc_name), (const char *)data);
}

static void read_chunk(struct png *png, const uint8_t type[4], int64_t at, uint32_t size)
{
    osp_facts *facts = png->image->facts;
    uint8_t word[4];

    if (memcmp(type, "acTL", 4) == 0 && size >= 4 && bytes_at(&png->image->bytes, at, word, 4)) {
        facts->image.pictures = be32(word);
        facts->image.animated = facts->image.pictures > 1;
    } else if (memcmp(type, "tRNS", 4) == 0) {
        facts->video.alpha = 1;
    } else if (memcmp(type, "eXIf", 4) == 0) {
        read_exif(png, at, size);
    } else if (memcmp(type, "iCCP", 4) == 0) {
        read_icc(png, at, size);
    } else if (memcmp(type, "cICP", 4) == 0 && bytes_at(&png->image->bytes, at, word, 4)) {
        cicp_read(word[0], &facts->image);
    }
}

/* eXIf may stand behind the picture as well. A large picture is thousands of chunks, so the tail
 * is searched for one from which chunks lead exactly to the end. */
static void read_tail(struct png *png)
{
    OSP_AUTO(auto_free) uint8_t *tail = malloc(TAIL);
    struct bytes *bytes = &png->image->bytes;
    int64_t from = bytes->size > TAIL ? bytes->size - TAIL : 0;
    size_t got = tail ? bytes_some(bytes, from, tail, TAIL) : 0;
    const uint8_t *end = got ? memmem(tail, got, end_chunk, sizeof(end_chunk)) : NULL;

    png->image->facts->image.cut_off = got && !end;
    for (size_t i = 4; end && i + 4 < (size_t)(end - tail) && !png->orientation; i++) {
        size_t size = be32(tail + i - 4), next = i + 4 + size + 4;

        if (memcmp(tail + i, "eXIf", 4) != 0)
            continue;
        while (next + 8 <= (size_t)(end - tail)) /* no sum overflows: next stays below TAIL here */
            next += 12 + (size_t)be32(tail + next);
        if (next == (size_t)(end - tail))
            png->orientation = exif_orientation(tail + i + 4, size);
    }
}

static const struct {
    const char *model, *chroma;
    int alpha;
} models[7] = { { "grey", "gray", 0 },       { NULL, "", 0 },       { "rgb", "rgb", 0 },
                { "palette", "palette", 0 }, { "grey", "gray", 1 }, { NULL, "", 0 },
                { "rgb", "rgb", 1 } };

const char *image_png(struct image *image)
{
    struct png png = { .image = image };
    uint8_t head[33], chunk[8];
    int64_t at = 33;

    if (!bytes_at(&image->bytes, 0, head, sizeof(head)) || memcmp(head + 12, "IHDR", 4) != 0)
        return "a PNG without its header";
    if (!image_set_size(image, be32(head + 16), be32(head + 20)) || head[25] > 6 ||
        !models[head[25]].model)
        return "a PNG with a broken header";
    image_set_codec(image, "png", models[head[25]].chroma, head[24]);
    image_set_model(image, models[head[25]].model);
    image->facts->video.alpha = models[head[25]].alpha;
    if (head[28])
        str_copy(image->facts->image.coding, sizeof(image->facts->image.coding), "interlaced");
    /* what we ask for stands before the picture (5.6), but for eXIf */
    for (int i = 0; i < CHUNKS_MAX && bytes_at(&image->bytes, at, chunk, 8); i++) {
        if (memcmp(chunk + 4, "IDAT", 4) == 0 || memcmp(chunk + 4, "IEND", 4) == 0)
            break;
        read_chunk(&png, chunk + 4, at + 8, be32(chunk));
        at += 12 + (int64_t)be32(chunk);
    }
    read_tail(&png);
    image_orient(image, png.orientation);
    return NULL;
}
