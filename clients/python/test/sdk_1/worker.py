"""The SDK's own worker loop."""

from harness import MASTER_KEY, Background, admin, please, scenario
from intent_bus import IntentBusError

from .users import bus, status, work


@scenario('a worker fulfils with what its handler returns')
def _():
    returns = [{'result': {'width': 64}}, {'result': 'a text', 'result_type': 'text'}, {'status': 'done'}, None, True]
    ids = [bus.publish('shape', number)['id'] for number in range(len(returns))]
    work('shape', lambda number: returns[number], jobs=len(returns))
    answers = [status(id) for id in ids]
    assert [answer['status'] for answer in answers] == ['fulfilled'] * len(returns)
    assert [answer.get('result') for answer in answers] == [{'width': 64}, 'a text', None, None, None]


@scenario('a handler that fails is tried again after its backoff, and is a dead letter in the end')
def _():
    seen = []

    def handler(payload):
        seen.append(payload)
        if len(seen) == 1:
            return False
        raise RuntimeError('no paper')

    # 1.x has no say in the number of attempts and in the backoff; the publisher may be a newer one.
    job = {'goal': 'retry', 'payload': 'tonic', 'max_attempts': 2, 'backoff_base': 1}
    id = bus._request('POST', '/intent', json_data=job).json()['id']
    work('retry', handler, jobs=2)
    assert seen == ['tonic', 'tonic']
    answer = status(id)
    assert (answer['status'], answer['error'], answer['claim_attempts']) == ('dead', 'no paper', 2)
    assert admin('GET', f'/admin/dead/{id}')['attempts'] == 2


@scenario('a worker gets what its name, its capabilities and its namespace entitle it to')
def _():
    seen = []
    for payload, route in (
        ('for another', {'target_worker': 'house'}),
        ('for me', {'target_worker': 'barn'}),
        ('I can', {'required_capability': 'fork'}),
    ):
        job = {'goal': 'route-work', 'payload': payload, 'namespace': 'farm', **route}
        bus._request('POST', '/intent', json_data=job)
    routing = {'worker_id': 'barn', 'capabilities': 'saw,fork', 'namespace': 'farm', 'publisher': MASTER_KEY}
    work('route-work', seen.append, 2, **routing)
    assert seen == ['for me', 'I can']


@scenario('an idle worker asks again after its own poll_interval')
def _():
    # It means to wait as long as Retry-After says, but an empty claim is false, and then it does not look.
    waits = work('idle', lambda _: None, 1, poll_interval=99, then=lambda: bus.publish('idle', {}))
    assert waits[0] == 99, waits


@scenario('two workers share the jobs, and no job is done twice')
def _():
    done = []
    for number in range(20):
        bus.publish('shared', number)
    with Background(lambda: work('shared', done.append, 10)), Background(lambda: work('shared', done.append, 10)):
        pass
    assert sorted(done) == list(range(20))


@scenario('a worker hands in its result though the bus was restarted meanwhile', {})
def _():
    published = bus.publish('long', {})

    def handler(_):
        please('stop')
        please('start')
        return {'result': 'done'}

    work('long', handler, jobs=1)
    answer = status(published['id'])
    assert (answer['status'], answer['result'], answer['claim_attempts']) == ('fulfilled', 'done', 1)


@scenario('a worker that finds no bus ends with an error, and works when it is started again', {})
def _():
    try:
        work('wait', lambda _: None, 1, then=lambda: please('kill'))
        raise AssertionError('it goes on')
    except IntentBusError as error:
        assert 'Network error' in str(error)
    please('start')
    published = bus.publish('wait', {})
    work('wait', lambda _: None, 1)
    assert status(published['id'])['status'] == 'fulfilled'
