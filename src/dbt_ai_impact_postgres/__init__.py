"""Where Postgres can't be reached, dbt repeats what libpq says; this says what to do.

dbt imports every installed module whose name starts with `dbt_` and starts the plugins that it lists.
"""

import sys
from typing import Any

from dbt.plugins.manager import dbtPlugin


class PostgresPlugin(dbtPlugin):
    def initialize(self) -> None:
        """Join in where dbt has loaded dbt-postgres for the profile at hand; cost nothing elsewhere."""
        if "dbt.adapters.postgres" in sys.modules:
            register()


def register() -> None:
    from dbt.adapters.exceptions import FailedToConnectError
    from dbt.adapters.postgres import PostgresConnectionManager

    from ai_impact.sentences import engine_sentence

    connect = PostgresConnectionManager.open.__func__
    if connect.__module__ == __name__:
        return

    def open_explained(manager: type, connection: Any) -> Any:
        try:
            return connect(manager, connection)
        except FailedToConnectError as error:
            raise FailedToConnectError(engine_sentence(str(error)) or str(error)) from error

    PostgresConnectionManager.open = classmethod(open_explained)


plugins = [PostgresPlugin]
