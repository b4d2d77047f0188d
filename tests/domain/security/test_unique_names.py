"""JSON in which each name stands once, or which is refused."""

import pytest

from domain.security.unique_names import NameTwice, read_object


def test_an_object_with_each_name_once_is_read() -> None:
    """Names may be those of another object within."""
    assert read_object(b'{"a": {"a": [1, {"a": null}]}, "b": {"a": 2}}') == {
        "a": {"a": [1, {"a": None}]},
        "b": {"a": 2},
    }


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":1}', b'{"a":1,"b":2,"\\u0061":3}', b'{"x":[{"a":1,"a":2}]}']
)
def test_a_name_given_twice_is_refused(data: bytes) -> None:
    """However it is spelled, and however deep."""
    with pytest.raises(NameTwice):
        read_object(data)


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"null", b"{", b'{"a":1} {}', b"\xff"])
def test_what_is_no_object_is_refused(data: bytes) -> None:
    """By a ValueError, as the libraries raise for what they cannot read."""
    with pytest.raises(ValueError, match=r"."):
        read_object(data)
