"""A daemon under every kind of load at once for a minute: all answers right, nothing grows, nothing is left behind."""

import pathlib
import socket
import threading
import time

import daemon as daemons
import grpc
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire
from tritonclient.grpc import service_pb2, service_pb2_grpc

WARM_S, SOAK_S = 15, 45
# What an allocator may hold more of after a minute than after a quarter of it.
GROWTH_BYTES = 16 << 20


def simple_inputs(library, first):
    inputs = []
    for name in ("INPUT0", "INPUT1"):
        tensor = library.InferInput(name, [1, 16], "INT32")
        tensor.set_data_from_numpy(np.full((1, 16), first, dtype=np.int32))
        inputs.append(tensor)
    return inputs


def http_client(daemon, turn):
    with tritonclient.http.InferenceServerClient(daemon.http) as client:
        for i in range(100):
            answer = client.infer("simple", simple_inputs(tritonclient.http, turn + i))
            assert (answer.as_numpy("OUTPUT0") == 2 * (turn + i)).all()


def grpc_client(daemon, turn):
    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        for i in range(100):
            answer = client.infer("simple", simple_inputs(tritonclient.grpc, turn + i))
            assert (answer.as_numpy("OUTPUT0") == 2 * (turn + i)).all()


def large_tensors(daemon, turn):
    values = np.full((1, 50176), turn, dtype=np.float32)
    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        for _ in range(20):
            tensor = tritonclient.grpc.InferInput("INPUT0", list(values.shape), "FP32")
            tensor.set_data_from_numpy(values)
            assert (client.infer("idbig", [tensor]).as_numpy("OUTPUT0") == values).all()


def stream(daemon, turn):
    """Half of the streams are given up in the middle."""
    request = service_pb2.ModelInferRequest(model_name="repeat")
    for name, datatype in (("IN", "INT32"), ("DELAY", "UINT32"), ("WAIT", "UINT32")):
        tensor = request.inputs.add(name=name, datatype=datatype, shape=[1 if name == "WAIT" else 20])
        field = tensor.contents.int_contents if datatype == "INT32" else tensor.contents.uint_contents
        field.extend(range(20) if name == "IN" else [0] * tensor.shape[0])
    with grpc.insecure_channel(daemon.grpc) as channel:
        answers = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelStreamInfer(iter([request] * 10))
        count = 0
        for answer in answers:
            assert not answer.error_message
            count += 1
            if turn % 2 and count == 50:
                answers.cancel()
                return
        assert count == 200


def impatient(daemon, _turn):
    """Deadlines that pass while the request runs or waits."""
    request = service_pb2.ModelInferRequest(model_name="slow")
    request.inputs.add(name="ITERATIONS", datatype="INT64", shape=[1]).contents.int64_contents.append(100_000_000)
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        for call in [stub.ModelInfer.future(request, timeout=0.02) for _ in range(8)]:
            assert call.code() == grpc.StatusCode.DEADLINE_EXCEEDED


def hang_up(daemon, turn):
    """Clients that go away inside a request, or before its answer."""
    for name in ("http", "grpc"):
        host, port = getattr(daemon, name).rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            connection.sendall(b"POST /v2/models/simple/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"[: 20 + turn % 80])


def malformed(daemon, _turn):
    for body in (b"{", b"[]", b'{"inputs":[{"name":"INPUT0"}]}', b"\xff" * 100):
        assert wire.post(daemon.http, "/v2/models/simple/infer", body).status == 400


def load_and_unload(daemon, _turn):
    with tritonclient.http.InferenceServerClient(daemon.http) as client:
        client.load_model("scalar")
        assert client.is_model_ready("scalar")
        client.unload_model("scalar")


def used(daemon):
    folder = pathlib.Path(f"/proc/{daemon.pid}")
    resident = next(line for line in (folder / "status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(resident.split()[1]) << 10, len(list((folder / "fd").iterdir()))


def scrape(daemon, name):
    lines = wire.get(daemon.metrics, "/metrics").body.decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + "{"))


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_minute_of_everything_leaves_nothing_behind(private_daemon):
    daemon = private_daemon("simple", "idbig", "repeat", "slow", "scalar")
    _, descriptors = used(daemon)
    ends = threading.Event()
    faults = []

    def keep_doing(work):
        turn = 0
        while not ends.is_set():
            try:
                work(daemon, turn)
            except Exception as fault:  # every one is told at the end, with whose it is
                faults.append((work.__name__, turn, fault))
                return
            turn += 1

    works = [http_client, grpc_client, large_tensors, stream, impatient, hang_up, malformed, load_and_unload]
    threads = [threading.Thread(target=keep_doing, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    ends.wait(WARM_S)
    warm, _ = used(daemon)
    ends.wait(SOAK_S)
    ends.set()
    for thread in threads:
        thread.join(60)

    assert not faults
    daemons.wait_until(lambda: scrape(daemon, "nv_inference_pending_request_count") == 0, 20, "no pending request")
    daemons.wait_until(lambda: used(daemon)[1] <= descriptors, 20, "no descriptor left behind")
    assert used(daemon)[0] - warm < GROWTH_BYTES
