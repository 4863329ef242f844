#!/usr/bin/env python3
"""Counts what JUnit files say.

usage: count_tests.py FILE.xml...             prints "PASSED FAILED SKIPPED"
       count_tests.py --failed FILE.xml...    prints the name of each test that failed
       count_tests.py --why FILE.xml...       prints what each of the first 20 that failed wrote last
       count_tests.py --slowest N FILE.xml... prints the N tests that took longest

A file that is missing or broken (a runner that died) counts as one failed test.
"""
import pathlib
import sys
import xml.etree.ElementTree as tree


TESTS_EXPLAINED = 20
LINES_EXPLAINED = 40


def why(path):
    """What each test of a file that failed wrote, its last lines."""
    try:
        root = tree.parse(path).getroot()
    except (OSError, tree.ParseError):
        return
    for case in root.iter("testcase"):
        faults = [case.find("failure"), case.find("error")]
        if case.get("status") != "fail" and not any(fault is not None for fault in faults):
            continue
        # CTest has the output in system-out and nothing in failure, pytest the trace in failure or error.
        texts = [part.text for part in (*faults, case.find("system-out")) if part is not None and part.text]
        lines = "\n".join(texts).strip().splitlines()[-LINES_EXPLAINED:]
        yield "\n".join([f"--- {case.get('name', '?')}", *lines])


def cases_of(path):
    """(name, "passed" | "failed" | "skipped", seconds) of each test in a file."""
    try:
        root = tree.parse(path).getroot()
    except (OSError, tree.ParseError):
        yield f"{pathlib.Path(path).stem}: the runner left no results", "failed", 0.0
        return
    for case in root.iter("testcase"):
        place = case.get("classname", "")
        name = case.get("name", "?")
        # CTest repeats the name as the class.
        full = name if place in ("", name) else f"{place}: {name}"
        state = "passed"
        if case.find("failure") is not None or case.find("error") is not None or case.get("status") == "fail":
            state = "failed"
        elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
            state = "skipped"
        yield full, state, float(case.get("time") or 0)


def main():
    words = sys.argv[1:]
    if words[:1] == ["--failed"]:
        for path in words[1:]:
            print("\n".join(name for name, state, _ in cases_of(path) if state == "failed"))
    elif words[:1] == ["--why"]:
        told = [text for path in words[1:] for text in why(path)]
        print("\n".join(told[:TESTS_EXPLAINED]))
    elif words[:1] == ["--slowest"]:
        cases = [case for path in words[2:] for case in cases_of(path)]
        for name, _, seconds in sorted(cases, key=lambda case: -case[2])[:int(words[1])]:
            print(f"{seconds:7.2f} s  {name}")
    else:
        states = [state for path in words for _, state, _ in cases_of(path)]
        print(states.count("passed"), states.count("failed"), states.count("skipped"))


if __name__ == "__main__":
    main()
