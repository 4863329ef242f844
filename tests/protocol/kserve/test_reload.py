"""Loading beside serving: overrides of one load, unchanged files, and what each control mode loads when."""

import json
import threading

import daemon as daemons
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire

A_MODEL = daemons.make_models.add_constant("m", 1.0)
ANOTHER = daemons.make_models.add_constant("m", 10.0)


def put(folder, path, content):
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    # As a careful user does it: whole, or not at all.
    beside = target.with_name(".new-" + target.name)
    beside.write_bytes(content)
    beside.replace(target)


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "repository"
    put(root, "m/1/model.onnx", A_MODEL)
    return root


def answer(daemon, model="m", version=""):
    with tritonclient.http.InferenceServerClient(daemon.http) as client:
        metadata = client.get_model_metadata(model)
        wanted = metadata["inputs"][0]
        shape = [1 if extent < 0 else extent for extent in wanted["shape"]]
        tensor = tritonclient.http.InferInput(wanted["name"], shape, wanted["datatype"])
        tensor.set_data_from_numpy(np.zeros(shape, dtype=np.float32))
        return client.infer(model, [tensor], model_version=version).as_numpy(metadata["outputs"][0]["name"]).flat[0]


def loads(daemon):
    """How often the log says that a model has been loaded."""
    return daemon.text().count("model loaded")


def load(daemon, model="m", **options):
    with tritonclient.http.InferenceServerClient(daemon.http) as client:
        client.load_model(model, **options)


def test_an_unchanged_model_is_not_loaded_again(private_daemon, folder):
    daemon = private_daemon(repository=folder)
    before = loads(daemon)

    load(daemon)
    assert loads(daemon) == before

    put(folder, "m/1/model.onnx", ANOTHER)
    load(daemon)
    daemons.wait_until(lambda: loads(daemon) == before + 1)
    assert answer(daemon) == 10.0


def test_a_configuration_in_a_load_counts_until_the_next_load(private_daemon, folder):
    daemon = private_daemon(repository=folder)
    config = {"name": "m", "backend": "onnxruntime", "parameters": {"batching": {"string_value": "off"}}}

    load(daemon, config=json.dumps(config))
    told = wire.get(daemon.http, "/v2/models/m/config").json()
    assert told["parameters"] == {"batching": {"string_value": "off"}}
    assert answer(daemon) == 1.0

    load(daemon)
    assert wire.get(daemon.http, "/v2/models/m/config").json()["parameters"] == {}


@pytest.mark.parametrize("protocol", [tritonclient.http, tritonclient.grpc])
def test_files_in_a_load_take_the_place_of_the_models_folder(private_daemon, folder, tmp_path, protocol):
    daemon = private_daemon(repository=folder, data_dir=tmp_path / "data")
    address = daemon.http if protocol is tritonclient.http else daemon.grpc
    config = json.dumps({"backend": "onnxruntime", "version_policy": {"all": {}}})

    with protocol.InferenceServerClient(address) as client:
        client.load_model("m", config=config, files={"file:7/model.onnx": ANOTHER})
    assert answer(daemon, version="7") == 10.0
    assert {row["version"] for row in wire.post(daemon.http, "/v2/repository/index").json()} == {"7"}

    load(daemon)
    assert answer(daemon) == 1.0
    daemons.wait_until(lambda: not list((tmp_path / "data" / "uploads").glob("*")), what="an empty folder of uploads")


def test_a_model_that_the_repository_does_not_hold_may_come_with_its_files(private_daemon, folder):
    daemon = private_daemon(repository=folder)

    load(daemon, "fresh", config=json.dumps({"backend": "onnxruntime"}), files={"file:1/model.onnx": ANOTHER})

    assert answer(daemon, "fresh") == 10.0


@pytest.mark.parametrize(
    "parameters, expected",
    [
        ({"config": {"name": "m"}}, "parameters.config must be a string"),
        ({"config": "{"}, "no JSON of a model configuration"),
        ({"config": '{"inputs": []}'}, "calls it 'input'"),
        ({"config": '{"max_batch_size": -1}'}, "'max_batch_size' is -1"),
        ({"config": "{}", "file:../x": ""}, "expected a path below the model's folder"),
        ({"config": "{}", "file:/etc/x": ""}, "expected a path below the model's folder"),
        ({"config": "{}", "file:1/../../x": ""}, "expected a path below the model's folder"),
        ({"config": "{}", "file:": ""}, "expected a path below the model's folder"),
        ({"config": "{}", "file:1/model.onnx": "***"}, "no base64"),
        ({"file:1/model.onnx": ""}, "Load parameter 'config' must be specified for model file override"),
        ({"colour": "red"}, "'colour'"),
    ],
)
def test_a_load_that_makes_no_sense_is_refused_and_the_old_version_stays(private_daemon, folder, parameters, expected):
    daemon = private_daemon(repository=folder)

    refused = wire.post(daemon.http, "/v2/repository/models/m/load", {"parameters": parameters})

    assert refused.status == 400
    assert expected in refused.error()
    assert answer(daemon) == 1.0


