#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""A gateway that means harm, or is badly broken: what it can do to a purse, a key, a disk."""
import contextlib
import http.server
import json
import os
import sqlite3
import sys
import threading
import time
import urllib.parse

import _edit
from _edit import run

KEY = "sekret/key-4711"
NOT_FOUND = (400, {"code": 1201, "message": "Task not found"})


def task(**more):
    return {"code": 0, "message": "SUCCEED", "request_id": "r-1",
            "data": {"task_id": "123", "task_status": "submitted", **more}}


class Gateway:
    """It answers what `create` and `query` return: (status, document or bytes)."""

    def __init__(self, clip):
        self.posts, self.seen, self.clip, self.clock = 0, [], clip, 0
        self.objects, self.clip_answer = {}, None
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def send(self, status, body, **headers):
                if not isinstance(body, bytes):
                    body = json.dumps(body).encode()
                self.send_response_only(status)
                self.send_header("Date", self.date_time_string(time.time() + outer.clock))
                for name, value in {"Content-Length": len(body), **headers}.items():
                    self.send_header(name.replace("_", "-"), str(value))
                self.end_headers()
                self.wfile.write(body)

            def body(self):
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))

            def do_PUT(self):
                outer.objects[self.path] = self.body()
                self.send(200, {})

            def do_DELETE(self):
                self.send(200, {})

            def do_POST(self):
                outer.request = json.loads(self.body())
                outer.posts += 1
                self.send(*outer.create(self))

            def do_GET(self):
                if self.path == "/sim":
                    return self.send(200, {"store": outer.url + "/store"})
                if self.path in outer.objects:
                    return self.send(200, outer.objects[self.path])
                if self.path == "/clip":
                    return (outer.clip_answer or Handler.send_clip)(self)
                outer.seen.append(self.path)
                return self.send(*outer.query(self))

            def send_clip(self):
                with open(outer.clip, "rb") as file:
                    self.send(200, file.read())

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = lambda *_: None  # clients that hang up are what is tested
        self.url = "http://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def create(self, request):
        return 200, task()

    def query(self, request):
        return 200, self.finished()

    def finished(self, **more):
        videos = [{"id": "v", "url": self.url + "/clip", "duration": "3"}]
        return task(task_status="succeed", task_result={"videos": videos}, **more)


class Bench:
    def __init__(self, folder):
        self.folder, self.count = folder, 0
        self.master = _edit.make(folder("master.mp4"), sound=False)
        self.clip = _edit.make(folder("clip.mp4"), sound=False, more=("-vf", "negate"))
        self.env = {"OMNISPLICE_API_KEY": KEY}

    def fresh(self):
        """A gateway and a journal of their own."""
        self.count += 1
        self.state = self.folder("state%d" % self.count)
        self.output = self.folder("out%d.mp4" % self.count)
        self.gateway = Gateway(self.clip)
        return self.gateway

    def edit(self, *more, gateway=None, **kw):
        return run("edit", "-i", self.master, "--from", 0, "--to", 3, "--prompt", "negative",
                   "--gateway", gateway or self.gateway.url, "--state", self.state, "-o",
                   self.output, *more, env=self.env, **kw)

    def on(self, verb, *more, **kw):
        return run(verb, *more, "--state", self.state, env=self.env, **kw)

    def job(self):
        jobs = _edit.journal(self.state)
        assert len(jobs) == 1, jobs
        return jobs[0]


