"""Paths and methods, what is not served yet, and who may ask: 404, 405, 501, 403."""

import grpc
import pytest
import wire
from tritonclient.grpc import service_pb2

NOT_FOUND_PATHS = [
    ("GET", "/"),
    ("GET", "/nope"),
    ("GET", "/v2x"),
    ("GET", "/v2/nope"),
    ("GET", "/v2/health"),
    ("GET", "/v2/health/live/"),
    ("GET", "/v2/models/simple/"),
    ("GET", "/v2/models/simple/versions/abc"),
    ("GET", "/v2/models/simple/versions/1/nope"),
    ("POST", "/v2/models/simple/infer/"),
    ("POST", "/v2/models/simple/versions/-1/infer"),
    ("POST", "/v2/repository/models/simple/reload"),
]
WRONG_METHODS = [
    ("POST", "/v2"),
    ("POST", "/v2/health/live"),
    ("DELETE", "/v2/models/simple"),
    ("GET", "/v2/models/simple/infer"),
    ("PUT", "/v2/models/simple/infer"),
    ("GET", "/v2/repository/index"),
    ("GET", "/v2/repository/models/simple/load"),
    ("POST", "/v2/models/simple/stats"),
]


@pytest.mark.parametrize("method, path", NOT_FOUND_PATHS)
def test_an_unknown_path_is_404_not_found(daemon, method, path):
    answer = wire.request(daemon.http, method, path)

    assert (answer.status, answer.error()) == (404, "Not Found")


@pytest.mark.parametrize("method, path", WRONG_METHODS)
def test_a_known_path_with_another_method_is_405(daemon, method, path):
    answer = wire.request(daemon.http, method, path)

    assert (answer.status, answer.error()) == (405, "Method Not Allowed")


def test_the_query_string_is_ignored(daemon):
    assert wire.get(daemon.http, "/v2/health/live?verbose=1").status == 200


def test_a_percent_encoded_model_name_is_decoded(daemon):
    assert wire.get(daemon.http, "/v2/models/s%69mple").json()["name"] == "simple"


@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc", "a%00b", "%ff", "x" * 5000])
def test_a_strange_model_name_is_a_client_error_never_a_file(daemon, name):
    for method, path in (("GET", f"/v2/models/{name}"), ("POST", f"/v2/repository/models/{name}/load")):
        answer = wire.request(daemon.http, method, path)

        assert 400 <= answer.status < 500, (path, answer.status)
        assert answer.error()


@pytest.mark.parametrize(
    "method, path, body",
    [
        ("POST", "/v2/models/simple/generate", {"INPUT0": [1]}),
        ("POST", "/v2/models/simple/generate_stream", {"INPUT0": [1]}),
        ("GET", "/v2/systemsharedmemory/status", None),
        ("POST", "/v2/systemsharedmemory/region/a/register", {"key": "/a", "byte_size": 64}),
        ("POST", "/v2/systemsharedmemory/unregister", None),
        ("GET", "/v2/cudasharedmemory/status", None),
        (
            "POST",
            "/v2/cudasharedmemory/region/a/register",
            {"raw_handle": {"b64": ""}, "device_id": 0, "byte_size": 64},
        ),
        ("GET", "/v2/trace/setting", None),
        ("GET", "/v2/models/simple/trace/setting", None),
        ("GET", "/v2/logging", None),
        ("POST", "/v2/logging", {"log_verbose_level": 1}),
    ],
)
def test_what_is_not_served_yet_answers_unsupported_in_the_protocols_form(daemon, method, path, body):
    answer = wire.request(daemon.http, method, path, body)

    assert answer.status == 501
    assert answer.error()


def test_shared_memory_in_a_request_is_refused_not_read(daemon):
    first = wire.tensor("INPUT0", "INT32", [1, 16], shared_memory_region="a", shared_memory_byte_size=64)
    body = {"inputs": [first, wire.tensor("INPUT1", "INT32", [1, 16], [0] * 16)]}

    answer = wire.infer(daemon.http, "simple", body)

    assert answer.status == 501
    assert "shared" in answer.error() and "memory" in answer.error()


