"""hvac's whole transit class, the command line, upserts under policies, and that plaintexts stay inside."""

import base64
import json

import canary
import hvac
import pytest
from hvac import exceptions


def b64(text):
    return base64.b64encode(text if isinstance(text, bytes) else text.encode()).decode()


@pytest.fixture(scope="module")
def transit(server):
    server.mount("transit", "transit")
    return hvac.Client(url=server.address, token=server.token).secrets.transit


SYMMETRIC = ["aes256-gcm96", "chacha20-poly1305"]
SIGNING = ["ed25519", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "rsa-2048"]


@pytest.mark.parametrize("kind", SYMMETRIC + SIGNING + ["rsa-3072", "rsa-4096"])
def test_create_and_read(transit, kind):
    transit.create_key(f"made-{kind}", key_type=kind)
    shown = transit.read_key(f"made-{kind}")["data"]
    assert shown["type"] == kind and shown["latest_version"] == 1 and shown["min_decryption_version"] == 1
    version = shown["keys"]["1"]
    assert isinstance(version, int) if kind in SYMMETRIC else version["public_key"]
    assert f"made-{kind}" in transit.list_keys()["data"]["keys"]


@pytest.mark.parametrize("kind", SYMMETRIC + ["rsa-2048"])
def test_encrypt_decrypt_rewrap(transit, kind):
    transit.create_key(f"sealing-{kind}", key_type=kind)
    sealed = transit.encrypt_data(f"sealing-{kind}", plaintext=b64("hello world"))["data"]["ciphertext"]
    assert sealed.startswith("vault:v1:")
    assert transit.decrypt_data(f"sealing-{kind}", ciphertext=sealed)["data"]["plaintext"] == b64("hello world")
    assert transit.rotate_key(f"sealing-{kind}")
    again = transit.rewrap_data(f"sealing-{kind}", ciphertext=sealed)["data"]["ciphertext"]
    assert again.startswith("vault:v2:")
    assert transit.decrypt_data(f"sealing-{kind}", ciphertext=again)["data"]["plaintext"] == b64("hello world")


def test_contexts_convergence_and_associated_data(transit):
    transit.create_key("derived", derived=True, convergent_encryption=True)
    seal = lambda context: transit.encrypt_data("derived", plaintext=b64("x"), context=b64(context))["data"]["ciphertext"]
    assert seal("one") == seal("one") != seal("two")
    assert transit.decrypt_data("derived", ciphertext=seal("one"), context=b64("one"))["data"]["plaintext"] == b64("x")
    with pytest.raises(exceptions.InvalidRequest):
        transit.decrypt_data("derived", ciphertext=seal("one"), context=b64("two"))
    transit.create_key("bound")
    sealed = transit.encrypt_data("bound", plaintext=b64("x"), associated_data=b64("row"))["data"]["ciphertext"]
    assert transit.decrypt_data("bound", ciphertext=sealed, associated_data=b64("row"))["data"]["plaintext"] == b64("x")
    with pytest.raises(exceptions.InvalidRequest):
        transit.decrypt_data("bound", ciphertext=sealed)
    with pytest.raises(exceptions.InvalidRequest):
        transit.encrypt_data("bound", plaintext=b64("x"), nonce=b64("0123456789ab"))


def test_batches(transit, server):
    transit.create_key("batched")
    items = [{"plaintext": b64(f"item {n}"), "reference": str(n)} for n in range(20)]
    sealed = transit.encrypt_data("batched", batch_input=items)["data"]["batch_results"]
    assert [item["reference"] for item in sealed] == [str(n) for n in range(20)]
    opened = transit.decrypt_data("batched", batch_input=[{"ciphertext": item["ciphertext"]} for item in sealed])["data"]["batch_results"]
    assert [item["plaintext"] for item in opened] == [item["plaintext"] for item in items]
    mixed = {"batch_input": [items[0], {"plaintext": "?"}]}
    reply = server.post("transit/encrypt/batched", mixed)
    assert reply.status == 400 and reply.data["batch_results"][0]["ciphertext"]
    reply = server.post("transit/encrypt/batched", {**mixed, "partial_failure_response_code": 202})
    assert reply.status == 202 and reply.data["batch_results"][1]["error"]


@pytest.mark.parametrize("kind", ["plaintext", "wrapped"])
@pytest.mark.parametrize("bits", [128, 256, 512])
def test_data_keys(transit, kind, bits):
    transit.create_key("wrapping")
    made = transit.generate_data_key("wrapping", key_type=kind, bits=bits)["data"]
    opened = transit.decrypt_data("wrapping", ciphertext=made["ciphertext"])["data"]["plaintext"]
    assert len(base64.b64decode(opened)) == bits // 8 and made.get("plaintext") in (None, opened)


