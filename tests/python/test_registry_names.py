"""A name in a seed that is nowhere fails one test at the start, which says where it stands."""

import duckdb
from dbt_warehouse import Project

MODELS = ("int_kpi_catalog", "int_metric_catalog", "registry_names_are_known")


def test_names_that_are_nowhere(tmp_path):
    project = Project(tmp_path)
    said: list[str] = []
    project.runner.callbacks.append(lambda event: said.append(event.info.msg))
    project.dbt("build", "--select", *MODELS)
    with duckdb.connect(str(project.path)) as connection:
        connection.execute(
            "update experiments set secondary_metric_ids = 'time_to_draft|nowhere' "
            "where experiment_id = 'email_drafting'"
        )
        connection.execute("update kpi_catalog_extra set own_target_use_cases = 'nobody' where kpi_id = 'rework_rate'")
        connection.execute("update roi_terms set metric_id = 'none' where use_case_id = 'landing_page'")
        connection.execute("update slo_targets set use_case_id = 'gone' where indicator = 'groundedness'")
    project.dbt("build", "--select", *MODELS, succeeds=False)
    sentences = {line.split("ai_impact: ")[-1] for line in said if "The seed `" in line}
    wanted = (
        "The seed `experiments`, row email_drafting: `secondary_metric_ids` is time_to_draft|nowhere, which is not, or "
        "not all of it, in `metric_catalog` or `metric_catalog_extra`. Correct the name, or add its row there."
    )
    assert any(wanted in line for line in sentences), sentences
    for seed, cell in (("kpi_catalog", "nobody"), ("roi_terms", "none"), ("slo_targets", "gone")):
        assert any(f"The seed `{seed}`" in line and f"` is {cell}, which" in line for line in sentences), sentences
