"""The `notebook-gen` command: `demo` shows in a terminal, without a key, what this package does."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import notebook_gen as ng
from notebook_gen.run import Run
from notebook_gen.views.palette import column_colors
from notebook_gen.views.terminal_table import print_rows

_DEMO_FOLDER = "notebook_gen_demo"
_SHOWN = ["product", "stars", "tone", "review", "words"]
_NOTEBOOK = Path("notebooks", "01_first_dataset.ipynb")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: what stands behind its name; None: what the shell gave.

    Returns:
        The exit status: 0 done; 1 the run failed; 2 something asked for is wrong; 130 interrupted.
    """
    asked = _parser().parse_args(arguments)
    try:
        _demo(asked.rows, asked.folder, latency=asked.latency, overwrite=asked.overwrite)
    except ng.NotebookGenError as error:
        print(f"notebook-gen: {error}", file=sys.stderr)
        return 2 if isinstance(error, ng.ConfigError) else 1
    except KeyboardInterrupt:
        print("notebook-gen: interrupted; rows that were finished are kept", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="notebook-gen", description="Make synthetic datasets in Jupyter.")
    parser.add_argument("--version", action="version", version=f"notebook-gen {ng.__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser(
        "demo",
        help="make product reviews with the built-in demo endpoint, and watch",
        description="Make product reviews with the built-in demo endpoint: no key, no network, placeholder text.",
    )
    demo.add_argument("--rows", type=int, default=20, help="how many (default: %(default)s)")
    demo.add_argument("--folder", default=_DEMO_FOLDER, help="where the dataset is written (default: ./%(default)s)")
    demo.add_argument("--overwrite", action="store_true", help="replace the dataset in a folder of your own")
    demo.add_argument("--latency", type=float, default=0.6, help="seconds a model call takes (default: %(default)s)")
    return parser


def _demo(rows: int, folder: str, *, latency: float, overwrite: bool) -> None:
    builder = _reviews(latency)
    if rows < 1:
        raise ng.ConfigError(f"{rows or 'no'} rows were asked for", advice="ask for 1 or more")
    print(
        f"{rows} product reviews from the demo endpoint on this machine: no key, no network, placeholder text.",
        flush=True,
    )
    _preview(builder, rows)
    # the demo's own folder may be replaced: the command can be given twice
    created = builder.create(rows, folder, overwrite=overwrite or folder == _DEMO_FOLDER)
    dataset = created.result()
    print(f"\n{len(dataset)} rows are in {Path(folder)}{os.sep}")
    print(f'  read them               pandas.read_parquet("{Path(folder, "rows").as_posix()}")')
    if (notebook := Path(__file__).parents[1] / _NOTEBOOK).is_file():
        here = Path.cwd()
        shown = notebook.relative_to(here) if notebook.is_relative_to(here) else notebook
        print(f"  watch more being made   jupyter lab {shown}")


def _preview(builder: ng.DatasetBuilder, rows: int) -> None:
    run = builder.preview(rows)
    try:
        run.result()
    finally:
        _show(builder, run)


def _show(builder: ng.DatasetBuilder, run: Run) -> None:
    """Print what there is, also of a run that was cut short."""
    made = run.rows()
    if len(made):
        print_rows(made[_SHOWN], colors=column_colors(builder.graph), wide=["review"])


def _reviews(latency: float) -> ng.DatasetBuilder:
    builder = ng.DatasetBuilder(seed=7)
    builder.models["default"] = ng.DemoModel(latency=latency)
    builder.seed_data(_products(), shuffle=True)
    builder["stars"] = ng.Integer(1, 5)
    builder["tone"] = ng.Category(["dry", "warm", "furious"], weights=[2, 2, 1])
    builder["review"] = ng.LLMText("Write a {{ tone }} {{ stars }}-star review of the {{ product }}.")
    builder["reply"] = ng.LLMText("Answer this review in the name of the shop: {{ review }}")

    @builder.column
    def words(review: str) -> int:
        return len(review.split())

    return builder


def _products() -> Path:
    """Find the list of products: in the package if it was installed, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "assets" / "products.csv"
    return installed if installed.is_file() else package.parent / "assets" / "products.csv"
