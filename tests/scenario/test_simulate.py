"""aion simulate as a person uses it: no daemon, traces from files, figures, starts and pictures."""

import gzip
import hashlib
import json
import os
import pathlib
import xml.etree.ElementTree

import daemon as daemons
import pytest
from PIL import Image

TRACES = pathlib.Path(os.environ.get("AION_TRACES", pathlib.Path(__file__).resolve().parents[3] / "shared" / "traces"))
SWF = "; MaxProcs: 4\n" + "".join(
    f"{job} {10 * job} -1 {30 + job} 2 -1 -1 2 60 -1 1 {job % 3} -1 -1 -1 -1 -1 -1\n" for job in range(1, 21)
)


def simulate(*arguments, timeout_s=60):
    return daemons.run_cli("simulate", *arguments, timeout_s=timeout_s)


@pytest.fixture
def swf(tmp_path):
    file = tmp_path / "small.swf"
    file.write_text(SWF)
    return file


def test_without_a_policy_six_are_compared(swf):
    result = simulate(swf)

    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "small.swf: 20 jobs on 4 processors"
    names = [line.split()[0] for line in lines[3:]]
    assert names == ["fcfs", "sjf-req", "easy", "easy-sjbf", "cons", "default"]


def test_figures_as_json_are_those_of_the_table(swf):
    document = json.loads(simulate(swf, "--policy", "fcfs,srpt", "--json").stdout)

    assert document["trace"] == {"name": "small.swf", "jobs": 20, "processors": 4, "dropped": 0, "cut": 0}
    first, preemptive = document["policies"]
    assert first["name"] == "fcfs"
    assert first["preemptions"] == 0
    assert 0 < first["utilisation"] <= 1
    assert first["gap"] >= 0
    assert preemptive["name"] == "srpt"


def test_a_policy_can_be_made_of_an_order(swf):
    document = json.loads(simulate(swf, "--order", "sjf", "--discipline", "strict", "--json").stdout)
    named = json.loads(simulate(swf, "--policy", "sjf-req", "--json").stdout)

    assert document["policies"][0]["name"] == "sjf/strict"
    assert document["policies"][0]["sum_of_completions"] == named["policies"][0]["sum_of_completions"]


def test_starts_are_written_in_the_order_of_submission(swf, tmp_path):
    result = simulate(swf, "--policy", "fcfs", "--starts", tmp_path / "starts")

    assert result.returncode == 0, result.stderr
    lines = (tmp_path / "starts").read_text().splitlines()
    assert lines[:3] == ["1 10", "2 20", "3 41"]
    assert len(lines) == 20


@pytest.mark.parametrize("ties", ["batch", "event"])
def test_starts_of_a_packed_trace_are_those_of_the_plain_one(swf, tmp_path, ties):
    packed = tmp_path / "small.swf.gz"
    packed.write_bytes(gzip.compress(swf.read_bytes()))
    for file in (swf, packed):
        starts = file.with_suffix(".starts")
        assert simulate(file, "--policy", "easy", "--ties", ties, "--starts", starts).returncode == 0

    assert swf.with_suffix(".starts").read_text() == packed.with_suffix(".starts").read_text()


@pytest.mark.skipif(not (TRACES / "expected-sched.json").exists(), reason=f"no reference in {TRACES}")
@pytest.mark.parametrize("policy", ["easy", "cons", "sjf-req", "sjfg-act"])
@pytest.mark.parametrize("name", ["KTH-SP2-1996-2.2.swf.gz", "lublin_256.swf.gz", "SDSC-SP2-first5k.swf.gz"])
def test_starts_are_those_of_the_reference(tmp_path, name, policy):
    expected = json.loads((TRACES / "expected-sched.json").read_text())[name]["policies"][policy]["starts_sha256"]

    result = simulate(TRACES / name, "--policy", policy, "--no-gap", "--starts", tmp_path / "starts")

    assert result.returncode == 0, result.stderr
    assert hashlib.sha256((tmp_path / "starts").read_bytes()).hexdigest() == expected


