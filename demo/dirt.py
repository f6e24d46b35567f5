"""How rows arrive: late, twice, with a wrong clock, broken. Dirt is added to the clean rows; it never replaces one."""

from demo.company import TRUTH
from demo.schema import Source

# Malformed rows of each reason as a share of the clean rows, and at least so many where a run begins.
MALFORMED_SHARE = 0.0002
MALFORMED_LEAST = 3


def deliver(con, source: Source, clean_sql: str, is_first_chunk: bool) -> None:
    """Fill the table `delivered`: a chunk's clean rows and their dirt, as text; _dirt says what is wrong with a row."""
    occurred = "updated_at" if source.is_state else "occurred_at"
    columns = [c for c in source.all_columns if c != "received_at"]
    if source.is_state:
        identity = " || ':' || ".join([f"cast({c} as varchar)" for c in (*source.key, "updated_at", "is_deleted")])
    else:
        identity = "event_id"
    texts = ", ".join(f"cast({c} as varchar) as {c}" for c in columns)
    late, skew = ("0", "0") if source.is_state else (TRUTH.late, TRUTH.clock_skew)
    stream = f"'{source.name} "
    con.execute(f"""
        create or replace table clean as
        with typed as (
            select {occurred} as _occurred, {identity} as _id, {texts}
            from ({clean_sql})
        ),
        labelled as (
            select *,
                u({stream}arrives', _id) as _arrives,
                u({stream}again', _id) as _again,
                u({stream}delay', _id) as _delay
            from typed
        ),
        timed as (
            select *,
                case
                    when _arrives < {late} then plus_hours(_occurred, 24 * (3.5 + 16 * _delay))
                    when _arrives < {late} + {skew} then _occurred - to_seconds(cast(5 + floor(280 * _delay) as bigint))
                    else _occurred + to_microseconds(cast(floor(1000000 * (0.5 + 90 * pow(_delay, 3))) as bigint))
                end as _received,
                case when _arrives < {late} then 'late' when _arrives < {late} + {skew} then 'clock_skew' end as _dirt
            from labelled
        )
        select *, cast(_received as varchar) as received_at from timed
    """)
    rows = con.execute("select count(*) from clean").fetchone()[0]
    half = TRUTH.duplicates / 2
    parts = [
        "select * from clean",
        f"select * replace ('duplicate_exact' as _dirt) from clean where _again < {half}",
        f"""select * replace (
                'duplicate_redelivered' as _dirt,
                cast(plus_hours(_received, 0.01 + 46 * u({stream}redelivered', _id)) as varchar) as received_at
            ) from clean where _again >= {half} and _again < {2 * half}""",
    ]
    least = MALFORMED_LEAST if is_first_chunk else 0
    wanted = max(least, round(rows * MALFORMED_SHARE))
    if rows and wanted:
        # Enough punctual, unrepeated rows to choose from, without ordering all of them for each reason.
        share = min(1 - TRUTH.duplicates, 60 * wanted / rows)
        con.execute(
            f"create or replace table candidates as select * from clean where _again >= {1 - share} and _dirt is null"
        )
        parts += [malformed(source, reason, wanted) for reason in source.breakages]
    con.execute("create or replace table delivered as " + " union all ".join(f"({part})" for part in parts))


def malformed(source: Source, reason: str, wanted: int) -> str:
    """Clones of some candidates under a new identity, broken in one way."""
    changes = dict(source.breakages[reason])
    name = source.key[0] if source.is_state else "event_id"
    if reason == "collision":
        changes["received_at"] = "cast(_received + interval 1 hour as varchar)"
    else:
        changes.setdefault(name, f"'bad-{reason}-' || {name}")
    broken = ", ".join(f"{sql} as {column}" for column, sql in changes.items())
    return f"""
        select * exclude (_number, _pick) replace ('{reason}' as _dirt, {broken})
        from (
            select *, row_number() over (order by _pick, _id) - 1 as _number
            from (
                select *, u('{source.name} {reason}', _id) as _pick from candidates
                where {source.may_carry(reason)}
            )
            order by _pick, _id limit {wanted}
        )"""
