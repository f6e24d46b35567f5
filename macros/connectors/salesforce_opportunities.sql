{#
    Opportunities of Salesforce as Fivetran or Airbyte lands them, as `opportunities`: see docs/connectors.md. Every version that the tables tell
    of is a row: each entry of the stage history (`OpportunityHistory`), and the opportunity as it is now.
#}
{% macro from_salesforce_opportunities(opportunities, opportunity_history=none, opportunity_stages=none, received_at='received_at', where=none) -%}
{%- set given = ai_impact.check_given('from_salesforce_opportunities', kwargs, ['account_id', 'amount', 'currency', 'stage', 'owner_id']) -%}
with landed_opportunities as (
    {{- ai_impact.read_landed(opportunities, {
        'id': 'string', 'account_id': 'string', 'amount': 'double', 'currency_iso_code': 'string', 'stage_name': 'string',
        'created_date': 'timestamp', 'close_date': 'timestamp', 'is_closed': 'boolean', 'is_won': 'boolean', 'owner_id': 'string',
        'last_modified_date': 'timestamp', 'system_modstamp': 'timestamp', 'is_deleted': 'boolean', '_fivetran_deleted': 'boolean',
        '_fivetran_start': 'timestamp', '_fivetran_synced': 'timestamp'
    }, given, received_at, where, 'opportunities') }}
),

dated_opportunities as (
    select
        *,
        coalesce(is_deleted, false) or coalesce(_fivetran_deleted, false) as is_gone,
        -- A deletion leaves the time of the last change as it was: it is a later version.
        case
            when coalesce(_fivetran_deleted, false) and not coalesce(is_deleted, false)
                then {{ ai_impact.greatest(['last_modified_date', 'system_modstamp', '_fivetran_synced', 'created_date']) }}
            else coalesce({{ ai_impact.greatest(['last_modified_date', 'system_modstamp']) }}, _fivetran_start, created_date)
        end as modified_at
    from landed_opportunities
),

current_opportunities as (
    {{- ai_impact.last_version('dated_opportunities', 'id', ['modified_at', '_fivetran_start', '_fivetran_synced', 'stage_name']) }}
),

-- A table in history mode has each version; one that only differs in when it was synchronised is none.
versions as (
    select
        *,
        row_number() over (partition by id, modified_at order by _fivetran_start desc nulls last, _fivetran_synced desc nulls last) as version_copy
    from dated_opportunities
),

landed_stages as (
    {{- ai_impact.read_landed(opportunity_stages, {
        'api_name': ['string', 'master_label'], 'is_closed': 'boolean', 'is_won': 'boolean'
    }) }}
),

stages as (
    select
        api_name,
        max(case when is_closed then 1 else 0 end) as is_closed,
        max(case when is_won then 1 else 0 end) as is_won
    from landed_stages
    where api_name is not null
    group by api_name
),

landed_history as (
    {{- ai_impact.read_landed(opportunity_history, {
        'id': 'string', 'opportunity_id': 'string', 'created_date': 'timestamp', 'stage_name': 'string', 'amount': 'double',
        'close_date': 'timestamp', 'currency_iso_code': 'string', 'is_deleted': 'boolean'
    }, {}, received_at) }}
),

history as (
    select
        landed_history.*,
        row_number() over (partition by opportunity_id, created_date order by id desc nulls last) as entry_copy
    from landed_history
    where opportunity_id is not null and created_date is not null and not coalesce(is_deleted, false)
),

entries as (
    select
        current_opportunities.*,
        history.created_date as entered_at,
        history.received_at as entry_received_at,
        history.stage_name as stage_then,
        history.amount as amount_then,
        history.close_date as close_date_then,
        coalesce(history.currency_iso_code, current_opportunities.currency_iso_code) as currency_then,
        -- The stage list says which stages are an end; without it, the stage of now and the names that Salesforce comes with.
        coalesce(
            case
                when stages.is_closed is not null then stages.is_closed
                when history.stage_name = current_opportunities.stage_name then case when current_opportunities.is_closed then 1 else 0 end
                when lower(history.stage_name) like 'closed%' then 1
            end, 0
        ) as closed_then,
        coalesce(
            case
                when stages.is_won is not null then stages.is_won
                when history.stage_name = current_opportunities.stage_name then case when current_opportunities.is_won then 1 else 0 end
                when lower(history.stage_name) = 'closed won' then 1
            end, 0
        ) as won_then
    from history
    inner join current_opportunities on history.opportunity_id = current_opportunities.id
    left join stages on history.stage_name = stages.api_name
    where history.entry_copy = 1
),

turns as (
    select
        *,
        lag(closed_then) over (partition by id order by entered_at) as closed_before
    from entries
),

-- When it was last closed, by the history.
closings as (
    select
        id,
        max(entered_at) as closed_at
    from turns
    where closed_then = 1 and coalesce(closed_before, 0) = 0
    group by id
),

all_versions as (
    select
        versions.*,
        versions.modified_at as updated_at,
        coalesce(versions.received_at, versions.modified_at) as version_received_at,
        versions.stage_name as stage_now,
        versions.amount as amount_now,
        versions.close_date as close_date_now,
        versions.currency_iso_code as currency_now,
        versions.is_closed as closed_now,
        versions.is_won as won_now,
        versions.is_gone as gone_now,
        closings.closed_at as closing_at,
        1 as is_row
    from versions
    left join closings on versions.id = closings.id
    where versions.version_copy = 1
),

{% set carried = ['id', 'account_id', 'owner_id', 'created_date'] -%}
{%- for name in given -%}{%- do carried.append('given_' ~ name) -%}{%- endfor -%}
told as (
    select
        {{ carried | join(', ') }},
        updated_at,
        version_received_at,
        stage_now,
        amount_now,
        close_date_now,
        currency_now,
        closed_now,
        won_now,
        gone_now,
        closing_at,
        is_row
    from all_versions
    union all
    select
        {{ carried | join(', ') }},
        entered_at,
        coalesce(entry_received_at, entered_at),
        stage_then,
        amount_then,
        close_date_then,
        currency_then,
        closed_then = 1,
        won_then = 1,
        false,
        case when closed_then = 1 then entered_at end,
        0
    from entries
),

ranked as (
    select
        *,
        row_number() over (partition by id, updated_at order by is_row desc) as version_rank
    from told
),

-- The close date is a day, and of an open deal a hope. The time is that of the history on that day, else midnight, or
-- the time of the opening on the day of the opening.
final as (
    select
    {{- ai_impact.contract_columns('opportunities', {
        'opportunity_id': 'id',
        'account_id': 'account_id',
        'amount': 'amount_now',
        'currency': 'currency_now',
        'stage': 'stage_now',
        'created_at': 'created_date',
        'closed_at': 'case when not closed_now or closed_now is null then null'
            ~ ' when close_date_now is null then closing_at'
            ~ ' when cast(closing_at as date) = cast(close_date_now as date) then closing_at'
            ~ ' when cast(created_date as date) = cast(close_date_now as date) then created_date'
            ~ ' else close_date_now end',
        'is_closed': 'closed_now',
        'is_won': 'won_now',
        'owner_id': 'owner_id',
        'updated_at': 'updated_at',
        'received_at': 'version_received_at',
        'is_deleted': 'gone_now',
    }, given) }}
    from ranked
    where version_rank = 1
)

select * from final
{%- endmacro %}
