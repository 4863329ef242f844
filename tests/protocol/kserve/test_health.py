"""Health and metadata as tritonclient asks for them, over both protocols."""

import asyncio

import grpc
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
import wire
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SIMPLE_INPUTS = [
    {"name": "INPUT0", "datatype": "INT32", "shape": [-1, 16]},
    {"name": "INPUT1", "datatype": "INT32", "shape": [-1, 16]},
]
SIMPLE_OUTPUTS = [
    {"name": "OUTPUT0", "datatype": "INT32", "shape": [-1, 16]},
    {"name": "OUTPUT1", "datatype": "INT32", "shape": [-1, 16]},
]


def test_http_says_live_and_ready_with_empty_bodies(daemon):
    live = wire.get(daemon.http, "/v2/health/live")
    ready = wire.get(daemon.http, "/v2/health/ready")

    assert (live.status, live.body) == (200, b"")
    assert (ready.status, ready.body) == (200, b"")


def test_the_http_client_sees_server_and_model_ready(http_client):
    assert http_client.is_server_live()
    assert http_client.is_server_ready()
    assert http_client.is_model_ready("simple")
    assert http_client.is_model_ready("simple", "1")


def test_the_grpc_client_sees_server_and_model_ready(grpc_client):
    assert grpc_client.is_server_live()
    assert grpc_client.is_server_ready()
    assert grpc_client.is_model_ready("simple")
    assert grpc_client.is_model_ready("simple", "1")


@pytest.mark.parametrize("path", ["nope", "simple/versions/9"])
def test_http_readiness_of_something_unknown_is_400_with_a_reason(daemon, path):
    answer = wire.get(daemon.http, f"/v2/models/{path}/ready")

    assert answer.status == 400
    assert answer.error() == "Model version not ready"


@pytest.mark.parametrize("name, version", [("nope", ""), ("simple", "9")])
def test_grpc_readiness_of_something_unknown_is_ok_and_false(grpc_client, name, version):
    assert grpc_client.is_model_ready(name, version) is False


def test_http_server_metadata_has_name_version_and_what_works(daemon, http_client):
    metadata = http_client.get_server_metadata()

    assert metadata["name"] == "aion"
    assert metadata["version"] == daemon.version
    assert {"model_repository", "binary_tensor_data", "parameters", "statistics"} <= set(metadata["extensions"])


def test_what_is_not_served_is_no_extension(http_client):
    extensions = set(http_client.get_server_metadata()["extensions"])

    assert not extensions & {
        "system_shared_memory",
        "cuda_shared_memory",
        "trace",
        "logging",
        "sequence",
    }


def test_both_protocols_tell_the_same_server_metadata(http_client, grpc_client):
    over_http = http_client.get_server_metadata()
    over_grpc = grpc_client.get_server_metadata()

    assert over_grpc.name == over_http["name"]
    assert over_grpc.version == over_http["version"]
    assert list(over_grpc.extensions) == over_http["extensions"]


def test_http_model_metadata_has_triton_platform_and_batched_shapes(http_client):
    assert http_client.get_model_metadata("simple") == {
        "name": "simple",
        "versions": ["1"],
        "platform": "onnxruntime_onnx",
        "inputs": SIMPLE_INPUTS,
        "outputs": SIMPLE_OUTPUTS,
    }


def test_grpc_model_metadata_says_the_same_as_http(grpc_client):
    metadata = grpc_client.get_model_metadata("simple", as_json=True)

    shapes = [[int(value) for value in entry["shape"]] for entry in metadata["inputs"] + metadata["outputs"]]
    assert (metadata["name"], metadata["versions"], metadata["platform"]) == ("simple", ["1"], "onnxruntime_onnx")
    assert [entry["name"] for entry in metadata["inputs"]] == ["INPUT0", "INPUT1"]
    assert shapes == [[-1, 16]] * 4


@pytest.mark.parametrize("model, shape", [("mlp", [-1, 64]), ("idbig", [1, 50176]), ("scalar", [])])
def test_metadata_is_completed_from_the_model_file_where_there_is_no_configuration(http_client, model, shape):
    assert http_client.get_model_metadata(model)["inputs"][0]["shape"] == shape


def test_a_bare_onnx_file_is_a_model_with_version_1(http_client):
    metadata = http_client.get_model_metadata("bare")

    assert metadata["name"] == "bare"
    assert metadata["versions"] == ["1"]
    assert metadata["inputs"][0]["name"] == "x"


