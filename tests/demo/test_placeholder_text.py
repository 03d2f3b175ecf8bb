"""Placeholder text: made of the prompt's words, in the form that is asked for, the same for the same request."""

import json
import re
import string
from pathlib import Path

import pytest

from notebook_gen.demo import words
from notebook_gen.demo.latency import latency_of
from notebook_gen.demo.text import answer


def ask(prompt: str, seed: int = 0, system: str | None = None) -> str:
    messages = [("user", prompt)] if system is None else [("system", system), ("user", prompt)]
    return answer(messages, seed)


def sentences(text: str) -> int:
    return len(re.findall(r"[.!?](?= |$)", text))


def test_the_same_request_gets_the_same_text() -> None:
    prompt = "Write a furious 2-star review of the Trail kettle."

    assert ask(prompt) == ask(prompt)


def test_other_prompts_seeds_and_system_prompts_get_other_texts() -> None:
    prompt = "Write a review of the kettle number"

    assert len({ask(f"{prompt} {number}.") for number in range(50)}) == 50
    assert len({ask(f"{prompt} 1.", seed) for seed in range(50)}) > 45
    assert len({ask(f"{prompt} 1.", system=f"You are customer {number}.") for number in range(50)}) > 45


@pytest.mark.parametrize(
    ("prompt", "subject"),
    [
        ("Write a furious 2-star review of the Trail kettle", "the Trail kettle"),
        ("Write a furious 2-star review of a kettle.", "the kettle"),
        ("Write a dry review of the Left-handed scissors, made for the ten percent.", "the Left-handed scissors"),
        ("Explain how photosynthesis works to a child.", "photosynthesis"),
        ("Write an essay on the causes of the French Revolution.", "the causes of the French Revolution"),
        ("Describe <b>the **Trail kettle**</b> in three sentences.", "the Trail kettle"),
        ("Summarise this review: The Trail kettle broke. I liked the Trail kettle.", "the Trail kettle"),
        ("Write a description of this product: Trail kettle, 1.2 l, steel", "Trail kettle"),
        ("Product: Trail kettle\nWrite a review of it.", "Trail kettle"),
        ("Write a warm review of the Watering can, made for tomatoes.", "the Watering can"),
        ("Reply to this review: I let the Travel chess set down, never mind.", "the Travel chess set"),
        ("Write a review of l'été à Gdańsk.", "l'été à Gdańsk"),
        ("Conclude from this: Taken together, all this says that the kettles are good.", "the kettles"),
        ("Analyse this: All of it comes down to the kettles and to what habit leaves behind.", "the kettles"),
    ],
)
def test_a_text_speaks_of_the_subject(prompt: str, subject: str) -> None:
    texts = [ask(prompt, seed) for seed in range(10)]

    assert all(subject.lower() in text.lower() for text in texts), texts


@pytest.mark.parametrize(
    ("prompt", "form"),
    [
        ("Describe the Trail kettle in one word.", r"\w+"),
        ("Give a short title for this review: I like the Trail kettle.", r"[A-Z][^.]{5,60}"),
        ("Summarise the Trail kettle in one sentence.", r"[A-Z][^.]+\."),
        ("Write a list of 5 facts about bees.", r"1\. .+\n2\. .+\n3\. .+\n4\. .+\n5\. .+"),
        ("Give me three ideas for the garden.", r"1\. .+\n2\. .+\n3\. .+"),
        ("Rate this review from 1 to 10: I like the list of titles.", r"[1-9]|10"),
        ("How many legs does a spider have? Only a number.", r"\d{1,3}"),
        ("Score the kettle out of 7.", r"[0-7]"),
        ("Is this review positive? Answer Yes or No.\n\nReview: bad.", r"Yes|No"),
        ("Classify the sentiment of this review as positive, negative or neutral: nice", r"positive|negative|neutral"),
        ("Answer with one of: Red, dark blue, or GREEN", r"Red|dark blue|GREEN"),
        ("Write one trivia question about the moon.", r"[A-Z][^.]+\?"),
        ("Name one topic in marine biology.", r"[A-Z][^.]+ marine biology"),
        ("Give me a slogan for a bakery in at most 4 words.", r"\w+( [\w:]+){0,3}"),
    ],
)
def test_a_text_has_the_form_that_is_asked_for(prompt: str, form: str) -> None:
    texts = [ask(prompt, seed) for seed in range(20)]

    assert [text for text in texts if not re.fullmatch(form, text)] == []


