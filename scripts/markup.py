"""How does text from elsewhere go into Markdown and into GitHub's workflow commands without becoming markup?"""

from __future__ import annotations


def cell(text: str) -> str:
    """Text that stays in its line and in its cell of a table."""
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def code(text: str) -> str:
    """A name in code type."""
    return f"`{cell(text).replace('`', '')}`"


def fenced(text: str) -> list[str]:
    """The lines of a block that shows text as it is."""
    fence = "```"
    while fence in text:
        fence += "`"
    return [fence, text, fence]


def annotation(command: str, message: str, **properties: str) -> str:
    """A workflow command such as `::error file=a,line=1::message`."""
    told = ",".join(f"{name}={_escaped(value, ':,')}" for name, value in properties.items())
    return f"::{command}{' ' if told else ''}{told}::{_escaped(message)}"


def _escaped(text: str, more: str = "") -> str:
    for character in f"%\r\n{more}":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
