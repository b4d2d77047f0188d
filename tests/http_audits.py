"""The 61 audits of the npm package graphql-http, which we did not write, against any endpoint."""

import json
import subprocess
from pathlib import Path

from tests.node_packages import installed

FOLDER = Path(__file__).parent / "api" / "protocol" / "graphql_http_audit"
AUDITS = 61


def failed_audits(url: str) -> list[dict[str, str]]:
    """Those that the endpoint at this URL does not pass; MUST, SHOULD and MAY alike."""
    program = installed(FOLDER) / "audit.js"
    run = subprocess.run(
        ["node", program, url], capture_output=True, timeout=60, check=False, text=True
    )
    assert run.returncode == 0, run.stderr
    results: list[dict[str, str]] = json.loads(run.stdout)
    assert len(results) == AUDITS
    return [result for result in results if result["status"] != "ok"]