def test_pictures_are_whole(swf, tmp_path):
    folder = tmp_path / "new" / "folder"
    result = simulate(swf, "--policy", "fcfs,easy", "--plot", folder)

    assert result.returncode == 0, result.stderr
    stems = {"utilisation", "waits", "gantt-fcfs", "gantt-easy"}
    assert {file.stem for file in folder.iterdir()} == stems
    for stem in stems:
        root = xml.etree.ElementTree.parse(folder / f"{stem}.svg").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        with Image.open(folder / f"{stem}.png") as picture:
            picture.load()
            assert picture.size == (2 * int(root.get("width")), 2 * int(root.get("height")))
            assert picture.getpixel((0, 0)) == (255, 255, 255)
            assert len(picture.getcolors(1 << 20)) > 8


def test_a_made_up_trace_is_the_same_every_time(tmp_path):
    first = simulate("--generate", "--jobs", "500", "--seed", "7", "--output", tmp_path / "a.swf")
    second = simulate("--generate", "--jobs", "500", "--seed", "7", "--output", "-")
    other = simulate("--generate", "--jobs", "500", "--seed", "8", "--output", "-")

    assert first.returncode == second.returncode == other.returncode == 0, first.stderr
    assert (tmp_path / "a.swf").read_text() == second.stdout != other.stdout
    read = json.loads(simulate(tmp_path / "a.swf", "--json", "--policy", "easy").stdout)
    made = json.loads(simulate("--generate", "--jobs", "500", "--seed", "7", "--json", "--policy", "easy").stdout)
    assert read["trace"]["jobs"] == made["trace"]["jobs"] == 500
    assert read["policies"][0]["sum_of_completions"] == made["policies"][0]["sum_of_completions"]


def test_a_made_up_trace_has_no_job_wider_than_the_widest():
    made = simulate("--generate", "--jobs", "500", "--procs", "1000", "--widest", "16", "--output", "-")

    assert made.returncode == 0, made.stderr
    widths = [int(line.split()[4]) for line in made.stdout.splitlines() if not line.startswith(";")]
    assert len(widths) == 500
    assert max(widths) == 16


def test_no_made_up_job_is_wider_than_the_machine():
    result = simulate("--generate", "--procs", "8", "--widest", "9")

    assert result.returncode == 2
    assert "--widest: expected a number from 1 to 8, got '9'" in result.stderr


def test_the_policies_there_are_can_be_listed():
    listed = json.loads(simulate("--list", "--json").stdout)

    assert {"default", "fcfs", "easy", "srpt"} <= {policy["name"] for policy in listed["policies"]}
    assert {"fcfs", "edf"} <= {order["name"] for order in listed["orders"]}
    assert "ORDER" in simulate("--list").stdout


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--policy", "easyy"], "--policy: there is no policy 'easyy'; did you mean 'easy'?; there are default"),
        (["--policy", "quantum"], "--policy: there is no policy 'quantum'; there are default"),
        (["--order", "sfj"], "--order: there is no order 'sfj'; did you mean 'sjf'?; there are fcfs"),
        (["--discipline", "easy"], "--discipline: expected --order beside it"),
        (["--order", "sjf", "--discipline", "loose"], "--discipline: expected one of strict, greedy"),
        (["--ties", "none"], "--ties: expected one of batch, event, got 'none'"),
        (["--procs", "0"], "--procs: expected a number from 1"),
        (["--starts", "x"], "--starts: expected one --policy, got 6"),
        (["--seed", "3"], "--seed: expected --generate beside it"),
        (["--widest", "3"], "--widest: expected --generate beside it"),
        (["--generate"], "--generate: expected no TRACE beside it"),
    ],
)
def test_wrong_use_is_exit_code_2_and_names_the_flag(swf, flags, words):
    result = simulate(swf, *flags)

    assert result.returncode == 2
    assert words in result.stderr


def test_neither_a_trace_nor_a_made_up_one_is_wrong_use():
    result = simulate()

    assert result.returncode == 2
    assert "expected a TRACE, or --generate" in result.stderr


