"""What a function reads around it belongs to it: changed cells of a notebook, and nothing that changes by itself."""

import itertools
import linecache
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from notebook_gen.config.columns import Function
from notebook_gen.config.fingerprints import column_fingerprint
from notebook_gen.config.function_reads import reads_of

_CELLS = itertools.count()


class Notebook:
    """A namespace in which cells are run, as a kernel does it."""

    def __init__(self, *cells: str) -> None:
        self.names: dict[str, Any] = {"__name__": "__main__"}
        for cell in cells:
            self.run(cell)

    def run(self, cell: str) -> "Notebook":
        source = textwrap.dedent(cell).strip() + "\n"
        name = f"<cell {next(_CELLS)}>"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        exec(compile(source, name, "exec"), self.names)  # noqa: S102  # what a kernel does
        return self

    def fingerprint(self, name: str = "made") -> str:
        return column_fingerprint(Function.from_callable(self.names[name]), {})


CHANGES = {
    "a text": ("STYLE = 'dry'", "STYLE = 'warm'", "def made(a): return STYLE + a"),
    "a number": ("MOST = 3", "MOST = 4", "def made(a): return a[:MOST]"),
    "a text of bytes": ("END = b'a'", "END = b'b'", "def made(a): return a + END"),
    "a tuple": ("NAMES = ('a', 'b')", "NAMES = ('a', 'c')", "def made(a): return a in NAMES"),
    "a frozen set": ("NAMES = frozenset('ab')", "NAMES = frozenset('ac')", "def made(a): return a in NAMES"),
    "a tuple that becomes a list": ("N = (1, 2)", "N = [1, 2]", "def made(a): return N[a]"),
    "a list": ("NAMES = ['a']", "NAMES = ['b']", "def made(a): return [a + name for name in NAMES]"),
    "a list that is drawn from": (
        "NAMES = ['a']",
        "NAMES = ['b']",
        "import random\ndef made(a): return random.choice(NAMES)",
    ),
    "a dict": ("TABLE = {'a': 1}", "TABLE = {'a': 2}", "def made(a): return TABLE[a] + TABLE.get(a, 0)"),
    "in a lambda": ("MOST = 3", "MOST = 4", "def made(a): return sorted(a, key=lambda b: b > MOST)"),
    "in a comprehension": ("MOST = 3", "MOST = 4", "def made(a): return [b for b in a if b > MOST]"),
    "a helper": ("def clean(a): return a", "def clean(a): return a.strip()", "def made(a): return clean(a)"),
    "a helper's helper": (
        "def strip(a): return a",
        "def strip(a): return a.strip()",
        "def clean(a): return strip(a)\ndef made(a): return clean(a)",
    ),
    "a helper's constant": ("MOST = 3", "MOST = 4", "def clean(a): return a[:MOST]\ndef made(a): return clean(a)"),
    "a helper's default": (
        "def clean(a, n=1): return n",
        "def clean(a, n=2): return n",
        "def made(a): return clean(a)",
    ),
    "a cached helper": (
        "import functools\n@functools.cache\ndef clean(a): return a",
        "import functools\n@functools.cache\ndef clean(a): return a.strip()",
        "def made(a): return clean(a)",
    ),
    "a helper it closes over": (
        "def clean(a): return a",
        "def clean(a): return a.strip()",
        "def wrap(helper):\n    def made(a): return helper(a)\n    return made\nmade = wrap(clean)",
    ),
    "a method": (
        "class Cleaner:\n    def clean(self, a): return a",
        "class Cleaner:\n    def clean(self, a): return a.strip()",
        "def made(a): return Cleaner().clean(a)",
    ),
    "a static method": (
        "class Cleaner:\n    @staticmethod\n    def clean(a): return a",
        "class Cleaner:\n    @staticmethod\n    def clean(a): return a.strip()",
        "def made(a): return Cleaner.clean(a)",
    ),
    "a class's constant": ("class C:\n    most = 1", "class C:\n    most = 2", "def made(a): return C.most"),
    "a base class": (
        "class Base:\n    def clean(self, a): return a",
        "class Base:\n    def clean(self, a): return a.strip()",
        "class Cleaner(Base): pass\ndef made(a): return Cleaner().clean(a)",
    ),
    "an enum": (
        "import enum\nclass Tone(enum.Enum):\n    DRY = 1",
        "import enum\nclass Tone(enum.Enum):\n    DRY = 2",
        "def made(a): return Tone.DRY.value",
    ),
    "the class of an object that is called": (
        "class Cleaner:\n    def clean(self, a): return a\n    def __call__(self, a): return self.clean(a)",
        "class Cleaner:\n    def clean(self, a): return a.strip()\n    def __call__(self, a): return self.clean(a)",
        "made = Cleaner()",
    ),
    "the class of a method": (
        "class Cleaner:\n    def clean(self, a): return a\n    def run(self, a): return self.clean(a)",
        "class Cleaner:\n    def clean(self, a): return a.strip()\n    def run(self, a): return self.clean(a)",
        "made = Cleaner().run",
    ),
    "what is called with some arguments given": (
        "def clean(a, b): return a",
        "def clean(a, b): return b",
        "import functools\ndef own(a, b): return clean(a, b)\nmade = functools.partial(own, b=1)",
    ),
    "a function that is given to another": (
        "def clean(a): return a",
        "def clean(a): return a.strip()",
        "import functools\ndef use(f, a): return f(a)\nmade = functools.partial(use, clean)",
    ),
    "what a helper is given ahead": (
        "import functools\ndef cut(n, a): return a[:n]\nclean = functools.partial(cut, 1)",
        "import functools\ndef cut(n, a): return a[:n]\nclean = functools.partial(cut, 2)",
        "def made(a): return clean(a)",
    ),
    "a helper that is a default": (
        "def clean(a): return a",
        "def clean(a): return a.strip()",
        "def made(a, clean=clean): return clean(a)",
    ),
    "one of two helpers of the same making": (
        "def cutter(n): return lambda a: a[:n]\none, two = cutter(1), cutter(2)",
        "def cutter(n): return lambda a: a[:n]\none, two = cutter(1), cutter(3)",
        "def made(a): return one(a) + two(a)",
    ),
    "an object's class": (
        "class Cleaner:\n    def clean(self, a): return a\nCLEANER = Cleaner()",
        "class Cleaner:\n    def clean(self, a): return a.strip()\nCLEANER = Cleaner()",
        "def made(a): return CLEANER.clean(a)",
    ),
    "an object's method": (
        "class Cleaner:\n    def clean(self, a): return a\nclean = Cleaner().clean",
        "class Cleaner:\n    def clean(self, a): return a.strip()\nclean = Cleaner().clean",
        "def made(a): return clean(a)",
    ),
    "a method inherited, of an object that is called": (
        "class Base:\n    def clean(self, a): return a",
        "class Base:\n    def clean(self, a): return a.strip()",
        "class Cleaner(Base):\n    def __call__(self, a): return self.clean(a)\nmade = Cleaner()",
    ),
    "a method that a method calls that is called": (
        "class Base:\n    def strip(self, a): return a",
        "class Base:\n    def strip(self, a): return a.strip()",
        "class Cleaner(Base):\n    def clean(self, a): return self.strip(a)\n"
        "    def run(self, a): return self.clean(a)\nmade = Cleaner().run",
    ),
    "a list that a method reads": (
        "NAMES = ['a']",
        "NAMES = ['b']",
        "class Cleaner:\n    def run(self, a):\n        return NAMES[a]\nmade = Cleaner().run",
    ),
    "a list whose name is also an attribute elsewhere": (
        "NAMES = ['a']",
        "NAMES = ['b']",
        "def other(a): return a.NAMES\ndef made(a): return NAMES[a]",
    ),
    "what a decorator wraps": (
        "def clean(a): return a",
        "def clean(a): return a.strip()",
        "import functools\ndef twice(f):\n    @functools.wraps(f)\n    def g(*a): return f(*a) * 2\n    return g\n"
        "def made(a): return wrapped(a)\nwrapped = twice(clean)",
    ),
    "a class's own constant": (
        "class Cleaner:\n    most = 1\n    def run(self, a): return a[:self.most]",
        "class Cleaner:\n    most = 2\n    def run(self, a): return a[:self.most]",
        "made = Cleaner().run",
    ),
    "a dict of numbers": ("WORDS = {1: 'bad'}", "WORDS = {1: 'poor'}", "def made(a): return WORDS[a]"),
    "a set": ("NAMES = {'a', 'b'}", "NAMES = {'a', 'c'}", "def made(a): return a in NAMES"),
    "a list in a condition": ("NAMES = []", "NAMES = [1]", "def made(a): return a if NAMES else 1"),
    "a list in a dict": (
        "SET = {'tones': ['dry']}",
        "SET = {'tones': ['warm']}",
        "import random\ndef made(a): return random.choice(SET['tones']) + ', '.join(SET['tones'])",
    ),
    "a list with weights": (
        "NAMES, WEIGHTS = ['a', 'b'], [1, 2]",
        "NAMES, WEIGHTS = ['a', 'b'], [1, 3]",
        "import random\ndef made(a): return random.choices(NAMES, weights=WEIGHTS)[0]",
    ),
    "a list a frame is asked for": (
        "NAMES = ['a']",
        "NAMES = ['b']",
        "def made(a): return a[NAMES]",
    ),
    "a member of an enum": (
        "import enum\nclass Tone(enum.Enum):\n    DRY = 1\n    WARM = 2\nTONE = Tone.DRY",
        "import enum\nclass Tone(enum.Enum):\n    DRY = 1\n    WARM = 2\nTONE = Tone.WARM",
        "def made(a): return TONE.name",
    ),
    "an enum's method": (
        "import enum\nclass Tone(enum.Enum):\n    DRY = 1\n    def say(self): return 1",
        "import enum\nclass Tone(enum.Enum):\n    DRY = 1\n    def say(self): return 2",
        "def made(a): return Tone.DRY.say()",
    ),
    "a dataclass's default": (
        "import dataclasses\n@dataclasses.dataclass\nclass Set:\n    n: int = 1",
        "import dataclasses\n@dataclasses.dataclass\nclass Set:\n    n: int = 2",
        "def made(a): return Set().n",
    ),
    "in an inner function's class": (
        "MOST = 3",
        "MOST = 4",
        "async def made(a):\n    def inner():\n        class C:\n            n = MOST\n"
        "        return C.n\n    return inner()",
    ),
}


