"""HTTP/2 by hand, for what no client library would send."""

import struct

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, CONTINUATION = 0, 1, 3, 4, 6, 7, 9
END_STREAM, ACK, END_HEADERS = 1, 1, 4
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
INFER = "/inference.GRPCInferenceService/ModelInfer"


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    """A header field that is to be remembered, as clients send it, and not Huffman-coded (RFC 7541, 6.2.1)."""
    return b"\x40" + bytes([len(name)]) + name + bytes([len(value)]) + value


def call_headers(path=INFER):
    fields = [
        (b":method", b"POST"),
        (b":scheme", b"http"),
        (b":path", path.encode()),
        (b":authority", b"localhost"),
        (b"te", b"trailers"),
        (b"content-type", b"application/grpc"),
    ]
    return b"".join(literal(*field) for field in fields)


def greeting():
    """What every client sends first."""
    return PREFACE + frame(SETTINGS, 0, 0, b"")


def grpc_call(message, ends=False, path=INFER):
    """The bytes of a connection that begins a call, ModelInfer if nothing else is said, and has sent `message` of it."""
    return (
        greeting()
        + frame(HEADERS, END_HEADERS, 1, call_headers(path))
        + frame(DATA, END_STREAM if ends else 0, 1, message)
    )


def framed(message):
    """A gRPC message with its prefix."""
    return b"\0" + struct.pack(">I", len(message)) + message


def frames(received):
    """(type, flags, stream, payload) of each whole frame."""
    found, position = [], 0
    while position + 9 <= len(received):
        length = int.from_bytes(received[position : position + 3], "big")
        stream = int.from_bytes(received[position + 5 : position + 9], "big")
        found.append((received[position + 3], received[position + 4], stream, received[position + 9 : position + 9 + length]))
        position += 9 + length
    return found
