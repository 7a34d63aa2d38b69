#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""The PUT store against nginx and Apache, which answer a missing folder and a full disk in
different ways."""
import os
import subprocess
import sys
import time

import _edit
import _servers
from _servers import Relay, Server, tool

SIZE = 3 << 20


def read(path):
    with open(path, "rb") as file:
        return file.read()


def left(www):
    return [name for _, _, names in os.walk(www) for name in names]


class Web:
    def __init__(self, path, www):
        self.path, self.www = path, www

    def put(self, spec, name="n.mp4", key="secret", user="alice", path=None, **settings):
        return tool(spec, "put", path or self.path, name, user=user,
                    env={"OMNISPLICE_STORE_KEY": key} if key else {}, **settings)

    def remove(self, spec, name="n.mp4", key="secret", user="alice"):
        return tool(spec, "remove", name, user=user, env={"OMNISPLICE_STORE_KEY": key})


def both(web, url, public):
    """What any server must do, in a folder that is not there yet, too."""
    for folder in ("", "/a/b c+d/ü"):
        where = "/".join(map(_quote, folder.split("/")))
        spec, reads = url + where, public + where
        put = web.put(spec, public_url=reads)
        assert put.ok() == reads + "/n.mp4"
        assert put.kib() < 16 * 1024
        assert read(web.www + folder + "/n.mp4") == read(web.path)
        tool(spec, "fetch", put.out, SIZE).ok()
        tool(spec, "fetch", put.out, SIZE + 1).fails(5, "bytes")
        assert tool(spec, "present", web.path, "n.mp4", public_url=reads).ok() == "yes"
        web.put(spec).ok()  # again: 204
        assert web.put(spec, public_url=reads + "/{name}?v=1").ok() == reads + "/n.mp4?v=1"
        web.remove(spec).ok()
        web.remove(spec).ok()  # 404 is fine
        assert tool(spec, "present", web.path, "n.mp4", public_url=reads).ok() == "no"
    web.put(url, key="wrong").fails(5, "refuses the key: HTTP 401", "hint: ")
    web.put(url, key=None).fails(5, "no password")
    web.put(url, key=None, user=None).fails(5, "refuses the key: HTTP 401")
    web.put(url.replace("//", "//alice:secret@")).fails(5, "password in it", "hint: ")
    assert not left(web.www), left(web.www)


def _quote(text):
    return "".join(c if c.isalnum() and c.isascii() else "".join("%%%02X" % b for b in c.encode())
                   for c in text)


def broken_line(web, url):
    port = int(url.rsplit(":", 1)[1])
    for rule in ("1:reset:1000000", "1:cut:2000000", "1:stall:1500000"):
        with Relay(port, rule) as relay:
            line = "http://127.0.0.1:%d" % relay.port
            web.put(line, timeout_s=2).fails(75, "127.0.0.1")
            assert not os.path.exists(web.www + "/n.mp4")
            web.put(line, timeout_s=2).ok()
        web.remove(url).ok()
        for _ in range(100): # the server notices that the line is gone
            if not left(web.www):
                break
            time.sleep(0.05)
        assert not left(web.www), left(web.www)


def nginx(web, server):
    url = server["url"]
    both(web, url, server["public"])
    broken_line(web, url)
    put = web.put(url + "/bearer", key="testtoken", user=None)
    assert read(web.www + "/bearer/n.mp4") == read(web.path), put
    web.remove(url + "/bearer", key="testtoken", user=None).ok()
    web.put(url + "/bearer", key="other", user=None).fails(5, "HTTP 401")
    web.put(url + "/small").fails(4, "no file of that size: HTTP 413", "hint: ")
    web.put(url + "/err/507").fails(4, "no room: HTTP 507")
    web.put(url + "/err/503").fails(75, "HTTP 503")
    web.put(url + "/err/405").fails(5, "takes no uploads: HTTP 405")
    web.put(url + "/nomk/missing").fails(75, "HTTP 500", "nginx answers so")
    web.put(server["tls"]).fails(5, "no trusted connection") # a CA that nobody knows
    assert not left(web.www), left(web.www)
    with open(server["log"]) as file:
        log = file.read()
    assert "PUT /n.mp4" in log and "secret" not in log


def apache(web, server, folder):
    both(web, server["url"], server["url"])
    # rclone, a WebDAV client of other people's, reads what was written
    web.put(server["url"] + "/w").ok()
    password = subprocess.run(["rclone", "obscure", "secret"], check=True, capture_output=True,
                              text=True).stdout.strip()
    env = _servers.clean(RCLONE_CONFIG=folder("no-config"), RCLONE_CONFIG_W_TYPE="webdav",
                         RCLONE_CONFIG_W_URL=server["url"], RCLONE_CONFIG_W_VENDOR="other",
                         RCLONE_CONFIG_W_USER="alice", RCLONE_CONFIG_W_PASS=password)
    body = subprocess.run(["rclone", "cat", "w:w/n.mp4"], env=env, check=True, capture_output=True,
                          timeout=_servers.HANGS_S).stdout
    assert body == read(web.path)
    web.remove(server["url"] + "/w").ok()
    broken_line(web, server["url"])


def full_disk(web, folder):
    """A file system of 2 MB; root's to make."""
    small = folder("small")
    os.mkdir(small)
    os.chmod(folder.path, 0o755)
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=2m,mode=777", "osp", small]).returncode != 0:
        print("SKIPPED: a disk that is full (root makes it)")
        return
    server = None
    try:
        server = Server("apache", 1, small)
        web.put(server["url"]).fails(4, "no room: HTTP 507")
        assert not left(small), left(small)
    finally:
        if server:
            server.stop()
        subprocess.run(["umount", small], check=True)


def main():
    _servers.wanted()
    with _edit.Folder("web") as folder:
        one, two = Server("nginx", 3), Server("apache", 1)
        path = folder("reference.mp4")
        with open(path, "wb") as file:
            file.write(os.urandom(SIZE))
        nginx(Web(path, one["www"]), one)
        print("ok nginx")
        apache(Web(path, two["www"]), two, folder)
        print("ok Apache")
        full_disk(Web(path, folder("small")), folder)
        print("ok a full disk")


if __name__ == "__main__":
    main()
    sys.exit(0)
