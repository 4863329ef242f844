"""Fixtures of every Python test: one shared daemon, private daemons, and clients of both protocols."""

import daemon as daemons
import pytest


@pytest.fixture(scope="session")
def make_repository(tmp_path_factory):
    """make_repository(name, ...) -> a fresh folder with these models."""

    def make(*names):
        folder = tmp_path_factory.mktemp("repository")
        daemons.make_models.write_repository(folder, names)
        return folder

    return make


@pytest.fixture(scope="session")
def daemon(make_repository, tmp_path_factory):
    """The daemon that tests share: they may send it anything, but leave its models loaded."""
    started = daemons.Daemon(make_repository(*daemons.SHARED_MODELS), tmp_path_factory.mktemp("data")).start()
    yield started
    assert started.is_running(), f"the shared daemon died:\n{started.text()[-4000:]}"
    started.stop()


@pytest.fixture
def private_daemon(make_repository, tmp_path):
    """private_daemon("simple", ..., flags=[...]) -> a daemon of this test alone, stopped with exit code 0."""
    started = []

    def make(*names, flags=(), repository=None, data_dir=None, env=None):
        folder = repository or make_repository(*names)
        one = daemons.Daemon(folder, data_dir or tmp_path / f"data{len(started)}", *flags, env=env)
        started.append(one)
        return one.start()

    yield make
    for one in started:
        if one.is_running():
            one.stop()


@pytest.fixture
def http_client(daemon):
    import tritonclient.http

    with tritonclient.http.InferenceServerClient(daemon.http, concurrency=4) as client:
        yield client


@pytest.fixture
def grpc_client(daemon):
    import tritonclient.grpc

    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        yield client


@pytest.fixture
def stub(daemon):
    """The generated gRPC stub that the real client is built on, for requests that the client would not send."""
    import grpc
    from tritonclient.grpc import service_pb2_grpc

    options = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(daemon.grpc, options=options) as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)
