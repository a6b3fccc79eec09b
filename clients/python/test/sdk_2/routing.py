"""Who gets what, and in which order."""

import time

from harness import refused, scenario
from intent_bus.exceptions import IntentBusAuthError

from .users import bus, lease, somebody


@scenario('a namespace is a queue of its own')
def _():
    published = bus.publish('tidy', {}, namespace='kitchen')
    assert not bus.claim('tidy')
    assert not bus.claim('tidy', namespace='bath')
    assert bus.claim(namespace='kitchen').id == published.id


@scenario('the higher priority is claimed first, and of equals the older one')
def _():
    sent = [bus.publish('ranked', rank, priority=rank) for rank in (0, 100, 1000, 100)]
    order = [bus.claim('ranked').id for _ in sent]
    assert order == [sent[2].id, sent[1].id, sent[3].id, sent[0].id]


@scenario('a delayed intent waits for its time')
def _():
    published = bus.publish('tomorrow', {}, delay=86_400.5)
    assert not bus.claim('tomorrow')
    assert bus.get_status(published.id).run_at > time.time() + 80_000


@scenario('a required capability is asked of the worker, as text or as a list')
def _():
    for capabilities in ('ocr, gpu', ['ocr', ' gpu '], ('gpu',)):
        published = bus.publish('render', {}, required_capability='gpu')
        assert not bus.claim('render')
        assert not bus.claim('render', capabilities=['ocr', 'gpu2'])
        assert bus.claim('render', capabilities=capabilities).id == published.id


@scenario('an intent for one worker is kept from the others')
def _():
    published = bus.publish('photo', {}, target_worker='barn:1')
    assert not bus.claim('photo')
    assert not bus.claim('photo', worker_id='barn:2')
    assert bus.claim('photo', worker_id='barn:1').id == published.id


@scenario('private is for the key that published, public for all')
def _():
    one, other = somebody('one'), somebody('other')
    private, public = one.publish('sweep', {}), one.publish('sweep', {}, visibility='public')
    job = other.claim('sweep')
    assert job.id == public.id and not other.claim('sweep')
    other.fulfill(**lease(job), result='swept')
    assert one.get_result(public.id).result == 'swept' == other.get_result(public.id).result
    assert one.claim('sweep').id == private.id
    refused(IntentBusAuthError, 'forbidden', lambda: other.get_result(private.id))
    refused(IntentBusAuthError, 'forbidden', lambda: other.get_status(private.id))


@scenario('claim(publisher=...) takes what one key published')
def _():
    one, other = somebody('one'), somebody('other')
    published = one.publish('mow', {}, visibility='public')
    other.publish('mow', {}, visibility='public')
    assert bus.claim('mow', publisher=one.api_key).id == published.id
    assert not one.claim('mow', publisher=one.api_key)
    refused(IntentBusAuthError, 'forbidden', lambda: one.claim('mow', publisher=other.api_key))
