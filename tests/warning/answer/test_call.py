"""The word in an acknowledgement link."""

import hashlib
import hmac
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from warning.answer.call import token, token_hash

ID = UUID("12345678-1234-5678-1234-567812345678")


def test_the_word_is_the_id_and_half_an_hmac_so_that_a_retry_carries_the_same_link() -> None:
    mac = hmac.new(b"s3cret", b"acknowledge 12345678-1234-5678-1234-567812345678", hashlib.sha256).hexdigest()
    assert token("s3cret", ID) == "12345678123456781234567812345678" + mac[:32] == token("s3cret", ID)


@given(st.uuids(), st.uuids(), st.text(min_size=1, max_size=20))
def test_another_attempt_or_another_secret_has_another_word(one: UUID, other: UUID, secret: str) -> None:
    assert (token(secret, one) == token(secret, other)) is (one == other)
    assert token(secret, one) != token(secret + "x", one)
    assert len(token(secret, one)) == 64


def test_only_a_hash_is_kept() -> None:
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
