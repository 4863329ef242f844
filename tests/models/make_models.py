#!/usr/bin/env python3
"""Writes the small models that tests and benches serve, as a Triton-layout repository.

    make_models.py OUT [--only NAME...] [--list] [--check]

Every model is deterministic (fixed seeds, deterministic serialisation), opset 17, IR version 8. `--check` runs each
ONNX model once with the onnxruntime package, where it is installed, and compares the answer with numpy.
"""

import argparse
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import other_formats

OPSET = 17
IR_VERSION = 8

# protocol datatype -> (ONNX element type, name in config.pbtxt)
DATATYPES = {
    "BOOL": (TensorProto.BOOL, "TYPE_BOOL"),
    "UINT8": (TensorProto.UINT8, "TYPE_UINT8"),
    "UINT16": (TensorProto.UINT16, "TYPE_UINT16"),
    "UINT32": (TensorProto.UINT32, "TYPE_UINT32"),
    "UINT64": (TensorProto.UINT64, "TYPE_UINT64"),
    "INT8": (TensorProto.INT8, "TYPE_INT8"),
    "INT16": (TensorProto.INT16, "TYPE_INT16"),
    "INT32": (TensorProto.INT32, "TYPE_INT32"),
    "INT64": (TensorProto.INT64, "TYPE_INT64"),
    "FP16": (TensorProto.FLOAT16, "TYPE_FP16"),
    "BF16": (TensorProto.BFLOAT16, "TYPE_BF16"),
    "FP32": (TensorProto.FLOAT, "TYPE_FP32"),
    "FP64": (TensorProto.DOUBLE, "TYPE_FP64"),
    "BYTES": (TensorProto.STRING, "TYPE_STRING"),
}


# ---------------------------------------------------------------------------------------------------------------------
# Parts of a model


def tensor(name, datatype, shape):
    """A graph input or output; a string in `shape` is a dynamic dimension."""
    return helper.make_tensor_value_info(name, DATATYPES[datatype][0], shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array, order="C"), name)


def serialise(name, nodes, inputs, outputs, initializers=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(initializers))
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="make_models"
    )
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString(deterministic=True)


def config(name, backend, inputs=(), outputs=(), extra=""):
    """The text of a config.pbtxt; `inputs` and `outputs` are (name, datatype, dims)."""
    lines = [f'name: "{name}"', f'backend: "{backend}"']
    for stanza, tensors in (("input", inputs), ("output", outputs)):
        for tensor_name, datatype, dims in tensors:
            text = ", ".join(str(dim) for dim in dims)
            lines.append(
                f'{stanza} [ {{ name: "{tensor_name}" data_type: {DATATYPES[datatype][1]} dims: [ {text} ] }} ]'
            )
    if extra:
        lines.append(extra.strip())
    return "\n".join(lines) + "\n"


def parameter(key, value):
    return f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}\n'


# ---------------------------------------------------------------------------------------------------------------------
# ONNX models


def identity(name, datatype, shape):
    node = helper.make_node("Identity", ["INPUT0"], ["OUTPUT0"])
    return serialise(name, [node], [tensor("INPUT0", datatype, shape)], [tensor("OUTPUT0", datatype, shape)])


def simple(name):
    """Triton's `simple`: the sum and the difference of two INT32 rows of 16."""
    nodes = [
        helper.make_node("Add", ["INPUT0", "INPUT1"], ["OUTPUT0"]),
        helper.make_node("Sub", ["INPUT0", "INPUT1"], ["OUTPUT1"]),
    ]
    inputs = [tensor("INPUT0", "INT32", ["n", 16]), tensor("INPUT1", "INT32", ["n", 16])]
    outputs = [tensor("OUTPUT0", "INT32", ["n", 16]), tensor("OUTPUT1", "INT32", ["n", 16])]
    return serialise(name, nodes, inputs, outputs)


