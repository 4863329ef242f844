"""What a request can ask for: outputs, binary or JSON, ids, versions, batches, the raw binary body, asynchronous calls."""

import asyncio
import pathlib
import queue

import daemon as daemons
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
import wire

ROW = np.arange(16, dtype=np.int32).reshape(1, 16)
ONES = np.ones((1, 16), dtype=np.int32)
ROW_LIST = list(range(16))


def simple_inputs(client_module, first=ROW, second=ONES, **options):
    tensors = []
    for name, array in (("INPUT0", first), ("INPUT1", second)):
        tensor = client_module.InferInput(name, list(array.shape), "INT32")
        tensor.set_data_from_numpy(array, **options)
        tensors.append(tensor)
    return tensors


def simple_body(**more):
    return {
        "inputs": [
            wire.tensor("INPUT0", "INT32", [1, 16], ROW_LIST),
            wire.tensor("INPUT1", "INT32", [1, 16], [1] * 16),
        ],
        **more,
    }


def output_names(answer):
    return [output["name"] for output in answer["outputs"]]


# ---- answers over each client


def test_http_answers_sum_and_difference(http_client):
    answer = http_client.infer("simple", simple_inputs(tritonclient.http))

    assert answer.as_numpy("OUTPUT0").tolist() == (ROW + 1).tolist()
    assert answer.as_numpy("OUTPUT1").tolist() == (ROW - 1).tolist()


def test_grpc_answers_sum_and_difference(grpc_client):
    answer = grpc_client.infer("simple", simple_inputs(tritonclient.grpc))

    assert answer.as_numpy("OUTPUT0").tolist() == (ROW + 1).tolist()
    assert answer.as_numpy("OUTPUT1").tolist() == (ROW - 1).tolist()


def test_http_async_infer_answers_many_at_once(http_client):
    pending = [http_client.async_infer("simple", simple_inputs(tritonclient.http, ROW + n)) for n in range(20)]

    answers = [one.get_result().as_numpy("OUTPUT0")[0][0] for one in pending]
    assert answers == [n + 1 for n in range(20)]


def test_grpc_async_infer_answers_many_at_once(grpc_client):
    results = queue.Queue()
    for number in range(20):
        grpc_client.async_infer(
            "simple",
            simple_inputs(tritonclient.grpc, ROW + number),
            lambda result, error: results.put((result, error)),
            request_id=str(number),
        )

    answers = [results.get(timeout=20) for _ in range(20)]
    assert [error for _, error in answers if error] == []
    by_id = {int(result.get_response().id): int(result.as_numpy("OUTPUT0")[0][0]) for result, _ in answers}
    assert by_id == {n: n + 1 for n in range(20)}


def test_http_asyncio_client_infers_concurrently(daemon):
    async def ask():
        async with tritonclient.http.aio.InferenceServerClient(daemon.http) as client:
            calls = [client.infer("simple", simple_inputs(tritonclient.http, ROW + n)) for n in range(16)]
            return [int(answer.as_numpy("OUTPUT0")[0][0]) for answer in await asyncio.gather(*calls)]

    assert asyncio.run(ask()) == [n + 1 for n in range(16)]


def test_grpc_asyncio_client_infers_concurrently(daemon):
    async def ask():
        async with tritonclient.grpc.aio.InferenceServerClient(daemon.grpc) as client:
            calls = [client.infer("simple", simple_inputs(tritonclient.grpc, ROW + n)) for n in range(16)]
            return [int(answer.as_numpy("OUTPUT0")[0][0]) for answer in await asyncio.gather(*calls)]

    assert asyncio.run(ask()) == [n + 1 for n in range(16)]


def test_grpc_requests_may_be_compressed(grpc_client):
    answer = grpc_client.infer("simple", simple_inputs(tritonclient.grpc), compression_algorithm="gzip")

    assert answer.as_numpy("OUTPUT0").tolist() == (ROW + 1).tolist()


# ---- the JSON answer


def test_the_json_answer_has_tritons_keys_in_tritons_order(daemon):
    answer = wire.infer(daemon.http, "simple", simple_body(id="42"))

    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert list(answer.json()) == ["id", "model_name", "model_version", "outputs"]
    assert list(answer.json()["outputs"][0]) == ["name", "datatype", "shape", "data"]
    assert answer.json()["model_name"] == "simple"
    assert answer.json()["model_version"] == "1"
    assert answer.json()["outputs"][0] == {
        "name": "OUTPUT0",
        "datatype": "INT32",
        "shape": [1, 16],
        "data": [n + 1 for n in range(16)],
    }


