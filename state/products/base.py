"""What every product is: frozen, renders to the files that lie in runs/N/, and is read back from them.

`files` and `of` are opposites, also after a person edited a file by hand: what is wrong then is a `LabError` with file
and line. `shown` is what a model is shown, `summary` the facts that a screen shows first. Checks that need the world
(the code runs, the paper builds) are the phases'. The products are beside this file, one or two a file; `table.py` has
them all.
"""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from state.errors import LabError, Plain
from state.front_matter import clean, decoded

Text = Annotated[str, AfterValidator(clean)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,47}$")]
Files = Mapping[str, bytes]


class Part(BaseModel):
    """Something within a product: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Product(Part):
    """Base of all. `name` is the product's name in the lab, `main` the file that `edit` opens."""

    name: ClassVar[str]
    main: ClassVar[str]

    @abstractmethod
    def files(self) -> dict[str, bytes]:
        """File name below runs/N/ → bytes. Equal products give equal bytes."""

    @classmethod
    @abstractmethod
    def of(cls, files: Files) -> Self:
        """The opposite of `files`; LabError `product.*` with file and line."""

    @property
    def shown(self) -> str:
        """What a model is shown of it: its main file, where a product does not say otherwise."""
        return self.files()[self.main].decode()

    @property
    @abstractmethod
    def summary(self) -> dict[str, Plain]:
        """The facts a screen shows first."""


def text_of(files: Files, name: str) -> str:
    """The text of one of the files; LabError `product.missing_file`, `product.not_utf8`."""
    if name not in files:
        raise LabError("product.missing_file", file=name)
    return decoded(name, files[name])


def needed(text: str, file: str, line: int, part: str) -> str:
    """`text`; LabError `product.empty` where there is none."""
    if not clean(text).strip():
        raise LabError("product.empty", file=file, line=line, part=part)
    return text


def check_python(file: str, code: str) -> None:
    """LabError `product.bad_python` with its line where `code` does not parse."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise LabError("product.bad_python", file=file, line=line, reason=getattr(error, "msg", str(error))) from None
    except (RecursionError, MemoryError):
        raise LabError("product.bad_python", file=file, line=1, reason="too many nested expressions") from None
