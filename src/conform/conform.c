/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "omnisplice/conform.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/auto.h"
#include "base/cancel.h"
#include "base/fs.h"
#include "base/rational.h"
#include "base/tmpfile.h"
#include "conform/internal.h"

static int copy_file(const char *input, int out, const char *path, osp_error *err)
{
    OSP_AUTO(auto_close) int in = open(input, O_RDONLY | O_CLOEXEC);
    char chunk[1 << 16];
    ssize_t got;

    if (in < 0)
        return osp_fail_errno(err, OSP_EMEDIA, "read", input);
    while ((got = read(in, chunk, sizeof(chunk))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return osp_fail_errno(err, OSP_EMEDIA, "read", input);
        if (fs_write_all(out, chunk, (size_t)got) < 0)
            return osp_fail_errno(err, OSP_EOUTPUT, "write", path);
    }
    return OSP_OK;
}

static int carry_out(const char *input, const char *path, const osp_plan *plan,
                     const osp_facts *facts, int threads, const osp_control *control,
                     osp_error *err)
{
    if (plan_kind(plan) == OSP_KIND_IMAGE)
        return conform_image(input, path, plan, facts, err);
    if (plan_video(plan) == PLAN_REMUX)
        return conform_remux(input, path, plan, control, err);
    return conform_video(input, path, plan, facts, threads, control, err);
}

/* The arithmetic keeps below the bound; this says so when it did not. */
static int check_size(const char *path, const char *output, const osp_plan *plan, osp_error *err)
{
    int64_t most = plan_bytes_max(plan), size = fs_size(path);

    if (most && size > most)
        return osp_fail(err, OSP_EMEDIA, "'%s' would have %lld bytes, the service takes %lld",
                        output, (long long)size, (long long)most);
    return OSP_OK;
}

int osp_conform(const char *input, const char *output, const osp_plan *plan, int threads,
                const osp_control *control, osp_error *err)
{
    OSP_AUTO(tmpfile_release) struct tmpfile file = TMPFILE_INIT;
    OSP_AUTO(osp_facts_free) osp_facts *facts = NULL;
    int ret;

    if (fs_same_file(input, output))
        return osp_fail(err, OSP_EOUTPUT, "'%s' is the input itself", output);
    ret = osp_probe(input, &facts, err);
    if (ret < 0)
        return ret;
    if (facts->kind != plan_kind(plan))
        return osp_fail(err, OSP_EMEDIA, "'%s' is not what the plan was made from: %s", input,
                        facts->fault[0] ? facts->fault : "another kind of media");
    ret = tmpfile_open(&file, output, err);
    if (ret < 0)
        return ret;
    if (plan_video(plan) == PLAN_COPY)
        ret = copy_file(input, file.fd, output, err);
    else
        ret = carry_out(input, file.path, plan, facts, threads, control, err);
    if (ret == OSP_OK)
        ret = check_size(file.path, output, plan, err);
    if (ret < 0)
        return osp_while(err, "conforming '%s'", input);
    return tmpfile_commit(&file, true, err);
}
