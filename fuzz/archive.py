"""Changes of zip archives that get past the checksums of their entries."""

import io
import random
import warnings
import zipfile

from fuzz.mutate import edited

HEAD_BYTES = 256  # of an entry: names, types and shapes stand at the beginning more often than not


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A changed archive; seven of eight are archives whose checksums hold."""
    if rng.randrange(8) == 0:
        return edited(data, rng)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, EOFError, ValueError):
        return edited(data, rng)
    at = rng.randrange(len(entries))
    name, content = entries[at]
    compression = zipfile.ZIP_STORED
    match rng.randrange(12):
        case 0:
            del entries[at]
        case 1:
            entries.append((name, edited(content, rng)))
        case 2:
            entries[at] = (edited(name.encode(), rng).decode("latin-1").replace("\0", ""), content)
        case 3:
            entries[at] = (name, entries[rng.randrange(len(entries))][1])
        case 4:
            compression = zipfile.ZIP_DEFLATED
        case _:
            entries[at] = (name, _inside(name, content, rng))
    return _written(entries, compression)


def _inside(name: str, content: bytes, rng: random.Random) -> bytes:
    if name.endswith(".npz"):
        return mutated(content, rng)
    return edited(content, rng, 0, HEAD_BYTES) if rng.random() < 0.5 else edited(content, rng)


def _written(entries: list[tuple[str, bytes]], compression: int) -> bytes:
    file = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w", compression) as archive:
        warnings.simplefilter("ignore")  # about names that are there twice
        for name, content in entries:
            archive.writestr(zipfile.ZipInfo(name), content, compression)
    return file.getvalue()
