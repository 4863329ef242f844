"""Clients that send without end, or ever so slowly: each is cut off or held up, and the others are served meanwhile.

What a hostile client may try, and where it is shown to do no harm (each test fails without the guard):

    unknown model, wrong shape, wrong type      protocol/kserve/test_errors.py, test_grpc_errors.py
    truncated or empty ONNX file                fault/test_faults.py (BAD_MODELS)
    NaN in JSON, JSON nested a million deep     protocol/kserve/test_malformed.py (JSON_CASES)
    Content-Length of 10 GB and more            test_a_body_of_ten_gigabytes_is_refused_before_it_comes, here
    decompression bomb, HTTP                    protocol/kserve/test_compression.py
    decompression bomb, gRPC                    test_a_packed_grpc_message_that_unpacks_without_end_is_refused, here
    head or body that stops                     fault/test_client_faults.py
    head that comes byte by byte without end    test_a_head_that_comes_byte_by_byte_has_no_more_time_than_another, here
    endless header, endless headers, trailers   test_who_sends_without_end_is_stopped_and_keeps_nobody_waiting, here
    CONTINUATION flood, rapid reset             the same
    PING and SETTINGS floods                    test_answers_that_a_flooding_client_does_not_read_do_not_pile_up, here
    HPACK bomb                                  net/grpc_server_test.cc (ResetsACallWhoseHeadersUnpackWithoutEnd)
    answers that are not read                   net/http_refusal_test.cc, net/grpc_server_test.cc, fault/test_faults.py
    10,000 idle connections                     scenario/test_idle_connections.py
    clients that die or hang up                 fault/test_client_faults.py, fault/test_hang_up.py
"""

import itertools
import pathlib
import re
import select
import socket
import threading
import time

import grpc
import http2
import pytest
import wire

LIMIT_S = 20
HELD_UP_S = 1.0  # so long without a byte that the server takes

HTTP_HEAD = b"GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED_HEAD = b"POST /v2/models/scalar/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=LIMIT_S)


def assert_serving(daemon):
    answer = wire.infer(daemon.http, "scalar", {"inputs": [wire.tensor("x", "FP32", [], [1.5])]})
    assert answer.status == 200, answer.body


def flood(connection, parts, reads=False):
    """Sends one part after another. "closed" when the server has ended the connection, "held up" when it takes no more,
    "taken" when it still takes them after LIMIT_S; and what it has said, if that is read."""
    connection.setblocking(False)
    received, rest, end = b"", b"", time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        readable, writable, _ = select.select([connection] if reads else [], [connection], [], HELD_UP_S)
        if not readable and not writable:
            return "held up", received
        try:
            if readable:
                part = connection.recv(65536)
                if not part:
                    return "closed", received
                received += part
            if writable:
                rest = rest or next(parts)
                rest = rest[connection.send(rest) :]
        except (BrokenPipeError, ConnectionResetError):
            return "closed", received
    return "taken", received


def flood_while_serving(daemon, address, first, parts, reads):
    outcome = []

    def run():
        with connect(address) as connection:
            connection.sendall(first)
            outcome.append(flood(connection, parts, reads))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert_serving(daemon)
        while thread.is_alive():
            assert_serving(daemon)
    finally:
        thread.join()
    assert_serving(daemon)
    return outcome[0]


def resets():
    """Calls that are begun and taken back at once (CVE-2023-44487), a thousand in a part."""
    headers = http2.call_headers()
    for first in itertools.count(1, 2000):
        yield b"".join(
            http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers)
            + http2.frame(http2.RST_STREAM, 0, stream, b"\0\0\0\x08")
            for stream in range(first, first + 2000, 2)
        )


BEGUN_HEADERS = http2.greeting() + http2.frame(http2.HEADERS, 0, 1, http2.call_headers())
MORE_HEADERS = http2.frame(http2.CONTINUATION, 0, 1, http2.literal(b"more", b"m" * 100))
NO_HEADERS = http2.frame(http2.CONTINUATION, 0, 1, b"")

