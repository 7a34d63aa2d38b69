/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JPEG (ITU-T T.81) up to the first scan, and its last bytes. Colour comes from JFIF, Adobe's
 * APP14 and, without either, from the names of the components; Exif, XMP, ICC and the second
 * pictures of gain maps (MPF, CIPA DC-007) from their segments.
 */
#include <stdlib.h>
#include <string.h>

#include "base/auto.h"
#include "base/str.h"
#include "probe/image.h"

/* Markers, and bytes between them, before a scan must have begun. */
#define HEADERS_MAX 8192
#define SEGMENT     65536
#define TAIL        65536
#define SECOND_HEAD 16384

struct jpeg {
    struct image *image;
    int orientation;
    int adobe; /* the transform of APP14; -1: no such segment */
    bool jfif, icc_seen, sized;
    uint8_t components, ids[4];
    uint8_t segment[SEGMENT];
};

static bool holds(const uint8_t *data, size_t size, const char *words)
{
    return memmem(data, size, words, strlen(words)) != NULL;
}

static bool is_gain_map(const uint8_t *data, size_t size)
{
    return holds(data, size, "http://ns.adobe.com/hdr-gain-map/") ||
           holds(data, size, "HDRGainMapVersion") || holds(data, size, "aux:hdrgainmap") ||
           holds(data, size, "urn:iso:std:iso:ts:21496:-1");
}

/* DC-007 5.2.3: the MP index, a TIFF structure whose entry B002 holds 16 bytes for each picture:
 * attributes, size, offset from the index's own start. Apple's gain maps are named only there. */
static void read_second_picture(struct jpeg *jpeg, int64_t at, size_t size)
{
    OSP_AUTO(auto_free) uint8_t *head = malloc(SECOND_HEAD);
    const uint8_t *mp = jpeg->segment + 4;
    bool little;
    size_t list;

    if (!head || size < 4 + 8 + 2 + 36 || (memcmp(mp, "II", 2) != 0 && memcmp(mp, "MM", 2) != 0))
        return;
    little = mp[0] == 'I';
    for (list = 10; list + 12 <= size - 4; list += 12) {
        if ((little ? le16(mp + list) : be16(mp + list)) == 0xB002)
            break;
    }
    if (list + 12 > size - 4)
        return;
    list = little ? le32(mp + list + 8) : be32(mp + list + 8);
    if (list > size - 4 || size - 4 - list < 32)
        return;
    at += 4 + (int64_t)(little ? le32(mp + list + 24) : be32(mp + list + 24));
    if (is_gain_map(head, bytes_some(&jpeg->image->bytes, at, head, SECOND_HEAD)))
        jpeg->image->facts->image.gain_map = 1;
}

static void read_app1(struct jpeg *jpeg, size_t size)
{
    const uint8_t *data = jpeg->segment;

    if (size > 14 && memcmp(data, "Exif\0\0", 6) == 0 && !jpeg->orientation)
        jpeg->orientation = exif_orientation(data + 6, size - 6);
    else if (size > 29 && memcmp(data, "http://ns.adobe.com/xap/1.0/", 29) == 0 &&
             is_gain_map(data, size))
        jpeg->image->facts->image.gain_map = 1;
}

static void read_app2(struct jpeg *jpeg, int64_t at, size_t size)
{
    const uint8_t *data = jpeg->segment;

    if (size > 14 && memcmp(data, "ICC_PROFILE", 12) == 0 && !jpeg->icc_seen) {
        jpeg->icc_seen = true; /* the first part holds the tags (ICC.1 B.4) */
        icc_read(data + 14, size - 14, &jpeg->image->facts->image);
    } else if (size > 4 && memcmp(data, "MPF", 4) == 0) {
        read_second_picture(jpeg, at, size);
    } else if (is_gain_map(data, size < 64 ? size : 64)) {
        jpeg->image->facts->image.gain_map = 1;
    }
}

/* Whether a segment says something to us, by its first bytes. Cameras write megabytes of others
 * (extended XMP, depth maps, later parts of a profile), which are passed over unread. */
