"""What a prompt asks for, as far as placeholder text needs to know: its form, its subject, its mood.

A prompt is taken apart into the instruction (what to do) and the material (what to do it with); only the instruction
is searched for hints, so that a review that mentions a list does not become one.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

from notebook_gen.demo.subject import find_subject

Form = Literal["prose", "title", "topic", "word", "number", "choice", "list", "question", "json"]
Genre = Literal[
    "review", "reply", "message", "description", "summary", "analysis", "story", "fact", "persona", "explanation"
]
Sentiment = Literal["good", "mixed", "bad"]
Tone = Literal["plain", "furious", "warm", "dry", "wry", "formal", "excited"]


class Wish(NamedTuple):
    """What a prompt asks for.

    Attributes:
        prompt: all of it, as far as it was read.
        form: what the answer should be.
        genre: what kind of prose, where it is prose.
        subject: what it is about, as a noun phrase; None where none was found.
        detail: what else is said of the subject, in a few words; None where nothing is.
        sentiment: what to think of the subject; None where nothing is said.
        tone: how to say it.
        sentences: how many; None where nothing is said.
        words: how many, at most; None where nothing is said.
        items: how many, where a list is asked for.
        choices: what to choose from, where there is a choice.
        low: the lowest number wanted.
        high: the highest.
    """

    prompt: str
    form: Form
    genre: Genre
    subject: str | None
    detail: str | None
    sentiment: Sentiment | None
    tone: Tone
    sentences: int | None
    words: int | None
    items: int
    choices: tuple[str, ...]
    low: int
    high: int


# Longer prompts are read at both ends: what they ask is at one of them.
_HEAD, _TAIL = 3000, 1000

_COUNTS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
_COUNT = rf"\d{{1,4}}|{'|'.join(_COUNTS)}"
_SINGLE = r"an?(?: single)?"

_BLOCK = re.compile(r"```.*?```|<(\w+)>.*?</\1>|“[^”]{40,}”|\"[^\"]{40,}\"", re.DOTALL)
_ASKS = re.compile(
    r"\s*(?:(?:please|now|then|and|you will|your task is to)\s+)*"
    r"(?:write|give|make|answer|reply|respond|return|summari[sz]e|describe|explain|classify|label|judge|rate|score|list|"
    r"name|suggest|generate|create|compose|draft|translate|rewrite|decide|choose|pick|propose|invent|tell|analy[sz]e|"
    r"assess|compare|complete|conclude|continue|convert|correct|critique|evaluate|expand|extract|identify|improve|"
    r"paraphrase|provide|shorten|turn|what|which|who|why|how|is|does|do|in (?:\w+) (?:words?|sentences?))\b",
    re.IGNORECASE,
)
_REFERS = re.compile(r"\b(?:this|these|following|below|summari|translat|classif|rewrit|paraphras)", re.IGNORECASE)

_MARKS = re.compile(r"[*_`#~\"“”\x00-\x1f\x7f\ud800-\udfff]")

# A prompt without any of these asks for prose: most do, and are spared the closer look.
_FORM_WORDS = re.compile(
    r"\b(?:age|bullet(?:s|ed)?|caption|categori[sz]e|category|choose|classify|classification|decide|either|enumerate|"
    r"give|grade|heading|headline|how|idea|integer|is|json|labels?|lists?|names?|number|one|options|pick|price|questions?|"
    r"rate|rating|score|sentiment|slogan|subject|suggest|tagline|theme|title|topic|true|word|year|yes)\b"
)
_JSON = re.compile(r"\bjson\b")
_YES_NO = re.compile(r"\byes\b\W{1,4}(?:or\W{1,4})?no\b|\btrue or false\b")
_CHOICE = re.compile(
    r"\b(?:one of(?: the following| these)?|either|choose (?:from|between)|pick from|options are|labels are|as|is it)"
    r"\W{1,3}((?:[\w'-]+(?: [\w'-]+)?(?: ?[,/|] ?(?:or |and )?| or ))+[\w'-]+)"
)
_CLASSIFIES = re.compile(r"\b(?:one of|either|choose|pick|options|labels|classif|label|categor|sentiment|is it|decide)")
_COMPOSES = re.compile(r"\b(?:write|describe|explain|compose|draft|tell|summari|reply|respond|review of|story)")
_NUMBER = re.compile(
    r"\b(?:rate|score|grade)\b|\b(?:an?|the|only|just|single) (?:number|integer|score|rating|age|price|year)\b"
    r"|\bhow (?:many|much|old)\b|\bas an? (?:number|integer)\b"
)
_RANGE = re.compile(r"\b(\d{1,6}) ?(?:to|and|-|–|\.\.) ?(\d{1,6})\b")
_OUT_OF = re.compile(r"\bout of (\d{1,6})\b")
_WORD = re.compile(r"\b(?:one|a single|single|1)[- ]word\b")
_TITLE = re.compile(r"\b(?:title|headline|slogan|tagline|subject line|caption|heading|names? for)\b(?! of\b)")
_BESIDE = re.compile(r"\b(?:with|and|including) (?:an?|its|the) (?:\w+ )?(?:title|headline|heading)")
_TOPIC = re.compile(r"\b(?:name|suggest|pick|give|choose|propose|invent|generate)\b.{0,30}\b(?:topic|theme|idea)\b")
_QUESTION = re.compile(r"\b(?:write|ask|generate|create|pose|give|invent|make)\b.{0,40}\bquestion\b")
_LIST = re.compile(rf"\b(?:list|bullets?|bulleted|enumerate)\b|\b(?:name|give|suggest)(?: me)? ({_COUNT}) \w+s\b")
_ITEMS = re.compile(rf"\b(?:list|name|give|suggest|of|write)(?: me)?(?: of)? (?:the )?(?:top )?({_COUNT})\b")
_SENTENCES = re.compile(rf"\b({_COUNT}|{_SINGLE})[- ](?:\w+ )?sentences?\b")
_WORDS = re.compile(rf"\b({_COUNT}) words\b|\b(\d+)-word\b")
_LENGTH = re.compile(r"\b(?:(short|brief|concise|terse|tweet)|(?:long|detailed|thorough|paragraph|essay|in depth))\b")
_STARS = re.compile(r"\b([1-5]|one|two|three|four|five)(?:\.0)?[- ]?(?:stars?\b|/ ?5|out of (?:5|five)\b)")
_DETAIL = re.compile(
    r"\b(?:made|meant|used|designed|intended|known|good) for ([^.;:!?(){}<>\n]{3,80})|\(([^(){}<>\n]{3,60})\)"
)


def _any_of(patterns: Mapping[Genre, str] | Mapping[Tone, str]) -> re.Pattern[str]:
    """One pattern for many, each a group of its name: what stands first in a text is found first."""
    return re.compile(rf"\b(?:{'|'.join(f'(?P<{name}>{pattern})' for name, pattern in patterns.items())})")


_GENRES: Mapping[Genre, str] = {
    "reply": r"reply|respond|response to|answer (?:this|the|to) (?:\w+ )?(?:review|customer|complaint|mail)",
    "summary": r"summar|tl;?dr|abstract|synopsis|condense|recap",
    "analysis": r"analy|evaluat|assess|critique|conclu|compar|judge|reasoning",
    "review": r"review|feedback|testimonial|complaint",
    "message": r"e-?mail|letter|message|ticket|tweet|post\b|sms",
    "story": r"story|tale\b|scene|poem|haiku|joke|dialogue|fable",
    "persona": r"biography|bio\b|persona\b|profile|character",
    "fact": r"fact|trivia",
    "description": r"describe|description|pitch|advert|blurb|copy\b|promot",
}
_TONES: Mapping[Tone, str] = {
    "furious": r"furious|angry|outraged|livid|annoyed|hostile|rude\b",
    "warm": r"warm|kind\b|friendly|loving|cheerful|grateful|gentle|happy",
    "dry": r"dry\b|laconic|deadpan|matter-of-fact|sober|neutral",
    "wry": r"sarcastic|ironic|wry\b|witty|funny|humorous",
    "formal": r"formal|professional|polite|official",
    "excited": r"enthusiastic|excited|glowing|positive|rave\b",
    "plain": r"negative|critical|disappointed|harsh|sad\b",
}
_SENTIMENTS: Mapping[Tone, Sentiment] = {"furious": "bad", "warm": "good", "excited": "good", "plain": "bad"}
_GENRE, _TONE = _any_of(_GENRES), _any_of(_TONES)
_GLAD = re.compile(
    r"\b(?:good|great|loved?|worth|recommended|again|better than|solid|smile|kind|happy|excellent|honest|pleased|"
    r"praise|exactly|stopped looking|no complaints|nothing to complain|every cent|apology|second order)\b"
)
_SORRY = re.compile(
    r"\b(?:bad(?:ly)?|worse|broke|flimsy|careless|sorry|furious|insult|back|gave|forgive|joke|save|let me down|"
    r"return(?:ed)?|trouble|warning|wanted|third|almost|spoken|looked better|not recommend|not the day|whoever)\b"
)


def read_prompt(messages: Sequence[tuple[str, str]]) -> Wish:
    """Read what messages ask for, the last of the user's first of all.

    Args:
        messages: role and text of each.
    """
    prompt = next((text for role, text in reversed(messages) if role == "user"), messages[-1][1])
    if len(prompt) > _HEAD + _TAIL:
        prompt = f"{prompt[:_HEAD]}\n{prompt[-_TAIL:]}"
    instruction, material = split_prompt(prompt)
    subject = find_subject(instruction, material)
    hints = instruction.lower()
    if subject is not None:
        hints = hints.replace(subject.removeprefix("the ").lower(), " ")
    names_form = _FORM_WORDS.search(hints) is not None
    choices = _choices(hints, instruction) if names_form else ()
    form = _form(hints, choices) if names_form else "prose"
    stars = _STARS.search(hints)
    tone, sentiment = _mood(hints, material)
    low, high = _range(hints) if form == "number" else (1, 5)
    return Wish(
        prompt=prompt,
        form=form,
        genre=_genre(hints),
        subject=subject,
        detail=_detail(instruction),
        sentiment=_verdict(_count(stars[1])) if stars else sentiment,
        tone=tone,
        sentences=_sentences(hints),
        words=_first_count(_WORDS, hints) if "word" in hints else None,
        items=min(_first_count(_ITEMS, hints) or 3, 50) if form == "list" else 0,
        choices=choices,
        low=low,
        high=high,
    )


def split_prompt(prompt: str) -> tuple[str, str]:
    """Take a prompt apart into the instruction and the material.

    Material is what stands in a block of its own, after a label, or after a colon that announces it, until a line
    asks for something again. A prompt without an instruction is one.
    """
    material = [match[0] for match in _BLOCK.finditer(prompt)]
    instruction: list[str] = []
    in_material = False
    for line in _BLOCK.sub(" ", prompt).splitlines():
        asks = _ASKS.match(line) is not None
        if in_material and not asks:
            material.append(line)
            continue
        head, colon, tail = f"{line} ".partition(": ")
        in_material = bool(colon) and _announces(head, tail.strip())
        if not in_material:
            instruction.append(line)
        else:
            material.append(tail)
            if asks or len(head.split()) > 3:
                instruction.append(head)
    return "\n".join(instruction).strip() or prompt, "\n".join(material).strip()


def _announces(head: str, tail: str) -> bool:
    """Whether what follows a colon is material."""
    if _ASKS.match(tail):
        return False
    return not tail or len(tail) > 80 or len(head.split()) <= 3 or _REFERS.search(head) is not None


def _form(hints: str, choices: tuple[str, ...]) -> Form:
    """Decide the form. The cases, strictest first: JSON, a choice, one word, a number, a line, several lines, prose."""
    if _JSON.search(hints):
        return "json"
    if choices:
        return "choice"
    if _WORD.search(hints):
        return "word"
    if _NUMBER.search(hints) and not _COMPOSES.search(hints):
        return "number"
    if _TITLE.search(hints) and not _BESIDE.search(hints):
        return "title"
    if _QUESTION.search(hints):
        return "question"
    if _SENTENCES.search(hints):
        return "prose"
    if _TOPIC.search(hints):
        return "topic"
    return "list" if _LIST.search(hints) else "prose"


def _choices(hints: str, instruction: str) -> tuple[str, ...]:
    """Find what to choose from, as it is written in the instruction."""
    if _YES_NO.search(hints):
        names = ["true", "false"] if "true or false" in hints else ["yes", "no"]
    elif (found := _CHOICE.search(hints)) and _CLASSIFIES.search(hints):
        names = [name.strip() for name in re.split(r" ?[,/|] ?(?:or |and )?| or ", found[1])]
    else:
        return ()
    return tuple(_as_written(name, instruction) for name in names if name)


def _as_written(name: str, instruction: str) -> str:
    found = re.search(re.escape(name), instruction, re.IGNORECASE)
    return found[0] if found else name


def _genre(hints: str) -> Genre:
    found = _GENRE.search(hints)
    return next((genre for genre in _GENRES if found and genre == found.lastgroup), "explanation")


def _mood(hints: str, material: str) -> tuple[Tone, Sentiment | None]:
    found = _TONE.search(hints)
    for tone in _TONES:
        if found and tone == found.lastgroup:
            return tone, _SENTIMENTS.get(tone)
    if not material:
        return "plain", None
    said = material.lower()
    glad, sorry = len(_GLAD.findall(said)), len(_SORRY.findall(said))
    return "plain", "good" if glad > sorry else "bad" if sorry > glad else "mixed"


def _verdict(stars: int) -> Sentiment:
    return "bad" if stars < 3 else "good" if stars > 3 else "mixed"


def _detail(instruction: str) -> str | None:
    found = _DETAIL.search(instruction)
    return _MARKS.sub("", found[1] or found[2]).strip(" ,") or None if found else None


def _sentences(hints: str) -> int | None:
    exactly = _first_count(_SENTENCES, hints) if "sentence" in hints else None
    if exactly is not None:
        return max(1, min(exactly, 50))
    length = _LENGTH.search(hints)
    return (2 if length[1] else 6) if length else None


def _range(hints: str) -> tuple[int, int]:
    between, out_of = _RANGE.search(hints), _OUT_OF.search(hints)
    if between:
        low, high = sorted((int(between[1]), int(between[2])))
        return low, high
    if out_of:
        return 0, int(out_of[1])
    return (1, 5) if re.search(r"\b(?:rat|scor|grad)", hints) else (1, 100)


def _first_count(pattern: re.Pattern[str], hints: str) -> int | None:
    found = pattern.search(hints)
    return _count(next(group for group in found.groups() if group)) if found else None


def _count(word: str) -> int:
    return int(word) if word.isdigit() else _COUNTS.get(word, 1)
