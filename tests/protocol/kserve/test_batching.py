"""Requests that wait are joined: as a configuration says, or, with none, as the model proves that they may be."""

import concurrent.futures

import daemon as daemons
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire

WIDTHS = [64, 128, 128, 10]
A_DAY = 24 * 3600 * 1_000_000  # us: a delay that only a full batch ends


def write_model(folder, name, extra, widths=WIDTHS):
    text = daemons.make_models.config(name, "onnxruntime", extra=extra)
    onnx_bytes = daemons.make_models.perceptron(name, widths, seed=1)
    for path, content in daemons.make_models.model_files(name, onnx_bytes, text).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return folder


@pytest.fixture
def serve(private_daemon, tmp_path):
    """serve(extra text of config.pbtxt) -> a daemon with the model "m" and, for comparison, "plain"."""

    def start(extra, flags=(), widths=WIDTHS):
        folder = tmp_path / "repository"
        write_model(folder, "m", extra, widths)
        write_model(folder, "plain", 'parameters { key: "batching" value { string_value: "off" } }', widths)
        return private_daemon(repository=folder, flags=flags)

    return start


def rows_of(seed, count=1):
    return np.random.default_rng(seed).standard_normal((count, 64)).astype(np.float32)


def infer(daemon, rows, model="m", **options):
    tensor = tritonclient.grpc.InferInput("x", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows)
    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        return client.infer(model, [tensor], **options).as_numpy("y")


def infer_all(daemon, batches, **options):
    with concurrent.futures.ThreadPoolExecutor(len(batches)) as pool:
        return list(pool.map(lambda rows: infer(daemon, rows, **options), batches))


def statistics(daemon, model="m"):
    return wire.get(daemon.http, f"/v2/models/{model}/stats").json()["model_stats"][0]


def batch_sizes(daemon):
    return {entry["batch_size"]: entry["compute_infer"]["count"] for entry in statistics(daemon)["batch_stats"]}


def batching(text):
    return "max_batch_size: 8 dynamic_batching { " + text + " }"


def test_requests_of_a_preferred_size_run_as_one_and_each_gets_its_own_rows(serve):
    daemon = serve(batching(f"preferred_batch_size: [ 4 ] max_queue_delay_microseconds: {A_DAY}"))
    batches = [rows_of(1), rows_of(2, 2), rows_of(3)]

    answers = infer_all(daemon, batches)

    assert batch_sizes(daemon) == {4: 1}
    seen = statistics(daemon)
    assert (seen["inference_count"], seen["execution_count"], seen["inference_stats"]["success"]["count"]) == (4, 1, 3)
    for rows, answer in zip(batches, answers):
        np.testing.assert_allclose(answer, infer(daemon, rows, "plain"), rtol=1e-4, atol=1e-5)


def test_what_is_there_runs_when_the_delay_is_over(serve):
    daemon = serve(batching("preferred_batch_size: [ 8 ] max_queue_delay_microseconds: 300000"))

    answers = infer_all(daemon, [rows_of(1), rows_of(2)])

    assert len(answers) == 2
    assert sum(batch_sizes(daemon).values()) <= 2
    assert statistics(daemon)["inference_stats"]["queue"]["ns"] >= 300_000_000


def test_a_request_that_waits_too_long_is_refused_with_tritons_text(serve):
    policy = "default_queue_policy { default_timeout_microseconds: 1000 }"
    daemon = serve(batching(f"max_queue_delay_microseconds: {A_DAY} {policy}"))
    body = {"id": "late", "inputs": [wire.tensor("x", "FP32", [1, 64], [0] * 64)]}

    answer = wire.infer(daemon.http, "m", body)

    assert (answer.status, answer.error()) == (503, "[request id: late] Request timeout expired")
    failures = wire.get(daemon.metrics, "/metrics").body.decode()
    assert 'nv_inference_request_failure{model="m",version="1",reason="REJECTED"} 1' in failures


def test_a_clients_timeout_counts_where_the_model_allows_it(serve):
    policy = "default_queue_policy { allow_timeout_override: true }"
    daemon = serve(batching(f"max_queue_delay_microseconds: {A_DAY} {policy}"))

    with pytest.raises(tritonclient.grpc.InferenceServerException, match="Request timeout expired") as refused:
        infer(daemon, rows_of(1), timeout=2000)
    assert refused.value.status() == "StatusCode.UNAVAILABLE"

    body = {"inputs": [wire.tensor("x", "FP32", [1, 64], [0] * 64)], "parameters": {"timeout": 2000}}
    assert wire.infer(daemon.http, "m", body).status == 503


def test_a_full_queue_refuses_at_once(serve):
    policy = "default_queue_policy { max_queue_size: 1 }"
    daemon = serve(batching(f"preferred_batch_size: [ 2 ] max_queue_delay_microseconds: {A_DAY} {policy}"))
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: infer(daemon, rows_of(1), client_timeout=60))
        pending = 'nv_inference_pending_request_count{model="m",version="1"} 1'
        daemons.wait_until(lambda: pending in wire.get(daemon.metrics, "/metrics").body.decode(), what="one in the queue")

        with pytest.raises(tritonclient.grpc.InferenceServerException, match="Exceeds maximum queue size"):
            infer(daemon, rows_of(2))

        # A version out of service waits for nobody else: it answers what it has taken on.
        wire.post(daemon.http, "/v2/repository/models/m/unload")
        assert waiting.result(timeout=30).shape == (1, 10)


