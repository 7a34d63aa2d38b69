#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# ctest: slow
"""The S3 store against Ceph's gateway and OpenStack Swift: two servers that share no code and are
strict in different places. rclone, s3cmd and curl's own signer are the witnesses."""
import contextlib
import hashlib
import hmac
import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import _edit
import _servers
from _servers import HANGS_S, Relay, Server, clean, tool

MIB = 1 << 20
PART = 5 * MIB  # the smallest that S3 takes
BUCKET = "dailies"
EMPTY = hashlib.sha256(b"").hexdigest()


class Bucket:
    """A bucket of a running server, by our tool and by the witnesses."""

    def __init__(self, server, folder, name=BUCKET):
        self.server, self.folder, self.name = server, folder, name
        self.env = {"AWS_ACCESS_KEY_ID": server["access"],
                    "AWS_SECRET_ACCESS_KEY": server["secret"]}
        self.s3cmd("mb", "s3://" + name)

    def spec(self, prefix=""):
        return "s3://%s/%s" % (self.name, prefix)

    def tool(self, *words, prefix="", env=None, port=None, wrap=(), **settings):
        settings.setdefault("endpoint", self.server["endpoint"])
        settings.setdefault("region", self.server["region"])
        if port:
            settings["endpoint"] = "http://127.0.0.1:%d" % port
        return tool(self.spec(prefix), *words, env={**self.env, **(env or {})}, wrap=wrap,
                    **settings)

    def s3cmd(self, *words):
        host = self.server["endpoint"].split("//")[1]
        done = subprocess.run(
            ["s3cmd", "-c", self.folder("no-config"), "--no-ssl", "--host=" + host,
             "--host-bucket=" + host, *words],
            env=clean(**self.env), capture_output=True, text=True, timeout=HANGS_S)
        assert done.returncode == 0, done
        return done.stdout

    def rclone(self, *words):
        env = clean(RCLONE_CONFIG=self.folder("no-config"), RCLONE_CONFIG_S_TYPE="s3",
                    RCLONE_CONFIG_S_PROVIDER="Ceph",
                    RCLONE_CONFIG_S_ENDPOINT=self.server["endpoint"],
                    RCLONE_CONFIG_S_ACCESS_KEY_ID=self.server["access"],
                    RCLONE_CONFIG_S_SECRET_ACCESS_KEY=self.server["secret"])
        return subprocess.run(["rclone", *words], env=env, check=True, capture_output=True,
                              timeout=HANGS_S).stdout

    def curl(self, target):
        """GET by another signer of the same algorithm."""
        config = 'user = "%s:%s"\n' % (self.server["access"], self.server["secret"])
        done = subprocess.run(
            ["curl", "-s", "-K", "-", "--aws-sigv4", "aws:amz:%s:s3" % self.server["region"], "-H",
             "x-amz-content-sha256: " + EMPTY,
             "%s/%s%s" % (self.server["endpoint"], self.name, target)],
            input=config.encode(), capture_output=True, check=True, timeout=HANGS_S)
        return done.stdout

    def ask(self, query):
        """A list of the bucket, signed here: curl takes no key with a colon, s3cmd is slow."""
        host, path = self.server["endpoint"].split("//")[1], "/" + self.name
        moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        scope = "%s/%s/s3/aws4_request" % (moment[:8], self.server["region"])
        names = "host;x-amz-content-sha256;x-amz-date"
        canonical = "GET\n%s\n%s\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n\n%s\n%s" % (
            path, query, host, EMPTY, moment, names, EMPTY)
        key = ("AWS4" + self.server["secret"]).encode()
        for word in scope.split("/"):
            key = hmac.digest(key, word.encode(), "sha256")
        text = "AWS4-HMAC-SHA256\n%s\n%s\n%s" % (
            moment, scope, hashlib.sha256(canonical.encode()).hexdigest())
        status, _, body = get(
            self.server["endpoint"] + path + "?" + query,
            **{"x-amz-date": moment, "x-amz-content-sha256": EMPTY,
               "Authorization": "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s"
               % (self.server["access"], scope, names,
                  hmac.new(key, text.encode(), "sha256").hexdigest())})
        assert status == 200, body
        return [html.unescape(x) for x in re.findall("<Key>([^<]*)</Key>", body.decode())]

    def names(self):
        return [urllib.parse.unquote_plus(x) for x in self.ask("encoding-type=url&list-type=2")]

    def uploads(self):
        return self.ask("uploads=")

    def nothing_is_left(self, *but):
        """No object, whole or half, and no upload that nobody ends."""
        assert self.names() == list(but), self.names()
        assert not self.uploads(), self.uploads()


