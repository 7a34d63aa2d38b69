# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulator under test, and a client of it in nothing but Python's own library."""
import atexit
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

PROGRAM = os.path.join(os.environ["OSP_BINARY"], "omnisplice")
SHARED = os.path.join(os.environ["OSP_SOURCE"], "..", "shared", "media", "dev")
VIDEO = "/kling/videos/omni-video"
IMAGE = "/kling/images/omni-image"
AUDIO = "/kling/audio/text-to-audio"
AVATAR = "/kling/videos/avatar/image2video"


class Sim:
    def __init__(self, state=None, delay="0.2", *options):
        self.own = state is None
        self.state = state or tempfile.mkdtemp(prefix="osp-sim-")
        self.process = subprocess.Popen(
            [PROGRAM, "sim", "--port", "0", "--state", self.state, "--delay", delay, *options],
            stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)  # a failed test leaves none behind
        line = self.process.stdout.readline()
        assert line, "the simulator did not start"
        info = json.loads(line)
        self.url, self.store, self.key = info["url"], info["store"], info["key"]
        self.ledger_url = info["ledger"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        if self.own:
            shutil.rmtree(self.state)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)
        self.process.stdout.close()
        assert self.process.returncode in (0, 130), self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def call(self, method, url, data=None, headers=None, key=True, timeout=60):
        """(status, headers, body); a path is one of the gateway."""
        if url.startswith("/"):
            url = self.url + "/v1/ai/some-endpoint" + url
        if isinstance(data, (dict, list)):
            data = json.dumps(data).encode()
        request = urllib.request.Request(url, data=data, method=method, headers=headers or {})
        if key:
            request.add_header("Authorization", "Bearer " + (self.key if key is True else key))
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read()

    def json(self, method, url, data=None, **more):
        status, _, body = self.call(method, url, data, **more)
        return status, json.loads(body)

    def put(self, name, path):
        with open(path, "rb") as file:
            status, _, _ = self.call("PUT", self.store + "/" + name, file.read())
        assert status == 201, status
        return self.store + "/" + name

    def create(self, endpoint, request):
        status, answer = self.json("POST", endpoint, request)
        assert status == 200 and answer["code"] == 0, answer
        return answer["data"]["task_id"]

    def wait(self, endpoint, task, seconds=120):
        end = time.time() + seconds
        while time.time() < end:
            status, answer = self.json("GET", endpoint + "/" + task)
            assert status == 200, answer
            if answer["data"]["task_status"] in ("succeed", "failed"):
                return answer["data"]
            time.sleep(0.05)
        raise AssertionError("task %s does not end" % task)

    def run(self, endpoint, request):
        return self.wait(endpoint, self.create(endpoint, request))

    def ledger(self):
        return self.json("GET", self.ledger_url, key=False)[1]

    def fetch(self, url, path):
        status, _, body = self.call("GET", url, key=False)
        assert status == 200, (url, status)
        with open(path, "wb") as file:
            file.write(body)
        return path


def edit(url, prompt="change it", **more):
    video = {"video_url": url, "refer_type": "base"}
    if "keep" in more:
        video["keep_original_sound"] = more.pop("keep")
    return {"prompt": prompt, "mode": "std", "video_list": [video], **more}


def ffmpeg(*args):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *args], check=True)


def make_video(path, seconds=3, size="1280x720", rate=24, sound=False, source="testsrc2"):
    """A small clip that breaks no rule unless asked to."""
    more = ["-f", "lavfi", "-i", "sine=r=48000", "-c:a", "aac"] if sound else []
    ffmpeg("-f", "lavfi", "-i", "%s=s=%s:r=%s" % (source, size, rate), *more, "-t", str(seconds),
           "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", path)
    return path


def make_image(path, size="640x480"):
    ffmpeg("-f", "lavfi", "-i", "testsrc2=s=%s" % size, "-frames:v", "1", path)
    return path


def facts(path):
    """(the picture track or None, the sound track or None, the format) by ffprobe."""
    out = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams",
                          "-count_frames", path], check=True, capture_output=True).stdout
    probe = json.loads(out)
    kinds = {stream["codec_type"]: stream for stream in probe["streams"]}
    return kinds.get("video"), kinds.get("audio"), probe["format"]
