/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* TIFF 6.0, and the orientation that Exif keeps in the same structure. */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "probe/image.h"

#define ENTRIES_MAX 1000u
#define PAGES_MAX   4096

enum tag {
    TAG_WIDTH = 256,
    TAG_HEIGHT = 257,
    TAG_BITS = 258,
    TAG_PHOTOMETRIC = 262,
    TAG_ORIENTATION = 274,
    TAG_SAMPLES = 277,
    TAG_EXTRA = 338,
    TAG_ICC = 34675,
};

/** An entry of a directory (TIFF 6.0, section 2). */
struct entry {
    unsigned tag, type;
    uint32_t count, value; /* value: the first, where it stands in the entry; else its offset */
};

static unsigned get16(const uint8_t *p, bool little)
{
    return little ? le16(p) : be16(p);
}

static uint32_t get32(const uint8_t *p, bool little)
{
    return little ? le32(p) : be32(p);
}

static struct entry read_entry(const uint8_t *p, bool little)
{
    struct entry e = { get16(p, little), get16(p + 2, little), get32(p + 4, little), 0 };
    bool shorts = e.type == 3 && e.count <= 2;

    e.value = shorts ? get16(p + 8, little) : get32(p + 8, little);
    if (e.type == 1 && e.count <= 4)
        e.value = p[8];
    return e;
}

static bool is_tiff(const uint8_t *head)
{
    return memcmp(head, "II*\0", 4) == 0 || memcmp(head, "MM\0*", 4) == 0;
}

int exif_orientation(const uint8_t *tiff, size_t size)
{
    size_t at, count;
    bool little;

    if (size < 8 || !is_tiff(tiff))
        return 0;
    little = tiff[0] == 'I';
    at = get32(tiff + 4, little);
    if (at > size || size - at < 2)
        return 0;
    count = get16(tiff + at, little);
    for (size_t i = 0; i < count && at + 2 + (i + 1) * 12 <= size; i++) {
        struct entry e = read_entry(tiff + at + 2 + i * 12, little);

        if (e.tag == TAG_ORIENTATION && e.type == 3 && e.value >= 1 && e.value <= 8)
            return (int)e.value;
    }
    return 0;
}

/* The tags of the first directory that say something to us. */
struct page {
    uint32_t width, height, bits, photometric, orientation, samples, extra;
    struct entry icc;
};

static void take(struct image *image, const struct entry *e, bool little, struct page *page)
{
    uint8_t bits[2];

    switch (e->tag) {
    case TAG_WIDTH:
        page->width = e->value;
        break;
    case TAG_HEIGHT:
        page->height = e->value;
        break;
    case TAG_PHOTOMETRIC:
        page->photometric = e->value;
        break;
    case TAG_ORIENTATION:
        page->orientation = e->value;
        break;
    case TAG_SAMPLES:
        page->samples = e->value;
        break;
    case TAG_EXTRA:
        page->extra = e->count ? e->value : 0;
        break;
    case TAG_ICC:
        page->icc = *e;
        break;
    case TAG_BITS:
        page->bits = e->value;
        if (e->count > 2) /* one for each channel, elsewhere */
            page->bits = bytes_at(&image->bytes, e->value, bits, 2) ? get16(bits, little) : 0;
        break;
    default:
        break;
    }
}

/* @return where the next directory lies; 0: none, or it cannot be read */
static uint32_t read_directory(struct image *image, uint32_t at, bool little, struct page *page)
{
    uint8_t raw[12];
    unsigned count;

    if (!at || !bytes_at(&image->bytes, at, raw, 2))
        return 0;
    count = get16(raw, little);
    for (unsigned i = 0; page && i < count && i < ENTRIES_MAX; i++) {
        struct entry e;

        if (!bytes_at(&image->bytes, (int64_t)at + 2 + i * 12, raw, 12))
            return 0;
        e = read_entry(raw, little);
        take(image, &e, little, page);
    }
    if (!bytes_at(&image->bytes, (int64_t)at + 2 + count * 12, raw, 4))
        return 0;
    return get32(raw, little);
}

static void read_icc(struct image *image, const struct entry *e)
{
    OSP_AUTO(auto_free) uint8_t *icc = e->count > 4 ? malloc(ICC_HEAD) : NULL;

    if (icc)
        icc_read(
            icc,
            bytes_some(&image->bytes, e->value, icc, e->count < ICC_HEAD ? e->count : ICC_HEAD),
            &image->facts->image);
}

static const char *model_of(uint32_t photometric)
{
    static const char *const models[] = { "grey", "grey",  "rgb", "palette", "",
                                          "cmyk", "ycbcr", "",    "",        "lab" };

    return photometric < OSP_COUNT(models) ? models[photometric] : "";
}

const char *image_tiff(struct image *image)
{
    struct page page = { .bits = 1, .samples = 1 };
    uint32_t next;
    uint8_t head[8];
    bool little;
    int64_t pages = 1;

    if (!bytes_at(&image->bytes, 0, head, 8))
        return "a TIFF that ends in its header";
    little = head[0] == 'I';
    next = read_directory(image, get32(head + 4, little), little, &page);
    if (!image_set_size(image, page.width, page.height))
        return "a TIFF with a broken header";
    while (next && pages < PAGES_MAX) { /* a chain in a circle ends here, too */
        next = read_directory(image, next, little, NULL);
        pages++;
    }
    image_set_codec(image, "tiff", page.photometric <= 1 ? "gray" : "", (int)(page.bits & 127));
    image_set_model(image, model_of(page.photometric));
    /* 1 and 2 of ExtraSamples are alpha, 0 is anything */
    image->facts->video.alpha = page.extra == 1 || page.extra == 2;
    image->facts->image.pictures = pages; /* pages, one beside the other: no animation */
    if (page.icc.count)
        read_icc(image, &page.icc);
    image_orient(image, page.orientation >= 1 && page.orientation <= 8 ? (int)page.orientation : 0);
    return NULL;
}
