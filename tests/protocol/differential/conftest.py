"""Makes the modules of this folder known to its tests; the fixtures come from the folder above."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
