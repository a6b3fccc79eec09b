"""Idempotency keys, and the values of set and get."""

from harness import refused, scenario
from intent_bus.exceptions import IntentBusAuthError, IntentBusError

from .users import bus, lease, somebody


@scenario('the same key and the same job are published once, even after it is done')
def _():
    first = bus.publish('charge', {'euros': 5, 'to': 'Ada'}, idempotency_key='order-17')
    assert bus.publish('charge', {'to': 'Ada', 'euros': 5}, idempotency_key='order-17').id == first.id
    bus.fulfill(**lease(bus.claim('charge')))
    assert bus.publish('charge', {'euros': 5, 'to': 'Ada'}, idempotency_key='order-17').id == first.id
    assert not bus.claim('charge')


@scenario('the same key with another job is a conflict')
def _():
    bus.publish('pay', {'euros': 5}, idempotency_key='order-18')
    text = refused(
        IntentBusError,
        'idempotency_conflict',
        lambda: bus.publish('pay', {'euros': 6}, idempotency_key='order-18'),
    )
    assert 'Key reused with different payload' in text
    assert somebody().publish('pay', {'euros': 6}, idempotency_key='order-18').status == 'published'


@scenario('a value that is set can be got')
def _():
    assert bus.set('lamp', 'on') == {'ok': True}
    for value in ('off', '', 'false', '[not json', {'v': [1, 'é']}, ['a', None]):
        bus.set('lamp', value, ttl=10**9)
        assert bus.get('lamp') == value, bus.get('lamp')
    for value, text in ((5, '5'), (1.5, '1.5'), (True, 'true'), (None, 'null')):
        bus.set('lamp', value, ttl=1)
        bus.set('lamp', value)
        assert bus.get('lamp') == text


@scenario('a value may be set again under the same idempotency key')
def _():
    bus.set('counter', 'one', idempotency_key='tick')
    bus.set('counter', 'two', idempotency_key='tick')
    assert bus.get('counter') == 'two'


@scenario('keys with spaces, accents and percent signs are signed as the bus reads them')
def _():
    for key in ('two words', 'café', '100%', 'a+b', 'a:b,c;d=e&f', '🐛', "it's(a)*!~"):
        bus.set(key, key)
        assert bus.get(key) == key
    # Here the SDK signs another URL than it sends.
    for key in ('a?b', 'a#b', 'a%20b'):
        refused(IntentBusAuthError, 'invalid_signature', lambda key=key: bus.set(key, key))


@scenario('a value that is not there is an IntentBusError, and each key has its own')
def _():
    bus.set('mine', 'yes')
    refused(IntentBusError, 'not_found', lambda: bus.get('never-set'))
    refused(IntentBusError, 'not_found', lambda: somebody().get('mine'))