def the_key_comes_back(bench):
    """In the answer to a create, in that to a query, in the reason of a failure."""
    echo = "Authorization: Bearer " + KEY
    percent = urllib.parse.quote(KEY, safe="")
    answers = [
        ("create", (401, {"code": 1002, "message": "bad key " + KEY, "request_id": KEY}), 5),
        ("create", (400, {"code": 1201, "message": echo + " " + percent}), 7),
        ("create", (404, ("<html>%s</html>" % echo).encode()), 5),
        ("query", (401, {"code": 1002, "message": "bad key " + KEY}), 5),
        ("query", (200, task(task_status="failed", task_status_msg="x " + KEY)), 7),
    ]
    for act, answer, code in answers:
        gateway = bench.fresh()
        setattr(gateway, act, lambda _, answer=answer: answer)
        done = bench.edit("-v", "trace")
        assert done.code == code, done
        listed = bench.on("jobs").out + bench.on("jobs", "--json").out
        assert "***" in done.err, done
        for written in (KEY, percent, KEY.replace("/", "\\/")):
            assert written not in done.err + done.out + listed, done
            for base, _, names in os.walk(bench.state):
                for name in names:
                    with open(os.path.join(base, name), "rb") as file:
                        assert written.encode() not in file.read(), name
    print("ok the key never comes back")


def a_refusal_that_names_a_task(bench):
    """It is looked up, under both ids, and never sent again."""
    for status in (400, 429):
        gateway = bench.fresh()
        gateway.create = lambda _, status=status: (status, task(task_id="77"))
        gateway.query = lambda _: NOT_FOUND
        bench.edit().fails(75, "unsure", "hint: .*--resend")
        assert gateway.posts == 1, gateway.posts
        assert bench.job()["state"] == "unsure", bench.job()
        assert [path for path in gateway.seen if path.endswith("/77")], gateway.seen
        gateway.query = lambda request: ((200, gateway.finished(task_id="77"))
                                         if request.path.endswith("/77") else NOT_FOUND)
        bench.edit().ok()
        assert gateway.posts == 1 and bench.job()["task_id"] == "77", bench.job()
    print("ok a refusal that names a task")


def a_lost_task(bench):
    """Given up only by the service's own clock, after several answers; taken back when it shows."""
    day = 86400
    gateway = bench.fresh()
    gateway.query = lambda _: NOT_FOUND
    bench.edit().fails(75, "cannot be asked for")
    # this machine's clock alone is no reason: here it runs 40 days ahead of the one that posted
    with contextlib.closing(sqlite3.connect(os.path.join(bench.state, "jobs.db"))) as db, db:
        db.execute("UPDATE jobs SET posted_us = posted_us - ?", (40 * day * 1000000,))
    bench.on("resume").fails(75, "cannot be asked for")
    assert bench.job()["state"] == "waiting", bench.job()
    gateway.clock = 40 * day
    before = len(gateway.seen)
    bench.on("resume").fails(7, "has deleted", "hint: .*resume")
    assert len(gateway.seen) - before >= 3, "given up after %d" % (len(gateway.seen) - before)
    assert bench.job()["state"] == "lost", bench.job()
    bench.on("resume", bench.job()["job"]).fails(7, "lost", "hint: ")
    gateway.query = lambda _: (200, gateway.finished())
    bench.on("resume", bench.job()["job"]).ok()
    assert gateway.posts == 1 and bench.job()["state"] == "done", bench.job()
    print("ok a lost task")


def forgetting_is_not_free(bench):
    """Only with --force while money lies in it; the same edit then needs --again, and says so."""
    gateway = bench.fresh()
    gateway.query = lambda _: NOT_FOUND
    bench.edit().fails(75, "cannot be asked for")
    job = bench.job()["job"]
    bench.on("forget", job).fails(2, "waiting", "paid for", "hint: .*--force")
    assert bench.job()["state"] == "waiting", bench.job()
    bench.on("forget", "--force", job).ok()
    bench.edit().fails(2, "forgotten", "hint: .*--again")
    assert gateway.posts == 1, gateway.posts
    gateway.query = lambda _: (200, gateway.finished())
    bench.edit("--again").ok()
    assert gateway.posts == 2, gateway.posts
    assert [j["state"] for j in _edit.journal(bench.state)] == ["done", "forgotten"]
    print("ok forgetting is not free")


