"""A request that nobody waits for any more gives its slot back: cancel, deadline, a lost connection."""

import socket
import threading

import daemon as daemons
import grpc
import numpy as np
import pytest
import tritonclient.grpc
import wire
from tritonclient.grpc import service_pb2, service_pb2_grpc

FOREVER = 10**12  # iterations: years
MANY = 8  # more than any machine that runs the tests has slots


def slow_request(iterations):
    tensor = tritonclient.grpc.InferInput("ITERATIONS", [1], "INT64")
    tensor.set_data_from_numpy(np.array([iterations], dtype=np.int64))
    message = service_pb2.ModelInferRequest(model_name="slow")
    message.inputs.append(tensor._get_tensor())
    message.raw_input_contents.append(tensor._get_content())
    return message


def wait_until_busy(daemon):
    start = daemon.cpu_seconds()
    daemons.wait_until(lambda: daemon.cpu_seconds() > start + 0.2, limit_s=20, what="0.2 s of CPU in the daemon")


def assert_a_slot_is_free(daemon):
    body = {"inputs": [wire.tensor("ITERATIONS", "INT64", [1], [2])]}
    assert wire.infer(daemon.http, "slow", body, timeout_s=15).status == 200


def assert_idle(daemon):
    """The process stops burning CPU, so nothing of the requests runs on."""

    def idle():
        start = daemon.cpu_seconds()
        threading.Event().wait(0.3)
        return daemon.cpu_seconds() - start < 0.1

    daemons.wait_until(idle, limit_s=20, what="an idle daemon")


def test_a_cancelled_grpc_request_frees_its_slot(private_daemon):
    daemon = private_daemon("slow")
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        calls = [stub.ModelInfer.future(slow_request(FOREVER)) for _ in range(MANY)]
        wait_until_busy(daemon)

        for call in calls:
            call.cancel()

        assert_a_slot_is_free(daemon)
        assert_idle(daemon)


def test_a_grpc_deadline_ends_the_request_and_frees_its_slot(private_daemon):
    daemon = private_daemon("slow")
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        calls = [stub.ModelInfer.future(slow_request(FOREVER), timeout=1.0) for _ in range(MANY)]
        codes = [call.exception(timeout=20).code() for call in calls]

        assert codes == [grpc.StatusCode.DEADLINE_EXCEEDED] * MANY
        assert_a_slot_is_free(daemon)
        assert_idle(daemon)


def test_the_real_clients_timeout_is_a_deadline(daemon):
    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        tensor = tritonclient.grpc.InferInput("ITERATIONS", [1], "INT64")
        tensor.set_data_from_numpy(np.array([FOREVER], dtype=np.int64))

        with pytest.raises(tritonclient.grpc.InferenceServerException) as raised:
            client.infer("slow", [tensor], client_timeout=0.5)

    assert raised.value.status() == "StatusCode.DEADLINE_EXCEEDED"
    assert_a_slot_is_free(daemon)


def test_the_real_clients_cancel_ends_the_request(daemon):
    done = threading.Event()
    errors = []

    def completed(result, error):
        errors.append(error)
        done.set()

    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        tensor = tritonclient.grpc.InferInput("ITERATIONS", [1], "INT64")
        tensor.set_data_from_numpy(np.array([FOREVER], dtype=np.int64))
        call = client.async_infer("slow", [tensor], completed)
        wait_until_busy(daemon)
        call.cancel()
        assert done.wait(20)

    assert "CANCELLED" in str(errors[0])
    assert_a_slot_is_free(daemon)
    assert_idle(daemon)


def test_a_cancelled_request_counts_as_cancelled(private_daemon):
    daemon = private_daemon("slow")

    def cancelled():
        text = wire.get(daemon.metrics, "/metrics").body.decode()
        lines = [
            line
            for line in text.splitlines()
            if line.startswith("nv_inference_request_failure{") and 'reason="CANCELED"' in line
        ]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines)

    with grpc.insecure_channel(daemon.grpc) as channel:
        call = service_pb2_grpc.GRPCInferenceServiceStub(channel).ModelInfer.future(slow_request(FOREVER))
        wait_until_busy(daemon)
        call.cancel()

        daemons.wait_until(lambda: cancelled() == 1, limit_s=15, what="the CANCELED metric")


def test_a_lost_http_connection_cancels_its_request(private_daemon):
    daemon = private_daemon("slow")
    host, port = daemon.http.rsplit(":", 1)
    body = b'{"inputs":[{"name":"ITERATIONS","datatype":"INT64","shape":[1],"data":[%d]}]}' % FOREVER
    head = b"POST /v2/models/slow/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    connections = []
    for _ in range(MANY):
        connection = socket.create_connection((host, int(port)), timeout=10)
        connection.sendall(head + body)
        connections.append(connection)
    wait_until_busy(daemon)

    for connection in connections:
        connection.close()

    assert_a_slot_is_free(daemon)
    assert_idle(daemon)


def test_a_request_that_waits_in_the_queue_can_be_cancelled_too(private_daemon):
    daemon = private_daemon("slow")
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        running = [stub.ModelInfer.future(slow_request(FOREVER)) for _ in range(MANY)]
        wait_until_busy(daemon)
        waiting = stub.ModelInfer.future(slow_request(1), timeout=1.0)

        code = waiting.exception(timeout=10).code()
        for call in running:
            call.cancel()

    assert code == grpc.StatusCode.DEADLINE_EXCEEDED
    assert_a_slot_is_free(daemon)


def test_health_answers_while_every_slot_is_busy(private_daemon):
    daemon = private_daemon("slow")
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        running = [stub.ModelInfer.future(slow_request(FOREVER)) for _ in range(MANY)]
        wait_until_busy(daemon)

        assert wire.get(daemon.http, "/v2/health/ready").status == 200
        assert stub.ServerLive(service_pb2.ServerLiveRequest(), timeout=10).live
        for call in running:
            call.cancel()


def test_a_full_queue_refuses_at_once_with_tritons_text(private_daemon):
    daemon = private_daemon("slow", flags=["--threads-compute", "1", "--serving-max-queue", "1"])
    message = slow_request(FOREVER)
    message.id = "7"
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        calls = [stub.ModelInfer.future(message) for _ in range(6)]  # one runs, one waits

        daemons.wait_until(lambda: sum(call.done() for call in calls) == 4, limit_s=15, what="four refusals")
        refusals = {(call.code(), call.details()) for call in calls if call.done()}
        for call in calls:
            call.cancel()

    assert refusals == {(grpc.StatusCode.UNAVAILABLE, "[request id: 7] Exceeds maximum queue size")}
