/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sound alone in ISO BMFF (M4A): what the edit list presents of the samples, priming taken off. */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/bytes.h"
#include "probe/mp4.h"
#include "probe/sound.h"

static struct mp4_track *find_track(struct mp4_file *file)
{
    for (size_t i = 0; i < file->track_count; i++) {
        if (file->tracks[i].handler == MP4_TYPE('s', 'o', 'u', 'n') && file->tracks[i].entries)
            return &file->tracks[i];
    }
    return NULL;
}

/* Length of the media by the samples (8.6.1.2 stts), which mdhd repeats or not. */
static int64_t media_ticks(const struct mp4_file *file, const struct mp4_track *track)
{
    struct mp4_box stts;
    const uint8_t *p;
    uint64_t count, total = 0;

    if (!mp4_find(file, &track->box, "mdia/minf/stbl/stts", &stts) || stts.end - stts.payload < 8)
        return track->duration;
    p = file->moov + stts.payload;
    count = mp4_u32(p + 4);
    for (uint64_t i = 0; i < count && 8 + (i + 1) * 8 <= stts.end - stts.payload; i++) {
        uint64_t samples = mp4_u32(p + 8 + i * 8), each = mp4_u32(p + 12 + i * 8);

        if (samples * each > INT64_MAX - total) /* neither product nor sum can pass 64 bits */
            return track->duration;
        total += samples * each;
    }
    return total ? (int64_t)total : track->duration;
}

/* What one edit shows, in seconds: its own length, as far as there are media. The movie's clock is
 * often coarse (1/1000), the media's is not: an edit that ends within a tick of it ends with it. */
static osp_rational shown(const struct mp4_file *file, const struct mp4_track *track,
                          const struct mp4_edit *edit, int64_t media)
{
    osp_rational left = rational(media - edit->media_time, track->timescale);
    osp_rational asked = rational(edit->duration, file->movie_timescale);
    osp_rational tick = { 1, file->movie_timescale };

    if (edit->media_time >= media)
        return (osp_rational){ 0, 1 };
    if (edit->duration <= 0 || rational_compare(rational_sub(left, asked), tick) < 0)
        return left;
    return asked;
}

/* What iTunes writes where others write an edit list: a text of hexadecimal numbers, of which the
 * second is the priming, the third the padding, the fourth the samples in between. @return 0: none
 */
static int64_t itunes_samples(const struct mp4_file *file)
{
    const uint8_t *end = file->moov + file->moov_size;
    const uint8_t *at = memmem(file->moov, file->moov_size, "iTunSMPB", 8);
    const uint8_t *data = at ? memmem(at, (size_t)(end - at), "data", 4) : NULL;
    char text[64];
    unsigned long long samples;

    if (!data || (size_t)(end - data) < 12 + sizeof(text))
        return 0;
    memcpy(text, data + 12, sizeof(text) - 1); /* behind the type, a type and a locale */
    text[sizeof(text) - 1] = 0;
    if (sscanf(text, " %*8x %*8x %*8x %16llx", &samples) != 1 || samples > INT64_MAX)
        return 0;
    return (int64_t)samples;
}

static osp_rational length(const struct mp4_file *file, const struct mp4_track *track)
{
    int64_t media = media_ticks(file, track), samples;
    osp_rational total = { 0, 1 };

    if (!track->timescale)
        return (osp_rational){ 0, 0 };
    if (!track->edit_count || !file->movie_timescale) {
        samples = itunes_samples(file); /* the media's clock is the sample rate in such files */
        return rational(samples > 0 && samples < media ? samples : media, track->timescale);
    }
    for (size_t i = 0; i < track->edit_count; i++) {
        const struct mp4_edit *edit = &track->edits[i];

        if (edit->media_time < 0) /* silence in front: it lasts, too */
            total = rational_add(total, rational(edit->duration, file->movie_timescale));
        else
            total = rational_add(total, shown(file, track, edit, media));
    }
    return total;
}

/* 14496-1 7.2.6.6 in 14496-14: the object type of a decoder configuration. The descriptor's tag is
 * 4, its length one to four bytes. */