# name -> protocol, what is sent first, what is sent again and again
ENDLESS = {
    "http_header": ("http", HTTP_HEAD + b"X: ", itertools.repeat(b"x" * 10_000)),
    "http_header_name": ("http", HTTP_HEAD, itertools.repeat(b"x" * 10_000)),
    "http_headers": ("http", HTTP_HEAD, itertools.repeat(b"X: y\r\n" * 1000)),
    "http_path": ("http", b"GET /", itertools.repeat(b"x" * 10_000)),
    "http_chunk_extension": ("http", CHUNKED_HEAD + b"1;", itertools.repeat(b"x" * 10_000)),
    "http_trailers": ("http", CHUNKED_HEAD + b"0\r\n", itertools.repeat(b"X: y\r\n" * 1000)),
    "http_chunks_of_one_byte": ("http", CHUNKED_HEAD, itertools.repeat(b"1\r\nx\r\n" * 10_000)),
    "grpc_continuations": ("grpc", BEGUN_HEADERS, itertools.repeat(MORE_HEADERS * 100)),
    "grpc_empty_continuations": ("grpc", BEGUN_HEADERS, itertools.repeat(NO_HEADERS * 1000)),
    "grpc_resets": ("grpc", http2.greeting(), resets()),
    "grpc_no_http_2": ("grpc", b"", itertools.repeat(b"x" * 10_000)),
}


@pytest.mark.parametrize("protocol, first, parts", ENDLESS.values(), ids=ENDLESS)
def test_who_sends_without_end_is_stopped_and_keeps_nobody_waiting(private_daemon, protocol, first, parts):
    daemon = private_daemon("scalar", flags=["--http-max-input-size", str(1 << 20)])
    before = resident(daemon)

    outcome, received = flood_while_serving(daemon, getattr(daemon, protocol), first, parts, reads=True)

    assert outcome == "closed"
    if protocol == "http":
        assert re.match(rb"HTTP/1.1 (400|413|431) ", received), received[:200]
    assert resident(daemon) - before < 32 << 20


def resident(daemon):
    text = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
    return 1024 * int(re.search(r"^VmHWM:\s+(\d+) kB$", text, re.M)[1])  # the most there has been


@pytest.mark.parametrize(
    "frame",
    [http2.frame(http2.PING, 0, 0, b"12345678"), http2.frame(http2.SETTINGS, 0, 0, b"")],
    ids=["pings", "settings"],
)
def test_answers_that_a_flooding_client_does_not_read_do_not_pile_up(private_daemon, frame):
    daemon = private_daemon("scalar")
    before = resident(daemon)

    outcome, _ = flood_while_serving(
        daemon, daemon.grpc, http2.greeting(), itertools.repeat(frame * 1000), reads=False
    )

    assert outcome in ("held up", "closed")
    assert resident(daemon) - before < 16 << 20


def test_a_client_whose_calls_are_reset_as_deadlines_do_it_is_served_on(private_daemon):
    daemon = private_daemon("scalar")
    with connect(daemon.grpc) as connection:
        connection.sendall(http2.greeting() + next(resets()))  # a thousand at once
        connection.sendall(http2.frame(http2.PING, 0, 0, b"still me"))
        received = b""
        while b"still me" not in received:
            part = connection.recv(65536)
            assert part, "the server has closed the connection"
            received += part

    assert http2.GOAWAY not in [kind for kind, *_ in http2.frames(received)]


def test_a_head_that_comes_byte_by_byte_has_no_more_time_than_another(private_daemon):
    daemon = private_daemon("scalar", flags=["--http-header-timeout-ms", "1000"])
    head = itertools.chain(HTTP_HEAD + b"X: ", itertools.repeat(ord("x")))
    with connect(daemon.http) as connection:
        end = time.monotonic() + LIMIT_S
        answer = b""
        while not answer and time.monotonic() < end:
            connection.sendall(bytes([next(head)]))
            if select.select([connection], [], [], 0.05)[0]:  # never a second without a byte
                answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert_serving(daemon)


@pytest.mark.parametrize("size", [10 << 30, 10 << 40])
def test_a_body_of_ten_gigabytes_is_refused_before_it_comes(private_daemon, size):
    daemon = private_daemon("scalar")
    before = resident(daemon)
    head = b"POST /v2/models/scalar/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size

    answer = wire.exchange(daemon.http, head)

    assert answer.status == 413
    assert str(size) in answer.error()
    assert resident(daemon) - before < 16 << 20
    assert_serving(daemon)


def test_a_packed_grpc_message_that_unpacks_without_end_is_refused(private_daemon):
    daemon = private_daemon("scalar")
    before = resident(daemon)
    with grpc.insecure_channel(daemon.grpc, options=[("grpc.max_send_message_length", -1)]) as channel:
        call = channel.unary_unary(http2.INFER)
        with pytest.raises(grpc.RpcError) as refused:
            call(bytes(200 << 20), compression=grpc.Compression.Gzip, timeout=LIMIT_S)

    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert str(64 << 20) in refused.value.details()
    assert resident(daemon) - before < 150 << 20  # 64 MiB is what a message may unpack to
    assert_serving(daemon)
