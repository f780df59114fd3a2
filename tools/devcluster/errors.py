"""Why there is no cluster."""


class ClusterError(Exception):
    """A cluster could not be started or does not behave; the text says what failed and what to do."""


class MissingPrerequisite(ClusterError):
    """This machine lacks what a cluster needs; the text is one line that names the choices."""


class PortTaken(ClusterError):
    """Another program took a port between its choice and its use; another choice can help."""
