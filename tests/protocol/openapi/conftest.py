"""One daemon for the requests that are made up from the specification: they load and unload its models."""

import daemon as daemons
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

set_hypothesis_home_dir(daemons.ROOT / "build" / "hypothesis")


@pytest.fixture(scope="module")
def server(make_repository, tmp_path_factory):
    """A daemon with `simple` to be asked and `scalar` to be loaded and unloaded."""
    started = daemons.Daemon(make_repository("simple", "scalar"), tmp_path_factory.mktemp("data")).start()
    yield started
    assert started.is_running(), f"the daemon died:\n{started.text()[-4000:]}"
    started.stop()
