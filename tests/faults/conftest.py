from tests.faults.scenario import again, beginning

__all__ = ["again", "beginning"]
