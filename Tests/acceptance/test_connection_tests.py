"""`POST /api/secrets/test` with connection strings: a real PostgreSQL, and which databases may be tested."""

import pytest
from databases import SUPERUSER, Postgres
from service_harness import ServiceServer


@pytest.fixture(scope="module")
def postgres():
    made = Postgres()
    yield made
    made.stop()


def check(server, value, provider="postgresql"):
    reply = server.service("myscheduler").post("/api/secrets/test", json={"provider": provider, "value": value})
    assert value not in reply.text
    return reply


def test_an_allowed_database_is_logged_in_to(tmp_path, postgres):
    server = ServiceServer(tmp_path / "s", COFFER_CONNECTION_TEST_ALLOWED="db.internal, 127.0.0.0/8")
    server.start("-env-file=.env", "-log-level=trace")
    try:
        def url(password, tail="app?sslmode=disable"):
            return f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{postgres.port}/{tail}"

        assert check(server, url(postgres.password)).json()["message"] == "The provider accepts this credential"
        restricted = check(server, url(postgres.password, "none?sslmode=disable"))
        assert restricted.status_code == 200 and "lacks the right" in restricted.json()["message"]
        assert check(server, url("CANARY-wrong")).status_code == 400
        assert check(server, url(postgres.password, "app")).status_code == 502
        assert check(server, url(postgres.password, "app?service=x")).status_code == 422
        assert check(server, "mysql://u:CANARY-p@127.0.0.1/x", "mysql").status_code == 422
        assert check(server, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "webhook").status_code == 200
    finally:
        server.close()
    everything = b"".join(path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file())
    assert b"CANARY" not in everything and postgres.password.encode() not in everything


def test_private_databases_are_not_reached_by_default(tmp_path, postgres):
    value = f"postgresql://{SUPERUSER}:{postgres.password}@127.0.0.1:{postgres.port}/app?sslmode=disable"
    for settings, status in (({}, 502), ({"COFFER_CONNECTION_TESTS": "off", "COFFER_CONNECTION_TEST_ALLOWED": "127.0.0.1"}, 422)):
        server = ServiceServer(tmp_path / str(status), **settings).start()
        try:
            assert check(server, value).status_code == status
        finally:
            server.close()
