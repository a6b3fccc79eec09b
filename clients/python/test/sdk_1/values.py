"""Idempotency keys, and the values of set and get."""

from harness import refused, scenario
from intent_bus import IntentBusError

from .users import bus, somebody


@scenario('the same key and the same job are published once; another job is a conflict')
def _():
    first = bus.publish('charge', {'euros': 5, 'to': 'Ada'}, idempotency_key='order-17')
    assert bus.publish('charge', {'to': 'Ada', 'euros': 5}, idempotency_key='order-17') == first
    text = refused(
        IntentBusError, 'idempotency_conflict', lambda: bus.publish('charge', {}, idempotency_key='order-17')
    )
    assert 'Key reused with different payload' in text
    bus.fulfill(bus.claim('charge')['id'])
    assert bus.publish('charge', {'euros': 5, 'to': 'Ada'}, idempotency_key='order-17') == first


@scenario('a value that is set can be got, as text, by the key that set it')
def _():
    assert bus.set('lamp', 'on') == {'ok': True}
    for value, text in (('off', 'off'), (5, '5'), (True, 'true'), ({'a': [1]}, '{"a":[1]}'), ('é🐛', 'é🐛')):
        bus.set('lamp', value, ttl=10**9, idempotency_key='same')
        assert bus.get('lamp') == text
    for key in ('two words', 'café', '100%', 'a+b'):
        bus.set(key, key)
        assert bus.get(key) == key
    refused(IntentBusError, 'not_found', lambda: bus.get('never-set'))
    refused(IntentBusError, 'not_found', lambda: somebody().get('lamp'))
