"""What token endpoints answer in the field, over real HTTP: labels that are wrong, members that are empty or odd, answers that
are lost. A one-time answer is not thrown away, nothing odd makes a token endless, and only a refusal ends a connection."""

import json
import time

import pytest
from test_connections import ask, get, platform, provider, store  # noqa: F401 (two of them are fixtures)

JSON = "application/json"


def scripted(provider, *answers):  # noqa: F811
    """The next answers, whatever is asked: (status, label, body); None cuts the connection. Notes the refresh tokens sent."""
    sent, left, well_behaved = [], list(answers), provider.token

    def token(form, mode):
        if not left:
            return well_behaved(form, mode)
        sent.append(form.get("refresh_token"))
        answer = left.pop(0)
        if answer is None:
            raise ConnectionResetError
        status, label, body = answer
        return status, body.encode(), {"Content-Type": label}

    provider.token = token
    return sent


def granted(access, **more):
    return json.dumps({"access_token": access, "expires_in": 3600, **more})


def row(server, user, name="acme"):
    shown = server.get(f"connections/status/user:{user}?detailed=true").expect(200).data["connected_platforms"]
    return next(entry for entry in shown if entry["platform"] == name)


@pytest.mark.parametrize("label", ["text/plain; charset=utf-8", "text/javascript", "text/html", "application/xml", "application/vnd.api+json"])
@pytest.mark.parametrize("body", [granted("new1", refresh_token="rt2"), "access_token=new1&refresh_token=rt2&expires_in=3600"],
                         ids=["json", "form"])
def test_a_grant_is_one_under_any_label(platform, provider, label, body):  # noqa: F811
    server = platform()
    sent = scripted(provider, (200, label, body), (200, label, granted("new2")))
    store(server, provider, platform="acme", expires_in=0)
    assert get(server, platform="acme")[1]["access_token"] == "new1"
    assert row(server, "u123")["status"] == "active"
    server.post("connections/tokens/user:u123/prod/acme/refresh", {}).expect(200)
    assert sent[1] == "rt2"


@pytest.mark.parametrize("label", ["text/plain", "application/xml", "text/html"])
def test_a_refusal_is_one_under_any_label(platform, provider, label):  # noqa: F811
    server = platform()
    scripted(provider, (400, label, '{"error":"invalid_grant"}'))
    store(server, provider, platform="acme", expires_in=0)
    status, body = get(server, platform="acme")
    assert status == 410 and body["error"]["code"] == "token_expired", body


@pytest.mark.parametrize("error", ['""', "null", "false"])
def test_an_empty_error_beside_a_token_is_none(platform, provider, error):  # noqa: F811
    server = platform()
    sent = scripted(provider, (200, JSON, granted("A2", refresh_token="ROTATED")[:-1] + f', "error": {error}}}'),
                    (200, JSON, granted("A3")))
    store(server, provider, platform="acme", expires_in=0)
    assert get(server, platform="acme")[1]["access_token"] == "A2"
    server.post("connections/tokens/user:u123/prod/acme/refresh", {}).expect(200)
    assert sent[1] == "ROTATED"


@pytest.mark.parametrize("value", [0, "0", -1, "-1 "])
def test_a_token_without_life_is_never_served_without_an_end(platform, provider, value):  # noqa: F811
    server = platform()
    scripted(provider, (200, JSON, granted("A2", refresh_token="rt2", expires_in=value)))
    store(server, provider, platform="acme", expires_in=0)
    status, body = get(server, platform="acme")
    assert status == 424 and "token_already_expired" in body["error"]["message"] and body["error"]["retry_after"] > 0, body
    found = row(server, "u123")
    assert found["status"] == "refresh_failing" and found["expires_at"] is not None
    assert "expires_in_not_positive" in server.log()