def test_a_load_that_fails_leaves_the_old_version_and_tells_why(private_daemon, folder):
    daemon = private_daemon(repository=folder)
    put(folder, "m/1/model.onnx", A_MODEL[:50])

    refused = wire.post(daemon.http, "/v2/repository/models/m/load")

    assert refused.status == 500
    row = wire.post(daemon.http, "/v2/repository/index").json()[0]
    assert row["state"] == "READY"
    assert row["reason"]
    assert answer(daemon) == 1.0

    put(folder, "m/1/model.onnx", A_MODEL)
    load(daemon)
    assert not wire.post(daemon.http, "/v2/repository/index").json()[0].get("reason")


def test_no_request_is_lost_while_versions_are_swapped(private_daemon, folder):
    daemon = private_daemon(repository=folder)
    stop = threading.Event()
    failures, answers = [], set()

    def ask():
        with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
            wanted = client.get_model_metadata("m").inputs[0]
            shape = [1 if extent < 0 else extent for extent in wanted.shape]
            tensor = tritonclient.grpc.InferInput(wanted.name, shape, wanted.datatype)
            tensor.set_data_from_numpy(np.zeros(shape, dtype=np.float32))
            while not stop.is_set():
                try:
                    answers.add(float(client.infer("m", [tensor]).get_response().raw_output_contents[0] != b""))
                except tritonclient.grpc.InferenceServerException as error:
                    failures.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for turn in range(30):
        put(folder, "m/1/model.onnx", ANOTHER if turn % 2 == 0 else A_MODEL)
        load(daemon)
    stop.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert answers == {1.0}


# ---- control modes


def test_poll_follows_the_repository(private_daemon, folder):
    daemon = private_daemon(repository=folder, flags=["--model-control-mode", "poll"])

    put(folder, "m/1/model.onnx", ANOTHER)
    daemons.wait_until(lambda: answer(daemon) == 10.0, what="the changed model")

    put(folder, "late/1/model.onnx", A_MODEL)
    daemons.wait_until(lambda: wire.get(daemon.http, "/v2/models/late/ready").status == 200, what="the new model")

    put(folder, "late/2/model.onnx", ANOTHER)
    daemons.wait_until(lambda: answer(daemon, "late") == 10.0, what="the new version")

    put(folder, "bare.onnx", A_MODEL)
    daemons.wait_until(lambda: wire.get(daemon.http, "/v2/models/bare/ready").status == 200, what="the bare file")

    (folder / "bare.onnx").unlink()
    daemons.wait_until(lambda: wire.get(daemon.http, "/v2/models/bare/ready").status == 400, what="the bare file's end")
    assert answer(daemon) == 10.0


def test_poll_keeps_the_old_model_when_the_new_one_is_broken(private_daemon, folder):
    daemon = private_daemon(repository=folder, flags=["--model-control-mode", "poll"])

    put(folder, "m/1/model.onnx", A_MODEL[:50])

    def reason():
        return wire.post(daemon.http, "/v2/repository/index").json()[0].get("reason")

    daemons.wait_until(reason, what="a reason in the index")
    assert answer(daemon) == 1.0


@pytest.mark.parametrize("call", ["load", "unload"])
def test_poll_refuses_loads_by_hand_with_tritons_text(private_daemon, folder, call):
    daemon = private_daemon(repository=folder, flags=["--model-control-mode", "poll"])

    refused = wire.post(daemon.http, f"/v2/repository/models/m/{call}")

    assert refused.status == 503
    assert refused.error() == "explicit model load / unload is not allowed if polling is enabled"


def test_explicit_loads_what_is_named_and_forgets_what_was_loaded_by_hand(private_daemon, folder, tmp_path):
    put(folder, "other/1/model.onnx", A_MODEL)
    flags = ["--model-control-mode", "explicit", "--load-model", "other"]
    data = tmp_path / "data"

    for _ in range(2):
        daemon = private_daemon(repository=folder, data_dir=data, flags=flags)
        assert wire.get(daemon.http, "/v2/models/other/ready").status == 200
        assert wire.get(daemon.http, "/v2/models/m/ready").status == 400
        load(daemon)
        assert answer(daemon) == 1.0
        daemon.stop()


def test_explicit_with_a_star_loads_all(private_daemon, folder):
    daemon = private_daemon(repository=folder, flags=["--model-control-mode", "explicit", "--load-model", "*"])

    assert answer(daemon) == 1.0


def test_remember_loads_again_what_was_loaded_by_hand_even_after_a_kill(private_daemon, folder, tmp_path):
    put(folder, "other/1/model.onnx", A_MODEL)
    put(folder, "third/1/model.onnx", A_MODEL)
    flags = ["--model-control-mode", "remember"]
    data = tmp_path / "data"
    daemon = private_daemon(repository=folder, data_dir=data, flags=flags)
    assert wire.get(daemon.http, "/v2/models/m/ready").status == 400
    load(daemon)
    load(daemon, "other")
    wire.post(daemon.http, "/v2/repository/models/other/unload")
    daemon.kill()

    daemon = private_daemon(repository=folder, data_dir=data, flags=flags)

    ready = {row["name"] for row in wire.post(daemon.http, "/v2/repository/index", {"ready": True}).json()}
    assert ready == {"m"}
