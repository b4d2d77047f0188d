"""A browser in a test: the console's own client, which also hands over whole answers."""

import ssl
from typing import Any

import httpx
import orjson

from api.tour.console import Console

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients that speak plain http only: reading the world's certificates takes longer than many a test."""


class Browser(Console):
    """One browser with its cookies, on our own page unless the test says otherwise."""

    def __init__(self, url: str, password: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(headers={"origin": url}, timeout=30, verify=NO_TLS)
        self._password = password

    async def send(
        self, query: str, headers: dict[str, str] | None = None, **variables: Any
    ) -> httpx.Response:
        """One operation by POST, as it is answered."""
        return await self.http.post(
            f"{self.url}/graphql",
            content=orjson.dumps({"query": query, "variables": variables}),
            headers={"content-type": "application/json", **(headers or {})},
        )

    async def post(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole answer of one operation."""
        answer: dict[str, Any] = (await self.send(query, **variables)).json()
        return answer

    async def sign_in(self, email: str, password: str = "") -> dict[str, Any]:
        """Signs in, with the password that all people of the tests have unless told otherwise."""
        return await super().sign_in(email, password or self._password)

    def cookie(self, name: str) -> str:
        """The value of a cookie, or nothing."""
        return self.http.cookies.get(name) or ""
