/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HEIC and AVIF (ISO/IEC 23008-12): the meta box names the primary item and its properties. The
 * properties of a picture are those that ipma associates with it: a file holds the tiles of a
 * grid, thumbnails, alpha planes and gain maps as items of their own.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "probe/image.h"

#define META_MAX  (1u << 20)
#define BOXES_MAX 4096
#define TOP_MAX   64
/* Properties of one item: half a dozen in real files. Each is looked for from the start. */
#define ITEM_MAX 64

struct box {
    const uint8_t *data; /* past the header */
    size_t size;
    char type[5];
};

/* Boxes one after another in memory (14496-12 4.2). @return false: the end, or broken */
static bool next_box(const uint8_t **at, const uint8_t *end, struct box *out)
{
    size_t left = (size_t)(end - *at), header = 8;
    uint64_t size;

    if (left < 8)
        return false;
    size = be32(*at);
    if (size == 1 && left >= 16) {
        size = be64(*at + 8);
        header = 16;
    } else if (size == 0) {
        size = left;
    }
    if (size < header || size > left)
        return false;
    memcpy(out->type, *at + 4, 4);
    out->type[4] = 0;
    out->data = *at + header;
    out->size = (size_t)size - header;
    *at += size;
    return true;
}

static bool find_box(const struct box *in, size_t skip, const char *type, struct box *out)
{
    const uint8_t *at = in->data + skip, *end = in->data + in->size;

    if (in->size < skip)
        return false;
    while (next_box(&at, end, out)) {
        if (memcmp(out->type, type, 4) == 0)
            return true;
    }
    return false;
}

/* ---- brands ---- */

static const char *name_of_brand(const uint8_t *brand)
{
    static const char heifs[][5] = { "heic", "heix", "heim", "heis", "hevc", "hevx" };

    if (memcmp(brand, "avif", 4) == 0 || memcmp(brand, "avis", 4) == 0)
        return "avif";
    for (size_t i = 0; i < OSP_COUNT(heifs); i++) {
        if (memcmp(brand, heifs[i], 4) == 0)
            return "heif";
    }
    return NULL;
}

const char *image_heif_name(const uint8_t *head, size_t size)
{
    const char *name;

    if (size < 16 || memcmp(head + 4, "ftyp", 4) != 0)
        return NULL;
    name = name_of_brand(head + 8);
    if (name || (memcmp(head + 8, "mif1", 4) != 0 && memcmp(head + 8, "msf1", 4) != 0))
        return name;
    for (size_t at = 16; at + 4 <= size && at + 4 <= be32(head); at += 4) {
        if (name_of_brand(head + at))
            return name_of_brand(head + at);
    }
    return "heif";
}

/* ---- items ---- */

struct heif {
    struct image *image;
    struct box meta, properties;
    uint32_t primary;
    int applied;    /* properties of it */
    unsigned turns; /* of 90 degrees, counter-clockwise, as irot says */
    int mirror;     /* imir: -1 none, 0 top to bottom, 1 left to right */
    uint32_t width, height;
};

static uint32_t read_primary(const struct box *meta)
{
    struct box pitm;

    if (!find_box(meta, 4, "pitm", &pitm) || pitm.size < 6)
        return 0;
    if (pitm.data[0] == 0)
        return be16(pitm.data + 4);
    return pitm.size >= 8 ? be32(pitm.data + 4) : 0;
}

static void read_colour(struct heif *heif, const struct box *colr)
{
    osp_image_facts *facts = &heif->image->facts->image;

    if (colr->size < 6)
        return;
    if (memcmp(colr->data, "prof", 4) == 0 || memcmp(colr->data, "rICC", 4) == 0)
        icc_read(colr->data + 4, colr->size - 4, facts);
    else if (memcmp(colr->data, "nclx", 4) == 0)
        cicp_read(be16(colr->data + 4), facts);
}

static bool is_alpha(const struct box *auxiliary)
{
    return memmem(auxiliary->data, auxiliary->size, ":auxiliary:alpha", 16) ||
           memmem(auxiliary->data, auxiliary->size, "auxid:1", 7);
}

