"""The User API on the real binary: a client of the platform's front end, as its pages call it."""

import base64
import hashlib
import hmac
import json
import secrets
import subprocess
import time
import uuid

import httpx
import pytest
from service_harness import ServiceServer

SECRET = "super-secret-jwt-token-with-at-least-32-characters"
ORIGIN = "http://localhost:5173"
MEMBERS = [
    "id", "user_id", "name", "provider", "secret_type", "description", "tags", "is_active", "last_used_at", "usage_count",
    "expires_at", "created_at", "updated_at", "value",
]


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def token(user, secret=SECRET, header=None, **claims):
    now = int(time.time())
    payload = {"sub": user, "aud": "authenticated", "role": "authenticated", "iat": now, "exp": now + 3600, **claims}
    signed = part(header or {"alg": "HS256", "typ": "JWT"}) + "." + part({k: v for k, v in payload.items() if v is not None})
    code = hmac.digest(secret.encode(), signed.encode(), hashlib.sha256)
    return signed + "." + base64.urlsafe_b64encode(code).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    server = ServiceServer(
        tmp_path_factory.mktemp("users"), COFFER_USER_API_JWT_SECRET=SECRET, COFFER_USER_API_ORIGINS=ORIGIN)
    server.start()
    yield server
    server.close()


def client(server, user=None, bearer=None):
    headers = {"Authorization": "Bearer " + (bearer or token(user or str(uuid.uuid4()))), "Origin": ORIGIN}
    return httpx.Client(base_url=server.address + "/api/v1", headers=headers, trust_env=False, timeout=20)


def new(**more):
    return {"name": "OpenAI API Key", "provider": "openai", "secret_type": "api_key", "value": "sk-1", **more}


def test_every_row_of_the_protocol(platform):
    me = str(uuid.uuid4())
    page = client(platform, me)
    made = page.post("/secrets", json=new(user_id="x", id="y", is_active=False))
    assert made.status_code == 201 and list(made.json()) == MEMBERS
    secret = made.json()
    assert (secret["user_id"], secret["value"], secret["tags"], secret["is_active"]) == (me, None, [], True)
    assert "Z" not in secret["created_at"] and "+" not in secret["created_at"]
    assert made.headers["access-control-allow-origin"] == ORIGIN and made.headers["x-request-id"]
    assert made.headers["x-ratelimit-limit"] == "60"
    again = page.post("/secrets", json=new(value="sk-2", expires_at="2030-01-31T12:00:00+02:00")).json()
    assert (again["id"], again["expires_at"]) == (secret["id"], "2030-01-31T10:00:00")
    other = page.post("/secrets", json=new(provider="anthropic", value="sk-3")).json()
    assert [s["id"] for s in page.get("/secrets").json()] == [other["id"], secret["id"]]
    found = page.get("/secrets", params={"provider": "openai", "secret_type": "api_key", "is_active": "true"}).json()
    assert [s["id"] for s in found] == [secret["id"]]
    one = "/secrets/" + secret["id"]
    assert page.get(one).json()["value"] is None
    assert page.get(one, params={"decrypt": "true"}).json()["value"] == "sk-2"
    before = page.get(one).json()
    assert page.put(one, json={}).json() == before
    assert page.put(one, json={"name": None, "tags": None}).json() == before
    changed = page.put(one, json={"description": "", "tags": ["a"], "is_active": False, "provider": "z"}).json()
    assert (changed["description"], changed["tags"], changed["is_active"], changed["provider"]) == ("", ["a"], False, "openai")
    assert page.get(one, params={"decrypt": "1"}).json()["value"] == "sk-2"
    gone = page.delete(one)
    assert (gone.status_code, gone.content) == (204, b"")
    assert page.get(one).status_code == 404
    assert page.post("/secrets", json=new()).json()["id"] != secret["id"]
    wrong = page.post("/secrets", json=new(value=5))
    assert wrong.status_code == 422 and isinstance(wrong.json()["detail"], str)
    assert page.patch(one, json={}).status_code == 405
    assert page.get("/me/secrets", params={"search": "anthropic"}).json()["total"] == 1


def test_errors_and_preflights_can_be_read_by_the_page(platform):
    with httpx.Client(base_url=platform.address + "/api/v1", headers={"Origin": ORIGIN}, trust_env=False) as nobody:
        refused = nobody.get("/secrets")
        assert (refused.status_code, refused.json()) == (401, {"detail": "Authentication required"})
        assert refused.headers["www-authenticate"] == "Bearer"
        answers = [refused, nobody.get("/nothing"), nobody.post("/secrets", content=b"x" * (2 << 20))]
        for answer in answers:
            assert answer.headers["access-control-allow-origin"] == ORIGIN, answer.status_code
            assert answer.headers["x-request-id"]
        preflight = nobody.options(
            "/secrets", headers={"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization"})
        assert preflight.status_code == 204 and "authorization" in preflight.headers["access-control-allow-headers"]
        assert "access-control-allow-origin" not in nobody.get("/secrets", headers={"Origin": "https://evil.example"}).headers


