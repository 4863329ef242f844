"""The command line as a person uses it, against a running daemon and without one."""

import contextlib
import http.server
import json
import subprocess
import threading

import daemon as daemons
import pytest

LIMIT_S = 30


def cli(daemon, *arguments, **options):
    """A command for this daemon: it is found through its data folder."""
    return daemons.run_cli(*arguments, "--data-dir", daemon.data_dir, **options)


def cli_json(daemon, *arguments):
    result = cli(daemon, *arguments, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


# ---- without a daemon


@pytest.mark.parametrize("arguments", [["status"], ["model", "ls"], ["model", "unload", "simple"]])
def test_a_named_data_folder_without_a_daemon_never_means_the_default_address(tmp_path, arguments):
    result = daemons.run_cli(*arguments, "--data-dir", tmp_path)

    assert result.returncode == 1
    assert str(tmp_path) in result.stderr  # and not the address of whoever listens on the default port
    assert "8000" not in result.stderr


def test_version_prints_one_line():
    result = daemons.run_cli("version")

    assert result.returncode == 0
    assert result.stdout.startswith("aion 0.1.0")
    assert result.stderr == ""


@pytest.mark.parametrize(
    "arguments", [["--help"], ["up", "--help"], ["model", "--help"], ["model", "ls", "--help"], ["bench", "--help"]]
)
def test_help_goes_to_stdout_with_exit_code_0(arguments):
    result = daemons.run_cli(*arguments)

    assert result.returncode == 0
    assert "aion" in result.stdout
    assert result.stderr == ""


def test_help_lists_every_command():
    text = daemons.run_cli("--help").stdout

    assert [
        word for word in ("up", "down", "status", "model", "infer", "bench", "config", "version") if word not in text
    ] == []


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["frobnicate"], "frobnicate"),
        (["model", "frobnicate"], "frobnicate"),
        (["up", "--no-such-flag"], "--no-such-flag"),
        (["up", "--http-port", "abc"], "abc"),
        (["up", "--http-port", "70000"], "70000"),
        (["infer"], ""),
    ],
)
def test_wrong_use_is_exit_code_2_with_words_on_stderr(arguments, word):
    result = daemons.run_cli(*arguments)

    assert result.returncode == 2
    assert word in result.stderr and result.stderr != ""
    assert result.stdout == ""


def test_a_misspelt_command_names_the_nearest_one():
    assert "status" in daemons.run_cli("statsu").stderr


@pytest.mark.parametrize("arguments", [["status"], ["model", "ls"], ["model", "show", "simple"]])
def test_without_a_daemon_a_command_fails_with_1_and_says_what_to_do(tmp_path, arguments):
    result = daemons.run_cli(*arguments, "--data-dir", tmp_path)

    assert result.returncode == 1
    assert "aion up" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_shell_completion_knows_the_commands(shell):
    result = daemons.run_cli("completion", shell)

    assert result.returncode == 0, result.stderr
    assert [word for word in ("up", "status", "model", "bench") if word not in result.stdout] == []


def test_completion_for_an_unknown_shell_names_those_that_are_known():
    result = daemons.run_cli("completion", "nosuchshell")

    assert result.returncode in (1, 2)
    assert "nosuchshell" in result.stderr and "bash" in result.stderr


def test_the_bash_completion_is_a_script_that_bash_can_read():
    script = daemons.run_cli("completion", "bash").stdout

    assert subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True).returncode == 0


# ---- the address


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "192.0.2.1"])
def test_listening_beyond_loopback_needs_insecure(tmp_path, address):
    result = daemons.run_cli(
        "up", "--listen", address, "--model-repository", tmp_path, "--data-dir", tmp_path / "data", "--http-port", "0"
    )

    assert result.returncode == 2
    assert "--insecure" in result.stderr


def test_listening_beyond_loopback_with_insecure_starts(private_daemon):
    daemon = private_daemon("simple", flags=["--listen", "0.0.0.0", "--insecure"])

    assert daemon.http.startswith("0.0.0.0:")


# ---- with a daemon


