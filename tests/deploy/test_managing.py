"""./run manage: which zone a command runs in when nobody says."""

import pytest

from deploy.local.managing import ZONE_OF
from deploy.local.place import ROOT

VAULT_ONLY = sorted(
    path.stem
    for path in ROOT.glob("zalopolice/*/management/commands/*.py")
    if 'settings.ZONE != "vault"' in path.read_text("utf-8")
)


def test_some_commands_refuse_every_other_zone():
    assert {"pause_sending", "resume_sending"} <= set(VAULT_ONLY)


@pytest.mark.parametrize("name", VAULT_ONLY)
def test_a_command_of_the_vault_is_run_there(name):
    assert ZONE_OF.get(name) == "vault"
