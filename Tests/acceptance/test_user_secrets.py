"""The engine `user-secrets` on the real server: users apart by a templated policy, values nowhere but in their answers."""

import concurrent.futures
import secrets
import time

import canary

OWN = 'path "user-secrets/{{identity.entity.name}}/*" { capabilities = ["create", "read", "update", "patch", "delete", "list"] }'
WORKER = """path "user-secrets/+/resolve" {
  capabilities = ["update"]
  allowed_parameters = { "provider" = ["openai"], "secret_type" = [], "workflow_id" = [] }
}"""


def user(server, name):
    """A token whose entity has the name."""
    if "userpass/" not in server.get("sys/auth").json["data"]:
        server.post("sys/auth/userpass", {"type": "userpass"}).expect(204)
        server.put("sys/policies/acl/own", {"policy": OWN}).expect(204)
    password = secrets.token_hex(12)
    server.post(f"auth/userpass/users/{name}", {"password": password, "token_policies": ["own"]}).expect(204)
    login = server.post(f"auth/userpass/login/{name}", {"password": password}, token=None).expect(200).json["auth"]
    server.post(f"identity/entity/id/{login['entity_id']}", {"name": name}).expect(200, 204)
    return login["client_token"]


def store(server, owner, token, value, **more):
    body = {"name": "key", "provider": "openai", "secret_type": "api_key", "value": value, **more}
    return server.post(f"user-secrets/{owner}/secrets", body, token=token)


def ready(server):
    if "user-secrets/" not in server.get("sys/mounts").json["data"]:
        server.mount("user-secrets", kind="user-secrets")


def test_users_are_apart_on_every_path(server):
    ready(server)
    alice, bob = user(server, "alice"), user(server, "bob")
    mine = store(server, "alice", alice, "sk-alice-0123456789").expect(200).data["id"]
    store(server, "bob", bob, "sk-bob-0123456789").expect(200)
    reads = ["secrets", f"secrets/{mine}", f"secrets/{mine}/versions", f"secrets/{mine}/access", "access", "trash", "tags", "keys"]
    writes = ["secrets", f"secrets/{mine}", f"secrets/{mine}/reveal", f"secrets/{mine}/restore", f"trash/{mine}/restore", "bulk",
              "resolve", "rotate"]
    for path in reads:
        server.get(f"user-secrets/alice/{path}", token=alice).expect(200)
        refused = server.get(f"user-secrets/alice/{path}", token=bob).expect(403)
        assert refused.json == server.get(f"user-secrets/nobody/{path}", token=bob).expect(403).json
    for path in writes:
        server.post(f"user-secrets/alice/{path}", {}, token=bob).expect(403)
    server.delete(f"user-secrets/alice/secrets/{mine}", token=bob).expect(403)
    # Below one's own path, another's id is the same 404 as an unknown one.
    for path in [f"secrets/{mine}", f"secrets/{mine}/versions"]:
        foreign = server.get(f"user-secrets/bob/{path}", token=bob).expect(404).json
        unknown = server.get("user-secrets/bob/" + path.replace(mine, "0d54fb4b-2f22-478a-b658-b85e836cfdec"), token=bob)
        assert foreign == unknown.expect(404).json
    server.post(f"user-secrets/bob/secrets/{mine}/reveal", {}, token=bob).expect(404)
    revealed = server.post(f"user-secrets/alice/secrets/{mine}/reveal", {}, token=alice).expect(200)
    assert revealed.data == {"id": mine, "value": "sk-alice-0123456789", "version": 1}


def test_a_user_with_the_name_of_an_operators_path_gains_nothing(server):
    ready(server)
    for name in ["owners", "config", "rotation"]:
        token = user(server, name)
        assert server.delete(f"user-secrets/{name}/alice", token=token).status in (403, 404, 405)
        assert server.get(f"user-secrets/{name}/secrets", token=token).status in (400, 403, 405)
        server.post(f"user-secrets/{name}/resolve", {"id": "x"}, token=token).expect(400, 403, 405)


