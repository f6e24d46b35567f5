{{ config(group='evidence') }}
-- What a rule gives to the touches of one conversion adds up to one.
select conversion_key
from {{ ref('ai_impact', 'int_conversion_touches') }}
group by conversion_key
having
    abs(sum(credit_first) - 1) > 1e-9
    or abs(sum(credit_last) - 1) > 1e-9
    or abs(sum(credit_linear) - 1) > 1e-9
    or abs(sum(credit_position) - 1) > 1e-9
    or abs(sum(credit_time_decay) - 1) > 1e-9
