"""Clients that die, stop in the middle or dawdle: they cost nobody else anything, and nothing of them stays behind."""

import gzip
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys

import daemon as daemons
import pytest
import wire
from http2 import frames, grpc_call

LIMIT_S = 20


def assert_serving(daemon):
    answer = wire.infer(daemon.http, "scalar", {"inputs": [wire.tensor("x", "FP32", [], [1.5])]})
    assert answer.status == 200, answer.body


def descriptors(daemon):
    return len(list(pathlib.Path(f"/proc/{daemon.pid}/fd").iterdir()))


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=LIMIT_S)


def head(length, path="/v2/models/scalar/infer", *lines):
    fields = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *lines]
    return "\r\n".join([*fields, "", ""]).encode()


# ---- clients that are killed

# A whole request that runs for ever, a half-sent body, and half a gRPC message, on three connections.
KILLED_CLIENT = """
import socket, sys
http, grpc = (address.rsplit(":", 1) for address in sys.argv[1:3])
body = b'{"inputs":[{"name":"ITERATIONS","datatype":"INT64","shape":[1],"data":[1000000000000]}]}'
head = b"POST /v2/models/slow/infer HTTP/1.1\\r\\nHost: localhost\\r\\nContent-Length: %d\\r\\n\\r\\n"
running = socket.create_connection((http[0], int(http[1])))
running.sendall(head % len(body) + body)
half = socket.create_connection((http[0], int(http[1])))
half.sendall(head % 1000000 + body)
message = socket.create_connection((grpc[0], int(grpc[1])))
message.sendall(bytes.fromhex(sys.argv[3]))
print("sent", flush=True)
sys.stdin.read()
"""


