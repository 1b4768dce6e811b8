"""A first start from a `.env` that fails half-way still says where the root token is."""

import socket

from test_service_start import make  # noqa: F401 (fixture)


def test_a_taken_port_does_not_lose_the_hint_of_the_first_start(make):  # noqa: F811
    server = make()
    with socket.create_server(("127.0.0.1", server.port)):
        server.start(wait=False)
        assert server.process.wait(30) != 0
        server.process = None
    token = server.directory / "vault-data-root-token"
    if token.exists():
        assert "root token is in" not in server.log()
    server.start()
    assert f"root token is in {token}" in server.log()
    assert server.cli("token", "lookup").returncode == 0
    assert server.stop() == 0
    # Put away, nothing points to it any more.
    token.rename(server.directory / "kept")
    size = len(server.log())
    server.start()
    assert "root token" not in server.log()[size:]
