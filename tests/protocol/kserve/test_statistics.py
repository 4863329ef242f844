"""Statistics grow by exactly what was sent."""

import time

import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire

DURATIONS = ["success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss"]


def statistics(daemon, model, version=None):
    middle = f"/versions/{version}" if version else ""
    content = wire.get(daemon.http, f"/v2/models/{model}{middle}/stats").json()
    return content["model_stats"]


def one(daemon, model="mlp"):
    return statistics(daemon, model)[0]


def send(daemon, count, rows=1):
    body = {"inputs": [wire.tensor("x", "FP32", [rows, 64], [0.5] * 64 * rows)]}
    for _ in range(count):
        assert wire.infer(daemon.http, "mlp", body).status == 200


def test_statistics_have_every_field_of_the_extension(daemon):
    send(daemon, 1)

    row = one(daemon)

    assert (row["name"], row["version"]) == ("mlp", "1")
    assert sorted(row["inference_stats"]) == sorted(DURATIONS)
    assert all(set(value) == {"count", "ns"} for value in row["inference_stats"].values())
    assert isinstance(row["last_inference"], int) and isinstance(row["batch_stats"], list)


def test_counts_grow_by_the_requests_sent(daemon):
    before = one(daemon)

    send(daemon, 7)

    after = one(daemon)
    assert after["inference_count"] - before["inference_count"] == 7
    assert after["execution_count"] - before["execution_count"] == 7
    grown = {
        name: after["inference_stats"][name]["count"] - before["inference_stats"][name]["count"] for name in DURATIONS
    }
    assert grown == {
        "success": 7,
        "fail": 0,
        "queue": 7,
        "compute_input": 7,
        "compute_infer": 7,
        "compute_output": 7,
        "cache_hit": 0,
        "cache_miss": 0,
    }


def test_a_batch_counts_its_rows_once_per_execution(daemon):
    body = {"inputs": [wire.tensor(name, "INT32", [3, 16], [1] * 48) for name in ("INPUT0", "INPUT1")]}
    before = one(daemon, "simple")

    wire.infer(daemon.http, "simple", body)

    after = one(daemon, "simple")
    assert after["inference_count"] - before["inference_count"] == 3
    assert after["execution_count"] - before["execution_count"] == 1
    assert after["inference_stats"]["success"]["count"] - before["inference_stats"]["success"]["count"] == 1
    sizes = {entry["batch_size"]: entry["compute_infer"]["count"] for entry in after["batch_stats"]}
    assert sizes[3] >= 1


def test_requests_of_every_protocol_are_counted_together(daemon, http_client, grpc_client):
    array = np.ones((1, 64), dtype=np.float32)
    over_http = tritonclient.http.InferInput("x", [1, 64], "FP32")
    over_http.set_data_from_numpy(array)
    over_grpc = tritonclient.grpc.InferInput("x", [1, 64], "FP32")
    over_grpc.set_data_from_numpy(array)
    before = one(daemon)["inference_count"]

    http_client.infer("mlp", [over_http])
    grpc_client.infer("mlp", [over_grpc])

    assert one(daemon)["inference_count"] == before + 2
    assert grpc_client.get_inference_statistics("mlp").model_stats[0].inference_count == before + 2


def test_last_inference_is_now_in_milliseconds(daemon):
    start = time.time_ns() // 1_000_000

    send(daemon, 1)

    assert start - 1000 <= one(daemon)["last_inference"] <= time.time_ns() // 1_000_000 + 1000


def test_durations_are_nanoseconds_of_the_requests(daemon):
    before = one(daemon, "echo_delay")["inference_stats"]["success"]

    wire.infer(daemon.http, "echo_delay", {"inputs": [wire.tensor("IN", "FP32", [1], [1.0])]})

    after = one(daemon, "echo_delay")["inference_stats"]["success"]
    assert 200e6 <= after["ns"] - before["ns"] < 5e9


def test_a_request_that_the_backend_refuses_counts_as_failed(daemon, stub):
    import queue

    def failures():
        return one(daemon, "repeat")["inference_stats"]["fail"]["count"]

    before = failures()
    answers = queue.Queue()
    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        client.start_stream(lambda result, error: answers.put((result, error)))
        tensors = []
        for name, array in (
            ("IN", np.array([1, 2], dtype=np.int32)),
            ("DELAY", np.array([0], dtype=np.uint32)),
            ("WAIT", np.array([0], dtype=np.uint32)),
        ):
            tensor = tritonclient.grpc.InferInput(name, list(array.shape), "INT32" if name == "IN" else "UINT32")
            tensor.set_data_from_numpy(array)
            tensors.append(tensor)
        client.async_stream_infer("repeat", tensors)
        _, error = answers.get(timeout=20)
        client.stop_stream()

    assert error is not None
    assert failures() == before + 1


def test_a_request_that_never_reached_the_model_does_not_count(daemon):
    before = one(daemon, "simple")

    wire.infer(daemon.http, "simple", {"inputs": [wire.tensor("INPUT0", "INT32", [1, 16], [0] * 16)]})

    after = one(daemon, "simple")
    assert after["inference_count"] == before["inference_count"]
    assert after["inference_stats"]["success"] == before["inference_stats"]["success"]


def test_a_version_in_the_path_gives_only_that_version(daemon):
    assert [row["version"] for row in statistics(daemon, "two_versions", "1")] == ["1"]
    assert sorted(row["version"] for row in statistics(daemon, "two_versions")) == ["1", "3"]


@pytest.mark.parametrize("model", ["simple", "mlp", "repeat"])
def test_statistics_of_all_models_have_each_model(daemon, http_client, model):
    content = http_client.get_inference_statistics()

    assert model in [row["name"] for row in content["model_stats"]]


def test_statistics_start_at_zero_after_a_start(private_daemon):
    daemon = private_daemon("mlp")

    row = one(daemon)

    assert (row["inference_count"], row["execution_count"], row["last_inference"]) == (0, 0, 0)
