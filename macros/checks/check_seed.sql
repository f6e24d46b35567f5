{# What must hold of a row of a seed, beside the types of its columns: what may not be below what, what not below 0, what lies above one
   number and not above another; and which shares add up to 1. #}
{% macro seed_rules() %}
    {{- return({
        'experiments': {
            'ascending': [['starts_at', 'ends_at']],
            'bounds': {'alpha': [0, 0.2], 'power': [0, 1], 'minimum_detectable_effect': [0, none], 'sequential_tuning_n': [0, none]}
        },
        'kpi_catalog': {'ascending': [['target_low', 'target_high']], 'bounds': {'window_days': [0, none]}},
        'labor_rates': {
            'not_negative': ['headcount_fte', 'loaded_cost_per_hour'], 'bounds': {'contracted_hours_per_week': [0, 168]}
        },
        'metric_catalog': {
            'bounds': {'window_days': [0, 3650], 'quantile': [0, 1], 'winsorize_at': [0.5, 1], 'non_inferiority_margin': [0, none], 'prior_sd': [0, none]}
        },
        'roi_assumptions': {'ascending': [['low', 'base', 'high']]},
        'rubrics': {'ascending': [['scale_min', 'scale_max']], 'bounds': {'weight': [0, 1]}, 'shares': ['rubric_version', 'weight']},
        'slo_targets': {'bounds': {'objective': [0, 1], 'window_days': [0, 366]}, 'objective': ['indicator', 'objective', 'window_days']},
        'use_cases': {'ascending': [['baseline_from', 'baseline_to']]}
    }) -}}
{% endmacro %}

{# Stops a seed before it is loaded where its file can't be read as it is described: the sentence names file, line and fix. #}
{% macro check_seed() %}
    {%- if execute -%}
        {%- set file = model.original_file_path -%}
        {%- set table = load_agate_table() -%}
        {%- set names = table.column_names | list -%}
        {%- do ai_impact.check_header(file, names) -%}
        {%- set rules = ai_impact.seed_rules().get(model.name | replace('_extra', ''), {}) -%}
        {#- Where only some rows are entries, the key is of those alone. -#}
        {%- set definition = ai_impact.definitions().get(model.name | replace('_extra', ''), {}) -%}
        {%- set key = [] if 'where' in definition else definition.get('key', []) -%}
        {%- set state = namespace(line=1) -%}
        {%- set lines = {} -%}
        {%- set sums = {} -%}
        {%- for row in table.rows -%}
            {%- set state.line = state.line + 1 -%}
            {%- set at = file ~ ', line ' ~ state.line ~ ': ' -%}
            {%- set values = {} -%}
            {%- for name, type in config.get('column_types', {}).items() if name in names and row[name] is not none -%}
                {%- do values.update({name: ai_impact.seed_value(at, name, row[name], type | lower)}) -%}
            {%- endfor -%}
            {%- for chain in rules.get('ascending', []) -%}
                {%- for name in chain[1:] -%}
                    {%- set before = chain[loop.index0] -%}
                    {%- if before in values and name in values and values[before] > values[name] -%}
                        {%- do ai_impact.stop(at ~ "`" ~ before ~ "` is " ~ row[before] ~ " and `" ~ name ~ "` is " ~ row[name] ~ ", which is lower. Correct one of them.") -%}
                    {%- endif -%}
                {%- endfor -%}
            {%- endfor -%}
            {%- for name in rules.get('not_negative', []) if values.get(name, 0) < 0 -%}
                {%- do ai_impact.stop(at ~ "`" ~ name ~ "` is " ~ row[name] ~ "; it must be 0 or above.") -%}
            {%- endfor -%}
            {%- for name, bounds in rules.get('bounds', {}).items() if name in values -%}
                {%- if values[name] <= bounds[0] or (bounds[1] is not none and values[name] > bounds[1]) -%}
                    {%- do ai_impact.stop(at ~ "`" ~ name ~ "` is " ~ row[name] ~ "; it must be above " ~ bounds[0] ~ ('' if bounds[1] is none else ', up to ' ~ bounds[1]) ~ ".") -%}
                {%- endif -%}
            {%- endfor -%}
            {%- if rules.get('objective') and rules['objective'] | reject('in', values) | list == [] -%}
                {%- do ai_impact.check_objective(at, values['indicator'], values['objective'], values['window_days']) -%}
            {%- endif -%}
            {%- if rules.get('shares') and values.get(rules['shares'][1]) is not none -%}
                {%- set whole = row[rules['shares'][0]] -%}
                {%- do sums.update({whole: sums.get(whole, 0) + values[rules['shares'][1]]}) -%}
            {%- endif -%}
            {%- if key -%}
                {%- set entry = [] -%}
                {%- for name in key -%}{%- do entry.append(row[name] | string | trim) -%}{%- endfor -%}
                {%- set entry = entry | join(', ') -%}
                {%- if entry in lines -%}
                    {%- do ai_impact.stop(at ~ key | join(', ') ~ " " ~ entry ~ " stands in line " ~ lines[entry] ~ " too. Keep one of the two.") -%}
                {%- endif -%}
                {%- do lines.update({entry: state.line}) -%}
            {%- endif -%}
            {#- A text over several lines moves those that follow. -#}
            {%- for value in row if value is string -%}
                {%- set state.line = state.line + value.count('\n') -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- for whole, sum in sums.items() if not 0.999 < sum < 1.001 -%}
            {%- do ai_impact.stop(file ~ ": the `" ~ rules['shares'][1] ~ "` of " ~ whole ~ " add up to " ~ (sum | round(4)) ~ "; they must add up to 1.") -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{# Stops where the columns of a seed are not those that it is described with. #}
{% macro check_header(file, names) %}
    {%- set wanted = model.columns | list -%}
    {%- set missing = wanted | reject('in', names) | list -%}
    {%- set unknown = names | reject('in', wanted) | list -%}
    {%- for separator in [';', '\t', '|'] if names | length == 1 and separator in names[0] -%}
        {%- do ai_impact.stop(file ~ ", line 1: the columns are separated by " ~ {';': 'semicolons', '\t': 'tabs', '|': 'bars'}[separator] ~ ". Save the file with commas, as a spreadsheet calls CSV.") -%}
    {%- endfor -%}
    {%- for name in unknown if name[-2:] == '_2' and name[:-2] in names -%}
        {%- do ai_impact.stop(file ~ ", line 1: the column `" ~ name[:-2] ~ "` is there twice. Delete one.") -%}
    {%- endfor -%}
    {%- if missing -%}
        {%- do ai_impact.stop(file ~ ", line 1: the column `" ~ missing[0] ~ "` is missing" ~ (" and `" ~ unknown[0] ~ "` is not known" if unknown) ~ ". Add it, empty where you do not know it" ~ (", or correct the name" if unknown) ~ ". There must be: " ~ wanted | join(', ') ~ ".") -%}
    {%- endif -%}
{% endmacro %}

{# A value of a seed as it compares: a number, or the text of a time. Stops where it is not of its column's type. #}
{% macro seed_value(at, name, value, type) %}
    {%- set text = value | string | trim -%}
    {%- set wrong = at ~ "`" ~ name ~ "` is " ~ ai_impact.shown(text) ~ "; it must be " -%}
    {%- if modules.re.search('double|float|numeric|decimal|int', type) -%}
        {%- set number = text | float(none) -%}
        {%- if number is none or not -1e300 < number < 1e300 -%}
            {%- do ai_impact.stop(wrong ~ "a number" ~ (" with a point, such as " ~ text | replace(',', '.') if text | replace(',', '.') | float(none) is not none) ~ ".") -%}
        {%- endif -%}
        {{- return(number) -}}
    {%- elif 'timestamp' in type or type == 'date' -%}
        {%- if not (ai_impact.is_time(text) or ai_impact.is_time(text, with_offset=true)) -%}
            {%- do ai_impact.stop(wrong ~ "a day of the calendar such as 2026-01-31" ~ (", or a time such as 2026-01-31 12:00:00" if type != 'date') ~ ".") -%}
        {%- endif -%}
        {{- return(text | replace('T', ' ')) -}}
    {%- elif 'bool' in type -%}
        {%- if text | lower not in ['true', 'false', 't', 'f', '1', '0', 'yes', 'no', 'y', 'n'] -%}
            {%- do ai_impact.stop(wrong ~ "true or false.") -%}
        {%- endif -%}
    {%- endif -%}
    {{- return(text) -}}
{% endmacro %}
