"""The pytest plugin: a fixture for a throw-away site.

pytest loads it at every start, also for programs that do not test mail: it imports the rest of
vpopmail when the fixture is used.
"""

from __future__ import annotations

import pytest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from vpopmail.site import Vpopmail

# For a failing assert of the compliance suite to show its values in others' test runs.
pytest.register_assert_rewrite("vpopmail.testing.compliance")


@pytest.fixture
def vpopmail_site() -> Iterator[Vpopmail]:
    """A throw-away site on the memory backend, the current one during the test; see ``sandbox``."""
    from vpopmail.testing.sandbox import sandbox

    with sandbox() as site:
        yield site
