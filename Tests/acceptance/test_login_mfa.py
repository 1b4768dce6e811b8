"""Logins with a second factor against the real binary, with a real authenticator (pyotp) and a real reader of QR codes (zxing-cpp)."""

import base64
import io
import json
import os
import pty
import secrets
import subprocess
import time

import pyotp
import pytest
import zxingcpp
from harness import BINARY, clean_environment
from PIL import Image
from test_many_nodes import nodes, postgres  # noqa: F401 (fixtures)

PASSWORD = "correct horse battery"


def user(server, mount="userpass"):
    """A user who has logged in once. Returns the name and the entity."""
    name = "u" + secrets.token_hex(4)
    server.post(f"auth/{mount}/users/{name}", {"password": PASSWORD}).expect(204)
    made = server.post(f"auth/{mount}/login/{name}", {"password": PASSWORD}, token=None).expect(200)
    return name, made.json["auth"]["entity_id"]


def method(server, **settings):
    made = server.post("identity/mfa/method/totp", {"issuer": "Coffer", "method_name": "m" + secrets.token_hex(4), **settings})
    return made.expect(200).data["method_id"]


def enroll(server, method_id, entity, **more):
    return server.post("identity/mfa/method/totp/admin-generate", {"method_id": method_id, "entity_id": entity, **more}).expect(200).data


def enforce(server, method_id, entity):
    name = "e" + secrets.token_hex(4)
    server.post(f"identity/mfa/login-enforcement/{name}", {"mfa_method_ids": [method_id], "identity_entity_ids": [entity]}).expect(204)
    return name


def login(server, name, *codes, mount="userpass", **headers):
    headers = {key.replace("_", "-"): value for key, value in headers.items()}
    if codes:
        headers["X-Vault-MFA"] = codes[0]
    return server.post(f"auth/{mount}/login/{name}", {"password": PASSWORD}, token=None, headers=headers)


def validate(server, request, payload):
    return server.post("sys/mfa/validate", {"mfa_request_id": request, "mfa_payload": payload}, token=None)


@pytest.fixture(scope="module")
def people(server):
    server.post("sys/auth/userpass", {"type": "userpass"}).expect(204)
    return server


@pytest.fixture
def person(people):
    """A user with an authenticator, who has to use it."""
    name, entity = user(people)
    method_id = method(people)
    app = pyotp.parse_uri(enroll(people, method_id, entity)["url"])
    enforce(people, method_id, entity)
    return name, entity, method_id, app


def test_two_steps(people, person):
    name, entity, method_id, app = person
    answer = login(people, name).expect(200).json
    requirement = answer["auth"].pop("mfa_requirement")
    assert answer["auth"] == {
        "client_token": "", "accessor": "", "policies": None, "metadata": None, "lease_duration": 0, "renewable": False, "entity_id": "",
        "token_type": "default", "orphan": False, "num_uses": 0}
    assert answer["data"] is None and answer["lease_id"] == "" and answer["warnings"]
    (constraint,) = requirement["mfa_constraints"].values()
    assert constraint == {"any": [{"type": "totp", "id": method_id, "uses_passcode": True, "name": constraint["any"][0]["name"]}]}
    request = requirement["mfa_request_id"]
    assert "not supplied or incorrect" in validate(people, request, {method_id: ["000000"]}).expect(403).json["errors"][0]
    for spaced in (" " + app.now(), app.now() + " ", app.now() + "\n"):
        validate(people, request, {method_id: [spaced]}).expect(403)
    done = validate(people, request, {method_id: [app.now()]}).expect(200).json
    assert done["auth"]["entity_id"] == entity and done["auth"]["mfa_requirement"] is None
    assert people.get("auth/token/lookup-self", token=done["auth"]["client_token"]).status == 200
    assert validate(people, request, {method_id: [app.now()]}).expect(400).json["errors"] == ["invalid request ID"]


def test_one_step_and_no_code_twice(people, person):
    name, entity, method_id, app = person
    code = app.now()
    assert login(people, name, f"{method_id}:{code}").expect(200).json["auth"]["client_token"]
    assert "code already used" in login(people, name, f"{method_id}:{code}").expect(403).json["errors"][0]
    refused = [login(people, name, f"{method_id}:000000").expect(403) for _ in range(6)]
    assert "maximum TOTP validation attempts 5 exceeded" in refused[-1].json["errors"][0]
    assert int({key.lower(): value for key, value in refused[-1].headers.items()}["retry-after"]) > 0


