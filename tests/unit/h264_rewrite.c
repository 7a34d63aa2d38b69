/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "av/open.h"
#include "av/output.h"
#include "base/auto.h"
#include "splice/bits.h"
#include "splice/compare.h"
#include "splice/h264.h"

#define WIDTH    96
#define HEIGHT   64
#define PICTURES 40

/* ---- bits ---- */

static void test_exp_golomb_both_ways(void **state)
{
    static const uint32_t values[] = { 0, 1, 2, 3, 6, 7, 8, 254, 255, 256, 65535, 1u << 20 };
    OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
    struct bit_writer writer = { .out = &text };
    struct bit_reader reader;

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(values); i++)
        bits_put_ue(&writer, values[i]);
    bits_put(&writer, 0xdeadbeef, 32);
    bits_align(&writer, 1);
    bits_init(&reader, (const uint8_t *)text.data, text.size);
    for (size_t i = 0; i < OSP_COUNT(values); i++)
        assert_int_equal(bits_ue(&reader), values[i]);
    assert_int_equal(bits_u(&reader, 32), 0xdeadbeef);
    while (bits_left(&reader))
        assert_int_equal(bits_u(&reader, 1), 1);
    assert_false(reader.overrun);
}

/* Every shift against every start, by single bits. */
static void test_copies_at_every_shift(void **state)
{
    uint8_t data[300];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 197 + 31);
    for (unsigned shift = 0; shift < 8; shift++) {
        for (size_t from = 0; from < 16; from++) {
            OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
            struct bit_writer writer = { .out = &text };
            struct bit_reader copy, source;

            bits_put(&writer, 0, shift);
            bits_copy(&writer, data, from, sizeof(data) * 8 - 5);
            bits_align(&writer, 0);
            bits_init(&copy, (const uint8_t *)text.data, text.size);
            bits_init(&source, data, sizeof(data));
            bits_u(&copy, shift);
            source.bit = from;
            while (source.bit < sizeof(data) * 8 - 5)
                assert_int_equal(bits_u(&copy, 1), bits_u(&source, 1));
        }
    }
}

static void test_emulation_prevention(void **state)
{
    static const struct {
        const char *rbsp;
        size_t size;
        const char *nal;
        size_t nal_size;
    } rows[] = {
        { "\x00\x00\x01", 3, "\x65\x00\x00\x03\x01", 5 },
        { "\x00\x00\x00\x00\x00", 5, "\x65\x00\x00\x03\x00\x00\x03\x00", 8 },
        { "\x00\x00\x04", 3, "\x65\x00\x00\x04", 4 },
        { "\x00\x00\x03", 3, "\x65\x00\x00\x03\x03", 5 },
        { "\x01\x00\x02", 3, "\x65\x01\x00\x02", 4 },
    };

    (void)state;
    for (size_t i = 0; i < OSP_COUNT(rows); i++) {
        OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
        uint8_t back[16];

        nal_escape(&text, 0x65, (const uint8_t *)rows[i].rbsp, rows[i].size);
        assert_int_equal(text.size, rows[i].nal_size);
        assert_memory_equal(text.data, rows[i].nal, rows[i].nal_size);
        assert_int_equal(nal_unescape((const uint8_t *)text.data + 1, text.size - 1, back),
                         rows[i].size);
        assert_memory_equal(back, rows[i].rbsp, rows[i].size);
    }
}

static void test_stop_bit(void **state)
{
    (void)state;
    assert_int_equal(rbsp_bits((const uint8_t *)"\x80", 1), 0);
    assert_int_equal(rbsp_bits((const uint8_t *)"\xff\x80\0\0", 4), 8);
    assert_int_equal(rbsp_bits((const uint8_t *)"\xff\x01", 2), 15);
    assert_int_equal(rbsp_bits((const uint8_t *)"\0\0", 2), 0);
}

/* ---- a decoder's word on rewritten slices ---- */

static void paint(AVFrame *frame, int number)
{
    for (int plane = 0; plane < 3; plane++) {
        int rows = plane ? HEIGHT / 2 : HEIGHT, columns = plane ? WIDTH / 2 : WIDTH;
        unsigned seed = (unsigned)(number * 7 + plane);

        for (int y = 0; y < rows; y++) {
            for (int x = 0; x < columns; x++) {
                seed = seed * 1103515245u + 12345u;
                frame->data[plane][y * frame->linesize[plane] + x] = (uint8_t)((x * 2 + y +
                                                                                number * 3 +
                                                                                (int)(seed >> 28)) &
                                                                               255);
            }
        }
    }
}

static AVCodecContext *encoder(const char *params)
{
    struct video_spec spec = {
        .width_px = WIDTH,
        .height_px = HEIGHT,
        .format = AV_PIX_FMT_YUV420P,
        .rate = { 25, 1 },
        .crf = 20,
        .preset = "superfast",
        .params = params,
        .threads = 1,
        .global_header = 1,
    };
    AVCodecContext *out = NULL;

    av_talk_redirect();
    assert_int_equal(encoder_open_h264(&spec, &out, NULL), OSP_OK);
    return out;
}

