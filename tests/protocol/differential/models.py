"""The models of the differential tests: the same repository twice, for the Python backend of Triton and for Aion.

A model does the same on both sides: Triton's is written in Python, Aion's is ONNX or of its own backend `echo`.
"""

import pathlib

import daemon as daemons

make = daemons.make_models

IDENTITY_DATATYPES = [name for name in make.DATATYPES]

# Takes whatever comes through without looking into it; BF16, which numpy lacks, goes by DLPack.
IDENTITY = """
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            tensor = pb_utils.get_input_tensor_by_name(request, "INPUT0")
            if NUMPY_HAS_THE_TYPE:
                answer = pb_utils.Tensor("OUTPUT0", tensor.as_numpy())
            else:
                answer = pb_utils.Tensor.from_dlpack("OUTPUT0", tensor.to_dlpack())
            answers.append(pb_utils.InferenceResponse([answer]))
        return answers
"""

SIMPLE = """
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            first, second = (
                pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in ("INPUT0", "INPUT1")
            )
            wanted = request.requested_output_names()
            outputs = [pb_utils.Tensor("OUTPUT0", first + second), pb_utils.Tensor("OUTPUT1", first - second)]
            answers.append(pb_utils.InferenceResponse([one for one in outputs if one.name() in wanted]))
        return answers
"""

ADD = """
import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("y", x + numpy.float32(AMOUNT))]))
        return answers
"""

NONFINITE = """
import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        answers = []
        for request in requests:
            x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
            with numpy.errstate(all="ignore"):
                outputs = [pb_utils.Tensor("log", numpy.log(x)), pb_utils.Tensor("inverse", 1 / x)]
            answers.append(pb_utils.InferenceResponse(outputs))
        return answers
"""

REPEAT = """
import time

import numpy
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        for request in requests:
            values, delays = (
                pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in ("IN", "DELAY")
            )
            sender = request.get_response_sender()
            for index, value in enumerate(values):
                time.sleep(delays[index] / 1000)
                outputs = [
                    pb_utils.Tensor("OUT", numpy.array([value], numpy.int32)),
                    pb_utils.Tensor("IDX", numpy.array([index], numpy.uint32)),
                ]
                sender.send(pb_utils.InferenceResponse([one for one in outputs if one.name() in request.requested_output_names()]))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
        return None
"""


class Model:
    """One model on both sides: the tensors and the rest of config.pbtxt, and what runs it."""

    def __init__(self, inputs, outputs, extra, python, onnx=None, versions=(1,)):
        """python, onnx: version -> text, bytes; without onnx, Aion runs its backend echo."""
        self.inputs, self.outputs, self.extra = inputs, outputs, extra
        self.python, self.onnx, self.versions = python, onnx, versions

    def write_for_triton(self, folder):
        self._write(folder, "python", self.extra, {n: ("model.py", self.python(n).encode()) for n in self.versions})

    def write_for_aion(self, folder):
        if self.onnx is None:
            self._write(folder, "echo", self.extra, {n: (".keep", b"") for n in self.versions})
        else:
            files = {n: ("model.onnx", self.onnx(n)) for n in self.versions}
            self._write(folder, "onnxruntime", self.extra, files)

    def _write(self, folder, backend, extra, files):
        for version, (name, content) in files.items():
            path = folder / str(version) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        text = make.config(folder.name, backend, self.inputs, self.outputs, extra)
        (folder / "config.pbtxt").write_text(text)


def identity(datatype, dims, extra="max_batch_size: 0\n"):
    has_type = f"NUMPY_HAS_THE_TYPE = {datatype != 'BF16'}\n"
    batching = "max_batch_size: 0" not in extra
    onnx_dims = (["batch"] if batching else []) + [f"d{i}" if dim < 0 else dim for i, dim in enumerate(dims)]
    return Model(
        [("INPUT0", datatype, dims)],
        [("OUTPUT0", datatype, dims)],
        extra,
        lambda _version: has_type + IDENTITY,
        lambda _version: make.identity("identity", datatype, onnx_dims),
    )


def add(policy):
    return Model(
        [("x", "FP32", [-1])],
        [("y", "FP32", [-1])],
        "max_batch_size: 0\n" + policy,
        lambda version: f"AMOUNT = {version}\n" + ADD,
        lambda version: make.add_constant("add", float(version)),
        versions=(1, 3),
    )


def repeat():
    return Model(
        [("IN", "INT32", [-1]), ("DELAY", "UINT32", [-1]), ("WAIT", "UINT32", [1])],
        [("OUT", "INT32", [1]), ("IDX", "UINT32", [1])],
        # The parameter is for Aion's echo; both sides have it, so that they tell the same configuration.
        "max_batch_size: 0\nmodel_transaction_policy { decoupled: true }\n" + make.parameter("mode", "repeat"),
        lambda _version: REPEAT,
    )


MODELS = {
    **{f"identity_{datatype.lower()}": identity(datatype, [-1, -1]) for datatype in IDENTITY_DATATYPES},
    "fixed": identity("INT32", [2, 3]),
    "batched": identity("FP32", [-1], "max_batch_size: 4\n"),
    "batched_bytes": identity("BYTES", [1], "max_batch_size: 4\n"),
    "changing": identity("INT32", [2, 3]),
    "counted": identity("FP32", [-1], "max_batch_size: 4\n"),
    "simple": Model(
        [("INPUT0", "INT32", [16]), ("INPUT1", "INT32", [16])],
        [("OUTPUT0", "INT32", [16]), ("OUTPUT1", "INT32", [16])],
        "max_batch_size: 8\n",
        lambda _version: SIMPLE,
        lambda _version: make.simple("simple"),
    ),
    "two_versions": add("version_policy { all { } }\n"),
    "latest_version": add("version_policy { latest { num_versions: 1 } }\n"),
    "nonfinite": Model(
        [("x", "FP32", [-1])],
        [("log", "FP32", [-1]), ("inverse", "FP32", [-1])],
        "max_batch_size: 0\n",
        lambda _version: NONFINITE,
        lambda _version: make.nonfinite("nonfinite"),
    ),
    "repeat": repeat(),
    "counted_repeat": repeat(),
}


def write(triton_folder, aion_folder):
    for name, model in MODELS.items():
        model.write_for_triton(pathlib.Path(triton_folder) / name)
        model.write_for_aion(pathlib.Path(aion_folder) / name)
