# SPDX-License-Identifier: LGPL-2.1-or-later
"""kill -9 in the middle of an edit, and the same command again: one task, one right result."""
import concurrent.futures
import os
import signal
import time

import _edit
import _sim
from _edit import run, start

FRAMES = 76
SPAN = ("--from", "2f", "--to", "74f")


def make_master(folder):
    return _edit.make(folder("master.mp4"), seconds=FRAMES / 24, gop=19, bframes=1, sound=True)


class World:
    """One state folder, one edit, and where its ledger is read: the simulator inside the program,
    or one that runs beside it."""

    def __init__(self, folder, name, master, sim):
        self.folder, self.sim, self.master = folder, sim, master
        self.state, self.out = folder(name), folder(name + ".mp4")
        self.env = {"OMNISPLICE_SIM_DELAY": "0.3"}
        if sim:
            self.env["OMNISPLICE_API_KEY"] = sim.key
        # one simulator serves many worlds: each has a prompt of its own
        self.args = ["edit", "-i", master, *SPAN, "--prompt", "negative " + name, "--gateway",
                     sim.url if sim else "sim", "--state", self.state, "-o", self.out]

    def ledger(self):
        """(posts, tasks) of this world; the posts of one simulator for many are not told apart."""
        jobs = _edit.journal(self.state)
        ids = {job["external_task_id"] for job in jobs}
        ledger = self.sim.ledger() if self.sim else _edit.sim_ledger(self.state)
        return len([t for t in ledger["tasks"] if t["external_task_id"] in ids]), len(jobs)


def right(world):
    """From outside and quickly: every time stamp, the sound, the packets next to the shot."""
    import edit
    edit.judge(world.master, world.out, 2, 72, lambda n: world.out + "." + n)


def undisturbed(folder, name, master, sim):
    world = World(folder, name, master, sim)
    seconds = run(*world.args, env=world.env).ok().seconds
    assert world.ledger() == (1, 1), world.ledger()
    right(world)
    return seconds


def kill_at(instant):
    """Seconds after the start."""
    def wait(process):
        begin = time.monotonic()
        while time.monotonic() - begin < instant and process.poll() is None:
            time.sleep(0.005)
    return wait


def kill_in(state):
    """As soon as the journal says so: the narrow states are hardly ever met by the clock."""
    def wait(process):
        for line in process.stderr:
            if " -> %s (" % state in line:
                return
        raise AssertionError("it never was %s" % state)
    return wait


def killed(folder, name, master, sim, wait):
    """One row of the table: (state at the kill, what the second run said, tasks)."""
    world = World(folder, name, master, sim)
    process = start(*world.args, "-v", "debug", env=world.env, stdout=_edit.subprocess.DEVNULL)
    wait(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    jobs = _edit.journal(world.state) if os.path.exists(world.state + "/jobs.db") else []
    state = jobs[0]["state"] if jobs else "-"
    if process.returncode == 0:
        state = "ended"
    assert world.ledger()[0] <= 1, "%s: %s" % (name, world.ledger())
    again = run(*world.args, env=world.env)
    said = "done"
    if again.code == 75:
        again.fails(75, "unsure", "--resend")
        assert world.ledger()[0] <= 1, "%s: %s" % (name, world.ledger())
        job = _edit.journal(world.state)[0]["job"]
        run("resume", job, "--resend", "--state", world.state, env=world.env).ok()
        said = "unsure, resent"
    else:
        again.ok()
    tasks, count = world.ledger()
    assert (tasks, count) == (1, 1), "%s, killed in %s: %d tasks, %d jobs" % (
        name, state, tasks, count)
    right(world)
    left = [n for n in os.listdir(folder.path) if n.startswith(".%s." % name)]
    assert not left, left
    return state, said, tasks


def rows(folder, plan, sim, workers):
    """plan: [(words, name of the world, wait)]. @return how many rows were wrong"""
    master, wrong = folder("master.mp4"), 0
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        jobs = [(words, pool.submit(killed, folder, name, master, sim, wait))
                for words, name, wait in plan]
        for words, job in jobs:
            try:
                state, said, tasks = job.result()
                print("  killed %-13s in %-9s then %-15s %d task" % (words, state, said, tasks),
                      flush=True)
            except AssertionError as fault:
                wrong += 1
                print("  killed %s FAILED: %s" % (words, fault), flush=True)
    return wrong


def table(title, folder, instants, sim, workers):
    """Instants spread over the time of an undisturbed run."""
    word = "beside" if sim else "inside"
    whole = undisturbed(folder, word + "-whole", folder("master.mp4"), sim)
    print("%s: undisturbed %.1f s" % (title, whole), flush=True)
    at = [whole * (i + 0.5) / instants for i in range(instants)]
    return rows(folder, [("at %6.2f s" % t, "%s-%d" % (word, i), kill_at(t))
                         for i, t in enumerate(at)], sim, workers)


def states(folder, names, sim, workers):
    return rows(folder, [("at '%s'" % n, "state-%s-%d" % (n, i), kill_in(n))
                         for i, n in enumerate(names)], sim, workers)


def both(instants, names, workers=2):
    with _edit.Folder("chaos") as folder:
        make_master(folder)
        wrong = table("simulator inside", folder, instants, None, workers)
        with _sim.Sim(folder("server"), "0.3") as sim:
            wrong += table("simulator beside", folder, instants, sim, workers)
            wrong += states(folder, names, sim, workers)
            tasks = len(sim.ledger()["tasks"])
            edits = instants + 1 + len(names)
            print("ledger: %d tasks for %d edits" % (tasks, edits))
            wrong += tasks != edits
    return wrong
