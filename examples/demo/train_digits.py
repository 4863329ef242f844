#!/usr/bin/env python3
"""Trains a small network on scikit-learn's handwritten digits, and writes it as ONNX where it will be served.

usage: train_digits.py MODEL.onnx QUESTION.json

The question is the body of an inference request with one digit that was held back; what it shows is printed last.
"""
import json
import pathlib
import sys
import warnings

import numpy as np
from skl2onnx import to_onnx
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def main():
    model_file, question_file = map(pathlib.Path, sys.argv[1:])
    images, labels = load_digits(return_X_y=True)
    learn_x, test_x, learn_y, test_y = train_test_split(images, labels, test_size=0.25, random_state=7)
    print(f"{len(learn_x)} digits to learn from, {len(test_x)} held back", flush=True)

    network = make_pipeline(StandardScaler(), MLPClassifier((64,), max_iter=60, random_state=7, verbose=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it could learn for longer; here it is enough
        network.fit(learn_x, learn_y)
    print(f"right of those held back: {network.score(test_x, test_y):.1%}", flush=True)

    model = to_onnx(network, learn_x[:1].astype(np.float32), options={"zipmap": False})
    model_file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = model_file.with_suffix(".new")
    unfinished.write_bytes(model.SerializeToString())
    unfinished.rename(model_file)

    one = test_x[0].astype(np.float32)
    for row in one.reshape(8, 8):
        print("    " + "".join(" .:+#"[int(value) // 4] * 2 for value in row))
    inputs = [{"name": "X", "datatype": "FP32", "shape": [1, 64], "data": one.tolist()}]
    question_file.write_text(json.dumps({"inputs": inputs, "expected": int(test_y[0])}))
    print(f"a digit that was held back: {test_y[0]}", flush=True)


if __name__ == "__main__":
    main()
