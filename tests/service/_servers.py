# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real servers for tests: started by tests/servers/NAME.sh, stopped at the end in any case."""
import atexit
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile

SOURCE, BINARY = os.environ["OSP_SOURCE"], os.environ["OSP_BINARY"]
FOLDER = os.path.join(SOURCE, "tests", "servers")
HANGS_S = 240


def wanted():
    """A machine without the servers says so; otherwise they are there, or the test fails."""
    if os.environ.get("OMNISPLICE_TEST_SERVERS") == "no":
        print("SKIPPED: OMNISPLICE_TEST_SERVERS=no, nothing was tried against a real server")
        sys.exit(77)


def free_ports(count):
    """A block of ports that nobody listens on, below those that the kernel hands out."""
    for _ in range(200):
        first = random.randrange(10000, 32000, 20)
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
    raise AssertionError("no free ports")


def clean(**more):
    """Nothing of the person who runs the tests."""
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("OMNISPLICE_", "XDG_", "AWS_", "RCLONE_"))
           and not k.lower().endswith("_proxy")}
    env.update({"LC_ALL": "C.UTF-8", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
                "AWS_CONFIG_FILE": "/nonexistent"})
    env.update(more)
    return env


class Server:
    """One server; it starts in the background, values come when they are asked for."""

    def __init__(self, name, ports, *args, **env):
        self.name = name
        self.path = tempfile.mkdtemp(prefix="osp-%s-" % name)
        os.chmod(self.path, 0o755)
        self.port = free_ports(ports)
        self.script = os.path.join(FOLDER, name + ".sh")
        self.log = open(os.path.join(self.path, "start"), "w+")
        atexit.register(self.stop)
        self.process = subprocess.Popen(
            [self.script, "start", self.path, str(self.port), *map(str, args)], stdout=self.log,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=clean(**env))
        self.values = None

    def __getitem__(self, key):
        if self.values is None:
            code = self.process.wait(timeout=HANGS_S)
            self.log.seek(0)
            text = self.log.read()
            assert code == 0, "%s does not start (%d): %s" % (self.name, code, text)
            self.values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        return self.values[key]

    def stop(self):
        if not self.path:
            return
        self.process.wait(timeout=HANGS_S)
        subprocess.run([self.script, "stop", self.path], check=False)
        self.log.close()
        shutil.rmtree(self.path, ignore_errors=True)
        self.path = None


class Relay:
    """A line to a port of this machine that breaks as its rules say; see servers/relay.c."""

    def __init__(self, port, *rules):
        self.process = subprocess.Popen([os.path.join(BINARY, "tests", "relay"), str(port), *rules],
                                        stdout=subprocess.PIPE, text=True)
        atexit.register(self.process.kill)
        self.port = int(self.process.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Tool:
    """What tests/servers/store_tool came to."""

    def __init__(self, args, code, out, err):
        self.args, self.code, self.out, self.err = args, code, out.strip(), err

    def __str__(self):
        return "%s\n-> %d\n%s\n%s" % (" ".join(self.args), self.code, self.out, self.err[-3000:])

    def ok(self):
        assert self.code == 0, self
        return self.out

    def fails(self, code, *words):
        """One line that says why, and at most one hint."""
        lines = [x for x in self.err.splitlines() if not x.startswith(("progress ", "memory "))]
        assert self.code == code, "exit %d wanted\n%s" % (code, self)
        assert lines[0].startswith("omnisplice: ") and len(lines) <= 2, self
        for word in words:
            assert word in "\n".join(lines), "%r is missed in\n%s" % (word, self)

    def tenths(self):
        return [int(x.split()[1]) for x in self.err.splitlines() if x.startswith("progress ")]

    def kib(self):
        return int(self.err.rsplit("memory ", 1)[1])


def tool(spec, *words, env=None, wrap=(), **settings):
    args = [*wrap, os.path.join(BINARY, "tests", "store_tool"), spec,
            *("%s=%s" % item for item in settings.items() if item[1] is not None), *map(str, words)]
    done = subprocess.run(args, env=clean(**(env or {})), capture_output=True, text=True,
                          timeout=HANGS_S, stdin=subprocess.DEVNULL)
    return Tool(args, done.returncode, done.stdout, done.stderr)
