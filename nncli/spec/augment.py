"""How training images are distorted."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from nncli.spec.base import Model, must_be

Pixels = Annotated[
    float, Field(ge=0, le=1000, allow_inf_nan=False), must_be("a number of pixels from 0 to 1000")
]
Rotation = Annotated[
    float, Field(ge=0, le=180, allow_inf_nan=False), must_be("a number of degrees from 0 to 180")
]
Shear = Annotated[
    float, Field(ge=0, le=60, allow_inf_nan=False), must_be("a number of degrees from 0 to 60")
]
Fraction = Annotated[
    float, Field(ge=0, le=0.9, allow_inf_nan=False), must_be("a fraction from 0 to 0.9")
]
Strength = Annotated[
    float,
    Field(gt=0, le=100_000, allow_inf_nan=False),
    must_be("a number above 0, at most 100000"),
]
Smoothness = Annotated[
    float, Field(ge=1, le=1000, allow_inf_nan=False), must_be("a number of pixels from 1 to 1000")
]


class ElasticSpec(Model):
    """Displacements that vary smoothly over the image (Simard, Steinkraus and Platt 2003).

    For each axis, noise uniform in +-1 at every pixel is smoothed by a Gaussian of `sigma` pixels and multiplied by
    `alpha`: alpha / (2 sigma sqrt(3 pi)) pixels root mean square, 1.17 for alpha 36 and sigma 5.
    """

    alpha: Strength = Field(examples=[36])
    """What the smoothed noise is multiplied by."""
    sigma: Smoothness = Field(examples=[5])
    """Standard deviation of the Gaussian, in pixels: how far neighbors move together."""


class AugmentSpec(Model):
    """Random distortions, fresh for every training image and epoch; evaluation sees the images as they are.

    Every number is drawn evenly between plus and minus its setting, for each image anew; outside the image is 0.
    """

    shift: Pixels = 0.0
    """Pixels to the side, and as many up or down."""
    rotate: Rotation = 0.0
    """Degrees about the middle, either way."""
    scale: Fraction = 0.0
    """Larger or smaller by up to this fraction, width and height each for itself."""
    shear: Shear = 0.0
    """Degrees by which upright lines lean."""
    elastic: ElasticSpec | None = None
    """A smooth random field of displacements."""
