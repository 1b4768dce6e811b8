"""Every quota method of hvac's client.sys, and what a client sees that goes beyond its rate."""

import time

import hvac
import pytest
from hvac import exceptions


@pytest.fixture
def quotas(client):
    yield client.sys
    client.adapter.post("/v1/sys/quotas/config", json={
        "enable_rate_limit_audit_logging": False, "enable_rate_limit_response_headers": False})
    try:
        names = client.sys.list_quotas()["data"]["keys"]
    except exceptions.InvalidPath:
        return
    for name in names:
        client.sys.delete_quota(name)


def test_every_method(quotas):
    with pytest.raises(exceptions.InvalidPath):
        quotas.list_quotas()
    made = quotas.create_or_update_quota(
        "one", 50.5, path="kv1/", interval="10s", block_interval="20s", rate_limit_type="rate-limit", inheritable=False)
    assert made.status_code == 204
    assert quotas.read_quota("one")["data"] == {
        "type": "rate-limit", "name": "one", "path": "kv1/", "role": "", "rate": 50.5, "interval": 10, "block_interval": 20,
        "inheritable": False}
    quotas.create_or_update_quota("one", 60, path="kv1/")
    assert quotas.read_quota("one")["data"]["rate"] == 60 and quotas.read_quota("one")["data"]["interval"] == 1
    quotas.create_or_update_quota("two", 1000)
    assert quotas.list_quotas()["data"]["keys"] == ["one", "two"]
    assert quotas.delete_quota("one").status_code == 204
    with pytest.raises(exceptions.InvalidPath):
        quotas.read_quota("one")
    with pytest.raises(exceptions.InvalidRequest):
        quotas.create_or_update_quota("bad", 0)
    with pytest.raises(exceptions.InvalidRequest):
        quotas.create_or_update_quota("bad", 5, path="no-such-mount")
    with pytest.raises(exceptions.InvalidRequest):
        quotas.create_or_update_quota("bad", 5, path="kv1", role="app")


def test_a_client_beyond_its_rate(quotas, server):
    server.post("kv1/limited/a", {"k": "v"}).expect(204)
    quotas.create_or_update_quota("limited", 3, path="kv1/limited*", interval="1h")
    server.post("sys/quotas/config", {"enable_rate_limit_response_headers": True}).expect(204)
    seen = [server.get("kv1/limited/a") for _ in range(5)]
    assert [reply.status for reply in seen] == [200, 200, 200, 429, 429]
    assert [reply.headers["x-ratelimit-remaining"] for reply in seen] == ["2", "1", "0", "0", "0"]
    assert all(reply.headers["x-ratelimit-limit"] == "3" for reply in seen)
    assert abs(int(seen[-1].headers["x-ratelimit-reset"]) - time.time() - 3600) < 30
    assert 3500 < int(seen[-1].headers["retry-after"]) <= 3600 and "retry-after" not in seen[0].headers
    assert seen[-1].errors == ["rate limit quota exceeded"]
    # Nothing of the body is looked at any more, in whatever encoding it comes, and no other path is limited.
    for body in (b"{", b'{"k": "v"}', b"[" * 100):
        assert server.post("kv1/limited/a", body).status == 429
    assert server.get("kv1/other").status == 404
    with pytest.raises(exceptions.RateLimitExceeded):
        hvac.Client(url=server.address, token=server.token).secrets.kv.v1.read_secret("limited/a", mount_point="kv1")


def test_a_form_does_not_escape_a_role_quota(quotas, server, client):
    client.sys.enable_auth_method("approle", path="rated")
    try:
        client.auth.approle.create_or_update_approle("app", mount_point="rated")
        role_id = client.auth.approle.read_role_id("app", mount_point="rated")["data"]["role_id"]
        quotas.create_or_update_quota("role", 2, path="auth/rated/", role="app", interval="1h")
        body = {"role_id": role_id, "secret_id": "wrong"}
        assert [server.post("auth/rated/login", body, token=None).status for _ in range(3)] == [400, 400, 429]
        form = f"role_id={role_id}&secret_id=wrong".encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        assert server.post("auth/rated/login", form, token=None, headers=headers).status in (415, 429)
        assert server.post("auth/rated/login", {"role_id": "other", "secret_id": "x"}, token=None).status == 400
    finally:
        client.sys.disable_auth_method("rated")
    with pytest.raises(exceptions.InvalidPath):
        quotas.read_quota("role")


def test_health_is_never_limited_and_quotas_outlive_kill(new_server):
    server = new_server().ready()
    server.post("sys/quotas/rate-limit/all", {"rate": 5, "interval": "1h"}).expect(204)
    server.kill()
    server.start()
    assert all(server.get("sys/health", token=None).status == 200 for _ in range(20))
    seen = [server.get("sys/mounts").status for _ in range(8)]
    assert seen[0] == 200 and 429 in seen and seen[-1] == 429


def test_refusals_go_on_record_where_that_is_wanted(quotas, server):
    server.post("sys/quotas/config", {"enable_rate_limit_audit_logging": True}).expect(204)
    assert server.get("sys/quotas/config").data["enable_rate_limit_audit_logging"] is True
    quotas.create_or_update_quota("audited", 1, path="kv1/audited", interval="1h")
    for _ in range(2):
        server.get("kv1/audited")
    assert "rate limit quota exceeded" in server.audit_path.read_text().splitlines()[-1]