/* A property of the primary item. Turns and mirrors come in the order of ipma; every writer known
 * puts irot before imir, and 6.5.10 asks for it. */
static void apply_property(struct heif *heif, const struct box *property)
{
    osp_video_facts *v = &heif->image->facts->video;

    if (memcmp(property->type, "ispe", 4) == 0 && property->size >= 12) {
        heif->width = be32(property->data + 4);
        heif->height = be32(property->data + 8);
    } else if (memcmp(property->type, "irot", 4) == 0 && property->size >= 1) {
        heif->turns = property->data[0] & 3;
    } else if (memcmp(property->type, "imir", 4) == 0 && property->size >= 1) {
        heif->mirror = property->data[0] & 1;
    } else if (memcmp(property->type, "pixi", 4) == 0 && property->size >= 6) {
        v->bit_depth = property->data[5];
        image_set_model(heif->image, property->data[4] == 1 ? "grey" : "ycbcr");
    } else if (memcmp(property->type, "colr", 4) == 0) {
        read_colour(heif, property);
    } else if (memcmp(property->type, "av1C", 4) == 0 && property->size >= 3) {
        /* av1-isobmff 2.3.3: high_bitdepth, twelve_bit, monochrome */
        v->bit_depth = property->data[2] & 0x40 ? property->data[2] & 0x20 ? 12 : 10 : 8;
        image_set_model(heif->image, property->data[2] & 0x10 ? "grey" : "ycbcr");
    } else if (memcmp(property->type, "hvcC", 4) == 0 && property->size >= 18) {
        v->bit_depth = (property->data[17] & 7) + 8; /* 14496-15 8.3.3.1 bit_depth_luma_minus8 */
        image_set_model(heif->image, property->data[16] & 3 ? "ycbcr" : "grey");
    }
}

static bool property_at(const struct heif *heif, unsigned index, struct box *out)
{
    const uint8_t *at = heif->properties.data, *end = at + heif->properties.size;

    for (unsigned i = 1; next_box(&at, end, out); i++) {
        if (i == index)
            return true;
    }
    return false;
}

/* 8.11.14 ipma: items, each with the numbers of its properties. */
static void read_associations(struct heif *heif, const struct box *ipma)
{
    const uint8_t *p = ipma->data + 8, *end = ipma->data + ipma->size;
    bool wide_ids, wide_numbers;

    if (ipma->size < 8)
        return;
    wide_ids = ipma->data[0] > 0;
    wide_numbers = ipma->data[3] & 1;
    while (end - p >= (wide_ids ? 5 : 3)) {
        uint32_t id = wide_ids ? be32(p) : be16(p);
        unsigned count = p[wide_ids ? 4 : 2];

        p += wide_ids ? 5 : 3;
        for (; count && end - p >= (wide_numbers ? 2 : 1); count--, p += wide_numbers ? 2 : 1) {
            unsigned index = wide_numbers ? be16(p) & 0x7FFF : *p & 0x7F;
            struct box property;

            if (id == heif->primary && heif->applied++ < ITEM_MAX &&
                property_at(heif, index, &property))
                apply_property(heif, &property);
        }
    }
}

/* Auxiliary pictures by their auxC properties; a tone map derivation is a gain map, too. */
static void read_extras(struct heif *heif, const struct box *iinf)
{
    const uint8_t *at = heif->properties.data, *end = at + heif->properties.size;
    osp_facts *facts = heif->image->facts;
    struct box box;

    for (int i = 0; i < BOXES_MAX && next_box(&at, end, &box); i++) {
        if (memcmp(box.type, "auxC", 4) != 0)
            continue;
        if (is_alpha(&box))
            facts->video.alpha = 1;
        if (memmem(box.data, box.size, ":hdrgainmap", 11))
            facts->image.gain_map = 1;
    }
    if (memmem(iinf->data, iinf->size, "tmap", 4))
        facts->image.gain_map = 1;
}

