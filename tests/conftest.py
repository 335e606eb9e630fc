"""How thoroughly Hypothesis looks: in full by default, a quick look on further Pythons."""

from __future__ import annotations

import os

from hypothesis import settings

# No deadline: how long an example takes says more of the machine than of the code.
settings.register_profile("full", deadline=None)
settings.register_profile("quick", deadline=None, max_examples=15)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "full"))
