/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images by their headers: type by content, size, depth, colour model, orientation. A decoder is
 * never started, so that a 30,000 px picture costs a few reads. Formats that the service does not
 * take are read too: the verdict then says all that is wrong, and conform knows what it gets.
 */
#include "probe/image.h"

#include <limits.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "probe/probe.h"

/* Headers, a profile and the tail of the file; more is no header. */
#define BUDGET (4 << 20)

bool image_set_size(struct image *image, uint32_t width, uint32_t height)
{
    osp_video_facts *v = &image->facts->video;

    if (!width || !height || width > INT_MAX || height > INT_MAX)
        return false;
    v->coded_width_px = v->width_px = (int)width;
    v->coded_height_px = v->height_px = (int)height;
    v->sar = (osp_rational){ 1, 1 };
    v->frame_count = 1;
    return true;
}

void image_set_codec(struct image *image, const char *codec, const char *chroma, int depth)
{
    osp_video_facts *v = &image->facts->video;

    str_copy(v->codec, sizeof(v->codec), codec);
    str_copy(v->chroma, sizeof(v->chroma), chroma);
    v->bit_depth = depth;
}

void image_set_model(struct image *image, const char *model)
{
    str_copy(image->facts->image.model, sizeof(image->facts->image.model), model);
}

void image_orient(struct image *image, int orientation)
{
    /* how the stored picture is turned, and mirrored before that, to be upright */
    static const struct {
        int rotation, mirrored;
    } ways[9] = { { 0, 0 },   { 0, 0 },  { 0, 1 },  { 180, 0 }, { 180, 1 },
                  { 270, 1 }, { 90, 0 }, { 90, 1 }, { 270, 0 } };
    osp_video_facts *v = &image->facts->video;

    image->facts->image.exif_orientation = orientation;
    v->rotation_deg = ways[orientation].rotation;
    v->mirrored = ways[orientation].mirrored;
    if (v->rotation_deg % 180) {
        v->width_px = v->coded_height_px;
        v->height_px = v->coded_width_px;
    }
}

/* Formats by their first bytes. No reader: the name is enough, since nobody takes them. */
static const struct type {
    const char *name;
    size_t at, size;
    const char *magic;
    const char *(*read)(struct image *image);
} types[] = {
    { "jpeg", 0, 3, "\xFF\xD8\xFF", image_jpeg },
    { "png", 0, 8, "\x89PNG\r\n\x1A\n", image_png },
    { "gif", 0, 6, "GIF87a", image_gif },
    { "gif", 0, 6, "GIF89a", image_gif },
    { "webp", 8, 7, "WEBPVP8", image_webp },
    { "cr2", 8, 3, "CR\x02", NULL }, /* Canon raw: a TIFF, so before it */
    { "tiff", 0, 4, "II*\0", image_tiff },
    { "tiff", 0, 4, "MM\0*", image_tiff },
    { "bigtiff", 0, 4, "II+\0", NULL },
    { "bigtiff", 0, 4, "MM\0+", NULL },
    { "psd", 0, 4, "8BPS", image_psd },
    { "jxl", 0, 2, "\xFF\x0A", image_jxl },
    { "jxl", 0, 12, "\0\0\0\x0CJXL \r\n\x87\n", image_jxl },
    { "jpeg2000", 0, 12, "\0\0\0\x0CjP  \r\n\x87\n", image_jp2 },
    { "jpeg2000", 0, 4, "\xFF\x4F\xFF\x51", image_jp2 },
    { "jpegxr", 0, 3, "II\xBC", NULL },
    { "cr3", 4, 7, "ftypcrx", NULL },
    { "exr", 0, 4, "\x76\x2F\x31\x01", NULL },
    { "hdr", 0, 10, "#?RADIANCE", NULL },
    { "ico", 0, 4, "\0\0\1\0", NULL },
    { "dds", 0, 4, "DDS ", NULL },
    { "qoi", 0, 4, "qoif", NULL },
    { "pdf", 0, 5, "%PDF-", NULL },
    { "postscript", 0, 4, "%!PS", NULL },
    { "xcf", 0, 9, "gimp xcf ", NULL },
};

static const struct type heif = { "heif", 0, 0, "", image_heif };
static const struct type bmp = { "bmp", 0, 2, "BM", image_bmp };
static const struct type pnm = { "pnm", 0, 1, "P", NULL };
static const struct type svg = { "svg", 0, 1, "<", image_svg };

/* P6, a white space, the width or a comment. */
static bool is_pnm(const uint8_t *head, size_t size)
{
    return size >= 4 && head[0] == 'P' && head[1] >= '1' && head[1] <= '7' &&
           strchr(" \t\r\n", head[2]) && head[2] && strchr("#0123456789", head[3]) && head[3];
}

/* Two letters are no proof: of a bitmap the header's size must be one that exists. */
static const struct type *find_weak(const uint8_t *head, size_t size)
{
    if (size >= 18 && memcmp(head, "BM", 2) == 0 && le32(head + 14) >= 12 && le32(head + 14) <= 124)
        return &bmp;
    if (is_pnm(head, size))
        return &pnm;
    return image_is_svg(head, size) ? &svg : NULL;
}

static const struct type *find_type(const uint8_t *head, size_t size)
{
    for (size_t i = 0; i < OSP_COUNT(types); i++) {
        if (size >= types[i].at + types[i].size &&
            memcmp(head + types[i].at, types[i].magic, types[i].size) == 0)
            return &types[i];
    }
    if (image_heif_name(head, size))
        return &heif;
    return find_weak(head, size);
}

int probe_image(const struct probe_source *source, const uint8_t *head, size_t size,
                osp_facts *facts)
{
    const struct type *type = find_type(head, size);
    struct image image = { .facts = facts };
    const char *fault = NULL;

    if (!type)
        return 0;
    bytes_init(&image.bytes, source->fd, BUDGET);
    str_copy(facts->container, sizeof(facts->container),
             type == &heif ? image_heif_name(head, size) : type->name);
    image_set_codec(&image, facts->container, "", 0);
    facts->image.pictures = 1;
    facts->video.level = -1;
    if (type->read)
        fault = type->read(&image);
    if (fault)
        str_copy(facts->fault, sizeof(facts->fault), fault);
    else
        facts->kind = OSP_KIND_IMAGE;
    return 1;
}
