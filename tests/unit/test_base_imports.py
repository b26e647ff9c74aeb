"""The files behind a script, found by reading imports."""

from __future__ import annotations

import json
from pathlib import Path

from multifidus.base.imports import code_behind


def _package(root: Path) -> Path:
    package = root / "pkg"
    for name, text in {
        "__init__.py": "",
        "a/__init__.py": "",
        "a/one.py": "from pkg.b import two\n",
        "a/style.css": "",
        "a/templates/deep/page.j2": "",
        "b/__init__.py": "",
        "b/two.py": "import os\n\ndef f():\n    import pkg.c\n",
        "b/unused.py": "",
        "c.py": "from pkg.a.one import nothing\n",
        "d.py": "",
    }.items():
        path = package / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return package


def test_direct_indirect_lazy_and_circular_imports_are_found_and_nothing_else(
    tmp_path: Path,
) -> None:
    package = _package(tmp_path)
    script = tmp_path / "script.py"
    script.write_text("from pkg.a.one import something\n")
    found = {str(Path(p).relative_to(package)) for p in code_behind(package, script)}
    assert found == {
        "__init__.py",
        "a/__init__.py",
        "a/one.py",
        "a/style.css",
        "a/templates/deep/page.j2",
        "b/__init__.py",
        "b/two.py",
        "c.py",
    }


def test_imports_for_type_checkers_alone_do_not_count(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("if TYPE_CHECKING:\n    import pkg.d\nelse:\n    import pkg.b.unused\n")
    found = {Path(p).name for p in code_behind(_package(tmp_path), script)}
    assert found == {"__init__.py", "unused.py"}


def test_cells_of_notebooks_and_documents_count(tmp_path: Path) -> None:
    package = _package(tmp_path)
    cells = [
        {"cell_type": "markdown", "source": ["import pkg.a.one"]},
        {"cell_type": "code", "source": ["%load_ext x\n", "import pkg.d"]},
    ]
    notebook, document = tmp_path / "one.ipynb", tmp_path / "one.qmd"
    notebook.write_text(json.dumps({"cells": cells}))
    document.write_text(
        "import pkg.c\n\n```{python}\n#| echo: false\nfrom pkg.b import unused\n```\n\n"
        "```\nimport pkg.c\n```\n"
    )
    for start, name in ((notebook, "d.py"), (document, "unused.py")):
        found = {Path(p).name for p in code_behind(package, start)}
        assert found == {"__init__.py", name}


def test_a_module_may_be_the_start(tmp_path: Path) -> None:
    package = _package(tmp_path)
    found = {Path(p).name for p in code_behind(package, "pkg.d")}
    assert found == {"__init__.py", "d.py"}