def one_gateway_in_many_spellings(bench):
    """They are one gateway: the edit that was paid for is met, also in an older journal."""
    gateway = bench.fresh()
    port = gateway.url.rsplit(":", 1)[1]
    spellings = ["http://127.0.0.1:" + port, "HTTP://127.0.0.1:0%s/" % port,
                 "http://me:secret@127.0.0.1:%s//?token=secret" % port]
    for spelling in spellings[:2]:
        bench.edit(gateway=spelling).ok()
    assert gateway.posts == 1, gateway.posts
    assert bench.job()["gateway"] == gateway.url, bench.job()
    assert "secret" not in bench.on("config", "show", "--gateway", spellings[2]).ok().out
    print("ok one gateway in many spellings")


def a_result_without_an_end(bench):
    """A disk is not filled; an address that comes to its senses still gives what was paid for."""
    gateway = bench.fresh()

    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(bytes(1 << 20))
                gateway.sent += 1 << 20

    def announced(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(1 << 40))
        handler.end_headers()
        with contextlib.suppress(OSError):
            handler.wfile.write(bytes(1 << 16))

    for answer, most in ((endless, 100 << 20), (announced, 1 << 20)):
        gateway.clip_answer, gateway.sent = answer, 0
        bench.edit().fails(75, "larger than [0-9]+ bytes", "hint: .*paid for.*resume")
        assert gateway.sent <= most, gateway.sent
        left = sum(size[0] for size in _edit.tree(bench.state).values() if size)
        assert left < 4 << 20, "%d bytes stay on the disk" % left
        assert bench.job()["state"] == "finished", bench.job()
    gateway.clip_answer = None
    bench.edit().ok()
    assert gateway.posts == 1, gateway.posts
    print("ok a result without an end")


def a_disk_that_is_full(bench):
    """While the result comes: the job stays where it was."""
    gateway = bench.fresh()
    gateway.clip_answer = lambda handler: handler.send(404, b"")
    bench.edit().fails(75, "404")
    part = os.path.join(bench.state, "jobs", bench.job()["job"], "clip.part")
    with contextlib.suppress(FileNotFoundError):
        os.unlink(part)
    os.symlink("/dev/full", part)
    gateway.clip_answer = None
    bench.edit().fails(4, "clip.part", "hint: .*paid for.*resume")
    assert bench.job()["state"] == "finished", bench.job()
    os.unlink(part)
    bench.edit().ok()
    assert gateway.posts == 1, gateway.posts
    print("ok a disk that is full")


def strange_ids(bench):
    """Asked for as one segment of the path, whole; shown whole and without what moves a cursor."""
    for name in ("9" * 100, "../../../x", "a\nb\r\nX: y\"'\x1b[31m"):
        gateway = bench.fresh()
        gateway.create = lambda _, name=name: (200, task(task_id=name))
        gateway.query = lambda _, name=name: (200, gateway.finished(task_id=name))
        bench.edit().ok()
        end = "/kling/videos/omni-video/" + urllib.parse.quote(name, safe="")
        assert set(gateway.seen) == {end}, gateway.seen
        assert bench.job()["task_id"] == name, bench.job()
        listed = bench.on("jobs").ok().out
        assert "\x1b" not in listed and "\r" not in listed, repr(listed)
        assert all(len(line) <= 80 or name in line for line in listed.splitlines()), listed
        assert len(name) != 100 or name in listed, listed
    for name in ("..", "9" * 600):
        gateway = bench.fresh()
        gateway.create = lambda _, name=name: (200, task(task_id=name))
        gateway.query = lambda _: NOT_FOUND
        bench.edit().fails(75, "unsure")
        assert gateway.posts == 1 and all("/osp-" in path for path in gateway.seen), gateway.seen
    print("ok strange ids")


TESTS = [strange_ids, a_result_without_an_end, a_disk_that_is_full, one_gateway_in_many_spellings,
         forgetting_is_not_free, a_lost_task, the_key_comes_back, a_refusal_that_names_a_task]


def main():
    wrong = []
    with _edit.Folder("hostile") as folder:
        bench = Bench(folder)
        for test in TESTS:
            if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
                continue
            try:
                test(bench)
            except AssertionError as fault:
                wrong.append(test.__name__)
                print("FAILED %s: %s\n" % (test.__name__, fault), flush=True)
    assert not wrong, wrong


if __name__ == "__main__":
    main()
