/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ICC profiles (ICC.1:2010): what they are called, and whether they hold more colours than sRGB. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/auto.h"
#include "base/str.h"
#include "probe/image.h"

#define HEADER   128
#define TAGS_MAX 256u

struct tag_data {
    const uint8_t *data;
    size_t size;
};

/* 7.3: a table of signature, offset, size. */
static struct tag_data find_tag(const uint8_t *icc, size_t size, const char *name)
{
    uint32_t count = be32(icc + HEADER);

    for (uint32_t i = 0; i < count && i < TAGS_MAX; i++) {
        const uint8_t *entry = icc + HEADER + 4 + (size_t)i * 12;
        uint32_t at, length;

        if ((size_t)(entry - icc) + 12 > size)
            break;
        at = be32(entry + 4);
        length = be32(entry + 8);
        if (memcmp(entry, name, 4) == 0 && at < size)
            return (struct tag_data){ icc + at, length < size - at ? length : size - at };
    }
    return (struct tag_data){ NULL, 0 };
}

/* 10.13 multiLocalizedUnicodeType: the first record, in UTF-16. What is not ASCII becomes "?". */
static void read_mluc(struct tag_data tag, char *out, size_t size)
{
    uint32_t length = be32(tag.data + 20), at = be32(tag.data + 24);
    size_t n = 0;

    for (uint32_t i = 0; i + 2 <= length && n + 1 < size && (uint64_t)at + i + 2 <= tag.size;
         i += 2) {
        unsigned c = be16(tag.data + at + i);

        if (c)
            out[n++] = c >= 32 && c < 127 ? (char)c : '?';
    }
    out[n] = 0;
}

/* ICC.1:2001-04 6.5.17 textDescriptionType, or its successor. */
static void read_description(const uint8_t *icc, size_t size, osp_image_facts *image)
{
    struct tag_data tag = find_tag(icc, size, "desc");
    size_t n = 0;

    if (tag.size >= 28 && memcmp(tag.data, "mluc", 4) == 0)
        read_mluc(tag, image->icc_name, sizeof(image->icc_name));
    if (tag.size < 13 || memcmp(tag.data, "desc", 4) != 0)
        return;
    for (size_t i = 12; i < tag.size && i < 12 + (size_t)be32(tag.data + 8); i++) {
        if (!tag.data[i] || n + 1 == sizeof(image->icc_name))
            break;
        image->icc_name[n++] = tag.data[i] >= 32 && tag.data[i] < 127 ? (char)tag.data[i] : '?';
    }
    image->icc_name[n] = 0;
}

struct point {
    double x, y;
};

/* Chromaticity of an XYZ tag (10.31: signature, reserved, three s15Fixed16). */
static bool read_point(const uint8_t *icc, size_t size, const char *name, struct point *out)
{
    struct tag_data tag = find_tag(icc, size, name);
    double xyz[3], sum = 0;

    if (tag.size < 20 || memcmp(tag.data, "XYZ ", 4) != 0)
        return false;
    for (int i = 0; i < 3; i++) {
        xyz[i] = (int32_t)be32(tag.data + 8 + 4 * i) / 65536.0;
        sum += xyz[i];
    }
    if (sum <= 0)
        return false;
    *out = (struct point){ xyz[0] / sum, xyz[1] / sum };
    return true;
}

/* sRGB's primaries as its profile has them: adapted to D50. */
static const struct point srgb[3] = { { 0.6484, 0.3309 }, { 0.3212, 0.5979 }, { 0.1559, 0.0660 } };

/* Outside of that triangle, by more than profiles of sRGB differ among themselves. */
static bool beyond_srgb(struct point p)
{
    const double slack = 0.008;

    for (int i = 0; i < 3; i++) {
        struct point a = srgb[i], b = srgb[(i + 1) % 3];
        double side = (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x);

        if (side / hypot(b.x - a.x, b.y - a.y) < -slack)
            return true;
    }
    return false;
}

void icc_read(const uint8_t *icc, size_t size, osp_image_facts *image)
{
    static const char *const names[] = { "rXYZ", "gXYZ", "bXYZ" };
    struct point point;

    image->icc = 1;
    if (size < HEADER + 4 || memcmp(icc + 36, "acsp", 4) != 0)
        return;
    read_description(icc, size, image);
    for (size_t i = 0; memcmp(icc + 16, "RGB ", 4) == 0 && i < OSP_COUNT(names); i++) {
        if (read_point(icc, size, names[i], &point) && beyond_srgb(point))
            image->wide_gamut = 1;
    }
}

void icc_read_deflated(const uint8_t *data, size_t size, osp_image_facts *image)
{
    OSP_AUTO(auto_free) uint8_t *icc = malloc(ICC_HEAD);
    z_stream z = { .next_in = (Bytef *)data, .avail_in = (uInt)size };

    image->icc = 1;
    if (!icc || inflateInit(&z) != Z_OK)
        return;
    z.next_out = icc;
    z.avail_out = ICC_HEAD;
    (void)inflate(&z, Z_FINISH); /* what came out before it ended or broke is what there is */
    icc_read(icc, ICC_HEAD - z.avail_out, image);
    inflateEnd(&z);
}

void cicp_read(unsigned primaries, osp_image_facts *image)
{
    /* H.273 table 2: 9 BT.2020, 10 XYZ, 11 DCI-P3, 12 Display P3 */
    if (primaries >= 9 && primaries <= 12)
        image->wide_gamut = 1;
}