@pytest.mark.parametrize(("before", "after", "function"), CHANGES.values(), ids=CHANGES)
def test_a_changed_cell_makes_another_function_and_one_that_is_run_again_does_not(
    before: str, after: str, function: str
) -> None:
    first = Notebook(before, function).fingerprint()

    assert Notebook(before, function).fingerprint() == first
    assert Notebook(after, function).fingerprint() != first


UNCHANGED = {
    "a count": ("SEEN = 0", "def made(a):\n    global SEEN\n    SEEN += 1\n    return SEEN", "SEEN = 7"),
    "a cache": ("CACHE = {}", "def made(a):\n    CACHE[a] = a\n    return CACHE[a]", "CACHE['x'] = 1"),
    "a list that is added to": (
        "SEEN = []",
        "def made(a):\n    SEEN.append(a)\n    return len(SEEN)",
        "SEEN.append(1)",
    ),
    "a list that is shuffled": (
        "import random\nNAMES = ['a', 'b']",
        "def made(a):\n    random.shuffle(NAMES)\n    return NAMES[0]",
        "NAMES.reverse()",
    ),
    "a list under another name": (
        "SEEN = []",
        "def made(a):\n    seen = SEEN\n    seen.append(a)\n    return a",
        "SEEN.append(1)",
    ),
    "an object": ("class Client: pass\nCLIENT = Client()", "def made(a): return CLIENT", "CLIENT.calls = 3"),
    "a list in a dict that is added to": (
        "SEEN = {'a': []}",
        "def made(a):\n    SEEN['a'].append(a)\n    return a",
        "SEEN['a'].append(1)",
    ),
    "a list in a dict that is got and added to": (
        "SEEN = {'a': []}",
        "def made(a):\n    SEEN.get('a').append(a)\n    return a",
        "SEEN['a'].append(1)",
    ),
    "lists in a dict that are gone over and added to": (
        "SEEN = {'a': []}",
        "def made(a):\n    for seen in SEEN.values(): seen.append(a)\n    return a",
        "SEEN['a'].append(1)",
    ),
    "a list that a helper is given": (
        "SEEN = []\ndef note(seen, a): seen.append(a)",
        "def made(a):\n    note(SEEN, a)\n    return a",
        "SEEN.append(1)",
    ),
    "a list that a helper adds to": (
        "SEEN = []\ndef note(a): SEEN.append(a)",
        "def made(a):\n    note(a)\n    return len(SEEN)",
        "SEEN.append(1)",
    ),
    "a list that another column adds to": (
        "SEEN = []\ndef other(a): SEEN.append(a)",
        "def made(a): return len(SEEN)",
        "SEEN.append(1)",
    ),
    "a count that a helper keeps": (
        "COUNT = 0\ndef count():\n    global COUNT\n    COUNT += 1",
        "def made(a):\n    count()\n    return COUNT",
        "COUNT = 5",
    ),
    "a count that another column keeps": (
        "COUNT = 0\ndef other(a):\n    global COUNT\n    COUNT += 1",
        "def made(a): return COUNT",
        "COUNT = 5",
    ),
    "a list that a class's method adds to": (
        "SEEN = []\nclass C:\n    def note(self, a): SEEN.append(a)",
        "def made(a): return len(SEEN)",
        "SEEN.append(1)",
    ),
    "a count that a class keeps": (
        "class C:\n    calls = 0",
        "def made(a):\n    C.calls += 1\n    return C.calls",
        "C.calls = 5",
    ),
    "a count that a method's class keeps": (
        "class C:\n    calls = 0\n    def run(self, a):\n        C.calls += 1\n        return self.calls",
        "made = C().run",
        "C.calls = 5",
    ),
    "a model that is loaded at the first call": (
        "model = None\ndef load(): return lambda a: a",
        "def made(a):\n    global model\n    model = model or load()\n    return model(a)",
        "model = load()",
    ),
    "what it does not read": ("STYLE = 'dry'", "def made(a): return a", "STYLE = 'warm'"),
}


