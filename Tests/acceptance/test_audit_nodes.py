"""Audit devices of a shared table, where one node can open them and another cannot."""

from test_many_nodes import nodes, postgres, wait_for  # noqa: F401 (fixtures)


def enable(node, path, file):
    return node.put(f"sys/audit/{path}", {"type": "file", "options": {"file_path": str(file)}})


def test_a_node_that_cannot_open_a_device_keeps_it_says_so_and_goes_on_when_it_can(nodes):  # noqa: F811
    a, b = nodes()
    # One that works everywhere.
    enable(a, "console", "stdout").expect(204)
    for node in (a, b):
        node.get("sys/mounts").expect(200)
    # Below the folder of a alone.
    path = a.audit_directory / "more.log"
    enable(a, "more", path).expect(204)
    for node in (a, b):
        assert "more/" in node.get("sys/audit").expect(200).data
    assert "failure" not in a.get("sys/audit").data["more/"]
    assert "audit_dirs" in b.get("sys/audit").data["more/"]["failure"]
    wait_for(lambda: "audit device failed" in b.log())

    # Another device of b works, so it serves, and says what is amiss without naming it.
    health = b.get("sys/health", token=None).expect(200)
    assert health.json["degraded"] == "audit" and "more" not in health.body.decode()
    assert "degraded" not in a.get("sys/health", token=None).expect(200).json
    assert path.read_text()

    # Without that one it refuses, and the other node serves on.
    for name in [name for name in a.get("sys/audit").data if name != "more/"]:
        a.delete(f"sys/audit/{name.rstrip('/')}").expect(204)
    assert b.get("sys/mounts").status == 500
    assert b.get("sys/health", token=None).json["unavailable"] == "audit"
    assert a.get("sys/mounts").status == 200

    # Nothing of that was settled for good: with the folder allowed it records.
    assert b.stop() == 0
    b.configuration.write_text(b.configuration.read_text().replace(str(b.audit_directory), str(b.directory)))
    (b.directory / "x").mkdir(exist_ok=True)
    enable(a, "console", "stdout").expect(204)
    b.start()
    for node in (a, b):
        assert set(node.get("sys/audit").expect(200).data) == {"more/", "console/"}


def test_a_folder_that_is_missing_on_one_node_is_noticed_there_and_mended_there(nodes, tmp_path):  # noqa: F811
    a, b = nodes()
    for node in (a, b):
        assert node.stop() == 0
        text = node.configuration.read_text()
        node.configuration.write_text(text.replace(str(node.audit_directory), str(tmp_path)))
        node.start()
    for name in list(a.get("sys/audit").data):
        a.delete(f"sys/audit/{name.rstrip('/')}").expect(204)
    # Both are on this machine, so the second finds the file taken: as good a reason as any.
    path = tmp_path / "one.log"
    enable(a, "file", path).expect(204)
    assert b.get("sys/mounts").expect(500).errors[0].startswith("Refused: audit device")
    assert b.get("sys/health", token=None).status == 503
    assert a.get("sys/mounts").status == 200 and a.get("sys/health", token=None).status == 200
    assert a.stop() == 0
    wait_for(lambda: b.get("sys/health", token=None).status == 200, 30)
    b.get("sys/mounts").expect(200)


def test_two_nodes_that_enable_the_same_path_do_not_both_succeed(nodes):  # noqa: F811
    import concurrent.futures
    a, b = nodes()
    # One that works everywhere: the file of the other node cannot be opened.
    enable(a, "console", "stdout").expect(204)
    for round in range(10):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(
                lambda node: enable(node, f"d{round}", node.audit_directory / f"d{round}.log").status, (a, b)))
        assert sorted(answers) == [204, 400], answers
        for node in (a, b):
            assert list(node.get("sys/audit").expect(200).data).count(f"d{round}/") == 1
        a.delete(f"sys/audit/d{round}").expect(204)
        wait_for(lambda: f"d{round}/" not in b.get("sys/audit").expect(200).data)
