"""The database engine and a real PostgreSQL that speaks TLS: who is trusted, who is refused, and client certificates."""

import pytest
from databases import CREATION, Postgres
from test_tls import Authority

# Rules of pg_hba.conf, before those that initdb writes: users that come over TLS only.
RULES = """\
hostssl all encrypted 127.0.0.1/32 scram-sha-256
hostssl all mutual 127.0.0.1/32 scram-sha-256 clientcert=verify-ca
hostssl all certified 127.0.0.1/32 cert
host all encrypted,mutual,certified 127.0.0.1/32 reject
"""


class Certificates:
    def __init__(self, directory):
        for name in ("ours", "theirs"):
            (directory / name).mkdir()
        self.authority, self.other = Authority(directory / "ours"), Authority(directory / "theirs")
        self.pem, self.other_pem = self.authority.certificate.read_text(), self.other.certificate.read_text()

    def client(self, authority, name):
        certificate, key = authority.issue("client-" + name, common_name=name)
        return {"tls_certificate": open(certificate).read(), "private_key": open(key).read()}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def postgres(certificates):
    made = Postgres(tls=(*certificates.authority.issue("server"), certificates.authority.certificate))
    rules = made.data / "pg_hba.conf"
    rules.write_text(RULES + rules.read_text())
    for user in ("encrypted", "mutual", "certified"):
        made.query(f"CREATE ROLE {user} LOGIN SUPERUSER PASSWORD '{user}-password'")
    made.query("SELECT pg_reload_conf()")
    yield made
    made.close()


@pytest.fixture
def database(new_server):
    server = new_server(settings='log_level = "trace"').ready()
    server.mount("database", "database")
    yield server
    assert server.is_running()


def configuration(postgres, user="encrypted", host="127.0.0.1", mode=None, **more):
    """A connection whose host has a name of its own choosing, at the server's address."""
    url = f"host={host} hostaddr=127.0.0.1 port={postgres.port} dbname=app user={{{{username}}}} password={{{{password}}}}"
    if mode:
        url += f" sslmode={mode}"
    return postgres.configuration(connection_url=url, username=user, password=f"{user}-password", **more)


def sessions(postgres, user):
    """Whether each of Coffer's sessions is encrypted, with what, and whose certificate it showed."""
    return [line.split("|") for line in postgres.query(
        "SELECT ssl, version, coalesce(client_dn, '') FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) "
        f"WHERE application_name = 'coffer' AND usename = '{user}'")]


def end_sessions(postgres):
    postgres.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'coffer'")


def refusal(server, body):
    """Why the connection was not stored."""
    reply = server.post("database/config/refused", body)
    assert reply.status == 400, reply
    assert server.get("database/config/refused").status == 404
    assert "-password" not in reply.errors[0] and "PRIVATE" not in reply.errors[0] and "/proc" not in reply.errors[0]
    return reply.errors[0]


@pytest.mark.parametrize("host, mode", [
    ("127.0.0.1", "verify-full"), ("localhost", "verify-full"), ("localhost", None), ("elsewhere.example", "verify-ca"),
    ("elsewhere.example", "require"),
])
def test_connects_to_whom_the_authority_vouches_for(database, postgres, certificates, host, mode):
    end_sessions(postgres)
    database.post("database/config/tls", configuration(postgres, host=host, mode=mode, tls_ca=certificates.pem)).expect(204)
    database.post("database/roles/tls", {"db_name": "tls", "creation_statements": CREATION}).expect(204)
    made = database.get("database/creds/tls").expect(200).json
    assert postgres.can_log_in(made["data"]["username"], made["data"]["password"])
    seen = sessions(postgres, "encrypted")
    assert seen and all(ssl == "t" and version.startswith("TLSv1.") for ssl, version, _ in seen), seen
    database.put("sys/leases/revoke", {"lease_id": made["lease_id"]}).expect(204)
    assert not postgres.can_log_in(made["data"]["username"], made["data"]["password"])


def test_refuses_another_authority(database, postgres, certificates):
    for mode in ("verify-full", "verify-ca", "require", None):
        body = configuration(postgres, host="localhost", mode=mode, tls_ca=certificates.other_pem)
        assert "not of the authority in tls_ca" in refusal(database, body)
    assert "tls_ca cannot be read, or is missing" in refusal(database, configuration(postgres, mode="verify-full"))
    nonsense = "-----BEGIN CERTIFICATE-----\nbm9uc2Vuc2U=\n-----END CERTIFICATE-----\n"
    assert "tls_ca cannot be read" in refusal(database, configuration(postgres, tls_ca=nonsense))


