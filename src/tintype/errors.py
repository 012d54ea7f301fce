"""One tree of errors. Each message says what, where, what was allowed and what to do."""


class TintypeError(Exception):
    """Base of every error that tintype raises on purpose."""


class FormatError(TintypeError):
    """The bytes are not a valid .tint file."""


class TruncatedError(FormatError):
    """The file ends before its content does."""


class CorruptError(FormatError):
    """A checksum or a field does not hold."""


class DesyncError(TintypeError):
    """The decoder's rows or symbols differ from the encoder's: other numerics, or damage."""


class UnsupportedError(TintypeError):
    """Valid, but needs a newer version, another model, or a part that is not installed."""


class WeightsError(TintypeError):
    """Weights are missing, or not what their manifest says."""


class InputError(TintypeError):
    """The caller's image or option cannot be coded."""
