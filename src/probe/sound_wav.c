/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* WAV: RIFF as Microsoft and IBM wrote it down in 1991, WAVEFORMATEXTENSIBLE, and the 64-bit
 * sizes of RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088). */
#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/rational.h"
#include "base/str.h"
#include "probe/sound.h"

#define CHUNKS_MAX        4096

#define FORMAT_EXTENSIBLE 0xFFFE

struct wav {
    bool has_format, has_data;
    unsigned format, channels, align, bits;
    uint32_t rate, byte_rate;
    int64_t data_size;  /* as declared */
    int64_t data_bytes; /* as there are */
    int64_t long_size;  /* of data, in ds64; -1: none */
    int64_t samples;    /* in fact; 0: none */
};

static const char *codec_of(const struct wav *wav, char *other, size_t size)
{
    static const struct {
        unsigned format, bits; /* bits 0: any */
        const char *name;
    } codecs[] = {
        { 1, 8, "pcm_u8" },     { 1, 16, "pcm_s16le" },       { 1, 24, "pcm_s24le" },
        { 1, 32, "pcm_s32le" }, { 1, 64, "pcm_s64le" },       { 3, 32, "pcm_f32le" },
        { 3, 64, "pcm_f64le" }, { 6, 0, "pcm_alaw" },         { 7, 0, "pcm_mulaw" },
        { 2, 0, "adpcm_ms" },   { 0x11, 0, "adpcm_ima_wav" }, { 0x31, 0, "gsm_ms" },
        { 0x50, 0, "mp2" },     { 0x55, 0, "mp3" },           { 0xFF, 0, "aac" },
        { 0x1600, 0, "aac" },   { 0x2000, 0, "ac3" },
    };

    for (size_t i = 0; i < OSP_COUNT(codecs); i++) {
        if (codecs[i].format == wav->format && (!codecs[i].bits || codecs[i].bits == wav->bits))
            return codecs[i].name;
    }
    snprintf(other, size, "wave_0x%04x", wav->format);
    return other;
}

static void read_format(struct bytes *bytes, int64_t at, int64_t size, struct wav *wav)
{
    uint8_t fmt[40] = { 0 };
    size_t got = bytes_some(bytes, at, fmt, size < 40 ? (size_t)size : 40);

    if (got < 16)
        return;
    wav->has_format = true;
    wav->format = le16(fmt);
    wav->channels = le16(fmt + 2);
    wav->rate = le32(fmt + 4);
    wav->byte_rate = le32(fmt + 8);
    wav->align = le16(fmt + 12);
    wav->bits = le16(fmt + 14);
    if (wav->format == FORMAT_EXTENSIBLE && got >= 26)
        wav->format = le16(fmt + 24); /* the first two bytes of the GUID */
}

/* A data chunk of 0 or -1 was written to a pipe: it goes on to the end of the file. */
static void read_data(const struct bytes *bytes, int64_t at, struct wav *wav)
{
    int64_t left = bytes->size - at;

    wav->has_data = true;
    if (wav->data_size == UINT32_MAX && wav->long_size >= 0)
        wav->data_size = wav->long_size;
    if (wav->data_size == 0 || wav->data_size == UINT32_MAX)
        wav->data_size = left;
    wav->data_bytes = wav->data_size < left ? wav->data_size : left;
}

static bool read_chunks(struct bytes *bytes, struct wav *wav)
{
    int64_t at = 12;
    uint8_t head[8], word[8];

    for (int i = 0; i < CHUNKS_MAX && bytes_at(bytes, at, head, 8); i++) {
        int64_t size = le32(head + 4);

        if (memcmp(head, "ds64", 4) == 0 && bytes_at(bytes, at + 16, word, 8))
            wav->long_size = (int64_t)(le64(word) & INT64_MAX);
        else if (memcmp(head, "fact", 4) == 0 && bytes_at(bytes, at + 8, word, 4))
            wav->samples = le32(word);
        else if (memcmp(head, "fmt ", 4) == 0)
            read_format(bytes, at + 8, size, wav);
        else if (memcmp(head, "data", 4) == 0 && !wav->has_data) {
            wav->data_size = size;
            read_data(bytes, at + 8, wav);
            size = wav->data_bytes; /* 64 bits, perhaps */
        }
        at += 8 + size + (size & 1);
    }
    return wav->has_format && wav->has_data;
}

static osp_rational length(const struct wav *wav, bool plain)
{
    if (plain)
        return rational(wav->data_bytes / wav->align, wav->rate);
    if (wav->samples > 0 && wav->data_bytes == wav->data_size)
        return rational(wav->samples, wav->rate);
    if (wav->byte_rate > 0)
        return rational(wav->data_bytes, wav->byte_rate);
    return (osp_rational){ 0, 0 };
}

bool sound_wav(struct bytes *bytes, osp_facts *facts)
{
    struct wav wav = { .long_size = -1 };
    char other[24];
    uint8_t head[12];
    bool plain;

    if (!bytes_at(bytes, 0, head, 12) || memcmp(head + 8, "WAVE", 4) != 0 ||
        (memcmp(head, "RIFF", 4) != 0 && memcmp(head, "RF64", 4) != 0 &&
         memcmp(head, "BW64", 4) != 0))
        return false;
    str_copy(facts->container, sizeof(facts->container), "wav");
    if (!read_chunks(bytes, &wav) || !wav.channels || !wav.rate || wav.rate > INT32_MAX) {
        str_copy(facts->fault, sizeof(facts->fault), "a WAV without a format or without sound");
        return true;
    }
    str_copy(facts->sound.codec, sizeof(facts->sound.codec), codec_of(&wav, other, sizeof(other)));
    plain = str_starts(facts->sound.codec, "pcm_") && wav.align > 0;
    facts->sound.sample_rate_hz = (int)wav.rate;
    facts->sound.channels = (int)wav.channels;
    facts->sound.sample_bits = plain ? (int)(wav.align / wav.channels * 8) : 0;
    facts->sound.duration_s = length(&wav, plain);
    facts->truncated = wav.data_bytes < wav.data_size;
    facts->kind = OSP_KIND_SOUND;
    return true;
}
