#!/usr/bin/env python3
"""Makes a model repository out of real models that other projects publish inside their wheels.

usage: fetch_models.py WHEELS OUT

OUT/<model>/1/model.onnx    the model, byte for byte
OUT/<model>/labels.txt      what its output indexes mean, one a line, where it classifies
OUT/<model>/origin.json     where it comes from, its licence, its sha256

Exit status 1: a wheel lacks a file, or its licence is not the one that was read and agreed to.
"""
import email
import hashlib
import json
import pathlib
import shutil
import sys
import zipfile

MODELS = {
    "magika": {
        "package": "magika",
        "model": "magika/models/standard_v3_3/model.onnx",
        "config": "magika/models/standard_v3_3/config.min.json",
        "licence": "Apache-2.0",
    },
    "ocr_rec": {
        "package": "rapidocr_onnxruntime",
        "model": "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx",
        "licence": "Apache-2.0",
    },
    "silero_vad": {
        "package": "silero_vad",
        "model": "silero_vad/data/silero_vad_16k_op15.onnx",
        "licence": "MIT",
    },
}


def varint(data, at):
    """An unsigned protobuf varint: (value, the offset behind it)."""
    value, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def fields_of(data):
    """The length-delimited fields of one protobuf message: (number, bytes)."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            _, at = varint(data, at)
        elif kind == 1:
            at += 8
        elif kind == 2:
            size, at = varint(data, at)
            yield key >> 3, data[at:at + size]
            at += size
        elif kind == 5:
            at += 4
        else:
            raise ValueError(f"wire type {kind} at byte {at}")


def metadata_of(model):
    """The metadata_props of an ONNX file (ModelProto field 14: key 1, value 2)."""
    found = {}
    for number, entry in fields_of(model):
        if number == 14:
            parts = dict(fields_of(entry))
            found[parts[1].decode()] = parts[2].decode()
    return found


def licence_of(archive):
    """The licence that a wheel's metadata states, in SPDX words."""
    name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
    head = email.message_from_bytes(archive.read(name))
    stated = head.get("License-Expression") or head.get("License") or ""
    classified = " ".join(head.get_all("Classifier", []))
    if "MIT" in stated or "MIT License" in classified:
        return "MIT", head["Version"]
    if "Apache-2.0" in stated or "Apache Software License" in classified:
        return "Apache-2.0", head["Version"]
    return stated or "none stated", head["Version"]


def labels_of(name, archive, want, model):
    """What the classes of a model's output are called, or []."""
    if name == "magika":
        return json.loads(archive.read(want["config"]))["target_labels_space"]
    if name == "ocr_rec":
        # CTC: class 0 is the blank; the space is the last class and not in the file's list.
        return ["<blank>", *metadata_of(model)["character"].splitlines(), " "]
    return []


def take(name, want, wheels, out):
    found = sorted(wheels.glob(f"{want['package']}-*.whl"))
    if not found:
        raise ValueError(f"no wheel of {want['package']} in {wheels}")
    with zipfile.ZipFile(found[0]) as archive:
        licence, version = licence_of(archive)
        if licence != want["licence"]:
            raise ValueError(f"{found[0].name} states licence '{licence}'; '{want['licence']}' was agreed to")
        model = archive.read(want["model"])
        labels = labels_of(name, archive, want, model)
        legal = [n for n in archive.namelist() if ".dist-info/" in n and "licen" in n.lower() and not n.endswith("/")]
        texts = [archive.read(n) for n in legal]
    folder = out / name
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "model.onnx").write_bytes(model)
    if labels:
        (folder / "labels.txt").write_text("\n".join(labels) + "\n", encoding="utf-8")
    if texts:
        (folder / "LICENSE").write_bytes(b"\n".join(texts))
    origin = {
        "package": found[0].name.split("-")[0],
        "version": version,
        "file": want["model"],
        "licence": licence,
        "sha256": hashlib.sha256(model).hexdigest(),
    }
    (folder / "origin.json").write_text(json.dumps(origin, indent=2) + "\n")
    print(f"{name}: {origin['package']} {version}, {licence}, {len(model)} bytes, {len(labels)} labels")


def main():
    wheels, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    fresh = out.with_name(out.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    try:
        for name, want in MODELS.items():
            take(name, want, wheels, fresh)
    except (ValueError, KeyError, StopIteration) as fault:
        print(f"error: {fault}", file=sys.stderr)
        return 1
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
