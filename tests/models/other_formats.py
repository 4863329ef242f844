"""Writes y = factor * x in the formats that are not ONNX, byte by byte, so that no framework has to be installed.

Each function returns {path inside the version folder: bytes}. `x` and `y` are FP32 [n, len(factor)].
"""

import struct

import numpy as np

# ---------------------------------------------------------------------------------------------------------------------
# OpenVINO IR, version 11: a graph in XML, its constants in a file beside it


def openvino_ir(factor):
    weights = np.asarray(factor, dtype="<f4")
    width = len(weights)

    def port(number, *extents):
        dims = "".join(f"<dim>{extent}</dim>" for extent in extents)
        return f'<port id="{number}" precision="FP32">{dims}</port>'

    def layer(number, name, kind, data, ports, version="opset1"):
        return f'<layer id="{number}" name="{name}" type="{kind}" version="{version}">{data}{ports}</layer>'

    def edge(source, target, target_port):
        from_port = {0: 0, 1: 0, 2: 2}[source]
        return f'<edge from-layer="{source}" from-port="{from_port}" to-layer="{target}" to-port="{target_port}"/>'

    named = port(2, -1, width).replace('precision="FP32"', 'precision="FP32" names="y"')
    layers = [
        layer(
            0,
            "x",
            "Parameter",
            f'<data shape="?,{width}" element_type="f32"/>',
            "<output>" + port(0, -1, width).replace('precision="FP32"', 'precision="FP32" names="x"') + "</output>",
        ),
        layer(
            1,
            "factor",
            "Const",
            f'<data element_type="f32" shape="{width}" offset="0" size="{weights.nbytes}"/>',
            f"<output>{port(0, width)}</output>",
        ),
        layer(
            2,
            "product",
            "Multiply",
            '<data auto_broadcast="numpy"/>',
            f"<input>{port(0, -1, width)}{port(1, width)}</input><output>{named}</output>",
        ),
        layer(3, "result", "Result", "", f"<input>{port(0, -1, width)}</input>"),
    ]
    edges = [edge(0, 2, 0), edge(1, 2, 1), edge(2, 3, 0)]
    xml = f'<?xml version="1.0"?><net name="factor" version="11"><layers>{"".join(layers)}</layers><edges>{"".join(edges)}</edges></net>'
    return {"model.xml": xml.encode(), "model.bin": weights.tobytes()}


# ---------------------------------------------------------------------------------------------------------------------
# TensorFlow SavedModel: protobuf messages, of which only the wire form is needed


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out) + bytes([value])