def test_a_service_gets_values_of_the_providers_that_its_policy_allows(server):
    ready(server)
    carol, worker = user(server, "carol"), server.new_token(WORKER)
    made = store(server, "carol", carol, "sk-carol-0123456789").expect(200).data["id"]
    store(server, "carol", carol, "other", provider="anthropic").expect(200)
    ask = {"provider": "openai", "secret_type": "api_key", "workflow_id": "w1"}
    found = server.post("user-secrets/carol/resolve", ask, token=worker).expect(200).data
    assert (found["value"], found["id"], found["source"]) == ("sk-carol-0123456789", made, "user")
    server.post("user-secrets/carol/resolve", {**ask, "provider": "anthropic"}, token=worker).expect(403)
    server.post("user-secrets/carol/resolve", {"id": made}, token=worker).expect(403)
    server.post(f"user-secrets/carol/secrets/{made}/reveal", {}, token=worker).expect(403)
    server.post(f"user-secrets/carol/secrets/{made}", {"is_active": False}, token=carol).expect(200)
    refused = server.post("user-secrets/carol/resolve", ask, token=worker).expect(409)
    assert refused.errors[0].startswith("inactive: ")


def test_a_value_is_nowhere_but_in_the_answers_that_are_for_it(new_server):
    server = new_server().ready()
    ready(server)
    value = canary.make()
    made = store(server, "dora", True, value, description="d").expect(200)
    path = f"user-secrets/dora/secrets/{made.data['id']}"
    shown = {"stored": made.json}
    shown["long"] = server.post(path, {"value": value * 2_000}).expect(413).json
    shown["wrong"] = server.post(path, {"value": value, "expires_at": value}).expect(400).json
    for place in ["secrets", "access", "trash", "tags", "keys", "secrets/" + made.data["id"] + "/versions"]:
        shown[place] = server.get(f"user-secrets/dora/{place}").expect(200).json
    assert server.post(path + "/reveal", {}).expect(200).data["value"] == value
    ask = {"provider": "openai", "secret_type": "api_key"}
    assert server.post("user-secrets/dora/resolve", ask).expect(200).data["value"] == value
    server.delete(path).expect(204)
    shown["trash"] = server.get("user-secrets/dora/trash").expect(200).json
    assert server.stop() == 0
    places = {name: repr(answer).encode() for name, answer in shown.items()}
    places |= {"log": server.log().encode(), "audit": server.audit_path.read_bytes()}
    places |= {str(file): file.read_bytes() for file in server.database_files()}
    assert canary.leaks(places, [value]) == []


def test_a_server_that_is_killed_during_upserts_and_rotations_has_the_secret_whole(new_server):
    server = new_server().ready()
    ready(server)
    made = store(server, "erin", True, "value-0").expect(200).data["id"]
    acknowledged = 0
    for round in range(3):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            def write(start):
                last = start
                for number in range(start + 1, start + 5_000):
                    try:
                        if store(server, "erin", True, f"value-{number}").status != 200:
                            return last
                        if number % 5 == 0:
                            server.post("user-secrets/erin/rotate", {})
                    except Exception:
                        return last
                    last = number
                return last

            writing = pool.submit(write, acknowledged)
            time.sleep(1.5)
            server.kill()
            acknowledged = writing.result()
        server.start()
        listed = server.get("user-secrets/erin/secrets").expect(200).data
        assert [row["id"] for row in listed["secrets"]] == [made]
        value = server.post(f"user-secrets/erin/secrets/{made}/reveal", {}).expect(200).data["value"]
        # The last one may have been stored without an answer.
        assert value in (f"value-{acknowledged}", f"value-{acknowledged + 1}")
        acknowledged = int(value.split("-")[1])
    assert acknowledged > 0
    # The rotation that was under way ends.
    deadline = time.monotonic() + 20
    while server.get("user-secrets/erin/keys").expect(200).data["rotating"]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    assert server.post(f"user-secrets/erin/secrets/{made}/reveal", {}).expect(200).data["value"] == value


def test_a_deleted_owner_is_gone_and_can_begin_again(server):
    ready(server)
    made = store(server, "frank", True, "sk-frank").expect(200).data["id"]
    answer = server.delete("user-secrets/owners/frank").expect(200).data
    assert answer["key_destroyed"] is True and answer["complete"] is True
    server.post(f"user-secrets/frank/secrets/{made}/reveal", {}).expect(404)
    assert server.get("user-secrets/frank/secrets").expect(200).data["total"] == 0
    store(server, "frank", True, "again").expect(200)
