"""What all tests share: property tests that try the same examples every time, without a clock."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "gradatim",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gradatim")
