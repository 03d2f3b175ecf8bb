"""What a prompt is about: a noun phrase, found by a few plain rules."""

import re
from collections import Counter

_MARKUP = re.compile(r"</?\w[^<>]*>|[*_`#~]+")
_END = re.compile(r"[.,;:!?()\[\]{}<>|\"“”„\n/\\]| [-–—] ")
_WORD = re.compile(r"[^\W_][\w'’&+-]*")
_LONGEST = 7

# A phrase may follow one of these, best first …
_LEADS = (
    re.compile(r"\b(?:of|about|on|for|regarding|titled|named|called)\s+(?=(.{1,120}))", re.IGNORECASE),
    re.compile(r"\b(?:in|from)\s+(?=(.{1,120}))", re.IGNORECASE),
)
_ASKS_ABOUT = re.compile(
    r"^\W*(?:please\s+)?(?:explain|describe|summari[sz]e|discuss|analy[sz]e|define|compare|introduce|review|"
    r"(?:what|who|where|why|how|when)\s+(?:is|are|was|were|do|does|did|can|should))\s+(?:how|why|what|when|where)?\s*(.{1,120})",
    re.IGNORECASE,
)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# … and ends before one of these.
_CUTS = _words(
    "that which who whom whose where when while because so as at by to with without in on into from using made based "
    "given for about is are was were do does did can will would should work works mean means if then than but"
)
# These are nouns at the end of a phrase: a watering can.
_NOUNS_AT_THE_END = _words("can will means work works")
_ARTICLES = _words("a an the this that these those some any each every")
_OWNERS = _words("my your our their his her its")
_DANGLING = _ARTICLES | _words("of and or")
_PRONOUNS = _words("i we you he she they it there")
# Phrases of only such words name the answer, or the material, and not what it is about.
_GENERIC = _ARTICLES | _words(
    "it them him her us me you one two three four five six seven eight nine ten review reviews text texts product "
    "products article articles following passage paragraph document topic topics theme item items list title headline "
    "sentence sentences word words scale number numbers rating score scores json answer answers question questions "
    "reply email message story summary description fact facts trivia customer customers reason reasons point points "
    "idea ideas tone style form least most example examples analysis conclusion everything something anything name "
    "names short brief single detail total full general english all taken together"
)
_REFERS = re.compile(r"\b(?:this|these|following|below|it)\b", re.IGNORECASE)

_START = re.compile(r"\W*([^.,;:!?()\n]{1,60}?)\s*(?:[,;:(\n]|\.?\s*$)")
_NAMED = re.compile(
    # a capital, and up to two words behind it unless they are verbs or particles, as far as their looks tell
    r"\b(?:[Tt]he|[Aa]|[Mm]y|[Oo]ur)\s+(?!\w+day\b)([A-Z][\w'’-]*"
    r"(?:\s+(?!\w*ed\b|(?:and|or|i|did|let|gave|came|had|has|broke|never|again|twice)\b)[a-z][\w'’-]*){0,2})"
)
_LONG_WORD = re.compile(r"\b(the )?([a-z][a-z'’-]{4,})\b")
_COMMON = _GENERIC | _words(
    "about after again their there these those which while would could should where because before being other others "
    "every first never nothing still under until without within whole right years months weeks place places thing "
    "things looks enough better worse"
)


def find_subject(instruction: str, material: str) -> str | None:
    """Give what a prompt is about, as a short noun phrase of plain words; None if that cannot be told.

    Args:
        instruction: the part of the prompt that says what to do.
        material: the part to do it with; asked first where the instruction points at it.
    """
    material = _MARKUP.sub(" ", material)
    if material and _REFERS.search(instruction):
        return _of_material(material) or _of_instruction(instruction)
    return _of_instruction(instruction) or _of_material(material)


def _of_instruction(instruction: str) -> str | None:
    instruction = _MARKUP.sub(" ", instruction)
    # "describe the smell of rain": all of it is the subject, unless it names nothing, as "the product" does
    asked = _ASKS_ABOUT.match(instruction)
    if asked and (subject := _noun_phrase(asked[1])) is not None:
        return subject
    found = (_noun_phrase(match[1]) for leads in _LEADS for match in leads.finditer(instruction))
    return next((subject for subject in found if subject is not None), None)


def _of_material(material: str) -> str | None:
    start = _START.match(material)
    if start and len(start[1].split()) <= 4 and (subject := _noun_phrase(start[1])) is not None:
        return subject
    names = Counter(match[1] for match in _NAMED.finditer(material)).most_common(1)
    if names:
        return _noun_phrase(f"the {names[0][0]}")
    found = [(bool(the), word) for the, word in _LONG_WORD.findall(material) if word not in _COMMON]
    # what is spoken of as known, "the kettles", before what is only spoken of often
    words = [word for is_known, word in found if is_known] or [word for _, word in found]
    common = Counter(words).most_common(1)
    return f"the {common[0][0]}" if common else None


def _noun_phrase(text: str) -> str | None:
    """Give the noun phrase that a text begins with; None if it names nothing in particular."""
    words: list[str] = []
    found = _WORD.findall(_END.split(text, maxsplit=1)[0])
    for number, name in enumerate(found, 1):
        word = name.rstrip("'’&+-")
        lower = word.lower()
        if lower in _CUTS and not (number == len(found) and lower in _NOUNS_AT_THE_END):
            break
        # "the causes of the war", but not "a review of the war"
        if len(words) == _LONGEST or (lower == "of" and all(map(_is_generic, words))):
            break
        words.append(word)
    while words and words[-1].lower() in _DANGLING:
        words.pop()
    first = words[0].lower() if words else ""
    if not words or first in _PRONOUNS:
        return None
    # "a kettle" is known by the time it is written about, and whose it is does not carry over
    names = words[1:] if first in _ARTICLES or first in _OWNERS else words
    if all(map(_is_generic, names)):
        return None
    return f"the {' '.join(names)}" if len(names) < len(words) else " ".join(names)


def _is_generic(word: str) -> bool:
    return word.lower() in _GENERIC or not any(map(str.isalpha, word))
