"""The library's calls. Only this module connects images, models and codec."""

import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, Self

from PIL import Image

from tintype import contents, images, verifying
from tintype.arguments import callback, choice, flag, kind, number, whole
from tintype.budgets import EncodedFile, Files, meet
from tintype.codec import decoder
from tintype.codec.container.file import Container, parse
from tintype.codec.container.header import MAX_TILE_PIXELS, MIN_CORE, network_multiple
from tintype.codec.encoder import Encoder
from tintype.codec.graphics.choose import ASKED, Asked, Content
from tintype.codec.graphics.detect import mostly_drawn
from tintype.codec.hidden import fill_hidden
from tintype.codec.tiling import (
    DEFAULT_CORE,
    DEFAULT_MARGIN,
    WHOLE_PICTURE,
    NetworkSize,
    Region,
    Tiling,
    largest_tile_pixels,
    network_size,
)
from tintype.codec.workers import Passes, Progress, available_cpus
from tintype.errors import InputError, LimitError
from tintype.limits import Deadline, Limits
from tintype.models import load
from tintype.models.hpcm.options import Options
from tintype.models.pico.natural import NaturalModel
from tintype.pixels import IntPixels
from tintype.qualities import QUALITY_MAX, level_of, require_levels
from tintype.sources import Encoded, name_of, opened
from tintype.targets import Target
from tintype.weights import store

if TYPE_CHECKING:
    from tintype.codec.tile_model import TileModel

Source = images.Source | images.Picture
# Side of tiles in pixels where image coders, not networks, do most of the work: 30 to 60 % fewer bytes for screens than
# with the default; 2040 wins no more, and may need more memory than limits allow
GRAPHICS_CORE = 1016

LOG = logging.getLogger("tintype")  # of what was converted, and of what a result could not keep

TRIALS = 4  # about so many does a search make