static const char *codec_of_esds(const struct mp4_file *file, const struct mp4_track *track)
{
    const struct mp4_box *entry = &track->stsd_entry;
    const uint8_t *p = file->moov + entry->payload, *end = file->moov + entry->end;
    const uint8_t *esds = memmem(p, (size_t)(end - p), "esds", 4);

    for (esds = esds ? esds + 8 : end; esds + 6 < end; esds++) {
        if (*esds != 4)
            continue;
        for (esds++; esds + 1 < end && (*esds & 0x80); esds++)
            ;
        esds++;
        switch (*esds) {
        case 0x40:
        case 0x66:
        case 0x67:
        case 0x68:
            return "aac";
        case 0x69:
        case 0x6B:
            return "mp3";
        default:
            return "mp4a";
        }
    }
    return "aac";
}

static const char *codec_of(const struct mp4_file *file, const struct mp4_track *track)
{
    static const struct {
        uint32_t entry;
        const char *name;
    } codecs[] = {
        { MP4_TYPE('a', 'l', 'a', 'c'), "alac" },
        { MP4_TYPE('a', 'c', '-', '3'), "ac3" },
        { MP4_TYPE('e', 'c', '-', '3'), "eac3" },
        { MP4_TYPE('O', 'p', 'u', 's'), "opus" },
        { MP4_TYPE('f', 'L', 'a', 'C'), "flac" },
        { MP4_TYPE('.', 'm', 'p', '3'), "mp3" },
        { MP4_TYPE('s', 'a', 'm', 'r'), "amr_nb" },
        { MP4_TYPE('s', 'a', 'w', 'b'), "amr_wb" },
        { MP4_TYPE('s', 'o', 'w', 't'), "pcm_s16le" },
        { MP4_TYPE('t', 'w', 'o', 's'), "pcm_s16be" },
    };

    if (track->entry == MP4_TYPE('m', 'p', '4', 'a'))
        return codec_of_esds(file, track);
    for (size_t i = 0; i < OSP_COUNT(codecs); i++) {
        if (codecs[i].entry == track->entry)
            return codecs[i].name;
    }
    return NULL;
}

/* 12.2.3 AudioSampleEntry: channels at 16, the rate's whole part at 24. Its 16 bits are too few
 * for 96 kHz, and 5.1 may say 2: where the caller knows better, from the codec, that stands. */
static void read_entry(const struct mp4_file *file, const struct mp4_track *track,
                       osp_sound_facts *sound)
{
    const uint8_t *p = file->moov + track->stsd_entry.payload;

    if (track->stsd_entry.end - track->stsd_entry.payload < 28)
        return;
    if (!sound->channels)
        sound->channels = (int)be16(p + 16);
    if (!sound->sample_rate_hz)
        sound->sample_rate_hz = (int)be16(p + 24);
}

osp_rational sound_mp4_hidden(struct mp4_file *file)
{
    const struct mp4_track *track = find_track(file);

    if (!track || !track->timescale || track->edit_count != 1 || track->edits[0].media_time < 0)
        return (osp_rational){ 0, 1 };
    return rational(track->edits[0].media_time, track->timescale);
}

bool sound_mp4(struct mp4_file *file, osp_facts *facts)
{
    const struct mp4_track *track = find_track(file);
    const char *codec;

    if (!track || file->fragmented) /* fragments: by their packets */
        return false;
    facts->encrypted = track->encrypted;
    if (track->encrypted || track->external) {
        str_copy(facts->fault, sizeof(facts->fault),
                 track->encrypted ? "the sound track is encrypted"
                                  : "the sound lies in another file, which is not opened");
        return true;
    }
    codec = codec_of(file, track);
    if (codec)
        str_copy(facts->sound.codec, sizeof(facts->sound.codec), codec);
    read_entry(file, track, &facts->sound);
    facts->sound.duration_s = length(file, track);
    facts->truncated = file->cut;
    facts->kind = OSP_KIND_SOUND;
    return true;
}
