"""One tree of errors. Each message says what, where, what was allowed and what to do.

TintypeError
├─ FormatError          the bytes are not a valid file
│  ├─ TruncatedError    it ends too early
│  └─ CorruptError      a checksum or a field does not hold
├─ DesyncError          the decoder's rows or symbols differ from the encoder's
├─ UnsupportedError     valid, but needs a newer version, another model or a missing part
├─ WeightsError         weights are missing, or not what the manifest says
├─ VerifyError          a file that was just made does not give the picture back
└─ InputError           the caller's picture or option cannot be coded
   ├─ LimitError        more pixels, work, memory or threads than the caller allows
   │  └─ DeadlineError  more time than the caller allows
   ├─ TargetError       no file is as small as the caller asks
   └─ UsageError        options that do not fit together, or an output that must not be replaced
"""


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


class VerifyError(TintypeError):
    """A file that was just made does not give the picture back: a fault of tintype or of the machine."""


class InputError(TintypeError):
    """The caller's image or option cannot be coded."""


class LimitError(InputError):
    """A picture or file asks for more than the caller allows: pixels, work, memory, threads, or a compiler."""


class DeadlineError(LimitError):
    """A call took longer than the caller allows."""


class TargetError(InputError):
    """No file is as small as the caller asks."""


class UsageError(InputError):
    """Options that do not fit together, or an output that must not be replaced."""
