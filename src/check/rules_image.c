/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rules of images, the same at every place where one goes in: they differ in the bytes alone.
 * Sizes are those of the upright picture. A broken size or ratio is often noticed only after the
 * task was accepted, a minute or two later: hence the words of more_late().
 */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "check/measure.h"
#include "check/rules.h"

#define NOT_DOCUMENTED "not documented by the service"
#define OURS           "decision of this program: sources are silent"

static void more_late(const osp_facts *f, const osp_profile *p, char *text, size_t size)
{
    (void)f, (void)p;
    add(text, size, "; the service would notice only after accepting the task");
}

/* Base64 in characters: four for each three bytes that are begun. */
static osp_rational encoded(const osp_facts *f)
{
    return (osp_rational){ (f->size_bytes + 2) / 3 * 4, 1 };
}

static const struct bound_rule bounds[] = {
    { "image.bytes", USES_OMNI, bytes, AT_MOST, "image.bytes_max.omni-video", "bytes",
      "it has %s bytes, the service takes at most %s", "encode", NULL, NULL, OSP_VIOLATION, NULL },
    { "image.bytes", USE(OMNI_IMAGE), bytes, AT_MOST, "image.bytes_max.omni-image", "bytes",
      "it has %s bytes, the service takes at most %s", "encode", NULL, NULL, OSP_VIOLATION, NULL },
    { "image.bytes", USE(AVATAR_IMAGE), bytes, AT_MOST, "image.bytes_max.avatar", "bytes",
      "it has %s bytes, the service takes at most %s", "encode", NULL, NULL, OSP_VIOLATION, NULL },
    { "image.inline", USES_IMAGE, encoded, AT_MOST, "image.inline.encoded_warn", "characters",
      "within the request it would take %s characters, more than %s: it is sent by address instead",
      "upload", NULL, NULL, OSP_WARNING, NULL },
    { "image.side.min", USES_IMAGE, short_side, AT_LEAST, "image.side_px_min", "px",
      "the shorter side is %s px, the service takes %s or more", "scale", NULL, NULL, OSP_VIOLATION,
      more_late },
    { "image.side.max", USES_IMAGE, long_side, AT_MOST, "image.side_px_warn_above", "px",
      "the longer side is %s px; above %s px nothing is known of the service", "scale", NULL, NULL,
      OSP_WARNING, NULL },
    { "image.aspect", USES_IMAGE, aspect, AT_LEAST, "image.aspect.min", "",
      "width to height is %s, the service takes %s or more", "crop", NULL, NULL, OSP_VIOLATION,
      more_late },
    { "image.aspect", USES_IMAGE, aspect, AT_MOST, "image.aspect.max", "",
      "width to height is %s, the service takes at most %s", "crop", NULL, NULL, OSP_VIOLATION,
      more_late },
};

static bool format(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    return not_listed(p, "image.formats", f->container, finding);
}

/* Extensions that lie about what the file holds. Other names than these say nothing. */
static bool name(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    static const struct {
        const char *extension, *container;
    } names[] = { { "jpg", "jpeg" },  { "jpeg", "jpeg" }, { "jpe", "jpeg" },  { "png", "png" },
                  { "apng", "png" },  { "gif", "gif" },   { "webp", "webp" }, { "bmp", "bmp" },
                  { "tif", "tiff" },  { "tiff", "tiff" }, { "heic", "heif" }, { "heif", "heif" },
                  { "avif", "avif" }, { "jxl", "jxl" },   { "svg", "svg" },   { "psd", "psd" } };

    (void)p;
    for (size_t i = 0; i < OSP_COUNT(names); i++) {
        if (strcmp(f->extension, names[i].extension) != 0)
            continue;
        str_copy(finding->limit, sizeof(finding->limit), f->container);
        return strcmp(f->container, names[i].container) != 0 && measured(finding, f->extension);
    }
    return false;
}

static bool exif(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (f->image.exif_orientation < 2)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%d", f->image.exif_orientation);
    return true;
}

static bool alpha(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->video.alpha && measured(finding, "alpha");
}

static bool animated(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (!f->image.animated)
        return false;
    if (!f->image.pictures)
        return measured(finding, "animated");
    snprintf(finding->measured, sizeof(finding->measured), "%lld pictures",
             (long long)f->image.pictures);
    return true;
}

static bool cmyk(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (strcmp(f->image.model, "ycck") == 0)
        return measured(finding, "YCCK");
    return strcmp(f->image.model, "cmyk") == 0 && measured(finding, "CMYK");
}

