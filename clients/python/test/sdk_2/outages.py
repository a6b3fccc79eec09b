"""Limits, maintenance, and a bus that is away."""

import time

from harness import Sleeps, please, refused, scenario
from intent_bus.exceptions import IntentBusNetworkError, IntentBusRateLimitError

from .users import bus, claimed, lease, somebody


@scenario(
    'publish waits as long as a rate limit says, and gets through',
    {'BUS_RATE_LIMIT': '3', 'BUS_RATE_WINDOW_SECONDS': '2'},
)
def _():
    issued = somebody()
    waits, ids = [], []

    def wait(seconds, sleep=time.sleep):
        waits.append(seconds)
        sleep(seconds)

    time.sleep = wait
    while not waits:
        ids.append(issued.publish('often', len(ids)).id)
        assert len(ids) < 1000
    assert len(waits) == 1 and waits[0] in (1, 2), waits
    assert [issued.get_status(id).status for id in ids[-2:]] == ['open'] * 2


@scenario('a claim beyond the rate limit is an IntentBusRateLimitError', {'BUS_RATE_LIMIT': '3'})
def _():
    issued = somebody()
    for _ in range(3):
        issued.claim('often')
    assert 'Too many requests' in refused(IntentBusRateLimitError, 'rate_limited', lambda: issued.claim('often'))


@scenario('more open intents than a key may have are refused', {'BUS_MAX_OPEN_INTENTS': '2'})
def _():
    issued = somebody()
    jobs = [issued.publish('heap', {}) for _ in range(2)]
    with Sleeps() as sleeps:
        refused(IntentBusRateLimitError, 'limit_exceeded', lambda: issued.publish('heap', {}))
    assert max(sleeps.noted) <= 60
    issued.fulfill(**lease(issued.claim('heap')))
    assert issued.publish('heap', {}).id not in [job.id for job in jobs]


@scenario('publish waits for the end of maintenance', {'BUS_MAINTENANCE_MODE': 'true'})
def _():
    def over():
        please('stop')
        please('start', BUS_MAINTENANCE_MODE='false')

    with Sleeps(then=over) as sleeps:
        published = bus.publish('patient', {})
    assert bus.get_status(published.id).status == 'open'
    assert 0 < sleeps.noted[0] <= 60


@scenario('what is published while the bus is away is published once, when it is back', {})
def _():
    bus.publish('patient', 0)
    please('stop')
    with Sleeps(then=lambda: please('start')):
        published = bus.publish('patient', 1)
    assert bus.get_status(published.id).status == 'open'
    assert [bus.claim('patient').payload for _ in range(2)] == [0, 1]
    assert not bus.claim('patient')


@scenario('a bus that stays away is an IntentBusNetworkError', {})
def _():
    please('kill')
    for call in (lambda: bus.publish('patient', {}), bus.claim, lambda: bus.get('lamp')):
        with Sleeps() as sleeps:
            try:
                call()
                raise AssertionError('answered')
            except IntentBusNetworkError:
                assert len(sleeps.noted) in (0, 2)


@scenario('a lease, a value and an idempotency key outlive a kill of the bus', {})
def _():
    job = claimed('survivor', idempotency_key='once')
    bus.set('lamp', 'on')
    please('kill')
    please('start')
    bus.fulfill(**lease(job), result='alive')
    assert bus.get_result(job.id).result == 'alive'
    assert bus.get('lamp') == 'on'
    assert bus.publish('survivor', {}, idempotency_key='once').id == job.id
