"""Holds many idle connections to a daemon, in a process of its own: descriptors are limited by process.

usage: idle_clients.py http|grpc HOST:PORT COUNT

Every connection is used once. Prints "idle" when all are, and holds them until its input ends.
"""

import pathlib
import resource
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "fault"))
import http2  # noqa: E402  (found through the path above)

LIMIT_S = 60


def use_http(connection):
    connection.sendall(b"GET /v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n")
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += receive(connection)
    if not answer.startswith(b"HTTP/1.1 200 "):
        raise SystemExit(f"expected an answer with status 200, got {answer!r}")


def use_grpc(connection):
    path = "/inference.GRPCInferenceService/ServerLive"
    connection.sendall(http2.grpc_call(http2.framed(b""), ends=True, path=path) + http2.frame(4, http2.ACK, 0, b""))
    answer = b""
    while not any(is_end(frame) for frame in http2.frames(answer)):
        answer += receive(connection)


def is_end(frame):
    kind, flags, stream, _ = frame
    return stream == 1 and kind in (http2.HEADERS, http2.RST_STREAM) and flags & http2.END_STREAM


def receive(connection):
    part = connection.recv(65536)
    if not part:
        raise SystemExit("the server has closed a connection")
    return part


def main():
    use = {"http": use_http, "grpc": use_grpc}[sys.argv[1]]
    host, port = sys.argv[2].rsplit(":", 1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    held = []
    for _ in range(int(sys.argv[3])):
        connection = socket.create_connection((host, int(port)), timeout=LIMIT_S)
        use(connection)
        held.append(connection)
    print("idle", flush=True)
    sys.stdin.read()


main()
