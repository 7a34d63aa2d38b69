/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Images by their headers: type by content, size, depth, colour model, orientation. A decoder is
 * never started, so that a 30,000 px picture costs a few reads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "av/open.h"
#include "base/auto.h"
#include "base/str.h"
#include "probe/probe.h"

struct file {
    int fd;
    osp_facts *facts;
};

static bool read_at(const struct file *file, int64_t offset, void *out, size_t size)
{
    return pread(file->fd, out, size, (off_t)offset) == (ssize_t)size;
}

static unsigned be16(const uint8_t *p)
{
    return (unsigned)p[0] << 8 | p[1];
}

static unsigned be32(const uint8_t *p)
{
    return be16(p) << 16 | be16(p + 2);
}

static void set_picture(osp_facts *facts, const char *codec, int width, int height, int depth,
                        const char *chroma)
{
    osp_video_facts *v = &facts->video;

    str_copy(v->codec, sizeof(v->codec), codec);
    str_copy(v->chroma, sizeof(v->chroma), chroma);
    v->coded_width_px = v->width_px = width;
    v->coded_height_px = v->height_px = height;
    v->bit_depth = depth;
    v->sar = (osp_rational){ 1, 1 };
    v->frame_count = 1;
}

/* TIFF 6.0 section 2, Exif 2.32 4.6.4: tag 0x0112 of the first directory. */
static int exif_orientation(const uint8_t *tiff, size_t size)
{
    bool little = size > 8 && tiff[0] == 'I';
    size_t at, count;

#define U16(p) (little ? (unsigned)((p)[0] | (p)[1] << 8) : be16(p))
#define U32(p) (little ? U16(p) | U16((p) + 2) << 16 : be32(p))
    if (size < 8 || (memcmp(tiff, "II*\0", 4) != 0 && memcmp(tiff, "MM\0*", 4) != 0))
        return 0;
    at = U32(tiff + 4);
    if (at + 2 > size)
        return 0;
    count = U16(tiff + at);
    for (size_t i = 0; i < count && at + 2 + (i + 1) * 12 <= size; i++) {
        const uint8_t *entry = tiff + at + 2 + i * 12;
        unsigned value = U16(entry + 8);

        if (U16(entry) == 0x0112 && U16(entry + 2) == 3 && value >= 1 && value <= 8)
            return (int)value;
    }
    return 0;
#undef U16
#undef U32
}

static void orient(osp_facts *facts, int orientation)
{
    /* Exif 2.32, tag 274: how the stored picture is turned and mirrored to be upright */
    static const struct {
        int rotation, mirrored;
    } ways[9] = { { 0, 0 },   { 0, 0 },  { 0, 1 },  { 180, 0 }, { 180, 1 },
                  { 270, 1 }, { 90, 0 }, { 90, 1 }, { 270, 0 } };
    osp_video_facts *v = &facts->video;

    facts->exif_orientation = orientation;
    v->rotation_deg = ways[orientation].rotation;
    v->mirrored = ways[orientation].mirrored;
    if (v->rotation_deg % 180) {
        v->width_px = v->coded_height_px;
        v->height_px = v->coded_width_px;
    }
}

/* ISO/IEC 15948 (PNG) 5.3: chunks; 11.2.2 IHDR. acTL marks an animation, eXIf the orientation. */
static const char *read_png(const struct file *file)
{
    static const struct {
        const char *chroma;
        int alpha;
    } models[7] = { { "gray", 0 }, { "", 0 }, { "rgb", 0 }, { "palette", 0 },
                    { "gray", 1 }, { "", 0 }, { "rgb", 1 } };
    uint8_t head[33];
    int64_t at = 8;
    int orientation = 0;

    if (!read_at(file, 0, head, sizeof(head)) || memcmp(head + 12, "IHDR", 4) != 0)
        return "a PNG without its header";
    if (!be32(head + 16) || !be32(head + 20) || be32(head + 16) > INT32_MAX ||
        be32(head + 20) > INT32_MAX || head[25] > 6)
        return "a PNG with a broken header";
    set_picture(file->facts, "png", (int)be32(head + 16), (int)be32(head + 20), head[24],
                models[head[25]].chroma);
    file->facts->video.alpha = models[head[25]].alpha;
    for (int i = 0; i < 256; i++) {
        uint8_t chunk[8], exif[1024];

        if (!read_at(file, at, chunk, 8) || memcmp(chunk + 4, "IEND", 4) == 0)
            break;
        if (memcmp(chunk + 4, "acTL", 4) == 0)
            file->facts->animated = 1;
        if (memcmp(chunk + 4, "tRNS", 4) == 0)
            file->facts->video.alpha = 1;
        if (memcmp(chunk + 4, "eXIf", 4) == 0) {
            size_t size = be32(chunk) < sizeof(exif) ? be32(chunk) : sizeof(exif);

            if (read_at(file, at + 8, exif, size))
                orientation = exif_orientation(exif, size);
        }
        at += 12 + (int64_t)be32(chunk);
    }
    orient(file->facts, orientation);
    return NULL;
}