@pytest.mark.parametrize("settings", [
    {}, {"algorithm": "SHA256", "digits": 8, "period": 60}, {"algorithm": "SHA512", "key_size": 64, "skew": 0, "qr_size": 400}])
def test_a_real_authenticator_reads_the_picture(people, settings):
    name, entity = user(people)
    method_id = method(people, **settings)
    made = enroll(people, method_id, entity)
    image = Image.open(io.BytesIO(base64.b64decode(made["barcode"])))
    assert image.format == "PNG" and image.size == (settings.get("qr_size", 200),) * 2
    (found,) = zxingcpp.read_barcodes(image)
    assert found.text == made["url"] and name in made["url"]
    app = pyotp.parse_uri(found.text)
    assert app.issuer == "Coffer" and app.digits == settings.get("digits", 6) and app.interval == settings.get("period", 30)
    enforce(people, method_id, entity)
    # With a skew of 0, the step may end between the two lines.
    if not any(login(people, name, f"{method_id}:{app.now()}").status == 200 for _ in range(2)):
        pytest.fail("the authenticator's code was not accepted")


def test_a_picture_as_svg(people):
    name, entity = user(people)
    drawn = base64.b64decode(enroll(people, method(people), entity, qr_format="svg")["barcode"]).decode()
    assert drawn.startswith("<svg ") and 'viewBox="0 0 ' in drawn and "<script" not in drawn


def test_codes_are_hashed_in_the_audit(people, person):
    name, entity, method_id, app = person
    people.post("sys/config/auditing/request-headers/x-vault-mfa", {"hmac": False}).expect(400)
    people.post("sys/config/auditing/request-headers/x-vault-mfa", {"hmac": True}).expect(204)
    codes = [app.now(), app.at(time.time() + 30)]
    assert login(people, name, f"{method_id}:{codes[0]}").expect(200).json["auth"]["client_token"]
    request = login(people, name).expect(200).json["auth"]["mfa_requirement"]["mfa_request_id"]
    validate(people, request, {method_id: [codes[1]]}).expect(200)
    text = people.audit_path.read_text()
    assert not any(f'"{code}"' in text or f":{code}" in text for code in codes) and request not in text
    lines = [line for line in map(json.loads, text.splitlines()) if "request" in line]
    validated = [line for line in lines if line["request"]["path"] == "sys/mfa/validate" and line["type"] == "response"][-1]
    assert list(validated["response"]["data"]["mfa_satisfied"]) and validated["response"]["auth"]["entity_id"] == entity
    asked = [line for line in lines if "mfa_requirement" in (line.get("response", {}).get("data") or {})]
    assert asked[-1]["response"]["data"]["mfa_requirement"]["mfa_request_id"].startswith("hmac-sha256:")
    people.delete("sys/config/auditing/request-headers/x-vault-mfa").expect(204)


def test_wrapped_logins_are_asked_too(people, person):
    name, entity, method_id, app = person
    answer = login(people, name, X_Vault_Wrap_TTL="60").expect(200).json
    assert answer["wrap_info"] is None and answer["auth"]["client_token"] == ""
    done = validate(people, answer["auth"]["mfa_requirement"]["mfa_request_id"], {method_id: [app.now()]}).expect(200).json
    assert done["auth"] is None
    token = people.post("sys/wrapping/unwrap", {}, token=done["wrap_info"]["token"]).expect(200).json["auth"]["client_token"]
    assert people.get("auth/token/lookup-self", token=token).status == 200


def test_a_restart_forgets_nothing(new_server):
    server = new_server().ready()
    server.post("sys/auth/userpass", {"type": "userpass"}).expect(204)
    name, entity = user(server)
    method_id = method(server)
    app = pyotp.parse_uri(enroll(server, method_id, entity)["url"])
    enforce(server, method_id, entity)
    code = app.now()
    login(server, name, f"{method_id}:{code}").expect(200)
    waiting = login(server, name).expect(200).json["auth"]["mfa_requirement"]["mfa_request_id"]
    server.kill()
    server.start()
    assert "code already used" in login(server, name, f"{method_id}:{code}").expect(403).json["errors"][0]
    validate(server, waiting, {method_id: [app.at(time.time() + 30)]}).expect(200)
    validate(server, waiting, {method_id: [app.at(time.time() + 30)]}).expect(400)


