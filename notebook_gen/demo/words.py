"""The words of placeholder text: sentences with gaps, and what fills the gaps.

`{subject}` is what the prompt is about, singular or plural, so no sentence makes a verb agree with it. `{detail}` is
what else the prompt says of it; sentences with that gap are taken only if it says something. Every other gap is filled
from the bank of its name.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Prose(NamedTuple):
    """Sentences of one kind of text, by where they may stand."""

    first: tuple[str, ...]
    middle: tuple[str, ...]
    last: tuple[str, ...]


BANKS: Mapping[str, tuple[str, ...]] = {
    "part": ("finish", "size", "weight", "packaging", "workmanship", "colour", "material", "fit", "sound", "balance"),
    "praise": ("solid", "well thought out", "better than expected", "quietly excellent", "easy to live with", "honest"),
    "blame": ("flimsy", "careless", "an afterthought", "worse than it looks", "hard to forgive", "badly made"),
    "span": ("two weeks", "a month", "ten days", "one winter", "half a year", "three weekends", "a long spring"),
    "person": ("my sister", "my neighbour", "a colleague", "my father", "an old friend", "my flatmate", "our postman"),
    "place": ("at home", "at work", "on two trips", "on the balcony", "every morning", "in the rain", "at a friend's"),
    "day": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "cause": ("cost", "habit", "timing", "scale", "trust", "attention", "weather", "chance", "distance"),
    "group": ("beginners", "experts", "families", "small towns", "students", "critics", "the people who pay for it"),
    "number": ("12", "17", "40", "63", "85", "120", "300"),
    "name": ("Amara Okafor", "Jonas Lindqvist", "Mei Tanaka", "Lucía Romero", "Tom Hartley", "Ravi Menon"),
    "job": ("nurse", "carpenter", "teacher", "bus driver", "baker", "surveyor", "librarian", "plumber"),
    "city": ("Porto", "Leeds", "Osaka", "Ghent", "Oaxaca", "Tampere", "Cork", "Gdańsk"),
    "thing": ("the last ferry", "the old lighthouse", "the night train", "the village clock", "the first snow"),
}  # fmt: skip

REVIEWS: Mapping[str, Prose] = {
    "good": Prose(
        first=(
            "I used {subject} for {span}, and I would choose the same again without thinking.",
            "{subject} arrived on a {day} and came into use the same evening.",
            "I did not expect to have an opinion about {subject}, but here we are.",
            "After {span} with {subject} I have stopped looking at anything else.",
            "{subject} did exactly what the label promised, which is rarer than it should be.",
            "It was {person} who talked me into {subject}, and I owe somebody an apology for laughing.",
        ),
        middle=(
            "The {part} is {praise}.",
            "The {part} is {praise}, and the {part} is better than in the pictures.",
            "Nothing rattled, leaked, creaked or came off in {span}.",
            "Even {person} asked where all this came from.",
            "I tried {subject} {place}, and not once did the {part} let me down.",
            "Nothing about the {part} has changed since the first day.",
            "One small flaw: the {part} could be more even, but that is all I found.",
            "It says “{detail}” on the label, and for once the label is right.",
            "I had {detail} in mind when I paid, and that is what I got.",
        ),
        last=(
            "Worth every cent.",
            "A second order is on its way, this time for {person}.",
            "If you are undecided, decide.",
            "Recommended, and not only to {person}.",
            "I have nothing to complain about, and I did try.",
        ),
    ),
    "mixed": Prose(
        first=(
            "There are two things to say about {subject}, and they contradict each other.",
            "{subject} did the job, though not with any enthusiasm.",
            "After {span} I still cannot decide what to think of {subject}.",
            "I have an arrangement with {subject}: I do not ask for much, and not much happens.",
            "{subject} came so close to being good that I kept hoping for {span}.",
        ),
        middle=(
            "The {part} is {praise}, but the {part} is {blame}.",
            "On good days the {part} makes up for the {part}.",
            "In the end {person} was more impressed than I was.",
            "I tried {subject} {place}, and about half of what I hoped for came true.",
            "It says “{detail}” on the label, and that is half the truth.",
            "For {detail} I would look twice before paying this price again.",
        ),
        last=(
            "Fine, if you know what you are getting.",
            "Not bad, and not more than that.",
            "At half the price I would buy {subject} again.",
            "Between keeping and returning, I chose keeping.",
        ),
    ),
    "bad": Prose(
        first=(
            "I wanted to like {subject}, and for two days I did.",
            "{subject} let me down within {span}.",
            "After {span} with {subject} I am back to what I had before.",
            "Whoever designed {subject} never had to live with the result.",
            "{subject} looked better in the pictures than on my table.",
            "I bought {subject} on the advice of {person}, and we have not spoken since.",
        ),
        middle=(
            "The {part} is {blame}.",
            "The {part} gave up first, and the {part} followed within {span}.",
            "I wrote to the shop twice and got the same friendly paragraph back.",
            "For this price I expected a {part} that is not {blame}.",
            "I tried {subject} {place}, and about a third of what was promised came true.",
            "It says “{detail}” on the label, which must be meant as a joke.",
            "For {detail} I could have used almost anything else.",
        ),
        last=(
            "Everything went back to the shop.",
            "Save your money, or give it to {person}.",
            "One day somebody will make this properly; this was not the day.",
            "I would not recommend {subject} to anybody I like.",
        ),
    ),
}

# What a tone adds to a review, by what the review thinks.
ASIDES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "furious": {
        "good": ("What makes me furious is that nobody told me sooner.", "I am angry about every day I spent without."),
        "mixed": ("It drives me mad how close this comes to being good.", "Who signs off on a thing half finished?"),
        "bad": ("I am furious, and I have kept the receipt.", "How does a thing like this ever leave a factory?",
                "This is an insult with a barcode on it."),
    },
    "warm": {
        "good": ("It makes me smile every single time.", "Somebody clearly cared while making this."),
        "mixed": ("I am fond of it all the same, faults included.", "There is a good heart in here somewhere."),
        "bad": ("I am sure everybody meant well.", "I was rooting for this one, I truly was."),
    },
    "dry": {
        "good": ("It works. I have nothing to add.", "No complaints, and I looked for some."),
        "mixed": ("Expectations were met, low as they were.", "It exists, and so do I."),
        "bad": ("I have had worse, though not recently.", "The box was nice."),
    },
    "wry": {
        "good": ("My bank account and I are no longer on speaking terms.", "I have started to talk to it. It listens."),
        "mixed": ("My standards and I met in the middle.", "It builds character, mostly mine."),
        "bad": ("As a paperweight it is without equal.", "The instructions were the best part, being fiction."),
    },
    "formal": {
        "good": ("All stated requirements were met.", "The supplier can be recommended without reservation."),
        "mixed": ("Some of the stated requirements were met.", "Further improvement would be welcome."),
        "bad": ("The stated requirements were not met.", "A refund has been requested."),
    },
    "excited": {
        "good": ("I cannot stop talking about it!", "Best purchase of the year, and it is not close!"),
        "mixed": ("So much promise in one box!", "I cannot wait for the next version!"),
        "bad": ("I was so looking forward to it!", "And still I would try the next version at once!"),
    },
}  # fmt: skip

REPLIES: Mapping[str, Prose] = {
    "good": Prose(
        first=(
            "Thank you for taking the time to write to us about {subject}.",
            "Your kind words about {subject} made the rounds in our workshop this morning.",
        ),
        middle=(
            "We have passed on what you say about the {part} to the people who make it.",
            "It is good to hear that somebody notices the {part}.",
            "If anything ever comes loose, write to us, and a spare part leaves the same day.",
        ),
        last=("Warm regards from all of us at the shop.", "Yours, and still blushing, the team."),
    ),
    "mixed": Prose(
        first=(
            "Thank you for your honest words about {subject}.",
            "We read your review of {subject} twice, and we think you are fair.",
        ),
        middle=(
            "You are right about the {part}: we have been arguing over it for {span}.",
            "The {part} of the next version is better, and we would be glad to send you one.",
            "Would you tell us more about the {part}?",
        ),
        last=("With thanks, the team.", "Kind regards from all of us at the shop."),
    ),
    "bad": Prose(
        first=(
            "We are sorry that {subject} fell short of what you expected.",
            "Thank you for telling us so plainly what went wrong with {subject}.",
        ),
        middle=(
            "Send us a photo of the {part}, and a replacement leaves the same day.",
            "What you say about the {part} should not happen, and we want to know how it did.",
            "You will have your money back before {day}, whatever you decide to do next.",
            "The people who make it have your words about the {part} on their wall now.",
        ),
        last=("With our apologies, the team.", "Please give us a second chance: all of us at the shop."),
    ),
}

PROSE: Mapping[str, Prose] = {
    "message": Prose(
        first=("Hello, I am writing to you about {subject}.", "Good morning, a short word about {subject}."),
        middle=(
            "Since {day} I have been waiting for an answer, and so has {person}.",
            "Could you tell me what happens next, and when?",
            "I have attached what I have: {number} pages, and a photo of the {part}.",
            "There is no hurry, but {day} would suit me well.",
        ),
        last=("Best wishes, {name}", "Many thanks, {name}"),
    ),
    "description": Prose(
        first=(
            "Meet {subject}, made for people who would rather use things than talk about them.",
            "{subject} began with a question: what is left when everything that breaks is taken away?",
            "Not everything has to be clever to be good, and {subject} can prove it.",
        ),
        middle=(
            "The {part} is {praise}, and the {part} needs no explanation.",
            "We tried {number} versions before we were happy with the {part}.",
            "Use it {place}, and again after {span}.",
            "Made for {detail}, and for everything that comes before and after.",
        ),
        last=("You will wonder what you did before.", "Simple, and meant to stay that way.", "Try it for {span}."),
    ),
    "summary": Prose(
        first=(
            "In short, {subject} won people over with the {part} and lost some of them over the {part}.",
            "All of it comes down to {subject} and to what {span} of daily use can show.",
        ),
        middle=(
            "The main point is {cause}, with {cause} a close second.",
            "What {person} had to say about it changed the picture, though not by much.",
            "Much is said about the {part}, and little about {cause}.",
        ),
        last=("The rest is detail.", "What remains is a matter of {cause}."),
    ),
    "analysis": Prose(
        first=(
            "Two forces explain most of what can be seen in {subject}: {cause} and {cause}.",
            "The evidence on {subject} points one way, though less firmly than it seems at first.",
            "Taken together, all this suggests that {subject} deserved a closer look than most people give.",
        ),
        middle=(
            "Where {cause} dominates, {group} benefit first, and {group} pay for it later.",
            "Of {number} cases, about two thirds fit this pattern.",
            "A different reading would put {cause} before {cause}, and it cannot be ruled out.",
            "What is missing is a comparison over more than {span}.",
        ),
        last=(
            "The conclusion holds, but only as long as {cause} does.",
            "On balance, the case is stronger than it was {span} ago.",
        ),
    ),
    "story": Prose(
        first=(
            "Nobody in the village could say who had first mentioned {subject}.",
            "On the {day} it all began, {name} was thinking of {subject} and missed the bus.",
            "There was a rule about {subject}, and {name} was about to break it.",
        ),
        middle=(
            "“It will be over in {span},” said {person}, and was wrong.",
            "By {day} the whole street knew, and half of it had an opinion.",
            "{name} opened the letter, read it twice, and put the kettle on.",
            "The rain stopped, which made everything worse.",
        ),
        last=("Nobody ever spoke of it again, except on a {day}.", "And that is how {name} came to {city}."),
    ),
    "persona": Prose(
        first=(
            "{name} is a {job} from {city} who came to {subject} late and stayed.",
            "{name} grew up in {city}, trained as a {job}, and found {subject} by accident.",
        ),
        middle=(
            "On a {day} you will find {name} {place}, usually with a notebook.",
            "After {span} abroad, home was a choice and no longer a habit.",
            "Friends mention patience first, and a weakness for old maps second.",
        ),
        last=("The next plan is always {span} away.", "Ask about {cause}, and bring time."),
    ),
    "fact": Prose(
        first=(
            "Few people know that {subject} came into fashion only some {number} years ago, in {city}.",
            "The oldest written mention of {subject} is a shopping list from {city}.",
            "In {city}, {number} people still make a living from {subject}.",
        ),
        middle=("The reason is {cause}, of all things.", "It took {span} for anybody to notice."),
        last=("The record has stood ever since.", "No two sources agree on the date."),
    ),
    "explanation": Prose(
        first=(
            "To understand {subject}, it helps to begin with {cause}.",
            "Most of what people say about {subject} is true, but little of it is the whole story.",
            "The short answer is {cause}; the longer one needs a closer look at {subject}.",
        ),
        middle=(
            "{group} tend to meet it first, and {group} last.",
            "Think of it as a question of {cause} more than of {cause}.",
            "In practice, {span} is enough to see the difference.",
            "A good example comes from {city}, where {number} people tried exactly this.",
        ),
        last=(
            "Everything else follows from that.",
            "Once that is clear, {subject} will hold few surprises.",
            "It is simpler than it sounds.",
        ),
    ),
}

TITLES: Mapping[str, tuple[str, ...]] = {
    "good": ("In praise of {subject}", "{subject}: better than it had to be", "How {subject} won me over"),
    "mixed": ("A second look at {subject}", "{subject}, for better and for worse", "Living with {subject}"),
    "bad": ("The trouble with {subject}", "{subject}: a warning", "What went wrong with {subject}"),
}

TOPICS = (
    "The history of {subject}",
    "The true cost of {subject}",
    "The people behind {subject}",
    "First encounters with {subject}",
    "The future of {subject}",
    "Common mistakes with {subject}",
    "What {group} know about {subject}",
)

QUESTIONS = (
    "What would change if {subject} had never existed?",
    "When did you last think about {subject}, and why?",
    "Which part of {subject} do {group} most often misunderstand?",
    "What did {subject} look like {number} years ago?",
)

ITEMS = (
    "The first hour with {subject}",
    "What {person} thinks of {subject}",
    "The {part}, which is {praise}",
    "How {subject} came to {city}",
    "The role of {cause}",
    "{subject}, seen by {group}",
    "What {span} can change",
    "A word of warning from {city}",
)

WORDS: Mapping[str, tuple[str, ...]] = {
    "good": ("Reliable", "Delightful", "Sturdy", "Thoughtful", "Generous", "Bright"),
    "mixed": ("Curious", "Promising", "Ordinary", "Uneven", "Quiet", "Practical"),
    "bad": ("Overpriced", "Flimsy", "Careless", "Tiresome", "Fragile", "Disappointing"),
}