@pytest.mark.parametrize(("hint", "count"), [("one sentence", 1), ("two sentences", 2), ("5 sentences", 5)])
def test_as_many_sentences_are_written_as_are_asked_for(hint: str, count: int) -> None:
    prompt = f"In {hint}, describe the Trail kettle."

    assert {sentences(ask(prompt, seed)) for seed in range(20)} == {count}


def test_a_limit_of_words_is_kept() -> None:
    longest = max(len(ask("Review the Desk lamp in under 20 words.", seed).split()) for seed in range(50))

    assert longest <= 20


def test_only_the_instruction_decides_the_form_not_the_material() -> None:
    review = "It came with a list of 5 titles, one word of JSON, and a question. Rate it yes or no."

    assert sentences(ask(f"Reply to this review:\nNice.\n{review}")) >= 2
    assert sentences(ask(f"Answer this review in the name of the shop: {review}")) >= 2
    assert sentences(ask(f"Summarise:\n\n<review>{review}</review>")) >= 2


def test_stars_decide_what_a_review_thinks() -> None:
    def last_words(stars: int) -> set[str]:
        return {ask(f"Write a {stars}-star review of a kettle.", seed).rsplit(". ", 1)[1] for seed in range(60)}

    assert "Worth every cent." in last_words(5) - last_words(3) - last_words(1)
    assert "Everything went back to the shop." in last_words(1) - last_words(3) - last_words(5)


def test_a_tone_can_be_heard() -> None:
    texts = [ask("Write a furious 1-star review of a kettle.", seed) for seed in range(20)]

    assert all(any(aside in text for aside in words.ASIDES["furious"]["bad"]) for text in texts)


def test_json_is_valid_and_has_the_fields_that_are_named() -> None:
    listed = json.loads(ask("Return JSON with the keys title, score and tags for the Quiet keyboard."))
    shown = json.loads(ask('Judge the kettle. Answer as JSON: {"fluent": 3, "is_new": true, "why": "…", "more": []}'))

    assert [type(value) for value in listed.values()] == [str, int, list]
    assert list(listed) == ["title", "score", "tags"]
    assert {name: type(value) for name, value in shown.items()} == {
        "fluent": int,
        "is_new": bool,
        "why": str,
        "more": list,
    }


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "   ",
        "?",
        "2+2",
        "{{ }}",
        "{subject}",
        "{0} {name!r:>99}",
        "<script>alert(1)</script>",
        "Write about {x}",
        "half \ud83d",
        "Write a review of <img src=x onerror=alert(1)>.",
        "Write a review of a kettle, made for **`<b>{hills}</b>`\x00\ud83d**.",
        "```\ncode\n```",
        "Write a review of",
        "a: b: c:",
        "\x00\x1b[31m",
        "Write a review of the " + "very " * 5000 + "good kettle",
        "<a>" * 3000,
        "\n" * 5000,
        "من فضلك اكتب مراجعة",
        "写一篇评论",
    ],
    ids=lambda prompt: prompt[:20].encode("ascii", "backslashreplace").decode(),
)
def test_any_prompt_gets_a_clean_text(prompt: str) -> None:
    for seed in range(5):
        text = ask(prompt, seed)

        assert text.strip()
        assert len(text) < 2000
        assert not set(text) & set("{}<>`*\x00\x1b\ud83d")


def test_every_gap_of_every_sentence_can_be_filled() -> None:
    known = {*words.BANKS, "subject", "detail", "name", "city"}
    source = Path(words.__file__).read_text(encoding="utf-8")

    gaps = {name for _, name, _, _ in string.Formatter().parse(" ".join(re.findall(r"\{\w+\}", source))) if name}

    assert gaps <= known


def test_latencies_have_the_median_that_is_set_and_belong_to_the_request() -> None:
    def latency(number: int) -> float:
        return latency_of([("user", f"prompt {number}")], median=0.5, spread=0.35, seed=0)

    latencies = sorted(latency(number) for number in range(999))

    assert latency(7) == latency(7)
    assert len(set(latencies)) == 999
    assert 0.47 < latencies[499] < 0.53
    # sigma: the 84th percentile is the median times e ** 0.35
    assert 0.66 < latencies[839] < 0.76


def test_without_spread_every_request_takes_as_long() -> None:
    assert {latency_of([("user", str(number))], median=0.1, spread=0, seed=0) for number in range(20)} == {0.1}
