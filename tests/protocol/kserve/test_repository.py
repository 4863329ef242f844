"""The repository extension: index, load, unload, and what requests see meanwhile."""

import json

import daemon as daemons
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire


def index(daemon, body=None):
    return wire.post(daemon.http, "/v2/repository/index", body).json()


def rows(daemon, name):
    return [row for row in index(daemon) if row["name"] == name]


def answer_of(daemon, model, value=10.0):
    return wire.infer(daemon.http, model, {"inputs": [wire.tensor("x", "FP32", [1], [value])]})


def replace_version_1(daemon, model, amount):
    path = daemon.repository / model / "1" / "model.onnx"
    temporary = path.with_suffix(".new")
    temporary.write_bytes(daemons.make_models.add_constant(model, amount))
    temporary.rename(path)


def test_the_index_has_a_ready_row_for_every_version(daemon):
    assert rows(daemon, "simple") == [{"name": "simple", "version": "1", "state": "READY"}]
    assert sorted(row["version"] for row in rows(daemon, "two_versions")) == ["1", "3"]


def test_the_http_client_reads_the_index(http_client):
    names = {row["name"] for row in http_client.get_model_repository_index()}

    assert {"simple", "mlp", "bare", "repeat"} <= names


def test_the_grpc_client_reads_the_same_index(daemon, grpc_client):
    over_grpc = {(row.name, row.version, row.state) for row in grpc_client.get_model_repository_index().models}

    assert over_grpc == {(row["name"], row.get("version", ""), row.get("state", "")) for row in index(daemon)}


def test_the_index_of_ready_models_leaves_the_others_out(private_daemon):
    daemon = private_daemon("simple", "mlp")
    wire.post(daemon.http, "/v2/repository/models/mlp/unload")

    ready = index(daemon, {"ready": True})

    assert [row["name"] for row in ready] == ["simple"]


def test_an_unloaded_model_says_so_in_index_readiness_and_answers(private_daemon):
    daemon = private_daemon("simple", "bare")

    unloaded = wire.post(daemon.http, "/v2/repository/models/bare/unload")
    daemons.wait_until(lambda: rows(daemon, "bare")[0]["state"] == "UNAVAILABLE", what="the unload")

    assert (unloaded.status, unloaded.body) == (200, b"")
    assert rows(daemon, "bare") == [{"name": "bare", "version": "1", "state": "UNAVAILABLE", "reason": "unloaded"}]
    assert wire.get(daemon.http, "/v2/models/bare/ready").status == 400
    answer = answer_of(daemon, "bare")
    assert (answer.status, answer.error()) == (404, "Request for unknown model: 'bare' has no available versions")


def test_a_model_can_be_loaded_again_by_the_http_client(private_daemon):
    daemon = private_daemon("simple")
    with tritonclient.http.InferenceServerClient(daemon.http) as client:
        client.unload_model("simple")
        assert not client.is_model_ready("simple")

        client.load_model("simple")

        assert client.is_model_ready("simple")


def test_a_model_can_be_loaded_again_by_the_grpc_client(private_daemon):
    daemon = private_daemon("simple")
    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        client.unload_model("simple")
        assert not client.is_model_ready("simple")

        client.load_model("simple")

        assert client.is_model_ready("simple")


def test_a_model_that_appears_in_the_folder_is_served_after_a_load(private_daemon):
    daemon = private_daemon("simple")
    daemons.make_models.write_repository(daemon.repository, ["latest_version"])
    assert answer_of(daemon, "latest_version").status == 404

    loaded = wire.post(daemon.http, "/v2/repository/models/latest_version/load")

    assert loaded.status == 200, loaded.body
    assert answer_of(daemon, "latest_version").json()["outputs"][0]["data"] == [13.0]


def test_loading_again_with_unchanged_files_changes_nothing(private_daemon):
    daemon = private_daemon("two_versions")

    answer = wire.post(daemon.http, "/v2/repository/models/two_versions/load")

    assert answer.status == 200
    assert answer_of(daemon, "two_versions").json()["outputs"][0]["data"] == [13.0]