def data(path, size):
    with open(path, "wb") as file:
        file.write(os.urandom(size))
    return path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def get(url, **headers):
    """(status, headers, body), as the service would: no credentials."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers),
                                    timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def port_of(bucket):
    return int(bucket.server["endpoint"].rsplit(":", 1)[1])


# ---- what works ----

def whole_and_in_parts(bucket, small, large):
    for name, path, parts in (("small.mp4", small, 0), ("large.mp4", large, 3)):
        put = bucket.tool("put", path, name, prefix="refs", part_bytes=PART,
                          memory=bucket.folder("memory"))
        url = put.ok()
        assert put.kib() < 16 * 1024, "%d KiB above its start" % put.kib()
        status, headers, body = get(url)
        assert status == 200 and body == read(path)
        assert headers["Content-Type"] == "video/mp4", headers
        assert not parts or "-%d" % parts in headers["ETag"] or parts == 3, headers
        assert get(url.split("?")[0])[0] in (400, 401, 403), "anybody may read it"
        assert re.search(r"X-Amz-Expires=21600&", url), url
        bucket.tool("fetch", url, os.path.getsize(path)).ok()
        bucket.tool("fetch", url, os.path.getsize(path) + 1).fails(5, "bytes")
        # a witness reads it, another lists it
        assert bucket.rclone("cat", "s:%s/refs/%s" % (bucket.name, name)) == body
        assert "s3://%s/refs/%s" % (bucket.name, name) in bucket.s3cmd(
            "ls", "--recursive", "s3://" + bucket.name)
        assert bucket.tool("present", path, name, prefix="refs").ok() == "yes"
        other = data(bucket.folder("other"), os.path.getsize(path))
        assert bucket.tool("present", other, name, prefix="refs").ok() == "no"
        bucket.tool("remove", name, prefix="refs").ok()
        bucket.tool("remove", name, prefix="refs").ok()  # gone is fine
        bucket.tool("fetch", url, os.path.getsize(path)).fails(5, "404")
    assert not os.path.exists(bucket.folder("memory"))
    bucket.nothing_is_left()


def curls_signer(bucket, small):
    """Another signer of the same algorithm reads what ours wrote."""
    bucket.tool("put", small, "w.mp4").ok()
    assert bucket.curl("/w.mp4") == read(small)
    bucket.tool("remove", "w.mp4").ok()


def names(bucket, small):
    """Whatever a person calls a folder."""
    long = "x" * 200
    for prefix in ("two words", "a+b", "100%", "%20", "Größe/日本", "d//e", "x/../y",
                   "'q'\"=&?#;:@$,(!)*", "/".join([long] * 4) + "/" + "y" * (1000 - 804 - 7)):
        url = bucket.tool("put", small, "n.mp4", prefix=prefix).ok()
        # urllib and rclone would fold "x/../y": curl leaves it as it stands
        body = subprocess.run(["curl", "-sf", "--path-as-is", url], capture_output=True,
                              check=True, timeout=HANGS_S).stdout
        assert body == read(small), prefix
        assert bucket.names() == [prefix + "/n.mp4"], (prefix, bucket.names())
        bucket.tool("remove", "n.mp4", prefix=prefix).ok()
    too_long = "/".join([long] * 5) + "/zzzzzzzzzzzzzzzzzzzz"
    bucket.tool("put", small, "n.mp4", prefix=too_long).fails(5, "bucket 'dailies' takes no")
    bucket.nothing_is_left()


# ---- what is refused ----

def refused(bucket, small, large, swift):
    for path in (small, large):
        def put(**more):
            return bucket.tool("put", path, "r.mp4", part_bytes=PART,
                               memory=bucket.folder("refused"), **more)
        put(env={"AWS_SECRET_ACCESS_KEY": "wrong"}).fails(5, "secret key", "hint: ")
        put(env={"AWS_ACCESS_KEY_ID": "nobody:x"}).fails(5, "HTTP 403", "hint: ")
        if swift: # Ceph looks at no region
            put(region="eu-nowhere-9").fails(5, "another region", "us-east-1")
        tool("s3://missing-bucket", "put", path, "r.mp4", env=bucket.env, part_bytes=PART,
             endpoint=bucket.server["endpoint"], region=bucket.server["region"]).fails(
                 5, "bucket 'missing-bucket' is not there", "hint: ")
    tool("s3://x", "url", "n", env={}).fails(5, "no AWS profile", "AWS_ACCESS_KEY_ID")
    url = bucket.tool("put", small, "r.mp4", life_s=1).ok()
    time.sleep(2.2)
    bucket.tool("fetch", url, os.path.getsize(small)).fails(5, "403")
    bucket.tool("remove", "r.mp4").ok()
    bucket.nothing_is_left()


def clock(bucket, small, large):
    """A clock that is wrong is learnt from the first refusal; the address is signed by it, too."""
    for offset in ("+20m", "-20m"):
        for path in (small, large):
            put = bucket.tool("put", path, "c.mp4", part_bytes=PART, wrap=["faketime", "-f", offset])
            assert get(put.ok())[2] == read(path), offset
    bucket.tool("remove", "c.mp4", wrap=["faketime", "-f", "+20m"]).ok()
    bucket.nothing_is_left()


def profile(bucket, small):
    """Keys and place out of the files that AWS's own tools read."""
    with open(bucket.folder("credentials"), "w") as file:
        file.write("[default]\naws_access_key_id = no\naws_secret_access_key = no\n\n[studio]\n"
                   "aws_access_key_id = %s\naws_secret_access_key=%s\n" % (
                       bucket.server["access"], bucket.server["secret"]))
    with open(bucket.folder("config"), "w") as file:
        file.write("[profile studio]\nregion = %s\nendpoint_url = %s\ns3 =\n"
                   "    addressing_style = path\n" % (bucket.server["region"],
                                                      bucket.server["endpoint"]))
    env = {"AWS_SHARED_CREDENTIALS_FILE": bucket.folder("credentials"),
           "AWS_CONFIG_FILE": bucket.folder("config")}
    tool(bucket.spec(), "put", small, "p.mp4", env={**env, "AWS_PROFILE": "studio"}).ok()
    tool(bucket.spec(), "remove", "p.mp4", env=env, profile="studio").ok()
    bucket.nothing_is_left()


