"""dbt without a connection, in the environment of its adapter: python offline.py (empty|built) <arguments of dbt>

All that a run asks its warehouse while it compiles is whether a table is there: here all are, or none.
"""

import importlib
import sys

from dbt.adapters.base import BaseAdapter
from dbt.cli.main import dbtRunner


def get_relation(adapter, database, schema, identifier, *_, **__):
    if state == "empty":
        return None
    return adapter.Relation.create(database=database, schema=schema, identifier=identifier, type="table")


def kinds(adapter: type) -> list[type]:
    return [adapter, *(kind for child in adapter.__subclasses__() for kind in kinds(child))]


if __name__ == "__main__":
    state, engine, *arguments = sys.argv[1:]
    importlib.import_module(f"dbt.adapters.{engine}")
    for kind in kinds(BaseAdapter):
        kind.get_relation = get_relation
    offline = ["--no-introspect", "--no-populate-cache", "--no-partial-parse"]
    done = dbtRunner().invoke(["--no-use-colors", "compile", *offline, "--target", engine, *arguments])
    if done.exception:
        print(done.exception)
    sys.exit(not done.success)