def test_a_client_killed_with_a_request_running_and_half_a_body_sent_leaves_nothing_behind(private_daemon):
    daemon = private_daemon("slow", "scalar")
    before, busy = descriptors(daemon), daemon.cpu_seconds()
    half_message = grpc_call(b"\0" + struct.pack(">I", 1_000_000) + b"\x0a\x04slow")
    client = subprocess.Popen(
        [sys.executable, "-c", KILLED_CLIENT, daemon.http, daemon.grpc, half_message.hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert client.stdout.readline() == b"sent\n"
        daemons.wait_until(lambda: daemon.cpu_seconds() > busy + 0.3, LIMIT_S, "the running request")
        daemons.wait_until(lambda: descriptors(daemon) == before + 3, LIMIT_S, "the three connections")
    finally:
        client.kill()
        client.communicate()

    assert_serving(daemon)
    daemons.wait_until(lambda: descriptors(daemon) <= before, LIMIT_S, "the end of the three connections")
    daemons.wait_until(lambda: pending(daemon) == 0, LIMIT_S, "the end of the running request")
    daemon.stop()  # its exit code is 0, and nobody has to be waited for


def pending(daemon):
    lines = wire.get(daemon.metrics, "/metrics").body.decode().splitlines()
    name = "nv_inference_pending_request_count{"
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def test_a_hundred_clients_killed_in_a_row_leave_no_descriptor_behind(private_daemon):
    daemon = private_daemon("scalar")
    before = descriptors(daemon)
    body = b'{"inputs":[{"name":"x","datatype":"FP32","shape":[],"data":[1.5]}]}'
    for number in range(100):
        # A process of its own, so that the kernel closes its sockets as it does those of a client that is killed.
        child = os.fork()
        if child == 0:
            connection = connect(daemon.http)
            connection.sendall((head(len(body)) + body)[: 20 + number])
            os.kill(os.getpid(), 9)
        os.waitpid(child, 0)

    assert_serving(daemon)
    daemons.wait_until(lambda: descriptors(daemon) <= before, LIMIT_S, "the end of a hundred connections")


# ---- bodies that end too early

WHOLE = json.dumps({"inputs": [wire.tensor("x", "FP32", [], [1.5])]}).encode()
BINARY_HEAD = json.dumps({"inputs": [wire.tensor("x", "FP32", [], binary_data_size=4)]}).encode()
PACKED = gzip.compress(WHOLE, mtime=0)
CHUNKED = b"POST /v2/models/scalar/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
BINARY = f"Inference-Header-Content-Length: {len(BINARY_HEAD)}"

TRUNCATED = {
    "no_body": head(len(WHOLE)),
    "one_byte_of_json": head(len(WHOLE)) + WHOLE[:1],
    "all_but_one_byte_of_json": head(len(WHOLE)) + WHOLE[:-1],
    "binary_before_its_tensor": head(len(BINARY_HEAD) + 4, "/v2/models/scalar/infer", BINARY) + BINARY_HEAD,
    "binary_in_its_tensor": head(len(BINARY_HEAD) + 4, "/v2/models/scalar/infer", BINARY) + BINARY_HEAD + b"\0\0",
    "binary_in_its_json": head(len(BINARY_HEAD) + 4, "/v2/models/scalar/infer", BINARY) + BINARY_HEAD[:10],
    "packed": head(len(PACKED), "/v2/models/scalar/infer", "Content-Encoding: gzip") + PACKED[:-5],
    "chunk_without_its_size": CHUNKED,
    "chunk_size_without_its_line_end": CHUNKED + b"%x" % len(WHOLE),
    "in_a_chunk": CHUNKED + b"%x\r\n" % len(WHOLE) + WHOLE[:10],
    "between_chunks": CHUNKED + b"%x\r\n" % len(WHOLE) + WHOLE + b"\r\n",
    "before_the_last_line": CHUNKED + b"%x\r\n" % len(WHOLE) + WHOLE + b"\r\n0\r\n",
    "announced_and_never_sent": head(1 << 40),
    "index_with_half_a_body": head(100, "/v2/repository/index") + b'{"ready":',
    "load_with_half_a_body": head(100, "/v2/repository/models/scalar/load") + b'{"parameters":',
}


@pytest.mark.parametrize("raw", TRUNCATED.values(), ids=TRUNCATED)
def test_a_body_that_ends_too_early_is_never_run_and_lets_its_connection_go(daemon, raw):
    served = success_count(daemon)

    answer = wire.exchange(daemon.http, raw, LIMIT_S, half_close=True)

    assert answer is None or 400 <= answer.status < 500, answer
    assert success_count(daemon) == served
    assert_serving(daemon)


def success_count(daemon):
    content = wire.get(daemon.http, "/v2/models/scalar/stats").json()
    return content["model_stats"][0]["inference_stats"]["success"]["count"]


@pytest.mark.parametrize("sent", [b"", b"\0", b"\0\0\0\x03\xe8", b"\0\0\0\x03\xe8" + b"\x0a\x06scalar"])
def test_a_grpc_message_that_ends_too_early_is_refused(daemon, sent):
    with connect(daemon.grpc) as connection:
        connection.sendall(grpc_call(sent, ends=True))
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while True:
            part = connection.recv(65536)
            if not part:
                break
            received += part

    # The answer has no message: HEADERS (1) of stream 1, perhaps twice, and no DATA (0).
    kinds = [kind for kind, _, stream, _ in frames(received) if stream == 1]
    assert 1 in kinds and 0 not in kinds, received
    assert_serving(daemon)


# ---- slow senders

SLOW = 200


@pytest.mark.parametrize(
    "sent",
    [head(1000)[:30], head(1000), head(1000) + WHOLE[:10], CHUNKED + b"5\r\n12"],
    ids=["in_the_head", "before_the_body", "in_the_body", "in_a_chunk"],
)
def test_senders_that_stop_are_let_go_in_time_and_keep_nobody_waiting(private_daemon, sent):
    daemon = private_daemon("scalar", flags=["--http-header-timeout-ms", "1000", "--http-body-timeout-ms", "1000"])
    before = descriptors(daemon)
    connections = [connect(daemon.http) for _ in range(SLOW)]
    try:
        for connection in connections:
            connection.sendall(sent)
        assert_serving(daemon)
        for connection in connections:
            answer = b""
            while part := connection.recv(4096):
                answer += part
            assert answer == b"" or answer.startswith(b"HTTP/1.1 408 "), answer
    finally:
        for connection in connections:
            connection.close()

    assert_serving(daemon)
    daemons.wait_until(lambda: descriptors(daemon) <= before, LIMIT_S, "the end of the slow connections")


def test_a_sender_that_is_slow_and_does_not_stop_is_served(private_daemon):
    daemon = private_daemon("scalar", flags=["--http-body-timeout-ms", "1000"])
    body = WHOLE + b" " * 20
    with connect(daemon.http) as connection:
        connection.sendall(head(len(body)) + WHOLE)
        for _ in range(20):  # 2 s in all, and never 1 s without a byte
            assert_nothing_comes(connection, for_s=0.1)
            connection.sendall(b" ")
        connection.settimeout(LIMIT_S)

        assert connection.recv(12) == b"HTTP/1.1 200"


def assert_nothing_comes(connection, for_s):
    connection.settimeout(for_s)
    with pytest.raises(TimeoutError):
        connection.recv(1)
