"""Jobs as their user sees them: aion job on the real daemon."""

import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile

import daemon as daemons
import pytest


@pytest.fixture
def served(private_daemon):
    return private_daemon("simple")


def job(daemon, *arguments, **options):
    verb, *rest = arguments
    return daemons.run_cli("job", verb, "--data-dir", daemon.data_dir, *rest, **options)


def submit(daemon, *arguments, **options):
    done = job(daemon, "submit", *arguments, **options)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def show(daemon, number):
    return json.loads(job(daemon, "show", number, "--json").stdout)


def wait_for_output(daemon, number, text):
    daemons.wait_until(lambda: text in job(daemon, "logs", number).stdout, 20, f"{text!r} in the log")


def test_a_job_runs_and_its_log_and_status_are_shown(served):
    done = job(served, "submit", "--follow", "--", "sh", "-c", "echo hello; echo oops >&2; exit 3")

    assert done.returncode == 1
    assert done.stdout == "hello\noops\n"
    assert "job 1 failed: ended with status 3" in done.stderr


def test_flags_behind_the_dashes_are_the_programs(served):
    done = job(served, "submit", "--follow", "--", "echo", "--help", "-h", "--json")

    assert done.returncode == 0
    assert done.stdout == "--help -h --json\n"


def test_a_job_starts_where_it_was_submitted_with_what_its_user_gave(served, tmp_path):
    env = daemons.clean_environment(SECRET_OF_THE_SHELL="x")
    done = job(served, "submit", "--env", "COLOUR=dark red", "--follow", "--", "sh", "-c", "pwd; env", cwd=tmp_path, env=env)

    assert done.stdout.splitlines()[0] == str(tmp_path)
    assert "COLOUR=dark red" in done.stdout
    assert "SECRET_OF_THE_SHELL" not in done.stdout


def test_what_this_machine_never_has_is_refused_at_once(served):
    done = job(served, "submit", "--cpus", "100000", "--", "true")

    assert done.returncode == 1
    assert "jobs may hold" in done.stderr


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--cpus", "many", "--", "true"], "--cpus: expected a number"),
        (["--time", "soon", "--", "true"], "--time: expected a time such as 90s"),
        (["--array", "5-1", "--", "true"], "--array: expected indices"),
        (["--env", "novalue", "--", "true"], "--env: expected NAME=VALUE"),
        (["--after", "x", "--", "true"], "--after: expected JOB"),
        ([], "expected a program"),
    ],
)
def test_wrong_use_is_said_with_the_flag(served, flags, said):
    done = job(served, "submit", *flags)

    assert done.returncode == 2
    assert said in done.stderr


def test_a_job_file_says_the_same_as_flags_and_flags_win(served, tmp_path):
    file = tmp_path / "job.toml"
    file.write_text('name = "from-file"\ncommand = ["sh", "-c", "echo $COLOUR"]\nmemory_bytes = 50000000\n[environment]\nCOLOUR = "red"\n')

    number = submit(served, "--file", file, "--name", "from-flag")
    assert job(served, "wait", number).returncode == 0

    shown = show(served, number)
    assert shown["name"] == "from-flag"
    assert shown["memory_bytes"] == 50_000_000
    assert job(served, "logs", number).stdout == "red\n"


def test_an_unknown_name_in_a_job_file_is_refused_with_the_nearest(served, tmp_path):
    file = tmp_path / "job.toml"
    file.write_text('command = ["true"]\nmemory_byte = 5\n')

    done = job(served, "submit", "--file", file)

    assert done.returncode == 1
    assert "did you mean 'memory_bytes'" in done.stderr


def test_an_array_runs_each_index_and_is_listed(served):
    submit(served, "--array", "0-9:3", "--", "sh", "-c", "echo $AION_ARRAY_INDEX")
    assert job(served, "wait", "1", "2", "3", "4").returncode == 0

    assert [job(served, "logs", n).stdout for n in (1, 2, 3, 4)] == ["0\n", "3\n", "6\n", "9\n"]
    listed = json.loads(job(served, "ls", "--all", "--json").stdout)
    assert [one["array_index"] for one in listed["jobs"]] == [9, 6, 3, 0]
    assert listed["counts"] == {"succeeded": 4}


def test_dependencies_are_kept_in_their_order(served):
    first = submit(served, "--", "sh", "-c", "sleep 0.3")
    second = submit(served, "--after", first, "--", "true")
    never = submit(served, "--after", f"{first}:failure", "--", "true")

    assert job(served, "wait", second).returncode == 0
    assert show(served, first)["ended_ms"] <= show(served, second)["started_ms"]
    assert job(served, "wait", never).returncode == 1
    assert show(served, never)["state"] == "cancelled"


