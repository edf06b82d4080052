"""What is wrong with an environment, as lines."""

from __future__ import annotations

import pytest

from rinha.settings.errors import SettingsError
from rinha.settings.load import load_settings


def errors_of(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ)
    assert str(caught.value).splitlines() == [str(error) for error in caught.value.errors]
    return [str(error) for error in caught.value.errors]
