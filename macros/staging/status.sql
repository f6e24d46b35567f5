{#
    What a status that people wrote means, however they spelt it (`canceled`, `Closed - Cancelled`, `closedwon`): the words of the first
    line that it holds decide. NULL where there is no status. An opening is open, filled, withdrawn (nobody looks for anyone any longer) or
    left (the hire is gone); a deal is open, won, lost or closed
    (neither is said).
#}
{% macro opening_status(status) -%}
    {{ ai_impact.meaning(status, [
        ('withdrawn', ['cancel', 'withdr', 'abandon', 'rescind', 'void', 'not filled', 'unfilled', 'not hired']),
        ('left', ['left', 'terminated', 'resigned', 'departed', 'exited', 'dismissed', 'laid off']),
        ('filled', ['filled', 'hired', 'employed']),
        ('withdrawn', ['closed'])
    ]) }}
{%- endmacro %}

{# The same of the stage of a deal. #}
{% macro deal_status(stage) -%}
    {{ ai_impact.meaning(stage, [
        ('lost', ['lost', 'cancel', 'withdr', 'abandon', 'disqualif']), ('won', ['won']), ('closed', ['closed'])
    ]) }}
{%- endmacro %}

{# What the first line of `words` says of which the text holds a word; `open` where none does. #}
{% macro meaning(text, words) -%}
    case
        when {{ text }} is null then null
        {%- for meant, said in words %}
        when {% for word in said %}lower({{ text }}) like '%{{ word }}%'{{ ' or ' if not loop.last }}{% endfor %} then '{{ meant }}'
        {%- endfor %}
        else 'open'
    end
{%- endmacro %}
