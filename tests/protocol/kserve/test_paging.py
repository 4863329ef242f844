"""More models than fit into the memory budget: loaded on demand, evicted, pinned, and never over the budget."""

import concurrent.futures
import random
import re

import daemon as daemons
import numpy as np
import pytest
import tritonclient.grpc
import tritonclient.http
import wire

MEBI = 1 << 20
COUNT = 8
MODEL_MEBI = 24
OWN_MEBI = 64  # what the program itself is granted
BUDGET = (OWN_MEBI + 6 * MODEL_MEBI) * MEBI  # five of them, or fewer and the copies of one that is loaded
NAMES = [f"m{i}" for i in range(COUNT)]


def write_model(folder, name, amount, mebibytes=MODEL_MEBI):
    path = folder / name / "1" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(daemons.make_models.one_column(name, amount, mebibytes))


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """m0 to m7: y = (i + 1) * x[0]."""
    folder = tmp_path_factory.mktemp("paging")
    for i, name in enumerate(NAMES):
        write_model(folder, name, i + 1.0)
    return folder


@pytest.fixture
def paged(private_daemon, repository):
    def start(mode="demand", *flags, budget=BUDGET, folder=repository):
        flags = ("--model-control-mode", mode, "--memory-budget", str(budget), *flags)
        return private_daemon(flags=flags, repository=folder)

    return start


def ask(daemon, name, headers=None):
    row = [1.0] + [0.0] * 255
    return wire.infer(daemon.http, name, {"inputs": [wire.tensor("x", "FP32", [1, 256], row)]}, headers=headers)


def value(answer):
    assert answer.status == 200, answer.body
    return answer.json()["outputs"][0]["data"]


def memory(daemon):
    return {row["name"]: row for row in wire.get(daemon.http, "/api/aion/v1/models").json()["models"]}


def resident(daemon):
    return {name for name, row in memory(daemon).items() if row["resident"]}


def leased(daemon):
    cpu = wire.get(daemon.http, "/api/aion/v1/devices").json()["devices"][0]
    assert cpu["capacity"]["memory_bytes"] >= sum(lease["memory_bytes"] for lease in cpu["leases"])
    return sum(lease["memory_bytes"] for lease in cpu["leases"])


def states(daemon):
    rows = wire.post(daemon.http, "/v2/repository/index").json()
    return {row["name"]: (row.get("state"), row.get("reason", "")) for row in rows}


def test_every_model_answers_though_only_some_fit(paged):
    daemon = paged()

    answers = [value(ask(daemon, name)) for name in NAMES * 2]

    assert answers == [[i + 1.0] for i in range(COUNT)] * 2
    assert 0 < len(resident(daemon)) < COUNT
    assert leased(daemon) <= BUDGET


@pytest.mark.parametrize("mode", ["none", "poll"])
def test_modes_that_load_everything_leave_what_does_not_fit_for_its_first_request(paged, mode):
    daemon = paged(mode)

    assert 0 < len(resident(daemon)) < COUNT
    assert [value(ask(daemon, name)) for name in NAMES] == [[i + 1.0] for i in range(COUNT)]


def test_the_real_clients_page_over_http_and_grpc(paged):
    daemon = paged()
    row = np.zeros((1, 256), np.float32)
    row[0, 0] = 1

    with (
        tritonclient.http.InferenceServerClient(daemon.http) as http,
        tritonclient.grpc.InferenceServerClient(daemon.grpc) as grpc,
    ):
        for i, name in enumerate(NAMES):
            for client, module in ((http, tritonclient.http), (grpc, tritonclient.grpc)):
                assert client.is_model_ready(name)
                tensor = module.InferInput("x", [1, 256], "FP32")
                tensor.set_data_from_numpy(row)
                assert client.infer(name, [tensor]).as_numpy("y").tolist() == [[i + 1.0]]
        assert http.get_model_metadata("m0")["inputs"][0]["name"] == "x"
        assert grpc.get_model_metadata("m0").inputs[0].name == "x"


def test_metadata_of_a_model_that_nobody_has_loaded_loads_it(paged):
    daemon = paged()

    over_http = wire.get(daemon.http, "/v2/models/m3")
    with tritonclient.grpc.InferenceServerClient(daemon.grpc) as client:
        over_grpc = client.get_model_config("m4")

    assert over_http.json()["inputs"] == [{"name": "x", "datatype": "FP32", "shape": [-1, 256]}]
    assert over_grpc.config.input[0].name == "x"
    assert resident(daemon) == {"m3", "m4"}


def test_an_evicted_model_says_so_and_keeps_its_statistics(paged):
    daemon = paged()
    for name in NAMES:
        value(ask(daemon, name))

    gone = sorted(set(NAMES) - resident(daemon))[0]

    assert states(daemon)[gone] == ("UNAVAILABLE", "evicted; loads on demand")
    assert wire.get(daemon.http, f"/v2/models/{gone}/ready").status == 200
    statistics = wire.get(daemon.http, f"/v2/models/{gone}/stats").json()["model_stats"][0]
    assert statistics["inference_count"] == 1
    value(ask(daemon, gone))
    statistics = wire.get(daemon.http, f"/v2/models/{gone}/stats").json()["model_stats"][0]
    assert statistics["inference_count"] == 2
    text = wire.get(daemon.metrics, "/metrics").body.decode()
    assert re.search(rf'^aion_model_evictions_total{{model="{gone}"}} [1-9]', text, re.MULTILINE)
    assert re.search(rf'^aion_model_loads_total{{model="{gone}"}} 2$', text, re.MULTILINE)


