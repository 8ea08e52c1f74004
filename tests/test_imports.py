"""What importing Hedgerow brings along: not the libraries of what a backend does not use."""

import subprocess
import sys

import pytest

import hedgerow

DECLARED = "from hedgerow import Backend, access, allow"
SERVED = "import hedgerow.server.cli"


@pytest.mark.parametrize("text", [DECLARED, SERVED])
def test_libraries_of_what_is_not_used_stay_away(text: str) -> None:
    script = f"{text}\nimport sys\nprint(*{{'minio', 'redis', 'nats', 'webauthn', 'zxcvbn', 'PIL'}} & {{*sys.modules}})"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert found.strip() == ""


def test_every_public_name_is_there() -> None:
    assert dir(hedgerow) == sorted(hedgerow.__all__)
    for name in hedgerow.__all__:
        assert getattr(hedgerow, name) is not None
    with pytest.raises(AttributeError, match="'Storage'"):
        hedgerow.Storage  # type: ignore[attr-defined]  # noqa: B018
