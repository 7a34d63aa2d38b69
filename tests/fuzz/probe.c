/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a file: its facts, what decoding shows, and the same bytes as facts that a process
 * apart answers with. The file is memory: nothing is written anywhere. */
#include <sys/mman.h>
#include <unistd.h>

#include "av/open.h"
#include "base/auto.h"
#include "fuzz.h"
#include "probe/probe.h"
#include "probe/wire.h"

#define DEEP_MAX_PX 1000000 /* decoding larger pictures tests patience, not us */

static void probe_bytes(const uint8_t *data, size_t size)
{
    OSP_AUTO(auto_close) int fd = memfd_create("input", MFD_CLOEXEC);
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    OSP_AUTO(auto_free) char *text = NULL;
    struct probe_source source = { fd, "input.mp4" };

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || probe_source(&source, &facts, NULL) < 0)
        return;
    if ((int64_t)facts->video.coded_width_px * facts->video.coded_height_px < DEEP_MAX_PX)
        (void)probe_deep(&source, facts, NULL);
    text = osp_facts_json(facts);
}

static void believe_bytes(const uint8_t *data, size_t size)
{
    OSP_AUTO(auto_free) char *text = NULL;
    osp_facts facts = { 0 };

    if (size >= wire_facts_size() && wire_unpack(data, &facts))
        text = osp_facts_json(&facts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    av_talk_redirect(); /* libav's words go nowhere */
    probe_bytes(data, size);
    believe_bytes(data, size);
    return 0;
}
