#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""A file that crashes its reader, hangs it or fills its memory costs its own verdict and no more;
and whoever takes over the process that reads can do nothing with it."""
import os
import signal
import socket
import subprocess
import time

import _edit
import _sim
from _edit import run

HERE = os.path.dirname(os.path.abspath(__file__))
SAMPLE = os.path.join(os.environ["OSP_SOURCE"], "samples", "v003_butterfly.mp4")
HELPER = os.path.join(os.environ["OSP_BINARY"], "omnisplice-probe")


def build(folder):
    """The library that gives the reader its faults."""
    path = folder("fault.so")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror",
                    os.path.join(HERE, "preload", "fault.c"), "-o", path, "-ldl"], check=True)
    return path


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def fault(folder, name, i=0):
    return write(folder("%s%d.mp4" % (name, i)), "fault: %s\n" % name)


def good(folder, count):
    paths = []
    for i in range(count):
        paths.append(folder("good%02d.mp4" % i))
        if not os.path.exists(paths[-1]):
            os.symlink(SAMPLE, paths[-1])
    return paths


def texts(file):
    return " ".join(f["text"] for f in file["findings"])


def check(paths, *more, **env):
    done = run("check", "--json", *more, *paths, env=env)
    files = done.json()["files"]
    assert [f["path"] for f in files] == list(paths), "not in the order asked for: %s" % done
    return done, files


def one_file_each(folder, preload):
    """The verdicts of the others, and their order, are as without the bad ones."""
    fine = good(folder, 12)
    bad = {3: ("crash", "the probing process crashed (SIGSEGV)"),
           5: ("bomb", "more memory than a probing process gets (1.5 GB)"),
           6: ("abort", "the probing process crashed (SIGABRT)"),
           9: ("hang", "took longer than 3 s")}
    paths = list(fine)
    for place in sorted(bad, reverse=True):
        paths[place] = fault(folder, bad[place][0])
    for jobs in ("1", "2", "7"):
        done, files = check(paths, "-j", jobs, "--time-limit", "3", LD_PRELOAD=preload)
        assert done.code == 3, done
        for i, file in enumerate(files):
            if i in bad:
                assert file["verdict"] == "unreadable", file
                assert [f["rule"] for f in file["findings"]] == ["media.unreadable"], file
                assert bad[i][1] in texts(file), (bad[i], texts(file))
                assert file["facts"]["size_bytes"] == os.path.getsize(paths[i]), file
            else:
                assert file["verdict"] == "pass", file
    # without the preloaded faults they are texts: the faults are ours, not the program's
    _, files = check([paths[3], paths[9]])
    assert all("no media file" in texts(f) for f in files), files


def a_crash_is_cheap(folder, preload):
    """Best against best of some runs: the machine may be busy."""
    fine, plain, crash = good(folder, 2), [], []
    bad = fault(folder, "crash", 1)
    for _ in range(7):
        plain.append(check(fine, "-j", "1", LD_PRELOAD=preload)[0].seconds)
        crash.append(check([fine[0], bad, fine[1]], "-j", "1", LD_PRELOAD=preload)[0].seconds)
    cost = min(crash) - min(plain)
    print("a crash costs %.0f ms" % (cost * 1000))
    assert cost < 0.3, (plain, crash)


def a_hang_ends_in_time(folder, preload):
    bad = fault(folder, "hang", 1)
    done, _ = check([bad], "--time-limit", "1", LD_PRELOAD=preload)
    assert 1 <= done.seconds < 20, done
    process = _edit.start("check", bad, "--time-limit", "3600", env={"LD_PRELOAD": preload})
    wait_for_worker(process.pid)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    done = _edit.finish(process)
    assert done.code == 130, done
    assert time.monotonic() - begin < 10
    assert not left_behind(preload), "a process was left behind"


def left_behind(preload):
    """Processes of ours that hang in the fault: the preload's path is this test's own."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/maps" % pid) as maps:
                if preload in maps.read() and int(pid) != os.getpid():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def workers(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
        found = [int(p) for p in file.read().split()]
    for task in os.listdir("/proc/%d/task" % pid):
        try:
            with open("/proc/%d/task/%s/children" % (pid, task)) as file:
                found += [int(p) for p in file.read().split()]
        except OSError:
            pass
    return [p for p in set(found) if comm(p) == "omnisplice-prob"]


def comm(pid):
    try:
        with open("/proc/%d/comm" % pid) as file:
            return file.read().strip()
    except OSError:
        return ""


def wait_for_worker(pid, seconds=60):
    """A probing process of that program, with its filter in force."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for worker in workers(pid):
            if status(worker).get("Seccomp") == "2":
                return worker
        time.sleep(0.01)
    raise AssertionError("no probing process under a filter appears")


def status(pid):
    try:
        with open("/proc/%d/status" % pid) as file:
            return {k: v.strip() for k, v in (line.split(":", 1) for line in file)}
    except OSError:
        return {}


def killed_from_outside(folder, preload):
    """Whatever it dies of is named, and the next file has a process again."""
    fine = good(folder, 2)
    bad = fault(folder, "hang", 2)
    process = _edit.start("check", "--json", "-j", "1", fine[0], bad, fine[1],
                          env={"LD_PRELOAD": preload})
    worker = wait_for_worker(process.pid)
    limits = open("/proc/%d/limits" % worker).read()
    open_files = os.listdir("/proc/%d/fd" % worker)
    env = open("/proc/%d/environ" % worker).read()
    while cpu(worker) < 0.5:  # it is in the file that hangs
        time.sleep(0.05)
    os.kill(worker, signal.SIGSEGV)
    done = _edit.finish(process)
    files = done.json()["files"]
    assert [f["verdict"] for f in files] == ["pass", "unreadable", "pass"], done
    assert "crashed (SIGSEGV)" in texts(files[1]), files[1]
    soft = {line[:25].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert soft["Max address space"] == str(1536 << 20), soft
    assert soft["Max open files"] == "16" and soft["Max file size"] == "0", soft
    assert soft["Max core file size"] == "0", soft
    assert len(open_files) <= 8, open_files
    assert "OMNISPLICE" not in env and "HOME=" not in env, env


def cpu(pid):
    with open("/proc/%d/stat" % pid) as file:
        words = file.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def no_way_out(folder, preload):
    """Tried from inside, after the filter: files, network, processes, code."""
    canary = write(folder("canary"), "untouched")
    before = os.stat(canary)
    with socket.socket() as port:
        port.bind(("127.0.0.1", 0))
        port.listen()
        port.setblocking(False)
        _, files = check([fault(folder, "escape")], LD_PRELOAD=preload, LD_CANARY_FILE=canary,
                         LD_CANARY_PORT=str(port.getsockname()[1]))
        try:
            port.accept()
            raise AssertionError("the canary's port was reached")
        except BlockingIOError:
            pass
    assert "crashed (SIGUSR1)" in texts(files[0]), texts(files[0])
    after = os.stat(canary)
    assert (before.st_atime_ns, before.st_mtime_ns) == (after.st_atime_ns, after.st_mtime_ns)


LIAR = '''#!/usr/bin/env python3
import os, socket, subprocess, sys, array
peer = socket.socket(fileno=0)
ours, theirs = socket.socketpair()
real = subprocess.Popen([%(helper)r], stdin=theirs, close_fds=True)
theirs.close()
hello = ours.recv(4096)
real.kill(); real.wait(); ours.close()
mode = open(%(mode)r).read()
peer.sendall(hello if mode != "version" else hello[:12] + b"9.9.9".ljust(24, b"\\0"))
request = peer.recv(4096)
number = request[:4]
size = int.from_bytes(hello[4:8], "little")
lies = {
    "other id": b"\\xff\\xff\\xff\\x7f" + bytes(8) + bytes(size),
    "garbage": number + bytes(8) + b"\\xff" * size,
    "endless": number + bytes(4) + b"\\xff\\xff\\xff\\x7f" + bytes(size),
    "unended": number + b"\\xfd\\xff\\xff\\xff" + bytes(4) + b"A" * 4096,
    "short": number + bytes(4),
    "odd code": number + b"\\x07\\x00\\x00\\x00" + bytes(4) + b"A" * 4096,
}
peer.sendall(lies.get(mode, b""))
'''


def an_answer_is_not_believed(folder):
    """A helper that was taken over may say what it likes."""
    mode = folder("mode")
    os.mkdir(folder("libexec"))
    liar = write(folder("libexec", "omnisplice-probe"), LIAR % {"helper": HELPER, "mode": mode})
    os.chmod(liar, 0o755)
    for lie in ("other id", "garbage", "endless", "unended", "short", "odd code"):
        write(mode, lie)
        done = run("check", "--json", "--time-limit", "20", SAMPLE,
                   env={"OMNISPLICE_LIBEXEC": folder("libexec")})
        assert done.code == 3, (lie, done)
        assert done.json()["files"][0]["verdict"] == "unreadable", (lie, done)
    write(mode, "version")
    run("check", SAMPLE, env={"OMNISPLICE_LIBEXEC": folder("libexec")}).fails(70, "version")
    run("check", SAMPLE, env={"OMNISPLICE_LIBEXEC": "/nowhere"}).fails(70, "/nowhere")


def no_filter_is_said_once(folder, preload):
    """A kernel that refuses the filter: seccomp(2) is denied by a filter around the program. Then
    the way out is open, which shows that the filter is what closes it."""
    wrap = write(folder("wrap.c"), '''
#include <seccomp.h>
#include <errno.h>
#include <unistd.h>
int main(int argc, char **argv)
{
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
    seccomp_rule_add(f, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(seccomp), 0);
    seccomp_rule_add(f, SCMP_ACT_ERRNO(EINVAL), SCMP_SYS(prctl), 1, SCMP_A0(SCMP_CMP_EQ, 22));
    return argc < 2 || seccomp_load(f) < 0 ? 99 : execv(argv[1], argv + 1);
}
''')
    subprocess.run(["cc", wrap, "-o", folder("wrap"), "-lseccomp"], check=True)
    done = subprocess.run([folder("wrap"), _sim.PROGRAM, "check", "-j", "2", *good(folder, 6)],
                          capture_output=True, text=True, env=_edit.environment())
    assert done.returncode == 0, done
    assert done.stderr.count("does not filter") == 1, done.stderr
    canary = write(folder("canary"), "to be touched")
    done = subprocess.run([folder("wrap"), _sim.PROGRAM, "check", fault(folder, "escape")],
                          capture_output=True, text=True, env=_edit.environment(
                              LD_PRELOAD=preload, LD_CANARY_FILE=canary, LD_CANARY_PORT="9"))
    assert "crashed (SIGUSR2)" in done.stdout, done


def main():
    with _edit.Folder("faults") as folder:
        preload = build(folder)
        one_file_each(folder, preload)
        a_crash_is_cheap(folder, preload)
        a_hang_ends_in_time(folder, preload)
        killed_from_outside(folder, preload)
        no_way_out(folder, preload)
        an_answer_is_not_believed(folder)
        no_filter_is_said_once(folder, preload)
    print("ok")


if __name__ == "__main__":
    main()
