"""The `data:` section: one model per source, its settings plain keys beside `source`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema

from nncli.spec.base import (
    Bytes,
    Model,
    NonNegativeNumber,
    PositiveNumber,
    Rows,
    RowsOrPath,
    Seed,
    Shorthand,
    SpecPath,
    must_be,
    wanted,
)

SplitFrom = Literal["last", "random", "stratified"]
Fraction = Annotated[float, Field(gt=0, lt=1), must_be("a number between 0 and 1")]
Side = Annotated[int, Field(ge=1, le=1024), must_be("a whole number between 1 and 1024")]
_NAMES_SCHEMA = WithJsonSchema(
    {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
Arms = Annotated[int, Field(ge=2, le=100), must_be("a whole number between 2 and 100")]


class Source(Model):
    """What every source has."""

    source: str
    """Which source; its settings are the keys beside it."""
    seed: Seed = 0
    """Draws the rows that are kept back at random. The spec's own seed does not: the test rows are the same for every
    seed, so that seeds can be compared."""


class RowSource(Source):
    """A source that keeps back training rows for validation, by number or share."""

    validation: Rows = 0
    """Training rows kept back for validation: a number of rows, or a fraction."""
    validation_from: SplitFrom = "last"
    """Which rows those are: the last ones, random ones, or random ones with the classes in proportion."""


class SplitSource(RowSource):
    """A source without a test set of its own."""

    test: Rows = 0
    """Rows kept back for the test, before validation is taken: a number of rows, or a fraction."""
    test_from: SplitFrom = "last"
    """Which rows those are."""


class Mnist(RowSource):
    """70,000 handwritten digits of 28 x 28 pixels; downloaded once when they are nowhere to be found."""

    source: Literal["mnist"]
    path: SpecPath | None = None
    """A folder with the four IDX files, or the book's `mnist.pkl.gz`; null looks in $NNCLI_DATA/mnist, then the
    cache, then downloads."""


class Idx(SplitSource):
    """IDX files, gzipped or not: images and their labels."""

    source: Literal["idx"]
    path: SpecPath
    """The folder that holds the files."""
    x: str = "train-images-idx3-ubyte"
    """The file of training images, with or without `.gz`."""
    y: str = "train-labels-idx1-ubyte"
    """The file of training labels."""
    x_test: str | None = "t10k-images-idx3-ubyte"
    """The file of test images; null where there is none."""
    y_test: str | None = "t10k-labels-idx1-ubyte"
    """The file of test labels; null where there is none."""
    scale: PositiveNumber = 255.0
    """Pixels are divided by this as they are gathered into a batch."""
    in_memory: Bytes = 2 * 2**30
    """Images of more bytes than this, all files together, stay on disk and are read in blocks."""


class Digits(SplitSource):
    """scikit-learn's 1,797 handwritten digits of 8 x 8 pixels (extra `datasets`)."""

    source: Literal["digits"]
    test: Rows = 0.2
    test_from: SplitFrom = "last"


class Generated(SplitSource):
    """Points in the plane, generated from a seed."""

    samples: Annotated[
        int, Field(ge=1, le=10**7), must_be("a whole number between 1 and 10000000")
    ] = 1000
    """How many points, all classes together."""
    noise: NonNegativeNumber = 0.2
    """Standard deviation of the normal noise on each coordinate."""
    seed: Seed = 0
    """Draws the points, and the rows that are kept back at random; the spec's own seed changes neither."""
    test: Rows = 0.1
    test_from: SplitFrom = "last"


class Moons(Generated):
    """Two interleaving half circles, as scikit-learn's make_moons draws them."""

    source: Literal["moons"]


class Circles(Generated):
    """A small circle inside a large one, as scikit-learn's make_circles draws them."""

    source: Literal["circles"]
    noise: NonNegativeNumber = 0.1
    factor: Fraction = 0.5
    """The small circle's radius; the large one's is 1."""


class Spirals(Generated):
    """Spiral arms that wind around each other, one class each."""

    source: Literal["spirals"]
    noise: NonNegativeNumber = 0.05
    classes: Arms = 2
    """How many arms."""
    turns: PositiveNumber = 1.0
    """How often each arm winds around the origin."""


