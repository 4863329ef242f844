"""Bodies of inference requests and answers may be packed: by the real client, and by the standard library's own packers."""

import gzip
import json
import zlib

import numpy as np
import pytest
import tritonclient.http
import wire

VALUES = np.arange(4096, dtype=np.float32).reshape(1, -1) / 3
MODEL = "identity_fp32"
PACKERS = {"gzip": gzip.compress, "deflate": zlib.compress}
UNPACKERS = {"gzip": gzip.decompress, "deflate": zlib.decompress}
BOTH = sorted(PACKERS)


def json_body():
    tensor = wire.tensor("INPUT0", "FP32", list(VALUES.shape), VALUES[0].tolist())
    return json.dumps({"inputs": [tensor]}).encode()


@pytest.mark.parametrize("is_binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("answered", [None, *BOTH])
@pytest.mark.parametrize("sent", [None, *BOTH])
def test_the_client_may_pack_both_ways(http_client, sent, answered, is_binary):
    tensor = tritonclient.http.InferInput("INPUT0", list(VALUES.shape), "FP32")
    tensor.set_data_from_numpy(VALUES, binary_data=is_binary)

    answer = http_client.infer(
        MODEL,
        [tensor],
        outputs=[tritonclient.http.InferRequestedOutput("OUTPUT0", binary_data=is_binary)],
        request_compression_algorithm=sent,
        response_compression_algorithm=answered,
    )

    assert np.array_equal(answer.as_numpy("OUTPUT0"), VALUES)


@pytest.mark.parametrize("name", BOTH)
def test_what_other_programs_pack_is_understood_and_the_other_way_round(daemon, name):
    packed = PACKERS[name](json_body())

    answer = wire.infer(daemon.http, MODEL, packed, headers={"Content-Encoding": name, "Accept-Encoding": name})

    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == name
    document = json.loads(UNPACKERS[name](answer.body))
    assert np.array_equal(np.array(document["outputs"][0]["data"], dtype=np.float32), VALUES[0])


def test_a_small_answer_goes_out_as_it_is(daemon):
    body = json.dumps({"inputs": [wire.tensor("INPUT0", "FP32", [1, 1], [1.0])]}).encode()

    answer = wire.infer(daemon.http, MODEL, body, headers={"Accept-Encoding": "gzip"})

    assert "Content-Encoding" not in answer.headers
    assert answer.json()["outputs"][0]["data"] == [1.0]


@pytest.mark.parametrize(
    "body",
    [b"", b"\x1f\x8b", b"not packed", gzip.compress(json_body())[:-1], gzip.compress(json_body()) + b"more"],
    ids=["empty", "begun", "plain", "cut", "more"],
)
def test_what_is_not_packed_as_it_says_is_400(daemon, body):
    answer = wire.infer(daemon.http, MODEL, body, headers={"Content-Encoding": "gzip"})

    assert answer.status == 400
    assert "expected gzip" in answer.error()


@pytest.mark.parametrize("name", BOTH)
def test_a_bomb_is_413_and_hurts_nobody(daemon, name):
    bomb = PACKERS[name](bytes(65 << 20))
    assert len(bomb) < 1 << 20

    answer = wire.infer(daemon.http, MODEL, bomb, headers={"Content-Encoding": name})

    assert answer.status == 413
    assert "at most 67108864 bytes" in answer.error()
    assert wire.infer(daemon.http, MODEL, json_body()).status == 200


def test_other_calls_take_no_packed_body(daemon):
    answer = wire.post(daemon.http, "/v2/repository/index", gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})

    assert answer.status == 501
    assert answer.headers["Accept-Encoding"] == "identity"