struct stream {
    struct strbuf bytes[PICTURES];
    int count;
};

static void drain(AVCodecContext *codec, struct stream *out)
{
    AVPacket *packet = av_packet_alloc();

    while (avcodec_receive_packet(codec, packet) >= 0) {
        strbuf_add(&out->bytes[out->count++], packet->data, (size_t)packet->size);
        av_packet_unref(packet);
    }
    av_packet_free(&packet);
}

static void encode_all(AVCodecContext *codec, struct stream *out)
{
    AVFrame *frame = av_frame_alloc();

    frame->width = WIDTH;
    frame->height = HEIGHT;
    frame->format = AV_PIX_FMT_YUV420P;
    assert_int_equal(av_frame_get_buffer(frame, 0), 0);
    for (int i = 0; i < PICTURES; i++) {
        assert_int_equal(av_frame_make_writable(frame), 0);
        paint(frame, i);
        frame->pts = i;
        assert_int_equal(avcodec_send_frame(codec, frame), 0);
        drain(codec, out);
    }
    avcodec_send_frame(codec, NULL);
    drain(codec, out);
    av_frame_free(&frame);
    assert_int_equal(out->count, PICTURES);
}

static int receive(AVCodecContext *codec, AVFrame **frames, int count)
{
    AVFrame *frame = av_frame_alloc();

    while (avcodec_receive_frame(codec, frame) >= 0) {
        assert_int_equal(frame->decode_error_flags, 0);
        assert_true(count < PICTURES);
        frames[count++] = av_frame_clone(frame);
    }
    av_frame_free(&frame);
    return count;
}

static void decode_all(const struct stream *stream, const struct strbuf *head, AVFrame **frames)
{
    AVCodecContext *codec = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264));
    AVPacket *packet = av_packet_alloc();
    int count = 0;

    codec->thread_count = 1;
    codec->err_recognition = AV_EF_EXPLODE;
    assert_int_equal(avcodec_open2(codec, NULL, NULL), 0);
    for (int i = 0; i < stream->count; i++) {
        size_t before = i ? 0 : head->size;

        assert_int_equal(av_new_packet(packet, (int)(before + stream->bytes[i].size)), 0);
        if (before)
            memcpy(packet->data, head->data, before);
        memcpy(packet->data + before, stream->bytes[i].data, stream->bytes[i].size);
        assert_int_equal(avcodec_send_packet(codec, packet), 0);
        av_packet_unref(packet);
        count = receive(codec, frames, count);
    }
    avcodec_send_packet(codec, NULL);
    count = receive(codec, frames, count);
    assert_int_equal(count, PICTURES);
    av_packet_free(&packet);
    avcodec_free_context(&codec);
}

static void add_start_code(struct strbuf *out, const void *data, size_t size)
{
    strbuf_add(out, "\0\0\0\1", 4);
    strbuf_add(out, data, size);
}

static bool find_nal(const AVCodecContext *codec, unsigned type, struct nal *out)
{
    size_t at = 0;

    while (h264_annexb_next(codec->extradata, (size_t)codec->extradata_size, &at, out)) {
        if ((out->data[0] & 31u) == type)
            return true;
    }
    return false;
}

/* Write every slice of `from` for the SPS of `like`. */
static void rewrite_all(const AVCodecContext *from, const AVCodecContext *like,
                        const struct stream *in, struct stream *out, struct strbuf *head)
{
    struct nal sps_nal, pps_nal, target_nal;
    struct h264_sps sps, target_sps;
    struct h264_pps pps;
    struct strbuf pps_text = STRBUF_INIT;

    assert_true(find_nal(from, H264_NAL_SPS, &sps_nal) && find_nal(from, H264_NAL_PPS, &pps_nal) &&
                find_nal(like, H264_NAL_SPS, &target_nal));
    assert_true(h264_sps_parse(sps_nal.data, sps_nal.size, &sps));
    assert_true(h264_sps_parse(target_nal.data, target_nal.size, &target_sps));
    assert_true(h264_pps_parse(pps_nal.data, pps_nal.size, &pps));
    assert_true(h264_pps_renumber(pps_nal.data, pps_nal.size, 77, target_sps.id, &pps_text));
    add_start_code(head, target_nal.data, target_nal.size);
    add_start_code(head, pps_text.data, pps_text.size);
    strbuf_release(&pps_text);
    for (int i = 0; i < in->count; i++) {
        size_t at = 0;
        struct nal nal;

        while (h264_annexb_next((const uint8_t *)in->bytes[i].data, in->bytes[i].size, &at, &nal)) {
            OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
            struct h264_target target = { &target_sps, 77, (unsigned)i, 3, (unsigned)i * 2 };
            unsigned type = nal.data[0] & 31u;

            if (type != H264_NAL_SLICE && type != H264_NAL_IDR)
                continue;
            assert_true(h264_slice_rewrite(&nal, &sps, &pps, &target, &text));
            add_start_code(&out->bytes[i], text.data, text.size);
        }
        out->count++;
    }
}

