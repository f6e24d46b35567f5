{#
    What vendors of AI bill by the day, as Fivetran lands it, as `cost_records`: see docs/connectors.md. A day is restated for weeks; each
    synchronisation is a version of the charge. There are no tasks and no calls in these tables.
#}
{% macro from_openai_usage(costs, received_at='received_at', source_name='openai', where=none) -%}
{%- set given = ai_impact.check_given('from_openai_usage', kwargs, ['use_case_id', 'cost_type', 'service_name']) -%}
with charges as (
    {{- ai_impact.read_landed(costs, {
        '_fivetran_id': ['string', 'id'], 'project_id': 'string', 'line_item': 'string', 'amount': ['double', 'amount_value'],
        'currency': ['string', 'amount_currency'], 'period_start': ['timestamp', 'start_time'],
        'period_end': ['timestamp', 'end_time'], '_fivetran_deleted': 'boolean', '_fivetran_synced': 'timestamp'
    }, given, received_at, where, 'cost_records') }}
),

{{ ai_impact.daily_charges(source_name, "line_item", given, ['project_id', 'line_item']) }}
{%- endmacro %}

{# The cost reports of Claude (Anthropic), of the platform or of an enterprise; amounts are in cents. #}
{% macro from_claude_usage(costs, received_at='received_at', source_name='claude', where=none) -%}
{%- set given = ai_impact.check_given('from_claude_usage', kwargs, ['use_case_id', 'cost_type', 'service_name']) -%}
with landed_costs as (
    {{- ai_impact.read_landed(costs, {
        '_fivetran_id': ['string', 'id'], 'workspace_id': ['string', 'organization_id'], 'product': 'string', 'model': 'string',
        'charge_kind': ['string', 'cost_type'], 'token_type': 'string', 'service_tier': ['string', 'speed'],
        'actor_user_id': 'string', 'cents': ['double', 'amount'], 'currency': 'string',
        'period_start': ['timestamp', 'starting_at', 'starting_date'], 'period_end': ['timestamp', 'ending_at', 'ending_date'],
        '_fivetran_deleted': 'boolean', '_fivetran_synced': 'timestamp'
    }, given, received_at, where, 'cost_records') }}
),

charges as (
    select
        *,
        cents / 100 as amount,
        coalesce(model, product, charge_kind) as billed_for
    from landed_costs
),

{{ ai_impact.daily_charges(source_name, "billed_for", given, ['workspace_id', 'product', 'model', 'charge_kind', 'token_type', 'service_tier', 'actor_user_id']) }}
{%- endmacro %}

{# Charges of a day to charges of the contract. An end at the last second of a day is the beginning of the next. #}
{% macro daily_charges(source_name, service, given, identity) -%}
spans as (
    select
        charges.*,
        case
            when period_end is null or period_end <= period_start then {{ ai_impact.add_time('day', 1, 'period_start') }}
            when extract(hour from period_end) = 23 and extract(minute from period_end) = 59
                then cast(cast({{ ai_impact.add_time('day', 1, 'period_end') }} as date) as {{ ai_impact.physical_type('timestamp') }})
            else period_end
        end as charge_end,
        row_number() over (
            partition by coalesce(_fivetran_id, {{ ai_impact.hash_key(identity + ['period_start']) }})
            order by _fivetran_synced desc nulls last, amount
        ) as version_number
    from charges
),

final as (
    select
    {{- ai_impact.contract_columns('cost_records', {
        'charge_id': "'" ~ source_name ~ ":' || coalesce(_fivetran_id, " ~ ai_impact.hash_key(identity + ['period_start']) ~ ')',
        'cost_type': "'usage'",
        'service_name': service,
        'charge_period_start': 'period_start',
        'charge_period_end': 'charge_end',
        'billed_cost': 'amount',
        'effective_cost': 'amount',
        'billing_currency': 'upper(currency)',
        'updated_at': 'coalesce(_fivetran_synced, received_at, period_start)',
        'received_at': 'coalesce(received_at, _fivetran_synced, period_start)',
        'is_deleted': 'coalesce(_fivetran_deleted, false)',
    }, given) }}
    from spans
    where version_number = 1
)

select * from final
{%- endmacro %}

{#
    The days on which somebody used AI, as `outcome_events` named `ai_active_day`: from the usage by person of OpenAI (`completion`), Claude
    (`enterprise_user_usage_report`) or Claude Code (`claude_code_usage_report`), as Fivetran lands them. A restated day stays one day.
#}
{% macro from_ai_active_days(usage, source_name, unit_type='person', received_at='received_at', where=none) -%}
with usage_rows as (
    {{- ai_impact.read_landed(usage, {
        'person': ['string', 'user_id', 'actor_user_id', 'actor_email_address'],
        'used_at': ['timestamp', 'start_time', 'starting_date', 'starting_at', 'date'],
        'requests': ['double', 'num_model_request', 'request', 'core_metrics_num_sessions'], '_fivetran_deleted': 'boolean'
    }, {}, received_at, where) }}
),

days as (
    select
        lower(person) as person,
        cast(used_at as date) as used_on,
        min(received_at) as received_at
    from usage_rows
    where person is not null and used_at is not null and (requests > 0 or requests is null) and not coalesce(_fivetran_deleted, false)
    group by lower(person), cast(used_at as date)
),

final as (
    select
    {{- ai_impact.contract_columns('outcome_events', {
        'event_id': ai_impact.hash_key(['person', 'used_on']),
        'source': "'" ~ source_name ~ "'",
        'occurred_at': 'used_on',
        'received_at': 'coalesce(received_at, cast(used_on as ' ~ ai_impact.physical_type('timestamp') ~ '))',
        'unit_type': "'" ~ unit_type ~ "'",
        'unit_id': 'person',
        'name': "'ai_active_day'",
        'value': '1',
    }) }}
    from days
)

select * from final
{%- endmacro %}
