/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "clip/space.h"

#include <libavutil/pixdesc.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "av/graph.h"
#include "plan/plan.h"

/*
 * zscale (zimg) does size, depth, range, matrix, transfer and primaries in one go, exact in its
 * pixel centres; numbers are ITU-T H.273's, which are libavutil's too. Untagged pictures get the
 * same guess on both ways, so that a wrong one cancels out.
 */

/* The rectangle of the upright picture that was sent, in the coded picture. */
static void coded_rectangle(const struct geometry *g, struct space *space)
{
    int x = g->crop_x, y = g->crop_y, w = g->crop_width, h = g->crop_height;
    bool quarter = g->rotation_deg == 90 || g->rotation_deg == 270;

    space->part_width = quarter ? h : w;
    space->part_height = quarter ? w : h;
    switch (g->rotation_deg) {
    case 90: /* clockwise: upright (x, y) was coded (y, height - 1 - x) */
        space->x = y;
        space->y = g->coded_height - x - w;
        break;
    case 180:
        space->x = g->coded_width - x - w;
        space->y = g->coded_height - y - h;
        break;
    case 270:
        space->x = g->coded_width - y - h;
        space->y = x;
        break;
    default:
        space->x = x;
        space->y = y;
    }
    if (g->mirrored)
        space->x = g->coded_width - space->x - space->part_width;
}

static int tag(const char *name, int (*find)(const char *), int unknown)
{
    int value = name && *name ? find(name) : -1;

    return value >= 0 ? value : unknown;
}

int space_init(struct space *space, const osp_clip_options *options, osp_error *err)
{
    AVFrame *target = space->target = av_frame_alloc();

    if (!target)
        return osp_nomem(err);
    space->width = options->width_px;
    space->height = options->height_px;
    space->format = AV_PIX_FMT_NONE;
    if (options->pixel_format) {
        space->format = av_get_pix_fmt(options->pixel_format);
        if (space->format == AV_PIX_FMT_NONE)
            return osp_fail(err, OSP_EUSAGE, "no pixel format '%s'", options->pixel_format);
    }
    target->format = space->format == AV_PIX_FMT_NONE ? AV_PIX_FMT_YUV420P : space->format;
    target->width = space->width;
    target->height = space->height;
    target->colorspace = tag(options->matrix, av_color_space_from_name, AVCOL_SPC_UNSPECIFIED);
    target->color_primaries = tag(options->primaries, av_color_primaries_from_name,
                                  AVCOL_PRI_UNSPECIFIED);
    target->color_trc = tag(options->transfer, av_color_transfer_from_name, AVCOL_TRC_UNSPECIFIED);
    target->color_range = tag(options->range, av_color_range_from_name, AVCOL_RANGE_UNSPECIFIED);
    picture_tag(target); /* also turns yuvj formats into plain ones */
    space->part_width = space->width;
    space->part_height = space->height;
    if (options->plan) {
        space->geometry = *plan_geometry(options->plan);
        space->geometry_known = space->geometry.scaled_width > 0;
    }
    if (space->geometry_known && space->width > 0 &&
        (space->geometry.coded_width != space->width ||
         space->geometry.coded_height != space->height))
        return osp_fail(err, OSP_EUSAGE, "the plan is for a master of %dx%d, not of %dx%d",
                        space->geometry.coded_width, space->geometry.coded_height, space->width,
                        space->height);
    if (space->geometry_known)
        coded_rectangle(&space->geometry, space);
    return OSP_OK;
}

void space_release(struct space *space)
{
    av_frame_free(&space->target);
}

enum AVPixelFormat space_format(const struct space *space)
{
    return space->format == AV_PIX_FMT_NONE ? AV_PIX_FMT_NONE
                                            : (enum AVPixelFormat)space->target->format;
}

static bool same_colour(const AVFrame *a, const AVFrame *b)
{
    return a->color_range == b->color_range && a->colorspace == b->colorspace &&
           a->color_primaries == b->color_primaries && a->color_trc == b->color_trc;
}

static void put_colour(const AVFrame *target, char *out, size_t size)
{
    snprintf(out, size, ":m=%d:p=%d:t=%d:r=%s", target->colorspace, target->color_primaries,
             target->color_trc, target->color_range == AVCOL_RANGE_JPEG ? "full" : "limited");
}

/* Padding is cut off at full chroma resolution and in the master's pixels: the clip as a whole is
 * scaled so that its picture part gets the size of the crop, then that part is taken. */
static void put_cut(const struct space *space, int *width, int *height, char *out, size_t size)
{
    const struct geometry *g = &space->geometry;
    double fx = (double)g->crop_width / g->scaled_width;
    double fy = (double)g->crop_height / g->scaled_height;
    int x = (int)lround(g->pad_x * fx), y = (int)lround(g->pad_y * fy);

    *width = (int)lround(g->width * fx);
    *height = (int)lround(g->height * fy);
    if (*width < x + g->crop_width)
        *width = x + g->crop_width;
    if (*height < y + g->crop_height)
        *height = y + g->crop_height;
    snprintf(out, size, ",crop=%d:%d:%d:%d:exact=1", g->crop_width, g->crop_height, x, y);
}

/* Upright to coded: turn back, then mirror. */
static const char *turn_text(const struct geometry *g)
{
    static const struct {
        int rotation, mirrored;
        const char *text;
    } turns[] = {
        { 0, 0, "" },
        { 0, 1, ",hflip" },
        { 90, 0, ",transpose=cclock" },
        { 90, 1, ",transpose=cclock,hflip" },
        { 180, 0, ",hflip,vflip" },
        { 180, 1, ",vflip" },
        { 270, 0, ",transpose=clock" },
        { 270, 1, ",transpose=clock,hflip" },
    };

    for (size_t i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        if (turns[i].rotation == g->rotation_deg && turns[i].mirrored == !!g->mirrored)
            return turns[i].text;
    }
    return "";
}

int space_filters(const struct space *space, const AVFrame *picture, char *out, size_t size,
                  osp_error *err)
{
    const struct geometry *g = &space->geometry;
    int width = space->part_width, height = space->part_height;
    enum AVPixelFormat format = space_format(space);
    char cut[96] = "", colour[96] = "";
    const char *turn = "";
    int length;

    if (space->geometry_known) {
        width = g->crop_width;
        height = g->crop_height;
        if (g->pad_x || g->pad_y || g->scaled_width != g->width || g->scaled_height != g->height)
            put_cut(space, &width, &height, cut, sizeof(cut));
        turn = turn_text(g);
    }
    if (width < 1 || height < 1) { /* nobody asked for a size */
        width = picture->width;
        height = picture->height;
    }
    if (!same_colour(picture, space->target))
        put_colour(space->target, colour, sizeof(colour));
    if (!*cut && !*turn && !*colour && width == picture->width && height == picture->height &&
        (format == AV_PIX_FMT_NONE || (int)format == picture->format))
        length = snprintf(out, size, "null");
    else if (!*cut && !*turn)
        length = snprintf(out, size, "zscale=w=%d:h=%d:f=lanczos:d=error_diffusion%s", width,
                          height, colour);
    else /* turns and odd cuts need chroma at every pixel; its site is set again at the end */
        length = snprintf(out, size,
                          "zscale=w=%d:h=%d:f=lanczos:d=error_diffusion%s,format=yuv444p16%s%s,"
                          "zscale=f=lanczos:d=error_diffusion",
                          width, height, colour, cut, turn);
    if (length < 0 || (size_t)length >= size)
        return osp_fail(err, OSP_EINTERNAL, "the filters of the clip are too long");
    return OSP_OK;
}
