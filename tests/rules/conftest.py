"""How the properties of the rules are tried."""

from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine and nothing about the rule.
settings.register_profile("rules", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("rules")