def test_a_model_that_was_unloaded_by_hand_is_not_loaded_on_demand(paged):
    daemon = paged()
    value(ask(daemon, "m0"))

    assert wire.post(daemon.http, "/v2/repository/models/m0/unload").status == 200

    assert ask(daemon, "m0").status != 200
    assert states(daemon)["m0"] == ("UNAVAILABLE", "unloaded")
    assert wire.get(daemon.http, "/v2/models/m0/ready").status == 400
    assert wire.post(daemon.http, "/v2/repository/models/m0/load").status == 200
    assert value(ask(daemon, "m0")) == [1.0]


def test_explicit_mode_loads_nothing_by_itself_but_brings_back_what_it_evicted(paged):
    daemon = paged("explicit")
    assert ask(daemon, "m0").status != 200

    for name in NAMES:
        assert wire.post(daemon.http, f"/v2/repository/models/{name}/load").status == 200

    assert 0 < len(resident(daemon)) < COUNT
    assert [value(ask(daemon, name)) for name in NAMES] == [[i + 1.0] for i in range(COUNT)]


def test_a_pinned_model_stays(paged):
    daemon = paged("demand", "--memory-eviction", "lru")
    value(ask(daemon, "m0"))
    assert wire.post(daemon.http, "/api/aion/v1/models/m0/pin").status == 200

    for name in NAMES[1:]:
        value(ask(daemon, name))

    assert "m0" in resident(daemon)
    assert memory(daemon)["m0"]["loads"] == 1
    assert wire.post(daemon.http, "/api/aion/v1/models/m0/unpin").status == 200
    for name in NAMES[1:]:
        value(ask(daemon, name))
    assert "m0" not in resident(daemon)
    assert wire.post(daemon.http, "/api/aion/v1/models/none/pin").status == 404


def test_a_model_larger_than_the_budget_is_refused_with_the_reason(paged, tmp_path):
    write_model(tmp_path, "huge", 1.0, 160)
    write_model(tmp_path, "small", 2.0, 1)
    daemon = paged(folder=tmp_path)

    answer = ask(daemon, "huge")

    assert answer.status == 503
    assert "never on this machine" in answer.error()
    assert value(ask(daemon, "small")) == [2.0]


def test_a_model_that_does_not_load_is_tried_again_after_a_while_and_says_when(paged, tmp_path):
    write_model(tmp_path, "good", 1.0, 1)
    (tmp_path / "bad" / "1").mkdir(parents=True)
    (tmp_path / "bad" / "1" / "model.onnx").write_bytes(b"no model at all")
    daemon = paged(folder=tmp_path)

    first = ask(daemon, "bad")
    second = ask(daemon, "bad")

    assert first.status == second.status == 503
    assert first.error() == second.error()
    assert second.headers["Retry-After"] == "1"
    assert value(ask(daemon, "good")) == [1.0]


def test_requests_for_the_same_model_share_one_load(paged):
    daemon = paged()

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: value(ask(daemon, "m5")), range(32)))

    assert answers == [[6.0]] * 32
    assert memory(daemon)["m5"]["loads"] == 1


def test_a_client_that_hangs_up_leaves_the_load_to_the_others(paged):
    daemon = paged()
    body = daemons.make_models  # the model is large enough that its load outlives the client
    assert body
    with pytest.raises(TimeoutError):
        wire.infer(daemon.http, "m6", {"inputs": [wire.tensor("x", "FP32", [1, 256], [0.0] * 256)]}, timeout_s=0.001)

    assert value(ask(daemon, "m6")) == [7.0]
    assert memory(daemon)["m6"]["loads"] == 1


def test_a_mix_of_requests_loads_unloads_and_reloads_stays_within_the_budget(paged, tmp_path):
    for i, name in enumerate(NAMES):
        write_model(tmp_path, name, i + 1.0)
    daemon = paged("demand", folder=tmp_path)

    def act(seed):
        choose = random.Random(seed)
        for _ in range(20):
            i = choose.randrange(COUNT)
            what = choose.random()
            if what < 0.8:
                answer = ask(daemon, NAMES[i])
                # Somebody may have unloaded it by hand.
                assert answer.status in (200, 400, 404, 503), answer.body
                assert answer.status != 200 or value(answer) == [i + 1.0]
            elif what < 0.87:
                assert wire.post(daemon.http, f"/v2/repository/models/{NAMES[i]}/unload").status == 200
            else:
                if what > 0.95:
                    (tmp_path / NAMES[i] / "1" / "model.onnx").touch()
                wire.post(daemon.http, f"/v2/repository/models/{NAMES[i]}/load")
            leased(daemon)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(act, range(6)))

    for name in NAMES:
        assert wire.post(daemon.http, f"/v2/repository/models/{name}/load").status == 200
        assert value(ask(daemon, name)) == [NAMES.index(name) + 1.0]
    assert leased(daemon) <= BUDGET