def test_refuses_another_host_name(database, postgres, certificates):
    for mode in ("verify-full", None):
        body = configuration(postgres, host="elsewhere.example", mode=mode, tls_ca=certificates.pem)
        assert "for another host name" in refusal(database, body)


def test_a_connection_that_was_good_is_refused_once_the_server_is_another(database, certificates, tmp_path):
    """The check is made at each connection, not only when it is stored."""
    postgres = Postgres(tls=(*certificates.authority.issue("first"), certificates.authority.certificate))
    try:
        body = postgres.configuration(tls_ca=certificates.pem)
        database.post("database/config/moved", body).expect(204)
        database.post("database/roles/moved", {"db_name": "moved", "creation_statements": CREATION}).expect(204)
        database.put("sys/leases/revoke", {"lease_id": database.get("database/creds/moved").expect(200).json["lease_id"]}).expect(204)
        postgres.stop()
        postgres._speak_tls(*certificates.other.issue("second"), certificates.other.certificate)
        postgres.start()
        refused = database.get("database/creds/moved")
        assert refused.status == 503 and "not of the authority in tls_ca" in refused.errors[0], refused
        assert postgres.made_users() == set()
    finally:
        postgres.close()


def test_a_server_without_tls_gets_no_password(database, postgres, certificates):
    plain = Postgres()
    try:
        body = plain.configuration(tls_ca=certificates.pem)
        assert "offers no TLS" in refusal(database, body)
        # Without TLS the users that need it are not let in.
        assert "does not let this user in" in refusal(database, configuration(postgres, mode="disable"))
    finally:
        plain.close()


@pytest.mark.parametrize("user", ["mutual", "certified"])
def test_shows_its_certificate(database, postgres, certificates, user):
    end_sessions(postgres)
    mine = certificates.client(certificates.authority, user)
    body = configuration(postgres, user=user, mode="verify-full", tls_ca=certificates.pem)
    refused = refusal(database, body)
    assert "asks for a client certificate" in refused, refused
    forged = refusal(database, {**body, **certificates.client(certificates.other, user)})
    assert "refused our tls_certificate" in forged, forged
    mixed = {**mine, "private_key": certificates.client(certificates.authority, user + "-second")["private_key"]}
    assert "private_key is not the key of tls_certificate" in refusal(database, {**body, **mixed})
    assert "belong together" in refusal(database, {**body, "tls_certificate": mine["tls_certificate"]})

    if user == "certified":
        # The certificate is all: there is no password to give.
        body["password"] = ""
        stranger = refusal(database, {**body, **certificates.client(certificates.authority, "stranger")})
        assert "does not let this user in" in stranger, stranger
    database.post("database/config/tls", {**body, **mine}).expect(204)
    database.post("database/roles/tls", {"db_name": "tls", "creation_statements": CREATION}).expect(204)
    made = database.get("database/creds/tls").expect(200).json
    assert postgres.can_log_in(made["data"]["username"], made["data"]["password"])
    assert [[ssl, owner] for ssl, _, owner in sessions(postgres, user)] == [["t", f"/CN={user}"]]

    # After a restart the certificate and its key are still there, and the key is nowhere else.
    database.stop()
    end_sessions(postgres)
    database.start()
    database.put("sys/leases/revoke", {"lease_id": made["lease_id"]}).expect(204)
    assert made["data"]["username"] not in postgres.made_users()
    shown = database.get("database/config/tls").expect(200)
    assert shown.data["connection_details"]["tls_certificate"] == mine["tls_certificate"]
    assert "private_key" not in shown.data["connection_details"]
    database.stop()
    lines = [line.encode() for line in mine["private_key"].splitlines() if "-----" not in line]
    places = {"config": shown.body, "log": database.log().encode(), "audit": database.audit_path.read_bytes(),
              **{str(path): path.read_bytes() for path in database.database_files()}}
    assert len(lines) > 1 and [name for name, data in places.items() if any(line in data for line in lines)] == []
    database.start()


def test_the_older_name_of_the_key(database, postgres, certificates):
    mine = certificates.client(certificates.authority, "certified")
    mine["tls_certificate_key"] = mine.pop("private_key")
    database.post("database/config/tls", {
        **configuration(postgres, user="certified", tls_ca=certificates.pem), "password": "", **mine}).expect(204)
    assert "tls_certificate_key" not in database.get("database/config/tls").data["connection_details"]
