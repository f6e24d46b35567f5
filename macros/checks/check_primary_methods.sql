{#
    Stops before anything is estimated where an experiment registers a primary method that its design does not have. Runs after
    int_experiments is made.
#}
{% macro check_primary_methods(experiments, catalogue) %}
    {%- if execute -%}
        {%- set known = run_query("select method, designs from " ~ catalogue ~ " order by method_rank, scale").rows -%}
        {%- set asked = "select experiment_id, primary_method, design from " ~ experiments ~ " where primary_method is not null order by experiment_id" -%}
        {%- for experiment_id, primary_method, design in run_query(asked).rows -%}
            {%- set there = [] -%}
            {%- for method, designs in known if design in designs.split('|') -%}
                {%- do there.append(method) -%}
            {%- endfor -%}
            {%- if primary_method not in there -%}
                {%- do ai_impact.stop(
                    "The experiment `" ~ experiment_id ~ "` registers the primary method " ~ ai_impact.shown(primary_method)
                    ~ " in the seed `experiments`, which its design " ~ design ~ " does not have. There are: "
                    ~ there | join(', ') ~ ". Correct the name, or leave it empty."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}
