"""What the machine has and who holds it: over HTTP, as metrics, and from the command line."""

import json
import os
import re
import urllib.request

import daemon as daemons
import pytest

SIMULATED = ("--resource-simulated", "memory=8GiB name=toy", "--resource-simulated", "memory=2GiB fault=lost")


@pytest.fixture
def machine(private_daemon):
    return private_daemon("simple", flags=[*SIMULATED, "--resource-named", "licence=4"])


def cli(daemon, *arguments):
    return daemons.run_cli(*arguments, "--data-dir", daemon.data_dir)


def devices(daemon):
    with urllib.request.urlopen(f"http://{daemon.http}/api/aion/v1/devices", timeout=10) as answer:
        return json.load(answer)


def test_devices_tells_what_this_machine_has(machine):
    answer = devices(machine)

    found = {device["id"]: device for device in answer["devices"]}
    cpu = found["cpu:0"]
    assert 0 < cpu["capacity"]["cores"] <= os.cpu_count()
    assert 1 << 20 < cpu["capacity"]["memory_bytes"]
    assert cpu["facts"]["cores"].isdigit()
    assert cpu["capacity"]["named"] == {"licence": 4}
    assert found["sim:0"]["name"] == "toy"
    assert found["sim:0"]["capacity"]["memory_bytes"] == 8 << 30
    assert found["sim:1"]["trouble"] == "sim:1 does not answer, as configured"
    assert answer["troubles"] == []


def test_devices_tells_who_holds_them(machine):
    cpu = devices(machine)["devices"][0]

    holders = {lease["holder"]: lease for lease in cpu["leases"]}
    assert holders["inference"]["core_use"] == "any"
    assert holders["inference"]["cores"] > 0
    assert holders["model 'simple' version 1"]["core_use"] == "lent"
    assert cpu["free"]["cores"] == pytest.approx(cpu["capacity"]["cores"] - holders["inference"]["cores"])


def test_device_ls_is_a_table_with_a_row_for_each(machine):
    listed = cli(machine, "device", "ls")

    assert listed.returncode == 0, listed.stderr
    lines = listed.stdout.splitlines()
    assert lines[0].split("  ")[0] == "DEVICE"
    assert [line.split()[0] for line in lines[1:]] == [device["id"] for device in devices(machine)["devices"]]
    assert "8.0 GiB of 8.0 GiB" in listed.stdout
    assert "sim:1 does not answer" in listed.stdout


def test_device_show_tells_facts_and_leases(machine):
    shown = cli(machine, "device", "show", "cpu:0")

    assert shown.returncode == 0, shown.stderr
    assert re.search(r"^free licence +4 of 4$", shown.stdout, re.MULTILINE)
    assert re.search(r"^model 'simple' version 1 +lent ", shown.stdout, re.MULTILINE)
    assert json.loads(cli(machine, "device", "show", "sim:0", "--json").stdout)["name"] == "toy"


def test_device_show_of_an_unknown_device_fails_with_1_and_those_there_are(machine):
    shown = cli(machine, "device", "show", "gpu:7")

    assert shown.returncode == 1
    assert "no device 'gpu:7'; there are cpu:0" in shown.stderr


def test_metrics_tell_what_there_is_and_what_is_free(machine):
    with urllib.request.urlopen(f"http://{machine.metrics}/metrics", timeout=10) as answer:
        text = answer.read().decode()

    assert 'aion_device_capacity{device="sim:0",resource="memory_bytes"} 8589934592' in text
    assert 'aion_device_free{device="cpu:0",resource="licence"} 4' in text
    assert re.search(r"^nv_cpu_memory_total_bytes \d+", text, re.MULTILINE)
    assert re.search(r"^nv_cpu_memory_used_bytes \d+", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("flag", "value", "words"),
    [
        ("--resource-simulated", "memory=much", "'memory': expected a number above 0"),
        ("--resource-named", "licence", "expected NAME=AMOUNT"),
    ],
)
def test_a_machine_that_is_described_wrong_is_refused_at_start(make_repository, tmp_path, flag, value, words):
    started = daemons.run_cli(
        "up", "--model-repository", make_repository("simple"), "--data-dir", tmp_path, flag, value
    )

    assert started.returncode != 0
    assert words in started.stderr
