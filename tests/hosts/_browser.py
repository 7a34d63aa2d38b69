# SPDX-License-Identifier: LGPL-2.1-or-later
"""Chromium under chromedriver, by the WebDriver protocol (W3C) in Python's own library."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage"]
KEYS = {"Tab": "\ue004", "Enter": "\ue007", "Escape": "\ue00c", "Right": "\ue014",
        "Left": "\ue012", "Space": " "}


class Browser:
    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.home = tempfile.mkdtemp(prefix="osp-browser-")
        environment = dict(os.environ, HOME=self.home, TMPDIR=self.home)
        self.driver = subprocess.Popen(["chromedriver", "--port=%d" % port], env=environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.base = "http://127.0.0.1:%d" % port
        self.session = ""
        self.wait_until_ready()
        options = {"args": [*FLAGS, "--user-data-dir=" + os.path.join(self.home, "profile")]}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = "/session/" + answer["sessionId"]
        self.open("about:blank")  # the first tab loads pages of its own
        self.requests()
        return self

    def wait_until_ready(self):
        end = time.monotonic() + 60
        while True:
            try:
                if self.call("GET", "/status")["ready"]:
                    return
            except urllib.error.URLError:
                assert time.monotonic() < end, "chromedriver does not start"
            time.sleep(0.05)

    def __exit__(self, *_):
        try:
            if self.session:
                self.call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            shutil.rmtree(self.home, ignore_errors=True)

    def call(self, method, path, data=None):
        body = json.dumps(data).encode() if data is not None else None
        request = urllib.request.Request(self.base + path, data=body, method=method,
                                         headers={"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def open(self, url):
        self.call("POST", self.session + "/url", {"url": url})

    def js(self, script, *arguments):
        """The value of `return ...`; a promise is waited for."""
        return self.call("POST", self.session + "/execute/sync",
                         {"script": script, "args": list(arguments)})

    def press(self, *keys):
        """Keys one by one: names of KEYS, or text."""
        typed = [c for key in keys for c in ([KEYS[key]] if key in KEYS else key)]
        strokes = [{"type": kind, "value": c} for c in typed for kind in ("keyDown", "keyUp")]
        self.call("POST", self.session + "/actions",
                  {"actions": [{"type": "key", "id": "keys", "actions": strokes}]})

    def devtools(self, command, **parameters):
        return self.call("POST", self.session + "/goog/cdp/execute",
                         {"cmd": command, "params": parameters})

    def size(self, width, height=900):
        self.devtools("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        self.devtools("Emulation.setEmulatedMedia",
                      features=[{"name": "prefers-color-scheme", "value": name}])

    def log(self, kind):
        """What was logged since the last time."""
        return self.call("POST", self.session + "/se/log", {"type": kind})

    def requests(self):
        """Addresses that the page asked for since the last time."""
        events = [json.loads(e["message"])["message"] for e in self.log("performance")]
        return [e["params"]["request"]["url"] for e in events
                if e["method"] == "Network.requestWillBeSent"]
