"""ModelStreamInfer: several answers to one request, the final flag, order, errors inside a stream."""

import asyncio
import queue

import daemon as daemons
import grpc
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.grpc.aio
import wire
from tritonclient.grpc import service_pb2, service_pb2_grpc

LIMIT_S = 20


def array_input(name, datatype, values):
    kinds = {"INT32": np.int32, "UINT32": np.uint32, "FP32": np.float32}
    array = np.array(values, dtype=kinds[datatype])
    tensor = tritonclient.grpc.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array)
    return tensor


def repeat_inputs(values, delays=None, wait=0):
    return [
        array_input("IN", "INT32", values),
        array_input("DELAY", "UINT32", [0] * len(values) if delays is None else delays),
        array_input("WAIT", "UINT32", [wait]),
    ]


def simple_inputs(first):
    return [array_input("INPUT0", "INT32", [[first] * 16]), array_input("INPUT1", "INT32", [[1] * 16])]


class Stream:
    """A stream of the real client whose answers can be awaited."""

    def __init__(self, daemon, **options):
        self.client = tritonclient.grpc.InferenceServerClient(daemon.grpc)
        self.answers = queue.Queue()
        self.client.start_stream(lambda result, error: self.answers.put((result, error)), **options)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.client.stop_stream(cancel_requests=True)  # some tests leave a request that would run for minutes
        self.client.close()

    def send(self, model, tensors, **options):
        self.client.async_stream_infer(model, tensors, **options)

    def next(self):
        result, error = self.answers.get(timeout=LIMIT_S)
        if error is not None:
            raise error
        return result.get_response(), result


def final(response):
    return response.parameters["triton_final_response"].bool_param


@pytest.mark.parametrize("model", ["repeat", "repeat_worker"])
def test_a_decoupled_model_sends_one_answer_per_element_in_order(daemon, model):
    with Stream(daemon) as stream:
        stream.send(model, repeat_inputs([4, 2, 7]), request_id="9")
        answers = [stream.next() for _ in range(3)]

    assert [int(result.as_numpy("OUT")[0]) for _, result in answers] == [4, 2, 7]
    assert [int(result.as_numpy("IDX")[0]) for _, result in answers] == [0, 1, 2]
    assert [response.id for response, _ in answers] == ["9"] * 3
    assert [response.model_name for response, _ in answers] == [model] * 3


@pytest.mark.parametrize("model", ["repeat", "repeat_worker"])
def test_the_final_flag_is_false_on_answers_and_true_on_an_empty_last_one_if_asked_for(daemon, model):
    with Stream(daemon) as stream:
        stream.send(model, repeat_inputs([4, 2]), request_id="9", enable_empty_final_response=True)
        responses = [stream.next()[0] for _ in range(3)]

    assert [final(response) for response in responses] == [False, False, True]
    assert [len(response.outputs) for response in responses] == [2, 2, 0]
    assert (responses[2].id, responses[2].model_name) == ("9", model)


def test_the_empty_final_answer_is_not_sent_unless_asked_for(daemon):
    with Stream(daemon) as stream:
        stream.send("repeat", repeat_inputs([1]), request_id="first")
        stream.next()
        stream.send("simple", simple_inputs(5), request_id="second")

        assert stream.next()[0].id == "second"


def test_a_decoupled_request_with_no_element_ends_with_the_empty_final_answer(daemon):
    with Stream(daemon) as stream:
        stream.send("repeat", repeat_inputs([]), request_id="9", enable_empty_final_response=True)
        response, _ = stream.next()

    assert final(response)
    assert len(response.outputs) == 0


def test_each_answer_leaves_when_it_is_made_not_at_the_end(daemon):
    with Stream(daemon) as stream:
        stream.send("repeat", repeat_inputs([1, 2], delays=[0, 600_000]))

        assert int(stream.next()[1].as_numpy("OUT")[0]) == 1  # the second comes in ten minutes


def test_an_ordinary_model_answers_once_with_the_final_flag(daemon):
    with Stream(daemon) as stream:
        stream.send("simple", simple_inputs(5), request_id="9")
        response, result = stream.next()

    assert final(response)
    assert response.id == "9"
    assert result.as_numpy("OUTPUT0").tolist() == [[6] * 16]


