/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/str.h"
#include "conform/internal.h"

static void turn(const struct geometry *g, struct strbuf *out)
{
    static const char *const turns[] = { "", "transpose=clock,", "hflip,vflip,",
                                         "transpose=cclock," };

    if (g->mirrored)
        strbuf_puts(out, "hflip,");
    strbuf_puts(out, turns[g->rotation_deg / 90 & 3]);
}

static bool is_hdr(const osp_video_facts *v)
{
    return strcmp(v->transfer, "smpte2084") == 0 || strcmp(v->transfer, "arib-std-b67") == 0;
}

/* zscale and not swscale: it honours chroma siting, converts primaries and transfer too, dithers,
 * and is the faster of the two at that quality. HDR: reference white at 203 nit (ITU-R BT.2408)
 * stays where it is, highlights up to 1000 nit bend into what is left above it. */
static void scale_and_colour(const struct geometry *g, const osp_video_facts *v, struct strbuf *out)
{
    if (is_hdr(v))
        strbuf_puts(out, "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,"
                         "tonemap=mobius:param=0.9:peak=4.926:desat=0,");
    strbuf_printf(out,
                  "zscale=w=%d:h=%d:f=lanczos:d=error_diffusion:m=bt709:p=bt709:t=bt709:r=limited,",
                  g->scaled_width, g->scaled_height);
}

char *conform_filters(const struct geometry *g, const osp_video_facts *v, int colour)
{
    struct strbuf out = STRBUF_INIT;

    if (v->field_order[0] && strcmp(v->field_order, "progressive") != 0)
        strbuf_puts(&out, "bwdif=mode=send_frame,");
    turn(g, &out);
    if (g->crop_width < g->upright_width || g->crop_height < g->upright_height)
        strbuf_printf(&out, "crop=%d:%d:%d:%d:exact=1,", g->crop_width, g->crop_height, g->crop_x,
                      g->crop_y);
    if (colour)
        scale_and_colour(g, v, &out);
    else if (g->scaled_width != g->crop_width || g->scaled_height != g->crop_height)
        strbuf_printf(&out, "scale=w=%d:h=%d:flags=lanczos+accurate_rnd+full_chroma_int,",
                      g->scaled_width, g->scaled_height);
    if (g->scaled_width < g->width || g->scaled_height < g->height)
        strbuf_printf(&out, "pad=%d:%d:%d:%d:black,", g->width, g->height, g->pad_x, g->pad_y);
    strbuf_puts(&out, "setsar=1");
    return strbuf_take(&out);
}
