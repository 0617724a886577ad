"""`python -m scripts.clients generate|test [NAME…]` (`make clients`, `make client CLIENT=…`, `make test-clients`).

Exit status: 0 all that was asked for is done, 1 a client does not work, 2 a client cannot be made or tried; one line
says why.
"""

from __future__ import annotations

import argparse
import sys

from scripts import document as doc
from scripts.clients.making import CLIENTS_FOLDER, make
from scripts.clients.table import CLIENTS, Client
from scripts.clients.tools import ClientError
from scripts.clients.trial import TrialError, servers, tried
from scripts.go_tools import ToolError


def chosen(names: list[str]) -> list[Client]:
    """The clients of these names, all when there is none. Raises `ClientError`."""
    for name in names:
        if name not in CLIENTS:
            said = f"there is no client {name!r}" if name else "say which client: make client CLIENT=NAME"
            raise ClientError(f"{said}; there are {', '.join(CLIENTS)}")
    return [CLIENTS[name] for name in names or CLIENTS]


def generate(clients: list[Client]) -> int:
    """Make each client; those that cannot be made are told, and the others are made all the same."""
    status = 0
    document = doc.load()
    for client in clients:
        try:
            make(client, document)
        except (ClientError, ToolError, OSError) as error:
            print(f"clients: {error}", file=sys.stderr)
            status = 2
        else:
            print(f"clients: wrote {(CLIENTS_FOLDER / client.name).relative_to(doc.ROOT)} ({client.language})")
    return status


def test(clients: list[Client]) -> int:
    """Make, build and try each client; the worst outcome is the exit status."""
    outcomes: list[int] = []
    document = doc.load()
    for client in clients:
        if client.builds_with is None:
            print(f"clients: {client.language}: not tried, there is no scenario in it", file=sys.stderr)
            continue
        try:
            make(client, document)
            with servers(document) as targets:
                steps = tried(client, targets)
        except TrialError as error:
            print(f"clients: {client.language}: {error}", file=sys.stderr)
            outcomes.append(1)
        except (ClientError, ToolError, OSError) as error:
            print(f"clients: {error}", file=sys.stderr)
            outcomes.append(2)
        else:
            print(f"clients: {client.language}: {steps} steps hold")
            outcomes.append(0)
    return 1 if 1 in outcomes else max(outcomes, default=2)


def main(arguments: list[str] | None = None) -> int:
    """Do what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m scripts.clients", description="Clients for other languages.")
    parser.add_argument("command", choices=("generate", "test"))
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CLIENTS))
    options = parser.parse_args(arguments)
    try:
        clients = chosen(options.names)
        return generate(clients) if options.command == "generate" else test(clients)
    except (ClientError, doc.DocumentError) as error:
        print(f"clients: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
