"""Which breaks has somebody accepted, why, and until when? Reads openapi/accepted-breaks.yaml."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from scripts import document as doc
from scripts.compatibility.changes import Change

FILE = doc.ROOT / "openapi" / "accepted-breaks.yaml"

Text = Annotated[str, Field(min_length=1, pattern=r"\S")]


class AcceptedError(Exception):
    """The file cannot be used; the message is one line that says where and why."""


class AcceptedBreak(BaseModel):
    """A breaking change that passes until a day. It has to say which change it means, not only of which kind."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    change: Text
    """The id of the change."""
    where: Text | None = None
    """Where it is, as it is listed; every place when it is left out."""
    text: Text | None = None
    """A part of what is listed of it."""
    reason: Text
    lapses: date
    """The first day on which it is not accepted any more."""

    @model_validator(mode="after")
    def _is_narrow(self) -> AcceptedBreak:
        if self.where is None and self.text is None:
            raise ValueError("says neither where nor which text")
        return self

    def covers(self, change: Change) -> bool:
        """Whether it speaks of this change, whatever day it is."""
        here = self.where in (None, change.where) or change.where.startswith(f"{self.where} (")
        return self.change == change.id and here and (self.text or "") in change.text

    def has_lapsed(self, today: date) -> bool:
        """Whether it is over."""
        return today >= self.lapses

    def __str__(self) -> str:
        return f"{self.change}, {self.where or 'everywhere'}" + (f", {self.text!r}" if self.text else "")


class _Accepted(BaseModel):
    model_config = ConfigDict(extra="forbid")

    accepted: list[AcceptedBreak]


def accepted_breaks(file: Path = FILE) -> list[AcceptedBreak]:
    """What the file lists; nothing when there is none. Raises `AcceptedError`."""
    if not file.exists():
        return []
    try:
        return _Accepted.model_validate(doc.load(file)).accepted
    except doc.DocumentError as error:
        raise AcceptedError(str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise AcceptedError(f"{file.name}: {where}: {first['msg']}") from error
