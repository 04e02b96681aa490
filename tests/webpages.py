"""What the tests of exported pages share: the page of a network, and its numbers unpacked by NumPy alone."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
from exported import nncli

from nncli.predict import open_network, predict_rows
from nncli.runs.weights import Weights

START = '<script type="application/json" id="network">'


def exported(run: Path, folder: Path) -> Path:
    """The page, written by the command, which says so in a line."""
    out = folder / "page.html"
    result = nncli("export", run, "--to", "html", "--out", out)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.count("\n") == 1
    assert "KB; open it in a browser" in result.stdout
    return out


def told(page: Path) -> dict[str, Any]:
    """The network as it lies in the page."""
    return json.loads(page.read_text().split(START)[1].split("</script>")[0])


def embedded(page: Path, run: Path, dtype: str = "float32") -> Weights:
    """The run's network with the numbers that are in the page."""
    facts, params = told(page), {}

    def numbers(text: str, kind: str) -> Any:
        return np.frombuffer(base64.b64decode(text), np.dtype(kind).newbyteorder("<"))

    for at, layer in enumerate(facts["layers"], 1):
        shape = layer["outputs"], layer["inputs"]
        w = numbers(layer["W"], facts["numbers"]).astype(dtype).reshape(shape)
        if "scales" in layer:
            w *= numbers(layer["scales"], "float32")[:, None]
        bias = numbers(layer["b"], "float32" if "scales" in layer else facts["numbers"])
        params |= {f"W{at}": w, f"b{at}": bias.astype(dtype)}
    return Weights(params, open_network(run).weights.meta)


def said_by_numpy(page: Path, run: Path, x: Any, dtype: str = "float32") -> Any:
    """What the numbers in the page say of rows."""
    return predict_rows(embedded(page, run, dtype), x).outputs


def said_by(page: Any, x: Any) -> Any:
    """What the page says of rows of numbers, or of tables."""
    if isinstance(x, list):
        return np.array(page.evaluate("(rows) => outputs(rows)", x))
    bytes_of = base64.b64encode(np.ascontiguousarray(x, "<f4").tobytes()).decode()
    script = """([text, width]) => {
      const all = new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
      return outputs(Array.from({length: all.length / width}, (_, at) => all.subarray(at * width, (at + 1) * width)));
    }"""
    return np.array(page.evaluate(script, [bytes_of, x.shape[1]]))