# ---- a line that breaks ----

def broken_lines(bucket, small, large):
    """In every part, and around them: the put ends well, or is taken up again."""
    where = [100, 2 * MIB, 7 * MIB, 11 * MIB]
    rules = [["1:reset:%d" % n] for n in where] + [["1:cut:%d" % n] for n in where[1:]]
    rules += [["1:deaf:<CompleteMultipartUpload"], ["1:deaf:uploads="], ["1:deaf:partNumber=2"]]
    rules += [["1:stall:%d" % (6 * MIB)], ["1:reset:%d" % (2 * MIB), "2:reset:%d" % (4 * MIB),
                                           "3:reset:%d" % (4 * MIB)]]
    for rule in rules:
        with Relay(port_of(bucket), *rule) as relay:
            for tries in range(5): # as the job's loop does
                put = bucket.tool("put", large, "b.mp4", part_bytes=PART, parallel=1, timeout_s=2,
                                  memory=bucket.folder("broken"), port=relay.port)
                if put.code == 0:
                    break
                put.fails(75)
                assert "b.mp4" not in bucket.names() or "deaf" in rule[0]
            assert tries < 4, (rule, put)
        body = bucket.rclone("cat", "s:%s/b.mp4" % bucket.name)
        assert body == read(large), "%s: other bytes" % rule
        bucket.tool("remove", "b.mp4", memory=bucket.folder("broken")).ok()
        bucket.nothing_is_left()
    with Relay(port_of(bucket), "*:reset:100000") as relay:
        bucket.tool("put", small, "b.mp4", port=relay.port).fails(75, "127.0.0.1")
    with Relay(port_of(bucket), "2-3:reset:%d" % (2 * MIB)) as relay: # side by side
        put = bucket.tool("put", large, "b.mp4", part_bytes=PART, port=relay.port)
        assert get(put.ok().replace(str(relay.port), str(port_of(bucket))))[0] in (200, 403)
    bucket.tool("remove", "b.mp4").ok()
    bucket.nothing_is_left()


