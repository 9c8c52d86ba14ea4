"""Settings of the whole suite."""

from hypothesis import HealthCheck, settings

# Compiling a kernel takes longer than any deadline; fixed examples keep the suite the same from run to run.
settings.register_profile("suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")
