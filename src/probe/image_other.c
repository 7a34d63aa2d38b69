/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Formats that say little in a fixed place: BMP, PSD, JPEG 2000, JPEG XL, SVG. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/rational.h"
#include "probe/image.h"

/* ---- BMP: BITMAPCOREHEADER (12 bytes) or BITMAPINFOHEADER and its followers ---- */

const char *image_bmp(struct image *image)
{
    uint8_t head[70] = { 0 };
    bool old, ok;
    unsigned bits;
    int32_t height;

    if (bytes_some(&image->bytes, 0, head, sizeof(head)) < 26)
        return "a BMP that ends in its header";
    old = le32(head + 14) == 12;
    height = (int32_t)le32(head + 22); /* below 0: rows from the top */
    ok = old ? image_set_size(image, le16(head + 18), le16(head + 20))
             : image_set_size(image, le32(head + 18), (uint32_t)llabs(height));
    if (!ok)
        return "a BMP with a broken header";
    bits = le16(head + (old ? 24 : 28));
    image_set_codec(image, "bmp", bits <= 8 ? "palette" : "rgb", bits == 16 ? 5 : 8);
    image_set_model(image, bits <= 8 ? "palette" : "rgb");
    /* BITMAPV3INFOHEADER (56) and later hold a mask of alpha at 66 */
    image->facts->video.alpha = bits == 32 && le32(head + 14) >= 56 && le32(head + 66) != 0;
    image->facts->image.cut_off = le32(head + 2) > image->bytes.size;
    return NULL;
}

/* ---- PSD ---- */

const char *image_psd(struct image *image)
{
    static const char *const models[] = { "grey", "grey", "palette", "rgb",  "cmyk",
                                          "",     "",     "",        "grey", "lab" };
    uint8_t head[26];
    unsigned mode;

    if (!bytes_at(&image->bytes, 0, head, sizeof(head)))
        return "a PSD that ends in its header";
    if (!image_set_size(image, be32(head + 18), be32(head + 14)))
        return "a PSD with a broken header";
    mode = be16(head + 24);
    image_set_codec(image, "psd", "", (int)be16(head + 22));
    image_set_model(image, mode < 10 ? models[mode] : "");
    return NULL;
}

/* ---- JPEG 2000 (ISO/IEC 15444-1): SIZ of the codestream, or ihdr of the file format ---- */

const char *image_jp2(struct image *image)
{
    uint8_t head[1024];
    size_t got = bytes_some(&image->bytes, 0, head, sizeof(head));
    const uint8_t *ihdr = memmem(head, got, "ihdr", 4);
    bool ok = false;

    image_set_codec(image, "jpeg2000", "", 0);
    if (got >= 24 && head[0] == 0xFF) { /* A.5.1: extent of the grid less the offset on it */
        ok = be32(head + 8) > be32(head + 16) && be32(head + 12) > be32(head + 20) &&
             image_set_size(image, be32(head + 8) - be32(head + 16),
                            be32(head + 12) - be32(head + 20));
    } else if (ihdr && ihdr + 15 <= head + got) { /* I.5.3.1: height, width, channels, depth */
        ok = image_set_size(image, be32(ihdr + 8), be32(ihdr + 4));
        image->facts->video.bit_depth = ihdr[14] == 255 ? 0 : (ihdr[14] & 127) + 1;
    }
    return ok ? NULL : "a JPEG 2000 with a broken header";
}

/* ---- JPEG XL (ISO/IEC 18181-1): bits from the least significant on ---- */

struct jxl_bits {
    const uint8_t *data;
    size_t size, bit;
};

static uint32_t jxl_u(struct jxl_bits *bits, unsigned count)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < count; i++, bits->bit++) {
        if (bits->bit / 8 < bits->size)
            value |= (uint32_t)(bits->data[bits->bit / 8] >> bits->bit % 8 & 1) << i;
    }
    return value;
}

static uint32_t jxl_side(struct jxl_bits *bits, bool small)
{
    static const unsigned widths[4] = { 9, 13, 18, 30 };

    return small ? (jxl_u(bits, 5) + 1) * 8 : jxl_u(bits, widths[jxl_u(bits, 2)]) + 1;
}

