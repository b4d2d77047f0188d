"""How a tour fails, and what counts as an answer of the API."""

from typing import Any

import httpx


class TourFailed(Exception):
    """A step did not get what it must."""


def answered(response: httpx.Response) -> dict[str, Any]:
    """The answer of a GraphQL endpoint. Raises TourFailed when it is none."""
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
        raise TourFailed(
            f"{response.url} is no GraphQL endpoint: it answered {response.status_code} "
            f"{response.headers.get('content-type', 'without a type')}"
        )
    return answer
