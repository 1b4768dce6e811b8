"""Every disguise in which a planted secret could leave the barrier."""

import base64
import json
import secrets
import urllib.parse


def make(label="canary"):
    """Recognisable, and with characters that URL and JSON encoders change."""
    return f'{label}-{secrets.token_hex(12)}/+"é\\{secrets.token_hex(6)}'


def disguises(secret):
    """name -> bytes to look for."""
    raw = secret.encode()
    plain = secret.split("/")[0].encode()  # survives every encoder
    plain = plain if len(plain) >= 12 else raw
    found = {
        "raw": raw, "raw start": plain, "hex": raw.hex().encode(), "HEX": raw.hex().upper().encode(),
        "json": json.dumps(secret)[1:-1].encode(), "json utf-8": json.dumps(secret, ensure_ascii=False)[1:-1].encode(),
        "url": urllib.parse.quote(secret, safe="").encode(), "url plus": urllib.parse.quote_plus(secret).encode(),
        "utf-16le": plain.decode().encode("utf-16-le"), "utf-16be": plain.decode().encode("utf-16-be"),
        "hex start": plain.hex().encode(), "reversed": plain[::-1],
    }
    for offset in range(3):
        for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
            # Characters that depend on the neighbours are cut from both ends.
            whole = encode(b"\0" * offset + raw).rstrip(b"=")
            found[f"{name} at {offset}"] = whole[4 if offset else 0:-4]
    return found


def leaks(haystacks, secrets_):
    """(place, disguise) of every planted secret that shows. Haystacks: name -> bytes."""
    shown = []
    for secret in secrets_:
        for disguise, needle in disguises(secret).items():
            assert len(needle) >= 12
            shown += [(place, disguise, secret.split("-")[0]) for place, data in haystacks.items() if needle in data]
    return shown
