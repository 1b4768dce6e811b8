"""Secrets as variables: what a value and a name can do to the shell and the program that take them."""

import io
import json
import os
import subprocess

import pytest
import yaml
from dotenv import dotenv_values
from harness import BINARY, clean_environment

PLACE = ("-project=shop", "-env=prod")

#: Values that every reader of `.env` files reads alike.
ALIKE = {
    "PLAIN": "k-1", "EMPTY": "", "COLOR": "#FF0000", "COMMENT": "a # b", "SPACES": "  a  ", "DOLLARS": "pa$$word$1", "COMMAND": "$(id)`id`",
    "SAY": 'say "hi"', "JSON": '{"a":"b\\n"}', "BACKSLASH": "a\\nb\\c", "QUOTE": "it's", "LINES": "line 1\nline 2\n", "QUOTED_LINES": "it's\nb",
    "TAB": "a\tb", "MARKS": "e\u0301\u0d4e", "BANG": "a!b", "TILDE": "~/x", "STAR": "*", "PERCENT": "%s%n", "EQUALS": "=a=b", "URL": "https://u:p@h/p?a=1&b=2#f",
    "MARK_FIRST": "\u0301x", "DOUBLE_MARK": 'a"\u0301b', "WIDE": "\u3000\u2028x",
}

#: Values that at least one of them reads in another way, whatever the form; a shell reads all of these as they are.
OTHER = {
    "ATTACK": "x'\u0301;id>pwned;'\u0301", "BRACES": "${HOME}$(id>pwned)", "MIXED": "it's $5 `id>pwned` \\ \"x\"", "PAIR": "a\\\\b", "LAST": "a\\",
    "PREPENDED": "\u0d4e'\u0d4e;id>pwned;'", "RETURN": "a\rb", "DOS": "a\r\nb", "QUOTE_BRACES": "'${X}'", "ESCAPED": "\\'$x\\\"", "NEWLINE_QUOTE": "'\n';id>pwned;'",
}
VALUES = ALIKE | OTHER


@pytest.fixture(scope="module")
def shop(server):
    server.mount("services", version="2")
    for name, value in VALUES.items():
        server.post(f"services/data/shop/prod/{name}", {"data": {"value": value}}).expect(200)
    return server


def store(server, env, **values):
    for name, value in values.items():
        server.post(f"services/data/shop/{env}/{name}", {"data": {"value": value}}).expect(200)


def shown(server, *arguments, env="prod"):
    done = subprocess.run(
        [str(BINARY), "service", "env", "-project=shop", f"-env={env}", *arguments], capture_output=True, timeout=60,
        env=clean_environment(VAULT_ADDR=server.address, VAULT_TOKEN=server.token, HOME=str(server.directory)))
    assert done.returncode == 0, done.stderr
    return done.stdout


def variables_of(shell, script, directory):
    """What the shell, and so its children, have after running the script."""
    done = subprocess.run([shell, "-c", script + "\nenv -0"], capture_output=True, cwd=directory, timeout=60)
    return dict(item.split("=", 1) for item in done.stdout.decode().split("\0") if "=" in item), done.stderr.decode()


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_what_is_evaluated_by_a_shell_runs_nothing(shop, tmp_path, shell):
    """`'` before a combining mark is one character to some, and the end of the quotes to a shell."""
    (tmp_path / "export.sh").write_bytes(shown(shop, "-as=shell"))
    found, errors = variables_of(shell, 'eval "$(cat export.sh)"', tmp_path)
    assert {name: found.get(name) for name in VALUES} == VALUES
    assert errors == "" and os.listdir(tmp_path) == ["export.sh"]


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_a_dotenv_file_that_a_shell_sources_runs_nothing(shop, tmp_path, shell):
    (tmp_path / "x.env").write_bytes(shown(shop))
    found, errors = variables_of(shell, "set -a; . ./x.env", tmp_path)
    returns = {"RETURN", "DOS"}  # no shell knows a carriage return in quotes but as itself, which other readers drop
    assert {name: found.get(name) for name in VALUES if name not in returns} == {n: v for n, v in VALUES.items() if n not in returns}
    assert errors == "" and os.listdir(tmp_path) == ["x.env"]


def readers_of(path):
    node = subprocess.run(
        ["node", "-e", "process.stdout.write(JSON.stringify(require('util').parseEnv(require('fs').readFileSync(process.argv[1],'utf8'))))",
         str(path)], capture_output=True, text=True, timeout=60)
    assert node.returncode == 0, node.stderr
    yield "node", json.loads(node.stdout)
    yield "python-dotenv", dotenv_values(path, interpolate=False)
    yield "python-dotenv without interpolate=False", dotenv_values(path)


def test_a_dotenv_file_is_read_alike_by_its_readers(shop, tmp_path):
    done = shop.cli("service", "env", *PLACE)
    assert done.returncode == 0, done.stderr
    path = tmp_path / ".env"
    path.write_bytes(shown(shop))
    for reader, found in readers_of(path):
        wrong = {name for name, value in VALUES.items() if found.get(name) != value}
        assert wrong <= set(OTHER), (reader, wrong)
        for name in wrong:  # each is said on standard error, with the reader
            line = next((l for l in done.stderr.splitlines() if name in l.split(":")[0].replace(",", " ").split()), None)
            assert line and reader.split()[0] in line, (reader, name, done.stderr)
    named = {name for line in done.stderr.splitlines() if line.startswith("  ") for name in line.split(":")[0].strip().split(", ")}
    assert named <= set(OTHER)
    assert not any(value in done.stderr for value in OTHER.values())
    again = shop.cli("service", "import", str(path), *PLACE)
    assert again.stdout.startswith(f"0 stored, {len(VALUES)} unchanged"), again.stderr


