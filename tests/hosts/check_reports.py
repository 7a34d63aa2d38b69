#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check's documents as other programs read them: JSON by its schema, JUnit XML by xmllint, several
in one run, for files of every kind and name; what is interrupted leaves nothing."""
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

import jsonschema

SOURCE = os.environ["OSP_SOURCE"]
PROGRAM = os.path.join(os.environ["OSP_BINARY"], "omnisplice")
SAMPLE = os.path.join(SOURCE, "samples", "v003_butterfly.mp4")
MEDIA = os.path.join(SOURCE, "..", "shared", "media", "dev")
SCHEMA = json.load(open(os.path.join(SOURCE, "docs", "schemas", "check.json")))
NAMES = [b"<script>alert('x')</script>.mp4".replace(b"/", b""), b"line\nfeed\t&amp;.mp4",
         b"no \xff utf-8 \xed\xa0\x80.mp4", b"bell\x07 escape\x1b[31m \xc2\x9b31m del\x7f.png",
         b"\xef\xbf\xbe noncharacters \xef\xbf\xbf.wav", "schnee \u96ea.mp4".encode(), b"]]>.jpg"]


def run(*arguments, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([PROGRAM, "check", *arguments], capture_output=True, **more)


def fits_schema(text):
    document = json.loads(text.decode("utf-8"))
    faults = ["%s: %s" % (list(e.absolute_path), e.message)
              for e in jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)]
    assert not faults, faults[:5]
    return document


def fits_xsd(path):
    done = subprocess.run(["xmllint", "--nonet", "--noout", "--schema",
                           os.path.join(SOURCE, "tests", "hosts", "junit.xsd"), path],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return xml.etree.ElementTree.parse(path).getroot()


def make_files(folder):
    """Odd names of nothing much, media of three verdicts, and real files where there are any."""
    for name in NAMES:
        with open(os.path.join(folder.encode(), name), "wb") as file:
            file.write(b"no media")
    small = os.path.join(folder, "small.mp4")
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                    "testsrc2=s=320x240:r=30:d=3", small], check=True)
    real = sorted(os.listdir(MEDIA)) if os.path.isdir(MEDIA) else []
    return [*(os.path.join(folder.encode(), n) for n in NAMES), small, SAMPLE,
            os.path.join(folder, "none.mp4"),
            *(os.path.join(MEDIA, n) for n in real if not n.endswith(".json"))]


def test_documents(folder, files):
    """All of them at once, and text beside them."""
    paths = {k: os.path.join(folder, "out." + k) for k in ("json", "junit", "html")}
    done = run(*("--%s=%s" % pair for pair in paths.items()), *files)
    assert done.returncode == 1, done
    document = fits_schema(open(paths["json"], "rb").read())
    assert len(document["files"]) == len(files) == document["summary"]["files"]
    verdicts = [f["verdict"] for f in document["files"]]
    assert set(verdicts) == {"pass", "violation", "unreadable"}, verdicts
    for verdict in set(verdicts):
        assert document["summary"][verdict] == verdicts.count(verdict)
    for file in document["files"]:
        refused = file["verdict"] != "pass"
        assert not refused or bool(file["mend"]) != bool(file["mend_not"]), file

    suite = fits_xsd(paths["junit"])
    cases = suite.findall("testcase")
    assert int(suite.get("tests")) == len(cases) == len(files)
    assert int(suite.get("failures")) == len(suite.findall(".//failure"))
    assert [("error" if c.find("error") is not None else "failure"
             if c.find("failure") is not None else None) for c in cases] == [
        {"pass": None, "violation": "failure", "unreadable": "error"}[v] for v in verdicts]
    for file, case in zip(document["files"], cases):
        warned = any(f["level"] == "warning" for f in file["findings"])
        assert warned == ("warning " in case.findtext("system-out")), (file, case)

    page = open(paths["html"], "rb").read().decode("utf-8")
    assert page.count("<tbody") == len(files) and page.count("<script") == 1
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", page), "control characters"
    assert not re.search(r"\s(src|href)=\"(?!data:)", page), "the page fetches something"
    text = done.stdout.decode("utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f]", text), "control characters"
    assert len(re.findall(r"^(?:pass|violation|unreadable): ", text, re.M)) == len(files)


def test_where_they_go(folder):
    assert fits_schema(run("--json", SAMPLE).stdout)["summary"]["pass"] == 1
    assert fits_schema(run("--json=-", SAMPLE).stdout)["summary"]["pass"] == 1
    assert run("--junit", SAMPLE).stdout.startswith(b"<?xml ")
    assert run("--html", SAMPLE).stdout.startswith(b"<!doctype html>")
    both = run("--json", "--junit=" + os.path.join(folder, "o.xml"), SAMPLE)
    assert fits_schema(both.stdout) and fits_xsd(os.path.join(folder, "o.xml")) is not None
    for two in (("--json", "--junit"), ("--html", "--junit=-")):
        done = run(*two, SAMPLE)
        assert done.returncode == 2 and not done.stdout and b"standard output" in done.stderr, done
    done = run("--html=" + os.path.join(folder, "no", "folder.html"), SAMPLE)
    assert done.returncode == 4 and not done.stdout, done
    address = fits_schema(run("--json", "https://example.org/a.mp4").stdout)["files"][0]
    assert address["mend_not"].startswith("download it first: curl "), address
    quiet = run("--quiet", SAMPLE)
    assert quiet.returncode == 0 and not quiet.stdout + quiet.stderr, quiet
    film = os.path.join(folder, "film.mp4")
    with open(SAMPLE, "rb") as source, open(film, "wb") as copy:
        copy.write(source.read())
    assert run("--json=" + film, film).returncode == 4
    assert os.path.getsize(film) == os.path.getsize(SAMPLE), "written over"


def on_terminal(*arguments, **environment):
    """What the program writes to a terminal."""
    primary, secondary = pty.openpty()
    process = subprocess.Popen([PROGRAM, "check", *arguments], stdin=secondary, stdout=secondary,
                               env=dict(os.environ, TERM="xterm", **environment))
    os.close(secondary)
    text = b""
    try:
        while chunk := os.read(primary, 4096):
            text += chunk
    except OSError:  # the other end is closed
        pass
    process.wait()
    os.close(primary)
    return text


def test_colour():
    os.environ.pop("NO_COLOR", None)
    assert b"\x1b[32mpass\x1b[0m" in on_terminal(SAMPLE)
    assert b"\x1b" not in on_terminal(SAMPLE, NO_COLOR="1")
    assert b"\x1b[" in on_terminal(SAMPLE, NO_COLOR="")  # set but empty: not asked for
    assert b"\x1b" not in on_terminal("--color", "never", SAMPLE)
    assert b"\x1b" not in run(SAMPLE).stdout
    assert b"\x1b[32mpass" in run("--color", "always", SAMPLE).stdout
    assert run("--color", "blue", SAMPLE).returncode == 2


def wait_for(what, seconds=60):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_interrupted(folder):
    """Ctrl-C while it runs: 130, and no half document, hidden or not."""
    place = os.path.join(folder, "interrupted")
    os.mkdir(place)
    options = ["--%s=%s" % (k, os.path.join(place, k)) for k in ("json", "junit", "html")]
    process = subprocess.Popen([PROGRAM, "check", *options, *[SAMPLE] * 5000],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for(lambda: len(os.listdir(place)) == 3)
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130, (process.returncode, error[-300:])
    assert time.monotonic() - start < 10, "it ended after %.1f s" % (time.monotonic() - start)
    assert not os.listdir(place), os.listdir(place)


def peak_kb(count, folder):
    """Peak memory of a run over so many files."""
    options = ["--%s=%s" % (k, os.path.join(folder, "memory." + k))
               for k in ("json", "junit", "html")]
    many = [os.path.join(folder, "none%d.mp4" % i) for i in range(count)]
    process = subprocess.Popen([PROGRAM, "check", *options, *many], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 3, process.returncode
    assert json.load(open(os.path.join(folder, "memory.json")))["summary"]["files"] == count
    return usage.ru_maxrss


def test_memory(folder):
    """20,000 files more cost no more than their names (which came as arguments)."""
    few, many = peak_kb(10, folder), peak_kb(20000, folder)
    assert many - few < 8000, (few, many)
    return "%d kB for 10 files, %d kB for 20000" % (few, many)


def main():
    with tempfile.TemporaryDirectory(prefix="osp-reports-") as folder:
        files = make_files(folder)
        test_documents(folder, files)
        test_where_they_go(folder)
        test_colour()
        test_interrupted(folder)
        memory = "" if os.environ.get("OSP_SANITIZE") else test_memory(folder)
    print("ok %d files; %s" % (len(files), memory))


if __name__ == "__main__":
    main()
    sys.exit(0)