def test_status_tells_the_address_and_the_pid(daemon):
    result = cli(daemon, "status")

    assert result.returncode == 0, result.stderr
    assert daemon.http in result.stdout and str(daemon.pid) in result.stdout


def test_status_as_json_is_one_document(daemon):
    status = cli_json(daemon, "status")

    assert daemon.http in json.dumps(status)
    assert daemon.pid in status.values()


def test_model_ls_shows_every_model(daemon):
    result = cli(daemon, "model", "ls")

    assert result.returncode == 0
    assert [name for name in daemons.SHARED_MODELS if name not in result.stdout] == []


def test_model_ls_as_json_has_name_version_and_state(daemon):
    rows = cli_json(daemon, "model", "ls")
    rows = rows["models"] if isinstance(rows, dict) else rows

    simple = [row for row in rows if row["name"] == "simple"]
    assert len(simple) == 1
    assert str(simple[0]["version"]) == "1"
    assert simple[0]["state"].lower() == "ready"


def test_model_show_tells_the_tensors(daemon):
    shown = cli_json(daemon, "model", "show", "simple")

    assert shown["metadata"]["name"] == "simple"
    assert [tensor["name"] for tensor in shown["metadata"]["inputs"]] == ["INPUT0", "INPUT1"]
    assert cli(daemon, "model", "show", "simple").stdout.count("INT32") == 4


def test_model_show_of_an_unknown_model_fails_with_1_and_its_name(daemon):
    result = cli(daemon, "model", "show", "nope")

    assert result.returncode == 1
    assert "nope" in result.stderr and result.stdout == ""


def test_model_unload_and_load(private_daemon):
    daemon = private_daemon("simple")

    unloaded = cli(daemon, "model", "unload", "simple")
    state_after_unload = json.dumps(cli_json(daemon, "model", "ls")).lower()
    loaded = cli(daemon, "model", "load", "simple")
    state_after_load = json.dumps(cli_json(daemon, "model", "ls")).lower()

    assert (unloaded.returncode, loaded.returncode) == (0, 0), unloaded.stderr + loaded.stderr
    assert "unavailable" in state_after_unload
    assert '"ready"' in state_after_load


def test_model_load_of_a_broken_model_fails_with_the_runtimes_reason(private_daemon):
    daemon = private_daemon("broken")

    result = cli(daemon, "model", "load", "broken")

    assert result.returncode == 1
    assert "broken" in result.stderr and "protobuf" in result.stderr.lower()


def test_infer_reads_a_json_request(daemon, tmp_path):
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [10.0]}]}))

    answer = cli_json(daemon, "infer", "two_versions", "--input", path)

    assert answer["outputs"][0]["data"] == [13.0]


def test_infer_reads_an_npy_file(daemon, tmp_path):
    numpy = pytest.importorskip("numpy")
    path = tmp_path / "x.npy"
    numpy.save(path, numpy.array([10.0, 20.0], dtype=numpy.float32))

    answer = cli_json(daemon, "infer", "two_versions", "--input", path)

    assert answer["outputs"][0]["data"] == [13.0, 23.0]


def test_infer_with_a_missing_file_fails_and_names_it(daemon, tmp_path):
    result = cli(daemon, "infer", "two_versions", "--input", tmp_path / "nothing.json")

    assert result.returncode in (1, 2)
    assert "nothing.json" in result.stderr


def test_infer_passes_the_servers_message_on(daemon, tmp_path):
    path = tmp_path / "request.json"
    path.write_text(json.dumps({"inputs": [{"name": "nope", "shape": [1], "datatype": "FP32", "data": [10.0]}]}))

    result = cli(daemon, "infer", "two_versions", "--input", path)

    assert result.returncode == 1
    assert "nope" in result.stderr and result.stdout == ""


def test_a_short_closed_loop_bench_reports_rate_and_latencies(daemon):
    report = cli_json(daemon, "bench", "mlp", "--duration-s", "1", "--connections", "2")

    text = json.dumps(report)
    assert "p50" in text and "p99" in text
    assert report["errors"] == 0
    assert report["requests"] > 10


