{# What a pipeline lands before dbt runs: 100 support tickets of seven people, a table of AI calls without a row, and an export. #}
{% macro land_raw_tables() %}
    {% set tables %}
        create schema if not exists landed;

        create or replace table landed.work_log as
        select
            task || '-' || step as event_id,
            'tracker' as source,
            happened_at as occurred_at,
            happened_at + interval 1 minute as received_at,
            step as event_type,
            task as task_id,
            'support' as use_case_id,
            'person-' || (number % 7) as actor_id,
            'human' as actor_kind,
            'desk' as team_id,
            cast(null as varchar) as subject_type,
            cast(null as varchar) as subject_id,
            'human' as execution_mode,
            true as is_eligible,
            cast(null as varchar) as complexity,
            30.0 as human_minutes,
            cast(null as double) as baseline_minutes,
            cast(null as varchar) as baseline_source
        from (
            select
                'task-' || n as task,
                n as number,
                unnest(['created', 'started', 'completed']) as step,
                timestamp '2026-01-05 08:00' + interval (n * 7) hour + interval (unnest([0, 1, 3])) hour as happened_at
            from range(100) as r (n)
        );

        create or replace table landed.ticket_export as
        select n as id, timestamp '2026-01-05 08:00' + interval (n) hour as updated, 'open' as status, timestamp '2026-02-01' as _fivetran_synced
        from range(3) as r (n);

        create or replace table landed.model_calls (
            event_id varchar, source varchar, occurred_at timestamp, received_at timestamp, event_type varchar,
            task_id varchar, use_case_id varchar, trace_id varchar, span_id varchar, operation_name varchar,
            provider_name varchar, request_model varchar, response_model varchar, agent_version varchar,
            prompt_version varchar, prompt_hash varchar, input_tokens bigint, output_tokens bigint, latency_ms double,
            time_to_first_chunk_ms double, status varchar, error_type varchar, confidence double, edit_ratio double,
            cost_amount double, cost_currency varchar
        );
    {% endset %}
    {% do run_query(tables) %}
{% endmacro %}
