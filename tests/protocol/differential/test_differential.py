"""The real tritonserver and Aion get the same requests; what differs is a line of docs/reference/triton-differences.md."""

import collections

import daemon as daemons
import differences
import exchange
import grpc_cases
import http_cases
import models
import pytest
import triton

# Metadata first, while nobody has counted anything; the calls that load and unload last.
CASES = [
    *http_cases.METADATA,
    *grpc_cases.METADATA,
    *http_cases.COUNTED,
    *grpc_cases.COUNTED,
    *http_cases.INFERENCES,
    *grpc_cases.INFERENCES,
    *grpc_cases.STREAMS,
    *http_cases.REPOSITORY,
    *grpc_cases.REPOSITORY,
]


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """{name of the case: (Triton's table, Aion's table)}; asked once, in order, of two servers that nobody else uses."""
    if triton.why_not():
        pytest.skip(triton.why_not())
    folder = tmp_path_factory.mktemp("differential")
    models.write(folder / "triton", folder / "aion")
    theirs = triton.Triton(folder / "triton")
    ours = daemons.Daemon(folder / "aion", tmp_path_factory.mktemp("data"))
    try:
        theirs.start()
        ours.start()
        tables = {case.name: (case.ask(theirs), case.ask(ours)) for case in CASES}
    finally:
        theirs.stop()
        if ours.process is not None:
            ours.stop()
    return tables


def unexplained(case, table):
    """The differences of a case that no rule allows, and the rules that allowed the others.

    A rule is told as its place in differences.RULES with the pattern that found the case.
    """
    left, used = {}, set()
    for field, (theirs, ours) in exchange.differences(*table).items():
        matching = [
            (index, rule.pattern_for(case))
            for index, rule in enumerate(differences.RULES)
            if rule.pattern_for(case) is not None and rule.allows(field, theirs, ours)
        ]
        used.update(matching)
        if not matching:
            left[field] = (theirs, ours)
    return left, used


def told(left):
    return "\n".join(f"{field}\n    triton {theirs}\n    aion   {ours}" for field, (theirs, ours) in left.items())


@pytest.mark.timeout(180)  # the first test starts both servers and asks everything
@pytest.mark.parametrize("case", [case.name for case in CASES])
def test_both_servers_answer_alike_but_for_the_listed_differences(answers, case):
    left, _ = unexplained(case, answers[case])

    assert not left, "differs from Triton and is no line of docs/reference/triton-differences.md:\n" + told(left)


def idle_patterns(answers, rules):
    """(rule, pattern) for each pattern of these rules that no difference needs."""
    used = set()
    for case, table in answers.items():
        used |= unexplained(case, table)[1]
    return [
        (rule.row, pattern)
        for index, rule in enumerate(differences.RULES)
        for pattern in rule.cases.split()
        if rule in rules and (index, pattern) not in used
    ]


@pytest.mark.timeout(180)
def test_every_rule_is_needed_by_a_request(answers):
    assert idle_patterns(answers, differences.RULES) == []


def test_the_rules_and_the_lines_of_the_document_are_the_same():
    assert sorted({rule.row for rule in differences.RULES}) == sorted(differences.rows_for_the_differential_test())


def test_every_request_has_a_name_of_its_own():
    names = collections.Counter(case.name for case in CASES)

    assert [name for name, count in names.items() if count > 1] == []
