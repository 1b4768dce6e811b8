"""Numbers in records that a caller supplies, work that a request asks for, and what a dying server prints."""

import base64
import concurrent.futures
import signal
import struct

import pytest

SIGNED_MAX, SIGNED_MIN = 2**63 - 1, -(2**63)
MARK = b"coffer-transit-backup/1\0"
TYPES = [
    "aes128-gcm96", "aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305", "xaes256-gcm", "ed25519", "ecdsa-p256",
    "ecdsa-p384", "ecdsa-p521", "rsa-2048", "hmac", "ml-dsa-65", "ml-dsa-87", "ml-kem-768", "ml-kem-1024", "x-wing",
]


def b64(value):
    return base64.b64encode(value if isinstance(value, bytes) else value.encode()).decode()


@pytest.fixture(scope="module")
def transit(server):
    server.mount("transit", "transit")
    server.post("transit/keys/k", {"exportable": True, "allow_plaintext_backup": True}).expect(200)
    return server


def parts(server):
    """A good backup taken apart: what is before the numbers, five numbers, four more, the rest."""
    blob = base64.b64decode(server.get("transit/backup/k").expect(200).data["backup"])
    start = len(MARK) + 4 + 1 + 3  # the mark, the name "k" with its length; format, type and flags
    return blob[:start], list(struct.unpack(">9q", blob[start : start + 72])), blob[start + 72 :]


def joined(before, numbers, rest):
    return b64(before + struct.pack(">9q", *numbers) + rest)


def with_version(rest, number, created=None):
    count, _, old = rest[:4], rest[4:12], rest[12:20]
    return count + struct.pack(">q", number) + (old if created is None else struct.pack(">q", created)) + rest[20:]


def test_made_up_numbers_in_a_backup_are_refused(transit):
    before, numbers, rest = parts(transit)
    transit.post("transit/restore/good", {"backup": joined(before, numbers, rest)}).expect(204)
    harmless = {(3, 10**9 + 1), (5, -1), (5, 10**9 + 1)}  # a period of 31 years, moments of 1969 and 2001
    for place in range(9):
        for value in (SIGNED_MIN, -1, 10**9 + 1, SIGNED_MAX):
            if (place, value) in harmless:
                continue
            changed = list(numbers)
            changed[place] = value
            blob = joined(before, changed, rest)
            transit.post("transit/restore/bad", {"backup": blob, "force": True}).expect(400)
    for number in (SIGNED_MIN, -1, 0, 10**9, SIGNED_MAX):
        transit.post("transit/restore/bad", {"backup": joined(before, numbers, with_version(rest, number)), "force": True}).expect(400)
    for created in (SIGNED_MIN, SIGNED_MAX):
        transit.post("transit/restore/bad", {"backup": joined(before, numbers, with_version(rest, 1, created))}).expect(400)
    transit.get("transit/keys/bad").expect(404)
    transit.get("transit/keys/good").expect(200)
    assert transit.is_running()


def test_derived_keys_of_every_type(transit):
    """GHSA-8w8f-r2xv-4q4j: what cannot be derived is refused, and nothing dies of asking."""
    for kind in TYPES:
        derives = kind in TYPES[:6]
        for convergent in (False, True):
            name = f"d-{kind}-{convergent}"
            expected = 200 if derives and not (convergent and kind == "ed25519") else 400
            transit.post(f"transit/keys/{name}", {"type": kind, "derived": True, "convergent_encryption": convergent}).expect(expected)
            for path, body in (
                ("encrypt", {"plaintext": b64("x"), "context": b64("c"), "type": kind}), ("sign", {"input": b64("x"), "context": b64("c")}),
                ("hmac", {"input": b64("x")}),
            ):
                assert transit.post(f"transit/{path}/{name}", body).status in (200, 400, 404)
            assert transit.get(f"transit/keys/{name}?context={b64('c')}").status in (200, 404)
    # By a backup, too: the flag is one bit of it.
    before, numbers, rest = parts(transit)
    for kind in range(1, 19):
        for flags in range(0, 128, 3):
            head = before[:-2] + bytes([kind, flags])
            assert transit.post("transit/restore/flagged", {"backup": joined(head, numbers, rest), "force": True}).status in (204, 400)
    assert transit.is_running()


def test_batches_of_sign_verify_and_hmac_tell_by_item(transit):
    transit.post("transit/keys/ed", {"type": "ed25519"}).expect(200)
    for path in ("sign/ed", "hmac/ed"):
        reply = transit.post(f"transit/{path}", {"batch_input": [{"input": b64("hello")}, {"input": "bad!", "reference": "r"}]}).expect(200)
        good, bad = reply.data["batch_results"]
        assert "error" not in good and bad["error"] and bad["reference"] == "r"
    signature = transit.post("transit/sign/ed", {"input": b64("hello")}).expect(200).data["signature"]
    items = [{"input": b64("hello"), "signature": signature}, {"input": "bad!", "signature": signature}]
    good, bad = transit.post("transit/verify/ed", {"batch_input": items}).expect(200).data["batch_results"]
    assert good["valid"] is True and bad["valid"] is False and bad["error"]
    assert transit.post("transit/verify/ed", {"batch_input": items, "partial_failure_response_code": 207}).status == 207


def test_a_batch_warns_of_what_it_does_not_read(transit):
    transit.post("transit/keys/versions", {}).expect(200)
    transit.post("transit/keys/versions/rotate").expect(200)
    reply = transit.post("transit/encrypt/versions", {"key_version": 1, "batch_input": [{"plaintext": b64("x")}]}).expect(200)
    assert "key_version" in reply.json["warnings"][0]
    assert reply.data["batch_results"][0]["ciphertext"].startswith("vault:v2:")


def test_long_requests_hold_up_nobody(transit):
    """More long batches at once than there are processors: others are answered meanwhile."""
    transit.post("transit/keys/rsa", {"type": "rsa-4096"}, timeout=120).expect(200)
    refusal = transit.post("transit/sign/rsa", {"batch_input": [{"input": b64("x")}] * 1251}).expect(400)
    assert "one request may have 1250 of them" in refusal.errors[0]
    items = {"batch_input": [{"input": b64("x")}] * 300}
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        long = [pool.submit(transit.post, "transit/sign/rsa", items, timeout=120) for _ in range(4)]
        rounds = 0
        while not all(one.done() for one in long):
            transit.get("secret/data/none", timeout=20).expect(404)
            transit.post("transit/encrypt/k", {"plaintext": b64("x")}, timeout=20).expect(200)
            transit.post("transit/sign/rsa", {"input": b64("x")}, timeout=20).expect(200)
            rounds += 1
        for one in long:
            assert len(one.result().expect(200).data["batch_results"]) == 300
    assert rounds > 3


@pytest.mark.parametrize("death", [signal.SIGILL, signal.SIGABRT, signal.SIGSEGV, signal.SIGTRAP])
def test_a_dying_server_prints_no_memory(new_server, death):
    server = new_server().ready()
    before = len(server.log())
    server.process.send_signal(death)
    assert server._reap(60) != 0
    said = server.log()[before:]
    for trace in ("Registers", "rax", "x0 0x", "Crash", "Thread 0", "Backtrace took"):
        assert trace not in said, said[:2000]
