"""Magika: what kind of file is this? Its input is the beginning and the end of a file as numbers."""
import pathlib

import numpy as np

MODEL = "magika"
OUTPUTS = ["target_label"]

# magika 1.0.3, models/standard_v3_3/config.min.json
BEGIN_BYTES = 1024
END_BYTES = 1024
BLOCK_BYTES = 4096
PADDING = 256
SMALLEST_BYTES = 8

# What the model should say of files that a checkout of this project holds.
EXPECTED = {
    ".cc": {"cpp", "c"}, ".h": {"cpp", "c"}, ".py": {"python"}, ".md": {"markdown"}, ".json": {"json"},
    ".proto": {"proto"}, ".cmake": {"cmake"}, "CMakeLists.txt": {"cmake"}, "demo": {"shell"}, "test": {"shell"},
    "LICENSE": {"txt"},
}
LIMIT = 48
SKIPPED = {".git", ".deps", ".cache", "build", "__pycache__"}


def features(content):
    """int32[2048]: both ends of a file without the blanks around it, each filled up to its size."""
    begin = content[:BLOCK_BYTES].lstrip()[:BEGIN_BYTES]
    end = content[-BLOCK_BYTES:].rstrip()[-END_BYTES:]
    row = np.full(BEGIN_BYTES + END_BYTES, PADDING, np.int32)
    row[:len(begin)] = list(begin)
    row[len(row) - len(end):] = list(end)
    return row


def pick(root):
    """Files of the checkout, the same ones each time: some of every kind, and the answers that are right for them."""
    by_kind = {}
    for path in sorted(root.rglob("*")):
        kind = path.name if path.name in EXPECTED else path.suffix
        inside = path.relative_to(root)
        if kind in EXPECTED and not SKIPPED & set(inside.parts) and path.is_file():
            if path.stat().st_size >= SMALLEST_BYTES:
                by_kind.setdefault(kind, []).append((path, EXPECTED[kind]))
    share = max(1, LIMIT // max(1, len(by_kind)))
    return [entry for kind in sorted(by_kind) for entry in by_kind[kind][:share]]


class FileType:
    """One request that classifies a batch of files."""

    model, outputs = MODEL, OUTPUTS

    def __init__(self, root, models):
        self.labels = (models / MODEL / "labels.txt").read_text(encoding="utf-8").split("\n")
        self.files = pick(pathlib.Path(root))
        self.batch = np.stack([features(path.read_bytes()) for path, _ in self.files])

    def probe(self):
        """The inputs of one small request, to be repeated."""
        return {"bytes": self.batch[:1]}

    def ask(self, infer):
        """(what went in, what came out, whether it is right)"""
        scores = infer(self.model, {"bytes": self.batch}, self.outputs)["target_label"]
        said = [self.labels[index] for index in scores.argmax(axis=1)]
        right = sum(label in wanted for label, (_, wanted) in zip(said, self.files))
        kinds = ", ".join(sorted(set(said), key=lambda label: (-said.count(label), label))[:6])
        answer = f"{kinds}: {right} of {len(said)} are what their names say"
        return f"{len(said)} files of this checkout", answer, right >= 0.9 * len(said)