def test_without_an_id_there_is_none_in_the_answer(daemon):
    assert "id" not in wire.infer(daemon.http, "simple", simple_body()).json()


@pytest.mark.parametrize("request_id", ["", "7", 'with "quotes" and \\', "\u4e16\u754c", "x" * 1000])
def test_http_echoes_the_request_id(daemon, request_id):
    answer = wire.infer(daemon.http, "simple", simple_body(id=request_id)).json()

    assert answer.get("id", "") == request_id


@pytest.mark.parametrize("request_id", ["7", "\u4e16\u754c", "x" * 1000])
def test_grpc_echoes_the_request_id(grpc_client, request_id):
    answer = grpc_client.infer("simple", simple_inputs(tritonclient.grpc), request_id=request_id)

    assert answer.get_response().id == request_id


def test_unknown_keys_of_the_request_are_ignored(daemon):
    answer = wire.infer(daemon.http, "simple", simple_body(model_name="other", comment={"a": [1]}))

    assert answer.status == 200


def test_custom_parameters_are_accepted(daemon):
    answer = wire.infer(
        daemon.http, "simple", simple_body(parameters={"user": "a", "n": 1, "on": True, "x": 0.5, "priority": 1})
    )

    assert answer.status == 200, answer.body


def test_a_timeout_is_ignored_by_a_model_whose_queue_policy_does_not_allow_it(daemon):
    body = {"inputs": [wire.tensor("IN", "FP32", [1], [1.0])], "parameters": {"timeout": 1}}

    answer = wire.infer(daemon.http, "echo_delay", body)

    assert answer.status == 200, answer.body


def test_a_grpc_timeout_is_ignored_by_a_model_whose_queue_policy_does_not_allow_it(grpc_client):
    tensor = tritonclient.grpc.InferInput("IN", [1], "FP32")
    tensor.set_data_from_numpy(np.array([1.0], dtype=np.float32))

    answer = grpc_client.infer("echo_delay", [tensor], timeout=1)

    assert answer.as_numpy("OUT").tolist() == [1.0]


def test_grpc_custom_parameters_are_accepted(grpc_client):
    answer = grpc_client.infer("simple", simple_inputs(tritonclient.grpc), parameters={"user": "a", "n": 1, "on": True})

    assert answer.as_numpy("OUTPUT0") is not None


# ---- requested outputs


def test_http_answers_only_the_requested_output(http_client):
    answer = http_client.infer(
        "simple", simple_inputs(tritonclient.http), outputs=[tritonclient.http.InferRequestedOutput("OUTPUT1")]
    )

    assert output_names(answer.get_response()) == ["OUTPUT1"]
    assert answer.as_numpy("OUTPUT1").tolist() == (ROW - 1).tolist()


def test_grpc_answers_only_the_requested_output(grpc_client):
    answer = grpc_client.infer(
        "simple", simple_inputs(tritonclient.grpc), outputs=[tritonclient.grpc.InferRequestedOutput("OUTPUT1")]
    )

    assert [output.name for output in answer.get_response().outputs] == ["OUTPUT1"]
    assert answer.as_numpy("OUTPUT1").tolist() == (ROW - 1).tolist()


def test_inputs_may_come_in_any_order(daemon):
    body = simple_body()
    body["inputs"].reverse()

    answer = wire.infer(daemon.http, "simple", body).json()

    assert {output["name"]: output["data"][3] for output in answer["outputs"]} == {"OUTPUT0": 4, "OUTPUT1": 2}


# ---- binary and JSON outputs


def test_one_output_may_be_binary_and_the_other_json(http_client):
    wanted = [
        tritonclient.http.InferRequestedOutput("OUTPUT0", binary_data=True),
        tritonclient.http.InferRequestedOutput("OUTPUT1", binary_data=False),
    ]

    answer = http_client.infer("simple", simple_inputs(tritonclient.http), outputs=wanted)

    assert answer.get_output("OUTPUT0")["parameters"] == {"binary_data_size": 64}
    assert answer.get_output("OUTPUT1")["data"] == (ROW - 1)[0].tolist()
    assert answer.as_numpy("OUTPUT0").tolist() == (ROW + 1).tolist()


