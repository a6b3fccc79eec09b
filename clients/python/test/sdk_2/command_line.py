"""The command line. It always calls the URL that is built into the SDK, so that is what is put in its place."""

import contextlib
import io
import json
import sys
from functools import partial

import intent_bus.cli
from harness import MASTER_KEY, URL, scenario
from intent_bus import IntentClient

from .users import HAS_TOKENS, bus


def command(*arguments):
    """Runs the SDK's command line. Returns what it prints."""
    intent_bus.cli.IntentClient = partial(IntentClient, URL, MASTER_KEY)
    sys.argv = ['intent-bus', *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        intent_bus.cli.main()
    return printed.getvalue()


def id_in(printed):
    return printed.split('ID: ')[1].split()[0]


@scenario('the command line does one job')
def _():
    published = bus.publish('shell', {'to': 'Ada'}, namespace='terminal')
    assert 'No jobs found' in command('listen', 'shell', '--once')
    assert '"to": "Ada"' in command('listen', 'shell', '--once', '-n', 'terminal', '-w', 'tty', '-c', 'a,b')
    assert bus.get_result(published.id).result == {'status': 'processed_by_cli'}


if HAS_TOKENS:
    # In 2.0 `publish` ends with an AttributeError before it sends anything.
    @scenario('the command line publishes, routes, reads a status and a result, and says what was refused')
    def _():
        public = id_in(command('publish', 'open', json.dumps({'to': 'Ada'}), '-n', 'terminal', '-p'))
        assert bus.get_status(public).to_dict()['visibility'] == 'public'
        fields = ['--priority', '9', '--target', 'tty', '--capability', 'a', '--idempotency', 'key', '--backoff', '2']
        id = id_in(command('publish', 'shell', '{}', '--max-attempts', '1', *fields))
        assert id_in(command('publish', 'shell', '{}', '--max-attempts', '1', *fields)) == id
        assert 'State: open | Goal: shell' in command('status', id)
        assert id in command('listen', 'shell', '--once', '-w', 'tty', '-c', 'a', '--publisher', MASTER_KEY)
        assert '"status": "processed_by_cli"' in command('result', id)
        assert 'not_found' in command('status', '0' * 32)
        assert 'idempotency_conflict' in command('publish', 'shell', '[]', '--idempotency', 'key')
