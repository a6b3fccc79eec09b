"""Somebody who uses the SDK, and what the scenarios need around it."""

import logging

import intent_bus
from harness import MASTER_KEY, URL, Sleeps, issued_key
from intent_bus import IntentClient, WorkerRuntime
from intent_bus.exceptions import IntentBusError

HAS_TOKENS = not intent_bus.__version__.startswith('2.0.')
LeaseLost = intent_bus.IntentBusLeaseLostError if HAS_TOKENS else IntentBusError

bus = IntentClient(URL, MASTER_KEY)


def lease(job):
    """What settles this job."""
    return {'intent_id': job.id, 'claim_token': job.claim_token} if HAS_TOKENS else {'intent_id': job.id}


def somebody(owner='somebody'):
    return IntentClient(URL, issued_key(owner))


def claimed(goal, client=bus, **fields):
    """Publishes and claims."""
    published = client.publish(goal, fields.pop('payload', {}), **fields)
    job = client.claim(goal, namespace=fields.get('namespace', 'default'))
    assert job.id == published.id
    return job


class Stoppable(IntentClient):
    """Ends the SDK's worker loop as Ctrl-C does, between two jobs."""

    stopped = False

    def claim(self, *args, **named):
        if self.stopped:
            raise KeyboardInterrupt
        return super().claim(*args, **named)


def work(goal, handler, jobs, key=MASTER_KEY, namespace='default', full_envelope=False, then=None, **runtime):
    """The SDK's worker, until it has run its handler for so many jobs. Returns the sleeps that it asked for."""
    client = Stoppable(URL, key)
    done = 0

    def counted(payload):
        nonlocal done
        done += 1
        client.stopped = done == jobs
        return handler(payload)

    worker = WorkerRuntime(client, close_client=True, **runtime)
    with Sleeps(then) as sleeps:
        worker.listen(goal, counted, namespace=namespace, full_envelope=full_envelope)
    return sleeps.noted


class Warnings(logging.Handler):
    """While it is open, collects what the SDK warns about."""

    def __enter__(self):
        self.texts = []
        logging.getLogger('intent_bus').addHandler(self)
        return self

    def __exit__(self, *_):
        logging.getLogger('intent_bus').removeHandler(self)

    def emit(self, record):
        if record.levelno >= logging.WARNING:
            self.texts.append(record.getMessage())