def test_ordinary_requests_are_answered_in_request_order(daemon):
    with Stream(daemon) as stream:
        stream.send("echo_delay", [array_input("IN", "FP32", [1.0])], request_id="slow")
        for number in range(5):
            stream.send("simple", simple_inputs(number), request_id=str(number))

        assert [stream.next()[0].id for _ in range(6)] == ["slow", "0", "1", "2", "3", "4"]


def test_decoupled_requests_do_not_wait_for_one_another(daemon):
    with Stream(daemon) as stream:
        stream.send("repeat", repeat_inputs([1, 2], delays=[0, 600_000]), request_id="long")
        assert stream.next()[0].id == "long"
        stream.send("repeat", repeat_inputs([7]), request_id="short")

        assert stream.next()[0].id == "short"


def test_many_decoupled_requests_at_once_are_matched_by_id(daemon):
    with Stream(daemon) as stream:
        for number in range(20):
            stream.send("repeat", repeat_inputs([number * 10, number * 10 + 1]), request_id=str(number))
        answers = [stream.next() for _ in range(40)]

    by_id = {}
    for response, result in answers:
        by_id.setdefault(int(response.id), []).append(int(result.as_numpy("OUT")[0]))
    assert by_id == {number: [number * 10, number * 10 + 1] for number in range(20)}


def test_one_stream_carries_requests_for_different_models(daemon):
    with Stream(daemon) as stream:
        stream.send("simple", simple_inputs(5))
        assert stream.next()[0].model_name == "simple"
        stream.send("repeat", repeat_inputs([1]))
        assert stream.next()[0].model_name == "repeat"
        stream.send("two_versions", [array_input("x", "FP32", [1.0])], model_version="1")
        assert stream.next()[1].as_numpy("y").tolist() == [2.0]


def test_a_requested_output_is_the_only_one_in_each_answer(daemon):
    with Stream(daemon) as stream:
        stream.send("repeat", repeat_inputs([4]), outputs=[tritonclient.grpc.InferRequestedOutput("IDX")])

        assert [output.name for output in stream.next()[0].outputs] == ["IDX"]


def test_half_close_finishes_what_is_in_flight(stub):
    requests = [stream_request("repeat", repeat_inputs([1, 2, 3], delays=[0, 20, 20]), "9")]

    answers = list(stub.ModelStreamInfer(iter(requests), timeout=LIMIT_S))

    assert [answer.infer_response.id for answer in answers] == ["9"] * 3
    assert [answer.error_message for answer in answers] == [""] * 3


def test_an_empty_stream_ends_ok(stub):
    assert list(stub.ModelStreamInfer(iter([]), timeout=LIMIT_S)) == []


# ---- errors


def stream_request(model, tensors, request_id=""):
    message = service_pb2.ModelInferRequest(model_name=model, id=request_id)
    for tensor in tensors:
        message.inputs.append(tensor._get_tensor())
        message.raw_input_contents.append(tensor._get_content())
    return message


def test_an_error_inside_a_stream_is_a_message_and_the_stream_goes_on(stub):
    requests = [
        stream_request("nope", simple_inputs(1), "bad"),
        stream_request("simple", simple_inputs(1), "good"),
    ]

    answers = list(stub.ModelStreamInfer(iter(requests), timeout=LIMIT_S))

    assert [answer.error_message for answer in answers] == ["Request for unknown model: 'nope' is not found", ""]
    assert [answer.infer_response.id for answer in answers] == ["bad", "good"]
    assert len(answers[0].infer_response.outputs) == 0


def test_the_real_client_gets_the_error_and_can_go_on(daemon):
    with Stream(daemon) as stream:
        stream.send("simple", simple_inputs(1)[:1], request_id="7")
        with pytest.raises(tritonclient.grpc.InferenceServerException, match="missing required input"):
            stream.next()
        stream.send("simple", simple_inputs(1), request_id="8")

        assert stream.next()[0].id == "8"


def test_an_error_of_the_backend_inside_a_stream_is_a_message_too(daemon):
    with Stream(daemon) as stream:
        stream.send("repeat", repeat_inputs([1, 2], delays=[0]))
        with pytest.raises(tritonclient.grpc.InferenceServerException, match="DELAY"):
            stream.next()
        stream.send("simple", simple_inputs(1), request_id="8")

        assert stream.next()[0].id == "8"


