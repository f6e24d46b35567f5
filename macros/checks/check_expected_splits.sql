{#
    Stops before anything is estimated where the planned shares of an experiment can't be read, or are not of its arms: no ratio could
    be checked, and no grade given. Runs after int_experiments is made. `planned_weights` of io/registry.py reads the same.
#}
{% macro check_expected_splits(experiments) %}
    {%- if execute -%}
        {%- set asked = "select experiment_id, control_arm, treatment_arm, expected_split from " ~ experiments ~ " where expected_split is not null and control_arm is not null and treatment_arm is not null and " ~ ai_impact.has_assigned_arms() ~ " order by experiment_id" -%}
        {%- for experiment_id, control, treatments, split in run_query(asked).rows if split | string | trim -%}
            {%- set problem = ai_impact.split_problem(split | string | trim, [control] + ai_impact.names_in(treatments)) -%}
            {%- if problem -%}
                {%- do ai_impact.stop("The experiment `" ~ experiment_id ~ "` registers the expected_split " ~ ai_impact.shown(split) ~ " in the seed `experiments`, " ~ problem ~ ". Write the share of each arm, as " ~ control ~ ":0.5|" ~ ai_impact.names_in(treatments) | last ~ ":0.5.") -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{# What is wrong with planned shares, as a clause, or an empty text. #}
{% macro split_problem(split, arms) %}
    {%- set read = fromjson(split, none) if split[:1] in ('[', '{') else none -%}
    {%- set parts = read if read is sequence and read is not string and read is not mapping else split.split('|' if '|' in split else '/') -%}
    {%- set shares = {} -%}
    {%- set wrong = [] -%}
    {%- if read is mapping -%}
        {%- for arm, share in read.items() -%}
            {%- do shares.update({arm | trim: share | float(none)}) -%}
        {%- endfor -%}
    {%- elif (parts | map('string') | map('trim') | map('float', none) | select('none') | list) == [] -%}
        {%- if parts | length != arms | length -%}
            {%- do wrong.append('which has ' ~ parts | length ~ ' shares for ' ~ arms | length ~ ' arms') -%}
        {%- endif -%}
        {%- for share in parts[:arms | length] -%}
            {%- do shares.update({arms[loop.index0]: share | string | trim | float(none)}) -%}
        {%- endfor -%}
    {%- else -%}
        {%- for part in parts | map('string') | map('trim') if part -%}
            {%- set place = [part.rfind(':'), part.rfind('=')] | max -%}
            {%- set arm = part[:[place, 0] | max] | trim -%}
            {%- if arm in shares -%}
                {%- do wrong.append('which gives the arm ' ~ arm ~ ' two shares') -%}
            {%- endif -%}
            {%- do shares.update({arm: part[place + 1:] | trim | float(none)}) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for arm, share in shares.items() -%}
        {%- if share is none -%}
            {%- do wrong.append("which can't be read") -%}
        {%- elif not (share >= 0 and share < 1e300) -%}
            {%- do wrong.append('which has a share that is negative or not a number') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for arm in arms if arm not in shares -%}
        {%- do wrong.append('which gives no share to the registered arm ' ~ arm) -%}
    {%- endfor -%}
    {{- return(wrong | first if wrong else '') -}}
{% endmacro %}

{# The names in a cell, with a bar between, or as a JSON array. #}
{% macro names_in(text) %}
    {%- set read = fromjson(text, none) if (text or '') | trim | first == '[' else none -%}
    {%- set parts = read if read is sequence and read is not string else (text or '') | string -%}
    {{- return((parts if parts is not string else parts.split('|')) | map('string') | map('trim') | select | list) -}}
{% endmacro %}