def test_an_open_loop_bench_sends_what_its_rate_and_duration_make(daemon):
    report = cli_json(daemon, "bench", "scalar", "--duration-s", "1", "--rate", "200", "--connections", "4")

    assert report["mode"] == "open"
    assert report["errors"] == 0
    assert report["requests"] > 0
    # What was due and what was sent add up, however slow the machine is.
    assert abs(report["requests"] + report["unsent"] - 200) <= 1


# ---- finding the daemon as the daemon finds its settings

COMMANDS = [["status"], ["model", "ls"], ["model", "show", "scalar"], ["bench", "scalar", "--requests", "1"]]


def home_with_settings(folder, text):
    """An environment whose user has this aion.toml, and no daemon of his own."""
    (folder / "config" / "aion").mkdir(parents=True)
    (folder / "config" / "aion" / "aion.toml").write_text(text)
    return daemons.clean_environment(XDG_CONFIG_HOME=str(folder / "config"), XDG_STATE_HOME=str(folder / "state"))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_finds_the_daemon_by_the_data_folder_of_the_users_file(daemon, tmp_path, command):
    env = home_with_settings(tmp_path, f'data_dir = "{daemon.data_dir}"\n')

    result = daemons.run_cli(*command, "--json", env=env)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_finds_the_daemon_by_the_port_of_the_users_file(daemon, tmp_path, command):
    env = home_with_settings(tmp_path, f"[http]\nport = {daemon.http.rsplit(':', 1)[1]}\n")

    result = daemons.run_cli(*command, "--json", env=env)

    assert result.returncode == 0, result.stderr


def test_infer_finds_the_daemon_by_a_file_that_is_named(daemon, tmp_path):
    (tmp_path / "other.toml").write_text(f"[http]\nport = {daemon.http.rsplit(':', 1)[1]}\n")
    (tmp_path / "x.json").write_text("[10.0]")
    env = daemons.clean_environment(XDG_STATE_HOME=str(tmp_path))
    command = ["infer", "two_versions", "--json", "--config", tmp_path / "other.toml", "--input", tmp_path / "x.json"]

    result = daemons.run_cli(*command, env=env)

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["outputs"][0]["data"] == [13.0]


def test_a_flag_stands_over_the_environment_over_the_file(daemon, tmp_path):
    port = daemon.http.rsplit(":", 1)[1]
    nobody = "1"  # no daemon listens there
    env = home_with_settings(tmp_path, f"[http]\nport = {nobody}\n")

    by_file = daemons.run_cli("status", env=env)
    by_environment = daemons.run_cli("status", env={**env, "AION_HTTP_PORT": port})
    by_flag = daemons.run_cli("status", "--http-port", port, env={**env, "AION_HTTP_PORT": nobody})

    assert (by_file.returncode, by_environment.returncode, by_flag.returncode) == (1, 0, 0)
    assert "127.0.0.1:1" in by_file.stderr


def test_a_file_that_the_daemon_would_refuse_is_refused_by_its_commands(tmp_path):
    result = daemons.run_cli("status", env=home_with_settings(tmp_path, "[http]\nprot = 1\n"))

    assert result.returncode == 2
    assert "http.prot" in result.stderr and "http.port" in result.stderr


def test_a_switch_is_turned_off_by_its_value(daemon):
    as_text = cli(daemon, "status", "--json=false")
    shown = daemons.run_cli("config", "show", "--insecure=false", env=daemons.clean_environment(AION_INSECURE="true"))

    assert as_text.returncode == 0 and as_text.stdout.startswith("address")
    assert line_of(shown.stdout, "insecure").split()[1] == "false"


@pytest.fixture(scope="module")
def daemon_on_ipv6(make_repository, tmp_path_factory):
    started = daemons.Daemon(make_repository("scalar"), tmp_path_factory.mktemp("data"), "--listen", "::1").start()
    yield started
    started.stop()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_reaches_an_ipv6_address(daemon_on_ipv6, command):
    assert daemon_on_ipv6.http.startswith("[::1]:")

    published = cli(daemon_on_ipv6, *command)
    given = daemons.run_cli(*command, "--url", f"http://{daemon_on_ipv6.http}")

    assert published.returncode == 0, published.stderr
    assert given.returncode == 0, given.stderr


