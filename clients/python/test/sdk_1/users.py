"""Somebody who uses the SDK, and what the scenarios need around it."""

from harness import MASTER_KEY, URL, Sleeps, issued_key
from intent_bus import IntentClient

bus = IntentClient(URL, MASTER_KEY)


def somebody(owner='somebody'):
    return IntentClient(URL, issued_key(owner))


def status(id):
    """What the SDK has no function for, signed by the SDK's own code."""
    return bus._request('GET', f'/result/{id}').json()


def claimed(goal, payload=None, **fields):
    published = bus.publish(goal, payload, **fields)
    job = bus.claim(goal, namespace=fields.get('namespace', 'default'))
    assert job['id'] == published['id']
    return job


class Stoppable(IntentClient):
    """Ends the SDK's worker loop as Ctrl-C does, between two jobs."""

    stopped = False

    def claim(self, *args, **named):
        if self.stopped:
            raise KeyboardInterrupt
        return super().claim(*args, **named)


def work(goal, handler, jobs, then=None, **routing):
    """The SDK's worker, until it has run its handler for so many jobs. Returns the sleeps that it asked for."""
    done = 0

    def counted(payload):
        nonlocal done
        done += 1
        client.stopped = done == jobs
        return handler(payload)

    with Stoppable(URL, MASTER_KEY) as client, Sleeps(then) as sleeps:
        client.listen(goal, counted, **routing)
    return sleeps.noted
