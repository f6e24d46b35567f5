{#
    Common table expression `price_list` of a table of model prices: `model`, `input_per_million`, `output_per_million`, and if there are such
    columns `cached_input_per_million`, `currency` (USD) and `valid_from`. Each price holds until the next of its model.
#}
{% macro price_list(prices) -%}
landed_prices as (
    {{- ai_impact.read_landed(prices, {
        'model': 'string', 'input_per_million': 'double', 'output_per_million': 'double', 'cached_input_per_million': 'double',
        'currency': 'string', 'valid_from': 'timestamp'
    }) }}
),

price_list as (
    select
        lower(model) as model,
        coalesce(valid_from, cast('1970-01-01' as timestamp)) as valid_from,
        lead(coalesce(valid_from, cast('1970-01-01' as timestamp)))
            over (partition by lower(model) order by coalesce(valid_from, cast('1970-01-01' as timestamp))) as valid_to,
        max(input_per_million) as input_price,
        max(output_per_million) as output_price,
        max(cached_input_per_million) as cached_price,
        max(coalesce(currency, 'USD')) as currency
    from landed_prices
    where model is not null
    group by lower(model), coalesce(valid_from, cast('1970-01-01' as timestamp))
)
{%- endmacro %}

{#
    A select of `calls` with the price of its tokens: by the model that answered, else the one that was asked. A call whose tokens or price
    are not known has no cost, never 0. `input_tokens` count cached ones too.
#}
{% macro with_token_cost(calls) -%}
    select
        {{ calls }}.*,
        case
            when coalesce(answered.input_price, asked.input_price) is null then null
            else (
                {{ ai_impact.greatest(['input_tokens - coalesce(cached_tokens, 0)', '0']) }} * coalesce(answered.input_price, asked.input_price)
                + coalesce(cached_tokens, 0) * coalesce(
                    case when answered.model is not null then coalesce(answered.cached_price, answered.input_price) end,
                    asked.cached_price, asked.input_price
                )
                + case
                    when output_tokens = 0 or (output_tokens is null and operation_name = 'embeddings') then 0
                    else output_tokens * coalesce(answered.output_price, asked.output_price)
                end
            ) / 1e6
        end as token_cost,
        coalesce(answered.currency, asked.currency) as token_cost_currency
    from {{ calls }}
    left join price_list as answered
        on
            lower({{ calls }}.response_model) = answered.model
            and {{ calls }}.occurred_at >= answered.valid_from
            and ({{ calls }}.occurred_at < answered.valid_to or answered.valid_to is null)
    left join price_list as asked
        on
            lower({{ calls }}.request_model) = asked.model
            and {{ calls }}.occurred_at >= asked.valid_from
            and ({{ calls }}.occurred_at < asked.valid_to or asked.valid_to is null)
{%- endmacro %}

{# What a call of a model may be given by whoever maps it. #}
{% macro call_columns() %}
    {{- return([
        'task_id', 'use_case_id', 'agent_version', 'prompt_version', 'prompt_hash', 'confidence', 'edit_ratio', 'cost_amount', 'cost_currency'
    ]) -}}
{% endmacro %}