static bool is_wanted(const struct jpeg *jpeg, int marker, const uint8_t *head, size_t size)
{
    static const struct {
        int marker;
        size_t size;
        const char *words;
    } wanted[] = { { 0xE0, 5, "JFIF" },
                   { 0xE1, 6, "Exif\0" },
                   { 0xE1, 29, "http://ns.adobe.com/xap/1.0/" },
                   { 0xE2, 4, "MPF" },
                   { 0xE2, 26, "urn:iso:std:iso:ts:21496:-1" },
                   { 0xEE, 5, "Adobe" } };

    if (marker == 0xE2 && size > 14 && memcmp(head, "ICC_PROFILE", 12) == 0)
        return !jpeg->icc_seen;
    for (size_t i = 0; i < OSP_COUNT(wanted); i++) {
        if (marker == wanted[i].marker && size > wanted[i].size &&
            memcmp(head, wanted[i].words, wanted[i].size) == 0)
            return true;
    }
    return false;
}

static void read_app(struct jpeg *jpeg, int marker, int64_t at, size_t size)
{
    uint8_t head[32];
    size_t got = bytes_some(&jpeg->image->bytes, at, head, size < 32 ? size : 32);

    if (!is_wanted(jpeg, marker, head, got))
        return;
    size = bytes_some(&jpeg->image->bytes, at, jpeg->segment, size);
    if (marker == 0xE0)
        jpeg->jfif = true;
    else if (marker == 0xE1)
        read_app1(jpeg, size);
    else if (marker == 0xE2)
        read_app2(jpeg, at, size);
    else if (size >= 12)
        jpeg->adobe = jpeg->segment[11];
}

