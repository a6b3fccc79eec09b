"""The SDK's own worker loop."""

from harness import Background, admin, please, scenario

from .users import HAS_TOKENS, Warnings, bus, work


@scenario('a worker fulfils with what its handler returns')
def _():
    envelope = {'result': 'a text', 'result_type': 'text'}
    returns = [{'width': 64}, 'plain', None, True, [1], envelope, {'result': {'in': 1}}]
    ids = [bus.publish('shape', number).id for number in range(len(returns))]
    work('shape', lambda number: returns[number], jobs=len(returns))
    answers = [bus.get_result(id) for id in ids]
    assert [answer.status for answer in answers] == ['fulfilled'] * len(returns)
    assert [answer.result for answer in answers] == [{'width': 64}, 'plain', None, True, [1], 'a text', {'in': 1}]
    assert [answer.result_type for answer in answers] == ['json'] * 5 + ['text', 'json']


@scenario('a handler that raises, returns False or a half envelope fails the job and says why')
def _():
    def handler(payload):
        if payload == 'raise':
            raise RuntimeError('no paper')
        return False if payload == 'refuse' else {'result_type': 'text'}

    ids = [bus.publish('break', how, max_attempts=1).id for how in ('raise', 'refuse', 'half')]
    work('break', handler, jobs=3)
    answers = [bus.get_result(id) for id in ids]
    assert [answer.status for answer in answers] == ['dead'] * 3
    assert answers[0].error == 'no paper'
    assert answers[1].error == 'Worker handler returned False'
    assert "'result_type' without a 'result'" in answers[2].error


@scenario('a job that fails is tried again after its backoff, and is a dead letter in the end')
def _():
    seen = []

    def handler(payload):
        seen.append(payload)
        raise RuntimeError(f'attempt {len(seen)}')

    published = bus.publish('retry', 'tonic', max_attempts=2, backoff_base=1)
    work('retry', handler, jobs=2)
    answer = bus.get_result(published.id)
    assert seen == ['tonic', 'tonic']
    assert (answer.status, answer.error, answer.claim_attempts) == ('dead', 'attempt 2', 2)
    letter = admin('GET', f'/admin/dead/{published.id}')
    assert (letter['attempts'], letter['goal'], letter['payload']) == (2, 'retry', 'tonic')


@scenario('a worker with full_envelope sees the whole intent, and can extend its own lease')
def _():
    seen = []

    def handler(envelope):
        seen.append(envelope)
        token = {'claim_token': envelope['claim_token']} if HAS_TOKENS else {}
        return bus.extend_claim(envelope['id'], **token, seconds=300)

    published = bus.publish('whole', 'cake', priority=3)
    work('whole', handler, jobs=1, full_envelope=True)
    assert (seen[0]['id'], seen[0]['payload'], seen[0]['priority']) == (published.id, 'cake', 3)
    assert bus.get_result(published.id).result['extended_by'] == 300


@scenario('a worker gets what its name, its capabilities and its namespace entitle it to')
def _():
    seen = []
    bus.publish('route', 'for another', namespace='farm', target_worker='house')
    bus.publish('route', 'too hard', namespace='farm', required_capability='crane')
    bus.publish('route', 'elsewhere')
    bus.publish('route', 'for me', namespace='farm', target_worker='barn')
    bus.publish('route', 'I can', namespace='farm', required_capability='fork')
    for capabilities in (['saw', 'fork'], 'fork'):
        bus.publish('route', 'for all', namespace='farm')
        work('route', seen.append, 3 if not seen else 1, namespace='farm', worker_id='barn', capabilities=capabilities)
    assert seen == ['for me', 'I can', 'for all', 'for all']


@scenario('an idle worker asks again after its own poll_interval')
def _():
    # It means to wait as long as Retry-After says, but an empty claim is false, and then it does not look.
    waits = work('idle', lambda _: None, 1, poll_interval=99, then=lambda: bus.publish('idle', {}))
    assert waits == [99], waits


@scenario('two workers share the jobs, and no job is done twice')
def _():
    done = []
    for number in range(20):
        bus.publish('shared', number)
    with Background(lambda: work('shared', done.append, 10)), Background(lambda: work('shared', done.append, 10)):
        pass
    assert sorted(done) == list(range(20))


@scenario('a worker that has lost its lease reports once, and takes the next job')
def _():
    first = bus.publish('lose', 'lost')
    second = bus.publish('lose', 'kept')

    def handler(payload):
        if payload == 'lost':
            admin('POST', f'/admin/intents/{first.id}/cancel')
        return payload

    with Warnings() as warnings:
        waits = work('lose', handler, jobs=2)
    assert bus.get_result(second.id).result == 'kept'
    assert bus.get_status(first.id).status == 'dead'
    assert waits == []
    if HAS_TOKENS:
        assert warnings.texts == ['[fulfill] Lease lost. Aborting retry.']


@scenario('a worker hands in its result though the bus was restarted meanwhile', {})
def _():
    published = bus.publish('long', {})

    def handler(_):
        please('stop')
        please('start')
        return 'done'

    work('long', handler, jobs=1)
    answer = bus.get_result(published.id)
    assert (answer.status, answer.result, answer.claim_attempts) == ('fulfilled', 'done', 1)


@scenario('a worker that finds no bus goes on asking, and works when it is back', {})
def _():
    done = []
    bus.publish('wait', 'before')

    def restarted():
        please('start')
        bus.publish('wait', 'after')

    def handler(payload):
        done.append(payload)
        if payload == 'before':
            bus.publish('wait', 'killed')
        if payload == 'killed':
            please('kill')

    with Warnings() as warnings:
        work('wait', handler, 3, poll_interval=0.1, max_backoff=0.5, then=restarted)
    assert done == ['before', 'killed', 'after']
    assert any('Connection' in text for text in warnings.texts), warnings.texts