def test_a_changed_file_is_served_after_a_load(private_daemon):
    daemon = private_daemon("two_versions")
    replace_version_1(daemon, "two_versions", 7.0)

    answer = wire.post(daemon.http, "/v2/repository/models/two_versions/load")

    body = {"inputs": [wire.tensor("x", "FP32", [1], [10.0])]}
    assert answer.status == 200, answer.body
    assert wire.infer(daemon.http, "two_versions", body, version="1").json()["outputs"][0]["data"] == [17.0]


def test_a_reload_that_fails_leaves_the_old_version_serving(private_daemon):
    daemon = private_daemon("latest_version")
    path = daemon.repository / "latest_version" / "3" / "model.onnx"
    whole = path.read_bytes()
    temporary = path.with_suffix(".new")
    temporary.write_bytes(whole[: len(whole) // 2])
    temporary.rename(path)

    answer = wire.post(daemon.http, "/v2/repository/models/latest_version/load")

    assert answer.status in (400, 500)
    assert "latest_version" in answer.error()
    assert answer_of(daemon, "latest_version").json()["outputs"][0]["data"] == [13.0]


def test_a_model_that_cannot_be_loaded_gives_tritons_text_and_the_runtimes_reason(private_daemon):
    daemon = private_daemon("simple", "broken")

    answer = wire.post(daemon.http, "/v2/repository/models/broken/load")

    assert answer.status in (400, 500)
    assert answer.error().startswith("failed to load 'broken', no version is available")
    reason = rows(daemon, "broken")[0]["reason"]
    assert rows(daemon, "broken")[0]["state"] == "UNAVAILABLE"
    assert "protobuf" in reason.lower() or "parse" in reason.lower() or "INVALID" in reason, reason


def test_requests_go_on_being_answered_while_their_model_is_reloaded(private_daemon):
    daemon = private_daemon("latest_version")
    with tritonclient.http.InferenceServerClient(daemon.http, concurrency=4) as client:
        tensor = tritonclient.http.InferInput("x", [1], "FP32")
        tensor.set_data_from_numpy(np.array([10.0], dtype=np.float32))
        answers = []
        for round_number in range(10):
            path = daemon.repository / "latest_version" / "3" / "model.onnx"
            path.write_bytes(daemons.make_models.add_constant("latest_version", float(round_number)))
            pending = [client.async_infer("latest_version", [tensor]) for _ in range(10)]
            client.load_model("latest_version")
            answers += [float(one.get_result().as_numpy("y")[0]) for one in pending]

    assert len(answers) == 100
    assert all(10.0 <= value <= 19.0 for value in answers), answers


@pytest.mark.parametrize(
    "body, words",
    [
        (b"no json", ["JSON"]),
        (b"[]", ["object"]),
        ({"parameters": 1}, ["parameters"]),
        ({"parameters": {"config": {"name": "simple"}}}, ["config", "string"]),
        ({"parameters": {"file:1/model.onnx": "AAAA"}}, ["config"]),
        ({"parameters": {"nope": "x"}}, ["nope"]),
    ],
)
def test_a_malformed_load_says_what_is_wrong_and_keeps_the_model(daemon, body, words):
    answer = wire.post(daemon.http, "/v2/repository/models/simple/load", body)

    assert answer.status in (400, 501)
    assert [word for word in words if word not in answer.error()] == [], answer.error()
    assert wire.get(daemon.http, "/v2/models/simple/ready").status == 200


@pytest.mark.parametrize("body", [b"no json", b"[1]", b'{"ready":"yes"}', b'{"ready":1}'])
def test_a_malformed_index_request_is_400(daemon, body):
    answer = wire.post(daemon.http, "/v2/repository/index", body)

    assert answer.status == 400
    assert answer.error()


def test_index_and_load_take_an_empty_object_too(daemon):
    assert wire.post(daemon.http, "/v2/repository/index", {}).status == 200
    assert wire.post(daemon.http, "/v2/repository/models/simple/load", {}).status == 200
    assert json.loads(wire.get(daemon.http, "/v2/models/simple").body)["name"] == "simple"
