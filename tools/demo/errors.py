"""Why the story ends early."""


class DemoError(Exception):
    """The demo cannot go on; the text is one line that says what failed."""


class NotWhatHappened(DemoError):
    """What the demo was about to show is not what happened."""