@pytest.mark.parametrize(("before", "function", "later"), UNCHANGED.values(), ids=UNCHANGED)
def test_what_changes_by_itself_or_is_not_read_makes_no_other_function(before: str, function: str, later: str) -> None:
    notebook = Notebook(before, function)
    first = notebook.fingerprint()

    assert notebook.run(later).fingerprint() == first


def test_a_function_that_reads_nothing_of_the_users_is_what_it_was_before_reads_counted() -> None:
    notebook = Notebook("import json, pandas as pd", "def made(a): return pd.DataFrame(json.loads(a)).size + len(a)")

    assert reads_of(notebook.names["made"]) == {}


BEFORE_READS_COUNTED = {
    "one that calls itself": "def made(a): return a and made(a - 1)",
    "an object that is called": "class C:\n    def __call__(self, a): return a\nmade = C()",
    "a method": "class C:\n    n = 3\n    def run(self, a): return a\n    def other(self): return 1\nmade = C().run",
    "what is given ahead": "import functools\ndef f(a, b): return a + b\nmade = functools.partial(f, b=2)",
    "one that closes over a number": "def wrap(n):\n    def made(a): return a + n\n    return made\nmade = wrap(2)",
    "one installed": "from textwrap import shorten as made",
}


@pytest.mark.parametrize("cell", BEFORE_READS_COUNTED.values(), ids=BEFORE_READS_COUNTED)
def test_where_nothing_else_of_the_users_is_read_nothing_is_added(cell: str) -> None:
    assert reads_of(Notebook(cell).names["made"]) == {}


