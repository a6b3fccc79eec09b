"""Publish, claim and settle."""

from harness import admin, refused, scenario
from intent_bus import IntentBusError

from .users import bus, claimed, somebody, status


@scenario('publish answers with the id')
def _():
    published = bus.publish('greet', {'name': 'Ada'}, namespace='greetings')
    assert (published['status'], published['namespace'], len(published['id'])) == ('published', 'greetings', 32)
    assert status(published['id'])['status'] == 'open'


@scenario('claim gets what was published')
def _():
    job = claimed('draw', {'of': 'a cat'}, namespace='media')
    assert (job.status_code, job['goal'], job['payload']) == (200, 'draw', {'of': 'a cat'})
    assert (job['namespace'], job['claim_attempts'], job['priority']) == ('media', 1, 100)


@scenario('an empty queue is a claim that is false, and comes with a time to wait')
def _():
    nothing = bus.claim('nobody-publishes-this')
    assert not nothing
    assert (nothing.status_code, nothing.retry_after) == (204, 1)


@scenario('an intent is fulfilled with a JSON result, with a text, with other fields, or with nothing')
def _():
    for fields, result, kind in (
        ({'result': {'width': 64}}, {'width': 64}, 'json'),
        ({'result': 'a text', 'result_type': 'text'}, 'a text', 'text'),
        ({'status': 'done', 'took': 5}, None, 'json'),
        ({}, None, 'json'),
    ):
        job = claimed('compute')
        assert bus.fulfill(job['id'], **fields) == {'ok': True, 'id': job['id']}
        answer = status(job['id'])
        assert (answer['status'], answer.get('result'), answer['result_type']) == ('fulfilled', result, kind)


@scenario('fail sends an intent back with its error, to be tried later')
def _():
    for error in ([], ['no paper']):
        job = claimed('flaky')
        assert bus.fail(job['id'], *error) == {'ok': True, 'id': job['id']}
        answer = status(job['id'])
        assert (answer['status'], answer['last_error']) == ('open', error[0] if error else 'Worker failure')
        assert not bus.claim('flaky')


@scenario('payloads come back to the worker as they were sent')
def _():
    for payload in ({}, [], None, 0, '', False, 1.0, 2**53 + 1, 10**29, 'é🐛', {'b': [1], 'a': None}):
        job = claimed('odd', payload)
        assert job['payload'] == payload and type(job['payload']) is type(payload), job['payload']


@scenario('what the bus refuses is an IntentBusError with its code')
def _():
    refused(IntentBusError, 'invalid_goal', lambda: bus.publish(' ', {}))
    refused(IntentBusError, 'invalid_namespace', lambda: bus.publish('bad', {}, namespace='no spaces'))
    refused(IntentBusError, 'invalid_request', lambda: bus.publish('bad', float('nan')))
    refused(IntentBusError, 'payload_too_large', lambda: bus.publish('bad', 'é' * 4096))
    bus.publish('bad', 'é' * 4095)
    for settle in (bus.fulfill, bus.fail):
        refused(IntentBusError, 'not_found', lambda settle=settle: settle('0' * 32))


@scenario('settling is only for the key that holds the lease, and only while it does')
def _():
    job = claimed('mine', visibility='public')
    refused(IntentBusError, 'not_found', lambda: somebody().fulfill(job['id']))
    admin('POST', f"/admin/intents/{job['id']}/cancel")
    refused(IntentBusError, 'not_found', lambda: bus.fulfill(job['id']))


@scenario('a bus that requires claim tokens says what is missing', settings={'BUS_REQUIRE_CLAIM_TOKEN': 'true'})
def _():
    job = claimed('guarded')
    for settle in (bus.fulfill, bus.fail):
        text = refused(IntentBusError, 'invalid_request', lambda settle=settle: settle(job['id']))
        assert 'Missing claim_token' in text