def test_two_users_and_forged_tokens(platform):
    ann, bob = str(uuid.uuid4()), str(uuid.uuid4())
    made = client(platform, ann).post("/secrets", json=new(value="canary-of-ann")).json()
    one = "/secrets/" + made["id"]
    missing = client(platform, bob).get("/secrets/" + str(uuid.uuid4()))
    for answer in (
        client(platform, bob).get(one), client(platform, bob).get(one + "?decrypt=true"),
        client(platform, bob).put(one, json={"name": "x"}), client(platform, bob).delete(one),
        client(platform, bob).get("/secrets/nonsense"),
    ):
        assert (answer.status_code, answer.content) == (404, missing.content)
    assert client(platform, bob).get("/secrets").json() == []
    none = part({"alg": "none"}) + "." + token(ann).split(".")[1] + "."
    for bearer in (
        none, token(ann, secret=secrets.token_hex(32)), token(None, role="anon"), token(ann, aud="other"),
        token(ann, exp=int(time.time()) - 3600), token(ann, header={"alg": "RS256"}), token("+"), token("*"), "hvs.x",
    ):
        for answer in (client(platform, bearer=bearer).get("/secrets"), client(platform, bearer=bearer).get(one + "?decrypt=1")):
            assert (answer.status_code, answer.json()) == (401, {"detail": "Authentication required"})
    assert client(platform, ann).get(one + "?decrypt=true").json()["value"] == "canary-of-ann"


def test_tokens_that_say_something_odd_are_refused(platform):
    ann = str(uuid.uuid4())
    now = int(time.time())
    twice = part({"alg": "HS256"}) + "." + base64.urlsafe_b64encode(
        f'{{"sub":"{uuid.uuid4()}","sub":"{ann}","aud":"authenticated","exp":{now + 600}}}'.encode()).rstrip(b"=").decode()
    twice += "." + base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), twice.encode(), hashlib.sha256)).rstrip(b"=").decode()
    for bearer in (
        twice, token(ann, header={"alg": "HS256", "crit": ["exp"]}), token(ann, nbf=now + 3600), token(ann, exp=None),
        token(ann, aud=["other"]), token(7), token([ann]), token(""), token("a/b"), token("a%2fb"), token("a\n"), token("."),
        token(".."), token("x" * 300), token(ann) + ".", token(ann) + "=",
    ):
        answer = client(platform, bearer=bearer).get("/secrets")
        assert (answer.status_code, answer.json()) == (401, {"detail": "Authentication required"}), bearer
    # Names of paths of the operator: the caller is known, and has no secrets.
    for name in ("config", "owners", "rotation"):
        assert client(platform, name).get("/secrets").status_code in (403, 422)
    # A list with the right audience among others is one (RFC 7519, 4.1.3).
    assert client(platform, bearer=token(ann, aud=["other", "authenticated"])).get("/secrets").status_code == 200


def test_a_person_gets_no_value_as_a_service_does(platform):
    ann = str(uuid.uuid4())
    made = client(platform, ann).post("/secrets", json=new(secret_type="oauth_token", value="canary-restricted")).json()
    for body in (
        {"user_id": ann, "secret_id": made["id"]}, {"items": [{"user_id": ann, "provider": "openai", "secret_type": "oauth_token"}]},
    ):
        answer = client(platform, ann).post("/resolve", json=body)
        assert "canary" not in answer.text and (answer.status_code in (401, 403) or "results" in answer.json()), answer.text
    assert client(platform, ann).get(f"/secrets/{made['id']}?decrypt=true").status_code == 403


def test_values_are_in_no_log_and_no_audit(platform):
    canary = "canary-" + secrets.token_hex(16)
    page = client(platform)
    made = page.post("/secrets", json=new(value=canary)).json()
    page.get("/secrets/" + made["id"], params={"decrypt": "true"})
    page.post("/secrets", json=new(value=canary, tags=canary))
    page.put("/secrets/" + made["id"], json={"value": canary, "is_active": canary})
    assert canary not in platform.log()
    assert canary not in platform.audit_path.read_text(errors="replace")
    assert "reveal" in platform.audit_path.read_text(errors="replace")


def test_no_variable_no_api(tmp_path):
    server = ServiceServer(tmp_path / "plain")
    try:
        server.start()
        assert client(server).get("/secrets").status_code == 404
    finally:
        server.close()


@pytest.mark.parametrize("variables, message", [
    ({"COFFER_USER_API_JWT_SECRET": "short"}, "at least 32 bytes"),
    ({"COFFER_USER_API_ORIGINS": ORIGIN}, "does not know how to verify its users"),
    ({"COFFER_USER_API_JWT_SECRET": SECRET, "COFFER_USER_API_ORIGINS": "*"}, "must be origins"),
])
def test_settings_that_cannot_work_are_refused(tmp_path, variables, message):
    server = ServiceServer(tmp_path / "bad", **variables)
    server.start(wait=False)
    try:
        assert server.process.wait(20) != 0 and message in server.log()
        assert "short" not in server.log()
    except subprocess.TimeoutExpired:
        pytest.fail("it started")
    finally:
        server.close()
