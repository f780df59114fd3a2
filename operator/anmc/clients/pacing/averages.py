"""A moving average of durations."""


class MovingAverage:
    """Mean of the first values, later one in which older values fade; `recent` is about how many count."""

    def __init__(self, *, recent: int) -> None:
        self._recent = recent
        self.count = 0
        self.value = 0.0

    def add(self, value: float) -> None:
        """Take in one more value."""
        self.count += 1
        self.value += (value - self.value) / min(self.count, self._recent)
