"""Publish, claim and settle."""

import time

from harness import admin, refused, scenario
from intent_bus import ClaimedIntent, IntentResult, IntentStatus
from intent_bus.exceptions import IntentBusError

from .users import HAS_TOKENS, LeaseLost, bus, claimed, lease, somebody


@scenario('publish answers with the id, and get_status says the rest')
def _():
    published = bus.publish('greet', {'name': 'Ada'}, namespace='greetings')
    assert type(published) is IntentStatus
    assert (published.status, published.namespace) == ('published', 'greetings')
    status = bus.get_status(published.id)
    assert (status.id, status.status, status.goal) == (published.id, 'open', 'greet')
    assert (status.namespace, status.claim_attempts, status.error) == ('greetings', 0, None)
    assert status.to_dict()['priority'] == 100
    assert abs(status.run_at - time.time()) < 3600


@scenario('claim gets what was published, in the types of the model')
def _():
    wanted = {'target_worker': 'barn', 'required_capability': 'gpu', 'priority': 7, 'namespace': 'media'}
    published = bus.publish('draw', {'of': 'a cat'}, **wanted)
    job = bus.claim('draw', namespace='media', worker_id='barn', capabilities='gpu')
    assert job and job.status_code == 200 and type(job.data) is ClaimedIntent
    told = {'id': published.id, 'goal': 'draw', 'payload': {'of': 'a cat'}, 'claim_attempts': 1, 'claim_timeout': 60}
    fields = job.data.to_dict()
    assert {name: fields[name] for name in (told | wanted)} == told | wanted
    assert isinstance(job.get('claim_token'), str) and job['payload'] == {'of': 'a cat'}


@scenario('an empty queue is a claim that is false, and comes with a time to wait')
def _():
    nothing = bus.claim('nobody-publishes-this')
    assert not nothing
    assert (nothing.status_code, nothing.data, nothing.retry_after) == (204, None, 1.0)
    assert nothing.get('id') is None


@scenario('a result comes back as it was handed in, of each kind')
def _():
    for result in ({'b': [1, 2.5], 'a': None}, [1], 'text', '', 0, 1.5, True, False, None, [], {}, 2**70):
        job = claimed('compute')
        assert bus.fulfill(**lease(job), result=result) == {'ok': True, 'id': job.id}
        answer = bus.get_result(job.id)
        assert type(answer) is IntentResult
        assert (answer.status, answer.result_type, answer.error) == ('fulfilled', 'json', None)
        assert answer.result == result and type(answer.result) is type(result), answer.result
        assert answer.completed_at > 0


@scenario('a text result comes back as text')
def _():
    for text in ('done', '', '{"not": "parsed"}', 'zwölf 🐛\n'):
        job = claimed('write')
        bus.fulfill(**lease(job), result=text, result_type='text')
        answer = bus.get_result(job.id)
        assert (answer.result, answer.result_type) == (text, 'text')


@scenario('an intent may be fulfilled without a result')
def _():
    job = claimed('ping')
    assert bus.fulfill(**lease(job)) == {'ok': True, 'id': job.id}
    answer = bus.get_result(job.id)
    assert (answer.status, answer.result, answer.result_type) == ('fulfilled', None, 'json')


@scenario('get_result before the end has a status and no result')
def _():
    published = bus.publish('later', {})
    answer = bus.get_result(published.id)
    assert (answer.status, answer.result, answer.result_type, answer.completed_at) == ('open', None, 'json', None)
    bus.claim('later')
    assert bus.get_result(published.id).status == 'claimed'


@scenario('extend_claim moves the end of the lease')
def _():
    job = claimed('long')
    before = bus.get_status(job.id).to_dict()['claim_expires_at']
    assert bus.extend_claim(**lease(job), seconds=600) == {'ok': True, 'id': job.id, 'extended_by': 600}
    assert bus.get_status(job.id).to_dict()['claim_expires_at'] > before + 400
    assert bus.extend_claim(**lease(job), seconds=1)['extended_by'] == 10
    assert bus.extend_claim(**lease(job))['extended_by'] == 60


@scenario('fail sends an intent back with its error, to be tried later')
def _():
    job = claimed('flaky')
    assert bus.fail(**lease(job), error='no paper') == {'ok': True, 'id': job.id}
    status = bus.get_status(job.id)
    assert (status.status, status.error, status.claim_attempts) == ('open', 'no paper', 1)
    assert not bus.claim('flaky')


@scenario('a dead intent keeps the error of its last attempt')
def _():
    job = claimed('doomed', max_attempts=1)
    bus.fail(**lease(job), error='x' * 600)
    answer = bus.get_result(job.id)
    assert (answer.status, answer.error, answer.result, answer.result_type) == ('dead', 'x' * 500, None, 'json')
    assert bus.get_status(job.id).error == 'x' * 500
    assert admin('GET', f'/admin/dead/{job.id}')['attempts'] == 1


