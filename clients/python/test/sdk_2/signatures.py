"""API keys and signatures."""

import time

from harness import MASTER_KEY, URL, refused, scenario
from intent_bus import IntentClient
from intent_bus.exceptions import IntentBusAuthError

from .users import Warnings, bus, lease


@scenario('a wrong key is an IntentBusAuthError')
def _():
    stranger = IntentClient(URL, 'tk_nobody')
    refused(IntentBusAuthError, 'unauthorized', lambda: stranger.publish('break-in', {}))
    refused(IntentBusAuthError, 'unauthorized', stranger.claim)


@scenario('a clock that is wrong, or a body changed on its way, is an IntentBusAuthError')
def _():
    now = time.time
    time.time = lambda: now() - 301
    try:
        assert 'Stale timestamp' in refused(IntentBusAuthError, 'invalid_signature', bus.claim)
    finally:
        time.time = now
    tampered = IntentClient(URL, MASTER_KEY)
    send = tampered.transport.session.request
    tampered.transport.session.request = lambda *a, data, **kw: send(*a, data=data.replace(b'5', b'6'), **kw)
    text = refused(IntentBusAuthError, 'invalid_signature', lambda: tampered.publish('pay', {'euros': 5}))
    assert 'Bad signature' in text


@scenario('a request that is sent twice is a replay')
def _():
    recorded = IntentClient(URL, MASTER_KEY)
    send = recorded.transport.session.request

    def twice(*args, **named):
        send(*args, **named)
        return send(*args, **named)

    recorded.transport.session.request = twice
    assert 'Replay detected' in refused(IntentBusAuthError, 'invalid_signature', lambda: recorded.claim('twice'))


@scenario('the SDK finds a server of its own version, and warns of nothing')
def _():
    with Warnings() as warnings, IntentClient(URL, MASTER_KEY) as client:
        client.publish('hello', {})
        assert client.server_version.split('.')[0] == '7'
        client.fulfill(**lease(client.claim('hello')))
    assert warnings.texts == []
