"""scripts/house-numbers counts what it says, and notices what passes a limit."""

import importlib.machinery
import importlib.util
import subprocess
import sys

import pytest
from harness import ROOT

SCRIPT = ROOT / "scripts/house-numbers"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("house_numbers", str(SCRIPT))
numbers = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(numbers)


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Makes a Swift file of a room in a tree of its own."""
    monkeypatch.setattr(numbers, "ROOT", tmp_path)
    monkeypatch.setattr(numbers, "SOURCES", tmp_path / "Sources")

    def make(text, path="Core/Planted.swift"):
        place = tmp_path / "Sources" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        return numbers.Source(place)

    return make


@pytest.mark.parametrize("text, count", [
    ("func f(_ a: Int, _ b: Int, _ c: Int) {}", 1),
    ("init(_ a: Int, _ b: [String: Int], _ c: (Int, Int) -> Void) {}", 1),
    ("subscript(a: Int, b: Int, c: Int) -> Int { 0 }", 1),
    ("func f(_ a: Int, _ b: Int, c: Int) {}", 0),
    ("func f(_ a: (Int, Int, Int), _ b: Dictionary<Int, Int>) {}", 0),
    ("// func f(_ a: Int, _ b: Int, _ c: Int)", 0),
    ('let text = "func f(_ a: Int, _ b: Int, _ c: Int)"', 0),
])
def test_unlabeled_parameters(source, text, count):
    assert len(list(numbers.unlabeled(source(text)))) == count


@pytest.mark.parametrize("text, count", [
    ("let a = b ? c : d ? e : f", 1),
    ("let a = b ? f(c ? d : e) : g", 1),
    ("let a =\n    b ? c\n    : d ? e : f", 1),
    ("f(a ? b : c, d ? e : f)", 0),
    ("let a = b ? c : d\nlet e = f ? g : h", 0),
    ("let a = b ?? c ?? d", 0),
    ('let a = b ? "x ? y : z" : c', 0),
    ('let a = b ? "\\(c ? d : e)" : f', 0),
])
def test_nested_conditionals(source, text, count):
    assert len(list(numbers.nested(source(text)))) == count


def test_loops_around_a_commit(source):
    text = "func edit() {\n    for _ in 0..<16 {\n        if try await storage.commitIfUnchanged(batch) { return }\n    }\n}\n"
    assert len(list(numbers.loops(source(text), set()))) == 1
    assert not list(numbers.loops(source(text), {"Core/Planted.swift"}))
    assert not list(numbers.loops(source(text, "Records/Planted.swift"), set()))


def test_the_allowed_loops_are_those_of_the_style_test():
    assert all((ROOT / "Sources" / path).exists() for path in numbers.allowed_loops()) and numbers.allowed_loops()


def test_second_implementations_of_base64_and_hexadecimal(source):
    copies = [source('let digits = Array("0123456789abcdef".utf8)', "Core/Copy.swift"), source("enum Hex {}", "Syntax/Text/Hex.swift"),
              source("let n = UInt(text, radix: 16)  // text: a number", "Core/Number.swift")]
    assert len(list(numbers.implementations(copies, "hexadecimal"))) == 2
    assert len(list(numbers.implementations([source("let d = bytes.base64EncodedString()")], "base64"))) == 1


def test_documented_declarations(source):
    text = """/// Told.
package struct Told {
    package let silent: Int
    /// Told.
    @inline(always)
    package func told() {}
    let hidden = 1
    package func body() {
        let local = 2
    }
}

package protocol Silent {
    /// Told.
    var told: Int { get }
    func silent()
}

extension Told {
    func hidden() {}
}

/// Told.
public enum Open { case one }
"""
    found = [(access, kind, told) for access, kind, told, _ in numbers.declarations(source(text))]
    assert found == [
        ("package", "struct", True), ("package", "let", False), ("package", "func", True), ("package", "func", False),
        ("package", "protocol", False), ("package", "var", True), ("package", "func", False), ("public", "enum", True)]


def test_the_report_names_every_room():
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    rooms = {path.name for path in (ROOT / "Sources").iterdir() if any(path.rglob("*.swift"))} - numbers.TEST_ROOMS - {"coffer"}
    told = {line.split()[0] for line in done.stdout.partition("Documented declarations")[2].splitlines() if line.strip()}
    assert rooms <= told, rooms - told
