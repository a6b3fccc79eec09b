"""What a scenario needs besides the SDK: a name, an admin, a bus that can be stopped, and sleeps that are noted."""

import json
import os
import sys
import threading
import time
import urllib.request

URL = os.environ.get('BUS_URL', '')
MASTER_KEY = os.environ.get('BUS_API_KEY', 'none')
ADMIN_TOKEN = os.environ.get('BUS_ADMIN', '')

SCENARIOS = {}

sleep = time.sleep


def scenario(sentence, settings=None):
    """Names a function by the sentence that it proves.

    settings: environment of a bus of its own, which the scenario may stop and start; None: the bus that all share.
    """

    def register(prove):
        assert sentence not in SCENARIOS, f'twice: {sentence}'
        SCENARIOS[sentence] = (prove, settings)
        return prove

    return register


def main():
    """--list prints every scenario; a sentence runs that one. The standard output is for the suite alone."""
    if sys.argv[1] == '--list':
        print(json.dumps([{'sentence': name, 'settings': each[1]} for name, each in SCENARIOS.items()]))
    else:
        SCENARIOS[sys.argv[1]][0]()


def please(what, **settings):
    """Has the suite 'stop', 'kill' or 'start' the bus (with these settings), and returns when that is done."""
    print(json.dumps({'please': what, 'settings': settings}), flush=True)
    assert sys.stdin.readline() == 'done\n'


def admin(method, path, body=None):
    """An admin call. Returns the answer's JSON."""
    request = urllib.request.Request(
        URL + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={'X-Admin-Token': ADMIN_TOKEN, 'Content-Type': 'application/json'},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def issued_key(owner):
    return admin('POST', '/admin/generate_key', {'owner': owner})['api_key']


def refused(kind, code, call):
    """The call raises exactly this kind of error, and the bus's code and message are in it. Returns the text."""
    try:
        answer = call()
    except Exception as error:
        assert type(error) is kind, f'{type(error).__name__} instead of {kind.__name__}: {error}'
        assert str(error).startswith(f'{code}: '), str(error)
        return str(error)
    raise AssertionError(f'not refused: {answer!r}')


class Sleeps:
    """While it is open, what the SDK sleeps is noted and taken short. `then` runs once, in place of the first sleep."""

    def __init__(self, then=None):
        self.noted = []
        self._then = then

    def __enter__(self):
        time.sleep = self._note
        return self

    def __exit__(self, *_):
        time.sleep = sleep

    def _note(self, seconds):
        self.noted.append(seconds)
        then, self._then = self._then, None
        if then is not None:
            then()
        sleep(min(seconds, 0.02))


class Background:
    """Runs a function in a thread. On leaving it waits for its end, and raises what it raised."""

    def __init__(self, run):
        self._error = None
        self._run = run
        self._thread = threading.Thread(target=self._guarded, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            return
        self._thread.join(30)
        assert not self._thread.is_alive(), 'it does not end'
        if self._error is not None:
            raise self._error

    def _guarded(self):
        try:
            self._run()
        except BaseException as error:
            self._error = error
