"""Which profiles may take a login_session."""

from __future__ import annotations

import pytest

from sso_login.core.errors import UsageProblem
from sso_login.flows.select.signin import OTHERS, check_profile

ARN = "arn:aws:iam::111122223333:user/harbour-master"
OTHER = "arn:aws:iam::444455556666:user/harbour-master"


@pytest.mark.parametrize("keys", [{}, {"region": "eu-west-1", "output": ""}, {"login_session": ARN}])
@pytest.mark.parametrize("arn", [None, ARN])
def test_a_profile_without_other_credentials_may(keys: dict[str, str], arn: str | None) -> None:
    """It may be new, hold settings, or name the same login already."""
    check_profile("dev", keys, arn=arn)


@pytest.mark.parametrize("key", OTHERS)
@pytest.mark.parametrize("force", [False, True])
def test_other_credentials_stand_in_the_way(key: str, *, force: bool) -> None:
    """The error names the key, also before anybody signs in, and --force does not help."""
    with pytest.raises(UsageProblem, match=rf"profile .dev. already has other credentials \({key}\)$"):
        check_profile("dev", {"region": "", key: ""}, force=force)


def test_another_login_session_needs_force() -> None:
    """Before anybody has signed in there is nothing to say against it."""
    check_profile("dev", {"login_session": OTHER})
    check_profile("dev", {"login_session": OTHER}, arn=ARN, force=True)
    with pytest.raises(UsageProblem, match=f"belongs to .{OTHER}., and .{ARN}. signed in"):
        check_profile("dev", {"login_session": OTHER}, arn=ARN)
