"""Listings of the Service API with more than 10,000 rows: pages, links and counts."""

import json
import socket

import pytest
from service_harness import ServiceServer

COUNT = 10_050


def write_many(server, names, token, in_flight=200):
    """Through the KV mount, in pipelined requests of one connection."""
    body = json.dumps({"data": {"value": "v"}}).encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        answers = connection.makefile("rb")
        for start in range(0, len(names), in_flight):
            part = names[start:start + in_flight]
            connection.sendall(b"".join(
                f"POST /v1/services/data/{name} HTTP/1.1\r\nHost: h\r\nX-Vault-Token: {token}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
                + body for name in part))
            for name in part:
                assert answers.readline().split()[1] == b"200", name
                length = 0
                while line := answers.readline().strip():
                    key, value = line.split(b":", 1)
                    if key.lower() == b"content-length":
                        length = int(value)
                answers.read(length)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = ServiceServer(
        tmp_path_factory.mktemp("many"), rules={"ui": "project:many/,project:other/", "star": "project:*/", "deep": "project:many/p/*/"}).start()
    names = [f"many/p/{n // 100:03}/{n:05}" for n in range(COUNT)] + ["other/a", "other/b"]
    write_many(server, names, server.root_token)
    yield server
    server.close()


def walk(client, url):
    """Every row, by the links, and the headers of each page."""
    rows, headers = [], []
    while url:
        page = client.get(url)
        assert page.status_code == 200, page.text
        rows += [row["id"] for row in page.json()]
        headers.append(page.headers)
        url = page.links["next"]["url"] if "next" in page.links else None
        assert len(headers) < 100, "no end"
    return rows, headers


@pytest.mark.parametrize("service", ["ui", "star"])
def test_a_listing_that_is_not_whole_links_to_the_rest_and_counts_all(server, service):
    client = server.service(service)
    first = client.get("/api/secrets")
    assert len(first.json()) == 10_000 and first.headers["x-total-count"] == str(COUNT + 2)
    assert first.headers["link"].endswith('; rel="next"')
    rows, headers = walk(client, "/api/secrets")
    assert rows == [f"many/p/{n // 100:03}/{n:05}" for n in range(COUNT)] + ["other/a", "other/b"]
    assert len(headers) == 2 and "x-total-count" not in headers[1]


def test_pages_end_where_the_rows_do(server):
    client = server.service("ui")
    rows, headers = walk(client, "/api/secrets?project=many&limit=1000")
    assert len(rows) == len(set(rows)) == COUNT and len(headers) == 11
    assert all("x-total-count" not in page for page in headers), "a page that was cut does not know how many there are"
    rows, headers = walk(client, "/api/secrets?project=many&prefix=p/05&limit=100")
    assert rows == [f"many/p/{n // 100:03}/{n:05}" for n in range(5_000, 6_000)] and len(headers) == 10
    whole = client.get("/api/secrets?project=many&prefix=p/05")
    assert len(whole.json()) == 1_000 and whole.headers["x-total-count"] == "1000" and "link" not in whole.headers
    exact = client.get("/api/secrets?project=other&limit=2")
    assert len(exact.json()) == 2 and exact.headers["x-total-count"] == "2" and "link" not in exact.headers
    end = client.get("/api/secrets", params={"project": "many", "after": f"many/p/{(COUNT - 1) // 100:03}/{COUNT - 1:05}"})
    assert end.json() == [] and "link" not in end.headers


def test_rules_with_a_star_count_what_they_reach(server):
    rows, _ = walk(server.service("deep"), "/api/secrets")
    assert len(rows) == len(set(rows)) == COUNT


def test_values_of_more_than_10_000_secrets_are_not_read_at_once(server):
    refused = server.service("ui").get("/api/secrets/many")
    assert refused.status_code == 413 and "more than 10000 secrets" in refused.json()["detail"]
