"""In which encoding bytes beyond ASCII are words: the evidence of their letters.

In tables of a few names and towns charset-normalizer takes half of the Western ones for
another encoding (docs/tables.md has the figures); letters that one language uses, and
where in a word they stand, tell. It is asked for scripts of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

#: What a file that is not UTF-8 may be, the commonest first.
NAMES = {
    "cp1252": "Windows-1252",
    "mac_roman": "Mac Roman",
    "cp1250": "Windows-1250",
    "cp1251": "Windows-1251",
    "cp1254": "Windows-1254",
    "cp850": "DOS, code page 850",
    "shift_jis": "Shift JIS",
    "gb18030": "GB 18030",
}

#: Text whose words are odder than this is none.
_ODDEST = 0.8
#: What letters of no one language count, beside those of odd words.
_MIXED = 0.5
#: Fewer letters of a script of their own say nothing.
_FEWEST = 20


@dataclass(frozen=True)
class Guess:
    """The encoding that makes the likeliest words.

    Parameters
    ----------
    name : str
        As Python knows it.
    words : tuple of str
        A few of the words.
    """

    name: str
    words: tuple[str, ...]

    def note(self, file: str) -> str:
        """Say it, and what to do if it is wrong.

        Parameters
        ----------
        file : str
            Name of the file.
        """
        shown = ", ".join(map(repr, self.words))
        return (
            f"{file} is not UTF-8; it was read as {NAMES.get(self.name, self.name)}, "
            f"in which it holds {shown}. If that is wrong, say what it is with "
            "--encoding."
        )


def guess(lines: Sequence[bytes]) -> Guess | str:
    """Return the likeliest encoding, or the readings among which none is.

    Parameters
    ----------
    lines : sequence of bytes
        Those of a file that hold bytes beyond ASCII.
    """
    words = list(dict.fromkeys(_WORD.findall(b"\n".join(lines))))[:5000]
    scores = {}
    for name in NAMES:
        try:
            decoded = [word.decode(name) for word in words]
        except UnicodeDecodeError:
            continue
        scores[name] = _oddness(decoded) + _MIXED * _outside(decoded)
    best = sorted(scores, key=lambda name: scores[name])
    if best and scores[best[0]] <= _ODDEST and not _tie(words, scores, best):
        return Guess(best[0], tuple(word.decode(best[0]) for word in words[:3]))
    return _of_own_script(lines) or (
        "; ".join(f"{words[0].decode(name)!r} in {name}" for name in best[:3])
        or "none fits"
    )


def _of_own_script(lines: Sequence[bytes]) -> Guess | None:
    """Return what charset-normalizer, where it is, takes for no Latin letters."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return None
    content = b"".join(lines)
    found = from_bytes(content).best()
    if found is None:
        return None
    text = content.decode(found.encoding)
    letters = [own for own in text if own.isalpha() and not own.isascii()]
    latin = sum(own < "\u0370" for own in letters)
    if len(letters) < _FEWEST or latin > 0.1 * len(letters):
        return None
    own_words = (word for word in re.findall(r"\w+", text) if not word.isascii())
    return Guess(found.encoding, tuple(dict.fromkeys(own_words))[:3])


def _tie(words: list[bytes], scores: dict[str, float], best: list[str]) -> bool:
    """Tell whether two encodings fit alike, and read the words differently."""
    return (
        len(best) > 1
        and scores[best[1]] == scores[best[0]]
        and _differ(words, best[:2])
    )


_WORD = re.compile(rb"[0-9A-Za-z\x80-\xff'-]*[\x80-\xff][0-9A-Za-z\x80-\xff'-]*")


def _differ(words: list[bytes], names: list[str]) -> bool:
    """Tell whether two encodings read the words differently."""
    first, second = names
    return any(word.decode(first) != word.decode(second) for word in words)


def _oddness(words: list[str]) -> float:
    """Return how unlike words these are, from 0 on, per word."""
    return sum(map(_odd, words)) / max(len(words), 1)


#: Letters of Western Europe beyond ASCII, the common ones first, and signs that stand
#: beside words.
_FREQUENT = set("äöüßéèêáóíñçåæøàúÄÖÜÉÅØÁÓÍÑÇ")
_COMMON = _FREQUENT | set("âãëìîïòôõùûýÿœÀÂÃÆÈÊËÌÎÏÒÔÕÙÚÛÝŸŒ")
_SIGNS = set("’‘“”«»–—…•°§€£©®™²³ºª¿¡·\xa0µ±×¼½¾")  # noqa: RUF001
_USUAL = set("’–°\xa0€")  # noqa: RUF001


def _odd(word: str) -> float:
    """Return how unlike a word this is."""
    odd = 0.0
    mixed = any("a" <= other.lower() <= "z" for other in word)
    for before, letter, after in zip(" " + word, word, word[1:] + " ", strict=False):
        if letter.isascii():
            continue
        if letter in _SIGNS:
            odd += 0.3 if letter in _USUAL else 0.6
        elif not letter.isalpha():
            odd += 2.0
        elif letter in _COMMON:
            odd += 0.0 if letter in _FREQUENT else 0.2
            # Letters with marks come one at a time.
            odd += 0.6 if before in _COMMON else 0.0
        elif "\u0400" <= letter <= "\u30ff":
            # Scripts of their own, kana among them.
            odd += 2.0 if mixed else 0.1
        else:
            far = letter > "\u30ff"
            odd += (2.0 if mixed else 0.4) if far else 0.4
        if letter.isalpha():
            # A capital amid small letters, and a letter beside digits.
            small = before.islower() or (before.isalpha() and after.islower())
            odd += 1.5 if letter.isupper() and small else 0.0
            odd += 1.0 if before.isdigit() or after.isdigit() else 0.0
    return odd


#: Letters beyond ASCII of one language each.
_ALPHABETS = [
    set(letters)
    for letters in (
        "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíóúüñ", "åäöé", "åæøéò", "àèéìîòóù",
        "àáâãçéêíóôõú", "áðéíóúýþæö", "ąćęłńóśźż", "áčďéěíňóřšťúůýž",
        "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "ăâîșțşţ", "áéíóúç",
        "çğ\N{LATIN SMALL LETTER DOTLESS I}iöşüâî",
    )
]  # fmt: skip


def _outside(words: Sequence[str]) -> float:
    """Return the share of Latin letters beyond ASCII that no one language accounts for.

    Czech that is taken for Western has letters of Denmark and of France in a word.
    """
    letters = [
        own.lower()[0]
        for word in words
        for own in word
        if own.isalpha() and "\x7f" < own < "\u0250"
    ]
    if not letters:
        return 0.0
    known = max(sum(own in alphabet for own in letters) for alphabet in _ALPHABETS)
    return 1 - known / len(letters)