static void read_meta(struct heif *heif)
{
    struct box iprp = { 0 }, ipma, iinf = { .data = heif->meta.data };

    heif->primary = read_primary(&heif->meta);
    if (find_box(&heif->meta, 4, "iprp", &iprp) && find_box(&iprp, 0, "ipco", &heif->properties) &&
        find_box(&iprp, 0, "ipma", &ipma))
        read_associations(heif, &ipma);
    if (!find_box(&heif->meta, 4, "iinf", &iinf))
        iinf.size = 0;
    if (heif->properties.data)
        read_extras(heif, &iinf);
}

/* An image sequence is a film of samples (avis, msf1): its first track counts. */
static void read_sequence(struct heif *heif, const struct box *moov)
{
    osp_image_facts *facts = &heif->image->facts->image;
    struct box box = *moov, tkhd;
    static const char *const path[] = { "trak", "mdia", "minf", "stbl", "stsz" };

    if (find_box(moov, 0, "trak", &box) && find_box(&box, 0, "tkhd", &tkhd) && tkhd.size >= 84 &&
        !heif->width) {
        heif->width = be32(tkhd.data + tkhd.size - 8) >> 16; /* 8.3.2: 16.16, at its end */
        heif->height = be32(tkhd.data + tkhd.size - 4) >> 16;
    }
    box = *moov;
    for (size_t i = 0; i < OSP_COUNT(path); i++) {
        struct box in = box;

        if (!find_box(&in, 0, path[i], &box))
            return;
    }
    if (box.size < 12)
        return;
    facts->pictures = be32(box.data + 8);
    facts->animated = facts->pictures > 1;
}

/* Turned counter-clockwise by irot, then mirrored by imir; ours is mirrored, then turned
 * clockwise. A mirror behind a turn is a mirror before the opposite turn. */
static void show(struct heif *heif)
{
    osp_video_facts *v = &heif->image->facts->video;
    unsigned turns = (4 - heif->turns) & 3;

    if (heif->mirror >= 0) {
        v->mirrored = 1;
        turns = (4 - turns) & 3;
        if (heif->mirror == 0) /* top to bottom: left to right, and half a turn */
            turns = (turns + 2) & 3;
    }
    v->rotation_deg = (int)turns * 90;
    if (turns & 1) {
        v->width_px = v->coded_height_px;
        v->height_px = v->coded_width_px;
    }
}

/* A box of the file's top level, into memory as far as META_MAX. */
static void load(struct heif *heif, const char *type, int64_t at, int64_t size)
{
    OSP_AUTO(auto_free) uint8_t *data = NULL;
    struct box box = { 0 };

    if (size <= 0 || size > META_MAX)
        return;
    data = malloc((size_t)size);
    if (!data || !bytes_at(&heif->image->bytes, at, data, (size_t)size))
        return;
    box.data = data;
    box.size = (size_t)size;
    if (memcmp(type, "moov", 4) == 0) {
        read_sequence(heif, &box);
    } else {
        heif->meta = box;
        read_meta(heif);
        heif->meta = heif->properties = (struct box){ 0 };
    }
}

const char *image_heif(struct image *image)
{
    struct heif heif = { .image = image, .mirror = -1 };
    bool avif = strcmp(image->facts->container, "avif") == 0;
    uint8_t head[16];
    int64_t at = 0;

    image_set_codec(image, avif ? "av1" : "hevc", "", 0);
    for (int i = 0; i < TOP_MAX && bytes_some(&image->bytes, at, head, 16) >= 8; i++) {
        int64_t size = be32(head), header = 8;

        if (size == 1) {
            size = (int64_t)(be64(head + 8) & INT64_MAX);
            header = 16;
        } else if (size == 0) {
            size = image->bytes.size - at;
        }
        if (size < header)
            break;
        if (size > image->bytes.size - at) {
            image->facts->image.cut_off = 1;
            break;
        }
        if (memcmp(head + 4, "meta", 4) == 0 || memcmp(head + 4, "moov", 4) == 0)
            load(&heif, (const char *)head + 4, at + header, size - header);
        at += size;
    }
    if (!image_set_size(image, heif.width, heif.height))
        return avif ? "an AVIF without a picture" : "a HEIF without a picture";
    show(&heif);
    return NULL;
}
