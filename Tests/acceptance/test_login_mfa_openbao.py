"""Login MFA, call by call against Coffer and against OpenBao's own server: what differs is listed here, with why."""

import re
import time

import pyotp
import pytest
import requests
from test_openbao_cli import OpenBao, Peer

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UNKNOWN = "11111111-1111-1111-1111-111111111111"

# Where the answers differ on purpose: docs/compatibility.md.
DIFFERENT = {
    "a method with a short key": "RFC 4226 requires 128 bits",
    "a method with a negative picture": "no picture has that size",
    "a method that is changed in part": "a change of one field must not change another",
    "a method that does not exist is changed": "OpenBao answers 204 and changes nothing",
    "a used method is deleted": "the caller is at fault, not the server: 400 for 500",
    "a payload that is no list": "a text is taken for a code, as Vault documents it",
    "no payload": "a field is missing: 400 for 403",
}


class Side:
    """One of the two servers, and what it called the things that the calls are about."""

    def __init__(self, address, token):
        self.address, self.token, self.names = address, token, {}

    def call(self, method, path, body=None, token=True, **headers):
        def filled(value):
            if isinstance(value, str):
                return re.sub(r"\$(\w+)", lambda found: self.names[found[1]], value)
            if isinstance(value, list):
                return [filled(one) for one in value]
            return {filled(key): filled(one) for key, one in value.items()} if isinstance(value, dict) else value

        headers = {key.replace("_", "-"): filled(value) for key, value in headers.items()}
        if token:
            headers["X-Vault-Token"] = self.token
        return requests.request(method, f"{self.address}/v1/{filled(path)}", json=filled(body), headers=headers, timeout=20)

    def code(self, step=0):
        return pyotp.parse_uri(self.names["url"]).at(time.time() + 30 * step)