/* D.2 SizeHeader; the start of D.3 ImageMetadata. */
static bool jxl_header(struct image *image, struct jxl_bits *bits)
{
    static const uint64_t ratios[8][2] = { { 0, 0 }, { 1, 1 },  { 12, 10 }, { 4, 3 },
                                           { 3, 2 }, { 16, 9 }, { 5, 4 },   { 2, 1 } };
    bool small = jxl_u(bits, 1);
    uint32_t height = jxl_side(bits, small), ratio = jxl_u(bits, 3);
    uint64_t width = ratio ? height * ratios[ratio][0] / ratios[ratio][1] : jxl_side(bits, small);

    if (width > UINT32_MAX || !image_set_size(image, (uint32_t)width, height))
        return false;
    if (!jxl_u(bits, 1) && jxl_u(bits, 1)) /* not all default, and there are extra fields */
        image_orient(image, (int)jxl_u(bits, 3) + 1);
    image->facts->image.exif_orientation = 0; /* the format's own, no Exif */
    return true;
}

const char *image_jxl(struct image *image)
{
    uint8_t head[1024];
    size_t got = bytes_some(&image->bytes, 0, head, sizeof(head)), at = 0;

    image_set_codec(image, "jpegxl", "", 0);
    for (size_t i = 12; got > 12 && head[0] == 0 && i + 14 <= got; i++) { /* a file of boxes */
        if (memcmp(head + i, "jxlc", 4) == 0)
            at = i + 4;
        else if (memcmp(head + i, "jxlp", 4) == 0)
            at = i + 8; /* a counter first */
        if (at)
            break;
    }
    if (at + 2 <= got && head[at] == 0xFF && head[at + 1] == 0x0A) {
        struct jxl_bits bits = { head + at + 2, got - at - 2, 0 };

        return jxl_header(image, &bits) ? NULL : "a JPEG XL with a broken header";
    }
    return NULL; /* named is enough: nobody takes it */
}

/* ---- SVG ---- */

/* Past white space, declarations and comments to the root element; NULL: none in sight. */
static const char *svg_root(const char *p, const char *end)
{
    while (p < end) {
        const char *close = "\0";

        if (isspace((unsigned char)*p)) {
            p++;
            continue;
        }
        if (*p != '<')
            return NULL;
        if (end - p > 4 && memcmp(p, "<!--", 4) == 0)
            close = "-->";
        else if (end - p > 2 && p[1] == '?')
            close = "?>";
        else if (end - p > 2 && p[1] == '!') /* a document type with declarations ends in ]> */
            close = memchr(p, '[', (size_t)(end - p)) &&
                            memchr(p, '[', (size_t)(end - p)) < memchr(p, '>', (size_t)(end - p))
                        ? "]>"
                        : ">";
        else
            return p + 1;
        p = memmem(p, (size_t)(end - p), close, strlen(close));
        if (!p)
            return NULL;
        p += strlen(close);
    }
    return NULL;
}

static const char *svg_element(const uint8_t *head, size_t size)
{
    const char *p = (const char *)head, *end = p + size;
    const char *root = svg_root(size > 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0 ? p + 3 : p, end);

    if (!root)
        return NULL;
    for (int i = 0; i < 16 && root + 4 < end; i++) { /* a name space may stand before */
        if (memcmp(root, "svg", 3) == 0 && (isspace((unsigned char)root[3]) || root[3] == '>'))
            return root + 3;
        root = memchr(root, ':', 16 < end - root ? 16 : (size_t)(end - root));
        if (!root)
            return NULL;
        root++;
    }
    return NULL;
}

bool image_is_svg(const uint8_t *head, size_t size)
{
    return size > 4 && svg_element(head, size) != NULL;
}

/* Pixels that a quoted attribute says, to the nearest; 0: none, or in another unit. */
static uint32_t svg_pixels(const char *quoted)
{
    const char *p = quoted + 1;
    uint32_t value = 0;

    for (; *p >= '0' && *p <= '9' && value < 1000000000 / 10; p++)
        value = value * 10 + (uint32_t)(*p - '0');
    if (*p == '.') {
        value += p[1] >= '5' && p[1] <= '9';
        p += 1 + strspn(p + 1, "0123456789");
    }
    return *p == *quoted || strncmp(p, "px", 2) == 0 ? value : 0;
}

static uint32_t svg_length(const char *element, const char *name)
{
    size_t length = strlen(name);

    for (const char *at = element; (at = strstr(at, name)); at += length) {
        if (isspace((unsigned char)at[-1]) && (at[length] == '"' || at[length] == '\''))
            return svg_pixels(at + length);
    }
    return 0;
}

const char *image_svg(struct image *image)
{
    char head[4097];
    size_t got = bytes_some(&image->bytes, 0, head, sizeof(head) - 1);
    const char *element = svg_element((const uint8_t *)head, got);
    char *end;

    head[got] = 0;
    image_set_codec(image, "svg", "", 0);
    end = element ? strchr(element, '>') : NULL;
    if (end)
        *end = 0;
    if (element)
        (void)image_set_size(image, svg_length(element, "width="), svg_length(element, "height="));
    return NULL;
}