def field(number, value):
    """One field: a whole number, or bytes of a string or of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def entry(key, value):
    """One entry of a map from strings to messages."""
    return field(1, key) + field(2, value)


TF_FLOAT = 1


def tensor_shape(extents):
    return b"".join(field(2, field(1, extent)) for extent in extents)


def graph_node(name, kind, inputs, **attributes):
    head = field(1, name) + field(2, kind) + b"".join(field(3, source) for source in inputs)
    return field(1, head + b"".join(field(5, entry(key, value)) for key, value in sorted(attributes.items())))


def saved_model(factor):
    weights = np.asarray(factor, dtype="<f4")
    width = len(weights)
    of_type = field(6, TF_FLOAT)  # AttrValue.type
    constant = field(1, TF_FLOAT) + field(2, tensor_shape([width])) + field(4, weights.tobytes())
    graph = (
        graph_node("serving_default_x", "Placeholder", [], dtype=of_type, shape=field(7, tensor_shape([-1, width])))
        + graph_node("factor", "Const", [], dtype=of_type, value=field(8, constant))
        + graph_node("product", "Mul", ["serving_default_x", "factor"], T=of_type)
        + field(4, field(1, 1395))  # GraphDef.versions.producer
    )

    def tensor_info(name):
        return field(1, name) + field(2, TF_FLOAT) + field(3, tensor_shape([-1, width]))

    signature = (
        field(1, entry("x", tensor_info("serving_default_x:0")))
        + field(2, entry("y", tensor_info("product:0")))
        + field(3, "tensorflow/serving/predict")
    )
    meta_graph = field(1, field(4, "serve")) + field(2, graph) + field(5, entry("serving_default", signature))
    return {"model.savedmodel/saved_model.pb": field(1, 1) + field(2, meta_graph)}


# ---------------------------------------------------------------------------------------------------------------------
# TFLite: a flatbuffer, written front to back; an offset always points forward


class Flatbuffer:
    """Parts are laid down in the order of `add`; offsets to parts that come later are filled in at the end."""

    def __init__(self):
        self.bytes = bytearray()
        self.open = []  # (place of an offset, the part that it points to)

    def align(self, size):
        self.bytes += b"\0" * (-len(self.bytes) % size)

    def point(self, part):
        self.open.append((len(self.bytes), part))
        self.bytes += b"\0\0\0\0"

    def finish(self, root, identifier):
        self.point(root)
        self.bytes += identifier
        while self.open:
            place, part = self.open.pop(0)
            self.align(16 if isinstance(part, Vector) and part.align == 16 else 4)
            struct.pack_into("<I", self.bytes, place, part.lay(self) - place)
        return bytes(self.bytes)


class Table:
    """`fields` are (slot, struct format of a number, value) or (slot, None, part)."""

    def __init__(self, *fields):
        self.fields = fields

    def lay(self, out):
        slots = max((slot for slot, _, _ in self.fields), default=-1) + 1
        vtable = len(out.bytes)
        out.bytes += b"\0" * (4 + 2 * slots)
        out.align(4)
        start = len(out.bytes)
        out.bytes += struct.pack("<i", start - vtable)
        for slot, kind, value in self.fields:
            out.align(4)
            struct.pack_into("<H", out.bytes, vtable + 4 + 2 * slot, len(out.bytes) - start)
            if kind is None:
                out.point(value)
            else:
                out.bytes += struct.pack("<" + kind, value)
        struct.pack_into("<HH", out.bytes, vtable, 4 + 2 * slots, len(out.bytes) - start)
        return start


class Vector:
    """Numbers of one struct format, or parts (kind None)."""

    def __init__(self, kind, values, align=4):
        self.kind, self.values, self.align = kind, values, align

    def lay(self, out):
        if self.align == 16:  # the data, behind the length, is what must be aligned
            out.bytes += b"\0" * 12
        start = len(out.bytes)
        out.bytes += struct.pack("<I", len(self.values))
        for value in self.values:
            if self.kind is None:
                out.point(value)
            else:
                out.bytes += struct.pack("<" + self.kind, value)
        return start


class Text(Vector):
    def __init__(self, text):
        super().__init__("B", text.encode())

    def lay(self, out):
        start = super().lay(out)
        out.bytes += b"\0"
        return start


TFLITE_MUL = 18  # BuiltinOperator.MUL
TFLITE_MUL_OPTIONS = 21  # BuiltinOptions.MulOptions


def tflite(factor):
    weights = np.asarray(factor, dtype="<f4")
    width = len(weights)

    def tensor(name, shape, buffer, *more):
        # shape, type (FLOAT32 = 0, the default), buffer, name
        return Table((0, None, Vector("i", shape)), (2, "I", buffer), (3, None, Text(name)), *more)

    open_rows = (7, None, Vector("i", [-1, width]))  # Tensor.shape_signature
    tensors = [tensor("x", [1, width], 0, open_rows), tensor("factor", [width], 1), tensor("y", [1, width], 0, open_rows)]
    operator = Table(
        (0, "I", 0),
        (1, None, Vector("i", [0, 1])),
        (2, None, Vector("i", [2])),
        (3, "B", TFLITE_MUL_OPTIONS),
        (4, None, Table()),
    )
    graph = Table(
        (0, None, Vector(None, tensors)),
        (1, None, Vector("i", [0])),
        (2, None, Vector("i", [2])),
        (3, None, Vector(None, [operator])),
        (4, None, Text("main")),
    )
    buffers = [Table(), Table((0, None, Vector("B", weights.tobytes(), align=16)))]
    code = Table((0, "b", TFLITE_MUL), (2, "i", 1), (3, "i", TFLITE_MUL))
    model = Table(
        (0, "I", 3),
        (1, None, Vector(None, [code])),
        (2, None, Vector(None, [graph])),
        (3, None, Text("factor")),
        (4, None, Vector(None, buffers)),
    )
    return {"model.tflite": Flatbuffer().finish(model, b"TFL3")}
