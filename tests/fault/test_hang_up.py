"""A client that hangs up gives its place to the next at once, whether its request runs or waits, over HTTP and gRPC."""

import json
import re
import socket
import struct

import daemon as daemons
import pytest
import wire
from http2 import framed, grpc_call
from tritonclient.grpc import service_pb2

FOREVER = 10**12  # iterations: years
LIMIT_S = 20
# One slot, and one thread for the sockets, so that requests are seen in the order in which they were sent.
ONE_BY_ONE = ["--threads-compute", "1", "--threads-io", "1"]


def http_request(iterations):
    body = json.dumps({"inputs": [wire.tensor("ITERATIONS", "INT64", [1], [iterations])]}).encode()
    head = "POST /v2/models/slow/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    return (head % len(body)).encode() + body


def infer_message(iterations):
    message = service_pb2.ModelInferRequest(model_name="slow")
    message.inputs.add(name="ITERATIONS", datatype="INT64", shape=[1])
    message.raw_input_contents.append(struct.pack("<q", iterations))
    return message


def grpc_request(iterations):
    return grpc_call(framed(infer_message(iterations).SerializeToString()), ends=True)


class Client:
    """One connection with one request on it."""

    def __init__(self, address, request):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=LIMIT_S)
        self.socket.sendall(request)

    def close(self):
        self.socket.close()

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)


def counts(daemon):
    """What the metrics count of the model: pending, succeeded and cancelled requests."""
    text = wire.get(daemon.metrics, "/metrics").body.decode()

    def value(name, more=""):
        return int(float(re.search(rf'^{name}{{model="slow",version="1"{more}}} (\S+)$', text, re.M)[1]))

    return (
        value("nv_inference_pending_request_count"),
        value("nv_inference_request_success"),
        value("nv_inference_request_failure", ',reason="CANCELED"'),
    )


def wait_for(daemon, pending, succeeded, cancelled):
    wanted = (pending, succeeded, cancelled)
    daemons.wait_until(lambda: counts(daemon) == wanted, LIMIT_S, f"(pending, succeeded, cancelled) = {wanted}")


@pytest.mark.parametrize("how", ["close", "reset", "finish_sending"])
@pytest.mark.parametrize("protocol", ["http", "grpc"])
def test_who_hangs_up_leaves_the_queue_and_the_device_at_once(private_daemon, protocol, how):
    daemon = private_daemon("slow", flags=ONE_BY_ONE)
    address, request = (daemon.http, http_request) if protocol == "http" else (daemon.grpc, grpc_request)
    running = Client(address, request(FOREVER))
    wait_for(daemon, pending=0, succeeded=0, cancelled=0)
    waiting = Client(address, request(FOREVER))
    wait_for(daemon, pending=1, succeeded=0, cancelled=0)
    behind = Client(daemon.http, http_request(1))
    wait_for(daemon, pending=2, succeeded=0, cancelled=0)

    getattr(waiting, how)()
    wait_for(daemon, pending=1, succeeded=0, cancelled=1)
    getattr(running, how)()

    assert behind.socket.recv(12) == b"HTTP/1.1 200"
    wait_for(daemon, pending=0, succeeded=1, cancelled=2)
    statistics = wire.get(daemon.http, "/v2/models/slow/stats").json()["model_stats"][0]["inference_stats"]
    assert (statistics["success"]["count"], statistics["fail"]["count"]) == (1, 2)


def test_who_hangs_up_behind_requests_sent_ahead_takes_all_of_them_along(private_daemon):
    daemon = private_daemon("slow", flags=ONE_BY_ONE)
    ahead = 500
    client = Client(daemon.http, http_request(FOREVER))
    wait_for(daemon, pending=0, succeeded=0, cancelled=0)
    client.socket.sendall(http_request(FOREVER) * ahead)
    behind = Client(daemon.http, http_request(1))
    wait_for(daemon, pending=1, succeeded=0, cancelled=0)

    client.close()

    assert behind.socket.recv(12) == b"HTTP/1.1 200"
    daemons.wait_until(lambda: counts(daemon)[0:2] == (0, 1), LIMIT_S, "the end of what was sent ahead")


def test_a_call_that_is_cancelled_leaves_the_others_of_its_connection_alone(private_daemon):
    import grpc
    from tritonclient.grpc import service_pb2_grpc

    daemon = private_daemon("slow", flags=ONE_BY_ONE)

    def call(stub, iterations):
        return stub.ModelInfer.future(infer_message(iterations), timeout=LIMIT_S)

    with grpc.insecure_channel(daemon.grpc) as channel:
        grpc.channel_ready_future(channel).result(LIMIT_S)  # else the calls may go out in any order
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        first, second, third = call(stub, FOREVER), call(stub, FOREVER), call(stub, 1)
        wait_for(daemon, pending=2, succeeded=0, cancelled=0)

        second.cancel()
        wait_for(daemon, pending=1, succeeded=0, cancelled=1)
        first.cancel()

        assert third.result().model_name == "slow"
        wait_for(daemon, pending=0, succeeded=1, cancelled=2)
