{#
    Charges of an export in the FinOps format FOCUS, 1.0 to 1.2, as `cost_records`: see docs/connectors.md. FOCUS gives a charge no id. Its
    identity is what was charged for, where and when, and its place among charges that say the same; what it cost and the
    invoice are not part of it, since both are restated until the month is closed.
#}
{% macro from_focus_costs(costs, received_at='received_at', source_name='focus', where=none) -%}
{%- set given = ai_impact.check_given('from_focus_costs', kwargs, ['charge_id', 'use_case_id', 'cost_type', 'service_name']) -%}
{%- set found = ai_impact.landed_columns(costs) -%}
{%- set identity = [
    'billing_account_id', 'sub_account_id', 'provider_name', 'service_name', 'region_id', 'resource_id', 'sku_id', 'sku_price_id',
    'charge_category', 'charge_class', 'charge_description', 'charge_frequency', 'pricing_category', 'commitment_discount_id',
    'billing_currency', 'charge_period_start', 'charge_period_end', 'tags_text'
] -%}
with parsed_costs as (
    select
        landed_rows.*,
        {{ ai_impact.landed_column(found, 'tags', 'json', costs) }} as ai_impact_tags
    from {{ costs }} as landed_rows
    {%- if where %}
    where {{ where }}
    {%- endif %}
),

charges as (
    {{- ai_impact.read_landed(costs, {
        'billing_account_id': 'string', 'sub_account_id': 'string', 'provider_name': ['string', 'service_provider_name'],
        'service_name': 'string', 'service_category': 'string', 'region_id': ['string', 'region'], 'resource_id': 'string',
        'sku_id': 'string', 'sku_price_id': 'string', 'charge_category': ['string', 'charge_type'], 'charge_class': 'string',
        'charge_description': 'string', 'charge_frequency': 'string', 'pricing_category': 'string', 'commitment_discount_id': 'string',
        'billing_currency': 'string', 'charge_period_start': 'timestamp', 'charge_period_end': 'timestamp', 'billed_cost': 'double',
        'effective_cost': 'double', 'tags_text': ['string', 'tags']
    }, given, received_at, none, 'cost_records', 'parsed_costs') }}
),

numbered as (
    select
        *,
        {{ ai_impact.hash_key(identity) }} as identity,
        row_number() over (
            partition by {{ identity | join(', ') }}
            order by billed_cost, effective_cost, received_at
        ) as place
    from charges
),

final as (
    select
    {{- ai_impact.contract_columns('cost_records', {
        'charge_id': "'" ~ source_name ~ ":' || identity || '-' || cast(place as " ~ dbt.type_string() ~ ")",
        'cost_type': "case when lower(service_category) = 'ai and machine learning' then 'usage'"
            ~ " when lower(charge_category) = 'purchase' and commitment_discount_id is null then 'licence'"
            ~ " when charge_category is not null or service_category is not null then 'infrastructure' end",
        'service_name': 'service_name',
        'charge_period_start': 'charge_period_start',
        'charge_period_end': 'charge_period_end',
        'billed_cost': 'billed_cost',
        'effective_cost': 'effective_cost',
        'billing_currency': 'billing_currency',
        'updated_at': 'coalesce(received_at, charge_period_start)',
        'received_at': 'coalesce(received_at, charge_period_start)',
        'is_deleted': 'false',
    }, given) }}
    from numbered
)

select * from final
{%- endmacro %}

{# The value of a tag of a charge: an expression for `use_case_id` or `cost_type`. #}
{% macro focus_tag(name) -%}
    nullif({{ ai_impact.json_text('ai_impact_tags', [name]) }}, '')
{%- endmacro %}