def test_an_output_into_shared_memory_is_refused(daemon):
    both = [wire.tensor(name, "INT32", [1, 16], [0] * 16) for name in ("INPUT0", "INPUT1")]
    outputs = [{"name": "OUTPUT0", "parameters": {"shared_memory_region": "a", "shared_memory_byte_size": 64}}]

    answer = wire.infer(daemon.http, "simple", {"inputs": both, "outputs": outputs})

    assert answer.status == 501
    assert "shared" in answer.error() and "memory" in answer.error()


def test_an_unknown_compression_is_refused_with_what_is_understood(daemon):
    answer = wire.infer(daemon.http, "simple", b"\x1f\x8b", headers={"Content-Encoding": "br"})

    assert answer.status == 501
    assert answer.error() == "Unsupported compression type"
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"


UNSUPPORTED = [
    ("SystemSharedMemoryStatus", service_pb2.SystemSharedMemoryStatusRequest()),
    ("SystemSharedMemoryRegister", service_pb2.SystemSharedMemoryRegisterRequest(name="a", key="/a", byte_size=64)),
    ("SystemSharedMemoryUnregister", service_pb2.SystemSharedMemoryUnregisterRequest()),
    ("CudaSharedMemoryStatus", service_pb2.CudaSharedMemoryStatusRequest()),
    ("CudaSharedMemoryRegister", service_pb2.CudaSharedMemoryRegisterRequest(name="a", byte_size=64)),
    ("CudaSharedMemoryUnregister", service_pb2.CudaSharedMemoryUnregisterRequest()),
    ("TraceSetting", service_pb2.TraceSettingRequest()),
    ("LogSettings", service_pb2.LogSettingsRequest()),
]


@pytest.mark.parametrize("rpc, message", UNSUPPORTED, ids=[name for name, _ in UNSUPPORTED])
def test_an_rpc_that_is_not_served_yet_is_unimplemented_and_says_so(stub, rpc, message):
    with pytest.raises(grpc.RpcError) as raised:
        getattr(stub, rpc)(message, timeout=10)

    assert raised.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert raised.value.details()


# ---- who may ask


def port_of(daemon):
    return daemon.http.rsplit(":", 1)[1]


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "169.254.169.254", "localhost.evil.example", "127.0.0.1.evil.example"],
)
def test_a_foreign_host_header_is_403(daemon, host):
    answer = wire.get(daemon.http, "/v2/health/live", {"Host": host.format(port=port_of(daemon))})

    assert answer.status == 403
    assert answer.error()


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:{port}", "127.0.0.1", "127.0.0.1:{port}", "LOCALHOST:{port}", "[::1]:{port}"]
)
def test_a_loopback_host_header_is_served(daemon, host):
    assert wire.get(daemon.http, "/v2/health/live", {"Host": host.format(port=port_of(daemon))}).status == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "https://localhost.evil.example", "null", "file://", "http://evil.example:{port}"]
)
def test_a_foreign_origin_header_is_403(daemon, origin):
    answer = wire.post(daemon.http, "/v2/repository/index", headers={"Origin": origin.format(port=port_of(daemon))})

    assert answer.status == 403
    assert answer.error()


@pytest.mark.parametrize("origin", ["http://127.0.0.1:{port}", "http://localhost:{port}"])
def test_the_servers_own_origin_is_served(daemon, origin):
    answer = wire.post(daemon.http, "/v2/repository/index", headers={"Origin": origin.format(port=port_of(daemon))})

    assert answer.status == 200


def test_the_metrics_port_refuses_a_foreign_host_too(daemon):
    assert wire.get(daemon.metrics, "/metrics", {"Host": "evil.example"}).status == 403