@pytest.mark.parametrize(
    "datatype",
    "BOOL UINT8 UINT16 UINT32 UINT64 INT8 INT16 INT32 INT64 FP16 BF16 FP32 FP64 BYTES".split(),
)
def test_metadata_names_the_datatype(http_client, datatype):
    metadata = http_client.get_model_metadata(f"identity_{datatype.lower()}")

    assert metadata["inputs"] == [{"name": "INPUT0", "datatype": datatype, "shape": [-1, -1]}]
    assert metadata["outputs"] == [{"name": "OUTPUT0", "datatype": datatype, "shape": [-1, -1]}]


def test_metadata_lists_every_ready_version_and_with_a_version_only_that_one(http_client):
    assert http_client.get_model_metadata("two_versions")["versions"] == ["1", "3"]
    assert http_client.get_model_metadata("two_versions", "1")["versions"] == ["1"]


def test_without_a_policy_for_more_only_the_highest_version_is_loaded(http_client):
    assert http_client.get_model_metadata("latest_version")["versions"] == ["3"]


def test_http_asyncio_client_sees_health_and_metadata(daemon):
    async def ask():
        async with tritonclient.http.aio.InferenceServerClient(daemon.http) as client:
            return (
                await client.is_server_live(),
                await client.is_server_ready(),
                await client.is_model_ready("simple"),
                (await client.get_model_metadata("simple"))["name"],
            )

    assert asyncio.run(ask()) == (True, True, True, "simple")


def test_grpc_asyncio_client_sees_health_and_metadata(daemon):
    async def ask():
        async with tritonclient.grpc.aio.InferenceServerClient(daemon.grpc) as client:
            return (
                await client.is_server_live(),
                await client.is_server_ready(),
                await client.is_model_ready("simple"),
                (await client.get_model_metadata("simple")).name,
            )

    assert asyncio.run(ask()) == (True, True, True, "simple")


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService"])
def test_the_standard_grpc_health_service_says_serving(daemon, service):
    with grpc.insecure_channel(daemon.grpc) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service), timeout=10)

    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_the_standard_grpc_health_service_can_be_watched(private_daemon):
    daemon = private_daemon("scalar")
    with grpc.insecure_channel(daemon.grpc) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(), timeout=60)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING

        daemon.stop()
        with pytest.raises(grpc.RpcError) as ended:
            for answer in watch:
                assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
    # The server's own words: the watch was not just cut off when the limit of the stop had passed.
    assert (ended.value.code(), ended.value.details()) == (grpc.StatusCode.UNAVAILABLE, "the server is stopping")


def test_reflection_lists_the_inference_and_the_health_service(daemon):
    with grpc.insecure_channel(daemon.grpc) as channel:
        services = set(ProtoReflectionDescriptorDatabase(channel).get_services())

    assert {"inference.GRPCInferenceService", "grpc.health.v1.Health"} <= services


def test_reflection_describes_model_infer(daemon):
    with grpc.insecure_channel(daemon.grpc) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        file = database.FindFileContainingSymbol("inference.GRPCInferenceService")

    methods = [method.name for service in file.service for method in service.method]
    assert {"ModelInfer", "ModelStreamInfer", "ServerLive", "RepositoryIndex"} <= set(methods)


def test_the_metrics_port_counts_requests_under_tritons_names(daemon, http_client):
    def count():
        text = wire.get(daemon.metrics, "/metrics").body.decode()
        wanted = 'nv_inference_request_success{model="scalar",version="1"}'
        lines = [line for line in text.splitlines() if line.startswith(wanted)]
        assert len(lines) <= 1, lines
        return float(lines[0].rsplit(" ", 1)[1]) if lines else 0.0

    before = count()
    for _ in range(3):
        wire.infer(daemon.http, "scalar", {"inputs": [wire.tensor("x", "FP32", [], [1.0])]})

    assert count() == before + 3


@pytest.mark.parametrize(
    "metric, kind",
    [
        ("nv_inference_request_success", "counter"),
        ("nv_inference_request_failure", "counter"),
        ("nv_inference_count", "counter"),
        ("nv_inference_exec_count", "counter"),
        ("nv_inference_request_duration_us", "counter"),
        ("nv_inference_queue_duration_us", "counter"),
        ("nv_inference_compute_infer_duration_us", "counter"),
        ("nv_inference_pending_request_count", "gauge"),
    ],
)
def test_a_metric_that_dashboards_read_is_there_with_its_type(daemon, metric, kind):
    wire.infer(daemon.http, "scalar", {"inputs": [wire.tensor("x", "FP32", [], [1.0])]})

    text = wire.get(daemon.metrics, "/metrics").body.decode()

    assert f"# TYPE {metric} {kind}\n" in text
    assert f"{metric}{{" in text and 'model="scalar"' in text


@pytest.mark.parametrize("path", ["/metrics", "/metrics/"])
def test_metrics_answer_on_their_port_as_prometheus_text(daemon, path):
    answer = wire.get(daemon.metrics, path)

    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
