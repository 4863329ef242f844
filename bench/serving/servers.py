"""Starts and stops the servers that are measured: each on free ports of 127.0.0.1, each stopped again."""

import dataclasses
import pathlib
import shutil
import signal
import socket
import subprocess
import time

START_LIMIT_S = 30


@dataclasses.dataclass
class Server:
    name: str
    process: subprocess.Popen
    http_port: int = 0
    grpc_port: int = 0

    @property
    def pid(self):
        return self.process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def post(port, request, timeout_s=5.0):
    """(status, head, body) of one POST over a connection of its own."""
    head = f"POST {request.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in request.headers.items())
    head += f"Content-Length: {len(request.body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=timeout_s) as connection:
        connection.sendall(head.encode() + request.body)
        received = b""
        while True:
            front, mark, body = received.partition(b"\r\n\r\n")
            if mark and len(body) >= _content_length(front):
                return int(front.split(b" ", 2)[1]), front.decode("latin-1"), body
            part = connection.recv(65536)
            if not part:
                raise ConnectionError(f"the server on port {port} closed the connection early")
            received += part


def _content_length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


class Launcher:
    """Knows the programs and the scratch folder; remembers what it started, so that close() stops all of it."""

    def __init__(self, build, repository, scratch, server_cpus=None):
        self.build = pathlib.Path(build)
        self.repository = pathlib.Path(repository)
        self.scratch = pathlib.Path(scratch)
        self._prefix = ["taskset", "-c", server_cpus] if server_cpus else []
        self._running = []

    def program(self, name):
        return str(self.build / "bin" / name)

    def model_file(self, model):
        return str(self.repository / model.name / "1" / "model.onnx")

    def start_floor(self, model, threads=2):
        port = free_port()
        command = [self.program("bench_floor"), str(port), self.model_file(model), model.shape_argument]
        process = self._spawn("floor", [*command, model.dtype_argument, str(threads)])
        return self._keep(Server("floor", process, http_port=port))

    def start_empty_grpc(self):
        port = free_port()
        process = self._spawn("empty_grpc", [self.program("bench_empty_grpc"), str(port)])
        return self._keep(Server("empty_grpc", process, grpc_port=port))

    def start_aion(self, models, arguments=()):
        """A daemon with an empty data folder and only these models in its repository."""
        home = self.scratch / f"aion-{len(self._running)}-{time.monotonic_ns()}"
        for model in models:
            shutil.copytree(self.repository / model.name, home / "models" / model.name)
        ports = {"http": free_port(), "grpc": free_port(), "metrics": free_port()}
        command = [self.program("aion"), "up", "--model-repository", str(home / "models"), "--data-dir", str(home)]
        for name, port in ports.items():
            command += [f"--{name}-port", str(port)]
        process = self._spawn("aion", [*command, *arguments])
        return self._keep(Server("aion", process, http_port=ports["http"], grpc_port=ports["grpc"]))

    def wait_for_answer(self, server, request):
        """Until the first 200 to this request over HTTP; polls as fast as the loopback allows."""
        give_up = time.monotonic() + START_LIMIT_S
        while time.monotonic() < give_up:
            if server.process.poll() is not None:
                raise RuntimeError(f"{server.name} ended with {server.process.returncode}: {self.log(server.name)}")
            try:
                status, _, body = post(server.http_port, request)
                if status == 200 and body:
                    return
            except OSError:
                pass
            time.sleep(0.0005)
        raise RuntimeError(f"{server.name} gave no answer in {START_LIMIT_S} s: {self.log(server.name)}")

    def wait_for_port(self, server, port):
        give_up = time.monotonic() + START_LIMIT_S
        while time.monotonic() < give_up:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError(f"{server.name} does not listen: {self.log(server.name)}")

    def log(self, name):
        path = self.scratch / f"{name}.log"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def stop(self, server):
        server.stop()
        self._running.remove(server)

    def close(self):
        for server in list(self._running):
            self.stop(server)

    def _spawn(self, name, command):
        with open(self.scratch / f"{name}.log", "ab") as log:
            return subprocess.Popen([*self._prefix, *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _keep(self, server):
        self._running.append(server)
        return server
