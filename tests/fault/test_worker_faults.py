"""A worker process that dies or hangs fails only the requests inside it, with 503, and comes back."""

import os
import pathlib
import queue
import signal
import threading

import daemon as daemons
import grpc
import numpy as np
import pytest
import tritonclient.grpc
import wire
from tritonclient.grpc import service_pb2_grpc


def assert_serving(daemon):
    answer = wire.infer(daemon.http, "scalar", {"inputs": [wire.tensor("x", "FP32", [], [1.5])]})
    assert answer.status == 200, answer.body


def request(model, values, delays):
    message = tritonclient.grpc.service_pb2.ModelInferRequest(model_name=model)
    arrays = (
        ("IN", np.array(values, dtype=np.int32), "INT32"),
        ("DELAY", np.array(delays, dtype=np.uint32), "UINT32"),
        ("WAIT", np.array([0], dtype=np.uint32), "UINT32"),
    )
    for name, array, datatype in arrays:
        tensor = tritonclient.grpc.InferInput(name, list(array.shape), datatype)
        tensor.set_data_from_numpy(array)
        message.inputs.append(tensor._get_tensor())
        message.raw_input_contents.append(tensor._get_content())
    return message


def echo(daemon, model):
    return wire.infer(daemon.http, model, {"inputs": [wire.tensor("IN", "FP32", [1], [1.0])]})


def test_an_isolated_model_runs_in_a_child_process_and_another_does_not(private_daemon):
    isolated = private_daemon("echo_worker")
    ordinary = private_daemon("echo_identity")

    assert echo(isolated, "echo_worker").status == 200
    assert len(isolated.children()) == 1
    assert ordinary.children() == []


def test_a_killed_worker_fails_only_what_was_inside_it_with_unavailable(private_daemon):
    daemon = private_daemon("repeat_worker", "scalar", "repeat")
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        inside, outside = queue.Queue(), queue.Queue()
        inside.put(request("repeat_worker", [1, 2], [0, 600_000]))
        outside.put(request("repeat", [1, 2], [0, 1_000]))
        inside_call = stub.ModelStreamInfer(
            iter(inside.get, None), metadata=[("triton_grpc_error", "true")], timeout=30
        )
        outside_call = stub.ModelStreamInfer(iter(outside.get, None), timeout=30)
        next(inside_call), next(outside_call)

        os.kill(daemon.children()[0], signal.SIGKILL)

        with pytest.raises(grpc.RpcError) as raised:
            next(inside_call)
        assert raised.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "repeat_worker" in raised.value.details()
        assert next(outside_call).error_message == ""
        inside.put(None), outside.put(None)
    assert_serving(daemon)


def test_a_request_inside_a_killed_worker_is_503_over_http(private_daemon, make_repository):
    repository = make_repository("delay_worker")
    config = repository / "delay_worker" / "config.pbtxt"
    config.write_text(config.read_text().replace('"200"', '"600000"'))
    daemon = private_daemon(repository=repository)
    answers = queue.Queue()
    sender = threading.Thread(target=lambda: answers.put(echo(daemon, "delay_worker")))
    sender.start()
    daemons.wait_until(lambda: pending_or_running(daemon, "delay_worker"), what="the request inside the worker")

    os.kill(daemon.children()[0], signal.SIGKILL)

    answer = answers.get(timeout=20)
    sender.join(5)
    assert answer.status == 503
    assert "delay_worker" in answer.error()


def pending_or_running(daemon, model):
    """True once the daemon has the request: it has a connection beside the one that asks."""
    text = pathlib.Path(f"/proc/{daemon.pid}/net/tcp").read_text()
    port = f":{int(daemon.http.rsplit(':', 1)[1]):04X}"
    established = [line for line in text.splitlines() if line.split()[1].endswith(port) and line.split()[3] == "01"]
    threading.Event().wait(0.2)  # from the socket into the worker
    return bool(established) and model


def test_a_killed_worker_comes_back_with_another_pid(private_daemon):
    daemon = private_daemon("echo_worker")
    assert echo(daemon, "echo_worker").status == 200
    first = daemon.children()[0]

    os.kill(first, signal.SIGKILL)

    daemons.wait_until(lambda: echo(daemon, "echo_worker").status == 200, limit_s=20, what="the worker's return")
    assert daemon.children() != [first]
    assert len(daemon.children()) == 1


def test_while_a_worker_is_away_its_model_answers_503_never_hangs(private_daemon):
    daemon = private_daemon("echo_worker")
    statuses = set()
    for _ in range(5):
        for child in daemon.children():
            os.kill(child, signal.SIGKILL)
        statuses.add(echo(daemon, "echo_worker").status)

    assert statuses <= {200, 503}
    daemons.wait_until(lambda: echo(daemon, "echo_worker").status == 200, limit_s=30, what="the worker's return")


def test_killed_workers_leave_no_zombie_and_no_shared_memory(private_daemon):
    before = set(os.listdir("/dev/shm"))
    daemon = private_daemon("echo_worker")
    for _ in range(3):
        daemons.wait_until(lambda: echo(daemon, "echo_worker").status == 200, limit_s=20, what="an answer")
        os.kill(daemon.children()[0], signal.SIGKILL)
    daemons.wait_until(lambda: echo(daemon, "echo_worker").status == 200, limit_s=30, what="the worker's return")

    states = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] for pid in daemon.children()]
    daemon.stop()
    assert "Z" not in states
    assert set(os.listdir("/dev/shm")) - before == set()


def test_a_worker_ends_with_its_daemon(private_daemon):
    daemon = private_daemon("echo_worker")
    children = daemon.children()
    assert len(children) == 1

    daemon.kill()

    daemons.wait_until(lambda: not pathlib.Path(f"/proc/{children[0]}").exists(), limit_s=10, what="the worker's end")


def test_a_stopped_worker_does_not_hang_the_daemons_end(private_daemon):
    daemon = private_daemon("echo_worker")
    os.kill(daemon.children()[0], signal.SIGSTOP)

    daemon.terminate()

    assert daemon.wait(30) == 0
