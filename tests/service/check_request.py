#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""check --request with media: files beside the request, inline, at URLs; and profile lint."""
import base64
import json
import os
import sys

import _edit
import _sim
from _edit import run

def check(folder, request, *options, stdin=False):
    text = request if isinstance(request, str) else json.dumps(request)
    os.makedirs(folder("in"), exist_ok=True)
    with open(folder("in/request.json"), "w") as file:
        file.write(text)
    if not stdin:
        return run("check", "--json", "--request", folder("in/request.json"), *options)
    with open(folder("in/request.json")) as file:
        return run("check", "--json", "--request", "-", *options, stdin=file, cwd=folder("in"))


def found(done, level=None):
    return {(f["rule"], f["path"]) for f in done.json()["findings"] if level in (None, f["level"])}


def files_in_place_of_urls(folder):
    """Named from the request's folder, each judged for its own use."""
    _sim.make_image(folder("in/good.png"), "640x480")
    _sim.make_image(folder("in/tiny.jpg"), "299x300")
    _sim.make_video(folder("in/short.mp4"), 2, "1280x720", 24)
    edit = {"prompt": "<<<video_1>>> <<<image_1>>>", "video_list": [
        {"video_url": "short.mp4", "refer_type": "base", "keep_original_sound": "no"}],
        "image_list": [{"image_url": "good.png"}]}
    for stdin in (False, True):
        done = check(folder, edit, stdin=stdin)
        assert done.code == 1, done
        assert found(done, "violation") == {
            ("video.duration.min", "video_list[0].video_url")}, done
        media = done.json()["media"]
        assert [(m["use"], m["verdict"]) for m in media] == [
            ("reference-image", "pass"), ("edit", "violation")], done
        assert media[1]["facts"]["video"]["width_px"] == 1280, done
        assert os.path.normpath(media[1]["name"]) == media[1]["name"], media
    done = check(folder, {"prompt": "<<<image_1>>><<<image_2>>>", "image_list": [
        {"image_url": "good.png", "type": "first_frame"},
        {"image_url": "tiny.jpg", "type": "end_frame"}]})
    assert found(done, "violation") == {("image.side.min", "image_list[1].image_url")}, done
    assert [m["use"] for m in done.json()["media"]] == ["first-frame", "end-frame"], done
    done = check(folder, {"prompt": "<<<image_1>>>", "image_list": [{"image": "tiny.jpg"}]})
    assert found(done, "violation") == {("image.side.min", "image_list[0].image")}, done
    assert done.json()["endpoint"] == "omni-image", done


def what_a_feature_video_is(folder):
    done = check(folder, {"prompt": "<<<video_1>>>", "aspect_ratio": "16:9", "video_list": [
        {"video_url": "short.mp4", "refer_type": "feature"}]})
    assert [m["use"] for m in done.json()["media"]] == ["feature"], done
    assert ("video.duration.min", "video_list[0].video_url") in found(done), done


def sound_that_is_kept(folder):
    """Sound other than AAC matters when it is kept, and not otherwise."""
    _sim.ffmpeg("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=24", "-f", "lavfi", "-i", "sine", "-t", "3",
                "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "libmp3lame",
                folder("in/mp3.mp4"))
    for keep in ("yes", "no"):
        done = check(folder, {"prompt": "<<<video_1>>>", "video_list": [
            {"video_url": "mp3.mp4", "keep_original_sound": keep}]})
        assert (("video.sound.codec", "video_list[0].video_url") in found(done, "warning")) == (
            keep == "yes"), done


def avatars(folder):
    _sim.ffmpeg("-f", "lavfi", "-i", "sine=r=48000", "-t", "3", folder("in/a.wav"))
    _sim.ffmpeg("-f", "lavfi", "-i", "sine=r=48000", "-t", "1", folder("in/short.wav"))
    request = {"image": "good.png", "sound_file": "a.wav"}
    done = check(folder, request)
    assert done.code == 0 and found(done) == set(), done
    assert [m["use"] for m in done.json()["media"]] == ["avatar-image", "avatar-sound"], done
    done = check(folder, dict(request, sound_file="short.wav"))
    assert found(done, "violation") == {("sound.duration.min", "sound_file")}, done


def inline(folder):
    with open(folder("in/good.png"), "rb") as file:
        good = base64.b64encode(file.read()).decode()
    with open(folder("in/tiny.jpg"), "rb") as file:
        tiny = base64.b64encode(file.read()).decode()
    before = set(os.listdir(folder("in")))

    def image(value):
        done = check(folder, {"prompt": "<<<image_1>>>", "aspect_ratio": "1:1",
                              "image_list": [{"image_url": value}]})
        medium = done.json()["media"][0]
        assert medium["name"] == "inline", done
        return found(done, "violation"), medium
    where = "image_list[0].image_url"
    broken, medium = image(good)
    assert broken == set() and medium["facts"]["container"] == "png", (broken, medium)
    assert medium["facts"]["size_bytes"] == len(base64.b64decode(good)), medium
    assert image(tiny)[0] == {("image.side.min", where)}
    assert image("data:image/png;base64," + good)[0] == {("image.pass", where)}
    assert image("data:image/jpeg;base64," + tiny)[0] == {("image.pass", where),
                                                          ("image.side.min", where)}
    assert image(good[:76] + "\n" + good[76:])[0] == {("image.pass", where)}
    text = base64.b64encode(b"no picture at all, only words that go on and on").decode()
    assert image(text)[0] == {("media.unreadable", where)}
    assert set(os.listdir(folder("in"))) == before