static bool depth(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    if (f->video.bit_depth <= 8)
        return false;
    snprintf(finding->measured, sizeof(finding->measured), "%d bit", f->video.bit_depth);
    return true;
}

static bool coding_is(const osp_facts *f, const char *const *words, size_t count,
                      osp_finding *finding)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(f->image.coding, words[i]) == 0)
            return measured(finding, words[i]);
    }
    return false;
}

static bool rare_coding(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    static const char *const words[] = { "lossless", "hierarchical", "arithmetic" };

    (void)p;
    return coding_is(f, words, OSP_COUNT(words), finding);
}

static bool progressive(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    static const char *const words[] = { "progressive", "interlaced" };

    (void)p;
    return coding_is(f, words, OSP_COUNT(words), finding);
}

static bool cut_off(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->image.cut_off && measured(finding, "no end");
}

static bool grey(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return strcmp(f->image.model, "grey") == 0 && measured(finding, "grey");
}

static bool palette(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return strcmp(f->image.model, "palette") == 0 && measured(finding, "palette");
}

static bool wide_gamut(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->image.wide_gamut &&
           measured(finding, f->image.icc_name[0] ? f->image.icc_name : "wide gamut");
}

static bool gain_map(const osp_facts *f, const osp_profile *p, osp_finding *finding)
{
    (void)p;
    return f->image.gain_map && measured(finding, "gain map");
}

static const struct word_rule words[] = {
    { "image.format", USES_IMAGE, OSP_VIOLATION, format,
      "the service takes JPEG and PNG by content", "encode" },
    { "image.name", USES_IMAGE, OSP_WARNING, name,
      "its name says another format than its content is, and the service names formats by "
      "extension",
      "rename" },
    { "image.truncated", USES_IMAGE, OSP_WARNING, cut_off,
      "it does not end as its format does: it was cut off, and its lower part is missing", "none" },
    { "image.coding", USES_IMAGE, OSP_WARNING, rare_coding,
      "a kind of JPEG that many decoders refuse", "encode" },
    { "image.exif", USES_IMAGE, OSP_WARNING, exif,
      "turned by its EXIF orientation; sizes are those of the upright picture", "encode" },
    { "image.alpha", USES_IMAGE, OSP_WARNING, alpha, "an alpha channel is not documented",
      "encode" },
    { "image.animated", USES_IMAGE, OSP_WARNING, animated, "an animation is not documented",
      "encode" },
    { "image.cmyk", USES_IMAGE, OSP_WARNING, cmyk, "print colours are not documented", "encode" },
    { "image.depth", USES_IMAGE, OSP_WARNING, depth, "more than 8 bits are not documented",
      "encode" },
    { "image.grey", USES_IMAGE, OSP_NOTE, grey, "not a colour picture", "none" },
    { "image.palette", USES_IMAGE, OSP_NOTE, palette, "at most 256 colours from a palette",
      "none" },
    { "image.icc", USES_IMAGE, OSP_NOTE, wide_gamut,
      "its colours reach beyond sRGB, and a reader without colour management shows them paler",
      "none" },
    { "image.progressive", USES_IMAGE, OSP_NOTE, progressive,
      "stored in passes, from coarse to fine", "none" },
    { "image.gainmap", USES_IMAGE, OSP_NOTE, gain_map,
      "a second picture makes it HDR where that is understood; the service will see the first",
      "none" },
};

static const struct rule_source sources[] = {
    { "image.inline", OURS },
    { "image.side.max", "one other client, not confirmed" },
    { "image.name", NOT_DOCUMENTED },
    { "image.truncated", NOT_DOCUMENTED },
    { "image.coding", NOT_DOCUMENTED },
    { "image.exif", NOT_DOCUMENTED },
    { "image.alpha", NOT_DOCUMENTED },
    { "image.animated", NOT_DOCUMENTED },
    { "image.cmyk", NOT_DOCUMENTED },
    { "image.depth", NOT_DOCUMENTED },
    { "image.grey", NOT_DOCUMENTED },
    { "image.palette", NOT_DOCUMENTED },
    { "image.icc", NOT_DOCUMENTED },
    { "image.progressive", NOT_DOCUMENTED },
    { "image.gainmap", NOT_DOCUMENTED },
};

const struct rule_table image_rules = {
    .bounds = bounds,
    .bound_count = OSP_COUNT(bounds),
    .words = words,
    .word_count = OSP_COUNT(words),
    .sources = sources,
    .source_count = OSP_COUNT(sources),
};
