import hvac
import pytest
from harness import BINARY, Server


def pytest_configure(config):
    if not BINARY.exists():
        pytest.exit(f"no binary at {BINARY}; run 'swift build --product coffer'", returncode=2)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A ready server shared by a module; must be alive and unharmed at its end."""
    made = Server(tmp_path_factory.mktemp("server")).ready()
    yield made
    try:
        assert made.is_running(), "the server died:\n" + made.log()[-4000:]
        assert made.get("sys/health", token=None).status == 200
        made.verify_audit()
        assert made.stop() == 0
    finally:
        made.close()


@pytest.fixture
def new_server(tmp_path):
    """Makes servers that are ended with the test."""
    made = []

    def make(**options):
        one = Server(tmp_path / f"server{len(made)}", **options)
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()


@pytest.fixture
def client(server):
    return hvac.Client(url=server.address, token=server.token)


@pytest.fixture
def client_for(server):
    return lambda token: hvac.Client(url=server.address, token=token)
