"""Settings for all tests."""

from hypothesis import settings

settings.register_profile("tintype", deadline=None)  # the machine may be busy
settings.load_profile("tintype")