@pytest.mark.parametrize("value, seconds", [("3599 ", 3599), (3599.5, 3599), ("soon", 3600)])
def test_odd_lives_are_read(platform, provider, value, seconds):  # noqa: F811
    server = platform()
    scripted(provider, (200, JSON, granted("A2", expires_in=value)))
    store(server, provider, platform="acme", expires_in=0)
    assert seconds - 5 <= get(server, platform="acme")[1]["expires_in"] <= seconds


def test_expires_at_alone_is_an_end(platform, provider):  # noqa: F811
    server = platform()
    scripted(provider, (200, JSON, json.dumps({"access_token": "A2", "expires_at": int(time.time()) + 1000})))
    store(server, provider, platform="acme", expires_in=0)
    assert 900 < get(server, platform="acme")[1]["expires_in"] <= 1000


def test_an_empty_scope_changes_nothing(platform, provider):  # noqa: F811
    server = platform()
    scripted(provider, (200, JSON, granted("A2", scope="")))
    store(server, provider, platform="acme", expires_in=0, scopes=["read", "write"])
    status, body = get(server, platform="acme", scopes=["read"])
    assert status == 200 and body["scopes"] == ["read", "write"], body


PORTAL = (200, "text/html", "<html><a href='/login?next=1&access_token=x'>Sign in to this network</a></html>")


@pytest.mark.parametrize("lost", [PORTAL, None], ids=["captive portal", "cut connection"])
def test_a_lost_answer_is_not_the_end(platform, provider, lost):  # noqa: F811
    server = platform()
    # `calm` does not rotate: it is asked again with what it was asked with before, by hand here so that nobody waits.
    sent = scripted(provider, lost, lost, (200, JSON, granted("A2")))
    store(server, provider, user="c", platform="calm", expires_in=0)
    status, body = get(server, user="c", platform="calm")
    assert status == 424 and body["error"]["code"] == "provider_failing", body
    assert row(server, "c", "calm")["status"] == "refresh_failing" and row(server, "c", "calm")["reason"] != "in_doubt"
    server.post("connections/tokens/user:c/prod/calm/refresh", {}).expect(409)
    server.post("connections/tokens/user:c/prod/calm/refresh", {}).expect(200)
    assert get(server, user="c", platform="calm")[1]["access_token"] == "A2" and len(set(sent)) == 1

    # `acme` rotates: its refresh token may be spent, so it is not sent again by itself, and nobody is told that it is over.
    sent = scripted(provider, lost)
    store(server, provider, user="a", platform="acme", expires_in=0)
    for _ in range(3):
        status, body = get(server, user="a", platform="acme")
        assert status == 424 and "in_doubt" in body["error"]["message"] and body["error"]["retry_after"] > 0, body
    found = row(server, "a")
    assert (found["status"], found["reason"], found["refresh_in_doubt"]) == ("refresh_failing", "in_doubt", True)
    assert len(sent) == 1


def test_one_that_tolerates_it_is_asked_once_more(platform, provider, tmp_path):  # noqa: F811
    server = platform()
    profile = (tmp_path / "profiles" / "acme.yaml").read_text().replace("name: acme", "name: lenient")
    (tmp_path / "profiles" / "lenient.yaml").write_text(profile.replace("retry_in_doubt: false", "retry_in_doubt: true"))
    server.stop()
    server.start()
    server.put("connections/platforms/lenient", {"client_id": "id", "client_secret": "client-secret"}).expect(204)
    sent = scripted(provider, PORTAL, (200, JSON, granted("A2", refresh_token="rt2")))
    store(server, provider, platform="lenient", expires_in=0)
    assert get(server, platform="lenient")[0] == 424
    assert row(server, "u123", "lenient")["refresh_in_doubt"] is True
    # Nobody has to ask: it falls due five seconds later.
    deadline = time.monotonic() + 30
    while row(server, "u123", "lenient")["status"] != "active":
        assert time.monotonic() < deadline, row(server, "u123", "lenient")
        time.sleep(0.2)
    assert get(server, platform="lenient")[1]["access_token"] == "A2"
    assert len(sent) == 2 and sent[0] == sent[1]