def perceptron(name, widths, seed):
    """Dense layers with ReLU between them, `x` [n, widths[0]] -> `y` [n, widths[-1]]."""
    random = np.random.default_rng(seed)
    nodes, weights = [], []
    current = "x"
    for layer, (rows, columns) in enumerate(zip(widths, widths[1:])):
        last = layer == len(widths) - 2
        weights.append(
            constant(f"w{layer}", (random.standard_normal((rows, columns)) / np.sqrt(rows)).astype(np.float32))
        )
        weights.append(constant(f"b{layer}", (0.1 * random.standard_normal(columns)).astype(np.float32)))
        dense = "y" if last else f"dense{layer}"
        nodes.append(helper.make_node("Gemm", [current, f"w{layer}", f"b{layer}"], [dense]))
        if not last:
            current = f"relu{layer}"
            nodes.append(helper.make_node("Relu", [dense], [current]))
    return serialise(
        name, nodes, [tensor("x", "FP32", ["n", widths[0]])], [tensor("y", "FP32", ["n", widths[-1]])], weights
    )


def nonfinite(name):
    """`log` is ln(x) and `inverse` 1/x: 0 gives -inf and inf, -1 gives NaN and -1."""
    nodes = [helper.make_node("Log", ["x"], ["log"]), helper.make_node("Reciprocal", ["x"], ["inverse"])]
    outputs = [tensor("log", "FP32", ["n"]), tensor("inverse", "FP32", ["n"])]
    return serialise(name, nodes, [tensor("x", "FP32", ["n"])], outputs)


def slow(name):
    """Runs ITERATIONS products of 256 x 256 matrices one after another (about 4000 take 2 s on one CPU core)."""
    random = np.random.default_rng(7)
    weight = constant("weight", (random.standard_normal((256, 256)) / 16.0).astype(np.float32))
    start = constant("start", random.standard_normal((256, 256)).astype(np.float32))
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["keep_going"], ["keep_going_out"]),
            helper.make_node("MatMul", ["state", "weight"], ["product"]),
            helper.make_node("Tanh", ["product"], ["state_out"]),
        ],
        "step",
        [
            helper.make_tensor_value_info("iteration", TensorProto.INT64, []),
            helper.make_tensor_value_info("keep_going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, [256, 256]),
        ],
        [
            helper.make_tensor_value_info("keep_going_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state_out", TensorProto.FLOAT, [256, 256]),
        ],
    )
    nodes = [
        helper.make_node("Squeeze", ["ITERATIONS", "first"], ["count"]),
        helper.make_node("Loop", ["count", "yes", "start"], ["state_final"], body=body),
        helper.make_node("ReduceSum", ["state_final"], ["total"], keepdims=0),
        helper.make_node("Reshape", ["total", "one"], ["OUT"]),
    ]
    constants = [
        weight,
        start,
        constant("yes", np.array(True)),
        constant("first", np.array([0], dtype=np.int64)),
        constant("one", np.array([1], dtype=np.int64)),
    ]
    return serialise(name, nodes, [tensor("ITERATIONS", "INT64", [1])], [tensor("OUT", "FP32", [1])], constants)


def slow_chain(name):
    """200 products of ROWS x 256 with 256 x 256 in a row, without a loop: most of a minute for 100,000 rows on a core."""
    random = np.random.default_rng(8)
    weight = constant("weight", (random.standard_normal((256, 256)) / 16.0).astype(np.float32))
    value = helper.make_tensor("value", TensorProto.FLOAT, [1], [0.25])
    nodes = [
        helper.make_node("Concat", ["ROWS", "columns"], ["shape"], axis=0),
        helper.make_node("ConstantOfShape", ["shape"], ["state0"], value=value),
    ]
    for step in range(200):
        nodes.append(helper.make_node("MatMul", [f"state{step}", "weight"], [f"product{step}"]))
        nodes.append(helper.make_node("Tanh", [f"product{step}"], [f"state{step + 1}"]))
    nodes.append(helper.make_node("ReduceSum", ["state200"], ["total"], keepdims=0))
    nodes.append(helper.make_node("Reshape", ["total", "one"], ["OUT"]))
    constants = [weight, constant("columns", np.array([256], dtype=np.int64)), constant("one", np.array([1], dtype=np.int64))]
    return serialise(name, nodes, [tensor("ROWS", "INT64", [1])], [tensor("OUT", "FP32", [1])], constants)


