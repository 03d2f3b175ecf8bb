"""Make synthetic datasets in Jupyter, and watch every cell being made.

```python
import notebook_gen as ng

b = ng.DatasetBuilder(seed=7)
b["stars"] = ng.Integer(1, 5)
b["review"] = ng.LLMText("Write a {{ stars }}-star review of a kettle.")
run = b.preview(10)
await run
```
"""

from notebook_gen.builder import DatasetBuilder
from notebook_gen.config.columns import Category, Column, Expression, Float, Integer, LLMText
from notebook_gen.config.models import DemoFaults, DemoModel, Model
from notebook_gen.config.processors import DropColumns, RenameColumns, Reshape
from notebook_gen.config.settings import RunSettings
from notebook_gen.dataset import Dataset
from notebook_gen.errors import (
    ColumnFailed,
    ConfigError,
    GenerationError,
    NoRowsLeft,
    NotebookGenError,
    ProcessorError,
    RateLimited,
    Rejected,
    RunCancelled,
    RunError,
    StoppedEarly,
    Transient,
    WriteError,
)
from notebook_gen.nested import enable_nested
from notebook_gen.run import Run

__version__ = "0.1.0"

__all__ = [
    "Category",
    "Column",
    "ColumnFailed",
    "ConfigError",
    "Dataset",
    "DatasetBuilder",
    "DemoFaults",
    "DemoModel",
    "DropColumns",
    "Expression",
    "Float",
    "GenerationError",
    "Integer",
    "LLMText",
    "Model",
    "NoRowsLeft",
    "NotebookGenError",
    "ProcessorError",
    "RateLimited",
    "Rejected",
    "RenameColumns",
    "Reshape",
    "Run",
    "RunCancelled",
    "RunError",
    "RunSettings",
    "StoppedEarly",
    "Transient",
    "WriteError",
    "enable_nested",
]
