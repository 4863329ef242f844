"""The models that are measured, in Triton's layout."""

import pathlib
import shutil
import subprocess
import sys

import payload

ROOT = pathlib.Path(__file__).resolve().parents[2]


def make(folder, names, magika):
    """Writes the models into a new folder and returns those that are there; `magika` is the file of that model."""
    folder.mkdir()
    made = [name for name in names if name != "magika"]
    if made:
        script = ROOT / "tests" / "models" / "make_models.py"
        subprocess.run([sys.executable, str(script), str(folder), "--only", *made], check=True, stdout=subprocess.DEVNULL)
    if "magika" in names:
        source = pathlib.Path(magika)
        if source.exists():
            (folder / "magika" / "1").mkdir(parents=True)
            shutil.copyfile(source, folder / "magika" / "1" / "model.onnx")
        else:
            print("magika is left out: `tools/setup demo` fetches it")
    return [payload.MODELS[name] for name in names if (folder / name).exists()]
