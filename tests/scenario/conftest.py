"""Makes the fixtures of tests/protocol/fixtures.py known to the tests of this folder."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "protocol"))
from fixtures import *  # noqa: E402,F401,F403  (found through the path above)