def apart(folder):
    """Its files are read by the process that can open nothing: without that, none is read."""
    check(folder, {"image": "a.png", "audio_id": "1"})
    run("check", "--request", folder("in/request.json"),
        env={"OMNISPLICE_LIBEXEC": folder("nowhere")}).fails(70, "nowhere")


def verdicts(folder):
    """Unreadable media are the verdict only where nothing is in violation."""
    gone = {"image": "gone.png", "sound_file": "a.wav"}
    done = check(folder, gone)
    assert done.code == 3 and done.json()["verdict"] == "unreadable", done
    assert found(done) == {("media.unreadable", "image")}, done
    done = check(folder, dict(gone, mode="4k"))
    assert done.code == 1 and done.json()["verdict"] == "violation", done
    done = check(folder, '{"a": 1, "a": 2}')
    assert done.code == 3 and found(done) == {("request.json", "")}, done
    run("check", "--request", folder("in/none.json")).fails(3, "none.json")
    run("check", "--request", folder("in/request.json"), "more.mp4").fails(2)
    run("check", "--request", folder("in/request.json"), "--endpoint", "video").fails(2, "omni-image")


def profiles_differ(folder):
    request = {"prompt": "x", "aspect_ratio": "16:9", "mode": "4k", "sound": "on"}
    levels = {name: {f["rule"]: f["level"] for f in
                     check(folder, request, "--profile", name).json()["findings"]}
              for name in ("cloudsway-kling-o3", "kling-video-o1")}
    assert levels["cloudsway-kling-o3"] == {"request.mode": "warning"}, levels
    assert levels["kling-video-o1"] == {"request.enum": "violation", "request.model": "warning",
                                        "request.sound.o1": "violation"}, levels
    done = check(folder, {"prompt": "<<<video_1>>> #", "video_list": [{"video_url": "x"}],
                          "element_list": [{"element_id": 829836802793406551}]}, "--characters",
                 "829836802793406551")
    assert ("request.element.character", "element_list") in found(done, "violation"), done


def words(folder):
    """The verdict first; each finding with its path."""
    check(folder, {"prompt": "<<<image_2>>>", "aspect_ratio": "1:1",
                   "image_list": [{"image_url": "good.png"}]})
    done = run("check", "--request", folder("in/request.json"))
    lines = done.out.splitlines()
    assert done.code == 1 and lines[0].startswith("violation: ") and "omni-video" in lines[0], done
    assert "by its fields" in lines[0], done
    assert any(line.startswith("  violation cite.dangling at prompt: ") for line in lines), done
    assert any(line.startswith("  pass image_list[0].image_url: ") for line in lines), done


def profiles(folder):
    for name in run("profile", "list").ok().out.split():
        run("profile", "lint", name).ok()

    def lint(profile):
        with open(folder("p.json"), "w") as file:
            file.write(profile if isinstance(profile, str) else json.dumps(profile))
        return run("profile", "lint", folder("p.json"))
    patch = {"base": "kling-video-o1", "patch": {"name": "mine", "omni_image": {"n": [1, 4]}}}
    assert lint(patch).ok().out.startswith("sound: "), patch
    shown = run("profile", "show", folder("p.json")).ok().json()
    assert shown["name"] == "mine" and shown["omni_image"]["n"] == [1, 4], shown
    assert "series" not in shown["omni_image"] and shown["model"]["label"] == "Kling O1", shown
    patch["patch"]["video"] = {"side_px": {"min": 3000, "mox": 1}}
    done = lint(patch)
    assert done.code == 1, done
    assert [line.split(":")[0] for line in done.out.splitlines()] == [
        "video.side_px.min", "video.side_px.mox"], done
    done = lint('{"base": 1,}')
    assert done.code == 1 and "line 1, column 12" in done.out, done
    run("profile", "lint", folder("none.json")).fails(3)


def main():
    with _edit.Folder("check_request") as folder:
        os.makedirs(folder("in"))
        for test in (files_in_place_of_urls, what_a_feature_video_is, sound_that_is_kept, avatars,
                     inline, verdicts, apart, profiles_differ, words, profiles):
            test(folder)
            print("ok %s" % test.__name__)


if __name__ == "__main__":
    main()
    sys.exit(0)
