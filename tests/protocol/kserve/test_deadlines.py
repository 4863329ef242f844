"""A request says when its answer is wanted and how bad it is when it is late: headers, metadata and parameters."""

import json

import daemon as daemons
import grpc
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire
from test_cancel import FOREVER, slow_request
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException

ROW = np.arange(16, dtype=np.int32).reshape(1, 16)
DEADLINE = "expected a number of milliseconds above 0 and at most 86400000"
CRITICALITY = "expected safety, normal or best-effort"
FAULTS = [
    ({"aion-deadline-ms": "soon"}, f"'aion-deadline-ms': {DEADLINE}, got 'soon'"),
    ({"aion-deadline-ms": "-1"}, f"'aion-deadline-ms': {DEADLINE}, got '-1'"),
    ({"aion-deadline-ms": "1e99"}, f"'aion-deadline-ms': {DEADLINE}, got '1e99'"),
    ({"aion-criticality": "high"}, f"'aion-criticality': {CRITICALITY}, got 'high'"),
]


def infer_http(daemon, model="simple", **options):
    inputs = [tritonclient.http.InferInput(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
    for one in inputs:
        one.set_data_from_numpy(ROW)
    with tritonclient.http.InferenceServerClient(daemon.http) as client:
        return client.infer(model, inputs, **options).as_numpy("OUTPUT0")


def infer_grpc(daemon, model="simple", **options):
    inputs = [tritonclient.grpc.InferInput(name, [1, 16], "INT32") for name in ("INPUT0", "INPUT1")]
    for one in inputs:
        one.set_data_from_numpy(ROW)
    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        return client.infer(model, inputs, **options).as_numpy("OUTPUT0")


def counted(daemon, **labels):
    """How many requests with a deadline ended so."""
    total = 0
    for line in wire.get(daemon.metrics, "/metrics").body.decode().splitlines():
        wanted = all(f'{name}="{value}"' in line for name, value in labels.items())
        if line.startswith("aion_inference_deadlines_total{") and wanted:
            total += float(line.rsplit(" ", 1)[1])
    return total


@pytest.mark.parametrize("infer", [infer_http, infer_grpc])
def test_headers_and_metadata_say_how_urgent_a_request_is(daemon, infer):
    before = counted(daemon, model="simple", criticality="safety", outcome="hit")

    answer = infer(daemon, headers={"aion-deadline-ms": "20000", "aion-criticality": "safety"})

    assert (answer == 2 * ROW).all()
    assert counted(daemon, model="simple", criticality="safety", outcome="hit") == before + 1


@pytest.mark.parametrize("infer", [infer_http, infer_grpc])
def test_parameters_say_it_too(daemon, infer):
    before = counted(daemon, model="simple", criticality="best-effort", outcome="hit")

    infer(daemon, parameters={"aion_deadline_ms": 20000, "aion_criticality": "best-effort"})

    assert counted(daemon, model="simple", criticality="best-effort", outcome="hit") == before + 1


def test_an_ordinary_grpc_deadline_is_one(daemon):
    before = counted(daemon, model="simple", criticality="normal", outcome="hit")

    infer_grpc(daemon, client_timeout=20)

    assert counted(daemon, model="simple", criticality="normal", outcome="hit") == before + 1


@pytest.mark.parametrize("headers, message", FAULTS)
@pytest.mark.parametrize("infer", [infer_http, infer_grpc])
def test_a_wrong_value_is_named(daemon, infer, headers, message):
    with pytest.raises(InferenceServerException) as refused:
        infer(daemon, headers=dict(headers))  # the client over HTTP adds its own

    assert refused.value.message() == message
    assert refused.value.status() in ("400", "StatusCode.INVALID_ARGUMENT")


def test_what_waits_beyond_its_deadline_is_told_to_come_again(private_daemon):
    daemon = private_daemon("slow", flags=["--threads-compute", "1"])
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        calls = [stub.ModelInfer.future(slow_request(FOREVER)) for _ in range(2)]  # one runs, one waits
        pending = 'nv_inference_pending_request_count{model="slow",version="1"} 1'
        daemons.wait_until(lambda: pending in wire.get(daemon.metrics, "/metrics").body.decode(), limit_s=20, what=pending)

        body = {"inputs": [wire.tensor("ITERATIONS", "INT64", [1], [2])]}
        late = wire.infer(daemon.http, "slow", body, headers={"Aion-Deadline-Ms": "20"})

        for call in calls:
            call.cancel()
    assert (late.status, late.headers["Retry-After"]) == (503, "1")
    assert "deadline" in late.error()
    assert counted(daemon, model="slow", criticality="normal", outcome="shed") == 1


def configured(folder, extra):
    text = 'backend: "echo" input { name: "IN" data_type: TYPE_FP32 dims: [ -1 ] } '
    text += 'output { name: "OUT" data_type: TYPE_FP32 dims: [ -1 ] } instance_group { count: 1 kind: KIND_CPU } '
    text += daemons.make_models.parameter("mode", "delay") + extra
    (folder / "m" / "1").mkdir(parents=True)
    (folder / "m" / "config.pbtxt").write_text(text)
    return folder


def ask(daemon, headers=None):
    body = {"inputs": [{"name": "IN", "shape": [1], "datatype": "FP32", "data": [1]}]}
    return wire.infer(daemon.http, "m", json.dumps(body), headers=headers)


def test_a_model_declares_a_deadline_for_requests_that_say_nothing(private_daemon, tmp_path):
    parameters = [("period_ms", "20000"), ("criticality", "safety"), ("delay_ms", "0")]
    extra = " ".join(daemons.make_models.parameter(*one) for one in parameters)
    daemon = private_daemon(repository=configured(tmp_path / "repository", extra))

    assert ask(daemon).status == 200
    assert ask(daemon, {"Aion-Criticality": "normal"}).status == 200

    assert counted(daemon, model="m", criticality="safety", outcome="hit") == 1
    assert counted(daemon, model="m", criticality="normal", outcome="hit") == 1


def test_a_declaration_that_is_none_keeps_the_model_out(private_daemon, tmp_path):
    extra = daemons.make_models.parameter("criticality", "urgent")
    daemon = private_daemon(repository=configured(tmp_path / "repository", extra))

    rows = {row["name"]: row for row in wire.post(daemon.http, "/v2/repository/index").json()}

    assert "'parameters[criticality]' is 'urgent', expected safety, normal or best-effort" in rows["m"]["reason"]