def test_functions_that_call_each_other_are_followed_once() -> None:
    even = "def even(n): return n == 0 or odd(n - 1)"
    first = Notebook(even, "def odd(n): return n != 0 and even(n - 1)", "made = even").fingerprint()

    assert Notebook(even, "def odd(n): return n != 0 and even(n - 1)", "made = even").fingerprint() == first
    assert Notebook(even, "def odd(n): return n > 0 and even(n - 1)", "made = even").fingerprint() != first


def test_hundreds_of_helpers_are_bounded() -> None:
    helpers = "\n".join(f"def f{n}(a): return f{n + 1}(a)" for n in range(900)) + "\ndef f900(a): return a"

    assert Notebook(helpers, "def made(a): return f0(a)").fingerprint()


def test_nothing_of_the_users_is_run_to_find_out() -> None:
    notebook = Notebook(
        """
        class Odd:
            def __getattr__(self, name): raise RuntimeError(name)
            def __eq__(self, other): raise RuntimeError("eq")
            def __hash__(self): raise RuntimeError("hash")
            def __iter__(self): raise RuntimeError("iter")
            def __repr__(self): raise RuntimeError("repr")
        ODD = Odd()
        class Meta(type):
            def __getattribute__(cls, name):
                if name == "most": raise RuntimeError(name)
                return super().__getattribute__(name)
        class Strange(metaclass=Meta):
            most = 3
        class Proxy:
            @property
            def __class__(self): raise RuntimeError("class")
            @property
            def __dict__(self): raise RuntimeError("dict")
        PROXY = Proxy()
        class Shut(type):
            def __getattribute__(cls, name): raise RuntimeError(name)
            def __hash__(cls): raise RuntimeError("hash")
            def __eq__(cls, other): raise RuntimeError("eq")
        class Closed(metaclass=Shut):
            most = 3
        class Child(Closed):
            pass
        CHILD = Child()
        """,
        """
        import numpy, pandas, re, threading
        ARRAY, FRAME, LOCK, PATTERN = numpy.ones(3), pandas.DataFrame({"a": [1]}), threading.Lock(), re.compile("a")
        ENDLESS = []
        ENDLESS.append(ENDLESS)
        DEEP = ()
        for _ in range(5000): DEEP = (DEEP,)
        HUGE, ODD_TEXT = 10**5000, "\\udc80"
        def made(a):
            odd = ODD, Strange, PROXY, Closed, Child, CHILD, undefined, a
            return odd, ARRAY[0], FRAME.size, LOCK, PATTERN, ENDLESS[0], DEEP, HUGE, ODD_TEXT
        """,
    )

    assert notebook.fingerprint() == notebook.fingerprint()