def shape(reply):
    """The status, and of the answer the names and the values that are no one's own."""
    def strip(value, name=""):
        if isinstance(value, dict):
            return {UUID.sub("ID", key): strip(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [strip(one) for one in value]
        if isinstance(value, str):
            return "TEXT" if name in {"client_token", "accessor", "barcode", "url"} and value else UUID.sub("ID", value)
        return value

    if reply.status_code >= 400 or not reply.content:
        return reply.status_code
    answer = reply.json()
    return reply.status_code, strip(answer["data"]), strip(answer["auth"]), bool(answer["warnings"])


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    from harness import Server

    bao = OpenBao(tmp_path_factory.mktemp("openbao"), "static")
    coffer = Server(tmp_path_factory.mktemp("coffer"), seal="static").start()
    try:
        peers = [Peer("coffer", coffer.address, "static"), Peer("openbao", bao.address, "static")]
        yield [Side(peer.address, peer.token) for peer in peers]
    finally:
        bao.close()
        coffer.close()


def test_the_same_answers(sides):
    found = {}

    def both(name, method, path, body=None, **more):
        replies = [side.call(method, path, body, **more) for side in sides]
        ours, theirs = [shape(reply) for reply in replies]
        if isinstance(ours, tuple) and isinstance(theirs, tuple) and ours[2] and theirs[2]:
            # Coffer names the policies of the entity even when there are none.
            ours[2].pop("identity_policies", None)
        if ours != theirs:
            found[name] = (ours, theirs)
        return replies

    def keep(name, replies, *place):
        for side, reply in zip(sides, replies):
            value = reply.json()
            for step in place:
                value = value[step]
            side.names[name] = value

    totp = "identity/mfa/method/totp"
    for name, body in {
        "no issuer": {}, "seven digits": {"digits": 7}, "skew": {"skew": 2}, "period": {"period": 0}, "algorithm": {"algorithm": "MD5"},
        "attempts": {"max_validation_attempts": -1}, "a method with a short key": {"key_size": 10},
        "a method with a negative picture": {"qr_size": -1},
    }.items():
        both(name, "POST", totp, {"issuer": "x", **body} if body else {})
    keep("method", both("create", "POST", totp, {"issuer": "x", "method_name": "phone"}), "data", "method_id")
    both("a known name", "POST", totp, {"issuer": "x", "method_name": "phone"})
    both("change", "POST", f"{totp}/$method", {"issuer": "x"})
    both("a method that is changed in part", "POST", f"{totp}/$method", {"digits": 6})
    both("a method that does not exist is changed", "POST", f"{totp}/{UNKNOWN}", {"issuer": "x"})
    both("read", "GET", f"{totp}/$method")
    both("read without type", "GET", "identity/mfa/method/$method")
    both("read unknown", "GET", f"{totp}/{UNKNOWN}")
    for side in sides:
        side.call("POST", "sys/auth/userpass", {"type": "userpass"})
        side.call("POST", "auth/userpass/users/ann", {"password": "p"})
    login = ("POST", "auth/userpass/login/ann", {"password": "p"})
    keep("entity", both("plain login", *login, token=False), "auth", "entity_id")
    enforcement = "identity/mfa/login-enforcement/one"
    both("no target", "POST", enforcement, {"mfa_method_ids": ["$method"]})
    both("no methods", "POST", enforcement, {"auth_method_types": ["userpass"]})
    both("unknown method", "POST", enforcement, {"mfa_method_ids": ["x"], "auth_method_types": ["userpass"]})
    for target in ("auth_method_types", "auth_method_accessors", "identity_group_ids", "identity_entity_ids"):
        both(f"unknown {target}", "POST", enforcement, {"mfa_method_ids": ["$method"], target: ["nope"]})
    both("enforce", "POST", enforcement, {"mfa_method_ids": ["$method"], "auth_method_types": ["userpass"]})
    both("read enforcement", "GET", enforcement)
    both("list enforcements", "LIST", "identity/mfa/login-enforcement")
    both("read no enforcement", "GET", enforcement + "x")
    both("a used method is deleted", "DELETE", f"{totp}/$method")

    keep("request", both("a login that waits", *login, token=False), "auth", "mfa_requirement", "mfa_request_id")

    def validate(name, payload):
        return both(name, "POST", "sys/mfa/validate", {"mfa_request_id": "$request", "mfa_payload": payload}, token=False)

    validate("no secret", {"$method": ["123456"]})
    for name, body in {"no entity": {"method_id": "$method"}, "unknown entity": {"method_id": "$method", "entity_id": "x"},
                       "unknown method's secret": {"method_id": "zz", "entity_id": "$entity"}}.items():
        both(name, "POST", f"{totp}/admin-generate", body)
    whose = {"method_id": "$method", "entity_id": "$entity"}
    keep("url", both("generate", "POST", f"{totp}/admin-generate", whose), "data", "url")
    both("generate again", "POST", f"{totp}/admin-generate", whose)
    both("generate for root", "POST", f"{totp}/generate", {"method_id": "$method"})
    both("no request", "POST", "sys/mfa/validate", {"mfa_payload": {}}, token=False)
    both("unknown request", "POST", "sys/mfa/validate", {"mfa_request_id": "no", "mfa_payload": {"$method": ["1"]}}, token=False)
    both("no payload", "POST", "sys/mfa/validate", {"mfa_request_id": "$request"}, token=False)
    validate("a wrong code", {"$method": ["000000"]})
    validate("another method's code", {"zz": ["000000"]})
    validate("two codes", {"$method": ["1", "2"]})
    validate("a payload that is no list", {"$method": "12 456"})
    for side in sides:
        side.names["code"] = side.code()
    validate("the code", {"$method": ["$code"]})
    validate("the request again", {"$method": ["$code"]})
    both("the code again", *login, token=False, X_Vault_MFA="phone:$code")
    both("no code", *login, token=False, X_Vault_MFA="$method")
    both("an unknown method", *login, token=False, X_Vault_MFA="nope:123456")
    for side in sides:
        side.names["code"] = side.code(1)
    both("one step", *login, token=False, X_Vault_MFA="phone:$code")
    for guess in range(6):
        both(f"guess {guess}", *login, token=False, X_Vault_MFA="phone:000000")
    both("destroy", "POST", f"{totp}/admin-destroy", whose)
    both("destroy nothing", "POST", f"{totp}/admin-destroy", {"method_id": "$method"})
    both("destroyed", *login, token=False, X_Vault_MFA="phone:123456")
    both("delete enforcement", "DELETE", enforcement)
    both("delete", "DELETE", f"{totp}/$method")
    both("read deleted", "GET", f"{totp}/$method")
    unlisted = {name: answers for name, answers in found.items() if name not in DIFFERENT}
    assert not unlisted, "\n".join(f"{name}:\n  coffer  {ours}\n  openbao {theirs}" for name, (ours, theirs) in unlisted.items())
    assert set(DIFFERENT) == set(found), set(DIFFERENT) - set(found)
