-- An estimate has its error, interval, p value and grade; a row without one has a reason; and no row has 0 with p = 1.
select *
from {{ ref('ai_impact', 'impact_estimates') }}
where (
        estimate is not null
        and (
            std_error is null or ci_low is null or ci_high is null or p_value is null or p_value_adjusted is null
            or evidence_grade is null or std_error <= 0 or ci_low > estimate or ci_high < estimate
            or p_value_adjusted < p_value - 1e-12
        )
    )
    or (
        estimate is null
        and (
            std_error is not null or ci_low is not null or ci_high is not null or p_value is not null
            or evidence_grade is not null or reason is null
        )
    )
    or (evidence_grade <> 'A' and reason is null)
