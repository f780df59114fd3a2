"""How the properties of the rules are tried."""

import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine and nothing about the rule.
settings.register_profile("rules", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rules")

# The builders that several test modules share live beside the tests, which importlib mode puts on no path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
