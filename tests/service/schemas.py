#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""Every JSON document that the program prints is what its shipped schema says, and the schemas
would notice a member that is missing, new or of another kind."""
import copy
import json
import os
import sys

import jsonschema

import _edit
import _sim
from _edit import run

FOLDER = os.path.join(os.environ["OSP_SOURCE"], "docs", "schemas")
SAMPLE = os.path.join(os.environ["OSP_SOURCE"], "samples", "v003_butterfly.mp4")
seen = {}


def schema(verb):
    with open(os.path.join(FOLDER, verb + ".json")) as file:
        text = json.load(file)
    jsonschema.Draft202012Validator.check_schema(text)
    assert text["properties"]["schema"] == {"const": "omnisplice.%s/1" % verb}
    return jsonschema.Draft202012Validator(text)


def fits(verb, done, *codes):
    assert done.code in (codes or (0,)), done
    document = json.loads(done.out)
    faults = ["%s: %s" % ("/".join(map(str, e.absolute_path)), e.message)
              for e in schema(verb).iter_errors(document)]
    assert not faults, "%s\n%s" % ("\n".join(faults), done)
    seen.setdefault(verb, []).append(document)
    return document


def spots(value, path=()):
    """Every object in a document."""
    if isinstance(value, dict):
        yield path
        for key in value:
            yield from spots(value[key], path + (key,))
    if isinstance(value, list):
        for i, one in enumerate(value):
            yield from spots(one, path + (i,))


def spoiled(document):
    """The document with one member more, in every object that it has."""
    for path in spots(document):
        other = copy.deepcopy(document)
        spot = other
        for key in path:
            spot = spot[key]
        spot["a_member_of_no_schema"] = 1
        yield path, other


def requests(folder):
    def fits_request(code, text, *options):
        with open(folder("r.json"), "w") as file:
            file.write(text)
        return fits("check-request", run("check", "--json", "--request", folder("r.json"), *options),
                    code)
    known = fits_request(0, json.dumps({
        "prompt": "<<<image_1>>> <<<image_2>>>", "aspect_ratio": "16:9",
        "image_list": [{"image_url": "a.png"}, {"image_url": "https://media.example/a.png?k=1"}]}))
    assert known["media"][0]["facts"]["kind"] == "image", known
    fits_request(1, json.dumps({"prompt": "x", "duration": 99}), "--endpoint", "text-to-audio")
    fits_request(1, json.dumps({"prompt": "<<<video_1>>>", "sound": "on",
                                "video_list": [{"video_url": "small.mkv"}]}))
    fits_request(3, json.dumps({"image": "none.png", "sound_file": "a.wav"}))
    fits_request(3, "{")


def checks(folder):
    ffmpeg = _sim.ffmpeg
    _sim.make_image(folder("a.png"))
    _sim.make_image(folder("tiny.jpg"), "64x48")
    ffmpeg("-f", "lavfi", "-i", "sine=r=48000", "-t", "3", folder("a.wav"))
    _sim.make_video(folder("small.mkv"), 1, "320x240", 15)
    with open(folder("text.mp4"), "w") as file:
        file.write("no film")
    files = [folder(n) for n in ("a.png", "tiny.jpg", "a.wav", "small.mkv", "text.mp4", "none.mp4")]
    found = fits("check", run("check", "--json", SAMPLE, *files), 1)
    assert found["summary"]["files"] == 7, found["summary"]
    assert {f["verdict"] for f in found["files"]} == {"pass", "violation", "unreadable"}, found
    levels = {f["level"] for one in found["files"] for f in one["findings"]}
    assert "violation" in levels, levels
    fits("check", run("check", "--json", folder("none.mp4")), 3)
    requests(folder)
    fits("check", run("check", "--json", "--use", "end-frame", folder("a.png")), 0, 1)
    for image in ("a.png", "tiny.jpg"):
        fits("plan", run("plan", "--json", folder(image)))
    fits("plan", run("plan", "--json", folder("small.mkv")))
    fits("plan", run("plan", "--json", SAMPLE))
    fits("plan", run("plan", "--json", "-i", SAMPLE, "--from", 2, "--to", "2.1"))


def edits(folder):
    with _sim.Sim(None, "0") as sim:
        master = _edit.make(folder("m.mp4"), seconds=3)
        args = ["edit", "-i", master, "--from", 0, "--to", 3, "--gateway", sim.url, "--state",
                folder("state"), "--json"]
        env = {"OMNISPLICE_API_KEY": sim.key}
        fits("jobs", run("jobs", "--json", "--state", folder("state")))
        run(*args, "--prompt", "sim:fail", "-o", folder("f.mp4"), env=env).fails(7)
        dry = fits("edit", run(*args, "--prompt", "night", "-o", folder("o.mp4"), "--dry-run",
                               env=env))
        made = fits("edit", run(*args, "--prompt", "night", "-o", folder("o.mp4"), env=env))
        assert made["state"] == "done" and dry["job"] == made["job"], (dry, made)
        assert fits("edit", run(*args, "--prompt", "night", "-o", folder("o.mp4"),
                                env=env))["reused_output"]
        fits("edit", run("resume", made["job"], "--json", "--state", folder("state"), env=env))
        jobs = fits("jobs", run("jobs", "--json", "--state", folder("state")))["jobs"]
        assert {j["state"] for j in jobs} == {"failed", "done"}, jobs
        fits("splice", run("splice", "-i", master, "--clip", made["clip"], "--from", 1, "--to", 2,
                           "-o", folder("s.mp4"), "--json"))
        fits("verify", run("verify", master, folder("s.mp4"), "--from", 1, "--to", 2, "--json"))
        fits("verify", run("verify", master, folder("o.mp4"), "--json"), 1)
        fits("verify", run("verify", master, master, "--json"))


def same_everywhere():
    """What several documents hold is described alike; each schema stands alone."""
    shared = {"check-request": ("facts", "picture", "moving_picture", "sound"),
              "plan": ("finding",), "edit": ("finding",)}
    check = schema("check").schema["$defs"]
    for verb, names in shared.items():
        for name in names:
            assert schema(verb).schema["$defs"][name] == check[name], (verb, name)


def main():
    same_everywhere()
    verbs = sorted(name[:-5] for name in os.listdir(FOLDER) if name.endswith(".json"))
    with _edit.Folder("schemas") as folder:
        checks(folder)
        edits(folder)
    assert sorted(seen) == verbs, (sorted(seen), verbs)
    for verb, documents in seen.items():
        for document in documents:
            for path, other in spoiled(document):
                assert not schema(verb).is_valid(other), "%s: open at %s" % (verb, path)
            for key in document:
                other = {k: v for k, v in document.items() if k != key}
                assert not schema(verb).is_valid(other) or key == "timing", (verb, key)
    print("ok %s" % {verb: len(documents) for verb, documents in seen.items()})


if __name__ == "__main__":
    main()
    sys.exit(0)
