"""How much one GraphQL document may ask for.

Every limit here is a defence against one small request that costs the server a great deal. A limit set too low refuses
an honest screen, which is noticed at once; one that is missing is noticed by an attacker first. So there are two sets:
one for clients who are known, and a far smaller one for strangers, who need little more than to sign in or to redeem a
code. The largest honest documents that we know have 170 tokens, 220 fields and a cost of 18,000.
"""

from dataclasses import dataclass
from typing import Final

from api.protocol.masking import PublicError


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest document that is executed. Counts are of the expanded document unless said
    otherwise.

    `source_chars`      length of the document's text, in characters
    `tokens`            lexical tokens (comments excluded), `comments` comments
    `definitions`       operations and fragments, as written; `operations` of them operations
    `variables`         variables of one operation
    `directives`        directives, as written
    `depth`             fields inside fields
    `nesting`           selection sets inside selection sets, counting fragments too (bounds
    recursion)
    `fields`            fields of one operation
    `aliases`           aliased fields of one operation
    `root_mutations`    fields directly under one mutation
    `merging`           units of work that graphql-core may spend on the question whether fields of
    one name can be merged, which grows with their square; an honest document takes some twenty
    `cost`              the prices of one operation's fields, each multiplied by the pages and lists
    that it is in; a unit is a plain field, some ten microseconds
    `items`             items of lists that one answer holds, counted as they are answered, for everybody
    `values`            values in the variables that are sent, whatever they are nested in
    `body`              length of a request's body in bytes, or of a URL's parameters in characters
    `page`              size assumed for a page whose size is a variable
    `default_page`      size assumed for a connection that is asked for without `first` or `last`
    `list_size`         size assumed for a list without pages
    `repeated_list`     size assumed for one that has a list of the same name somewhere below it:
    such a document goes to and fro between two lists, and gets each item many times over
    """

    source_chars: int = 32_768
    tokens: int = 3_000
    comments: int = 200
    definitions: int = 100
    operations: int = 20
    variables: int = 100
    directives: int = 60
    depth: int = 16
    nesting: int = 48
    fields: int = 1_000
    aliases: int = 100
    root_mutations: int = 10
    merging: int = 3_000
    cost: int = 75_000
    items: int = 20_000
    values: int = 10_000
    body: int = 256 * 1024
    page: int = 100
    default_page: int = 50
    list_size: int = 10
    repeated_list: int = 100

    def parse_options(self) -> dict[str, int]:
        """The limits that the parser itself enforces, as keyword arguments of `graphql.parse`."""
        return {
            "max_source_length": self.source_chars,
            "max_lexical_tokens": self.tokens,
            "max_comments": self.comments,
        }


STRANGERS: Final = Limits(
    source_chars=8_192,
    tokens=500,
    comments=50,
    definitions=20,
    operations=5,
    variables=30,
    directives=20,
    nesting=24,
    fields=250,
    aliases=25,
    merging=500,
    cost=2_500,
    values=500,
    body=16 * 1024,
)
"""For whoever has shown no credential: enough for any screen before the sign-in, and for introspection."""


def too_complex(what: str, limit: int) -> PublicError:
    """The error for a document that exceeds this limit."""
    return PublicError(
        f"The document exceeds the limit of {limit} on {what}.",
        code="QUERY_TOO_COMPLEX",
        limit=what,
        maximum=limit,
    )
