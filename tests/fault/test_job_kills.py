"""kill -9 of the daemon, of supervisors, of jobs, and of all together, at any point of a job's life."""

import json
import os
import pathlib
import random
import signal
import time

import daemon as daemons
import pytest

OPEN = {"blocked", "preparing", "queued", "backing-off", "starting", "running", "suspended", "cancelling", "requeueing"}


def job(daemon, *arguments):
    verb, *rest = arguments
    return daemons.run_cli("job", verb, "--data-dir", daemon.data_dir, *rest)


def processes(data_dir):
    """pids of supervisors, and of programs of jobs, of this data folder's daemon."""
    supervisors, programs = [], []
    for folder in pathlib.Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            command = (folder / "cmdline").read_bytes()
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if b"aion-supervisor\0" in command and str(data_dir).encode() in command:
            supervisors.append(int(folder.name))
        elif b"TEST_FOLDER=" + str(data_dir).encode() in environment:
            programs.append(int(folder.name))
    return supervisors, programs


def kill(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Life:
    """Submits jobs and kills what runs, as its seed says."""

    def __init__(self, daemon, seed, tmp_path):
        self.daemon = daemon
        self.random = random.Random(seed)
        self.starts = tmp_path / "starts"
        self.starts.mkdir()
        self.acknowledged = []
        self.ended = {}  # number: how often it had been started when it was seen to have ended

    def submit(self):
        script = f"date +%s%N >> {self.starts}/$AION_JOB_NUMBER; sleep 0.0{self.random.randrange(10)}"
        done = job(self.daemon, "submit", "--cpus", "0.2", "--memory", "32MiB", "--back-off", "1ms", "--grace", "200ms",
                   "--env", f"TEST_FOLDER={self.daemon.data_dir}", "--", "sh", "-c", script)
        if done.returncode == 0:
            self.acknowledged.append(int(done.stdout))

    def count(self, number):
        file = self.starts / str(number)
        return len(file.read_text().splitlines()) if file.exists() else 0

    def look(self):
        listed = json.loads(job(self.daemon, "ls", "--all", "--json", "--limit", "1000").stdout)
        for one in listed["jobs"]:
            number = one["number"]
            if one["state"] not in OPEN:
                assert number not in self.ended or self.ended[number] == self.count(number), f"job {number} was run again"
                self.ended.setdefault(number, self.count(number))
        return {one["number"]: one["state"] for one in listed["jobs"]}

    def strike(self):
        time.sleep(self.random.random() * 0.03)  # somewhere in a job's life
        what = self.random.choice(["daemon", "supervisor", "program", "all"])
        supervisors, programs = processes(self.daemon.data_dir)
        if what in ("supervisor", "all"):
            kill(supervisors[:1] if what == "supervisor" else supervisors)
        if what in ("program", "all"):
            kill(programs[:1] if what == "program" else programs)
        if what in ("daemon", "all"):
            self.daemon.kill()
            self.daemon.start()


def rounds(seed, count):
    return pytest.param(seed, count, marks=[pytest.mark.slow] if count > 20 else [])


@pytest.mark.parametrize("seed, strikes", [rounds(1, 12), rounds(2, 12), rounds(3, 200)])
def test_no_acknowledged_job_is_lost_and_none_that_has_ended_runs_again(private_daemon, tmp_path, seed, strikes):
    daemon = private_daemon("simple", flags=["--jobs-cores", "2"])
    life = Life(daemon, seed, tmp_path)

    for _ in range(strikes):
        for _ in range(life.random.randrange(1, 3)):
            life.submit()
        life.strike()
        life.look()

    daemons.wait_until(lambda: not OPEN & set(life.look().values()), 60, "the end of all jobs")
    states = life.look()
    assert set(life.acknowledged) <= set(states)
    # One that was killed itself has failed; all others have come to a good end.
    assert all(states[number] in ("succeeded", "failed") for number in life.acknowledged)
    assert processes(daemon.data_dir) == ([], [])
    leases = json.loads(daemons.run_cli("status", "--json", "--data-dir", daemon.data_dir).stdout)["leases"]
    assert not [lease for lease in leases if "job" in lease["holder"]]
    ids = [folder.name for folder in pathlib.Path(daemon.data_dir, "jobs").iterdir()]
    for root in ("/sys/fs/cgroup",):
        left = [path for path in pathlib.Path(root).rglob("*.*.0") if path.name.split(".")[0] in ids]
        assert left == []


def test_the_second_daemon_on_a_data_folder_refuses(private_daemon):
    first = private_daemon("simple")

    second = daemons.run_cli("up", "--data-dir", first.data_dir, "--model-repository", first.repository, "--http-port", "0",
                             "--grpc-port", "0", "--metrics-port", "0")

    assert second.returncode == 1
    assert "another daemon" in second.stderr or "is in use" in second.stderr or "holds" in second.stderr, second.stderr
    assert job(first, "submit", "--wait", "--", "true").returncode == 0
