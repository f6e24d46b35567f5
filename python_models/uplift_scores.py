"""Who responds to the treatment, judged on units that the models have not seen."""

from ai_impact_stats.designs.uplift import uplift_scores
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    units = read(dbt.ref("int_uplift_units"))
    features = read(dbt.ref("int_uplift_features"))
    return write(uplift_scores(registry, metrics, units, features), session)
