"""What dbt-spark's method `session` lacks to run this project: Python models, and sentences for what goes wrong.

dbt imports every installed module whose name starts with `dbt_` and starts the plugins that it lists.
"""

import importlib.util
import sys

from dbt.plugins.manager import dbtPlugin


class SparkSessionPlugin(dbtPlugin):
    def initialize(self) -> None:
        """Join in where dbt has loaded dbt-spark for the profile at hand; cost nothing elsewhere."""
        # dbt-databricks loads dbt-spark too, and needs no pyspark.
        if "dbt.adapters.spark" in sys.modules and importlib.util.find_spec("pyspark"):
            from dbt_ai_impact_spark.session import register

            register()


plugins = [SparkSessionPlugin]
