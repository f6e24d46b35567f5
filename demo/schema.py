"""The columns of every source (the data contract), and the malformed rows that are planted in each."""

from dataclasses import dataclass, field

from demo.company import LAST_DAY


@dataclass(frozen=True)
class Source:
    name: str
    columns: tuple[str, ...]
    # (state) sources: the key of a row. Empty: an append-only log with the event envelope.
    key: tuple[str, ...] = ()
    # Reason of the quarantine -> the columns that are broken and the SQL that breaks them.
    malformed: dict[str, dict[str, str]] = field(default_factory=dict)
    # Which rows may be cloned for a reason, where not every row can carry it.
    only: dict[str, str] = field(default_factory=dict)

    @property
    def is_state(self) -> bool:
        return bool(self.key)

    @property
    def all_columns(self) -> tuple[str, ...]:
        envelope = (
            ("updated_at", "received_at", "is_deleted")
            if self.is_state
            else ("event_id", "source", "occurred_at", "received_at")
        )
        return envelope + self.columns

    @property
    def breakages(self) -> dict[str, dict[str, str]]:
        """Every planted reason, with what all sources share."""
        occurred = "updated_at" if self.is_state else "occurred_at"
        shared = {
            "bad_timestamp": {occurred: "'2026-13-45 25:61:00'"},
            "future_timestamp": {occurred: "cast(_received + interval 2 day as varchar)"},
            "missing_key": {self.key[0] if self.is_state else "event_id": "case when _number % 2 = 0 then '' end"},
        }
        if not self.is_state:
            shared["too_late"] = {"received_at": "cast(_occurred + interval 40 day as varchar)"}
        return {**shared, **self.malformed}

    def may_carry(self, reason: str) -> str:
        """The SQL condition on rows that may be cloned for a reason."""
        condition = self.only.get(reason, "true")
        # What arrives 40 days late must still have arrived by now.
        return (
            f"{condition} and _occurred < timestamp '{LAST_DAY}' - interval 41 day"
            if reason == "too_late"
            else condition
        )


def words(text: str) -> tuple[str, ...]:
    return tuple(text.replace("\n", " ").split())


