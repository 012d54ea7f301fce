"""A web service that encodes and decodes pictures of strangers: a plain ASGI application.

    pip install uvicorn
    python examples/service.py [--port 8000] [--workers 2] [--waiting 16] ...

    curl --data-binary @photo.jpg 'localhost:8000/encode?quality=75' > photo.tint
    curl --data-binary @photo.tint 'localhost:8000/decode?format=webp' > photo.webp
    curl --data-binary @photo.tint 'localhost:8000/decode?region=512,0,512,512&reduce=4' > part.png

POST /encode [?quality=0..100] [&tune=eyes|psnr] takes a picture. POST /decode [?format=png|jpg|webp]
[&region=X,Y,W,H] [&reduce=1|2|4|8] [&look=faithful|natural] takes a .tint file. GET /health answers 200 once the model
is loaded. GET /metrics answers in Prometheus' text format.

What bounds the service: `workers` pictures are worked on at a time, each on one thread. `waiting` more wait for a
worker, and further ones are answered at once with 503 and Retry-After. Uploads are bounded in bytes and seconds, calls
in pixels, memory and seconds. docs/security.md has the figures.
"""

import argparse
import asyncio
import io
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import tintype
from tintype.errors import DeadlineError, FormatError, InputError, LimitError, TintypeError, UnsupportedError
from tintype.weights import store

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

TINT = "image/x-tint"
FORMATS: Mapping[str, str] = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
REGION = re.compile(r"(?:(\d{1,5}),(\d{1,5}),(\d{1,5}),(\d{1,5}))?", re.ASCII)  # or nothing
QUALITY = re.compile(r"\d{1,2}|100", re.ASCII)
LENGTH = re.compile(rb"\d{1,15}")  # of a body; more digits say more than any limit
BUCKETS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)  # seconds, of the histogram of durations

STATUS: Mapping[type[BaseException], int] = {
    DeadlineError: 503,
    LimitError: 413,
    InputError: 422,
    FormatError: 422,
    UnsupportedError: 422,
    MemoryError: 503,
}
"""Of what a call raises; subclasses stand before their bases. Anything else is our fault: 500."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What strangers may ask for."""

    workers: int = 2  # pictures worked on at the same time
    waiting: int = 16  # pictures that wait for a worker
    upload_seconds: float = 10.0  # for the body to arrive
    upload_bytes: int = 20_000_000
    queue_seconds: float = 30.0  # until a worker begins
    work_seconds: float = 10.0  # of a worker; one picture of 16 megapixels takes about 6
    work_memory: int = 500_000_000  # bytes of a worker
    pixels: int = 16_000_000  # of a picture


@dataclass(frozen=True, slots=True)
class Answer:
    """A response."""

    status: int
    body: bytes
    type: str = "text/plain; charset=utf-8"
    headers: tuple[tuple[bytes, bytes], ...] = ()


