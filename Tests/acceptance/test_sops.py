"""sops keeps its data keys with transit: what it encrypts it reads again, also after a rotation, and nobody else does."""

import json
import os
import subprocess
import sys
import pathlib

import pytest

SOPS = pathlib.Path(sys.executable).parent / "sops"
SECRET = {"database": {"password": "kept-by-sops"}, "plain": 1}


@pytest.fixture(scope="module")
def key(server):
    server.mount("sops", kind="transit")
    server.post("sops/keys/app", {}).expect(200, 204)
    return f"{server.address}/v1/sops/keys/app"


def sops(server, *arguments, token=None):
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("VAULT_", "SOPS_", "COFFER_"))}
    environment |= {"VAULT_ADDR": server.address, "VAULT_TOKEN": token or server.token, "SOPS_DISABLE_VERSION_CHECK": "true"}
    return subprocess.run([SOPS, *arguments], env=environment, capture_output=True, text=True, timeout=60)


@pytest.fixture
def sealed(server, key, tmp_path):
    plain = tmp_path / "app.json"
    plain.write_text(json.dumps(SECRET))
    done = sops(server, "encrypt", "--hc-vault-transit", key, str(plain))
    assert done.returncode == 0, done.stderr
    assert "kept-by-sops" not in done.stdout and json.loads(done.stdout)["sops"]["hc_vault"][0]["key_name"] == "app"
    file = tmp_path / "app.enc.json"
    file.write_text(done.stdout)
    return file


def test_it_reads_what_it_wrote(server, sealed):
    done = sops(server, "decrypt", str(sealed))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == SECRET


def test_it_still_reads_after_the_key_was_rotated(server, sealed):
    server.post("sops/keys/app/rotate", {}).expect(200, 204)
    assert json.loads(sops(server, "decrypt", str(sealed)).stdout) == SECRET
    again = sops(server, "rotate", "--in-place", str(sealed))
    assert again.returncode == 0, again.stderr
    assert json.loads(sops(server, "decrypt", str(sealed)).stdout) == SECRET
    assert json.loads(sealed.read_text())["sops"]["hc_vault"][0]["enc"].startswith("vault:v")


def test_a_token_that_may_not_decrypt_reads_nothing(server, sealed):
    writer = server.new_token('path "sops/encrypt/app" { capabilities = ["update"] }')
    done = sops(server, "decrypt", str(sealed), token=writer)
    assert done.returncode != 0 and "kept-by-sops" not in done.stdout + done.stderr