class Npz(SplitSource):
    """Arrays of an `.npz` file. `y` holds class numbers, one-hot rows, or real targets."""

    source: Literal["npz"]
    path: SpecPath
    """The `.npz` file."""
    x: str = "x"
    """The name of the training inputs, one row (of any shape) per sample."""
    y: str = "y"
    """The name of the training targets."""
    x_test: str | None = None
    """The name of the test inputs; null takes `x_test` where the file has it."""
    y_test: str | None = None
    """The name of the test targets; null takes `y_test` where the file has it."""
    scale: PositiveNumber = 1.0
    """Inputs are divided by this as they are gathered into a batch."""


def _names(value: Any) -> Any:
    """One name or several, each once."""
    names = (value,) if isinstance(value, str) else value
    is_list = isinstance(names, list | tuple) and all(isinstance(name, str) for name in names)
    if not is_list or "" in names or len(set(names)) < len(names):
        raise wanted("the name of a column, or a list of different names")
    return tuple(names)


Names = Annotated[tuple[str, ...], BeforeValidator(_names), _NAMES_SCHEMA]
"""Columns by their names in the header."""


class Npy(SplitSource):
    """Inputs and targets, each in an `.npy` file; large ones stay on disk."""

    source: Literal["npy"]
    path: SpecPath
    """The `.npy` file of training inputs, one row (of any shape) per sample."""
    y: SpecPath
    """The `.npy` file of training targets: class numbers, one-hot rows, labels, or real targets."""
    x_test: SpecPath | None = None
    """The file of test inputs."""
    y_test: SpecPath | None = None
    """The file of test targets."""
    scale: PositiveNumber = 1.0
    """Inputs are divided by this as they are gathered into a batch."""
    in_memory: Bytes = 2 * 2**30
    """Inputs of more bytes than this, all files together, stay on disk and are read in blocks."""


class OwnSource(Source):
    """What people bring themselves: rows are kept back by number, by share, or in a file or folder of their own."""

    test: RowsOrPath = 0.2
    """What is kept for the test: a number of rows, a fraction, or a path to rows of their own."""
    test_from: SplitFrom | None = None
    """Which rows those are; null means stratified where there are classes, otherwise random."""
    validation: RowsOrPath = 0
    """What is kept back for validation: a number of rows, a fraction, or a path to rows of their own."""
    validation_from: SplitFrom | None = None
    """Which rows those are; null means stratified where there are classes, otherwise random."""


class Csv(OwnSource):
    """A table: a CSV file with a header, gzipped or not."""

    source: Literal["csv"]
    path: SpecPath
    """The `.csv` or `.csv.gz` file."""
    target: Names = Field(examples=["species"])
    """The column to be predicted, or several of them."""
    features: Names | None = None
    """The columns that the network sees; null means all others."""
    drop: Names = ()
    """Columns that the network does not see."""
    key: Names = ()
    """Columns that only name the rows: the network does not see them, and predictions repeat them."""
    task: Literal["classification", "regression"] | None = None
    """Null lets the target decide: text, booleans and up to ten different whole numbers are classes."""
    numbers: Literal["standardize", "min_max", "none"] = "standardize"
    """What is done to a column of numbers: mean 0 and standard deviation 1, range 0 to 1, or nothing."""
    missing: Annotated[tuple[str, ...], Field(strict=False)] = (
        "",
        "NA",
        "N/A",
        "NaN",
        "nan",
        "null",
        "NULL",
    )
    """Cells that hold nothing."""


class Images(OwnSource):
    """A folder of PNG and JPEG pictures, in one folder per class (extra `images`)."""

    source: Literal["images"]
    path: SpecPath
    """The folder that holds one folder per class."""
    size: Annotated[tuple[Side, Side], Field(strict=False)] = (28, 28)
    """Height and width that every picture is scaled to."""
    grayscale: bool = True
    """One number per pixel; false keeps red, green and blue."""
    scale: PositiveNumber = 255.0
    """Pixels are divided by this as they are gathered into a batch."""


AnySource = Mnist | Idx | Digits | Moons | Circles | Spirals | Npz | Npy | Csv | Images


def drawn_splits(data: Mapping[str, Any]) -> tuple[str, ...]:
    """The splits whose rows `data.seed` draws, by the keys of a source with every default written out."""
    return tuple(
        key
        for key in ("test", "validation")
        if data.get(key) and not isinstance(data[key], str) and data.get(f"{key}_from") != "last"
    )


def drawn(source: Source) -> str:
    """In words, which rows are drawn at random and by what; "" where none are."""
    names = drawn_splits(dict(source))
    return f"{' and '.join(names)} rows drawn by data.seed {source.seed}" if names else ""


DataSpec = Annotated[AnySource, Field(discriminator="source"), Shorthand("source")]
