"""What the machine is and what its cores did, read from /proc."""

import os
import pathlib
import platform
import resource
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")


def process_cpu(pid):
    """Seconds of CPU of a process and all its threads."""
    text = pathlib.Path(f"/proc/{pid}/stat").read_text()
    after_name = text.rsplit(")", 1)[1].split()
    return (int(after_name[11]) + int(after_name[12])) / TICKS


def proportional_memory(pid):
    """MiB of the process, shared pages counted by their share (PSS)."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("smaps_rollup has no Pss line")


def _machine_cpu():
    """(busy, steal) seconds of all cores since boot; waiting for a disk is idle."""
    user, nice, system, _, _, irq, softirq, steal = (
        int(field) for field in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    )
    return (user + nice + system + irq + softirq) / TICKS, steal / TICKS


def _children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class CpuWatch:
    """Between start and stop: who used how many cores. The client is whatever child was waited for in between."""

    def __init__(self, server_pid=None):
        self._pid = server_pid
        self._server = process_cpu(server_pid) if server_pid else 0.0
        self._client = _children_cpu()
        self._own = time.process_time()
        self._busy, self._steal = _machine_cpu()
        self._begin = time.monotonic()

    def stop(self):
        took = time.monotonic() - self._begin
        busy, steal = _machine_cpu()
        own = time.process_time() - self._own
        client = _children_cpu() - self._client
        server = process_cpu(self._pid) - self._server if self._pid else 0.0
        others = busy - self._busy - own - client - server
        return {
            "server_cpu_s": round(server, 4),
            "client_cores": round(client / took, 3),
            "server_cores": round(server / took, 3),
            "others_cores": round(max(0.0, others) / took, 3),
            "steal_cores": round((steal - self._steal) / took, 3),
        }


def wait_until_quiet(cores, limit_s):
    """Waits until all others use less than `cores`, at most `limit_s`; says whether they do."""
    give_up = time.monotonic() + limit_s
    while limit_s > 0:
        watch = CpuWatch()
        time.sleep(0.25)
        if watch.stop()["others_cores"] < cores:
            return True
        if time.monotonic() > give_up:
            return False
    return True


def _first_line(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return "absent"
    return (done.stdout or done.stderr).strip().split("\n", 1)[0]


def facts():
    model = "unknown"
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    packages = {}
    for package in ("libgrpc++-dev", "libprotobuf-dev", "libboost1.81-dev", "libsimdjson-dev", "g++"):
        packages[package] = _first_line(["dpkg-query", "-W", "-f", "${Version}", package])
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "system": _first_line(["sh", "-c", ". /etc/os-release; echo $PRETTY_NAME"]),
        "load_generator": _first_line(["h2load", "--version"]),
        "packages": packages,
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
