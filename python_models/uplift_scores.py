"""Who responds to the treatment, judged on units that the models have not seen."""

from ai_impact_stats import read, uplift_scores, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    units = read(dbt.ref("int_uplift_units"))
    features = read(dbt.ref("int_uplift_features"))
    return write(uplift_scores(registry, metrics, units, features), session)
