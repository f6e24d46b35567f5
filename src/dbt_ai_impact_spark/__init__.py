"""What dbt-spark's method `session` lacks to run this project: Python models, and sentences for what goes wrong.

dbt imports every installed module whose name starts with `dbt_` and starts the plugins that it lists.
"""

import sys

from dbt.plugins.manager import dbtPlugin


class SparkSessionPlugin(dbtPlugin):
    def initialize(self) -> None:
        """Join in where dbt has loaded dbt-spark for the profile at hand; cost nothing elsewhere."""
        if "dbt.adapters.spark" in sys.modules:
            from dbt_ai_impact_spark.session import register

            register()


plugins = [SparkSessionPlugin]
