"""Who gets what, and in which order."""

from harness import refused, scenario
from intent_bus import IntentBusAuthError

from .users import bus, somebody


@scenario('a namespace is a queue of its own')
def _():
    published = bus.publish('tidy', {}, namespace='kitchen')
    assert not bus.claim('tidy')
    assert not bus.claim('tidy', namespace='bath')
    assert bus.claim(namespace='kitchen')['id'] == published['id']


@scenario('a worker of 1.x gets what a newer publisher routes to it, and by priority')
def _():
    routes = ({'target_worker': 'barn'}, {'required_capability': 'gpu'}, {'priority': 900})
    sent = [
        bus._request('POST', '/intent', json_data={'goal': 'route', 'payload': None, **route}).json()['id']
        for route in routes
    ]
    assert bus.claim('route')['id'] == sent[2]
    assert not bus.claim('route', worker_id='house', capabilities='ocr')
    assert bus.claim('route', worker_id='barn')['id'] == sent[0]
    assert bus.claim('route', capabilities='ocr,gpu')['id'] == sent[1]


@scenario('private is for the key that published, public for all')
def _():
    one, other = somebody('one'), somebody('other')
    private, public = one.publish('sweep', {}), one.publish('sweep', {}, visibility='public')
    assert other.claim('sweep')['id'] == public['id'] and not other.claim('sweep')
    other.fulfill(public['id'])
    assert one.claim('sweep', publisher=one.api_key)['id'] == private['id']
    refused(IntentBusAuthError, 'forbidden', lambda: one.claim('sweep', publisher=other.api_key))
