"""The laid visit of the engine's tests, for faults that need no whole engine."""

from tests.engine.conftest import lay

__all__ = ["lay"]
