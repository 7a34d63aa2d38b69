#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The HTML report in a browser: pictures, filters, sorting, the keyboard, both schemes, two widths;
no error on the console, no request, and no file name that does anything."""
import http.server
import os
import subprocess
import sys
import tempfile
import threading

from _browser import Browser

PROGRAM = os.path.join(os.environ["OSP_BINARY"], "omnisplice")
SAMPLE = os.path.join(os.environ["OSP_SOURCE"], "samples", "v003_butterfly.mp4")
ATTACKS = ["<script>window.hacked = 1<;script>.mp4", "<img src=x onerror=window.hacked=1>.mp4",
           "\" onmouseover=\"window.hacked=1.mp4", "x' autofocus onfocus='window.hacked=1.mp4",
           "line\nfeed </td></tr></table>.mp4".replace("/", "\u2215")]


def ffmpeg(folder, name, *arguments):
    path = os.path.join(folder, name)
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *arguments, path], check=True)
    return path


def make_page(folder):
    tall = ["-f", "lavfi", "-i", "color=red:s=200x400,format=rgb24"]
    video = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=30", "-t", "2", "-pix_fmt", "yuv420p"]
    files = [ffmpeg(folder, "clip10.mp4", *video), ffmpeg(folder, "clip2.mp4", *video, "-t", "4"),
             ffmpeg(folder, "tall.png", *tall, "-frames:v", "1"),
             ffmpeg(folder, "tone.flac", "-f", "lavfi", "-i", "sine", "-t", "3"), SAMPLE]
    for name in ATTACKS:
        files.append(os.path.join(folder, name))
        with open(files[-1], "wb") as file:
            file.write(b"no film")
    page = os.path.join(folder, "report.html")
    done = subprocess.run([PROGRAM, "check", "--html=" + page, *files], capture_output=True)
    assert done.returncode == 1, done
    return page, files


def names(browser):
    """Of the files that are shown, in their order."""
    return browser.js("return [...document.querySelectorAll('#files tbody')]"
                      ".filter((f) => f.checkVisibility())"
                      ".map((f) => f.querySelector('.name').textContent)")


def focus(browser):
    return browser.js("const e = document.activeElement;"
                      "return e.name || e.dataset.key || e.textContent || e.tagName")


def test_content(browser, files):
    shown = names(browser)
    assert len(shown) == len(files), shown
    assert shown[:5] == ["clip10.mp4", "clip2.mp4", "tall.png", "tone.flac", "v003_butterfly.mp4"]
    assert shown[9] == "line\\x0afeed <\u2215td><\u2215tr><\u2215table>.mp4", shown
    pictures = browser.js("return [...document.querySelectorAll('#files img')]"
                          ".map((i) => [i.naturalWidth, i.naturalHeight])")
    assert pictures == [[160, 120], [160, 120], [80, 160], [160, 90]], pictures
    assert browser.js("return window.hacked === undefined")
    assert browser.js("return document.querySelectorAll('script').length") == 1
    assert browser.js("return document.title") == "9 of 10 files do not pass - omnisplice check"


def test_filters(browser, files):
    browser.press("/")
    assert focus(browser) == "text"
    browser.press("SIDE.min  clip")
    assert names(browser) == ["clip10.mp4", "clip2.mp4"]
    assert browser.js("return document.getElementById('shown').value") == "2 of %d" % len(files)
    browser.press("zzz")
    assert names(browser) == []
    assert browser.js("return document.getElementById('nothing').checkVisibility()")
    browser.press("Escape")
    assert len(names(browser)) == len(files) and focus(browser) == "text"
    browser.press("Tab", "Right")  # from "All" to "Pass"
    assert names(browser) == ["v003_butterfly.mp4"], names(browser)
    browser.press("Right", "Right")
    assert len(names(browser)) == len(ATTACKS)
    browser.press("Left", "Tab", "Right", "Right")  # in violation, with a warning
    assert names(browser) == ["clip10.mp4", "clip2.mp4"], names(browser)
    browser.press("Escape")
    assert len(names(browser)) == len(files)


def test_sorting(browser):
    def order(key):
        return browser.js("return document.querySelector('[data-key=' + arguments[0] + ']')"
                          ".closest('th').getAttribute('aria-sort')", key)

    browser.js("document.querySelector('[data-key=name]').focus()")
    browser.press("Enter")
    assert order("name") == "ascending"
    found = [n for n in names(browser) if n.startswith("clip")]
    assert found == ["clip2.mp4", "clip10.mp4"], "names as people count"
    browser.press("Tab", "Space")
    assert (order("name"), order("verdict")) == ("none", "ascending")
    assert names(browser)[-1] == "v003_butterfly.mp4"
    browser.press("Space")
    assert order("verdict") == "descending" and names(browser)[0] == "v003_butterfly.mp4"
    browser.press("Tab", "Enter")
    assert names(browser)[:4] == ["clip10.mp4", "tone.flac", "clip2.mp4", "v003_butterfly.mp4"]
    browser.press("Enter")
    assert names(browser)[:4] == ["v003_butterfly.mp4", "clip2.mp4", "tone.flac", "clip10.mp4"]


def test_copy(browser):
    browser.devtools("Browser.grantPermissions",
                     permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
    browser.js("const row = [...document.querySelectorAll('#files tbody')]"
               ".find((f) => f.dataset.name.endsWith('clip2.mp4'));"
               "row.querySelector('.mend button').focus()")
    browser.press("Enter")
    # the clipboard answers later than the key
    label = browser.js("return new Promise((r) => setTimeout(() => "
                       "r(document.activeElement.textContent), 300))")
    assert label == "Copied", label
    text = browser.js("return navigator.clipboard.readText()")
    assert text.startswith("omnisplice conform -i ") and text.endswith("clip2.conformed.mp4"), text


def test_looks(browser):
    backs = {}
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        for width in (1400, 400):
            browser.size(width)
            wide = browser.js("return [document.documentElement.scrollWidth, innerWidth]")
            assert wide[0] <= wide[1] == width, (scheme, wide)
        backs[scheme] = browser.js("return getComputedStyle(document.body).backgroundColor")
    assert backs["light"] != backs["dark"], backs


def test_policy(browser):
    """Even a script that got in could call nobody."""
    calls = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            calls.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            pass

    # threads: a browser may connect ahead of a request that it then does not make
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = "http://127.0.0.1:%d/" % server.server_port
        browser.js("const url = arguments[0], page = document.body;"
                   "const add = (tag, more) => page.append(Object.assign("
                   "document.createElement(tag), more));"
                   "add('img', { src: url + 'img' }); add('iframe', { src: url + 'iframe' });"
                   "add('script', { src: url + 'script' });"
                   "add('script', { textContent: 'window.hacked = 2' });"
                   "add('link', { rel: 'stylesheet', href: url + 'css' });"
                   "return fetch(url + 'fetch').catch(() => 0).then(() => "
                   "new Promise((r) => setTimeout(r, 300)))", url)
        server.shutdown()
    assert not calls, calls
    assert browser.js("return window.hacked === undefined")


def main():
    with tempfile.TemporaryDirectory(prefix="osp-html-") as folder, Browser() as browser:
        page, files = make_page(folder)
        browser.size(1400)
        browser.open("file://" + page)
        test_content(browser, files)
        test_filters(browser, files)
        test_sorting(browser)
        test_copy(browser)
        test_looks(browser)
        logged = [e for e in browser.log("browser") if e["level"] != "DEBUG"]
        assert not logged, logged
        asked = [url for url in browser.requests() if not url.startswith("data:")]
        assert asked == ["file://" + page], asked
        test_policy(browser)
    print("ok %d files" % len(files))


if __name__ == "__main__":
    main()
    sys.exit(0)
