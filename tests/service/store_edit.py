#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""`edit` with each kind of store, against a simulator that fetches the reference by its address as
the service would; what stays behind, what is sent again, and that no secret is written anywhere."""
import json
import os
import re
import signal
import subprocess
import sys

import _edit
import _servers
import _sim
from _edit import run, start
from _servers import HANGS_S, Relay, Server, clean

SECRET = "TestSecretKey/with+slash0000000000000001"


class Bench:
    """A simulator, a state folder, and a way to look into each store."""

    def __init__(self, folder, sim, ceph, nginx):
        self.folder, self.sim, self.ceph, self.nginx = folder, sim, ceph, nginx
        self.state = folder("state")
        self.env = {"OMNISPLICE_API_KEY": sim.key, "OMNISPLICE_STATE": self.state,
                    "HOME": folder.path}
        # what the machine has of AWS counts as not said
        self.env.update({name: "" for name in os.environ if name.startswith(("AWS_", "RCLONE_"))})
        self.aws = {"AWS_ACCESS_KEY_ID": ceph["access"], "AWS_SECRET_ACCESS_KEY": SECRET}

    def args(self, master, out, prompt, *more):
        return ["edit", "-i", master, "--from", "0.5", "--to", "2", "--prompt", prompt, "--gateway",
                self.sim.url, "-o", self.folder(out), *more]

    def edit(self, out, prompt, *more, env=None, splice=False):
        """All of it, or up to the clip: what follows is no matter of the store."""
        end = [] if splice else ["--print-ffmpeg"]
        return run(*self.args(self.folder("master.mp4"), out, prompt, *more, *end),
                   env={**self.env, **(env or {})})

    def resume(self, *more, env=None):
        return run("resume", *more, env={**self.env, **(env or {})})

    def s3cmd(self, *words):
        host = self.ceph["endpoint"].split("//")[1]
        done = subprocess.run(
            ["s3cmd", "-c", self.folder("no-config"), "--no-ssl", "--host=" + host,
             "--host-bucket=" + host, *words], env=clean(**self.aws), capture_output=True, text=True,
            timeout=HANGS_S)
        assert done.returncode == 0, done
        return done.stdout

    def objects(self):
        return re.findall(r"s3://\S+", self.s3cmd("ls", "--recursive", "s3://dailies"))

    def files(self):
        return [name for _, _, names in os.walk(self.nginx["www"]) for name in names]

    def s3(self, *more):
        return ["--store", "s3://dailies/refs", "--store-endpoint", self.ceph["endpoint"], *more]


def readme_stores(bench):
    """The examples of README.md, with the addresses and files that are here."""
    nginx, folder = bench.nginx, bench.folder
    with open(folder("password"), "w") as file:
        file.write("secret\n")
    os.chmod(folder("password"), 0o600)
    with open(folder("credentials"), "w") as file:
        file.write("[studio]\naws_access_key_id = %s\naws_secret_access_key = %s\n" % (
            bench.ceph["access"], SECRET))
    with open(os.path.join(_servers.SOURCE, "README.md")) as file:
        text = "".join(re.findall(r"^```ini\n(\[store .*?)^```", file.read(), re.M | re.S))
    for there, here in (("https://s3.studio.example", bench.ceph["endpoint"]),
                        ("/home/me/.config/omnisplice/drop-password", folder("password")),
                        ("https://media.example/incoming", nginx["url"] + "/incoming"),
                        ("https://cdn.example", nginx["public"]),
                        ("dir:/srv/media", "dir:" + nginx["www"]),
                        ("https://media.example/refs", nginx["public"])):
        assert there in text, there
        text = text.replace(there, here)
    with open(folder("readme.ini"), "w") as file:
        file.write(text)
    bench.s3cmd("mb", "s3://bucket")
    return re.findall(r"\[store (\w+)\]", text), {
        "AWS_SHARED_CREDENTIALS_FILE": folder("credentials"), "RCLONE_CONFIG": folder("no-config"),
        "RCLONE_CONFIG_REMOTE_TYPE": "s3", "RCLONE_CONFIG_REMOTE_PROVIDER": "Ceph",
        "RCLONE_CONFIG_REMOTE_ENDPOINT": bench.ceph["endpoint"],
        "RCLONE_CONFIG_REMOTE_ACCESS_KEY_ID": bench.ceph["access"],
        "RCLONE_CONFIG_REMOTE_SECRET_ACCESS_KEY": SECRET}


def each_kind(bench):
    names, env = readme_stores(bench)
    assert len(names) == 4, names
    for name in [*names, ""]: # the last one: the simulator's own
        words = ["--config", bench.folder("readme.ini"), "--store", name] if name else []
        posts = bench.sim.ledger()["posts"]
        if name in ("drop", "folder"): # found out before anything is paid
            bench.edit("x.mp4", "store " + name, *words, "--public-url", bench.nginx["public"] + "/elsewhere",
                       env=env).fails(5, "cannot be fetched back: HTTP 404", "--no-fetch-back")
            assert bench.sim.ledger()["posts"] == posts
        bench.edit(name + ".mp4", "store " + name, *words, env=env, splice=True).ok()
        assert bench.sim.ledger()["posts"] == posts + 1
        left = re.findall(r"s3://\S+", bench.s3cmd("la")), bench.files()
        assert left == ([], []), "%s: the reference stays: %s" % (name, left)
    with open(bench.nginx["log"]) as file:
        assert '"PUT /incoming/' in file.read()
    print("ok edit with each store of README.md, and the simulator's own")


def dry(bench):
    """What will be done is said before: where, and for how long it can be read."""
    done = bench.edit("dry.mp4", "dry", "--dry-run", *bench.s3(), env=bench.aws, splice=True).ok()
    assert re.search(r"^store: .*s3://dailies/refs; its address can be read for 6 h; it is removed "
                     r"after the job$", done.out, re.M), done
    done = run("plan", "-i", bench.folder("master.mp4"), "--from", "0.5", "--to", "2",
               *bench.s3("--store-life", "7200", "--keep-upload")).ok()
    assert re.search(r"^store: .*for 2 h; it stays there", done.out, re.M), done
    assert not bench.objects()
    print("ok plan and --dry-run say it")


def kept(bench):
    """--keep-upload leaves it; the same content is not sent a second time, in any job."""
    words = bench.s3("--keep-upload")
    bench.edit("k1.mp4", "kept one", *words, env=bench.aws).ok()
    first = bench.objects()
    assert len(first) == 1, first
    name = first[0].rsplit("/", 1)[1]
    assert re.fullmatch(r"[a-z2-7]{32}\.mp4", name), name
    before = bench.s3cmd("info", first[0])
    assert "video/mp4" in before and "AllUsers" not in before, before
    bench.edit("k2.mp4", "kept two", *words, env=bench.aws).ok()
    bench.edit("k3.mp4", "kept three", *bench.s3(), env=bench.aws).ok() # it is not ours to remove
    assert bench.objects() == first and bench.s3cmd("info", first[0]) == before, "put again"
    # another content lies there: put again, under a name of its own, and removed
    bench.s3cmd("put", bench.folder("password"), first[0])
    bench.edit("k4.mp4", "kept four", *bench.s3(), env=bench.aws).ok()
    assert bench.objects() == first
    bench.s3cmd("del", first[0])
    print("ok kept, and used again")


def refused(bench):
    """Each with its exit code and one line; nothing was paid, and nothing stays."""
    ledger = bench.sim.ledger()
    bench.edit("r.mp4", "refused", *bench.s3(), env={**bench.aws, "AWS_SECRET_ACCESS_KEY": "no"}
               ).fails(5, "secret key")
    bench.edit("r.mp4", "refused", *bench.s3(), env={"AWS_ACCESS_KEY_ID": "", "AWS_CONFIG_FILE": "/x",
               "AWS_SHARED_CREDENTIALS_FILE": "/x"}).fails(5, "no AWS profile")
    bench.edit("r.mp4", "refused", "--store", "s3://nowhere", "--store-endpoint",
               bench.ceph["endpoint"], env=bench.aws).fails(5, "bucket 'nowhere' is not there")
    bench.edit("r.mp4", "refused", "--store", "cmd:false {file}").fails(4, "ended with 1")
    bench.edit("r.mp4", "refused", *bench.s3("--store-life", "9999999")).fails(5, "life_s")
    with Relay(1) as nobody:
        bench.edit("r.mp4", "refused", *bench.s3(), "--store-endpoint",
                   "http://127.0.0.1:%d" % nobody.port, env=bench.aws).fails(75, "omnisplice resume")
    done = bench.edit("r.mp4", "refused", *bench.s3(), env=bench.aws).ok() # after all that
    assert bench.sim.ledger()["posts"] == ledger["posts"] + 1, done
    assert not bench.objects() and not bench.files()
    print("ok refusals")


def killed(bench):
    """kill -9 while the reference is on its way, in parts; resume sends the rest."""
    master = bench.folder("noise.mp4")
    _sim.ffmpeg("-f", "lavfi", "-i", "nullsrc=s=1280x720:r=24,noise=alls=100:allf=t", "-t", "3",
                "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "50M", "-maxrate", "60M",
                "-bufsize", "60M", "-g", "24", "-pix_fmt", "yuv420p", master)
    port = int(bench.ceph["endpoint"].rsplit(":", 1)[1])
    def words(port):
        return ["--store", "s3://dailies/refs", "--store-endpoint", "http://127.0.0.1:%d" % port,
                "--store-part", "5", "--store-parallel", "1"]
    with Relay(port, "*:rate:%d" % (6 << 20)) as relay:
        args = ["edit", "-i", master, "--from", "0", "--to", "3", "--prompt", "noise", "--gateway",
                bench.sim.url, "-o", bench.folder("noise-out.mp4")]
        process = start(*args, *words(relay.port), env={**bench.env, **bench.aws})
        for _ in range(2400): # until a part is there
            listed = bench.s3cmd("multipart", "s3://dailies")
            found = re.search(r"(s3://dailies/refs/\S+)\s+(\S+)", listed)
            if found and re.search(r"^\d{4}-", bench.s3cmd("listmp", found[1], found[2]), re.M):
                break
            assert process.poll() is None, _edit.finish(process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = len(re.findall(r"^\d{4}-", bench.s3cmd("listmp", found[1], found[2]), re.M))
    job = _edit.journal(bench.state)[0]["job"]
    home = os.path.join(bench.state, "jobs", job)
    with open(os.path.join(home, "upload.json")) as file:
        assert json.load(file)["upload_id"] == found[2]
    parts = -(-os.path.getsize(os.path.join(home, "reference.mp4")) // (5 << 20))
    done = bench.resume(job, *words(port), "--log", "trace", env=bench.aws)
    assert done.code == 0, done
    sent = len(re.findall(r"> PUT /dailies/refs/", done.err))
    assert before and sent == parts - before, (parts, before, sent)
    assert not bench.objects() and not bench.s3cmd("multipart", "s3://dailies").splitlines()[2:]
    print("ok killed and resumed")


def secrets(bench):
    """Talk at its loudest, the journal, the job's folders, config show: no key, no signature."""
    ini = bench.folder("config.ini")
    with open(bench.folder("web-key"), "w") as file:
        file.write("secret\n")
    os.chmod(bench.folder("web-key"), 0o600)
    with open(ini, "w") as file:
        file.write("[gateway here]\nurl = %s\nstore = cloud\n[store cloud]\nurl = s3://dailies/refs\n"
                   "endpoint = %s\nregion = default\n[store web]\nurl = %s\nuser = alice\n"
                   "key_file = %s\npublic_url = %s\n" % (
                       bench.sim.url, bench.ceph["endpoint"], bench.nginx["url"],
                       bench.folder("web-key"), bench.nginx["public"]))
    said = ""
    for store, key in (("cloud", "secret-cloud"), ("web", "secret-web")):
        done = bench.edit(key + ".mp4", key, "--gateway", "here", "--store", store, "--config", ini,
                          "--log", "trace", env=bench.aws)
        assert done.code == 0, done
        said += done.out + done.err
    assert "http: > PUT /" in said and "Authorization: ***" in said
    show = run("config", "show", "--config", ini, "--gateway", "here", "--store", "web",
               "--store-region", "by-option",
               env={**bench.env, "OMNISPLICE_STORE_TIMEOUT": "30"}).ok()
    settings = show.json()["settings"]
    assert settings["store"] == {"value": bench.nginx["url"], "origin": "config.ini [store web] url"}
    assert settings["store_region"] == {"value": "by-option", "origin": "option"}
    assert settings["store_timeout_s"] == {"value": "30",
                                           "origin": "environment OMNISPLICE_STORE_TIMEOUT"}
    assert settings["store_key"]["value"] == "set, not shown", settings["store_key"]
    said += show.out
    texts = [said.encode()]
    for base, _, names in os.walk(bench.state):
        for name in names:
            with open(os.path.join(base, name), "rb") as file:
                texts.append(file.read())
    for secret in (SECRET, bench.sim.key, "X-Amz-Signature=", "Signature=", "YWxpY2U6",
                   "X-Amz-Credential"):
        for text in texts:
            at = text.find(secret.encode())
            assert at < 0, "%r is written: %r" % (secret, text[max(0, at - 200):at + 100])
    print("ok no secret is written")


def main():
    _servers.wanted()
    with _edit.Folder("stores") as folder, _sim.Sim(None, "0") as sim:
        ceph, nginx = Server("radosgw", 10), Server("nginx", 3)
        _edit.make(folder("master.mp4"), seconds=3)
        bench = Bench(folder, sim, ceph, nginx)
        bench.s3cmd("mb", "s3://dailies")
        each_kind(bench)
        dry(bench)
        kept(bench)
        refused(bench)
        secrets(bench)
        killed(bench)


if __name__ == "__main__":
    main()
    sys.exit(0)