def scalar(name):
    """Rank 0 in and out: y = 2 x."""
    node = helper.make_node("Mul", ["x", "two"], ["y"])
    two = constant("two", np.array(2.0, dtype=np.float32))
    return serialise(name, [node], [tensor("x", "FP32", [])], [tensor("y", "FP32", [])], [two])


def add_constant(name, amount):
    node = helper.make_node("Add", ["x", "amount"], ["y"])
    amount = constant("amount", np.array([amount], dtype=np.float32))
    return serialise(name, [node], [tensor("x", "FP32", ["n"])], [tensor("y", "FP32", ["n"])], [amount])


def one_column(name, amount, mebibytes):
    """y = amount * x[0], by a dense layer of this size whose only weight that is not 0 is its first.

    For tests of loading: as large as one likes, quick to write, and the answer tells which file was loaded.
    """
    weight = np.zeros((256, mebibytes * 1024), dtype=np.float32)
    weight[0, 0] = amount
    nodes = [
        helper.make_node("MatMul", ["x", "weight"], ["columns"]),
        helper.make_node("ReduceSum", ["columns", "last"], ["y"], keepdims=1),
    ]
    constants = [constant("weight", weight), constant("last", np.array([-1], dtype=np.int64))]
    return serialise(name, nodes, [tensor("x", "FP32", ["n", 256])], [tensor("y", "FP32", ["n", 1])], constants)


def big_activation(name):
    """`activation` is [ROWS, 1024] of 0.5; `total` its sum, for those who want the memory used and not the answer."""
    nodes = [
        helper.make_node("Concat", ["ROWS", "columns"], ["shape"], axis=0),
        helper.make_node(
            "ConstantOfShape", ["shape"], ["filled"], value=helper.make_tensor("value", TensorProto.FLOAT, [1], [0.25])
        ),
        helper.make_node("Add", ["filled", "filled"], ["activation"]),
        helper.make_node("ReduceSum", ["activation"], ["sum"], keepdims=0),
        helper.make_node("Reshape", ["sum", "one"], ["total"]),
    ]
    constants = [constant("columns", np.array([1024], dtype=np.int64)), constant("one", np.array([1], dtype=np.int64))]
    outputs = [tensor("activation", "FP32", ["rows", 1024]), tensor("total", "FP32", [1])]
    return serialise(name, nodes, [tensor("ROWS", "INT64", [1])], outputs, constants)


# ---------------------------------------------------------------------------------------------------------------------
# The repository: name -> {path inside the repository: bytes}


def model_files(name, onnx_bytes, config_text=None, version="1"):
    files = {f"{name}/{version}/model.onnx": onnx_bytes}
    if config_text is not None:
        files[f"{name}/config.pbtxt"] = config_text.encode()
    return files


def identity_files(datatype):
    """Inputs and outputs are written out, so that no batch dimension is taken out of the first -1."""
    name = f"identity_{datatype.lower()}"
    text = config(
        name,
        "onnxruntime",
        [("INPUT0", datatype, [-1, -1])],
        [("OUTPUT0", datatype, [-1, -1])],
        "max_batch_size: 0",
    )
    return model_files(name, identity(name, datatype, ["rows", "columns"]), text)


def simple_files(name):
    text = config(
        name,
        "onnxruntime",
        [("INPUT0", "INT32", [16]), ("INPUT1", "INT32", [16])],
        [("OUTPUT0", "INT32", [16]), ("OUTPUT1", "INT32", [16])],
        "max_batch_size: 8",
    )
    return model_files(name, simple(name), text)


def version_files(name, policy):
    files = {f"{name}/{version}/model.onnx": add_constant(name, float(version)) for version in (1, 3)}
    files[f"{name}/config.pbtxt"] = config(name, "onnxruntime", extra=policy).encode()
    return files


def echo_files(name, mode, extra="", isolation=None):
    """A model of the built-in `echo` backend; it has no file, so its version folder holds a .keep."""
    text = parameter("mode", mode) + extra + (parameter("isolation", isolation) if isolation else "")
    inputs, outputs = [("IN", "FP32", [-1])], [("OUT", "FP32", [-1])]
    if mode == "repeat":
        inputs = [("IN", "INT32", [-1]), ("DELAY", "UINT32", [-1]), ("WAIT", "UINT32", [1])]
        outputs = [("OUT", "INT32", [1]), ("IDX", "UINT32", [1])]
        text += "model_transaction_policy { decoupled: true }\n"
    return {f"{name}/1/.keep": b"", f"{name}/config.pbtxt": config(name, "echo", inputs, outputs, text).encode()}


