"""What is sealed opens with the same secret and purpose only."""

import pytest

from warning.errors import ConfigError
from warning.trust.seal import Seal


def test_what_is_sealed_opens_again_and_is_not_readable_before() -> None:
    sealed = Seal("secret", purpose="a").close("JBSWY3DP")
    assert "JBSWY3DP" not in sealed
    assert Seal("secret", purpose="a").open(sealed) == "JBSWY3DP"


@pytest.mark.parametrize(("secret", "purpose"), [("another", "a"), ("secret", "b")])
def test_another_secret_or_purpose_is_told_with_the_mend(secret: str, purpose: str) -> None:
    sealed = Seal("secret", purpose="a").close("x")
    with pytest.raises(ConfigError, match="XIAOXISHU_SECRET is another"):
        Seal(secret, purpose=purpose).open(sealed)