@scenario('a dead intent that an admin retries is claimed again')
def _():
    job = claimed('second-chance', max_attempts=1)
    bus.fail(**lease(job))
    assert bus.get_status(job.id).error == 'Worker failure'
    admin('POST', f'/admin/intents/{job.id}/retry')
    again = bus.claim('second-chance')
    assert (again.id, again.claim_attempts) == (job.id, 1)


@scenario('payloads come back to the worker as they were sent')
def _():
    deep = 'leaf'
    for _ in range(10):
        deep = [deep]
    odd = ({}, [], None, 0, '', False, 'text', 1.0, 2**53 + 1, 10**29, 1e300, '\ud800', '\u0000', 'é🐛', deep)
    for payload in odd:
        job = claimed('odd', payload=payload)
        assert job.payload == payload and type(job.payload) is type(payload), job.payload


@scenario('a payload of 8 KiB passes, though the SDK sends it six times as large')
def _():
    # An é is 2 bytes, and the 6 characters \u00e9 on the wire. The quotes count too.
    assert claimed('large', payload='é' * 4095).payload == 'é' * 4095
    refused(IntentBusError, 'payload_too_large', lambda: bus.publish('large', 'é' * 4096))


@scenario('what the bus refuses is an IntentBusError with its code')
def _():
    too_deep = {}
    for _ in range(11):
        too_deep = {'in': too_deep}
    refused(IntentBusError, 'invalid_payload', lambda: bus.publish('bad', too_deep))
    refused(IntentBusError, 'invalid_goal', lambda: bus.publish('x' * 257, {}))
    refused(IntentBusError, 'invalid_namespace', lambda: bus.publish('bad', {}, namespace='no spaces'))
    refused(IntentBusError, 'invalid_target_worker', lambda: bus.publish('bad', {}, target_worker='a b'))
    refused(IntentBusError, 'invalid_required_capability', lambda: bus.publish('bad', {}, required_capability='a b'))
    job = claimed('bad')
    refused(IntentBusError, 'result_too_large', lambda: bus.fulfill(**lease(job), result='x' * 65536))
    bus.fulfill(**lease(job), result='x' * 65534)


@scenario('numbers out of range that the SDK lets through are clamped')
def _():
    job = claimed('clamped', max_attempts=50, backoff_base=0.25, delay=0.0)
    intent = admin('GET', f'/admin/intents/{job.id}')
    assert (intent['max_attempts'], intent['backoff_base']) == (20, 1)


@scenario('an unknown id is an IntentBusError for a reader, and a lost lease for a worker')
def _():
    unknown = '0' * 32
    refused(IntentBusError, 'not_found', lambda: bus.get_status(unknown))
    refused(IntentBusError, 'not_found', lambda: bus.get_result(unknown))
    token = {'claim_token': '0' * 32} if HAS_TOKENS else {}
    for settle in (bus.fulfill, bus.fail, bus.extend_claim):
        refused(LeaseLost, 'not_found', lambda settle=settle: settle(unknown, **token))


@scenario('a lease that was taken away cannot be used any more')
def _():
    job = claimed('taken')
    admin('POST', f'/admin/intents/{job.id}/cancel')
    for settle in (bus.fulfill, bus.fail, bus.extend_claim):
        refused(LeaseLost, 'not_found', lambda settle=settle: settle(**lease(job)))


if HAS_TOKENS:

    @scenario('a claim token of an earlier attempt is a lost lease')
    def _():
        first = claimed('stale')
        admin('POST', f'/admin/intents/{first.id}/cancel')
        admin('POST', f'/admin/intents/{first.id}/retry')
        second = bus.claim('stale')
        assert second.id == first.id
        refused(LeaseLost, 'not_found', lambda: bus.fulfill(**lease(first)))
        bus.fulfill(**lease(second))

else:

    @scenario('settling without a token is only for the key that holds the lease')
    def _():
        job = claimed('mine', visibility='public')
        refused(LeaseLost, 'not_found', lambda: somebody().fulfill(job.id))
        bus.fulfill(job.id)

    @scenario('a bus that requires claim tokens says what is missing', settings={'BUS_REQUIRE_CLAIM_TOKEN': 'true'})
    def _():
        job = claimed('guarded')
        for settle in (bus.fulfill, bus.fail, bus.extend_claim):
            text = refused(IntentBusError, 'invalid_request', lambda settle=settle: settle(job.id))
            assert 'Missing claim_token' in text