def start(bucket, path, relay, memory):
    args = [os.path.join(_servers.BINARY, "tests", "store_tool"), bucket.spec(),
            "endpoint=http://127.0.0.1:%d" % relay.port, "region=" + bucket.server["region"],
            "part_bytes=%d" % PART, "parallel=1", "memory=" + memory, "put", path, "k.mp4"]
    return subprocess.Popen(args, env=clean(**bucket.env), stderr=subprocess.PIPE,
                            stdout=subprocess.DEVNULL, text=True)


def killed(bucket, large):
    """kill -9 in the second part: the next process sends what is missing, and no more."""
    memory = bucket.folder("killed")

    def kill():
        with Relay(port_of(bucket), "*:rate:%d" % (12 * MIB)) as relay:
            process = start(bucket, large, relay, memory)
            for line in process.stderr:
                if line.strip() == "progress 60":
                    process.send_signal(signal.SIGKILL)
                    break
            process.wait(timeout=HANGS_S)
            process.stderr.close()
            assert process.returncode == -signal.SIGKILL
        assert bucket.uploads() == ["k.mp4"]

    kill()
    assert os.stat(memory).st_mode & 0o77 == 0, "others can read what may hold an address"
    put = bucket.tool("put", large, "k.mp4", part_bytes=PART, parallel=1, memory=memory)
    put.ok()
    assert put.tenths()[0] >= 40, "the first part was sent again: %s" % put.tenths()
    assert bucket.rclone("cat", "s:%s/k.mp4" % bucket.name) == read(large)
    bucket.tool("remove", "k.mp4", memory=memory).ok()
    kill()
    bucket.tool("remove", "k.mp4", memory=memory).ok() # given up
    bucket.nothing_is_left()
    kill()
    os.unlink(memory) # killed before it could note the upload's id
    bucket.tool("put", large, "k.mp4", part_bytes=PART, memory=memory).ok()
    bucket.nothing_is_left("k.mp4")
    kill()
    other = data(bucket.folder("other"), 13 * MIB) # the content has changed
    url = bucket.tool("put", other, "k.mp4", part_bytes=PART, memory=memory).ok()
    assert get(url)[2] == read(other)
    bucket.tool("remove", "k.mp4", memory=memory).ok()
    bucket.nothing_is_left()


# ---- what only Ceph's gateway can do ----

def admin(server, *words):
    done = subprocess.run(["radosgw-admin", "-c", server["conf"], *words], capture_output=True,
                          text=True, timeout=HANGS_S)
    assert done.returncode == 0, done
    return done.stdout


def quota(bucket, large):
    server = bucket.server
    admin(server, "user", "create", "--uid=poor", "--display-name=poor", "--access-key=POOR",
          "--secret-key=poor-secret")
    admin(server, "quota", "set", "--quota-scope=user", "--uid=poor", "--max-size=8M")
    admin(server, "quota", "enable", "--quota-scope=user", "--uid=poor")
    poor = Bucket({"access": "POOR", "secret": "poor-secret", "endpoint": server["endpoint"],
                   "region": "default"}, bucket.folder, "poor")
    for part in (PART, 32 * MIB): # in parts, and at once
        poor.tool("put", large, "q.mp4", part_bytes=part, parallel=1,
                  memory=bucket.folder("poor")).fails(4, "the quota is used up")
        poor.nothing_is_left()


@contextlib.contextmanager
def gateway(bucket, *options):
    """One more gateway to the same objects; its port."""
    port = _servers.free_ports(2)
    pid = os.path.join(bucket.server.path, "run", "rgw-%d.pid" % port)
    subprocess.run(["radosgw", "-c", bucket.server["conf"], "-n", "client.rgw", "--pid-file", pid,
                    "--rgw-frontends", "beast endpoint=127.0.0.1:%d" % port, *options], check=True,
                   timeout=HANGS_S, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600): # it has gone into the background
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0 and os.path.exists(pid):
                break
        time.sleep(0.05)
    with open(pid) as file:
        number = int(file.read())
    try:
        yield port
    finally:
        os.kill(number, signal.SIGKILL)
        os.unlink(pid)


