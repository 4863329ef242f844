"""The real tritonclient over HTTP and gRPC behind one call, and a stopwatch for it."""
import time

import numpy as np
import tritonclient.grpc
import tritonclient.http
from tritonclient.utils import np_to_triton_dtype

WARM_UP = 20


class Client:
    """One connection; infer() takes and gives numpy arrays by name."""

    def __init__(self, protocol, address):
        self.protocol = protocol
        self.kind = {"HTTP": tritonclient.http, "gRPC": tritonclient.grpc}[protocol]
        self.client = self.kind.InferenceServerClient(address)

    def is_ready(self, model):
        return self.client.is_model_ready(model)

    def inputs_of(self, arrays):
        inputs = []
        for name, array in arrays.items():
            inputs.append(self.kind.InferInput(name, list(array.shape), np_to_triton_dtype(array.dtype)))
            inputs[-1].set_data_from_numpy(array)
        return inputs

    def infer(self, model, arrays, outputs):
        wanted = [self.kind.InferRequestedOutput(name) for name in outputs]
        answer = self.client.infer(model, self.inputs_of(arrays), outputs=wanted)
        return {name: answer.as_numpy(name) for name in outputs}

    def measure(self, model, arrays, seconds):
        """(requests a second, p50 ms, p99 ms), one request after the other."""
        inputs = self.inputs_of(arrays)
        for _ in range(WARM_UP):
            self.client.infer(model, inputs)
        took = []
        start = before = time.perf_counter()
        while before - start < seconds:
            self.client.infer(model, inputs)
            now = time.perf_counter()
            took.append(now - before)
            before = now
        middle, high = np.percentile(took, [50, 99]) * 1000
        return len(took) / (before - start), middle, high

    def close(self):
        self.client.close()
