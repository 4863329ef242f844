"""The models of the bench and the bytes of one request to each, in the three forms that are measured."""

import dataclasses
import json
import struct


@dataclasses.dataclass(frozen=True)
class Model:
    name: str
    input_name: str
    datatype: str  # of the input; every output is FP32
    shape: tuple
    output_name: str
    output_elements: int
    length: int = 1  # of a measurement, in multiples of the usual: a slow model needs longer for as many answers

    @property
    def elements(self):
        count = 1
        for extent in self.shape:
            count *= extent
        return count

    @property
    def shape_argument(self):
        """As the floor and the limit take it: 1x64."""
        return "x".join(str(extent) for extent in self.shape)

    @property
    def dtype_argument(self):
        return {"FP32": "f32", "INT32": "i32"}[self.datatype]

    def values(self):
        """The same values as the limit runs on, rounded to what the tensor can hold."""
        if self.datatype == "INT32":
            return [i % 256 for i in range(self.elements)]
        exact = [(i % 97) / 97 for i in range(self.elements)]
        return list(struct.unpack(f"<{len(exact)}f", struct.pack(f"<{len(exact)}f", *exact)))

    def tensor_bytes(self):
        form = "i" if self.datatype == "INT32" else "f"
        return struct.pack(f"<{self.elements}{form}", *self.values())


MODELS = {
    "mlp": Model("mlp", "x", "FP32", (1, 64), "y", 10),
    "mlpl": Model("mlpl", "x", "FP32", (1, 64), "y", 10),
    "idbig": Model("idbig", "INPUT0", "FP32", (1, 50176), "OUTPUT0", 50176),
    "magika": Model("magika", "bytes", "INT32", (1, 2048), "target_label", 214, length=2),
}


@dataclasses.dataclass(frozen=True)
class Request:
    """One POST: where it goes, its extra headers and its body."""

    path: str
    headers: dict
    body: bytes


def _compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def http_binary(model):
    tensor = model.tensor_bytes()
    head = _compact(
        {
            "inputs": [
                {
                    "name": model.input_name,
                    "shape": model.shape,
                    "datatype": model.datatype,
                    "parameters": {"binary_data_size": len(tensor)},
                }
            ],
            "parameters": {"binary_data_output": True},
        }
    )
    headers = {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}
    return Request(f"/v2/models/{model.name}/infer", headers, head + tensor)


def http_json(model):
    """As the usual client writes it: every digit of the value."""
    body = _compact(
        {
            "inputs": [
                {
                    "name": model.input_name,
                    "shape": model.shape,
                    "datatype": model.datatype,
                    "data": model.values(),
                }
            ]
        }
    )
    return Request(f"/v2/models/{model.name}/infer", {"Content-Type": "application/json"}, body)


def _varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number, payload):
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def grpc_message(model):
    """A ModelInferRequest: model_name 1, inputs 5 (name 1, datatype 2, shape 3), raw_input_contents 7."""
    shape = b"".join(_varint(extent) for extent in model.shape)
    tensor = _field(1, model.input_name.encode()) + _field(2, model.datatype.encode()) + _field(3, shape)
    return _field(1, model.name.encode()) + _field(5, tensor) + _field(7, model.tensor_bytes())


def grpc_infer(model):
    message = grpc_message(model)
    headers = {"content-type": "application/grpc", "te": "trailers"}
    frame = b"\0" + struct.pack(">I", len(message)) + message
    return Request("/inference.GRPCInferenceService/ModelInfer", headers, frame)


FORMS = {"binary": http_binary, "json": http_json, "grpc": grpc_infer}


def fields(message):
    """(number, payload) of the length-delimited fields of a protobuf message; other kinds are passed over."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(message):
        key = varint()
        kind = key & 7
        if kind == 2:
            size = varint()
            yield key >> 3, message[at : at + size]
            at += size
        elif kind == 0:
            varint()
        else:
            at += 8 if kind == 1 else 4


def grpc_output(message):
    """The bytes of the first raw output of a ModelInferResponse."""
    return next((payload for number, payload in fields(message) if number == 6), b"")