def test_binary_data_output_makes_every_output_binary(daemon):
    answer = wire.infer(daemon.http, "simple", simple_body(parameters={"binary_data_output": True}))

    content, blobs = wire.split_binary(answer)
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert {name: len(blob) for name, blob in blobs.items()} == {"OUTPUT0": 64, "OUTPUT1": 64}
    assert all("data" not in output for output in content["outputs"])


def test_an_output_may_stand_out_against_binary_data_output(daemon):
    outputs = [
        {"name": "OUTPUT0", "parameters": {"binary_data": False}},
        {"name": "OUTPUT1", "parameters": {"binary_data": True}},
    ]
    answer = wire.infer(daemon.http, "simple", simple_body(parameters={"binary_data_output": True}, outputs=outputs))

    content, blobs = wire.split_binary(answer)
    assert list(blobs) == ["OUTPUT1"]
    assert content["outputs"][0]["data"] == [n + 1 for n in range(16)]


def test_inputs_may_mix_binary_and_json(daemon):
    header = {
        "inputs": [
            wire.tensor("INPUT0", "INT32", [1, 16], ROW_LIST),
            wire.tensor("INPUT1", "INT32", [1, 16], binary_data_size=64),
        ]
    }

    answer = wire.infer_binary(daemon.http, "simple", header, ONES.tobytes())

    assert answer.json()["outputs"][0]["data"] == [n + 1 for n in range(16)]


def test_binary_inputs_are_taken_in_the_order_of_the_inputs(daemon):
    header = {
        "inputs": [
            wire.tensor("INPUT1", "INT32", [1, 16], binary_data_size=64),
            wire.tensor("INPUT0", "INT32", [1, 16], binary_data_size=64),
        ]
    }

    answer = wire.infer_binary(daemon.http, "simple", header, ONES.tobytes(), ROW.tobytes())

    assert answer.json()["outputs"][1]["data"] == [n - 1 for n in range(16)]


@pytest.mark.parametrize("padding", [1, 2, 3, 5, 7])
def test_binary_input_at_an_odd_offset_of_the_body_is_read_right(daemon, padding):
    header = {
        "id": "x" * padding,
        "inputs": [wire.tensor("INPUT0", "FP64", [1, 2], binary_data_size=16)],
        "outputs": [{"name": "OUTPUT0", "parameters": {"binary_data": True}}],
    }
    blob = np.array([0.1, -2.5]).tobytes()

    answer = wire.infer_binary(daemon.http, "identity_fp64", header, blob)

    assert wire.split_binary(answer)[1]["OUTPUT0"] == blob


def test_a_large_tensor_comes_back_bit_by_bit(http_client):
    sent = np.random.default_rng(5).standard_normal((1, 50176)).astype(np.float32)
    tensor = tritonclient.http.InferInput("INPUT0", [1, 50176], "FP32")
    tensor.set_data_from_numpy(sent)

    answer = http_client.infer("idbig", [tensor]).as_numpy("OUTPUT0")

    assert np.array_equal(sent, answer)


def test_grpc_takes_and_gives_messages_far_over_4_mib(grpc_client):
    sent = np.arange(4 * 1024 * 1024, dtype=np.float32).reshape(1024, 4096)
    tensor = tritonclient.grpc.InferInput("INPUT0", [1024, 4096], "FP32")
    tensor.set_data_from_numpy(sent)

    answer = grpc_client.infer("identity_fp32", [tensor]).as_numpy("OUTPUT0")

    assert np.array_equal(sent, answer)


def test_http_takes_and_gives_a_binary_tensor_of_16_mib(http_client):
    sent = np.arange(4 * 1024 * 1024, dtype=np.float32).reshape(1024, 4096)
    tensor = tritonclient.http.InferInput("INPUT0", [1024, 4096], "FP32")
    tensor.set_data_from_numpy(sent)

    answer = http_client.infer("identity_fp32", [tensor]).as_numpy("OUTPUT0")

    assert np.array_equal(sent, answer)


