"""The hostile files of the load test, given to the service without a server; the row of a load."""

import asyncio
from collections import Counter

from benchmarks.service import Load, hostile_requests
from examples.service import Service, Settings
from tests.examples.test_service import PNG, request


def test_hostile_files_are_answered_with_a_status_and_the_service_goes_on() -> None:
    service = Service(Settings(pixels=4_000_000, work_memory=400_000_000, work_seconds=1))
    statuses = Counter[int]()
    for path, body in hostile_requests():
        statuses[asyncio.run(request(service, "POST", path, [body]))[0]] += 1
    assert set(statuses) <= {200, 413, 422, 503} and statuses[413] >= 5 and statuses[422] >= 5
    assert asyncio.run(request(service, "POST", "/encode", [PNG]))[0] == 200


def test_a_row_has_the_rate_and_the_times_of_what_was_answered() -> None:
    load = Load(Counter({200: 4, 503: 1}), seconds=[0.1, 0.3, 0.2, 0.4], refusals=[0.05], wall=2.0)
    assert load.row("name", 3 << 20) == ["name", "2.0", "250", "400", "4 x 200, 1 x 503", "50", "3"]