class RefusedError(Exception):
    """A request that is answered without work."""

    def __init__(self, status: int, message: str, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(message)
        self.answer = Answer(status, f"{message}\n".encode(), headers=headers)


RETRY = (b"retry-after", b"2")


@dataclass(slots=True)
class Metrics:
    """Counts for /metrics. The event loop alone changes them."""

    requests: Counter[tuple[str, int]] = field(default_factory=Counter)  # by path and status
    buckets: Counter[tuple[str, float]] = field(default_factory=Counter)  # by path and upper bound
    seconds: Counter[str] = field(default_factory=Counter)

    def count(self, path: str, status: int, seconds: float) -> None:
        self.requests[path, status] += 1
        self.seconds[path] += seconds
        for bound in (*BUCKETS, float("inf")):
            self.buckets[path, bound] += seconds <= bound

    def text(self, working: int, waiting: int) -> str:
        """Prometheus' text format, version 0.0.4."""
        lines = ["# TYPE tintype_requests_total counter"]
        for (path, status), count in sorted(self.requests.items()):
            lines.append(f'tintype_requests_total{{path="{path}",status="{status}"}} {count}')
        lines.append("# TYPE tintype_request_seconds histogram")
        for (path, bound), count in sorted(self.buckets.items()):
            le = "+Inf" if bound == float("inf") else bound
            lines.append(f'tintype_request_seconds_bucket{{path="{path}",le="{le}"}} {count}')
        for path, seconds in sorted(self.seconds.items()):
            lines.append(f'tintype_request_seconds_sum{{path="{path}"}} {seconds:.6f}')
            lines.append(f'tintype_request_seconds_count{{path="{path}"}} {self.buckets[path, float("inf")]}')
        lines += ["# TYPE tintype_working gauge", f"tintype_working {working}"]
        lines += ["# TYPE tintype_waiting gauge", f"tintype_waiting {waiting}"]
        return "\n".join(lines) + "\n"


class Service:
    """The ASGI application."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self.metrics = Metrics()
        self._pool = ThreadPoolExecutor(self.settings.workers, thread_name_prefix="tintype")
        self._busy = 0  # requests that have a worker or wait for one
        limits = tintype.Limits(
            max_pixels=self.settings.pixels,
            max_memory=self.settings.work_memory,
            deadline=self.settings.work_seconds,
        )
        self._codecs = {tune: tintype.Codec(tune=tune, threads=1, limits=limits) for tune in store.TUNES}
        self._looks = {look: tintype.Codec(look=look, threads=1, limits=limits) for look in store.LOOKS}

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            begin = time.monotonic()
            path = scope["path"] if scope["path"] in ("/encode", "/decode", "/health", "/metrics") else "other"
            try:
                answer = await self._answer(scope, receive, begin)
            except Exception:
                self.metrics.count(path, 500, time.monotonic() - begin)
                raise  # the server logs it and answers
            self.metrics.count(path, answer.status, time.monotonic() - begin)
            length = (b"content-length", str(len(answer.body)).encode())
            headers = [(b"content-type", answer.type.encode()), length, *answer.headers]
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.body})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                for codec in self._codecs.values():
                    codec.load()
            else:
                self._pool.shutdown(cancel_futures=True)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    async def _answer(self, scope: Mapping[str, Any], receive: Receive, begin: float) -> Answer:
        try:
            match scope["method"], scope["path"]:
                case "GET", "/health":
                    return Answer(200, b"ok\n")
                case "GET", "/metrics":
                    working = min(self._busy, self.settings.workers)
                    text = self.metrics.text(working, self._busy - working)
                    return Answer(200, text.encode(), "text/plain; version=0.0.4")
                case "POST", "/encode" | "/decode":
                    return await self._work(scope, receive, begin)
                case _, "/encode" | "/decode" | "/health" | "/metrics":
                    raise RefusedError(405, "this path takes another method")
                case _:
                    raise RefusedError(404, "there are /encode, /decode, /health and /metrics")
        except RefusedError as refused:
            return refused.answer

    async def _work(self, scope: Mapping[str, Any], receive: Receive, begin: float) -> Answer:
        call = self._call(scope)  # bad options are refused before anything is read
        if self._busy >= self.settings.workers + self.settings.waiting:
            raise RefusedError(503, "all workers are busy and the queue is full; try again", RETRY)
        self._busy += 1
        try:
            try:
                async with asyncio.timeout(self.settings.upload_seconds):
                    body = await self._body(scope, receive)
            except TimeoutError:
                raise RefusedError(408, f"the upload took longer than {self.settings.upload_seconds} s") from None
            run = partial(_run, call, body, begin + self.settings.queue_seconds)
            return await asyncio.get_running_loop().run_in_executor(self._pool, run)
        finally:
            self._busy -= 1

    def _call(self, scope: Mapping[str, Any]) -> Callable[[bytes], Answer]:
        """What a request asks for: a function of its body."""
        query = {key: values[-1] for key, values in parse_qs(scope["query_string"].decode("latin-1")).items()}
        if scope["path"] == "/decode":
            format, reduce, look = query.pop("format", "png"), query.pop("reduce", "1"), query.pop("look", "faithful")
            region = REGION.fullmatch(query.pop("region", ""))
            known = format in FORMATS and reduce in ("1", "2", "4", "8") and look in store.LOOKS
            if not known or region is None or query:
                options = f"format={'|'.join(FORMATS)}, region=X,Y,W,H, reduce=1|2|4|8, look={'|'.join(store.LOOKS)}"
                raise RefusedError(400, f"options of /decode: {options}")
            part = {"region": tuple(map(int, region.groups()))} if region[1] else {}
            return partial(self._decode, self._looks[look], format, part | {"reduce": int(reduce)})
        tune, quality = query.pop("tune", "eyes"), query.pop("quality", "75")
        if tune not in self._codecs or not QUALITY.fullmatch(quality) or query:
            raise RefusedError(400, f"options of /encode: quality=0..100, tune={'|'.join(self._codecs)}")
        return partial(self._encode, self._codecs[tune], int(quality))

    def _encode(self, codec: tintype.Codec, quality: int, body: bytes) -> Answer:
        return Answer(200, codec.encode(body, quality), TINT)

    def _decode(self, codec: tintype.Codec, format: str, part: Mapping[str, Any], body: bytes) -> Answer:
        file = io.BytesIO()
        codec.decode_to(body, file, suffix=f".{format}", **part)
        return Answer(200, file.getvalue(), FORMATS[format])

    async def _body(self, scope: Mapping[str, Any], receive: Receive) -> bytes:
        """The request's body, within its limit; a stated length above it is refused before anything is read."""
        limit = self.settings.upload_bytes
        too_long = RefusedError(413, f"uploads may have {limit} bytes")
        stated = dict(scope["headers"]).get(b"content-length", b"0")
        if not LENGTH.fullmatch(stated) or int(stated) > limit:
            raise too_long
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise RefusedError(400, "the client left")
            body += message.get("body", b"")
            if len(body) > limit:
                raise too_long
            if not message.get("more_body", False):
                return bytes(body)


def _run(call: Callable[[bytes], Answer], body: bytes, latest: float) -> Answer:
    """A call on a worker's thread, unless it begins too late."""
    if time.monotonic() > latest:
        return RefusedError(503, "no worker was free in time; try again", RETRY).answer
    try:
        return call(body)
    except (TintypeError, MemoryError) as error:
        status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)
        return RefusedError(status, str(error) or "not enough memory", *((RETRY,) if status == 503 else ())).answer


def main() -> None:
    import uvicorn

    parser = argparse.ArgumentParser(description="Encode and decode over HTTP.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    for each in fields(Settings):
        name = f"--{each.name.replace('_', '-')}"
        parser.add_argument(name, type=type(each.default), default=each.default)
    options = vars(parser.parse_args())
    host, port = options.pop("host"), options.pop("port")
    settings = Settings(**options)
    # connections beyond those that can have work: for health and metrics, and to be told 503
    connections = 2 * (settings.workers + settings.waiting) + 32
    uvicorn.run(Service(settings), host=host, port=port, limit_concurrency=connections, access_log=False)


if __name__ == "__main__":
    main()
