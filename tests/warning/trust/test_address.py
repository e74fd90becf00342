"""A resident's address at rest: unreadable without the secret, the same word for the same address."""

import pytest

from warning.errors import ConfigError
from warning.trust.address import PREFIX, Addresses

NUMBER = "8613800000000"


def test_the_same_address_gives_the_same_word_and_another_secret_another_one() -> None:
    one = Addresses("s" * 32)
    assert one.seal(NUMBER) == Addresses("s" * 32).seal(NUMBER)
    assert one.seal(NUMBER) != Addresses("t" * 32).seal(NUMBER)
    assert NUMBER not in one.seal(NUMBER)
    assert one.seal(NUMBER).startswith(PREFIX)


def test_a_batch_opens_in_order_and_a_row_from_before_is_given_as_it_is() -> None:
    book = Addresses("s" * 32)
    people = [f"86138{n:08d}" for n in range(500)] + ['{"endpoint": "https://push.example/语"}']
    assert book.open_all([*map(book.seal, people), NUMBER]) == [*people, NUMBER]


@pytest.mark.parametrize("spoilt", ["another secret", "a changed byte", "no base64"])
def test_what_does_not_open_names_the_secret_and_never_the_address(spoilt: str) -> None:
    sealed = Addresses("s" * 32).seal(NUMBER)
    reader = Addresses("t" * 32 if spoilt == "another secret" else "s" * 32)
    kept = {"a changed byte": sealed[:-3] + ("AA=" if sealed[-3:] != "AA=" else "BB="), "no base64": PREFIX + "é"}.get(spoilt, sealed)
    with pytest.raises(ConfigError, match="XIAOXISHU_SECRET") as told:
        reader.open(kept)
    assert NUMBER not in str(told.value)
