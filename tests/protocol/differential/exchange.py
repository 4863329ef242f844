"""One request of either protocol, and its answer as a flat table that two servers can be compared by.

A table maps a field to a text: `status`, `header.content-type`, `body.outputs[0].shape`, `code`, `reply.outputs[0].name`.
Values are written as JSON, so that 1, 1.0 and "1" differ.
"""

import json
import queue
from dataclasses import dataclass, field

import daemon as daemons
import grpc
import wire
from google.protobuf import json_format
from tritonclient.grpc import service_pb2, service_pb2_grpc

LIMIT_S = 15
# What clients read of an HTTP answer.
HEADERS = ("Content-Type", "Content-Encoding", "Accept-Encoding", "Inference-Header-Content-Length")
# Both sides serve the same models with different libraries, which the platform tells.
PLATFORMS = {"python", "onnxruntime_onnx", "echo"}


def flat(table, path, value):
    """Writes a JSON value into the table, one row per leaf; a list without objects in it is a leaf."""
    if isinstance(value, dict) and value:
        for key, one in value.items():
            flat(table, f"{path}.{key}", one)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for index, one in enumerate(value):
            flat(table, f"{path}[{index}]", one)
    else:
        table[path] = masked(path, value)


# Triton's Python backend stands for our libraries; a configuration tells which library runs a model.
LIBRARIES = {
    "platform": (*PLATFORMS, ""),
    "backend": ("python", "onnxruntime", "echo"),
    "default_model_filename": ("model.py", "model.onnx", ""),
}


def masked(path, value):
    """The value as text; what cannot be the same twice (times, the library) is its kind instead."""
    leaf = path.rsplit(".", 1)[-1]
    if leaf in ("ns", "last_inference"):
        return f"<{type(value).__name__}>"
    if value in LIBRARIES.get(leaf, ()):
        return "<library>"
    return json.dumps(value, sort_keys=True)


def http_table(answer):
    """The table of an HTTP answer; of None, which is a closed connection, too."""
    if answer is None:
        return {"status": "closed"}
    table = {"status": str(answer.status)}
    for name in HEADERS:
        if name in answer.headers:
            table[f"header.{name.lower()}"] = answer.headers[name].lower()
    body, length = answer.body, answer.headers.get("Inference-Header-Content-Length")
    if answer.headers.get("Content-Encoding"):
        table["body"] = "<packed>"
        return table
    if length is not None:
        # How long the JSON is depends on blanks; that it ends where the header says is what counts.
        table["header.inference-header-content-length"] = "<number>"
        table["binary"] = body[int(length) :].hex()
        body = body[: int(length)]
    try:
        flat(table, "body", json.loads(body, parse_constant=_refuse)) if body else table.update(body="<empty>")
    except ValueError:
        table["body"] = f"<no JSON> {body.decode(errors='replace')}"
    return table


def _refuse(name):
    raise ValueError(f"{name} is no JSON")


def message_table(table, path, message):
    """A protobuf message, every field of it; raw contents as hexadecimal digits."""
    content = json_format.MessageToDict(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
    )
    flat(table, path, content)


def status_table(code, details, call):
    """The status of a gRPC call, and the metadata that the client is shown of it."""
    table = {"code": code.name, "details": json.dumps(details)}
    for kind, metadata in (("initial", call.initial_metadata()), ("trailing", call.trailing_metadata())):
        table.update({f"metadata.{kind}.{key}": str(one) for key, one in metadata or ()})
    return table


def asked_until(ask, text):
    """The first table with this value in it: both servers unload behind the answer."""

    def answered():
        table = ask()
        return table if text in table.values() else None

    return daemons.wait_until(answered, LIMIT_S, text)


@dataclass
class Http:
    """One HTTP request on a connection of its own; with `until`, it is repeated until a field has that value."""

    name: str
    method: str
    path: str
    body: object = b""
    headers: dict = field(default_factory=dict)
    until: str = ""

    def ask(self, server):
        return asked_until(lambda: self._once(server), self.until) if self.until else self._once(server)

    def _once(self, server):
        return http_table(wire.request(server.http, self.method, self.path, self.body, self.headers, LIMIT_S))


@dataclass
class Raw:
    """Bytes that no client library would send."""

    name: str
    raw: bytes

    def ask(self, server):
        return http_table(wire.exchange(server.http, self.raw, LIMIT_S))


@dataclass
class Grpc:
    """One unary call; the request is a message, or bytes as they are; with `until`, it is repeated as an Http is."""

    name: str
    call: str
    request: object
    metadata: tuple = ()
    service: str = "inference.GRPCInferenceService"
    until: str = ""

    def ask(self, server):
        return asked_until(lambda: self._once(server), self.until) if self.until else self._once(server)

    def _once(self, server):
        kind = getattr(service_pb2, f"{self.call}Response", None)
        raw = self.request if isinstance(self.request, bytes) else self.request.SerializeToString()
        with grpc.insecure_channel(server.grpc) as channel:
            call = channel.unary_unary(f"/{self.service}/{self.call}")
            try:
                reply, done = call.with_call(raw, timeout=LIMIT_S, metadata=self.metadata)
            except grpc.RpcError as error:
                return status_table(error.code(), error.details(), error)
            table = status_table(grpc.StatusCode.OK, "", done)
        if kind is None:
            table["reply"] = reply.hex()
        else:
            message_table(table, "reply", kind.FromString(reply))
        return table


@dataclass
class Stream:
    """One ModelStreamInfer; the next request is sent when an answer has come, after the last the stream is half-closed.

    So the order of the answers does not depend on which of two requests is quicker. Every request but the last must
    be answered at least once.
    """

    name: str
    requests: list
    metadata: tuple = ()

    def ask(self, server):
        answers, to_send, waiting = [], queue.Queue(), list(self.requests)

        def send_next():
            if waiting:
                to_send.put(waiting.pop(0))
            if not waiting:
                to_send.put(None)

        with grpc.insecure_channel(server.grpc) as channel:
            stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
            call = stub.ModelStreamInfer(iter(to_send.get, None), timeout=LIMIT_S, metadata=self.metadata)
            send_next()
            code, details = grpc.StatusCode.OK, ""
            try:
                for answer in call:
                    answers.append(answer)
                    send_next()
            except grpc.RpcError as error:
                code, details = error.code(), error.details()
            to_send.put(None)  # ends the thread that sends, where the server ended the stream first
            table = status_table(code, details, call)
        table["answers"] = str(len(answers))
        for index, answer in enumerate(answers):
            message_table(table, f"reply[{index}]", answer)
        return table


def differences(theirs, ours):
    """{field: (Triton's value, Aion's value)} where they differ; a field that one lacks is None there."""
    fields = dict.fromkeys([*theirs, *ours])
    return {name: (theirs.get(name), ours.get(name)) for name in fields if theirs.get(name) != ours.get(name)}
