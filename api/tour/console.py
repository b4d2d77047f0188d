"""A browser as an admin uses it: a session cookie, and the page's own Origin on every request."""

from typing import Any

import httpx
import orjson

from api.tour.failure import answered
from api.tour.socket import Socket


class Console:
    """One browser. `url` is the server's public URL, without `/graphql`."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.http = httpx.AsyncClient(headers={"origin": url}, timeout=30)

    async def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """The `data` of one operation. Raises RuntimeError with the server's errors."""
        answer = answered(
            await self.http.post(
                f"{self.url}/graphql",
                content=orjson.dumps({"query": query, "variables": variables}),
                headers={"content-type": "application/json"},
            )
        )
        if answer.get("errors"):
            raise RuntimeError(str(answer["errors"][0]["message"]))
        data: dict[str, Any] = answer["data"]
        return data

    async def change(self, mutation: str, fields: str = "", **input_fields: Any) -> dict[str, Any]:
        """One mutation with one input; `fields` selects from its result."""
        kind = mutation[0].upper() + mutation[1:]
        document = (
            f"mutation($input: {kind}Input!) {{ answer: {mutation}(input: $input) "
            f"{{ __typename {fields} ... on Error {{ message }} }} }}"
        )
        answer: dict[str, Any] = (await self.ask(document, input=input_fields))["answer"]
        return answer

    async def sign_in(self, email: str, password: str) -> dict[str, Any]:
        """Signs in; the cookie stays with this browser."""
        return await self.change(
            "signIn",
            "... on SignedIn { expiresAt account { members { nodes { id name role } } } }",
            email=email,
            password=password,
        )

    async def socket(self) -> Socket:
        """A socket for subscriptions, by the cookie."""
        cookie = "; ".join(f"{each.name}={each.value}" for each in self.http.cookies.jar)
        return await Socket.open(self.url, {}, {"origin": self.url, "cookie": cookie})

    async def close(self) -> None:
        await self.http.aclose()