def test_functions_of_the_users_own_modules_count_and_installed_ones_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = textwrap.dedent("""
        import sys
        sys.path[:0] = sys.argv[1:]
        import cleaning, installed_cleaning
        from cleaning import strip
        from notebook_gen.config.columns import Function
        from notebook_gen.config.fingerprints import column_fingerprint
        def a(x): return cleaning.strip(x)
        def b(x): return strip(x)
        def c(x): return cleaning.MOST
        def d(x): return installed_cleaning.strip(x)
        print([column_fingerprint(Function.from_callable(made), {}) for made in (a, b, c, d)])
    """)
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "program.py").write_text(program)

    def found(text: str) -> list[str]:
        (tmp_path / "cleaning.py").write_text(text)
        (tmp_path / "site-packages" / "installed_cleaning.py").write_text(text)
        command = [sys.executable, str(tmp_path / "program.py"), str(tmp_path), str(tmp_path / "site-packages")]
        environment = {"PYTHONPATH": ":".join(filter(None, sys.path)), "PYTHONDONTWRITEBYTECODE": "1"}
        ended = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        return [str(one) for one in ended.stdout.strip("[]\n").split(", ")]

    first = found("MOST = 3\ndef strip(x): return x\n")
    again = found("MOST = 3\ndef strip(x): return x\n")
    other = found("MOST = 4\ndef strip(x): return x.strip()\n")

    assert again == first
    assert [one != two for one, two in zip(first, other, strict=True)] == [True, True, True, False]