/* B.2.2: SOF0 to SOF15 but DHT, JPG, DAC. */
static bool is_frame_header(int marker)
{
    return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

static const char *coding_of(int marker)
{
    static const char *const codings[16] = {
        "baseline", "extended",     "progressive",  "lossless",
        "",         "hierarchical", "hierarchical", "hierarchical",
        "",         "arithmetic",   "arithmetic",   "arithmetic",
        "",         "hierarchical", "hierarchical", "hierarchical",
    };

    return codings[marker & 15];
}

/* Sampling factors of the first component against those of the second. */
static const char *chroma_of(const uint8_t *parts)
{
    static const struct {
        int across, down;
        const char *name;
    } kinds[] = { { 1, 1, "4:4:4" }, { 2, 1, "4:2:2" }, { 1, 2, "4:4:0" },
                  { 2, 2, "4:2:0" }, { 4, 1, "4:1:1" }, { 4, 2, "4:1:0" } };
    int across = parts[4] >> 4 ? (parts[1] >> 4) / (parts[4] >> 4) : 0;
    int down = parts[4] & 15 ? (parts[1] & 15) / (parts[4] & 15) : 0;

    for (size_t i = 0; i < OSP_COUNT(kinds); i++) {
        if (kinds[i].across == across && kinds[i].down == down)
            return kinds[i].name;
    }
    return "other";
}

static const char *read_frame_header(struct jpeg *jpeg, int marker, int64_t at, size_t size)
{
    osp_facts *facts = jpeg->image->facts;
    uint8_t sof[18] = { 0 };
    size_t got = bytes_some(&jpeg->image->bytes, at, sof, size < 18 ? size : 18);

    if (got < 9)
        return "a JPEG that ends in its header";
    if (!image_set_size(jpeg->image, be16(sof + 3), be16(sof + 1)) || sof[5] < 1 || sof[5] > 4)
        return "a JPEG with a broken header";
    jpeg->sized = true;
    jpeg->components = sof[5];
    for (int i = 0; i < 4; i++)
        jpeg->ids[i] = sof[6 + 3 * i];
    str_copy(facts->image.coding, sizeof(facts->image.coding), coding_of(marker));
    image_set_codec(jpeg->image, marker == 0xC3 ? "ljpeg" : "mjpeg",
                    sof[5] == 1   ? "gray"
                    : sof[5] == 4 ? "cmyk"
                    : sof[5] == 3 ? chroma_of(sof + 6)
                                  : "",
                    sof[0]);
    str_copy(facts->video.profile, sizeof(facts->video.profile),
             marker == 0xC2   ? "Progressive"
             : marker == 0xC3 ? "Lossless"
                              : "Baseline");
    return NULL;
}

/* Adobe technical note 5116, section 18; JFIF 1.02 knows grey and YCbCr alone. */
static const char *model_of(const struct jpeg *jpeg)
{
    switch (jpeg->components) {
    case 1:
        return "grey";
    case 3:
        if (jpeg->adobe >= 0)
            return jpeg->adobe ? "ycbcr" : "rgb";
        return !jpeg->jfif && memcmp(jpeg->ids, "RGB", 3) == 0 ? "rgb" : "ycbcr";
    case 4:
        return jpeg->adobe == 2 ? "ycck" : "cmyk";
    default:
        return "";
    }
}

/*
 * Whether the file ends inside its picture. Coded data never hold the end marker FF D9 (B.1.1.2:
 * FF is followed by 00 or a restart). Cameras append what they like behind the end, so that a tail
 * which is no coded data says nothing, and is not called cut off.
 */
static bool ends_in_scan(struct jpeg *jpeg, int64_t scan)
{
    uint8_t *tail = jpeg->segment;
    int64_t from = jpeg->image->bytes.size - TAIL;
    size_t got;

    from = from > scan ? from : scan;
    got = bytes_some(&jpeg->image->bytes, from, tail, TAIL);
    for (size_t i = 0; i + 1 < got; i++) {
        uint8_t next = tail[i + 1];

        if (tail[i] != 0xFF || next == 0 || next == 0xFF || (next >= 0xD0 && next <= 0xD7))
            continue;
        if (next != 0xC4 && next != 0xDA && next != 0xDB && next != 0xDD)
            return false; /* the end, or no scan; those four stand between scans */
    }
    return got > 0;
}

/* @return a fault, or NULL; *scan: where the first scan begins, 0: the headers go on */
static const char *read_marker(struct jpeg *jpeg, const uint8_t head[4], int64_t at, int64_t *scan)
{
    size_t size = be16(head + 2);
    int marker = head[1];

    if (marker == 0xD9 || size < 2)
        return "a JPEG without a picture";
    if (marker == 0xDA) {
        *scan = at;
        return jpeg->sized ? NULL : "a JPEG without a picture";
    }
    if (is_frame_header(marker) && !jpeg->sized)
        return read_frame_header(jpeg, marker, at + 4, size - 2);
    read_app(jpeg, marker, at + 4, size - 2);
    return NULL;
}

static const char *read_headers(struct jpeg *jpeg, int64_t *scan)
{
    int64_t at = 2;

    for (int i = 0; i < HEADERS_MAX; i++) {
        const char *fault;
        uint8_t head[4];

        if (!bytes_at(&jpeg->image->bytes, at, head, 4))
            return jpeg->sized ? NULL : "a JPEG that ends in its header";
        if (head[0] != 0xFF) { /* decoders go on to the next marker, and so must a verdict */
            at++;
            continue;
        }
        if (head[1] == 0xFF || head[1] == 0x01 || (head[1] >= 0xD0 && head[1] <= 0xD8)) {
            at += head[1] == 0xFF ? 1 : 2; /* fill byte, or a marker alone */
            continue;
        }
        fault = read_marker(jpeg, head, at, scan);
        if (fault || *scan)
            return fault;
        at += 2 + (int64_t)be16(head + 2);
    }
    return jpeg->sized ? NULL : "a JPEG with no end of headers";
}

const char *image_jpeg(struct image *image)
{
    OSP_AUTO(auto_free) struct jpeg *jpeg = calloc(1, sizeof(*jpeg));
    const char *fault;
    int64_t scan = 0;

    if (!jpeg)
        return "out of memory";
    jpeg->image = image;
    jpeg->adobe = -1;
    fault = read_headers(jpeg, &scan);
    if (fault)
        return fault;
    image_set_model(image, model_of(jpeg));
    image_orient(image, jpeg->orientation);
    image->facts->image.cut_off = !scan || ends_in_scan(jpeg, scan);
    return NULL;
}