def test_cancel_ends_a_job_that_runs_and_says_so(served):
    number = submit(served, "--grace", "200ms", "--", "sh", "-c", "echo up; sleep 1000")
    wait_for_output(served, number, "up")

    done = job(served, "cancel", number)

    assert (done.returncode, done.stdout) == (0, f"job {number} is cancelling\n")
    assert job(served, "wait", number).returncode == 1
    assert show(served, number)["state"] == "cancelled"
    again = job(served, "cancel", number)
    assert again.returncode == 1 and "has ended" in again.stderr


def test_suspend_and_resume(served):
    number = submit(served, "--", "sh", "-c", "echo up; sleep 0.2")
    wait_for_output(served, number, "up")
    daemons.wait_until(lambda: show(served, number)["state"] == "running", what="the start")

    if job(served, "suspend", number).returncode == 0:  # else it has ended in the meantime
        assert show(served, number)["state"] == "suspended"
        assert job(served, "resume", number).returncode == 0
    assert job(served, "wait", number).returncode == 0


def test_a_job_over_its_memory_is_killed_with_words(served):
    number = submit(served, "--memory", "30MiB", "--", "/usr/bin/python3", "-c", "bytearray(200 << 20)")

    job(served, "wait", number)

    shown = show(served, number)
    if shown["level"] == "limits":
        pytest.skip("no control groups for this process: memory is not limited, as the job's level says")
    assert shown["end"]["kind"] == "out-of-memory"
    assert shown["reason"] == "killed: over its 30.0 MiB of memory"


def test_a_gang_finds_itself(served):
    script = "import os, socket, sys; print(os.environ['RANK'], os.environ['WORLD_SIZE'], os.environ['MASTER_ADDR'])"
    number = submit(served, "--members", "2", "--cpus", "0.5", "--", "/usr/bin/python3", "-c", script)
    assert job(served, "wait", number).returncode == 0

    assert job(served, "logs", number, "--member", "0").stdout == "0 2 127.0.0.1\n"
    assert job(served, "logs", number, "--member", "1").stdout == "1 2 127.0.0.1\n"


def test_why_a_job_waits_is_said(served):
    first = submit(served, "--name", "holder", "--", "sleep", "1000")
    daemons.wait_until(lambda: show(served, first)["state"] == "running", what="the start")
    second = submit(served, "--", "true")

    assert "waiting jobs before it: wants 1.0 cores, 0.0 of" in show(served, second)["why"]
    job(served, "cancel", first)
    assert job(served, "wait", second).returncode == 0


def test_top_shows_jobs_beside_models(served):
    runs = submit(served, "--name", "holder", "--", "sleep", "1000")
    submit(served, "--", "true")
    daemons.wait_until(lambda: show(served, runs)["state"] == "running", what="the start")

    text = daemons.run_cli("top", "--interval", "0.1", "--data-dir", served.data_dir).stdout
    frame = json.loads(daemons.run_cli("top", "--json", "--interval", "0.1", "--data-dir", served.data_dir).stdout)

    assert "holder" in text and "1 jobs wait" in text
    assert [one["name"] for one in frame["jobs"]] == ["true", "holder"]
    job(served, "cancel", runs, "2")


def test_a_running_job_outlives_a_restart_of_the_daemon(served, tmp_path):
    go = tmp_path / "go"
    number = submit(served, "--", "sh", "-c", f"echo up; while [ ! -e {go} ]; do sleep 0.02; done; exit 5")
    waiting = submit(served, "--", "true")
    wait_for_output(served, number, "up")
    process = show(served, number)["story"][-1]["words"]

    served.restart()

    shown = show(served, number)
    assert shown["state"] == "running" and shown["story"][-1]["words"] == process
    assert show(served, waiting)["state"] == "queued"
    leases = json.loads(daemons.run_cli("status", "--json", "--data-dir", served.data_dir).stdout)["leases"]
    assert any(f"job {number} " in lease["holder"] for lease in leases)
    go.touch()
    assert job(served, "wait", number).returncode == 1
    assert show(served, number)["reason"] == "ended with status 5"
    assert job(served, "wait", waiting).returncode == 0


def test_a_wait_for_a_job_does_not_hold_up_the_end_of_the_daemon(served):
    number = submit(served, "--", "sleep", "1000")
    waiting = subprocess.Popen([daemons.program(), "job", "wait", number, "--data-dir", served.data_dir], stderr=subprocess.PIPE)
    daemons.wait_until(lambda: show(served, number)["state"] == "running", what="the start")
    begin = time.monotonic()

    served.stop()

    assert time.monotonic() - begin < 10  # and not the 20 s that a wait may take
    waiting.communicate(timeout=30)
    served.start()
    assert job(served, "cancel", number).returncode == 0
    job(served, "wait", number)


