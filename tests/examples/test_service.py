"""The example service, called as a server calls it, without one."""

import asyncio
import io
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

import tintype
from examples.service import Service, Settings
from tests.images.files import saved
from tests.pictures import picture

PNG = saved(Image.fromarray(picture(48, 64)), "PNG")
TINT = tintype.encode(picture(48, 64), quality=30)


async def request(
    service: Service, method: str, target: str, body: Sequence[bytes] = (), headers: Sequence[tuple[bytes, bytes]] = ()
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of an answer; a body of several parts arrives part by part."""
    path, _, query = target.partition("?")
    parts = list(body) or [b""]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not parts:
            return {"type": "http.disconnect"}
        part = parts.pop(0)
        return {"type": "http.request", "body": part, "more_body": bool(parts)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": query.encode(), "headers": list(headers)}
    await service(scope, receive, send)
    start, end = sent
    return start["status"], dict(start["headers"]), end["body"]


def answer(
    service: Service, method: str, target: str, *body: bytes, length: int | str | None = None
) -> tuple[int, dict[bytes, bytes], bytes]:
    headers = [] if length is None else [(b"content-length", str(length).encode())]
    return asyncio.run(request(service, method, target, body, headers))


def test_a_picture_goes_there_and_back() -> None:
    service = Service()
    status, headers, data = answer(service, "POST", "/encode?quality=30", PNG[:99], PNG[99:])
    assert (status, headers[b"content-type"], data) == (200, b"image/x-tint", TINT)
    for format in ("png", "jpg", "webp"):
        status, headers, file = answer(service, "POST", f"/decode?format={format}", data)
        assert status == 200 and headers[b"content-length"] == str(len(file)).encode()
        pixels = np.asarray(Image.open(io.BytesIO(file)))
        assert format == "jpg" or np.array_equal(pixels, np.asarray(tintype.decode(data)))
    assert answer(service, "POST", "/encode?quality=30&tune=psnr", PNG)[2] != data


def test_a_part_comes_in_smaller_sides() -> None:
    service, codec = Service(), tintype.Codec()
    for query, options in (
        ("region=8,16,24,32", {"region": (8, 16, 24, 32)}),
        ("reduce=4", {"reduce": 4}),
        ("reduce=8&region=8,16,24,32&format=webp", {"region": (8, 16, 24, 32), "reduce": 8}),
    ):
        status, _, file = answer(service, "POST", f"/decode?{query}", TINT)
        assert status == 200
        assert Image.open(io.BytesIO(file)).tobytes() == codec.decode(TINT, **options).tobytes()
    for query in ("look=pretty", "reduce=3", "region=1,2,3", "region=-1,0,1,1", "region=1,2,3,400000"):
        assert answer(service, "POST", f"/decode?{query}", TINT)[0] == 400
    assert answer(service, "POST", "/decode?region=60,0,5,5", TINT)[0] == 422


def test_the_natural_look_is_an_option() -> None:
    service = Service()
    assert answer(service, "POST", "/decode?look=faithful", TINT)[::2] == answer(service, "POST", "/decode", TINT)[::2]
    installed = "natural" in tintype.info(TINT).looks
    assert answer(service, "POST", "/decode?look=natural", TINT)[0] == (200 if installed else 422)


@pytest.mark.parametrize(
    ("status", "method", "target", "body"),
    [
        (404, "GET", "/", b""),
        (405, "GET", "/encode", b""),
        (405, "POST", "/health", b""),
        (400, "POST", "/encode?quality=101", PNG),
        (400, "POST", "/encode?quality=-1", PNG),
        (400, "POST", "/encode?quality=" + 5000 * "9", PNG),
        (400, "POST", "/encode?quality=%D9%A3", PNG),
        (400, "POST", "/encode?tune=ears", PNG),
        (400, "POST", "/decode?format=exe", TINT),
        (400, "POST", "/decode?path=/etc/passwd", TINT),
        (422, "POST", "/encode", b""),
        (422, "POST", "/encode", b"/etc/passwd"),
        (422, "POST", "/decode", TINT[:-1]),
        (422, "POST", "/decode", PNG),
    ],
)
def test_bad_requests_are_refused(status: int, method: str, target: str, body: bytes) -> None:
    service = Service()
    found, _, text = answer(service, method, target, body)
    assert found == status and text.endswith(b"\n")
    assert b"tintype_working 0\n" in answer(service, "GET", "/metrics")[2]


def test_long_uploads_are_refused_stated_or_not() -> None:
    service = Service(Settings(upload_bytes=len(PNG)))
    assert answer(service, "POST", "/encode", PNG, length=len(PNG))[0] == 200
    assert answer(service, "POST", "/encode", PNG, length=len(PNG) + 1)[0] == 413
    assert answer(service, "POST", "/encode", PNG, b"x")[0] == 413
    assert answer(service, "POST", "/encode", PNG, b"x", length=3)[0] == 413
    assert answer(service, "POST", "/encode", PNG, length=5000 * "9")[0] == 413


@pytest.mark.parametrize(
    ("settings", "status"),
    [(Settings(pixels=48 * 64 - 1), 413), (Settings(work_memory=10_000), 413), (Settings(work_seconds=0), 503)],
)
def test_pictures_above_a_limit_are_refused(settings: Settings, status: int) -> None:
    service = Service(settings)
    assert answer(service, "POST", "/encode", PNG)[0] == status
    assert answer(service, "POST", "/decode", TINT)[0] == status


def test_slow_uploads_are_refused() -> None:
    async def slow() -> int:
        service = Service(Settings(upload_seconds=0.01))
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            await asyncio.Event().wait()
            raise AssertionError("never set")

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/encode", "query_string": b"", "headers": []}
        await service(scope, receive, send)
        status: int = sent[0]["status"]
        return status

    assert asyncio.run(slow()) == 408


def test_clients_that_leave_free_their_place() -> None:
    service = Service(Settings(workers=1, waiting=0))
    parts = (b"x", b"")  # the second is never followed by an end
    sent = asyncio.run(request(_without_end(service), "POST", "/encode", parts))
    assert sent[0] == 400 and answer(service, "POST", "/encode", PNG)[0] == 200


def _without_end(service: Service) -> Any:
    """The service, for which every body goes on until the client leaves."""

    async def call(scope: Any, receive: Any, send: Any) -> None:
        async def endless() -> dict[str, Any]:
            message: dict[str, Any] = await receive()
            return message | {"more_body": True}

        await service(scope, endless, send)

    return call


def test_a_full_queue_is_answered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    release, begun = threading.Event(), threading.Event()

    def blocked(*_: object, **__: object) -> bytes:
        begun.set()
        release.wait()
        return b"coded"

    monkeypatch.setattr(tintype.Codec, "encode", blocked)
    service = Service(Settings(workers=1, waiting=1))

    async def run() -> None:
        first = asyncio.create_task(request(service, "POST", "/encode", [PNG]))
        await asyncio.to_thread(begun.wait)
        second = asyncio.create_task(request(service, "POST", "/encode", [PNG]))
        await asyncio.sleep(0)  # until it has its place
        status, headers, _ = await request(service, "POST", "/encode", [PNG])
        assert status == 503 and int(headers[b"retry-after"]) > 0
        metrics = (await request(service, "GET", "/metrics"))[2].decode()
        assert "tintype_working 1\n" in metrics and "tintype_waiting 1\n" in metrics
        assert (await request(service, "GET", "/health"))[0] == 200
        release.set()
        assert [(await each)[2] for each in (first, second)] == [b"coded", b"coded"]

    asyncio.run(run())
    metrics = answer(service, "GET", "/metrics")[2]
    assert b"tintype_working 0\n" in metrics and b"tintype_waiting 0\n" in metrics


def test_work_that_no_worker_began_in_time_is_refused() -> None:
    status, headers, _ = answer(Service(Settings(queue_seconds=-1)), "POST", "/encode", PNG)
    assert status == 503 and b"retry-after" in headers


def test_faults_of_our_own_are_counted_and_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tintype.Codec, "encode", lambda *_, **__: 1 / 0)
    service = Service()
    with pytest.raises(ZeroDivisionError):
        answer(service, "POST", "/encode", PNG)
    metrics = answer(service, "GET", "/metrics")[2].decode()
    assert 'tintype_requests_total{path="/encode",status="500"} 1\n' in metrics and "tintype_working 0\n" in metrics


def test_metrics_count_requests_and_seconds() -> None:
    service = Service()
    answer(service, "POST", "/decode", TINT)
    answer(service, "POST", "/decode", b"no")
    answer(service, "GET", "/secret")
    text = answer(service, "GET", "/metrics")[2].decode()
    assert 'tintype_requests_total{path="/decode",status="200"} 1\n' in text
    assert 'tintype_requests_total{path="/decode",status="422"} 1\n' in text
    assert 'tintype_requests_total{path="other",status="404"} 1\n' in text
    assert 'tintype_request_seconds_bucket{path="/decode",le="+Inf"} 2\n' in text
    assert 'tintype_request_seconds_count{path="/decode"} 2\n' in text


def test_it_starts_and_ends_as_servers_ask() -> None:
    async def run() -> list[str]:
        asked = ["lifespan.startup", "lifespan.shutdown"]
        sent: list[str] = []

        async def receive() -> dict[str, Any]:
            return {"type": asked.pop(0)}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message["type"])

        await Service()({"type": "lifespan"}, receive, send)
        return sent

    assert asyncio.run(run()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
