"""What README.md says is true: its commands are there to be copied, its first lines run, its links lead somewhere."""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")

_RUN_IT = """
import ast, asyncio, sys
names = {}
code = compile(sys.stdin.read(), "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
asyncio.run(eval(code, names))
rows = names["run"].rows()
print(len(rows), bool(rows.notna().all().all()), {"product", "stars", "tone", "review", "title"} <= set(rows))
"""


def test_the_two_commands_stand_on_lines_of_their_own() -> None:
    commands = re.findall(r"^pip install .*$", README, re.MULTILINE)

    assert commands == ['pip install -e ".[lab]" && notebook-gen demo', 'pip install -e ".[test]" && pytest']


def test_the_first_lines_run(tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "assets", tmp_path / "assets")
    first = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[0]

    ran = subprocess.run(
        [sys.executable, "-c", _RUN_IT], input=first, cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert ran.stdout == "10 True True\n", ran.stderr


def test_the_other_examples_are_python() -> None:
    for example in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        compile(example, "README.md", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_links_lead_somewhere() -> None:
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", README) if "://" not in target]

    assert [target for target in targets if not (REPOSITORY / target).exists()] == []
