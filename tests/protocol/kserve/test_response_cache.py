"""Models with `response_cache { enable: true }`: the same request is answered without a run."""

import daemon as daemons
import numpy as np
import pytest
import requests
import tritonclient.grpc
import tritonclient.http
import wire

CACHED = "response_cache { enable: true }"


@pytest.fixture
def cached(private_daemon, tmp_path):
    """A function that starts a daemon with one model, "m", which keeps its answers."""

    def start(*flags):
        onnx_bytes = daemons.make_models.perceptron("m", [64, 128, 128, 10], seed=1)
        text = daemons.make_models.config("m", "onnxruntime", extra=CACHED)
        for path, content in daemons.make_models.model_files("m", onnx_bytes, text).items():
            target = tmp_path / "repository" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return private_daemon(flags=flags, repository=tmp_path / "repository")

    return start


def statistics(daemon):
    return wire.get(daemon.http, "/v2/models/m/stats").json()["model_stats"][0]


def infer(daemon, rows, over=tritonclient.http):
    address = daemon.http if over is tritonclient.http else daemon.grpc
    with over.InferenceServerClient(address) as client:
        given = over.InferInput("x", list(rows.shape), "FP32")
        given.set_data_from_numpy(rows)
        return client.infer("m", [given]).as_numpy("y")


def test_the_same_request_is_answered_without_a_run(cached):
    daemon = cached()
    rows = np.random.default_rng(1).random((2, 64), dtype=np.float32)

    first = infer(daemon, rows)
    again = infer(daemon, rows, tritonclient.grpc)
    other = infer(daemon, rows + 1)

    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    now = statistics(daemon)
    assert (now["execution_count"], now["inference_stats"]["success"]["count"]) == (2, 3)
    assert now["inference_stats"]["cache_hit"]["count"] == 1
    assert now["inference_stats"]["cache_miss"]["count"] == 2
    metrics = requests.get(f"http://{daemon.metrics}/metrics", timeout=10).text
    assert 'nv_cache_num_hits_per_model{model="m",version="1"} 1' in metrics
    assert 'nv_cache_num_misses_per_model{model="m",version="1"} 2' in metrics


def test_large_inputs_are_found_again_too(cached):
    daemon = cached()
    rows = np.random.default_rng(1).random((1000, 64), dtype=np.float32)

    np.testing.assert_array_equal(infer(daemon, rows), infer(daemon, rows))

    assert statistics(daemon)["execution_count"] == 1


def test_a_version_that_was_loaded_anew_answers_anew(cached):
    daemon = cached()
    rows = np.ones((1, 64), dtype=np.float32)
    before = infer(daemon, rows)
    changed = daemons.make_models.perceptron("m", [64, 128, 128, 10], seed=2)
    with tritonclient.http.InferenceServerClient(daemon.http) as client:
        client.unload_model("m")
        client.load_model(
            "m",
            config='{"backend": "onnxruntime", "response_cache": {"enable": true}}',
            files={"file:1/model.onnx": changed},
        )

    assert not np.array_equal(before, infer(daemon, rows))


def test_nothing_is_kept_where_the_cache_has_no_size(cached):
    daemon = cached("--serving-cache-size", "0")
    rows = np.ones((1, 64), dtype=np.float32)

    infer(daemon, rows)
    infer(daemon, rows)

    assert statistics(daemon)["execution_count"] == 2
    assert statistics(daemon)["inference_stats"]["cache_miss"]["count"] == 0
