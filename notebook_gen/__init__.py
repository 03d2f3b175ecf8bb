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
from notebook_gen.config.models import DemoModel, Model
from notebook_gen.config.settings import RunSettings
from notebook_gen.errors import (
    ConfigError,
    GenerationError,
    NoRowsLeft,
    NotebookGenError,
    RateLimited,
    Rejected,
    RunCancelled,
    RunError,
    Transient,
    WriteError,
)
from notebook_gen.nested import enable_nested
from notebook_gen.run import Dataset, Run

__version__ = "0.1.0"

__all__ = [
    "Category",
    "Column",
    "ConfigError",
    "Dataset",
    "DatasetBuilder",
    "DemoModel",
    "Expression",
    "Float",
    "GenerationError",
    "Integer",
    "LLMText",
    "Model",
    "NoRowsLeft",
    "NotebookGenError",
    "RateLimited",
    "Rejected",
    "Run",
    "RunCancelled",
    "RunError",
    "RunSettings",
    "Transient",
    "WriteError",
    "enable_nested",
]