class Codec:
    """Encodes and decodes with a model that stays loaded; threads may share one.

    A `with` block loads the model when it begins, and frees all loaded models when it ends.

    A forked child makes its own sessions and does not use its parent's (see `docs/library.md`).

    Parameters
    ----------
    model : name of shipped weights, or path of a .tintmodel file; with `options`, the model that their weights file
        must hold ("hpcm-base"). Default: the shipped default, or with `options` whichever model the file holds
    tune : instead of `model`: "eyes" (default; weights trained for what people see) or "psnr" (weights trained on
        squared error). Only encoding depends on it
    look : "faithful" (default) or "natural": where a low rate has left no texture, texture is drawn. It looks like that
        of photographs, but is not the original's: not for documents, medicine or evidence. Only decoding depends on it
    threads : tiles worked on at the same time; default: the CPUs that this process may use. It changes no result.
        HPCM: compute threads of the encoder inside a tile, default 2. Its files record them, and decoders use as many
    max_pixels : larger pictures are refused, in both directions; short for `limits` with this one changed
    tile : side of the tiles in pixels, at least 64; default: the whole picture for HPCM, `Tiling.default` of
        `tintype.codec.tiling` for others
    options : of a family whose weights do not ship: `tintype.models.hpcm.Options`. Its files are decoded with them
    limits : of pixels, work, memory and time; default: what the environment says (`Limits.from_environment`)

    Attributes are the values in use: `model` with its default and after `tune`, the others as given.

    Raises
    ------
    InputError
        A value is outside its range, or the values do not fit together.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        tune: str | None = None,
        look: store.Look = "faithful",
        threads: int | None = None,
        max_pixels: int | None = None,
        tile: int | None = None,
        options: Options | None = None,
        limits: Limits | None = None,
    ) -> None:
        threads = None if threads is None else whole("threads", threads, 1)
        tile = None if tile is None else whole("tile", tile, MIN_CORE)
        if tune is not None:
            choice("tune", tune, tuple(store.TUNES))
            if model is not None or options is not None:
                raise InputError(f"tune={tune!r} chooses shipped weights; give either it or a model")
            model = store.TUNES[tune]
        if model is None and options is None:
            model = store.DEFAULT
        choice("look", look, store.LOOKS)
        load.require_fit(model, options)  # now, not at the first picture
        self.model, self.look, self.options = model, look, options
        self.threads, self.tile = threads, tile
        limits = Limits.from_environment() if limits is None else limits
        kind("limits", limits, Limits, "tintype.Limits(...)")
        self.limits = limits if max_pixels is None else replace(limits, max_pixels=max_pixels)

    @property
    def max_pixels(self) -> int:
        """Of a picture; `limits` has the others."""
        return self.limits.max_pixels

    def __repr__(self) -> str:
        fields = ("model", "look", "threads", "tile", "options", "limits")
        return f"Codec({', '.join(f'{name}={getattr(self, name)!r}' for name in fields)})"

    def __enter__(self) -> Self:
        self.load()
        return self

    def __exit__(self, *_: object) -> None:
        load.forget()

    def load(self) -> "TileModel":
        """The model that encodes; the first call takes longer than a small picture."""
        return load.model(self.model, self.options, self.threads)

    def encode(
        self,
        image: Source,
        quality: float | None = None,
        progress: Progress | None = None,
        *,
        read: images.ReadOptions | None = None,
        strip: images.Stripped | None = None,
        content: Asked = "auto",
        lossless: bool = False,
        target: Target | None = None,
        verify: bool = False,
    ) -> EncodedFile:
        """A picture as the bytes of a .tint file.

        Parameters
        ----------
        image : path of a picture (str or PathLike), content of its file (bytes: never taken for a name), open binary
            file, PIL image, array, or what `decode_picture` gives. Arrays are uint8, or uint16 of 16 bits, of shape
            (H, W) grey, (H, W, 3) RGB or (H, W, 4) RGB and alpha
        quality : 0 (smallest) to 100; 75, the default, looks about as good as JPEG at 75. Models with a single rate
            refuse any.
        read : frame, background and conversions; the limit of pixels is the codec's
        strip : leave out EXIF, XMP and IPTC ("all"), or what of them names the place ("gps")
        content : "photo": the networks code everything; "screen": text, lines and windows are looked for everywhere and
            coded by other means where that is better; "auto", the default: as "screen" where the pixels look so
        lossless : every sample comes back as it is, as with quality 100; large for photographs
        target : instead of a quality, a size or a measured quality: `Target("size", 200_000)`. The picture is analysed
            once, and its levels are searched. The result's `reached` says what the file has. A quality that no level
            reaches gives a file without loss, and a warning. Pictures above 8 bits are compared in 8; under full
            transparency no colour counts
        verify : decode the file and compare it with the picture, see `tintype.verifying.check`

        What was converted, and what could not be kept, is logged as a warning of the logger `tintype`.

        Raises
        ------
        InputError
            If the picture or the quality cannot be coded; LimitError, if it asks for more than the limits allow;
            TargetError, if no file is as small as the target.
        VerifyError
            If the file does not give the picture back.
        OSError
            If a file cannot be read.
        """
        choice("strip", strip, (None, *images.STRIPPED))
        choice("content", content, ASKED)
        lossless, verify = flag("lossless", lossless), flag("verify", verify)
        quality = None if quality is None else number("quality", quality)
        callback("progress", progress)
        kind("target", target, Target | None, "tintype.Target(MEASURE, VALUE), or None")
        read = images.ReadOptions() if read is None else read
        kind("read", read, images.ReadOptions, "tintype.images.ReadOptions(...)")
        deadline = Deadline(self.limits.deadline)
        model = self.load()
        if lossless and quality not in (None, QUALITY_MAX):
            raise InputError(f"lossless has no quality, but {quality:g} was given; leave one of them out")
        if target is not None and (lossless or quality is not None):
            raise InputError(f"a target of {target} excludes quality and lossless; leave one of them out")
        quality = QUALITY_MAX if lossless else quality
        lossless = quality == QUALITY_MAX
        if lossless and model.identity.numerics is not None:
            raise InputError(f"lossless: {model.identity.name} has no lossless mode; use the default model")
        level = level_of(quality, model)
        if target is not None:
            require_levels(model)
        picture = self._load(image, read)
        if strip is not None:
            picture = images.strip(picture, strip)
        name = name_of(image)
        encoder = self._encoder(name, picture, model, "exact" if lossless else content, target, verify)
        trials = (TRIALS if target else 1) + verify
        passes = Passes(progress, len(encoder.tiles), trials)
        files = Files(name, picture, encoder, lambda: self._encoder(name, picture, model, "exact"), deadline, passes)
        file = EncodedFile(files.at(level), lossless=lossless) if target is None else meet(target, files)
        if verify:
            verifying.check(name, picture, files.decoded(file), file.lossless)
        passes.end()
        return file

    def decode(
        self,
        data: Encoded,
        progress: Progress | None = None,
        *,
        salvage: bool = False,
        region: Region | None = None,
        reduce: int = 1,
    ) -> Image.Image:
        """The picture in a .tint file as Pillow holds it, with its colour profile and metadata in `info`.

        Parameters
        ----------
        data : content of the file (bytes), its path (str or PathLike), or an open binary file
        salvage : decode what is sound of a damaged file. Tiles that are not are mid-grey, and each is logged
        region : left, top, width and height in pixels of what is wanted: a crop of the picture, to the bit. Only the
            tiles that show there are read, verified and decoded, and only they count for the limits
        reduce : 1, 2, 4 or 8: a picture with so many times smaller sides, whose pixels are means of boxes. From 4 on,
            shipped weights need no synthesis for it, and the means are approximate. With transparency all is decoded,
            and each pixel counts by its alpha

        Raises
        ------
        FormatError
            If the bytes are not a valid file; with `salvage` if the header is damaged, or no tile is sound.
        InputError
            If the region is empty, not inside the picture, or its borders are no multiples of `reduce`.
        UnsupportedError
            If it needs weights, a package or a version that is not available, or its weights do not have the look.
        LimitError
            If it asks for more than the limits allow.
        """
        picture, damage = images.sound(
            self.decode_picture(data, progress, salvage=salvage, region=region, reduce=reduce)
        )
        for note in damage:
            LOG.warning("%s: %s", name_of(data), note)
        image = images.to_pillow(picture)
        if picture.depth > 8 and not image.mode.startswith("I;16"):
            LOG.warning(
                "%s: %d bits per sample became 8, for Pillow has no more; decode_picture keeps them",
                name_of(data),
                picture.depth,
            )
        return image

    def decode_picture(
        self,
        data: Encoded,
        progress: Progress | None = None,
        *,
        salvage: bool = False,
        region: Region | None = None,
        reduce: int = 1,
    ) -> images.Picture:
        """As `decode`, but samples of any depth as an array, and metadata as bytes.

        With `salvage` the picture's `notes` say what is missing; there are none for a sound file.
        """
        callback("progress", progress)
        salvage, reduce = flag("salvage", salvage), whole("reduce", reduce, 1)
        deadline = Deadline(self.limits.deadline)
        # of a file on a disk a region reads little, whatever its size
        with opened(data, self.limits.max_memory, whole=region is None) as source:
            container = parse(source, salvage=salvage, region=region)
        name, size = name_of(data), container.header.network_size_of(container.region)
        images.check_size(*contents.decoded_size(container), name, self.max_pixels)
        self.limits.check_work(name, *size)  # before weights are read for it
        model = self._model_for(container)
        threads = self._tiles_at_once(name, model, size, contents.decoding_bytes(container))
        step = contents.decoder_reduction(container, reduce)
        if not salvage:
            pixels = decoder.decode(container, model, threads, progress, deadline, step)
            picture = contents.picture_of(container, pixels, reduce)
        else:
            pixels, damage = decoder.salvage(container, model, threads, progress, deadline, step)
            if len(damage) == len(container.tiles):
                raise damage[container.tiles[0]]
            picture = contents.salvaged_of(container, pixels, damage, reduce)
            for note in picture.notes:
                LOG.warning("%s: %s", name, note)
        drawn = isinstance(model, NaturalModel) and model.draws(container.header.level)
        return images.with_look(picture, "natural") if drawn else picture

    def decode_to(
        self,
        data: Encoded,
        target: str | os.PathLike[str] | BinaryIO,
        progress: Progress | None = None,
        *,
        suffix: str = "",
        quality: float | None = None,
        salvage: bool = False,
        region: Region | None = None,
        reduce: int = 1,
    ) -> tuple[str, ...]:
        """Decode into the file of a picture, and return what it does not hold, a sentence each.

        Parameters
        ----------
        target : path, which is overwritten, or open binary file
        suffix : as ".png"; needed for an open file, and else taken from the path
        quality : 0 to 100, of JPEG, AVIF and WebP; see `tintype.images.save`
        salvage, region, reduce : as for `decode`

        Raises
        ------
        As `decode`; also InputError for a target that cannot hold the picture, and OSError.
        """
        kind("suffix", suffix, str, "a picture's suffix, such as '.png'")
        suffix = images.output_suffix(suffix or (target if isinstance(target, str | os.PathLike) else ""))
        images.check_target(target)
        quality = images.check_quality(suffix, quality)
        picture = self.decode_picture(data, progress, salvage=salvage, region=region, reduce=reduce)
        lost = images.save(picture, target, suffix=suffix, quality=quality)
        for note in lost:
            LOG.warning("%s: %s", name_of(target), note)
        return lost

    def _load(self, image: Source, read: images.ReadOptions) -> images.Picture:
        """A picture within the limit of pixels; what reading it changed is logged."""
        if isinstance(image, images.Picture):
            images.check_picture(image)
            images.check_size(image.width, image.height, "the picture", self.max_pixels)
            return image
        memory, most = self.limits.max_memory, self.max_pixels
        if memory is not None:
            most = min(most, memory // images.MEMORY_BYTES_PER_PIXEL)
        try:
            picture = images.load(image, replace(read, max_pixels=most))
        except LimitError as error:
            if most == self.max_pixels:
                raise
            raise LimitError(
                f"{name_of(image)}: reading it takes more than {memory} bytes of memory; raise max_memory "
                "(--max-memory)"
            ) from error
        for note in picture.notes:
            LOG.warning("%s: %s", name_of(image), note)
        return picture

    def _encoder(
        self,
        name: str,
        picture: images.Picture,
        model: "TileModel",
        content: Content,
        target: Target | None = None,
        verify: bool = False,
    ) -> Encoder:
        """What encodes a picture within the limits, once or, with a target, at several levels.

        Parameters
        ----------
        content : "exact": without loss
        """
        pixels, samples = picture.pixels, contents.samples_of(picture)
        if picture.alpha is not None and content != "exact":
            pixels = fill_hidden(pixels, picture.alpha)
        tiling = self._tiling(pixels, samples.depth, model, content)
        size = network_size(picture.width, picture.height, tiling, network_multiple(model.identity.model_id))
        # against what is free the picture does not count: it has been read
        picture_bytes = 0 if self.limits.max_memory is None else contents.encoding_bytes(picture)
        if target is not None:
            picture_bytes += contents.search_bytes(size.pixels, picture.width * picture.height, target)
        if verify or (target is not None and target.quality is not None):
            picture_bytes += 3 * pixels.nbytes  # decoded: sums of tiles, twice as wide as samples, beside the result
        threads = self._tiles_at_once(name, model, size, picture_bytes)
        keep, tolerance = target is not None, model.tolerance
        return Encoder(model, pixels, tiling, threads, keep, tolerance, samples, content, picture.pixels)

    def _tiling(self, picture: IntPixels, depth: int, model: "TileModel", content: Content) -> Tiling:
        """How a picture is cut."""
        height, width = picture.shape[:2]
        margin = 0 if content == "exact" else DEFAULT_MARGIN
        tiling = Tiling.default(width, height)
        if self.tile is not None:
            tiling = Tiling.of(width, height, self.tile, margin)
        elif model.whole_pictures:
            tiling = WHOLE_PICTURE
        elif tiling.core == DEFAULT_CORE and (
            content in ("exact", "screen") or (content == "auto" and mostly_drawn(picture, depth))
        ):
            tiling = Tiling.of(width, height, GRAPHICS_CORE, margin)
        pixels = largest_tile_pixels(width, height, tiling)
        if pixels > MAX_TILE_PIXELS:
            raise InputError(
                f"{width} x {height} gives a tile of {pixels} pixels, above the limit of {MAX_TILE_PIXELS}; give a "
                "smaller tile (--tile)"
            )
        return tiling

    def _tiles_at_once(self, name: str, model: "TileModel", size: NetworkSize, picture_bytes: int) -> int:
        """How many tiles to work on at the same time, within the limits; refuses a picture that is above them."""
        self.limits.check_work(name, *size)
        threads = (self.threads or available_cpus()) if model.tiles_in_parallel else 1
        return self.limits.tiles_at_once(name, threads, picture_bytes, model.tile_bytes(size.largest_tile))

    def _model_for(self, container: Container) -> "TileModel":
        bundle = self.model if self.options is None and self.model not in store.manifest() else None
        return load.model_for(container.header, container.numerics, bundle, self.options, self.look)


def encode(
    image: Source, quality: float | None = None, model: str = store.DEFAULT, threads: int | None = None
) -> EncodedFile:
    """`Codec(model, threads=threads).encode(image, quality)`."""
    return Codec(model, threads=threads).encode(image, quality)


def decode(data: Encoded, threads: int | None = None, look: store.Look = "faithful") -> Image.Image:
    """`Codec(look=look, threads=threads).decode(data)`."""
    return Codec(look=look, threads=threads).decode(data)


def open(path: str | os.PathLike[str], threads: int | None = None, look: store.Look = "faithful") -> Image.Image:
    """Decode a .tint file from disk."""
    return decode(path, threads, look)
