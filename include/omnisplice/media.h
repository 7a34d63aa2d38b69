/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OMNISPLICE_MEDIA_H
#define OMNISPLICE_MEDIA_H

#include <stddef.h>
#include <stdint.h>

#include "omnisplice/cancel.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @file media.h  What is known of a file (facts), and a picture in memory. */

/** Exact ratio; den 0: not known. Rates and media time are never doubles. */
typedef struct osp_rational {
    int64_t num;
    int64_t den;
} osp_rational;

typedef enum osp_kind {
    OSP_KIND_UNKNOWN, /* no picture and no sound can be had: see osp_facts.fault */
    OSP_KIND_VIDEO,
    OSP_KIND_IMAGE,
    OSP_KIND_SOUND,
} osp_kind;

/** Colour tags by FFmpeg's names; "" where nothing is said. */
typedef struct osp_colour {
    char primaries[24], transfer[24], matrix[24];
    char range[8]; /* "tv" or "pc" */
} osp_colour;

/** The picture track that counts: the first that is no cover art. Images fill it too. */
typedef struct osp_video_facts {
    char codec[24];        /* FFmpeg's name: "h264", "hevc", "prores", "mjpeg", "png" ... */
    char profile[32];      /* "" when the codec has none or it is not known */
    int level;             /* as coded (H.264: 31 is 3.1); -1 not known */
    char pixel_format[24]; /* FFmpeg's name; "" not known */
    int bit_depth;         /* of luma; 0 not known */
    char chroma[8];        /* "4:2:0" ..., "gray", "rgb" */
    int alpha;             /* 1: there is an alpha plane */
    int coded_width_px, coded_height_px;
    int width_px, height_px; /* displayed: clean aperture, then SAR, then rotation applied */
    osp_rational sar;        /* 1/1 when absent */
    int rotation_deg;        /* clockwise turn that shows the picture upright: 0, 90, 180, 270 */
    int mirrored;            /* 1: mirrored left to right before that turn */
    osp_rational time_base;  /* unit of frame_pts and start_pts */
    int64_t *frame_pts;      /* [frame_count] shown pictures in display order, counted from the
                                start of the container, edit lists applied; owned by the facts */
    int64_t frame_count;
    int64_t start_pts;     /* the container's start; frame_pts + start_pts is what demuxers say */
    int64_t hidden_count;  /* samples that an edit list hides */
    int64_t last_duration; /* of the last picture, time_base */
    osp_rational rate;     /* fitted clock, or pictures over time when it is not constant */
    osp_rational rate_min, rate_max; /* lowest and highest between two pictures */
    int variable_rate;               /* 1: the time stamps lie on no constant clock */
    /* FFmpeg's names; "" untagged. Of the bitstream where it says so, else of the container */
    char primaries[24], transfer[24], matrix[24], range[8];
    char field_order[16]; /* "progressive", "tt", "bb", "tb", "bt"; "" not known */
    int reorder;          /* 1: pictures are stored in another order than shown */
    int64_t bit_rate;     /* bits per second; 0 not known */
    /* new members go below this line */
    char codec_tag[8];         /* the container's four characters for it: "avc1"; "" none */
    osp_rational average_rate; /* pictures over the time that they fill; 0/0 not known */
    int clean_width_px, clean_height_px; /* clean aperture, coded pixels; 0 when there is none */
    osp_colour container_colour;         /* as the container says ("colr") */
    osp_colour stream_colour;            /* as the bitstream says (VUI) */
    int colour_conflict;                 /* 1: the two say different things */
    char hdr[16];                        /* "PQ", "HLG", "Dolby Vision"; "" standard range */
    int dolby_vision_profile;            /* 4 to 20; 0 none */
    int dolby_vision_base;               /* 1: a decoder without Dolby Vision shows it as HDR10
                                            (or HLG, SDR); 0: its colours would be wrong */
    int max_content_nits;                /* brightest pixel (CTA-861.3); 0 not said */
    int max_average_nits;                /* brightest picture on average; 0 not said */
    osp_rational mastering_max_nits, mastering_min_nits; /* of the display (SMPTE ST 2086) */
    int field_samples; /* 1: a sample holds one field; frame_pts are of whole frames all the same */
    int sample_entries; /* descriptions of the track (ISO BMFF); 1 elsewhere */
} osp_video_facts;

/** What images alone have; sizes, depth and alpha stand in osp_video_facts. Read from headers. */
typedef struct osp_image_facts {
    int exif_orientation; /* 1 to 8; 0 none. Sizes are those of the upright picture */
    int animated;         /* 1: more than one picture, one after another */
    int64_t pictures;     /* of the animation; 1: a still; 0: not counted */
    char model[12];       /* "grey", "palette", "rgb", "ycbcr", "cmyk", "ycck", "lab"; "" unknown */
    char coding[16];      /* JPEG: "baseline", "extended", "progressive", "lossless",
                             "hierarchical", "arithmetic"; PNG: "interlaced"; "" nothing to say */
    int icc;              /* 1: a colour profile is embedded */
    char icc_name[64];    /* its description; "" none, or it cannot be read */
    int wide_gamut;       /* 1: its primaries, or its colour tags, reach beyond those of sRGB */
    int gain_map;         /* 1: carries a second picture that makes it HDR */
    int cut_off;          /* 1: the last bytes are not an end of this format */
} osp_image_facts;

/** The first sound track. */
typedef struct osp_sound_facts {
    char codec[24]; /* "" when there is no sound */
    int sample_rate_hz;
    int channels;
    int sample_bits;         /* of uncompressed sound; 0 otherwise */
    osp_rational duration_s; /* sound files: exact, counted where no header tells */
} osp_sound_facts;

