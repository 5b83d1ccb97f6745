"""How a round talks with the Go test that runs it: one JSON value a line.

The first line in are the settings (foreignSettings in foreign_test.go); what the
round asks for is answered by one line each. Every check that it plays goes out
as one line, and the first that fails ends it.
"""

import json
import os
import sys

# The server under test speaks plain http on a loopback address.
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"


def receive() -> dict:
    line = sys.stdin.readline()
    if not line:
        sys.exit("the test that runs this round is gone")
    return json.loads(line)


def send(message: dict) -> None:
    print(json.dumps(message), flush=True)


settings = receive()


def ask(what: str) -> dict:
    """Has the test do something to the server, and waits until it is done."""
    send({"ask": what})
    return receive()


def check(name: str, play):
    """Plays one step and reports it. What play returns is the step's result."""
    try:
        result = play()
    except Exception as e:
        send({"check": name, "error": f"{type(e).__name__}: {e}"})
        raise
    send({"check": name})
    return result


def refused(error, play) -> None:
    """Demands that play raises one of the errors."""
    try:
        play()
    except error:
        return
    raise AssertionError("was not refused")
