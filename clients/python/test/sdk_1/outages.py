"""Keys, signatures, limits, and a bus that is away."""

import time

from harness import URL, Sleeps, please, refused, scenario
from intent_bus import IntentBusAuthError, IntentBusRateLimitError, IntentClient

from .users import bus, somebody, status


@scenario('a wrong key and a wrong clock are an IntentBusAuthError')
def _():
    refused(IntentBusAuthError, 'unauthorized', lambda: IntentClient(URL, 'tk_nobody').publish('break-in', {}))
    now = time.time
    time.time = lambda: now() - 301
    try:
        assert 'Stale timestamp' in refused(IntentBusAuthError, 'invalid_signature', bus.claim)
    finally:
        time.time = now


@scenario('beyond the rate limit every call is an IntentBusRateLimitError', {'BUS_RATE_LIMIT': '3'})
def _():
    issued = somebody()
    for _ in range(3):
        issued.claim('often')
    for call in (lambda: issued.claim('often'), lambda: issued.publish('often', {}), lambda: issued.get('lamp')):
        assert 'Too many requests' in refused(IntentBusRateLimitError, 'rate_limited', call)


@scenario('what is published while the bus is away is published once, when it is back', {})
def _():
    bus.publish('patient', 0)
    please('stop')
    with Sleeps(then=lambda: please('start')):
        bus.publish('patient', 1)
    assert [bus.claim('patient')['payload'] for _ in range(2)] == [0, 1]
    assert not bus.claim('patient')


@scenario('publish waits for the end of maintenance', {'BUS_MAINTENANCE_MODE': 'true'})
def _():
    def over():
        please('stop')
        please('start', BUS_MAINTENANCE_MODE='false')

    with Sleeps(then=over):
        published = bus.publish('patient', {})
    assert status(published['id'])['status'] == 'open'
