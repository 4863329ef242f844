"""Requests made up from docs/reference/open-inference.yaml, right and wrong ones: every answer fits it, none is a 5xx."""

import collections
import copy

import daemon as daemons
import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

SPECIFICATION = yaml.safe_load((daemons.ROOT / "docs" / "reference" / "open-inference.yaml").read_text())
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
# The same examples in every run. Shrinking would ask a server whose state has moved on.
BOUNDED = settings(
    max_examples=20,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def narrowed():
    """The specification with the names, versions and tensors of the models that are served, so that examples reach them."""
    narrow = copy.deepcopy(SPECIFICATION)
    parameters, schemas = narrow["components"]["parameters"], narrow["components"]["schemas"]
    parameters["model"]["schema"] = {"type": "string", "enum": ["simple"]}
    parameters["version"]["schema"] = {"type": "string", "enum": ["1"]}
    row = {
        "type": "array",
        "minItems": 16,
        "maxItems": 16,
        "items": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    }
    inputs = [
        {
            "type": "object",
            "properties": {
                "name": {"const": name},
                "shape": {"const": [1, 16]},
                "datatype": {"const": "INT32"},
                "data": row,
            },
            "required": ["name", "shape", "datatype", "data"],
        }
        for name in ("INPUT0", "INPUT1")
    ]
    request = schemas["InferenceRequest"]["properties"]
    request["inputs"] = {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": inputs}
    schemas["RequestOutput"]["properties"]["name"] = {"enum": ["OUTPUT0", "OUTPUT1"]}
    scalar = {**parameters["model"], "schema": {"type": "string", "enum": ["scalar"]}}
    narrow["paths"]["/v2/repository/models/{model}/load"]["parameters"] = [scalar]
    narrow["paths"]["/v2/repository/models/{model}/unload"]["parameters"][0]["schema"] = {
        "anyOf": [{"enum": ["scalar"]}, {"type": "string", "minLength": 1}]
    }
    return narrow


# There is nothing about these that a request could have wrong.
WITHOUT_INPUT = ["serverLive", "serverReady", "serverMetadata", "statistics"]


def from_specification(content, mode):
    schema = schemathesis.openapi.from_dict(content)
    schema.config.generation.update(modes=[mode], deterministic=True)
    return schema.exclude(operation_id=WITHOUT_INPUT) if mode is GenerationMode.NEGATIVE else schema


ANY_RIGHT = from_specification(SPECIFICATION, GenerationMode.POSITIVE)
ANY_WRONG = from_specification(SPECIFICATION, GenerationMode.NEGATIVE)
SERVED_RIGHT = from_specification(narrowed(), GenerationMode.POSITIVE)
SERVED_WRONG = from_specification(narrowed(), GenerationMode.NEGATIVE)

# (operation, status) -> answers to right requests about served models
REACHED = collections.Counter()


def ask(case, server):
    answer = case.call(base_url=f"http://{server.http}", timeout=20)
    case.validate_response(answer, checks=CHECKS)
    return answer.status_code


@ANY_RIGHT.parametrize()
@BOUNDED
def test_a_right_request_about_any_model_is_answered_as_specified(case, server):
    ask(case, server)


@ANY_WRONG.parametrize()
@BOUNDED
def test_a_wrong_request_about_any_model_is_answered_as_specified(case, server):
    ask(case, server)


@SERVED_RIGHT.parametrize()
@BOUNDED
def test_a_right_request_about_a_served_model_is_answered_as_specified(case, server):
    REACHED[case.operation.label, ask(case, server)] += 1


@SERVED_WRONG.parametrize()
@BOUNDED
def test_a_wrong_request_about_a_served_model_is_answered_as_specified(case, server):
    ask(case, server)


def test_the_right_requests_about_served_models_were_served():
    asked = {operation for operation, _ in REACHED}
    if not asked:
        pytest.skip("none of them was asked in this run")

    assert sorted(asked) == sorted({operation for operation, status in REACHED if status == 200})
