"""Starts the real tritonserver that `tools/setup triton` puts into .deps/triton, and stops it again."""

import os
import pathlib
import signal
import socket
import subprocess
import tempfile

import daemon as daemons
import wire

FOLDER = daemons.ROOT / ".deps" / "triton"
SERVER = FOLDER / "pytriton" / "tritonserver"
# Each model of the Python backend is a process that imports numpy: 3 s for all of them on two cores.
START_LIMIT_S = 50
STOP_LIMIT_S = 30


def why_not():
    """Why the real server cannot be started here; empty where it can."""
    if (SERVER / "bin" / "tritonserver").is_file():
        return ""
    return "the real tritonserver is not installed: run tools/setup triton"


def free_ports(count):
    """Ports of the loopback that nobody has now; the server has no way to say which it took, so it cannot choose."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Triton:
    """One tritonserver on free ports of the loopback."""

    def __init__(self, repository):
        self.http = self.grpc = None
        self._log = tempfile.TemporaryFile("w+")
        self._process = None
        self._repository = pathlib.Path(repository)

    def start(self):
        """Returns when the server is ready; fails with its log when it does not come up."""
        ports = dict(zip(("http", "grpc", "metrics"), free_ports(3)))
        self.http, self.grpc = f"127.0.0.1:{ports['http']}", f"127.0.0.1:{ports['grpc']}"
        command = [
            str(SERVER / "bin" / "tritonserver"),
            f"--model-repository={self._repository}",
            f"--backend-directory={SERVER / 'backends'}",
            "--model-control-mode=explicit",
            "--load-model=*",
            "--disable-auto-complete-config",
        ]
        for name, port in ports.items():
            command += [f"--{name}-address=127.0.0.1", f"--{name}-port={port}"]
        environment = {
            **os.environ,
            "LD_LIBRARY_PATH": str(FOLDER / "nvidia_pytriton.libs"),
            "PATH": f"{FOLDER / 'venv' / 'bin'}:/usr/bin:/bin",
        }
        self._process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that its Python processes can be ended with it
        )
        try:
            daemons.wait_until(self._is_ready, START_LIMIT_S, "a ready tritonserver")
        except AssertionError as late:
            self.stop()
            raise AssertionError(f"{late}:\n{self.text()[-4000:]}") from None
        return self

    def _is_ready(self):
        if not self.is_running():
            raise AssertionError(f"tritonserver ended with {self._process.returncode}")
        try:
            return wire.get(self.http, "/v2/health/ready").status == 200
        except OSError:
            return False

    def text(self):
        self._log.seek(0)
        return self._log.read()

    def is_running(self):
        return self._process.poll() is None

    def stop(self):
        """Asks it to end; what is left of it and of its children after that is killed."""
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # nobody is left, as it should be
        self._process.wait()
