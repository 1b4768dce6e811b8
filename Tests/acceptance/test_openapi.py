"""The API's own description: the OpenAPI document and the help of paths."""

import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator

MOUNTS = ["secret", "kv1", "sys", "auth/token", "auth/approle", "auth/userpass"]


@pytest.fixture(scope="module")
def described(server):
    for method in ["approle", "userpass"]:
        server.post(f"sys/auth/{method}", {"type": method}).expect(204)
    return server


def document(server, query="", **options):
    return server.get("sys/internal/specs/openapi" + query, **options).expect(200).json


@pytest.mark.parametrize("query", ["", "?generic_mount_paths=true", "?context=x"])
def test_the_document_is_valid(described, query):
    spec = document(described, query)
    assert spec["openapi"] == "3.0.2"
    problems = [f"{list(error.absolute_path)}: {error.message}" for error in OpenAPIV30SpecValidator(spec).iter_errors()]
    assert problems == []
    ids = [item[m]["operationId"] for item in spec["paths"].values() for m in item if m in ("get", "post", "patch", "delete")]
    assert len(ids) == len(set(ids)) > 100


def test_the_document_holds_what_the_caller_may_use(described):
    token = described.new_token('path "secret/data/x" { capabilities = ["read"] }')
    assert all(path.startswith("/secret/") for path in document(described, token=token)["paths"])
    assert document(described, token=None)["paths"] == {}
    assert document(described, token="hvs.wrong")["paths"] == {}


def test_posting_gives_the_same_document(described):
    body = {"generic_mount_paths": True}
    posted = described.post("sys/internal/specs/openapi", body).expect(200).json
    assert posted == document(described, "?generic_mount_paths=true")


def test_every_path_that_is_described_is_served(described):
    """No template of the document leads to `no handler for route`."""
    for template, item in document(described)["paths"].items():
        if "get" not in item or template.startswith("/sys/internal/specs"):
            continue
        path = template.lstrip("/").replace("{", "").replace("}", "")
        reply = described.get(path)
        assert reply.status < 500, (path, reply)
        assert reply.status != 405 or item["get"]["parameters"], path
        if reply.status == 404:
            assert not any("no handler for route" in text for text in reply.json.get("errors", [])), path


@pytest.mark.parametrize("mount", MOUNTS)
@pytest.mark.parametrize("slash", ["", "/"])
def test_help_at_the_root_of_a_mount(described, mount, slash):
    answer = described.get(f"{mount}{slash}?help=1").expect(200).json
    assert set(answer) == {"help", "see_also", "openapi"}
    assert "## PATHS" in answer["help"]
    assert all(path.startswith(f"/{mount}") for path in answer["openapi"]["paths"])
    assert list(OpenAPIV30SpecValidator(answer["openapi"]).iter_errors()) == []


def test_help_of_a_path_and_of_nothing(described):
    answer = described.get("auth/approle/role/x?help=1").expect(200).json
    assert "secret_id_ttl" in answer["help"]
    described.get("auth/approle/role/x?help=1", token=None).expect(403)
    described.get("nothing/here?help=1").expect(404)
    done = described.cli("path-help", "auth/approle")
    assert done.returncode == 0 and "role/{role_name}/secret-id" in done.stdout
