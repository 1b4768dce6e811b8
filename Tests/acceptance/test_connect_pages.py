"""What a browser is shown on its way to a provider and back."""

import urllib.parse

import pytest
import requests

HOSTILE = ["<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "%3Cscript%3E", "access_denied canary-text", "\r\nX-Injected: 1"]


@pytest.mark.parametrize("text", HOSTILE)
def test_cve_2026_33758_nothing_that_a_provider_or_a_link_says_is_shown(server, text):
    for step in ("start", "callback"):
        for query in ({"error": text, "error_description": text, "state": "1.0123456789abcdef.x"}, {"state": text, "code": text}, {text: text}):
            page = requests.get(f"{server.address}/oauth/{step}?{urllib.parse.urlencode(query)}", timeout=20, allow_redirects=False)
            assert page.status_code == 400
            assert page.headers["Content-Security-Policy"] == "default-src 'none'" and page.headers["Content-Type"].startswith("text/html")
            assert "X-Injected" not in page.headers
            for part in ("script", "onerror", "canary", text):
                assert part not in page.text
