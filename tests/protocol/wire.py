"""HTTP without a client library's opinions: any bytes out, a parsed answer back."""

import http.client
import json
import socket
import struct
import urllib.parse
from dataclasses import dataclass


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body, parse_constant=_refuse_constant)

    def error(self):
        """The text of `{"error": text}`, which must be the only key."""
        content = self.json()
        assert list(content) == ["error"], f"an error body has the single key 'error', got {self.body!r}"
        return content["error"]


def _refuse_constant(name):
    raise AssertionError(f"{name} is no JSON: non-finite numbers have to be strings")


def request(address, method, path, body=None, headers=None, timeout_s=30):
    """One request on a connection of its own; `body` may be bytes, text or something to be written as JSON."""
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=timeout_s)
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def get(address, path, headers=None):
    return request(address, "GET", path, headers=headers)


def post(address, path, body=None, headers=None, timeout_s=30):
    return request(address, "POST", path, body=b"" if body is None else body, headers=headers, timeout_s=timeout_s)


def infer(address, model, body, version=None, headers=None, timeout_s=30):
    middle = f"/versions/{version}" if version else ""
    return post(address, f"/v2/models/{urllib.parse.quote(model)}{middle}/infer", body, headers, timeout_s)


def infer_binary(address, model, header, *blobs, header_length=None, timeout_s=30):
    """A request of the binary tensor data extension: `header` is JSON, the blobs follow it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    length = len(text) if header_length is None else header_length
    return infer(
        address,
        model,
        text + b"".join(blobs),
        headers={"Inference-Header-Content-Length": str(length)},
        timeout_s=timeout_s,
    )


def split_binary(answer):
    """(JSON part, {output name: bytes}) of an answer of the binary tensor data extension."""
    length = int(answer.headers["Inference-Header-Content-Length"])
    content = json.loads(answer.body[:length], parse_constant=_refuse_constant)
    blobs, position = {}, length
    for output in content["outputs"]:
        size = output.get("parameters", {}).get("binary_data_size")
        if size is not None:
            blobs[output["name"]] = answer.body[position : position + size]
            position += size
    assert position == len(answer.body), f"{len(answer.body) - position} bytes follow the last output"
    return content, blobs


def exchange(address, raw, timeout_s=15, half_close=False):
    """Sends raw bytes and parses the first answer; None when the server closed the connection without one."""
    host, port = address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=timeout_s) as connection:
        try:
            connection.sendall(raw)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        except (BrokenPipeError, ConnectionResetError):
            pass  # the server may answer and close before it has read everything
        response = http.client.HTTPResponse(connection, method="POST")
        try:
            response.begin()
            return Answer(response.status, response.headers, response.read())
        except (http.client.BadStatusLine, ConnectionResetError):
            return None


def bytes_tensor(*elements):
    """The wire form of BYTES: each element after its length."""
    return b"".join(struct.pack("<I", len(element)) + element for element in elements)


def tensor(name, datatype, shape, data=None, **parameters):
    """An entry of `inputs`."""
    entry = {"name": name, "datatype": datatype, "shape": shape}
    if data is not None:
        entry["data"] = data
    if parameters:
        entry["parameters"] = parameters
    return entry