def test_an_urgent_request_passes_those_that_wait(serve):
    levels = "priority_levels: 2 default_priority_level: 2"
    daemon = serve(
        batching(f"preferred_batch_size: [ 8 ] max_queue_delay_microseconds: {A_DAY} {levels}")
    )
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(lambda: infer(daemon, rows_of(1, 7), client_timeout=60))
        pending = 'nv_inference_pending_request_count{model="m",version="1"} 1'
        daemons.wait_until(lambda: pending in wire.get(daemon.metrics, "/metrics").body.decode(), what="one in the queue")

        # Two rows do not fit beside the seven; being first, they close the batch in front of them.
        urgent = infer(daemon, rows_of(2, 2), priority=1, client_timeout=60)
        assert urgent.shape == (2, 10)
        assert batch_sizes(daemon) == {2: 1}

        assert infer(daemon, rows_of(3, 1), client_timeout=60).shape == (1, 10)
        assert waiting.result(timeout=30).shape == (7, 10)


def test_responses_leave_in_order_where_the_model_keeps_it(serve):
    daemon = serve(batching("preserve_ordering: true"))
    order = []
    done = concurrent.futures.Future()

    def take(result, error):
        order.append(error or result.get_response().id)
        if len(order) == 200:
            done.set_result(None)

    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        client.start_stream(take)
        for i in range(200):
            rows = rows_of(i, 1 + i % 8)
            tensor = tritonclient.grpc.InferInput("x", list(rows.shape), "FP32")
            tensor.set_data_from_numpy(rows)
            client.async_stream_infer("m", [tensor], request_id=str(i))
        done.result(timeout=60)
        client.stop_stream()

    assert order == [str(i) for i in range(200)]


def test_a_model_without_configuration_joins_requests_once_its_rows_prove_to_be_independent(serve):
    wide = [64, 1024, 1024, 10]
    daemon = serve("", flags=["--threads-compute", "1"], widths=wide)
    batches = [rows_of(seed) for seed in range(16)]
    expected = [infer(daemon, rows, "plain") for rows in batches]

    def has_joined():
        for answer, wanted in zip(infer_all(daemon, batches), expected):
            np.testing.assert_allclose(answer, wanted, rtol=1e-4, atol=1e-5)
        return max(batch_sizes(daemon)) > 1

    daemons.wait_until(has_joined, limit_s=60, what="a batch of several requests")


def test_a_model_may_be_kept_from_joining(serve):
    daemon = serve("", flags=["--threads-compute", "1"])

    for _ in range(10):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            list(pool.map(lambda seed: infer(daemon, rows_of(seed), "plain"), range(16)))

    seen = statistics(daemon, "plain")
    assert seen["execution_count"] == seen["inference_count"] == 160


def test_a_warm_up_runs_before_the_model_serves_and_is_not_counted(serve):
    inputs = 'inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 64 ] random_data: true } }'
    daemon = serve(f'max_batch_size: 8 model_warmup {{ name: "w" batch_size: 4 count: 3 {inputs} }}')

    seen = statistics(daemon)

    assert (seen["execution_count"], seen["inference_stats"]["success"]["count"]) == (0, 0)
    assert infer(daemon, rows_of(1)).shape == (1, 10)


@pytest.mark.parametrize(
    "value, reason",
    [
        ("data_type: TYPE_FP32 dims: [ 63 ] zero_data: true", "unexpected shape for input 'x'"),
        ("data_type: TYPE_FP32 dims: [ 64 ] input_data_file: 'none'", "none"),
        ("data_type: TYPE_INT32 dims: [ 64 ] zero_data: true", "data-type is 'INT32'"),
    ],
)
def test_a_warm_up_that_does_not_fit_keeps_the_model_out(serve, value, reason):
    extra = f'max_batch_size: 8 model_warmup {{ name: "w" batch_size: 1 inputs {{ key: "x" value {{ {value} }} }} }}'
    daemon = serve(extra)

    rows = {row["name"]: row for row in wire.post(daemon.http, "/v2/repository/index").json()}

    assert rows["m"].get("state", "UNAVAILABLE") == "UNAVAILABLE"
    assert reason in rows["m"]["reason"]


def test_a_warm_up_reads_its_data_from_the_models_folder(serve, tmp_path):
    warmup = tmp_path / "repository" / "m" / "warmup"
    warmup.mkdir(parents=True)
    (warmup / "x.bin").write_bytes(np.ones(2 * 64, dtype=np.float32).tobytes())
    inputs = 'inputs { key: "x" value { data_type: TYPE_FP32 dims: [ 64 ] input_data_file: "x.bin" } }'

    daemon = serve(f'max_batch_size: 8 model_warmup {{ name: "w" batch_size: 2 {inputs} }}')

    assert infer(daemon, rows_of(1)).shape == (1, 10)


def test_metric_tags_become_labels(serve):
    daemon = serve('metric_tags { key: "team" value: "red" }')

    assert 'nv_inference_count{model="m",version="1",_team="red"} 0' in wire.get(daemon.metrics, "/metrics").body.decode()
