"""`python -m mock_server`: options in, one line out, until Ctrl-C. What is run is in `hosting`."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import ssl
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from mock_server.deliveries import Resolution
from mock_server.hosting import Settings, run, url_of
from mock_server.wire import bind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_server.altered import Alteration

LIVE_KEYS = ("csk_live_demo", "csk_live_demo__2", "csk_live_other")
"""The keys of a live mock unless told otherwise: two of an organization, one of another."""
COLLEAGUE = 9
"""The number of the key that the other client uses."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """One line instead of the usage."""
        self.exit(2, f"{self.prog}: {message} (try --help)\n")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port: 0 to 65535")
    return int(text)


def _resolution(text: str) -> Resolution:
    try:
        return Resolution.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _fault(name: str) -> Alteration:
    from mock_server.faults import FAULTS

    if name not in FAULTS:
        raise argparse.ArgumentTypeError(f"there is no fault {name!r}: see --list-faults")
    return FAULTS[name].alter


def _variant(name: str) -> Alteration:
    from mock_server.variants import VARIANTS

    if name not in VARIANTS:
        raise argparse.ArgumentTypeError(f"there is no variant {name!r}: see --list-variants")
    return VARIANTS[name].alter


def _list(sentences: Mapping[str, str]) -> int:
    """Print names and sentences, in two columns."""
    width = max(map(len, sentences))
    try:
        print("\n".join(f"{name:{width}}  {sentence}" for name, sentence in sentences.items()), flush=True)
    except BrokenPipeError:  # who reads has read enough; nothing is left to be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m mock_server", description="A server that keeps every promise of the contract.")
    parser.add_argument("--host", default="127.0.0.1", help="where to listen (default: %(default)s)")
    parser.add_argument("--port", default=4010, type=_port, help="0 picks a free one (default: %(default)s)")
    parser.add_argument(
        "--no-control", dest="control", action="store_false", help="without the control interface at /_control"
    )
    parser.add_argument(
        "--still", action="store_true", help="with a clock that stands still unless it is moved at /_control/clock"
    )
    parser.add_argument(
        "--live", action="store_true", help="as a server in use is: only its keys are valid, no control, no magic"
    )
    parser.add_argument(
        "--key",
        dest="keys",
        action="append",
        default=[],
        metavar="KEY",
        help=f"a key that --live knows (may be repeated; default: {', '.join(LIVE_KEYS)})",
    )
    parser.add_argument("--colleague", action="store_true", help="with --live: another client works in it all the time")
    parser.add_argument(
        "--fault",
        dest="alterations",
        action="append",
        default=[],
        type=_fault,
        metavar="NAME",
        help="break one promise (may be repeated; --list-faults shows them)",
    )
    parser.add_argument(
        "--variant",
        dest="alterations",
        action="append",
        type=_variant,
        metavar="NAME",
        help="make another legal choice (may be repeated; --list-variants shows them)",
    )
    parser.add_argument("--list-faults", action="store_true", help="show the promises that can be broken")
    parser.add_argument("--list-variants", action="store_true", help="show the choices that can be made otherwise")
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="a PEM file of authorities that deliveries trust beside the usual ones"
    )
    parser.add_argument(
        "--resolve",
        action="append",
        default=[],
        type=_resolution,
        metavar="HOST:PORT:ADDRESS[:PORT]",
        help="where deliveries to this host and port go, as curl's option does (may be repeated)",
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mock; the exit status: 0 stopped as asked, 2 it could not start (told in one line)."""
    options = _parser().parse_args(arguments)
    if options.list_faults:
        from mock_server.faults import FAULTS

        return _list({fault.name: fault.promise for fault in FAULTS.values()})
    if options.list_variants:
        from mock_server.variants import VARIANTS

        return _list({variant.name: variant.choice for variant in VARIANTS.values()})
    if (options.keys or options.colleague) and not options.live:
        return _refuse("--key and --colleague are for --live")
    control = options.control and not options.live
    if options.still and not control:
        return _refuse("--still is for a clock that can be moved, which needs the control interface")
    settings = Settings(control=control, stands_still=options.still, ca=options.ca, resolutions=tuple(options.resolve))
    keys = options.keys or LIVE_KEYS
    if options.live:
        settings, options.alterations = _live(settings, keys, options)
    if options.alterations:
        from mock_server.altered import altered

        settings = replace(settings, build=partial(altered, options.alterations))
    if settings.ca is not None and not _is_authorities(settings.ca):
        return _refuse(f"--ca {settings.ca}: not a readable PEM file with certificates")
    try:
        listener = bind(options.host, options.port)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "not a host name"
        return _refuse(f"cannot listen at {options.host}:{options.port}: {reason.partition(' (')[0]}")

    def prepare(stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        known = "the keys " + ", ".join(keys) if options.live else "any key csk_live_NAME"
        without = "" if settings.control else ", without its control interface"
        print(f"coSPEC mock server at {url_of(listener)} ({known}{without}; Ctrl-C ends it)", flush=True)

    run(listener, settings, prepare)
    return 0


def _live(settings: Settings, keys: Sequence[str], options: argparse.Namespace) -> tuple[Settings, list[Alteration]]:
    """The settings and alterations of a live mock."""
    from mock_server.colleague import Colleague
    from mock_server.live import live

    if not options.colleague:
        return settings, [live(keys), *options.alterations]
    theirs = f"{keys[0].partition('__')[0]}__{COLLEAGUE}"
    colleague = Colleague([theirs])
    return replace(settings, colleague=colleague), [live([*keys, theirs]), *options.alterations]


def _is_authorities(file: Path) -> bool:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
    except OSError:
        return False
    return True


def _refuse(message: str) -> int:
    print(f"mock_server: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
