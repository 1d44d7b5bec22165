"""Access lists of Windows as the security descriptors that it writes."""

from __future__ import annotations

import sys

import pytest

from sso_login.adapters.secrets.platforms import access
from sso_login.adapters.secrets.platforms.access import PRIVATE, fault_of

ME = "S-1-5-21-1-2-3-1001"
OTHER = "S-1-5-21-1-2-3-1002"


@pytest.mark.parametrize(
    ("descriptor", "wrong"),
    [
        (f"O:{ME}{PRIVATE}", ""),
        (f"O:{ME}D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;{ME})", ""),
        (f"O:{ME}D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIID;FA;;;{ME})", ""),
        (f"O:BAG:DUD:(A;;FA;;;{ME})", ""),
        (f"O:{ME}D:(D;;FA;;;WD)(A;;FA;;;{ME})", ""),
        (f"O:{ME}D:(A;;FA;;;{ME})(A;;FR;;;WD)", "mode"),
        (f"O:{ME}D:(A;;FA;;;{ME})(A;OICI;0x1200a9;;;BU)", "mode"),
        (f"O:{ME}D:(A;;FA;;;{ME})(A;;FA;;;{OTHER})", "mode"),
        (f"O:{ME}D:(XA;;FR;;;AU;(@User.x == 1))(A;;FA;;;{ME})", "mode"),
        (f"O:{ME}D:NO_ACCESS_CONTROL", "mode"),
        (f"O:{ME}", "mode"),
        (f"O:{OTHER}{PRIVATE}", "owner"),
    ],
)
def test_only_its_owner_and_the_system_may_get_at_a_folder(descriptor: str, wrong: str) -> None:
    """Administrators and the system have access anyway; everybody, users, other users and no list at all do not."""
    assert fault_of(descriptor, mine=ME) == wrong


def test_the_built_in_administrator_has_a_name_of_its_own() -> None:
    """Windows writes LA for the account whose number is 500."""
    mine = "S-1-5-21-1-2-3-500"
    assert fault_of("O:LAD:(A;;FA;;;LA)", mine=mine) == ""
    assert fault_of(f"O:{ME}D:(A;;FA;;;LA)", mine=ME) == "mode"


@pytest.mark.skipif(sys.platform == "win32", reason="there it is Windows that tells")
def test_elsewhere_the_mode_tells(tmp_path: object) -> None:
    """Nothing is looked at and nothing changed."""
    assert access.fault(str(tmp_path)) == ""
    access.make_private(str(tmp_path))