def broken_files(name):
    """A file cut off in the middle of its weights, as an interrupted copy leaves it."""
    whole = perceptron(name, [64, 128, 128, 10], seed=3)
    return model_files(name, whole[: len(whole) // 2])


def factor_files(name, write):
    """y = x * (1, 2, 3, 4) in another format than ONNX, without a configuration."""
    return {f"{name}/1/{path}": content for path, content in write([1, 2, 3, 4]).items()}


def openvino_files(name, isolation=None):
    """`simple` with a configuration that chooses the backend openvino."""
    files = simple_files(name)
    text = files[f"{name}/config.pbtxt"].decode().replace('"onnxruntime"', '"openvino"')
    text += parameter("isolation", isolation) if isolation else ""
    return {**files, f"{name}/config.pbtxt": text.encode()}


DELAY_200_MS = parameter("delay_ms", "200")

MODELS = {
    **{
        f"identity_{datatype.lower()}": lambda name, datatype=datatype: identity_files(datatype)
        for datatype in DATATYPES
    },
    "simple": simple_files,
    "mlp": lambda name: model_files(name, perceptron(name, [64, 128, 128, 10], seed=1)),
    "mlpl": lambda name: model_files(name, perceptron(name, [64, 1024, 1024, 1024, 10], seed=2)),
    "nonfinite": lambda name: model_files(
        name,
        nonfinite(name),
        config(name, "onnxruntime", [("x", "FP32", [-1])], [("log", "FP32", [-1]), ("inverse", "FP32", [-1])]),
    ),
    "slow": lambda name: model_files(name, slow(name)),
    "slow_chain": lambda name: model_files(name, slow_chain(name)),
    "scalar": lambda name: model_files(name, scalar(name)),
    "two_versions": lambda name: version_files(name, "version_policy { all { } }"),
    "latest_version": lambda name: version_files(name, "version_policy: { latest { num_versions: 1 } }"),
    "bare": lambda name: {"bare.onnx": add_constant(name, 1.0)},
    "broken": broken_files,
    "bigactivation": lambda name: model_files(name, big_activation(name)),
    "idbig": lambda name: model_files(name, identity(name, "FP32", [1, 50176])),
    "echo_identity": lambda name: echo_files(name, "identity"),
    "echo_delay": lambda name: echo_files(name, "delay", DELAY_200_MS),
    "repeat": lambda name: echo_files(name, "repeat"),
    "echo_worker": lambda name: echo_files(name, "identity", isolation="process"),
    "delay_worker": lambda name: echo_files(name, "delay", DELAY_200_MS, isolation="process"),
    "repeat_worker": lambda name: echo_files(name, "repeat", isolation="process"),
    "openvino_onnx": openvino_files,
    "openvino_worker": lambda name: openvino_files(name, "process"),
    "openvino_ir": lambda name: factor_files(name, other_formats.openvino_ir),
    "openvino_saved_model": lambda name: factor_files(name, other_formats.saved_model),
    "openvino_tflite": lambda name: factor_files(name, other_formats.tflite),
}


def write_repository(out, names=None):
    """Writes the named models (all by default) under `out` and returns the names written."""
    names = list(MODELS) if names is None else list(names)
    unknown = [name for name in names if name not in MODELS]
    if unknown:
        raise SystemExit(f"make_models: no model called {', '.join(unknown)}; there are {', '.join(MODELS)}")
    for name in names:
        for path, content in MODELS[name](name).items():
            target = pathlib.Path(out) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    return names


# ---------------------------------------------------------------------------------------------------------------------
# --check


def samples():
    """name -> (inputs, expected outputs or None for 'it runs')."""
    row = np.arange(16, dtype=np.int32).reshape(1, 16)
    ones = np.ones((1, 16), dtype=np.int32)
    x3 = np.array([0.0, -1.0, 1.0], dtype=np.float32)
    cases = {
        "simple": ({"INPUT0": row, "INPUT1": ones}, {"OUTPUT0": row + 1, "OUTPUT1": row - 1}),
        "mlp": ({"x": np.ones((2, 64), dtype=np.float32)}, None),
        "mlpl": ({"x": np.ones((2, 64), dtype=np.float32)}, None),
        "openvino_onnx": ({"INPUT0": row, "INPUT1": ones}, {"OUTPUT0": row + 1, "OUTPUT1": row - 1}),
        "openvino_worker": ({"INPUT0": row, "INPUT1": ones}, {"OUTPUT0": row + 1, "OUTPUT1": row - 1}),
        "slow_chain": ({"ROWS": np.array([1], dtype=np.int64)}, None),
        "slow": ({"ITERATIONS": np.array([3], dtype=np.int64)}, None),
        "scalar": ({"x": np.array(1.5, dtype=np.float32)}, {"y": np.array(3.0, dtype=np.float32)}),
        "nonfinite": (
            {"x": x3},
            {
                "log": np.array([-np.inf, np.nan, 0.0], dtype=np.float32),
                "inverse": np.array([np.inf, -1.0, 1.0], dtype=np.float32),
            },
        ),
        "bare": ({"x": x3}, {"y": x3 + 1}),
        "two_versions": ({"x": x3}, {"y": x3 + 3}),
        "latest_version": ({"x": x3}, {"y": x3 + 3}),
        "bigactivation": ({"ROWS": np.array([2], dtype=np.int64)}, {"total": np.array([1024.0], dtype=np.float32)}),
        "idbig": ({"x": None}, None),
    }
    big = np.arange(50176, dtype=np.float32).reshape(1, -1)
    cases["idbig"] = ({"INPUT0": big}, {"OUTPUT0": big})
    kinds = {"BOOL": np.bool_, "FP16": np.float16, "FP32": np.float32, "FP64": np.float64, "BYTES": object}
    for datatype in DATATYPES:
        if datatype == "BF16":
            cases["identity_bf16"] = None  # numpy has no such type: opening the session is the check
            continue
        kind = kinds.get(datatype) or np.dtype(datatype.lower())
        value = np.array([["a", "bc"]], dtype=object) if datatype == "BYTES" else np.array([[0, 1]]).astype(kind)
        cases[f"identity_{datatype.lower()}"] = ({"INPUT0": value}, {"OUTPUT0": value})
    return cases


def check(out, names):
    import onnxruntime

    failures = []
    for name in names:
        files = sorted(pathlib.Path(out).glob(f"{name}/*/model.onnx")) or sorted(pathlib.Path(out).glob(f"{name}.onnx"))
        if not files:
            continue
        if name == "broken":
            try:
                onnxruntime.InferenceSession(str(files[-1]), providers=["CPUExecutionProvider"])
                failures.append("broken: it loads")
            except Exception:  # every kind of refusal is right
                pass
            continue
        session = onnxruntime.InferenceSession(str(files[-1]), providers=["CPUExecutionProvider"])
        case = samples()[name]
        if case is None:
            continue
        inputs, expected = case
        answers = dict(zip([value.name for value in session.get_outputs()], session.run(None, inputs)))
        for key, want in (expected or {}).items():
            equal_nan = want.dtype.kind == "f"
            if not np.array_equal(answers[key], want, equal_nan=equal_nan):
                failures.append(f"{name}.{key}: expected {want}, got {answers[key]}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", nargs="?", help="folder to write into; made when it is missing")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="write these models only")
    parser.add_argument("--list", action="store_true", help="print the names and stop")
    parser.add_argument("--check", action="store_true", help="run each model once with onnxruntime")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(MODELS))
        return 0
    if arguments.out is None:
        parser.error("OUT is missing: the folder to write the models into")
    names = write_repository(arguments.out, arguments.only)
    failures = check(arguments.out, names) if arguments.check else []
    for failure in failures:
        print(failure, file=sys.stderr)
    print(f"{len(names)} models in {arguments.out}" + (", checked" if arguments.check and not failures else ""))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