static void read_app(const struct file *file, int marker, int64_t at, size_t size, int *orientation)
{
    uint8_t data[4096];
    size_t take = size < sizeof(data) ? size : sizeof(data);

    if (marker == 0xE1 && take > 14 && read_at(file, at, data, take) &&
        memcmp(data, "Exif\0\0", 6) == 0 && !*orientation)
        *orientation = exif_orientation(data + 6, take - 6);
}

/* ITU-T T.81 B.2.2: SOF0 to SOF15 but DHT, JPG, DAC. */
static bool is_frame_header(int marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static const char *read_sof(const struct file *file, int marker, int64_t at, size_t size)
{
    static const char *const chroma_of[] = { "4:4:4", "4:2:2", "4:4:0", "4:2:0" };
    uint8_t sof[15] = { 0 };
    int parts, halves;

    if (size < 8 || !read_at(file, at, sof, size < 15 ? size : 15))
        return "a JPEG that ends in its header";
    parts = sof[5];
    halves = (sof[7] >> 4 == 2) + 2 * ((sof[7] & 15) == 2);
    if (!be16(sof + 3) || !be16(sof + 1))
        return "a JPEG with a broken header";
    set_picture(file->facts, marker == 0xC3 ? "jpegls" : "mjpeg", (int)be16(sof + 3),
                (int)be16(sof + 1), sof[0],
                parts == 1   ? "gray"
                : parts == 4 ? "cmyk"
                             : chroma_of[halves]);
    if (marker == 0xC3)
        str_copy(file->facts->video.codec, sizeof(file->facts->video.codec), "ljpeg");
    str_copy(file->facts->video.profile, sizeof(file->facts->video.profile),
             marker == 0xC2   ? "Progressive"
             : marker == 0xC3 ? "Lossless"
                              : "Baseline");
    return NULL;
}

/* Markers, and bytes between them, before a picture must have begun. */
#define HEADERS_MAX 8192

static const char *read_jpeg(const struct file *file)
{
    int64_t at = 2;
    int orientation = 0;

    for (int i = 0; i < HEADERS_MAX; i++) {
        uint8_t head[4];
        const char *fault;

        if (!read_at(file, at, head, 4))
            return "a JPEG that ends in its header";
        if (head[0] != 0xFF) { /* decoders go on to the next marker, and so must a verdict */
            at++;
            continue;
        }
        if (head[1] == 0xFF || head[1] == 0x01 || (head[1] >= 0xD0 && head[1] <= 0xD8)) {
            at += head[1] == 0xFF ? 1 : 2; /* fill byte, or a marker alone */
            continue;
        }
        if (head[1] == 0xD9 || head[1] == 0xDA || be16(head + 2) < 2)
            return "a JPEG without a picture";
        if (is_frame_header(head[1])) {
            fault = read_sof(file, head[1], at + 4, be16(head + 2) - 2);
            if (!fault)
                orient(file->facts, orientation);
            return fault;
        }
        read_app(file, head[1], at + 4, be16(head + 2) - 2, &orientation);
        at += 2 + (int64_t)be16(head + 2);
    }
    return "a JPEG with no end of headers";
}

#define HEIF_HEAD 65536

/* Adobe Photoshop file format: height and width at 14 and 18. */
static const char *read_psd(const struct file *file)
{
    uint8_t head[26];

    if (!read_at(file, 0, head, sizeof(head)))
        return "a PSD that ends in its header";
    set_picture(file->facts, "psd", (int)(be32(head + 18) & INT32_MAX),
                (int)(be32(head + 14) & INT32_MAX), (int)be16(head + 22), "");
    return NULL;
}

/* ISO/IEC 23008-12 6.5.3: ispe holds width and height; the largest is the picture. */
static const char *read_heif(const struct file *file)
{
    OSP_AUTO(auto_free) uint8_t *head = malloc(HEIF_HEAD);
    ssize_t got = head ? pread(file->fd, head, HEIF_HEAD, 0) : 0;
    bool avif = got > 12 && memcmp(head + 8, "avi", 3) == 0;
    unsigned width = 0, height = 0;

    for (ssize_t i = 4; i + 16 <= got; i++) {
        if (memcmp(head + i, "ispe", 4) == 0 && be32(head + i + 8) < 65536 &&
            be32(head + i + 8) > width) {
            width = be32(head + i + 8);
            height = be32(head + i + 12);
        }
    }
    set_picture(file->facts, avif ? "av1" : "hevc", (int)width, (int)height, 0, "");
    return NULL;
}

/* GIF, WebP, BMP, TIFF, PSD: libavformat knows them well enough for a verdict. */
static const char *read_by_libav(const struct file *file)
{
    OSP_AUTO(input_close) AVFormatContext *input = NULL;
    AVStream *stream;

    set_picture(file->facts, file->facts->container, 0, 0, 0, "");
    if (input_open_deep_fd(file->fd, "image", &input, NULL) < 0)
        return NULL;
    stream = input_track(input, AVMEDIA_TYPE_VIDEO);
    if (stream)
        set_picture(file->facts, avcodec_get_name(stream->codecpar->codec_id),
                    stream->codecpar->width, stream->codecpar->height, 0, "");
    file->facts->animated = stream && stream->nb_frames > 1;
    return NULL;
}

static const struct {
    const char *name;
    size_t at, size;
    const char *magic;
    const char *(*read)(const struct file *file);
} types[] = {
    { "jpeg", 0, 3, "\xFF\xD8\xFF", read_jpeg }, { "png", 0, 8, "\x89PNG\r\n\x1A\n", read_png },
    { "gif", 0, 4, "GIF8", read_by_libav },      { "webp", 8, 4, "WEBP", read_by_libav },
    { "bmp", 0, 2, "BM", read_by_libav },        { "tiff", 0, 4, "II*\0", read_by_libav },
    { "tiff", 0, 4, "MM\0*", read_by_libav },    { "psd", 0, 4, "8BPS", read_psd },
    { "heif", 4, 8, "ftypheic", read_heif },     { "heif", 4, 8, "ftypheix", read_heif },
    { "heif", 4, 8, "ftypmif1", read_heif },     { "avif", 4, 8, "ftypavif", read_heif },
    { "avif", 4, 8, "ftypavis", read_heif },
};

static bool looks_like_svg(const uint8_t *head, size_t size)
{
    return head[0] == '<' && memmem(head, size, "<svg", 4);
}

int probe_image(const struct probe_source *source, const uint8_t *head, size_t size,
                osp_facts *facts)
{
    struct file file = { .fd = source->fd, .facts = facts };
    const char *fault;

    for (size_t i = 0; i < OSP_COUNT(types); i++) {
        if (size < types[i].at + types[i].size ||
            memcmp(head + types[i].at, types[i].magic, types[i].size) != 0)
            continue;
        str_copy(facts->container, sizeof(facts->container), types[i].name);
        fault = types[i].read(&file);
        if (fault)
            str_copy(facts->fault, sizeof(facts->fault), fault);
        else
            facts->kind = OSP_KIND_IMAGE;
        return 1;
    }
    if (size < 5 || !looks_like_svg(head, size))
        return 0;
    str_copy(facts->container, sizeof(facts->container), "svg");
    facts->kind = OSP_KIND_IMAGE;
    set_picture(facts, "svg", 0, 0, 0, "");
    return 1;
}
