"""The command line. It always calls the URL that is built into the SDK, so that is what is put in its place."""

import contextlib
import io
import json
import sys
from functools import partial

import intent_bus.cli
from harness import MASTER_KEY, URL, scenario
from intent_bus import IntentClient

from .users import status


def command(*arguments):
    """Runs the SDK's command line. Returns what it prints."""
    intent_bus.cli.IntentClient = partial(IntentClient, URL, MASTER_KEY)
    sys.argv = ['intent-bus', *arguments]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        intent_bus.cli.main()
    return printed.getvalue()


@scenario('the command line publishes, and does one job')
def _():
    id = command('publish', 'shell', json.dumps({'to': 'Ada'}), '-n', 'terminal', '-p').split('ID: ')[1].strip()
    assert status(id)['visibility'] == 'public'
    assert 'No jobs found' in command('listen', 'shell', '--once')
    assert '"to": "Ada"' in command('listen', 'shell', '--once', '-n', 'terminal', '-w', 'tty', '-c', 'a,b')
    assert status(id)['status'] == 'fulfilled'
