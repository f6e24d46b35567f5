"""The attacks on suppression can fail: they find nothing in the demo, and something once it shows what it hides."""

import duckdb
import pytest

IN_TIME = "kpi_suppression_holds_against_subtraction_in_time"
AT_ONE_TIME = "kpi_suppression_holds_against_subtraction"
TOGETHER = "kpi_hidden_cells_are_hidden_together"
TABLES = ("int_kpi_cells", "int_kpi_people", "int_kpi_periods", "int_kpi_seams", "int_people_daily", "kpi_values")

NOTHING = "select period_key, use_case_id, team_id from int_kpi_cells where false"
SEAMS = "select period_key, use_case_id, team_id from int_kpi_seams join int_kpi_periods using (period_key)"
LARGE = "select period_key, use_case_id, team_id from int_kpi_cells where n_people >= 5"
# name: the attack, and the cells that are shown whether hidden or not
CASES = {
    "in time": (IN_TIME, NOTHING),
    "in time, weeks beside a thin block": (IN_TIME, f"{SEAMS} where period_grain = 'week'"),
    "in time, windows beside a thin piece": (IN_TIME, f"{SEAMS} where period_grain <> 'week'"),
    "in time, every large cell": (IN_TIME, LARGE),
    "at one time": (AT_ONE_TIME, NOTHING),
    "at one time, every large cell": (AT_ONE_TIME, LARGE),
    "hidden together": (TOGETHER, NOTHING),
    "hidden together, every large cell": (TOGETHER, LARGE),
}


@pytest.fixture(scope="module")
def attacks(warehouse) -> dict[str, str]:
    """The SQL of each attack, over the tables of no database in particular."""
    names = (IN_TIME, AT_ONE_TIME, TOGETHER)
    warehouse.dbt("compile", "--select", *names)
    folder = warehouse.folder / "target/compiled/ai_impact/tests/singular"
    return {
        name: (folder / f"{name}.sql").read_text().replace(f'"{warehouse.path.stem}"."main".', "") for name in names
    }


@pytest.mark.parametrize("case", CASES)
def test_an_attack_finds_what_should_be_hidden(demo_warehouse, attacks, case):
    attack, shown = CASES[case]
    with duckdb.connect() as connection:
        # Under its own name, which its views use.
        connection.execute(f"attach '{demo_warehouse}' as \"{demo_warehouse.stem}\" (read_only)")
        for name in TABLES:
            connection.execute(f'create table {name} as select * from "{demo_warehouse.stem}".main.{name}')
        connection.execute(f"create table shown as {shown}")
        connection.execute("""
            update int_kpi_cells set is_suppressed = false
            where (period_key, use_case_id, team_id) in (select (period_key, use_case_id, team_id) from shown)
        """)
        connection.execute("""
            update kpi_values set n = 1
            from shown join int_kpi_periods as periods using (period_key)
            where kpi_values.period_grain = periods.period_grain and kpi_values.period_start = periods.period_start
                and coalesce(kpi_values.use_case_id, '(all)') = shown.use_case_id
                and coalesce(kpi_values.team_id, '(all)') = shown.team_id
        """)
        found = connection.execute(attacks[attack]).fetchall()
    assert bool(found) == (shown != NOTHING)