def test_memory_is_given_back_after_a_very_large_answer(private_daemon):
    daemon = private_daemon("bigactivation")

    def resident_mib():
        text = pathlib.Path(f"/proc/{daemon.pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024

    def total(rows):
        body = {"inputs": [wire.tensor("ROWS", "INT64", [1], [rows])], "outputs": [{"name": "total"}]}
        return wire.infer(daemon.http, "bigactivation", body).json()["outputs"][0]["data"]

    assert total(2) == [1024.0]
    before = resident_mib()
    assert total(65536) == [33554432.0]  # 256 MiB of activation, twice
    assert resident_mib() > before + 128

    daemons.wait_until(lambda: resident_mib() < before + 128, 20, "the memory of the large answer to be given back")
    assert total(2) == [1024.0]


# ---- versions and batches


def test_http_version_in_the_path_is_the_one_that_answers(daemon):
    body = {"inputs": [wire.tensor("x", "FP32", [1], [10.0])]}

    first = wire.infer(daemon.http, "two_versions", body, version="1").json()
    newest = wire.infer(daemon.http, "two_versions", body).json()

    assert (first["model_version"], first["outputs"][0]["data"]) == ("1", [11.0])
    assert (newest["model_version"], newest["outputs"][0]["data"]) == ("3", [13.0])


def test_grpc_version_in_the_request_is_the_one_that_answers(grpc_client):
    tensor = tritonclient.grpc.InferInput("x", [1], "FP32")
    tensor.set_data_from_numpy(np.array([10.0], dtype=np.float32))

    first = grpc_client.infer("two_versions", [tensor], model_version="1")
    newest = grpc_client.infer("two_versions", [tensor])

    assert (first.get_response().model_version, first.as_numpy("y").tolist()) == ("1", [11.0])
    assert (newest.get_response().model_version, newest.as_numpy("y").tolist()) == ("3", [13.0])


def test_a_batch_up_to_the_models_maximum_is_served(http_client):
    first = np.arange(8 * 16, dtype=np.int32).reshape(8, 16)

    answer = http_client.infer("simple", simple_inputs(tritonclient.http, first, np.ones_like(first)))

    assert answer.as_numpy("OUTPUT0").tolist() == (first + 1).tolist()


def test_the_echo_backend_answers_what_it_was_sent(daemon):
    answer = wire.infer(daemon.http, "echo_identity", {"inputs": [wire.tensor("IN", "FP32", [3], [1.0, 2.0, 3.0])]})

    assert answer.json()["outputs"] == [{"name": "OUT", "datatype": "FP32", "shape": [3], "data": [1.0, 2.0, 3.0]}]


def test_the_echo_backend_in_a_worker_process_answers_the_same(daemon):
    answer = wire.infer(daemon.http, "echo_worker", {"inputs": [wire.tensor("IN", "FP32", [3], [1.0, 2.0, 3.0])]})

    assert answer.json()["outputs"] == [{"name": "OUT", "datatype": "FP32", "shape": [3], "data": [1.0, 2.0, 3.0]}]


# ---- the raw binary request


def test_a_raw_binary_body_is_the_single_input(daemon):
    sent = np.arange(50176, dtype=np.float32)

    answer = wire.infer_binary(daemon.http, "idbig", b"", sent.tobytes(), header_length=0)

    assert answer.status == 200, answer.body[:300]
    content, blobs = wire.split_binary(answer)
    assert content["outputs"][0]["shape"] == [1, 50176]
    assert blobs["OUTPUT0"] == sent.tobytes()


def test_a_raw_binary_body_tells_one_variable_dimension(daemon):
    answer = wire.infer_binary(daemon.http, "nonfinite", b"", np.ones(5, dtype=np.float32).tobytes(), header_length=0)

    content, blobs = wire.split_binary(answer)
    assert content["outputs"][0]["shape"] == [5]
    assert np.frombuffer(blobs["inverse"], dtype=np.float32).tolist() == [1.0] * 5


def test_a_raw_binary_body_for_two_inputs_is_400(daemon):
    answer = wire.infer_binary(daemon.http, "simple", b"", ROW.tobytes(), header_length=0)

    assert answer.status == 400
    assert "simple" in answer.error() and "input" in answer.error()


def test_a_raw_binary_body_that_is_no_whole_number_of_elements_is_400(daemon):
    answer = wire.infer_binary(daemon.http, "nonfinite", b"", b"\0" * 5, header_length=0)

    assert answer.status == 400
    assert "'x'" in answer.error() or "'raw_input'" in answer.error()  # Triton says the second
    assert "5" in answer.error()