/* The encoder without reordering has POC type 2 and 4-bit frame numbers; the master's set has
 * POC type 0, other widths, another id: 40 pictures make both wrap. */
static void test_decodes_the_same(void **state)
{
    static const struct {
        const char *from, *like;
    } rows[] = {
        { "bframes=0:ref=1:cabac=1:8x8dct=1", "bframes=3:ref=4:sps-id=2" },
        { "bframes=0:ref=1:cabac=0:8x8dct=0:weightp=0", "bframes=2:ref=2:cabac=0:8x8dct=0" },
        { "bframes=0:ref=1:slices=3", "bframes=3:ref=4" },
        { "bframes=0:ref=1:cabac=0:slices=2", "bframes=0:ref=1:cabac=0" },
        { "bframes=0:ref=1:weightp=1", "bframes=3:keyint=500:ref=5" },
    };

    (void)state;
    for (size_t r = 0; r < OSP_COUNT(rows); r++) {
        OSP_AUTO(avcodec_free_context) AVCodecContext *from = encoder(rows[r].from);
        OSP_AUTO(avcodec_free_context) AVCodecContext *like = encoder(rows[r].like);
        struct stream in = { .count = 0 }, out = { .count = 0 };
        struct strbuf own = STRBUF_INIT, head = STRBUF_INIT;
        AVFrame *a[PICTURES], *b[PICTURES];

        encode_all(from, &in);
        strbuf_add(&own, from->extradata, (size_t)from->extradata_size);
        rewrite_all(from, like, &in, &out, &head);
        decode_all(&in, &own, a);
        decode_all(&out, &head, b);
        for (int i = 0; i < PICTURES; i++) {
            if (!frames_equal(a[i], b[i]))
                fail_msg("row %zu: picture %d differs", r, i);
            av_frame_free(&a[i]);
            av_frame_free(&b[i]);
            strbuf_release(&in.bytes[i]);
            strbuf_release(&out.bytes[i]);
        }
        strbuf_release(&own);
        strbuf_release(&head);
    }
}

/* ---- configuration records ---- */

/* avcC of an x264 file of High profile, one SPS and one PPS, four bytes behind them. */
static const uint8_t record_bytes[] = {
    1, 100, 0,    12,   0xff, 0xe1, 0,    4,    0x67, 100,  0,    12, 1,
    0, 6,   0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0, 0xfd, 0xf8, 0xf8, 0,
};

static void test_record(void **state)
{
    static const uint8_t second[] = { 0x68, 0x5a, 0xf8, 0xf2, 0xc8, 0xb0 };
    OSP_AUTO(strbuf_release) struct strbuf text = STRBUF_INIT;
    const bool none[H264_PPS_MAX] = { false }, first[H264_PPS_MAX] = { false, true };
    struct h264_record record, more;

    (void)state;
    assert_true(h264_record_parse(record_bytes, sizeof(record_bytes), &record));
    assert_int_equal(record.length_size, 4);
    assert_int_equal(record.pps_count, 1);
    assert_int_equal(h264_record_free_pps(&record, none), 1);
    assert_int_equal(h264_record_free_pps(&record, first), 2);
    assert_true(h264_record_add_pps(&record, second, sizeof(second), &text));
    assert_int_equal(text.size, sizeof(record_bytes) + 2 + sizeof(second));
    assert_true(h264_record_parse((const uint8_t *)text.data, text.size, &more));
    assert_int_equal(more.pps_count, 2);
    assert_memory_equal(more.pps[1].data, second, sizeof(second));
    /* the four bytes of the High profiles stay at the end */
    assert_memory_equal(text.data + text.size - 4, record_bytes + sizeof(record_bytes) - 4, 4);
    for (size_t cut = 0; cut < 20; cut++)
        assert_false(h264_record_parse(record_bytes, cut, &more));
}

static void test_sample_nals(void **state)
{
    static const uint8_t sample[] = { 0, 0, 0, 2, 9, 0x10, 0, 0, 0, 1, 5, 0, 0, 0, 9, 1 };
    size_t at = 0;
    struct nal nal;

    (void)state;
    assert_true(h264_sample_next(sample, sizeof(sample), 4, &at, &nal));
    assert_int_equal(nal.size, 2);
    assert_true(h264_sample_next(sample, sizeof(sample), 4, &at, &nal));
    assert_int_equal(nal.data[0], 5);
    assert_false(h264_sample_next(sample, sizeof(sample), 4, &at, &nal)); /* 9 bytes of 1 */
    assert_true(at > sizeof(sample));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp_golomb_both_ways), cmocka_unit_test(test_copies_at_every_shift),
        cmocka_unit_test(test_emulation_prevention), cmocka_unit_test(test_stop_bit),
        cmocka_unit_test(test_decodes_the_same),     cmocka_unit_test(test_record),
        cmocka_unit_test(test_sample_nals),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
