"""How often the encoding of a table is told right: by us, and by charset-normalizer.

    python -m pip install faker '.[study]'
    python benchmarks/encodings.py

Tables of 5, 30 and 200 made names and towns of 17 countries, four of each, in the
encodings their computers wrote before UTF-8; seeds 0 to 3.
"""

import logging
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from charset_normalizer import from_bytes
from faker import Faker

from perceptrons.tables import DataError
from perceptrons.tables.decode import find_encoding

WESTERN = ("cp1252", "mac_roman", "cp850")
ENCODINGS = {
    "de_DE": WESTERN, "fr_FR": WESTERN, "sv_SE": WESTERN, "pt_BR": WESTERN,
    "es_ES": WESTERN[:2], "no_NO": WESTERN[:2], "da_DK": WESTERN[:2],
    "it_IT": WESTERN[:2], "pl_PL": ("cp1250",), "cs_CZ": ("cp1250",),
    "hu_HU": ("cp1250",), "ru_RU": ("cp1251",), "tr_TR": ("cp1254",),
    "el_GR": ("cp1253",), "ja_JP": ("shift_jis",), "zh_CN": ("gb18030",),
    "ko_KR": ("euc_kr",),
}  # fmt: skip


def tables() -> Iterator[tuple[str, str, bytes]]:
    """Yield an encoding, a table, and the bytes of that table in it."""
    for place, encodings in ENCODINGS.items():
        made = Faker(place)
        for n_rows in (5, 30, 200):
            for seed in range(4):
                Faker.seed(seed)
                rows = [f"{made.name()},{made.city()},{n}" for n in range(n_rows)]
                text = "\n".join(["name,city,value", *rows, ""])
                for encoding in encodings:
                    try:
                        content = text.encode(encoding)
                    except UnicodeEncodeError:
                        continue
                    if not content.isascii():
                        yield encoding, text, content


def ours(path: Path) -> str | None:
    """Return what a table is read in; None if it is refused."""
    try:
        return find_encoding(path).name
    except DataError:
        return None


def theirs(path: Path) -> str | None:
    """Return what charset-normalizer finds best."""
    best = from_bytes(path.read_bytes()).best()
    return best and best.encoding


def judged(name: str | None, text: str, content: bytes) -> str:
    """Say whether a table is read right by an encoding."""
    if name is None:
        return "refused"
    return "right" if content.decode(name, errors="replace") == text else "wrong"


def main() -> None:
    """Print the counts, over all encodings and for each."""
    logging.disable(logging.CRITICAL)
    counts: dict[tuple[str, str], Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        for encoding, text, content in tables():
            path.write_bytes(content)
            for way in (ours, theirs):
                verdict = judged(way(path), text, content)
                for of in ("all", encoding):
                    counts.setdefault((of, way.__name__), Counter())[verdict] += 1
    for (of, way), found in sorted(counts.items()):
        print(f"{of:10} {way:7} {dict(found)}")


if __name__ == "__main__":
    main()