def test_random_and_hashes(transit):
    assert len(base64.b64decode(transit.generate_random_bytes(n_bytes=48)["data"]["random_bytes"])) == 48
    assert len(transit.generate_random_bytes(n_bytes=8, output_format="hex")["data"]["random_bytes"]) == 16
    assert transit.hash_data(b64("abc"), algorithm="sha2-256")["data"]["sum"].startswith("ba7816bf")
    assert transit.hash_data(b64("abc"), algorithm="sha2-512", output_format="base64")["data"]["sum"].startswith("3a81oZNherrM")


@pytest.mark.parametrize("algorithm", ["sha2-224", "sha2-256", "sha2-384", "sha2-512"])
def test_hmac(transit, algorithm):
    transit.create_key("authenticating")
    code = transit.generate_hmac("authenticating", hash_input=b64("x"), algorithm=algorithm)["data"]["hmac"]
    check = lambda text: transit.verify_signed_data("authenticating", hash_input=b64(text), hmac=code, hash_algorithm=algorithm)
    assert check("x")["data"]["valid"] is True and check("y")["data"]["valid"] is False


@pytest.mark.parametrize("kind", SIGNING)
@pytest.mark.parametrize("marshaling", ["asn1", "jws"])
def test_signatures(transit, kind, marshaling):
    transit.create_key(f"signing-{kind}", key_type=kind)
    made = transit.sign_data(f"signing-{kind}", hash_input=b64("x"), marshaling_algorithm=marshaling)["data"]["signature"]
    check = lambda text: transit.verify_signed_data(
        f"signing-{kind}", hash_input=b64(text), signature=made, marshaling_algorithm=marshaling)["data"]["valid"]
    assert check("x") is True and check("y") is False


@pytest.mark.parametrize("algorithm", ["pss", "pkcs1v15"])
@pytest.mark.parametrize("salt", ["auto", "hash", "16"])
def test_rsa_signatures(transit, algorithm, salt):
    transit.create_key("signing-rsa", key_type="rsa-2048")
    options = {"signature_algorithm": algorithm, "salt_length": salt, "hash_algorithm": "sha2-512"}
    made = transit.sign_data("signing-rsa", hash_input=b64("x"), **options)["data"]["signature"]
    assert transit.verify_signed_data("signing-rsa", hash_input=b64("x"), signature=made, **options)["data"]["valid"] is True


def test_configure_export_backup_restore_trim_delete(transit):
    transit.create_key("kept", exportable=True, allow_plaintext_backup=True)
    sealed = transit.encrypt_data("kept", plaintext=b64("x"))["data"]["ciphertext"]
    transit.rotate_key("kept")
    exported = transit.export_key("kept", key_type="encryption-key")["data"]["keys"]
    assert set(exported) == {"1", "2"}
    assert transit.export_key("kept", key_type="hmac-key", version="1")["data"]["keys"].keys() == {"1"}
    backup = transit.backup_key("kept")["data"]["backup"]
    with pytest.raises(exceptions.InvalidRequest):
        transit.delete_key("kept")
    transit.update_key_configuration("kept", deletion_allowed=True)
    transit.delete_key("kept")
    with pytest.raises(exceptions.InvalidPath):
        transit.read_key("kept")
    transit.restore_key(backup)
    assert transit.decrypt_data("kept", ciphertext=sealed)["data"]["plaintext"] == b64("x")
    transit.restore_key(backup, name="copied", force=True)
    # hvac itself refuses both at once when they are equal.
    transit.update_key_configuration("kept", min_encryption_version=2)
    transit.update_key_configuration("kept", min_decryption_version=2)
    with pytest.raises(exceptions.InvalidRequest):
        transit.decrypt_data("kept", ciphertext=sealed)
    transit.trim_key("kept", min_version=2)
    assert set(transit.read_key("kept")["data"]["keys"]) == {"2"}


def test_every_method_is_covered():
    source = open(__file__).read()
    methods = [name for name in vars(hvac.api.secrets_engines.Transit) if not name.startswith("_")]
    assert len(methods) >= 19
    assert [name for name in methods if f"transit.{name}(" not in source] == []


