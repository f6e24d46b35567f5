{# Stops before anything is estimated where an experiment registers a method that does not exist. Runs after int_experiments is made. #}
{% macro check_primary_methods(experiments) %}
    {%- if execute -%}
        {%- set asked = "select experiment_id, primary_method from " ~ experiments ~ " where coalesce(primary_method, '') <> '' order by experiment_id" -%}
        {%- for row in run_query(asked).rows if row[1] not in ai_impact.methods() -%}
            {%- do ai_impact.stop(
                "The experiment `" ~ row[0] ~ "` registers the primary method " ~ ai_impact.shown(row[1])
                ~ " in the seed `experiments`, which is none. There are: " ~ ai_impact.methods() | join(', ')
                ~ ". Correct the name, or leave it empty."
            ) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
