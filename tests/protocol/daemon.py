"""Starts the real program for a test, waits until it is ready, and stops it again."""

import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY = re.compile(
    r"aion (?P<version>\S+) ready: http (?P<http>\S+), grpc (?P<grpc>\S+), metrics (?P<metrics>\S+?), models (?P<models>\d+)"
)
START_LIMIT_S = 30
STOP_LIMIT_S = 30

sys.path.insert(0, str(ROOT / "tests" / "models"))
import make_models  # noqa: E402  (found through the path above)

# The models of the shared daemon. The truncated one, the big ones and those that want OpenVINO have tests and daemons
# of their own.
ALONE = ("broken", "mlpl", "slow_chain")
SHARED_MODELS = [name for name in make_models.MODELS if name not in ALONE and not name.startswith("openvino_")]


def program():
    """The program under test: AION_PROGRAM, or the release build."""
    return os.environ.get("AION_PROGRAM", str(ROOT / "build" / "release" / "bin" / "aion"))


def wait_until(condition, limit_s=10.0, what="the condition"):
    """Waits for something that another process does and that sends no event; returns the condition's value."""
    end = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {limit_s} s")
        threading.Event().wait(0.01)


def clean_environment(**changes):
    """The environment without AION_ variables of the person who runs the tests, then `changes`."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AION_")}
    return {**kept, **changes}


def run_cli(*arguments, env=None, timeout_s=30, cwd=None, stdin=subprocess.DEVNULL):
    """Runs one command to its end; stdout and stderr are text."""
    command = [program(), *map(str, arguments)]
    return subprocess.run(
        command, env=env or clean_environment(), cwd=cwd, stdin=stdin, capture_output=True, text=True, timeout=timeout_s
    )


class Daemon:
    """One `aion up` in the foreground with free ports and its own data folder."""

    def __init__(self, repository, data_dir, *flags, env=None):
        self.data_dir = pathlib.Path(data_dir)
        self.repository = pathlib.Path(repository)
        self.command = [program(), "up", "--model-repository", str(repository), "--data-dir", str(data_dir)]
        for port in ("--http-port", "--grpc-port", "--metrics-port"):
            if port not in flags:
                self.command += [port, "0"]
        self.command += [str(flag) for flag in flags]
        self.env = env or clean_environment()
        self.process = None
        self.output = []
        self.http = self.grpc = self.metrics = None
        self._ready = threading.Event()
        self._reader = None

    def start(self):
        """Starts the program and returns when it says that it is ready; fails with its output when it does not."""
        self.http = self.grpc = self.metrics = None
        self._ready.clear()
        self.process = subprocess.Popen(
            self.command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._ready.wait(START_LIMIT_S) or self.http is None:
            self.kill()
            raise AssertionError(
                f"no ready line within {START_LIMIT_S} s from {' '.join(self.command)}:\n{self.text()}"
            )
        return self

    def _read(self):
        for line in self.process.stdout:
            self.output.append(line)
            match = READY.search(line)
            if match and self.http is None:
                self.http, self.grpc = match["http"], match["grpc"]
                self.metrics, self.models = match["metrics"], int(match["models"])
                self.version = match["version"]
                self._ready.set()
        self._ready.set()  # the program has ended: nobody has to wait any longer

    def text(self):
        return "".join(self.output)

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def cpu_seconds(self):
        """CPU time of the process and of those of its children that have ended."""
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return sum(int(value) for value in fields[11:13]) / os.sysconf("SC_CLK_TCK")

    def children(self):
        """pids of the direct children."""
        found = []
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            found += [int(pid) for pid in (task / "children").read_text().split()]
        return found

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, limit_s=STOP_LIMIT_S):
        """The exit code; a daemon that hangs is killed and the test fails."""
        try:
            code = self.process.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"the daemon had not ended {limit_s} s after SIGTERM:\n{self.text()[-4000:]}"
            ) from None
        self._reader.join(5)
        return code

    def stop(self):
        """Graceful stop; the exit code must be 0."""
        if self.is_running():
            self.terminate()
        code = self.wait()
        if code != 0:
            raise AssertionError(f"the daemon ended with {code}:\n{self.text()[-4000:]}")

    def restart(self):
        """Stopped gracefully and started again, on other ports."""
        self.stop()
        return self.start()

    def kill(self):
        if self.is_running():
            self.process.kill()
        self.process.wait()
        if self._reader:
            self._reader.join(5)
