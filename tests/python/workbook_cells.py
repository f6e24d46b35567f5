"""Reads a workbook as it lies in its file, and computes its formulas. Cells are numbers or texts, by address."""

import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Cells = dict[str, float | str]


def sheets(path: Path) -> dict[str, tuple[Cells, dict[str, str]]]:
    """By the name of the sheet its values (those of formulas as they were saved), and its formulas without `=`."""
    with zipfile.ZipFile(path) as file:

        def xml(name: str) -> ElementTree.Element:
            return ElementTree.fromstring(file.read(name))

        shared = [text(item) for item in xml("xl/sharedStrings.xml")]
        names = [sheet.attrib["name"] for sheet in xml("xl/workbook.xml").find(f"{SPACE}sheets")]
        return {name: cells(xml(f"xl/worksheets/sheet{place}.xml"), shared) for place, name in enumerate(names, 1)}


def text(item: ElementTree.Element) -> str:
    return "".join(part.text or "" for part in item.iter(f"{SPACE}t"))


def cells(sheet: ElementTree.Element, shared: list[str]) -> tuple[Cells, dict[str, str]]:
    values: Cells = {}
    formulas: dict[str, str] = {}
    for cell in sheet.iter(f"{SPACE}c"):
        value, formula = cell.find(f"{SPACE}v"), cell.find(f"{SPACE}f")
        if formula is not None:
            formulas[cell.attrib["r"]] = formula.text or ""
        if value is not None and value.text is not None:
            is_text = cell.attrib.get("t") == "s"
            values[cell.attrib["r"]] = shared[int(value.text)] if is_text else float(value.text)
    return values, formulas


def computed(values: Mapping[str, float | str], formulas: Mapping[str, str]) -> Cells:
    """The values with every formula computed anew. Knows + - * / ^, comparisons, IF, and nothing else."""
    found: Cells = {address: value for address, value in values.items() if address not in formulas}

    def cell(address: str) -> float:
        if address not in found:
            found[address] = result(formulas[address]) if address in formulas else 0.0
        value = found[address]
        assert isinstance(value, float | int), address
        return np.float64(value)

    def result(formula: str) -> float:
        spelled = re.sub(r"\b([A-Z]{1,2}[0-9]+)\b", r"cell('\1')", formula)
        spelled = re.sub(r"(?<![<>])=", "==", spelled).replace("^", "**")
        assert not re.search(r"[^-\w\s+*/().,<>='?]", spelled), formula
        known = {"cell": cell, "IF": lambda test, yes, no: yes if test else no, "__builtins__": {}}
        # What IF does not choose may divide by zero.
        with np.errstate(all="ignore"):
            value = float(eval(spelled, known))
        assert math.isfinite(value), formula
        return value

    for address in formulas:
        cell(address)
    return found
