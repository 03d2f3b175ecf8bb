"""Placeholder text: what a prompt asks for, in words that mean little. The same request always gets the same text."""

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from notebook_gen.demo import words
from notebook_gen.demo.draws import draw
from notebook_gen.demo.instances import make_instance, make_object
from notebook_gen.demo.prompt import Sentiment, Wish, read_prompt
from notebook_gen.demo.words import Prose

Messages = Sequence[tuple[str, str]]

# a prompt that says nothing of it gets one of these
_SENTIMENTS: tuple[Sentiment, ...] = ("good", "good", "mixed", "bad")


def answer(messages: Messages, seed: int, response_format: Mapping[str, Any] | None = None) -> str:
    """Answer a prompt.

    Args:
        messages: role and text of each; at least one.
        seed: draws the words, together with the messages.
        response_format: as in a chat request: asks for JSON, or for an instance of a JSON schema.

    Raises:
        ValueError: the schema is none, or nothing fits it.
    """
    random = draw("text", messages, seed)
    writer = _Writer(read_prompt(messages), random)
    match response_format:
        case {"type": "json_schema", "json_schema": {"schema": schema}}:
            return json.dumps(make_instance(schema, random, writer.value), ensure_ascii=False)
        case {"type": "json_object"}:
            return writer.json()
        case _:
            return writer.text()


class _Writer:
    """Writes one answer."""

    def __init__(self, wish: Wish, random: Random) -> None:
        self._wish = wish
        self._random = random
        self._gaps = _Gaps(wish, random)
        self._sentiment = wish.sentiment if wish.sentiment is not None else random.choice(_SENTIMENTS)

    def text(self) -> str:
        """Write what is wished for."""
        match self._wish.form:
            case "title":
                return self._title()
            case "topic":
                return self._fill(words.TOPICS)
            case "word":
                return self._random.choice(words.WORDS[self._sentiment])
            case "number":
                return str(self._random.randint(self._wish.low, self._wish.high))
            case "choice":
                return self._random.choice(self._wish.choices)
            case "question":
                return self._fill(words.QUESTIONS)
            case "list":
                return self._list()
            case "json":
                return self.json()
            case "prose":
                return self._prose()

    def json(self) -> str:
        """Write a JSON object with the fields that the prompt names."""
        return json.dumps(make_object(self._wish.prompt, self._random, self.value), ensure_ascii=False)

    def value(self, name: str) -> str:
        """Write a text for a field of that name."""
        name = name.lower()
        if "title" in name or "headline" in name:
            return self._title()
        if "name" in name or "author" in name:
            return self._random.choice(words.BANKS["name"])
        if any(kind in name for kind in ("city", "place", "location")):
            return self._random.choice(words.BANKS["city"])
        if any(kind in name for kind in ("label", "tag", "keyword", "word", "category")):
            return self._random.choice(words.WORDS[self._sentiment]).lower()
        if "question" in name:
            return self._fill(words.QUESTIONS)
        return self._fill(self._prose_of_genre().first)

    def _title(self) -> str:
        templates = words.TITLES[self._sentiment]
        titles = (self._fill((template,)) for template in self._random.sample(templates, len(templates)))
        return next((title for title in titles if self._fits(title)), None) or self._fill(("{subject}",))

    def _prose(self) -> str:
        prose = self._prose_of_genre()
        count = self._wish.sentences or self._random.choice((2, 3) if self._wish.tone == "dry" else (3, 4))
        middle = self._fitting(prose.middle)
        middle = self._random.sample(middle, min(count, len(middle)))
        if self._wish.genre == "review" and self._wish.tone != "plain":
            aside = self._random.choice(words.ASIDES[self._wish.tone][self._sentiment])
            middle.insert(0 if count < 4 else 1, aside)
        templates = [self._random.choice(prose.first)]
        templates += [middle[number % len(middle)] for number in range(count - 2)]
        if count > 1:
            templates.append(self._random.choice(prose.last))
        sentences = [self._fill((template,)) for template in templates]
        while len(sentences) > 1 and not self._fits(" ".join(sentences)):
            # the last sentence rounds off the text, so the one before it goes first
            del sentences[-2 if len(sentences) > 2 else -1]
        text = " ".join(sentences)
        return text if self._fits(text) else self._title()

    def _fits(self, text: str) -> bool:
        """Whether a text keeps the prompt's limit of words."""
        return self._wish.words is None or len(text.split()) <= self._wish.words

    def _list(self) -> str:
        items = list(words.ITEMS)
        self._random.shuffle(items)
        lines = [self._fill((items[index % len(items)],)) for index in range(self._wish.items)]
        return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))

    def _prose_of_genre(self) -> Prose:
        match self._wish.genre:
            case "review":
                return words.REVIEWS[self._sentiment]
            case "reply":
                return words.REPLIES[self._sentiment]
            case genre:
                return words.PROSE[genre]

    def _fitting(self, templates: Sequence[str]) -> list[str]:
        """The templates whose gaps can be filled."""
        return [one for one in templates if self._wish.detail is not None or "{detail}" not in one]

    def _fill(self, templates: Sequence[str]) -> str:
        """Fill the gaps of one of some templates; it begins as a sentence does."""
        text = self._random.choice(self._fitting(templates)).format_map(self._gaps)
        first = text.partition(" ")[0]
        # not "iPhone", and not "…"
        return text[0].upper() + text[1:] if first.islower() else text


class _Gaps(dict[str, str]):
    """Fills gaps from the banks: each bank is gone through in a circle, so that no sentence says a thing twice."""

    def __init__(self, wish: Wish, random: Random) -> None:
        super().__init__(
            subject=wish.subject or random.choice(words.BANKS["thing"]),
            detail=wish.detail or "",
            # whoever a text is about stays the same throughout
            name=random.choice(words.BANKS["name"]),
            city=random.choice(words.BANKS["city"]),
        )
        self._random = random
        self._next: dict[str, int] = {}

    def __missing__(self, bank: str) -> str:
        texts = words.BANKS[bank]
        number = self._next.get(bank)
        if number is None:
            number = self._random.randrange(len(texts))
        self._next[bank] = number + 1
        return texts[number % len(texts)]
