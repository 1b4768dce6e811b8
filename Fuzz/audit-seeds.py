#!/usr/bin/env python3
"""Writes Fuzz/seeds/audit: small audit files as docs/formats/audit.md describes them, for the fuzzer to start from.

Their key is 32 times the byte 8: no secret. Those named `intact-…` verify, the others show one kind of damage each.
"""

import hashlib
import hmac
import importlib.util
import json
import pathlib

HERE = pathlib.Path(__file__).resolve().parent
KEY = bytes([8]) * 32

specification = importlib.util.spec_from_file_location("audit_verify", HERE.parent / "scripts/audit-verify.py")
verifier = importlib.util.module_from_spec(specification)
specification.loader.exec_module(verifier)


class Chain:
    def __init__(self):
        self.sequence, self.mac, self.segment, self.lines = 0, "0" * 64, "", []

    def line(self, kind, **members):
        self.sequence += 1
        content = json.dumps({"time": "2026-01-01T00:00:00.000000000Z", "type": kind, **members}, separators=(",", ":"))[1:-1]
        sealed = f'{{"seq":{self.sequence},"seg":"{self.segment}",{content},"prev":"{self.mac}"'.encode()
        key = verifier.segment_key(KEY, self.segment.encode())
        self.mac = hmac.new(key, sealed, hashlib.sha256).hexdigest()
        self.lines.append(sealed + f',"mac":"{self.mac}"}}\n'.encode())
        return self

    def segment_begins(self, name, start):
        self.segment = hashlib.sha256(name.encode()).hexdigest()[:16]
        return self.line("segment", version=1, node="n", device="file/", accessor="a", start=start)

    def exchange(self, data="hmac-sha256:" + "0" * 64):
        request = {"id": "r", "operation": "read", "path": "secret/data/a", "data": {"k": data}}
        return self.line("request", request=request).line("response", request=request, response={"data": {"k": data}})

    def end(self):
        return self.line("end")

    @property
    def text(self):
        return b"".join(self.lines)


def seeds():
    whole = Chain().segment_begins("a", "new").exchange().end()
    yield "intact-one-segment", whole.text
    yield "intact-unfinished", Chain().segment_begins("a", "new").exchange().text
    yield "intact-continued", Chain().segment_begins("a", "new").exchange().end().segment_begins("b", "continued").exchange().end().text
    yield "intact-rolled", Chain().segment_begins("a", "new").segment_begins("b", "rolled").exchange().text
    repaired = Chain().segment_begins("a", "new").exchange().segment_begins("b", "continued")
    yield "intact-repaired", repaired.line("repair", removed_bytes=3, removed_sha256="0" * 64).end().text
    rotated = Chain().segment_begins("a", "new").end()
    rotated.lines = []
    yield "intact-rotated", rotated.segment_begins("b", "elsewhere").exchange().end().text
    broken = Chain().segment_begins("a", "new").segment_begins("b", "broken")
    yield "broken-recorded", broken.line("break", reason="r", file_bytes=0, expected_seq=1).exchange().text
    yield "broken-changed", whole.text.replace(b'"read"', b'"list"', 1)
    yield "broken-removed", b"".join(whole.lines[:1] + whole.lines[2:])
    yield "broken-swapped", b"".join([whole.lines[0], whole.lines[2], whole.lines[1], whole.lines[3]])
    yield "broken-torn", whole.text[:-20]
    yield "broken-beginning", b"".join(repaired.lines[3:])
    yield "broken-after-end", Chain().segment_begins("a", "new").end().exchange().text


folder = HERE / "seeds/audit"
folder.mkdir(parents=True, exist_ok=True)
for name, text in seeds():
    found = verifier.verify(iter(text.splitlines(keepends=True)), lambda s: verifier.segment_key(KEY, s), None, None, False)
    assert (found[0] == 0) == name.startswith("intact"), (name, found)
    (folder / name).write_bytes(text)
