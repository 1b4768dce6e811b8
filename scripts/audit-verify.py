#!/usr/bin/env python3
"""Verifies the hash chain of a Coffer audit file. Standard library only; see docs/formats/audit.md.

usage: audit-verify.py FILE [--checkpoint SEQ:MAC] < KEY

KEY is what `coffer audit keys` prints or `sys/audit-verify/<path>` answers (which brings its checkpoint with it), or the
device's chain key in hex. Exit code 0: intact, 2: a line is wrong, 3: these keys cannot tell, 1: usage.
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


def verify(lines, key_of, live, checkpoint, is_copy, accessor=None):
    """Exit code, line number and reason of the first thing that is wrong or, where nothing is, in doubt."""
    number, last, verified, mac, segment, ended, live_seen, doubt = 0, None, None, None, None, False, False, None
    is_checkpoint_here = checkpoint is not None and checkpoint[2] is None
    for line in lines:
        number += 1
        if not line.endswith(b"\n"):
            if len(line) > LINE_BYTES_MAX:
                return 2, number, "not a line of an audit file"
            if is_copy:
                doubt = doubt or (number, "the copy ends inside a line")
            elif not checkpoint or verified is None or verified < checkpoint[0]:
                return 2, number, "the last line is incomplete"
            break
        match = LINE.fullmatch(line[:-1])
        if not match:
            return 2, number, "not a line of an audit file"
        sequence, line_segment, content, previous, line_mac = match.groups()
        is_checkpoint_here = is_checkpoint_here or (checkpoint is not None and line_segment == checkpoint[2])
        linked = last is None or (int(sequence) == last + 1 and previous == mac)
        if number == 1 and is_copy and accessor and b'"type":"segment"' in content:
            writer = re.search(rb',"accessor":"([^"]*)"', content)
            if writer and writer.group(1) != accessor:
                return 3, number, "written by another audit device"
        key = None if line_segment == live else key_of(line_segment)
        if key is None:
            if not linked:
                return 2, number, "the line does not follow the one before"
            if line_segment == live:
                live_seen = True
            elif is_copy or not live_seen:
                doubt = doubt or (number, "no key for the segment")
            last, mac, segment, ended = int(sequence), line_mac, line_segment, False
            continue
        if live_seen:
            return 2, number, "a segment does not begin where it should"
        sealed = line[: match.start(5) - len(b',"mac":"')]
        if hmac.new(key, sealed, hashlib.sha256).hexdigest().encode() != line_mac:
            return 2, number, "the line was changed"
        if not linked:
            return 2, number, "lines are missing, repeated or out of order before this one"
        kind = TYPE.match(content)
        kind = kind.group(1) if kind else b""
        if (kind == b"segment") != (line_segment != segment) or (ended and line_segment == segment):
            return 2, number, "a segment does not begin where it should"
        if last is None and content.endswith((b'"start":"continued"', b'"start":"rolled"')):
            return 2, number, "lines before this one are missing"
        if kind == b"break":
            return 2, number, "the server itself found the file damaged when it opened it"
        if checkpoint and int(sequence) == checkpoint[0] and line_mac != checkpoint[1]:
            return 2, number, "not the line that the checkpoint knows"
        last, mac, segment, ended = int(sequence), line_mac, line_segment, kind == b"end"
        verified = last
    if number == 0:
        return 2, 0, "the file holds no lines"
    reached = is_checkpoint_here and verified is not None and verified >= checkpoint[0]
    # A rotated file ends where it ends; the checkpoint is the end of the file that came after it.
    if is_checkpoint_here and not reached:
        if not is_copy:
            return 2, number, "lines after this one are missing"
        doubt = doubt or (number, "the copy is older than the keys, or lines were removed from its end")
    if is_copy and not reached and not ended:
        doubt = doubt or (number, "the file was not closed in good order, and its end is in no checkpoint")
    return (3, *doubt) if doubt else (0, number, "intact")


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
        checkpoint = (int(sequence), mac.encode(), None)
    elif len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 1
    text, live, accessor = sys.stdin.read().strip(), None, None
    if text.startswith("{"):
        answer = json.loads(text)
        answer = answer.get("data", answer)
        keys = {name.encode(): bytes.fromhex(value) for name, value in answer["keys"].items()}
        live = answer["live_segment"].encode()
        accessor = answer.get("accessor", "").encode()
        if not checkpoint:
            known = answer["checkpoint"]
            checkpoint = (known["seq"], known["mac"].encode(), known["seg"].encode())
        key_of = keys.get
    else:
        device_key, cache = bytes.fromhex(text), {}

        def key_of(segment):
            if segment not in cache:
                cache.clear()
                cache[segment] = segment_key(device_key, segment)
            return cache[segment]

    is_copy = text.startswith("{")
    try:
        with open(arguments[0], "rb") as file:
            code, number, reason = verify(read_lines(file), key_of, live, checkpoint, is_copy, accessor)
    except OSError as error:
        print(f"cannot open {arguments[0]}: {error.strerror}", file=sys.stderr)
        return 1
    if is_copy and code == 2 and number <= 1 and reason in ("not a line of an audit file", "the file holds no lines"):
        print(f"{arguments[0]} is not an audit file: {reason}")
        return 1
    print(reason if code == 0 else f"line {number}: {reason}")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
