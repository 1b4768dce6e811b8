"""The command line speaks to a listener on a Unix socket as to any other."""

import json



def test_the_cli_over_a_unix_socket(new_server):
    server = new_server()
    socket = server.directory / "coffer.sock"
    server.configuration.write_text(
        server.configuration.read_text() + f'\nlistener "unix" {{\n  address = "{socket}"\n}}\n')
    server.ready()
    address = {"VAULT_ADDR": f"unix://{socket}"}
    assert server.cli("status", env=address).returncode == 0
    assert server.cli("kv", "put", "secret/a", "k=v", env=address).returncode == 0
    done = server.cli("kv", "get", "-format=json", "secret/a", env=address)
    assert json.loads(done.stdout)["data"]["data"] == {"k": "v"}