def test_two_nodes(nodes):  # noqa: F811
    a, b = nodes()
    a.post("sys/auth/userpass", {"type": "userpass"}).expect(204)
    name, entity = user(a)
    method_id = method(a)
    app = pyotp.parse_uri(enroll(b, method_id, entity)["url"])
    enforcement = enforce(a, method_id, entity)
    # What one node was told holds on the other at once.
    waiting = login(b, name).expect(200).json["auth"]["mfa_requirement"]["mfa_request_id"]
    done = validate(a, waiting, {method_id: [app.now()]}).expect(200).json["auth"]
    assert b.get("auth/token/lookup-self", token=done["client_token"]).status == 200
    validate(b, waiting, {method_id: [app.now()]}).expect(400)
    for node in (a, b):
        login(node, name, f"{method_id}:000000").expect(403)
        login(node, name, f"{method_id}:000001").expect(403)
    login(b, name, f"{method_id}:000002").expect(403)
    for node in (a, b):
        assert "exceeded" in login(node, name, f"{method_id}:{app.at(time.time() + 30)}").expect(403).json["errors"][0]
    b.delete(f"identity/mfa/login-enforcement/{enforcement}").expect(204)
    assert login(a, name).expect(200).json["auth"]["client_token"]


# The command line


@pytest.fixture
def run(people, tmp_path):
    def run(*arguments, **options):
        return people.cli(*arguments, token=False, env={"HOME": str(tmp_path)}, **options)

    return run


def test_login_with_mfa_flag(people, person, run):
    name, entity, method_id, app = person
    arguments = ["login", "-method=userpass", "-token-only", f"username={name}", f"password={PASSWORD}"]
    done = run(*arguments[:2], f"-mfa={method_id}:{app.now()}", "-mfa=other:123456", *arguments[2:])
    assert done.returncode == 0 and people.get("auth/token/lookup-self", token=done.stdout.strip()).status == 200
    asked = run(*arguments)
    assert asked.returncode == 2 and "needs a second factor" in asked.stderr and "-mfa=" in asked.stderr
    command = asked.stderr[asked.stderr.index("{"):asked.stderr.index("}}") + 2].replace("CODE", app.at(time.time() + 30))
    completed = run("write", "-format=json", "sys/mfa/validate", "-", stdin=command)
    assert completed.returncode == 0, completed.stderr
    assert json.loads(completed.stdout)["auth"]["entity_id"] == entity


def test_login_asks_on_a_terminal(people, person, tmp_path):
    name, entity, method_id, app = person
    terminal, other = pty.openpty()
    environment = clean_environment(HOME=str(tmp_path), COFFER_ADDR=people.address)
    process = subprocess.Popen(
        [BINARY, "login", "-method=userpass", "-token-only", f"username={name}", f"password={PASSWORD}"],
        stdin=other, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, start_new_session=True)
    os.close(other)
    try:
        prompt = b""
        while b"not shown" not in prompt:
            some = os.read(process.stderr.fileno(), 4096)
            assert some, prompt
            prompt += some
        os.write(terminal, (app.now() + "\n").encode())
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        os.close(terminal)
    assert process.returncode == 0, err
    assert people.get("auth/token/lookup-self", token=out.decode().strip()).status == 200


def test_the_page_in_commands(people, run, tmp_path):
    """The commands of docs/mfa.md, as a newcomer types them."""
    def coffer(*arguments):
        done = people.cli(*arguments, env={"HOME": str(tmp_path)})
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout.strip()

    name, entity = user(people)
    phone = "p" + secrets.token_hex(4)
    method_id = coffer("write", "-field=method_id", "identity/mfa/method/totp", "issuer=Coffer", f"method_name={phone}")
    picture = coffer("write", "-field=barcode", "identity/mfa/method/totp/admin-generate", f"method_id={method_id}", f"entity_id={entity}")
    (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(base64.b64decode(picture))))
    enforcement = "p" + secrets.token_hex(4)
    coffer("write", f"identity/mfa/login-enforcement/{enforcement}", f"mfa_method_ids={method_id}", f"identity_entity_ids={entity}")
    code = pyotp.parse_uri(found.text).now()
    done = run("login", "-method=userpass", f"-mfa={phone}:{code}", f"username={name}", f"password={PASSWORD}")
    assert done.returncode == 0 and "You are now logged in" in done.stdout
    coffer("write", "identity/mfa/method/totp/admin-destroy", f"method_id={method_id}", f"entity_id={entity}")
    coffer("delete", f"identity/mfa/login-enforcement/{enforcement}")
    coffer("delete", f"identity/mfa/method/totp/{method_id}")
