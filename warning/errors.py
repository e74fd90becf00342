"""The tree of our errors; each says what to do next.

    WarningEngineError
    ├── ConfigError      a file is wrong: file, line, key
    ├── RuleError        a rule file is wrong: file, line, key
    ├── CapError         a CAP document cannot be read or written
    ├── NotAllowed       this person may not do this act here
    ├── Conflict         the thing has moved on meanwhile: reload it
    ├── NotFound         no such thing
    └── Invalid          what was asked for is not valid: the field and the mend
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