SOURCES = (
    Source(
        "task_events",
        words("""
            event_type task_id use_case_id actor_id actor_kind team_id subject_type subject_id
            execution_mode is_eligible complexity human_minutes baseline_minutes baseline_source
        """),
        malformed={
            "unknown_enum": {"event_type": "'teleported'"},
            "bad_number": {"human_minutes": "'twelve'"},
            "bad_boolean": {"is_eligible": "'maybe'"},
            "out_of_range": {"human_minutes": "'-5.0'"},
            "collision": {"task_id": "task_id || '-other'"},
            "too_late": {
                "task_id": "task_id || '-late'",
                "received_at": "cast(_occurred + interval 40 day as varchar)",
            },
            "missing_key": {
                "event_id": "case _number % 3 when 0 then '' when 1 then 'bad-missing_key-' || event_id end",
                "task_id": "case when _number % 3 <> 1 then task_id end",
            },
        },
        only={
            "too_late": "event_type = 'created'",
            "out_of_range": "human_minutes is not null",
            "bad_number": "human_minutes is not null",
        },
    ),
    Source(
        "ai_events",
        words("""
            event_type task_id use_case_id trace_id span_id operation_name provider_name
            request_model response_model agent_version prompt_version prompt_hash input_tokens
            output_tokens latency_ms time_to_first_chunk_ms status error_type confidence edit_ratio
            cost_amount cost_currency parent_span_id
        """),
        malformed={
            "unknown_enum": {"event_type": "'model_dream'"},
            "bad_number": {"input_tokens": "'many'"},
            "out_of_range": {"confidence": "case when _number % 2 = 0 then '1.7' else '-0.2' end"},
            "collision": {"trace_id": "md5(trace_id)"},
        },
        only={"out_of_range": "event_type = 'model_call'", "bad_number": "event_type = 'model_call'"},
    ),
    Source(
        "decision_events",
        words("""
            event_type decision_id use_case_id decision_type subject_type subject_id
            ai_recommendation ai_confidence human_action reviewer_id requires_sign_off signed_off
            review_minutes evidence_count has_sources has_confidence has_rationale final_choice
            predicted_value outcome_label outcome_value
        """),
        malformed={
            "unknown_enum": {"human_action": "'shrugged'"},
            "bad_number": {"predicted_value": "'a lot'"},
            "bad_boolean": {"requires_sign_off": "'perhaps'"},
            "out_of_range": {"ai_confidence": "'1.4'"},
            "collision": {"decision_id": "decision_id || '-other'"},
        },
    ),
    Source(
        "evaluations",
        words("""
            target_type target_id criterion score scale_min scale_max label evaluator_type
            evaluator_id rubric_version is_blinded
        """),
        malformed={
            "unknown_enum": {"evaluator_type": "'oracle'"},
            "bad_number": {"score": "'good'"},
            "out_of_range": {"score": "'7'"},
            "bad_boolean": {"is_blinded": "'half'"},
            "collision": {"target_id": "target_id || '-other'"},
        },
    ),
    Source(
        "assignments",
        words("experiment_id unit_type unit_id arm assigned_at exposed_at assignment_method stratum"),
        malformed={
            "unknown_enum": {"assignment_method": "'coin_on_edge'"},
            "collision": {"arm": "'the_other_arm'"},
        },
    ),
    Source(
        "unit_covariates",
        words("unit_type unit_id name value_number value_text observed_at"),
        key=("unit_id", "unit_type", "name"),
        malformed={"bad_number": {"value_number": "'high'"}},
    ),
    Source(
        "touches",
        words("visitor_id channel campaign cost_amount is_ai_generated use_case_id"),
        malformed={
            "bad_number": {"cost_amount": "'free'"},
            "bad_boolean": {"is_ai_generated": "'partly'"},
            "out_of_range": {"cost_amount": "'-3.0'"},
            "collision": {"visitor_id": "visitor_id || '-other'"},
        },
    ),
    Source(
        "outcome_events",
        words("unit_type unit_id name value currency"),
        malformed={"bad_number": {"value": "'one'"}, "collision": {"unit_id": "unit_id || '-other'"}},
    ),
    Source(
        "opportunities",
        words("opportunity_id account_id amount currency stage created_at closed_at is_closed is_won owner_id"),
        key=("opportunity_id",),
        malformed={
            "bad_number": {"amount": "'tbd'"},
            "bad_boolean": {"is_closed": "'nearly'"},
            "out_of_range": {"amount": "'-100.0'"},
            # Of a deal that is closed: the expected close of an open one may lie anywhere.
            "negative_duration": {
                "is_closed": "'true'",
                "closed_at": "cast(cast(created_at as timestamp) - interval 1 day as varchar)",
            },
            "collision": {"amount": "cast(cast(amount as double) + 1 as varchar)"},
        },
    ),
    Source(
        "survey_responses",
        words("instrument respondent_hash account_id score scale_min scale_max"),
        malformed={
            "unknown_enum": {"instrument": "'tea_leaves'"},
            "bad_number": {"score": "'ten'"},
            "out_of_range": {"score": "'11'"},
            "collision": {"respondent_hash": "md5(respondent_hash)"},
        },
    ),
    Source(
        "incidents",
        words("""
            incident_id service_id team_id severity opened_at acknowledged_at resolved_at
            is_false_positive impact_started_at impact_ended_at cost_amount
        """),
        key=("incident_id",),
        malformed={
            "bad_number": {"cost_amount": "'huge'"},
            "bad_boolean": {"is_false_positive": "'unsure'"},
            "negative_duration": {"resolved_at": "cast(cast(opened_at as timestamp) - interval 1 hour as varchar)"},
        },
    ),
    Source(
        "requisitions",
        words("""
            requisition_id team_id opened_at filled_at started_at is_ai_screened interviewer_rating
            performance_rating retained_days status
        """),
        key=("requisition_id",),
        malformed={
            "bad_number": {"interviewer_rating": "'great'"},
            "bad_boolean": {"is_ai_screened": "'some'"},
            "negative_duration": {"filled_at": "cast(cast(opened_at as timestamp) - interval 1 day as varchar)"},
        },
    ),
    Source(
        "market_signals",
        words("series week value is_covariate"),
        malformed={
            "bad_number": {"value": "'up'"},
            "bad_boolean": {"is_covariate": "'sort of'"},
            "collision": {"value": "cast(cast(value as double) + 1 as varchar)"},
        },
    ),
    Source(
        "cost_records",
        words("""
            charge_id use_case_id cost_type service_name charge_period_start charge_period_end
            billed_cost effective_cost billing_currency
        """),
        key=("charge_id",),
        malformed={
            "unknown_enum": {"cost_type": "'biscuits'"},
            "bad_number": {"billed_cost": "'see invoice'"},
            "negative_duration": {"charge_period_end": "cast(cast(charge_period_start as date) - 1 as varchar)"},
        },
    ),
    Source(
        "identity_links",
        words("id_type_a id_a id_type_b id_b"),
        malformed={"collision": {"id_b": "id_b || '-other'"}},
        only={"collision": "id_type_a = 'account'"},
    ),
)