def test_with_triton_grpc_error_the_first_error_ends_the_stream_with_its_status(stub):
    requests = queue.Queue()
    requests.put(stream_request("simple", simple_inputs(1), "good"))
    requests.put(stream_request("nope", simple_inputs(1), "bad"))

    received = []
    try:
        with pytest.raises(grpc.RpcError) as raised:
            for answer in stub.ModelStreamInfer(
                iter(requests.get, None), timeout=LIMIT_S, metadata=[("triton_grpc_error", "true")]
            ):
                received.append(answer)
    finally:
        requests.put(None)

    assert [answer.infer_response.id for answer in received] == ["good"]
    assert raised.value.code() == grpc.StatusCode.NOT_FOUND
    assert raised.value.details() == "Request for unknown model: 'nope' is not found"


def test_triton_grpc_error_that_is_not_true_changes_nothing(stub):
    requests = [stream_request("nope", simple_inputs(1)), stream_request("simple", simple_inputs(1))]

    answers = list(stub.ModelStreamInfer(iter(requests), timeout=LIMIT_S, metadata=[("triton_grpc_error", "false")]))

    assert [bool(answer.error_message) for answer in answers] == [True, False]


@pytest.mark.parametrize("model", ["repeat", "repeat_worker"])
def test_cancelling_a_stream_cancels_what_it_had_in_flight(daemon, model):
    def failures():
        stats = wire.get(daemon.http, f"/v2/models/{model}/stats").json()["model_stats"][0]
        return stats["inference_stats"]["fail"]["count"]

    before = failures()
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        never = queue.Queue()
        for number in range(50):
            never.put(stream_request(model, repeat_inputs([1, 2], delays=[0, 600_000]), str(number)))
        call = stub.ModelStreamInfer(iter(never.get, None))
        for _ in range(50):
            next(call)
        call.cancel()
        never.put(None)

    with Stream(daemon) as stream:
        stream.send(model, repeat_inputs([3]), request_id="next")
        assert stream.next()[0].id == "next"
    # Each would have answered once more after ten minutes.
    daemons.wait_until(lambda: failures() >= before + 50, what="the end of the 50 cancelled requests")


def test_the_asyncio_client_streams(daemon):
    async def ask():
        async def requests():
            yield {"model_name": "repeat", "inputs": repeat_inputs([4, 2]), "request_id": "1"}

        received = []
        async with tritonclient.grpc.aio.InferenceServerClient(daemon.grpc) as client:
            async for result, error in client.stream_infer(requests()):
                assert error is None
                received.append(int(result.as_numpy("OUT")[0]))
        return received

    received = asyncio.run(asyncio.wait_for(ask(), LIMIT_S))

    assert received == [4, 2]


def test_decoupled_responses_are_counted_by_their_index(daemon):
    def counts():
        stats = wire.get(daemon.http, "/v2/models/repeat/stats").json()["model_stats"][0].get("response_stats", {})
        return {index: row["success"]["count"] for index, row in stats.items()}

    before = counts()
    with Stream(daemon) as stream:
        stream.send("repeat", repeat_inputs([1, 2]), enable_empty_final_response=True)
        while not final(stream.next()[0]):
            pass

    after = counts()
    assert after["0"] - before.get("0", 0) == 1
    assert after["1"] - before.get("1", 0) == 1


def test_a_stream_without_requests_ends_when_the_server_stops(private_daemon):
    daemon = private_daemon("scalar")
    silent = queue.Queue()
    with grpc.insecure_channel(daemon.grpc) as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        stream = stub.ModelStreamInfer(iter(silent.get, None))
        assert stub.ServerReady(service_pb2.ServerReadyRequest()).ready  # the stream was sent before it

        daemon.stop()

        with pytest.raises(grpc.RpcError) as ended:
            next(stream)
        silent.put(None)
    assert ended.value.code() == grpc.StatusCode.UNAVAILABLE
    assert ended.value.details() == "GRPC server is shutting down and has stopped accepting new requests."
