#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""What the simulator accepted survives kill -9 at any instant, and is never made twice."""
import http.client
import os
import shutil
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse

import _sim
from _sim import AUDIO, VIDEO, edit


def post_in_background(sim, endpoint, request):
    """The thread and a list that gets the answer, if one comes."""
    answers = []

    def run():
        try:
            answers.append(sim.json("POST", endpoint, request))
        except (OSError, http.client.HTTPException, ValueError):
            pass

    thread = threading.Thread(target=run)
    thread.start()
    return thread, answers


def killed_while_posting(folder):
    """A create, a kill some milliseconds later, the create again: exactly one task."""
    made_before_answer = 0
    for i in range(16):
        state = os.path.join(folder, "kill%d" % i)
        sim = _sim.Sim(state, "0")
        request = {"prompt": "p", "duration": 3, "external_task_id": "x"}
        key = sim.key
        thread, answers = post_in_background(sim, AUDIO, request)
        time.sleep(i * 0.004)
        sim.kill()
        thread.join()
        sim = _sim.Sim(state, "0")
        assert sim.key == key, "the key changed"
        there = sim.json("GET", AUDIO + "/x")[0] == 200
        posts = sim.ledger()["posts"]
        if answers:
            assert answers[0][0] == 200 and there, "accepted, answered, and lost"
            assert posts == 1, posts
        made_before_answer += there
        status, answer = sim.json("POST", AUDIO, request)
        assert (status == 200) != there, (status, answer, there)
        assert sim.ledger()["posts"] == posts + 1
        done = sim.wait(AUDIO, "x")
        assert done["task_status"] == "succeed", done
        assert sim.call("GET", done["task_result"]["audios"][0]["url_wav"], key=False)[0] == 200
        assert len(sim.ledger()["tasks"]) == 1, sim.ledger()
        if answers:
            assert done["task_id"] == answers[0][1]["data"]["task_id"]
        sim.stop()
        shutil.rmtree(state)
    print("ok killed while posting (%d of 16 had made the task)" % made_before_answer)
    assert made_before_answer, "the kills all came too early to show anything"


def posted_at_once(folder):
    with _sim.Sim() as sim:
        request = {"prompt": "p", "duration": 3, "external_task_id": "x"}
        results = []
        gate = threading.Barrier(8)

        def run():
            gate.wait()
            results.append(sim.json("POST", AUDIO, request)[0])

        threads = [threading.Thread(target=run) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(results) == [200] + [400] * 7, results
        assert len(sim.ledger()["tasks"]) == 1
        assert sim.ledger()["posts"] == 8
    print("ok posted at once")


def takes_duplicates_when_told(folder):
    with _sim.Sim(None, "0", "--accept-duplicates") as sim:
        request = {"prompt": "p", "duration": 3, "external_task_id": "x"}
        assert sim.create(AUDIO, request) != sim.create(AUDIO, request)
        assert [t["external_task_id"] for t in sim.ledger()["tasks"]] == ["x", "x"]
    print("ok takes duplicates when told")


def encoders_of(state):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/cmdline" % pid) as file:
                words = file.read().split("\0")
        except OSError:
            continue
        if words[0].endswith("/ffmpeg") and any(state in word for word in words):
            found.append(pid)
    return found


def killed_while_rendering(folder):
    state = os.path.join(folder, "render")
    sim = _sim.Sim(state, "0.2")
    url = sim.put("r.mp4", _sim.make_video(os.path.join(folder, "r.mp4"), 10, "1920x1080"))
    task = sim.create(VIDEO, edit(url, "snow", mode="pro", external_task_id="x"))
    end = time.time() + 20
    while not encoders_of(state) and time.time() < end:
        time.sleep(0.01)
    assert encoders_of(state), "no encoder was seen"
    time.sleep(0.5)
    sim.kill()
    end = time.time() + 1
    while encoders_of(state) and time.time() < end:
        time.sleep(0.02)
    assert not encoders_of(state), "an encoder outlived the simulator"
    assert os.listdir(os.path.join(state, "results")), "it was killed before it wrote anything"
    sim = _sim.Sim(state, "0.2")
    assert sim.store + "/r.mp4" != url  # another port: the task still finds its reference
    done = sim.wait(VIDEO, task, 120)
    assert done["task_status"] == "succeed", done
    assert os.listdir(os.path.join(state, "results")) == [task]
    print("ok killed while rendering")
    # a stop does not wait for an encoder or for an answer that hangs
    sim.create(VIDEO, edit(sim.store + "/r.mp4", "snow", mode="pro"))
    thread, _ = post_in_background(sim, VIDEO, edit(sim.store + "/r.mp4", "sim:hang=60"))
    time.sleep(0.5)
    begin = time.time()
    sim.stop()
    thread.join()
    assert time.time() - begin < 3, "the stop took %.1f s" % (time.time() - begin)
    print("ok stops promptly")


def broken_uploads_leave_nothing(folder):
    state = os.path.join(folder, "uploads")
    sim = _sim.Sim(state, "0")
    netloc = urllib.parse.urlparse(sim.url).netloc

    def half():
        connection = http.client.HTTPConnection(netloc)
        connection.putrequest("PUT", "/store/half.mp4")
        connection.putheader("Authorization", "Bearer " + sim.key)
        connection.putheader("Content-Length", "1000000")
        connection.endheaders(b"x" * 300000)
        return connection

    half().close()
    time.sleep(0.3)
    assert os.listdir(os.path.join(state, "store")) == []
    connection = half()
    time.sleep(0.3)
    assert len(os.listdir(os.path.join(state, "store"))) == 1  # hidden, being written
    assert sim.call("GET", sim.store + "/half.mp4", key=False)[0] == 404
    sim.kill()
    connection.close()
    sim = _sim.Sim(state, "0")
    assert os.listdir(os.path.join(state, "store")) == []
    sim.stop()
    print("ok broken uploads leave nothing")


def main():
    with tempfile.TemporaryDirectory() as folder:
        posted_at_once(folder)
        takes_duplicates_when_told(folder)
        broken_uploads_leave_nothing(folder)
        killed_while_rendering(folder)
        killed_while_posting(folder)


if __name__ == "__main__":
    sys.exit(main())
