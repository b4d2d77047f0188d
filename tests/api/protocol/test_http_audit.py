"""The 61 audits of the npm package graphql-http on a schema that the audit could not be lucky with."""

import pytest

from tests.api.protocol.probe_server import Server
from tests.http_audits import failed_audits


@pytest.mark.parametrize("mode", ["production", "development"])
def test_all_audits_of_graphql_over_http_pass(
    server: Server, development_server: Server, mode: str
) -> None:
    """MUST, SHOULD and MAY alike; in production too, where documents get one flat error."""
    url = server.http if mode == "production" else development_server.http
    assert failed_audits(url) == []