# ---- answers that make no sense


@contextlib.contextmanager
def server_that_says(body, content_type="application/json"):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *arguments):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"models": 7, "inputs": 7, "name": 7}'])
@pytest.mark.parametrize("command", [["status"], ["model", "ls"], ["model", "show", "m"], ["infer", "m"], ["bench", "m"]])
def test_an_answer_that_makes_no_sense_is_the_servers_fault(command, body):
    with server_that_says(body) as url:
        result = daemons.run_cli(*command, "--url", url)

    assert result.returncode == 1
    assert "the daemon's answer is not understood" in result.stderr
    assert result.stdout == ""


# ---- configuration


def shown_config(*arguments, env=None):
    result = daemons.run_cli("config", "show", "--json", *arguments, env=env)
    assert result.returncode == 0, result.stderr
    return json.dumps(json.loads(result.stdout))


def test_config_show_tells_defaults(tmp_path):
    result = daemons.run_cli("config", "show", env=daemons.clean_environment(HOME=str(tmp_path)))

    assert result.returncode == 0
    assert "8000" in result.stdout and "default" in result.stdout


def write_config(path, text):
    path.write_text(text)
    return path


def config_keys():
    """The full name of the HTTP port's key, as `config show` spells it."""
    for line in daemons.run_cli("config", "show").stdout.splitlines():
        if "http_port" in line or "http.port" in line:
            return line.split()[0]
    raise AssertionError("config show has no HTTP port")


def toml_for(key, value):
    section, _, name = key.rpartition(".")
    return f"[{section}]\n{name} = {value}\n" if section else f"{name} = {value}\n"


def env_for(key):
    return "AION_" + key.replace(".", "_").upper()


def line_of(text, key):
    return next(line for line in text.splitlines() if line.split()[:1] == [key])


def test_flag_stands_over_environment_over_file_over_default(tmp_path):
    key = config_keys()
    file = write_config(tmp_path / "aion.toml", toml_for(key, 8101))
    from_file = ["config", "show", "--config", file]
    with_env = daemons.clean_environment(**{env_for(key): "8102"})

    default_line = line_of(daemons.run_cli("config", "show").stdout, key)
    file_line = line_of(daemons.run_cli(*from_file).stdout, key)
    env_line = line_of(daemons.run_cli(*from_file, env=with_env).stdout, key)
    flag_line = line_of(daemons.run_cli(*from_file, "--http-port", "8103", env=with_env).stdout, key)

    assert "8000" in default_line and "default" in default_line
    assert "8101" in file_line and "aion.toml" in file_line
    assert "8102" in env_line and env_for(key) in env_line
    assert "8103" in flag_line and "--http-port" in flag_line


def test_an_unknown_key_of_the_file_names_the_nearest_one(tmp_path):
    key = config_keys()
    misspelt = toml_for(key, 1).replace("port", "prot")
    file = write_config(tmp_path / "aion.toml", misspelt)

    result = daemons.run_cli("config", "show", "--config", file)

    assert result.returncode in (1, 2)
    assert key.rpartition(".")[2] in result.stderr and "prot" in result.stderr


def test_an_unknown_environment_key_names_the_nearest_one():
    misspelt = env_for(config_keys()).replace("PORT", "PROT")

    result = daemons.run_cli("config", "show", env=daemons.clean_environment(**{misspelt: "1"}))

    assert result.returncode in (1, 2)
    assert misspelt in result.stderr and env_for(config_keys()) in result.stderr


@pytest.mark.parametrize("text, word", [("this is = = no toml", "toml"), ('http_port = "abc"', "abc")])
def test_a_file_that_cannot_be_read_is_refused_with_its_name(tmp_path, text, word):
    file = write_config(tmp_path / "aion.toml", text)

    result = daemons.run_cli("config", "show", "--config", file)

    assert result.returncode in (1, 2)
    assert "aion.toml" in result.stderr


def test_a_missing_config_file_that_was_named_is_an_error(tmp_path):
    result = daemons.run_cli("config", "show", "--config", tmp_path / "nothing.toml")

    assert result.returncode in (1, 2)
    assert "nothing.toml" in result.stderr