/** What only decoding shows. All zero unless everything was decoded (`done`). Times count from the
 *  start of the container. */
typedef struct osp_deep_facts {
    int done;         /* 1: every picture and all sound went through a decoder */
    int64_t pictures; /* that came out */
    int64_t corrupt;  /* damaged pictures, or packets that gave none */
    osp_rational corrupt_s;
    int64_t missing; /* pictures of the index that never came out */
    osp_rational missing_s;
    int64_t breaks; /* time stamps that go back, repeat, or leap where no picture is held so long */
    osp_rational break_s;
    int64_t sound_corrupt; /* damaged packets of any sound track */
    osp_rational sound_corrupt_s;
} osp_deep_facts;

/** Facts of one file. Plain data; made by osp_probe(), freed by osp_facts_free(). */
typedef struct osp_facts {
    osp_kind kind;
    char fault[256];    /* why kind is unknown; "" otherwise */
    char container[24]; /* by content: "mp4", "mov", "matroska", "mpegts", "jpeg", "png" ... */
    char brand[8];      /* ISO BMFF major brand, "" otherwise */
    char extension[16]; /* of the file name, lower case, without the point */
    int64_t size_bytes;
    osp_rational container_s, track_s, frames_s; /* the duration three ways (0/0: not known) */
    osp_rational start_s;                        /* presentation time of the first picture */
    int faststart;                               /* ISO BMFF: the index lies before the media */
    int fragmented;
    int edit_list; /* an edit list trims or shifts the picture track */
    int encrypted;
    int truncated;                  /* the sample table points past the end of the file */
    int video_tracks, sound_tracks; /* cover art is no video track */
    int other_tracks;               /* timecode, subtitles, data together */
    osp_video_facts video;
    osp_image_facts image;
    osp_sound_facts sound;
    /* new members go below this line */
    osp_deep_facts deep; /* filled by a prober that decodes: prober.h */
    int64_t bit_rate;    /* of the whole file, bits per second; 0 not known */
    char encryption[8];  /* the scheme: "cenc", "cbcs" ...; "" none or not said */
    int external;        /* pictures lie in another file, which is never opened */
    int edits;           /* entries of the picture track's edit list */
    int index_damaged;   /* tables of the index that do not fit each other */
    int timecode_tracks, subtitle_tracks, data_tracks;
    int chapters, cover_art; /* how many */
} osp_facts;

/**
 * Read the facts of a file, from headers and sample tables where they tell.
 * Broken media are no failure: kind is OSP_KIND_UNKNOWN and fault says why.
 * @param path  a local file; never read as a URL or a pattern
 * @param out   set on success only; yours: osp_facts_free()
 * @return OSP_OK, OSP_EMEDIA (no such file, no regular file, no permission), OSP_EINTERNAL
 */
OSP_API int osp_probe(const char *path, osp_facts **out, osp_error *err);
/** @return JSON text of the facts (the names of omnisplice.check/1); yours: free(); NULL
 *  out of memory */
OSP_API char *osp_facts_json(const osp_facts *facts);
OSP_API void osp_facts_free(osp_facts **facts); /* NULL is fine; sets NULL */

/** What the pictures of a range show. Plain data; made by osp_look_at(), freed by osp_look_free().
 */
typedef struct osp_look {
    int64_t first, count; /* the pictures that were looked at, display order from 0 */
    int64_t *cuts;        /* [cut_count] the first picture after each hard cut, rising; owned */
    size_t cut_count;
    /* new members go below this line */
} osp_look;

/**
 * Decode a range of a video and find its hard cuts. Fades and flashes are none.
 * @param facts  of the same file
 * @param first  display order from 0; the range is clipped to the file
 * @param out    set on success only; yours: osp_look_free()
 * @return OSP_OK, OSP_EMEDIA (no video, or it does not decode), OSP_ECANCELED, OSP_EINTERNAL
 */
OSP_API int osp_look_at(const char *path, const osp_facts *facts, int64_t first, int64_t count,
                        const osp_control *control, osp_look **out, osp_error *err);
OSP_API void osp_look_free(osp_look **look); /* NULL is fine; sets NULL */

/**
 * A small picture of a video or an image as PNG, for reports: upright, square pixels, 8-bit RGB or
 * RGBA. It decodes, so it costs more than facts do; broken files are errors.
 * @param path    the file of the facts
 * @param at_s    seconds from the first picture of a video; den 0: an early picture that is not
 *                black
 * @param max_px  the longer side at most; smaller pictures stay as they are
 * @param png     set on success only; yours: free()
 * @param size    bytes
 * @return OSP_OK, OSP_EUSAGE, OSP_EMEDIA (no picture, or none that can be decoded), OSP_EINTERNAL
 */
OSP_API int osp_thumbnail(const char *path, const osp_facts *facts, osp_rational at_s, int max_px,
                          uint8_t **png, size_t *size, osp_error *err);

/**
 * A picture in memory. No libav type crosses the library's border: see avframe.h for AVFrame.
 * Planes belong to whoever made it; free_fn (when set) gives them back.
 */
typedef struct osp_picture {
    uint8_t *planes[4];
    int strides[4];           /* bytes between rows; may be more than a row */
    const char *pixel_format; /* FFmpeg's name, for example "yuv420p" */
    int width_px, height_px;
    int64_t pts;
    osp_rational time_base;
    void (*free_fn)(struct osp_picture *picture);
    void *opaque;
} osp_picture;

/** Give a picture's memory back. NULL and empty pictures are fine. */
OSP_API void osp_picture_release(osp_picture *picture);

#ifdef __cplusplus
}
#endif
#endif