def test_only_the_owner_of_the_data_folder_is_listened_to(served):
    url = f"http://{served.http}/api/aion/v1/jobs"
    for headers in ({}, {"Authorization": "Bearer " + "0" * 64}, {"Authorization": "Basic x"}):
        request = urllib.request.Request(url, b'{"command":["true"],"folder":"/"}', headers)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request)
        assert refused.value.code == 401
    assert pathlib.Path(served.data_dir, "token").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "body, said",
    [
        (b"", "JSON"),
        (b"[]", "expected an object"),
        (b"{}", "'command': expected a program"),
        (b'{"command":["true"]}', "'folder': expected an absolute path"),
        (b'{"command":["true"],"folder":"/","cores":-1}', "'cores': expected a number from"),
        (b'{"command":["true"],"folder":"/","cores":"2"}', "'cores': expected a number"),
        (b'{"command":["a\\u0000b"],"folder":"/"}', "without zeros"),
        (b'{"command":["true"],"folder":"/","environment":{"A=B":"c"}}', "names without '='"),
        (b'{"command":["true"],"folder":"/","members":0}', "'members': expected a number from"),
        (b'{"command":["true"],"folder":"/","array":[1,1]}', "different whole numbers"),
        (b'{"command":["true"],"folder":"/","coress":1}', "did you mean 'cores'"),
    ],
)
def test_a_malformed_job_is_refused_with_its_field(served, body, said):
    token = pathlib.Path(served.data_dir, "token").read_text().strip()
    request = urllib.request.Request(
        f"http://{served.http}/api/aion/v1/jobs", body, {"Authorization": f"Bearer {token}"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)

    assert refused.value.code == 400
    assert said in json.loads(refused.value.read())["error"]


def make_wheel(folder):
    """A package of one line, as a wheel (PEP 427)."""
    about = "tiny-1.0.dist-info"
    files = {
        "tiny.py": "VALUE = 42\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(folder / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            wheel.writestr(name, text)


@pytest.mark.parametrize("tool", ["uv", "pip"])
def test_a_job_runs_in_the_environment_that_it_brings(private_daemon, tmp_path, tool):
    make_wheel(tmp_path)
    uv = pathlib.Path(sys.executable).with_name("uv") if tool == "uv" else ""
    offline = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path), "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(tmp_path)}
    daemon = private_daemon("simple", env=daemons.clean_environment(**offline), flags=["--jobs-uv", uv])
    good, bad = tmp_path / "good.txt", tmp_path / "bad.txt"
    good.write_text("tiny==1.0  # the answer\n")
    bad.write_text("no-such-package-at-all\n")
    script = "import tiny; print(tiny.VALUE)"

    first = submit(daemon, "--requirements", good, "--", "python", "-c", script)
    second = submit(daemon, "--requirements", good, "--", "python", "-c", script)
    never = submit(daemon, "--requirements", bad, "--", "python", "-c", script)

    assert job(daemon, "wait", first, second, timeout_s=120).returncode == 0
    assert [job(daemon, "logs", number).stdout for number in (first, second)] == ["42\n", "42\n"]
    shown = show(daemon, first)
    assert "tiny" in shown["environment"]["contents"]
    assert shown["story"][0]["to"] == "queued" and shown["story"][0]["event"] == "environment ready"
    assert len(json.loads(job(daemon, "environments", "--json").stdout)["environments"]) == 1
    assert job(daemon, "wait", never, timeout_s=120).returncode == 1
    assert show(daemon, never)["state"] == "failed" and "no-such-package-at-all" in show(daemon, never)["reason"]
    assert job(daemon, "environments", "--collect", "0s").stdout.startswith("freed ")
    assert json.loads(job(daemon, "environments", "--json").stdout)["environments"] == []


def test_a_flood_of_output_keeps_its_end(served):
    number = submit(served, "--", "sh", "-c", "head -c 200000000 /dev/zero; echo; echo last")
    assert job(served, "wait", number).returncode == 0

    done = subprocess.run(
        [daemons.program(), "job", "logs", number, "--data-dir", served.data_dir], capture_output=True, timeout=60)

    assert done.stdout.endswith(b"\nlast\n")
    assert len(done.stdout) <= 64 << 20
    assert b"bytes of the log are gone" in done.stderr
