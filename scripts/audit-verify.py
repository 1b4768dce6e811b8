#!/usr/bin/env python3
"""Verifies the hash chain of a Coffer audit file. Standard library only; see docs/formats/audit.md.

usage: audit-verify.py FILE [--checkpoint SEQ:MAC] < KEY

KEY is the device's chain key in hex, or the JSON that `sys/audit-chain-key/<path>` answers
(which brings its checkpoint with it). Exit code 0: intact, 1: a line is wrong, 2: usage.
"""

import hashlib
import hmac
import json
import re
import sys

LINE = re.compile(
    rb'\{"seq":([1-9][0-9]{0,18}),"seg":"([0-9a-f]{16})",(.+),"prev":"([0-9a-f]{64})","mac":"([0-9a-f]{64})"\}', re.DOTALL)
TYPE = re.compile(rb'"time":"[^"]*","type":"([a-z]+)"')
LINE_BYTES_MAX = 64 << 20


def segment_key(device_key, segment):
    """HKDF-SHA256 with an empty salt, one block."""
    pseudorandom = hmac.digest(b"\0" * 32, device_key, "sha256")
    return hmac.digest(pseudorandom, b"coffer audit segment v1:" + segment + b"\x01", "sha256")


def verify(lines, key_of, live, checkpoint):
    """(line number, reason) of the first thing that is wrong, or None."""
    number, last, mac, segment, ended, unverified = 0, None, None, None, False, 0
    for line in lines:
        number += 1
        if not line.endswith(b"\n"):
            return number, "the last line is incomplete" if len(line) <= LINE_BYTES_MAX else "not a line of an audit file"
        match = LINE.fullmatch(line[:-1])
        if not match:
            return number, "not a line of an audit file"
        sequence, line_segment, content, previous, line_mac = match.groups()
        linked = last is None or (int(sequence) == last + 1 and previous == mac)
        if line_segment == live:
            if not unverified and not linked:
                return number, "the line does not follow the one before"
            unverified += 1
            continue
        if unverified:
            return number, "a segment does not begin where it should"
        key = key_of(line_segment)
        if key is None:
            return number, "sealed with a key that is not at hand"
        sealed = line[: match.start(5) - len(b',"mac":"')]
        if hmac.new(key, sealed, hashlib.sha256).hexdigest().encode() != line_mac:
            return number, "the line was changed"
        if not linked:
            return number, "lines are missing, repeated or out of order before this one"
        kind = TYPE.match(content)
        kind = kind.group(1) if kind else b""
        if (kind == b"segment") != (line_segment != segment) or (ended and line_segment == segment):
            return number, "a segment does not begin where it should"
        if last is None and content.endswith((b'"start":"continued"', b'"start":"rolled"')):
            return number, "lines before this one are missing"
        if kind == b"break":
            return number, "the server itself found the file damaged when it opened it"
        if checkpoint and int(sequence) == checkpoint[0] and line_mac != checkpoint[1]:
            return number, "not the line that the checkpoint knows"
        last, mac, segment, ended = int(sequence), line_mac, line_segment, kind == b"end"
    if number == 0:
        return 0, "the file holds no lines"
    if checkpoint and (last is None or last < checkpoint[0]):
        return number, "lines after this one are missing"
    return None


def read_lines(file):
    while True:
        line = file.readline(LINE_BYTES_MAX + 1)
        if not line:
            return
        yield line


def main(arguments):
    checkpoint = None
    if len(arguments) == 3 and arguments[1] == "--checkpoint":
        sequence, _, mac = arguments[2].partition(":")
        checkpoint = (int(sequence), mac.encode())
    elif len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    text, live = sys.stdin.read().strip(), None
    if text.startswith("{"):
        answer = json.loads(text)
        keys = {name.encode(): bytes.fromhex(value) for name, value in answer["keys"].items()}
        live = answer["live_segment"].encode()
        checkpoint = checkpoint or (answer["checkpoint"]["seq"], answer["checkpoint"]["mac"].encode())
        key_of = keys.get
    else:
        device_key, cache = bytes.fromhex(text), {}

        def key_of(segment):
            if segment not in cache:
                cache.clear()
                cache[segment] = segment_key(device_key, segment)
            return cache[segment]

    with open(arguments[0], "rb") as file:
        wrong = verify(read_lines(file), key_of, live, checkpoint)
    if wrong:
        print(f"line {wrong[0]}: {wrong[1]}")
        return 1
    print("intact")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
