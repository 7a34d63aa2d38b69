#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""No file makes the program open another file or a connection: playlists, scripts, references,
patterns and names that look like addresses, each with a canary that must stay untouched."""
import ctypes
import os
import select
import shutil
import socket
import struct
import subprocess

import _edit
import _sim
from _edit import run

IN_ACCESS, IN_OPEN = 0x1, 0x20


class Canary:
    """A file that nobody may open and a port that nobody may call."""

    def __init__(self, path):
        self.path = path
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.watch = self.libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        assert self.watch >= 0
        self.also(path)
        self.port = socket.socket()
        self.port.bind(("127.0.0.1", 0))
        self.port.listen()
        self.port.setblocking(False)
        self.number = self.port.getsockname()[1]

    def also(self, path):
        found = self.libc.inotify_add_watch(self.watch, path.encode(), IN_ACCESS | IN_OPEN)
        assert found >= 0, os.strerror(ctypes.get_errno())

    def touched(self):
        """What happened since the last call."""
        seen = []
        while select.select([self.watch], [], [], 0)[0]:
            events = os.read(self.watch, 65536)
            seen.append("file opened: %d bytes of events" % len(events))
        try:
            self.port.accept()[0].close()
            seen.append("port called")
        except BlockingIOError:
            pass
        return seen


def box(kind, payload):
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


def alis(path):
    """QuickTime File Format, data reference atom: an alias record that names another file."""
    name = os.path.basename(path).encode()
    record = bytes(10) + bytes([6]) + b"volume".ljust(27, b"\0") + bytes(12)
    record += bytes([len(name)]) + name.ljust(63, b"\0") + bytes(16)
    record += struct.pack(">HH", 1, 1) + bytes(16)
    for kind, text in ((2, path.encode()), (0, b"folder"), (18, path.encode())):
        record += struct.pack(">hH", kind, len(text)) + text + bytes(len(text) % 2)
    record += struct.pack(">hH", -1, 0)
    return box(b"alis", bytes(4) + record.ljust(200, b"\0"))


def refer(source, target, path):
    """The movie with every track's media in another file. Its index lies behind the media, so no
    offset changes."""
    def rebuild(data):
        out, at = b"", 0
        while at < len(data):
            size, kind = struct.unpack_from(">I4s", data, at)
            payload = data[at + 8:at + size]
            if kind in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
                payload = rebuild(payload)
            if kind == b"dref":
                payload = bytes(4) + struct.pack(">I", 1) + alis(path)
            out += box(kind, payload)
            at += size
        return out

    with open(source, "rb") as file:
        data = file.read()
    moov = data.rindex(b"moov") - 4
    with open(target, "wb") as file:
        file.write(data[:moov] + rebuild(data[moov:]))
    return target


def texts(c, folder):
    """Files that are text and name the canary."""
    url, path = "http://127.0.0.1:%d/x.ts" % c.number, c.path
    made = {
        "ffconcat.mp4": "ffconcat version 1.0\nfile '%s'\n" % path,
        "concat-url.mp4": "ffconcat version 1.0\nfile '%s'\n" % url,
        "hls-file.mp4": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile://%s\n#EXT-X-ENDLIST\n"
                        % path,
        "hls-http.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n%s\n#EXT-X-ENDLIST\n" % url,
        "hls-key.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXT-X-KEY:METHOD=AES-128,URI=\"%s\"\n"
                        "#EXTINF:5,\n%s\n#EXT-X-ENDLIST\n" % (url, path),
        "dash.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
                    'mediaPresentationDuration="PT5S"><Period><AdaptationSet mimeType="video/mp4">'
                    '<Representation id="1" bandwidth="1"><BaseURL>%s</BaseURL></Representation>'
                    '</AdaptationSet></Period></MPD>' % url,
        "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
                       "m=video %d RTP/AVP 96\na=rtpmap:96 H264/90000\n" % c.number,
        "rtsp.mov": "rtsptext\nrtsp://127.0.0.1:%d/x\n" % c.number,
        "list.pls": "[playlist]\nFile1=%s\nNumberOfEntries=1\n" % url,
        "list.asx": '<asx version="3.0"><entry><ref href="%s"/></entry></asx>' % url,
        "list.xspf": "<playlist><trackList><track><location>file://%s</location></track>"
                     "</trackList></playlist>" % path,
        "meta.mp4": ";FFMETADATA1\ntitle=%s\n" % path,
        "subtitle.srt": "1\n00:00:00,000 --> 00:00:01,000\n<img src='file://%s'>\n" % path,
        "subtitle.ass": "[Script Info]\nAudio File: %s\nVideo File: %s\n" % (path, url),
        "vob.idx": "# VobSub index file, v7\nid: en, index: 0\ntimestamp: 00:00:00:000, "
                   "filepos: 000000000\n",
        "image.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="800" height="800">'
                     '<image href="%s"/><image href="file://%s"/></svg>' % (url, path),
        "imf.xml": '<CompositionPlaylist><AssetMap>%s</AssetMap></CompositionPlaylist>' % path,
    }
    for name, text in made.items():
        with open(folder(name), "w") as file:
            file.write(text)
    shutil.copy(c.path, folder("vob.sub"))
    c.also(folder("vob.sub"))
    return [folder(name) for name in made]


def pictures(c, folder):
    """Names that are patterns: the file itself is broken, its neighbour is the canary."""
    paths = []
    for pattern, neighbour in (("img%03d.png", "img001.png"), ("seq-%d.jpg", "seq-1.jpg"),
                               ("glob*.png", "glob1.png")):
        _sim.make_image(folder(neighbour))
        c.also(folder(neighbour))
        with open(folder(pattern), "w") as file:
            file.write("no picture")
        paths.append(folder(pattern))
    return paths


def control(c, folder):
    """The canary sings when somebody opens what the files name: they are hostile, and we notice."""
    c.touched()
    for words in (["-safe", "0", "-f", "concat", "-i", folder("ffconcat.mp4")],
                  ["-protocol_whitelist", "file,http,tcp,crypto", "-allowed_extensions", "ALL", "-f",
                   "hls", "-rw_timeout", "200000", "-i", folder("hls-http.m3u8")],
                  ["-enable_drefs", "1", "-use_absolute_path", "1", "-i", folder("alis.mov")],
                  ["-f", "image2", "-i", folder("img%03d.png")]):
        player = subprocess.Popen(["ffprobe", "-v", "quiet", *words], stdin=subprocess.DEVNULL)
        try:
            player.wait(timeout=5)
        except subprocess.TimeoutExpired:
            player.kill()
            player.wait()
        assert c.touched(), "ffprobe %s leaves the canary alone: the file is not hostile" % words


def each_alone(c, folder, paths):
    """One command per file, so that a touched canary names its file."""
    for path in paths:
        for more in ([], ["--deep"]):
            done = run("check", "--json", *more, path)
            touched = c.touched()
            assert not touched, "%s: %s" % (path, touched)
            assert done.code in (0, 1, 3), done
            assert len(done.json()["files"]) == 1, done


def names(c, folder):
    """Names that look like addresses are files that are not there, or are read as files."""
    url = "127.0.0.1:%d/x.mp4" % c.number
    for name in ("http://" + url, "https://" + url, "http:x.mp4", "concat:%s|%s" % (c.path, c.path),
                 "file:" + c.path, "subfile,,start,0,end,10,,:" + c.path, "pipe:0", "data:,abc",
                 "tcp://" + url, "rtmp://" + url, "crypto:" + c.path, "cache:" + c.path,
                 "async:http://" + url, "fd:0", "tee:" + c.path):
        done = run("check", "--json", name, cwd=folder.path)
        assert not c.touched(), name
        assert done.code == 3 and done.json()["files"][0]["verdict"] == "unreadable", done
        with open(folder("list.txt"), "w+") as words:
            words.write(name + "\n")
            words.seek(0)
            done = run("check", "--json", "-", cwd=folder.path, stdin=words)
        assert not c.touched() and done.code == 3, (name, done)
    # a file of such a name is a file
    for name in ("http:x.mp4", "pipe:0", "concat:a|b", "-0"):
        shutil.copy(os.path.join(os.environ["OSP_SOURCE"], "samples", "v003_butterfly.mp4"),
                    folder(name))
        run("check", "--", name, cwd=folder.path).ok()
        os.unlink(folder(name))


def special_files(c, folder):
    """What is no regular file is not waited for, and not read."""
    os.mkfifo(folder("fifo.mp4"))
    os.symlink("fifo.mp4", folder("link-to-fifo.mp4"))
    os.symlink("loop.mp4", folder("loop.mp4"))
    os.symlink("/nowhere/at/all", folder("dangling.mp4"))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(folder("socket.mp4"))
    os.chmod(_sim.make_image(folder("secret.png")), 0)
    paths = [folder(n) for n in ("fifo.mp4", "link-to-fifo.mp4", "loop.mp4", "dangling.mp4",
                                 "socket.mp4")]
    paths += ["/dev/zero", "/dev/null", "/dev/tty", "/proc/self/mem", folder("none.mp4")]
    if os.getuid():
        paths.append(folder("secret.png"))
    done = run("check", "--json", *paths, timeout=60)
    assert [f["verdict"] for f in done.json()["files"]] == ["unreadable"] * len(paths), done
    assert done.code == 3, done


def main():
    with _edit.Folder("hostile") as folder:
        film = _sim.make_video(folder("canary.mov"), 1, "320x240")
        c = Canary(film)
        shutil.copy(film, folder("plain.mov"))
        hostile = texts(c, folder) + pictures(c, folder)
        hostile.append(refer(folder("plain.mov"), folder("alis.mov"), film))
        control(c, folder)
        each_alone(c, folder, hostile)
        done = run("check", "--json", folder("alis.mov"))
        assert "another file" in done.json()["files"][0]["findings"][0]["text"], done
        c.touched()
        names(c, folder)
        special_files(c, folder)
    print("ok")


if __name__ == "__main__":
    main()