def busy(bucket, large):
    """A gateway that takes two requests at a time and turns the others away with 503 SlowDown."""
    with gateway(bucket, "--rgw-max-concurrent-requests", "2") as port:
        turned_down = 0
        for _ in range(6):
            put = bucket.tool("put", large, "s.mp4", part_bytes=PART, parallel=8, port=port,
                              memory=bucket.folder("busy"))
            if put.code == 0:
                break
            put.fails(75, "is busy (SlowDown, HTTP 503)")
            turned_down += 1
        put.ok()
        assert bucket.rclone("cat", "s:%s/s.mp4" % bucket.name) == read(large)
    bucket.tool("remove", "s.mp4").ok()
    bucket.nothing_is_left()


def virtual_host(bucket, small):
    url = bucket.tool("put", small, "v.mp4", addressing="virtual",
                      endpoint="http://localhost:%d" % port_of(bucket)).ok()
    assert url.startswith("http://dailies.localhost:%d/v.mp4?" % port_of(bucket)), url
    bucket.tool("fetch", url, os.path.getsize(small)).ok()
    assert bucket.rclone("cat", "s:%s/v.mp4" % bucket.name) == read(small)
    bucket.tool("remove", "v.mp4").ok()


def sts(bucket, port, action, service, **fields):
    """A call of STS or IAM, signed by curl."""
    body = "&".join("%s=%s" % (k, urllib.request.quote(v, safe=""))
                    for k, v in {"Action": action, **fields}.items())
    done = subprocess.run(
        ["curl", "-s", "--aws-sigv4", "aws:amz:default:" + service, "--user",
         "%s:%s" % (bucket.server["access"], bucket.server["secret"]), "-H",
         "x-amz-content-sha256: " + hashlib.sha256(body.encode()).hexdigest(), "-d", body,
         "http://127.0.0.1:%d/" % port], capture_output=True, text=True, timeout=HANGS_S)
    assert "<Error>" not in done.stdout and done.returncode == 0, done.stdout
    return done.stdout


def session_token(bucket, small, large):
    admin(bucket.server, "caps", "add", "--uid=test", "--caps=user-policy=*;roles=*")
    policy = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["sts:*", "s3:*"], "Resource": ["arn:aws:s3:::*"]}]}
    with gateway(bucket, "--rgw-sts-key", "abcdefghijklmnop", "--rgw-s3-auth-use-sts",
                 "true") as port:
        sts(bucket, port, "PutUserPolicy", "iam", UserName="test", PolicyName="p",
            PolicyDocument=json.dumps(policy))
        answer = sts(bucket, port, "GetSessionToken", "sts", DurationSeconds="3600")
        key, secret, token = (re.search("<%s>([^<]+)</%s>" % (x, x), answer)[1]
                              for x in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
        env = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret,
               "AWS_SESSION_TOKEN": token}
        for path in (small, large):
            url = bucket.tool("put", path, "t.mp4", part_bytes=PART, env=env, port=port).ok()
            assert "X-Amz-Security-Token=" in url
            assert get(url)[2] == read(path)
        bucket.tool("put", small, "t.mp4", port=port,
                    env={**env, "AWS_SESSION_TOKEN": ""}).fails(5, "HTTP 403")
        bucket.tool("remove", "t.mp4", env=env, port=port).ok()
    bucket.nothing_is_left()


def main():
    _servers.wanted()
    with _edit.Folder("s3") as folder:
        swift = Server("swift", 4) # the slowest to start: in the background
        ceph = Server("radosgw", 10)
        small = data(folder("small.mp4"), 300000)
        large = data(folder("large.mp4"), 12 * MIB)
        for server in (ceph, swift):
            bucket = Bucket(server, folder)
            begin = time.monotonic()

            def told(what):
                print("ok %s: %s, %.1f s" % (server.name, what, time.monotonic() - begin))
                sys.stdout.flush()
            whole_and_in_parts(bucket, small, large)
            told("whole and in parts")
            names(bucket, small)
            told("names")
            refused(bucket, small, large, server is swift)
            clock(bucket, small, large)
            profile(bucket, small)
            told("refusals, clock, profile")
            killed(bucket, large)
            told("killed")
            broken_lines(bucket, small, large)
            told("broken lines")
            if server is ceph:
                curls_signer(bucket, small)
                session_token(bucket, small, large)
                quota(bucket, large)
                busy(bucket, large)
                virtual_host(bucket, small)
                told("session token, quota, SlowDown, virtual host")


if __name__ == "__main__":
    main()
    sys.exit(0)
