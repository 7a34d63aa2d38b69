#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check over folders and lists: which files, in which order, whatever runs at once."""
import os
import pty
import re
import signal
import subprocess
import time

import _edit
import _sim
from _edit import run


def tree(folder):
    """Names that sort otherwise by case, length and folder than by bytes."""
    png = _sim.make_image(folder("one.png"), "800x800")
    for name in ("a/10.png", "a/2.png", "a/B.png", "a/b/z.png", "a/b.png", "a/\u00e9.png",
                 "a/.hidden.png", "a/.git/x.png", "a/line\nfeed.png", "c/1.png", "a-.png"):
        path = folder("tree", name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.link(png, path)
    os.symlink("..", folder("tree", "c", "up"))  # a loop
    os.symlink("loop", folder("tree", "c", "loop"))
    os.symlink("../a", folder("tree", "c", "other"))  # a folder that is walked anyway
    os.symlink("../a/2.png", folder("tree", "c", "link.png"))  # a file
    os.mkdir(folder("tree", "empty"))


ORDER = ["a/10.png", "a/2.png", "a/B.png", "a/b/z.png", "a/b.png", "a/line\nfeed.png",
         "a/\u00e9.png", "a-.png", "c/1.png", "c/link.png", "c/loop"]


def paths(done):
    return [file["path"] for file in done.json()["files"]]


def folders(folder):
    top = folder("tree")
    want = [os.path.join(top, name) for name in ORDER]
    for jobs in ("1", "2", "8"):
        assert paths(run("check", "--json", "-j", jobs, top)) == want
    assert paths(run("check", "--json", top + "/")) == want
    assert paths(run("check", "--json", ".", cwd=top)) == ["./" + name for name in ORDER]
    # a link to a folder is followed where it is named
    assert len(paths(run("check", "--json", folder("tree", "c", "other")))) == 7
    # arguments keep their order, and may name a file twice
    named = [folder("tree", "c", "1.png"), folder("one.png"), folder("tree", "c", "1.png")]
    assert paths(run("check", "--json", *named)) == named
    text = run("check", top)
    seen = re.findall(r"^(?:pass|violation|unreadable): (.*?)(?: \(png.*)?$", text.out, re.M)
    assert [os.path.basename(s) for s in seen if "line" not in s] == [
        os.path.basename(name) for name in ORDER if "line" not in name], seen
    assert re.search(r"^11 files: 10 pass.*, 1 unreadable;", text.out, re.M), text
    assert text.code == 3, text


def lists(folder):
    one, film = folder("one.png"), folder("tree", "a", "line\nfeed.png")

    def told(words, *args):
        with open(folder("list"), "w+") as file:
            file.write(words)
            file.seek(0)
            return run("check", "--json", *args, stdin=file)

    assert paths(told("%s\n\n%s\n" % (one, one), "-")) == [one, one]
    assert paths(told(one, "--files-from", "-")) == [one]
    assert paths(told("%s\0%s\0" % (film, one), "-0", "-")) == [film, one]
    assert paths(told(one, one, "-", film)) == [one, one, film]
    with open(folder("tree-list"), "w") as file:
        file.write(folder("tree", "a", "b") + "\n" + one + "\n")
    assert paths(run("check", "--json", film, "--files-from", folder("tree-list"))) == [
        film, folder("tree", "a", "b", "z.png"), one]
    told("", "-").fails(2, "no file")
    run("check", folder("tree", "empty")).fails(2, "no file")
    run("check").fails(2, "no file")
    run("check", "--files-from", folder("none")).fails(3, "none")
    for bad in (["-j", "x"], ["-j", "-1"], ["-j", "1000"], ["--time-limit", "1h"]):
        run("check", *bad, one).fails(2)


def a_list_that_grows(folder):
    """What is known is said while the list's writer takes its time; Ctrl-C ends the wait."""
    process = _edit.start("check", "-", stdin=subprocess.PIPE)
    process.stdin.write(folder("one.png") + "\n")
    process.stdin.flush()
    assert process.stdout.readline().startswith("pass: ")
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    print("interrupted after %.0f ms" % ((time.monotonic() - begin) * 1000))
    process.stdin.close()
    for stream in (process.stdout, process.stderr):
        stream.close()


def a_reader_that_leaves(folder):
    """head(1) has seen enough: an output error, not a signal and not a hang."""
    with open(folder("many"), "w") as file:
        file.write((folder("one.png") + "\n") * 3000)
    done = subprocess.run(["sh", "-c", '"$0" check --files-from "$1" | head -n 1; exit 0',
                           _sim.PROGRAM, folder("many")], capture_output=True, text=True,
                          timeout=_edit.HANGS_S, env=_edit.environment())
    assert done.stdout.startswith("pass: "), done


def progress(folder):
    """On a terminal, and nowhere else."""
    with open(folder("many"), "w") as file:
        file.write((folder("one.png") + "\n") * 400)
    quiet = run("check", "--files-from", folder("many"))
    assert quiet.err == "", quiet
    ours, theirs = pty.openpty()
    process = subprocess.Popen([_sim.PROGRAM, "check", *[folder("one.png")] * 400],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
                               env=_edit.environment())
    os.close(theirs)
    seen = b""
    while True:
        try:
            seen += os.read(ours, 4096)
        except OSError:
            break
    os.close(ours)
    assert process.wait() == 0
    steps = [int(n) for n in re.findall(rb"check +(\d+) %", seen)]
    assert steps and steps == sorted(steps) and steps[-1] <= 100, seen
    assert seen.endswith(b"\r\x1b[K"), "the line of progress stays"


def main():
    with _edit.Folder("files") as folder:
        tree(folder)
        folders(folder)
        lists(folder)
        a_list_that_grows(folder)
        a_reader_that_leaves(folder)
        progress(folder)
    print("ok")


if __name__ == "__main__":
    main()