def test_data_formats_keep_every_value(shop):
    assert json.loads(shown(shop, "-as=json")) == VALUES
    assert yaml.safe_load(shown(shop, "-as=yaml")) == VALUES
    ran = subprocess.run(
        [str(BINARY), "service", "env", *PLACE, "--", "env", "-0"], capture_output=True, timeout=60,
        env={**clean_environment(VAULT_ADDR=shop.address, VAULT_TOKEN=shop.token, HOME=str(shop.directory))})
    found = dict(item.split("=", 1) for item in ran.stdout.decode().split("\0") if "=" in item)
    assert {name: found.get(name) for name in VALUES} == VALUES


def test_a_curl_command_is_quoted_byte_by_byte(shop, tmp_path):
    text = shop.cli("kv", "put", "-output-curl-string", "secret/x", f"v={VALUES['ATTACK']}", f"-header=X-Note={VALUES['QUOTE']}").stdout
    stub = tmp_path / "curl"
    stub.write_text("#!/bin/sh\nfor a; do printf '%s\\0' \"$a\"; done > arguments\n")
    stub.chmod(0o755)
    for shell in ("bash", "dash"):
        done = subprocess.run([shell, "-c", text], cwd=tmp_path, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
                              capture_output=True, timeout=60)
        arguments = (tmp_path / "arguments").read_bytes().decode().split("\0")
        body = json.loads(next(a for a in arguments if a.startswith("{")))
        assert body["data"]["v"] == VALUES["ATTACK"], done.stderr
        assert f"X-Note: {VALUES['QUOTE']}" in arguments
        assert sorted(os.listdir(tmp_path)) == ["arguments", "curl"]


def test_a_dotenv_value_may_begin_with_a_hash(shop):
    lines = "COLOR=#FF0000\nDB_PASSWORD=#Passw0rd!\nNOTHING= # a comment\n"
    assert shop.cli("service", "import", "-", "-project=shop", "-env=hash", stdin=lines).returncode == 0
    assert json.loads(shown(shop, "-as=json", env="hash")) == {"COLOR": "#FF0000", "DB_PASSWORD": "#Passw0rd!", "NOTHING": ""}
    assert dotenv_values(stream=io.StringIO(lines))["DB_PASSWORD"] == "#Passw0rd!"


def test_a_secrets_name_does_not_steer_a_program(shop, tmp_path):
    """Whoever may write one secret could else have programs of their choice run in place of the one that was meant."""
    evil = tmp_path / "evil"
    evil.mkdir()
    (evil / "ls").write_text("#!/bin/sh\necho pwned\n")
    (evil / "ls").chmod(0o755)
    store(shop, "steer", PATH=str(evil), LD_PRELOAD="/x.so", OK="1")
    place = ("-project=shop", "-env=steer")
    for arguments in (["--", "ls"], ["-as=shell"], []):
        done = shop.cli("service", "env", *place, *arguments)
        assert done.returncode == 1 and done.stdout == "", done
        assert "LD_PRELOAD,PATH" in done.stderr and str(evil) not in done.stderr
    assert shop.cli("service", "env", *place, "-allow-name=PATH", "--", "ls").returncode == 1
    store(shop, "path", PATH=str(evil))
    done = shop.cli("service", "env", "-project=shop", "-env=path", "-allow-name=PATH", "--", "ls", str(evil))
    # The program is the caller's own `ls`; what it starts itself is another matter, and was asked for.
    assert done.returncode == 0 and done.stdout == "ls\n"


def test_a_variable_in_another_encoding_goes_on_as_it_is(shop):
    environment = {k.encode(): v.encode() for k, v in clean_environment(
        VAULT_ADDR=shop.address, VAULT_TOKEN=shop.token, HOME=str(shop.directory)).items()}
    environment[b"LATIN"] = b"\xe9"
    ran = subprocess.run([str(BINARY), "service", "env", *PLACE, "--", "env", "-0"], capture_output=True, env=environment, timeout=60)
    assert b"LATIN=\xe9" in ran.stdout.split(b"\0")


def test_an_environment_that_does_not_exist_is_an_error(shop, tmp_path):
    for arguments in ([], ["-as=shell"], ["-as=json"], ["--", "touch", str(tmp_path / "started")]):
        done = shop.cli("service", "env", "-project=shop", "-env=PRDO", *arguments)
        assert done.returncode == 2 and "services/shop/PRDO/" in done.stderr and "prod/" in done.stderr, done
        assert not (tmp_path / "started").exists()
    # Deleted ones count as none.
    store(shop, "gone", A="1")
    shop.delete("services/data/shop/gone/A").expect(204)
    assert shop.cli("service", "env", "-project=shop", "-env=gone", "--", "true").returncode == 2
