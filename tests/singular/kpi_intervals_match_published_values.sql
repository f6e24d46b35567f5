{#- The interval macros against values worked out elsewhere (exact formulas, published tables). Runs where confidence_level is 0.95. -#}
with pairs as (
    select 20 as n_both, 15 as n_neither, 5 as n_only_first, 10 as n_only_second
),

{{ ai_impact.kappas('pairs') }},

cases as (
    {% if var('confidence_level') | float == 0.95 -%}
    select 'z' as name, {{ ai_impact.interval_z() }} as got, 1.959963984540 as wanted
    union all
    select 'z 0.995', {{ ai_impact.normal_quantile(0.995) }}, 2.575829303549
    union all
    select 'z 0.5', {{ ai_impact.normal_quantile(0.5) }}, 0
    union all
    select 'z 0.99999', {{ ai_impact.normal_quantile(0.99999) }}, 4.264890793923
    union all
    select 'wilson 10 of 100, low', {{ ai_impact.wilson('10', '100', -1) }}, 0.055229137061
    union all
    select 'wilson 10 of 100, high', {{ ai_impact.wilson('10', '100', 1) }}, 0.174365661527
    union all
    select 'wilson 0 of 10, low', {{ ai_impact.wilson('0', '10', -1) }}, 0
    union all
    select 'wilson 0 of 10, high', {{ ai_impact.wilson('0', '10', 1) }}, 0.277532799862
    union all
    select 'wilson 10 of 10, high', {{ ai_impact.wilson('10', '10', 1) }}, 1
    union all
    select 'byar 10, low', {{ ai_impact.byar('10', -1) }}, 4.787449914
    union all
    select 'byar 10, high', {{ ai_impact.byar('10', 1) }}, 18.391458606
    union all
    select 'byar 0, low', {{ ai_impact.byar('0', -1) }}, 0
    union all
    -- y of 1, 1, 1 over z of 0.5, 1, 1.5: sqrt(0.25 / 3)
    select 'ratio', {{ ai_impact.ratio_std_error('3', '3', '3', '3', '3.5', '3') }}, 0.288675134595
    union all
    -- The ratio metric of an experimentation engine's tests, arms A and B, by numpy: sqrt((s_yy - 2 R s_yz + R² s_zz) / n) / mean z
    select 'ratio A', {{ ai_impact.ratio_std_error('100', '270', '510', '848.79', '810', '-900') }}, 0.088761998267
    union all
    select 'ratio B', {{ ai_impact.ratio_std_error('120', '300', '500', '869', '800', '-905') }}, 0.095117795170
    union all
    -- By statsmodels.
    select 'kappa', kappa, 0.4 from agreed
    union all
    select 'kappa, standard error', kappa_std_error, 0.126996062931 from agreed
    {%- else -%}
    select 'none' as name, 0 as got, 0 as wanted
    {%- endif %}
),

final as (
    select * from cases
    where got is null or abs(got - wanted) > 0.000005
)

select * from final