def wrong(name, data):
    return pytest.param(data[0], data[1], id=name)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        wrong("empty", (b"", "got an empty file")),
        wrong("no trace", (b"# Aion\n", "line 1: expected the begin of a trace")),
        wrong("a letter in a column", (SWF.replace("20 -1", "x -1", 1).encode(), "line 3: field 2 (submit time): expected a whole number, got 'x'")),
        wrong("a column too few", (SWF.encode() + b"21 9\n", "line 22")),
        wrong("half a gzip", (gzip.compress(SWF.encode() * 50, mtime=0)[:-40], "the packed file is cut off")),
        wrong("a gzip with another check sum", (gzip.compress(SWF.encode(), mtime=0)[:-8] + bytes(8), "the packed file is damaged at byte")),
    ],
)
def test_a_wrong_trace_fails_with_1_and_says_where(tmp_path, content, words):
    file = tmp_path / "wrong.swf"
    file.write_bytes(content)

    result = simulate(file)

    assert result.returncode == 1, result.stdout
    assert "wrong.swf" in result.stderr
    assert words in result.stderr


def test_jobs_from_before_the_trace_began_are_dropped_and_counted(tmp_path):
    file = tmp_path / "negative.swf"
    file.write_text(SWF + "21 -5 -1 30 2 -1 -1 2 60 -1 1 1 -1 -1 -1 -1 -1 -1\n")

    result = simulate(file, "--policy", "fcfs")

    assert result.returncode == 0, result.stderr
    assert "20 jobs on 4 processors (1 records dropped, 0 runtimes cut" in result.stdout


def test_a_file_of_two_gigabytes_without_a_line_is_refused_at_once(tmp_path):
    file = tmp_path / "sparse.swf"
    with open(file, "wb") as out:
        out.truncate(2 << 30)

    result = simulate(file, timeout_s=20)

    assert result.returncode == 1
    assert "sparse.swf: line 1 is longer than 65536 bytes" in result.stderr


def test_a_missing_file_is_named():
    result = simulate("nowhere.swf")

    assert result.returncode == 1
    assert "nowhere.swf" in result.stderr


def test_a_folder_that_cannot_be_made_is_named(swf):
    result = simulate(swf, "--plot", swf / "below")

    assert result.returncode == 1
    assert "below" in result.stderr


PODS = (
    "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time\n"
    "p,1000,10,2,1000,,LS,Running,0,100,0\nq,1000,10,1,500,,LS,Running,10,60,20\nr,1000,10,1,1000,,LS,Running,20,30,20\n"
)
NODES = "sn,cpu_milli,memory_mib,gpu,model\na,8000,1024,2,T4\nb,8000,1024,1,A10\n"


@pytest.fixture
def openb(tmp_path):
    (tmp_path / "pods.csv").write_text(PODS)
    (tmp_path / "nodes.csv").write_text(NODES)
    return tmp_path / "pods.csv", "--nodes", tmp_path / "nodes.csv"


def test_pods_are_placed_on_nodes_by_every_placement(openb):
    result = simulate(*openb)

    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0] == "2 nodes with 3 GPUs"
    names = [line.split()[0] for line in lines[3:]]
    assert names == ["fgd", "first-fit", "best-fit", "packing", "dot-product", "spread", "topology"]


def test_pods_come_and_go_at_their_times(openb):
    result = simulate(*openb, "--timed", "--placement", "best-fit", "--json")

    assert result.returncode == 0, result.stderr
    figures = json.loads(result.stdout)
    assert (figures["nodes"], figures["gpus"]) == (2, 3)
    assert figures["placements"][0]["placed"] == 3
    assert figures["placements"][0]["max_wait_s"] == 30  # the GPU that is shared is free after 40 s


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--placement", "fgd"), "--placement: expected --nodes beside it, got none"),
        (("--nodes", "x.csv", "--placement", "tetris"), "--placement: there is no placement 'tetris'; there are fgd,"),
        (("--nodes", "x.csv", "--policy", "easy"), "--nodes: expected no --policy beside it, which is for traces of jobs"),
    ],
)
def test_wrong_flags_for_placing_are_named(openb, flags, message):
    result = simulate(openb[0], *flags)

    assert result.returncode == 2
    assert message in result.stderr
