"""The tree of our errors; each says what to do next.

    WarningEngineError
    ├── ConfigError      a file is wrong: file, line, key
    ├── RuleError        a rule file is wrong: file, line, key
    ├── CapError         a CAP document cannot be read or written
    ├── NotAllowed       this person may not do this act here
    ├── Conflict         the thing has moved on meanwhile: reload it
    ├── NotFound         no such thing
    ├── Invalid          what was asked for is not valid: the field and the mend
    │   └── Unworded     a text does not say what every warning says, or says a drill's words
    └── TooMany          asked too often: wait, then ask again
"""


class WarningEngineError(Exception):
    """Root of all errors that this product raises on purpose."""


class ConfigError(WarningEngineError):
    """A configuration file is wrong."""


class RuleError(WarningEngineError):
    """A rule file is wrong."""


class CapError(WarningEngineError):
    """A CAP document cannot be read or written."""


class NotAllowed(WarningEngineError):
    """This person may not do this act here."""


class Conflict(WarningEngineError):
    """The thing has moved on meanwhile."""


class NotFound(WarningEngineError):
    """No such thing."""


class Invalid(WarningEngineError):
    """What was asked for is not valid."""


class Unworded(Invalid):
    """A text does not say what every warning says: nobody's reason lets it out."""


class TooMany(WarningEngineError):
    """Asked too often; ``retry_after_s`` says how long to wait."""

    def __init__(self, message: str, *, retry_after_s: float) -> None:
        super().__init__(f"{message}: wait {retry_after_s:.0f} s")
        self.retry_after_s = retry_after_s