@pytest.mark.parametrize("kind", ["ml-kem-768", "ml-kem-1024", "x-wing", "xaes256-gcm", "xchacha20-poly1305", "aes128-gcm96"])
def test_types_that_hvac_does_not_know(transit, server, kind):
    server.post(f"transit/keys/new-{kind}", {"type": kind}).expect(200)
    sealed = transit.encrypt_data(f"new-{kind}", plaintext=b64("x"))["data"]["ciphertext"]
    assert transit.decrypt_data(f"new-{kind}", ciphertext=sealed)["data"]["plaintext"] == b64("x")


def test_command_line(new_server):
    server = new_server().ready()
    run = lambda *words: server.cli(*words)
    assert run("secrets", "enable", "transit").returncode == 0
    done = run("write", "-f", "transit/keys/data-encryption")
    assert done.returncode == 0, done.stderr
    done = run("write", "-format=json", "transit/encrypt/data-encryption", "plaintext=" + b64("hello"))
    sealed = json.loads(done.stdout)["data"]["ciphertext"]
    done = run("write", "-format=json", "transit/decrypt/data-encryption", "ciphertext=" + sealed)
    assert base64.b64decode(json.loads(done.stdout)["data"]["plaintext"]) == b"hello"
    server.stop()
    server.start()
    done = run("write", "-field=plaintext", "transit/decrypt/data-encryption", "ciphertext=" + sealed)
    assert base64.b64decode(done.stdout) == b"hello"


def test_the_requests_of_sops(new_server):
    """sops keeps the data key of a file as ciphertext of a transit key, for years: these are its two requests."""
    server = new_server().ready()
    server.mount("sops", "transit")
    server.put("sops/keys/files").expect(200, 204)
    data_key = bytes(range(32))
    sealed = server.put("sops/encrypt/files", {"plaintext": b64(data_key)}).expect(200).data["ciphertext"]
    prefix, version, body = sealed.split(":")
    assert (prefix, version) == ("vault", "v1") and len(base64.b64decode(body, validate=True)) == 12 + len(data_key) + 16
    server.put("sops/keys/files/rotate").expect(200, 204)
    server.stop()
    server.start()
    assert server.put("sops/decrypt/files", {"ciphertext": sealed}).expect(200).data["plaintext"] == b64(data_key)
    assert server.put("sops/encrypt/files", {"plaintext": b64(data_key)}).expect(200).data["ciphertext"].startswith("vault:v2:")
    # What sops would keep of a refusal.
    assert server.put("sops/decrypt/files", {"ciphertext": sealed[:-8] + "AAAAAAA="}).status == 400


def test_a_key_is_made_by_encrypting_only_with_the_right_to_create(transit, server):
    transit.create_key("there")
    update = server.new_token('path "transit/encrypt/*" { capabilities = ["update"] }')
    both = server.new_token('path "transit/encrypt/*" { capabilities = ["create", "update"] }')
    body = {"plaintext": b64("x")}
    server.post("transit/encrypt/there", body, token=update).expect(200)
    server.post("transit/encrypt/not-there", body, token=update).expect(403)
    assert "not-there" not in transit.list_keys()["data"]["keys"]
    server.post("transit/encrypt/not-there", body, token=both).expect(200)
    assert "not-there" in transit.list_keys()["data"]["keys"]
    # The root token may do anything, so the server asks for creation when it sees that there is no key.
    server.post("transit/encrypt/not-there-either", body).expect(200)


def test_plaintexts_and_keys_stay_inside(new_server):
    server = new_server(settings='log_level = "trace"').ready()
    server.mount("transit", "transit")
    server.post("transit/keys/k", {"exportable": True}).expect(200)
    planted = []
    for n in range(30):
        planted.append(canary.make())
        sealed = server.post("transit/encrypt/k", {"plaintext": b64(planted[-1])}).expect(200).data["ciphertext"]
        server.post("transit/decrypt/k", {"ciphertext": sealed}).expect(200)
        planted.append(canary.make())
        server.post("transit/hmac/k", {"input": b64(planted[-1])}).expect(200)
        planted.append(canary.make())
        server.post("transit/encrypt/k", {"plaintext": planted[-1] + "!"}).expect(400)
        server.post("transit/decrypt/k", {"ciphertext": "vault:v1:" + planted[-1]}).expect(400)
        server.post("transit/keys/x", {"type": planted[-1]}).expect(400)
    planted.append(server.get("transit/export/encryption-key/k").expect(200).data["keys"]["1"])
    files = {p.name: p for p in [*server.database_files(), *server.audit_directory.iterdir(), server.log_path]}
    assert canary.leaks({name: path.read_bytes() for name, path in files.items()}, planted) == []
